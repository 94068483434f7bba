/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * From values to places on the picture, and the round values ("ticks") that an axis
 * names. Pure functions of their arguments; built for a handful of axes a chart.
 *
 * (The file is called scales, not scale, because src/scale/ has a scale.h already and
 * bare file names are unique.)
 */
#ifndef PLOTS_SCALES_H
#define PLOTS_SCALES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum scale_kind {
    SCALE_LINEAR,
    SCALE_LOG,
    SCALE_NINES, /* shares 0..1; each further nine takes the same room */
    SCALE_BAND,  /* whole numbers 0..n-1, each in the middle of an equal band */
    SCALE_TIME   /* seconds since 1970 UTC, ticks at round local times */
};

/* low < high always, and 0 < low on a log scale: the constructors see to it. */
struct scale {
    enum scale_kind kind;
    double low, high; /* values */
    double from, to;  /* pt; from may be the larger (y grows downwards) */
};

struct tick {
    double value;
    bool named; /* false: a short line without a label */
};

/* A domain that is empty, reversed or not finite is widened to something drawable. */
struct scale scale_linear(double low, double high, double from, double to);
struct scale scale_log(double low, double high, double from, double to);
struct scale scale_nines(double high_share, double from, double to);
struct scale scale_band(size_t bands, double from, double to);
struct scale scale_time(double low_s, double high_s, double from, double to);

/* The place of a value, in pt; may lie outside from..to for values outside low..high.
 * Values that have no place (NaN; 0 and below on a log scale) go to the low end. Always
 * finite. */
double scale_at(const struct scale *scale, double value);

/* Width of one band, in pt. */
double scale_band_pt(const struct scale *scale);

/* Ticks of linear, log and nines scales, ascending and within low..high, with about
 * label_pt of room for each name: linear at 1, 2, 2.5 or 5 × 10^k; log at decades (or
 * every k-th), with 2 and 5 named where there is room and at linear steps where low..high
 * holds no two of these; nines at 0, 50, 90, 99, 99.9 … %. Returns how many, at most
 * room. */
size_t scale_ticks(const struct scale *scale, double label_pt, struct tick *ticks,
                   size_t room);

/* Seconds to add to UTC for local time at an instant. */
typedef long long zone_offset(long long utc_s, const void *zone);

enum time_unit { TIME_SECOND, TIME_MINUTE, TIME_HOUR, TIME_DAY, TIME_MONTH, TIME_YEAR };

struct time_step {
    enum time_unit unit;
    unsigned count; /* ticks every count units; 7 days start on Mondays */
};

/* Ticks of a time scale: round local times (a step of a day is at local midnight on both
 * sides of a DST change). An hour that DST skips gets no tick of its own, one that it
 * repeats gets one. *step tells how to name them. offset NULL: UTC. */
size_t scale_time_ticks(const struct scale *scale, double label_pt, zone_offset *offset,
                        const void *zone, struct tick *ticks, size_t room,
                        struct time_step *step);

/* A civil date (proleptic Gregorian) from days since 1970-01-01, and back. */
struct civil {
    long long year;
    unsigned month, day; /* 1..12, 1..31 */
    unsigned weekday;    /* 0 Monday … 6 Sunday */
};
struct civil civil_from_days(long long days);
long long days_from_civil(long long year, unsigned month, unsigned day);

#endif
