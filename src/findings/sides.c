/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sides.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "src/base/mem.h"

/* Longer recordings are service, not load tests: their time blocks say more than the few
 * times they were started. */
#define RUN_LONGEST_S 3600

void side_init(struct side *side, const struct summary *summary)
{
    struct summary_version *const *versions;

    *side = (struct side){
        .summary = summary, .first_utc_ns = INT64_MAX, .last_utc_ns = INT64_MIN};
    side->versions = mem_array(summary_versions(summary, &versions) + 1, sizeof(void *));
}

void side_release(struct side *side)
{
    free(side->versions);
    side->versions = NULL;
}

double side_seconds(const struct side *side)
{
    return side->last_utc_ns > side->first_utc_ns
               ? ((double)side->last_utc_ns - (double)side->first_utc_ns) / 1e9
               : 0;
}

/* --- runs --- */

static bool has_run(const struct side *side, size_t run)
{
    struct summary_endpoint *const *endpoints;
    size_t count = summary_endpoints(side->summary, &endpoints);

    for (size_t e = 0; e < count; e++)
        for (size_t v = 0; v < side->version_count; v++) {
            const struct summary_cell *cell =
                summary_find_cell(endpoints[e], side->versions[v]);
            if (cell && (cell->runs ? cell->runs[run].requests : cell->requests) > 0)
                return true;
        }
    return false;
}

static void find_runs(struct side *side)
{
    struct summary_run *const *runs;
    size_t count = summary_runs(side->summary, &runs);

    side->run_count = 0;
    side->longest_run_s = 0;
    for (size_t i = 0; i < count && side->run_count <= SUMMARY_RUNS; i++) {
        if (!has_run(side, i))
            continue;
        unsigned at = side->run_count++;
        while (at > 0 && runs[side->runs[at - 1]]->first_utc_ns > runs[i]->first_utc_ns) {
            side->runs[at] = side->runs[at - 1];
            at--;
        }
        side->runs[at] = i;
        double seconds =
            ((double)runs[i]->last_utc_ns - (double)runs[i]->first_utc_ns) / 1e9;
        side->longest_run_s = fmax(side->longest_run_s, seconds);
    }
}

static bool runs_can_be_compared(const struct side *side)
{
    return side->run_count >= SIDE_RUNS_LEAST && side->run_count <= SIDE_UNITS &&
           side->longest_run_s <= RUN_LONGEST_S;
}

/* --- blocks --- */

static int compare_ids(const void *left, const void *right)
{
    int64_t a = *(const int64_t *)left, b = *(const int64_t *)right;

    return (a > b) - (a < b);
}

/* All ids at a shift, once each; ids has room for SUMMARY_BLOCKS a version. */
static size_t ids_at(const struct side *side, unsigned shift, int64_t *ids)
{
    size_t count = 0, kept = 0;

    for (size_t v = 0; v < side->version_count; v++) {
        const struct timegrid *grid = &side->versions[v]->grid;
        for (unsigned i = 0; i < grid->count; i++)
            ids[count++] = grid->ids[i] >> (shift - grid->shift);
    }
    qsort(ids, count, sizeof(*ids), compare_ids);
    for (size_t i = 0; i < count; i++)
        if (kept == 0 || ids[kept - 1] != ids[i])
            ids[kept++] = ids[i];
    return kept;
}

/* Blocks of the smallest length, at least 2^shift units, that leaves SIDE_UNITS. */
static void cut_into_blocks(struct side *side, unsigned shift)
{
    int64_t *ids = mem_array(side->version_count * (SUMMARY_BLOCKS + 1), sizeof(*ids));
    size_t count;

    for (size_t v = 0; v < side->version_count; v++)
        if (side->versions[v]->grid.shift > shift)
            shift = side->versions[v]->grid.shift;
    while ((count = ids_at(side, shift, ids)) > SIDE_UNITS)
        shift++;
    side->shift = shift;
    side->unit_count = (unsigned)count;
    memcpy(side->ids, ids, count * sizeof(*ids));
    free(ids);
}

/* Ids on both sides, of one shift. */
static unsigned shared_ids(const struct side *a, const struct side *b, int64_t *ids)
{
    unsigned count = 0;

    for (unsigned i = 0, k = 0; i < a->unit_count && k < b->unit_count;) {
        if (a->ids[i] == b->ids[k])
            ids[count++] = a->ids[i];
        bool move_a = a->ids[i] <= b->ids[k], move_b = b->ids[k] <= a->ids[i];
        i += move_a;
        k += move_b;
    }
    return count;
}

