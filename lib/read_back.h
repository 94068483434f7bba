/* SPDX-License-Identifier: Apache-2.0 */
/*
 * For tests: reads back a directory of traces and rings left behind, the dumb way: all
 * requests in one array, strings resolved. Includes cmocka; aborts the test when
 * something is not as the recorder promises. Linear searches: up to 10^5 requests.
 */
#ifndef FMD_READ_BACK_H
#define FMD_READ_BACK_H

#include "testdata/cmocka_tests.h"

#include "wire/block.h"
#include "wire/counts.h"
#include "wire/details.h"
#include "wire/definitions.h"
#include "wire/requests.h"
#include "wire/ringfile.h"
#include "wire/segment.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

struct back_string {
    char *bytes; /* terminated besides */
    uint32_t length;
};

struct back_request {
    const struct back_string *endpoint, *application, *version, *group, *address;
    uint64_t start_ns, duration_ns, first_byte_ns, view_ns;
    uint16_t status;
    uint8_t method, flags;
    bool from_ring;
    uint32_t stream; /* index */
    struct fmd__slot_detail detail;
};

struct back_unfinished {
    const struct back_string *endpoint, *group, *path;
    struct fmd__unfinished all; /* its strings are gone */
};

struct back_definition {
    uint8_t kind;
    uint32_t id;
    uint64_t hash;
    const struct back_string *name, *application, *version;
};

struct back_count {
    const struct back_string *endpoint;
    uint64_t count, last_ns;
    uint32_t stream;
};

/* Of the journal; frames are left out. */
struct back_entry {
    struct fmd__journal_entry all;
    uint32_t stream;
    bool from_ring;
};

struct back_range {
    uint32_t stream;
    struct fmd__ring_range range;
};

struct back_stream {
    struct fmd__segment segment; /* of the last file read */
    struct fmd__stats stats;     /* the last */
    uint64_t files, blocks, next_sequence;
    bool gap; /* in block sequence numbers */
    bool ended;
    uint64_t entries_end;           /* of the journal: in the trace, but for samples */
    struct back_definition *hashes; /* group and address definitions of all segments */
    uint32_t hash_count;
};

struct back {
    struct back_request *requests;
    uint32_t request_count;
    struct back_stream *streams;
    uint32_t stream_count;
    struct back_range *ranges;
    uint32_t range_count;
    struct back_count *counts; /* every one that was written, in that order */
    uint32_t count_count;
    struct back_unfinished *unfinished;
    uint32_t unfinished_count;
    struct back_entry *entries; /* in the order of files and blocks, then rings */
    uint32_t entry_count;
    uint32_t files, rings, damaged, torn;
    struct back_string **strings;
    uint32_t string_total;
    /* of the segment being read */
    struct back_definition *definitions;
    uint32_t definition_count;
    uint32_t *by_id[4]; /* kind, id -> definition + 1 */
    uint32_t by_id_room[4];
};

#define BACK_APPEND(array, count, value)                                                 \
    do {                                                                                 \
        if (((count) & ((count)-1)) == 0)                                                \
            (array) = realloc((array), ((count) ? (count)*2 : 1) * sizeof *(array));     \
        (array)[(count)++] = (value);                                                    \
    } while (0)

static const struct back_string *back_string(struct back *back, const char *bytes,
                                             uint32_t length)
{
    struct back_string *string = malloc(sizeof *string);

    string->bytes = malloc(length + 1);
    memcpy(string->bytes, bytes, length);
    string->bytes[length] = '\0';
    string->length = length;
    BACK_APPEND(back->strings, back->string_total, string);
    return string;
}

static uint32_t back_stream_of(struct back *back, const struct fmd__segment *segment)
{
    for (uint32_t i = 0; i < back->stream_count; i++)
        if (memcmp(back->streams[i].segment.stream, segment->stream, 16) == 0)
            return i;
    BACK_APPEND(back->streams, back->stream_count, (struct back_stream){0});
    back->streams[back->stream_count - 1].segment = *segment;
    return back->stream_count - 1;
}

