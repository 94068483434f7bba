/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Rules at moments: see time_marks.h. */
#include "plots/time_marks.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* Multiples of the base size: height of a line of names, room between two of them. */
static const double line = 1.35, apart = 0.9, most_name = 12;

static bool is_change(const struct time_mark *mark)
{
    return mark->kind != TIME_MARK_VERSION;
}

static bool has_kind(const struct time_mark *marks, size_t count, bool change)
{
    for (size_t i = 0; i < count; i++)
        if (is_change(&marks[i]) == change)
            return true;
    return false;
}

double time_marks_room(const struct theme *theme, const struct time_mark *marks,
                       size_t count)
{
    int lines = has_kind(marks, count, false) + has_kind(marks, count, true);
    return lines * line * theme->base_pt;
}

static struct color color_of(const struct theme *theme, const struct time_mark *mark)
{
    return mark->kind == TIME_MARK_WORSE    ? theme->worse
           : mark->kind == TIME_MARK_BETTER ? theme->better
                                            : theme->faint;
}

/* Beside the rule, towards the middle where the edge is near. False: it would touch the
 * one before, which ends at *to. */
static bool draw_name(struct scene *scene, const struct theme *theme,
                      const struct time_mark *mark, struct point at, struct frame frame,
                      double *to)
{
    struct text_style style = {theme->base_pt * THEME_SMALL, is_change(mark), CUT_MIDDLE};
    struct label name;
    label_name(&name, mark->name, style, most_name * theme->base_pt);
    double width = name.width_pt * 1.1;
    double left = fmin(fmax(at.x - 1, frame.left), frame.right - width);
    if (left < *to + apart * theme->base_pt || left < frame.left)
        return false;
    *to = left + width;
    mark_label(
        scene, &name,
        (struct text_mark){.at = {left, at.y},
                           .style = style,
                           .ink = is_change(mark) ? color_of(theme, mark) : theme->ink,
                           .max_pt = width});
    return true;
}

size_t time_marks_draw(struct scene *scene, const struct theme *theme,
                       const struct scale *time, struct frame frame,
                       const struct time_mark *marks, size_t count)
{
    size_t unnamed = count > TIME_MARKS_MAX ? count - TIME_MARKS_MAX : 0;
    bool changes = has_kind(marks, count, true);
    double ends[2] = {-INFINITY, -INFINITY};
    for (size_t i = 0; i < count - unnamed; i++) {
        const struct time_mark *mark = &marks[i];
        bool change = is_change(mark);
        double lines_up = !change && changes ? line : 0;
        struct point at = {scale_at(time, mark->at_s),
                           frame.top - (0.35 + lines_up) * theme->base_pt};
        if (!(mark->at_s >= time->low && mark->at_s <= time->high))
            continue;
        bool named = draw_name(scene, theme, mark, at, frame, &ends[change]);
        unnamed += !named;
        scene_tip(scene, mark->tip ? mark->tip : mark->name);
        mark_rule(scene, (struct point){at.x, at.y + 0.2 * theme->base_pt},
                  (struct point){at.x, frame.bottom},
                  (struct stroke){named ? color_of(theme, mark) : theme->muted,
                                  change ? 1.5 : 1, change});
        scene_tip(scene, NULL);
    }
    return unnamed;
}

void time_marks_note(char *note, size_t size, size_t unnamed)
{
    size_t used = strlen(note);
    if (unnamed > 0)
        snprintf(note + used, size - used, " %zu mark%s no room for a name.", unnamed,
                 unnamed == 1 ? " has" : "s have");
}
