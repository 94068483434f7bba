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

struct summary;
struct histogram;

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

/* The quantile of share p (0 < p < 1) from a histogram.
 * Interval: the order statistics l and u with P(Bin(n,p) < l) <= 2.5 % and
 * P(Bin(n,p) >= u) <= 2.5 % (David and Nagaraja, Order Statistics, 3rd ed., 7.1),
 * widened to the edges of the buckets that hold them. */
struct quantile quantile_of(const struct histogram *histogram, double p);
/* The ranks l <= u (from 1) of that interval; false when n is too small. */
bool quantile_ranks(uint64_t n, double p, uint64_t *low, uint64_t *high);

/* Requests that ended badly. A request may count under several. */
struct errors {
    uint64_t client;    /* status 400..499 */
    uint64_t server;    /* status 500..599 */
    uint64_t aborted;   /* the client went away */
    uint64_t exception; /* the application let an exception out */
};

/* Quartiles and the farthest buckets within 1.5 interquartile ranges of them (Tukey). */
struct box {
    bool known; /* 6 requests or more */
    double low_ns, quartile_1_ns, median_ns, quartile_3_ns, high_ns;
    uint64_t beyond; /* requests slower than high_ns */
};

/* share of requests took at most ns; both ascending. */
struct curve_point {
    double ns, share;
};
enum { CURVE_POINTS_MAX = 256 };

/* A part of the request's time, over the requests where it was recorded. */
struct part {
    uint64_t requests;
    struct quantile quantiles[QUANTILES];
};

struct distribution {
    uint64_t requests;
    double share;      /* of all requests of the summary, 0..1 */
    double seconds;    /* window that per_s is over; 0: a single moment */
    double per_s;      /* NAN when seconds is 0 */
    double time_share; /* of the time of all requests, 0..1 */
    struct errors errors;
    double mean_ns, stddev_ns; /* stddev NAN below 2 requests */
    uint64_t min_ns, max_ns;
    int64_t first_utc_ns, last_utc_ns;
    struct quantile quantiles[QUANTILES];
    double apdex; /* NAN without a target or requests */
    struct box box;
    struct curve_point *curve;
    size_t curve_count;
    struct part first_byte, view;
};

/* A version of an application, over all endpoints. */
struct version {
    const char *application, *name; /* UTF-8 or not, as recorded; borrowed */
    uint64_t requests, server_errors;
    int64_t first_utc_ns, last_utc_ns;
};

/* Endpoint × version. */
struct endpoint_version {
    size_t version; /* index into overview.versions */
    struct distribution distribution;
};

/* The newest version with enough requests against the one before it; descriptive, no
 * test. Ratios are newer / older; NAN when either is not known. */
struct version_change {
    bool known;
    size_t older, newer; /* indices into endpoint.versions */
    double ratio[QUANTILES];
};

struct endpoint {
    const char *application, *name; /* as recorded; borrowed */
    struct distribution all;
    struct endpoint_version *versions; /* ordered by the version's first request */
    size_t version_count;
    struct version_change change;
};

struct overview {
    uint64_t requests;
    double total_ns; /* of all requests */
    int64_t first_utc_ns, last_utc_ns;
    double seconds;
    struct distribution all;  /* everything */
    struct version *versions; /* ordered by first request */
    size_t version_count;
    size_t application_count;
    struct endpoint *endpoints; /* ordered by application, then name, by bytes */
    size_t endpoint_count;
    uint64_t apdex_target_ns;
};

void overview_build(struct overview *overview, const struct summary *summary,
                    uint64_t apdex_target_ns);
void overview_release(struct overview *overview);

#endif
