/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Quantiles over time as lines and the bands between them, for the chart of one endpoint
 * and for the small ones of many. Lines break where a block does not know, or is missing.
 */
#ifndef PLOTS_CHARTS_TIMELINE_LINES_H
#define PLOTS_CHARTS_TIMELINE_LINES_H

#include "plots/charts/timeline.h"
#include "plots/side_names.h"

enum { TIMELINE_P50, TIMELINE_P95, TIMELINE_P99, TIMELINE_LINES };

/* What blocks reach over; nothing known: low_ns is infinite, high_ns 0. */
struct timeline_span {
    double from_s, to_s, low_ns, high_ns;
    uint64_t requests;
};

extern const struct timeline_span timeline_span_none;

/* Widens a span by the first `lines` lines of blocks; what is nonsense counts as not
 * there. */
void timeline_span_add(struct timeline_span *span, const struct timeline_block *blocks,
                       size_t count, size_t lines);

/* Where blocks are drawn. Latency is on the upright scale. */
struct timeline_view {
    const struct timeline_block *blocks;
    size_t count;
    struct frame frame;
    struct scale time, latency;
    struct point *places[2]; /* the caller's, room for count each */
};

bool timeline_is_block(const struct timeline_block *block);

/* NaN: not known. */
double timeline_value(const struct timeline_block *block, size_t line);

/* The band between a line and the one below it; a line, in multiples of the width that
 * it has in a large chart. */
void timeline_draw_band(struct scene *scene, const struct theme *theme,
                        const struct timeline_view *view, size_t line);
void timeline_draw_line(struct scene *scene, const struct theme *theme,
                        const struct timeline_view *view, size_t line, double width);

/* Names of the first `lines` lines where they end; names has room for as many. Returns
 * how many have an end. */
size_t timeline_name_lines(struct side_name *names, const struct theme *theme,
                           const struct timeline_view *view, size_t lines);

#endif
