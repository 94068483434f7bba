/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Quantiles over time: see timeline.h. */
#include "plots/charts/timeline.h"

#include "plots/charts/timeline_lines.h"
#include "plots/page.h"
#include "plots/units.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* "3 Mar 2026, 14:00: p50 12.0 ms, p95 30.0 ms, p99 not known, n 1 200". */
static void add_tips(struct scene *scene, const struct timeline_view *view,
                     const struct wall_clock *clock)
{
    for (size_t i = 0; i < view->count; i++) {
        const struct timeline_block *block = &view->blocks[i];
        char moment[NUMBER_BYTES], count[NUMBER_BYTES],
            values[TIMELINE_LINES][NUMBER_BYTES];
        char tip[5 * NUMBER_BYTES + 32];
        if (!timeline_is_block(block))
            continue;
        time_axis_moment(clock, block->from_s, false, moment);
        count_text((double)block->requests, count);
        for (size_t line = 0; line < TIMELINE_LINES; line++)
            latency_text(timeline_value(block, line), values[line]);
        snprintf(tip, sizeof(tip), "%s: p50 %s, p95 %s, p99 %s, n %s", moment, values[0],
                 values[1], values[2], count);
        scene_tip(scene, tip);
        mark_hover(scene, (struct frame){
                              scale_at(&view->time, block->from_s), view->frame.top,
                              scale_at(&view->time, block->to_s), view->frame.bottom});
    }
    scene_tip(scene, NULL);
}

static void lay_out(struct timeline_view *view, const struct theme *theme,
                    const struct timeline_data *data, const struct timeline_span *span,
                    struct frame inside, struct axis *time, struct axis *latency)
{
    double base = theme->base_pt;
    view->frame = inside;
    view->frame.top += 1.6 * base + time_marks_room(theme, data->marks, data->mark_count);
    view->frame.right -= side_names_room(theme, 2.6 * base);
    view->frame.bottom -= 1.7 * base;
    view->latency = scale_log(span->low_ns / 1.15, span->high_ns * 1.15,
                              view->frame.bottom, view->frame.top);
    axis_init(latency, theme, view->latency, SIDE_LEFT, latency_tick_text);
    view->frame.left += axis_room(latency, theme);
    view->time =
        scale_time(span->from_s, span->to_s, view->frame.left, view->frame.right);
    time_axis_init(time, theme, view->time, &data->clock);
}

/* The axis' title stands above the names of marks, where nothing else is. */
static void draw_title(struct scene *scene, const struct theme *theme,
                       struct frame inside, const struct timeline_span *span)
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

/* Returns how many marks have no name. */
static size_t draw(struct scene *scene, const struct theme *theme,
                   struct timeline_view *view, const struct timeline_data *data,
                   const struct timeline_span *span, struct frame inside)
{
    struct axis time, latency;
    struct side_name names[TIMELINE_LINES];
    lay_out(view, theme, data, span, inside, &time, &latency);
    draw_title(scene, theme, inside, span);
    timeline_draw_band(scene, theme, view, TIMELINE_P99);
    timeline_draw_band(scene, theme, view, TIMELINE_P95);
    axis_draw(scene, theme, &latency, view->frame);
    axis_draw(scene, theme, &time, view->frame);
    for (size_t line = TIMELINE_LINES; line-- > 0;)
        timeline_draw_line(scene, theme, view, line, 1);
    add_tips(scene, view, &data->clock);
    size_t named = timeline_name_lines(names, theme, view, TIMELINE_LINES);
    side_names_draw(scene, theme, view->frame, names, named);
    return time_marks_draw(scene, theme, &view->time, view->frame, data->marks,
                           data->mark_count);
}

int chart_timeline(const struct timeline_data *data, const struct theme *theme,
                   struct scene *scene, const char **why)
{
    struct timeline_span span = timeline_span_none;
    struct frame inside =
        page_open(scene, theme, theme->height_pt, data->title, data->subtitle);
    timeline_span_add(&span, data->blocks, data->block_count, TIMELINE_LINES);
    if (!(span.high_ns > 0)) {
        page_empty(scene, theme, inside,
                   "Too few requests with a latency: nothing to draw");
        return scene_ok(scene, why);
    }
    struct timeline_view view = {.blocks = data->blocks, .count = data->block_count};
    struct point *places = malloc(2 * data->block_count * sizeof(*places));
    struct time_note note = {&data->clock, span.from_s, span.to_s,
                             "Lines break where there are too few requests.", 0};
    struct frame foot = time_note_open(&note, theme, &inside);
    if (places) {
        view.places[0] = places;
        view.places[1] = places + data->block_count;
        note.unnamed = draw(scene, theme, &view, data, &span, inside);
        time_note_draw(&note, scene, theme, foot);
    } else {
        scene->failed = true;
    }
    free(places);
    return scene_ok(scene, why);
}
