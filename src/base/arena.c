/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "arena.h"

#include <stdlib.h>
#include <string.h>

#include "mem.h"

enum { CHUNK_MIN = 1 << 10, CHUNK_MAX = 1 << 16 };

struct arena_chunk {
    struct arena_chunk *next;
    size_t used, room;
    char bytes[];
};

void arena_init(struct arena *arena)
{
    *arena = (struct arena){NULL, 0};
}

void arena_release(struct arena *arena)
{
    while (arena->chunks) {
        struct arena_chunk *chunk = arena->chunks;
        arena->chunks = chunk->next;
        free(chunk);
    }
    arena->bytes = 0;
}

/* Chunks double, so that a small arena stays small and a large one has few chunks. */
static void arena_grow(struct arena *arena, size_t need)
{
    size_t room = arena->bytes < CHUNK_MIN ? CHUNK_MIN : arena->bytes;
    room = room > CHUNK_MAX ? CHUNK_MAX : room;
    room = room < need ? need : room;
    struct arena_chunk *chunk = mem_resize(NULL, sizeof(*chunk) + room);
    *chunk = (struct arena_chunk){arena->chunks, 0, room};
    arena->chunks = chunk;
    arena->bytes += sizeof(*chunk) + room;
}

char *arena_copy(struct arena *arena, const void *bytes, size_t length)
{
    struct arena_chunk *chunk = arena->chunks;
    if (!chunk || chunk->room - chunk->used <= length) {
        arena_grow(arena, length + 1);
        chunk = arena->chunks;
    }
    char *copy = chunk->bytes + chunk->used;
    if (length)
        memcpy(copy, bytes, length);
    copy[length] = '\0';
    chunk->used += length + 1;
    return copy;
}
