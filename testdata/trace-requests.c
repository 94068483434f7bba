/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * trace-requests FILE.fmd ... : every request of trace files as a line of JSON, and after
 * each file the last counts in it. For tests that look at single requests; nothing is
 * summed here. Exits 1 when a block is damaged.
 */
#include "lib/wire/block.h"
#include "lib/wire/definitions.h"
#include "lib/wire/requests.h"
#include "lib/wire/segment.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { IDS_MAX = 1 << 16 };

struct trace {
    struct fmd__segment segment;
    struct fmd__stats stats;
    struct fmd__definition defined[3][IDS_MAX]; /* by kind - 1 and id; bytes are copies */
    bool damaged;
};

static struct trace trace;
static struct fmd__columns columns;
static uint8_t scratch[FMD__PAYLOAD_BYTES_MAX];

static void print_text(const char *key, const char *bytes, size_t length)
{
    printf("\"%s\":\"", key);
    for (size_t i = 0; i < length; i++) {
        const unsigned char byte = (unsigned char)bytes[i];
        if (byte < 0x20 || byte == '"' || byte == '\\')
            printf("\\u%04x", byte);
        else
            putchar(byte);
    }
    printf("\",");
}

static void print_time(const char *key, uint64_t ns)
{
    if (ns == UINT64_MAX)
        printf("\"%s\":null,", key);
    else
        printf("\"%s\":%llu,", key, (unsigned long long)ns);
}

static void print_id(const char *key, enum fmd__definition_kind kind, uint32_t id)
{
    const struct fmd__definition *definition = &trace.defined[kind - 1][id % IDS_MAX];
    print_text(key, definition->bytes, definition->bytes ? definition->length : 0);
}

static void print_request(uint32_t i, int64_t utc_offset_ns)
{
    const struct fmd__definition *endpoint =
        &trace.defined[FMD__DEFINE_ENDPOINT - 1][columns.endpoint[i] % IDS_MAX];
    printf("{");
    print_id("endpoint", FMD__DEFINE_ENDPOINT, columns.endpoint[i]);
    print_text("application", endpoint->application, endpoint->application_length);
    print_text("version", endpoint->version, endpoint->version_length);
    print_id("group", FMD__DEFINE_GROUP, columns.group[i]);
    print_id("address", FMD__DEFINE_ADDRESS, columns.address[i]);
    print_time("utc_ns", columns.start_ns[i] + (uint64_t)utc_offset_ns);
    print_time("duration_ns", columns.duration_ns[i]);
    print_time("first_byte_ns", columns.first_byte_ns[i]);
    print_time("view_ns", columns.view_ns[i]);
    printf("\"status\":%u,\"method\":%u,\"flags\":%u,\"pid\":%u}\n", columns.status[i],
           columns.method[i], columns.flags[i], trace.segment.pid);
}

/* Kept until the end of the program. */
static const char *copy(const char *bytes, size_t length)
{
    char *kept = malloc(length + 1);
    if (!kept)
        abort();
    memcpy(kept, bytes, length);
    return kept;
}

static void define(const uint8_t *payload, size_t size)
{
    struct fmd__definition definition;
    size_t offset = 0;
    int got;
    while ((got = fmd__definition_decode(payload, size, &offset, &definition)) == 1) {
        if (definition.kind < 1 || definition.kind > 3)
            continue;
        struct fmd__definition *kept =
            &trace.defined[definition.kind - 1][definition.id % IDS_MAX];
        *kept = definition;
        kept->bytes = copy(definition.bytes, definition.length);
        if (definition.kind == FMD__DEFINE_ENDPOINT) {
            kept->application =
                copy(definition.application, definition.application_length);
            kept->version = copy(definition.version, definition.version_length);
        }
    }
    trace.damaged |= got < 0;
}

static void take(const struct fmd__block *block, const uint8_t *payload)
{
    int result = 0;
    uint32_t ranges;
    if (block->type == FMD__BLOCK_SEGMENT)
        result = fmd__segment_decode(payload, block->raw_bytes, &trace.segment);
    else if (block->type == FMD__BLOCK_STATS)
        result = fmd__stats_decode(payload, block->raw_bytes, &trace.stats);
    else if (block->type == FMD__BLOCK_DEFINITIONS)
        define(payload, block->raw_bytes);
    else if (block->type == FMD__BLOCK_REQUESTS)
        result = fmd__requests_decode(payload, block->raw_bytes, &columns, NULL, &ranges);
    if (result == 0 && block->type == FMD__BLOCK_REQUESTS)
        for (uint32_t i = 0; i < columns.count; i++)
            print_request(i, block->anchor_utc_ns - (int64_t)block->anchor_monotonic_ns);
    trace.damaged |= result < 0;
}

static void print_stats(void)
{
    printf(
        "{\"issued\":%llu,\"recorded\":%llu,\"clean_end\":%llu,\"pid\":%u,\"dropped\":[",
        (unsigned long long)trace.stats.issued, (unsigned long long)trace.stats.recorded,
        (unsigned long long)trace.stats.clean_end, trace.segment.pid);
    for (unsigned i = 0; i < FMD__DROP_CAUSES_MAX; i++)
        printf("%s%llu", i ? "," : "", (unsigned long long)trace.stats.dropped[i]);
    printf("]}\n");
}

/* All blocks of a file that may end torn. */
static void read_trace(const uint8_t *bytes, size_t size)
{
    struct fmd__block block;
    size_t at = 0;
    while (at < size && fmd__block_read(bytes + at, size - at, &block) == FMD__BLOCK_OK) {
        const uint8_t *payload = fmd__block_payload(&block, bytes + at, NULL, scratch);
        if (payload)
            take(&block, payload);
        trace.damaged |= !payload;
        at += block.header_bytes + block.payload_bytes;
    }
}

int main(int argc, char **argv)
{
    bool damaged = false;
    for (int i = 1; i < argc; i++) {
        FILE *file = fopen(argv[i], "rb");
        if (!file || fseek(file, 0, SEEK_END) != 0) {
            perror(argv[i]);
            return 1;
        }
        const size_t size = (size_t)ftell(file);
        uint8_t *bytes = malloc(size + 1);
        rewind(file);
        memset(&trace, 0, sizeof trace);
        if (bytes && fread(bytes, 1, size, file) == size)
            read_trace(bytes, size);
        print_stats();
        damaged |= trace.damaged;
        free(bytes);
        fclose(file);
    }
    return damaged;
}
