/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signals stay out of the recorder: blocked in its thread and while it holds a lock or
 * writes in somebody else's, so that no handler of the application runs into our locks
 * and a file size limit (SIGXFSZ) kills nobody.
 */
#ifndef FMD_SIGNALS_H
#define FMD_SIGNALS_H

#include <signal.h>
#include <stdbool.h>

struct fmd__signals {
    sigset_t before;
    bool size_limit_pending; /* a SIGXFSZ that is not ours */
};

void fmd__signals_block(struct fmd__signals *signals);
void fmd__signals_restore(const struct fmd__signals *signals);

#endif
