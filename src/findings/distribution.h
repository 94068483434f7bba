/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * How fast each endpoint is: counts, errors, moments, and quantiles with the interval
 * that follows from both sampling and the histogram's resolution. Pure: a summary in,
 * plain structs out. Workload: 200 endpoints × 10 versions.
 */
#ifndef FINDINGS_DISTRIBUTION_H
#define FINDINGS_DISTRIBUTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "src/summary/summary.h"

enum { QUANTILE_50, QUANTILE_90, QUANTILE_95, QUANTILE_99, QUANTILE_999, QUANTILES };
/* .50 .90 .95 .99 .999 */
extern const double quantile_shares[QUANTILES];
/* "p50" ... "p99.9" */
extern const char *const quantile_names[QUANTILES];

/* One quantile. Known only when enough requests were seen for a two-sided 95 % interval
 * to exist: 6 for p50, 36 for p90, 72 for p95, 368 for p99, 3688 for p99.9. */
struct quantile {
    bool known;
    double value_ns;
    double low_ns, high_ns; /* 95 % interval, distribution-free, requests independent */
};

/* The quantile of share p (0 < p < 1) from a histogram whose values lie in min_ns ..
 * max_ns. Interval: the order statistics l and u with P(Bin(n,p) < l) <= 2.5 % and
 * P(Bin(n,p) >= u) <= 2.5 % (David and Nagaraja, Order Statistics, 3rd ed., 7.1),
 * widened to the edges of the buckets that hold them. */
struct quantile quantile_of(const struct histogram *histogram, double p, uint64_t min_ns,
                            uint64_t max_ns);
/* The ranks l <= u (from 1) of that interval; false when n is too small. */
bool quantile_ranks(uint64_t n, double p, uint64_t *low, uint64_t *high);

/* Requests that ended badly. A request may count under several. */
struct errors {
    uint64_t client;    /* status 400..499 */
    uint64_t server;    /* status >= 500, or an exception */
    uint64_t aborted;   /* the client went away */
    uint64_t exception; /* the application let an exception out */
};

/* Quartiles and the farthest buckets within 1.5 interquartile ranges of them (Tukey). */
struct box {
    bool known; /* 6 requests or more */
    double low_ns, quartile_1_ns, median_ns, quartile_3_ns, high_ns;
    uint64_t beyond; /* requests slower than high_ns */
};

/* share of requests took at most ns; both ascend. */
struct curve_point {
    double ns, share;
};
/* The distribution as at most limit points, dense towards the slow end. Returns how many.
 */
size_t distribution_curve(const struct histogram *histogram, uint64_t min_ns,
                          uint64_t max_ns, struct curve_point *points, size_t limit);

/* A part of the request's time, over the requests where it was recorded. */
struct part {
    uint64_t requests;
    struct quantile quantiles[QUANTILES];
};

/* Shares and rates of an endpoint are of the whole summary, those of an endpoint in a
 * version are of that version. */
struct distribution {
    uint64_t requests;
    double share;      /* of the requests, 0..1 */
    double time_share; /* of the time of these requests, 0..1 */
    double per_s;      /* over seconds; NAN when that is 0 */
    double seconds;    /* from the first to the last request of the whole */
    struct errors errors;
    uint64_t clamped; /* took longer than a day, counted as a day */
    double total_ns, mean_ns;
    double stddev_ns; /* NAN below 2 requests */
    uint64_t min_ns, max_ns;
    int64_t first_utc_ns, last_utc_ns;
    struct quantile quantiles[QUANTILES];
    double apdex; /* by durations alone; NAN without a target */
    struct box box;
    struct part first_byte, view;
};

/* A version of an application, over all endpoints. */
struct version {
    const struct summary_version *source;
    uint64_t requests;
    double total_ns, seconds;
};

/* Endpoint × version. */
struct endpoint_version {
    size_t version; /* index into overview.versions */
    const struct summary_cell *cell;
    struct distribution distribution;
};

/* The newest version of an endpoint against the one before it: a description, no test.
 * Ratios are newer / older; NAN where either is not known. */
struct version_change {
    bool known;          /* two versions with a known median */
    size_t older, newer; /* indices into endpoint.versions */
    double ratios[QUANTILES];
};

struct endpoint {
    struct name application, name; /* as recorded, any bytes; borrowed */
    struct distribution all;
    struct endpoint_version *versions; /* ordered by the version's first request */
    size_t version_count;
    struct version_change change;
};

/* Names are borrowed from the summary. */
struct overview {
    struct summary_totals totals;
    struct distribution all;  /* everything together */
    struct version *versions; /* ordered by first request */
    size_t version_count;
    size_t application_count;
    struct endpoint *endpoints; /* ordered by application, then name, by bytes */
    size_t endpoint_count;
    uint64_t apdex_target_ns; /* 0: none */
};

void overview_build(struct overview *overview, const struct summary *summary,
                    uint64_t apdex_target_ns);
void overview_release(struct overview *overview);

#endif
