/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * From bytes to a summary; trusts nothing. Whatever is not as saving.c writes it (order,
 * ranges, shortest forms) is refused, so what loads saves to the same bytes.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

#include "histogram_coder.h"
#include "inside.h"
#include "packing.h"
#include "saving.h"
#include "src/base/err.h"
#include "src/base/mem.h"
#include "src/base/vec.h"

struct loading {
    struct summary *summary;
    struct unpacking in;
    size_t name_counts[SUMMARY_DIMENSIONS];
    struct counts_coder *counts;      /* where histograms are; NULL: among the numbers */
    struct counts_expected *expected; /* of a sequence of histograms that are alike */
    struct counts_expected *fine;     /* scratch */
};

static bool require(struct loading *loading, bool right)
{
    if (!right)
        unpack_fail(&loading->in);
    return !loading->in.bad;
}

static void expect_nothing(struct loading *loading)
{
    if (loading->counts)
        *loading->expected = (struct counts_expected){.total = 0};
}

/* Into an empty one. */
static void load_histogram(struct loading *loading, struct histogram *histogram,
                           uint64_t likely)
{
    if (loading->in.bad)
        return;
    if (loading->counts)
        counts_code(loading->counts, histogram, likely, loading->expected);
    else
        unpack_histogram(&loading->in, histogram);
}

/* --- names ---------------------------------------------------------------------------
 */

static void load_names(struct loading *loading, int d)
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

/* --- values of a version ---------------------------------------------------------------
 */

static void load_tally_histograms(struct loading *loading, struct tally *tally)
{
    uint64_t *requests = mem_array(tally->count, sizeof(*requests));
    uint8_t *top = mem_array(tally->count, 1);
    for (size_t i = 0; i < tally->count; i++)
        requests[i] = tally->entries[i].requests;
    tally_top(requests, tally->count, SUMMARY_VALUE_HISTOGRAMS, top);
    expect_nothing(loading);
    for (uint32_t i = 0; i < tally->count && !loading->in.bad; i++) {
        if (!top[i])
            continue;
        struct histogram histogram;
        histogram_init(&histogram, tally->bits);
        load_histogram(loading, &histogram, requests[i]);
        tally_add_histogram(tally, i, &histogram);
        histogram_release(&histogram);
    }
    free(requests);
    free(top);
}

/* missed_max is set last: new entries begin with it. */
static void load_tally(struct loading *loading, struct tally *tally, size_t name_count)
{
    struct unpacking *in = &loading->in;
    uint32_t missed_max = (uint32_t)unpack_limited(in, UINT32_MAX);
    size_t count = unpack_count(in, TALLY_KEEP);
    uint64_t rank = 0;
    for (size_t i = 0; i < count; i++) {
        uint64_t step = unpack_limited(in, UINT32_MAX);
        rank += step + (i > 0);
        if (!require(loading, rank < name_count))
            return;
        uint32_t at = tally_entry(tally, (uint32_t)rank);
        struct tally_entry *entry = &tally->entries[at];
        entry->requests = unpack_number(in);
        entry->sum_ns = unpack_number(in);
        entry->errors = (uint32_t)unpack_limited(in, UINT32_MAX);
        entry->missed = (uint32_t)unpack_limited(in, UINT32_MAX);
    }
    tally->missed_max = missed_max;
    if (!in->bad)
        load_tally_histograms(loading, tally);
}

/* --- visitors
 * ---------------------------------------------------------------------------- */

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

/* count ascending days of int32_t. */
static int64_t *load_days(struct loading *loading, size_t *count)
{
    *count = unpack_count(&loading->in, INT32_MAX);
    int64_t *days = mem_array(*count, sizeof(*days));
    unpack_ascending(&loading->in, days, *count);
    if (*count &&
        !require(loading, days[0] >= INT32_MIN && days[*count - 1] <= INT32_MAX))
        *count = 0;
    return days;
}

static void load_visitors(struct loading *loading, struct visitors *visitors)
{
    size_t count;
    int64_t *days = load_days(loading, &count);
    for (size_t i = 0; i < count && !loading->in.bad; i++)
        for (int d = 0; d < SUMMARY_DIMENSIONS; d++)
            load_distinct(loading,
                          &visitors_place(visitors, (int32_t)days[i])->values[d]);
    free(days);
}

/* --- blocks
 * -------------------------------------------------------------------------------- */

