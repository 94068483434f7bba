/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Frames: header with its own checksum, payload with another. FORMAT.md, "Block", has the
 * offsets. Reading trusts no length before the header's checksum has been seen.
 */
#define _GNU_SOURCE /* memmem */
#include "block.h"
#include "numbers.h"

#include <stdbool.h>
#include <string.h>
#include <zstd.h>

/* Not UTF-8, and no byte of it repeats. */
static const uint8_t sync_word[8] = {0xf1, 'f', 'm', 'd', 0xe5, 'b', 'l', 'k'};

/* Offsets in the header. Up to FIXED_BYTES they are the same in every format version;
 * header_bytes says where the payload starts. */
enum {
    AT_CRC = 8, /* of all header bytes that follow it */
    AT_HEADER_BYTES = 12,
    AT_VERSION = 14,
    AT_TYPE = 16,
    AT_CODEC = 17,
    AT_PAYLOAD_BYTES = 20,
    AT_PAYLOAD_CRC = 24,
    FIXED_BYTES = 28,
    AT_RAW_BYTES = 28,
    AT_COUNT = 32,
    AT_SEQUENCE = 40,
    AT_START_MIN = 48,
    AT_START_MAX = 56,
    AT_DURATION_MIN = 64,
    AT_DURATION_MAX = 72,
    AT_ANCHOR_MONOTONIC = 80,
    AT_ANCHOR_UTC = 88,
    HEADER_BYTES = 96,
    HEADER_BYTES_MAX = 1024 /* of any version */
};

enum { CODEC_STORED = 0, CODEC_ZSTD = 1 };

static void read_fixed(const uint8_t *at, struct fmd__block *block)
{
    memset(block, 0, sizeof(*block));
    block->header_bytes = fmd__load16(at + AT_HEADER_BYTES);
    block->format_version = fmd__load16(at + AT_VERSION);
    block->type = at[AT_TYPE];
    block->codec = at[AT_CODEC];
    block->payload_bytes = fmd__load32(at + AT_PAYLOAD_BYTES);
    block->payload_crc32c = fmd__load32(at + AT_PAYLOAD_CRC);
}

static void read_rest(const uint8_t *at, struct fmd__block *block)
{
    block->raw_bytes = fmd__load32(at + AT_RAW_BYTES);
    block->count = fmd__load32(at + AT_COUNT);
    block->sequence = fmd__load64(at + AT_SEQUENCE);
    block->start_min_ns = fmd__load64(at + AT_START_MIN);
    block->start_max_ns = fmd__load64(at + AT_START_MAX);
    block->duration_min_ns = fmd__load64(at + AT_DURATION_MIN);
    block->duration_max_ns = fmd__load64(at + AT_DURATION_MAX);
    block->anchor_monotonic_ns = fmd__load64(at + AT_ANCHOR_MONOTONIC);
    block->anchor_utc_ns = (int64_t)fmd__load64(at + AT_ANCHOR_UTC);
}

enum fmd__block_result fmd__block_read(const uint8_t *bytes, size_t size,
                                       struct fmd__block *block)
{
    size_t begin = size < sizeof(sync_word) ? size : sizeof(sync_word);
    if (memcmp(bytes, sync_word, begin) != 0)
        return FMD__BLOCK_DAMAGED;
    if (size < FIXED_BYTES)
        return FMD__BLOCK_MORE;
    read_fixed(bytes, block);
    if (block->header_bytes < FIXED_BYTES || block->header_bytes > HEADER_BYTES_MAX)
        return FMD__BLOCK_DAMAGED;
    if (size < block->header_bytes)
        return FMD__BLOCK_MORE;
    if (fmd__crc32c(0, bytes + AT_HEADER_BYTES, block->header_bytes - AT_HEADER_BYTES) !=
        fmd__load32(bytes + AT_CRC))
        return FMD__BLOCK_DAMAGED;
    if (block->payload_bytes > FMD__PAYLOAD_BYTES_MAX)
        return FMD__BLOCK_DAMAGED;
    if (block->format_version > FMD__FORMAT_VERSION)
        return size - block->header_bytes < block->payload_bytes ? FMD__BLOCK_MORE
                                                                 : FMD__BLOCK_NEWER;
    if (block->header_bytes < HEADER_BYTES)
        return FMD__BLOCK_DAMAGED;
    read_rest(bytes, block);
    if (block->raw_bytes > FMD__PAYLOAD_BYTES_MAX)
        return FMD__BLOCK_DAMAGED;
    if (size - block->header_bytes < block->payload_bytes)
        return FMD__BLOCK_MORE;
    return FMD__BLOCK_OK;
}

