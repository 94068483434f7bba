/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Writes a small trace of a process at levels 0 to 3 with every block, column and entry
 * that the format has for them, and the ring file that it left when it was killed.
 *
 *   levels-trace whole|without TRACE [RING]
 *
 * without: the same requests from a recorder that has none of these blocks, so that
 * readers can be asked whether they tell the two apart. Always the same bytes.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/fmd-record.h"
#include "lib/wire/block.h"
#include "lib/wire/counts.h"
#include "lib/wire/definitions.h"
#include "lib/wire/details.h"
#include "lib/wire/ringlayout.h"
#include "lib/wire/samples.h"
#include "lib/wire/segment.h"

#define MS_NS UINT64_C(1000000)
#define BEGIN_NS UINT64_C(5000000000000)
#define BEGIN_UTC_NS INT64_C(1793599200000000000) /* 2026-11-02 06:00, a Monday */
#define TEXT(literal) ((struct fmd__text){literal, sizeof(literal) - 1})
enum { BLOCKS = 2, BLOCK_REQUESTS = 200, ENDPOINTS = 3, CODES = 12, SAMPLES = 300 };
enum { RING_SLOTS = 16, JOURNAL_ROOM = 4096, JOURNAL_END = 4000 };

static uint8_t payload[FMD__REQUESTS_BOUND + FMD__DETAILS_BOUND];

struct trace {
    FILE *file;
    bool whole;
    uint64_t sequence;
    uint8_t out[sizeof(payload) + 4096];
};

static const struct fmd__segment segment = {.stream = "levels-trace 01",
                                            .pid = 1234,
                                            .parent_pid = 1,
                                            .started_utc_ns = BEGIN_UTC_NS,
                                            .started_monotonic_ns = BEGIN_NS,
                                            .host = "web-1",
                                            .boot_id = "boot-1",
                                            .application = "shop",
                                            .version = "1.0",
                                            .recorder = "levels-trace",
                                            .interpreter = "cpython 3.11"};

static void write_block(struct trace *trace, enum fmd__block_type type, uint32_t count,
                        size_t bytes)
{
    struct fmd__block block = {.type = (uint8_t)type,
                               .count = count,
                               .sequence = trace->sequence++,
                               .anchor_monotonic_ns = BEGIN_NS,
                               .anchor_utc_ns = BEGIN_UTC_NS};
    if (type == FMD__BLOCK_REQUESTS) { /* as write_requests() makes them */
        uint64_t first = (trace->sequence - 3) * BLOCK_REQUESTS;
        block.start_min_ns = BEGIN_NS + first * 20 * MS_NS;
        block.start_max_ns = block.start_min_ns + (BLOCK_REQUESTS - 1) * 20 * MS_NS;
        block.duration_min_ns = MS_NS;
        block.duration_max_ns = 100 * MS_NS;
    }
    size_t size = fmd__block_write(&block, payload, bytes, NULL, trace->out);
    fwrite(trace->out, 1, size, trace->file);
}

/* --- definitions ----------------------------------------------------------------- */

static size_t define_endpoints(uint8_t *out)
{
    static const char *names[ENDPOINTS] = {"GET /", "GET /cart", "POST /order"};
    size_t size = 0;
    for (uint32_t i = 0; i < ENDPOINTS; i++) {
        struct fmd__definition definition = {.kind = FMD__DEFINE_ENDPOINT,
                                             .id = i + 1,
                                             .bytes = names[i],
                                             .length = (uint32_t)strlen(names[i]),
                                             .application = "shop",
                                             .application_length = 4,
                                             .version = "1.0",
                                             .version_length = 3};
        size += fmd__definition_encode(&definition, out + size);
    }
    return size;
}

/* Function number id: two instructions on its first line, two on the next. */
static struct fmd__definition code_of(uint32_t id, char name[32])
{
    static const uint8_t table[] = {0x81, 0x12, 0x80 | 11 << 3 | 1, 1, 2};
    return (struct fmd__definition){
        .kind = FMD__DEFINE_CODE,
        .id = id,
        .hash = id * 1000003u,
        .bytes = name,
        .length = (uint32_t)snprintf(name, 32, "Cart.step_%u", id),
        .file = "/srv/shop/cart.py",
        .file_length = 17,
        .first_line = 10 * id,
        .line_table_kind =
            id == CODES ? FMD__LINE_TABLE_NONE : FMD__LINE_TABLE_CPYTHON_311,
        .line_table = table,
        .line_table_bytes = id == CODES ? 0 : sizeof(table)};
}

