/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Memory that is there or the program ends: the analyzer's one place that answers "out of
 * memory", with a sentence and exit status 4. Freed with free().
 */
#ifndef BASE_ALLOC_H
#define BASE_ALLOC_H

#include <stddef.h>

/* size bytes, not set; zeroed; resized. Never NULL, also for 0 bytes. */
void *alloc_bytes(size_t size);
void *alloc_zero(size_t count, size_t item_bytes);
void *alloc_resize(void *memory, size_t count, size_t item_bytes);

#endif
