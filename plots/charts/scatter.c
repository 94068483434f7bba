/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Slow requests as dots: see scatter.h. */
#include "plots/charts/scatter.h"

#include "plots/page.h"
#include "plots/side_names.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { OTHERS = SCATTER_MAX_NAMES, KINDS }; /* whose a dot is; names come first */

struct view {
    const struct scatter_data *data;
    struct frame frame;
    struct scale time, latency;
    struct color colors[KINDS];
    size_t names;            /* that have colours */
    size_t drawn[KINDS];     /* dots */
    double middle_ns[KINDS]; /* geometric mean of the dots */
    struct point *places;    /* room for all points */
};

static bool is_point(const struct scatter_point *point)
{
    return isfinite(point->at_s) && latency_is_known(point->latency_ns);
}

static size_t kind_of(const struct view *view, const struct scatter_point *point)
{
    return point->name < view->names ? point->name : OTHERS;
}

struct span {
    double from_s, to_s, low_ns, high_ns;
    size_t drawn;
};

static struct span span_of(const struct scatter_data *data)
{
    struct span span = {data->from_s, data->to_s, INFINITY, 0, 0};
    if (!isfinite(span.from_s) || !isfinite(span.to_s) || span.from_s > span.to_s) {
        span.from_s = INFINITY;
        span.to_s = -INFINITY;
    }
    for (size_t i = 0; i < data->point_count; i++) {
        const struct scatter_point *point = &data->points[i];
        if (!is_point(point))
            continue;
        span.drawn++;
        span.from_s = fmin(span.from_s, point->at_s);
        span.to_s = fmax(span.to_s, point->at_s);
        span.low_ns = fmin(span.low_ns, point->latency_ns);
        span.high_ns = fmax(span.high_ns, point->latency_ns);
    }
    for (size_t i = 0; i < data->fence_count; i++)
        if (latency_is_known(data->fences[i].ns))
            span.low_ns = fmin(span.low_ns, data->fences[i].ns);
    return span;
}

static void choose_colors(struct view *view, const struct theme *theme)
{
    const char *names[SCATTER_MAX_NAMES];
    unsigned char slots[SCATTER_MAX_NAMES];
    view->names = view->data->name_count < SCATTER_MAX_NAMES ? view->data->name_count
                                                             : SCATTER_MAX_NAMES;
    for (size_t i = 0; i < view->names; i++)
        names[i] = view->data->names[i] ? view->data->names[i] : "";
    theme_slots(names, view->names, slots);
    for (size_t i = 0; i < view->names; i++)
        view->colors[i] = theme->slots[slots[i]];
    view->colors[OTHERS] = view->names > 0 ? theme->muted : theme->steps[4];
}

static void count_dots(struct view *view)
{
    for (size_t i = 0; i < view->data->point_count; i++) {
        const struct scatter_point *point = &view->data->points[i];
        if (!is_point(point))
            continue;
        size_t kind = kind_of(view, point);
        view->drawn[kind]++;
        view->middle_ns[kind] += log(point->latency_ns);
    }
    for (size_t kind = 0; kind < KINDS; kind++)
        view->middle_ns[kind] = exp(view->middle_ns[kind] / (double)view->drawn[kind]);
}

/* --- marks ----------------------------------------------------------------------------
 */

/* All dots of one kind without tips as one shape, those with tips on top. */
static void draw_kind(struct scene *scene, const struct theme *theme, struct view *view,
                      size_t kind)
{
    double radius = theme->base_pt * (kind == OTHERS ? 0.19 : 0.25);
    struct color color = view->colors[kind];
    size_t count = 0;
    for (size_t i = 0; i < view->data->point_count; i++) {
        const struct scatter_point *point = &view->data->points[i];
        if (is_point(point) && kind_of(view, point) == kind && !point->tip)
            view->places[count++] =
                (struct point){scale_at(&view->time, point->at_s),
                               scale_at(&view->latency, point->latency_ns)};
    }
    mark_dots(scene, view->places, count, radius, color);
    for (size_t i = 0; i < view->data->point_count; i++) {
        const struct scatter_point *point = &view->data->points[i];
        if (!is_point(point) || kind_of(view, point) != kind || !point->tip)
            continue;
        scene_tip(scene, point->tip);
        mark_dot(scene, view->frame,
                 (struct point){scale_at(&view->time, point->at_s),
                                scale_at(&view->latency, point->latency_ns)},
                 radius * 1.25, color, theme->paper);
        scene_tip(scene, NULL);
    }
}

