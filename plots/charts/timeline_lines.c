/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Blocks of time to lines and areas: see timeline_lines.h. */
#include "plots/charts/timeline_lines.h"

#include "plots/units.h"

#include <math.h>

static const char *const line_names[TIMELINE_LINES] = {"p50", "p95", "p99"};
static const size_t line_steps[TIMELINE_LINES] = {7, 5, 4}; /* colours of amounts */
static const double line_widths[TIMELINE_LINES] = {0.19, 0.13, 0.13};

const struct timeline_span timeline_span_none = {INFINITY, -INFINITY, INFINITY, 0, 0};

double timeline_value(const struct timeline_block *block, size_t line)
{
    double ns = line == TIMELINE_P50   ? block->p50_ns
                : line == TIMELINE_P95 ? block->p95_ns
                                       : block->p99_ns;
    return latency_is_known(ns) ? ns : NAN;
}

bool timeline_is_block(const struct timeline_block *block)
{
    return time_is_stretch(block->from_s, block->to_s);
}

void timeline_span_add(struct timeline_span *span, const struct timeline_block *blocks,
                       size_t count, size_t lines)
{
    for (size_t i = 0; i < count; i++) {
        const struct timeline_block *block = &blocks[i];
        if (!timeline_is_block(block))
            continue;
        span->requests += block->requests;
        span->from_s = fmin(span->from_s, block->from_s);
        span->to_s = fmax(span->to_s, block->to_s);
        for (size_t line = 0; line < lines; line++) {
            span->low_ns = fmin(span->low_ns, timeline_value(block, line));
            span->high_ns = fmax(span->high_ns, timeline_value(block, line));
        }
    }
}

static struct point place_of(const struct timeline_view *view, size_t i, size_t line)
{
    const struct timeline_block *block = &view->blocks[i];
    return (struct point){scale_at(&view->time, (block->from_s + block->to_s) / 2),
                          scale_at(&view->latency, timeline_value(block, line))};
}

/* Length of the run of blocks from i on where the line is known and time has no gap. */
static size_t run_from(const struct timeline_view *view, size_t i, size_t line)
{
    const struct timeline_block *blocks = view->blocks;
    size_t end = i;
    while (end < view->count && timeline_is_block(&blocks[end]) &&
           !isnan(timeline_value(&blocks[end], line)) &&
           (end == i ||
            time_follows(blocks[end - 1].to_s, blocks[end].from_s, blocks[end].to_s)))
        end++;
    return end - i;
}

void timeline_draw_band(struct scene *scene, const struct theme *theme,
                        const struct timeline_view *view, size_t line)
{
    struct color fill =
        color_mix(theme->paper, theme->steps[line_steps[line]], line == 1 ? 0.30 : 0.16);
    for (size_t i = 0, run; i < view->count; i += run ? run : 1) {
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
void timeline_draw_line(struct scene *scene, const struct theme *theme,
                        const struct timeline_view *view, size_t line, double width)
{
    struct stroke stroke = {theme->steps[line_steps[line]],
                            line_widths[line] * width * theme->base_pt, false};
    for (size_t i = 0, run; i < view->count; i += run ? run : 1) {
        const struct timeline_block *block = &view->blocks[i];
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

/* At the last block that knows the line; none does: false. */
static bool name_line(struct side_name *name, const struct theme *theme,
                      const struct timeline_view *view, size_t line)
{
    struct color color = theme->steps[line_steps[line]];
    size_t last = view->count;
    while (last > 0 && (!timeline_is_block(&view->blocks[last - 1]) ||
                        isnan(timeline_value(&view->blocks[last - 1], line))))
        last--;
    if (last == 0)
        return false;
    *name = (struct side_name){.style = {theme->base_pt, line == TIMELINE_P50, CUT_END},
                               .rule = color,
                               .ink = color_mix(color, theme->ink, 0.3),
                               .end = place_of(view, last - 1, line),
                               .order = TIMELINE_LINES - line};
    label_fit(&name->label, line_names[line], name->style, 100);
    return true;
}

size_t timeline_name_lines(struct side_name *names, const struct theme *theme,
                           const struct timeline_view *view, size_t lines)
{
    size_t count = 0;
    for (size_t line = 0; line < lines && line < TIMELINE_LINES; line++)
        count += name_line(&names[count], theme, view, line);
    return count;
}
