/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From when on a request is an outlier, live, for each endpoint: the fence on the log
 * scale Q90 + 4.015 (Q90 - Q75), from a log-linear histogram of what the writer wrote,
 * once there are enough requests; never below a floor, and above it never beyond the
 * larger of 1 s and 10 Q90. Old requests weigh less: counts are halved at 65,536. Built
 * for a few hundred endpoints at levels 2 and 3 (a page each); add is the writer's,
 * reading is one relaxed load of any thread.
 */
#ifndef FMD_THRESHOLDS_H
#define FMD_THRESHOLDS_H

#include "endpoint_register.h"

#include <stdatomic.h>
#include <stdbool.h>

#define FMD__THRESHOLD_BINS 1008u

struct fmd__latencies {
    uint32_t total;
    uint32_t since; /* added since the fence was last worked out */
    uint32_t bins[FMD__THRESHOLD_BINS];
};

struct fmd__thresholds {
    struct fmd__latencies **of; /* by endpoint number; NULL: nothing seen */
    uint32_t room;
};

/* ns; 0: not known yet. Inherited by forked children. */
extern _Atomic uint64_t fmd__threshold_table[FMD__ENDPOINTS_MAX + 1];

static inline uint64_t fmd__threshold_of(uint32_t endpoint)
{
    return endpoint <= FMD__ENDPOINTS_MAX
               ? atomic_load_explicit(&fmd__threshold_table[endpoint],
                                      memory_order_relaxed)
               : 0;
}

/* All zero is empty. */
void fmd__thresholds_release(struct fmd__thresholds *thresholds);
/* A request of endpoint took so long. after: how many are enough. Without memory nothing
 * happens. */
void fmd__thresholds_add(struct fmd__thresholds *thresholds, uint32_t endpoint,
                         uint64_t duration_ns, uint32_t after, uint64_t floor_ns);
/* The fence of these latencies, ns. total >= 1. */
uint64_t fmd__thresholds_fence(const struct fmd__latencies *latencies);

#endif
