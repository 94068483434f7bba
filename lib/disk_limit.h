/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The limit on what one application's traces take of a directory: those of this process,
 * of its living siblings and of dead ones, and rings that were left behind. Beyond it the
 * oldest files go, whoever wrote them; never one that a living process still writes (it
 * is locked), nor one of another user. What goes is counted.
 *
 * Looks through the directory when a segment is begun, every ten seconds of writing, and
 * when what it has seen and written since passes the limit: some 2 us a file, and room is
 * then made for a sixteenth of the limit at once. Siblings each keep to the limit without
 * knowing of each other, so that for moments it is passed by what they write between two
 * looks. Single-threaded.
 */
#ifndef FMD_DISK_LIMIT_H
#define FMD_DISK_LIMIT_H

#include "wire/segment.h"

#include <stdbool.h>
#include <stdint.h>

struct fmd__disk_limit {
    const char *directory; /* borrowed */
    char stem[FMD__STEM_BYTES];
    uint64_t limit_bytes;
    uint64_t taken_bytes; /* at the last look, and what was written since */
    uint64_t next_look_ns, retry_ns;
    /* counts since init */
    uint64_t segments_deleted, requests_deleted; /* of this process */
    uint64_t others_segments_deleted, others_requests_deleted;
};

/* stem: of this process's files. */
void fmd__disk_limit_init(struct fmd__disk_limit *limit, const char *directory,
                          const char *stem, uint64_t limit_bytes);
/* Before size bytes are written into this process's open segment, which has that number;
 * is_new: it was just begun. Deletes what has to go for them. */
void fmd__disk_limit_make_room(struct fmd__disk_limit *limit, uint64_t size,
                               uint64_t open_number, bool is_new);

#endif