/* Below the rule (above it at the foot), where it begins or before the edge. */
static void name_fence(struct scene *scene, const struct theme *theme,
                       const struct view *view, const struct scatter_fence *fence)
{
    const double room_pt = 14 * theme->base_pt;
    char value[NUMBER_BYTES], text[NUMBER_BYTES + 16];
    double left = fmax(scale_at(&view->time, fence->from_s), view->frame.left);
    left = fmin(left + 0.4 * theme->base_pt, view->frame.right - room_pt);
    double y = scale_at(&view->latency, fence->ns);
    bool low = y + 1.4 * theme->base_pt > view->frame.bottom;
    latency_text(fence->ns, value);
    snprintf(text, sizeof(text), "fence %s", value);
    mark_text(scene, text,
              (struct text_mark){.at = {left, y + (low ? -0.4 : 1.1) * theme->base_pt},
                                 .style = axis_style(theme),
                                 .ink = theme->faint,
                                 .plate = theme->paper,
                                 .max_pt = room_pt});
}

/* A dashed rule as long as the fence stood; the last one has its name. */
static void draw_fences(struct scene *scene, const struct theme *theme,
                        const struct view *view)
{
    const struct scatter_fence *last = NULL;
    for (size_t i = 0; i < view->data->fence_count; i++) {
        const struct scatter_fence *fence = &view->data->fences[i];
        if (!latency_is_known(fence->ns) || !(fence->from_s <= fence->to_s))
            continue;
        double y = scale_at(&view->latency, fence->ns);
        double left = fmax(scale_at(&view->time, fence->from_s), view->frame.left);
        double right = fmin(scale_at(&view->time, fence->to_s), view->frame.right);
        if (y < view->frame.top || y > view->frame.bottom || left > right)
            continue;
        mark_rule(scene, (struct point){left, y}, (struct point){right, y},
                  (struct stroke){theme->faint, 1.25, true});
        last = fence;
    }
    if (last)
        name_fence(scene, theme, view, last);
}

static void name_kind(struct side_name *name, const struct theme *theme,
                      const struct view *view, size_t kind, double most_pt)
{
    char count[NUMBER_BYTES], rest[NUMBER_BYTES + 8];
    count_text((double)view->drawn[kind], count);
    snprintf(rest, sizeof(rest), "  n %s", count);
    *name = (struct side_name){
        .style = {theme->base_pt, kind != OTHERS, CUT_MIDDLE},
        .ink = kind == OTHERS ? theme->faint
                              : color_mix(view->colors[kind], theme->ink, 0.3),
        .end = {view->frame.right, scale_at(&view->latency, view->middle_ns[kind])},
        .plain = true,
        .order = kind};
    label_name_with(&name->label,
                    kind == OTHERS ? (view->names > 0 ? "others" : "outliers")
                                   : view->data->names[kind],
                    rest, name->style, most_pt);
}

static void name_kinds(struct scene *scene, const struct theme *theme,
                       const struct view *view, double room_pt)
{
    struct side_name names[KINDS];
    size_t count = 0;
    for (size_t kind = 0; kind < KINDS; kind++)
        if (view->drawn[kind] > 0)
            name_kind(&names[count++], theme, view, kind,
                      side_names_most(theme, room_pt) / 1.04);
    side_names_draw(scene, theme, view->frame, names, count);
}

