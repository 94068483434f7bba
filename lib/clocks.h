/* SPDX-License-Identifier: Apache-2.0 */
/* The clocks that the recorder reads, in nanoseconds. */
#ifndef FMD_CLOCKS_H
#define FMD_CLOCKS_H

#include <stdint.h>
#include <time.h>

static inline uint64_t fmd__clock_ns(clockid_t clock)
{
    struct timespec now;

    (void)clock_gettime(clock, &now);
    return (uint64_t)now.tv_sec * UINT64_C(1000000000) + (uint64_t)now.tv_nsec;
}

/* The clock of all request times: 23 ns a read without a system call (vDSO). */
static inline uint64_t fmd__now_ns(void)
{
    return fmd__clock_ns(CLOCK_MONOTONIC);
}

#endif
