/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The summary's parts: finding and making them. Rare next to adding: once an endpoint,
 * version, run or day.
 */
#include "summary.h"

#include <stdlib.h>
#include <string.h>

#include "inside.h"
#include "filter.h"
#include "scan.h"
#include "src/base/mem.h"
#include "src/base/str.h"
#include "src/base/vec.h"

static const struct name other = {"(other)", 7};

int name_compare(struct name a, struct name b)
{
    return str_compare(a.bytes, a.length, b.bytes, b.length);
}

static struct name name_copy(struct name name)
{
    return (struct name){mem_bytes(name.bytes, name.length), name.length};
}

static void name_free(struct name name)
{
    free((char *)name.bytes);
}

/* --- the logarithms -------------------------------------------------------------- */

/* log2(twice_ns / 2) in units of SUM_LOG2_UNIT, rounded: digit by digit, by squaring
 * (Knuth, The Art of Computer Programming, volume 1, 1.2.2, exercise 25), in integers so
 * that every machine gets the same. */
static int32_t log2_fixed(uint64_t twice_ns)
{
    int whole = 63 - __builtin_clzll(twice_ns);
    uint64_t mantissa = twice_ns << (63 - whole); /* in [2^63, 2^64) */
    int64_t result = whole - 1;
    for (int digit = 0; digit < 21; digit++) {
        unsigned __int128 square = (unsigned __int128)mantissa * mantissa;
        int carry = (int)(square >> 127);
        mantissa = (uint64_t)(square >> (63 + carry));
        result = 2 * result + carry;
    }
    return (int32_t)((result + 1) >> 1);
}

/* Buckets below 256 ns hold one duration; from there on the middle is low + width / 2. */
static void fill_log2(struct summary *summary)
{
    for (unsigned i = 1; i < HISTOGRAM_FINE_BUCKETS; i++) {
        uint64_t low = histogram_low_ns(HISTOGRAM_FINE, i);
        uint64_t high = histogram_high_ns(HISTOGRAM_FINE, i);
        summary->log2[i] = log2_fixed(high - low == 1 ? 2 * low : low + high);
    }
}

/* --- life -------------------------------------------------------------------------- */

struct summary *summary_new(void)
{
    struct summary *summary = mem_new(sizeof(*summary));
    for (int d = 0; d < SUMMARY_DIMENSIONS; d++) {
        map_init(&summary->names[d]);
        summary->sweep_at[d] = 4 * (size_t)TALLY_KEEP;
    }
    summary->slot_s = calendar_slot_s(0);
    summary->first_utc_ns = summary->seen_first_utc_ns = INT64_MAX;
    summary->last_utc_ns = summary->seen_last_utc_ns = INT64_MIN;
    fill_log2(summary);
    return summary;
}

void summary_filter(struct summary *summary, const struct filter *filter)
{
    summary->filter = filter && filter_is_set(filter) ? filter : NULL;
}

static void free_histograms(struct histogram *histograms, size_t count)
{
    for (size_t i = 0; histograms && i < count; i++)
        histogram_release(&histograms[i]);
    free(histograms);
}

static void free_runs_of(struct summary_cell *cell)
{
    for (size_t i = 0; cell->runs && i <= SUMMARY_RUNS; i++)
        block_release(&cell->runs[i]);
    free(cell->runs);
}

static void free_cell(struct summary_cell *cell)
{
    histogram_release(&cell->histogram);
    histogram_release(&cell->first_byte);
    histogram_release(&cell->view);
    free_histograms(cell->hours, SUMMARY_HOURS);
    free_histograms(cell->strata, SUMMARY_STRATA);
    free_runs_of(cell);
    calendar_release(&cell->calendar);
    free(cell->statuses);
    slow_release(cell->slow);
    free(cell->slow);
    free(cell);
}

static void free_endpoint(struct summary_endpoint *endpoint)
{
    for (size_t i = 0; i < endpoint->cell_count; i++)
        free_cell(endpoint->cells[i]);
    free(endpoint->cells);
    timegrid_release(&endpoint->grid);
    name_free(endpoint->application);
    name_free(endpoint->name);
    free(endpoint);
}

