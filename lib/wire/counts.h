/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Payload of a counts block: requests that were counted and not recorded (level 0), by
 * endpoint, since the stream's start. For each endpoint the last one of a stream counts.
 * One block a minute or a segment, some hundred endpoints.
 */
#ifndef FMD_WIRE_COUNTS_H
#define FMD_WIRE_COUNTS_H

#include <stddef.h>
#include <stdint.h>

#define FMD__BLOCK_COUNTS_MAX 4096u /* endpoints a block; more go into the next */

struct fmd__endpoint_count {
    uint32_t endpoint; /* number; never 0 */
    uint64_t count;
    uint64_t last_ns; /* when it was last requested, monotonic */
};

#define FMD__COUNTS_BOUND ((size_t)FMD__BLOCK_COUNTS_MAX * 25)

/* Encodes up to FMD__BLOCK_COUNTS_MAX; returns the bytes. */
size_t fmd__counts_encode(const struct fmd__endpoint_count *counts, uint32_t count,
                          uint8_t *out);
/* Reads one at *offset and moves it on. 1, 0 at the end, -1 when damaged. */
int fmd__counts_decode(const uint8_t *payload, size_t size, size_t *offset,
                       struct fmd__endpoint_count *count);

#endif
