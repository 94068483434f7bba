/* SPDX-License-Identifier: Apache-2.0 */
/* The pool of rings: one mapped file, a lock-free free list; see ring.h. */
#define _GNU_SOURCE
#include "ring.h"

#include "bell.h"
#include "descriptors.h"
#include "free_list.h"
#include "pages.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>

#define PAGE_BYTES 4096u

struct fmd__producer fmd__producers[FMD__RINGS_MAX];

static struct fmd__free_list free_rings;
static _Atomic uint32_t next_free[FMD__RINGS_MAX];

static void push_free(struct fmd__pool *pool, struct fmd__producer *producer)
{
    atomic_store_explicit(&producer->ring->state, FMD__RING_FREE, memory_order_relaxed);
    fmd__free_list_push(&free_rings, next_free, (uint32_t)(producer - fmd__producers));
    atomic_fetch_add_explicit(&pool->free_count, 1, memory_order_relaxed);
}

/* Fewer than so many quarters of the rings are free. */
static bool fewer_free_than(const struct fmd__pool *pool, uint32_t quarters)
{
    uint32_t count = atomic_load_explicit(&pool->count, memory_order_relaxed);

    return atomic_load_explicit(&pool->free_count, memory_order_relaxed) <=
           count * quarters / 4;
}

bool fmd__pool_is_low(const struct fmd__pool *pool)
{
    return fewer_free_than(pool, 2);
}

bool fmd__ring_find_room(struct fmd__pool *pool, struct fmd__ring *ring, uint64_t head,
                         uint32_t need)
{
    uint64_t tail = atomic_load_explicit(&ring->tail, memory_order_acquire);
    uint64_t half = tail + pool->slots / 2, end = tail + pool->slots;

    ring->room_until = head + need <= half ? half : end;
    if (ring->room_until == end && fmd__pool_is_low(pool))
        fmd__bell_ring();
    return head + need <= end;
}

struct fmd__producer *fmd__pool_take(struct fmd__pool *pool)
{
    uint32_t index;

    if (fewer_free_than(pool, 1) && pool->count < FMD__RINGS_MAX)
        fmd__bell_ring(); /* the writer makes more */
    if (!fmd__free_list_pop(&free_rings, next_free, &index))
        return NULL;
    atomic_fetch_sub_explicit(&pool->free_count, 1, memory_order_relaxed);
    atomic_store_explicit(&fmd__producers[index].ring->state, FMD__RING_OWNED,
                          memory_order_relaxed);
    return &fmd__producers[index];
}

/* Slots in use; for the owner and the writer. */
static uint64_t fill_of(struct fmd__ring *ring)
{
    return atomic_load_explicit(&ring->head, memory_order_relaxed) -
           atomic_load_explicit(&ring->tail, memory_order_acquire);
}

void fmd__pool_give_back(struct fmd__pool *pool, struct fmd__producer *producer)
{
    if (fill_of(producer->ring) <= pool->slots / 2)
        push_free(pool, producer);
    else
        atomic_store_explicit(&producer->ring->state, FMD__RING_RETIRED,
                              memory_order_release);
}

struct fmd__producer *fmd__pool_exchange(struct fmd__pool *pool,
                                         struct fmd__producer *full)
{
    struct fmd__producer *fresh;
    uint64_t *known;

    if (fewer_free_than(pool, 3))
        fmd__bell_ring();
    if (fewer_free_than(pool, 1))
        return NULL;
    fresh = fmd__pool_take(pool);
    if (!fresh)
        return NULL;
    known = fresh->known; /* what this thread has sent goes with it */
    fresh->known = full->known;
    full->known = known;
    fmd__pool_give_back(pool, full);
    return fresh;
}

void fmd__pool_recycle(struct fmd__pool *pool)
{
    uint32_t count = atomic_load_explicit(&pool->count, memory_order_relaxed);

    for (uint32_t i = 0; i < count; i++) {
        struct fmd__producer *producer = &fmd__producers[i];

        if (atomic_load_explicit(&producer->ring->state, memory_order_acquire) ==
                FMD__RING_RETIRED &&
            fill_of(producer->ring) <= pool->slots / 2)
            push_free(pool, producer);
    }
}

/* Maps bytes of the ring file from offset on, or anonymous memory; NULL for none. */
static void *map_part(const struct fmd__pool *pool, uint64_t offset, size_t bytes)
{
    int file = pool->is_file ? fmd__descriptors_get(FMD__DESCRIPTOR_RING) : -1;
    int flags = pool->is_file ? MAP_SHARED | MAP_POPULATE : MAP_PRIVATE | MAP_ANONYMOUS;
    void *part = mmap(NULL, bytes, PROT_READ | PROT_WRITE, flags, file, (off_t)offset);

    if (part == MAP_FAILED)
        return NULL;
    (void)madvise(part, bytes, MADV_DONTFORK); /* children have no business here */
    return part;
}

/* The last chunk's count rings, which start at rings: first everybody who reads rings
 * learns of them, then threads may take them. */
