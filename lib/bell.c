/* SPDX-License-Identifier: Apache-2.0 */
/* See bell.h. */
#define _GNU_SOURCE
#include "bell.h"

#include <errno.h>
#include <linux/futex.h>
#include <stdatomic.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define SECOND UINT64_C(1000000000)

enum { AWAKE, ASLEEP, RUNG, DEAF, STOP };

static _Atomic uint32_t state;

static void wake(void)
{
    (void)syscall(SYS_futex, &state, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

/* What the ringer stored before is seen by who wakes, or its own load sees the sleeper.
 */
void fmd__bell_ring(void)
{
    int kept = errno;
    uint32_t seen;

    atomic_thread_fence(memory_order_seq_cst);
    seen = atomic_load_explicit(&state, memory_order_relaxed);
    while (seen == AWAKE || seen == ASLEEP)
        if (atomic_compare_exchange_weak(&state, &seen, RUNG)) {
            if (seen == ASLEEP)
                wake();
            break;
        }
    errno = kept;
}

void fmd__bell_reset(void)
{
    atomic_store(&state, AWAKE);
}

bool fmd__bell_sleep(uint64_t until_ns, bool deaf)
{
    struct timespec when = {.tv_sec = (time_t)(until_ns / SECOND),
                            .tv_nsec = (long)(until_ns % SECOND)};
    uint32_t how = deaf ? DEAF : ASLEEP, seen = AWAKE;
    long result = 0;

    if (atomic_compare_exchange_strong(&state, &seen, how) ||
        (deaf && seen == RUNG && atomic_compare_exchange_strong(&state, &seen, how)))
        do
            result = syscall(SYS_futex, &state, FUTEX_WAIT_BITSET_PRIVATE, how, &when,
                             NULL, FUTEX_BITSET_MATCH_ANY);
        while (result == 0 && atomic_load(&state) == how);
    seen = RUNG;
    if (atomic_compare_exchange_strong(&state, &seen, AWAKE))
        return true;
    seen = how;
    (void)atomic_compare_exchange_strong(&state, &seen, AWAKE);
    return false;
}

void fmd__bell_stop(void)
{
    atomic_store(&state, STOP);
    wake();
}
