/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What was written once stays readable: every kept trace of testdata/traces against the
 * facts beside it, which the second decoder wrote when the trace was new.
 */
#include "testdata/cmocka_tests.h"

#include "block.h"
#include "counts.h"
#include "definitions.h"
#include "details.h"
#include "entries.h"
#include "requests.h"
#include "ringfile.h"
#include "samples.h"
#include "segment.h"

#include <inttypes.h>
#include <stdio.h>

#define TRACES "testdata/traces/"

static uint8_t *read_file(const char *path, size_t *size)
{
    FILE *file = fopen(path, "rbe");
    assert_non_null(file);
    assert_int_equal(fseek(file, 0, SEEK_END), 0);
    *size = (size_t)ftell(file);
    rewind(file);
    uint8_t *bytes = malloc(*size + 1);
    assert_int_equal(fread(bytes, 1, *size, file), *size);
    bytes[*size] = 0;
    fclose(file);
    return bytes;
}

/* Sums may be larger than 64 bits. */
typedef __int128 wide;

static void print_wide(char text[48], wide value)
{
    const uint64_t billions = 1000000000000000000u;
    if (value < (wide)billions)
        snprintf(text, 48, "%" PRIu64, (uint64_t)value);
    else
        snprintf(text, 48, "%" PRIu64 "%018" PRIu64, (uint64_t)(value / billions),
                 (uint64_t)(value % billions));
}

/* The facts have the line "name: value". */
static void assert_fact(const char *facts, const char *name, wide value)
{
    char number[48], line[128];
    print_wide(number, value);
    snprintf(line, sizeof(line), "\n%s: %s\n", name, number);
    if (!strstr(facts, line))
        fail_msg("the facts do not say%s", line);
}

static struct sums {
    uint32_t requests, definitions, known_first, known_view, types[9];
    uint32_t details, samples, frames, entries, exceptions;
    wide cpu, threshold, voluntary, involuntary, minor_faults, major_faults, block_reads,
        block_writes, sample_time, sample_start, sample_endpoint, frame_code,
        frame_offset;
    uint64_t samples_end, entries_end;
    struct fmd__endpoint_count counts[8]; /* by endpoint */

    wide duration, status, method, flags, utc, first_byte, view;
    struct fmd__segment segment;
    struct fmd__stats stats;
} sums;

static struct fmd__columns columns;
static struct fmd__ring_range ranges[FMD__RING_RANGES_MAX];
static uint8_t scratch[FMD__PAYLOAD_BYTES_MAX];

static void add_requests(const struct fmd__block *block)
{
    int64_t shift = block->anchor_utc_ns - (int64_t)block->anchor_monotonic_ns;
    for (uint32_t i = 0; i < columns.count; i++) {
        assert_in_range(columns.start_ns[i], block->start_min_ns, block->start_max_ns);
        sums.duration += columns.duration_ns[i];
        sums.status += columns.status[i];
        sums.method += columns.method[i];
        sums.flags += columns.flags[i];
        sums.utc += (int64_t)columns.start_ns[i] + shift;
        if (columns.first_byte_ns[i] != UINT64_MAX) {
            sums.known_first++;
            sums.first_byte += columns.first_byte_ns[i];
        }
        if (columns.view_ns[i] != UINT64_MAX) {
            sums.known_view++;
            sums.view += columns.view_ns[i];
        }
    }
    sums.requests += columns.count;
}

static void add_details(const uint8_t *payload, size_t size)
{
    static struct fmd__details details;
    assert_true(fmd__details_decode(payload, size, &details) >= 0);
    assert_int_equal(details.count, columns.count);
    for (uint32_t i = 0; i < details.count; i++) {
        sums.details += details.what[i] != 0;
        sums.cpu += details.cpu_ns[i];
        sums.threshold += details.threshold_ns[i];
        sums.voluntary += details.voluntary_switches[i];
        sums.involuntary += details.involuntary_switches[i];
        sums.minor_faults += details.minor_faults[i];
        sums.major_faults += details.major_faults[i];
        sums.block_reads += details.block_reads[i];
        sums.block_writes += details.block_writes[i];
    }
}

