/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * For tests: traces made by the wire encoder, a folder to put them in, and what
 * scale_summarize() makes of them.
 */
#ifndef INPUT_MADE_TRACES_H
#define INPUT_MADE_TRACES_H

#include "input.h"

#include "lib/wire/block.h"
#include "lib/wire/definitions.h"
#include "lib/wire/requests.h"
#include "lib/wire/segment.h"
#include "src/base/err.h"
#include "src/scale/scale.h"
#include "src/summary/summary.h"

#include <ftw.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "testdata/cmocka_tests.h"

#define SECOND_NS UINT64_C(1000000000)
#define BEGIN_UTC_NS INT64_C(1750000000000000000)

/* --- a folder of its own for each test -----------------------------------------------
 */

struct folder {
    char path[64];
};

static inline struct folder folder_make(void)
{
    struct folder folder = {"/tmp/fmd-input-test-XXXXXX"};
    assert_non_null(mkdtemp(folder.path));
    return folder;
}

static inline int remove_one(const char *path, const struct stat *status, int kind,
                             struct FTW *walk)
{
    (void)status;
    (void)kind;
    (void)walk;
    return remove(path);
}

static inline void folder_remove(const struct folder *folder)
{
    nftw(folder->path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* Names in use at one time: a few. */
static inline const char *in(const struct folder *folder, const char *name)
{
    static char paths[8][4096];
    static unsigned next;
    char *path = paths[next++ % 8];
    snprintf(path, sizeof(paths[0]), "%s/%s", folder->path, name);
    return path;
}

static inline void put_file(const char *path, const void *bytes, size_t size)
{
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, size, file), size);
    fclose(file);
}

/* --- writing traces ------------------------------------------------------------------
 */

/* One process and the file it writes at the moment. */
struct writer {
    struct fmd__segment segment;
    struct fmd__stats stats;
    uint64_t sequence, now_ns;
    int64_t utc_offset_ns; /* wall clock at monotonic 0 */
    unsigned format_above; /* 1: writes the next format version */
    uint8_t *bytes;
    size_t size, room;
    size_t block_at[256]; /* where each block of the file begins */
    size_t block_count;
    struct fmd__ring_range range; /* written with the next block of requests */
    bool has_range;
};

static inline void writer_init(struct writer *writer, const char *host, const char *run,
                               uint8_t stream)
{
    memset(writer, 0, sizeof(*writer));
    memset(writer->segment.stream, stream, sizeof(writer->segment.stream));
    writer->segment.pid = 1000u + stream;
    strcpy(writer->segment.host, host);
    strcpy(writer->segment.run, run);
    strcpy(writer->segment.boot_id, host);
    writer->utc_offset_ns = BEGIN_UTC_NS;
    writer->now_ns = SECOND_NS;
}

static inline void writer_release(struct writer *writer)
{
    free(writer->bytes);
}

static inline void put_block(struct writer *writer, enum fmd__block_type type,
                             uint32_t count, const uint8_t *payload, size_t size)
{
    struct fmd__block block = {.type = (uint8_t)type,
                               .count = count,
                               .sequence = writer->sequence++,
                               .start_min_ns = writer->now_ns,
                               .start_max_ns = writer->now_ns + count * SECOND_NS,
                               .anchor_monotonic_ns = writer->now_ns,
                               .anchor_utc_ns =
                                   writer->utc_offset_ns + (int64_t)writer->now_ns};
    while (writer->room - writer->size < fmd__block_bound(size)) {
        writer->room = writer->room ? writer->room * 2 : 1 << 16;
        writer->bytes = realloc(writer->bytes, writer->room);
        assert_non_null(writer->bytes);
    }
    uint8_t *at = writer->bytes + writer->size;
    assert_true(writer->block_count < 256);
    writer->block_at[writer->block_count++] = writer->size;
    writer->size += fmd__block_write(&block, payload, size, NULL, at);
    if (writer->format_above) { /* FORMAT.md: version at 14, CRC at 8 over 12 and on */
        at[14]++;
        uint32_t crc = fmd__crc32c(0, at + 12, block.header_bytes - 12);
        memcpy(at + 8, &crc, sizeof(crc));
    }
}

static inline size_t define(uint8_t *out, uint8_t kind, uint32_t id, const char *name,
                            size_t length, uint64_t hash)
{
    struct fmd__definition definition = {.kind = kind,
                                         .id = id,
                                         .hash = hash,
                                         .bytes = name,
                                         .length = (uint32_t)length,
                                         .application = "shop",
                                         .application_length = 4,
                                         .version = "1.0",
                                         .version_length = 3};
    return fmd__definition_encode(&definition, out);
}

