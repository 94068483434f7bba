/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Numbers as readers want them, whatever the locale: latencies with the unit that suits,
 * counts with their thousands apart, shares in percent.
 */
#ifndef PLOTS_UNITS_H
#define PLOTS_UNITS_H

#include <stdbool.h>

enum { NUMBER_BYTES = 48 };

/* A latency that can be drawn: from a thousandth of a ns to some 30 years. NaN is none.
 */
bool latency_is_known(double ns);

/* A value, with 3 significant digits: "950 ns", "1.20 ms", "60.0 s". "no value" for NaN.
 */
void latency_text(double ns, char out[NUMBER_BYTES]);

/* A tick, without idle zeros: "1 ms", "2.5 s". */
void latency_tick_text(double ns, char out[NUMBER_BYTES]);

/* "0", "12 345" (narrow no-break spaces, as in the report beside the picture), from a
 * million on "1.23 M", "4.5 G" and so on; fractions with 3 digits. */
void count_text(double value, char out[NUMBER_BYTES]);

/* A share 0..1 as "50 %", "99.9 %", "99.999 %". */
void percent_text(double share, char out[NUMBER_BYTES]);

/* The same with 3 digits, for values that stand below each other: "17.0 %", "0.52 %". */
void share_text(double share, char out[NUMBER_BYTES]);

/* A change to ratio times as much: "+34 %", "−20 %", "0 %", "×3.5" from three times on;
 * "no value" for NaN and below 0. */
void change_text(double ratio, char out[NUMBER_BYTES]);

#endif
