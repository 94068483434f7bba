/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One unpacking loop for each width, made by the compiler from one inline function: with
 * the width a constant, eight values come from fixed offsets with fixed shifts. The loops
 * load whole words, so they stop where a load could pass the end, and the rest goes
 * through a padded copy. With AVX2 the same eight values come from four loads.
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

#define INLINE static inline __attribute__((always_inline))

/* Number k of a group that starts at a whole byte: a load of 8 bytes, and of one more for
 * widths above 57. */
INLINE uint64_t number_at(const uint8_t *group, unsigned k, unsigned width)
{
    unsigned bit = k * width, shift = bit % 8;
    uint64_t value = fmd__load64(group + bit / 8) >> shift;
    if (shift + width > 64)
        value |= (uint64_t)group[bit / 8 + 8] << (64 - shift);
    return width == 64 ? value : value & ((1ull << width) - 1);
}

#define LOAD_BYTES 16u /* the longest load */

/* Groups of eight numbers (width bytes) whose loads, which begin before the group's end,
 * all end before the numbers do. */
INLINE size_t whole_groups(size_t count, unsigned width)
{
    size_t bytes = fmd__bitpack_bytes(count, width);
    size_t safe = bytes < LOAD_BYTES ? 0 : (bytes - LOAD_BYTES) / width;
    return safe < count / 8 ? safe : count / 8;
}

/* The numbers that are left, less than width + LOAD_BYTES bytes, are copied to where
 * words may be loaded. */
#define UNPACK(NAME, TYPE, EIGHT_NUMBERS)                                                \
    INLINE void NAME(const uint8_t *packed, size_t count, unsigned width, TYPE base,     \
                     TYPE *values)                                                       \
    {                                                                                    \
        size_t groups = whole_groups(count, width);                                      \
        for (size_t g = 0; g < groups; g++, packed += width, values += 8)                \
            EIGHT_NUMBERS(packed, width, base, values);                                  \
        count -= groups * 8;                                                             \
        uint8_t padded[64 + 2 * LOAD_BYTES] = {0};                                       \
        memcpy(padded, packed, fmd__bitpack_bytes(count, width));                        \
        for (size_t i = 0; i < count; i++)                                               \
            values[i] = (TYPE)(base + (TYPE)number_at(padded + i / 8 * width,            \
                                                      (unsigned)(i % 8), width));        \
    }

/* case n .. case n + 7 of a switch over widths, each calling FUNCTION */
#define CASE(FUNCTION, n)                                                                \
    case n:                                                                              \
        FUNCTION(packed, count, n, base, values);                                        \
        break;
#define EIGHT_CASES(FUNCTION, n)                                                         \
    CASE(FUNCTION, (n) + 0)                                                              \
    CASE(FUNCTION, (n) + 1)                                                              \
    CASE(FUNCTION, (n) + 2)                                                              \
    CASE(FUNCTION, (n) + 3)                                                              \
    CASE(FUNCTION, (n) + 4)                                                              \
    CASE(FUNCTION, (n) + 5)                                                              \
    CASE(FUNCTION, (n) + 6)                                                              \
    CASE(FUNCTION, (n) + 7)

/* --- everywhere ------------------------------------------------------------------ */

INLINE void eight64(const uint8_t *packed, unsigned width, uint64_t base,
                    uint64_t values[8])
{
    for (unsigned k = 0; k < 8; k++)
        values[k] = base + number_at(packed, k, width);
}

INLINE void eight32(const uint8_t *packed, unsigned width, uint32_t base,
                    uint32_t values[8])
{
    for (unsigned k = 0; k < 8; k++)
        values[k] = base + (uint32_t)number_at(packed, k, width);
}

UNPACK(unpack64, uint64_t, eight64)
UNPACK(unpack32, uint32_t, eight32)

void fmd__bitunpack64_portable(const uint8_t *packed, size_t count, unsigned width,
                               uint64_t base, uint64_t *values)
{
    switch (width) {
    case 0:
        for (size_t i = 0; i < count; i++)
            values[i] = base;
        break;
        EIGHT_CASES(unpack64, 1)
        EIGHT_CASES(unpack64, 9)
        EIGHT_CASES(unpack64, 17)
        EIGHT_CASES(unpack64, 25)
        EIGHT_CASES(unpack64, 33)
        EIGHT_CASES(unpack64, 41)
        EIGHT_CASES(unpack64, 49)
        EIGHT_CASES(unpack64, 57)
    default:
        break;
    }
}

void fmd__bitunpack32_portable(const uint8_t *packed, size_t count, unsigned width,
                               uint32_t base, uint32_t *values)
{
    switch (width) {
    case 0:
        for (size_t i = 0; i < count; i++)
            values[i] = base;
        break;
        EIGHT_CASES(unpack32, 1)
        EIGHT_CASES(unpack32, 9)
        EIGHT_CASES(unpack32, 17)
        EIGHT_CASES(unpack32, 25)
    default:
        break;
    }
}

/* --- AVX2 ------------------------------------------------------------------------ */

#if defined(__x86_64__)
#include <immintrin.h>
#define AVX2 __attribute__((target("avx2")))

/* Two 16-byte lanes from two places. */
AVX2 INLINE __m256i load_lanes(const uint8_t *low, const uint8_t *high)
{
    return _mm256_inserti128_si256(
        _mm256_castsi128_si256(_mm_loadu_si128((const __m128i *)(const void *)low)),
        _mm_loadu_si128((const __m128i *)(const void *)high), 1);
}

/* Bits that come before number k of a group in the byte in which it begins. */
INLINE unsigned bits_below(unsigned k, unsigned width)
{
    return k * width % 8;
}

