/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "mem.h"

#include "err.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *there(void *memory, size_t bytes)
{
    if (!memory) {
        fprintf(stderr,
                "fmd: out of memory (%zu bytes more were needed); give the program more "
                "memory or analyze fewer traces at once\n",
                bytes);
        exit(err_exit_status(ERR_INTERNAL));
    }
    return memory;
}

/* A product that does not fit becomes a size that nobody has. */
static size_t product(size_t count, size_t item_bytes)
{
    size_t bytes;
    return __builtin_mul_overflow(count, item_bytes, &bytes) ? PTRDIFF_MAX : bytes;
}

void *mem_new(size_t bytes)
{
    return there(calloc(1, bytes ? bytes : 1), bytes);
}

void *mem_array(size_t count, size_t item_bytes)
{
    return mem_new(product(count, item_bytes));
}

void *mem_resize(void *old, size_t bytes)
{
    return there(realloc(old, bytes ? bytes : 1), bytes);
}

void *mem_resize_array(void *old, size_t count, size_t item_bytes)
{
    return mem_resize(old, product(count, item_bytes));
}

char *mem_bytes(const void *bytes, size_t length)
{
    char *copy = there(malloc(length + 1), length + 1);
    if (length)
        memcpy(copy, bytes, length);
    copy[length] = '\0';
    return copy;
}

char *mem_text(const char *text)
{
    return mem_bytes(text, strlen(text));
}
