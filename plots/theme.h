/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The look of all charts: one base size that everything else is relative to, and colours
 * for a light and a dark page. Colours of names are safe for the colour-blind (tested
 * with simulated protanopia, deuteranopia and tritanopia) and stable: a name has the same
 * colour in every chart, except where two names of one chart would share it.
 */
#ifndef PLOTS_THEME_H
#define PLOTS_THEME_H

#include "plots/scene.h"

enum { THEME_SLOTS = 7, THEME_STEPS = 9, THEME_NAMES = 64 };

/* Size of ticks, values and notes relative to the base size. Few sizes look calmer, and
 * each one costs an SVG its own set of glyphs. */
#define THEME_SMALL 0.9

struct theme {
    double base_pt;             /* size of ordinary text; everything is relative to it */
    double width_pt, height_pt; /* of a whole picture; charts of rows grow in height */
    struct color paper;         /* the background */
    struct color ink;           /* titles, labels */
    struct color faint;         /* secondary text, axis lines */
    struct color grid;
    struct color muted;         /* lines that are there for context */
    struct color missing;       /* cells without data */
    struct color worse, better; /* verdicts: what got slower or fails more, or less */
    struct color slots[THEME_SLOTS]; /* for names */
    struct color steps[THEME_STEPS]; /* for amounts, from none to most */
};

/* 800 × 450 pt, 12 pt text. A caller may change sizes before drawing. */
struct theme theme_light(void);
struct theme theme_dark(void);

/* Colour slots of the names of one chart (at most THEME_NAMES of them). Each name goes to
 * the slot of its hash; where two distinct names meet, the one that is later by bytes
 * takes the next free slot, so the order of names does not matter. From the eighth
 * distinct name on, slots are shared.
 */
void theme_slots(const char *const *names, size_t count, unsigned char *slots);

/* Colour of an amount, 0 none to 1 most; interpolated between the steps. */
struct color theme_amount(const struct theme *theme, double share);

/* Whether two colours are the same but for how much shows through. */
bool color_is(struct color a, struct color b);

/* a moved towards b by share 0..1. */
struct color color_mix(struct color a, struct color b, double share);

#endif
