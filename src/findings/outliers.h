/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Which requests are outliers, and whose are they: a fence an endpoint × version, slow
 * modes (too many to be outliers), the slowest requests whole, and the groups, addresses,
 * status codes, methods and versions that have more of the outliers than their share of
 * the requests explains. Pure: a summary and the second scan in, plain structs out.
 * Workload: 200 endpoints × 10 versions.
 */
#ifndef FINDINGS_OUTLIERS_H
#define FINDINGS_OUTLIERS_H

#include "src/summary/scan.h"

struct zone;

/* How a fence is found from the durations of an endpoint in a version. */
enum outlier_rule {
    /* log Q90 + 4.015 (log Q90 - log Q75): for a log-normal distribution, 1 request in
     * 10,000 lies beyond. Only the slower side matters, so a second mode below Q75 or a
     * skew changes little. A second mode between Q75 and Q90 would put it out of reach:
     * of many requests the far fence counts where it is nearer. Default. */
    OUTLIER_LOG,
    OUTLIER_TUKEY, /* Q75 + 1.5 (Q75 - Q25) */
    OUTLIER_MAD,   /* on logs: median + 5.5 median deviations of the upper half */
    OUTLIER_MEAN   /* 2.5 times the mean */
};
/* In the order of the enum; NULL ends it. */
extern const char *const outlier_rule_names[];

enum {
    OUTLIER_REQUESTS_MIN = 200,      /* of an endpoint × version; fewer have no fence */
    OUTLIER_FAR_REQUESTS_MIN = 2000, /* Q97.5 is worth something */
    OUTLIER_COUNT_MIN = 5,           /* outliers of a value that is named */
    OUTLIER_SLOW_REQUESTS_MIN = 500, /* of an endpoint × version: 1 % are worth asking */
    OUTLIER_MODE_REQUESTS = 10,
    OUTLIER_LISTED = 1000 /* single requests kept, of all endpoints */
};

struct outlier_options {
    enum outlier_rule rule;
};

/* The fence of a histogram, moved up to the edge of a fine bucket, so that histogram and
 * single requests count the same: an outlier takes at least so long. 0: not known. */
uint64_t outlier_fence_ns(const struct histogram *histogram, enum outlier_rule rule);
/* The same for single requests beside a slow mode: log Q97.5 + 2.593 (log Q97.5 - log
 * Q90). */
uint64_t outlier_far_fence_ns(const struct histogram *histogram);

/* More than OUTLIER_MODE_SHARE of the requests beyond the fence, and no handful, are no
 * outliers but another way the endpoint behaves. */
#define OUTLIER_MODE_SHARE .005
struct slow_mode {
    bool found;
    double share;     /* of the requests */
    double centre_ns; /* their median */
    bool has_since;   /* it was not there from the beginning */
    int64_t since_utc_ns;
};

/* An endpoint in a version. */
struct outlier_cell {
    const struct summary_cell *cell;
    uint64_t fence_ns;  /* 0: too few requests */
    uint64_t single_ns; /* single requests are listed from here on: fence_ns, or the far
                           fence beside a slow mode */
    uint64_t slow_ns;   /* the slowest 1 % or fewer; at most fence_ns */
    uint64_t beyond;    /* requests of at least fence_ns */
    struct slow_mode mode;
};

/* An endpoint over all versions that have a fence. */
struct outlier_endpoint {
    const struct summary_endpoint *source;
    struct outlier_cell *cells;
    size_t cell_count;
    uint64_t requests, beyond;
    uint64_t common_ns; /* the fence of all versions together */
};

/* A single slow request. */
struct outlier {
    size_t endpoint, cell; /* indices into endpoints and its cells */
    struct slow_request request;
    double times; /* as long as the fence */
};

/* A value with more of an endpoint's outliers than its requests explain. Where it is not
 * told by outliers, the slowest 1 % count instead: a customer who is five times as slow
 * as others reaches them, but hardly the fence of an endpoint with a long tail. */
struct culprit {
    size_t endpoint; /* index into endpoints */
    bool slow;       /* outliers stands for the slowest 1 % */
    enum scan_dimension dimension;
    struct name name;               /* of group, address, version; borrowed */
    uint16_t code;                  /* of status and method; hour 0 to 23 */
    uint64_t requests, requests_of; /* of the endpoint's */
    uint64_t outliers, outliers_of;
    double expected; /* outliers, had it been as slow as the others in the same cells */
    double lift;     /* outliers / expected; INFINITY when the others had none */
    double p, q;     /* of chance alone; q: after Benjamini and Hochberg */
};

/* Names are borrowed from the summary (and scan). */
struct outliers {
    struct outlier_options options;
    struct outlier_endpoint *endpoints; /* with a fence; by application, then name */
    size_t endpoint_count;
    struct outlier *slowest; /* most times its fence first */
    size_t slowest_count;
    uint64_t beyond; /* outliers and slow modes, all endpoints */
    struct outlier_place {
        size_t endpoint, cell;
    } * modes; /* most requests first */
    size_t mode_count;
    struct culprit *culprits; /* by outliers, most first, then by the slowest 1 % */
    size_t culprit_count;
    bool attributed;  /* culprits were looked for */
    bool approximate; /* ... without a second scan */
    double cell_s;    /* of the second scan */
};

void outlier_options_init(struct outlier_options *options);
void outliers_build(struct outliers *outliers, const struct summary *summary,
                    const struct outlier_options *options);
void outliers_release(struct outliers *outliers);

/* What the second scan is to count; borrows from outliers' summary. endpoint_count 0:
 * nothing to ask. Caller releases (scan_plan_release). */
void outliers_plan(const struct outliers *outliers, const struct summary *summary,
                   struct scan_plan *plan);
/* Whose they are, from the scan of that plan. Within each cell (endpoint × 5 minutes),
 * given its outliers, a value like all others has its share of them: a binomial count.
 * Over all cells the sum's tail is at most that of one binomial with the same mean
 * (Hoeffding 1956), which gives p; then Benjamini and Hochberg at 5 %, at least
 * OUTLIER_COUNT_MIN outliers, and lift >= 2 (of the slowest 1 %: 5). Hours of the day
 * (local to zone; NULL: UTC) are judged by days instead, see outlier_hours.h. */
void outliers_attribute(struct outliers *outliers, const struct summary *summary,
                        const struct scan *scan, const struct zone *zone);
/* The same from the summary alone: shares of all requests of the version instead of those
 * in the cell, so only what stands out by far is named. */
void outliers_attribute_roughly(struct outliers *outliers, const struct summary *summary);

/* P(at least so many of `of` outliers), each this value's with the same probability. */
double outliers_tail(uint64_t outliers, uint64_t of, double probability);

#endif
