/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Ticks, names and grid lines to shapes: see axis.h. */
#include "plots/axis.h"

#include <math.h>

/* Multiples of the theme's base size. */
static const double gap = 0.6;          /* between frame and names */
static const double title_line = 1.5;   /* height of the title */
static const double name_apart = 0.8;   /* between two names */
static const double half_height = 0.33; /* of a digit, in em of its size */

struct text_style axis_style(const struct theme *theme)
{
    return (struct text_style){.size_pt = theme->base_pt * THEME_SMALL};
}

void axis_init(struct axis *axis, const struct theme *theme, struct scale scale,
               enum side side, void (*name)(double, char[NUMBER_BYTES]))
{
    double label_pt = theme->base_pt * (side == SIDE_LEFT ? 2.4 : 4.5);
    *axis = (struct axis){.scale = scale, .side = side, .grid = true};
    axis->count = scale_ticks(&scale, label_pt, axis->ticks, AXIS_TICKS);
    for (size_t i = 0; i < axis->count; i++)
        if (axis->ticks[i].named)
            name(axis->ticks[i].value, axis->names[i]);
}

double axis_room(const struct axis *axis, const struct theme *theme)
{
    struct text_style style = axis_style(theme);
    if (axis->side == SIDE_BOTTOM)
        return (gap + 1 + (axis->title ? title_line : 0)) * theme->base_pt;
    double widest = 0;
    for (size_t i = 0; i < axis->count; i++)
        widest = fmax(widest, text_width(axis->names[i], style));
    return widest + gap * theme->base_pt;
}

static void draw_grid_line(struct scene *scene, const struct theme *theme,
                           const struct axis *axis, struct frame frame, size_t i)
{
    double at = scale_at(&axis->scale, axis->ticks[i].value);
    struct stroke stroke = {theme->grid, axis->ticks[i].named ? 1 : 0.5, false};
    if (axis->side == SIDE_LEFT)
        mark_rule(scene, (struct point){frame.left, at}, (struct point){frame.right, at},
                  stroke);
    else
        mark_rule(scene, (struct point){at, frame.top}, (struct point){at, frame.bottom},
                  stroke);
}

/* Draws a name unless it would touch [*from, *to], the room of the last one drawn. */
static void draw_name(struct scene *scene, const struct theme *theme,
                      const struct axis *axis, struct frame frame, size_t i, double *from,
                      double *to)
{
    struct text_style style = axis_style(theme);
    double at = scale_at(&axis->scale, axis->ticks[i].value);
    double width = text_width(axis->names[i], style);
    bool left = axis->side == SIDE_LEFT;
    double half = left ? style.size_pt / 2 : width / 2;
    double apart = left ? style.size_pt * 0.2 : theme->base_pt * name_apart;
    if (axis->inside && !left)
        at = fmin(fmax(at, frame.left + half), frame.right - half);
    if (at - half < *to + apart && at + half > *from - apart)
        return;
    *from = at - half;
    *to = at + half;
    struct point left_at = {frame.left - gap * theme->base_pt,
                            at + half_height * style.size_pt};
    struct point bottom_at = {at,
                              frame.bottom + gap * theme->base_pt + 0.8 * style.size_pt};
    mark_text(scene, axis->names[i],
              (struct text_mark){.at = left ? left_at : bottom_at,
                                 .anchor = left ? ANCHOR_END : ANCHOR_MIDDLE,
                                 .style = style,
                                 .ink = theme->faint,
                                 .max_pt = width * 1.3 + theme->base_pt});
}

static void draw_title(struct scene *scene, const struct theme *theme,
                       const struct axis *axis, struct frame frame)
{
    struct text_style style = axis_style(theme);
    bool left = axis->side == SIDE_LEFT;
    double room = axis_room(axis, theme);
    struct point above = {frame.left - room, frame.top - 0.7 * theme->base_pt};
    struct point below = {frame.right, frame.bottom + room};
    mark_text(scene, axis->title,
              (struct text_mark){.at = left ? above : below,
                                 .anchor = left ? ANCHOR_START : ANCHOR_END,
                                 .style = style,
                                 .ink = theme->faint,
                                 .max_pt = frame.right - frame.left});
}

void axis_draw(struct scene *scene, const struct theme *theme, const struct axis *axis,
               struct frame frame)
{
    double from = INFINITY, to = -INFINITY;
    for (int named = 0; named < 2; named++) /* lines of one look are one path of an SVG */
        for (size_t i = 0; i < axis->count; i++)
            if (axis->grid && axis->ticks[i].named == named)
                draw_grid_line(scene, theme, axis, frame, i);
    for (size_t i = 0; i < axis->count; i++)
        if (axis->names[i][0] != '\0')
            draw_name(scene, theme, axis, frame, i, &from, &to);
    if (axis->title)
        draw_title(scene, theme, axis, frame);
}
