/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "mem.h"

#include "err.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *there(void *memory, size_t bytes)
{
    if (!memory) {
        fprintf(stderr, "fmd: out of memory (%zu bytes more were needed)\n", bytes);
        exit(err_exit_status(ERR_INTERNAL));
    }
    return memory;
}

void *mem_new(size_t bytes)
{
    return there(calloc(1, bytes ? bytes : 1), bytes);
}

void *mem_resize(void *old, size_t bytes)
{
    return there(realloc(old, bytes ? bytes : 1), bytes);
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
