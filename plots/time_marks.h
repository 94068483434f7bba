/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What happened when: upright rules across a chart over time, with names above the frame,
 * versions in the upper line, changes in the lower one. Names that would touch the one
 * before are left out, and the chart says how many.
 */
#ifndef PLOTS_TIME_MARKS_H
#define PLOTS_TIME_MARKS_H

#include "plots/mark.h"
#include "plots/scales.h"
#include "plots/theme.h"
#include "plots/time_axis.h"

enum { TIME_MARKS_MAX = 64 };

enum time_mark_kind {
    TIME_MARK_VERSION, /* a new version's first request */
    TIME_MARK_WORSE,   /* a change that no version explains */
    TIME_MARK_BETTER
};

struct time_mark {
    double at_s; /* since 1970, UTC; not drawn outside of the axis */
    enum time_mark_kind kind;
    const char *name; /* "1.2", "+34 %"; any bytes */
    const char *tip;  /* said when a reader points at it; NULL: the name */
};

/* Room for the names above the frame. */
double time_marks_room(const struct theme *theme, const struct time_mark *marks,
                       size_t count);

/* Draws the first TIME_MARKS_MAX of marks (ascending in time) across top..bottom of the
 * frame. Returns how many got no name, or were not drawn. */
size_t time_marks_draw(struct scene *scene, const struct theme *theme,
                       const struct scale *time, struct frame frame,
                       const struct time_mark *marks, size_t count);

/* The same rules without names, those of versions fainter, for a chart too small for
 * these. */
void time_marks_rules(struct scene *scene, const struct theme *theme,
                      const struct scale *time, struct frame frame,
                      const struct time_mark *marks, size_t count);

/* The note at the foot of a chart over time: the period, a sentence, and how many marks
 * have no name. That is known only when they are drawn, so the note takes its room for
 * the worst first, and is written afterwards. */
struct time_note {
    const struct wall_clock *clock;
    double from_s, to_s;
    const char *sentence;
    size_t unnamed;
};

/* Takes the room away from *inside. Returns the frame for time_note_draw(). */
struct frame time_note_open(const struct time_note *note, const struct theme *theme,
                            struct frame *inside);
void time_note_draw(const struct time_note *note, struct scene *scene,
                    const struct theme *theme, struct frame foot);

#endif
