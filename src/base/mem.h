/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Memory that is there: when it runs out, the program ends with a clear message and exit
 * status 4. For the analyzer only; the recorder never dies.
 */
#ifndef BASE_MEM_H
#define BASE_MEM_H

#include <stddef.h>

/* Zeroed. Freed with free(). */
void *mem_new(size_t bytes);
/* As realloc; new bytes are not set. */
void *mem_resize(void *old, size_t bytes);
/* Copies of a terminated text, and of bytes with a terminator behind them. */
char *mem_text(const char *text);
char *mem_bytes(const void *bytes, size_t length);

#endif
