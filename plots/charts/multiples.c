/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A grid of panels with shared axes: see multiples.h. */
#include "plots/charts/multiples.h"

#include "plots/charts/curves.h"
#include "plots/charts/timeline_lines.h"
#include "plots/page.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Multiples of the base size. */
static const double plot_height = 6.2, heading = 2.6, between_rows = 0.9;
static const double between_columns = 1.3, title_line = 1.6, time_line = 1.7;
static const double thin = 0.75; /* of a large chart's lines */
enum { COLUMNS = 4, SAMPLES = 32 };

/* Places further out than so many requests in a thousand have no room in a panel. */
static const double last_share = 0.999;

/* All panels of one picture. */
struct sheet {
    const struct multiples_data *data;
    bool over_time; /* else over percentiles */
    size_t shown, columns, rows;
    struct frame first; /* the plot of the first panel */
    double step_x, step_y;
    struct timeline_span span;
    double end_share;
    struct color colors[MULTIPLES_LINES];
    struct point *places; /* room for two lines of any panel */
};

static struct frame frame_of(const struct sheet *sheet, size_t i)
{
    size_t columns = sheet->columns ? sheet->columns : 1, row = i / columns;
    double right = (double)(i % columns) * sheet->step_x;
    double down = (double)row * sheet->step_y;
    const struct frame *first = &sheet->first;
    return (struct frame){first->left + right, first->top + down, first->right + right,
                          first->bottom + down};
}

static struct scale latency_scale(const struct sheet *sheet, struct frame frame)
{
    return scale_log(sheet->span.low_ns / 1.15, sheet->span.high_ns * 1.15, frame.bottom,
                     frame.top);
}

/* --- over time ------------------------------------------------------------------------
 */

static struct timeline_view view_of(const struct sheet *sheet, size_t i)
{
    const struct multiples_panel *panel = &sheet->data->panels[i];
    struct frame frame = frame_of(sheet, i);
    return (struct timeline_view){
        panel->blocks,
        panel->block_count,
        frame,
        scale_time(sheet->span.from_s, sheet->span.to_s, frame.left, frame.right),
        latency_scale(sheet, frame),
        {sheet->places, sheet->places + panel->block_count}};
}

static void draw_course(struct scene *scene, const struct theme *theme,
                        const struct sheet *sheet, size_t i)
{
    const struct multiples_panel *panel = &sheet->data->panels[i];
    struct timeline_view view = view_of(sheet, i);
    timeline_draw_band(scene, theme, &view, TIMELINE_P95);
    timeline_draw_line(scene, theme, &view, TIMELINE_P95, thin);
    timeline_draw_line(scene, theme, &view, TIMELINE_P50, thin);
    time_marks_rules(scene, theme, &view.time, view.frame, panel->marks,
                     panel->mark_count);
}

/* --- over percentiles -----------------------------------------------------------------
 */

/* Share k of a line, evenly spread over the axis; a line of n requests ends at 1 - 1/2n.
 */
static double share_at(const struct sheet *sheet, const struct latency_line *line,
                       size_t k)
{
    double requests = line->requests > 0 ? (double)line->requests : 1;
    double end = fmin(1 - 0.5 / requests, sheet->end_share);
    return 1 - pow(1 - end, (double)k / (SAMPLES - 1));
}

static void find_places(const struct sheet *sheet, const struct latency_line *line,
                        struct frame frame, struct point places[SAMPLES])
{
    struct scale latency = latency_scale(sheet, frame);
    struct scale share = scale_nines(sheet->end_share, frame.left, frame.right);
    for (size_t k = 0; k < SAMPLES; k++) {
        double at = share_at(sheet, line, k);
        places[k] = (struct point){scale_at(&share, at),
                                   scale_at(&latency, curves_latency_at(line, at))};
    }
}

static void draw_percentiles(struct scene *scene, const struct theme *theme,
                             const struct sheet *sheet, size_t i)
{
    struct frame frame = frame_of(sheet, i);
    struct point places[SAMPLES];
    for (size_t k = 0; k < MULTIPLES_LINES; k++) {
        const struct latency_line *line = &sheet->data->panels[i].lines[k];
        bool newest = k == MULTIPLES_LINES - 1;
        if (!curves_has_points(line))
            continue;
        find_places(sheet, line, frame, places);
        mark_line(scene, frame, places, SAMPLES,
                  (struct stroke){sheet->colors[k],
                                  theme->base_pt * thin * (newest ? 0.2 : 0.14), false});
    }
}

