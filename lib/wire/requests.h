/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Payload of a requests block: columns, each delta or dictionary, frame-of-reference
 * bit-packed; and the ranges of ring sequence numbers it holds, so that a ring left
 * behind is never counted twice. Built for 4096 requests a block, decode far hotter than
 * encode.
 */
#ifndef FMD_WIRE_REQUESTS_H
#define FMD_WIRE_REQUESTS_H

#include "columns.h"

#include <stddef.h>

/* Ring ring_id's records first .. last (inclusive; 0 is the first record of the ring's
 * life) were consumed by this block. */
struct fmd__ring_range {
    uint32_t ring_id;
    uint64_t first, last;
};

#define FMD__RING_RANGES_MAX 1024u

/* Tags of the columns; one space with later ones. Those from FMD__COLUMN_DETAIL on are
 * details.h's. */
enum fmd__column_tag {
    FMD__COLUMN_KINDS = 1, /* table and index */
    FMD__COLUMN_START,
    FMD__COLUMN_DURATION,
    FMD__COLUMN_FIRST_BYTE,
    FMD__COLUMN_VIEW,
    FMD__COLUMN_GROUP,
    FMD__COLUMN_ADDRESS,
    FMD__COLUMN_ENDPOINT, /* these four where there is no FMD__COLUMN_KINDS */
    FMD__COLUMN_STATUS,
    FMD__COLUMN_METHOD,
    FMD__COLUMN_FLAGS,
    FMD__COLUMN_DETAIL,
    FMD__COLUMN_CPU,
    FMD__COLUMN_THRESHOLD,
    FMD__COLUMN_VOLUNTARY_SWITCHES,
    FMD__COLUMN_INVOLUNTARY_SWITCHES,
    FMD__COLUMN_MINOR_FAULTS,
    FMD__COLUMN_MAJOR_FAULTS,
    FMD__COLUMN_BLOCK_READS,
    FMD__COLUMN_BLOCK_WRITES
};

/* Room that fmd__requests_encode needs. */
#define FMD__REQUESTS_BOUND                                                              \
    ((size_t)FMD__BLOCK_REQUESTS_MAX * 64 + FMD__RING_RANGES_MAX * 24 + 1024)

/* Encodes to out; returns the bytes. Allocates nothing. columns->count >= 0 (ranges may
 * be recorded without requests). Any order of start_ns is kept; nearly sorted is
 * smallest. */
size_t fmd__requests_encode(const struct fmd__columns *columns,
                            const struct fmd__ring_range *ranges, uint32_t range_count,
                            uint8_t *out);

/* The inverse; 0, or -1 when the payload is damaged (never reads or writes out of bounds
 * on any input). ranges may be NULL, else has room for FMD__RING_RANGES_MAX; range_count
 * is set. */
int fmd__requests_decode(const uint8_t *payload, size_t size,
                         struct fmd__columns *columns, struct fmd__ring_range *ranges,
                         uint32_t *range_count);

/* A block's combinations of endpoint << 32 | status << 16 | method << 8 | flags, and
 * which one each request has. */
#define FMD__KINDS_MAX 1024u
struct fmd__kinds {
    uint32_t count;
    uint64_t table[FMD__KINDS_MAX];
    uint16_t index[FMD__BLOCK_REQUESTS_MAX];
};

/* The same in less time. *seen gets 1 << tag of each column that the payload has. First
 * byte, view, group and address are left as they were where it does not have them. Where
 * it has FMD__COLUMN_KINDS, that goes to *kinds, and endpoint, status, method and flags
 * are left as they were. */
int fmd__requests_decode_seen(const uint8_t *payload, size_t size,
                              struct fmd__columns *columns, struct fmd__kinds *kinds,
                              struct fmd__ring_range *ranges, uint32_t *range_count,
                              uint32_t *seen);

/* Where the columns of a payload begin, after count and ranges; NULL when damaged. */
const uint8_t *fmd__requests_columns(const uint8_t *payload, size_t size,
                                     uint32_t *count);

#endif
