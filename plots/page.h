/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The sheet that every chart is drawn on: paper, the title that states the finding, the
 * subtitle, notes at the foot, and the sentence that stands there when there is no data.
 */
#ifndef PLOTS_PAGE_H
#define PLOTS_PAGE_H

#include "plots/mark.h"
#include "plots/theme.h"

/* Starts *scene and draws the head. Returns what is left of the sheet for the chart. A
 * title that is too long for two lines is set smaller, then shortened. */
struct frame page_open(struct scene *scene, const struct theme *theme, double height_pt,
                       const char *title, const char *subtitle);

/* Height of the head alone, for charts whose height follows their rows. */
double page_head_pt(const struct theme *theme, const char *title, const char *subtitle);

/* Draws a note at the foot of *inside (NULL or "": nothing) and takes its room away. Call
 * for the last note first. */
void page_note(struct scene *scene, const struct theme *theme, struct frame *inside,
               const char *note);
double page_note_pt(const struct theme *theme, const struct frame *inside,
                    const char *note);

/* Appends to a note of size bytes what has no room in the picture, and how much of all
 * requests it has: " And 160 more endpoints, with 54.2 % of the requests." NULL: "rows";
 * nothing of 0; all 0: not known. */
void page_left_out(char *note, size_t size, size_t count, const char *what,
                   double requests, double all);

/* An empty frame with a sentence in its middle. */
void page_empty(struct scene *scene, const struct theme *theme, struct frame inside,
                const char *sentence);

#endif
