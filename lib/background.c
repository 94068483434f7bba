/* SPDX-License-Identifier: Apache-2.0 */
/* See background.h. */
#define _GNU_SOURCE
#include "background.h"

#include "clocks.h"
#include "signals.h"

#define RETRY_NS UINT64_C(1000000000)

static bool create(struct fmd__background *background, size_t stack_bytes,
                   void *run(void *), void *argument)
{
    struct fmd__signals signals;
    pthread_attr_t attributes;
    bool created;

    if (pthread_attr_init(&attributes) != 0)
        return false;
    fmd__signals_block(&signals); /* the thread inherits it */
    (void)pthread_attr_setstacksize(&attributes, stack_bytes);
    created = pthread_create(&background->thread, &attributes, run, argument) == 0;
    fmd__signals_restore(&signals);
    (void)pthread_attr_destroy(&attributes);
    return created;
}

bool fmd__background_start(struct fmd__background *background, size_t stack_bytes,
                           void *run(void *), void *argument)
{
    bool none = false;
    uint64_t now;

    if (atomic_load_explicit(&background->is_there, memory_order_relaxed))
        return true;
    now = fmd__now_ns();
    if (now < atomic_load_explicit(&background->retry_ns, memory_order_relaxed) ||
        !atomic_compare_exchange_strong(&background->is_there, &none, true))
        return false;
    if (!create(background, stack_bytes, run, argument)) {
        atomic_store_explicit(&background->retry_ns, now + RETRY_NS,
                              memory_order_relaxed);
        atomic_store(&background->is_there, false);
    }
    return false;
}

void fmd__background_join(struct fmd__background *background)
{
    if (!atomic_load(&background->is_there))
        return;
    (void)pthread_join(background->thread, NULL);
    atomic_store(&background->is_there, false);
}
