/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads what a killed process left in its rings. Everything is copied out with memcpy
 * from bounds-checked offsets: the bytes may stand at any address and hold anything. Once
 * a run for each killed process, some MB.
 */
#include "ringfile.h"

#include "block.h"
#include "ringlayout.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* What is left of a ring: sequence numbers next to head - 1. */
struct left_ring {
    uint64_t tail, next, head;
};

/* What is left of the journal: positions next to head - 1. */
struct left_journal {
    uint64_t next, head;
    uint64_t samples_end, entries_end; /* what is before these is in the trace */
};

struct fmd__ringfile {
    const uint8_t *bytes;
    struct fmd__ring_header header; /* a copy */
    struct fmd__segment segment;
    uint32_t ring_count, damaged;
    uint32_t at;                    /* ring that fmd__ringfile_next looks at */
    struct fmd__slot_detail detail; /* of the request that it gave last */
    struct left_journal journal;
    struct left_ring rings[];
};

static bool power_of_two(uint64_t value)
{
    return value && !(value & (value - 1));
}

/* NULL, or why this header cannot be used. */
static const char *refuse(const struct fmd__ring_header *h, size_t size)
{
    size_t from = offsetof(struct fmd__ring_header, layout_version);
    if (memcmp(h->magic, FMD__RING_MAGIC, sizeof(h->magic)) != 0)
        return "it is no ring file";
    if (h->byte_order != FMD__RING_BYTE_ORDER)
        return "it was written on a machine with another byte order";
    if (h->layout_version != FMD__RING_LAYOUT_VERSION)
        return "it has a newer layout than this program knows";
    if (fmd__crc32c(0, (const uint8_t *)h + from,
                    offsetof(struct fmd__ring_header, header_crc32c) - from) !=
        h->header_crc32c)
        return "its header is damaged (bad checksum)";
    if (!power_of_two(h->slots) || h->slots > 1u << 24 ||
        h->ring_stride != fmd__ring_stride(h->slots) ||
        h->segment_bytes > sizeof(h->segment) || h->endpoints_offset < sizeof(*h) ||
        h->rings_offset < h->endpoints_offset ||
        h->rings_offset - h->endpoints_offset < h->endpoints_room)
        return "its header is damaged (sizes that do not fit each other)";
    return h->rings_offset > size ? "it is cut off before its first ring" : NULL;
}

static const uint8_t *ring_bytes(const struct fmd__ringfile *file, uint32_t ring)
{
    return file->bytes + file->header.rings_offset + ring * file->header.ring_stride;
}

static void copy_slot(const struct fmd__ringfile *file, uint32_t ring, uint64_t sequence,
                      union fmd__slot *slot)
{
    size_t index = sequence & (file->header.slots - 1);
    memcpy(slot,
           ring_bytes(file, ring) + sizeof(struct fmd__ring) + index * sizeof(*slot),
           sizeof(*slot));
}

static void look_at_ring(struct fmd__ringfile *file, uint32_t ring)
{
    struct fmd__ring control;
    memcpy(&control, ring_bytes(file, ring), sizeof(control));
    struct left_ring *left = &file->rings[ring];
    left->head = control.head;
    left->tail = control.tail;
    if (left->head - left->tail > file->header.slots) {
        left->tail = left->head;
        file->damaged++;
    }
    left->next = left->tail;
}

/* count things of size bytes each lie between the endpoints and the rings. */
static bool area_fits(const struct fmd__ring_header *h, uint64_t offset, uint64_t count,
                      uint64_t size)
{
    return offset <= h->rings_offset && offset % 64 == 0 &&
           (h->rings_offset - offset) / size >= count &&
           (count == 0 || offset >= h->endpoints_offset);
}

static bool areas_are_whole(const struct fmd__ring_header *h)
{
    static const uint8_t none[FMD__RING_AREAS_BYTES];
    uint64_t room = h->journal_room;
    if (memcmp(&h->counts_offset, none, sizeof(none)) == 0)
        return true;
    return fmd__crc32c(0, &h->counts_offset, sizeof(none)) == h->areas_crc32c &&
           area_fits(h, h->counts_offset, h->count_room,
                     sizeof(struct fmd__ring_endpoint_count)) &&
           area_fits(h, h->flights_offset, h->flight_count, sizeof(struct fmd__flight)) &&
           room <= h->rings_offset && (room == 0 || power_of_two(room)) &&
           area_fits(h, h->journal_offset, room ? sizeof(struct fmd__journal) + room : 0,
                     1);
}

