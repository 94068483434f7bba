/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The trace files of one process: segments <stem>-<number>.fmd in one directory, written
 * whole batches at a time, within the limit on what they take of the disk. Promises: what
 * was there is never overwritten; a batch is in the file whole or not at all, as far as
 * the file system lets us undo it; nothing is written into a file that is not ours any
 * more. Built for one batch a second, a few MB a minute. Single-threaded.
 */
#ifndef FMD_TRACE_FILES_H
#define FMD_TRACE_FILES_H

#include "disk_limit.h"

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct fmd__trace_files {
    const char *directory; /* borrowed */
    char stem[FMD__STEM_BYTES];
    bool is_open;    /* the segment; its descriptor: descriptors.h */
    uint64_t number; /* of the open or the next segment */
    uint64_t bytes;  /* in the open segment */
    struct fmd__disk_limit limit;
};

void fmd__trace_files_init(struct fmd__trace_files *files, const char *directory,
                           const char *stem, uint64_t total_bytes_limit);
/* Closes; files stay. */
void fmd__trace_files_release(struct fmd__trace_files *files);

/* Opens the next segment if none is open. 0 or a negative errno. */
int fmd__trace_files_open(struct fmd__trace_files *files);
/* Before so many bytes are appended: deletes the application's oldest files when the
 * limit asks for it. */
void fmd__trace_files_make_room(struct fmd__trace_files *files, size_t size);
/* Appends a batch to the open segment. 0; or a negative errno, and the segment is as
 * it was before, or closed when that could not be done. */
int fmd__trace_files_append(struct fmd__trace_files *files, const void *batch,
                            size_t size);
/* Closes the open segment; the next open begins another. */
void fmd__trace_files_close_segment(struct fmd__trace_files *files);

/* Is the open segment still there, with a name? */
bool fmd__trace_files_intact(const struct fmd__trace_files *files);

/* Path of segment number; as snprintf. */
int fmd__trace_files_path(const struct fmd__trace_files *files, uint64_t number,
                          char *path, size_t size);

#endif
