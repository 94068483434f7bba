/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "vec.h"

#include <string.h>

#include "mem.h"

void *vec_room(void *items, size_t *room, size_t need, size_t item_bytes)
{
    if (need <= *room)
        return items;
    size_t bigger = *room + *room / 2 + 4;
    *room = need > bigger ? need : bigger;
    return mem_resize_array(items, *room, item_bytes);
}

void vec_hole(void *items, size_t count, size_t index, size_t item_bytes)
{
    char *at = (char *)items + index * item_bytes;
    memmove(at + item_bytes, at, (count - index) * item_bytes);
}