/* Forgets areas that cannot be read; the rings still can. */
static void look_at_areas(struct fmd__ringfile *file)
{
    struct fmd__ring_header *h = &file->header;
    if (!areas_are_whole(h)) {
        memset(&h->counts_offset, 0, FMD__RING_AREAS_BYTES);
        file->damaged++;
    }
    if (h->journal_room == 0)
        return;
    struct fmd__journal control;
    memcpy(&control, file->bytes + h->journal_offset, sizeof(control));
    file->journal.head = file->journal.next = control.head;
    if (control.head - control.tail <= h->journal_room)
        file->journal.next = control.tail;
    else
        file->damaged++;
}

struct fmd__ringfile *fmd__ringfile_open(const uint8_t *bytes, size_t size,
                                         const char **why)
{
    struct fmd__ring_header header;
    *why = "it is no ring file";
    if (size < FMD__RING_HEADER_BYTES)
        return NULL;
    memcpy(&header, bytes, sizeof(header));
    *why = refuse(&header, size);
    if (*why)
        return NULL;

    uint64_t fit = (size - header.rings_offset) / header.ring_stride;
    uint32_t wanted = header.ring_count;
    uint32_t rings = wanted < fit ? wanted : (uint32_t)fit;
    struct fmd__ringfile *file =
        calloc(1, sizeof(*file) + rings * sizeof(struct left_ring));
    *why = "memory ran out";
    if (!file)
        return NULL;
    *file = (struct fmd__ringfile){
        .bytes = bytes, .header = header, .ring_count = rings, .damaged = wanted - rings};
    *why = "the identity in its header is damaged";
    if (fmd__segment_decode(header.segment, header.segment_bytes, &file->segment) != 0) {
        free(file);
        return NULL;
    }
    look_at_areas(file);
    for (uint32_t ring = 0; ring < rings; ring++)
        look_at_ring(file, ring);
    *why = NULL;
    return file;
}

void fmd__ringfile_close(struct fmd__ringfile *file)
{
    free(file);
}

const struct fmd__segment *fmd__ringfile_segment(const struct fmd__ringfile *file)
{
    return &file->segment;
}

uint32_t fmd__ringfile_damaged(const struct fmd__ringfile *file)
{
    return file->damaged;
}

void fmd__ringfile_consumed(struct fmd__ringfile *file, uint32_t ring_id, uint64_t first,
                            uint64_t last)
{
    if (ring_id >= file->ring_count || first > last)
        return;
    struct left_ring *left = &file->rings[ring_id];
    if (last >= left->next)
        left->next = last < left->head ? last + 1 : left->head;
}

/* Puts a string together from its slots; false when they are not one. */
static bool join_string(const struct fmd__ringfile *file, uint32_t ring,
                        uint64_t sequence, const struct fmd__slot_string *string,
                        char bytes[FMD__RING_STRING_BYTES])
{
    uint32_t length = string->length;
    if (length > FMD__RING_STRING_BYTES ||
        fmd__ring_string_slots(length) > file->rings[ring].head - sequence)
        return false;
    uint32_t done = length < sizeof(string->bytes) ? length : sizeof(string->bytes);
    memcpy(bytes, string->bytes, done);
    for (uint8_t number = 1; done < length; number++) {
        union fmd__slot slot;
        copy_slot(file, ring, sequence + number, &slot);
        if (slot.kind != FMD__SLOT_PIECE || slot.piece.number != number)
            return false;
        uint32_t part = length - done < sizeof(slot.piece.bytes)
                            ? length - done
                            : sizeof(slot.piece.bytes);
        memcpy(bytes + done, slot.piece.bytes, part);
        done += part;
    }
    return true;
}