/* Shared blocks serve when they are most of what the newer side has. */
static bool cut_into_shared_blocks(struct side *older, struct side *newer)
{
    struct side a = *older, b = *newer;
    int64_t ids[SIDE_UNITS];
    unsigned shift = a.shift > b.shift ? a.shift : b.shift;

    cut_into_blocks(&a, shift);
    cut_into_blocks(&b, a.shift);
    if (b.shift > a.shift)
        cut_into_blocks(&a, b.shift);
    unsigned shared = shared_ids(&a, &b, ids);
    if (shared < SIDE_BLOCKS_LEAST || 2 * shared < b.unit_count)
        return false;
    older->shift = newer->shift = a.shift;
    older->unit_count = newer->unit_count = shared;
    memcpy(older->ids, ids, shared * sizeof(*ids));
    memcpy(newer->ids, ids, shared * sizeof(*ids));
    return true;
}

void side_add_version(struct side *side, const struct summary_version *version)
{
    side->versions[side->version_count++] = version;
    if (version->first_utc_ns < side->first_utc_ns)
        side->first_utc_ns = version->first_utc_ns;
    if (version->last_utc_ns > side->last_utc_ns)
        side->last_utc_ns = version->last_utc_ns;
}

enum regression_basis sides_cut(struct side *older, struct side *newer)
{
    find_runs(older);
    find_runs(newer);
    if (runs_can_be_compared(older) && runs_can_be_compared(newer)) {
        older->unit_count = older->run_count;
        newer->unit_count = newer->run_count;
        return older->run_count == newer->run_count ? REGRESSION_RUN_PAIRS
                                                    : REGRESSION_RUNS;
    }
    cut_into_blocks(older, 0);
    cut_into_blocks(newer, 0);
    return cut_into_shared_blocks(older, newer) ? REGRESSION_OVERLAP : REGRESSION_BLOCKS;
}

/* --- samples --- */

static void add_blocks(struct sample *sample, const struct side *side,
                       const struct summary_cell *cell)
{
    const struct timegrid *grid = &cell->version->grid;

    for (unsigned i = 0; i < grid->count; i++) {
        int64_t id = grid->ids[i] >> (side->shift - grid->shift);
        const int64_t *found =
            bsearch(&id, side->ids, side->unit_count, sizeof(id), compare_ids);
        if (found)
            block_merge(&sample->units[found - side->ids], &cell->blocks[i]);
        else if (cell->blocks[i].requests)
            sample->whole = false;
    }
}

static void add_runs(struct sample *sample, const struct side *side,
                     const struct summary_cell *cell)
{
    for (unsigned i = 0; i < side->unit_count; i++)
        if (cell->runs)
            block_merge(&sample->units[i], &cell->runs[side->runs[i]]);
}

static void add_mix(struct sample *sample, const struct summary_cell *cell)
{
    for (unsigned i = 0; i < SUMMARY_HOURS; i++)
        histogram_merge(&sample->hours[i], &cell->hours[i]);
    sample->has_strata = sample->has_strata && cell->strata;
    for (unsigned i = 0; sample->has_strata && i < SUMMARY_STRATA; i++)
        histogram_merge(&sample->strata[i], &cell->strata[i]);
}

static void add_up(struct sample *sample, const struct side *side)
{
    for (unsigned i = 0; i < side->unit_count; i++) {
        sample->requests += sample->units[i].requests;
        sample->client_errors += sample->units[i].client_errors;
        sample->server_errors += sample->units[i].server_errors;
        histogram_merge(&sample->coarse, &sample->units[i].histogram);
    }
}

static void clear(struct sample *sample)
{
    *sample = (struct sample){.whole = true, .has_strata = true};
    histogram_init(&sample->coarse, HISTOGRAM_COARSE);
    histogram_init(&sample->fine, HISTOGRAM_FINE);
    for (unsigned i = 0; i < SIDE_UNITS; i++)
        block_init(&sample->units[i]);
    for (unsigned i = 0; i < SUMMARY_HOURS; i++)
        histogram_init(&sample->hours[i], HISTOGRAM_COARSE);
    for (unsigned i = 0; i < SUMMARY_STRATA; i++)
        histogram_init(&sample->strata[i], HISTOGRAM_COARSE);
}

void sample_init(struct sample *sample, const struct side *side,
                 enum regression_basis basis, const struct summary_endpoint *endpoint)
{
    clear(sample);
    for (size_t v = 0; endpoint && v < side->version_count; v++) {
        const struct summary_cell *cell = summary_find_cell(endpoint, side->versions[v]);
        if (!cell)
            continue;
        histogram_merge(&sample->fine, &cell->histogram);
        if (basis == REGRESSION_RUNS || basis == REGRESSION_RUN_PAIRS)
            add_runs(sample, side, cell);
        else
            add_blocks(sample, side, cell);
        add_mix(sample, cell);
    }
    add_up(sample, side);
}

void sample_release(struct sample *sample)
{
    histogram_release(&sample->coarse);
    histogram_release(&sample->fine);
    for (unsigned i = 0; i < SIDE_UNITS; i++)
        block_release(&sample->units[i]);
    for (unsigned i = 0; i < SUMMARY_HOURS; i++)
        histogram_release(&sample->hours[i]);
    for (unsigned i = 0; i < SUMMARY_STRATA; i++)
        histogram_release(&sample->strata[i]);
}
