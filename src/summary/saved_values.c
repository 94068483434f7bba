/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Groups and addresses in a saved summary: names, what is known of each, visitors. */
#include <stdlib.h>
#include <string.h>

#include "saved_form.h"
#include "src/base/mem.h"

enum { OLD_VALUE_HISTOGRAMS = 256 };

/* --- names ------------------------------------------------------------------------- */

struct ranked {
    struct name name;
    uint32_t number;
};

static int ranked_order(const void *a, const void *b)
{
    const struct ranked *x = a, *y = b;
    return name_compare(x->name, y->name);
}

void save_names(struct saving *saving, int d)
{
    const struct map *names = &saving->summary->names[d];
    uint32_t *ranks = summary_mark_names(saving->summary, d);
    struct ranked *ranked = mem_array(names->count, sizeof(*ranked));
    size_t count = 0;
    for (uint32_t i = 0; i < names->count; i++)
        if (ranks[i])
            ranked[count++] =
                (struct ranked){{names->keys[i].bytes, names->keys[i].length}, i};
    qsort(ranked, count, sizeof(*ranked), ranked_order);
    pack_number(saving->out, count);
    for (uint32_t i = 0; i < count; i++) {
        ranks[ranked[i].number] = i;
        pack_name(saving->out, ranked[i].name);
    }
    saving->ranks[d] = ranks;
    free(ranked);
}

void load_names(struct loading *loading, int d)
{
    size_t count = unpack_count(&loading->in, MAP_NONE - 1);
    struct name before = {"", 0};
    for (size_t i = 0; i < count; i++) {
        struct name name = unpack_name(&loading->in);
        if (!require(loading, i == 0 || name_compare(before, name) < 0))
            return;
        map_add(&loading->summary->names[d], name.bytes, name.length);
        before = name;
    }
    loading->name_counts[d] = count;
}

/* --- values of a version -------------------------------------------------------------
 */

struct placed {
    uint32_t rank, entry;
};

static int placed_order(const void *a, const void *b)
{
    const struct placed *x = a, *y = b;
    return (x->rank > y->rank) - (x->rank < y->rank);
}

/* Entries in the order of their names. */
static struct placed *placed_entries(const struct tally *tally, const uint32_t *ranks)
{
    struct placed *placed = mem_array(tally->count, sizeof(*placed));
    for (uint32_t i = 0; i < tally->count; i++)
        placed[i] = (struct placed){ranks[tally->entries[i].value], i};
    qsort(placed, tally->count, sizeof(*placed), placed_order);
    return placed;
}

/* What a value's durations add up to by its histogram, each in the middle of its bucket.
 */
static uint64_t sum_by_histogram(const struct histogram *histogram)
{
    uint64_t sum_ns = 0;
    unsigned begin = histogram_begin(histogram), end = histogram_end(histogram);
    for (unsigned i = begin; i < end; i++)
        sum_ns += (histogram_low_ns(histogram->bits, i) +
                   histogram_high_ns(histogram->bits, i)) /
                  2 * histogram->counts[i - begin];
    return sum_ns;
}

/* Histograms of all values, and how far the sum of durations is from what they say. */
static void save_durations(const struct saving *saving, const struct tally *tally,
                           const struct placed *placed)
{
    save_expecting_nothing(saving);
    for (size_t i = 0; i < tally->count; i++) {
        const struct tally_entry *entry = &tally->entries[placed[i].entry];
        struct histogram histogram;
        tally_histogram(tally, placed[i].entry, &histogram);
        save_histogram(saving, &histogram, entry->requests);
        save_difference(saving, KIND_VALUE_SUM, counts_context(entry->requests),
                        (int64_t)(entry->sum_ns - sum_by_histogram(&histogram)));
        histogram_release(&histogram);
    }
}

static void load_durations(struct loading *loading, struct tally *tally)
{
    load_expecting_nothing(loading);
    for (uint32_t i = 0; i < tally->count && !loading->in.bad; i++) {
        struct tally_entry *entry = &tally->entries[i];
        struct histogram histogram;
        histogram_init(&histogram, tally->bits);
        load_histogram(loading, &histogram, entry->requests);
        entry->sum_ns = sum_by_histogram(&histogram) +
                        (uint64_t)load_difference(loading, KIND_VALUE_SUM,
                                                  counts_context(entry->requests));
        require(loading, value_agrees(entry, &histogram));
        tally_add_histogram(tally, i, &histogram);
        histogram_release(&histogram);
    }
}

/* Formats up to 3 have histograms of the most frequent values only. */
static void load_old_histograms(struct loading *loading, struct tally *tally)
{
    uint64_t *requests = mem_array(tally->count, sizeof(*requests));
    uint8_t *top = mem_array(tally->count, 1);
    for (size_t i = 0; i < tally->count; i++)
        requests[i] = tally->entries[i].requests;
    tally_top(requests, tally->count, OLD_VALUE_HISTOGRAMS, top);
    load_expecting_nothing(loading);
    for (uint32_t i = 0; i < tally->count && !loading->in.bad; i++) {
        if (!top[i])
            continue;
        struct histogram histogram;
        histogram_init(&histogram, tally->bits);
        load_histogram(loading, &histogram, requests[i]);
        require(loading, value_agrees(&tally->entries[i], &histogram));
        tally_add_histogram(tally, i, &histogram);
        histogram_release(&histogram);
    }
    free(requests);
    free(top);
}