static void write_definitions(struct trace *trace)
{
    size_t size = define_endpoints(payload);
    for (uint32_t id = 1; trace->whole && id <= CODES; id++) {
        char name[32];
        struct fmd__definition code = code_of(id, name);
        size += fmd__definition_encode(&code, payload + size);
    }
    write_block(trace, FMD__BLOCK_DEFINITIONS, ENDPOINTS + (trace->whole ? CODES : 0),
                size);
}

/* --- requests -------------------------------------------------------------------- */

static uint64_t start_of(uint64_t request)
{
    return BEGIN_NS + request * 20 * MS_NS;
}

static uint64_t duration_of(uint64_t request)
{
    return (1 + request * 37 % 100) * MS_NS;
}

static void make_detail(struct fmd__details *details, uint32_t row, uint64_t request)
{
    bool outlier = duration_of(request) > 90 * MS_NS;
    details->what[row] =
        (uint8_t)(2 | FMD__DETAIL_MEASURED | (outlier ? FMD__DETAIL_OUTLIER : 0));
    details->cpu_ns[row] = duration_of(request) / 3;
    details->threshold_ns[row] = outlier ? 90 * MS_NS : 0;
    details->voluntary_switches[row] = (uint32_t)(request % 5);
    details->involuntary_switches[row] = (uint32_t)(request % 3);
    details->minor_faults[row] = (uint32_t)(request * 7 % 50);
    details->major_faults[row] = request % 100 == 1;
    details->block_reads[row] = (uint32_t)(request % 4);
    details->block_writes[row] = request % 9 == 0 ? 8 : 0;
}

/* Block number: requests 20 ms apart, with details of every other one. */
static void write_requests(struct trace *trace, uint64_t number)
{
    static struct fmd__columns columns;
    static struct fmd__details details;
    struct fmd__ring_range range = {0, 6 * number, 6 * number + 5};
    memset(&details, 0, sizeof(details));
    columns.count = details.count = BLOCK_REQUESTS;
    for (uint32_t i = 0; i < BLOCK_REQUESTS; i++) {
        uint64_t request = number * BLOCK_REQUESTS + i;
        columns.endpoint[i] = 1 + i % ENDPOINTS;
        columns.start_ns[i] = start_of(request);
        columns.duration_ns[i] = duration_of(request);
        columns.first_byte_ns[i] = columns.view_ns[i] = UINT64_MAX;
        columns.status[i] = 200;
        columns.method[i] = FMD_METHOD_GET;
        if (i % 2)
            make_detail(&details, i, request);
    }
    size_t size = fmd__requests_encode(&columns, &range, 1, payload);
    if (trace->whole)
        size += fmd__details_encode(&details, payload + size);
    write_block(trace, FMD__BLOCK_REQUESTS, BLOCK_REQUESTS, size);
}

/* --- samples and entries --------------------------------------------------------- */

static struct fmd__sample sample_of(uint32_t number, struct fmd__stack_frame *frames)
{
    uint32_t depth = 4 + number * 7 % 5;
    for (uint32_t i = 0; i < depth; i++)
        frames[i] =
            (struct fmd__stack_frame){1 + i + (i > 4 ? number % 3 : 0), 2 * (i % 4)};
    frames[depth - 1].offset = 2 * (number % 4);
    return (struct fmd__sample){
        .time_ns = BEGIN_NS + number * 10 * MS_NS + number * 1009 % 5000,
        .request = {number % 20 == 19 ? 0 : start_of(number / 2),
                    number % 20 == 19 ? 0 : 1 + number / 2 % BLOCK_REQUESTS % ENDPOINTS},
        .thread = 1234 + number / 50 % 2,
        .interval_us = number < 200 ? 10000 : 20000,
        .why = (uint8_t)(1 + number % 3),
        .state = (uint8_t)(number % 3),
        .label = (uint8_t)(number % 50 == 0 ? 1 + number / 50 % 2 : 0),
        .frame_count = depth,
        .frames = frames};
}

static void write_samples(struct trace *trace)
{
    static struct fmd__samples_writer writer;
    fmd__samples_begin(&writer, payload);
    for (uint32_t i = 0; i < SAMPLES; i++) {
        struct fmd__stack_frame frames[16];
        struct fmd__sample sample = sample_of(i, frames);
        if (fmd__samples_add(&writer, &sample) != 0)
            abort();
    }
    write_block(trace, FMD__BLOCK_SAMPLES, 0, fmd__samples_finish(&writer, JOURNAL_END));
}

static const struct fmd__stack_frame raised_at[] = {{1, 2}, {2, 4}, {3, 6}};

/* One entry of each kind that a trace has, numbered from 0; false when there are no more.
 */
