/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Counts by UTC quarter of an hour, so that usage can be shown in any time zone: requests
 * and errors, kept a day at a time, only the days that have any. Hourly when the summary
 * has more than CALENDAR_QUARTER_DAYS non-empty days, daily beyond CALENDAR_HOUR_DAYS:
 * every time zone of the present has offsets that are multiples of 15 minutes.
 */
#ifndef SUMMARY_CALENDAR_H
#define SUMMARY_CALENDAR_H

#include <stddef.h>
#include <stdint.h>

enum {
    CALENDAR_QUARTER_DAYS = 92, /* non-empty days up to which slots are 15 minutes */
    CALENDAR_HOUR_DAYS = 736    /* ... and up to which they are hours; then days */
};

struct calendar_slot {
    uint32_t requests;
    uint32_t errors; /* status >= 500, or an exception */
};

/* slots: 86400 / slot_s of the summary. */
struct calendar_day {
    int32_t day; /* days since 1970-01-01 UTC */
    struct calendar_slot *slots;
};

/* Days ascend. */
struct calendar {
    struct calendar_day *days;
    uint32_t count, room;
};

#endif
