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

__attribute__((target("sse4.2"))) static uint32_t
crc32c_instruction(uint32_t crc, const void *bytes, size_t size)
{
    const uint8_t *at = bytes;
    uint64_t wide = ~crc;
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
