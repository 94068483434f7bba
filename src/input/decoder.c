/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "decoder.h"

#include "row_adder.h"
#include "ledger_beside.h"
#include "side_blocks.h"

#include "lib/wire/definitions.h"
#include "lib/wire/requests.h"
#include "src/base/mem.h"
#include "src/summary/events.h"

#include <stdlib.h>
#include <string.h>

struct decoder {
    struct ledger *ledger;
    struct summary *summary;
    struct row_adder *rows;
    struct trace *trace;            /* held; whose numbers map translates */
    struct source_map *map;         /* or NULL */
    const struct definitions *upto; /* mapped up to here; NULL: none */
    void *context;                  /* of decompression */
    uint8_t *scratch;               /* FMD__PAYLOAD_BYTES_MAX */
    struct side_room *room;         /* made with the first block that needs it */
    struct fmd__details *details;   /* the same */
    bool has_details;               /* of the block that is decoded */
    struct known_names known;       /* of the trace, when room is there */
    struct fmd__columns columns;
    uint32_t seen; /* columns of the block that is decoded: 1 << tag */
    struct fmd__kinds kinds;
    struct event_kind event_kinds[FMD__KINDS_MAX];
    struct fmd__ring_range ranges[FMD__RING_RANGES_MAX];
};

struct decoder *decoder_new(struct ledger *ledger, struct summary *summary)
{
    struct decoder *decoder = mem_new(sizeof(*decoder));
    decoder->ledger = ledger;
    decoder->summary = summary;
    decoder->scratch = mem_new(FMD__PAYLOAD_BYTES_MAX);
    decoder->context = fmd__block_context_new();
    decoder->rows = row_adder_new(summary);
    known_names_init(&decoder->known);
    return decoder;
}

static void leave_trace(struct decoder *decoder)
{
    source_map_free(decoder->map);
    known_names_release(&decoder->known);
    known_names_init(&decoder->known);
    trace_release(decoder->trace);
    decoder->map = NULL;
    decoder->trace = NULL;
    decoder->upto = NULL;
}

void decoder_free(struct decoder *decoder)
{
    if (!decoder)
        return;
    leave_trace(decoder);
    row_adder_free(decoder->rows);
    fmd__block_context_free(decoder->context);
    known_names_release(&decoder->known);
    side_room_free(decoder->room);
    free(decoder->details);
    free(decoder->scratch);
    free(decoder);
}

static void enter_trace(struct decoder *decoder, struct trace *trace)
{
    if (decoder->trace == trace)
        return;
    leave_trace(decoder);
    trace->holders++;
    decoder->trace = trace;
    struct event_source source = {.host = stream_host(trace->stream),
                                  .run = stream_run(trace->stream),
                                  .process = stream_process(trace->stream)};
    decoder->map = source_map_new(decoder->summary, &source);
}

/* --- definitions ---------------------------------------------------------------------
 */

static void map_one(struct source_map *map, const struct fmd__definition *definition)
{
    if (definition->kind == FMD__DEFINE_ENDPOINT)
        source_map_endpoint(map, definition->id, definition->application,
                            definition->application_length, definition->version,
                            definition->version_length, definition->bytes,
                            definition->length);
    else if (definition->kind == FMD__DEFINE_GROUP)
        source_map_group(map, definition->id, definition->bytes, definition->length);
    else if (definition->kind == FMD__DEFINE_ADDRESS)
        source_map_address(map, definition->id, definition->bytes, definition->length);
}

static void map_payload(struct decoder *decoder, const struct definitions *definitions)
{
    struct fmd__definition definition;
    size_t offset = 0;
    while (fmd__definition_decode(definitions->payload, definitions->bytes, &offset,
                                  &definition) == 1) {
        map_one(decoder->map, &definition);
        known_names_define(&decoder->known, &definition);
    }
}

/* Blocks of a trace come in order, so what is mapped only grows. */
static void map_upto(struct decoder *decoder, const struct definitions *known)
{
    while (decoder->upto != known) {
        decoder->upto = decoder->upto ? decoder->upto->next : decoder->trace->first;
        map_payload(decoder, decoder->upto);
    }
}

