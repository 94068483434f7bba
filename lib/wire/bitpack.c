/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One unpacking loop for each width, made by the compiler from one inline function: with
 * the width a constant, eight values come from fixed offsets with fixed shifts. The loops
 * load whole words, so they stop where a load could pass the end, and the rest goes
 * through a padded copy.
 */
#include "bitpack.h"
#include "numbers.h"

#include <string.h>

uint8_t *fmd__bitpack(const uint64_t *values, size_t count, unsigned width, uint8_t *out)
{
    uint64_t word = 0, mask = width == 64 ? UINT64_MAX : (1ull << width) - 1;
    unsigned filled = 0; /* bits of word, < 64 */
    if (width == 0)
        return out;
    for (size_t i = 0; i < count; i++) {
        uint64_t value = values[i] & mask;
        word |= value << filled;
        filled += width;
        if (filled >= 64) {
            fmd__store64(out, word);
            out += 8;
            filled -= 64;
            word = filled ? value >> (width - filled) : 0;
        }
    }
    for (; filled; filled = filled > 8 ? filled - 8 : 0, word >>= 8)
        *out++ = (uint8_t)word;
    return out;
}

/* Number k of a group that starts at a whole byte. Reads 9 bytes at most, and none at or
 * beyond k * width / 8 + 9. */
#define INLINE static inline __attribute__((always_inline))
INLINE uint64_t number_at(const uint8_t *group, unsigned k, unsigned width)
{
    unsigned bit = k * width, shift = bit % 8;
    uint64_t value = fmd__load64(group + bit / 8) >> shift;
    if (shift + width > 64)
        value |= (uint64_t)group[bit / 8 + 8] << (64 - shift);
    return width == 64 ? value : value & ((1ull << width) - 1);
}

/* Groups of eight numbers (width bytes) that can be loaded word by word: the last load of
 * a group ends before its byte width + 8. */
INLINE size_t whole_groups(size_t count, unsigned width)
{
    size_t bytes = fmd__bitpack_bytes(count, width);
    size_t safe = bytes < 8 ? 0 : (bytes - 8) / width;
    return safe < count / 8 ? safe : count / 8;
}

/* What whole_groups leaves is copied to where words may be loaded: less than width + 8
 * bytes, and 9 more for the last load. */
#define PADDED_BYTES 88u

#define UNPACK(NAME, TYPE)                                                               \
    INLINE void NAME##_width(const uint8_t *packed, size_t count, unsigned width,        \
                             TYPE base, TYPE *values)                                    \
    {                                                                                    \
        size_t groups = whole_groups(count, width);                                      \
        for (size_t g = 0; g < groups; g++, packed += width, values += 8)                \
            for (unsigned k = 0; k < 8; k++)                                             \
                values[k] = (TYPE)(base + (TYPE)number_at(packed, k, width));            \
        count -= groups * 8;                                                             \
        uint8_t padded[PADDED_BYTES] = {0};                                              \
        memcpy(padded, packed, fmd__bitpack_bytes(count, width));                        \
        for (size_t i = 0; i < count; i++)                                               \
            values[i] = (TYPE)(base + (TYPE)number_at(padded + i / 8 * width,            \
                                                      (unsigned)(i % 8), width));        \
    }

UNPACK(unpack64, uint64_t)
UNPACK(unpack32, uint32_t)

#define EIGHT(X, n) X(n) X(n + 1) X(n + 2) X(n + 3) X(n + 4) X(n + 5) X(n + 6) X(n + 7)

void fmd__bitunpack64(const uint8_t *packed, size_t count, unsigned width, uint64_t base,
                      uint64_t *values)
{
    switch (width) {
    case 0:
        for (size_t i = 0; i < count; i++)
            values[i] = base;
        break;
#define CASE(n)                                                                          \
    case n:                                                                              \
        unpack64_width(packed, count, n, base, values);                                  \
        break;
        EIGHT(CASE, 1)
        EIGHT(CASE, 9)
        EIGHT(CASE, 17)
        EIGHT(CASE, 25)
        EIGHT(CASE, 33)
        EIGHT(CASE, 41)
        EIGHT(CASE, 49)
        EIGHT(CASE, 57)
    default:
        break;
    }
#undef CASE
}

void fmd__bitunpack32(const uint8_t *packed, size_t count, unsigned width, uint32_t base,
                      uint32_t *values)
{
    switch (width) {
    case 0:
        for (size_t i = 0; i < count; i++)
            values[i] = base;
        break;
#define CASE(n)                                                                          \
    case n:                                                                              \
        unpack32_width(packed, count, n, base, values);                                  \
        break;
        EIGHT(CASE, 1)
        EIGHT(CASE, 9)
        EIGHT(CASE, 17)
        EIGHT(CASE, 25)
    default:
        break;
    }
#undef CASE
}