static void free_version(struct summary_version *version)
{
    for (int d = 0; d < SUMMARY_DIMENSIONS; d++) {
        tally_release(version->tallies[d]);
        free(version->tallies[d]);
    }
    visitors_release(version->visitors);
    free(version->visitors);
    timegrid_release(&version->grid);
    name_free(version->application);
    name_free(version->name);
    free(version);
}

void summary_free(struct summary *summary)
{
    if (!summary)
        return;
    for (size_t i = 0; i < summary->endpoint_count; i++)
        free_endpoint(summary->endpoints[i]);
    for (size_t i = 0; i < summary->version_count; i++)
        free_version(summary->versions[i]);
    for (size_t i = 0; i < summary->run_count; i++) {
        name_free(summary->runs[i]->name);
        free(summary->runs[i]);
    }
    for (int d = 0; d < SUMMARY_DIMENSIONS; d++)
        map_release(&summary->names[d]);
    visitors_release(&summary->visitors);
    free(summary->endpoints);
    free(summary->versions);
    free(summary->runs);
    free(summary->days);
    beside_free(summary->beside);
    kept_answers_release(&summary->answers);
    scan_free(summary->scan);
    free(summary);
}

/* --- find or make ------------------------------------------------------------------ */

/* What endpoints and versions begin with: the key they are sorted by. */
struct key {
    struct name application, name;
};
_Static_assert(offsetof(struct summary_endpoint, name) == offsetof(struct key, name) &&
                   offsetof(struct summary_version, name) == offsetof(struct key, name),
               "keys come first");

static int key_compare(const struct key *a, const struct key *b)
{
    int order = name_compare(a->application, b->application);
    return order ? order : name_compare(a->name, b->name);
}

/* Index of the first of count keyed pointers that is not before key. */
static size_t lower_bound(const void *items, size_t count, const struct key *key)
{
    const struct key *const *keys = items;
    size_t low = 0;
    while (low < count) {
        size_t middle = (low + count) / 2;
        if (key_compare(keys[middle], key) < 0)
            low = middle + 1;
        else
            count = middle;
    }
    return low;
}

static bool is_key(const void *item, const struct key *key)
{
    return key_compare(item, key) == 0;
}

static const struct key other_key = {{"(other)", 7}, {"(other)", 7}};

static bool is_other(const void *item)
{
    return is_key(item, &other_key);
}

/* Whether count sorted, keyed items, "(other)" apart, are as many as may be. */
static bool is_full(const void *items, size_t count, size_t limit)
{
    const void *const *keyed = items;
    size_t at = lower_bound(items, count, &other_key);
    return count - (at < count && is_other(keyed[at])) >= limit;
}

/* Strata serve only while there are few endpoints. */
static void drop_strata(struct summary *summary)
{
    summary->strata_dropped = true;
    for (size_t i = 0; i < summary->endpoint_count; i++)
        for (size_t k = 0; k < summary->endpoints[i]->cell_count; k++) {
            struct summary_cell *cell = summary->endpoints[i]->cells[k];
            free_histograms(cell->strata, SUMMARY_STRATA);
            cell->strata = NULL;
        }
}

struct summary_endpoint *summary_endpoint_of(struct summary *summary,
                                             struct name application, struct name name)
{
    struct key key = {application, name};
    size_t at = lower_bound(summary->endpoints, summary->endpoint_count, &key);
    if (at < summary->endpoint_count && is_key(summary->endpoints[at], &key))
        return summary->endpoints[at];
    if (!is_other(&key) &&
        is_full(summary->endpoints, summary->endpoint_count, SUMMARY_ENDPOINTS_MAX))
        return summary_endpoint_of(summary, other, other);
    struct summary_endpoint *endpoint = mem_new(sizeof(*endpoint));
    endpoint->application = name_copy(application);
    endpoint->name = name_copy(name);
    timegrid_init(&endpoint->grid, SUMMARY_SERIES_BLOCKS);
    endpoint->series = timegrid_column(&endpoint->grid);
    summary->endpoints = vec_room(summary->endpoints, &summary->endpoint_room,
                                  summary->endpoint_count + 1, sizeof(void *));
    vec_hole(summary->endpoints, summary->endpoint_count++, at, sizeof(void *));
    summary->endpoints[at] = endpoint;
    if (summary->endpoint_count == SUMMARY_STRATA_ENDPOINTS + 1)
        drop_strata(summary);
    return endpoint;
}