static void back_define(struct back *back, uint32_t stream,
                        const struct fmd__definition *definition)
{
    struct back_definition own = {
        definition->kind,
        definition->id,
        definition->hash,
        back_string(back, definition->bytes, definition->length),
        back_string(back, definition->application, definition->application_length),
        back_string(back, definition->version, definition->version_length)};
    struct back_stream *of = &back->streams[stream];

    assert_in_range(definition->kind, 1, 3);
    if (definition->id >= back->by_id_room[definition->kind]) {
        uint32_t room = definition->id * 2 + 16, old = back->by_id_room[definition->kind];

        back->by_id[definition->kind] =
            realloc(back->by_id[definition->kind], room * sizeof(uint32_t));
        memset(back->by_id[definition->kind] + old, 0, (room - old) * sizeof(uint32_t));
        back->by_id_room[definition->kind] = room;
    }
    BACK_APPEND(back->definitions, back->definition_count, own);
    back->by_id[definition->kind][definition->id] = back->definition_count;
    if (definition->hash)
        BACK_APPEND(of->hashes, of->hash_count, own);
}

static const struct back_definition *back_by_id(const struct back *back, uint8_t kind,
                                                uint32_t id)
{
    if (id == 0)
        return NULL;
    assert_true(id < back->by_id_room[kind] && back->by_id[kind][id] != 0);
    return &back->definitions[back->by_id[kind][id] - 1];
}

static const struct back_string *back_by_hash(const struct back_stream *stream,
                                              uint64_t hash)
{
    for (uint32_t i = 0; hash && i < stream->hash_count; i++)
        if (stream->hashes[i].hash == hash)
            return stream->hashes[i].name;
    return NULL;
}

static void back_forget_segment(struct back *back)
{
    back->definition_count = 0;
    for (int kind = 0; kind < 4; kind++)
        if (back->by_id[kind])
            memset(back->by_id[kind], 0, back->by_id_room[kind] * sizeof(uint32_t));
}

static const struct back_string *back_name(const struct back_definition *definition)
{
    return definition ? definition->name : NULL;
}

static struct fmd__slot_detail back_detail(const struct fmd__details *d, uint32_t i)
{
    return (struct fmd__slot_detail){.what = d->what[i],
                                     .cpu_ns = d->cpu_ns[i],
                                     .threshold_ns = d->threshold_ns[i],
                                     .voluntary_switches = d->voluntary_switches[i],
                                     .involuntary_switches = d->involuntary_switches[i],
                                     .minor_faults = d->minor_faults[i],
                                     .major_faults = d->major_faults[i],
                                     .block_reads = d->block_reads[i],
                                     .block_writes = d->block_writes[i]};
}

static void back_add_columns(struct back *back, uint32_t stream,
                             const struct fmd__columns *c, const struct fmd__details *d)
{
    for (uint32_t i = 0; i < c->count; i++) {
        const struct back_definition *endpoint =
            back_by_id(back, FMD__DEFINE_ENDPOINT, c->endpoint[i]);
        struct back_request request = {
            .endpoint = back_name(endpoint),
            .application = endpoint ? endpoint->application : NULL,
            .version = endpoint ? endpoint->version : NULL,
            .group = back_name(back_by_id(back, FMD__DEFINE_GROUP, c->group[i])),
            .address = back_name(back_by_id(back, FMD__DEFINE_ADDRESS, c->address[i])),
            .start_ns = c->start_ns[i],
            .duration_ns = c->duration_ns[i],
            .first_byte_ns = c->first_byte_ns[i],
            .view_ns = c->view_ns[i],
            .status = c->status[i],
            .method = c->method[i],
            .flags = c->flags[i],
            .stream = stream,
            .detail = back_detail(d, i)};

        BACK_APPEND(back->requests, back->request_count, request);
    }
}

static void back_add_counts(struct back *back, uint32_t stream, const uint8_t *payload,
                            size_t size)
{
    struct fmd__endpoint_count count;
    size_t offset = 0;
    int result;

    while ((result = fmd__counts_decode(payload, size, &offset, &count)) == 1) {
        struct back_count own = {
            back_name(back_by_id(back, FMD__DEFINE_ENDPOINT, count.endpoint)),
            count.count, count.last_ns, stream};

        assert_non_null(own.endpoint);
        BACK_APPEND(back->counts, back->count_count, own);
    }
    assert_int_equal(result, 0);
}

static void back_keep_text(struct back *back, struct fmd__text *text)
{
    text->bytes = back_string(back, text->bytes, text->length)->bytes;
}

static void back_add_entry(struct back *back, uint32_t stream, bool from_ring,
                           const struct fmd__journal_entry *entry)
{
    struct back_entry own = {*entry, stream, from_ring};

    if (entry->kind == FMD__ENTRY_GAUGE)
        back_keep_text(back, &own.all.gauge.name);
    if (entry->kind == FMD__ENTRY_EXCEPTION) {
        back_keep_text(back, &own.all.exception.type);
        back_keep_text(back, &own.all.exception.message);
        own.all.exception.frames = NULL;
    }
    for (uint32_t i = 0;
         entry->kind == FMD__ENTRY_CONTEXT && i < entry->context.item_count; i++) {
        back_keep_text(back, &own.all.context.items[i].name);
        back_keep_text(back, &own.all.context.items[i].value);
    }
    BACK_APPEND(back->entries, back->entry_count, own);
}

