/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "kinds.h"

#include <stdlib.h>
#include <string.h>

#include "source_map.h"
#include "src/base/mem.h"

enum { SLOTS_LOG2 = 13, SLOTS = 1 << SLOTS_LOG2 }; /* at most half full */

/* slots: kind + 1 by hash, or 0. */
struct made_kinds {
    struct event_kind kinds[SOURCE_BATCH];
    uint16_t kind[SOURCE_BATCH];
    uint16_t slots[SLOTS];
    uint32_t count;
};

void made_kinds_free(struct made_kinds *made)
{
    free(made);
}

static uint64_t key_of(const struct event_kind *kind)
{
    return (uint64_t)kind->endpoint << 32 | (uint32_t)kind->status << 16 |
           (uint32_t)kind->method << 8 | kind->flags;
}

/* Number of a kind, which is added when it is new. */
static uint16_t find(struct made_kinds *made, const struct event_kind *kind)
{
    uint64_t key = key_of(kind);
    /* Fibonacci hashing, as in tally.c */
    size_t at = key * UINT64_C(0x9e3779b97f4a7c15) >> (64 - SLOTS_LOG2);
    while (made->slots[at] && key_of(&made->kinds[made->slots[at] - 1]) != key)
        at = (at + 1) % SLOTS;
    if (!made->slots[at]) {
        made->kinds[made->count++] = *kind;
        made->slots[at] = (uint16_t)made->count;
    }
    return (uint16_t)(made->slots[at] - 1);
}

struct events kinds_of(const struct events *events, struct made_kinds **made)
{
    struct events by_kind = *events;
    if (events->kind)
        return by_kind;
    if (!*made)
        *made = mem_new(sizeof(**made));
    memset((*made)->slots, 0, sizeof((*made)->slots));
    (*made)->count = 0;
    for (uint32_t i = 0; i < events->count; i++) {
        struct event_kind kind = kind_of(events, i);
        (*made)->kind[i] = find(*made, &kind);
    }
    by_kind.kind = (*made)->kind;
    by_kind.kinds = (*made)->kinds;
    by_kind.kind_count = (*made)->count;
    return by_kind;
}
