/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "recognise.h"

#include "access_log.h"
#include "csv.h"
#include "json_lines.h"

#include "lib/wire/block.h"
#include "lib/wire/ringlayout.h"

#include "src/summary/saving.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static const char DATABASE_MAGIC[16] = "SQLite format 3";

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

static enum content recognise_text(const char *text, size_t size)
{
    if (json_lines_recognise(text, size))
        return CONTENT_JSON_LINES;
    if (access_log_recognise(text, size))
        return CONTENT_ACCESS_LOG;
    return csv_recognise(text, size) ? CONTENT_TABLE : CONTENT_OTHER;
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
    if (starts(bytes, size, SAVED_MAGIC, SAVED_MAGIC_BYTES))
        return CONTENT_SUMMARY;
    if (starts(bytes, size, DATABASE_MAGIC, sizeof(DATABASE_MAGIC)))
        return CONTENT_DATABASE;
    /* a sync word anywhere: a trace whose beginning is damaged */
    if (fmd__block_find_sync(bytes, size, 0) < size)
        return CONTENT_TRACE;
    return recognise_text((const char *)bytes, size);
}
