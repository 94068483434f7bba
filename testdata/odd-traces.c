/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Writes one small trace with one oddity that no healthy recorder writes on a good day,
 * for the transcripts under testdata/cases. Whole and checksummed: damage is done to it
 * by the case itself.
 *
 *   odd-traces plain|no-requests|newer|odd-names|clock-jump FILE
 *
 * plain: 3 blocks of 100 requests. no-requests: a process that served nothing. newer: the
 * same as plain in the next format version. odd-names: endpoints whose names are not
 * UTF-8, 10 kB long, and full of control characters. clock-jump: the wall clock was set
 * back by an hour between the first block and the second.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/fmd-record.h"
#include "lib/wire/block.h"
#include "lib/wire/definitions.h"
#include "lib/wire/requests.h"
#include "lib/wire/segment.h"

#define MS_NS UINT64_C(1000000)
#define SECOND_NS UINT64_C(1000000000)
#define BEGIN_UTC_NS INT64_C(1793599200000000000) /* 2026-11-02 06:00, a Monday */
enum { BLOCKS = 3, BLOCK_REQUESTS = 100, LONG_NAME_BYTES = 10000 };

struct trace {
    FILE *file;
    bool newer;
    uint64_t sequence;
    int64_t utc_offset_ns; /* what the wall clock shows at monotonic 0 */
    uint8_t out[FMD__REQUESTS_BOUND + 4096];
};

static void write_block(struct trace *trace, enum fmd__block_type type, uint32_t count,
                        const uint8_t *payload, size_t bytes)
{
    struct fmd__block block = {.type = (uint8_t)type, .count = count};
    block.sequence = trace->sequence++;
    block.anchor_monotonic_ns = SECOND_NS;
    block.anchor_utc_ns = trace->utc_offset_ns + (int64_t)SECOND_NS;
    size_t size = fmd__block_write(&block, payload, bytes, NULL, trace->out);
    if (trace->newer) { /* FORMAT.md, "Block": version at 14, CRC at 8 over 12 and on */
        trace->out[14]++;
        uint32_t crc = fmd__crc32c(0, trace->out + 12, block.header_bytes - 12);
        for (int i = 0; i < 4; i++)
            trace->out[8 + i] = (uint8_t)(crc >> 8 * i);
    }
    fwrite(trace->out, 1, size, trace->file);
}

static void write_segment(struct trace *trace)
{
    static struct fmd__segment segment = {.stream = "odd-traces 0001",
                                          .pid = 1234,
                                          .parent_pid = 1,
                                          .started_utc_ns = BEGIN_UTC_NS,
                                          .host = "web-1",
                                          .boot_id = "boot-1",
                                          .application = "shop",
                                          .version = "1.0",
                                          .recorder = "odd-traces"};
    uint8_t payload[FMD__SEGMENT_BOUND];
    write_block(trace, FMD__BLOCK_SEGMENT, 0, payload,
                fmd__segment_encode(&segment, payload));
}

static size_t define(uint32_t id, const char *name, size_t length, uint8_t *out)
{
    struct fmd__definition definition = {.kind = FMD__DEFINE_ENDPOINT,
                                         .id = id,
                                         .bytes = name,
                                         .length = (uint32_t)length,
                                         .application = "shop",
                                         .application_length = 4,
                                         .version = "1.0",
                                         .version_length = 3};
    return fmd__definition_encode(&definition, out);
}

static void write_endpoints(struct trace *trace, bool odd)
{
    static uint8_t payload[3 * LONG_NAME_BYTES];
    static char name[LONG_NAME_BYTES] = "GET /long/";
    memset(name + 10, 'x', sizeof(name) - 10);
    size_t size = define(1, odd ? "GET /caf\xe9" : "GET /cafe", 9, payload);
    size += define(2, odd ? name : "GET /long", odd ? sizeof(name) : 9, payload + size);
    size += define(3, odd ? "GET /\x1b[31m\n\t" : "GET /plain", odd ? 12 : 10,
                   payload + size);
    write_block(trace, FMD__BLOCK_DEFINITIONS, 3, payload, size);
}

/* Requests of the three endpoints in turn, a second apart, 1 to 100 ms long. */
static void write_requests(struct trace *trace, unsigned number)
{
    static struct fmd__columns columns;
    static uint8_t payload[FMD__REQUESTS_BOUND];
    columns.count = BLOCK_REQUESTS;
    for (unsigned i = 0; i < BLOCK_REQUESTS; i++) {
        columns.endpoint[i] = 1 + i % 3;
        columns.start_ns[i] = (uint64_t)(number * BLOCK_REQUESTS + i) * SECOND_NS;
        columns.duration_ns[i] = (1 + i * 37 % 100) * MS_NS;
        columns.first_byte_ns[i] = columns.view_ns[i] = UINT64_MAX;
        columns.status[i] = 200;
        columns.method[i] = FMD_METHOD_GET;
    }
    write_block(trace, FMD__BLOCK_REQUESTS, BLOCK_REQUESTS, payload,
                fmd__requests_encode(&columns, NULL, 0, payload));
}

static void write_end(struct trace *trace, uint64_t requests)
{
    struct fmd__stats stats = {.issued = requests, .recorded = requests, .clean_end = 1};
    uint8_t payload[FMD__STATS_BOUND];
    write_block(trace, FMD__BLOCK_STATS, 0, payload, fmd__stats_encode(&stats, payload));
    write_block(trace, FMD__BLOCK_END, 0, payload, 0);
}

int main(int argc, char **argv)
{
    static const char kinds[] = " plain no-requests newer odd-names clock-jump ";
    static struct trace trace;
    if (argc != 3 || !strstr(kinds, argv[1])) {
        fprintf(stderr, "usage: odd-traces KIND FILE; KIND is one of%s\n", kinds);
        return 2;
    }
    const char *kind = argv[1];
    unsigned blocks = strcmp(kind, "no-requests") == 0 ? 0 : BLOCKS;
    trace.newer = strcmp(kind, "newer") == 0;
    trace.utc_offset_ns = BEGIN_UTC_NS;
    trace.file = fopen(argv[2], "wb");
    if (trace.file) {
        write_segment(&trace);
        write_endpoints(&trace, strcmp(kind, "odd-names") == 0);
        for (unsigned i = 0; i < blocks; i++) {
            if (i == 1 && strcmp(kind, "clock-jump") == 0)
                trace.utc_offset_ns -= (int64_t)(3600 * SECOND_NS);
            write_requests(&trace, i);
        }
        write_end(&trace, (uint64_t)blocks * BLOCK_REQUESTS);
    }
    if (!trace.file || fclose(trace.file) != 0) {
        fprintf(stderr, "odd-traces: cannot write %s: %s\n", argv[2], strerror(errno));
        return 1;
    }
    return 0;
}
