/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What findings ask: sorted, independent of the order of adding.
 */
#include <stdlib.h>

#include "filter.h"
#include "inside.h"
#include "src/base/mem.h"

struct summary_totals summary_totals(const struct summary *summary)
{
    struct summary_totals totals = {.requests = summary->requests,
                                    .undefined = summary->undefined,
                                    .other = summary->other,
                                    .first_utc_ns = summary->first_utc_ns,
                                    .last_utc_ns = summary->last_utc_ns,
                                    .slot_s = summary->slot_s};
    for (size_t i = 0; i < summary->endpoint_count; i++)
        for (size_t k = 0; k < summary->endpoints[i]->cell_count; k++)
            totals.clamped += summary->endpoints[i]->cells[k]->clamped;
    totals.left_out = summary->left_out;
    totals.beside_left_out = summary->beside_left_out;
    totals.seen_first_utc_ns = summary->seen_first_utc_ns;
    totals.seen_last_utc_ns = summary->seen_last_utc_ns;
    return totals;
}

bool summary_filters(const struct summary *summary)
{
    return summary->filter && filter_is_set(summary->filter);
}

size_t summary_endpoints(const struct summary *summary,
                         struct summary_endpoint *const **endpoints)
{
    *endpoints = summary->endpoints;
    return summary->endpoint_count;
}

size_t summary_versions(const struct summary *summary,
                        struct summary_version *const **versions)
{
    *versions = summary->versions;
    return summary->version_count;
}

size_t summary_runs(const struct summary *summary, struct summary_run *const **runs)
{
    *runs = summary->runs;
    return summary->run_count;
}

size_t summary_days(const struct summary *summary, const int32_t **days)
{
    *days = summary->days;
    return summary->day_count;
}

static struct name name_of(const struct summary *summary, int dimension, uint32_t number)
{
    const struct map_key *key = &summary->names[dimension].keys[number];
    return (struct name){key->bytes, key->length};
}

/* --- slow requests ------------------------------------------------------------------ */

static struct name slow_name(const struct summary *summary, int dimension,
                             const struct slow_entry *entry)
{
    uint32_t value = entry->values[dimension];
    return value ? name_of(summary, dimension, value - 1) : (struct name){"", 0};
}

size_t summary_slowest(const struct summary *summary, const struct summary_cell *cell,
                       struct slow_request out[SUMMARY_SLOWEST])
{
    for (size_t i = 0; i < cell->slow->kept_count; i++) {
        const struct slow_entry *entry = &cell->slow->kept[i];
        out[i] =
            (struct slow_request){.duration_ns = entry->duration_ns,
                                  .start_utc_ns = entry->start_utc_ns,
                                  .process = entry->process,
                                  .sequence = entry->sequence,
                                  .group = slow_name(summary, SUMMARY_GROUP, entry),
                                  .address = slow_name(summary, SUMMARY_ADDRESS, entry),
                                  .first_byte_ns = entry->first_byte_ns,
                                  .view_ns = entry->view_ns,
                                  .status = entry->status,
                                  .method = entry->method,
                                  .flags = entry->flags};
    }
    return cell->slow->kept_count;
}

static int share_order(const void *a, const void *b)
{
    const struct summary_share *x = a, *y = b;
    if (x->slow != y->slow)
        return x->slow < y->slow ? 1 : -1;
    return name_compare(x->name, y->name);
}

