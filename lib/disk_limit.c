/* SPDX-License-Identifier: Apache-2.0 */
/* See disk_limit.h. Files are known by their names (FORMAT.md, Files). */
#define _GNU_SOURCE
#include "disk_limit.h"

#include "clocks.h"
#include "descriptors.h"
#include "file_contents.h"
#include "pages.h"

#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define SECOND UINT64_C(1000000000)
#define LOOK_NS (10 * SECOND)
#define RETRY_NS SECOND
#define LOOK_SHARE 100 /* looking takes one part in so many of the time, at most */
#define FIRST_ROOM 64u
#define DELETIONS 256   /* at one look: the writer has other work */
#define RING UINT64_MAX /* the number of a ring, which comes after all segments */

/* One file of the application. */
struct found {
    int64_t changed_ns; /* on the file system's clock */
    uint64_t bytes, number;
    uint32_t pid, id;
    bool can_go; /* false: a link to a ring that is elsewhere */
    bool is_gone;
};

struct finds {
    struct found *files;
    size_t count, room;
    uint64_t bytes;
};

void fmd__disk_limit_init(struct fmd__disk_limit *limit, const char *directory,
                          const char *stem, uint64_t limit_bytes)
{
    memset(limit, 0, sizeof *limit);
    limit->directory = directory;
    limit->limit_bytes = limit_bytes;
    (void)snprintf(limit->stem, sizeof limit->stem, "%s", stem);
}

/* --- names ------------------------------------------------------------------------- */

/* Bytes of the stem's part that names the application, the '-' behind it included. */
static size_t application_bytes(const char *stem)
{
    return strcspn(stem, "-") + 1;
}

static int name_of(const struct fmd__disk_limit *limit, const struct found *found,
                   char name[NAME_MAX])
{
    int application = (int)application_bytes(limit->stem);

    if (found->number == RING)
        return snprintf(name, NAME_MAX, "%.*s%" PRIu32 "-%08" PRIx32 ".ring", application,
                        limit->stem, found->pid, found->id);
    return snprintf(name, NAME_MAX, "%.*s%" PRIu32 "-%08" PRIx32 "-%06" PRIu64 ".fmd",
                    application, limit->stem, found->pid, found->id, found->number);
}

static bool begins_with(const char *text, const char *stem, size_t bytes)
{
    return strncmp(text, stem, bytes) == 0;
}

/* Is it a file of this application? It is when the name made of its parts is the same. */
static bool parse_name(const struct fmd__disk_limit *limit, const char *name,
                       struct found *found)
{
    size_t application = application_bytes(limit->stem);
    char again[NAME_MAX], *end;

    if (!begins_with(name, limit->stem, application))
        return false;
    found->pid = (uint32_t)strtoul(name + application, &end, 10);
    found->id = *end == '-' ? (uint32_t)strtoul(end + 1, &end, 16) : 0;
    found->number = *end == '-' ? strtoull(end + 1, NULL, 10) : RING;
    return name_of(limit, found, again) < NAME_MAX && strcmp(name, again) == 0;
}

static bool is_own(const struct fmd__disk_limit *limit, const struct found *found)
{
    size_t length = strlen(limit->stem);
    char name[NAME_MAX];

    (void)name_of(limit, found, name);
    return begins_with(name, limit->stem, length) &&
           (name[length] == '-' || name[length] == '.');
}

/* --- looking ------------------------------------------------------------------------ */

static bool add(struct finds *finds, const struct found *found)
{
    const size_t size = sizeof *found;

    if (finds->count == finds->room) {
        size_t room = finds->room ? finds->room * 2 : FIRST_ROOM;
        struct found *files =
            fmd__pages_grow(finds->files, finds->room * size, room * size);

        if (!files)
            return false;
        finds->files = files;
        finds->room = room;
    }
    finds->files[finds->count++] = *found;
    finds->bytes += found->bytes;
    return true;
}

/* What a file takes: of a ring, which is mostly holes, its blocks. */
static uint64_t bytes_of(const struct stat *status, bool is_ring)
{
    return is_ring ? (uint64_t)status->st_blocks * 512 : (uint64_t)status->st_size;
}

/* A link stays on the list, though it cannot go: its stream is not at its end. */
static bool look_at(const struct fmd__disk_limit *limit, int directory, const char *name,
                    struct finds *finds)
{
    struct found found = {0};
    struct stat status;

    if (!parse_name(limit, name, &found) ||
        fstatat(directory, name, &status, AT_SYMLINK_NOFOLLOW) != 0 ||
        status.st_uid != geteuid())
        return true;
    found.can_go = S_ISREG(status.st_mode);
    found.bytes = found.can_go ? bytes_of(&status, found.number == RING) : 0;
    found.changed_ns = status.st_mtim.tv_sec * (int64_t)SECOND + status.st_mtim.tv_nsec;
    return add(finds, &found);
}

/* false: the directory cannot be read, or memory is short. */
static bool look_through(const struct fmd__disk_limit *limit, struct finds *finds)
{
    DIR *entries = opendir(limit->directory);
    struct dirent *entry;
    bool done = entries != NULL;

    *finds = (struct finds){0};
    while (done && (entry = readdir(entries))) /* NOLINT(concurrency-mt-unsafe): own */
        done = look_at(limit, dirfd(entries), entry->d_name, finds);
    if (entries)
        (void)closedir(entries);
    return done;
}