static void load_grid(struct loading *loading, struct timegrid *grid)
{
    const int64_t most = INT64_MAX / TIMEGRID_UNIT_NS;
    grid->shift = (unsigned)unpack_limited(&loading->in, TIMEGRID_SHIFT_MAX);
    grid->count = (unsigned)unpack_count(&loading->in, grid->limit);
    unpack_ascending(&loading->in, grid->ids, grid->count);
    if (grid->count)
        require(loading, grid->ids[0] >= (-most - 1) >> grid->shift &&
                             grid->ids[grid->count - 1] <= most >> grid->shift);
}

static void load_blocks(struct loading *loading, struct block *blocks, size_t count)
{
    for (size_t i = 0; i < count && !loading->in.bad; i++) {
        struct block *block = &blocks[i];
        block->requests = unpack_number(&loading->in);
        if (block->requests == 0)
            continue;
        block->client_errors = unpack_number(&loading->in);
        block->server_errors = unpack_number(&loading->in);
        block->sum_log2 = unpack_signed(&loading->in);
        load_histogram(loading, &block->histogram, block->requests);
    }
}

static void load_histograms(struct loading *loading, struct histogram *histograms,
                            size_t count)
{
    for (size_t i = 0; i < count && !loading->in.bad; i++)
        load_histogram(loading, &histograms[i], 0);
}

static void load_calendar(struct loading *loading, struct calendar *calendar)
{
    size_t count;
    uint32_t slot_s = loading->summary->slot_s;
    int64_t *days = load_days(loading, &count);
    for (size_t i = 0; i < count && !loading->in.bad; i++) {
        struct calendar_slot *slots = calendar_place(calendar, (int32_t)days[i], slot_s);
        for (uint32_t k = 0; k < CALENDAR_DAY_S / slot_s; k++)
            slots[k].requests = (uint32_t)unpack_limited(&loading->in, UINT32_MAX);
        for (uint32_t k = 0; k < CALENDAR_DAY_S / slot_s; k++)
            slots[k].errors = (uint32_t)unpack_limited(&loading->in, UINT32_MAX);
    }
    free(days);
}

/* --- slow requests
 * ---------------------------------------------------------------------------- */

static void load_kept(struct loading *loading, struct slow_entry *entry)
{
    struct unpacking *in = &loading->in;
    entry->duration_ns = unpack_limited(in, HISTOGRAM_MAX_NS);
    entry->start_utc_ns = unpack_signed(in);
    entry->process = unpack_fixed(in);
    entry->sequence = unpack_number(in);
    entry->first_byte_ns = unpack_number(in) - 1;
    entry->view_ns = unpack_number(in) - 1;
    for (int d = 0; d < SUMMARY_DIMENSIONS; d++)
        entry->values[d] = (uint32_t)unpack_limited(in, loading->name_counts[d]);
    entry->status = (uint16_t)unpack_limited(in, UINT16_MAX);
    entry->method = (uint8_t)unpack_limited(in, UINT8_MAX);
    entry->flags = (uint8_t)unpack_limited(in, UINT8_MAX);
}

static void load_shared(struct loading *loading, struct slow *slow)
{
    struct unpacking *in = &loading->in;
    uint64_t bucket = unpack_limited(in, HISTOGRAM_FINE_BUCKETS);
    slow->share_floor = (int)bucket - 1;
    slow->shared_count = unpack_count(in, SLOW_SHARED - 1);
    slow->shared =
        vec_room(NULL, &slow->shared_room, slow->shared_count, sizeof(*slow->shared));
    struct slow_share before = {{0, 0}, 0};
    for (size_t i = 0; i < slow->shared_count; i++) {
        bucket += unpack_limited(in, HISTOGRAM_FINE_BUCKETS);
        require(loading, bucket < HISTOGRAM_FINE_BUCKETS);
        struct slow_share *one = &slow->shared[i];
        one->bucket = (uint16_t)bucket;
        for (int d = 0; d < SUMMARY_DIMENSIONS; d++)
            one->values[d] = (uint32_t)unpack_limited(in, loading->name_counts[d]);
        if (i > 0 && one->bucket == before.bucket)
            require(loading, before.values[0] < one->values[0] ||
                                 (before.values[0] == one->values[0] &&
                                  before.values[1] <= one->values[1]));
        before = *one;
    }
}

