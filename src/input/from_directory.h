/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The files below a directory, by name. Links to files are followed (a trace directory
 * links to its rings), links to directories are not, so there are no loops; devices,
 * sockets and pipes are passed by. What cannot be read is noted.
 */
#ifndef INPUT_FROM_DIRECTORY_H
#define INPUT_FROM_DIRECTORY_H

#include "leaf.h"

struct directory;

/* NULL, and errno, when it cannot be opened. */
struct directory *directory_open(struct intake *intake, const char *path);
void directory_close(struct directory *directory);

/* The next file below it, or NULL at the end. */
struct leaf *directory_next(struct directory *directory);

/* Size of all regular files below path; path may be a file. */
uint64_t directory_bytes(const char *path);

#endif