static bool entry_of(unsigned number, struct fmd__journal_entry *entry)
{
    struct fmd__request_key key = {start_of(7), 2};
    memset(entry, 0, sizeof(*entry));
    switch (number) {
    case 0:
        entry->kind = FMD__ENTRY_CONTEXT;
        entry->context.request = key;
        entry->context.item_count = 2;
        entry->context.items[0].what = FMD__CONTEXT_PATH;
        entry->context.items[0].value = TEXT("/cart/17");
        entry->context.items[1].what = FMD__CONTEXT_HEADER;
        entry->context.items[1].name = TEXT("User-Agent");
        entry->context.items[1].value = TEXT("curl/7.88.1");
        return true;
    case 1:
        entry->kind = FMD__ENTRY_EXCEPTION;
        entry->exception = (struct fmd__exception){.time_ns = start_of(8),
                                                   .request = key,
                                                   .count = 3,
                                                   .type = TEXT("KeyError"),
                                                   .message = TEXT("'sku-\xc3\xa9'"),
                                                   .frame_count = 3,
                                                   .frames = raised_at};
        return true;
    case 2:
        entry->kind = FMD__ENTRY_GAUGE;
        entry->gauge = (struct fmd__gauge){start_of(9), -12.5, TEXT("queue length")};
        return true;
    case 3:
        entry->kind = FMD__ENTRY_PROCESS;
        entry->process.time_ns = start_of(10);
        for (unsigned value = 1; value <= FMD__PROCESS_INTERVAL_US; value++) {
            entry->process.known |= 1u << value;
            entry->process.values[value] = 1000 * value;
        }
        return true;
    case 4:
        entry->kind = FMD__ENTRY_UNFINISHED;
        entry->unfinished = (struct fmd__unfinished){.request = {start_of(399) + 1, 3},
                                                     .seen_ns = start_of(410),
                                                     .threshold_ns = 90 * MS_NS,
                                                     .thread = 1235,
                                                     .method = FMD_METHOD_POST,
                                                     .level = 3,
                                                     .outlier = 1,
                                                     .path = TEXT("/order")};
        return true;
    default:
        return false;
    }
}

static void write_entries(struct trace *trace)
{
    struct fmd__journal_entry entry;
    size_t size = FMD__JOURNAL_HEAD_BYTES;
    fmd__journal_block_begin(JOURNAL_END + 96, payload);
    for (unsigned i = 0; entry_of(i, &entry); i++)
        size += fmd__entry_encode(&entry, payload + size);
    write_block(trace, FMD__BLOCK_JOURNAL, 0, size);
}

/* Endpoint 1 is counted on in a second block, which has nothing of endpoint 2. */
static void write_counts(struct trace *trace)
{
    static const struct fmd__endpoint_count first[] = {{1, 10, BEGIN_NS + 5},
                                                       {2, 20, BEGIN_NS + 6}},
                                            second[] = {{1, 1000, BEGIN_NS + 7}};
    write_block(trace, FMD__BLOCK_COUNTS, 0, fmd__counts_encode(first, 2, payload));
    write_block(trace, FMD__BLOCK_COUNTS, 0, fmd__counts_encode(second, 1, payload));
}

static void write_stats(struct trace *trace)
{
    struct fmd__stats stats = {.issued = (uint64_t)BLOCKS * BLOCK_REQUESTS,
                               .recorded = (uint64_t)BLOCKS * BLOCK_REQUESTS};
    write_block(trace, FMD__BLOCK_STATS, 0, fmd__stats_encode(&stats, payload));
}

static void write_trace(struct trace *trace)
{
    write_block(trace, FMD__BLOCK_SEGMENT, 0, fmd__segment_encode(&segment, payload));
    write_definitions(trace);
    for (uint64_t i = 0; i < BLOCKS; i++)
        write_requests(trace, i);
    if (trace->whole) {
        write_samples(trace);
        write_entries(trace);
        write_counts(trace);
    }
    write_stats(trace);
}

/* --- the ring file --------------------------------------------------------------- */

/* Slots 0 to 11 are in the trace's two blocks; three requests with details follow. */
static void fill_ring(struct fmd__ring *ring)
{
    ring->head = ring->tail = 6; /* killed before it could move on to 12 */
    for (uint64_t s = 6; s < 18; s += 2) {
        uint64_t request = BLOCKS * BLOCK_REQUESTS + s;
        ring->slots[s % RING_SLOTS].detail =
            (struct fmd__slot_detail){.kind = FMD__SLOT_DETAIL,
                                      .what = 2 | FMD__DETAIL_MEASURED,
                                      .cpu_ns = s * MS_NS,
                                      .voluntary_switches = 1,
                                      .minor_faults = 2,
                                      .block_writes = 3};
        ring->slots[(s + 1) % RING_SLOTS].request =
            (struct fmd__slot_request){.kind = FMD__SLOT_REQUEST,
                                       .method = FMD_METHOD_GET,
                                       .status = 200,
                                       .endpoint = 1,
                                       .start_ns = start_of(request),
                                       .duration_ns = duration_of(request),
                                       .first_byte_ns = UINT64_MAX,
                                       .view_ns = UINT64_MAX};
        ring->head = s + 2;
    }
}

