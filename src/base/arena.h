/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Strings that live as long as their owner: many small copies, freed all at once.
 */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include <stddef.h>

struct arena_chunk;

struct arena {
    struct arena_chunk *chunks; /* newest first */
    size_t bytes;               /* allocated, in all */
};

void arena_init(struct arena *arena);
void arena_release(struct arena *arena);
/* A copy with a NUL behind it that stays where it is until arena_release. No alignment.
 */
char *arena_copy(struct arena *arena, const void *bytes, size_t length);

#endif