static void add_sample(const struct fmd__sample *sample)
{
    sums.samples++;
    sums.frames += sample->frame_count;
    sums.sample_time += sample->time_ns;
    sums.sample_start += sample->request.start_ns;
    sums.sample_endpoint += sample->request.endpoint;
    for (uint32_t i = 0; i < sample->frame_count; i++) {
        sums.frame_code += sample->frames[i].code;
        sums.frame_offset += sample->frames[i].offset;
    }
}

static void add_samples(const uint8_t *payload, size_t size)
{
    static struct fmd__samples_reader reader;
    struct fmd__sample sample;
    int more;
    assert_int_equal(fmd__samples_open(&reader, payload, size), 0);
    sums.samples_end = reader.journal_end;
    while ((more = fmd__samples_next(&reader, &sample)) == 1)
        add_sample(&sample);
    assert_int_equal(more, 0);
}

static void add_entries(const uint8_t *payload, size_t size)
{
    static struct fmd__stack_frame frames[FMD__STACK_FRAMES_MAX];
    struct fmd__journal_entry entry;
    size_t offset;
    assert_int_equal(fmd__journal_block_open(payload, size, &offset, &sums.entries_end),
                     0);
    while (fmd__entry_decode(payload, size, &offset, &entry, frames) == 1) {
        sums.entries++;
        if (entry.kind == FMD__ENTRY_EXCEPTION)
            sums.exceptions += (uint32_t)entry.exception.count;
    }
    assert_int_equal(offset, size);
}

static void add_counts(const uint8_t *payload, size_t size)
{
    struct fmd__endpoint_count count;
    size_t offset = 0;
    while (fmd__counts_decode(payload, size, &offset, &count) == 1) {
        assert_in_range(count.endpoint, 1, 7);
        sums.counts[count.endpoint] = count;
    }
    assert_int_equal(offset, size);
}

static void add_block(const struct fmd__block *block, const uint8_t *payload,
                      struct fmd__ringfile *ringfile)
{
    struct fmd__definition definition;
    size_t offset = 0, size = block->raw_bytes;
    uint32_t range_count;
    switch (block->type) {
    case FMD__BLOCK_SEGMENT:
        assert_int_equal(fmd__segment_decode(payload, size, &sums.segment), 0);
        break;
    case FMD__BLOCK_DEFINITIONS:
        while (fmd__definition_decode(payload, size, &offset, &definition) == 1)
            sums.definitions++;
        assert_int_equal(offset, size);
        break;
    case FMD__BLOCK_REQUESTS:
        assert_int_equal(
            fmd__requests_decode(payload, size, &columns, ranges, &range_count), 0);
        add_requests(block);
        add_details(payload, size);
        for (uint32_t i = 0; ringfile && i < range_count; i++)
            fmd__ringfile_consumed(ringfile, ranges[i].ring_id, ranges[i].first,
                                   ranges[i].last);
        break;
    case FMD__BLOCK_STATS:
        assert_int_equal(fmd__stats_decode(payload, size, &sums.stats), 0);
        break;
    case FMD__BLOCK_COUNTS:
        add_counts(payload, size);
        break;
    case FMD__BLOCK_SAMPLES:
        add_samples(payload, size);
        break;
    case FMD__BLOCK_JOURNAL:
        add_entries(payload, size);
        break;
    default:
        break;
    }
}