static int number_order(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

/* Values of the requests in buckets >= from, sorted; how many. */
static size_t slow_values(const struct slow *slow, int dimension, unsigned from,
                          uint32_t *values)
{
    size_t count = 0;
    for (size_t i = 0; i < slow->shared_count; i++)
        if (slow->shared[i].bucket >= from && slow->shared[i].values[dimension])
            values[count++] = slow->shared[i].values[dimension];
    qsort(values, count, sizeof(*values), number_order);
    return count;
}

size_t summary_slow_shares(const struct summary *summary, const struct summary_cell *cell,
                           enum summary_dimension dimension, uint64_t *from_ns,
                           uint64_t *slow_total, struct summary_share out[SUMMARY_SHARES])
{
    unsigned from = histogram_bucket(HISTOGRAM_FINE, *from_ns);
    if (histogram_low_ns(HISTOGRAM_FINE, from) < *from_ns)
        from++;
    unsigned known = (unsigned)(slow_share_floor(cell->slow) + 1);
    from = from > known ? from : known;
    *from_ns = histogram_low_ns(HISTOGRAM_FINE, from);
    *slow_total = histogram_count_from(&cell->histogram, from);
    size_t room = cell->slow->shared_count, count = 0, told = 0;
    uint32_t *values = mem_array(room, sizeof(*values));
    struct summary_share *shares = mem_array(room, sizeof(*shares));
    room = slow_values(cell->slow, (int)dimension, from, values);
    for (size_t i = 0; i < room; i++) {
        if (i == 0 || values[i] != values[i - 1])
            shares[count++].name = name_of(summary, (int)dimension, values[i] - 1);
        shares[count - 1].slow++;
    }
    qsort(shares, count, sizeof(*shares), share_order);
    for (; told < count && told < SUMMARY_SHARES; told++)
        out[told] = shares[told];
    free(values);
    free(shares);
    return told;
}

/* --- groups and addresses ------------------------------------------------------------
 */

/* The version's tally, or all of them together in *sum. */
static const struct tally *tally_of(const struct summary *summary, int dimension,
                                    const struct summary_version *version,
                                    struct tally *sum)
{
    tally_init(sum);
    if (version)
        return version->tallies[dimension];
    if (summary->version_count == 1)
        return summary->versions[0]->tallies[dimension];
    for (size_t i = 0; i < summary->version_count; i++)
        tally_merge(sum, summary->versions[i]->tallies[dimension], NULL);
    return sum;
}

static int value_order(const void *a, const void *b)
{
    const struct summary_value *x = a, *y = b;
    if (x->requests != y->requests)
        return x->requests < y->requests ? 1 : -1;
    return name_compare(x->name, y->name);
}

static struct summary_value value_of(const struct summary *summary, int dimension,
                                     const struct tally *tally, uint32_t entry_number)
{
    const struct tally_entry *entry = &tally->entries[entry_number];
    return (struct summary_value){.name = name_of(summary, dimension, entry->value),
                                  .requests = entry->requests,
                                  .requests_error = entry->missed,
                                  .server_errors = entry->errors,
                                  .sum_ns = entry->sum_ns,
                                  .entry = entry_number};
}

size_t summary_values(const struct summary *summary, enum summary_dimension dimension,
                      const struct summary_version *version, size_t limit,
                      struct summary_value **rows)
{
    struct tally sum;
    const struct tally *tally = tally_of(summary, (int)dimension, version, &sum);
    struct summary_value *values = mem_array(tally->count, sizeof(*values));
    for (size_t i = 0; i < tally->count; i++)
        values[i] = value_of(summary, (int)dimension, tally, (uint32_t)i);
    qsort(values, tally->count, sizeof(*values), value_order);
    size_t count = tally->count < limit ? tally->count : limit;
    for (size_t i = 0; i < count; i++)
        tally_histogram(tally, values[i].entry, &values[i].histogram);
    tally_release(&sum);
    *rows = values;
    return count;
}

bool summary_value_in(const struct summary *summary, enum summary_dimension dimension,
                      const struct summary_version *version, struct name name,
                      struct summary_value *value)
{
    const struct tally *tally = version->tallies[dimension];
    uint32_t number = map_find(&summary->names[dimension], name.bytes, name.length);
    uint32_t entry = number == MAP_NONE ? TALLY_NONE : tally_find(tally, number);
    if (entry == TALLY_NONE)
        return false;
    *value = value_of(summary, (int)dimension, tally, entry);
    tally_histogram(tally, entry, &value->histogram);
    return true;
}

bool summary_value_is_whole(const struct summary_value *value)
{
    return value->histogram.counts &&
           histogram_total(&value->histogram) == value->requests;
}

void summary_values_free(struct summary_value *rows, size_t count)
{
    for (size_t i = 0; rows && i < count; i++)
        histogram_release(&rows[i].histogram);
    free(rows);
}

size_t summary_value_count(const struct summary *summary,
                           enum summary_dimension dimension,
                           const struct summary_version *version, bool *exact)
{
    struct tally sum;
    const struct tally *tally = tally_of(summary, (int)dimension, version, &sum);
    size_t count = tally->count;
    *exact = tally->missed_max == 0;
    tally_release(&sum);
    return count;
}

double summary_distinct_days(const struct summary *summary,
                             enum summary_dimension dimension,
                             const struct summary_version *version, size_t first,
                             size_t count, bool *exact)
{
    const struct visitors *visitors = version ? version->visitors : &summary->visitors;
    struct distinct all;
    distinct_init(&all);
    for (size_t day = first; day < first + count; day++) {
        const struct visitors_day *one = visitors_find(visitors, summary->days[day]);
        if (one)
            distinct_merge(&all, &one->values[dimension]);
    }
    double estimate = distinct_estimate(&all, exact);
    distinct_release(&all);
    return estimate;
}

double summary_distinct(const struct summary *summary, enum summary_dimension dimension,
                        const struct summary_version *version, size_t day, bool *exact)
{
    bool one = day != SUMMARY_ALL_DAYS;
    return summary_distinct_days(summary, dimension, version, one ? day : 0,
                                 one ? 1 : summary->day_count, exact);
}
