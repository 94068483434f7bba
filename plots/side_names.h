/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Names of lines in a column right of the frame, each as near to the end of its line as
 * the others let it, joined to it by a rule: instead of a legend. Up to some ten names.
 */
#ifndef PLOTS_SIDE_NAMES_H
#define PLOTS_SIDE_NAMES_H

#include "plots/mark.h"
#include "plots/theme.h"

struct side_name {
    struct label label;
    struct text_style style;
    struct color rule, ink;
    struct point end; /* of the line; may lie outside of the frame */
    bool plain;       /* no rule: what is named is no line */
    size_t order;     /* of names that end at one height, the first stands higher */
    double y;         /* where it goes; side_names_draw() fills it */
};

/* Width of the column for names of at most widest_pt. */
double side_names_room(const struct theme *theme, double widest_pt);
/* What a name may take of a column of so much room. */
double side_names_most(const struct theme *theme, double room_pt);

/* Sorts names and draws them right of the frame. */
void side_names_draw(struct scene *scene, const struct theme *theme, struct frame frame,
                     struct side_name *names, size_t count);

#endif
