/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rings: how requests get from the threads that serve them to the writer. One bounded
 * single-producer ring a thread, from a pool that is made at start, in one mapped file.
 *
 *   thread --take--> producer --push--> ring ==== writer reads head, stores tail
 *     free list <--give back (thread exit, ring full)
 *
 * Promises: a push is a few stores into one cache line and one release store; no lock,
 * and no system call but one that wakes the writer when rings run short (bell.h). A full
 * ring is exchanged for a free one (a burst may use three quarters of the pool); when
 * there is none the caller drops and counts. Built for 10^6 pushes a second, threads that
 * come and go, 64 to 1,024 rings.
 *
 * Life time: producers are static and never freed; the mapping goes only when nobody is
 * inside (lifecycle.c waits for busy threads and for visitors).
 */
#ifndef FMD_RING_H
#define FMD_RING_H

#include "ring_home.h"
#include "wire/ringlayout.h"

#include <stdbool.h>
#include <stdatomic.h>

#define FMD__RINGS_MAX 1024u
#define FMD__RINGS_STEP 64u /* the pool grows by */
#define FMD__CHUNKS_MAX (FMD__RINGS_MAX / FMD__RINGS_STEP + 2)

/* Hashes of the strings that this ring has sent to the writer, in the present generation
 * of its dictionary: 1024 sets of 4, mixed with the generation so that a new one empties
 * the table without a store. Forgetting one only sends its string again. */
#define FMD__KNOWN_WAYS 4u
#define FMD__KNOWN_SETS 1024u
#define FMD__KNOWN_BYTES (FMD__KNOWN_WAYS * FMD__KNOWN_SETS * sizeof(uint64_t))

enum fmd__ring_use {
    FMD__RING_FREE,   /* on the free list */
    FMD__RING_OWNED,  /* by one thread */
    FMD__RING_RETIRED /* left with much in it: the writer frees it once it is drained */
};

/* A ring as its thread uses it. Private to the process; fixed but for known, which is
 * its owner's. */
struct fmd__producer {
    struct fmd__ring *ring;
    uint64_t *known; /* see above */
    uint32_t mask;   /* slots - 1 */
};

struct fmd__chunk {
    void *mapping; /* of the part of the file that came with this chunk */
    size_t bytes;
    uint64_t *known; /* tables of its rings */
    size_t known_bytes;
};

struct fmd__pool {
    struct fmd__ring_header *header; /* start of chunk 0; NULL when closed */
    uint32_t slots;                  /* of each ring, a power of two */
    _Atomic uint32_t count;          /* rings; only grows */
    _Atomic uint32_t free_count;     /* about */
    bool is_file;                    /* descriptors.h has it; else anonymous memory */
    uint64_t file_bytes;
    uint32_t chunk_count;
    struct fmd__chunk chunks[FMD__CHUNKS_MAX];
    struct fmd__ring_home home;
};

extern struct fmd__producer fmd__producers[FMD__RINGS_MAX];

struct fmd__pool_options {
    const char *ring_directory; /* NULL: only the usual places */
    const char *trace_directory;
    const struct fmd__segment *segment; /* whose it is */
    uint32_t rings, slots;
    uint64_t endpoints_room;
    uint32_t counted_endpoints; /* at level 0 */
    uint32_t flights;           /* requests in flight at levels 2 and 3 */
    uint64_t journal_room;
};

/* 0 or -ENOMEM. *pool is all zero. */
int fmd__pool_open(struct fmd__pool *pool, const struct fmd__pool_options *options);
/* Unmaps, closes and removes the file. Nobody may be inside. */
void fmd__pool_close(struct fmd__pool *pool);
/* More rings; false when there is no memory or they would be too many. The writer. */
bool fmd__pool_grow(struct fmd__pool *pool, uint32_t more);

/* A free ring for this thread, or NULL. Lock-free. */
struct fmd__producer *fmd__pool_take(struct fmd__pool *pool);
/* Back from its thread. Lock-free. */
void fmd__pool_give_back(struct fmd__pool *pool, struct fmd__producer *producer);
/* A ring with room for a thread whose ring is full: full is given back.
 * NULL when the pool is low; then full stays the thread's. Lock-free. */
struct fmd__producer *fmd__pool_exchange(struct fmd__pool *pool,
                                         struct fmd__producer *full);
/* No more than half of the rings are free. */
bool fmd__pool_is_low(const struct fmd__pool *pool);
/* Frees retired rings that are drained. The writer. */
void fmd__pool_recycle(struct fmd__pool *pool);

/* Adds what rings and header counted to *stats. Nobody may unmap meanwhile. */
void fmd__pool_add_counts(struct fmd__pool *pool, struct fmd__stats *stats);

/* Looks how far the writer is: room for need more slots? Rings for it when the ring is
 * half full and few are free. The owner. */
bool fmd__ring_find_room(struct fmd__pool *pool, struct fmd__ring *ring, uint64_t head,
                         uint32_t need);

/* The same, looking twice in a ring's length. */
static inline bool fmd__ring_has_room(struct fmd__pool *pool, struct fmd__ring *ring,
                                      uint64_t head, uint32_t need)
{
    if (__builtin_expect(head + need <= ring->room_until, 1))
        return true;
    return fmd__ring_find_room(pool, ring, head, need);
}

/* A count with one writer, its owner. */
static inline void fmd__count_one(_Atomic uint64_t *counter)
{
    atomic_store_explicit(counter,
                          atomic_load_explicit(counter, memory_order_relaxed) + 1,
                          memory_order_relaxed);
}

#endif
