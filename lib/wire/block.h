/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A trace file is a row of blocks, each of which describes itself: sync word, type,
 * lengths, counts, ranges, clock anchor, checksums. FORMAT.md has the bytes.
 */
#ifndef FMD_WIRE_BLOCK_H
#define FMD_WIRE_BLOCK_H

#include <stddef.h>
#include <stdint.h>

#define FMD__FORMAT_VERSION 1u
/* Of any block, before and after compression, in every version. */
#define FMD__PAYLOAD_BYTES_MAX (1u << 20)

enum fmd__block_type {
    FMD__BLOCK_SEGMENT = 1,     /* first of a file: who writes (segment.h) */
    FMD__BLOCK_DEFINITIONS = 2, /* strings and endpoints (definitions.h) */
    FMD__BLOCK_REQUESTS = 3,    /* columns (requests.h) */
    FMD__BLOCK_STATS = 4,       /* counts and drops by cause since start (segment.h) */
    FMD__BLOCK_END = 5,         /* the process or the segment ended cleanly */
    FMD__BLOCK_COUNTS = 6,      /* requests that were only counted (counts.h) */
    FMD__BLOCK_SAMPLES = 7,     /* stacks (samples.h) */
    FMD__BLOCK_JOURNAL = 8      /* single events (entries.h) */
};

/* Header fields of every block; those that do not apply to a type are 0. */
struct fmd__block {
    uint8_t type;  /* enum fmd__block_type; readers skip types they do not know */
    uint8_t codec; /* 0 stored, 1 zstd */
    uint16_t format_version; /* of the writer */
    uint32_t header_bytes;   /* from the sync word to the payload */
    uint32_t payload_bytes;  /* as stored */
    uint32_t raw_bytes;      /* as decoded by the codec */
    uint32_t count;          /* requests or definitions */
    uint64_t sequence;       /* of this process's stream, from 0, without gaps */
    uint64_t start_min_ns, start_max_ns; /* monotonic */
    uint64_t duration_min_ns, duration_max_ns;
    uint64_t anchor_monotonic_ns; /* one moment on both clocks: */
    int64_t anchor_utc_ns;        /* utc = anchor_utc + (t - anchor_monotonic) */
    uint32_t payload_crc32c;
};

enum fmd__block_result {
    FMD__BLOCK_OK,
    FMD__BLOCK_MORE,    /* the bytes end inside the header or the payload */
    FMD__BLOCK_DAMAGED, /* no sync word, bad checksum, a length out of bounds */
    FMD__BLOCK_NEWER    /* intact, but of a format version above ours */
};

/* Reads and checks the header at bytes. On OK (and NEWER) *block is filled and the whole
 * block takes header_bytes + payload_bytes. MORE: give more bytes from the same place.
 * The payload's checksum is checked by fmd__block_payload. Never reads past size. */
enum fmd__block_result fmd__block_read(const uint8_t *bytes, size_t size,
                                       struct fmd__block *block);

/* Checks the payload's checksum and undoes the codec. The result points into bytes
 * (stored) or scratch (decompressed, FMD__PAYLOAD_BYTES_MAX of room) and is
 * block->raw_bytes long; NULL when damaged. context: a ZSTD_DCtx, or NULL to use one for
 * this call. */
const uint8_t *fmd__block_payload(const struct fmd__block *block, const uint8_t *bytes,
                                  void *context, uint8_t *scratch);

/* A ZSTD_DCtx for fmd__block_payload, for those who do not include zstd; NULL when memory
 * ran out. */
void *fmd__block_context_new(void);
void fmd__block_context_free(void *context);

/* Offset of the next sync word at or after from, or size when there is none (the last 7
 * bytes may begin one: keep them). */
size_t fmd__block_find_sync(const uint8_t *bytes, size_t size, size_t from);

/* Room that fmd__block_write needs for a payload of raw_bytes. */
size_t fmd__block_bound(size_t raw_bytes);

/* Writes header and payload (compressed with zstd level 1 where it pays) to out,
 * which has fmd__block_bound(raw_bytes) of room. Fills the lengths, codec and checksums
 * of *block. context: a ZSTD_CCtx, or NULL for a stored payload. Returns the bytes
 * written. Cannot fail: where zstd can get no memory the payload is stored. */
size_t fmd__block_write(struct fmd__block *block, const uint8_t *raw, size_t raw_bytes,
                        void *context, uint8_t *out);

/* CRC-32C (Castagnoli), hardware where there is one. crc: 0 to begin, or the last result.
 */
uint32_t fmd__crc32c(uint32_t crc, const void *bytes, size_t size);

#endif
