/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "from_directory.h"

#include "src/base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct directory {
    struct intake *intake;
    FTS *walk;
};

static int by_name(const FTSENT **left, const FTSENT **right)
{
    return strcmp((*left)->fts_name, (*right)->fts_name);
}

static FTS *walk_open(const char *path)
{
    char *copy = mem_text(path), *roots[] = {copy, NULL};
    FTS *walk = fts_open(roots, FTS_PHYSICAL | FTS_COMFOLLOW | FTS_NOCHDIR, by_name);
    int problem = errno;
    free(copy);
    errno = problem;
    return walk;
}

struct directory *directory_open(struct intake *intake, const char *path)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return NULL;
    close(fd);
    FTS *walk = walk_open(path);
    if (!walk)
        return NULL;
    struct directory *directory = mem_new(sizeof(*directory));
    *directory = (struct directory){intake, walk};
    return directory;
}

void directory_close(struct directory *directory)
{
    if (!directory)
        return;
    fts_close(directory->walk);
    free(directory);
}

static void note(struct directory *directory, const char *path, const char *format,
                 const char *detail)
{
    struct note_place place = {directory->intake->files, 0};
    char *name = notes_shown_name(path);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    notes_add(directory->intake->notes, INPUT_OTHER, place, path, 0, 0, format, name,
              detail);
#pragma GCC diagnostic pop
    free(name);
}

/* A file, or a link to one; anything else is none of ours. O_NONBLOCK: a pipe that took
 * the file's place since it was looked at must not hold us. */
static struct leaf *open_file(struct directory *directory, const char *path)
{
    struct stat status;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd >= 0 && fstat(fd, &status) == 0 && S_ISREG(status.st_mode))
        return leaf_of_fd(directory->intake, fd, path, path);
    if (fd < 0)
        note(directory, path, "%s cannot be read (%s) and was left out; check its mode",
             strerror(errno));
    else
        close(fd);
    return NULL;
}

static struct leaf *follow_link(struct directory *directory, const char *path)
{
    struct stat status;
    char target[PATH_MAX] = "?";
    ssize_t length = readlink(path, target, sizeof(target) - 1);
    if (length >= 0)
        target[length] = '\0';
    if (stat(path, &status) != 0)
        note(directory, path,
             "%s is a link to %s, which is not there; where that is a ring in memory, "
             "analyze on the machine that recorded, or pack with tar -h there",
             target);
    else if (S_ISDIR(status.st_mode))
        note(
            directory, path,
            "%s is a link to a directory and was not followed; name %s itself to read it",
            target);
    else if (S_ISREG(status.st_mode))
        return open_file(directory, path);
    return NULL;
}

struct leaf *directory_next(struct directory *directory)
{
    FTSENT *entry;
    while ((entry = fts_read(directory->walk))) {
        struct leaf *leaf = NULL;
        if (entry->fts_info == FTS_F)
            leaf = open_file(directory, entry->fts_path);
        else if (entry->fts_info == FTS_SL || entry->fts_info == FTS_SLNONE)
            leaf = follow_link(directory, entry->fts_path);
        else if (entry->fts_info == FTS_DNR || entry->fts_info == FTS_ERR ||
                 entry->fts_info == FTS_NS)
            note(directory, entry->fts_path,
                 "%s cannot be read (%s) and was left out; check its mode",
                 strerror(entry->fts_errno));
        if (leaf)
            return leaf;
    }
    return NULL;
}

uint64_t directory_bytes(const char *path)
{
    uint64_t bytes = 0;
    FTS *walk = walk_open(path);
    for (FTSENT *entry; walk && (entry = fts_read(walk));)
        if (entry->fts_info == FTS_F && S_ISREG(entry->fts_statp->st_mode))
            bytes += (uint64_t)entry->fts_statp->st_size;
    if (walk)
        fts_close(walk);
    return bytes;
}