/* --- requests ------------------------------------------------------------------------
 */

static bool is_of_requests(const struct chunk_block *block)
{
    return block->header.type == FMD__BLOCK_REQUESTS;
}

static void skip(struct decoder *decoder, const struct chunk_block *block,
                 const char *what)
{
    struct loss loss = {.stream = decoder->trace->stream,
                        .place = {decoder->trace->place, block->number},
                        .file = decoder->trace->name,
                        .what = what,
                        .first = block->header.sequence,
                        .end = block->header.sequence + 1,
                        .counted = true,
                        .requests = is_of_requests(block) ? block->header.count : 0};
    ledger_lost(decoder->ledger, &loss);
}

/* Decodes a payload into the columns, and into the details where it has some; NULL, or
 * what is wrong with it. */
static const char *decode(struct decoder *decoder, const struct chunk_block *block,
                          const uint8_t *payload, uint32_t *range_count)
{
    decoder->has_details = fmd__details_any(payload, block->header.raw_bytes);
    if (decoder->has_details && !decoder->details)
        decoder->details = mem_new(sizeof(*decoder->details));
    if (decoder->has_details &&
        fmd__details_decode(payload, block->header.raw_bytes, decoder->details) != 1)
        return "details that do not fit their header";
    if (fmd__requests_decode_seen(payload, block->header.raw_bytes, &decoder->columns,
                                  &decoder->kinds, decoder->ranges, range_count,
                                  &decoder->seen) != 0 ||
        decoder->columns.count != block->header.count)
        return "columns that do not fit their header";
    return NULL;
}

static bool seen(const struct decoder *decoder, enum fmd__column_tag tag)
{
    return decoder->seen >> tag & 1;
}

/* The kinds of the block that is decoded. */
static void unfold_kinds(struct decoder *decoder)
{
    for (uint32_t k = 0; k < decoder->kinds.count; k++) {
        uint64_t kind = decoder->kinds.table[k];
        decoder->event_kinds[k] = (struct event_kind){.endpoint = (uint32_t)(kind >> 32),
                                                      .status = (uint16_t)(kind >> 16),
                                                      .method = (uint8_t)(kind >> 8),
                                                      .flags = (uint8_t)kind};
    }
}

/* What ended how: by kind, or in columns where there are too many kinds. */
static void hand_on_kinds(struct decoder *decoder, struct events *events)
{
    const struct fmd__columns *columns = &decoder->columns;
    if (seen(decoder, FMD__COLUMN_KINDS)) {
        unfold_kinds(decoder);
        events->kind = decoder->kinds.index;
        events->kinds = decoder->event_kinds;
        events->kind_count = decoder->kinds.count;
        return;
    }
    events->endpoint = columns->endpoint;
    events->status = columns->status;
    events->method = columns->method;
    events->flags = columns->flags;
}

/* Columns that the block does not have are not handed on, so that nobody walks over them.
 */
static void add(struct decoder *decoder, const struct fmd__block *header)
{
    const struct fmd__columns *columns = &decoder->columns;
    struct events events = {
        .count = columns->count,
        .utc_offset_ns =
            (int64_t)((uint64_t)header->anchor_utc_ns - header->anchor_monotonic_ns),
        .sequence = header->sequence * FMD__BLOCK_REQUESTS_MAX,
        .start_ns = columns->start_ns,
        .duration_ns = columns->duration_ns,
        .first_byte_ns =
            seen(decoder, FMD__COLUMN_FIRST_BYTE) ? columns->first_byte_ns : NULL,
        .view_ns = seen(decoder, FMD__COLUMN_VIEW) ? columns->view_ns : NULL,
        .group = seen(decoder, FMD__COLUMN_GROUP) ? columns->group : NULL,
        .address = seen(decoder, FMD__COLUMN_ADDRESS) ? columns->address : NULL,
    };
    if (!events.count)
        return;
    hand_on_kinds(decoder, &events);
    summary_add(decoder->summary, decoder->map, &events);
    if (decoder->has_details) {
        struct event_details details = side_details(decoder->details);
        summary_add_details(decoder->summary, decoder->map, &events, &details);
    }
}