static void fill_flights(struct fmd__flight *flights)
{
    for (uint32_t i = 1; i < 4; i++) {
        const char *path = i == 1 ? "/cart/18" : "/order";
        fmd__flight_write_begin(&flights[i]);
        flights[i].start_ns = start_of(430 + i);
        flights[i].thread = 1234 + i;
        flights[i].deadline_ns = i == 1 ? UINT64_MAX : start_of(430 + i) + 90 * MS_NS;
        flights[i].endpoint = i;
        flights[i].outlier_start_ns = i == 2 ? start_of(430 + i) : 0;
        flights[i].about =
            fmd__flight_about(2 + i % 2, FMD_METHOD_GET,
                              fmd__flight_set_path(&flights[i], path, strlen(path)));
        if (i < 3) /* killed while it wrote the last */
            fmd__flight_write_end(&flights[i]);
    }
}

static void put_entry(struct fmd__journal *journal,
                      const struct fmd__journal_entry *entry)
{
    static uint8_t bytes[FMD__ENTRY_BYTES_MAX];
    if (fmd__journal_put(journal, JOURNAL_ROOM, bytes, fmd__entry_encode(entry, bytes)) !=
        0)
        abort();
}

/* From just before JOURNAL_END on, and around the end of its room. */
static void fill_journal(struct fmd__journal *journal)
{
    struct fmd__stack_frame frames[16];
    struct fmd__journal_entry entry = {.kind = FMD__ENTRY_DEFINITION};
    char name[32];
    journal->head = journal->tail = JOURNAL_END - 72;
    entry.definition = code_of(CODES + 1, name);
    put_entry(journal, &entry);
    for (uint32_t i = SAMPLES; i < SAMPLES + 5; i++) {
        entry = (struct fmd__journal_entry){.kind = FMD__ENTRY_SAMPLE};
        entry.sample = sample_of(i, frames);
        put_entry(journal, &entry);
    }
    for (unsigned i = 0; entry_of(i, &entry); i++)
        put_entry(journal, &entry);
}

static void write_ring(const char *path)
{
    static const struct fmd__ring_plan plan = {.rings = 2,
                                               .slots = RING_SLOTS,
                                               .endpoints_room = 512,
                                               .count_room = 8,
                                               .flight_count = 5,
                                               .journal_room = JOURNAL_ROOM};
    size_t bytes = fmd__ring_file_bytes(&plan);
    struct fmd__ring_header *header = aligned_alloc(4096, (bytes / 4096 + 1) * 4096);
    FILE *file = fopen(path, "wb");
    if (!header || !file)
        abort();
    memset(header, 0, bytes);
    fmd__ring_file_format(header, &segment, &plan);
    struct fmd__ring_state state = {BEGIN_NS, BEGIN_UTC_NS, {.recorded = 400}};
    fmd__ring_file_store_state(header, &state);
    header->endpoints_bytes =
        define_endpoints((uint8_t *)header + header->endpoints_offset);
    fmd__ring_at(header, 0)->counts.issued = 403;
    fill_ring(fmd__ring_at(header, 0));
    fill_flights(fmd__ring_flights(header));
    fill_journal(fmd__ring_journal(header));
    fmd__ring_counts_area(header)[0].count = 1001;
    fmd__ring_counts_area(header)[0].last_ns = BEGIN_NS + 8;
    fmd__ring_counts_area(header)[2].count = 1;
    fmd__ring_counts_area(header)[2].last_ns = BEGIN_NS + 9;
    fwrite(header, 1, bytes, file);
    fclose(file);
    free(header);
}

int main(int argc, char **argv)
{
    static struct trace trace;
    if (argc < 3 || argc > 4 || !strstr(" whole without ", argv[1])) {
        fprintf(stderr, "usage: levels-trace whole|without TRACE [RING]\n");
        return 2;
    }
    trace.whole = strcmp(argv[1], "whole") == 0;
    trace.file = fopen(argv[2], "wb");
    if (trace.file)
        write_trace(&trace);
    if (!trace.file || fclose(trace.file) != 0) {
        fprintf(stderr, "levels-trace: cannot write %s: %s\n", argv[2], strerror(errno));
        return 1;
    }
    if (argc == 4)
        write_ring(argv[3]);
    return 0;
}