static void choose_colors(struct sheet *sheet, const struct theme *theme)
{
    const char *names[MULTIPLES_LINES];
    unsigned char slots[MULTIPLES_LINES];
    for (size_t k = 0; k < MULTIPLES_LINES; k++)
        names[k] = sheet->data->line_names[k] ? sheet->data->line_names[k] : "";
    theme_slots(names, MULTIPLES_LINES, slots);
    for (size_t k = 0; k < MULTIPLES_LINES; k++)
        sheet->colors[k] = theme->slots[slots[k]];
}

/* --- names of lines -------------------------------------------------------------------
 */

/* At the right end of its line in a panel. False: it has none there. */
static bool name_percentiles(struct side_name *name, const struct theme *theme,
                             const struct sheet *sheet, size_t i, size_t k, double most)
{
    const struct latency_line *line = &sheet->data->panels[i].lines[k];
    struct point places[SAMPLES];
    if (!curves_has_points(line))
        return false;
    find_places(sheet, line, frame_of(sheet, i), places);
    *name = (struct side_name){
        .style = {theme->base_pt, k == MULTIPLES_LINES - 1, CUT_MIDDLE},
        .rule = sheet->colors[k],
        .ink = color_mix(sheet->colors[k], theme->ink, 0.3),
        .end = places[SAMPLES - 1],
        .order = k};
    label_name(&name->label, sheet->data->line_names[k], name->style, most);
    return true;
}

static size_t name_panel(struct side_name names[MULTIPLES_LINES],
                         const struct theme *theme, const struct sheet *sheet, size_t i,
                         double most)
{
    struct timeline_view view = view_of(sheet, i);
    size_t count = 0;
    if (sheet->over_time)
        return timeline_name_lines(names, theme, &view, MULTIPLES_LINES);
    for (size_t k = 0; k < MULTIPLES_LINES; k++)
        count += name_percentiles(&names[count], theme, sheet, i, k, most);
    return count;
}

/* Beside the panel at the right edge that has most lines, the first of such. Where none
 * has any, names stand for those of other panels. */
static void name_lines(struct scene *scene, const struct theme *theme,
                       const struct sheet *sheet, double most)
{
    struct side_name names[MULTIPLES_LINES];
    assert(sheet->columns > 0);
    size_t edge = sheet->columns - 1, best = edge, best_count = 0;
    for (size_t i = 0; i < sheet->shown; i++) {
        size_t count = name_panel(names, theme, sheet, i, most);
        bool at_edge = i % sheet->columns == edge;
        bool was_at_edge = best % sheet->columns == edge;
        if (count == 0 || at_edge < (was_at_edge && best_count > 0) ||
            (at_edge == was_at_edge && count <= best_count))
            continue;
        best = i;
        best_count = count;
    }
    size_t count = name_panel(names, theme, sheet, best, most);
    bool plain = best % sheet->columns != edge;
    for (size_t k = 0; k < count; k++)
        names[k].plain = plain;
    side_names_draw(scene, theme, frame_of(sheet, plain ? edge : best), names, count);
}

static double names_room(const struct sheet *sheet, const struct theme *theme)
{
    double widest = 2.6 * theme->base_pt;
    for (size_t k = 0; !sheet->over_time && k < MULTIPLES_LINES; k++) {
        struct label label;
        label_name(&label, sheet->data->line_names[k],
                   (struct text_style){theme->base_pt, true, CUT_MIDDLE},
                   theme->width_pt * 0.14);
        widest = fmax(widest, label.width_pt);
    }
    return side_names_room(theme, widest);
}

/* --- panels ---------------------------------------------------------------------------
 */

static void line_of_text(struct scene *scene, const struct theme *theme, const char *text,
                         struct frame frame, double up, bool name)
{
    struct text_style style = {theme->base_pt * THEME_SMALL, name, CUT_MIDDLE};
    struct label label;
    double room = frame.right - frame.left;
    if (name)
        label_name(&label, text, style, room);
    else
        label_fit(&label, text, style, room);
    mark_label(scene, &label,
               (struct text_mark){.at = {frame.left, frame.top - up * theme->base_pt},
                                  .style = style,
                                  .ink = name ? theme->ink : theme->faint,
                                  .max_pt = room});
}

/* "n 1 104, p95 63.2 ms". */
static void facts_of(const struct multiples_panel *panel, char facts[3 * NUMBER_BYTES])
{
    char count[NUMBER_BYTES], p95[NUMBER_BYTES];
    count_text((double)panel->requests, count);
    latency_text(panel->p95_ns, p95);
    snprintf(facts, 3 * NUMBER_BYTES, "n %s%s%s", count,
             latency_is_known(panel->p95_ns) ? ", p95 " : "",
             latency_is_known(panel->p95_ns) ? p95 : "");
}

