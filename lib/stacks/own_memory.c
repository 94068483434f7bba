/* SPDX-License-Identifier: Apache-2.0 */
/* See own_memory.h. The plain system calls: a sanitizer's wrappers would look at the
 * memory before the kernel does. */
#define _GNU_SOURCE
#include "own_memory.h"

#include <errno.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

/* Bytes copied, in order; < 0: -errno. */
static long read_by_kernel(const struct iovec *to, const struct iovec *from, int count)
{
    const long got = syscall(SYS_process_vm_readv, getpid(), to, (unsigned long)count,
                             from, (unsigned long)count, 0ul);

    return got < 0 ? -errno : got;
}

/* The same through a file in memory: written from there, read to here. An application
 * that closes all descriptors (to become a daemon) may have another file under the number
 * by now, which must not be written to. */
static bool still_ours(const struct fmd__own_memory *own)
{
    struct stat now;

    return fstat(own->file, &now) == 0 && now.st_ino == own->inode &&
           now.st_dev == own->device;
}

/* The same through a file in memory: written from there, read to here. */
static long read_by_file(const struct fmd__own_memory *own, const struct iovec *to,
                         const struct iovec *from, int count)
{
    const int file = own->file;

    if (!still_ours(own))
        return -EBADF;
    const long written = syscall(SYS_pwritev, file, from, (unsigned long)count, 0ul, 0ul);

    if (written <= 0)
        return written < 0 ? -errno : 0;
    /* more than was written may still be there from before: only `written` counts */
    const long got = syscall(SYS_preadv, file, to, (unsigned long)count, 0ul, 0ul);

    return got < 0 ? -errno : got < written ? got : written;
}

static int whole_pieces(const struct fmd__piece *pieces, int count, long bytes)
{
    int whole = 0;

    while (whole < count && bytes >= (long)pieces[whole].size)
        bytes -= (long)pieces[whole++].size;
    return whole;
}

int fmd__own_memory_read(void *context, const struct fmd__piece *pieces, int count)
{
    const struct fmd__own_memory *own = context;
    struct iovec to[FMD__PIECES_MAX], from[FMD__PIECES_MAX];

    if (count > FMD__PIECES_MAX)
        count = FMD__PIECES_MAX;
    for (int i = 0; i < count; i++) {
        to[i] = (struct iovec){pieces[i].to, pieces[i].size};
        from[i].iov_len = pieces[i].size;
        /* an address, never followed here */
        from[i].iov_base = (void *)pieces[i].from; // NOLINT(performance-no-int-to-ptr)
    }
    const long got = own->file < 0 ? read_by_kernel(to, from, count)
                                   : read_by_file(own, to, from, count);
    if (got < 0)
        return got == -EFAULT ? 0 : -ENOTSUP;
    return whole_pieces(pieces, count, got);
}

static bool works(struct fmd__own_memory *own)
{
    uintptr_t copy = 0;

    own->probe = (uintptr_t)own;
    return fmd__own_memory_read(
               own, &(struct fmd__piece){(uintptr_t)&own->probe, &copy, sizeof copy},
               1) == 1 &&
           copy == own->probe;
}

int fmd__own_memory_init(struct fmd__own_memory *own)
{
    own->file = -1;
    if (works(own))
        return 0;
    own->file = (int)syscall(SYS_memfd_create, "fmd-stacks", MFD_CLOEXEC);
    struct stat made;
    if (own->file >= 0 && fstat(own->file, &made) == 0) {
        own->inode = made.st_ino;
        own->device = made.st_dev;
        if (works(own))
            return 0;
    }
    fmd__own_memory_release(own);
    return -ENOTSUP;
}

void fmd__own_memory_release(struct fmd__own_memory *own)
{
    if (own->file >= 0 && still_ours(own))
        close(own->file);
    own->file = -1;
}
