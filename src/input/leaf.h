/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One file that is being read, wherever it lies: on disk, in a pipe, in an archive. A
 * leaf gives bytes in order, lets its first ones be looked at before, and knows what to
 * call itself. Built for reads of 64 kB to 1 MB.
 */
#ifndef INPUT_LEAF_H
#define INPUT_LEAF_H

#include "input_notes.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* What every place of the input needs to tell about itself. One a reader. All but
 * bytes_done and notes is for the one thread that walks the tree at the time. */
struct intake {
    const struct input_options *options;
    struct notes *notes;
    uint64_t files;              /* met so far: the place of the next one */
    uint64_t traces;             /* and rings, recognised so far */
    _Atomic uint64_t bytes_done; /* of the files as they lie there (packed) */
    bool cancelled;              /* an error was set: stop */
};

enum { LEAF_PEEK_BYTES = 1 << 16 };

struct leaf {
    struct intake *intake;
    char *name;        /* as the user would name it: traces.tar.gz/web-1/a.fmd */
    char *path;        /* where it can be opened again; NULL in a pipe or archive */
    uint64_t place;    /* in the order of the input */
    uint64_t bytes;    /* of a file that can be opened again */
    uint64_t identity; /* the same bytes of the same file again; 0: not known */
    bool named;        /* by the user: it must be readable and a trace */
    bool broken;       /* reading failed, and the note is made */
    int fd;            /* -1 in an archive */
    bool has_mtime;    /* set by the clock of who wrote it */
    int64_t mtime_utc_ns;
    struct archived *archived; /* the archive it lies in, or NULL */
    uint8_t *peek;             /* bytes read ahead; LEAF_PEEK_BYTES of room */
    size_t peeked, peek_at;    /* [peek_at, peeked) are still to be given */
};

/* Over an open file; owns fd, copies the strings. */
struct leaf *leaf_of_fd(struct intake *intake, int fd, const char *name,
                        const char *path);
/* Over the current entry of an archive. */
struct leaf *leaf_of_entry(struct intake *intake, struct archived *archived,
                           const char *name);
void leaf_free(struct leaf *leaf);

/* Reads up to size bytes, fewer only at the end. 0 at the end, and after a failure, which
 * makes a note and sets broken. */
size_t leaf_read(struct leaf *leaf, void *to, size_t size);
/* The first bytes, without taking them: up to LEAF_PEEK_BYTES. */
size_t leaf_peek(struct leaf *leaf, const uint8_t **bytes);
/* Moves to offset of a file on disk that is read through fd; -1 where that cannot be. */
int64_t leaf_seek(struct leaf *leaf, int64_t offset, int whence);

#endif
