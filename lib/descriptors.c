/* SPDX-License-Identifier: Apache-2.0 */
/* See descriptors.h. A file is known by device and inode. */
#include "descriptors.h"

#include <errno.h>
#include <stdatomic.h>
#include <sys/stat.h>
#include <unistd.h>

/* file is set last and cleared first, so that a fork at any moment finds the rest of the
 * entry true. */
static struct {
    _Atomic int file_plus_one; /* 0: none */
    dev_t device;
    ino_t inode;
} held[FMD__DESCRIPTORS];

int fmd__descriptors_hold(enum fmd__descriptor which, int file)
{
    struct stat status;

    if (fstat(file, &status) != 0) {
        int why = errno;

        (void)close(file);
        return -why;
    }
    held[which].device = status.st_dev;
    held[which].inode = status.st_ino;
    atomic_store(&held[which].file_plus_one, file + 1);
    return 0;
}

static bool is_ours(enum fmd__descriptor which, int file)
{
    struct stat status;

    return file >= 0 && fstat(file, &status) == 0 &&
           status.st_dev == held[which].device && status.st_ino == held[which].inode;
}

int fmd__descriptors_get(enum fmd__descriptor which)
{
    int file = atomic_load(&held[which].file_plus_one) - 1;

    return is_ours(which, file) ? file : -1;
}

void fmd__descriptors_close(enum fmd__descriptor which)
{
    int file = atomic_exchange(&held[which].file_plus_one, 0) - 1;

    if (is_ours(which, file))
        (void)close(file);
}

void fmd__descriptors_close_copies(void)
{
    for (int which = 0; which < FMD__DESCRIPTORS; which++)
        fmd__descriptors_close((enum fmd__descriptor)which);
}
