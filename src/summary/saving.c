/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * From a summary to bytes. Everything is written in the order of names and times, names
 * by rank, so the bytes depend on the content only.
 */
#include "saving.h"

#include <stdlib.h>
#include <zstd.h>

#include "saved_form.h"
#include "src/base/mem.h"

enum { ZSTD_LEVEL = 6 };

/* --- numbers and histograms -------------------------------------------------------- */

void save_number(const struct saving *saving, enum saved_kind kind, unsigned context,
                 uint64_t number)
{
    if (saving->coder)
        counts_number(saving->coder, kind, context, number);
    else
        pack_number(saving->out, number);
}

void save_difference(const struct saving *saving, enum saved_kind kind, unsigned context,
                     int64_t difference)
{
    if (saving->coder)
        counts_difference(saving->coder, kind, context, difference);
    else
        pack_signed(saving->out, difference);
}

void save_expecting_nothing(const struct saving *saving)
{
    if (saving->coder)
        *saving->expected = (struct counts_expected){.total = 0};
}

void save_histogram(const struct saving *saving, struct histogram *histogram,
                    uint64_t likely)
{
    if (saving->coder)
        counts_code(saving->coder, histogram, likely, saving->expected);
    else
        pack_histogram(saving->out, histogram);
}

static void save_histograms(const struct saving *saving, struct histogram *histograms,
                            size_t count)
{
    for (size_t i = 0; i < count; i++)
        save_histogram(saving, &histograms[i], 0);
}

/* --- endpoints and versions -------------------------------------------------------- */

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
    if (saving->coder) {
        counts_refine(saving->fine, saving->expected);
        counts_code(saving->coder, &cell->histogram, cell->requests, saving->fine);
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
    save_calendar(saving, &cell->calendar);
    pack_number(out, cell->status_count);
    for (size_t i = 0; i < cell->status_count; i++) {
        pack_number(out, cell->statuses[i].status);
        pack_number(out, cell->statuses[i].requests);
    }
    save_slow(saving, cell);
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
    save_expecting_nothing(saving);
    save_blocks(saving, endpoint->series, endpoint->grid.count);
    pack_number(saving->out, endpoint->cell_count);
    bool derived = saving->coder && endpoint->cell_count && blocks_follow(endpoint);
    if (saving->coder)
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
        save_tally(saving, version->tallies[d], saving->ranks[d]);
    save_visitors(saving->out, version->visitors);
}

static void save_part(struct str *out, unsigned tag, const struct str *part)
{
    if (part->length == 0)
        return;
    pack_number(out, tag);
    pack_name(out, (struct name){part->bytes, part->length});
}

/* Later parts of the format, ascending tags: each tag, length, bytes. */
static void save_parts(struct str *out, const struct summary *summary)
{
    struct str beside, answers;
    str_init(&beside);
    str_init(&answers);
    if (!beside_is_empty(summary->beside))
        beside_pack(summary->beside, &beside);
    if (summary->answers.count)
        kept_answers_pack(&summary->answers, &answers);
    save_part(out, SAVED_BESIDE, &beside);
    save_part(out, SAVED_ANSWERS, &answers);
    str_release(&beside);
    str_release(&answers);
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
                 struct counts_coder *coder)
{
    struct saving saving = {.summary = summary,
                            .out = numbers,
                            .coder = coder,
                            .expected = mem_new(sizeof(*saving.expected)),
                            .fine = mem_new(sizeof(*saving.fine))};
    for (int d = 0; d < SUMMARY_DIMENSIONS; d++)
        save_names(&saving, d);
    save_processes(&saving);
    save_summary(&saving);
    for (int d = 0; d < SUMMARY_DIMENSIONS; d++)
        free(saving.ranks[d]);
    free(saving.processes);
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
