/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Numbers as bytes: little-endian words and variable-length integers (LEB128: seven bits
 * a byte, lowest first, the top bit says that more follow). Readers never go past end.
 */
#ifndef FMD_WIRE_NUMBERS_H
#define FMD_WIRE_NUMBERS_H

#include <endian.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define FMD__VARINT_BYTES_MAX 10u /* of 64 bits */

static inline uint64_t fmd__load64(const uint8_t *at)
{
    uint64_t value;
    memcpy(&value, at, sizeof(value));
    return le64toh(value);
}

static inline uint32_t fmd__load32(const uint8_t *at)
{
    uint32_t value;
    memcpy(&value, at, sizeof(value));
    return le32toh(value);
}

static inline uint16_t fmd__load16(const uint8_t *at)
{
    return (uint16_t)(at[0] | at[1] << 8);
}

static inline void fmd__store64(uint8_t *at, uint64_t value)
{
    value = htole64(value);
    memcpy(at, &value, sizeof(value));
}

static inline void fmd__store32(uint8_t *at, uint32_t value)
{
    value = htole32(value);
    memcpy(at, &value, sizeof(value));
}

static inline void fmd__store16(uint8_t *at, uint16_t value)
{
    at[0] = (uint8_t)value;
    at[1] = (uint8_t)(value >> 8);
}

/* Writes up to FMD__VARINT_BYTES_MAX bytes; returns where the next byte goes. */
static inline uint8_t *fmd__put_varint(uint8_t *at, uint64_t value)
{
    for (; value >= 0x80; value >>= 7)
        *at++ = (uint8_t)(value | 0x80);
    *at++ = (uint8_t)value;
    return at;
}

/* Returns where the next byte is; NULL when the bytes end too early or the number has
 * more than 64 bits. */
static inline const uint8_t *fmd__get_varint(const uint8_t *at, const uint8_t *end,
                                             uint64_t *value)
{
    uint64_t sum = 0;
    for (unsigned shift = 0; at < end && shift < 64; shift += 7) {
        uint64_t bits = *at & 0x7f;
        if (shift == 63 && bits > 1)
            return NULL;
        sum |= bits << shift;
        if (!(*at++ & 0x80)) {
            *value = sum;
            return at;
        }
    }
    return NULL;
}

/* The same for a number that may be at most max. */
static inline const uint8_t *fmd__get_bounded(const uint8_t *at, const uint8_t *end,
                                              uint64_t max, uint32_t *value)
{
    uint64_t wide = 0;
    at = fmd__get_varint(at, end, &wide);
    if (!at || wide > max || wide > UINT32_MAX)
        return NULL;
    *value = (uint32_t)wide;
    return at;
}

#endif