static void add_producers(struct fmd__pool *pool, uint8_t *rings, uint32_t count)
{
    uint32_t first = atomic_load_explicit(&pool->count, memory_order_relaxed);
    uint64_t *known = pool->chunks[pool->chunk_count - 1].known;

    for (uint32_t i = 0; i < count; i++) {
        struct fmd__producer *producer = &fmd__producers[first + i];

        producer->mask = pool->slots - 1;
        producer->ring = (struct fmd__ring *)(rings + i * fmd__ring_stride(pool->slots));
        producer->known = known + i * FMD__KNOWN_WAYS * FMD__KNOWN_SETS;
    }
    atomic_store_explicit(&pool->header->ring_count, first + count, memory_order_release);
    atomic_store_explicit(&pool->count, first + count, memory_order_release);
    for (uint32_t i = count; i > 0; i--) /* the first ring is on top */
        push_free(pool, &fmd__producers[first + i - 1]);
}

/* A chunk of count rings at offset of the file, its pages and its tables. */
static bool map_chunk(struct fmd__pool *pool, uint64_t offset, size_t bytes,
                      uint32_t count)
{
    struct fmd__chunk *chunk = &pool->chunks[pool->chunk_count];

    chunk->known_bytes = count * FMD__KNOWN_BYTES;
    chunk->known = fmd__pages_new(chunk->known_bytes);
    if (!chunk->known)
        return false;
    chunk->bytes = bytes;
    chunk->mapping = map_part(pool, offset, bytes);
    if (!chunk->mapping) {
        fmd__pages_free(chunk->known, chunk->known_bytes);
        return false;
    }
    pool->chunk_count++;
    return true;
}

int fmd__pool_open(struct fmd__pool *pool, const struct fmd__pool_options *options)
{
    struct fmd__ring_plan plan = {.rings = options->rings,
                                  .slots = options->slots,
                                  .endpoints_room = options->endpoints_room,
                                  .count_room = options->counted_endpoints,
                                  .flight_count = options->flights,
                                  .journal_room = options->journal_room};
    char stem[FMD__STEM_BYTES];
    int file;

    pool->slots = options->slots;
    pool->file_bytes = fmd__ring_file_bytes(&plan);
    (void)fmd__segment_stem(options->segment, stem);
    file = fmd__ring_home_make(&pool->home, options->ring_directory,
                               options->trace_directory, stem, pool->file_bytes);
    pool->is_file = file >= 0 && fmd__descriptors_hold(FMD__DESCRIPTOR_RING, file) == 0;
    fmd__free_list_empty(&free_rings);
    if (!map_chunk(pool, 0, pool->file_bytes, options->rings)) {
        fmd__pool_close(pool);
        return -ENOMEM;
    }
    pool->header = pool->chunks[0].mapping;
    fmd__ring_file_format(pool->header, options->segment, &plan);
    add_producers(pool, (uint8_t *)fmd__ring_at(pool->header, 0), options->rings);
    return 0;
}

void fmd__pool_close(struct fmd__pool *pool)
{
    fmd__ring_home_remove(&pool->home);
    fmd__descriptors_close(FMD__DESCRIPTOR_RING);
    fmd__free_list_empty(&free_rings);
    for (uint32_t i = 0; i < pool->chunk_count; i++) {
        fmd__pages_free(pool->chunks[i].known, pool->chunks[i].known_bytes);
        (void)munmap(pool->chunks[i].mapping, pool->chunks[i].bytes);
    }
    pool->chunk_count = 0;
    pool->header = NULL;
    atomic_store_explicit(&pool->count, 0, memory_order_relaxed);
    atomic_store_explicit(&pool->free_count, 0, memory_order_relaxed);
}

bool fmd__pool_grow(struct fmd__pool *pool, uint32_t more)
{
    uint32_t count = atomic_load_explicit(&pool->count, memory_order_relaxed);
    uint64_t added = more * fmd__ring_stride(pool->slots);
    uint64_t from = pool->file_bytes / PAGE_BYTES * PAGE_BYTES;
    struct fmd__chunk *chunk;

    if (count + more > FMD__RINGS_MAX || pool->chunk_count == FMD__CHUNKS_MAX)
        return false;
    if (pool->is_file && posix_fallocate(fmd__descriptors_get(FMD__DESCRIPTOR_RING),
                                         (off_t)pool->file_bytes, (off_t)added) != 0)
        return false;
    if (!map_chunk(pool, from, pool->file_bytes + added - from, more))
        return false;
    chunk = &pool->chunks[pool->chunk_count - 1];
    add_producers(pool, (uint8_t *)chunk->mapping + (pool->file_bytes - from), more);
    pool->file_bytes += added;
    return true;
}

static void add(uint64_t *sum, const _Atomic uint64_t *counter)
{
    *sum += atomic_load_explicit(counter, memory_order_relaxed);
}

static void add_counts(struct fmd__stats *stats, const struct fmd__ring_counts *counts)
{
    add(&stats->issued, &counts->issued);
    for (uint32_t i = 0; i < FMD__RING_CAUSES; i++)
        add(&stats->dropped[i], &counts->dropped[i]);
    add(&stats->strings_lost, &counts->strings_lost);
}

void fmd__pool_add_counts(struct fmd__pool *pool, struct fmd__stats *stats)
{
    uint32_t count = atomic_load_explicit(&pool->count, memory_order_acquire);

    if (!pool->header)
        return;
    add_counts(stats, &pool->header->counts);
    for (uint32_t i = 0; i < count; i++)
        add_counts(stats, &fmd__producers[i].ring->counts);
}
