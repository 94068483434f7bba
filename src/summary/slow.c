/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "slow.h"

#include <stdlib.h>

#include "histogram.h"
#include "src/base/mem.h"
#include "src/base/vec.h"

void slow_init(struct slow *slow)
{
    *slow = (struct slow){.share_floor = -1};
}

void slow_release(struct slow *slow)
{
    free(slow->kept);
    free(slow->shared);
    slow_init(slow);
}

#define ORDER(a, b) (((a) > (b)) - ((a) < (b)))

int slow_compare(const struct slow_entry *a, const struct slow_entry *b)
{
    int order = ORDER(b->duration_ns, a->duration_ns);
    order = order ? order : ORDER(a->start_utc_ns, b->start_utc_ns);
    order = order ? order : ORDER(a->process, b->process);
    return order ? order : ORDER(a->sequence, b->sequence);
}

static void keep(struct slow *slow, const struct slow_entry *entry)
{
    size_t low = 0, high = slow->kept_count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (slow_compare(&slow->kept[middle], entry) <= 0)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == SLOW_KEPT)
        return;
    if (slow->kept_count == SLOW_KEPT)
        slow->kept_count--;
    slow->kept =
        vec_room(slow->kept, &slow->kept_room, slow->kept_count + 1, sizeof(*entry));
    vec_hole(slow->kept, slow->kept_count++, low, sizeof(*entry));
    slow->kept[low] = *entry;
}

/* Drops what lies in buckets <= floor. */
static void raise_floor(struct slow *slow, int floor)
{
    if (floor <= slow->share_floor)
        return;
    size_t left = 0;
    for (size_t i = 0; i < slow->shared_count; i++)
        if (slow->shared[i].bucket > floor)
            slow->shared[left++] = slow->shared[i];
    slow->shared_count = left;
    slow->share_floor = floor;
}

int slow_share_floor(const struct slow *slow)
{
    if (slow->shared_count < SLOW_SHARED)
        return slow->share_floor;
    uint16_t counts[HISTOGRAM_FINE_BUCKETS] = {0};
    for (size_t i = 0; i < slow->shared_count; i++)
        counts[slow->shared[i].bucket]++;
    int floor = HISTOGRAM_FINE_BUCKETS - 1;
    for (unsigned above = counts[floor]; above < SLOW_SHARED; above += counts[floor])
        floor--;
    return floor;
}

/* Twice as many may wait, so that the floor is looked for rarely. */
static void share(struct slow *slow, const struct slow_share *one)
{
    if (one->bucket <= slow->share_floor)
        return;
    slow->shared =
        vec_room(slow->shared, &slow->shared_room, slow->shared_count + 1, sizeof(*one));
    slow->shared[slow->shared_count++] = *one;
    if (slow->shared_count >= 2 * SLOW_SHARED)
        raise_floor(slow, slow_share_floor(slow));
}

void slow_update_floor(struct slow *slow)
{
    uint64_t kept_ns =
        slow->kept_count < SLOW_KEPT ? 0 : slow->kept[SLOW_KEPT - 1].duration_ns;
    uint64_t share_ns =
        histogram_low_ns(HISTOGRAM_FINE, (unsigned)(slow->share_floor + 1));
    slow->floor_ns = kept_ns < share_ns ? kept_ns : share_ns;
}

void slow_add(struct slow *slow, const struct slow_entry *entry, unsigned bucket)
{
    keep(slow, entry);
    share(slow,
          &(struct slow_share){{entry->values[0], entry->values[1]}, (uint16_t)bucket});
    slow_update_floor(slow);
}

static uint32_t renumbered(uint32_t value, const uint32_t *new_values)
{
    return value && new_values ? new_values[value - 1] + 1 : value;
}

void slow_merge(struct slow *to, const struct slow *from,
                const uint32_t *const new_values[2])
{
    for (size_t i = 0; i < from->kept_count; i++) {
        struct slow_entry entry = from->kept[i];
        for (int d = 0; d < 2; d++)
            entry.values[d] = renumbered(entry.values[d], new_values[d]);
        keep(to, &entry);
    }
    raise_floor(to, from->share_floor);
    for (size_t i = 0; i < from->shared_count; i++) {
        struct slow_share one = from->shared[i];
        for (int d = 0; d < 2; d++)
            one.values[d] = renumbered(one.values[d], new_values[d]);
        share(to, &one);
    }
    slow_update_floor(to);
}

void slow_mark(const struct slow *slow, int dimension, uint32_t *marks)
{
    for (size_t i = 0; i < slow->kept_count; i++)
        if (slow->kept[i].values[dimension])
            marks[slow->kept[i].values[dimension] - 1] = 1;
    for (size_t i = 0; i < slow->shared_count; i++)
        if (slow->shared[i].values[dimension])
            marks[slow->shared[i].values[dimension] - 1] = 1;
}

void slow_renumber(struct slow *slow, int dimension, const uint32_t *new_values)
{
    for (size_t i = 0; i < slow->kept_count; i++) {
        uint32_t *value = &slow->kept[i].values[dimension];
        *value = renumbered(*value, new_values);
    }
    for (size_t i = 0; i < slow->shared_count; i++) {
        uint32_t *value = &slow->shared[i].values[dimension];
        *value = renumbered(*value, new_values);
    }
}
