/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * How numbers look, everywhere: three digits that mean something, the unit behind them,
 * and a dash for what is not known. Never depends on the locale.
 */
#ifndef REPORT_FORMAT_H
#define REPORT_FORMAT_H

#include "src/findings/timezone.h"

#include <stdint.h>

/* By value, so that it can be used in the middle of an expression. */
struct text {
    char s[64];
};

/* "950 ns", "1.25 µs", "12.5 ms", "125 s", "20.8 min", "3.42 h", "5.1 d"; NAN: "–". */
struct text format_duration(double ns);
/* "1 234 567", with a narrow no-break space (U+202F) between the groups. */
struct text format_count(uint64_t count);
/* Of a count that was estimated: "≈ 1 230". NAN: "–". */
struct text format_estimate(double count);
/* What a word ends in that counts so many: "" or "s". */
const char *format_plural(uint64_t count);
/* "12.3 %", "0.04 %", "<0.01 %", "99.99 %" for all but one in a million; NAN: "–". */
struct text format_percent(double share);
/* "12.5/s", "30/min", "2.1/h", "3/d"; NAN: "–". */
struct text format_rate(double per_s);
/* Three significant digits: "0.857"; NAN: "–". */
struct text format_number(double value);
/* A change to ratio times as much: "+12 %", "−3.5 %", "×4.2" from three times on;
 * NAN: "–". */
struct text format_change(double ratio);
/* "GET"; enum fmd_method. */
const char *format_method(unsigned method);
/* "1.5 MB" (powers of 1000). */
struct text format_bytes(uint64_t bytes);

/* "2026-11-23 09:14" in the zone; "2026-11-23"; and for machines, in UTC,
 * "2026-11-23T08:14:05.123456789Z". */
struct text format_moment(const struct zone *zone, int64_t utc_ns);
/* One of a row of moments so far apart: with the seconds, and their thousandths, that
 * tell it from the next. */
struct text format_moment_each(const struct zone *zone, int64_t utc_ns, double apart_s);
/* Now: "2026-11-23 09:14 (Europe/Amsterdam)". */
struct text format_now(const struct zone *zone);
struct text format_day(int64_t day);
struct text format_iso(int64_t utc_ns);
/* "Mon" ... "Sun", from 0. */
const char *format_weekday(int weekday);

#endif
