/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Names of times: see time_axis.h. */
#include "plots/time_axis.h"

#include "plots/text.h"

#include <limits.h>
#include <math.h>
#include <stdio.h>

static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

/* A moment on the clock. */
struct wall {
    long long day;
    unsigned hour, minute, second;
};

static struct wall wall_of(const struct wall_clock *clock, double utc_s)
{
    /* as scale_time_ticks: beyond 10,000 years there is nothing to name */
    long long utc = (long long)floor(fmin(fmax(utc_s, -3e11), 3e11));
    long long wall = utc + (clock->offset ? clock->offset(utc, clock->zone) : 0);
    long long second = ((wall % 86400) + 86400) % 86400;
    return (struct wall){(wall - second) / 86400, (unsigned)(second / 3600),
                         (unsigned)(second / 60 % 60), (unsigned)(second % 60)};
}

bool time_is_stretch(double from_s, double to_s)
{
    return isfinite(from_s) && isfinite(to_s) && from_s < to_s;
}

bool time_follows(double before_s, double from_s, double to_s)
{
    return from_s >= before_s && from_s <= before_s + 0.01 * (to_s - from_s);
}

void time_axis_name_day(long long day, struct time_step step, bool with_year,
                        char out[NUMBER_BYTES])
{
    static const char *const weekdays[] = {"Mon", "Tue", "Wed", "Thu",
                                           "Fri", "Sat", "Sun"};
    struct civil civil = civil_from_days(day);
    const char *month = months[civil.month - 1];
    if (step.unit < TIME_MONTH)
        snprintf(out, NUMBER_BYTES, "%s %u %s", weekdays[civil.weekday], civil.day,
                 month);
    else if (step.unit == TIME_YEAR)
        snprintf(out, NUMBER_BYTES, "%lld", civil.year);
    else if (with_year)
        snprintf(out, NUMBER_BYTES, "%s %lld", month, civil.year);
    else
        snprintf(out, NUMBER_BYTES, "%s", month);
}

void time_axis_date(long long day, char out[NUMBER_BYTES])
{
    struct civil civil = civil_from_days(day);
    snprintf(out, NUMBER_BYTES, "%u %s %lld", civil.day, months[civil.month - 1],
             civil.year);
}

static void name_hour(struct wall wall, bool seconds, char out[NUMBER_BYTES])
{
    snprintf(out, NUMBER_BYTES, seconds ? "%02u:%02u:%02u" : "%02u:%02u", wall.hour,
             wall.minute, wall.second);
}

/* Days are named where they begin, hours everywhere else. */
static void name_tick(struct wall wall, struct time_step step, bool first,
                      long long *year, char out[NUMBER_BYTES])
{
    long long its_year = civil_from_days(wall.day).year;
    bool midnight = wall.hour == 0 && wall.minute == 0 && wall.second == 0;
    bool new_year = *year != its_year;
    *year = its_year;
    if (step.unit < TIME_DAY && !midnight)
        name_hour(wall, step.unit == TIME_SECOND, out);
    else if (step.unit <= TIME_DAY && new_year && !first)
        time_axis_date(wall.day, out);
    else
        time_axis_name_day(wall.day, step, new_year, out);
}

void time_axis_init(struct axis *axis, const struct theme *theme, struct scale scale,
                    const struct wall_clock *clock)
{
    struct time_step step;
    long long year = LLONG_MIN;
    *axis = (struct axis){.scale = scale, .side = SIDE_BOTTOM, .grid = true};
    axis->count = scale_time_ticks(&scale, theme->base_pt * 6.2, clock->offset,
                                   clock->zone, axis->ticks, AXIS_TICKS, &step);
    for (size_t i = 0; i < axis->count; i++)
        name_tick(wall_of(clock, axis->ticks[i].value), step, i == 0, &year,
                  axis->names[i]);
}

void time_axis_moment(const struct wall_clock *clock, double utc_s, bool seconds,
                      char out[NUMBER_BYTES])
{
    struct wall wall = wall_of(clock, utc_s);
    char date[NUMBER_BYTES], hour[NUMBER_BYTES];
    time_axis_date(wall.day, date);
    name_hour(wall, seconds, hour);
    snprintf(out, NUMBER_BYTES, "%.28s, %.8s", date, hour);
}

void time_axis_period(const struct wall_clock *clock, double from_s, double to_s,
                      char out[TIME_PERIOD_BYTES])
{
    char from[NUMBER_BYTES], to[NUMBER_BYTES];
    struct label zone;
    bool seconds = to_s - from_s < 300;
    struct wall end = wall_of(clock, to_s);
    time_axis_moment(clock, from_s, seconds, from);
    time_axis_moment(clock, to_s, seconds, to);
    if (wall_of(clock, from_s).day == end.day) /* the date was said */
        name_hour(end, seconds, to);
    label_fit(&zone, clock->zone_name, (struct text_style){.size_pt = 1}, 60);
    snprintf(out, TIME_PERIOD_BYTES, "%s to %s%s%s%s. ", from, to,
             zone.text[0] ? " (" : "", zone.text, zone.text[0] ? ")" : "");
}
