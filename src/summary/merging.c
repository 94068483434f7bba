/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One summary into another: in any order and split, the same comes out. */
#include <stdlib.h>

#include "inside.h"
#include "scan.h"
#include "src/base/mem.h"

/* values[dimension][number]: what a name of `from` is in `to`; runs[i] likewise. */
struct merging {
    struct summary *to;
    const struct summary *from;
    uint32_t *values[SUMMARY_DIMENSIONS];
    struct summary_run **runs;
};

static void merge_range(int64_t *first, int64_t *last, int64_t from_first,
                        int64_t from_last)
{
    *first = from_first < *first ? from_first : *first;
    *last = from_last > *last ? from_last : *last;
}

static void merge_histograms(struct histogram *to, const struct histogram *from,
                             size_t count)
{
    for (size_t i = 0; to && from && i < count; i++)
        histogram_merge(&to[i], &from[i]);
}

/* Runs before sums: the first of two runs is made of what the cell has so far. */
static void merge_cell_runs(const struct merging *merging, struct summary_cell *to,
                            const struct summary_cell *from)
{
    if (!to->runs)
        return;
    if (from->runs) {
        for (size_t i = 0; i < merging->from->run_count; i++)
            block_merge(&to->runs[merging->runs[i]->index], &from->runs[i]);
    } else if (merging->from->run_count) {
        struct block whole;
        summary_block_of_cell(merging->from, from, &whole);
        block_merge(&to->runs[merging->runs[0]->index], &whole);
        block_release(&whole);
    }
}

static void merge_sums(struct summary_cell *to, const struct summary_cell *from)
{
    to->requests += from->requests;
    to->client_errors += from->client_errors;
    to->server_errors += from->server_errors;
    to->aborted += from->aborted;
    to->exceptions += from->exceptions;
    to->clamped += from->clamped;
    merge_range(&to->first_utc_ns, &to->last_utc_ns, from->first_utc_ns,
                from->last_utc_ns);
    to->min_ns = from->min_ns < to->min_ns ? from->min_ns : to->min_ns;
    to->max_ns = from->max_ns > to->max_ns ? from->max_ns : to->max_ns;
    to->sum_ns += from->sum_ns;
    to->sum_squares_ns += from->sum_squares_ns;
}

static void merge_cell(const struct merging *merging, struct summary_cell *to,
                       const struct summary_cell *from)
{
    merge_cell_runs(merging, to, from);
    merge_sums(to, from);
    histogram_merge(&to->histogram, &from->histogram);
    histogram_merge(&to->first_byte, &from->first_byte);
    histogram_merge(&to->view, &from->view);
    merge_histograms(to->hours, from->hours, SUMMARY_HOURS);
    merge_histograms(to->strata, from->strata, SUMMARY_STRATA);
    calendar_merge(&to->calendar, merging->to->slot_s, &from->calendar,
                   merging->from->slot_s);
    for (size_t i = 0; i < from->status_count; i++)
        summary_count_status(to, from->statuses[i].status, from->statuses[i].requests);
    slow_merge(to->slow, from->slow, (const uint32_t *const *)merging->values);
}

static void merge_runs(struct merging *merging)
{
    const struct summary *from = merging->from;
    merging->runs = mem_array(from->run_count, sizeof(struct summary_run *));
    for (size_t i = 0; i < from->run_count; i++) {
        struct summary_run *run = summary_run_of(merging->to, from->runs[i]->name);
        run->requests += from->runs[i]->requests;
        merge_range(&run->first_utc_ns, &run->last_utc_ns, from->runs[i]->first_utc_ns,
                    from->runs[i]->last_utc_ns);
        merging->runs[i] = run;
    }
}

static void merge_names(struct merging *merging)
{
    for (int d = 0; d < SUMMARY_DIMENSIONS; d++) {
        const struct map *names = &merging->from->names[d];
        merging->values[d] = mem_array(names->count, sizeof(uint32_t));
        for (size_t i = 0; i < names->count; i++)
            merging->values[d][i] = map_add(&merging->to->names[d], names->keys[i].bytes,
                                            names->keys[i].length);
    }
}

static void merge_version(const struct merging *merging,
                          const struct summary_version *from)
{
    struct summary_version *to =
        summary_version_of(merging->to, from->application, from->name);
    to->requests += from->requests;
    merge_range(&to->first_utc_ns, &to->last_utc_ns, from->first_utc_ns,
                from->last_utc_ns);
    for (int d = 0; d < SUMMARY_DIMENSIONS; d++)
        tally_merge(to->tallies[d], from->tallies[d], merging->values[d]);
    visitors_merge(to->visitors, from->visitors);
}

static bool differ(struct name a, struct name b)
{
    return name_compare(a, b) != 0;
}

/* A cell counts in another than its own, under "(other)", where `to` is full. */
static bool is_folded(const struct summary_cell *to, const struct summary_cell *from)
{
    return differ(to->endpoint->name, from->endpoint->name) ||
           differ(to->version->name, from->version->name);
}

static void merge_endpoint(const struct merging *merging,
                           const struct summary_endpoint *from)
{
    struct summary_endpoint *to =
        summary_endpoint_of(merging->to, from->application, from->name);
    timegrid_merge(&to->grid, to->series, &from->grid, from->series);
    for (size_t i = 0; i < from->cell_count; i++) {
        const struct summary_cell *cell = from->cells[i];
        struct summary_version *version = summary_version_of(
            merging->to, cell->version->application, cell->version->name);
        struct summary_cell *to_cell = summary_cell_of(merging->to, to, version);
        merging->to->other += is_folded(to_cell, cell) ? cell->requests : 0;
        merge_cell(merging, to_cell, cell);
        timegrid_merge(&version->grid, to_cell->blocks, &cell->version->grid,
                       cell->blocks);
    }
}

/* Answers are of a set of requests: they stay where nothing comes to it. */
static void merge_answers(struct summary *to, const struct summary *from)
{
    if (from->requests == 0)
        return;
    if (to->requests == 0)
        kept_answers_copy(&to->answers, &from->answers);
    else
        kept_answers_release(&to->answers);
}

void summary_merge(struct summary *to, const struct summary *from)
{
    struct merging merging = {.to = to, .from = from};
    to->left_out += from->left_out;
    to->beside_left_out += from->beside_left_out;
    merge_range(&to->seen_first_utc_ns, &to->seen_last_utc_ns, from->seen_first_utc_ns,
                from->seen_last_utc_ns);
    if (to->scan) {
        scan_merge(to->scan, from->scan);
        return;
    }
    merge_answers(to, from);
    merge_runs(&merging);
    merge_names(&merging);
    for (size_t i = 0; i < from->day_count; i++)
        summary_day_of(to, from->days[i]);
    visitors_merge(&to->visitors, &from->visitors);
    for (size_t i = 0; i < from->version_count; i++)
        merge_version(&merging, from->versions[i]);
    for (size_t i = 0; i < from->endpoint_count; i++)
        merge_endpoint(&merging, from->endpoints[i]);
    if (from->beside && !to->beside)
        to->beside = beside_new();
    if (from->beside)
        beside_merge(to->beside, from->beside);
    to->requests += from->requests;
    to->undefined += from->undefined;
    to->other += from->other;
    merge_range(&to->first_utc_ns, &to->last_utc_ns, from->first_utc_ns,
                from->last_utc_ns);
    for (int d = 0; d < SUMMARY_DIMENSIONS; d++)
        free(merging.values[d]);
    free(merging.runs);
    to->generation++;
    summary_sweep(to);
}
