/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The journal of a ring file: a mapped ring of bytes that holds entries (entries.h) of
 * any length until the writer has them in the trace. One producer at a time (the caller
 * sees to that; the sampler in the main), one consumer, no system call.
 *
 *   record: u32 length (never 0), the entry, zeros up to a multiple of 8
 *   u32 0 where a record did not fit before the end of the area: go on at its beginning
 *
 * Positions count bytes since the file was made. 0 <= head - tail <= room, all multiples
 * of 8; only tail .. head - 1 may be looked at. head is stored (release) when a record is
 * whole, tail (release) when the blocks with the entries before it are in the trace.
 */
#ifndef FMD_WIRE_JOURNAL_H
#define FMD_WIRE_JOURNAL_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#define FMD__JOURNAL_ROOM_MIN (64u << 10)

struct fmd__journal {
    /* the producer's line */
    _Alignas(128) _Atomic uint64_t head;
    _Atomic uint64_t dropped;   /* entries for which there was no room */
    _Atomic uint64_t owners[4]; /* the recorder's own (whose turn it is); ignored */
    /* the writer's line */
    _Alignas(128) _Atomic uint64_t tail;
    _Alignas(128) uint8_t bytes[]; /* room, a power of two */
};

_Static_assert(sizeof(struct fmd__journal) == 256, "two pairs of lines, then bytes");

/* Appends one encoded entry and publishes it. 0, or -1 when there is no room (counted in
 * dropped) or the entry is longer than half the room. */
int fmd__journal_put(struct fmd__journal *journal, uint64_t room, const uint8_t *entry,
                     size_t length);

/* The entry at *position, which moves behind it. bytes, room: of the area; head: as read
 * before (acquire). *entry points into bytes. 1, 0 at head, -1 when damaged. For the
 * writer (from tail on) and for recovery; safe on any bytes. */
int fmd__journal_next(const uint8_t *bytes, uint64_t room, uint64_t head,
                      uint64_t *position, const uint8_t **entry, uint32_t *length);

#endif