/* Shuffle that brings to each place of two lanes the word (4 or 8 bytes) in which its
 * number begins. Each lane is loaded from the byte where its first number, low or high,
 * begins. */
INLINE char from_byte(unsigned i, unsigned first, unsigned width, unsigned word)
{
    return (char)((bits_below(first, width) + i / word * width) / 8 + i % word);
}

#define FROM(i) from_byte((i) % 16, (i) < 16 ? low : high, width, word)
AVX2 INLINE __m256i gather_words(unsigned low, unsigned high, unsigned width,
                                 unsigned word)
{
    return _mm256_setr_epi8(
        FROM(0), FROM(1), FROM(2), FROM(3), FROM(4), FROM(5), FROM(6), FROM(7), FROM(8),
        FROM(9), FROM(10), FROM(11), FROM(12), FROM(13), FROM(14), FROM(15), FROM(16),
        FROM(17), FROM(18), FROM(19), FROM(20), FROM(21), FROM(22), FROM(23), FROM(24),
        FROM(25), FROM(26), FROM(27), FROM(28), FROM(29), FROM(30), FROM(31));
}

#define BELOW(k) (int)bits_below(k, width)

/* Numbers first .. first + 3 of a group; width <= 57. */
AVX2 INLINE __m256i four64(const uint8_t *packed, unsigned width, unsigned first)
{
    __m256i words = _mm256_shuffle_epi8(
        load_lanes(packed + first * width / 8, packed + (first + 2) * width / 8),
        gather_words(first, first + 2, width, 8));
    words = _mm256_srlv_epi64(words, _mm256_setr_epi64x(bits_below(first, width),
                                                        bits_below(first + 1, width),
                                                        bits_below(first + 2, width),
                                                        bits_below(first + 3, width)));
    return _mm256_and_si256(words, _mm256_set1_epi64x((long long)((1ull << width) - 1)));
}

AVX2 INLINE void eight64_avx2(const uint8_t *packed, unsigned width, uint64_t base,
                              uint64_t values[8])
{
    __m256i bases = _mm256_set1_epi64x((long long)base);
    for (unsigned first = 0; first < 8; first += 4)
        _mm256_storeu_si256((__m256i *)(void *)(values + first),
                            _mm256_add_epi64(bases, four64(packed, width, first)));
}

/* width <= 25 */
AVX2 INLINE void eight32_avx2(const uint8_t *packed, unsigned width, uint32_t base,
                              uint32_t values[8])
{
    __m256i words = _mm256_shuffle_epi8(load_lanes(packed, packed + 4 * width / 8),
                                        gather_words(0, 4, width, 4));
    words = _mm256_srlv_epi32(words,
                              _mm256_setr_epi32(BELOW(0), BELOW(1), BELOW(2), BELOW(3),
                                                BELOW(4), BELOW(5), BELOW(6), BELOW(7)));
    words = _mm256_and_si256(words, _mm256_set1_epi32((1 << width) - 1));
    _mm256_storeu_si256((__m256i *)(void *)values,
                        _mm256_add_epi32(_mm256_set1_epi32((int)base), words));
}

AVX2 UNPACK(unpack64_wide, uint64_t, eight64_avx2)
AVX2 UNPACK(unpack32_wide, uint32_t, eight32_avx2)

AVX2 static void bitunpack64_avx2(const uint8_t *packed, size_t count, unsigned width,
                                  uint64_t base, uint64_t *values)
{
    switch (width) {
        EIGHT_CASES(unpack64_wide, 1)
        EIGHT_CASES(unpack64_wide, 9)
        EIGHT_CASES(unpack64_wide, 17)
        EIGHT_CASES(unpack64_wide, 25)
        EIGHT_CASES(unpack64_wide, 33)
        EIGHT_CASES(unpack64_wide, 41)
        EIGHT_CASES(unpack64_wide, 49)
        CASE(unpack64_wide, 57)
    default:
        fmd__bitunpack64_portable(packed, count, width, base, values);
    }
}

AVX2 static void bitunpack32_avx2(const uint8_t *packed, size_t count, unsigned width,
                                  uint32_t base, uint32_t *values)
{
    switch (width) {
        EIGHT_CASES(unpack32_wide, 1)
        EIGHT_CASES(unpack32_wide, 9)
        EIGHT_CASES(unpack32_wide, 17)
        CASE(unpack32_wide, 25)
    default:
        fmd__bitunpack32_portable(packed, count, width, base, values);
    }
}

void fmd__bitunpack64(const uint8_t *packed, size_t count, unsigned width, uint64_t base,
                      uint64_t *values)
{
    if (__builtin_cpu_supports("avx2"))
        bitunpack64_avx2(packed, count, width, base, values);
    else
        fmd__bitunpack64_portable(packed, count, width, base, values);
}

void fmd__bitunpack32(const uint8_t *packed, size_t count, unsigned width, uint32_t base,
                      uint32_t *values)
{
    if (__builtin_cpu_supports("avx2"))
        bitunpack32_avx2(packed, count, width, base, values);
    else
        fmd__bitunpack32_portable(packed, count, width, base, values);
}
#else
void fmd__bitunpack64(const uint8_t *packed, size_t count, unsigned width, uint64_t base,
                      uint64_t *values)
{
    fmd__bitunpack64_portable(packed, count, width, base, values);
}

void fmd__bitunpack32(const uint8_t *packed, size_t count, unsigned width, uint32_t base,
                      uint32_t *values)
{
    fmd__bitunpack32_portable(packed, count, width, base, values);
}
#endif