/* Begins a file: who writes, and two endpoints, two groups. */
static inline void put_begin(struct writer *writer)
{
    uint8_t payload[FMD__SEGMENT_BOUND];
    writer->size = writer->block_count = 0;
    put_block(writer, FMD__BLOCK_SEGMENT, 0, payload,
              fmd__segment_encode(&writer->segment, payload));
    size_t size = define(payload, FMD__DEFINE_ENDPOINT, 1, "GET /", 5, 0);
    size += define(payload + size, FMD__DEFINE_ENDPOINT, 2, "GET /cart", 9, 0);
    size += define(payload + size, FMD__DEFINE_GROUP, 1, "alice", 5, 0xa11ce);
    size += define(payload + size, FMD__DEFINE_GROUP, 2, "bob", 3, 0xb0b);
    put_block(writer, FMD__BLOCK_DEFINITIONS, 4, payload, size);
    writer->segment.number++;
}

/* count requests, a second apart, 1 to 50 ms long. */
static inline void put_requests(struct writer *writer, uint32_t count)
{
    static struct fmd__columns columns;
    static uint8_t payload[FMD__REQUESTS_BOUND];
    columns.count = count;
    for (uint32_t i = 0; i < count; i++) {
        columns.endpoint[i] = 1 + i % 2;
        columns.group[i] = i % 3;
        columns.start_ns[i] = writer->now_ns + i * SECOND_NS;
        columns.duration_ns[i] = 1000000 * (1 + (writer->sequence * 7 + i) % 50);
        columns.first_byte_ns[i] = columns.view_ns[i] = UINT64_MAX;
        columns.status[i] = i % 10 ? 200 : 500;
        columns.method[i] = 1;
    }
    size_t size =
        fmd__requests_encode(&columns, &writer->range, writer->has_range, payload);
    writer->has_range = false;
    put_block(writer, FMD__BLOCK_REQUESTS, count, payload, size);
    writer->now_ns += count * SECOND_NS;
    writer->stats.issued += count;
    writer->stats.recorded += count;
}

static inline void put_stats(struct writer *writer)
{
    uint8_t payload[FMD__STATS_BOUND];
    put_block(writer, FMD__BLOCK_STATS, 0, payload,
              fmd__stats_encode(&writer->stats, payload));
}

static inline void put_end(struct writer *writer, bool clean_end)
{
    writer->stats.clean_end = clean_end;
    put_stats(writer);
    put_block(writer, FMD__BLOCK_END, 0, (const uint8_t *)"", 0);
}

static inline void put_trace(struct writer *writer, const char *path)
{
    put_file(path, writer->bytes, writer->size);
}

/* A process's only file, cleanly ended. */
static inline void put_whole(const struct folder *folder, const char *name,
                             uint8_t stream, uint32_t blocks)
{
    struct writer writer;
    writer_init(&writer, stream % 2 ? "web-1" : "web-2", "run-1", stream);
    put_begin(&writer);
    for (uint32_t i = 0; i < blocks; i++)
        put_requests(&writer, 100);
    put_end(&writer, true);
    put_trace(&writer, in(folder, name));
    writer_release(&writer);
}

/* --- reading them back ---------------------------------------------------------------
 */

struct outcome {
    int result;
    struct err err;
    struct input_report report;
    struct summary *summary;
    uint64_t requests; /* in the summary */
};

static inline struct outcome analyze(const char *const *paths, size_t count,
                                     unsigned threads)
{
    struct outcome outcome = {.err = ERR_INIT, .summary = summary_new()};
    struct input_options options;
    input_options_init(&options);
    options.threads = threads;
    input_report_init(&outcome.report);
    outcome.result = scale_summarize(paths, count, &options, outcome.summary,
                                     &outcome.report, &outcome.err);
    outcome.requests = summary_totals(outcome.summary).requests;
    if (outcome.result == 0)
        assert_int_equal(outcome.requests, outcome.report.requests);
    else
        assert_true(strlen(outcome.err.message) > 0);
    return outcome;
}

static inline struct outcome analyze_one(const char *path)
{
    return analyze(&path, 1, 1);
}

static inline void outcome_release(struct outcome *outcome)
{
    input_report_release(&outcome->report);
    summary_free(outcome->summary);
}

static inline uint64_t notes_of(const struct outcome *outcome, enum input_note_kind kind)
{
    return outcome->report.notes_by_kind[kind];
}

/* Is there a note with all of these words in it? */
static inline bool is_told(const struct outcome *outcome, enum input_note_kind kind,
                           const char *words)
{
    for (size_t i = 0; i < outcome->report.note_count; i++)
        if (outcome->report.notes[i].kind == kind &&
            strstr(outcome->report.notes[i].sentence, words))
            return true;
    for (size_t i = 0; i < outcome->report.note_count; i++)
        print_message("# note: %s\n", outcome->report.notes[i].sentence);
    return false;
}

#endif
