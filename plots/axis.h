/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * An axis beside a frame: grid lines, names of ticks, a title with the unit. Names that
 * would touch the one before are left out. Titles lie flat, above a left axis and below a
 * bottom one: nobody turns the head to read.
 */
#ifndef PLOTS_AXIS_H
#define PLOTS_AXIS_H

#include "plots/mark.h"
#include "plots/scales.h"
#include "plots/theme.h"
#include "plots/units.h"

enum { AXIS_TICKS = 64 };

enum side { SIDE_LEFT, SIDE_BOTTOM };

struct axis {
    struct scale scale;
    enum side side;
    struct tick ticks[AXIS_TICKS];
    char names[AXIS_TICKS][NUMBER_BYTES]; /* "" for none */
    size_t count;
    const char *title; /* with the unit; NULL for none */
    bool grid;
    bool inside; /* names of a bottom axis move to keep within the frame */
};

/* Fills ticks and names of a linear, log or nines scale; name turns a value into text. */
void axis_init(struct axis *axis, const struct theme *theme, struct scale scale,
               enum side side, void (*name)(double, char[NUMBER_BYTES]));

/* Room for the names (and the title) between the frame and the axis' outer edge, for a
 * left axis its width, for a bottom one its height. */
double axis_room(const struct axis *axis, const struct theme *theme);

/* Size and look of tick names. */
struct text_style axis_style(const struct theme *theme);

void axis_draw(struct scene *scene, const struct theme *theme, const struct axis *axis,
               struct frame frame);

#endif