static void give_ring_strings(const struct fmd__ringfile *file, uint32_t ring,
                              void (*give)(void *, const struct fmd__definition *),
                              void *to)
{
    for (uint64_t s = file->rings[ring].tail; s != file->rings[ring].head; s++) {
        union fmd__slot slot;
        char bytes[FMD__RING_STRING_BYTES];
        copy_slot(file, ring, s, &slot);
        if (slot.kind != FMD__SLOT_STRING ||
            (slot.string.what != FMD__DEFINE_GROUP &&
             slot.string.what != FMD__DEFINE_ADDRESS) ||
            !join_string(file, ring, s, &slot.string, bytes))
            continue;
        struct fmd__definition definition = {.kind = slot.string.what,
                                             .hash = slot.string.hash,
                                             .bytes = bytes,
                                             .length = slot.string.length,
                                             .application = "",
                                             .version = ""};
        give(to, &definition);
    }
}

void fmd__ringfile_definitions(struct fmd__ringfile *file,
                               void (*give)(void *to,
                                            const struct fmd__definition *definition),
                               void *to)
{
    const struct fmd__ring_header *h = &file->header;
    uint64_t used = h->endpoints_bytes;
    size_t size = used < h->endpoints_room ? used : h->endpoints_room, offset = 0;
    struct fmd__definition definition;
    while (fmd__definition_decode(file->bytes + h->endpoints_offset, size, &offset,
                                  &definition) == 1)
        give(to, &definition);
    for (uint32_t ring = 0; ring < file->ring_count; ring++)
        give_ring_strings(file, ring, give, to);
}

/* The detail in the slot before a request, which was published with it. */
static void take_detail(struct fmd__ringfile *file, uint32_t ring, uint64_t sequence)
{
    union fmd__slot slot = {.kind = 0};
    if (sequence > file->rings[ring].tail)
        copy_slot(file, ring, sequence - 1, &slot);
    if (slot.kind == FMD__SLOT_DETAIL)
        file->detail = slot.detail;
    else
        file->detail = (struct fmd__slot_detail){.kind = 0};
}

int fmd__ringfile_next(struct fmd__ringfile *file, struct fmd__slot_request *request,
                       uint32_t *ring_id, uint64_t *sequence)
{
    for (; file->at < file->ring_count; file->at++) {
        struct left_ring *left = &file->rings[file->at];
        while (left->next != left->head) {
            union fmd__slot slot;
            copy_slot(file, file->at, left->next++, &slot);
            if (slot.kind != FMD__SLOT_REQUEST)
                continue;
            *request = slot.request;
            *ring_id = file->at;
            *sequence = left->next - 1;
            take_detail(file, file->at, *sequence);
            return 1;
        }
    }
    return 0;
}

void fmd__ringfile_detail(const struct fmd__ringfile *file,
                          struct fmd__slot_detail *detail)
{
    *detail = file->detail;
}

/* --- the areas ------------------------------------------------------------------- */

/* The published copy, all 0 when there is none yet. */
static struct fmd__ring_state state_of(const struct fmd__ringfile *file)
{
    uint64_t published = file->header.state_published;
    struct fmd__ring_state state = {0};
    if (!published)
        return state;
    memcpy(&state, file->header.states[published & 1], FMD__RING_STATE_BYTES);
    state.stats.others_segments_deleted = file->header.others_deleted[published & 1][0];
    state.stats.others_requests_deleted = file->header.others_deleted[published & 1][1];
    return state;
}

void fmd__ringfile_journal_consumed(struct fmd__ringfile *file, uint64_t samples_end,
                                    uint64_t entries_end)
{
    file->journal.samples_end = samples_end;
    file->journal.entries_end = entries_end;
}

/* The entry at position is in no trace. */
static bool is_left(const struct left_journal *journal, uint8_t kind, uint64_t position)
{
    if (kind == FMD__ENTRY_DEFINITION)
        return true;
    return position >=
           (kind == FMD__ENTRY_SAMPLE ? journal->samples_end : journal->entries_end);
}

int fmd__ringfile_entry(struct fmd__ringfile *file, struct fmd__journal_entry *entry,
                        struct fmd__stack_frame *frames)
{
    struct left_journal *journal = &file->journal;
    const uint8_t *area =
        file->bytes + file->header.journal_offset + sizeof(struct fmd__journal);
    const uint8_t *bytes;
    uint64_t position = journal->next;
    uint32_t length;
    int more;
    while ((more = fmd__journal_next(area, file->header.journal_room, journal->head,
                                     &journal->next, &bytes, &length)) == 1) {
        size_t offset = 0;
        int got = fmd__entry_decode(bytes, length, &offset, entry, frames);
        file->damaged += got < 0;
        if (got == 1 && is_left(journal, entry->kind, position))
            return 1;
        position = journal->next;
    }
    if (more < 0) {
        file->damaged++;
        journal->next = journal->head;
    }
    return 0;
}