/* A panel has room for the lines of round values only, not for those between. */
static void draw_axis(struct scene *scene, const struct theme *theme, struct axis *axis,
                      struct frame frame, bool named)
{
    size_t kept = 0;
    for (size_t i = 0; i < axis->count; i++) {
        if (!axis->ticks[i].named)
            continue;
        axis->ticks[kept] = axis->ticks[i];
        memmove(axis->names[kept], axis->names[i], sizeof(axis->names[i]));
        if (!named)
            axis->names[kept][0] = '\0';
        kept++;
    }
    axis->count = kept;
    axis->inside = true;
    axis_draw(scene, theme, axis, frame);
}

/* In a small panel names may stand closer than elsewhere: better close than but one. */
static void init_latency_axis(struct axis *axis, const struct theme *theme,
                              const struct sheet *sheet, struct frame frame)
{
    struct theme close = *theme;
    close.base_pt *= 0.7;
    axis_init(axis, &close, latency_scale(sheet, frame), SIDE_LEFT, latency_tick_text);
}

/* Names stand at the left column and below the lowest panel of each column only. */
static void draw_axes(struct scene *scene, const struct theme *theme,
                      const struct sheet *sheet, size_t i)
{
    struct frame frame = frame_of(sheet, i);
    struct axis latency, across;
    init_latency_axis(&latency, theme, sheet, frame);
    if (sheet->over_time)
        time_axis_init(
            &across, theme,
            scale_time(sheet->span.from_s, sheet->span.to_s, frame.left, frame.right),
            &sheet->data->clock);
    else
        axis_init(&across, theme, scale_nines(sheet->end_share, frame.left, frame.right),
                  SIDE_BOTTOM, percent_text);
    draw_axis(scene, theme, &latency, frame, i % sheet->columns == 0);
    draw_axis(scene, theme, &across, frame, i + sheet->columns >= sheet->shown);
}

static bool is_known(const struct sheet *sheet, size_t i)
{
    const struct multiples_panel *panel = &sheet->data->panels[i];
    struct timeline_span span = timeline_span_none;
    if (sheet->over_time) {
        timeline_span_add(&span, panel->blocks, panel->block_count, MULTIPLES_LINES);
        return span.high_ns > 0;
    }
    return curves_has_points(&panel->lines[0]) || curves_has_points(&panel->lines[1]);
}

static void draw_panel(struct scene *scene, const struct theme *theme,
                       const struct sheet *sheet, size_t i)
{
    const struct multiples_panel *panel = &sheet->data->panels[i];
    struct frame frame = frame_of(sheet, i);
    char facts[3 * NUMBER_BYTES], rest[3 * NUMBER_BYTES + 2];
    struct label tip;
    facts_of(panel, facts);
    line_of_text(scene, theme, panel->name, frame, 1.5, true);
    line_of_text(scene, theme, facts, frame, 0.35, false);
    draw_axes(scene, theme, sheet, i);
    if (!is_known(sheet, i))
        line_of_text(scene, theme, "too few requests", frame, -plot_height / 2, false);
    else if (sheet->over_time)
        draw_course(scene, theme, sheet, i);
    else
        draw_percentiles(scene, theme, sheet, i);
    snprintf(rest, sizeof(rest), ": %s", facts);
    label_name_with(&tip, panel->name, rest, (struct text_style){1, false, CUT_MIDDLE},
                    80);
    scene_tip(scene, tip.text);
    mark_hover(scene, frame);
    scene_tip(scene, NULL);
}

/* --- the chart ------------------------------------------------------------------------
 */

/* What all panels reach over, and how many points the largest needs. */
static size_t measure(struct sheet *sheet)
{
    size_t most = 1;
    double requests = 1;
    for (size_t i = 0; i < sheet->shown; i++) {
        const struct multiples_panel *panel = &sheet->data->panels[i];
        most = panel->block_count > most ? panel->block_count : most;
        for (size_t k = 0; !sheet->over_time && k < MULTIPLES_LINES; k++)
            requests = fmax(requests, curves_has_points(&panel->lines[k])
                                          ? (double)panel->lines[k].requests
                                          : 0);
    }
    sheet->span = timeline_span_none;
    sheet->end_share = fmin(1 - 0.5 / requests, last_share);
    for (size_t i = 0; i < sheet->shown; i++) {
        const struct multiples_panel *panel = &sheet->data->panels[i];
        if (sheet->over_time)
            timeline_span_add(&sheet->span, panel->blocks, panel->block_count,
                              MULTIPLES_LINES);
        for (size_t k = 0; !sheet->over_time && k < MULTIPLES_LINES; k++) {
            const struct latency_line *line = &panel->lines[k];
            if (!curves_has_points(line))
                continue;
            double low = curves_latency_at(line, 0),
                   high = curves_latency_at(line, share_at(sheet, line, SAMPLES - 1));
            sheet->span.low_ns = fmin(sheet->span.low_ns, low);
            sheet->span.high_ns = fmax(sheet->span.high_ns, high);
        }
    }
    return most;
}

