/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What all charts of struct latency_data share: which lines are drawn, in which colours,
 * what they are called, and what is said of those that are not there.
 */
#ifndef PLOTS_CHARTS_CURVES_H
#define PLOTS_CHARTS_CURVES_H

#include "plots/charts/latency.h"
#include "plots/side_names.h"
#include "plots/units.h"

#include <stdio.h>

enum {
    MOST_COLORED = 4, /* up to so many lines all have colours; of more, the newest two */
    MOST_NAMED = 8,   /* up to so many lines all have names */
    MOST_DRAWN = 24,  /* older ones are left out, and the picture says so */
    MARKED = 3        /* p50 p95 p99 */
};
extern const double curves_marked_shares[MARKED];
extern const char *const curves_marked_names[MARKED];

/* A line that is drawn. */
struct curve {
    const struct latency_line *line;
    struct color color, name_color;
    double width_pt;
    bool colored, named, newest;
    double
        end_share; /* where its requests end; a curve of n says nothing beyond 1 - 1/2n */
    double marked_ns[MARKED];
};

struct curves {
    struct curve at[MOST_DRAWN]; /* oldest first */
    size_t count;
    size_t empty, left_out; /* lines without a point; lines too old to be drawn */
    size_t most_points;
};

/* The newest lines that have points, in their order, with their colours. */
void curves_choose(struct curves *curves, const struct latency_data *data,
                   const struct theme *theme);

/* Whether point i of a line can be drawn. */
bool curves_is_point(const struct latency_line *line, size_t i);

/* Whether any can. */
bool curves_has_points(const struct latency_line *line);

/* Latency of the first point that reaches the share, of the last point where none does.
 * Needs a line with points. */
double curves_latency_at(const struct latency_line *line, double share);

/* Whether quantile i is known and lies on the curve. */
bool curves_is_marked(const struct curve *curve, size_t i);

/* "1.2  n 300". */
void curves_name(struct label *label, const struct curve *curve, struct text_style style,
                 double max_pt);
struct text_style curves_name_style(const struct theme *theme, const struct curve *curve);
double curves_widest_name(const struct curves *curves, const struct theme *theme,
                          double most_pt);

/* The name of a curve that ends at a place, for side_names_draw(). */
struct side_name curves_side_name(const struct curves *curves, size_t i,
                                  const struct theme *theme, struct point end,
                                  double max_pt);

/* Which versions are grey, and which are not there at all. */
void curves_note(FILE *out, const struct curves *curves);

#endif
