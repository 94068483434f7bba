/* SPDX-License-Identifier: Apache-2.0 */
/* See ring_home.h. */
#define _GNU_SOURCE
#include "ring_home.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

/* The space is taken at once: a store into a hole of a full file system is a SIGBUS. The
 * lock waits for a sibling that may just be looking whether we are dead. */
static int make_file(const char *path, uint64_t bytes)
{
    int file = open(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);

    if (file < 0)
        return -1;
    if (flock(file, LOCK_EX) == 0 && posix_fallocate(file, 0, (off_t)bytes) == 0)
        return file;
    (void)unlink(path);
    (void)close(file);
    return -1;
}

static bool join(char path[PATH_MAX], const char *directory, const char *prefix,
                 const char *stem)
{
    int length = snprintf(path, PATH_MAX, "%s/%s%s.ring", directory, prefix, stem);

    return length > 0 && length < PATH_MAX;
}

/* The link comes first: a kill in between leaves a link to nothing, not megabytes that
 * nobody finds. Without a link we still record, a kill just loses more. */
static int make_linked(struct fmd__ring_home *home, const char *directory,
                       const char *stem, uint64_t bytes)
{
    int file;

    if (!join(home->file, directory, "fmd-", stem))
        return -1;
    if (home->link[0] && symlink(home->file, home->link) != 0)
        home->link[0] = '\0';
    file = make_file(home->file, bytes);
    if (file < 0 && home->link[0])
        (void)unlink(home->link);
    return file;
}

int fmd__ring_home_make(struct fmd__ring_home *home, const char *ring_directory,
                        const char *trace_directory, const char *stem, uint64_t bytes)
{
    int file = -1;

    if (!join(home->link, trace_directory, "", stem))
        home->link[0] = '\0';
    if (ring_directory)
        file = make_linked(home, ring_directory, stem, bytes);
    if (file < 0)
        file = make_linked(home, "/dev/shm", stem, bytes);
    if (file >= 0)
        return file;
    memcpy(home->file, home->link, sizeof home->file);
    home->link[0] = '\0';
    if (home->file[0])
        file = make_file(home->file, bytes);
    if (file < 0)
        home->file[0] = '\0';
    return file;
}

void fmd__ring_home_remove(struct fmd__ring_home *home)
{
    if (home->link[0])
        (void)unlink(home->link);
    if (home->file[0])
        (void)unlink(home->file);
    home->link[0] = home->file[0] = '\0';
}