struct summary_version *summary_version_of(struct summary *summary,
                                           struct name application, struct name name)
{
    struct key key = {application, name};
    size_t at = lower_bound(summary->versions, summary->version_count, &key);
    if (at < summary->version_count && is_key(summary->versions[at], &key))
        return summary->versions[at];
    if (!is_other(&key) &&
        is_full(summary->versions, summary->version_count, SUMMARY_VERSIONS_MAX))
        return summary_version_of(summary, other, other);
    struct summary_version *version = mem_new(sizeof(*version));
    version->application = name_copy(application);
    version->name = name_copy(name);
    version->first_utc_ns = INT64_MAX;
    version->last_utc_ns = INT64_MIN;
    timegrid_init(&version->grid, SUMMARY_BLOCKS);
    for (int d = 0; d < SUMMARY_DIMENSIONS; d++) {
        version->tallies[d] = mem_new(sizeof(struct tally));
        tally_init(version->tallies[d]);
    }
    version->visitors = mem_new(sizeof(*version->visitors));
    summary->versions = vec_room(summary->versions, &summary->version_room,
                                 summary->version_count + 1, sizeof(void *));
    vec_hole(summary->versions, summary->version_count++, at, sizeof(void *));
    summary->versions[at] = version;
    return version;
}

static struct histogram *new_histograms(size_t count)
{
    struct histogram *histograms = mem_array(count, sizeof(*histograms));
    for (size_t i = 0; i < count; i++)
        histogram_init(&histograms[i], HISTOGRAM_COARSE);
    return histograms;
}

static struct block *new_runs(void)
{
    struct block *runs = mem_array(SUMMARY_RUNS + 1, sizeof(*runs));
    for (size_t i = 0; i <= SUMMARY_RUNS; i++)
        block_init(&runs[i]);
    return runs;
}

static struct summary_cell *new_cell(struct summary *summary,
                                     struct summary_endpoint *endpoint,
                                     struct summary_version *version)
{
    struct summary_cell *cell = mem_new(sizeof(*cell));
    cell->endpoint = endpoint;
    cell->version = version;
    cell->first_utc_ns = INT64_MAX;
    cell->last_utc_ns = INT64_MIN;
    cell->min_ns = UINT64_MAX;
    histogram_init(&cell->histogram, HISTOGRAM_FINE);
    histogram_init(&cell->first_byte, HISTOGRAM_COARSE);
    histogram_init(&cell->view, HISTOGRAM_COARSE);
    cell->blocks = timegrid_column(&version->grid);
    cell->runs = summary->run_count > 1 ? new_runs() : NULL;
    cell->hours = new_histograms(SUMMARY_HOURS);
    cell->strata = summary->strata_dropped ? NULL : new_histograms(SUMMARY_STRATA);
    cell->slow = mem_new(sizeof(*cell->slow));
    slow_init(cell->slow);
    summary->cell_count += !is_other(endpoint);
    return cell;
}