static void back_read_journal(struct back *back, uint32_t stream, const uint8_t *payload,
                              size_t size)
{
    static struct fmd__stack_frame frames[FMD__STACK_FRAMES_MAX];
    struct fmd__journal_entry entry;
    size_t offset;
    uint64_t end;
    int result;

    assert_int_equal(fmd__journal_block_open(payload, size, &offset, &end), 0);
    assert_true(end >= back->streams[stream].entries_end);
    back->streams[stream].entries_end = end;
    while ((result = fmd__entry_decode(payload, size, &offset, &entry, frames)) == 1)
        back_add_entry(back, stream, false, &entry);
    assert_int_equal(result, 0);
}

static uint8_t *back_read_file(const char *path, size_t *size)
{
    FILE *file = fopen(path, "rb");
    struct stat status;
    uint8_t *bytes;

    assert_non_null(file);
    assert_int_equal(fstat(fileno(file), &status), 0);
    bytes = malloc((size_t)status.st_size + 1);
    *size = fread(bytes, 1, (size_t)status.st_size, file);
    fclose(file);
    return bytes;
}

static void back_read_block(struct back *back, uint32_t *stream,
                            const struct fmd__block *block, const uint8_t *payload)
{
    static struct fmd__columns columns;
    static struct fmd__details details;
    static struct fmd__ring_range ranges[FMD__RING_RANGES_MAX];
    struct fmd__definition definition;
    struct fmd__segment segment;
    struct back_stream *of = *stream == UINT32_MAX ? NULL : &back->streams[*stream];
    size_t offset = 0;
    uint32_t range_count;

    if (block->type == FMD__BLOCK_SEGMENT) {
        assert_int_equal(fmd__segment_decode(payload, block->raw_bytes, &segment), 0);
        *stream = back_stream_of(back, &segment);
        of = &back->streams[*stream];
        of->segment = segment;
        of->files++;
        if (of->blocks == 0)
            of->next_sequence = block->sequence;
    }
    if (!of) {
        fail_msg("%s", "a trace does not begin with its segment block");
        return;
    }
    of->gap |= block->sequence != of->next_sequence;
    of->next_sequence = block->sequence + 1;
    of->blocks++;
    if (block->type == FMD__BLOCK_DEFINITIONS)
        while (fmd__definition_decode(payload, block->raw_bytes, &offset, &definition) ==
               1)
            back_define(back, *stream, &definition);
    if (block->type == FMD__BLOCK_REQUESTS) {
        assert_int_equal(fmd__requests_decode(payload, block->raw_bytes, &columns, ranges,
                                              &range_count),
                         0);
        assert_int_equal(columns.count, block->count);
        assert_true(fmd__details_decode(payload, block->raw_bytes, &details) >= 0);
        back_add_columns(back, *stream, &columns, &details);
        for (uint32_t i = 0; i < range_count; i++)
            BACK_APPEND(back->ranges, back->range_count,
                        ((struct back_range){*stream, ranges[i]}));
    }
    if (block->type == FMD__BLOCK_COUNTS)
        back_add_counts(back, *stream, payload, block->raw_bytes);
    if (block->type == FMD__BLOCK_JOURNAL)
        back_read_journal(back, *stream, payload, block->raw_bytes);
    if (block->type == FMD__BLOCK_STATS)
        assert_int_equal(fmd__stats_decode(payload, block->raw_bytes, &of->stats), 0);
    if (block->type == FMD__BLOCK_END)
        of->ended = true;
}

static void back_read_trace(struct back *back, const char *path)
{
    static uint8_t scratch[FMD__PAYLOAD_BYTES_MAX];
    uint32_t stream = UINT32_MAX;
    size_t size, at = 0;
    uint8_t *bytes = back_read_file(path, &size);

    back->files++;
    back_forget_segment(back);
    while (at < size) {
        struct fmd__block block;
        enum fmd__block_result result = fmd__block_read(bytes + at, size - at, &block);
        const uint8_t *payload =
            result == FMD__BLOCK_OK
                ? fmd__block_payload(&block, bytes + at, NULL, scratch)
                : NULL;

        if (payload) {
            back_read_block(back, &stream, &block, payload);
            at += block.header_bytes + block.payload_bytes;
            continue;
        }
        if (result == FMD__BLOCK_MORE)
            back->torn++;
        else
            back->damaged++;
        at = fmd__block_find_sync(bytes, size, at + 1);
    }
    free(bytes);
}

