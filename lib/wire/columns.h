/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One block of requests as arrays: what the encoder takes and the decoder gives. Never
 * more than FMD__BLOCK_REQUESTS_MAX requests, so the caller's memory is of fixed size.
 */
#ifndef FMD_WIRE_COLUMNS_H
#define FMD_WIRE_COLUMNS_H

#include <stdint.h>

#define FMD__BLOCK_REQUESTS_MAX 4096u

/* All arrays hold count values. Ids are the segment's own, defined before the block; id 0
 * is "none". Times in ns. start_ns counts on the process's monotonic clock; the block's
 * anchor (block.h) turns it into UTC. first_byte_ns and view_ns are durations from 0 to
 * duration_ns; UINT64_MAX where not known. */
struct fmd__columns {
    uint32_t count;
    uint32_t endpoint[FMD__BLOCK_REQUESTS_MAX];
    uint32_t group[FMD__BLOCK_REQUESTS_MAX];
    uint32_t address[FMD__BLOCK_REQUESTS_MAX];
    uint64_t start_ns[FMD__BLOCK_REQUESTS_MAX];
    uint64_t duration_ns[FMD__BLOCK_REQUESTS_MAX];
    uint64_t first_byte_ns[FMD__BLOCK_REQUESTS_MAX];
    uint64_t view_ns[FMD__BLOCK_REQUESTS_MAX];
    uint16_t status[FMD__BLOCK_REQUESTS_MAX];
    uint8_t method[FMD__BLOCK_REQUESTS_MAX]; /* enum fmd_method */
    uint8_t flags[FMD__BLOCK_REQUESTS_MAX];  /* enum fmd_flag */
};

#endif
