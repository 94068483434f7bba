/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Requests over time: see traffic.h. */
#include "plots/charts/traffic.h"

#include "plots/page.h"
#include "plots/side_names.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* How requests end, from the bottom of the stack. */
enum { GOOD, CLIENT, SERVER, ENDS };
static const char *const end_names[ENDS] = {"served", "4xx", "5xx"};

/* Rates are named by the unit that gives readable numbers. */
struct unit {
    double seconds;
    const char *title;
};

struct view {
    const struct traffic_data *data;
    struct frame frame, shares; /* of the stack; of the shares below it */
    struct scale time, rate, share;
    struct unit unit;
    struct point *upper, *lower; /* four corners a block */
};

struct span {
    double from_s, to_s, most_per_s, most_share;
    double totals[ENDS];
    size_t drawn;
};

static bool is_block(const struct traffic_block *block)
{
    return time_is_stretch(block->from_s, block->to_s) && block->requests > 0;
}

/* Requests of a block that ended so; never below 0. */
static double ended(const struct traffic_block *block, size_t end)
{
    double all = (double)block->requests;
    double server = fmin((double)block->server_errors, all);
    double client = fmin((double)block->client_errors, all - server);
    return end == SERVER ? server : end == CLIENT ? client : all - client - server;
}

static struct span span_of(const struct traffic_data *data)
{
    struct span span = {.from_s = INFINITY, .to_s = -INFINITY};
    for (size_t i = 0; i < data->block_count; i++) {
        const struct traffic_block *block = &data->blocks[i];
        if (!is_block(block))
            continue;
        double seconds = fmax(block->to_s - block->from_s, 1e-9);
        double all = (double)block->requests;
        span.drawn++;
        span.from_s = fmin(span.from_s, block->from_s);
        span.to_s = fmax(span.to_s, block->to_s);
        span.most_per_s = fmax(span.most_per_s, all / seconds);
        span.most_share = fmax(span.most_share, fmax(ended(block, CLIENT) / all,
                                                     ended(block, SERVER) / all));
        for (size_t end = 0; end < ENDS; end++)
            span.totals[end] += ended(block, end);
    }
    return span;
}

static struct unit unit_of(double most_per_s)
{
    if (most_per_s >= 1)
        return (struct unit){1, "requests a second"};
    if (most_per_s >= 1.0 / 60)
        return (struct unit){60, "requests a minute"};
    return (struct unit){3600, "requests an hour"};
}

static struct color color_of(const struct theme *theme, size_t end)
{
    return end == SERVER   ? theme->worse
           : end == CLIENT ? theme->slots[1]
                           : color_mix(theme->paper, theme->steps[4], 0.55);
}

/* --- the stack ------------------------------------------------------------------------
 */

static bool follows(const struct traffic_block *before, const struct traffic_block *block)
{
    return time_follows(before->to_s, block->from_s, block->to_s);
}

static double rate_of(const struct view *view, const struct traffic_block *block,
                      size_t ends)
{
    double sum = 0;
    for (size_t end = 0; end < ends; end++)
        sum += ended(block, end);
    return sum * view->unit.seconds / fmax(block->to_s - block->from_s, 1e-9);
}

/* A layer of the stack as a staircase that drops to nothing where there is no block. */
static void draw_layer(struct scene *scene, const struct theme *theme, struct view *view,
                       size_t end)
{
    const struct traffic_block *before = NULL;
    size_t count = 0;
    for (size_t i = 0; i <= view->data->block_count; i++) {
        const struct traffic_block *block =
            i < view->data->block_count ? &view->data->blocks[i] : NULL;
        if (block && !is_block(block))
            continue;
        if (count > 0 && (!block || !follows(before, block))) {
            mark_area(scene, view->frame, view->upper, view->lower, count,
                      color_of(theme, end));
            count = 0;
        }
        if (!block)
            break;
        double low = scale_at(&view->rate, rate_of(view, block, end));
        double high = scale_at(&view->rate, rate_of(view, block, end + 1));
        for (int side = 0; side < 2; side++) {
            double x = scale_at(&view->time, side ? block->to_s : block->from_s);
            view->upper[count] = (struct point){x, high};
            view->lower[count++] = (struct point){x, low};
        }
        before = block;
    }
}

