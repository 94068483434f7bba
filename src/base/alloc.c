/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "alloc.h"

#include <stdio.h>
#include <stdlib.h>

#include "err.h"

static void *must(void *memory, size_t bytes)
{
    if (memory)
        return memory;
    fprintf(stderr,
            "fmd: internal error: no memory left for %zu more bytes; "
            "give the program more memory or analyze fewer traces at once\n",
            bytes);
    exit(err_exit_status(ERR_INTERNAL));
}

void *alloc_bytes(size_t size)
{
    return must(malloc(size ? size : 1), size);
}

void *alloc_zero(size_t count, size_t item_bytes)
{
    return must(calloc(count ? count : 1, item_bytes ? item_bytes : 1),
                count * item_bytes);
}

void *alloc_resize(void *memory, size_t count, size_t item_bytes)
{
    if (count == 0 || item_bytes == 0)
        count = item_bytes = 1;
    return must(reallocarray(memory, count, item_bytes), count * item_bytes);
}