static void release(struct finds *finds)
{
    fmd__pages_free(finds->files, finds->room * sizeof *finds->files);
}

/* Files of one tick of the file system's clock: a stream's in their order. */
static int by_age(const void *left, const void *right)
{
    const struct found *a = left, *b = right;

    if (a->changed_ns != b->changed_ns)
        return a->changed_ns < b->changed_ns ? -1 : 1;
    return (a->number > b->number) - (a->number < b->number);
}

/* --- deleting ----------------------------------------------------------------------- */

/* Its process may have removed its ring since the directory was looked through. */
static bool is_there(const struct fmd__disk_limit *limit, const struct found *found)
{
    char path[PATH_MAX], name[NAME_MAX];
    struct stat status;

    (void)name_of(limit, found, name);
    (void)snprintf(path, sizeof path, "%s/%s", limit->directory, name);
    return !found->is_gone && lstat(path, &status) == 0;
}

/* Is the file another one's whose last it is? The counts in it go with it. */
static bool is_last_of_stream(const struct fmd__disk_limit *limit,
                              const struct finds *finds, const struct found *found)
{
    for (size_t i = 0; i < finds->count; i++) {
        const struct found *other = &finds->files[i];

        if (other != found && other->pid == found->pid && other->id == found->id &&
            is_there(limit, other))
            return false;
    }
    return true;
}

static void count_deleted(struct fmd__disk_limit *limit, const struct finds *finds,
                          const struct found *found, const struct fmd__contents *contents)
{
    const struct fmd__stats *stats = &contents->stats;

    if (is_own(limit, found)) {
        limit->segments_deleted++;
        limit->requests_deleted += contents->requests;
        return;
    }
    limit->others_segments_deleted++;
    limit->others_requests_deleted += contents->requests;
    if (!is_last_of_stream(limit, finds, found))
        return;
    limit->others_segments_deleted +=
        stats->segments_deleted + stats->others_segments_deleted;
    limit->others_requests_deleted +=
        stats->requests_deleted + stats->others_requests_deleted;
}

/* Nobody writes it and nobody has deleted it before us. (Ours that are closed need no
 * lock, which not every file system has.) */
static bool is_given_up(int file, bool is_ours)
{
    struct stat status;

    return (is_ours || flock(file, LOCK_EX | LOCK_NB) == 0) &&
           fstat(file, &status) == 0 && status.st_nlink > 0;
}

static bool delete (struct fmd__disk_limit *limit, const struct finds *finds,
                    const struct found *found)
{
    char path[PATH_MAX], name[NAME_MAX];
    struct fmd__contents contents;
    bool deleted = false;
    int file, length;

    (void)name_of(limit, found, name);
    length = snprintf(path, sizeof path, "%s/%s", limit->directory, name);
    if (length < 0 || length >= (int)sizeof path)
        return false;
    file = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (file < 0 || fmd__descriptors_hold(FMD__DESCRIPTOR_LEFTOVER, file) != 0)
        return false;
    if (is_given_up(file, is_own(limit, found))) {
        if (found->number == RING)
            fmd__ring_contents(file, &contents);
        else
            fmd__trace_contents(file, &contents);
        deleted = unlink(path) == 0;
    }
    fmd__descriptors_close(FMD__DESCRIPTOR_LEFTOVER);
    if (deleted)
        count_deleted(limit, finds, found, &contents);
    return deleted;
}

/* The oldest first, until no more than so many bytes are left. */
static void delete_down_to(struct fmd__disk_limit *limit, struct finds *finds,
                           uint64_t bytes, uint64_t open_number)
{
    int deleted = 0;

    if (finds->files)
        qsort(finds->files, finds->count, sizeof *finds->files, by_age);
    for (size_t i = 0; i < finds->count && finds->bytes > bytes && deleted < DELETIONS;
         i++) {
        struct found *found = &finds->files[i];

        if (!found->can_go || (found->number == open_number && is_own(limit, found)) ||
            !delete (limit, finds, found))
            continue;
        found->is_gone = true;
        finds->bytes -= found->bytes;
        deleted++;
    }
}

void fmd__disk_limit_make_room(struct fmd__disk_limit *limit, uint64_t size,
                               uint64_t open_number, bool is_new)
{
    uint64_t now = fmd__now_ns(), took;
    bool is_over = limit->taken_bytes + size > limit->limit_bytes;
    struct finds finds;

    limit->taken_bytes += size;
    if (now < limit->retry_ns || !(is_over || is_new || now >= limit->next_look_ns))
        return;
    if (look_through(limit, &finds)) {
        uint64_t wanted = limit->limit_bytes - limit->limit_bytes / 16;

        if (finds.bytes + size > limit->limit_bytes)
            delete_down_to(limit, &finds, wanted > size ? wanted - size : 0, open_number);
        limit->taken_bytes = finds.bytes + size;
    }
    release(&finds);
    took = fmd__now_ns() - now;
    limit->next_look_ns = now + took + LOOK_NS + took * LOOK_SHARE;
    limit->retry_ns = limit->taken_bytes > limit->limit_bytes
                          ? now + took + RETRY_NS + took * LOOK_SHARE
                          : 0;
}