/* --- shares of errors -----------------------------------------------------------------
 */

static void draw_share(struct scene *scene, const struct theme *theme, struct view *view,
                       size_t end)
{
    const struct traffic_block *before = NULL;
    size_t count = 0;
    struct stroke stroke = {color_of(theme, end), 0.14 * theme->base_pt, false};
    for (size_t i = 0; i <= view->data->block_count; i++) {
        const struct traffic_block *block =
            i < view->data->block_count ? &view->data->blocks[i] : NULL;
        if (block && !is_block(block))
            continue;
        if (count > 0 && (!block || !follows(before, block))) {
            mark_line(scene, view->shares, view->upper, count, stroke);
            count = 0;
        }
        if (!block)
            break;
        double y = scale_at(&view->share, ended(block, end) / (double)block->requests);
        for (int side = 0; side < 2; side++)
            view->upper[count++] = (struct point){
                scale_at(&view->time, side ? block->to_s : block->from_s), y};
        before = block;
    }
}

/* "3 Mar 2026, 14:00: 12.5 requests a second, 4xx 0.2 %, 5xx 1 %, n 1 200". */
static void add_tips(struct scene *scene, const struct view *view)
{
    for (size_t i = 0; i < view->data->block_count; i++) {
        const struct traffic_block *block = &view->data->blocks[i];
        char moment[NUMBER_BYTES], count[NUMBER_BYTES], rate[NUMBER_BYTES];
        char shares[2][NUMBER_BYTES], tip[6 * NUMBER_BYTES];
        if (!is_block(block))
            continue;
        time_axis_moment(&view->data->clock, block->from_s, false, moment);
        count_text((double)block->requests, count);
        count_text(rate_of(view, block, ENDS), rate);
        for (size_t end = CLIENT; end < ENDS; end++)
            percent_text(round(ended(block, end) / (double)block->requests * 1e5) / 1e5,
                         shares[end - CLIENT]);
        snprintf(tip, sizeof(tip), "%s: %s %s, 4xx %s, 5xx %s, n %s", moment, rate,
                 view->unit.title, shares[0], shares[1], count);
        scene_tip(scene, tip);
        mark_hover(scene, (struct frame){
                              scale_at(&view->time, block->from_s), view->frame.top,
                              scale_at(&view->time, block->to_s), view->shares.bottom});
    }
    scene_tip(scene, NULL);
}

/* --- names ----------------------------------------------------------------------------
 */

static void name_layer(struct side_name *name, const struct theme *theme,
                       const struct view *view, const struct span *span, size_t end,
                       const struct traffic_block *last)
{
    char count[NUMBER_BYTES], text[NUMBER_BYTES + 16];
    struct color color = color_of(theme, end);
    double low = rate_of(view, last, end), high = rate_of(view, last, end + 1);
    *name = (struct side_name){
        .style = {theme->base_pt, end == SERVER, CUT_END},
        .rule = color,
        .ink = color_mix(color, theme->ink, end == GOOD ? 0.7 : 0.4),
        .end = {view->frame.right, scale_at(&view->rate, (low + high) / 2)},
        .order = ENDS - end};
    count_text(span->totals[end], count);
    snprintf(text, sizeof(text), "%s  n %s", end_names[end], count);
    label_fit(&name->label, text, name->style, theme->base_pt * 9);
}

static void name_layers(struct scene *scene, const struct theme *theme,
                        const struct view *view, const struct span *span)
{
    struct side_name names[ENDS];
    size_t count = 0, last = view->data->block_count;
    while (last > 0 && !is_block(&view->data->blocks[last - 1]))
        last--;
    for (size_t end = 0; end < ENDS && last > 0; end++)
        if (span->totals[end] > 0)
            name_layer(&names[count++], theme, view, span, end,
                       &view->data->blocks[last - 1]);
    side_names_draw(scene, theme, view->frame, names, count);
}

static void write_title(struct scene *scene, const struct theme *theme, const char *title,
                        double left, double y)
{
    mark_text(scene, title,
              (struct text_mark){.at = {left, y},
                                 .style = axis_style(theme),
                                 .ink = theme->faint,
                                 .max_pt = theme->width_pt / 2});
}

