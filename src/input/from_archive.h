/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Archives and compressed files, through libarchive: tar and zip, and a single file
 * behind gzip, zstd, xz or bzip2; from a file, a pipe or another archive. Entries come in
 * the archive's order; nothing is unpacked to disk. A cut or damaged archive gives what
 * lies before the damage and a note; one that unpacks to more than the limits allow is
 * left at that point with a note that names the option.
 */
#ifndef INPUT_FROM_ARCHIVE_H
#define INPUT_FROM_ARCHIVE_H

#include "leaf.h"

struct archived;

/* Takes the leaf, whose first bytes look like an archive. */
struct archived *archived_open_take(struct leaf *leaf);
void archived_close(struct archived *archived);

/* The next file in it, or NULL at the end. The one before must be freed. */
struct leaf *archived_next(struct archived *archived);

/* For leaf.c: bytes of the current entry. */
size_t archived_read(struct archived *archived, struct leaf *leaf, void *to, size_t size);

/* What the current entry is known by when the same file is given again; 0: not known. */
uint64_t archived_identity(const struct archived *archived);

const struct leaf *archived_leaf(const struct archived *archived);

#endif
