/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "period.h"

#include "inside.h"

#define QUARTER_NS INT64_C(900000000000)
enum { DAY_QUARTERS = 96 };

static int64_t later(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static int64_t earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int64_t quarter_of(int64_t utc_ns)
{
    return utc_ns / QUARTER_NS - (utc_ns % QUARTER_NS < 0);
}

int32_t period_day(int64_t utc_ns)
{
    int64_t quarter = quarter_of(utc_ns);
    return (int32_t)(quarter / DAY_QUARTERS - (quarter % DAY_QUARTERS < 0));
}

static bool holds(const struct period *period, const struct summary *summary,
                  const struct summary_cell *cell, int64_t utc_ns)
{
    return period->slot_s == summary->slot_s &&
           period->grid_changes == cell->version->grid.changes &&
           period->series_changes == cell->endpoint->grid.changes &&
           period->first_ns <= utc_ns && utc_ns <= period->last_ns;
}

/* What is kept by the hour of the day and by quarters of an hour. */
static void find_hours(struct period *period, struct summary *summary,
                       struct summary_cell *cell, int64_t utc_ns)
{
    int64_t quarter = quarter_of(utc_ns);
    int32_t day = period_day(utc_ns);
    unsigned of_day = (unsigned)(quarter - (int64_t)day * DAY_QUARTERS);
    period->day = summary_day_of(summary, day);
    period->slot_s = summary->slot_s;
    period->slot = calendar_place(&cell->calendar, period->day, period->slot_s) +
                   of_day * 900 / period->slot_s;
    period->hour = &cell->hours[of_day / 4];
    if (__builtin_mul_overflow(quarter, QUARTER_NS, &period->first_ns))
        period->first_ns = INT64_MIN;
    if (__builtin_add_overflow(period->first_ns, QUARTER_NS - 1, &period->last_ns))
        period->last_ns = INT64_MAX;
}

static void shorten(struct period *period, const struct timegrid *grid, unsigned i)
{
    period->first_ns = later(period->first_ns, timegrid_first_ns(grid, i));
    period->last_ns = earlier(period->last_ns, timegrid_last_ns(grid, i));
}

void period_find(struct period *period, struct summary *summary,
                 struct summary_cell *cell, int64_t utc_ns)
{
    if (holds(period, summary, cell, utc_ns))
        return;
    struct timegrid *grid = &cell->version->grid, *series = &cell->endpoint->grid;
    unsigned block = timegrid_place(grid, utc_ns);
    unsigned series_block = timegrid_place(series, utc_ns);
    find_hours(period, summary, cell, utc_ns);
    shorten(period, grid, block);
    shorten(period, series, series_block);
    period->block = &cell->blocks[block];
    period->series = &cell->endpoint->series[series_block];
    period->grid_changes = grid->changes;
    period->series_changes = series->changes;
}