void save_tally(const struct saving *saving, const struct tally *tally,
                const uint32_t *ranks)
{
    struct placed *placed = placed_entries(tally, ranks);
    uint32_t next = 0;
    pack_number(saving->out, tally->missed_max);
    pack_number(saving->out, tally->count);
    for (size_t i = 0; i < tally->count; i++) {
        const struct tally_entry *entry = &tally->entries[placed[i].entry];
        save_number(saving, KIND_RANK_STEP, 0, placed[i].rank - next);
        save_number(saving, KIND_VALUE_REQUESTS, 0, entry->requests);
        save_number(saving, KIND_VALUE_ERRORS, counts_context(entry->requests),
                    entry->errors);
        save_number(saving, KIND_VALUE_MISSED, 0, entry->missed);
        next = placed[i].rank + 1;
    }
    save_durations(saving, tally, placed);
    free(placed);
}

static void load_entry(struct loading *loading, struct tally_entry *entry)
{
    entry->requests = load_number(loading, KIND_VALUE_REQUESTS, 0, UINT64_MAX);
    if (loading->old)
        entry->sum_ns = unpack_number(&loading->in);
    entry->errors = (uint32_t)load_number(loading, KIND_VALUE_ERRORS,
                                          counts_context(entry->requests), UINT32_MAX);
    entry->missed = (uint32_t)load_number(loading, KIND_VALUE_MISSED, 0, UINT32_MAX);
}

/* missed_max is set last: new entries begin with it. */
void load_tally(struct loading *loading, struct tally *tally, size_t name_count)
{
    uint32_t missed_max = (uint32_t)unpack_limited(&loading->in, UINT32_MAX);
    size_t count = (size_t)unpack_limited(&loading->in, TALLY_ROOM);
    uint64_t next = 0;
    if (!require(loading, count <= name_count && count <= loading->values_left))
        return;
    loading->values_left -= count;
    for (size_t i = 0; i < count; i++) {
        uint64_t rank = next + load_number(loading, KIND_RANK_STEP, 0, UINT32_MAX);
        if (!require(loading, rank < name_count))
            return;
        uint32_t entry = tally_entry(tally, (uint32_t)rank); /* may move the others */
        load_entry(loading, &tally->entries[entry]);
        next = rank + 1;
    }
    tally->missed_max = missed_max;
    if (loading->old)
        load_old_histograms(loading, tally);
    else
        load_durations(loading, tally);
}

/* --- visitors ---------------------------------------------------------------------- */

static void save_distinct(struct str *out, const struct distinct *distinct)
{
    pack_number(out, distinct->registers ? DISTINCT_EXACT + 1 : distinct->count);
    for (size_t i = 0; i < distinct->count; i++)
        pack_fixed(out, distinct->hashes[i]);
    if (distinct->registers)
        str_add(out, distinct->registers, DISTINCT_REGISTERS);
}

void save_visitors(struct str *out, const struct visitors *visitors)
{
    int64_t *days = mem_array(visitors->count, sizeof(*days));
    for (size_t i = 0; i < visitors->count; i++)
        days[i] = visitors->days[i].day;
    pack_number(out, visitors->count);
    pack_ascending(out, days, visitors->count);
    for (size_t i = 0; i < visitors->count; i++)
        for (int d = 0; d < SUMMARY_DIMENSIONS; d++)
            save_distinct(out, &visitors->days[i].values[d]);
    free(days);
}

static void load_distinct(struct loading *loading, struct distinct *distinct)
{
    struct unpacking *in = &loading->in;
    size_t count = unpack_count(in, DISTINCT_EXACT + 1);
    if (count == DISTINCT_EXACT + 1) {
        if (!require(loading, in->end - in->at >= DISTINCT_REGISTERS))
            return;
        distinct->registers = mem_array(DISTINCT_REGISTERS, 1);
        memcpy(distinct->registers, in->at, DISTINCT_REGISTERS);
        in->at += DISTINCT_REGISTERS;
        for (size_t i = 0; i < DISTINCT_REGISTERS; i++)
            require(loading, distinct->registers[i] <= DISTINCT_RANK_MAX);
        return;
    }
    uint64_t before = 0;
    for (size_t i = 0; i < count; i++) {
        uint64_t hash = unpack_fixed(in);
        if (!require(loading, i == 0 || hash > before))
            return;
        distinct_add(distinct, hash);
        before = hash;
    }
}

void load_visitors(struct loading *loading, struct visitors *visitors)
{
    size_t count;
    int64_t *days = load_days(loading, &count);
    for (size_t i = 0; i < count && !loading->in.bad; i++)
        for (int d = 0; d < SUMMARY_DIMENSIONS; d++)
            load_distinct(loading,
                          &visitors_place(visitors, (int32_t)days[i])->values[d]);
    free(days);
}