/* --- what comes beside requests ------------------------------------------------------
 */

/* A group's or address' name, looked for from the last definition back: rare. */
static struct event_text find_name(void *to, uint8_t kind, uint32_t id, uint64_t hash)
{
    const struct decoder *decoder = to;
    struct event_text found = {"", 0};
    struct fmd__definition definition;
    (void)hash; /* traces have numbers */
    for (const struct definitions *at = decoder->trace->first; id && at;
         at = at == decoder->upto ? NULL : at->next) {
        size_t offset = 0;
        while (fmd__definition_decode(at->payload, at->bytes, &offset, &definition) == 1)
            if (definition.kind == kind && definition.id == id)
                found = (struct event_text){definition.bytes, definition.length};
    }
    return found;
}

static void add_beside(struct decoder *decoder, const struct chunk_block *block,
                       const uint8_t *payload)
{
    struct side_events events = {
        .ledger = decoder->ledger,
        .stream = decoder->trace->stream,
        .summary = decoder->summary,
        .map = decoder->map,
        .known = &decoder->known,
        .anchor = {block->header.anchor_monotonic_ns, block->header.anchor_utc_ns},
        .name = find_name,
        .to = decoder};
    map_upto(decoder, block->known);
    side_block_add(decoder->room, &events, block->header.type, payload,
                   block->header.raw_bytes);
}

/* Claims a block of that kind and adds it; false when it was claimed before. */
static bool take_beside(struct decoder *decoder, const struct chunk_block *block,
                        const uint8_t *payload, uint64_t journal_end)
{
    struct stream *stream = decoder->trace->stream;
    struct fmd__block header = block->header;
    header.count = 0; /* of requests, whatever it says */
    if (!ledger_claim(decoder->ledger, stream, &header, NULL, 0))
        return false;
    ledger_journal(decoder->ledger, stream, header.type, journal_end);
    add_beside(decoder, block, payload);
    return true;
}

/* --- blocks --------------------------------------------------------------------------
 */

static bool take_requests(struct decoder *decoder, const struct chunk_block *block,
                          uint32_t range_count)
{
    if (!ledger_claim(decoder->ledger, decoder->trace->stream, &block->header,
                      decoder->ranges, range_count))
        return false;
    map_upto(decoder, block->known);
    add(decoder, &block->header);
    return true;
}

/* Reads the block and adds what it has; false when it was claimed before. */
static bool take(struct decoder *decoder, const struct chunk_block *block)
{
    const uint8_t *payload = fmd__block_payload(&block->header, block->bytes,
                                                decoder->context, decoder->scratch);
    bool requests = block->header.type == FMD__BLOCK_REQUESTS;
    uint64_t journal_end = 0;
    uint32_t range_count = 0;
    const char *problem = "bad checksum";
    if (!requests && !decoder->room)
        decoder->room = side_room_new();
    if (payload)
        problem = requests ? decode(decoder, block, payload, &range_count)
                           : side_block_check(decoder->room, block->header.type, payload,
                                              block->header.raw_bytes, &journal_end);
    if (problem) {
        skip(decoder, block, problem);
        return true;
    }
    return requests ? take_requests(decoder, block, range_count)
                    : take_beside(decoder, block, payload, journal_end);
}

static void add_block(struct decoder *decoder, const struct chunk_block *block)
{
    struct trace *trace = decoder->trace;
    if (!ledger_seen(decoder->ledger, trace->stream, &block->header) &&
        take(decoder, block))
        return;
    trace->duplicate_blocks++;
    trace->duplicate_requests += is_of_requests(block) ? block->header.count : 0;
}

void decoder_add(struct decoder *decoder, struct chunk *chunk)
{
    if (chunk->rows) {
        row_adder_take(decoder->rows, chunk);
        return;
    }
    enter_trace(decoder, chunk->trace);
    for (size_t i = 0; i < chunk->block_count; i++)
        add_block(decoder, &chunk->blocks[i]);
}