/* A request is published before its flight is cleared, so a kill between the two leaves
 * it as the last of some ring. */
static bool was_published(const struct fmd__ringfile *file, uint64_t start_ns)
{
    for (uint32_t ring = 0; ring < file->ring_count; ring++) {
        union fmd__slot slot;
        if (file->rings[ring].head == 0)
            continue;
        copy_slot(file, ring, file->rings[ring].head - 1, &slot);
        if (slot.kind == FMD__SLOT_REQUEST && slot.request.start_ns == start_ns)
            return true;
    }
    return false;
}

static void take_flight(const struct fmd__ringfile *file,
                        const struct fmd__flight *flight,
                        struct fmd__unfinished *unfinished, char *path)
{
    const uint64_t seen_ns = state_of(file).anchor_monotonic_ns;
    uint32_t length = flight->about >> 16;
    *unfinished = (struct fmd__unfinished){
        .request = {flight->start_ns, flight->endpoint},
        .thread = flight->thread,
        .group_hash = flight->group_hash,
        .address_hash = flight->address_hash,
        .method = (uint8_t)(flight->about >> 8),
        .level = (uint8_t)flight->about,
        .outlier = flight->outlier_start_ns == flight->start_ns,
        .path = {path, length < sizeof(flight->path) ? length : sizeof(flight->path)}};
    if (flight->deadline_ns != UINT64_MAX && flight->deadline_ns > flight->start_ns)
        unfinished->threshold_ns = flight->deadline_ns - flight->start_ns;
    if (seen_ns > flight->start_ns)
        unfinished->seen_ns = seen_ns;
    memcpy(path, (const void *)flight->path, sizeof(flight->path));
}

int fmd__ringfile_unfinished(const struct fmd__ringfile *file, uint32_t *slot,
                             struct fmd__unfinished *unfinished,
                             char path[FMD__FLIGHT_PATH_BYTES])
{
    while (*slot < file->header.flight_count) { /* then the area is inside */
        const uint8_t *area = file->bytes + file->header.flights_offset;
        struct fmd__flight flight;
        memcpy(&flight, area + (size_t)*slot * sizeof(flight), sizeof(flight));
        ++*slot;
        if (flight.start_ns == 0 || flight.lock & 1 ||
            was_published(file, flight.start_ns))
            continue;
        take_flight(file, &flight, unfinished, path);
        return 1;
    }
    return 0;
}

int fmd__ringfile_count(const struct fmd__ringfile *file, uint32_t *endpoint,
                        struct fmd__endpoint_count *count)
{
    while (*endpoint < file->header.count_room) { /* then the area is inside */
        const uint8_t *area = file->bytes + file->header.counts_offset;
        struct fmd__ring_endpoint_count entry;
        memcpy(&entry, area + (size_t)*endpoint * sizeof(entry), sizeof(entry));
        ++*endpoint;
        if (entry.count == 0)
            continue;
        *count = (struct fmd__endpoint_count){*endpoint, entry.count, entry.last_ns};
        return 1;
    }
    return 0;
}

void fmd__ringfile_anchor(const struct fmd__ringfile *file, uint64_t *monotonic_ns,
                          int64_t *utc_ns)
{
    const struct fmd__ring_state state = state_of(file);
    *monotonic_ns = state.anchor_monotonic_ns;
    *utc_ns = state.anchor_utc_ns;
}

static void add_counts(const struct fmd__ring_counts *counts, struct fmd__stats *stats)
{
    stats->issued += counts->issued;
    stats->strings_lost += counts->strings_lost;
    for (unsigned cause = 0; cause < FMD__RING_CAUSES; cause++)
        stats->dropped[cause] += counts->dropped[cause];
}

void fmd__ringfile_stats(const struct fmd__ringfile *file, struct fmd__stats *stats)
{
    *stats = state_of(file).stats;
    add_counts(&file->header.counts, stats);
    for (uint32_t ring = 0; ring < file->ring_count; ring++) {
        struct fmd__ring control;
        memcpy(&control, ring_bytes(file, ring), sizeof(control));
        add_counts(&control.counts, stats);
    }
}
