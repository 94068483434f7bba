/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tally.h"

#include <stdlib.h>
#include <string.h>

#include "src/base/mem.h"
#include "src/base/vec.h"

void tally_init(struct tally *tally)
{
    *tally = (struct tally){.bits = (uint8_t)tally_bits(0)};
}

void tally_release(struct tally *tally)
{
    free(tally->entries);
    free(tally->slots);
    free(tally->rows);
    tally_init(tally);
}

unsigned tally_bits(size_t count)
{
    unsigned bits = 4;
    for (size_t limit = 256; bits > 0 && count > limit; limit *= 4)
        bits--;
    return bits;
}

static size_t row_buckets(const struct tally *tally)
{
    return (size_t)tally->page_count << tally->bits;
}

static uint32_t *row(const struct tally *tally, size_t entry)
{
    return tally->rows + entry * row_buckets(tally);
}

static uint32_t saturating_sum(uint32_t a, uint32_t b)
{
    uint32_t sum;
    return __builtin_add_overflow(a, b, &sum) ? UINT32_MAX : sum;
}

/* Lays the rows out anew for another stretch of pages or fewer bits. */
static void relayout(struct tally *tally, unsigned bits, unsigned first_page,
                     unsigned page_count)
{
    struct tally old = *tally;
    tally->bits = (uint8_t)bits;
    tally->first_page = (uint8_t)first_page;
    tally->page_count = (uint8_t)page_count;
    if (page_count == 0)
        return;
    tally->rows = mem_array(tally->room, row_buckets(tally) * sizeof(uint32_t));
    unsigned shift = old.bits - bits;
    size_t offset = (size_t)(old.first_page - first_page) << bits;
    for (size_t entry = 0; old.page_count && entry < old.count; entry++) {
        const uint32_t *from = row(&old, entry);
        uint32_t *to = row(tally, entry) + offset;
        for (size_t i = 0; i < row_buckets(&old); i++)
            to[i >> shift] = saturating_sum(to[i >> shift], from[i]);
    }
    free(old.rows);
}

void tally_reserve(struct tally *tally, unsigned fine_low, unsigned fine_high)
{
    unsigned first = fine_low >> HISTOGRAM_FINE, last = fine_high >> HISTOGRAM_FINE;
    if (tally->page_count) {
        unsigned old_last = tally->first_page + tally->page_count - 1u;
        if (first >= tally->first_page && last <= old_last)
            return;
        first = first < tally->first_page ? first : tally->first_page;
        last = last > old_last ? last : old_last;
    }
    relayout(tally, tally->bits, first, last - first + 1);
}

/* Fibonacci hashing (Knuth, The Art of Computer Programming, volume 3, 6.4). */
static size_t slot_of(const struct tally *tally, uint32_t value)
{
    size_t mask = tally->slot_count - 1;
    size_t at = (size_t)((value * UINT64_C(0x9e3779b97f4a7c15)) >> 32) & mask;
    while (tally->slots[at] && tally->entries[tally->slots[at] - 1].value != value)
        at = (at + 1) & mask;
    return at;
}

static void fill_slots(struct tally *tally, size_t slot_count)
{
    free(tally->slots);
    tally->slot_count = slot_count;
    tally->slots = mem_array(slot_count, sizeof(*tally->slots));
    for (size_t entry = 0; entry < tally->count; entry++)
        tally->slots[slot_of(tally, tally->entries[entry].value)] = (uint32_t)entry + 1;
}

/* Room for one more entry and its row. */
static void grow(struct tally *tally)
{
    if (2 * (tally->count + 1) > tally->slot_count)
        fill_slots(tally, tally->slot_count ? 2 * tally->slot_count : 16);
    if (tally->count < tally->room)
        return;
    size_t old_room = tally->room, row_bytes = row_buckets(tally) * sizeof(uint32_t);
    tally->entries =
        vec_room(tally->entries, &tally->room, tally->count + 1, sizeof(*tally->entries));
    if (row_bytes == 0)
        return;
    tally->rows = mem_resize_array(tally->rows, tally->room, row_bytes);
    memset(row(tally, old_room), 0, (tally->room - old_room) * row_bytes);
}

