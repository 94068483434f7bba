/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What is called when: requests of each endpoint and each version over time, as plain
 * arrays of equal length, and endpoints that nobody calls any more. Pure. Workload: 200
 * endpoints × 10 versions over ten years.
 */
#ifndef FINDINGS_ACTIVITY_H
#define FINDINGS_ACTIVITY_H

#include "distribution.h"
#include "timezone.h"
#include "usage.h"

/* Up to 8 days by the hour, up to 400 by the day, else by 7 days. */
enum activity_unit { ACTIVITY_HOUR, ACTIVITY_DAY, ACTIVITY_WEEK };
extern const char *const activity_unit_names[];

/* period_count of each. */
struct activity_series {
    uint64_t *requests, *errors; /* errors: status >= 500, or an exception */
};

/* An endpoint that was called, and then no more. */
struct activity_silence {
    size_t endpoint; /* index into overview.endpoints */
    double seconds;  /* from its last request to the last of all */
    double usual_s;  /* mean time between its requests, until then */
    bool gone;       /* the newest version of its application never had a request of it */
    size_t version;  /* index into overview.versions: the last that had */
};

struct activity {
    enum activity_unit unit;
    size_t period_count; /* from the first with a request to the last, without gaps */
    int64_t *days;       /* civil, of the zone: the (first) day of each period */
    int *hours;          /* of the day; 0 unless the unit is an hour */
    double *seconds;     /* real time recorded in it; a rate is requests / seconds */
    uint64_t *requests;  /* of all; a share is requests / these */
    struct activity_series *endpoints; /* as overview.endpoints */
    struct activity_series *versions;  /* as overview.versions */
    size_t endpoint_count, version_count;
    struct activity_silence *silences; /* longest in terms of usual_s first */
    size_t silence_count;
};

/* Silence has to last so many times the usual gap, and so long: nights and weekends are
 * no end. Or a whole newer version, where by its share before it would have had so many
 * requests. */
#define ACTIVITY_SILENT_GAPS 20.0
#define ACTIVITY_SILENT_S (3 * 86400.0)

/* usage and overview are of the same summary. */
void activity_build(struct activity *activity, const struct overview *overview,
                    const struct usage *usage, const struct zone *zone);
void activity_release(struct activity *activity);

#endif
