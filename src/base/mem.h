/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Memory that is there: when it runs out, the program ends with a clear message and exit
 * status 4. For the analyzer only; the recorder never dies. Never NULL, also for 0 bytes.
 * Freed with free().
 */
#ifndef BASE_MEM_H
#define BASE_MEM_H

#include <stddef.h>

/* Zeroed. */
void *mem_new(size_t bytes);
void *mem_array(size_t count, size_t item_bytes);
/* As realloc; new bytes are not set. */
void *mem_resize(void *old, size_t bytes);
void *mem_resize_array(void *old, size_t count, size_t item_bytes);
/* Copies of a terminated text, and of bytes with a terminator behind them. */
char *mem_text(const char *text);
char *mem_bytes(const void *bytes, size_t length);

#endif