uint32_t tally_find(const struct tally *tally, uint32_t value)
{
    /* a slot that is free holds 0, and 0 - 1 is TALLY_NONE */
    return tally->count ? tally->slots[slot_of(tally, value)] - 1 : TALLY_NONE;
}

uint32_t tally_entry(struct tally *tally, uint32_t value)
{
    uint32_t found = tally_find(tally, value);
    if (found != TALLY_NONE)
        return found;
    grow(tally);
    uint32_t entry = (uint32_t)tally->count++;
    tally->entries[entry] = (struct tally_entry){
        .value = value, .last_day = TALLY_NO_DAY, .missed = tally->missed_max};
    tally->slots[slot_of(tally, value)] = entry + 1;
    if (tally_bits(tally->count) < tally->bits)
        relayout(tally, tally_bits(tally->count), tally->first_page, tally->page_count);
    return entry;
}

static void add_row(struct tally *to, uint32_t entry, const struct tally *from,
                    size_t from_entry)
{
    const uint32_t *counts = row(from, from_entry);
    uint32_t *sums =
        row(to, entry) + ((size_t)(from->first_page - to->first_page) << to->bits);
    unsigned shift = from->bits - to->bits;
    for (size_t i = 0; i < row_buckets(from); i++)
        sums[i >> shift] = saturating_sum(sums[i >> shift], counts[i]);
}

static void add_entry(struct tally_entry *to, const struct tally_entry *from)
{
    to->requests += from->requests;
    if (__builtin_add_overflow(to->sum_ns, from->sum_ns, &to->sum_ns))
        to->sum_ns = UINT64_MAX;
    to->errors = saturating_sum(to->errors, from->errors);
    to->missed = saturating_sum(to->missed, from->missed);
}

/* Mergeable as Space-Saving is (Agarwal et al. 2013, Mergeable Summaries): a value that
 * one side does not know may have been missed there as often as that side's missed_max.
 */
void tally_merge(struct tally *to, const struct tally *from, const uint32_t *values)
{
    size_t old_count = to->count;
    uint8_t *met = from->missed_max ? mem_array(old_count, 1) : NULL;
    uint32_t *entries = mem_array(from->count, sizeof(*entries));
    for (size_t i = 0; i < from->count; i++) {
        uint32_t value = from->entries[i].value;
        entries[i] = tally_entry(to, values ? values[value] : value);
        add_entry(&to->entries[entries[i]], &from->entries[i]);
        if (met && entries[i] < old_count)
            met[entries[i]] = 1;
    }
    for (size_t i = 0; met && i < old_count; i++)
        if (!met[i])
            to->entries[i].missed =
                saturating_sum(to->entries[i].missed, from->missed_max);
    to->missed_max = saturating_sum(to->missed_max, from->missed_max);
    if (from->page_count) {
        unsigned first = from->first_page, last = first + from->page_count - 1u;
        tally_reserve(to, first << HISTOGRAM_FINE, last << HISTOGRAM_FINE);
        if (from->bits < to->bits)
            relayout(to, from->bits, to->first_page, to->page_count);
        for (size_t i = 0; i < from->count; i++)
            add_row(to, entries[i], from, i);
    }
    free(entries);
    free(met);
    if (to->count > TALLY_ROOM)
        tally_compact(to);
}

static int descending(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x < y) - (x > y);
}

static uint64_t most(const struct tally_entry *entry)
{
    return entry->requests + entry->missed;
}

