/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The saved form inside its frame, which the fuzz target drives: canonical, so what loads
 * saves to the same bytes. SAVED.md is the specification.
 */
#ifndef SUMMARY_SAVING_H
#define SUMMARY_SAVING_H

#include <stddef.h>

#include "src/base/str.h"
#include "summary.h"

/* The frame: magic, format version and payload length and hash (8 bytes each, little
 * endian), then the payload as one zstd frame. */
#define SAVED_MAGIC "\x89summary"
enum {
    SAVED_MAGIC_BYTES = 8,
    SAVED_FORMAT = 4, /* most numbers are coded, too; histograms of all values */
    SAVED_FORMAT_FEW_HISTOGRAMS = 3, /* up to here of 256 groups a version */
    SAVED_FORMAT_ONE_STREAM = 2,     /* up to here histograms are among the numbers */
    SAVED_HEADER_BYTES = 32
};
/* Tags of parts. */
enum { SAVED_BESIDE = 1, SAVED_ANSWERS = 2 };
/* Longer payloads are not read: 10,000 endpoints need a tenth. */
#define SAVED_PAYLOAD_MAX (UINT64_C(1) << 32)

void summary_pack(const struct summary *summary, struct str *payload);
/* NULL when the payload is wrong anywhere. */
struct summary *summary_unpack(const void *payload, size_t size);

#endif
