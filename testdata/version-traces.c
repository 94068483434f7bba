/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Writes one trace of one version of a shop, for the transcripts under testdata/cases
 * that compare versions: what each endpoint does is said on the command line.
 *
 *   version-traces FILE VERSION BEGIN_HOUR HOURS 'ENDPOINT=MEDIAN_MS[,5XX_PERCENT]'...
 *
 * 3000 requests an endpoint, evenly from so many hours after Monday 2026-11-02 on (no
 * two traces of a case begin at the same hour), their durations log-normal around the
 * median. The same bytes for the same command line.
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/fmd-record.h"
#include "lib/wire/block.h"
#include "lib/wire/definitions.h"
#include "lib/wire/requests.h"
#include "lib/wire/segment.h"

#define SECOND_NS UINT64_C(1000000000)
#define BEGIN_UTC_NS INT64_C(1793577600000000000) /* 2026-11-02, a Monday */
enum { REQUESTS = 3000, BLOCK_REQUESTS = 1000, ENDPOINTS_MAX = 16 };

struct endpoint {
    const char *name;
    double median_ms, error_share;
};

struct trace {
    FILE *file;
    const char *version;
    double begin_hour, hours;
    struct endpoint endpoints[ENDPOINTS_MAX];
    uint32_t endpoint_count;
    uint64_t sequence, random;
    uint8_t out[FMD__REQUESTS_BOUND + 4096];
};

/* splitmix64, in (0, 1). */
static double next_unit(struct trace *trace)
{
    uint64_t z = trace->random += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return ((double)((z ^ z >> 31) >> 11) + .5) / 9007199254740992.0;
}

static uint64_t next_duration_ns(struct trace *trace, double median_ms)
{
    double radius = sqrt(-2 * log(next_unit(trace)));
    return (uint64_t)(median_ms * 1e6 *
                      exp(.4 * radius * cos(2 * M_PI * next_unit(trace))));
}

static int64_t begin_utc_ns(const struct trace *trace)
{
    return BEGIN_UTC_NS + (int64_t)(trace->begin_hour * 3600) * (int64_t)SECOND_NS;
}

static void write_block(struct trace *trace, enum fmd__block_type type, uint32_t count,
                        const uint8_t *payload, size_t bytes)
{
    struct fmd__block block = {.type = (uint8_t)type,
                               .count = count,
                               .sequence = trace->sequence++,
                               .anchor_monotonic_ns = SECOND_NS,
                               .anchor_utc_ns = begin_utc_ns(trace) + (int64_t)SECOND_NS};
    fwrite(trace->out, 1, fmd__block_write(&block, payload, bytes, NULL, trace->out),
           trace->file);
}

static void write_head(struct trace *trace)
{
    static uint8_t payload[64 * 1024];
    struct fmd__segment segment = {.pid = 1234,
                                   .parent_pid = 1,
                                   .started_utc_ns = begin_utc_ns(trace),
                                   .host = "web-1",
                                   .boot_id = "boot-1",
                                   .application = "shop",
                                   .recorder = "version-traces"};
    size_t size = 0;
    memcpy(segment.stream, &trace->begin_hour, sizeof(trace->begin_hour));
    memcpy(segment.stream + 8, &trace->hours, sizeof(trace->hours));
    snprintf(segment.version, sizeof(segment.version), "%s", trace->version);
    write_block(trace, FMD__BLOCK_SEGMENT, 0, payload,
                fmd__segment_encode(&segment, payload));
    for (uint32_t e = 0; e < trace->endpoint_count; e++) {
        const char *name = trace->endpoints[e].name;
        struct fmd__definition definition = {.kind = FMD__DEFINE_ENDPOINT,
                                             .id = e + 1,
                                             .bytes = name,
                                             .length = (uint32_t)strlen(name),
                                             .application = "shop",
                                             .application_length = 4,
                                             .version = trace->version,
                                             .version_length =
                                                 (uint32_t)strlen(trace->version)};
        size += fmd__definition_encode(&definition, payload + size);
    }
    write_block(trace, FMD__BLOCK_DEFINITIONS, trace->endpoint_count, payload, size);
}

/* Endpoints in turn. */
static void write_requests(struct trace *trace, uint64_t first)
{
    static struct fmd__columns columns;
    static uint8_t payload[FMD__REQUESTS_BOUND];
    uint64_t all = (uint64_t)REQUESTS * trace->endpoint_count;
    double step_ns = trace->hours * 3600e9 / (double)all;
    columns.count = BLOCK_REQUESTS;
    for (uint32_t i = 0; i < BLOCK_REQUESTS; i++) {
        uint32_t e = (uint32_t)((first + i) % trace->endpoint_count);
        const struct endpoint *endpoint = &trace->endpoints[e];
        columns.endpoint[i] = e + 1;
        columns.start_ns[i] = (uint64_t)(step_ns * (double)(first + i));
        columns.duration_ns[i] = next_duration_ns(trace, endpoint->median_ms);
        columns.first_byte_ns[i] = columns.view_ns[i] = UINT64_MAX;
        columns.status[i] = next_unit(trace) < endpoint->error_share ? 500 : 200;
        columns.method[i] = FMD_METHOD_GET;
    }
    write_block(trace, FMD__BLOCK_REQUESTS, BLOCK_REQUESTS, payload,
                fmd__requests_encode(&columns, NULL, 0, payload));
}

static void write_trace(struct trace *trace)
{
    uint64_t all = (uint64_t)REQUESTS * trace->endpoint_count;
    struct fmd__stats stats = {.issued = all, .recorded = all, .clean_end = 1};
    uint8_t payload[FMD__STATS_BOUND];
    write_head(trace);
    for (uint64_t first = 0; first < all; first += BLOCK_REQUESTS)
        write_requests(trace, first);
    write_block(trace, FMD__BLOCK_STATS, 0, payload, fmd__stats_encode(&stats, payload));
    write_block(trace, FMD__BLOCK_END, 0, payload, 0);
}

/* Cuts "ENDPOINT=MEDIAN_MS,PERCENT" at the last "=". */
static int read_endpoint(struct trace *trace, char *text)
{
    char *equals = strrchr(text, '='), *end;
    if (!equals || trace->endpoint_count == ENDPOINTS_MAX)
        return -1;
    struct endpoint *endpoint = &trace->endpoints[trace->endpoint_count++];
    *equals = '\0';
    endpoint->name = text;
    endpoint->median_ms = strtod(equals + 1, &end);
    endpoint->error_share = *end == ',' ? strtod(end + 1, &end) / 100 : 0;
    return *end ? -1 : 0;
}

int main(int argc, char **argv)
{
    static struct trace trace;
    int bad = argc < 6;
    for (int i = 5; i < argc; i++)
        bad |= read_endpoint(&trace, argv[i]);
    if (bad) {
        fputs("usage: version-traces FILE VERSION BEGIN_HOUR HOURS "
              "ENDPOINT=MEDIAN_MS[,5XX_PERCENT]...\n",
              stderr);
        return 2;
    }
    trace.version = argv[2];
    trace.begin_hour = strtod(argv[3], NULL);
    trace.hours = strtod(argv[4], NULL);
    trace.random = (uint64_t)(trace.begin_hour * 1000);
    trace.file = fopen(argv[1], "wb");
    if (trace.file)
        write_trace(&trace);
    if (!trace.file || fclose(trace.file) != 0) {
        fprintf(stderr, "version-traces: cannot write %s: %s\n", argv[1],
                strerror(errno));
        return 1;
    }
    return 0;
}
