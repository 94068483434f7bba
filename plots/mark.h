/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a chart draws with: each mark appends shapes to a scene. Places are in points,
 * after the scales. Lines are clipped to their frame and thinned to what an eye can tell
 * apart, so a line of 10,000 points stays a small picture.
 */
#ifndef PLOTS_MARK_H
#define PLOTS_MARK_H

#include "plots/scene.h"
#include "plots/text.h"

struct frame {
    double left, top, right, bottom; /* pt */
};

struct stroke {
    struct color color;
    double width_pt;
    bool dashed;
};

void mark_rect(struct scene *scene, struct frame frame, struct color fill);
void mark_outline(struct scene *scene, struct frame frame, struct stroke stroke);
void mark_rule(struct scene *scene, struct point from, struct point to,
               struct stroke stroke);

/* A polyline through points in order. */
void mark_line(struct scene *scene, struct frame clip, const struct point *points,
               size_t count, struct stroke stroke);

/* A staircase: from each point horizontally to the x of the next, then vertically. */
void mark_step(struct scene *scene, struct frame clip, const struct point *points,
               size_t count, struct stroke stroke);

/* The area between two polylines of count points each, cut to the frame. */
void mark_area(struct scene *scene, struct frame clip, const struct point *upper,
               const struct point *lower, size_t count, struct color fill);

/* What is not seen but has a tip where a pointer is over it. */
void mark_hover(struct scene *scene, struct frame frame);

/* A dot; a hollow one is filled with the colour of the paper. Outside clip: nothing. */
void mark_dot(struct scene *scene, struct frame clip, struct point at, double radius_pt,
              struct color fill, struct color edge);

/* Dots of one look as one shape, which costs little; where many lie on each other it
 * shows. */
void mark_dots(struct scene *scene, const struct point *places, size_t count,
               double radius_pt, struct color color);

/* A fitted label with its baseline at `at`; plate: alpha 0 for none. The renderer
 * shortens it to max_pt should its fonts be wider than the estimate. */
struct text_mark {
    struct point at;
    enum anchor anchor;
    struct text_style style;
    struct color ink, plate; /* plate: behind the text, so that lines do not cross it */
    double max_pt;
};
void mark_label(struct scene *scene, const struct label *label, struct text_mark how);
/* The same from raw text, fitted to max_pt. */
void mark_text(struct scene *scene, const char *raw, struct text_mark how);

/* One box of a box plot, lying: all places are x, ascending; NaN parts are left out. */
struct box_places {
    double whisker_low, q1, median, q3, whisker_high;
    double middle_y, height_pt;
};
void mark_box(struct scene *scene, const struct box_places *places, struct color fill,
              struct stroke edge);

/* A rectangle that stands for something of that name (any bytes), with a label in it or
 * NULL. */
void mark_frame(struct scene *scene, struct frame frame, struct color fill,
                const char *name, const struct label *label, struct text_mark how);

#endif