static void load_slow(struct loading *loading, struct slow *slow)
{
    slow->kept_count = unpack_count(&loading->in, SLOW_KEPT);
    slow->kept = vec_room(NULL, &slow->kept_room, slow->kept_count, sizeof(*slow->kept));
    for (size_t i = 0; i < slow->kept_count; i++) {
        load_kept(loading, &slow->kept[i]);
        require(loading, i == 0 || slow_compare(&slow->kept[i - 1], &slow->kept[i]) <= 0);
    }
    load_shared(loading, slow);
    slow_update_floor(slow);
}

/* --- the whole
 * ---------------------------------------------------------------------------------- */

static void load_statuses(struct loading *loading, struct summary_cell *cell)
{
    size_t count = unpack_count(&loading->in, SUMMARY_STATUS_OTHER + 1);
    int before = -1;
    for (size_t i = 0; i < count; i++) {
        unsigned status = (unsigned)unpack_limited(&loading->in, SUMMARY_STATUS_OTHER);
        uint64_t requests = unpack_number(&loading->in);
        if (!require(loading, (int)status > before))
            return;
        summary_count_status(cell, status, requests);
        before = (int)status;
    }
}

static void load_cell_sums(struct loading *loading, struct summary_cell *cell)
{
    struct unpacking *in = &loading->in;
    uint64_t *const counts[] = {
        &cell->requests,   &cell->client_errors, &cell->server_errors, &cell->aborted,
        &cell->exceptions, &cell->clamped,       &cell->min_ns,        &cell->max_ns};
    for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++)
        *counts[i] = unpack_number(in);
    cell->first_utc_ns = unpack_signed(in);
    cell->last_utc_ns = unpack_signed(in);
    cell->sum_ns = unpack_wide(in);
    cell->sum_squares_ns = unpack_wide(in);
}

static void load_fine(struct loading *loading, struct summary_cell *cell)
{
    if (loading->counts && !loading->in.bad) {
        counts_refine(loading->fine, loading->expected);
        counts_code(loading->counts, &cell->histogram, cell->requests, loading->fine);
    } else {
        load_histogram(loading, &cell->histogram, 0);
    }
}

/* The blocks of an endpoint's only cell, from its series. */
static void derive_blocks(struct loading *loading,
                          const struct summary_endpoint *endpoint,
                          struct summary_cell *cell)
{
    const struct timegrid *grid = &cell->version->grid;
    struct block *blocks = blocks_gather(grid, &endpoint->grid, endpoint->series);
    if (!require(loading, blocks != NULL))
        return;
    for (unsigned i = 0; i < grid->count; i++)
        block_merge(&cell->blocks[i], &blocks[i]);
    blocks_free(blocks, grid->count);
}

static void load_cell(struct loading *loading, struct summary_endpoint *endpoint,
                      bool derived)
{
    struct summary *summary = loading->summary;
    size_t cells = endpoint->cell_count;
    uint64_t index = unpack_number(&loading->in);
    if (!require(loading, index < summary->version_count))
        return;
    struct summary_cell *cell =
        summary_cell_of(summary, endpoint, summary->versions[index]);
    if (!require(loading,
                 endpoint->cell_count == cells + 1 && endpoint->cells[cells] == cell))
        return;
    load_cell_sums(loading, cell);
    load_fine(loading, cell);
    load_histogram(loading, &cell->first_byte, 0);
    load_histogram(loading, &cell->view, 0);
    if (derived)
        derive_blocks(loading, endpoint, cell);
    else
        load_blocks(loading, cell->blocks, cell->version->grid.count);
    if (cell->runs)
        load_blocks(loading, cell->runs, summary->run_count);
    load_histograms(loading, cell->hours, SUMMARY_HOURS);
    if (cell->strata)
        load_histograms(loading, cell->strata, SUMMARY_STRATA);
    load_calendar(loading, &cell->calendar);
    load_statuses(loading, cell);
    load_slow(loading, cell->slow);
}

