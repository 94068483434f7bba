/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "python_lines.h"

/* An entry begins with a byte 1CCCCLLL: what follows, and how many code units of two
 * bytes it speaks of, less one. */
enum {
    ENTRY_BIT = 0x80,
    SHORT_MAX = 9, /* 0 to 9: same line, columns in one byte */
    ONE_LINE = 10, /* 10 to 12: code - 10 lines on, columns in two bytes */
    ONE_LINE_MAX = 12,
    NO_COLUMNS = 13, /* a signed number of lines */
    LONG = 14,       /* that, and three numbers */
    NONE = 15,       /* no line */
    CODE_UNIT_BYTES = 2
};

/* Six bits a byte, lowest first; bit 6 says that another follows. NULL when the bytes end
 * or the number has more than 32 bits. */
static const uint8_t *get_number(const uint8_t *at, const uint8_t *end, uint32_t *number)
{
    uint64_t sum = 0;
    for (unsigned shift = 0; at < end && shift < 36; shift += 6) {
        sum |= (uint64_t)(*at & 0x3f) << shift;
        if (!(*at++ & 0x40)) {
            *number = (uint32_t)sum;
            return sum > UINT32_MAX ? NULL : at;
        }
    }
    return NULL;
}

/* Adds the lines that an entry of this code goes on by, modulo 2^32. Returns where the
 * next entry is, or NULL. */
static const uint8_t *step(const uint8_t *at, const uint8_t *end, unsigned code,
                           uint32_t *line)
{
    uint32_t folded = 0, ignored;
    if (code <= SHORT_MAX)
        return end - at < 1 ? NULL : at + 1;
    if (code <= ONE_LINE_MAX) {
        *line += code - ONE_LINE;
        return end - at < 2 ? NULL : at + 2;
    }
    if (code == NONE)
        return at;
    at = get_number(at, end, &folded);
    *line += folded & 1 ? 0 - (folded >> 1) : folded >> 1;
    for (int i = 0; code == LONG && at && i < 3; i++)
        at = get_number(at, end, &ignored);
    return at;
}

uint32_t python_line(const uint8_t *table, size_t size, uint32_t first_line,
                     uint32_t offset)
{
    const uint8_t *at = table, *end = table + size;
    uint32_t line = first_line;
    uint64_t covered = 0;
    while (at < end) {
        unsigned first = *at++, code = first >> 3 & 15;
        if (!(first & ENTRY_BIT))
            return 0;
        at = step(at, end, code, &line);
        if (!at)
            return 0;
        covered += ((first & 7) + 1) * CODE_UNIT_BYTES;
        if (offset < covered)
            return code == NONE ? 0 : line;
    }
    return 0;
}
