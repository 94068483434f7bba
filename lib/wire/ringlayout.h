/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The bytes of a ring file, as the recorder maps them and stores into them. ringfile.h
 * reads them back after a kill. Native byte order; the file never leaves the machine kind
 * that wrote it.
 *
 *   offset 0               struct fmd__ring_header, one page
 *   endpoints_offset       endpoint area: encoded definitions, one after the other
 *   counts_offset          a struct fmd__ring_endpoint_count for each endpoint number
 *   flights_offset         struct fmd__flight: requests in flight
 *   journal_offset         struct fmd__journal: samples and other entries
 *   rings_offset           ring 0, ring 1, ... each ring_stride bytes
 *
 * The file is grown when more rings are needed: fallocate, map the new part, initialize
 * nothing (zeros are an empty ring), then publish ring_count. Ring i stays where it is.
 *
 * Readable after a kill at any instruction: what is published (by the release stores
 * named below) is whole, and nothing else is looked at.
 */
#ifndef FMD_WIRE_RINGLAYOUT_H
#define FMD_WIRE_RINGLAYOUT_H

#include "journal.h"
#include "ringfile.h"

#include <stdatomic.h>

#define FMD__RING_MAGIC "fmdring\n"
#define FMD__RING_LAYOUT_VERSION 1u
#define FMD__RING_BYTE_ORDER 0x01020304u
#define FMD__RING_HEADER_BYTES 4096u
#define FMD__RING_CAUSES 4u          /* drops that request paths count; enum fmd_drop */
#define FMD__RING_STRING_BYTES 255u  /* of a group or address */
#define FMD__RING_SLOTS_PER_STRING 5 /* at most, for FMD__RING_STRING_BYTES */
#define FMD__RING_COUNT_MAX 65536u

/* A group or address; its bytes go on in the FMD__SLOT_PIECE slots that follow. All of
 * them are published by one store of head. */
struct fmd__slot_string {
    uint8_t kind;    /* FMD__SLOT_STRING */
    uint8_t what;    /* FMD__DEFINE_GROUP or FMD__DEFINE_ADDRESS */
    uint16_t length; /* of the whole string, <= FMD__RING_STRING_BYTES */
    uint32_t reserved;
    uint64_t hash; /* never 0 */
    char bytes[48];
};

struct fmd__slot_piece {
    uint8_t kind;   /* FMD__SLOT_PIECE */
    uint8_t number; /* 1, 2, ... within its string */
    uint8_t reserved[6];
    char bytes[56];
};

/* One cache line. All begin with kind. */
union fmd__slot {
    uint8_t kind;
    struct fmd__slot_request request;
    struct fmd__slot_string string;
    struct fmd__slot_piece piece;
    struct fmd__slot_detail detail;
};

/* What threads count on the request path. Of a ring: plain stores of its one owner. Of
 * the header: fetch_add, by threads that have no ring. */
struct fmd__ring_counts {
    _Atomic uint64_t issued;
    _Atomic uint64_t dropped[FMD__RING_CAUSES];
    _Atomic uint64_t strings_lost;
};

/* head - tail <= slots. Sequence number s lives in slots[s & (slots - 1)]. Sequence
 * numbers go on when the ring changes hands, from 0 for the life of the file.
 *
 * The owner fills slots, then stores head with release. The writer moves tail (release)
 * only when the block with these records and their range is written to the trace, or when
 * they are given up and counted as dropped. */
struct fmd__ring {
    /* the owner's line */
    _Alignas(128) _Atomic uint64_t head; /* slots published */
    uint64_t room_until; /* the owner's: it need not look at tail before head is here;
                            readers ignore it */
    struct fmd__ring_counts counts;
    /* the writer's line */
    _Alignas(128) _Atomic uint64_t tail; /* slots in the trace */
    _Atomic uint32_t state;              /* free, owned ...: the recorder's; ignored */
    uint32_t reserved;
    _Alignas(128) union fmd__slot slots[];
};

/* Written by the writer thread into the copy that is not published, then published. In
 * the file its last two counts lie apart (there were none at first). */
#define FMD__RING_STATE_BYTES 200u
struct fmd__ring_state {
    uint64_t anchor_monotonic_ns; /* one moment on both clocks */
    int64_t anchor_utc_ns;
    struct fmd__stats stats; /* what the writer counts; fmd__ringfile_stats adds the
                                counts of rings and header */
};