const uint8_t *fmd__block_payload(const struct fmd__block *block, const uint8_t *bytes,
                                  void *context, uint8_t *scratch)
{
    const uint8_t *payload = bytes + block->header_bytes;
    if (fmd__crc32c(0, payload, block->payload_bytes) != block->payload_crc32c)
        return NULL;
    if (block->codec == CODEC_STORED)
        return block->raw_bytes == block->payload_bytes ? payload : NULL;
    if (block->codec != CODEC_ZSTD)
        return NULL;
    size_t got = context ? ZSTD_decompressDCtx(context, scratch, block->raw_bytes,
                                               payload, block->payload_bytes)
                         : ZSTD_decompress(scratch, block->raw_bytes, payload,
                                           block->payload_bytes);
    return !ZSTD_isError(got) && got == block->raw_bytes ? scratch : NULL;
}

void *fmd__block_context_new(void)
{
    return ZSTD_createDCtx();
}

void fmd__block_context_free(void *context)
{
    ZSTD_freeDCtx(context);
}

size_t fmd__block_find_sync(const uint8_t *bytes, size_t size, size_t from)
{
    if (from >= size)
        return size;
    const uint8_t *found =
        memmem(bytes + from, size - from, sync_word, sizeof(sync_word));
    return found ? (size_t)(found - bytes) : size;
}

size_t fmd__block_bound(size_t raw_bytes)
{
    return HEADER_BYTES + raw_bytes;
}

/* Whether some of its bytes are much likelier than others: trying zstd on packed columns,
 * where they are not, costs the writer as much again as packing them, for nothing.
 * Counts pairs of equal bytes in a sample; all alike, there are sampled^2 / 256. */
static bool worth_a_try(const uint8_t *raw, size_t raw_bytes)
{
    uint16_t counts[256] = {0};
    uint32_t sampled = 0, pairs = 0;
    if (raw_bytes < 128)
        return false;
    for (size_t i = 0; i < raw_bytes; i += 1 + raw_bytes / 1024, sampled++)
        pairs += 2u * counts[raw[i]]++;
    return pairs > sampled * sampled / 128;
}

/* Compresses where that saves a sixteenth; returns the bytes at out. */
static uint32_t store_payload(struct fmd__block *block, const uint8_t *raw,
                              size_t raw_bytes, void *context, uint8_t *out)
{
    if (context && worth_a_try(raw, raw_bytes)) {
        size_t got = ZSTD_compressCCtx(context, out, raw_bytes - raw_bytes / 16, raw,
                                       raw_bytes, 1);
        if (!ZSTD_isError(got)) {
            block->codec = CODEC_ZSTD;
            return (uint32_t)got;
        }
    }
    block->codec = CODEC_STORED;
    memcpy(out, raw, raw_bytes);
    return (uint32_t)raw_bytes;
}

static void write_header(const struct fmd__block *block, uint8_t *at)
{
    memset(at, 0, HEADER_BYTES);
    memcpy(at, sync_word, sizeof(sync_word));
    fmd__store16(at + AT_HEADER_BYTES, (uint16_t)block->header_bytes);
    fmd__store16(at + AT_VERSION, block->format_version);
    at[AT_TYPE] = block->type;
    at[AT_CODEC] = block->codec;
    fmd__store32(at + AT_PAYLOAD_BYTES, block->payload_bytes);
    fmd__store32(at + AT_PAYLOAD_CRC, block->payload_crc32c);
    fmd__store32(at + AT_RAW_BYTES, block->raw_bytes);
    fmd__store32(at + AT_COUNT, block->count);
    fmd__store64(at + AT_SEQUENCE, block->sequence);
    fmd__store64(at + AT_START_MIN, block->start_min_ns);
    fmd__store64(at + AT_START_MAX, block->start_max_ns);
    fmd__store64(at + AT_DURATION_MIN, block->duration_min_ns);
    fmd__store64(at + AT_DURATION_MAX, block->duration_max_ns);
    fmd__store64(at + AT_ANCHOR_MONOTONIC, block->anchor_monotonic_ns);
    fmd__store64(at + AT_ANCHOR_UTC, (uint64_t)block->anchor_utc_ns);
    fmd__store32(at + AT_CRC,
                 fmd__crc32c(0, at + AT_HEADER_BYTES, HEADER_BYTES - AT_HEADER_BYTES));
}

size_t fmd__block_write(struct fmd__block *block, const uint8_t *raw, size_t raw_bytes,
                        void *context, uint8_t *out)
{
    uint8_t *payload = out + HEADER_BYTES;
    block->format_version = FMD__FORMAT_VERSION;
    block->header_bytes = HEADER_BYTES;
    block->raw_bytes = (uint32_t)raw_bytes;
    block->payload_bytes = store_payload(block, raw, raw_bytes, context, payload);
    block->payload_crc32c = fmd__crc32c(0, payload, block->payload_bytes);
    write_header(block, out);
    return HEADER_BYTES + block->payload_bytes;
}
