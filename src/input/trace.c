/* SPDX-License-Identifier: GPL-3.0-or-later */
#define _GNU_SOURCE /* vasprintf */
#include "trace.h"

#include "rows.h"
#include "ledger_beside.h"

#include "lib/wire/definitions.h"
#include "src/base/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Definitions of one trace beyond this are left out: a hostile file must not fill the
 * memory. A segment of 16 MB holds at most about as much. */
#define DEFINITIONS_BYTES_MAX ((size_t)64 << 20)
/* What is read at a time: still in the second-level cache when it is decoded. */
enum { READ_BYTES = 1 << 18 };
#define CHUNK_ROOM ((size_t)CHUNK_BYTES + FMD__PAYLOAD_BYTES_MAX + (64u << 10))
#define MTIME_BEFORE_NS_MIN (INT64_C(300) * 1000000000)
#define MTIME_BEFORE_NS_MAX (INT64_C(30) * 86400 * 1000000000)

void chunk_init(struct chunk *chunk)
{
    *chunk = (struct chunk){.bytes = mem_new(CHUNK_ROOM),
                            .blocks = mem_array(CHUNK_BLOCKS, sizeof(*chunk->blocks))};
}

void chunk_clear(struct chunk *chunk)
{
    trace_release(chunk->trace);
    rows_release(chunk->rows);
    chunk->trace = NULL;
    chunk->rows = NULL;
    chunk->block_count = 0;
}

void chunk_release(struct chunk *chunk)
{
    chunk_clear(chunk);
    free(chunk->bytes);
    free(chunk->blocks);
}

static void tell_duplicates(const struct trace *trace)
{
    unsigned long long blocks = trace->duplicate_blocks;
    unsigned long long requests = trace->duplicate_requests;
    char *name = notes_shown_name(trace->name);
    notes_add(trace->notes, INPUT_DUPLICATE, (struct note_place){trace->place, 0},
              trace->name, blocks, requests,
              "%llu blocks of %s with %llu requests were given twice and counted once",
              blocks, name, requests);
    free(name);
}

void trace_release(struct trace *trace)
{
    if (!trace || --trace->holders)
        return;
    if (trace->duplicate_blocks)
        tell_duplicates(trace);
    for (struct definitions *at = trace->first, *next; at; at = next) {
        next = at->next;
        free(at);
    }
    free(trace->name);
    free(trace);
}

struct trace_reader {
    struct leaf *leaf;
    struct ledger *ledger;
    struct notes *notes;
    uint64_t traces, blocks, bytes; /* met so far */
    struct trace *trace; /* the current one; NULL before the first segment block */
    uint8_t *carry;      /* the beginning of a block that reaches into what follows */
    size_t carried;
    bool stuck;      /* the carried block is larger than a chunk */
    bool at_end;     /* of the file */
    uint64_t number; /* of the block, from 1 */
    bool in_damage;  /* no sync word since the last damage */
    bool has_loss;   /* loss waits for the next block's sequence number */
    struct loss loss;
    bool has_sequence;      /* next_sequence follows a block of this stream */
    uint64_t next_sequence; /* of a block */
    uint64_t segment;       /* number of the trace in its stream */
    bool has_anchor;
    struct anchor first_anchor, last_anchor;
    size_t definitions_bytes;
    uint64_t newer_blocks;
    unsigned newer_version;
    uint8_t *scratch; /* FMD__PAYLOAD_BYTES_MAX */
};

struct trace_reader *trace_reader_new(struct leaf *leaf, struct ledger *ledger)
{
    struct trace_reader *reader = mem_new(sizeof(*reader));
    reader->leaf = leaf;
    reader->ledger = ledger;
    reader->notes = ledger_notes(ledger);
    reader->scratch = mem_new(FMD__PAYLOAD_BYTES_MAX);
    return reader;
}

static struct note_place place_of(const struct trace_reader *reader)
{
    return (struct note_place){reader->leaf->place, reader->number};
}

static void say(struct trace_reader *reader, enum input_note_kind kind, uint64_t blocks,
                uint64_t requests, const char *format, ...)
    __attribute__((format(printf, 5, 6)));

/* A note about the current block of this file. */
static void say(struct trace_reader *reader, enum input_note_kind kind, uint64_t blocks,
                uint64_t requests, const char *format, ...)
{
    va_list arguments;
    char *sentence = NULL;
    va_start(arguments, format);
    if (vasprintf(&sentence, format, arguments) < 0)
        sentence = NULL;
    va_end(arguments);
    char *name = notes_shown_name(reader->leaf->name);
    notes_add(reader->notes, kind, place_of(reader), reader->leaf->name, blocks, requests,
              "%s %s", name, sentence ? sentence : "");
    free(name);
    free(sentence);
}

