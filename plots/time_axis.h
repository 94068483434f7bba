/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Civil time along the foot of a chart, in whatever zone the caller keeps: names of ticks
 * from seconds to years, the day where a day begins, the year where a year does. One axis
 * a chart.
 */
#ifndef PLOTS_TIME_AXIS_H
#define PLOTS_TIME_AXIS_H

#include "plots/axis.h"

/* Whose clock is shown. */
struct wall_clock {
    const char *zone_name; /* "Europe/Berlin"; any bytes; NULL: none is named */
    zone_offset *offset;   /* NULL: UTC */
    const void *zone;      /* for offset */
};

/* Fills ticks and names of a time scale. */
void time_axis_init(struct axis *axis, const struct theme *theme, struct scale scale,
                    const struct wall_clock *clock);

/* Whether [from_s, to_s) can be drawn; and whether it follows what ended at before_s
 * without a gap. */
bool time_is_stretch(double from_s, double to_s);
bool time_follows(double before_s, double from_s, double to_s);

/* "Tue 3 Mar" for steps of days, "Mar" of months (with the year where it begins or
 * changes), "2026" of years. */
void time_axis_name_day(long long day, struct time_step step, bool with_year,
                        char out[NUMBER_BYTES]);

/* "3 Mar 2026, 14:05 to 5 Mar 2026, 09:00 (Europe/Berlin). ": what a note says, since
 * ticks have no room for it. */
enum { TIME_PERIOD_BYTES = 768 };
void time_axis_period(const struct wall_clock *clock, double from_s, double to_s,
                      char out[TIME_PERIOD_BYTES]);

/* "3 Mar 2026, 14:05" (with seconds where asked for). */
void time_axis_moment(const struct wall_clock *clock, double utc_s, bool seconds,
                      char out[NUMBER_BYTES]);

/* "3 Mar 2026". */
void time_axis_date(long long day, char out[NUMBER_BYTES]);

#endif
