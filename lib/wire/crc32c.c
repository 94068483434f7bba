/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CRC-32C (Castagnoli polynomial, reflected, 0x82f63b78), as iSCSI and ext4 use it. Every
 * byte of a trace goes through it twice: once written, once read, so it must cost little
 * beside decoding.
 */
#include "block.h"
#include "crc32c.h"
#include "numbers.h"

#define POLYNOMIAL 0x82f63b78u

/* tables[k][b]: the CRC of byte b followed by k zero bytes. Filled by a constructor:
 * nothing to lock or to check later. */
static uint32_t tables[8][256];

__attribute__((constructor)) static void fill_tables(void)
{
    for (uint32_t byte = 0; byte < 256; byte++) {
        uint32_t crc = byte;
        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (crc & 1 ? POLYNOMIAL : 0);
        tables[0][byte] = crc;
    }
    for (uint32_t byte = 0; byte < 256; byte++)
        for (int k = 1; k < 8; k++)
            tables[k][byte] =
                tables[k - 1][byte] >> 8 ^ tables[0][tables[k - 1][byte] & 255];
}

uint32_t fmd__crc32c_table(uint32_t crc, const void *bytes, size_t size)
{
    const uint8_t *at = bytes;
    crc = ~crc;
    for (; size >= 8; at += 8, size -= 8) {
        uint64_t word = fmd__load64(at) ^ crc;
        crc = 0;
        for (unsigned k = 0; k < 8; k++)
            crc ^= tables[7 - k][word >> 8 * k & 255];
    }
    for (; size; at++, size--)
        crc = crc >> 8 ^ tables[0][(crc ^ *at) & 255];
    return ~crc;
}

#if defined(__x86_64__)
#include <nmmintrin.h>
#define SSE42 __attribute__((target("sse4.2")))

/* The instruction takes 3 cycles but a new one can begin in each, so long pieces go
 * through in three lanes side by side. */
#define LANE_BYTES 1024u

/* after_lane[k][b]: what byte k of a checksum register, being b, becomes after LANE_BYTES
 * zero bytes. The checksum is linear: the sum (xor) of the four is the whole register's.
 */
static uint32_t after_lane[4][256];

SSE42 static uint32_t after_zeros(uint32_t crc)
{
    uint64_t wide = crc;
    for (unsigned i = 0; i < LANE_BYTES; i += 8)
        wide = _mm_crc32_u64(wide, 0);
    return (uint32_t)wide;
}

__attribute__((constructor)) static void fill_after_lane(void)
{
    if (!__builtin_cpu_supports("sse4.2"))
        return;
    for (unsigned k = 0; k < 4; k++)
        for (unsigned bit = 0; bit < 8; bit++) {
            uint32_t one = after_zeros(1u << (8 * k + bit));
            for (unsigned byte = 0; byte < 256; byte++)
                after_lane[k][byte] ^= byte >> bit & 1 ? one : 0;
        }
}

static uint64_t skip_lane(uint64_t crc)
{
    return after_lane[0][crc & 255] ^ after_lane[1][crc >> 8 & 255] ^
           after_lane[2][crc >> 16 & 255] ^ after_lane[3][crc >> 24 & 255];
}

SSE42 static uint64_t three_lanes(uint64_t crc, const uint8_t *at)
{
    uint64_t second = 0, third = 0;
    for (unsigned i = 0; i < LANE_BYTES; i += 8) {
        crc = _mm_crc32_u64(crc, fmd__load64(at + i));
        second = _mm_crc32_u64(second, fmd__load64(at + LANE_BYTES + i));
        third = _mm_crc32_u64(third, fmd__load64(at + 2 * LANE_BYTES + i));
    }
    return skip_lane(skip_lane(crc) ^ second) ^ third;
}

SSE42 static uint32_t crc32c_instruction(uint32_t crc, const void *bytes, size_t size)
{
    const uint8_t *at = bytes;
    uint64_t wide = ~crc;
    for (; size >= 3 * LANE_BYTES; at += 3 * LANE_BYTES, size -= 3 * LANE_BYTES)
        wide = three_lanes(wide, at);
    for (; size >= 8; at += 8, size -= 8)
        wide = _mm_crc32_u64(wide, fmd__load64(at));
    crc = (uint32_t)wide;
    for (; size; at++, size--)
        crc = _mm_crc32_u8(crc, *at);
    return ~crc;
}

uint32_t fmd__crc32c(uint32_t crc, const void *bytes, size_t size)
{
    return __builtin_cpu_supports("sse4.2") ? crc32c_instruction(crc, bytes, size)
                                            : fmd__crc32c_table(crc, bytes, size);
}
#else
uint32_t fmd__crc32c(uint32_t crc, const void *bytes, size_t size)
{
    return fmd__crc32c_table(crc, bytes, size);
}
#endif
