/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Numbers of equal width, packed without gaps: number i takes the bits i * width to
 * (i + 1) * width - 1, bit b of the block being bit b % 8 of byte b / 8; the last byte is
 * filled with zeros. Unpacking is what a reader's time goes to.
 */
#ifndef FMD_WIRE_BITPACK_H
#define FMD_WIRE_BITPACK_H

#include <stddef.h>
#include <stdint.h>

/* Bits that value needs: 0 for 0, 64 at most. */
static inline unsigned fmd__bits_of(uint64_t value)
{
    return value ? 64 - (unsigned)__builtin_clzll(value) : 0;
}

static inline size_t fmd__bitpack_bytes(size_t count, unsigned width)
{
    return (count * width + 7) / 8;
}

/* Packs the low width bits (0..64) of each value; returns where the next byte goes. */
uint8_t *fmd__bitpack(const uint64_t *values, size_t count, unsigned width, uint8_t *out);

/* values[i] = base + number i, modulo 2^64 (width 0..64) or 2^32 (width 0..32). Reads
 * exactly fmd__bitpack_bytes(count, width) bytes. */
void fmd__bitunpack64(const uint8_t *packed, size_t count, unsigned width, uint64_t base,
                      uint64_t *values);
void fmd__bitunpack32(const uint8_t *packed, size_t count, unsigned width, uint32_t base,
                      uint32_t *values);

/* The same without the processor's extensions, to be tested against. */
void fmd__bitunpack64_portable(const uint8_t *packed, size_t count, unsigned width,
                               uint64_t base, uint64_t *values);
void fmd__bitunpack32_portable(const uint8_t *packed, size_t count, unsigned width,
                               uint32_t base, uint32_t *values);

#endif