/* Requests that are counted and not recorded; entry i is of endpoint number i + 1. Added
 * to by any thread (relaxed). */
struct fmd__ring_endpoint_count {
    _Atomic uint64_t count;
    _Atomic uint64_t last_ns; /* monotonic */
};

/* One request in flight at level 2 or above, from a pool; bound to the request, not to a
 * thread. Its words but the recorder's own are behind a sequence lock (below) and only
 * written by who serves the request. start_ns 0: free. */
struct fmd__flight {
    _Alignas(128) _Atomic uint32_t lock; /* odd while its words are written */
    _Atomic uint32_t thread;             /* of the operating system */
    _Atomic uint64_t start_ns;
    _Atomic uint64_t deadline_ns; /* an outlier from here on; UINT64_MAX: none */
    _Atomic uint32_t endpoint;
    _Atomic uint32_t about; /* fmd__flight_about() */
    _Atomic uint64_t group_hash, address_hash;
    /* the watcher's: start_ns of the request that it found beyond its deadline */
    _Atomic uint64_t outlier_start_ns;
    _Atomic uint64_t owner[9]; /* the recorder's own; readers ignore it */
    _Atomic uint64_t path[FMD__FLIGHT_PATH_BYTES / 8]; /* URL without query, cut */
};

/* Level, method and length of the path in one word. */
static inline uint32_t fmd__flight_about(unsigned level, unsigned method,
                                         unsigned path_length)
{
    return (level & 0xff) | (method & 0xff) << 8 | (path_length & 0xffff) << 16;
}

/* Around the owner's stores (relaxed) into its flight, clearing it included. */
static inline void fmd__flight_write_begin(struct fmd__flight *flight)
{
    uint32_t lock = atomic_load_explicit(&flight->lock, memory_order_relaxed);
    atomic_store_explicit(&flight->lock, lock + 1, memory_order_relaxed);
    atomic_thread_fence(memory_order_release);
}
static inline void fmd__flight_write_end(struct fmd__flight *flight)
{
    uint32_t lock = atomic_load_explicit(&flight->lock, memory_order_relaxed);
    atomic_store_explicit(&flight->lock, lock + 1, memory_order_release);
}
/* A reader's loads (relaxed) between these two are of one moment when read_end says so:
 * begin gives the number that end takes. */
static inline uint32_t fmd__flight_read_begin(const struct fmd__flight *flight)
{
    return atomic_load_explicit(&flight->lock, memory_order_acquire);
}
static inline int fmd__flight_read_end(const struct fmd__flight *flight, uint32_t lock)
{
    atomic_thread_fence(memory_order_acquire);
    return !(lock & 1) &&
           atomic_load_explicit(&flight->lock, memory_order_relaxed) == lock;
}
/* The first FMD__FLIGHT_PATH_BYTES bytes, word by word, so that nobody sees a torn one.
 * Returns the length for fmd__flight_about. Between write_begin and write_end. */
uint32_t fmd__flight_set_path(struct fmd__flight *flight, const char *bytes,
                              size_t length);

/* From counts_offset to the end of flight_count in the header. */
#define FMD__RING_AREAS_BYTES 40u

struct fmd__ring_header {
    /* fixed before the file is used; under header_crc32c */
    uint8_t magic[8]; /* FMD__RING_MAGIC */
    uint32_t layout_version;
    uint32_t byte_order; /* FMD__RING_BYTE_ORDER as the writer's machine stores it */
    uint32_t slots;      /* of each ring, a power of two */
    uint32_t segment_bytes;
    uint64_t endpoints_offset, endpoints_room; /* in bytes */
    uint64_t rings_offset;                     /* multiple of the page */
    uint64_t ring_stride;                      /* fmd__ring_stride(slots) */
    uint8_t segment[FMD__SEGMENT_BOUND];       /* fmd__segment_encode */
    uint32_t header_crc32c;                    /* from layout_version to here */
    /* fixed too; all 0 in files of recorders that had none of these areas */
    uint32_t areas_crc32c; /* of the rest of them */
    uint64_t counts_offset, flights_offset, journal_offset;
    uint64_t journal_room; /* bytes behind struct fmd__journal, a power of two */
    uint32_t count_room;   /* entries of the counts area */
    uint32_t flight_count;
    /* changing */
    _Alignas(128) _Atomic uint32_t ring_count; /* release, after the file has grown */
    _Atomic uint64_t endpoints_bytes; /* of the area in use; release, after the bytes */
    _Atomic uint64_t state_published; /* 0 none yet; else states[n & 1] is whole */
    _Alignas(128) struct fmd__ring_counts counts; /* of threads without a ring */
    _Alignas(128) uint8_t states[2][FMD__RING_STATE_BYTES];
    uint64_t others_deleted[2][2]; /* each state's: segments, requests */
};

