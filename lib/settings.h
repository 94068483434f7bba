/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The configuration as the recorder keeps it: checked, copied, with file, environment
 * and defaults filled in and paths made absolute (applications change directory). Made at
 * fmd_start(), inherited by forked children, never changed; what changes while running is
 * in levels.h.
 */
#ifndef FMD_SETTINGS_H
#define FMD_SETTINGS_H

#include "configuration.h"
#include "fmd-record.h"
#include "allowed_headers.h"
#include "wire/segment.h"

#include <limits.h>
#include <stdbool.h>

struct fmd__settings {
    char directory[PATH_MAX];
    char ring_directory[PATH_MAX]; /* "" for the usual places */
    char configuration[PATH_MAX];  /* the file; "" for none */
    char application[FMD__NAME_BYTES];
    char version[FMD__NAME_BYTES];
    char run[FMD__NAME_BYTES];
    struct fmd__header_list headers;
    int64_t numbers[FMD__KEY_COUNT];
    bool is_fixed[FMD__KEY_COUNT]; /* number set by the caller or the environment: the
                                      file cannot change it */
    uint32_t rings, slots;         /* slots of each ring, a power of two */
    uint64_t segment_bytes, total_bytes;
    uint64_t block_ns;
};

/* What was read to make them: for the levels. */
struct fmd__sources {
    struct fmd__configuration environment;
    struct fmd__configuration all; /* the file, and the environment over it */
};

/* 0, or -EINVAL for a field out of range, or what getcwd answered; a wrong file or
 * variable is told on stderr. Makes the trace directory (0700) if it is missing; a
 * negative errno when it cannot be written to. */
int fmd__settings_init(struct fmd__settings *settings, struct fmd__sources *sources,
                       const struct fmd_config *config);

#endif
