/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The writer's memory of strings: what bytes stand behind a hash that comes through a
 * ring. Two generations, so that it is bounded and yet forgets nothing that is still in a
 * ring: when the current one is full it becomes the previous one, and what is used again
 * is carried over. Built for 10 to 65,536 strings of 5 to 255 bytes a generation; find
 * is hot. Single-threaded.
 */
#ifndef FMD_DICTIONARY_H
#define FMD_DICTIONARY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FMD__DICTIONARY_STRINGS 65536u      /* a generation is full from here on */
#define FMD__DICTIONARY_BYTES (4u << 20)    /* or from here on */
#define FMD__DICTIONARY_STRINGS_MAX 262144u /* what it takes until it is turned */
#define FMD__DICTIONARY_BYTES_MAX (16u << 20)

struct fmd__entry {
    uint64_t hash;
    uint32_t offset;  /* of the bytes */
    uint32_t id;      /* in the segment that it was last defined in */
    uint32_t segment; /* serial of that segment, 0: none */
    uint16_t length;
    uint8_t what; /* enum fmd__definition_kind */
};

struct fmd__generation {
    struct fmd__entry *entries;
    uint32_t count, room;
    uint32_t
        *table; /* entry + 1 by hash, linear probing, at most half full; 0 is empty */
    uint32_t table_size; /* power of two */
    char *bytes;
    uint32_t bytes_used, bytes_room;
};

struct fmd__dictionary {
    struct fmd__generation current, previous;
};

/* All zero is an empty dictionary. */
void fmd__dictionary_release(struct fmd__dictionary *dictionary);

/* Remembers a string; what is known already is left alone. false: no room. */
bool fmd__dictionary_add(struct fmd__dictionary *dictionary, uint64_t hash, uint8_t what,
                         const char *bytes, uint32_t length);

/* The string behind hash in the current generation, carried over from the previous one
 * if it is only there; NULL when it is unknown. Valid until the next add or find. */
struct fmd__entry *fmd__dictionary_find(struct fmd__dictionary *dictionary,
                                        uint64_t hash);
const char *fmd__dictionary_bytes(const struct fmd__dictionary *dictionary,
                                  const struct fmd__entry *entry);

/* Full: time to turn. Turning forgets the previous generation. */
bool fmd__dictionary_full(const struct fmd__dictionary *dictionary);
void fmd__dictionary_turn(struct fmd__dictionary *dictionary);

#endif
