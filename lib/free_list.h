/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A lock-free list of the free places of an array, last in first out. All zero is an
 * empty list. A tag in the upper half of the top keeps a thread that was interrupted
 * between reading and swapping from taking a place that has been taken and given back
 * meanwhile; for that the list's memory is never reset, only emptied.
 */
#ifndef FMD_FREE_LIST_H
#define FMD_FREE_LIST_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct fmd__free_list {
    _Atomic uint64_t top; /* tag << 32 | index + 1; index + 1 is 0 when empty */
};

/* next: of each place index + 1 of the one below it, 0 at the bottom. */
static inline void fmd__free_list_push(struct fmd__free_list *list,
                                       _Atomic uint32_t *next, uint32_t index)
{
    uint64_t top = atomic_load_explicit(&list->top, memory_order_relaxed), pushed;

    do {
        atomic_store_explicit(&next[index], (uint32_t)top, memory_order_relaxed);
        pushed = ((top >> 32) + 1) << 32 | (index + 1);
    } while (!atomic_compare_exchange_weak_explicit(
        &list->top, &top, pushed, memory_order_acq_rel, memory_order_relaxed));
}

/* false when it is empty. */
static inline bool fmd__free_list_pop(struct fmd__free_list *list, _Atomic uint32_t *next,
                                      uint32_t *index)
{
    uint64_t top = atomic_load_explicit(&list->top, memory_order_acquire), below;

    do {
        if ((uint32_t)top == 0)
            return false;
        *index = (uint32_t)top - 1;
        below = ((top >> 32) + 1) << 32 |
                atomic_load_explicit(&next[*index], memory_order_relaxed);
    } while (!atomic_compare_exchange_weak_explicit(
        &list->top, &top, below, memory_order_acq_rel, memory_order_acquire));
    return true;
}

static inline void fmd__free_list_empty(struct fmd__free_list *list)
{
    uint64_t top = atomic_load_explicit(&list->top, memory_order_relaxed);

    atomic_store_explicit(&list->top, ((top >> 32) + 1) << 32, memory_order_release);
}

#endif
