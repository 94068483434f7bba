/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Growing arrays: an item pointer, a count and a room that the owner keeps, as in
 * `struct point *points; size_t count, room;`.
 */
#ifndef BASE_VEC_H
#define BASE_VEC_H

#include <stddef.h>

/* Room for at least need items: returns items, moved where it must grow (by half at
 * least), and updates *room. New room is not set. */
void *vec_room(void *items, size_t *room, size_t need, size_t item_bytes);

/* Makes a hole of one item at index in an array of count items that has room for one
 * more; the caller fills it and counts it. */
void vec_hole(void *items, size_t count, size_t index, size_t item_bytes);

#endif
