/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * From a summary to bytes. Everything is written in the order of names and times, names
 * by rank, so the bytes depend on the content only.
 */
#include "saving.h"

#include <stdlib.h>
#include <zstd.h>

#include "histogram_coder.h"
#include "inside.h"
#include "packing.h"
#include "src/base/mem.h"

enum { ZSTD_LEVEL = 6 };

/* ranks: of each name among those that are saved; names that nobody has are not. tallies:
 * copies, no longer than TALLY_KEEP, of version i at i * SUMMARY_DIMENSIONS + dimension.
 */
struct saving {
    const struct summary *summary;
    struct str *out;
    struct tally *tallies;
    uint32_t *ranks[SUMMARY_DIMENSIONS];
    struct counts_coder *counts;      /* where histograms go; NULL: among the numbers */
    struct counts_expected *expected; /* of a sequence of histograms that are alike */
    struct counts_expected *fine;     /* scratch */
};

static void expect_nothing(const struct saving *saving)
{
    if (saving->counts)
        *saving->expected = (struct counts_expected){.total = 0};
}

/* likely: what is known of its total. */
static void save_histogram(const struct saving *saving, struct histogram *histogram,
                           uint64_t likely)
{
    if (saving->counts)
        counts_code(saving->counts, histogram, likely, saving->expected);
    else
        pack_histogram(saving->out, histogram);
}

/* --- names ---------------------------------------------------------------------------
 */

struct ranked {
    struct name name;
    uint32_t number;
};

static int ranked_order(const void *a, const void *b)
{
    const struct ranked *x = a, *y = b;
    return name_compare(x->name, y->name);
}

