/* SPDX-License-Identifier: Apache-2.0 */
/* See signals.h. */
#define _GNU_SOURCE
#include "signals.h"

#include <pthread.h>
#include <time.h>

static bool size_limit_is_pending(void)
{
    sigset_t pending;

    return sigpending(&pending) == 0 && sigismember(&pending, SIGXFSZ) == 1;
}

void fmd__signals_block(struct fmd__signals *signals)
{
    sigset_t all;

    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &signals->before);
    signals->size_limit_pending = size_limit_is_pending();
}

void fmd__signals_restore(const struct fmd__signals *signals)
{
    sigset_t size_limit;
    struct timespec at_once = {0, 0};

    (void)sigemptyset(&size_limit);
    (void)sigaddset(&size_limit, SIGXFSZ);
    if (!signals->size_limit_pending && size_limit_is_pending())
        (void)sigtimedwait(&size_limit, NULL, &at_once);
    (void)pthread_sigmask(SIG_SETMASK, &signals->before, NULL);
}