/* --- the chart ------------------------------------------------------------------------
 */

static double name_room(const struct view *view, const struct theme *theme)
{
    double widest = 0;
    for (size_t kind = 0; kind < KINDS; kind++) {
        struct side_name name;
        if (view->drawn[kind] == 0)
            continue;
        name_kind(&name, theme, view, kind, theme->width_pt * 0.22);
        widest = fmax(widest, name.label.width_pt);
    }
    return side_names_room(theme, widest);
}

static size_t draw(struct scene *scene, const struct theme *theme, struct view *view,
                   const struct span *span, struct frame inside)
{
    double base = theme->base_pt;
    struct axis time, latency;
    double room = name_room(view, theme);
    view->frame = inside;
    view->frame.top +=
        1.6 * base + time_marks_room(theme, view->data->marks, view->data->mark_count);
    view->frame.right -= room;
    view->frame.bottom -= 1.7 * base;
    view->latency = scale_log(span->low_ns / 1.3, span->high_ns * 1.15,
                              view->frame.bottom, view->frame.top);
    axis_init(&latency, theme, view->latency, SIDE_LEFT, latency_tick_text);
    view->frame.left += axis_room(&latency, theme);
    view->time = scale_time(span->from_s, span->to_s, view->frame.left + 0.4 * base,
                            view->frame.right - 0.4 * base);
    time_axis_init(&time, theme, view->time, &view->data->clock);
    mark_text(scene, "latency of single requests, log scale",
              (struct text_mark){.at = {inside.left, inside.top + 0.7 * base},
                                 .style = axis_style(theme),
                                 .ink = theme->faint,
                                 .max_pt = inside.right - inside.left});
    axis_draw(scene, theme, &latency, view->frame);
    axis_draw(scene, theme, &time, view->frame);
    size_t unnamed = time_marks_draw(scene, theme, &view->time, view->frame,
                                     view->data->marks, view->data->mark_count);
    draw_fences(scene, theme, view);
    for (size_t kind = KINDS; kind-- > 0;) /* the first name on top */
        draw_kind(scene, theme, view, kind);
    name_kinds(scene, theme, view, room);
    return unnamed;
}

static void write_sentence(char *sentence, size_t size, const struct scatter_data *data,
                           const struct span *span)
{
    char drawn[NUMBER_BYTES], beyond[NUMBER_BYTES], rest[NUMBER_BYTES];
    uint64_t below = data->requests > data->beyond ? data->requests - data->beyond : 0;
    count_text((double)span->drawn, drawn);
    count_text((double)data->beyond, beyond);
    count_text((double)below, rest);
    snprintf(sentence, size, "Drawn: %s of %s requests beyond the fence%s%s%s.", drawn,
             beyond, below > 0 ? "; not drawn: the " : "", below > 0 ? rest : "",
             below > 0 ? " below it" : "");
}

int chart_scatter(const struct scatter_data *data, const struct theme *theme,
                  struct scene *scene, const char **why)
{
    struct span span = span_of(data);
    struct frame inside =
        page_open(scene, theme, theme->height_pt, data->title, data->subtitle);
    if (span.drawn == 0) {
        page_empty(scene, theme, inside, "No outliers: nothing to draw");
        return scene_ok(scene, why);
    }
    char sentence[256];
    struct view view = {.data = data};
    view.places = malloc(data->point_count * sizeof(*view.places));
    if (!view.places) {
        scene->failed = true;
        return scene_ok(scene, why);
    }
    choose_colors(&view, theme);
    count_dots(&view);
    write_sentence(sentence, sizeof(sentence), data, &span);
    struct time_note note = {&data->clock, span.from_s, span.to_s, sentence, 0};
    struct frame foot = time_note_open(&note, theme, &inside);
    note.unnamed = draw(scene, theme, &view, &span, inside);
    time_note_draw(&note, scene, theme, foot);
    free(view.places);
    return scene_ok(scene, why);
}
