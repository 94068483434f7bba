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

/* Counts of an hour by the clock on the wall. A rate is requests / seconds. */
struct usage_cell {
    uint64_t requests, errors; /* errors: status >= 500, or an exception */
    /* Real time with that label between the first request and the last: 3600, less at
     * both ends, 7200 where the hour came twice, 0 where the clock jumped over it. */
    double seconds;
    double relative; /* its rate over that of the whole recording; NAN without seconds */
};

struct usage_day {
    int64_t day; /* civil, since 1970-01-01, in the zone */
    struct usage_cell hours[24];
    struct usage_cell total;
};

/* Distinct groups and addresses are kept by the day in UTC; days merge into the weeks and
 * months that they are of. */
struct usage_visitors {
    int64_t day;                        /* in UTC, since 1970-01-01; the first of many */
    double groups, addresses;           /* 0 when none was recorded */
    bool groups_exact, addresses_exact; /* else an estimate, standard error 1.6 % */
};

/* A group (customer, user, tenant) or a client address. */
struct usage_actor {
    struct name name; /* as recorded, any bytes; borrowed */
    uint64_t requests;
    uint64_t requests_error; /* the true number is at most this much higher; 0: exact */
    uint64_t server_errors;
    double share; /* of all requests */
    double mean_ns;
    bool has_quantiles;
    struct quantile quantiles[QUANTILES];
};

/* The most active ones. */
struct usage_actors {
    struct usage_actor *rows; /* most requests first */
    size_t count;
    size_t distinct_counted; /* how many were counted apart */
    bool exact;              /* all counts are exact */
    double distinct;         /* over everything, and whether that is exact */
    bool distinct_exact;
    struct summary_value *values; /* what rows are made of */
};

/* Days in a row are kept in one array: at most this many, the newest. A clock that stood
 * at 1970 must not cost fifty years of memory. */
enum { USAGE_DAYS_MAX = 4000 };

struct usage {
    struct usage_day *days; /* without gaps from the first to the last */
    size_t day_count;
    struct usage_cell week[7][24]; /* Monday first, summed over all days */
    struct usage_cell total;
    uint64_t outside; /* requests before the days kept (USAGE_DAYS_MAX) */
    uint32_t slot_s;  /* resolution of the counts: 900, 3600 or, when long, 86400 */
    bool misaligned;  /* some hour's counts belong partly to its neighbour */
    size_t busiest_day, busiest_hour; /* most requests */
    struct usage_visitors *visitors;
    size_t visitor_count;
    struct usage_visitors *visitor_weeks;  /* from a Monday; those with requests */
    struct usage_visitors *visitor_months; /* from the first of a month; the same */
    size_t visitor_week_count, visitor_month_count;
    struct usage_actors groups, addresses;
};

/* top: how many groups and addresses at most. */
void usage_build(struct usage *usage, const struct summary *summary,
                 const struct zone *zone, size_t top);
void usage_release(struct usage *usage);

#endif
