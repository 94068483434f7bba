/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Rules at moments: see time_marks.h. */
#include "plots/time_marks.h"

#include "plots/page.h"

#include <math.h>
#include <stdio.h>

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

static bool is_on(const struct time_mark *mark, const struct scale *time)
{
    return mark->at_s >= time->low && mark->at_s <= time->high;
}

static void draw_rule(struct scene *scene, const struct theme *theme,
                      const struct time_mark *mark, double x, struct frame frame,
                      bool named)
{
    bool change = is_change(mark);
    scene_tip(scene, mark->tip ? mark->tip : mark->name);
    mark_rule(scene, (struct point){x, frame.top}, (struct point){x, frame.bottom},
              (struct stroke){named ? color_of(theme, mark) : theme->muted,
                              change ? 1.5 : 1, change});
    scene_tip(scene, NULL);
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
        if (!is_on(mark, time))
            continue;
        bool named = draw_name(scene, theme, mark, at, frame, &ends[change]);
        unnamed += !named;
        struct frame rule = frame;
        rule.top = at.y + 0.2 * theme->base_pt;
        draw_rule(scene, theme, mark, at.x, rule, named);
    }
    return unnamed;
}

void time_marks_rules(struct scene *scene, const struct theme *theme,
                      const struct scale *time, struct frame frame,
                      const struct time_mark *marks, size_t count)
{
    for (size_t i = 0; i < count && i < TIME_MARKS_MAX; i++)
        if (is_on(&marks[i], time))
            draw_rule(scene, theme, &marks[i], scale_at(time, marks[i].at_s), frame,
                      is_change(&marks[i]));
}

/* --- the note --- */

enum { NOTE_BYTES = TIME_PERIOD_BYTES + 512, WORST_UNNAMED = 9999 };

static void write_note(const struct time_note *note, size_t unnamed,
                       char text[NOTE_BYTES])
{
    char period[TIME_PERIOD_BYTES];
    time_axis_period(note->clock, note->from_s, note->to_s, period);
    int used = snprintf(text, NOTE_BYTES, "%s%.300s", period, note->sentence);
    if (unnamed > 0)
        snprintf(text + used, NOTE_BYTES - (size_t)used,
                 " %zu mark%s no room for a name.", unnamed,
                 unnamed == 1 ? " has" : "s have");
}

struct frame time_note_open(const struct time_note *note, const struct theme *theme,
                            struct frame *inside)
{
    char worst[NOTE_BYTES];
    struct frame foot = *inside;
    write_note(note, WORST_UNNAMED, worst);
    inside->bottom -= page_note_pt(theme, inside, worst);
    return foot;
}

void time_note_draw(const struct time_note *note, struct scene *scene,
                    const struct theme *theme, struct frame foot)
{
    char text[NOTE_BYTES];
    write_note(note, note->unnamed, text);
    page_note(scene, theme, &foot, text);
}
