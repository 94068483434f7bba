/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "leaf.h"

#include "from_archive.h"

#include "src/base/map.h"
#include "src/base/mem.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static struct leaf *leaf_new(struct intake *intake, const char *name)
{
    struct leaf *leaf = mem_new(sizeof(*leaf));
    leaf->intake = intake;
    leaf->name = mem_text(name);
    leaf->place = intake->files++;
    leaf->fd = -1;
    return leaf;
}

struct leaf *leaf_of_fd(struct intake *intake, int fd, const char *name, const char *path)
{
    struct leaf *leaf = leaf_new(intake, name);
    struct stat status;
    leaf->fd = fd;
    if (fstat(fd, &status) == 0 && S_ISREG(status.st_mode)) {
        uint64_t who[2] = {status.st_dev, status.st_ino};
        leaf->identity = map_hash(who, sizeof(who)) | 1;
    }
    if (path && fstat(fd, &status) == 0 && S_ISREG(status.st_mode)) {
        leaf->path = mem_text(path);
        leaf->bytes = (uint64_t)status.st_size;
        leaf->has_mtime = true;
        leaf->mtime_utc_ns =
            (int64_t)status.st_mtim.tv_sec * 1000000000 + status.st_mtim.tv_nsec;
    }
    return leaf;
}

struct leaf *leaf_of_entry(struct intake *intake, struct archived *archived,
                           const char *name)
{
    struct leaf *leaf = leaf_new(intake, name);
    leaf->archived = archived;
    leaf->identity = archived_identity(archived);
    return leaf;
}

void leaf_free(struct leaf *leaf)
{
    if (!leaf)
        return;
    if (leaf->fd >= 0)
        close(leaf->fd);
    free(leaf->peek);
    free(leaf->name);
    free(leaf->path);
    free(leaf);
}

static size_t read_fd(struct leaf *leaf, uint8_t *to, size_t size)
{
    size_t got = 0;
    while (got < size) {
        ssize_t n = read(leaf->fd, to + got, size - got);
        if (n == 0)
            break;
        if (n > 0) {
            got += (size_t)n;
        } else if (errno != EINTR) {
            leaf->broken = true;
            notes_add(leaf->intake->notes, INPUT_DAMAGE,
                      (struct note_place){leaf->place, 0}, leaf->name, 0, 0,
                      "%s cannot be read to its end (%s); what came before is counted",
                      leaf->name, strerror(errno));
            break;
        }
    }
    leaf->intake->bytes_done += got;
    return got;
}

static size_t read_on(struct leaf *leaf, uint8_t *to, size_t size)
{
    if (leaf->broken)
        return 0;
    return leaf->archived ? archived_read(leaf->archived, leaf, to, size)
                          : read_fd(leaf, to, size);
}

size_t leaf_read(struct leaf *leaf, void *to, size_t size)
{
    size_t ready = leaf->peeked - leaf->peek_at;
    size_t got = ready < size ? ready : size;
    if (got)
        memcpy(to, leaf->peek + leaf->peek_at, got);
    leaf->peek_at += got;
    return got < size ? got + read_on(leaf, (uint8_t *)to + got, size - got) : got;
}

size_t leaf_peek(struct leaf *leaf, const uint8_t **bytes)
{
    if (!leaf->peek) {
        leaf->peek = mem_new(LEAF_PEEK_BYTES);
        leaf->peeked = read_on(leaf, leaf->peek, LEAF_PEEK_BYTES);
    }
    *bytes = leaf->peek;
    return leaf->peeked;
}

int64_t leaf_seek(struct leaf *leaf, int64_t offset, int whence)
{
    if (!leaf->path || leaf->fd < 0)
        return -1;
    if (whence == SEEK_CUR)
        offset -= (int64_t)(leaf->peeked - leaf->peek_at);
    int64_t at = lseek(leaf->fd, offset, whence);
    if (at >= 0)
        leaf->peek_at = leaf->peeked = 0;
    return at;
}
