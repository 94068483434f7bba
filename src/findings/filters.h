/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Filters as the user writes them, read into what the summary takes.
 *
 *   endpoint, version, group   a name or a glob (fnmatch): GET /cart*
 *   status                     404, 5xx, 200-299, or several: 404,5xx
 *   since, until               2026-11-23, 2026-11-23 14:00[:05], the same with T, in the
 *                              report's time zone or with Z or +02:00 behind it;
 *                              or 90s, 30m, 2h, 7d, 2w before the last request
 *
 * since is included, until is not, a day alone is its first moment: so days fit together.
 */
#ifndef FINDINGS_FILTERS_H
#define FINDINGS_FILTERS_H

#include "timezone.h"

#include "src/summary/filter.h"

struct err;

/* A moment, or how long before the last request. */
struct filter_moment {
    bool set, before_last;
    int64_t ns; /* UTC since 1970, or back */
};

/* As typed; borrowed by what is read from them. */
struct filter_texts {
    const char *const *items;
    size_t count;
};
struct filter_wishes {
    struct filter_texts endpoints, versions, groups, statuses;
    const char *since, *until; /* NULL: not asked */
};

struct filters {
    struct filter filter;
    struct filter_moment since, until;
};

/* 0; -1 with *err, a sentence that says what the option takes. */
int filters_read(struct filters *filters, const struct filter_wishes *wishes,
                 const struct zone *zone, struct err *err);
/* A time was given before the last request: it has to be found first. */
bool filters_need_last(const struct filters *filters);
/* Does that: last_utc_ns is the last request. -1 with *err when nothing can lie between
 * since and until. */
int filters_set_times(struct filters *filters, int64_t last_utc_ns, struct err *err);

/* What of a filter holds for an older version's recording too: all but times and
 * versions.
 */
struct filter filters_of_baseline(const struct filter *filter);

#endif
