/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Strings by the 64-bit hash that rings carry instead of them. One table a stream; a few
 * thousand strings, looked up only when a ring was left behind.
 */
#ifndef INPUT_HASHED_NAMES_H
#define INPUT_HASHED_NAMES_H

#include <stddef.h>
#include <stdint.h>

/* Open addressing over hashes, at most half full; bytes lie one after the other. Zeroed
 * memory is an empty table. */
struct hashed_names {
    struct hashed_name {
        uint64_t hash; /* 0: free */
        uint32_t at, length;
    } * slots;
    uint32_t slot_count, count;
    char *bytes;
    uint32_t used, room;
};

void hashed_names_release(struct hashed_names *names);
/* Bytes of memory it takes. */
size_t hashed_names_size(const struct hashed_names *names);
/* The first bytes of a hash stay. */
void hashed_names_add(struct hashed_names *names, uint64_t hash, const char *bytes,
                      uint32_t length);
/* Points into the table until the next add; NULL when the hash is not there. */
const char *hashed_names_find(const struct hashed_names *names, uint64_t hash,
                              uint32_t *length);

#endif
