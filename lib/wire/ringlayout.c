/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The recorder's half of a ring file: making one, and the stores that publish something
 * in it. ringfile.c is the other half.
 */
#include "ringlayout.h"

#include "block.h"

#include <string.h>

/* Where each area of a plan begins: whole pages, one after the other. */
struct places {
    uint64_t counts, flights, journal, rings;
};

static uint64_t behind(uint64_t offset, uint64_t bytes)
{
    uint64_t page = FMD__RING_HEADER_BYTES;
    return offset + (bytes + page - 1) / page * page;
}

static struct places places_of(const struct fmd__ring_plan *plan)
{
    struct places at;
    at.counts = behind(FMD__RING_HEADER_BYTES, plan->endpoints_room);
    at.flights =
        behind(at.counts, plan->count_room * sizeof(struct fmd__ring_endpoint_count));
    at.journal = behind(at.flights, plan->flight_count * sizeof(struct fmd__flight));
    at.rings =
        behind(at.journal,
               plan->journal_room ? sizeof(struct fmd__journal) + plan->journal_room : 0);
    return at;
}

uint64_t fmd__ring_file_rings_offset(const struct fmd__ring_plan *plan)
{
    return places_of(plan).rings;
}

uint64_t fmd__ring_file_bytes(const struct fmd__ring_plan *plan)
{
    return places_of(plan).rings + plan->rings * fmd__ring_stride(plan->slots);
}

static void format_areas(struct fmd__ring_header *header,
                         const struct fmd__ring_plan *plan)
{
    struct places at = places_of(plan);
    header->count_room = plan->count_room;
    header->flight_count = plan->flight_count;
    header->journal_room = plan->journal_room;
    header->counts_offset = plan->count_room ? at.counts : 0;
    header->flights_offset = plan->flight_count ? at.flights : 0;
    header->journal_offset = plan->journal_room ? at.journal : 0;
    if (plan->count_room || plan->flight_count || plan->journal_room)
        header->areas_crc32c =
            fmd__crc32c(0, &header->counts_offset, FMD__RING_AREAS_BYTES);
}

void fmd__ring_file_format(struct fmd__ring_header *header,
                           const struct fmd__segment *segment,
                           const struct fmd__ring_plan *plan)
{
    header->layout_version = FMD__RING_LAYOUT_VERSION;
    header->byte_order = FMD__RING_BYTE_ORDER;
    header->slots = plan->slots;
    header->segment_bytes = (uint32_t)fmd__segment_encode(segment, header->segment);
    header->endpoints_offset = FMD__RING_HEADER_BYTES;
    header->endpoints_room = plan->endpoints_room;
    header->rings_offset = fmd__ring_file_rings_offset(plan);
    header->ring_stride = fmd__ring_stride(plan->slots);
    header->header_crc32c =
        fmd__crc32c(0, &header->layout_version,
                    offsetof(struct fmd__ring_header, header_crc32c) -
                        offsetof(struct fmd__ring_header, layout_version));
    format_areas(header, plan);
    atomic_store_explicit(&header->ring_count, plan->rings, memory_order_relaxed);
    atomic_thread_fence(memory_order_release);
    memcpy(header->magic, FMD__RING_MAGIC, sizeof(header->magic));
}

int fmd__ring_file_add_endpoint(struct fmd__ring_header *header,
                                const struct fmd__definition *endpoint)
{
    uint64_t used = atomic_load_explicit(&header->endpoints_bytes, memory_order_relaxed);
    if (used + fmd__definition_bound(endpoint) > header->endpoints_room)
        return -1;
    used += fmd__definition_encode(endpoint,
                                   (uint8_t *)header + header->endpoints_offset + used);
    atomic_store_explicit(&header->endpoints_bytes, used, memory_order_release);
    return 0;
}

void fmd__ring_file_store_state(struct fmd__ring_header *header,
                                const struct fmd__ring_state *state)
{
    uint64_t next =
        atomic_load_explicit(&header->state_published, memory_order_relaxed) + 1;
    memcpy(header->states[next & 1], state, FMD__RING_STATE_BYTES);
    header->others_deleted[next & 1][0] = state->stats.others_segments_deleted;
    header->others_deleted[next & 1][1] = state->stats.others_requests_deleted;
    atomic_store_explicit(&header->state_published, next, memory_order_release);
}

static uint32_t cut(uint32_t length)
{
    return length < FMD__RING_STRING_BYTES ? length : FMD__RING_STRING_BYTES;
}

uint32_t fmd__ring_string_slots(uint32_t length)
{
    const uint32_t first = sizeof(((struct fmd__slot_string *)0)->bytes),
                   more = sizeof(((struct fmd__slot_piece *)0)->bytes);
    length = cut(length);
    return length <= first ? 1 : 1 + (length - first + more - 1) / more;
}

void fmd__ring_put_string(struct fmd__ring *ring, uint64_t sequence, uint32_t mask,
                          uint8_t what, uint64_t hash, const char *bytes, uint32_t length)
{
    length = cut(length);
    struct fmd__slot_string *string = &ring->slots[sequence & mask].string;
    uint32_t part = length < sizeof(string->bytes) ? length : sizeof(string->bytes);
    *string =
        (struct fmd__slot_string){FMD__SLOT_STRING, what, (uint16_t)length, 0, hash, {0}};
    memcpy(string->bytes, bytes, part);
    for (uint8_t number = 1; length > part; number++) {
        bytes += part;
        length -= part;
        struct fmd__slot_piece *piece = &ring->slots[(sequence + number) & mask].piece;
        part = length < sizeof(piece->bytes) ? length : sizeof(piece->bytes);
        *piece = (struct fmd__slot_piece){FMD__SLOT_PIECE, number, {0}, {0}};
        memcpy(piece->bytes, bytes, part);
    }
}

uint32_t fmd__flight_set_path(struct fmd__flight *flight, const char *bytes,
                              size_t length)
{
    if (length > FMD__FLIGHT_PATH_BYTES)
        length = FMD__FLIGHT_PATH_BYTES;
    for (size_t at = 0; at < length; at += sizeof(uint64_t)) {
        uint64_t word = 0;
        size_t part = length - at < sizeof(word) ? length - at : sizeof(word);
        memcpy(&word, bytes + at, part);
        atomic_store_explicit(&flight->path[at / sizeof(word)], word,
                              memory_order_relaxed);
    }
    return (uint32_t)length;
}