static void load_endpoints(struct loading *loading)
{
    struct summary *summary = loading->summary;
    struct unpacking *in = &loading->in;
    size_t count = unpack_count(in, SUMMARY_ENDPOINTS_MAX + 1);
    summary->strata_dropped = count > SUMMARY_STRATA_ENDPOINTS;
    for (size_t i = 0; i < count && !in->bad; i++) {
        struct name application = unpack_name(in), name = unpack_name(in);
        struct summary_endpoint *endpoint =
            summary_endpoint_of(summary, application, name);
        if (!require(loading, summary->endpoint_count == i + 1 &&
                                  summary->endpoints[i] == endpoint))
            return;
        load_grid(loading, &endpoint->grid);
        expect_nothing(loading);
        load_blocks(loading, endpoint->series, endpoint->grid.count);
        size_t cells = unpack_count(in, SUMMARY_VERSIONS_MAX + 1);
        bool derived = loading->counts && unpack_limited(in, cells == 1);
        for (size_t k = 0; k < cells && !in->bad; k++)
            load_cell(loading, endpoint, derived);
    }
}

static void load_versions(struct loading *loading)
{
    struct summary *summary = loading->summary;
    struct unpacking *in = &loading->in;
    size_t count = unpack_count(in, SUMMARY_VERSIONS_MAX + 1);
    for (size_t i = 0; i < count && !in->bad; i++) {
        struct name application = unpack_name(in), name = unpack_name(in);
        struct summary_version *version = summary_version_of(summary, application, name);
        if (!require(loading,
                     summary->version_count == i + 1 && summary->versions[i] == version))
            return;
        version->requests = unpack_number(in);
        version->first_utc_ns = unpack_signed(in);
        version->last_utc_ns = unpack_signed(in);
        load_grid(loading, &version->grid);
        for (int d = 0; d < SUMMARY_DIMENSIONS; d++)
            load_tally(loading, version->tallies[d], loading->name_counts[d]);
        load_visitors(loading, version->visitors);
    }
}

static void load_runs(struct loading *loading)
{
    struct summary *summary = loading->summary;
    struct unpacking *in = &loading->in;
    size_t count = unpack_count(in, SUMMARY_RUNS + 1);
    for (size_t i = 0; i < count && !in->bad; i++) {
        struct summary_run *run = summary_run_of(summary, unpack_name(in));
        if (!require(loading, summary->run_count == i + 1 && summary->runs[i] == run))
            return;
        run->requests = unpack_number(in);
        run->first_utc_ns = unpack_signed(in);
        run->last_utc_ns = unpack_signed(in);
    }
}

static void load_parts(struct loading *loading)
{
    struct unpacking *in = &loading->in;
    if (in->bad || in->at == in->end)
        return;
    require(loading, unpack_number(in) == SAVED_BESIDE);
    struct name part = unpack_name(in);
    struct unpacking of = {(const uint8_t *)part.bytes,
                           (const uint8_t *)part.bytes + part.length, in->bad};
    if (!in->bad)
        loading->summary->beside = beside_unpack(&of);
    require(loading, !of.bad);
}

static void load_summary(struct loading *loading)
{
    struct summary *summary = loading->summary;
    struct unpacking *in = &loading->in;
    for (int d = 0; d < SUMMARY_DIMENSIONS; d++)
        load_names(loading, d);
    summary->requests = unpack_number(in);
    summary->undefined = unpack_number(in);
    summary->other = unpack_number(in);
    summary->first_utc_ns = unpack_signed(in);
    summary->last_utc_ns = unpack_signed(in);
    load_runs(loading);
    size_t count;
    int64_t *days = load_days(loading, &count);
    require(loading, count <= SUMMARY_DAYS);
    for (size_t i = 0; i < count && !in->bad; i++)
        summary_day_of(summary, (int32_t)days[i]);
    free(days);
    load_visitors(loading, &summary->visitors);
    load_versions(loading);
    load_endpoints(loading);
    load_parts(loading);
    require(loading, in->at == in->end);
}

/* A grid and each of its time blocks are there because some request is in it. */
static void require_blocks_used(struct loading *loading, const struct timegrid *grid)
{
    require(loading, grid->count > 0);
    for (unsigned i = 0; i < grid->count; i++) {
        bool used = false;
        for (size_t column = 0; column < grid->column_count; column++)
            used |= grid->columns[column][i].requests > 0;
        require(loading, used);
    }
}

/* A name that nobody has would not be saved again. */
static void require_names_used(struct loading *loading)
{
    for (int d = 0; d < SUMMARY_DIMENSIONS; d++) {
        uint32_t *marks = summary_mark_names(loading->summary, d, NULL);
        for (size_t i = 0; i < loading->name_counts[d]; i++)
            require(loading, marks[i] == 1);
        free(marks);
    }
}

