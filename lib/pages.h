/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory that a forked child does not get: the recorder's buffers belong to the process
 * that made them, and a child that abandons them must neither pay for their copies nor
 * leak them. Whole pages, zeroed, taken from and given back to the kernel. Built for a
 * dozen buffers of 4 kB to 8 MB that grow by doubling.
 */
#ifndef FMD_PAGES_H
#define FMD_PAGES_H

#include <stddef.h>

/* Zeroed memory, aligned to a page; NULL when there is none. */
void *fmd__pages_new(size_t bytes);
/* Moves to a larger size; NULL, and old is as it was, when there is none. old NULL: new.
 */
void *fmd__pages_grow(void *old, size_t old_bytes, size_t bytes);
/* bytes as it was asked for. NULL is fine. */
void fmd__pages_free(void *pages, size_t bytes);

/* For tests: when n > 0, the n-th call of new or grow from now fails, and all after it.
 */
extern int fmd__pages_fail_at;

#endif