struct back_ring_definitions {
    struct back *back;
    uint32_t stream;
};

static void back_ring_definition(void *to, const struct fmd__definition *definition)
{
    struct back_ring_definitions *ring = to;

    back_define(ring->back, ring->stream, definition);
}

static void back_read_ring_counts(struct back *back, uint32_t stream,
                                  const struct fmd__ringfile *file)
{
    struct fmd__endpoint_count count;
    uint32_t next = 0;

    while (fmd__ringfile_count(file, &next, &count)) {
        struct back_count own = {
            back_name(back_by_id(back, FMD__DEFINE_ENDPOINT, count.endpoint)),
            count.count, count.last_ns, stream};

        assert_non_null(own.endpoint);
        BACK_APPEND(back->counts, back->count_count, own);
    }
}

static void back_read_unfinished(struct back *back, uint32_t stream,
                                 const struct fmd__ringfile *file)
{
    struct back_unfinished one;
    char path[FMD__FLIGHT_PATH_BYTES];
    uint32_t slot = 0;

    while (fmd__ringfile_unfinished(file, &slot, &one.all, path)) {
        one.endpoint =
            back_name(back_by_id(back, FMD__DEFINE_ENDPOINT, one.all.request.endpoint));
        one.group = back_by_hash(&back->streams[stream], one.all.group_hash);
        one.path = back_string(back, one.all.path.bytes, one.all.path.length);
        BACK_APPEND(back->unfinished, back->unfinished_count, one);
    }
}

/* But samples and definitions. */
static void back_read_ring_journal(struct back *back, uint32_t stream,
                                   struct fmd__ringfile *file)
{
    static struct fmd__stack_frame frames[FMD__STACK_FRAMES_MAX];
    struct fmd__journal_entry entry;

    fmd__ringfile_journal_consumed(file, 0, back->streams[stream].entries_end);
    while (fmd__ringfile_entry(file, &entry, frames))
        if (entry.kind != FMD__ENTRY_SAMPLE && entry.kind != FMD__ENTRY_DEFINITION)
            back_add_entry(back, stream, true, &entry);
}

static void back_read_ring(struct back *back, const char *path)
{
    size_t size;
    uint8_t *bytes = back_read_file(path, &size);
    const char *why;
    struct fmd__ringfile *file = fmd__ringfile_open(bytes, size, &why);
    struct fmd__slot_request slot;
    struct back_ring_definitions to;
    uint32_t ring_id;
    uint64_t sequence;

    back->rings++;
    if (!file) {
        back->damaged++;
        free(bytes);
        return;
    }
    assert_int_equal(fmd__ringfile_damaged(file), 0);
    to.back = back;
    to.stream = back_stream_of(back, fmd__ringfile_segment(file));
    for (uint32_t i = 0; i < back->range_count; i++)
        if (back->ranges[i].stream == to.stream)
            fmd__ringfile_consumed(file, back->ranges[i].range.ring_id,
                                   back->ranges[i].range.first,
                                   back->ranges[i].range.last);
    back_forget_segment(back);
    fmd__ringfile_definitions(file, back_ring_definition, &to);
    back_read_ring_counts(back, to.stream, file);
    while (fmd__ringfile_next(file, &slot, &ring_id, &sequence)) {
        struct back_stream *stream = &back->streams[to.stream];
        const struct back_definition *endpoint =
            back_by_id(back, FMD__DEFINE_ENDPOINT, slot.endpoint);
        struct back_request request = {.endpoint = back_name(endpoint),
                                       .group = back_by_hash(stream, slot.group_hash),
                                       .address = back_by_hash(stream, slot.address_hash),
                                       .start_ns = slot.start_ns,
                                       .duration_ns = slot.duration_ns,
                                       .first_byte_ns = slot.first_byte_ns,
                                       .view_ns = slot.view_ns,
                                       .status = slot.status,
                                       .method = slot.method,
                                       .flags = slot.flags,
                                       .from_ring = true,
                                       .stream = to.stream};

        fmd__ringfile_detail(file, &request.detail);
        assert_true(slot.group_hash == 0 || request.group);
        BACK_APPEND(back->requests, back->request_count, request);
    }
    back_read_unfinished(back, to.stream, file);
    back_read_ring_journal(back, to.stream, file);
    fmd__ringfile_stats(file, &back->streams[to.stream].stats);
    fmd__ringfile_close(file);
    free(bytes);
}

