/* SPDX-License-Identifier: Apache-2.0 */
/* See ring_home.h. */
#define _GNU_SOURCE
#include "ring_home.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

/* The space is taken at once: a store into a hole of a full file system is a SIGBUS. */
static int make_in(const char *directory, const char *prefix, const char *stem,
                   uint64_t bytes, char path[PATH_MAX])
{
    int length = snprintf(path, PATH_MAX, "%s/%s%s.ring", directory, prefix, stem), file;

    if (length < 0 || length >= PATH_MAX)
        goto no_file;
    file = open(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (file < 0)
        goto no_file;
    if (flock(file, LOCK_EX | LOCK_NB) == 0 &&
        posix_fallocate(file, 0, (off_t)bytes) == 0)
        return file;
    (void)unlink(path);
    (void)close(file);
no_file:
    path[0] = '\0';
    return -1;
}

int fmd__ring_home_make(struct fmd__ring_home *home, const char *ring_directory,
                        const char *trace_directory, const char *stem, uint64_t bytes)
{
    int file = -1, length;

    home->link[0] = '\0';
    if (ring_directory)
        file = make_in(ring_directory, "fmd-", stem, bytes, home->file);
    if (file < 0)
        file = make_in("/dev/shm", "fmd-", stem, bytes, home->file);
    if (file < 0)
        return make_in(trace_directory, "", stem, bytes, home->file);
    length = snprintf(home->link, sizeof home->link, "%s/%s.ring", trace_directory, stem);
    if (length < 0 || length >= (int)sizeof home->link)
        home->link[0] = '\0';
    return file;
}

void fmd__ring_home_publish(const struct fmd__ring_home *home)
{
    /* Without the link a killed process loses what was in its rings, no more. */
    if (home->link[0] && symlink(home->file, home->link) != 0)
        return;
}

void fmd__ring_home_remove(struct fmd__ring_home *home)
{
    if (home->link[0])
        (void)unlink(home->link);
    if (home->file[0])
        (void)unlink(home->file);
    home->link[0] = home->file[0] = '\0';
}
