/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * For tests: what must be true of every picture, whatever the data. Returns NULL, or what
 * is wrong, for the caller to fail with.
 */
#ifndef PLOTS_SCENE_RULES_H
#define PLOTS_SCENE_RULES_H

#include "plots/mark.h"
#include "plots/scene.h"
#include "plots/text.h"

#include <glib.h>
#include <math.h>
#include <stdio.h>

/* Where a text stands, by the estimate that layouts use; a little less than its em high.
 */
static inline struct frame room_of_text(const struct scene *scene,
                                        const struct shape *shape)
{
    struct point at = scene->points[shape->first_point];
    struct text_style style = {shape->size_pt, shape->bold, shape->cut};
    double width = fmin(text_width(shape->text, style), shape->max_pt);
    double left = shape->anchor == ANCHOR_START    ? at.x
                  : shape->anchor == ANCHOR_MIDDLE ? at.x - width / 2
                                                   : at.x - width;
    return (struct frame){left, at.y - 0.7 * shape->size_pt, left + width,
                          at.y + 0.15 * shape->size_pt};
}

static inline bool overlap(struct frame a, struct frame b)
{
    return a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
}

static inline const char *broken_text(const struct scene *scene,
                                      const struct shape *shape, char problem[2048])
{
    struct frame room = room_of_text(scene, shape);
    const char *what = NULL;
    if (!g_utf8_validate(shape->text, -1, NULL))
        what = "is not UTF-8";
    else if (!(shape->max_pt > 0) || !(shape->size_pt > 0))
        what = "has no room";
    else if (room.left < -0.5 || room.right > scene->width_pt + 0.5 || room.top < -0.5 ||
             room.bottom > scene->height_pt + 0.5)
        what = "leaves the picture";
    for (const char *at = shape->text; *at != '\0' && !what; at++)
        what = (unsigned char)*at < 0x20 ? "has a control character" : NULL;
    if (what)
        snprintf(problem, 2048, "the text \"%.1000s\" %s", shape->text, what);
    return what ? problem : NULL;
}

/* Texts are valid, inside the picture, and do not touch each other; every point is
 * inside. */
static inline const char *broken_rule(const struct scene *scene, char problem[2048])
{
    for (size_t i = 0; i < scene->count; i++) {
        const struct shape *shape = &scene->shapes[i];
        const struct point *at = &scene->points[shape->first_point];
        for (size_t k = 0; k < shape->point_count; k++)
            if (!(at[k].x >= -1 && at[k].x <= scene->width_pt + 1 && at[k].y >= -1 &&
                  at[k].y <= scene->height_pt + 1)) {
                snprintf(problem, 2048,
                         "shape %zu has a point outside of the picture: %g %g", i,
                         at[k].x, at[k].y);
                return problem;
            }
        if (shape->kind != SHAPE_TEXT)
            continue;
        if (broken_text(scene, shape, problem))
            return problem;
        for (size_t k = 0; k < i; k++) {
            const struct shape *other = &scene->shapes[k];
            if (other->kind == SHAPE_TEXT &&
                overlap(room_of_text(scene, shape), room_of_text(scene, other))) {
                snprintf(problem, 2048, "\"%.900s\" stands on \"%.900s\"", shape->text,
                         other->text);
                return problem;
            }
        }
    }
    return NULL;
}

#endif
