/* SPDX-License-Identifier: Apache-2.0 */
/* See trace_files.h. Plain write(), no fsync: a power cut may lose the last seconds. */
#define _GNU_SOURCE
#include "trace_files.h"

#include "descriptors.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

void fmd__trace_files_init(struct fmd__trace_files *files, const char *directory,
                           const char *stem, uint64_t total_bytes_limit)
{
    memset(files, 0, sizeof *files);
    files->directory = directory;
    (void)snprintf(files->stem, sizeof files->stem, "%s", stem);
    fmd__disk_limit_init(&files->limit, directory, files->stem, total_bytes_limit);
}

void fmd__trace_files_release(struct fmd__trace_files *files)
{
    fmd__trace_files_close_segment(files);
}

int fmd__trace_files_path(const struct fmd__trace_files *files, uint64_t number,
                          char *path, size_t size)
{
    return snprintf(path, size, "%s/%s-%06" PRIu64 ".fmd", files->directory, files->stem,
                    number);
}

int fmd__trace_files_open(struct fmd__trace_files *files)
{
    char path[PATH_MAX];
    int length, file, result;

    if (files->is_open)
        return 0;
    length = fmd__trace_files_path(files, files->number, path, sizeof path);
    if (length < 0 || length >= (int)sizeof path)
        return -ENAMETOOLONG;
    file =
        open(path, O_WRONLY | O_APPEND | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (file < 0) {
        result = -errno;
        if (result == -EEXIST)
            files->number++; /* not ours: leave it, the next try takes the next */
        return result;
    }
    (void)flock(file, LOCK_EX | LOCK_NB); /* so that no sibling deletes it */
    result = fmd__descriptors_hold(FMD__DESCRIPTOR_TRACE, file);
    files->bytes = 0;
    files->is_open = result == 0;
    return result;
}

bool fmd__trace_files_intact(const struct fmd__trace_files *files)
{
    struct stat status;
    int file = files->is_open ? fmd__descriptors_get(FMD__DESCRIPTOR_TRACE) : -1;

    return file >= 0 && fstat(file, &status) == 0 && status.st_nlink > 0;
}

static void remove_segment(const struct fmd__trace_files *files)
{
    char path[PATH_MAX];
    int length = fmd__trace_files_path(files, files->number, path, sizeof path);

    if (length > 0 && length < (int)sizeof path)
        (void)unlink(path);
}

void fmd__trace_files_close_segment(struct fmd__trace_files *files)
{
    if (!files->is_open)
        return;
    files->is_open = false;
    fmd__descriptors_close(FMD__DESCRIPTOR_TRACE);
    if (files->bytes == 0) { /* nothing was ever written to it */
        remove_segment(files);
        return;
    }
    files->number++;
    files->bytes = 0;
}

/* All of it, or a negative errno. */
static int write_all(int file, const char *bytes, size_t size)
{
    while (size > 0) {
        ssize_t written = write(file, bytes, size);

        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return -errno;
        if (written == 0)
            return -EIO;
        bytes += written;
        size -= (size_t)written;
    }
    return 0;
}

void fmd__trace_files_make_room(struct fmd__trace_files *files, size_t size)
{
    fmd__disk_limit_make_room(&files->limit, size, files->number, files->bytes == 0);
}

int fmd__trace_files_append(struct fmd__trace_files *files, const void *batch,
                            size_t size)
{
    int file = fmd__descriptors_get(FMD__DESCRIPTOR_TRACE), result;

    if (file < 0)
        return -EBADF;
    result = write_all(file, batch, size);
    if (result == 0) {
        files->bytes += size;
        return 0;
    }
    /* A torn batch is skipped by readers, but better is none. */
    if (ftruncate(file, (off_t)files->bytes) != 0)
        fmd__trace_files_close_segment(files);
    return result;
}
