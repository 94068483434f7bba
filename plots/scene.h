/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A scene is a picture before it has pixels: a flat list of shapes, drawn in order, in
 * points from the top left. Charts fill scenes, render.h and svg.h walk them, and the
 * goldens are scenes printed as text.
 *
 * It promises that the same data give the same scene on every machine: nothing in it
 * depends on fonts. It is built for one chart, some tens to some thousand shapes.
 */
#ifndef PLOTS_SCENE_H
#define PLOTS_SCENE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct color {
    uint8_t red, green, blue, alpha; /* alpha 0: not painted at all */
};

struct point {
    double x, y; /* pt, y grows downwards */
};

enum shape_kind {
    SHAPE_RECTS, /* pairs of points: top left corner, then (width, height) */
    SHAPE_LINE,  /* a polyline; with a fill, the area that it goes around */

    SHAPE_DOTS, /* centres of circles of radius size_pt */
    SHAPE_TEXT  /* one point: where the anchor meets the baseline */
};

enum anchor { ANCHOR_START, ANCHOR_MIDDLE, ANCHOR_END }; /* left, centre, right */

/* Where a text that is too long loses what it must: a sentence at its end, a path or a
 * version in its middle. */
enum cut { CUT_END, CUT_MIDDLE };

struct shape {
    enum shape_kind kind;
    struct color fill; /* of a text: its ink */

    struct color stroke; /* of a text: the plate behind it that keeps it readable */
    double stroke_pt;    /* of a text: how much wider the plate is on either side */
    bool dashed;
    size_t first_point, point_count; /* in scene.points */
    double size_pt;                  /* radius of dots, em of text */
    /* text only */
    char *text; /* valid UTF-8, one line, owned by the scene */
    enum anchor anchor;
    enum cut cut;
    bool bold;
    double max_pt; /* the renderer shortens what its fonts make wider than this */
    char *tip; /* said when a reader points at the shape (svg.h); NULL for none; owned */
    /* The whole name of what a rectangle stands for, for scripts that zoom and search
     * (svg.h); NULL for none; owned. A text that is attached belongs to the shape before
     * it. */
    char *data;
    bool attached;
};

struct scene {
    double width_pt, height_pt;
    char *title; /* what a reader who does not see it is told; owned */
    struct shape *shapes;
    size_t count, room;
    struct point *points;
    size_t point_count, point_room;
    char *tip;   /* of the shapes that are added next; owned */
    bool failed; /* out of memory on the way; everything added later is ignored */
};

/* Caller's memory. A released scene is empty and may be initialized again. */
void scene_init(struct scene *scene, double width_pt, double height_pt);
void scene_release(struct scene *scene);

/* Appends a shape with a copy of its points and strings (shape->first_point and
 * point_count are set here). Points that are not finite end in a failed assertion: scales
 * and marks keep them out. After out-of-memory it does nothing; scene_ok() tells. */
void scene_add(struct scene *scene, const struct shape *shape, const struct point *points,
               size_t point_count);

/* What is said of the shapes that are added from now on, until the next call; NULL:
 * nothing. Any bytes; the scene keeps a clean line of them. */
void scene_tip(struct scene *scene, const char *raw);

/* 0, or -1 with *why when something could not be added. */
int scene_ok(const struct scene *scene, const char **why);

/* Prints the scene, one line a shape, coordinates rounded to 0.1 pt: the golden. Does not
 * depend on the locale. 0, or -1 when out could not be written. */
int scene_print(const struct scene *scene, FILE *out);

#endif
