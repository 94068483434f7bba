/* SPDX-License-Identifier: Apache-2.0 */
/* Who writes: host, container, boot, process, and the random name of its stream. */
#ifndef FMD_IDENTITY_H
#define FMD_IDENTITY_H

#include "settings.h"

#include <stddef.h>

/* Random bytes for names and keys; from the clock and the process where the kernel has
 * none. */
void fmd__identity_random(void *bytes, size_t size);
/* Of this process, now; number 0. */
void fmd__identity_init(struct fmd__segment *segment,
                        const struct fmd__settings *settings);
/* The same host, a new process: in a child that has its parent's. */
void fmd__identity_renew(struct fmd__segment *segment);

#endif
