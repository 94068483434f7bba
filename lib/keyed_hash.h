/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A keyed 64-bit hash of short byte strings: how groups and addresses travel through
 * rings. Without the key nobody can make two strings collide; with a random key two of
 * 10^6 strings collide with probability 3e-8. Built for 5 to 40 bytes a call, inlined
 * into the request path: two 64x64->128 multiplications for up to 16 bytes.
 */
#ifndef FMD_KEYED_HASH_H
#define FMD_KEYED_HASH_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct fmd__hash_key {
    uint64_t words[4]; /* random, odd or even, a process's own */
};

/* The two halves of the full product, folded. */
static inline uint64_t fmd__hash_fold(uint64_t a, uint64_t b)
{
    unsigned __int128 product = (unsigned __int128)a * b;

    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static inline uint64_t fmd__hash_load64(const unsigned char *p)
{
    uint64_t word;

    memcpy(&word, p, sizeof word);
    return word;
}

static inline uint32_t fmd__hash_load32(const unsigned char *p)
{
    uint32_t word;

    memcpy(&word, p, sizeof word);
    return word;
}

/* Of the bytes, half mixed: good enough to choose a place in a table by, some ns before
 * the hash itself is there. */
static inline uint64_t fmd__hash_halfway(const struct fmd__hash_key *key,
                                         const void *bytes, size_t length)
{
    const unsigned char *p = bytes;
    uint64_t state = key->words[0], a = 0, b = 0;
    size_t left = length;

    for (; left > 16; left -= 16, p += 16)
        state = fmd__hash_fold(fmd__hash_load64(p) ^ key->words[1],
                               fmd__hash_load64(p + 8) ^ state);
    if (left >= 8) { /* the two loads overlap: every byte is in one */
        a = fmd__hash_load64(p);
        b = fmd__hash_load64(p + left - 8);
    } else if (left >= 4) {
        a = fmd__hash_load32(p);
        b = fmd__hash_load32(p + left - 4);
    } else if (left > 0) {
        a = (uint64_t)p[0] << 16 | (uint64_t)p[left / 2] << 8 | p[left - 1];
    }
    return fmd__hash_fold(a ^ key->words[2], b ^ state);
}

/* The hash, never 0. salt tells kinds of strings apart. The length comes last, where no
 * byte of the text can make up for it. */
static inline uint64_t fmd__hash_finish(const struct fmd__hash_key *key, uint64_t halfway,
                                        uint64_t salt, size_t length)
{
    uint64_t hash =
        fmd__hash_fold(halfway ^ key->words[3], key->words[1] ^ (salt << 32 | length));

    return hash ? hash : 1;
}

static inline uint64_t fmd__keyed_hash(const struct fmd__hash_key *key, uint64_t salt,
                                       const void *bytes, size_t length)
{
    return fmd__hash_finish(key, fmd__hash_halfway(key, bytes, length), salt, length);
}

#endif
