/* SPDX-License-Identifier: Apache-2.0 */
/* See trace_files.h. Plain write(), no fsync: a power cut may lose the last seconds. */
#define _GNU_SOURCE
#include "trace_files.h"

#include "descriptors.h"
#include "pages.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void fmd__trace_files_init(struct fmd__trace_files *files, const char *directory,
                           const char *stem, uint64_t total_bytes_limit)
{
    memset(files, 0, sizeof *files);
    files->directory = directory;
    (void)snprintf(files->stem, sizeof files->stem, "%s", stem);
    files->total_bytes_limit = total_bytes_limit;
}

void fmd__trace_files_release(struct fmd__trace_files *files)
{
    fmd__trace_files_close_segment(files);
    fmd__pages_free(files->closed, files->closed_room * sizeof *files->closed);
    files->closed = NULL;
    files->closed_count = files->closed_room = 0;
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
    result = fmd__descriptors_hold(FMD__DESCRIPTOR_TRACE, file);
    files->bytes = files->requests = 0;
    files->is_open = result == 0;
    return result;
}

bool fmd__trace_files_intact(const struct fmd__trace_files *files)
{
    struct stat status;
    int file = files->is_open ? fmd__descriptors_get(FMD__DESCRIPTOR_TRACE) : -1;

    return file >= 0 && fstat(file, &status) == 0 && status.st_nlink > 0;
}

static bool remove_segment(const struct fmd__trace_files *files, uint64_t number)
{
    char path[PATH_MAX];
    int length = fmd__trace_files_path(files, number, path, sizeof path);

    return length > 0 && length < (int)sizeof path && unlink(path) == 0;
}

static bool remember_closed(struct fmd__trace_files *files)
{
    if (files->closed_count == files->closed_room) {
        uint32_t room = files->closed_room ? files->closed_room * 2 : 64;
        struct fmd__closed_segment *closed = fmd__pages_grow(
            files->closed, files->closed_room * sizeof *closed, room * sizeof *closed);

        if (!closed)
            return false;
        files->closed = closed;
        files->closed_room = room;
    }
    files->closed[files->closed_count++] =
        (struct fmd__closed_segment){files->number, files->bytes, files->requests};
    files->closed_bytes += files->bytes;
    return true;
}

void fmd__trace_files_close_segment(struct fmd__trace_files *files)
{
    if (!files->is_open)
        return;
    files->is_open = false;
    fmd__descriptors_close(FMD__DESCRIPTOR_TRACE);
    if (files->bytes == 0) { /* nothing was ever written to it */
        (void)remove_segment(files, files->number);
        return;
    }
    /* Without memory for its record a segment is never deleted by us; the next are. */
    (void)remember_closed(files);
    files->number++;
    files->bytes = files->requests = 0;
}

static void delete_oldest(struct fmd__trace_files *files)
{
    struct fmd__closed_segment oldest = files->closed[0];

    if (remove_segment(files, oldest.number)) {
        files->segments_deleted++;
        files->requests_deleted += oldest.requests;
    }
    files->closed_bytes -= oldest.bytes;
    files->closed_count--;
    memmove(files->closed, files->closed + 1,
            files->closed_count * sizeof *files->closed);
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

int fmd__trace_files_append(struct fmd__trace_files *files, const void *batch,
                            size_t size, uint32_t requests)
{
    int file = fmd__descriptors_get(FMD__DESCRIPTOR_TRACE), result;

    if (file < 0)
        return -EBADF;
    while (files->closed_count > 0 &&
           files->closed_bytes + files->bytes + size > files->total_bytes_limit)
        delete_oldest(files);
    result = write_all(file, batch, size);
    if (result == 0) {
        files->bytes += size;
        files->requests += requests;
        return 0;
    }
    /* A torn batch is skipped by readers, but better is none. */
    if (ftruncate(file, (off_t)files->bytes) != 0)
        fmd__trace_files_close_segment(files);
    return result;
}
