/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Counts by UTC quarter of an hour, so that usage can be shown in any time zone: requests
 * and errors, a day at a time, only the days that have any. Slots become hours when the
 * whole summary has more than CALENDAR_QUARTER_DAYS days with requests, and days beyond
 * CALENDAR_HOUR_DAYS. (All zones of the present have offsets of multiples of 15 minutes.)
 */
#ifndef SUMMARY_CALENDAR_H
#define SUMMARY_CALENDAR_H

#include <stddef.h>
#include <stdint.h>

enum {
    CALENDAR_DAY_S = 86400,
    CALENDAR_QUARTER_DAYS = 92, /* days with requests up to which slots are 15 minutes */
    CALENDAR_HOUR_DAYS = 736    /* ... and up to which they are hours; then days */
};

struct calendar_slot {
    uint32_t requests; /* stays at UINT32_MAX once there */
    uint32_t errors;   /* status >= 500, or an exception; the same */
};

struct calendar_day {
    int32_t day;                 /* days since 1970-01-01 UTC */
    struct calendar_slot *slots; /* CALENDAR_DAY_S / slot_s of the summary */
};

/* Days ascend. */
struct calendar {
    struct calendar_day *days;
    size_t count, room;
    size_t last; /* found last: a hint */
};

/* Length of a slot for so many days with requests. */
uint32_t calendar_slot_s(size_t day_count);

void calendar_release(struct calendar *calendar);
/* The slots of a day, made when there are none. */
struct calendar_slot *calendar_place(struct calendar *calendar, int32_t day,
                                     uint32_t slot_s);
void calendar_count(struct calendar_slot *slot, uint64_t requests, uint64_t errors);
/* From slots of one length to slots of a multiple of it. */
void calendar_coarsen(struct calendar *calendar, uint32_t from_s, uint32_t to_s);
/* from's slots are from_slot_s long, a divisor of slot_s. */
void calendar_merge(struct calendar *calendar, uint32_t slot_s,
                    const struct calendar *from, uint32_t from_slot_s);

#endif