static void save_names(struct saving *saving, int d)
{
    const struct map *names = &saving->summary->names[d];
    uint32_t *ranks = summary_mark_names(saving->summary, d, saving->tallies);
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

/* --- values of a version --------------------------------------------------------------
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

static void save_tally_histograms(const struct saving *saving, const struct tally *tally,
                                  const struct placed *placed)
{
    uint64_t *requests = mem_array(tally->count, sizeof(*requests));
    uint8_t *top = mem_array(tally->count, 1);
    for (size_t i = 0; i < tally->count; i++)
        requests[i] = tally->entries[placed[i].entry].requests;
    tally_top(requests, tally->count, SUMMARY_VALUE_HISTOGRAMS, top);
    expect_nothing(saving);
    for (size_t i = 0; i < tally->count; i++) {
        if (!top[i])
            continue;
        struct histogram histogram;
        tally_histogram(tally, placed[i].entry, &histogram);
        save_histogram(saving, &histogram, requests[i]);
        histogram_release(&histogram);
    }
    free(requests);
    free(top);
}

static void save_tally(const struct saving *saving, const struct tally *tally,
                       const uint32_t *ranks)
{
    struct str *out = saving->out;
    struct placed *placed = placed_entries(tally, ranks);
    pack_number(out, tally->missed_max);
    pack_number(out, tally->count);
    for (size_t i = 0; i < tally->count; i++) {
        const struct tally_entry *entry = &tally->entries[placed[i].entry];
        pack_number(out, i ? placed[i].rank - placed[i - 1].rank - 1 : placed[i].rank);
        pack_number(out, entry->requests);
        pack_number(out, entry->sum_ns);
        pack_number(out, entry->errors);
        pack_number(out, entry->missed);
    }
    save_tally_histograms(saving, tally, placed);
    free(placed);
}

/* --- visitors --------------------------------------------------------------------------
 */

static void save_distinct(struct str *out, const struct distinct *distinct)
{
    pack_number(out, distinct->registers ? DISTINCT_EXACT + 1 : distinct->count);
    for (size_t i = 0; i < distinct->count; i++)
        pack_fixed(out, distinct->hashes[i]);
    if (distinct->registers)
        str_add(out, distinct->registers, DISTINCT_REGISTERS);
}

static void save_visitors(struct str *out, const struct visitors *visitors)
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

/* --- blocks
 * ------------------------------------------------------------------------------ */

static void save_grid(struct str *out, const struct timegrid *grid)
{
    pack_number(out, grid->shift);
    pack_number(out, grid->count);
    pack_ascending(out, grid->ids, grid->count);
}

static void save_blocks(const struct saving *saving, struct block *blocks, size_t count)
{
    struct str *out = saving->out;
    for (size_t i = 0; i < count; i++) {
        struct block *block = &blocks[i];
        pack_number(out, block->requests);
        if (block->requests == 0)
            continue;
        pack_number(out, block->client_errors);
        pack_number(out, block->server_errors);
        pack_signed(out, block->sum_log2);
        save_histogram(saving, &block->histogram, block->requests);
    }
}

static void save_histograms(const struct saving *saving, struct histogram *histograms,
                            size_t count)
{
    for (size_t i = 0; i < count; i++)
        save_histogram(saving, &histograms[i], 0);
}

static void save_calendar(struct str *out, const struct calendar *calendar,
                          uint32_t slot_s)
{
    uint32_t slots = CALENDAR_DAY_S / slot_s;
    int64_t *days = mem_array(calendar->count, sizeof(*days));
    for (size_t i = 0; i < calendar->count; i++)
        days[i] = calendar->days[i].day;
    pack_number(out, calendar->count);
    pack_ascending(out, days, calendar->count);
    for (size_t i = 0; i < calendar->count; i++) {
        for (uint32_t k = 0; k < slots; k++)
            pack_number(out, calendar->days[i].slots[k].requests);
        for (uint32_t k = 0; k < slots; k++)
            pack_number(out, calendar->days[i].slots[k].errors);
    }
    free(days);
}

/* --- slow requests
 * ------------------------------------------------------------------------ */

/* 0: no value. */
static uint64_t rank_of(const struct saving *saving, int d, uint32_t value)
{
    return value ? saving->ranks[d][value - 1] + UINT64_C(1) : 0;
}

static void save_kept(const struct saving *saving, const struct slow_entry *entry)
{
    pack_number(saving->out, entry->duration_ns);
    pack_signed(saving->out, entry->start_utc_ns);
    pack_fixed(saving->out, entry->process);
    pack_number(saving->out, entry->sequence);
    pack_number(saving->out, entry->first_byte_ns + 1); /* 0: not known */
    pack_number(saving->out, entry->view_ns + 1);
    for (int d = 0; d < SUMMARY_DIMENSIONS; d++)
        pack_number(saving->out, rank_of(saving, d, entry->values[d]));
    pack_number(saving->out, entry->status);
    pack_number(saving->out, entry->method);
    pack_number(saving->out, entry->flags);
}

/* By bucket, then by rank of group and of address. */
struct shared {
    uint64_t bucket, ranks[SUMMARY_DIMENSIONS];
};

static int shared_order(const void *a, const void *b)
{
    const struct shared *x = a, *y = b;
    if (x->bucket != y->bucket)
        return x->bucket < y->bucket ? -1 : 1;
    if (x->ranks[0] != y->ranks[0])
        return x->ranks[0] < y->ranks[0] ? -1 : 1;
    return (x->ranks[1] > y->ranks[1]) - (x->ranks[1] < y->ranks[1]);
}

static void save_slow(const struct saving *saving, const struct slow *slow)
{
    pack_number(saving->out, slow->kept_count);
    for (size_t i = 0; i < slow->kept_count; i++)
        save_kept(saving, &slow->kept[i]);
    int floor = slow_share_floor(slow);
    struct shared *shared = mem_array(slow->shared_count, sizeof(*shared));
    size_t count = 0;
    for (size_t i = 0; i < slow->shared_count; i++)
        if (slow->shared[i].bucket > floor) {
            shared[count].bucket = slow->shared[i].bucket;
            for (int d = 0; d < SUMMARY_DIMENSIONS; d++)
                shared[count].ranks[d] = rank_of(saving, d, slow->shared[i].values[d]);
            count++;
        }
    qsort(shared, count, sizeof(*shared), shared_order);
    uint64_t before = (uint64_t)floor + 1; /* from -1 */
    pack_number(saving->out, before);
    pack_number(saving->out, count);
    for (size_t i = 0; i < count; before = shared[i++].bucket) {
        pack_number(saving->out, shared[i].bucket - before);
        for (int d = 0; d < SUMMARY_DIMENSIONS; d++)
            pack_number(saving->out, shared[i].ranks[d]);
    }
    free(shared);
}

/* --- the whole
 * ------------------------------------------------------------------------------ */

static size_t version_index(const struct summary *summary,
                            const struct summary_version *version)
{
    size_t i = 0;
    while (summary->versions[i] != version)
        i++;
    return i;
}

/* The fine histogram of a cell: shaped as the endpoint's series. */
static void save_fine(const struct saving *saving, struct summary_cell *cell)
{
    if (saving->counts) {
        counts_refine(saving->fine, saving->expected);
        counts_code(saving->counts, &cell->histogram, cell->requests, saving->fine);
    } else {
        pack_histogram(saving->out, &cell->histogram);
    }
}

/* derived: its blocks are those of the endpoint's series, put together. */
static void save_cell(const struct saving *saving, struct summary_cell *cell,
                      bool derived)
{
    const struct summary *summary = saving->summary;
    struct str *out = saving->out;
    const uint64_t counts[] = {version_index(summary, cell->version),
                               cell->requests,
                               cell->client_errors,
                               cell->server_errors,
                               cell->aborted,
                               cell->exceptions,
                               cell->clamped,
                               cell->min_ns,
                               cell->max_ns};
    for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++)
        pack_number(out, counts[i]);
    pack_signed(out, cell->first_utc_ns);
    pack_signed(out, cell->last_utc_ns);
    pack_wide(out, cell->sum_ns);
    pack_wide(out, cell->sum_squares_ns);
    save_fine(saving, cell);
    save_histogram(saving, &cell->first_byte, 0);
    save_histogram(saving, &cell->view, 0);
    if (!derived)
        save_blocks(saving, cell->blocks, cell->version->grid.count);
    if (cell->runs)
        save_blocks(saving, cell->runs, summary->run_count);
    save_histograms(saving, cell->hours, SUMMARY_HOURS);
    if (cell->strata)
        save_histograms(saving, cell->strata, SUMMARY_STRATA);
    save_calendar(out, &cell->calendar, summary->slot_s);
    pack_number(out, cell->status_count);
    for (size_t i = 0; i < cell->status_count; i++) {
        pack_number(out, cell->statuses[i].status);
        pack_number(out, cell->statuses[i].requests);
    }
    save_slow(saving, cell->slow);
}

