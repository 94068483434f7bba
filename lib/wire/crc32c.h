/* SPDX-License-Identifier: Apache-2.0 */
/* The portable CRC-32C beside the fast one of block.h, so that each can be tested against
 * the other. */
#ifndef FMD_WIRE_CRC32C_H
#define FMD_WIRE_CRC32C_H

#include <stddef.h>
#include <stdint.h>

uint32_t fmd__crc32c_table(uint32_t crc, const void *bytes, size_t size);

#endif
