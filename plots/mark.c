/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Marks to shapes: see mark.h. */
#include "plots/mark.h"

#include <math.h>
#include <stdlib.h>

/* Points closer than this to the last one drawn are left out; a stair smaller than the
 * second is drawn as a slope. */
static const double visible_pt = 0.4, visible_stair_pt = 1.5;

void mark_rect(struct scene *scene, struct frame frame, struct color fill)
{
    struct point points[2] = {{frame.left, frame.top},
                              {frame.right - frame.left, frame.bottom - frame.top}};
    scene_add(scene, &(struct shape){.kind = SHAPE_RECTS, .fill = fill}, points, 2);
}

void mark_outline(struct scene *scene, struct frame frame, struct stroke stroke)
{
    struct point points[2] = {{frame.left, frame.top},
                              {frame.right - frame.left, frame.bottom - frame.top}};
    scene_add(scene,
              &(struct shape){.kind = SHAPE_RECTS,
                              .stroke = stroke.color,
                              .stroke_pt = stroke.width_pt,
                              .dashed = stroke.dashed},
              points, 2);
}

static void add_line(struct scene *scene, const struct point *points, size_t count,
                     struct stroke stroke)
{
    scene_add(scene,
              &(struct shape){.kind = SHAPE_LINE,
                              .stroke = stroke.color,
                              .stroke_pt = stroke.width_pt,
                              .dashed = stroke.dashed},
              points, count);
}

void mark_rule(struct scene *scene, struct point from, struct point to,
               struct stroke stroke)
{
    add_line(scene, (struct point[]){from, to}, 2, stroke);
}

/* Narrows [*enter, *leave], the visible part of a segment as shares of its length, to one
 * side of the frame; false when nothing is left. (Liang and Barsky, 1984.) */
static bool clip_side(double towards, double distance, double *enter, double *leave)
{
    if (towards == 0)
        return distance >= 0;
    double share = distance / towards;
    if (towards < 0)
        *enter = fmax(*enter, share);
    else
        *leave = fmin(*leave, share);
    return *enter <= *leave;
}

static bool clip_segment(struct frame clip, struct point *from, struct point *to)
{
    double dx = to->x - from->x, dy = to->y - from->y, enter = 0, leave = 1;
    if (!clip_side(-dx, from->x - clip.left, &enter, &leave) ||
        !clip_side(dx, clip.right - from->x, &enter, &leave) ||
        !clip_side(-dy, from->y - clip.top, &enter, &leave) ||
        !clip_side(dy, clip.bottom - from->y, &enter, &leave))
        return false;
    struct point start = *from;
    *from = (struct point){start.x + enter * dx, start.y + enter * dy};
    *to = (struct point){start.x + leave * dx, start.y + leave * dy};
    return true;
}

/* A polyline under construction: runs of what is visible, cut where it leaves the frame
 * or where the buffer is full (the next run then starts where this one ends). */
struct pen {
    struct scene *scene;
    struct stroke stroke;
    size_t count;
    struct point points[512];
};

static void lift(struct pen *pen)
{
    if (pen->count > 1)
        add_line(pen->scene, pen->points, pen->count, pen->stroke);
    pen->count = 0;
}

static bool same(struct point a, struct point b, double within_pt)
{
    return fabs(a.x - b.x) <= within_pt && fabs(a.y - b.y) <= within_pt;
}

static void draw_to(struct pen *pen, struct frame clip, struct point from,
                    struct point to)
{
    if (!clip_segment(clip, &from, &to)) {
        lift(pen);
        return;
    }
    if (pen->count > 0 && !same(pen->points[pen->count - 1], from, 1e-6))
        lift(pen);
    if (pen->count == 0)
        pen->points[pen->count++] = from;
    pen->points[pen->count++] = to;
    if (pen->count == sizeof(pen->points) / sizeof(pen->points[0])) {
        lift(pen);
        pen->points[pen->count++] = to;
    }
}

/* Draws through the points that differ visibly; with corners for a staircase. */
static void draw_through(struct scene *scene, struct frame clip,
                         const struct point *points, size_t count, struct stroke stroke,
                         bool corners)
{
    struct pen pen = {.scene = scene, .stroke = stroke};
    if (count == 0)
        return;
    struct point last = points[0];
    for (size_t i = 1; i < count; i++) {
        if (i + 1 < count && same(points[i], last, visible_pt))
            continue;
        struct point corner = {points[i].x, last.y};
        if (corners && !same(points[i], last, visible_stair_pt)) {
            draw_to(&pen, clip, last, corner);
            last = corner;
        }
        draw_to(&pen, clip, last, points[i]);
        last = points[i];
    }
    lift(&pen);
}

void mark_line(struct scene *scene, struct frame clip, const struct point *points,
               size_t count, struct stroke stroke)
{
    draw_through(scene, clip, points, count, stroke, false);
}

