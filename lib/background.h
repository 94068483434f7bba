/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The recorder's own threads: started by whoever needs one first, with every signal
 * blocked and a stack of a known size. Where none can be had (limits) that is tried again
 * once a second, not with every request: a try costs ten microseconds.
 */
#ifndef FMD_BACKGROUND_H
#define FMD_BACKGROUND_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* All zero is none. */
struct fmd__background {
    pthread_t thread;
    _Atomic bool is_there;     /* or somebody is creating it */
    _Atomic uint64_t retry_ns; /* not before, when there was none to be had */
};

/* true when it was there before. Any thread; not while it is being joined. */
bool fmd__background_start(struct fmd__background *background, size_t stack_bytes,
                           void *run(void *), void *argument);
/* Waits for its end, if it is there; it was told to end before. */
void fmd__background_join(struct fmd__background *background);

#endif
