/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Which requests count. A summary that has a filter looks at every batch before anything
 * is added up or scanned, so all inputs and the second scan leave out the same requests.
 * Costs nothing where there is none; else names are matched once a source's number, and
 * columns are copied without what is left out.
 */
#ifndef SUMMARY_FILTER_H
#define SUMMARY_FILTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct events;
struct source_map;

enum { FILTER_GLOBS = 64, FILTER_STATUSES = 64 };

/* A name passes when one of the globs (fnmatch), or its exact self, is it; any name does
 * when there are none. Texts are borrowed. */
struct filter_globs {
    const char *globs[FILTER_GLOBS];
    size_t count;
};

/* Inclusive. */
struct filter_statuses {
    uint16_t low, high;
};

/* A request passes when it passes all that is asked. */
struct filter {
    struct filter_globs endpoints, versions, groups; /* no group: passes no glob */
    struct filter_statuses statuses[FILTER_STATUSES];
    size_t status_count;
    bool has_since, has_until;
    int64_t since_utc_ns, until_utc_ns; /* since <= start < until */
    bool nothing; /* passes: only summary_totals().seen_* are wanted */
};

/* Asks for anything at all. */
bool filter_is_set(const struct filter *filter);
/* Does a name pass? */
bool filter_passes(const struct filter_globs *globs, const char *name);

/* Does request i of events pass the filter of the map's summary, which has one? */
bool filter_passes_request(struct source_map *map, const struct events *events,
                           uint32_t i);

/* A batch without what is left out; made by the first one. */
struct filtered;
void filtered_free(struct filtered *filtered);

/* The requests of events (at most SOURCE_BATCH) that pass the filter of the map's
 * summary; the others are counted there. Valid until the next call. */
const struct events *filter_events(struct source_map *map, const struct events *events);

#endif
