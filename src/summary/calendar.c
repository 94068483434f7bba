/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "calendar.h"

#include <stdlib.h>

#include "src/base/mem.h"
#include "src/base/vec.h"

uint32_t calendar_slot_s(size_t day_count)
{
    return day_count <= CALENDAR_QUARTER_DAYS ? 900
           : day_count <= CALENDAR_HOUR_DAYS  ? 3600
                                              : CALENDAR_DAY_S;
}

void calendar_release(struct calendar *calendar)
{
    for (size_t i = 0; i < calendar->count; i++)
        free(calendar->days[i].slots);
    free(calendar->days);
    *calendar = (struct calendar){0};
}

struct calendar_slot *calendar_place(struct calendar *calendar, int32_t day,
                                     uint32_t slot_s)
{
    if (calendar->last < calendar->count && calendar->days[calendar->last].day == day)
        return calendar->days[calendar->last].slots;
    size_t low = 0, high = calendar->count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (calendar->days[middle].day < day)
            low = middle + 1;
        else
            high = middle;
    }
    calendar->last = low;
    if (low < calendar->count && calendar->days[low].day == day)
        return calendar->days[low].slots;
    calendar->days = vec_room(calendar->days, &calendar->room, calendar->count + 1,
                              sizeof(*calendar->days));
    vec_hole(calendar->days, calendar->count++, low, sizeof(*calendar->days));
    calendar->days[low] = (struct calendar_day){
        day, mem_array(CALENDAR_DAY_S / slot_s, sizeof(struct calendar_slot))};
    return calendar->days[low].slots;
}

static uint32_t saturating(uint64_t count)
{
    return count > UINT32_MAX ? UINT32_MAX : (uint32_t)count;
}

void calendar_count(struct calendar_slot *slot, uint64_t requests, uint64_t errors)
{
    slot->requests = saturating(slot->requests + requests);
    slot->errors = saturating(slot->errors + errors);
}

static void add_day(struct calendar_slot *to, uint32_t to_s,
                    const struct calendar_slot *from, uint32_t from_s)
{
    for (uint32_t i = 0; i < CALENDAR_DAY_S / from_s; i++)
        calendar_count(&to[i * from_s / to_s], from[i].requests, from[i].errors);
}

void calendar_coarsen(struct calendar *calendar, uint32_t from_s, uint32_t to_s)
{
    for (size_t i = 0; i < calendar->count; i++) {
        struct calendar_slot *coarse = mem_array(CALENDAR_DAY_S / to_s, sizeof(*coarse));
        add_day(coarse, to_s, calendar->days[i].slots, from_s);
        free(calendar->days[i].slots);
        calendar->days[i].slots = coarse;
    }
}

void calendar_merge(struct calendar *calendar, uint32_t slot_s,
                    const struct calendar *from, uint32_t from_slot_s)
{
    for (size_t i = 0; i < from->count; i++)
        add_day(calendar_place(calendar, from->days[i].day, slot_s), slot_s,
                from->days[i].slots, from_slot_s);
}
