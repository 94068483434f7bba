/* SPDX-License-Identifier: GPL-3.0-or-later */
#define _GNU_SOURCE
#include "trace_directory.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "src/base/err.h"

static bool ends_with(const char *name, const char *end)
{
    size_t length = strlen(name), end_length = strlen(end);
    return length > end_length && strcmp(name + length - end_length, end) == 0;
}

/* By name: traces, links to rings, rings, and rings that are being moved here. */
static bool is_ours(const char *name)
{
    return strcmp(name, ".") == 0 || strcmp(name, "..") == 0 || ends_with(name, ".fmd") ||
           ends_with(name, ".ring") ||
           (strstr(name, ".ring.") && ends_with(name, ".tmp"));
}

static int check_content(const char *path, struct err *err)
{
    DIR *entries = opendir(path);
    struct dirent *entry;
    int status = 0;
    if (!entries)
        return err_set(err, ERR_USAGE, "%s cannot be read: %s; name another with -o",
                       path, strerror(errno));
    while (status == 0 && (entry = readdir(entries))) /* NOLINT(concurrency-mt-unsafe) */
        if (!is_ours(entry->d_name))
            status = err_set(err, ERR_USAGE,
                             "%s holds something other than traces (%s); name a "
                             "directory for traces alone with -o",
                             path, entry->d_name);
    closedir(entries);
    return status;
}

int trace_directory_prepare(const char *path, char absolute[PATH_MAX], struct err *err)
{
    struct stat status;
    if (mkdir(path, 0700) != 0 && errno != EEXIST)
        return err_set(err, ERR_OUTPUT, "%s cannot be made: %s; name another with -o",
                       path, strerror(errno));
    if (stat(path, &status) != 0 || !realpath(path, absolute))
        return err_set(err, ERR_OUTPUT, "%s cannot be used: %s; name another with -o",
                       path, strerror(errno));
    if (!S_ISDIR(status.st_mode))
        return err_set(err, ERR_USAGE, "%s is no directory; name another with -o", path);
    if (access(path, W_OK | X_OK) != 0)
        return err_set(err, ERR_OUTPUT,
                       "%s cannot be written to: %s; name another with -o", path,
                       strerror(errno));
    return check_content(path, err);
}

static bool is_before(struct timespec a, struct timespec b)
{
    return a.tv_sec != b.tv_sec ? a.tv_sec < b.tv_sec : a.tv_nsec < b.tv_nsec;
}

size_t trace_directory_written(const char *path, struct timespec since)
{
    DIR *entries = opendir(path);
    struct dirent *entry;
    struct stat status;
    size_t count = 0;
    if (!entries)
        return 0;
    while ((entry = readdir(entries))) /* NOLINT(concurrency-mt-unsafe): own DIR */
        if (ends_with(entry->d_name, ".fmd") &&
            fstatat(dirfd(entries), entry->d_name, &status, 0) == 0)
            count += !is_before(status.st_mtim, since);
    closedir(entries);
    return count;
}