_Static_assert(sizeof(union fmd__slot) == 64, "a slot is a cache line");
_Static_assert(sizeof(struct fmd__ring) == 256, "two pairs of lines, then slots");
_Static_assert(sizeof(struct fmd__flight) == 256, "two pairs of lines");
_Static_assert(offsetof(struct fmd__ring_header, ring_count) == 2432,
               "as FORMAT.md says");
_Static_assert(offsetof(struct fmd__ring_state, stats.others_segments_deleted) ==
                   FMD__RING_STATE_BYTES,
               "the last two lie apart");
_Static_assert(sizeof(struct fmd__ring_header) <= FMD__RING_HEADER_BYTES, "one page");

/* Bytes from one ring to the next. 64 rings are a whole number of 4096-byte pages for
 * every number of slots, so a file that grows by 64 rings maps its new part alone. */
static inline uint64_t fmd__ring_stride(uint32_t slots)
{
    return sizeof(struct fmd__ring) + (uint64_t)slots * sizeof(union fmd__slot);
}

/* Ring number index of the file mapped whole at header. */
static inline struct fmd__ring *fmd__ring_at(struct fmd__ring_header *header,
                                             uint32_t index)
{
    return (struct fmd__ring *)((uint8_t *)header + header->rings_offset +
                                index * header->ring_stride);
}

/* The three areas of the file mapped whole at header; NULL where it has none. */
static inline struct fmd__ring_endpoint_count *
fmd__ring_counts_area(struct fmd__ring_header *header)
{
    uint8_t *at = (uint8_t *)header + header->counts_offset;
    return header->count_room ? (struct fmd__ring_endpoint_count *)(void *)at : NULL;
}
static inline struct fmd__flight *fmd__ring_flights(struct fmd__ring_header *header)
{
    uint8_t *at = (uint8_t *)header + header->flights_offset;
    return header->flight_count ? (struct fmd__flight *)(void *)at : NULL;
}
static inline struct fmd__journal *fmd__ring_journal(struct fmd__ring_header *header)
{
    uint8_t *at = (uint8_t *)header + header->journal_offset;
    return header->journal_room ? (struct fmd__journal *)(void *)at : NULL;
}

/* What a ring file has room for. */
struct fmd__ring_plan {
    uint32_t rings, slots; /* slots: of each ring, a power of two */
    uint64_t endpoints_room;
    uint32_t count_room;   /* endpoints that can be counted at level 0; 0: no area */
    uint32_t flight_count; /* requests in flight; 0: no area */
    uint64_t journal_room; /* a power of two >= FMD__JOURNAL_ROOM_MIN; 0: no area */
};

/* Where ring 0 starts: a multiple of 4096. */
uint64_t fmd__ring_file_rings_offset(const struct fmd__ring_plan *plan);
/* Size of a whole ring file. */
uint64_t fmd__ring_file_bytes(const struct fmd__ring_plan *plan);

/* Makes zeroed memory of that size a ring file with empty rings. The magic is stored
 * last, so that a kill before leaves no ring file. */
void fmd__ring_file_format(struct fmd__ring_header *header,
                           const struct fmd__segment *segment,
                           const struct fmd__ring_plan *plan);

/* Adds an endpoint's definition to the area. One caller at a time (the register lock). 0,
 * or -1 when the area is full: then the definition is safe only once it is in the trace.
 */
int fmd__ring_file_add_endpoint(struct fmd__ring_header *header,
                                const struct fmd__definition *endpoint);

/* Stores anchor and stats so that a kill at any moment leaves the old or the new ones.
 * The writer thread only. */
void fmd__ring_file_store_state(struct fmd__ring_header *header,
                                const struct fmd__ring_state *state);

/* Slots that a string of length bytes takes; fills them at slots[sequence & mask] on. For
 * the ring's owner; publishing head is the caller's. */
uint32_t fmd__ring_string_slots(uint32_t length);
void fmd__ring_put_string(struct fmd__ring *ring, uint64_t sequence, uint32_t mask,
                          uint8_t what, uint64_t hash, const char *bytes,
                          uint32_t length);

#endif
