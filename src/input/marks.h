/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Finds the few bytes that matter in a text, 64 at a time: separators, line ends, quotes.
 * About 1 ns a found byte. Reads up to 64 bytes beyond the end of the text, which must be
 * the caller's memory; what stands there is not found.
 */
#ifndef INPUT_MARKS_H
#define INPUT_MARKS_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

enum { MARKS_WINDOW = 4096 };

/* The marks of [base, base + MARKS_WINDOW) are base + found[next .. count). A window is
 * searched at once: whether it is used up is asked for each mark, and seldom true. */
struct marks {
    const char *bytes;
    size_t size, base;
    unsigned next, count;
    char separator;
    uint16_t found[MARKS_WINDOW + 8];
};

#ifdef __SSE2__
static inline uint64_t marks_in_64(const char *bytes, char separator)
{
    const __m128i separators = _mm_set1_epi8(separator), ends = _mm_set1_epi8('\n'),
                  quotes = _mm_set1_epi8('"');
    uint64_t mask = 0;
    for (int i = 0; i < 4; i++) {
        __m128i part = _mm_loadu_si128((const void *)(bytes + 16 * i));
        __m128i found = _mm_or_si128(
            _mm_cmpeq_epi8(part, separators),
            _mm_or_si128(_mm_cmpeq_epi8(part, ends), _mm_cmpeq_epi8(part, quotes)));
        mask |= (uint64_t)(unsigned)_mm_movemask_epi8(found) << (16 * i);
    }
    return mask;
}
#else
static inline uint64_t marks_in_64(const char *bytes, char separator)
{
    uint64_t mask = 0;
    for (int i = 0; i < 64; i++)
        mask |= (uint64_t)(bytes[i] == separator || bytes[i] == '\n' || bytes[i] == '"')
                << i;
    return mask;
}
#endif

/* How many bits are set, for processors whose instruction for it is not asked for. */
static inline unsigned marks_count(uint64_t mask)
{
    mask -= mask >> 1 & UINT64_C(0x5555555555555555);
    mask = (mask & UINT64_C(0x3333333333333333)) +
           (mask >> 2 & UINT64_C(0x3333333333333333));
    mask = (mask + (mask >> 4)) & UINT64_C(0x0f0f0f0f0f0f0f0f);
    return (unsigned)(mask * UINT64_C(0x0101010101010101) >> 56);
}

/* The places of the bits; writes up to 8 further ones that mean nothing, since a loop
 * whose length changes from call to call costs more. Returns how many there are. */
static inline unsigned marks_places(uint64_t mask, unsigned begin, uint16_t *places)
{
    const uint64_t never_0 = UINT64_C(1) << 63;
    const unsigned count = marks_count(mask);
    for (unsigned i = 0; i < count; i += 8)
        for (unsigned k = i; k < i + 8; k++, mask &= mask - 1)
            places[k] = (uint16_t)(begin + (unsigned)__builtin_ctzll(mask | never_0));
    return count;
}

static inline void marks_search(struct marks *marks)
{
    const char *bytes = marks->bytes + marks->base;
    size_t left = marks->size - marks->base;
    marks->next = marks->count = 0;
    for (unsigned at = 0; at < MARKS_WINDOW && at < left; at += 64) {
        uint64_t mask = marks_in_64(bytes + at, marks->separator);
        if (left - at < 64)
            mask &= (UINT64_C(1) << (left - at)) - 1;
        marks->count += marks_places(mask, at, marks->found + marks->count);
    }
}

/* Goes back or on to a place: the next mark is the first one from there. */
static inline void marks_move(struct marks *marks, size_t to)
{
    if (to < marks->base || to - marks->base >= MARKS_WINDOW) {
        marks->base = to;
        marks_search(marks);
        return;
    }
    if (marks->next && marks->base + marks->found[marks->next - 1] >= to)
        marks->next = 0;
    while (marks->next < marks->count && marks->base + marks->found[marks->next] < to)
        marks->next++;
}

static inline void marks_init(struct marks *marks, const char *bytes, size_t size,
                              char separator)
{
    marks->bytes = bytes;
    marks->size = size;
    marks->separator = separator;
    marks->base = 0;
    marks_search(marks);
}

/* The next mark's place, or size at the end. */
static inline size_t marks_next(struct marks *marks)
{
    while (marks->next == marks->count) {
        if (marks->size - marks->base <= MARKS_WINDOW)
            return marks->size;
        marks->base += MARKS_WINDOW;
        marks_search(marks);
    }
    return marks->base + marks->found[marks->next++];
}

#endif
