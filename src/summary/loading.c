/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * From bytes to a summary; trusts nothing. Whatever is not as saving.c writes it (order,
 * ranges, shortest forms) is refused, so what loads saves to the same bytes.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

#include "saved_form.h"
#include "saving.h"
#include "src/base/err.h"
#include "src/base/mem.h"

/* Values that a file may count, each byte of it; in truth a value takes some bytes. */
enum { VALUES_A_BYTE = 64, VALUES_MIN = 4096 };
/* No payload is so much longer than its file. */
enum { RATIO_MOST = 2048 };

/* --- numbers and histograms -------------------------------------------------------- */

bool require(struct loading *loading, bool right)
{
    if (!right)
        unpack_fail(&loading->in);
    return !loading->in.bad;
}

uint64_t load_number(struct loading *loading, enum saved_kind kind, unsigned context,
                     uint64_t limit)
{
    if (!loading->coder || loading->old)
        return unpack_limited(&loading->in, limit);
    uint64_t number = counts_number(loading->coder, kind, context, 0);
    return require(loading, number <= limit && !counts_over(loading->coder)) ? number : 0;
}

int64_t load_difference(struct loading *loading, enum saved_kind kind, unsigned context)
{
    if (!loading->coder)
        return unpack_signed(&loading->in);
    int64_t difference = counts_difference(loading->coder, kind, context, 0);
    return require(loading, !counts_over(loading->coder)) ? difference : 0;
}

void load_expecting_nothing(struct loading *loading)
{
    if (loading->coder)
        *loading->expected = (struct counts_expected){.total = 0};
}

void load_histogram(struct loading *loading, struct histogram *histogram, uint64_t likely)
{
    if (loading->in.bad)
        return;
    if (loading->coder)
        counts_code(loading->coder, histogram, likely, loading->expected);
    else
        unpack_histogram(&loading->in, histogram);
}

static void load_histograms(struct loading *loading, struct histogram *histograms,
                            size_t count)
{
    for (size_t i = 0; i < count && !loading->in.bad; i++)
        load_histogram(loading, &histograms[i], 0);
}

/* --- endpoints and versions -------------------------------------------------------- */

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
    if (loading->coder && !loading->in.bad) {
        counts_refine(loading->fine, loading->expected);
        counts_code(loading->coder, &cell->histogram, cell->requests, loading->fine);
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
    load_slow(loading, cell);
    require(loading, loading->in.bad || cell_agrees(summary, cell));
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
        load_expecting_nothing(loading);
        load_blocks(loading, endpoint->series, endpoint->grid.count);
        size_t cells = unpack_count(in, SUMMARY_VERSIONS_MAX + 1);
        bool derived = loading->coder && unpack_limited(in, cells == 1);
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

static void load_part(struct loading *loading, uint64_t tag, struct unpacking *part)
{
    if (tag == SAVED_BESIDE)
        loading->summary->beside = beside_unpack(part);
    else if (tag == SAVED_ANSWERS && !loading->old)
        kept_answers_unpack(&loading->summary->answers, part);
    else
        unpack_fail(part);
}

static void load_parts(struct loading *loading)
{
    struct unpacking *in = &loading->in;
    uint64_t before = 0;
    while (!in->bad && in->at != in->end) {
        uint64_t tag = unpack_number(in);
        struct name bytes = unpack_name(in);
        struct unpacking part = {(const uint8_t *)bytes.bytes,
                                 (const uint8_t *)bytes.bytes + bytes.length, false};
        if (require(loading, tag > before))
            load_part(loading, tag, &part);
        require(loading, !part.bad);
        before = tag;
    }
}

static void load_summary(struct loading *loading)
{
    struct summary *summary = loading->summary;
    struct unpacking *in = &loading->in;
    for (int d = 0; d < SUMMARY_DIMENSIONS; d++)
        load_names(loading, d);
    if (!loading->old)
        load_processes(loading);
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
        uint32_t *marks = summary_mark_names(loading->summary, d);
        for (size_t i = 0; i < loading->name_counts[d]; i++)
            require(loading, marks[i] == 1);
        free(marks);
    }
}

/* size: of the file, near enough. */
static struct summary *unpack(struct name numbers, uint64_t format,
                              struct counts_coder *coder, size_t size)
{
    struct loading loading = {.summary = summary_new(),
                              .in = {(const uint8_t *)numbers.bytes,
                                     (const uint8_t *)numbers.bytes + numbers.length,
                                     false},
                              .old = format <= SAVED_FORMAT_FEW_HISTOGRAMS,
                              .values_left = (uint64_t)size * VALUES_A_BYTE + VALUES_MIN,
                              .coder = coder,
                              .expected = mem_new(sizeof(*loading.expected)),
                              .fine = mem_new(sizeof(*loading.fine))};
    load_summary(&loading);
    free(loading.expected);
    free(loading.fine);
    if (coder)
        require(&loading, !counts_bad(coder));
    if (!loading.in.bad)
        require_names_used(&loading);
    require(&loading, processes_used(&loading));
    for (size_t i = 0; i < loading.summary->version_count; i++)
        require_blocks_used(&loading, &loading.summary->versions[i]->grid);
    for (size_t i = 0; i < loading.summary->endpoint_count; i++)
        require_blocks_used(&loading, &loading.summary->endpoints[i]->grid);
    loading.summary->generation++;
    free(loading.processes);
    free(loading.process_used);
    if (!loading.in.bad)
        return loading.summary;
    summary_free(loading.summary);
    return NULL;
}

struct summary *summary_unpack(const void *payload, size_t size)
{
    return unpack((struct name){payload, size}, SAVED_FORMAT, NULL, size);
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
    struct counts_coder *coder = NULL;
    str_init(&payload);
    if (format > SAVED_FORMAT_ONE_STREAM)
        coder = open_counts(&in);
    if (!in.bad && length <= SAVED_PAYLOAD_MAX && length / RATIO_MOST <= size &&
        decompress(in.at, (size_t)(in.end - in.at), length, &payload) == 0 &&
        map_hash(payload.bytes, payload.length) == hash)
        summary =
            unpack((struct name){payload.bytes, payload.length}, format, coder, size);
    counts_free(coder);
    str_release(&payload);
    if (!summary)
        err_set(err, ERR_DAMAGE,
                "the saved summary is damaged or cut short; copy it again, or save it "
                "again from its traces");
    return summary;
}