/* What the TALLY_KEEP-th largest can have had. */
static uint64_t keep_limit(const struct tally *tally)
{
    uint64_t *sorted = mem_array(tally->count, sizeof(*sorted));
    for (size_t i = 0; i < tally->count; i++)
        sorted[i] = most(&tally->entries[i]);
    qsort(sorted, tally->count, sizeof(*sorted), descending);
    uint64_t limit = sorted[TALLY_KEEP - 1];
    free(sorted);
    return limit;
}

void tally_compact(struct tally *tally)
{
    if (tally->count <= TALLY_KEEP)
        return;
    uint64_t limit = keep_limit(tally);
    size_t above = 0, kept = 0, row_bytes = row_buckets(tally) * sizeof(uint32_t);
    for (size_t i = 0; i < tally->count; i++)
        above += most(&tally->entries[i]) > limit;
    size_t equal = TALLY_KEEP - above; /* that many of those at the limit stay */
    for (size_t i = 0; i < tally->count; i++) {
        uint64_t requests = most(&tally->entries[i]);
        if (requests < limit || (requests == limit && equal == 0))
            continue;
        equal -= requests == limit;
        tally->entries[kept] = tally->entries[i];
        if (row_bytes && kept != i)
            memcpy(row(tally, kept), row(tally, i), row_bytes);
        kept++;
    }
    if (row_bytes)
        memset(row(tally, kept), 0, (tally->count - kept) * row_bytes);
    tally->count = kept;
    if (limit > tally->missed_max)
        tally->missed_max = limit > UINT32_MAX ? UINT32_MAX : (uint32_t)limit;
    fill_slots(tally, tally->slot_count);
}

void tally_renumber(struct tally *tally, const uint32_t *new_values)
{
    for (size_t i = 0; i < tally->count; i++)
        tally->entries[i].value = new_values[tally->entries[i].value];
    if (tally->slot_count)
        fill_slots(tally, tally->slot_count);
}

void tally_histogram(const struct tally *tally, uint32_t entry,
                     struct histogram *histogram)
{
    histogram_init(histogram, tally->bits);
    if (tally->page_count == 0)
        return;
    unsigned begin = (unsigned)tally->first_page << tally->bits;
    unsigned end = begin + (unsigned)row_buckets(tally);
    const uint32_t *counts = row(tally, entry);
    while (begin < end && counts[0] == 0)
        begin++, counts++;
    while (begin < end && counts[end - begin - 1] == 0)
        end--;
    if (begin == end)
        return;
    histogram_reserve(histogram, begin, end - 1);
    memcpy(histogram->counts + (begin - histogram_begin(histogram)), counts,
           (end - begin) * sizeof(*counts));
}

void tally_add_histogram(struct tally *tally, uint32_t entry,
                         const struct histogram *histogram)
{
    if (histogram->page_count == 0)
        return;
    unsigned begin = histogram_begin(histogram), end = histogram_end(histogram);
    unsigned shift = HISTOGRAM_FINE - tally->bits;
    tally_reserve(tally, begin << shift, (end - 1) << shift);
    for (unsigned i = begin; i < end; i++) {
        uint32_t *count = tally_count(tally, entry, i << shift);
        *count = saturating_sum(*count, histogram->counts[i - begin]);
    }
}

struct contender {
    uint64_t requests;
    size_t place;
};

static int contender_order(const void *a, const void *b)
{
    const struct contender *x = a, *y = b;
    if (x->requests != y->requests)
        return x->requests < y->requests ? 1 : -1;
    return (x->place > y->place) - (x->place < y->place);
}

void tally_top(const uint64_t *requests, size_t count, size_t keep, uint8_t *flags)
{
    struct contender *all = mem_array(count, sizeof(*all));
    for (size_t i = 0; i < count; i++) {
        all[i] = (struct contender){requests[i], i};
        flags[i] = 0;
    }
    qsort(all, count, sizeof(*all), contender_order);
    for (size_t i = 0; i < keep && i < count; i++)
        flags[all[i].place] = 1;
    free(all);
}
