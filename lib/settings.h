/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The configuration as the recorder keeps it: checked, copied, with defaults and
 * environment filled in and paths made absolute (applications change directory). Made at
 * fmd_start(), inherited by forked children, never changed.
 */
#ifndef FMD_SETTINGS_H
#define FMD_SETTINGS_H

#include "fmd-record.h"
#include "wire/segment.h"

#include <limits.h>

struct fmd__settings {
    char directory[PATH_MAX];
    char ring_directory[PATH_MAX]; /* "" for the usual places */
    char application[FMD__NAME_BYTES];
    char version[FMD__NAME_BYTES];
    char run[FMD__NAME_BYTES];
    int level;
    uint32_t rings, slots; /* slots of each ring, a power of two */
    uint64_t segment_bytes, total_bytes;
    uint64_t block_ns;
};

/* 0, or -EINVAL for a field out of range, or what getcwd answered. Makes the trace
 * directory (0700) if it is missing; a negative errno when it cannot be written to. */
int fmd__settings_init(struct fmd__settings *settings, const struct fmd_config *config);

#endif