static void add_trace(const char *path, struct fmd__ringfile *ringfile)
{
    size_t size;
    uint8_t *bytes = read_file(path, &size);
    struct fmd__block block;
    memset(&sums, 0, sizeof(sums));
    for (size_t at = 0; at < size; at += block.header_bytes + block.payload_bytes) {
        assert_int_equal(fmd__block_read(bytes + at, size - at, &block), FMD__BLOCK_OK);
        const uint8_t *payload = fmd__block_payload(&block, bytes + at, NULL, scratch);
        assert_non_null(payload);
        assert_in_range(block.type, 1, 8);
        sums.types[block.type]++;
        add_block(&block, payload, ringfile);
    }
    free(bytes);
}

static void assert_facts(const char *path)
{
    size_t size;
    char *facts = (char *)read_file(path, &size), name[64];
    for (int type = 1; type <= 8; type++) {
        snprintf(name, sizeof(name), "block type %d", type);
        if (sums.types[type])
            assert_fact(facts, name, sums.types[type]);
    }
    assert_fact(facts, "requests", sums.requests);
    assert_fact(facts, "sum of duration", sums.duration);
    assert_fact(facts, "sum of status", sums.status);
    assert_fact(facts, "sum of method", sums.method);
    assert_fact(facts, "sum of flags", sums.flags);
    assert_fact(facts, "sum of utc", sums.utc);
    snprintf(name, sizeof(name), "first_byte known: %u, sum %" PRIu64 "\n",
             sums.known_first, (uint64_t)sums.first_byte);
    assert_non_null(strstr(facts, name));
    snprintf(name, sizeof(name), "view known: %u, sum %" PRIu64 "\n", sums.known_view,
             (uint64_t)sums.view);
    assert_non_null(strstr(facts, name));
    assert_fact(facts, "stats tag 01", (wide)sums.stats.issued);
    assert_fact(facts, "stats tag 02", (wide)sums.stats.recorded);
    free(facts);
}

TEST(a_generated_trace_of_version_1)
{
    add_trace(TRACES "v1-generated.fmd", NULL);
    assert_facts(TRACES "v1-generated.txt");
    assert_string_equal(sums.segment.host, "web-1");
    assert_int_equal(sums.definitions, 12 + 99 + 146);
    assert_int_equal(sums.stats.clean_end, 1);
}

TEST(a_trace_of_version_1_without_a_table_of_kinds)
{
    add_trace(TRACES "v1-many-endpoints.fmd", NULL);
    assert_facts(TRACES "v1-many-endpoints.txt");
    assert_int_equal(sums.definitions, 5000);
}

static void assert_left_requests(struct fmd__ringfile *file, const char *facts)
{
    struct fmd__slot_request request;
    uint64_t sequence, monotonic;
    uint32_t ring, count = 0;
    int64_t utc;
    wide duration = 0, status = 0, starts = 0;
    fmd__ringfile_anchor(file, &monotonic, &utc);
    for (; fmd__ringfile_next(file, &request, &ring, &sequence); count++) {
        duration += request.duration_ns;
        status += request.status;
        starts += utc + (int64_t)(request.start_ns - monotonic);
    }
    assert_fact(facts, "requests", count);
    assert_fact(facts, "sum of duration", duration);
    assert_fact(facts, "sum of status", status);
    assert_fact(facts, "sum of utc", starts);
}

TEST(a_killed_recorder_s_trace_and_ring_of_version_1)
{
    const char *why;
    size_t size, facts_size;
    struct fmd__stats stats;
    uint8_t *bytes = read_file(TRACES "v1-killed.ring", &size);
    char *facts = (char *)read_file(TRACES "v1-killed-ring.txt", &facts_size);
    struct fmd__ringfile *file = fmd__ringfile_open(bytes, size, &why);
    assert_non_null(file);
    add_trace(TRACES "v1-killed.fmd", file);
    assert_facts(TRACES "v1-killed.txt");
    assert_memory_equal(sums.segment.stream, fmd__ringfile_segment(file)->stream, 16);
    fmd__ringfile_stats(file, &stats);
    assert_fact(facts, "issued", stats.issued);
    assert_left_requests(file, facts);
    fmd__ringfile_close(file);
    free(facts);
    free(bytes);
}

