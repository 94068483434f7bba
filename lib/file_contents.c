/* SPDX-License-Identifier: Apache-2.0 */
/* See file_contents.h. Plain reads: a mapped file that somebody cuts is a SIGBUS. */
#define _GNU_SOURCE
#include "file_contents.h"

#include "pages.h"
#include "wire/block.h"
#include "wire/ringfile.h"

#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Any header, and a whole block of counts. */
#define PIECE_BYTES 4096u

static uint64_t size_of(int file)
{
    struct stat status;

    return fstat(file, &status) == 0 ? (uint64_t)status.st_size : 0;
}

/* The counts of a stats block that is whole in piece. */
static void take_stats(const struct fmd__block *block, const uint8_t *piece,
                       struct fmd__stats *stats)
{
    uint8_t scratch[FMD__STATS_BOUND];
    const uint8_t *payload;
    struct fmd__stats read;

    if (block->raw_bytes > sizeof scratch)
        return;
    payload = fmd__block_payload(block, piece, NULL, scratch);
    if (payload && fmd__stats_decode(payload, block->raw_bytes, &read) == 0)
        *stats = read;
}

void fmd__trace_contents(int file, struct fmd__contents *contents)
{
    uint64_t at = 0, size = size_of(file);
    uint8_t piece[PIECE_BYTES];

    *contents = (struct fmd__contents){0};
    while (at < size) {
        struct fmd__block block = {0};
        ssize_t got = pread(file, piece, sizeof piece, (off_t)at);
        enum fmd__block_result result =
            got <= 0 ? FMD__BLOCK_DAMAGED : fmd__block_read(piece, (size_t)got, &block);

        if (result == FMD__BLOCK_DAMAGED || block.header_bytes == 0)
            return;
        at += block.header_bytes + (uint64_t)block.payload_bytes;
        if (at <= size && block.type == FMD__BLOCK_REQUESTS)
            contents->requests += block.count;
        if (result == FMD__BLOCK_OK && block.type == FMD__BLOCK_STATS)
            take_stats(&block, piece, &contents->stats);
    }
}

static void take_ring(const uint8_t *bytes, size_t size, struct fmd__contents *contents)
{
    struct fmd__slot_request request;
    uint32_t ring;
    uint64_t sequence;
    const char *why;
    struct fmd__ringfile *left = fmd__ringfile_open(bytes, size, &why);

    if (!left)
        return;
    while (fmd__ringfile_next(left, &request, &ring, &sequence))
        contents->requests++;
    fmd__ringfile_stats(left, &contents->stats);
    fmd__ringfile_close(left);
}

static bool read_whole(int file, uint8_t *bytes, size_t size)
{
    size_t used = 0;

    while (used < size) {
        ssize_t got = pread(file, bytes + used, size - used, (off_t)used);

        if (got <= 0)
            return false;
        used += (size_t)got;
    }
    return true;
}

void fmd__ring_contents(int file, struct fmd__contents *contents)
{
    size_t size = size_of(file);
    uint8_t *bytes = size ? fmd__pages_new(size) : NULL;

    *contents = (struct fmd__contents){0};
    if (bytes && read_whole(file, bytes, size))
        take_ring(bytes, size, contents);
    fmd__pages_free(bytes, size);
}