/* First of an endpoint's cells whose version is not before. */
static size_t cell_bound(const struct summary_endpoint *endpoint,
                         const struct summary_version *version)
{
    size_t low = 0, high = endpoint->cell_count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (key_compare((const struct key *)endpoint->cells[middle]->version,
                        (const struct key *)version) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

struct summary_cell *summary_cell_of(struct summary *summary,
                                     struct summary_endpoint *endpoint,
                                     struct summary_version *version)
{
    size_t at = cell_bound(endpoint, version);
    if (at < endpoint->cell_count && endpoint->cells[at]->version == version)
        return endpoint->cells[at];
    if (summary->cell_count >= SUMMARY_CELLS_MAX && !is_other(endpoint))
        return summary_cell_of(summary, summary_endpoint_of(summary, other, other),
                               version);
    endpoint->cells = vec_room(endpoint->cells, &endpoint->cell_room,
                               endpoint->cell_count + 1, sizeof(struct summary_cell *));
    vec_hole(endpoint->cells, endpoint->cell_count++, at, sizeof(struct summary_cell *));
    return endpoint->cells[at] = new_cell(summary, endpoint, version);
}

const struct summary_cell *summary_find_cell(const struct summary_endpoint *endpoint,
                                             const struct summary_version *version)
{
    size_t at = cell_bound(endpoint, version);
    return at < endpoint->cell_count && endpoint->cells[at]->version == version
               ? endpoint->cells[at]
               : NULL;
}

/* --- runs -------------------------------------------------------------------------- */

typedef void cell_call(struct summary *summary, struct summary_cell *cell, void *with);

static void for_each_cell(struct summary *summary, cell_call *call, void *with)
{
    for (size_t i = 0; i < summary->endpoint_count; i++)
        for (size_t k = 0; k < summary->endpoints[i]->cell_count; k++)
            call(summary, summary->endpoints[i]->cells[k], with);
}

void summary_block_of_cell(const struct summary *summary, const struct summary_cell *cell,
                           struct block *block)
{
    block_init(block);
    block->requests = cell->requests;
    block->client_errors = cell->client_errors;
    block->server_errors = cell->server_errors;
    histogram_merge(&block->histogram, &cell->histogram);
    unsigned begin = histogram_begin(&cell->histogram);
    for (unsigned i = begin; i < histogram_end(&cell->histogram); i++)
        block_add_log2(block, (int64_t)summary->log2[i] *
                                  (int64_t)cell->histogram.counts[i - begin]);
}

static void open_run(struct summary *summary, struct summary_cell *cell, void *with)
{
    size_t at = *(size_t *)with;
    if (!cell->runs) {
        cell->runs = new_runs();
        summary_block_of_cell(summary, cell, &cell->runs[0]);
    }
    vec_hole(cell->runs, summary->run_count, at, sizeof(*cell->runs));
    block_init(&cell->runs[at]);
}

struct summary_run *summary_run_of(struct summary *summary, struct name name)
{
    size_t at = 0;
    while (at < summary->run_count && name_compare(summary->runs[at]->name, name) < 0)
        at++;
    if (at < summary->run_count && name_compare(summary->runs[at]->name, name) == 0)
        return summary->runs[at];
    if (name_compare(name, other) != 0 &&
        summary->run_count - summary->other_run >= SUMMARY_RUNS)
        return summary_run_of(summary, other);
    if (summary->run_count > 0)
        for_each_cell(summary, open_run, &at);
    struct summary_run *run = mem_new(sizeof(*run));
    *run = (struct summary_run){name_copy(name), 0, INT64_MAX, INT64_MIN, at};
    summary->runs = vec_room(summary->runs, &summary->run_room, summary->run_count + 1,
                             sizeof(struct summary_run *));
    vec_hole(summary->runs, summary->run_count++, at, sizeof(struct summary_run *));
    summary->runs[at] = run;
    summary->other_run |= name_compare(name, other) == 0;
    for (size_t i = at + 1; i < summary->run_count; i++)
        summary->runs[i]->index = i;
    return run;
}

/* --- days -------------------------------------------------------------------------- */

static void coarsen_calendar(struct summary *summary, struct summary_cell *cell,
                             void *with)
{
    calendar_coarsen(&cell->calendar, summary->slot_s, *(uint32_t *)with);
}

static void set_slot_s(struct summary *summary, uint32_t slot_s)
{
    if (slot_s == summary->slot_s)
        return;
    for_each_cell(summary, coarsen_calendar, &slot_s);
    summary->slot_s = slot_s;
}

int32_t summary_day_of(struct summary *summary, int32_t day)
{
    if (summary->last_day < summary->day_count && summary->days[summary->last_day] == day)
        return day;
    size_t low = 0, high = summary->day_count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (summary->days[middle] < day)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == summary->day_count || summary->days[low] != day) {
        if (summary->day_count >= SUMMARY_DAYS)
            return summary->days[low ? low - 1 : 0];
        summary->days = vec_room(summary->days, &summary->day_room,
                                 summary->day_count + 1, sizeof(*summary->days));
        vec_hole(summary->days, summary->day_count++, low, sizeof(*summary->days));
        summary->days[low] = day;
        set_slot_s(summary, calendar_slot_s(summary->day_count));
    }
    summary->last_day = low;
    return day;
}

void summary_count_status(struct summary_cell *cell, unsigned status, uint64_t requests)
{
    size_t at = 0;
    status = status < SUMMARY_STATUS_OTHER ? status : SUMMARY_STATUS_OTHER;
    while (at < cell->status_count && cell->statuses[at].status < status)
        at++;
    if (at == cell->status_count || cell->statuses[at].status != status) {
        cell->statuses = vec_room(cell->statuses, &cell->status_room,
                                  cell->status_count + 1, sizeof(*cell->statuses));
        vec_hole(cell->statuses, cell->status_count++, at, sizeof(*cell->statuses));
        cell->statuses[at] = (struct status_count){(uint16_t)status, 0};
    }
    cell->statuses[at].requests += requests;
}

/* --- forgetting names -------------------------------------------------------------- */

/* New names without the unmarked; marks become the new numbers. */
static void keep_marked(struct map *names, uint32_t *marks)
{
    struct map kept;
    map_init(&kept);
    for (size_t i = 0; i < names->count; i++)
        if (marks[i])
            marks[i] = map_add(&kept, names->keys[i].bytes, names->keys[i].length);
    map_release(names);
    *names = kept;
}

uint32_t *summary_mark_names(const struct summary *summary, int dimension)
{
    uint32_t *marks = mem_array(summary->names[dimension].count, sizeof(*marks));
    for (size_t i = 0; i < summary->version_count; i++) {
        const struct tally *tally = summary->versions[i]->tallies[dimension];
        for (size_t k = 0; k < tally->count; k++)
            marks[tally->entries[k].value] = 1;
    }
    for (size_t i = 0; i < summary->endpoint_count; i++)
        for (size_t k = 0; k < summary->endpoints[i]->cell_count; k++)
            slow_mark(summary->endpoints[i]->cells[k]->slow, dimension, marks);
    return marks;
}

static void sweep_names(struct summary *summary, int dimension)
{
    struct map *names = &summary->names[dimension];
    uint32_t *numbers = summary_mark_names(summary, dimension);
    keep_marked(names, numbers);
    for (size_t i = 0; i < summary->version_count; i++)
        tally_renumber(summary->versions[i]->tallies[dimension], numbers);
    for (size_t i = 0; i < summary->endpoint_count; i++)
        for (size_t k = 0; k < summary->endpoints[i]->cell_count; k++)
            slow_renumber(summary->endpoints[i]->cells[k]->slow, dimension, numbers);
    free(numbers);
    summary->generation++;
    if (summary->sweep_at[dimension] < 2 * names->count)
        summary->sweep_at[dimension] = 2 * names->count;
}

void summary_sweep(struct summary *summary)
{
    for (int d = 0; d < SUMMARY_DIMENSIONS; d++) {
        for (size_t i = 0; i < summary->version_count; i++)
            if (summary->versions[i]->tallies[d]->count > TALLY_ROOM) {
                tally_compact(summary->versions[i]->tallies[d]);
                summary->generation++;
            }
        if (summary->names[d].count > summary->sweep_at[d])
            sweep_names(summary, d);
    }
}
