/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Names beside the ends of lines: see side_names.h. */
#include "plots/side_names.h"

#include <math.h>
#include <stdlib.h>

/* Multiples of the base size: from the frame to a name; from one name to the next. */
static const double gap = 1.4, apart = 1.3;

double side_names_room(const struct theme *theme, double widest_pt)
{
    return widest_pt * 1.04 + (gap + 0.2) * theme->base_pt;
}

double side_names_most(const struct theme *theme, double room_pt)
{
    return room_pt - gap * theme->base_pt;
}

static int by_height(const void *a, const void *b)
{
    const struct side_name *left = a, *right = b;
    int order = (left->end.y > right->end.y) - (left->end.y < right->end.y);
    return order != 0 ? order
                      : (left->order > right->order) - (left->order < right->order);
}

/* Pushes names apart downwards, then back up from the bottom. */
static void spread(struct side_name *names, size_t count, double apart_pt,
                   struct frame frame)
{
    for (size_t i = 0; i < count; i++) {
        names[i].y = fmin(fmax(names[i].end.y, frame.top), frame.bottom);
        if (i > 0)
            names[i].y = fmax(names[i].y, names[i - 1].y + apart_pt);
    }
    double lowest = frame.bottom;
    for (size_t i = count; i-- > 0; lowest = names[i].y - apart_pt)
        names[i].y = fmin(names[i].y, lowest);
}

static void draw_rules(struct scene *scene, const struct theme *theme, struct frame frame,
                       const struct side_name *name)
{
    struct point end = {name->end.x, fmin(fmax(name->end.y, frame.top), frame.bottom)};
    struct point turn = {frame.right + 2, end.y};
    struct point at_name = {frame.right + gap * theme->base_pt - 3, name->y};
    struct stroke rule = {name->rule, 0.75, name->end.x < frame.right - 4};
    mark_rule(scene, end, turn, rule);
    rule.dashed = false;
    mark_rule(scene, turn, at_name, rule);
}

void side_names_draw(struct scene *scene, const struct theme *theme, struct frame frame,
                     struct side_name *names, size_t count)
{
    struct color plate = theme->paper;
    plate.alpha = 200; /* lines show through, faintly */
    if (count > 1)
        qsort(names, count, sizeof(names[0]), by_height);
    spread(names, count, theme->base_pt * apart, frame);
    for (size_t i = 0; i < count; i++) {
        const struct side_name *name = &names[i];
        if (!name->plain)
            draw_rules(scene, theme, frame, name);
        mark_label(
            scene, &name->label,
            (struct text_mark){.at = {frame.right + gap * theme->base_pt,
                                      name->y + 0.35 * name->style.size_pt},
                               .style = name->style,
                               .ink = name->ink,
                               .plate = plate,
                               .max_pt = name->label.width_pt * 1.25 + theme->base_pt});
    }
}