/* --- one trace after the other -------------------------------------------------------
 */

static void begin_trace(struct trace_reader *reader, struct stream *stream,
                        uint64_t segment)
{
    struct trace *trace = mem_new(sizeof(*trace));
    trace->holders = 1;
    trace->name = mem_text(reader->leaf->name);
    trace->place = reader->leaf->place;
    trace->stream = stream;
    trace->notes = reader->notes;
    reader->trace = trace;
    reader->segment = segment;
    reader->definitions_bytes = 0;
    reader->traces++;
}

static void lose(struct trace_reader *reader, uint64_t end)
{
    reader->loss.end = end;
    ledger_lost(reader->ledger, &reader->loss);
    reader->has_loss = false;
}

static void check_mtime(struct trace_reader *reader)
{
    char written[CLOCK_TEXT_BYTES], modified[CLOCK_TEXT_BYTES];
    const struct leaf *leaf = reader->leaf;
    double before = (double)reader->last_anchor.utc_ns - (double)leaf->mtime_utc_ns;
    if (leaf->has_mtime && before > (double)MTIME_BEFORE_NS_MIN &&
        before < (double)MTIME_BEFORE_NS_MAX)
        say(reader, INPUT_CLOCK, 0, 0,
            "holds times up to %s but was last written at %s: the clock of host %s, or "
            "the "
            "one of the file system, is wrong; times were left as recorded",
            clock_text(reader->last_anchor.utc_ns, written),
            clock_text(leaf->mtime_utc_ns, modified), stream_host(reader->trace->stream));
}

static void end_trace(struct trace_reader *reader)
{
    if (!reader->trace)
        return;
    if (reader->has_loss)
        lose(reader, UINT64_MAX);
    if (reader->has_anchor) {
        ledger_anchors(reader->ledger, reader->trace->stream, reader->segment,
                       &reader->first_anchor, &reader->last_anchor);
        check_mtime(reader);
    }
    reader->has_anchor = reader->has_sequence = false;
    trace_release(reader->trace);
    reader->trace = NULL;
}

/* Blocks without a segment block before them: whose they are is lost. */
static void need_trace(struct trace_reader *reader, const struct fmd__block *block)
{
    if (reader->trace)
        return;
    begin_trace(reader, ledger_unknown_stream(reader->ledger, block), 0);
    say(reader, INPUT_DAMAGE, 0, 0,
        "does not begin with who wrote it; its requests are counted under host "
        "\"(unknown)\"");
}

/* --- damage --------------------------------------------------------------------------
 */

/* How far it reaches is known when the next block is read. */
static void begin_loss(struct trace_reader *reader, const char *what)
{
    reader->has_loss = true;
    reader->loss =
        (struct loss){.stream = reader->trace->stream,
                      .place = place_of(reader),
                      .file = reader->leaf->name,
                      .what = what,
                      .first = reader->has_sequence ? reader->next_sequence : UINT64_MAX,
                      .end = UINT64_MAX};
}

/* Block number reader->number is damaged so that its header cannot be trusted. */
static void note_damage(struct trace_reader *reader, const char *what)
{
    if (!reader->trace) {
        ledger_skipped(reader->ledger);
        say(reader, INPUT_DAMAGE, 1, 0, "is damaged at its block %llu (%s)",
            (unsigned long long)reader->number, what);
        return;
    }
    if (reader->has_loss)
        lose(reader, reader->loss.first);
    begin_loss(reader, what);
}

/* A block that holds no requests, with an intact header and a damaged payload. */
static void note_bad_payload(struct trace_reader *reader, const char *what)
{
    ledger_skipped(reader->ledger);
    say(reader, INPUT_DAMAGE, 1, 0, "is damaged at its block %llu (bad checksum): %s",
        (unsigned long long)reader->number, what);
}

static bool all_zero(const uint8_t *bytes, size_t size)
{
    return size == 0 || (bytes[0] == 0 && memcmp(bytes, bytes + 1, size - 1) == 0);
}

/* The bytes from at on are no block. Returns where to go on. */
static size_t step_over(struct trace_reader *reader, const uint8_t *bytes, size_t size,
                        size_t at)
{
    enum { SYNC_BEGUN = 7 };
    bool zeros = reader->at_end && !reader->in_damage && all_zero(bytes + at, size - at);
    size_t next = fmd__block_find_sync(bytes, size, at + 1);
    if (zeros && next == size) {
        say(reader, INPUT_TORN, 0, 0,
            "ends in %zu zeros, as after a power cut; they were left out", size - at);
        return size;
    }
    if (!reader->in_damage) {
        reader->number++;
        note_damage(reader, "bad header");
    }
    reader->in_damage = true;
    if (next == size && !reader->at_end && size - at > SYNC_BEGUN)
        return size - SYNC_BEGUN;
    return next == size && !reader->at_end ? at : next;
}

