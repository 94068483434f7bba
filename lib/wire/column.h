/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One column of a block: up to 4096 numbers in the smallest of a few encodings
 * (FORMAT.md, "Column"). All of them rest on the frame: numbers less their smallest,
 * packed at the width that suits most, and a list of exceptions for the few that are
 * wider.
 */
#ifndef FMD_WIRE_COLUMN_H
#define FMD_WIRE_COLUMN_H

#include "columns.h"
#include "numbers.h"

#include <stddef.h>
#include <stdint.h>

/* Room for a frame, and for a column in any encoding, of count numbers. */
#define FMD__FRAME_BOUND(count) ((size_t)(count)*8 + 40)
#define FMD__COLUMN_BOUND(count) (FMD__FRAME_BOUND(count) + 16)

/* Frames. Encode writes at out and returns where the next byte goes; the cost is the
 * bytes it would take. Decode returns where the next byte is, or NULL when damaged; bits
 * (32 or 64) is the width of the values, modulo which all sums are taken. */
struct fmd__frame {
    uint64_t base;
    unsigned width;      /* of the packed numbers */
    unsigned high_width; /* of what exceptions have above that */
    uint32_t exceptions;
    size_t bytes;
};

/* is_signed: the base is the smallest as two's complement. */
struct fmd__frame fmd__frame_plan(const uint64_t *values, uint32_t count, int is_signed);
uint8_t *fmd__frame_encode(const struct fmd__frame *frame, const uint64_t *values,
                           uint32_t count, uint8_t *out);
const uint8_t *fmd__frame_decode64(const uint8_t *at, const uint8_t *end, uint32_t count,
                                   uint64_t *values);
const uint8_t *fmd__frame_decode32(const uint8_t *at, const uint8_t *end, uint32_t count,
                                   uint32_t *values);

/* A column among others: u8 tag, u32 bytes, its bytes. begin gives where those go, end
 * where the next column goes. */
static inline uint8_t *fmd__column_begin(uint8_t *out, uint8_t tag)
{
    *out = tag;
    return out + 5;
}
static inline uint8_t *fmd__column_end(uint8_t *begun, uint8_t *end)
{
    fmd__store32(begun + 1, (uint32_t)(end - begun - 5));
    return end;
}
struct fmd__tagged_column {
    uint8_t tag;
    const uint8_t *bytes, *end;
};
/* 1 and moves *at, 0 at end, -1 when damaged. */
static inline int fmd__column_next(const uint8_t **at, const uint8_t *end,
                                   struct fmd__tagged_column *column)
{
    if (*at == end)
        return 0;
    if (end - *at < 5 || (size_t)(end - *at - 5) < fmd__load32(*at + 1))
        return -1;
    column->tag = **at;
    column->bytes = *at + 5;
    column->end = column->bytes + fmd__load32(*at + 1);
    *at = column->end;
    return 1;
}

/* Columns: a byte that names the encoding, then frames. count >= 1. bits: what it will be
 * decoded to, 32 or 64; all values fit. */
uint8_t *fmd__column_encode(const uint64_t *values, uint32_t count, unsigned bits,
                            uint8_t *out);
const uint8_t *fmd__column_decode64(const uint8_t *at, const uint8_t *end, uint32_t count,
                                    uint64_t *values);
const uint8_t *fmd__column_decode32(const uint8_t *at, const uint8_t *end, uint32_t count,
                                    uint32_t *values);

#endif
