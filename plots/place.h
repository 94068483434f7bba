/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Finds room for labels inside a frame: labels never overlap each other, and cover as
 * little of the lines as can be. Greedy: ask for the most important label first. Built
 * for some tens of labels and a few thousand samples of lines.
 */
#ifndef PLOTS_PLACE_H
#define PLOTS_PLACE_H

#include "plots/mark.h"

enum { PLACE_LABELS = 64, PLACE_SAMPLES = 6000 };

struct place {
    struct frame inside;
    struct frame taken[PLACE_LABELS];
    size_t taken_count;
    struct point samples[PLACE_SAMPLES]; /* points of lines, a few pt apart */
    size_t sample_count;
};

/* A place where a label might go: its baseline and anchor, and how much worse than the
 * best it is, in covered samples. */
struct candidate {
    struct point at;
    enum anchor anchor;
    double penalty;
};

void place_init(struct place *place, struct frame inside);

/* Lines to keep free: a polyline through points, as a staircase where corners is set. */
void place_avoid(struct place *place, const struct point *points, size_t count,
                 bool corners);

/* The room that a label of that size takes at a candidate. */
struct frame place_room(struct candidate candidate, double width_pt, double size_pt);

/* How many samples of lines lie in a room. */
double place_covered(const struct place *place, struct frame room);

/* Index of the cheapest candidate for a label of that size, whose room is then taken;
 * count when there is none. */
size_t place_label(struct place *place, double width_pt, double size_pt,
                   const struct candidate *candidates, size_t count);

#endif