static bool back_ends_with(const char *name, const char *end)
{
    size_t length = strlen(name), tail = strlen(end);

    return length > tail && strcmp(name + length - tail, end) == 0;
}

/* Traces first (in the order of their names), then rings. */
static struct back back_read(const char *directory)
{
    struct back back = {0};
    struct dirent **entries;
    int count = scandir(directory, &entries, NULL, alphasort);
    char path[4096];

    assert_true(count >= 0);
    for (int pass = 0; pass < 2; pass++)
        for (int i = 0; i < count; i++) {
            snprintf(path, sizeof path, "%s/%s", directory, entries[i]->d_name);
            if (pass == 0 && back_ends_with(path, ".fmd"))
                back_read_trace(&back, path);
            if (pass == 1 && back_ends_with(path, ".ring"))
                back_read_ring(&back, path);
        }
    for (int i = 0; i < count; i++)
        free(entries[i]);
    free(entries);
    return back;
}

/* The last count of an endpoint in each stream, added up. */
__attribute__((unused)) static uint64_t back_counted(const struct back *back,
                                                     const char *endpoint)
{
    uint64_t sum = 0;

    for (uint32_t stream = 0; stream < back->stream_count; stream++) {
        uint64_t last = 0;

        for (uint32_t i = 0; i < back->count_count; i++)
            if (back->counts[i].stream == stream &&
                strcmp(back->counts[i].endpoint->bytes, endpoint) == 0)
                last = back->counts[i].count;
        sum += last;
    }
    return sum;
}

__attribute__((unused)) static const struct back_stream *
back_stream(const struct back *back, uint32_t index)
{
    if (index >= back->stream_count)
        abort();
    return &back->streams[index];
}

__attribute__((unused)) static const struct back_request *
back_request(const struct back *back, uint32_t index)
{
    if (index >= back->request_count || !back->requests)
        abort();
    return &back->requests[index];
}

__attribute__((unused)) static const struct back_unfinished *
back_unfinished(const struct back *back, uint32_t index)
{
    if (index >= back->unfinished_count || !back->unfinished)
        abort();
    return &back->unfinished[index];
}

/* The next entry of a kind from *at on, which moves behind it; NULL at the end. */
__attribute__((unused)) static const struct fmd__journal_entry *
back_next_entry(const struct back *back, uint8_t kind, uint32_t *at)
{
    while (*at < back->entry_count)
        if (back->entries[(*at)++].all.kind == kind)
            return &back->entries[*at - 1].all;
    return NULL;
}

__attribute__((unused)) static void back_free(struct back *back)
{
    for (uint32_t i = 0; i < back->stream_count; i++)
        free(back->streams[i].hashes);
    for (uint32_t i = 0; i < back->string_total; i++) {
        free(back->strings[i]->bytes);
        free(back->strings[i]);
    }
    free(back->strings);
    free(back->streams);
    free(back->requests);
    free(back->ranges);
    free(back->counts);
    free(back->unfinished);
    free(back->entries);
    free(back->definitions);
    for (int kind = 0; kind < 4; kind++)
        free(back->by_id[kind]);
    memset(back, 0, sizeof *back);
}

/* --- directories ------------------------------------------------------------------- */

/* A new directory for one test's traces. */
__attribute__((unused)) static const char *back_directory(void)
{
    static char path[64];

    snprintf(path, sizeof path, "/tmp/fmd-test-XXXXXX");
    assert_non_null(mkdtemp(path));
    return path;
}

static int back_remove_one(const char *path, const struct stat *status, int type,
                           struct FTW *ftw)
{
    char ring[256];
    ssize_t length =
        type == FTW_SL || type == FTW_SLN ? readlink(path, ring, sizeof ring - 1) : -1;

    (void)status, (void)ftw;
    ring[length > 0 ? length : 0] = '\0';
    if (back_ends_with(ring, ".ring")) /* of a process that was killed */
        (void)remove(ring);
    return remove(path);
}

__attribute__((unused)) static void back_remove(const char *directory)
{
    nftw(directory, back_remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* How many names end so. */
__attribute__((unused)) static int back_count_files(const char *directory,
                                                    const char *end)
{
    DIR *entries = opendir(directory);
    struct dirent *entry;
    int count = 0;

    assert_non_null(entries);
    while ((entry = readdir(entries)))
        count += back_ends_with(entry->d_name, end);
    closedir(entries);
    return count;
}

#endif
