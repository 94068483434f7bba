/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Quantiles over time: see timeline.h. */
#include "plots/charts/timeline.h"

#include "plots/page.h"
#include "plots/side_names.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { LINES = 3 };
static const char *const line_names[LINES] = {"p50", "p95", "p99"};
static const size_t line_steps[LINES] = {7, 5, 4}; /* colours of amounts */
static const double line_widths[LINES] = {0.19, 0.13, 0.13};

/* Blocks of time and latencies as places. */
struct view {
    const struct timeline_data *data;
    struct frame frame;
    struct scale time, latency;
    struct point *places[2]; /* a run of blocks without a gap; the line below it */
};

static double value_of(const struct timeline_block *block, size_t line)
{
    double ns = line == 0 ? block->p50_ns : line == 1 ? block->p95_ns : block->p99_ns;
    return latency_is_known(ns) ? ns : NAN;
}

static bool is_block(const struct timeline_block *block)
{
    return isfinite(block->from_s) && isfinite(block->to_s) &&
           block->from_s < block->to_s;
}

/* What the blocks reach over; what is nonsense counts as not there. */
struct span {
    double from_s, to_s, low_ns, high_ns;
    uint64_t requests;
};

static struct span span_of(const struct timeline_data *data)
{
    struct span span = {INFINITY, -INFINITY, INFINITY, 0, 0};
    for (size_t i = 0; i < data->block_count; i++) {
        const struct timeline_block *block = &data->blocks[i];
        if (!is_block(block))
            continue;
        span.requests += block->requests;
        span.from_s = fmin(span.from_s, block->from_s);
        span.to_s = fmax(span.to_s, block->to_s);
        for (size_t line = 0; line < LINES; line++) {
            span.low_ns = fmin(span.low_ns, value_of(block, line));
            span.high_ns = fmax(span.high_ns, value_of(block, line));
        }
    }
    return span;
}

/* --- lines and bands ------------------------------------------------------------------
 */

static struct point place_of(const struct view *view, size_t i, size_t line)
{
    const struct timeline_block *block = &view->data->blocks[i];
    return (struct point){scale_at(&view->time, (block->from_s + block->to_s) / 2),
                          scale_at(&view->latency, value_of(block, line))};
}

/* Length of the run of blocks from i on where the line is known and time has no gap. */
static size_t run_from(const struct view *view, size_t i, size_t line)
{
    const struct timeline_block *blocks = view->data->blocks;
    size_t end = i;
    while (end < view->data->block_count && is_block(&blocks[end]) &&
           !isnan(value_of(&blocks[end], line)) &&
           (end == i ||
            (blocks[end].from_s >= blocks[end - 1].to_s &&
             blocks[end].from_s <=
                 blocks[end - 1].to_s + 0.01 * (blocks[end].to_s - blocks[end].from_s))))
        end++;
    return end - i;
}

/* The band between a line and the one below it. */
static void draw_band(struct scene *scene, const struct theme *theme, struct view *view,
                      size_t line)
{
    struct color fill =
        color_mix(theme->paper, theme->steps[line_steps[line]], line == 1 ? 0.30 : 0.16);
    for (size_t i = 0, run; i < view->data->block_count; i += run ? run : 1) {
        run = run_from(view, i, line);
        for (size_t k = 0; k < run; k++) {
            view->places[0][k] = place_of(view, i + k, line);
            view->places[1][k] = place_of(view, i + k, line - 1);
        }
        if (run > 1)
            mark_area(scene, view->frame, view->places[0], view->places[1], run, fill);
    }
}

/* A block alone is a line as long as it is. */
static void draw_line(struct scene *scene, const struct theme *theme, struct view *view,
                      size_t line)
{
    struct stroke stroke = {theme->steps[line_steps[line]],
                            line_widths[line] * theme->base_pt, false};
    for (size_t i = 0, run; i < view->data->block_count; i += run ? run : 1) {
        const struct timeline_block *block = &view->data->blocks[i];
        run = run_from(view, i, line);
        for (size_t k = 0; k < run; k++)
            view->places[0][k] = place_of(view, i + k, line);
        if (run > 1)
            mark_line(scene, view->frame, view->places[0], run, stroke);
        else if (run == 1)
            mark_rule(
                scene,
                (struct point){scale_at(&view->time, block->from_s), view->places[0]->y},
                (struct point){scale_at(&view->time, block->to_s), view->places[0]->y},
                stroke);
    }
}

/* "3 Mar 2026, 14:00: p50 12.0 ms, p95 30.0 ms, p99 not known, n 1 200". */
static void add_tips(struct scene *scene, const struct view *view)
{
    for (size_t i = 0; i < view->data->block_count; i++) {
        const struct timeline_block *block = &view->data->blocks[i];
        char moment[NUMBER_BYTES], count[NUMBER_BYTES], values[LINES][NUMBER_BYTES];
        char tip[5 * NUMBER_BYTES + 32];
        if (!is_block(block))
            continue;
        time_axis_moment(&view->data->clock, block->from_s, false, moment);
        count_text((double)block->requests, count);
        for (size_t line = 0; line < LINES; line++)
            latency_text(value_of(block, line), values[line]);
        snprintf(tip, sizeof(tip), "%s: p50 %s, p95 %s, p99 %s, n %s", moment, values[0],
                 values[1], values[2], count);
        scene_tip(scene, tip);
        mark_hover(scene, (struct frame){
                              scale_at(&view->time, block->from_s), view->frame.top,
                              scale_at(&view->time, block->to_s), view->frame.bottom});
    }
    scene_tip(scene, NULL);
}