static void assert_sample_facts(const char *facts)
{
    assert_fact(facts, "samples", sums.samples);
    assert_fact(facts, "frames", sums.frames);
    assert_fact(facts, "sum of sample time", sums.sample_time);
    assert_fact(facts, "sum of sample start", sums.sample_start);
    assert_fact(facts, "sum of sample endpoint", sums.sample_endpoint);
    assert_fact(facts, "sum of frame code", sums.frame_code);
    assert_fact(facts, "sum of frame offset", sums.frame_offset);
}

TEST(a_trace_of_version_1_with_levels)
{
    size_t size;
    add_trace(TRACES "v1-levels.fmd", NULL);
    assert_facts(TRACES "v1-levels.txt");
    char *facts = (char *)read_file(TRACES "v1-levels.txt", &size);
    assert_string_equal(sums.segment.interpreter, "cpython 3.11");
    assert_int_equal(sums.definitions, 3 + 12);
    assert_fact(facts, "details", sums.details);
    assert_fact(facts, "sum of cpu", sums.cpu);
    assert_fact(facts, "sum of threshold", sums.threshold);
    assert_fact(facts, "sum of voluntary", sums.voluntary);
    assert_fact(facts, "sum of involuntary", sums.involuntary);
    assert_fact(facts, "sum of minor_faults", sums.minor_faults);
    assert_fact(facts, "sum of major_faults", sums.major_faults);
    assert_fact(facts, "sum of block_reads", sums.block_reads);
    assert_fact(facts, "sum of block_writes", sums.block_writes);
    assert_sample_facts(facts);
    assert_int_equal(sums.entries, 5);
    assert_int_equal(sums.exceptions, 3);
    assert_int_equal(sums.counts[1].count, 1000); /* the last one */
    assert_int_equal(sums.counts[2].count, 20);
    free(facts);
}

/* Adds what the journal still has; returns the entries that are no samples. */
static uint32_t add_left_entries(struct fmd__ringfile *file)
{
    static struct fmd__stack_frame frames[FMD__STACK_FRAMES_MAX];
    struct fmd__journal_entry entry;
    uint32_t others = 0;
    fmd__ringfile_journal_consumed(file, sums.samples_end, sums.entries_end);
    memset(&sums, 0, sizeof(sums));
    while (fmd__ringfile_entry(file, &entry, frames) == 1)
        if (entry.kind == FMD__ENTRY_SAMPLE)
            add_sample(&entry.sample);
        else
            others++;
    return others;
}

static uint32_t count_of(const char *facts, const char *words)
{
    uint32_t count = 0;
    for (; (facts = strstr(facts, words)); facts++)
        count++;
    return count;
}

TEST(a_killed_recorder_s_ring_of_version_1_with_levels)
{
    const char *why;
    size_t size, facts_size;
    uint8_t *bytes = read_file(TRACES "v1-levels.ring", &size);
    char *facts = (char *)read_file(TRACES "v1-levels-ring.txt", &facts_size);
    char path[FMD__FLIGHT_PATH_BYTES];
    struct fmd__unfinished unfinished;
    uint32_t slot = 0, flights = 0;
    struct fmd__ringfile *file = fmd__ringfile_open(bytes, size, &why);
    assert_non_null(file);
    add_trace(TRACES "v1-levels.fmd", file);
    assert_left_requests(file, facts);
    assert_int_equal(add_left_entries(file) + sums.samples,
                     count_of(facts, "\nleft entry: "));
    assert_sample_facts(facts);
    while (fmd__ringfile_unfinished(file, &slot, &unfinished, path))
        flights++;
    assert_int_equal(flights, count_of(facts, "\nflight: "));
    assert_int_equal(fmd__ringfile_damaged(file), 0);
    fmd__ringfile_close(file);
    free(facts);
    free(bytes);
}
