/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a request at level 2 and above carries beside its times: processor time, switches,
 * faults, block I/O, whether it was an outlier. Optional columns of the same requests
 * block, so a detail and its request are never apart; readers that do not ask for them
 * pass over them at no cost.
 */
#ifndef FMD_WIRE_DETAILS_H
#define FMD_WIRE_DETAILS_H

#include "requests.h"

#include <stdbool.h>

/* Bits of what. */
enum fmd__detail_what {
    FMD__DETAIL_LEVEL = 7,    /* the level it was recorded at; 0: not told */
    FMD__DETAIL_OUTLIER = 8,  /* it passed the threshold in force */
    FMD__DETAIL_MEASURED = 16 /* the numbers below are known, not just 0 */
};

/* Element i belongs to request i of the block's struct fmd__columns. Counts are of the
 * request's thread between begin and end; what a request on several threads did on others
 * is not in them. */
struct fmd__details {
    uint32_t count;
    uint8_t what[FMD__BLOCK_REQUESTS_MAX];
    uint64_t cpu_ns[FMD__BLOCK_REQUESTS_MAX];       /* of the thread */
    uint64_t threshold_ns[FMD__BLOCK_REQUESTS_MAX]; /* in force; 0: none, or no outlier */
    uint32_t voluntary_switches[FMD__BLOCK_REQUESTS_MAX];
    uint32_t involuntary_switches[FMD__BLOCK_REQUESTS_MAX];
    uint32_t minor_faults[FMD__BLOCK_REQUESTS_MAX];
    uint32_t major_faults[FMD__BLOCK_REQUESTS_MAX];
    uint32_t block_reads[FMD__BLOCK_REQUESTS_MAX]; /* operations, as getrusage counts */
    uint32_t block_writes[FMD__BLOCK_REQUESTS_MAX];
};

/* Room for the columns of details, on top of FMD__REQUESTS_BOUND. */
#define FMD__DETAILS_BOUND ((size_t)FMD__BLOCK_REQUESTS_MAX * 73 + 1024)

/* Appends the columns of details at out, which is where fmd__requests_encode ended;
 * returns the bytes (0 when all are 0). details->count is that of the columns. */
size_t fmd__details_encode(const struct fmd__details *details, uint8_t *out);

/* Has the payload any? Looks at the columns' tags only. */
bool fmd__details_any(const uint8_t *payload, size_t size);
/* Reads the details of a requests payload. 1; 0 when it has none (then every detail of
 * its count requests is 0); -1 when damaged. Safe on any input. */
int fmd__details_decode(const uint8_t *payload, size_t size,
                        struct fmd__details *details);

#endif
