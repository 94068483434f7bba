/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Where time goes: a call tree as rows of frames, callers above what they call, as wide
 * as their time (B. Gregg, "The Flame Graph", CACM 59, 2016, upside down: a page is read
 * from its top). With the tree of an older version beside, colours say what takes a
 * larger or a smaller share than before.
 *
 * Built for trees of up to some 10^5 nodes; frames too narrow to be seen are left out,
 * and the picture says how many.
 */
#ifndef PLOTS_CHARTS_FLAME_H
#define PLOTS_CHARTS_FLAME_H

#include "plots/scene.h"
#include "plots/theme.h"

#define FLAME_ROOT SIZE_MAX

struct flame_node {
    size_t parent;    /* index of an earlier node; FLAME_ROOT: none */
    const char *name; /* any bytes; of equal siblings each has a frame of its own */
    double own;       /* of the node itself, without what it calls; >= 0 */
    double older_own; /* the same in the older version */
};

struct flame_data {
    const char *title;    /* the finding, a sentence; NULL or "" for none */
    const char *subtitle; /* NULL for none */
    const char *unit;     /* of own, in the plural: "samples", "ms a request" */
    const struct flame_node *nodes;
    size_t node_count;
    bool compared; /* older_own is there: a difference flame graph */
    bool absolute; /* both are of the same unit, as ms a request: colours are of amounts;
                      else of shares of each side's own total */
};

/* Fills *scene (uninitialized or released; the caller releases it, also after -1); its
 * height follows the depth. Each frame is a shape with data and a tip. 0, or -1 with
 * *why. */
int chart_flame(const struct flame_data *data, const struct theme *theme,
                struct scene *scene, const char **why);

#endif
