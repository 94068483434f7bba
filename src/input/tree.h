/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * All files of the input, one after the other: of the paths in their order, of
 * directories by name, of archives in their own order, archives within archives too. What
 * is no file (devices, links to directories) is passed by. Nothing is read twice and
 * nothing is held but the way down to the current file.
 */
#ifndef INPUT_TREE_H
#define INPUT_TREE_H

#include "leaf.h"

struct err;
struct tree;

struct tree *tree_new(struct intake *intake, const char *const *paths, size_t path_count);
void tree_free(struct tree *tree);

/* The next file, or NULL at the end and after an error: a path that is not there or that
 * cannot be opened. */
struct leaf *tree_next(struct tree *tree, struct err *err);

/* Goes on inside the leaf, which is an archive. */
void tree_enter_take(struct tree *tree, struct leaf *leaf);

/* Size of all files together as they lie there, 0 when a pipe is among them. */
uint64_t tree_bytes(const char *const *paths, size_t path_count);

#endif
