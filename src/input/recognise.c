/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "recognise.h"

#include "lib/wire/block.h"
#include "lib/wire/ringlayout.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static bool starts(const uint8_t *bytes, size_t size, const char *with, size_t length)
{
    return size >= length && memcmp(bytes, with, length) == 0;
}

/* The checksum of a tar header, as every tar since 1979 has it: the sum of the header's
 * bytes with the checksum's own field read as spaces. */
static bool is_tar(const uint8_t *bytes, size_t size)
{
    enum { HEADER = 512, CHECKSUM = 148, CHECKSUM_BYTES = 8 };
    if (size < HEADER)
        return false;
    unsigned long sum = 0;
    for (size_t i = 0; i < HEADER; i++)
        sum += i >= CHECKSUM && i < CHECKSUM + CHECKSUM_BYTES ? ' ' : bytes[i];
    char field[CHECKSUM_BYTES + 1] = {0};
    memcpy(field, bytes + CHECKSUM, CHECKSUM_BYTES);
    char *end;
    unsigned long stored = strtoul(field, &end, 8);
    return end != field && stored == sum;
}

static bool is_packed(const uint8_t *bytes, size_t size)
{
    static const struct {
        const char *magic;
        size_t length;
    } known[] = {
        {"\x1f\x8b", 2},             /* gzip */
        {"\x28\xb5\x2f\xfd", 4},     /* zstd */
        {"\xfd\x37\x7a\x58\x5a", 5}, /* xz */
        {"BZh", 3},                  /* bzip2 */
        {"PK\x03\x04", 4},           /* zip */
        {"PK\x05\x06", 4},           /* zip without a file */
    };
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
        if (starts(bytes, size, known[i].magic, known[i].length))
            return true;
    return is_tar(bytes, size);
}

enum content recognise(const uint8_t *bytes, size_t size)
{
    struct fmd__block block;
    if (!size)
        return CONTENT_EMPTY;
    if (starts(bytes, size, FMD__RING_MAGIC, strlen(FMD__RING_MAGIC)))
        return CONTENT_RING;
    if (fmd__block_read(bytes, size, &block) != FMD__BLOCK_DAMAGED)
        return CONTENT_TRACE;
    if (is_packed(bytes, size))
        return CONTENT_ARCHIVE;
    /* a sync word anywhere: a trace whose beginning is damaged */
    return fmd__block_find_sync(bytes, size, 0) < size ? CONTENT_TRACE : CONTENT_OTHER;
}