/* Whether the blocks of the only cell follow from the series; they do, unless a count has
 * come to its end. */
static bool blocks_follow(const struct summary_endpoint *endpoint)
{
    const struct summary_cell *cell = endpoint->cells[0];
    const struct timegrid *grid = &cell->version->grid;
    if (endpoint->cell_count != 1)
        return false;
    struct block *derived = blocks_gather(grid, &endpoint->grid, endpoint->series);
    bool same = derived != NULL;
    for (unsigned i = 0; same && i < grid->count; i++)
        same = block_is(&derived[i], &cell->blocks[i]);
    blocks_free(derived, grid->count);
    return same;
}

static void save_endpoint(const struct saving *saving,
                          const struct summary_endpoint *endpoint)
{
    pack_name(saving->out, endpoint->application);
    pack_name(saving->out, endpoint->name);
    save_grid(saving->out, &endpoint->grid);
    expect_nothing(saving);
    save_blocks(saving, endpoint->series, endpoint->grid.count);
    pack_number(saving->out, endpoint->cell_count);
    bool derived = saving->counts && endpoint->cell_count && blocks_follow(endpoint);
    if (saving->counts)
        pack_number(saving->out, derived);
    for (size_t i = 0; i < endpoint->cell_count; i++)
        save_cell(saving, endpoint->cells[i], derived);
}

static void save_version(const struct saving *saving, size_t i)
{
    const struct summary_version *version = saving->summary->versions[i];
    pack_name(saving->out, version->application);
    pack_name(saving->out, version->name);
    pack_number(saving->out, version->requests);
    pack_signed(saving->out, version->first_utc_ns);
    pack_signed(saving->out, version->last_utc_ns);
    save_grid(saving->out, &version->grid);
    for (size_t d = 0; d < SUMMARY_DIMENSIONS; d++)
        save_tally(saving, &saving->tallies[i * SUMMARY_DIMENSIONS + d],
                   saving->ranks[d]);
    save_visitors(saving->out, version->visitors);
}