static void say_left_out(const struct sheet *sheet, char *note, size_t size)
{
    const struct multiples_data *data = sheet->data;
    size_t others = data->others + (data->panel_count - sheet->shown);
    double left_out = (double)data->others_requests, all = left_out;
    for (size_t i = 0; i < data->panel_count; i++) {
        all += (double)data->panels[i].requests;
        left_out += i < sheet->shown ? 0 : (double)data->panels[i].requests;
    }
    page_left_out(note, size, others, data->what, left_out, all);
}

static void write_note(const struct sheet *sheet, char *note, size_t size)
{
    char period[TIME_PERIOD_BYTES] = "";
    if (sheet->over_time)
        time_axis_period(&sheet->data->clock, sheet->span.from_s, sheet->span.to_s,
                         period);
    snprintf(note, size, "%s%s", period,
             sheet->over_time ? "Upright: new versions, and dashed, changes without one."
                              : "Axes are the same in all panels.");
    say_left_out(sheet, note, size);
}

static void lay_out(struct sheet *sheet, const struct theme *theme, struct frame inside)
{
    double base = theme->base_pt, room = names_room(sheet, theme);
    struct axis latency;
    struct frame any = {0, 0, 1, plot_height * base};
    init_latency_axis(&latency, theme, sheet, any);
    double left = inside.left + axis_room(&latency, theme);
    double columns = (double)sheet->columns;
    double wide =
        (inside.right - room - left - (columns - 1) * between_columns * base) / columns;
    double top = inside.top + (title_line + heading) * base;
    sheet->first = (struct frame){left, top, left + wide, top + plot_height * base};
    sheet->step_x = wide + between_columns * base;
    sheet->step_y = (heading + plot_height + between_rows) * base;
}

static void draw(struct scene *scene, const struct theme *theme, struct sheet *sheet,
                 struct frame inside)
{
    lay_out(sheet, theme, inside);
    mark_text(scene,
              sheet->over_time ? "latency, log scale; p50 and p95 over time"
                               : "latency, log scale, over the percentile of requests",
              (struct text_mark){.at = {inside.left, inside.top + 0.7 * theme->base_pt},
                                 .style = axis_style(theme),
                                 .ink = theme->faint,
                                 .max_pt = inside.right - inside.left});
    for (size_t i = 0; i < sheet->shown; i++)
        draw_panel(scene, theme, sheet, i);
    name_lines(scene, theme, sheet,
               side_names_most(theme, names_room(sheet, theme)) / 1.04);
}

static int chart(struct sheet *sheet, const struct theme *theme, struct scene *scene,
                 const char **why)
{
    const struct multiples_data *data = sheet->data;
    double base = theme->base_pt, head = page_head_pt(theme, data->title, data->subtitle);
    char note[TIME_PERIOD_BYTES + 256];
    struct frame width = {0, 0, theme->width_pt - 2.6 * base, 0};
    size_t count = data->panel_count;
    sheet->shown = count < MULTIPLES_PANELS ? count : MULTIPLES_PANELS;
    sheet->columns = sheet->shown < COLUMNS ? sheet->shown : COLUMNS;
    sheet->rows = sheet->shown ? (sheet->shown - 1) / COLUMNS + 1 : 0;
    size_t most = measure(sheet);
    if (!(sheet->span.high_ns > 0)) {
        struct frame inside =
            page_open(scene, theme, head + 9 * base, data->title, data->subtitle);
        page_empty(scene, theme, inside,
                   "Too few requests with a latency: nothing to draw");
        return scene_ok(scene, why);
    }
    write_note(sheet, note, sizeof(note));
    double rows = (double)sheet->rows * (heading + plot_height + between_rows);
    struct frame inside = page_open(scene, theme,
                                    head + (rows + title_line + time_line) * base +
                                        page_note_pt(theme, &width, note),
                                    data->title, data->subtitle);
    page_note(scene, theme, &inside, note);
    sheet->places = malloc(2 * most * sizeof(*sheet->places));
    choose_colors(sheet, theme);
    if (sheet->places)
        draw(scene, theme, sheet, inside);
    else
        scene->failed = true;
    free(sheet->places);
    return scene_ok(scene, why);
}

int chart_multiples_time(const struct multiples_data *data, const struct theme *theme,
                         struct scene *scene, const char **why)
{
    struct sheet sheet = {.data = data, .over_time = true};
    return chart(&sheet, theme, scene, why);
}

int chart_multiples_percentiles(const struct multiples_data *data,
                                const struct theme *theme, struct scene *scene,
                                const char **why)
{
    struct sheet sheet = {.data = data, .over_time = false};
    return chart(&sheet, theme, scene, why);
}
