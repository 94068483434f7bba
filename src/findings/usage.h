/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * How much it is used, and when: per hour of each day, per hour of the week, per day, in
 * one time zone, with days of 23 and 25 hours as they were; and by whom. Pure: a summary
 * and a zone in, plain structs out. Workload: ten years of hours.
 */
#ifndef FINDINGS_USAGE_H
#define FINDINGS_USAGE_H

#include "timezone.h"

#include "distribution.h"

struct summary;

/* Counts of an hour by the clock on the wall. seconds: how much real time of the recorded
 * range carried that label: 3600, 0 where the clock jumped over it, 7200 where it came
 * twice. A rate is requests / seconds. */
struct usage_cell {
    uint64_t requests, errors; /* errors: status >= 500 or an exception */
    double seconds;
};

struct usage_day {
    int64_t day; /* civil, since 1970-01-01, in the zone */
    struct usage_cell hours[24];
    struct usage_cell total;
};

/* Distinct users and addresses are kept by the day in UTC. */
struct usage_visitors {
    int64_t day;              /* in UTC */
    double groups, addresses; /* estimated once many; 0 when none was recorded */
};

/* A group (customer, user, tenant) or a client address. */
struct usage_actor {
    const char *name; /* as recorded; borrowed */
    uint64_t requests;
    uint64_t requests_error; /* count may be too high by this much (0: exact) */
    double share;            /* of all requests */
    struct quantile quantiles[QUANTILES];
};

struct usage {
    struct usage_day *days; /* without gaps from the first to the last day */
    size_t day_count;
    struct usage_cell week[7][24]; /* Monday first, summed over all days */
    struct usage_cell total;
    uint64_t quarter_s; /* resolution of the counts: 900, or 3600 in long recordings */
    bool misaligned;    /* the zone's offset is no multiple of the resolution */
    struct usage_visitors *visitors;
    size_t visitor_count;
    double groups_distinct, addresses_distinct; /* over everything */
    struct usage_actor *groups, *addresses;     /* most requests first */
    size_t group_count, address_count;
};

/* top: how many groups and addresses at most. */
void usage_build(struct usage *usage, const struct summary *summary,
                 const struct zone *zone, size_t top);
void usage_release(struct usage *usage);

#endif