static struct summary *unpack(const void *numbers, size_t size,
                              struct counts_coder *counts)
{
    struct loading loading = {.summary = summary_new(),
                              .in = {numbers, (const uint8_t *)numbers + size, false},
                              .counts = counts,
                              .expected = mem_new(sizeof(*loading.expected)),
                              .fine = mem_new(sizeof(*loading.fine))};
    load_summary(&loading);
    free(loading.expected);
    free(loading.fine);
    if (counts)
        require(&loading, !counts_bad(counts));
    if (!loading.in.bad)
        require_names_used(&loading);
    for (size_t i = 0; i < loading.summary->version_count; i++)
        require_blocks_used(&loading, &loading.summary->versions[i]->grid);
    for (size_t i = 0; i < loading.summary->endpoint_count; i++)
        require_blocks_used(&loading, &loading.summary->endpoints[i]->grid);
    loading.summary->generation++;
    if (!loading.in.bad)
        return loading.summary;
    summary_free(loading.summary);
    return NULL;
}

struct summary *summary_unpack(const void *payload, size_t size)
{
    return unpack(payload, size, NULL);
}

/* --- the frame
 * ------------------------------------------------------------------------------------ */

/* Grows with what is really there, so that a header cannot ask for memory. 0, or -1 when
 * it is no whole zstd frame of length bytes. */
static int decompress(const uint8_t *packed, size_t size, uint64_t length,
                      struct str *payload)
{
    ZSTD_DStream *stream = ZSTD_createDStream();
    ZSTD_inBuffer in = {packed, size, 0};
    char *piece = mem_new(1 << 16);
    size_t left = stream ? 1 : 0;
    bool failed = !stream;
    while (!failed && left && payload->length <= length) {
        ZSTD_outBuffer out = {piece, 1 << 16, 0};
        left = ZSTD_decompressStream(stream, &out, &in);
        failed = ZSTD_isError(left) || (left && out.pos == 0 && in.pos == in.size);
        str_add(payload, piece, out.pos);
    }
    ZSTD_freeDStream(stream);
    free(piece);
    return failed || in.pos != size || payload->length != length ? -1 : 0;
}

/* The histograms' bytes, which come first; NULL and bad when they are not whole. */
static struct counts_coder *open_counts(struct unpacking *in)
{
    uint64_t length = unpack_fixed(in), hash = unpack_fixed(in);
    const uint8_t *bytes = in->at;
    if (in->bad || length > (uint64_t)(in->end - in->at) ||
        map_hash(bytes, (size_t)length) != hash) {
        unpack_fail(in);
        return NULL;
    }
    in->at += length;
    return counts_reader_new(bytes, (size_t)length);
}

struct summary *summary_load(const void *bytes, size_t size, struct err *err)
{
    struct unpacking in = {bytes, (const uint8_t *)bytes + size, false};
    if (size < SAVED_HEADER_BYTES || memcmp(bytes, SAVED_MAGIC, SAVED_MAGIC_BYTES) != 0) {
        err_set(err, ERR_INPUT, "this is no saved summary; make one with --save");
        return NULL;
    }
    in.at += SAVED_MAGIC_BYTES;
    uint64_t format = unpack_fixed(&in), length = unpack_fixed(&in);
    uint64_t hash = unpack_fixed(&in);
    if (format > SAVED_FORMAT) {
        err_set(err, ERR_INPUT,
                "the saved summary is in format %" PRIu64
                ", newer than this program's %d; use a newer fmd-analyze",
                format, SAVED_FORMAT);
        return NULL;
    }
    struct str payload;
    struct summary *summary = NULL;
    struct counts_coder *counts = NULL;
    str_init(&payload);
    if (format > SAVED_FORMAT_ONE_STREAM)
        counts = open_counts(&in);
    if (!in.bad && length <= SAVED_PAYLOAD_MAX &&
        decompress(in.at, (size_t)(in.end - in.at), length, &payload) == 0 &&
        map_hash(payload.bytes, payload.length) == hash)
        summary = unpack(payload.bytes, payload.length, counts);
    counts_free(counts);
    str_release(&payload);
    if (!summary)
        err_set(err, ERR_DAMAGE,
                "the saved summary is damaged or cut short; copy it again, or save it "
                "again from its traces");
    return summary;
}
