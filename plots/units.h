/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Numbers as readers want them, whatever the locale: latencies with the unit that suits,
 * counts with thousands apart, shares in percent.
 */
#ifndef PLOTS_UNITS_H
#define PLOTS_UNITS_H

#include <stdbool.h>

enum { NUMBER_BYTES = 48 };

/* A latency that can be drawn: from a thousandth of a ns to some 30 years. NaN is none.
 */
bool latency_is_known(double ns);

/* 3 significant digits, no idle zeros: "950 ns", "1.25 ms", "60 s". "no value" for NaN.
 */
void latency_text(double ns, char out[NUMBER_BYTES]);

/* "0", "12,345", from a million on "1.23 M", "4.5 G" and so on; fractions with 3 digits.
 */
void count_text(double value, char out[NUMBER_BYTES]);

/* A share 0..1 as "50 %", "99.9 %", "99.999 %". */
void percent_text(double share, char out[NUMBER_BYTES]);

#endif
