/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "outlier_hours.h"

#include "src/base/mem.h"

#include <math.h>
#include <stdlib.h>

#define TIMES 2.0 /* the rate of the day's other hours */
enum { DAYS_MAX = 4000 };

static struct zone_time local_time(const struct zone *zone, int64_t utc_ns)
{
    int64_t utc_s = utc_ns / 1000000000 - (utc_ns % 1000000000 < 0);

    if (zone)
        return zone_local(zone, utc_s);
    int64_t day = utc_s / 86400 - (utc_s % 86400 < 0);
    return (struct zone_time){.day = day, .second = (int32_t)(utc_s - day * 86400)};
}

void outlier_hours_init(struct outlier_hours *hours, const struct scan *scan,
                        size_t endpoint, const struct zone *zone)
{
    size_t cells = scan_cells(scan, endpoint);

    *hours = (struct outlier_hours){NULL, 0};
    if (cells == 0 || scan_cell_s(scan) > 3600)
        return;
    int64_t first = local_time(zone, scan_cell_utc_ns(scan, endpoint, 0)).day;
    int64_t last = local_time(zone, scan_cell_utc_ns(scan, endpoint, cells - 1)).day;
    if (last - first >= DAYS_MAX)
        return;
    hours->day_count = (size_t)(last - first + 1);
    hours->days = mem_array(hours->day_count, sizeof(*hours->days));
    for (size_t c = 0; c < cells; c++) {
        struct zone_time local = local_time(zone, scan_cell_utc_ns(scan, endpoint, c));
        struct scan_count all = scan_cell(scan, endpoint, c)[SCAN_ALL];
        struct scan_count *to = &hours->days[local.day - first][local.second / 3600];
        to->requests += all.requests;
        to->outliers += all.outliers;
    }
}

void outlier_hours_release(struct outlier_hours *hours)
{
    free(hours->days);
    *hours = (struct outlier_hours){NULL, 0};
}

/* Outliers that an hour of a day would have at the rate of the day's others. */
static double expected_at(const struct scan_count *day, unsigned hour)
{
    double requests = 0, outliers = 0;

    for (unsigned h = 0; h < OUTLIER_HOURS; h++)
        if (h != hour) {
            requests += day[h].requests;
            outliers += day[h].outliers;
        }
    return requests > 0 ? day[hour].requests * outliers / requests : 0;
}

static bool is_high(const struct scan_count *day, unsigned hour)
{
    return day[hour].outliers > 0 && day[hour].outliers > TIMES * expected_at(day, hour);
}

void outlier_hours_judge(const struct outlier_hours *hours, unsigned hour,
                         struct culprit *culprit)
{
    unsigned here = 0, high = 0, elsewhere = 0, high_elsewhere = 0;

    *culprit = (struct culprit){.dimension = SCAN_HOUR, .code = (uint16_t)hour, .p = 1};
    for (size_t d = 0; d < hours->day_count; d++)
        for (unsigned h = 0; h < OUTLIER_HOURS; h++) {
            const struct scan_count *day = hours->days[d];
            culprit->requests_of += day[h].requests;
            culprit->outliers_of += day[h].outliers;
            *(h == hour ? &here : &elsewhere) += day[h].requests > 0;
            *(h == hour ? &high : &high_elsewhere) += is_high(day, h);
            if (h != hour)
                continue;
            culprit->requests += day[h].requests;
            culprit->outliers += day[h].outliers;
            culprit->expected += expected_at(day, h);
        }
    culprit->lift =
        culprit->expected > 0 ? (double)culprit->outliers / culprit->expected : INFINITY;
    if (culprit->outliers < OUTLIER_COUNT_MIN || culprit->lift < TIMES ||
        high < OUTLIER_HOUR_DAYS_MIN)
        return;
    double probability = (high_elsewhere + 1.0) / (elsewhere + 1.0);
    culprit->p = outliers_tail(high, here, probability);
}
