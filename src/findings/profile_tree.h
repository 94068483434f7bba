/* SPDX-License-Identifier: GPL-3.0-or-later */
/* An endpoint's call tree while samples are added to it, and its final order. */
#ifndef FINDINGS_PROFILE_TREE_H
#define FINDINGS_PROFILE_TREE_H

#include "profile.h"

#include "src/base/map.h"

/* One endpoint on its way: nodes in the order they were met. */
struct growing {
    struct profile_endpoint endpoint;
    struct map children; /* (parent, function) */
    struct map lines;    /* (node, line) */
    uint64_t *line_us;   /* by line's number */
    size_t line_room, node_room, version_room;
};

/* Where the samples of a cell go. */
struct profile_place {
    struct growing *growing; /* NULL: nowhere */
    size_t version;
};

/* Adds the nodes of all cells that have a place; no version may be added to their
 * endpoints after that. functions: numbers of functions, the same for all calls. */
void profile_tree_add(const struct beside *beside, const struct profile_place *places,
                      struct map *functions);
/* Totals, lines, and the order that profile.h promises. */
void profile_tree_finish(struct growing *growing);

#endif