/* Later parts of the format, ascending tags: each tag, length, bytes. */
static void save_parts(struct str *out, const struct summary *summary)
{
    struct str part;
    if (beside_is_empty(summary->beside))
        return;
    str_init(&part);
    beside_pack(summary->beside, &part);
    pack_number(out, SAVED_BESIDE);
    pack_name(out, (struct name){part.bytes, part.length});
    str_release(&part);
}

static void save_summary(const struct saving *saving)
{
    const struct summary *summary = saving->summary;
    struct str *out = saving->out;
    pack_number(out, summary->requests);
    pack_number(out, summary->undefined);
    pack_number(out, summary->other);
    pack_signed(out, summary->first_utc_ns);
    pack_signed(out, summary->last_utc_ns);
    pack_number(out, summary->run_count);
    for (size_t i = 0; i < summary->run_count; i++) {
        pack_name(out, summary->runs[i]->name);
        pack_number(out, summary->runs[i]->requests);
        pack_signed(out, summary->runs[i]->first_utc_ns);
        pack_signed(out, summary->runs[i]->last_utc_ns);
    }
    int64_t *days = mem_array(summary->day_count, sizeof(*days));
    for (size_t i = 0; i < summary->day_count; i++)
        days[i] = summary->days[i];
    pack_number(out, summary->day_count);
    pack_ascending(out, days, summary->day_count);
    free(days);
    save_visitors(out, &summary->visitors);
    pack_number(out, summary->version_count);
    for (size_t i = 0; i < summary->version_count; i++)
        save_version(saving, i);
    pack_number(out, summary->endpoint_count);
    for (size_t i = 0; i < summary->endpoint_count; i++)
        save_endpoint(saving, summary->endpoints[i]);
    save_parts(out, summary);
}

static void pack(const struct summary *summary, struct str *numbers,
                 struct counts_coder *counts)
{
    size_t tally_count = summary->version_count * SUMMARY_DIMENSIONS;
    struct saving saving = {.summary = summary,
                            .out = numbers,
                            .counts = counts,
                            .expected = mem_new(sizeof(*saving.expected)),
                            .fine = mem_new(sizeof(*saving.fine)),
                            .tallies = mem_array(tally_count, sizeof(struct tally))};
    for (size_t i = 0; i < tally_count; i++) {
        tally_copy(
            &saving.tallies[i],
            summary->versions[i / SUMMARY_DIMENSIONS]->tallies[i % SUMMARY_DIMENSIONS]);
        tally_compact(&saving.tallies[i]);
    }
    for (int d = 0; d < SUMMARY_DIMENSIONS; d++)
        save_names(&saving, d);
    save_summary(&saving);
    for (int d = 0; d < SUMMARY_DIMENSIONS; d++)
        free(saving.ranks[d]);
    for (size_t i = 0; i < tally_count; i++)
        tally_release(&saving.tallies[i]);
    free(saving.tallies);
    free(saving.expected);
    free(saving.fine);
}

void summary_pack(const struct summary *summary, struct str *payload)
{
    pack(summary, payload, NULL);
}

/* The numbers as a zstd frame. */
static void add_compressed(struct str *out, const struct str *numbers)
{
    size_t bound = ZSTD_compressBound(numbers->length);
    char *packed = mem_new(bound);
    size_t size =
        ZSTD_compress(packed, bound, numbers->bytes, numbers->length, ZSTD_LEVEL);
    str_add(out, packed, size); /* cannot fail with this bound */
    free(packed);
}

void summary_save(const struct summary *summary, struct str *out)
{
    struct str numbers, counts;
    str_init(&numbers);
    str_init(&counts);
    struct counts_coder *coder = counts_writer_new(&counts);
    pack(summary, &numbers, coder);
    counts_finish(coder);
    counts_free(coder);
    str_add(out, SAVED_MAGIC, SAVED_MAGIC_BYTES);
    pack_fixed(out, SAVED_FORMAT);
    pack_fixed(out, numbers.length);
    pack_fixed(out, map_hash(numbers.bytes, numbers.length));
    pack_fixed(out, counts.length);
    pack_fixed(out, map_hash(counts.bytes, counts.length));
    str_add(out, counts.bytes, counts.length);
    add_compressed(out, &numbers);
    str_release(&numbers);
    str_release(&counts);
}
