/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Whose requests they are: groups and addresses of some requests of a batch, all of one
 * version on one day. Hot, and what most of adding's time goes to: a version's counts by
 * group do not fit the second-level cache.
 */
#ifndef SUMMARY_ADDING_VALUES_H
#define SUMMARY_ADDING_VALUES_H

#include "source_map.h"

/* Which requests of a batch: places[0 .. count), and those of them with server errors. */
struct value_requests {
    const struct events *events;
    const uint16_t *places, *failed;
    unsigned count, failed_count;
    int32_t day;
    uint64_t min_ns, max_ns; /* at least the range of their durations */
};

/* version: index of the map's versions. */
void adding_values(struct source_map *map, size_t version,
                   const struct value_requests *requests);

#endif