void mark_step(struct scene *scene, struct frame clip, const struct point *points,
               size_t count, struct stroke stroke)
{
    draw_through(scene, clip, points, count, stroke, true);
}

static struct point cut_to(struct frame clip, struct point at)
{
    return (struct point){fmin(fmax(at.x, clip.left), clip.right),
                          fmin(fmax(at.y, clip.top), clip.bottom)};
}

void mark_area(struct scene *scene, struct frame clip, const struct point *upper,
               const struct point *lower, size_t count, struct color fill)
{
    struct point *around = malloc((2 * count + 1) * sizeof(*around));
    size_t kept = 0;
    if (!around) {
        scene->failed = true;
        return;
    }
    for (size_t i = 0; i < 2 * count; i++) {
        struct point at = i < count ? upper[i] : lower[2 * count - 1 - i];
        at = cut_to(clip, at);
        if (kept == 0 || !same(at, around[kept - 1], 0.05))
            around[kept++] = at;
    }
    if (kept > 2)
        scene_add(scene, &(struct shape){.kind = SHAPE_LINE, .fill = fill}, around, kept);
    free(around);
}

void mark_hover(struct scene *scene, struct frame frame)
{
    mark_rect(scene, frame, (struct color){128, 128, 128, 1});
}

void mark_dot(struct scene *scene, struct frame clip, struct point at, double radius_pt,
              struct color fill, struct color edge)
{
    const double slack = 0.01;
    if (at.x < clip.left - slack || at.x > clip.right + slack ||
        at.y < clip.top - slack || at.y > clip.bottom + slack)
        return;
    scene_add(scene,
              &(struct shape){.kind = SHAPE_DOTS,
                              .fill = fill,
                              .stroke = edge,
                              .stroke_pt = radius_pt * 0.45,
                              .size_pt = radius_pt},
              &at, 1);
}

void mark_dots(struct scene *scene, const struct point *places, size_t count,
               double radius_pt, struct color color)
{
    color.alpha = 190;
    if (count > 0)
        scene_add(
            scene,
            &(struct shape){.kind = SHAPE_DOTS, .fill = color, .size_pt = radius_pt},
            places, count);
}

static void add_text(struct scene *scene, const struct label *label, struct text_mark how,
                     bool attached)
{
    if (label->text[0] == '\0')
        return;
    scene_add(scene,
              &(struct shape){.kind = SHAPE_TEXT,
                              .attached = attached,
                              .fill = how.ink,
                              .stroke = how.plate,
                              .stroke_pt = how.style.size_pt * 0.15,
                              .size_pt = how.style.size_pt,
                              .text = (char *)label->text, /* copied */
                              .anchor = how.anchor,
                              .cut = how.style.cut,
                              .bold = how.style.bold,
                              .max_pt = how.max_pt},
              &how.at, 1);
}

void mark_label(struct scene *scene, const struct label *label, struct text_mark how)
{
    add_text(scene, label, how, false);
}

void mark_frame(struct scene *scene, struct frame frame, struct color fill,
                const char *name, const struct label *label, struct text_mark how)
{
    struct point points[2] = {{frame.left, frame.top},
                              {frame.right - frame.left, frame.bottom - frame.top}};
    struct label whole;
    label_name(&whole, name, (struct text_style){.size_pt = 1, .cut = CUT_MIDDLE}, 200);
    scene_add(scene,
              &(struct shape){.kind = SHAPE_RECTS, .fill = fill, .data = whole.text},
              points, 2);
    if (label)
        add_text(scene, label, how, true);
}

void mark_text(struct scene *scene, const char *raw, struct text_mark how)
{
    struct label label;
    label_fit(&label, raw, how.style, how.max_pt);
    mark_label(scene, &label, how);
}

void mark_box(struct scene *scene, const struct box_places *places, struct color fill,
              struct stroke edge)
{
    double half = places->height_pt / 2, y = places->middle_y, cap = half * 0.55;
    double ends[2] = {places->whisker_low, places->whisker_high};
    double sides[2] = {isnan(places->q1) ? places->median : places->q1,
                       isnan(places->q3) ? places->median : places->q3};
    for (int i = 0; i < 2; i++) {
        if (isnan(ends[i]))
            continue;
        mark_rule(scene, (struct point){sides[i], y}, (struct point){ends[i], y}, edge);
        mark_rule(scene, (struct point){ends[i], y - cap},
                  (struct point){ends[i], y + cap}, edge);
    }
    struct frame box = {sides[0], y - half, sides[1], y + half};
    mark_rect(scene, box, fill);
    mark_outline(scene, box, edge);
    struct stroke bar = edge;
    bar.width_pt *= 2.2;
    mark_rule(scene, (struct point){places->median, y - half},
              (struct point){places->median, y + half}, bar);
}
