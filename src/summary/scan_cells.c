/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "scan_cells.h"

#include <stdlib.h>
#include <string.h>

#include "src/base/mem.h"
#include "src/base/vec.h"

void scan_cells_release(struct scan_cells *cells)
{
    free(cells->ids);
    free(cells->counts);
    free(cells->slots);
}

static size_t slot_of(const struct scan_cells *cells, int64_t id)
{
    size_t slot = (uint64_t)id * UINT64_C(0x9e3779b97f4a7c15) >> 20;
    for (slot &= cells->slot_count - 1;
         cells->slots[slot] && cells->ids[cells->slots[slot] - 1] != id;)
        slot = (slot + 1) & (cells->slot_count - 1);
    return slot;
}

static void grow_slots(struct scan_cells *cells)
{
    if (2 * (cells->count + 1) <= cells->slot_count)
        return;
    free(cells->slots);
    cells->slot_count = cells->slot_count ? 2 * cells->slot_count : 16;
    cells->slots = mem_array(cells->slot_count, sizeof(*cells->slots));
    for (size_t i = 0; i < cells->count; i++)
        cells->slots[slot_of(cells, cells->ids[i])] = (uint32_t)(i + 1);
}

size_t scan_cells_place(struct scan_cells *cells, int64_t id)
{
    if (cells->last < cells->count && cells->ids[cells->last] == id)
        return cells->last;
    grow_slots(cells);
    size_t slot = slot_of(cells, id);
    if (!cells->slots[slot]) {
        size_t room = cells->room;
        cells->ids =
            vec_room(cells->ids, &cells->room, cells->count + 1, sizeof(*cells->ids));
        if (cells->room != room)
            cells->counts = mem_resize_array(cells->counts, cells->room * cells->width,
                                             sizeof(*cells->counts));
        memset(&cells->counts[cells->count * cells->width], 0,
               cells->width * sizeof(*cells->counts));
        cells->ids[cells->count++] = id;
        cells->slots[slot] = (uint32_t)cells->count;
    }
    return cells->last = cells->slots[slot] - 1;
}

void scan_cells_add(struct scan_cells *cells, int64_t id, const struct scan_count *counts)
{
    size_t cell = scan_cells_place(cells, id); /* may move the counts */
    struct scan_count *to = &cells->counts[cell * cells->width];
    for (size_t i = 0; i < cells->width; i++) {
        to[i].requests += counts[i].requests;
        to[i].outliers += counts[i].outliers;
        to[i].slow += counts[i].slow;
    }
}

struct order {
    int64_t id;
    size_t cell;
};

static int by_time(const void *a, const void *b)
{
    const struct order *left = a, *right = b;
    return (left->id > right->id) - (left->id < right->id);
}

/* Slots are no longer right and go. */
void scan_cells_sort(struct scan_cells *cells)
{
    struct order *order = mem_array(cells->count, sizeof(*order));
    struct scan_count *counts =
        mem_array(cells->count * cells->width, sizeof(*cells->counts));
    for (size_t i = 0; i < cells->count; i++)
        order[i] = (struct order){cells->ids[i], i};
    if (cells->count > 1)
        qsort(order, cells->count, sizeof(*order), by_time);
    for (size_t i = 0; i < cells->count; i++) {
        cells->ids[i] = order[i].id;
        memcpy(&counts[i * cells->width], &cells->counts[order[i].cell * cells->width],
               cells->width * sizeof(*counts));
    }
    free(cells->counts);
    free(cells->slots);
    free(order);
    cells->counts = counts;
    cells->slots = NULL;
    cells->slot_count = 0;
    cells->room = cells->count;
}