/* --- the chart ------------------------------------------------------------------------
 */

/* A share of errors on an axis of its own: up to a round share above the largest. */
static struct scale share_scale(const struct span *span, double bottom, double top)
{
    return scale_linear(0, fmin(fmax(span->most_share * 1.05, 0.001), 1), bottom, top);
}

static void lay_out(struct view *view, const struct theme *theme, const struct span *span,
                    struct frame inside, struct axis axes[3])
{
    double base = theme->base_pt;
    double low = inside.bottom - 1.7 * base;
    view->unit = unit_of(span->most_per_s);
    view->frame = (struct frame){
        inside.left,
        inside.top + 1.6 * base +
            time_marks_room(theme, view->data->marks, view->data->mark_count),
        inside.right - side_names_room(theme, 9 * base), low};
    view->shares = view->frame;
    view->frame.bottom -= 0.32 * (view->frame.bottom - view->frame.top) + 2.8 * base;
    view->shares.top = view->frame.bottom + 2.8 * base;
    view->rate = scale_linear(0, span->most_per_s * view->unit.seconds * 1.05,
                              view->frame.bottom, view->frame.top);
    view->share = share_scale(span, view->shares.bottom, view->shares.top);
    axis_init(&axes[0], theme, view->rate, SIDE_LEFT, count_text);
    axis_init(&axes[1], theme, view->share, SIDE_LEFT, percent_text);
    view->frame.left += fmax(axis_room(&axes[0], theme), axis_room(&axes[1], theme));
    view->shares.left = view->frame.left;
    view->time =
        scale_time(span->from_s, span->to_s, view->frame.left, view->frame.right);
    time_axis_init(&axes[2], theme, view->time, &view->data->clock);
}

static size_t draw(struct scene *scene, const struct theme *theme, struct view *view,
                   const struct span *span, struct frame inside)
{
    double base = theme->base_pt;
    struct axis axes[3];
    lay_out(view, theme, span, inside, axes);
    write_title(scene, theme, view->unit.title, inside.left, inside.top + 0.7 * base);
    axis_draw(scene, theme, &axes[0], view->frame);
    for (size_t end = 0; end < ENDS; end++)
        if (span->totals[end] > 0)
            draw_layer(scene, theme, view, end);
    write_title(scene, theme, "share of requests that failed", inside.left,
                view->shares.top - base);
    axis_draw(scene, theme, &axes[1], view->shares);
    axis_draw(scene, theme, &axes[2], view->shares);
    if (span->totals[CLIENT] + span->totals[SERVER] == 0)
        write_title(scene, theme, "none failed", view->shares.left + 0.5 * base,
                    view->shares.bottom - 0.5 * base);
    for (size_t end = CLIENT; end < ENDS; end++)
        if (span->totals[end] > 0)
            draw_share(scene, theme, view, end);
    add_tips(scene, view);
    name_layers(scene, theme, view, span);
    struct frame both = view->frame;
    both.bottom = view->shares.bottom;
    return time_marks_draw(scene, theme, &view->time, both, view->data->marks,
                           view->data->mark_count);
}

int chart_traffic(const struct traffic_data *data, const struct theme *theme,
                  struct scene *scene, const char **why)
{
    struct span span = span_of(data);
    struct frame inside =
        page_open(scene, theme, theme->height_pt, data->title, data->subtitle);
    if (span.drawn == 0) {
        page_empty(scene, theme, inside, "No requests were counted: nothing to draw");
        return scene_ok(scene, why);
    }
    struct view view = {.data = data};
    size_t corners = 2 * data->block_count;
    struct point *corner_room = malloc(2 * corners * sizeof(*corner_room));
    struct time_note note = {&data->clock, span.from_s, span.to_s,
                             "No colour: no requests.", 0};
    struct frame foot = time_note_open(&note, theme, &inside);
    if (corner_room) {
        view.upper = corner_room;
        view.lower = corner_room + corners;
        note.unnamed = draw(scene, theme, &view, &span, inside);
        time_note_draw(&note, scene, theme, foot);
    } else {
        scene->failed = true;
    }
    free(corner_room);
    return scene_ok(scene, why);
}
