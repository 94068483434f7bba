/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where the ring file of this process lives: on tmpfs, with a symbolic link beside the
 * traces; else beside the traces itself; else nowhere (anonymous memory). The file is
 * locked (flock) for the life of the process: a ring file that can be locked was left
 * behind. Made once a process.
 */
#ifndef FMD_RING_HOME_H
#define FMD_RING_HOME_H

#include <limits.h>
#include <stddef.h>
#include <stdint.h>

struct fmd__ring_home {
    char file[PATH_MAX]; /* "" when in anonymous memory */
    char link[PATH_MAX]; /* "" when the file is itself beside the traces */
};

/* Makes a locked file with bytes of disk space under it, and the link to it.
 * ring_directory is tried first (NULL: none), then /dev/shm, then trace_directory. Its
 * descriptor, or -1 when it cannot be had anywhere. */
int fmd__ring_home_make(struct fmd__ring_home *home, const char *ring_directory,
                        const char *trace_directory, const char *stem, uint64_t bytes);
/* Removes both names. */
void fmd__ring_home_remove(struct fmd__ring_home *home);

#endif