/* An intact header further on means that the end is not where it seems to be. */
static bool goes_on(const uint8_t *bytes, size_t size, size_t at)
{
    struct fmd__block block;
    while ((at = fmd__block_find_sync(bytes, size, at + 1)) < size)
        if (fmd__block_read(bytes + at, size - at, &block) == FMD__BLOCK_OK)
            return true;
    return false;
}

/* The file ends inside the block at bytes + at. */
static size_t end_torn(struct trace_reader *reader, const uint8_t *bytes, size_t size,
                       size_t at)
{
    struct fmd__block block = {0};
    if (goes_on(bytes, size, at))
        return step_over(reader, bytes, size, at);
    reader->number++;
    fmd__block_read(bytes + at, size - at, &block); /* the count, as far as it is there */
    if (!reader->leaf->broken)
        say(reader, INPUT_TORN, 1, block.count,
            "ends inside its block %llu, as after a kill or while it is written; %zu "
            "bytes "
            "were left out",
            (unsigned long long)reader->number, size - at);
    return size;
}

/* --- blocks --------------------------------------------------------------------------
 */

static const uint8_t *payload_of(struct trace_reader *reader,
                                 const struct fmd__block *block, const uint8_t *bytes)
{
    return fmd__block_payload(block, bytes, NULL, reader->scratch);
}

static void take_segment(struct trace_reader *reader, const struct fmd__block *block,
                         const uint8_t *bytes)
{
    struct fmd__segment segment;
    const uint8_t *payload = payload_of(reader, block, bytes);
    end_trace(reader);
    if (payload && fmd__segment_decode(payload, block->raw_bytes, &segment) == 0)
        begin_trace(reader, ledger_stream(reader->ledger, &segment), segment.number);
    else
        note_bad_payload(reader, "who wrote it is lost");
}

static void take_definitions(struct trace_reader *reader, const struct fmd__block *block,
                             const uint8_t *bytes)
{
    const uint8_t *payload = payload_of(reader, block, bytes);
    if (!payload) {
        note_bad_payload(reader, "requests that it names are counted under "
                                 "\"(undefined)\"");
        return;
    }
    if ((reader->definitions_bytes += block->raw_bytes) > DEFINITIONS_BYTES_MAX)
        return;
    struct definitions *definitions = mem_new(sizeof(*definitions) + block->raw_bytes);
    definitions->bytes = block->raw_bytes;
    memcpy(definitions->payload, payload, block->raw_bytes);
    ledger_names(reader->ledger, reader->trace->stream, payload, block->raw_bytes);
    ledger_codes(reader->ledger, reader->trace->stream, payload, block->raw_bytes);
    if (reader->trace->last)
        reader->trace->last->next = definitions;
    else
        reader->trace->first = definitions;
    reader->trace->last = definitions;
}

static void take_stats(struct trace_reader *reader, const struct fmd__block *block,
                       const uint8_t *bytes)
{
    struct fmd__stats stats;
    const uint8_t *payload = payload_of(reader, block, bytes);
    if (payload && fmd__stats_decode(payload, block->raw_bytes, &stats) == 0)
        ledger_stats(reader->ledger, reader->trace->stream, &stats);
    else
        note_bad_payload(reader, "the recorder's counts in it are lost");
}

static void follow_clock(struct trace_reader *reader, const struct fmd__block *block)
{
    struct anchor anchor = {block->anchor_monotonic_ns, block->anchor_utc_ns};
    if (reader->has_anchor)
        ledger_clock_step(reader->ledger, reader->trace->stream, place_of(reader),
                          reader->leaf->name, &reader->last_anchor, &anchor);
    else
        reader->first_anchor = anchor;
    reader->last_anchor = anchor;
    reader->has_anchor = true;
}

/* Requests, and what comes beside them. */
static bool is_for_decoder(const struct fmd__block *block)
{
    return block->type == FMD__BLOCK_REQUESTS || block->type == FMD__BLOCK_COUNTS ||
           block->type == FMD__BLOCK_SAMPLES || block->type == FMD__BLOCK_JOURNAL;
}

static void hand_over(struct trace_reader *reader, const struct fmd__block *block,
                      const uint8_t *bytes, struct chunk *chunk)
{
    if (block->type == FMD__BLOCK_REQUESTS)
        follow_clock(reader, block);
    chunk->blocks[chunk->block_count++] =
        (struct chunk_block){*block, bytes, reader->trace->last, reader->number};
}

