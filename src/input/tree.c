/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tree.h"

#include "from_archive.h"
#include "from_directory.h"

#include "src/base/err.h"
#include "src/base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { DEPTH_MAX = 3 }; /* archives within one another */

/* The way down: a path, below it perhaps a directory, below that archives. */
struct tree {
    struct intake *intake;
    const char *const *paths;
    size_t path_count, next_path;
    struct directory *directory; /* or NULL */
    struct archived *archives[DEPTH_MAX];
    size_t depth;
    uint64_t traces_before, files_before; /* the current path */
};

struct tree *tree_new(struct intake *intake, const char *const *paths, size_t path_count)
{
    struct tree *tree = mem_new(sizeof(*tree));
    tree->intake = intake;
    tree->paths = paths;
    tree->path_count = path_count;
    return tree;
}

void tree_free(struct tree *tree)
{
    if (!tree)
        return;
    while (tree->depth)
        archived_close(tree->archives[--tree->depth]);
    directory_close(tree->directory);
    free(tree);
}

/* A path that gave neither a trace nor a word about why is a mistake of who named it. */
static int check_path(struct tree *tree, struct err *err)
{
    if (!tree->next_path || tree->intake->traces > tree->traces_before ||
        notes_from(tree->intake->notes, tree->files_before, NULL))
        return 0;
    const char *path = tree->paths[tree->next_path - 1];
    char *name = notes_shown_name(strcmp(path, "-") ? path : "standard input");
    uint64_t files = tree->intake->files - tree->files_before;
    tree->intake->cancelled = true;
    err_set(err, ERR_INPUT,
            "%s holds no traces (%llu file%s looked at); name the directory that the "
            "recorder writes to, or an archive of it",
            name, (unsigned long long)files, files == 1 ? " was" : "s were");
    free(name);
    return -1;
}

static struct leaf *open_stdin(struct tree *tree, struct err *err)
{
    int fd = isatty(STDIN_FILENO) ? -1 : fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
    if (fd < 0) {
        tree->intake->cancelled = true;
        err_set(err, ERR_INPUT,
                "standard input is a terminal or closed; pipe a trace or an archive into "
                "it, as in: ssh web-1 tar c traces | fmd-analyze -");
        return NULL;
    }
    return leaf_of_fd(tree->intake, fd, "standard input", NULL);
}

/* A file or pipe that the user named, or a directory: then NULL and tree->directory. */
static struct leaf *open_path(struct tree *tree, const char *path, struct err *err)
{
    struct stat status;
    int fd = -1;
    if (stat(path, &status) == 0 && S_ISDIR(status.st_mode)) {
        tree->directory = directory_open(tree->intake, path);
        if (tree->directory)
            return NULL;
    } else {
        fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    }
    if (fd < 0) {
        int problem = errno;
        char *name = notes_shown_name(path);
        tree->intake->cancelled = true;
        err_set(err, ERR_INPUT, "%s cannot be opened (%s); check the path and its mode",
                name, strerror(problem));
        free(name);
        return NULL;
    }
    return leaf_of_fd(tree->intake, fd, path, path);
}

/* Begins the next path; NULL also when it is a directory, whose files come next. */
static struct leaf *next_path(struct tree *tree, struct err *err)
{
    const char *path = tree->paths[tree->next_path++];
    tree->traces_before = tree->intake->traces;
    tree->files_before = tree->intake->files;
    struct leaf *leaf =
        strcmp(path, "-") ? open_path(tree, path, err) : open_stdin(tree, err);
    if (leaf)
        leaf->named = true;
    return leaf;
}

struct leaf *tree_next(struct tree *tree, struct err *err)
{
    struct leaf *leaf = NULL;
    while (!leaf && !tree->intake->cancelled) {
        if (tree->depth) {
            leaf = archived_next(tree->archives[tree->depth - 1]);
            if (!leaf)
                archived_close(tree->archives[--tree->depth]);
        } else if (tree->directory) {
            leaf = directory_next(tree->directory);
            if (!leaf) {
                directory_close(tree->directory);
                tree->directory = NULL;
            }
        } else if (check_path(tree, err) != 0 || tree->next_path == tree->path_count) {
            return NULL;
        } else {
            leaf = next_path(tree, err);
        }
    }
    return leaf;
}

void tree_enter_take(struct tree *tree, struct leaf *leaf)
{
    if (tree->depth == DEPTH_MAX) {
        char *name = notes_shown_name(leaf->name);
        notes_add(
            tree->intake->notes, INPUT_OTHER, (struct note_place){leaf->place, 0},
            leaf->name, 0, 0,
            "%s lies %d archives deep and was not opened; unpack the outer ones first",
            name, DEPTH_MAX);
        free(name);
        leaf_free(leaf);
        return;
    }
    tree->archives[tree->depth++] = archived_open_take(leaf);
}

uint64_t tree_bytes(const char *const *paths, size_t path_count)
{
    uint64_t bytes = 0;
    for (size_t i = 0; i < path_count; i++) {
        struct stat status;
        if (strcmp(paths[i], "-") == 0 || stat(paths[i], &status) != 0 ||
            (!S_ISDIR(status.st_mode) && !S_ISREG(status.st_mode)))
            return 0;
        bytes += directory_bytes(paths[i]);
    }
    return bytes;
}
