/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "adding_values.h"

enum { AT_ONCE = 128 }; /* requests whose entries and rows fit the first-level cache */

/* Requests with a value: its entry in the tally, the place of its count in the rows, and
 * which of the batch they are. */
struct counted {
    uint32_t entry[AT_ONCE], count_at[AT_ONCE];
    uint16_t place[AT_ONCE];
    unsigned count;
};

struct adding {
    struct source_map *map;
    struct source_version *version;
    enum summary_dimension dimension;
    const uint32_t *ids; /* of the batch */
    const struct value_requests *requests;
    struct tally *tally;
};

/* First request of a value in a version on a day that is not the value's last. */
static void see_visitor(const struct adding *adding, struct tally_entry *entry)
{
    struct summary *summary = adding->map->summary;
    struct visitors *of_version = adding->version->version->visitors;
    int32_t day = adding->requests->day;
    uint64_t hash = summary->names[adding->dimension].keys[entry->value].hash;
    entry->last_day = day;
    distinct_add(&visitors_place(&summary->visitors, day)->values[adding->dimension],
                 hash);
    distinct_add(&visitors_place(of_version, day)->values[adding->dimension], hash);
}

static uint32_t entry_of(const struct adding *adding, uint32_t id)
{
    const uint32_t *known = adding->version->entries[adding->dimension];
    uint32_t at = id < adding->map->values[adding->dimension].room ? known[id] : 0;
    if (__builtin_expect(at == 0, 0))
        at = source_map_entry(adding->map, adding->version, adding->dimension, id);
    return at - 1;
}

/* Finds entries and counts, and asks for their memory, which is far away. False when the
 * rows were laid out anew on the way, as there are more values now. */
static bool find_counts(const struct adding *adding, unsigned first, unsigned end,
                        struct counted *counted)
{
    const struct tally *tally = adding->tally;
    const uint16_t *places = adding->requests->places;
    const uint16_t *bucket = adding->map->work.bucket;
    const unsigned bits = tally->bits, shift = HISTOGRAM_FINE - bits;
    const uint32_t row_begin = (uint32_t)tally->first_page << bits;
    const uint32_t width = (uint32_t)tally->page_count << bits;
    unsigned count = 0;
    for (unsigned i = first; i < end; i++) {
        unsigned place = places[i];
        uint32_t id = adding->ids[place];
        if (id == 0)
            continue;
        uint32_t entry = entry_of(adding, id);
        uint32_t at = entry * width + (bucket[place] >> shift) - row_begin;
        __builtin_prefetch(&tally->entries[entry], 1);
        __builtin_prefetch(&tally->rows[at], 1);
        counted->entry[count] = entry;
        counted->count_at[count] = at;
        counted->place[count++] = (uint16_t)place;
    }
    counted->count = count;
    return tally->bits == bits;
}

static void add_to_counts(const struct adding *adding, const struct counted *counted)
{
    const uint64_t *duration_ns = adding->requests->events->duration_ns;
    struct tally_entry *entries = adding->tally->entries;
    uint32_t *rows = adding->tally->rows;
    int32_t day = adding->requests->day;
    for (unsigned i = 0; i < counted->count; i++) {
        struct tally_entry *entry = &entries[counted->entry[i]];
        uint64_t ns = duration_ns[counted->place[i]];
        ns = ns < HISTOGRAM_MAX_NS ? ns : HISTOGRAM_MAX_NS;
        entry->requests++;
        if (__builtin_add_overflow(entry->sum_ns, ns, &entry->sum_ns))
            entry->sum_ns = UINT64_MAX;
        histogram_count(&rows[counted->count_at[i]]);
        if (__builtin_expect(entry->last_day != day, 0))
            see_visitor(adding, entry);
    }
}

static void add_errors(const struct adding *adding)
{
    const struct value_requests *requests = adding->requests;
    for (unsigned i = 0; i < requests->failed_count; i++) {
        uint32_t id = adding->ids[requests->failed[i]];
        if (id)
            histogram_count(&adding->tally->entries[entry_of(adding, id)].errors);
    }
}

static void add_dimension(struct source_map *map, size_t version,
                          enum summary_dimension dimension, const uint32_t *ids,
                          const struct value_requests *requests)
{
    struct counted counted;
    struct adding adding = {
        map,       &map->versions[version],
        dimension, ids,
        requests,  map->versions[version].version->tallies[dimension]};
    tally_reserve(adding.tally, histogram_fine_bucket(requests->min_ns),
                  histogram_fine_bucket(requests->max_ns));
    for (unsigned first = 0; first < requests->count; first += AT_ONCE) {
        unsigned left = requests->count - first;
        unsigned end = first + (left < AT_ONCE ? left : AT_ONCE);
        while (!find_counts(&adding, first, end, &counted))
            ;
        add_to_counts(&adding, &counted);
    }
    add_errors(&adding);
}

void adding_values(struct source_map *map, size_t version,
                   const struct value_requests *requests)
{
    const struct events *events = requests->events;
    if (events->group)
        add_dimension(map, version, SUMMARY_GROUP, events->group, requests);
    if (events->address)
        add_dimension(map, version, SUMMARY_ADDRESS, events->address, requests);
}
