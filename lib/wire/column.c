/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Frames and columns, both ways. Encoding looks at every candidate's exact size before it
 * writes one (some 5 ns a value); decoding is a switch a column and a loop without
 * branches.
 */
#include "column.h"
#include "bitpack.h"
#include "numbers.h"

enum encoding { PLAIN = 0, DELTA = 1 };

/* --- frame ----------------------------------------------------------------------- */

/* Bits that name one of count positions. */
static unsigned position_width(uint32_t count)
{
    return fmd__bits_of(count - 1);
}

static size_t varint_bytes(uint64_t value)
{
    return value ? (fmd__bits_of(value) + 6) / 7 : 1;
}

static uint64_t smallest(const uint64_t *values, uint32_t count, int is_signed)
{
    uint64_t flip = is_signed ? 1ull << 63 : 0, least = UINT64_MAX;
    for (uint32_t i = 0; i < count; i++)
        if ((values[i] ^ flip) < least)
            least = values[i] ^ flip;
    return least ^ flip;
}

static size_t frame_bytes(const struct fmd__frame *frame, uint32_t count)
{
    size_t bytes = 1 + varint_bytes(frame->base) + varint_bytes(frame->exceptions) +
                   fmd__bitpack_bytes(count, frame->width);
    if (frame->exceptions)
        bytes += 1 + fmd__bitpack_bytes(frame->exceptions, position_width(count)) +
                 fmd__bitpack_bytes(frame->exceptions, frame->high_width);
    return bytes;
}

/* The width that takes the fewest bytes, exceptions included. needs[b]: how many values
 * less base take exactly b bits. */
static void choose_width(struct fmd__frame *best, const uint32_t needs[65],
                         uint32_t count)
{
    unsigned widest = 64;
    while (widest > 0 && !needs[widest])
        widest--;
    best->width = widest;
    best->bytes = frame_bytes(best, count);
    struct fmd__frame next = *best;
    for (unsigned width = widest; width-- > 0;) {
        next.width = width;
        next.high_width = widest - width;
        next.exceptions += needs[width + 1];
        next.bytes = frame_bytes(&next, count);
        if (next.bytes < best->bytes)
            *best = next;
    }
}

struct fmd__frame fmd__frame_plan(const uint64_t *values, uint32_t count, int is_signed)
{
    uint32_t needs[65] = {0};
    struct fmd__frame frame = {.base = smallest(values, count, is_signed)};
    for (uint32_t i = 0; i < count; i++)
        needs[fmd__bits_of(values[i] - frame.base)]++;
    choose_width(&frame, needs, count);
    return frame;
}

/* Positions and high parts of the values that the width does not hold. */
static uint8_t *put_exceptions(const struct fmd__frame *frame, const uint64_t *numbers,
                               uint32_t count, uint8_t *out)
{
    uint64_t positions[FMD__BLOCK_REQUESTS_MAX], highs[FMD__BLOCK_REQUESTS_MAX];
    uint32_t found = 0;
    for (uint32_t i = 0; i < count; i++) {
        positions[found] = i;
        highs[found] = numbers[i] >> frame->width;
        found += highs[found] != 0;
    }
    *out++ = (uint8_t)frame->high_width;
    out = fmd__bitpack(positions, found, position_width(count), out);
    return fmd__bitpack(highs, found, frame->high_width, out);
}

uint8_t *fmd__frame_encode(const struct fmd__frame *frame, const uint64_t *values,
                           uint32_t count, uint8_t *out)
{
    uint64_t numbers[FMD__BLOCK_REQUESTS_MAX];
    for (uint32_t i = 0; i < count; i++)
        numbers[i] = values[i] - frame->base;
    *out++ = (uint8_t)frame->width;
    out = fmd__put_varint(out, frame->base);
    out = fmd__put_varint(out, frame->exceptions);
    out = fmd__bitpack(numbers, count, frame->width, out);
    return frame->exceptions ? put_exceptions(frame, numbers, count, out) : out;
}

/* Reads a frame's numbers up to its packed values, and checks them against each other and
 * against what is left of the bytes. */
static const uint8_t *get_frame(const uint8_t *at, const uint8_t *end, uint32_t count,
                                unsigned bits, struct fmd__frame *frame)
{
    *frame = (struct fmd__frame){0};
    if (at == end)
        return NULL;
    frame->width = *at++;
    at = fmd__get_varint(at, end, &frame->base);
    if (at)
        at = fmd__get_bounded(at, end, count, &frame->exceptions);
    if (!at || frame->width > bits ||
        (size_t)(end - at) < fmd__bitpack_bytes(count, frame->width))
        return NULL;
    return at;
}

/* The same for the exceptions; *positions and *highs point to their packed parts. */
static const uint8_t *get_exceptions(const uint8_t *at, const uint8_t *end,
                                     uint32_t count, unsigned bits,
                                     struct fmd__frame *frame, const uint8_t **positions,
                                     const uint8_t **highs)
{
    if (at == end)
        return NULL;
    frame->high_width = *at++;
    if (frame->high_width == 0 || frame->high_width + frame->width > bits)
        return NULL;
    *positions = at;
    size_t bytes = fmd__bitpack_bytes(frame->exceptions, position_width(count));
    if ((size_t)(end - at) < bytes)
        return NULL;
    at += bytes;
    *highs = at;
    bytes = fmd__bitpack_bytes(frame->exceptions, frame->high_width);
    return (size_t)(end - at) < bytes ? NULL : at + bytes;
}

