/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a file is, by its first bytes; names are not looked at.
 */
#ifndef INPUT_RECOGNISE_H
#define INPUT_RECOGNISE_H

#include <stddef.h>
#include <stdint.h>

enum content {
    CONTENT_EMPTY,
    CONTENT_TRACE,
    CONTENT_RING,
    CONTENT_ARCHIVE, /* or compressed: libarchive's business */
    CONTENT_TABLE,   /* text whose first line may be a header */
    CONTENT_JSON_LINES,
    CONTENT_ACCESS_LOG,
    CONTENT_SUMMARY,  /* saved by --save-summary */
    CONTENT_DATABASE, /* SQLite */
    CONTENT_OTHER
};

/* size: as many bytes as there are, at least 64 kB where there are so many. */
enum content recognise(const uint8_t *bytes, size_t size);

#endif
