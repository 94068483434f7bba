/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How the sentences of a report are gathered, and the parts that gather some of them. */
#ifndef REPORT_NOTE_LIST_H
#define REPORT_NOTE_LIST_H

#include "notes.h"

void note_add(struct report *report, enum report_note_kind kind, bool warning,
              const char *format, ...) __attribute__((format(printf, 4, 5)));
void note_add_take(struct report *report, enum report_note_kind kind, bool warning,
                   char *sentence);
/* NULL is fine. */
void note_add_if(struct report *report, enum report_note_kind kind, char *sentence);

/* Whose the outliers are. */
void notes_of_outliers(struct report *report);
/* What was read, what was not, and what was odd about it. */
void notes_of_input(struct report *report);
/* How to take the numbers, and what to do next. */
void notes_of_method(struct report *report);

#endif
