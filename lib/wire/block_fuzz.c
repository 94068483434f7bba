/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Property: reading any bytes as a trace file ends, stays inside them, and what was read
 * as an intact block is written again as a block that reads the same. The first byte says
 * whether checksums are made right first, so that the fuzzer gets behind them.
 */
#include "block.h"
#include "numbers.h"

#include <stdlib.h>
#include <string.h>

static uint8_t scratch[FMD__PAYLOAD_BYTES_MAX], again[FMD__PAYLOAD_BYTES_MAX + 4096];

/* Makes the checksums of the block at bytes right, where its lengths allow. */
static void seal(uint8_t *bytes, size_t size)
{
    if (size < 28)
        return;
    size_t header = fmd__load16(bytes + 12), payload = fmd__load32(bytes + 20);
    if (header < 28 || header > size)
        return;
    if (payload <= size - header)
        fmd__store32(bytes + 24, fmd__crc32c(0, bytes + header, payload));
    fmd__store32(bytes + 8, fmd__crc32c(0, bytes + 12, header - 12));
}

static void write_again(const struct fmd__block *block, const uint8_t *payload)
{
    struct fmd__block copy = *block, back;
    size_t size = fmd__block_write(&copy, payload, block->raw_bytes, NULL, again);
    if (fmd__block_read(again, size, &back) != FMD__BLOCK_OK ||
        back.type != block->type || back.count != block->count ||
        back.raw_bytes != block->raw_bytes || back.sequence != block->sequence ||
        back.start_min_ns != block->start_min_ns ||
        back.start_max_ns != block->start_max_ns ||
        back.duration_min_ns != block->duration_min_ns ||
        back.duration_max_ns != block->duration_max_ns ||
        back.anchor_monotonic_ns != block->anchor_monotonic_ns ||
        back.anchor_utc_ns != block->anchor_utc_ns)
        abort();
    const uint8_t *got = fmd__block_payload(&back, again, NULL, scratch);
    if (!got || memcmp(got, payload, back.raw_bytes) != 0)
        abort();
}

static void read_all(uint8_t *bytes, size_t size, int sealed)
{
    for (size_t at = 0; at < size;) {
        struct fmd__block block;
        if (sealed)
            seal(bytes + at, size - at);
        switch (fmd__block_read(bytes + at, size - at, &block)) {
        case FMD__BLOCK_MORE:
            return;
        case FMD__BLOCK_DAMAGED:
            at = fmd__block_find_sync(bytes, size, at + 1);
            continue;
        case FMD__BLOCK_OK: {
            const uint8_t *payload =
                fmd__block_payload(&block, bytes + at, NULL, scratch);
            if (payload)
                write_again(&block, payload);
            break;
        }
        case FMD__BLOCK_NEWER:
            break;
        }
        at += (size_t)block.header_bytes + block.payload_bytes;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    uint8_t *bytes = malloc(size); /* one more than it holds, never 0 */
    memcpy(bytes, data + 1, size - 1);
    read_all(bytes, size - 1, data[0] & 1);
    free(bytes);
    return 0;
}
