/* SPDX-License-Identifier: Apache-2.0 */
/* See leftover_rings.h. */
#define _GNU_SOURCE
#include "leftover_rings.h"

#include "descriptors.h"
#include "wire/ringlayout.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define PAGE_BYTES 4096u
#define STILLBORN_S 60

static bool is_zero(const char *page)
{
    return page[0] == 0 && memcmp(page, page + 1, PAGE_BYTES - 1) == 0;
}

static bool write_page(int to, const char *page, size_t size, off_t offset)
{
    while (size > 0) {
        ssize_t written = pwrite(to, page, size, offset);

        if (written <= 0)
            return false;
        page += written;
        size -= (size_t)written;
        offset += written;
    }
    return true;
}

/* Most pages of most rings were never used: they become holes. */
static bool copy_pages(int from, int to)
{
    char page[PAGE_BYTES] = {0};
    off_t offset = 0;
    ssize_t size;

    while ((size = pread(from, page, sizeof page, offset)) > 0) {
        if ((size_t)size < sizeof page)
            memset(page + size, 0, sizeof page - (size_t)size);
        if (!is_zero(page) && !write_page(to, page, (size_t)size, offset))
            return false;
        offset += size;
    }
    return size == 0 && ftruncate(to, offset) == 0;
}

/* Copies a ring file to path under another name first, so that a reader finds a link or a
 * whole file, never half of one. */
static bool move_beside_traces(int from, const char *path)
{
    char temporary[PATH_MAX];
    int to, length = snprintf(temporary, sizeof temporary, "%s.%d.tmp", path, getpid());
    bool copied;

    if (length < 0 || length >= (int)sizeof temporary)
        return false;
    to = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (to < 0)
        return false;
    copied = copy_pages(from, to);
    copied = close(to) == 0 && copied && rename(temporary, path) == 0;
    if (!copied)
        (void)unlink(temporary);
    return copied;
}

/* Is the open file at path ours, and does nobody live in it? Locks it then. */
static bool is_abandoned(int file, const char *path, struct stat *status)
{
    struct stat now;

    return fstat(file, status) == 0 && S_ISREG(status->st_mode) &&
           status->st_uid == geteuid() && flock(file, LOCK_EX | LOCK_NB) == 0 &&
           /* a sibling may have been faster, between our open and our lock */
           stat(path, &now) == 0 && now.st_ino == status->st_ino &&
           now.st_dev == status->st_dev;
}

static bool is_ring_file(int file)
{
    char magic[sizeof FMD__RING_MAGIC - 1];

    return pread(file, magic, sizeof magic, 0) == (ssize_t)sizeof magic &&
           memcmp(magic, FMD__RING_MAGIC, sizeof magic) == 0;
}

/* Killed before its file was one: that takes less than a millisecond, so an old file
 * without a magic number is nobody's work in progress. */
static bool is_stillborn(const struct stat *status)
{
    return time(NULL) > status->st_mtime + STILLBORN_S;
}

static void take_in(const char *link)
{
    char target[PATH_MAX];
    ssize_t length = readlink(link, target, sizeof target - 1);
    struct stat status;
    int file;

    if (length <= 0) /* no link: a ring file in its last place */
        return;
    target[length] = '\0';
    file = open(target, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
    if (file < 0 || fmd__descriptors_hold(FMD__DESCRIPTOR_LEFTOVER, file) != 0)
        return;
    if (is_abandoned(file, target, &status)) {
        if (is_ring_file(file)) {
            if (move_beside_traces(file, link))
                (void)unlink(target);
        } else if (is_stillborn(&status)) {
            (void)unlink(target);
            (void)unlink(link);
        }
    }
    fmd__descriptors_close(FMD__DESCRIPTOR_LEFTOVER);
}

void fmd__leftover_rings_take_in(const char *directory)
{
    DIR *entries = opendir(directory);
    struct dirent *entry;
    char path[PATH_MAX];

    if (!entries)
        return;
    while ((entry = readdir(entries))) { /* NOLINT(concurrency-mt-unsafe): own DIR */
        size_t length = strlen(entry->d_name);
        int used = snprintf(path, sizeof path, "%s/%s", directory, entry->d_name);

        if (length > 5 && strcmp(entry->d_name + length - 5, ".ring") == 0 && used > 0 &&
            used < (int)sizeof path)
            take_in(path);
    }
    (void)closedir(entries);
}
