/* SPDX-License-Identifier: Apache-2.0 */
/* Open addressing over an array of entries and an array of bytes; see dictionary.h. */
#include "dictionary.h"

#include "pages.h"

#include <string.h>

static void release_generation(struct fmd__generation *generation)
{
    fmd__pages_free(generation->entries, generation->room * sizeof *generation->entries);
    fmd__pages_free(generation->table,
                    generation->table_size * sizeof *generation->table);
    fmd__pages_free(generation->bytes, generation->bytes_room);
    memset(generation, 0, sizeof *generation);
}

void fmd__dictionary_release(struct fmd__dictionary *dictionary)
{
    release_generation(&dictionary->current);
    release_generation(&dictionary->previous);
}

/* Where hash is, or the empty place where it belongs. */
static uint32_t *place_of(const struct fmd__generation *generation, uint64_t hash)
{
    uint32_t mask = generation->table_size - 1, at = (uint32_t)(hash >> 32) & mask;

    while (generation->table[at] &&
           generation->entries[generation->table[at] - 1].hash != hash)
        at = (at + 1) & mask;
    return &generation->table[at];
}

static struct fmd__entry *find_in(const struct fmd__generation *generation, uint64_t hash)
{
    uint32_t place = generation->table_size ? *place_of(generation, hash) : 0;

    return place ? &generation->entries[place - 1] : NULL;
}

/* Twice the entries and a new table over them. */
static bool grow_entries(struct fmd__generation *generation)
{
    uint32_t room = generation->room ? generation->room * 2 : 256, table_size = room * 2;
    size_t old_bytes = generation->room * sizeof *generation->entries;
    struct fmd__entry *entries;
    uint32_t *table = fmd__pages_new(table_size * sizeof *table);

    if (!table)
        return false;
    entries = fmd__pages_grow(generation->entries, old_bytes, room * sizeof *entries);
    if (!entries) {
        fmd__pages_free(table, table_size * sizeof *table);
        return false;
    }
    fmd__pages_free(generation->table,
                    generation->table_size * sizeof *generation->table);
    generation->entries = entries;
    generation->room = room;
    generation->table = table;
    generation->table_size = table_size;
    for (uint32_t i = 0; i < generation->count; i++)
        *place_of(generation, entries[i].hash) = i + 1;
    return true;
}

static bool make_room(struct fmd__generation *generation, uint32_t length)
{
    if (generation->count >= FMD__DICTIONARY_STRINGS_MAX ||
        generation->bytes_used + length > FMD__DICTIONARY_BYTES_MAX)
        return false;
    if (generation->count >= generation->room && !grow_entries(generation))
        return false;
    if (generation->bytes_used + length > generation->bytes_room) {
        uint32_t room = generation->bytes_room ? generation->bytes_room * 2 : 8192;
        char *bytes = fmd__pages_grow(generation->bytes, generation->bytes_room, room);

        if (!bytes)
            return false;
        generation->bytes = bytes;
        generation->bytes_room = room;
    }
    return true;
}

static struct fmd__entry *append(struct fmd__generation *generation, uint64_t hash,
                                 uint8_t what, const char *bytes, uint32_t length)
{
    struct fmd__entry *entry;

    if (!make_room(generation, length) || !generation->entries)
        return NULL;
    entry = &generation->entries[generation->count];
    *entry = (struct fmd__entry){.hash = hash,
                                 .offset = generation->bytes_used,
                                 .length = (uint16_t)length,
                                 .what = what};
    memcpy(generation->bytes + generation->bytes_used, bytes, length);
    generation->bytes_used += length;
    *place_of(generation, hash) = ++generation->count;
    return entry;
}

bool fmd__dictionary_add(struct fmd__dictionary *dictionary, uint64_t hash, uint8_t what,
                         const char *bytes, uint32_t length)
{
    return fmd__dictionary_find(dictionary, hash) ||
           append(&dictionary->current, hash, what, bytes, length);
}

struct fmd__entry *fmd__dictionary_find(struct fmd__dictionary *dictionary, uint64_t hash)
{
    struct fmd__entry *entry = find_in(&dictionary->current, hash), *carried;

    if (entry)
        return entry;
    entry = find_in(&dictionary->previous, hash);
    if (!entry)
        return NULL;
    carried = append(&dictionary->current, hash, entry->what,
                     dictionary->previous.bytes + entry->offset, entry->length);
    if (carried) {
        carried->id = entry->id;
        carried->segment = entry->segment;
    }
    return carried;
}

const char *fmd__dictionary_bytes(const struct fmd__dictionary *dictionary,
                                  const struct fmd__entry *entry)
{
    return dictionary->current.bytes + entry->offset;
}

bool fmd__dictionary_full(const struct fmd__dictionary *dictionary)
{
    return dictionary->current.count >= FMD__DICTIONARY_STRINGS ||
           dictionary->current.bytes_used >= FMD__DICTIONARY_BYTES;
}

void fmd__dictionary_turn(struct fmd__dictionary *dictionary)
{
    release_generation(&dictionary->previous);
    dictionary->previous = dictionary->current;
    memset(&dictionary->current, 0, sizeof dictionary->current);
}
