/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Any bytes to a label that fits: one line of valid UTF-8 without control or direction
 * characters, shortened with an ellipsis between whole characters.
 *
 * Widths are estimates from a table, not measured with fonts: a layout must be the same
 * on every machine. They are right within a few percent for Noto Sans and err on the wide
 * side elsewhere; what is still too wide is shortened by the renderer. Built for labels
 * and titles; a text of many kB costs no more than its first and last kB.
 */
#ifndef PLOTS_TEXT_H
#define PLOTS_TEXT_H

#include "plots/scene.h"

enum { LABEL_BYTES = 640, TITLE_LINES = 2 };

struct label {
    char text[LABEL_BYTES];
    double width_pt; /* estimate */
};

struct text_style {
    double size_pt;
    bool bold;
    enum cut cut;
};

/* raw may be NULL. The width of the result is at most max_pt, or that of "…" alone. */
void label_fit(struct label *label, const char *raw, struct text_style style,
               double max_pt);

/* The same for a name, which must show: "(no name)" where nothing visible is left. */
void label_name(struct label *label, const char *raw, struct text_style style,
                double max_pt);

/* name, then rest, in at most max_pt; only the name is shortened. A name that is written
 * from right to left does not move the rest. rest is clean and short. */
void label_name_with(struct label *label, const char *raw, const char *rest,
                     struct text_style style, double max_pt);

/* Breaks raw at spaces into at most TITLE_LINES lines; the last one is shortened where
 * that is not enough. Returns how many lines are used, 0 for an empty text. */
size_t label_wrap(struct label lines[TITLE_LINES], const char *raw,
                  struct text_style style, double max_pt);

/* Estimated width of a clean text. */
double text_width(const char *text, struct text_style style);

#endif