/* The block's number in its stream says how far damage before it reached. */
static void follow_sequence(struct trace_reader *reader, const struct fmd__block *block)
{
    if (reader->has_loss)
        lose(reader, block->sequence);
    reader->has_sequence = true;
    reader->next_sequence = block->sequence + 1;
    if (!is_for_decoder(block))
        ledger_met(reader->ledger, reader->trace->stream, block);
}

/* Takes an intact block. False when the chunk must be handed over first: it belongs to
 * one trace. */
static bool take(struct trace_reader *reader, const struct fmd__block *block,
                 const uint8_t *bytes, struct chunk *chunk)
{
    if (block->type == FMD__BLOCK_SEGMENT && chunk->block_count)
        return false;
    reader->in_damage = false;
    reader->number++;
    reader->blocks++;
    reader->bytes += block->header_bytes + block->payload_bytes;
    if (block->type == FMD__BLOCK_SEGMENT)
        take_segment(reader, block, bytes);
    need_trace(reader, block);
    follow_sequence(reader, block);
    if (block->type == FMD__BLOCK_DEFINITIONS)
        take_definitions(reader, block, bytes);
    else if (is_for_decoder(block))
        hand_over(reader, block, bytes, chunk);
    else if (block->type == FMD__BLOCK_STATS)
        take_stats(reader, block, bytes);
    return true;
}

/* Of a newer block only its length is known. */
static void take_newer(struct trace_reader *reader, const struct fmd__block *block)
{
    reader->in_damage = false;
    reader->number++;
    reader->newer_blocks++;
    reader->newer_version = block->format_version;
    ledger_skipped(reader->ledger);
    if (reader->trace && !reader->has_loss)
        begin_loss(reader, NULL);
}

/* Takes blocks until the chunk is full, the bytes end inside one, or another trace
 * begins. Returns the bytes taken. */
static size_t scan(struct trace_reader *reader, struct chunk *chunk, size_t size)
{
    const uint8_t *bytes = chunk->bytes;
    size_t at = 0;
    while (at < size && chunk->block_count < CHUNK_BLOCKS) {
        struct fmd__block block = {0};
        enum fmd__block_result result = fmd__block_read(bytes + at, size - at, &block);
        size_t whole = (size_t)block.header_bytes + block.payload_bytes;
        if (result == FMD__BLOCK_MORE && !reader->at_end)
            break;
        if (result == FMD__BLOCK_OK && !take(reader, &block, bytes + at, chunk))
            break;
        if (result == FMD__BLOCK_NEWER)
            take_newer(reader, &block);
        if (result == FMD__BLOCK_DAMAGED) {
            size_t next = step_over(reader, bytes, size, at);
            if (next == at)
                break;
            whole = next - at;
        } else if (result == FMD__BLOCK_MORE) {
            whole = end_torn(reader, bytes, size, at) - at;
        }
        at += whole;
    }
    return at;
}

/* Puts the carried bytes and what follows them into the chunk; returns how many. */
static size_t fill(struct trace_reader *reader, struct chunk *chunk)
{
    size_t size = reader->carried;
    size_t want = reader->stuck ? CHUNK_ROOM : READ_BYTES;
    if (size)
        memcpy(chunk->bytes, reader->carry, size);
    if (want > size && !reader->at_end) {
        size_t got = leaf_read(reader->leaf, chunk->bytes + size, want - size);
        reader->at_end = got < want - size;
        size += got;
    }
    return size;
}

int trace_reader_next(struct trace_reader *reader, struct chunk *chunk)
{
    chunk_clear(chunk);
    while (!chunk->block_count) {
        size_t size = fill(reader, chunk);
        if (!size)
            return 0;
        size_t taken = scan(reader, chunk, size);
        reader->carried = size - taken;
        reader->stuck = !taken;
        if (reader->carried) {
            reader->carry = mem_resize(reader->carry, reader->carried);
            memcpy(reader->carry, chunk->bytes + taken, reader->carried);
        }
    }
    chunk->trace = reader->trace;
    chunk->trace->holders++;
    return 1;
}

void trace_reader_free(struct trace_reader *reader)
{
    if (!reader)
        return;
    end_trace(reader);
    if (reader->newer_blocks)
        say(reader, INPUT_NEWER, reader->newer_blocks, 0,
            "is written in format version %u and this program reads up to %u: %llu "
            "blocks "
            "were left out; install a newer fmd-analyze",
            reader->newer_version, FMD__FORMAT_VERSION,
            (unsigned long long)reader->newer_blocks);
    ledger_read(reader->ledger, reader->traces, reader->blocks, reader->bytes);
    free(reader->scratch);
    free(reader->carry);
    free(reader);
}