/* Names where the lines end, at the last block that knows them. */
static void name_lines(struct scene *scene, const struct theme *theme,
                       const struct view *view)
{
    struct side_name names[LINES];
    size_t count = 0;
    for (size_t line = 0; line < LINES; line++) {
        size_t last = view->data->block_count;
        while (last > 0 && (!is_block(&view->data->blocks[last - 1]) ||
                            isnan(value_of(&view->data->blocks[last - 1], line))))
            last--;
        if (last == 0)
            continue;
        struct color color = theme->steps[line_steps[line]];
        struct side_name *name = &names[count++];
        *name = (struct side_name){.style = {theme->base_pt, line == 0, CUT_END},
                                   .rule = color,
                                   .ink = color_mix(color, theme->ink, 0.3),
                                   .end = place_of(view, last - 1, line),
                                   .order = LINES - line};
        label_fit(&name->label, line_names[line], name->style, 100);
    }
    side_names_draw(scene, theme, view->frame, names, count);
}

/* --- the chart ------------------------------------------------------------------------
 */

static void lay_out(struct view *view, const struct theme *theme, const struct span *span,
                    struct frame inside, struct axis *time, struct axis *latency)
{
    double base = theme->base_pt;
    view->frame = inside;
    view->frame.top +=
        1.6 * base + time_marks_room(theme, view->data->marks, view->data->mark_count);
    view->frame.right -= side_names_room(theme, 2.6 * base);
    view->frame.bottom -= 1.7 * base;
    view->latency = scale_log(span->low_ns / 1.15, span->high_ns * 1.15,
                              view->frame.bottom, view->frame.top);
    axis_init(latency, theme, view->latency, SIDE_LEFT, latency_tick_text);
    view->frame.left += axis_room(latency, theme);
    view->time =
        scale_time(span->from_s, span->to_s, view->frame.left, view->frame.right);
    time_axis_init(time, theme, view->time, &view->data->clock);
}

/* The axis' title stands above the names of marks, where nothing else is. */
static void draw_title(struct scene *scene, const struct theme *theme,
                       struct frame inside, const struct span *span)
{
    char count[NUMBER_BYTES], title[NUMBER_BYTES + 40];
    count_text((double)span->requests, count);
    snprintf(title, sizeof(title), "latency, log scale; n %s", count);
    mark_text(scene, title,
              (struct text_mark){.at = {inside.left, inside.top + 0.7 * theme->base_pt},
                                 .style = axis_style(theme),
                                 .ink = theme->faint,
                                 .max_pt = inside.right - inside.left});
}

static void draw(struct scene *scene, const struct theme *theme, struct view *view,
                 const struct span *span, struct frame inside, size_t *unnamed)
{
    struct axis time, latency;
    lay_out(view, theme, span, inside, &time, &latency);
    draw_title(scene, theme, inside, span);
    draw_band(scene, theme, view, 2);
    draw_band(scene, theme, view, 1);
    axis_draw(scene, theme, &latency, view->frame);
    axis_draw(scene, theme, &time, view->frame);
    for (size_t line = LINES; line-- > 0;)
        draw_line(scene, theme, view, line);
    add_tips(scene, view);
    name_lines(scene, theme, view);
    *unnamed = time_marks_draw(scene, theme, &view->time, view->frame, view->data->marks,
                               view->data->mark_count);
}

/* How many names of marks have no room is known only when they are drawn, and the note
 * takes its room before: it is laid out for the worst, and written afterwards. */
static void write_note(char *note, size_t size, const struct timeline_data *data,
                       const struct span *span, size_t unnamed)
{
    char period[TIME_PERIOD_BYTES];
    time_axis_period(&data->clock, span->from_s, span->to_s, period);
    snprintf(note, size, "%sLines break where there are too few requests.", period);
    time_marks_note(note, size, unnamed);
}

int chart_timeline(const struct timeline_data *data, const struct theme *theme,
                   struct scene *scene, const char **why)
{
    struct span span = span_of(data);
    struct frame inside =
        page_open(scene, theme, theme->height_pt, data->title, data->subtitle);
    if (!(span.high_ns > 0)) {
        page_empty(scene, theme, inside,
                   "Too few requests with a latency: nothing to draw");
        return scene_ok(scene, why);
    }
    char note[TIME_PERIOD_BYTES + 128];
    struct view view = {.data = data};
    size_t unnamed = 0;
    for (size_t line = 0; line < 2; line++)
        view.places[line] = malloc(data->block_count * sizeof(struct point));
    struct frame foot = inside;
    inside.bottom -= page_note_pt(theme, &inside, "one line");
    if (view.places[0] && view.places[1])
        draw(scene, theme, &view, &span, inside, &unnamed);
    else
        scene->failed = true;
    write_note(note, sizeof(note), data, &span, unnamed);
    page_note(scene, theme, &foot, note);
    free(view.places[0]);
    free(view.places[1]);
    return scene_ok(scene, why);
}