#define EXCEPTIONS_A_TIME 256u

/* Adds the high parts; done a few at a time so that the lists fit a small stack. Every
 * 256 numbers of any width begin at a whole byte. */
#define FRAME_DECODE(NAME, TYPE, BITS)                                                   \
    static int add_highs##BITS(const struct fmd__frame *frame, uint32_t count,           \
                               const uint8_t *positions, const uint8_t *highs,           \
                               TYPE *values)                                             \
    {                                                                                    \
        unsigned position_bits = position_width(count);                                  \
        uint32_t at[EXCEPTIONS_A_TIME];                                                  \
        uint64_t high[EXCEPTIONS_A_TIME];                                                \
        for (uint32_t left = frame->exceptions, now; left; left -= now) {                \
            now = left < EXCEPTIONS_A_TIME ? left : EXCEPTIONS_A_TIME;                   \
            fmd__bitunpack32(positions, now, position_bits, 0, at);                      \
            fmd__bitunpack64(highs, now, frame->high_width, 0, high);                    \
            positions += fmd__bitpack_bytes(now, position_bits);                         \
            highs += fmd__bitpack_bytes(now, frame->high_width);                         \
            for (uint32_t i = 0; i < now; i++) {                                         \
                if (at[i] >= count)                                                      \
                    return -1;                                                           \
                values[at[i]] += (TYPE)(high[i] << frame->width);                        \
            }                                                                            \
        }                                                                                \
        return 0;                                                                        \
    }                                                                                    \
                                                                                         \
    const uint8_t *NAME(const uint8_t *at, const uint8_t *end, uint32_t count,           \
                        TYPE *values)                                                    \
    {                                                                                    \
        struct fmd__frame frame;                                                         \
        const uint8_t *positions, *highs;                                                \
        at = get_frame(at, end, count, BITS, &frame);                                    \
        if (!at)                                                                         \
            return NULL;                                                                 \
        fmd__bitunpack##BITS(at, count, frame.width, (TYPE)frame.base, values);          \
        at += fmd__bitpack_bytes(count, frame.width);                                    \
        if (!frame.exceptions)                                                           \
            return at;                                                                   \
        at = get_exceptions(at, end, count, BITS, &frame, &positions, &highs);           \
        if (!at || add_highs##BITS(&frame, count, positions, highs, values) != 0)        \
            return NULL;                                                                 \
        return at;                                                                       \
    }

FRAME_DECODE(fmd__frame_decode64, uint64_t, 64)
FRAME_DECODE(fmd__frame_decode32, uint32_t, 32)

/* --- column ---------------------------------------------------------------------- */

/* From one value to the next, as two's complement of bits. */
static void differences(const uint64_t *values, uint32_t count, unsigned bits,
                        uint64_t *deltas)
{
    for (uint32_t i = 1; i < count; i++) {
        uint64_t delta = values[i] - values[i - 1];
        deltas[i - 1] = bits == 32 ? (uint64_t)(int32_t)delta : delta;
    }
}

uint8_t *fmd__column_encode(const uint64_t *values, uint32_t count, unsigned bits,
                            uint8_t *out)
{
    uint64_t deltas[FMD__BLOCK_REQUESTS_MAX];
    struct fmd__frame plain = fmd__frame_plan(values, count, 0), delta;
    if (count > 1) {
        differences(values, count, bits, deltas);
        delta = fmd__frame_plan(deltas, count - 1, 1);
        if (varint_bytes(values[0]) + delta.bytes < plain.bytes) {
            *out++ = DELTA;
            out = fmd__put_varint(out, values[0]);
            return fmd__frame_encode(&delta, deltas, count - 1, out);
        }
    }
    *out++ = PLAIN;
    return fmd__frame_encode(&plain, values, count, out);
}

#define COLUMN_DECODE(NAME, TYPE, BITS)                                                  \
    static const uint8_t *delta_decode##BITS(const uint8_t *at, const uint8_t *end,      \
                                             uint32_t count, TYPE *values)               \
    {                                                                                    \
        uint64_t first = 0;                                                              \
        at = fmd__get_varint(at, end, &first);                                           \
        values[0] = (TYPE)first;                                                         \
        if (!at || count == 1)                                                           \
            return at;                                                                   \
        at = fmd__frame_decode##BITS(at, end, count - 1, values + 1);                    \
        TYPE sum = values[0];                                                            \
        for (uint32_t i = 1; at && i < count; i++)                                       \
            values[i] = sum += values[i];                                                \
        return at;                                                                       \
    }                                                                                    \
                                                                                         \
    const uint8_t *NAME(const uint8_t *at, const uint8_t *end, uint32_t count,           \
                        TYPE *values)                                                    \
    {                                                                                    \
        if (at == end)                                                                   \
            return NULL;                                                                 \
        switch (*at++) {                                                                 \
        case PLAIN:                                                                      \
            return fmd__frame_decode##BITS(at, end, count, values);                      \
        case DELTA:                                                                      \
            return delta_decode##BITS(at, end, count, values);                           \
        default:                                                                         \
            return NULL;                                                                 \
        }                                                                                \
    }

COLUMN_DECODE(fmd__column_decode64, uint64_t, 64)
COLUMN_DECODE(fmd__column_decode32, uint32_t, 32)
