/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The second scan: what can be counted only once the first pass is known. A plan goes in
 * (from which duration on a request of an endpoint is an outlier, and which values are
 * worth counting), integers come out: requests and outliers of each cell, a cell being an
 * endpoint in 5 minutes, and of each listed value in it. And for endpoints that changed
 * between versions: how many requests each side had from which customers, and how many of
 * them were slow.
 *
 * Promises: counts are exact; merging is commutative and associative; the result depends
 * only on the set of requests. Workload: 10^9 requests, some dozens of endpoints with
 * outliers, at most SCAN_CELLS cells in memory: beyond that cells become twice as long.
 */
#ifndef SUMMARY_SCAN_H
#define SUMMARY_SCAN_H

#include "summary.h"

enum scan_dimension {
    SCAN_GROUP,
    SCAN_ADDRESS,
    SCAN_STATUS,
    SCAN_METHOD,
    SCAN_VERSION,
    SCAN_HOUR, /* of the day: no value of a plan, cells know their time */
    SCAN_DIMENSIONS
};

enum {
    SCAN_SHORTLIST = 256,       /* groups (addresses) of a plan, all endpoints together */
    SCAN_ENDPOINT_VALUES = 200, /* values of an endpoint, all dimensions together */
    SCAN_CELLS = 32768,
    SCAN_CELL_S = 300,
    SCAN_STRATA = 256,  /* hash(group) mod 256 */
    SCAN_THRESHOLDS = 4 /* of a cohort */
};

/* A value that is counted: by name (group, address, version) or by code. */
struct scan_value {
    enum scan_dimension dimension;
    struct name name; /* borrowed */
    uint16_t code;    /* status up to SUMMARY_STATUS_OTHER, enum fmd_method */
};

/* Outliers of a version take at least fence_ns, slow requests at least slow_ns. Versions
 * are compared with each other by one fence for all, common_ns. */
struct scan_fence {
    struct name version; /* borrowed */
    uint64_t fence_ns, common_ns, slow_ns;
};

struct scan_endpoint {
    struct name application, name; /* borrowed */
    struct scan_fence *fences;     /* requests of other versions are not counted */
    size_t fence_count;
    struct scan_value *values; /* at most SCAN_ENDPOINT_VALUES */
    size_t value_count;
};

/* One side of a change between versions: an endpoint's requests in them, by whose they
 * are. No two cohorts share a request. */
struct scan_cohort {
    struct name application, name; /* of the endpoint; borrowed */
    struct name *versions;         /* borrowed names, owned array */
    size_t version_count;
    uint64_t thresholds_ns[SCAN_THRESHOLDS]; /* slow: takes at least so long */
};

struct scan_plan {
    struct scan_endpoint *endpoints;
    size_t endpoint_count;
    struct scan_cohort *cohorts;
    size_t cohort_count;
    const struct filter *filter; /* of the first pass; borrowed; NULL: none */
};

/* Of the arrays, not of the names. */
void scan_plan_release(struct scan_plan *plan);

struct scan_count {
    uint32_t requests, outliers, slow; /* slow: also outliers */
};

/* Requests of a cohort from the groups of one stratum (0 also holds those without a
 * group), and how many took at least each threshold. */
struct scan_stratum {
    uint64_t requests, beyond[SCAN_THRESHOLDS];
};

/* A cell's counts: of all by their version's fence, of all by the common fence, then of
 * the endpoint's values in the plan's order (versions by the common fence). */
enum { SCAN_ALL, SCAN_ALL_COMMON, SCAN_VALUES };

struct scan;

/* plan is borrowed for the scan's life. */
struct scan *scan_new(const struct scan_plan *plan);
void scan_free(struct scan *scan);
const struct scan_plan *scan_plan_of(const struct scan *scan);
/* Both of the same plan. */
void scan_merge(struct scan *to, const struct scan *from);
/* What summary_add does in a summary that scans; at most SOURCE_BATCH requests. */
void scan_add(struct scan *scan, struct source_map *map, const struct events *events);

/* Length of a cell in seconds: SCAN_CELL_S times a power of two. */
double scan_cell_s(const struct scan *scan);
/* Cells of an endpoint of the plan, by time. */
size_t scan_cells(const struct scan *scan, size_t endpoint);
const struct scan_count *scan_cell(const struct scan *scan, size_t endpoint, size_t cell);
int64_t scan_cell_utc_ns(const struct scan *scan, size_t endpoint, size_t cell);

/* SCAN_STRATA of them, of a cohort of the plan. */
const struct scan_stratum *scan_strata(const struct scan *scan, size_t cohort);

/* A summary that adds nothing up but scans by the plan, so that whoever reads and merges
 * does so the same way twice. */
struct summary *summary_new_scanning(const struct scan_plan *plan);
bool summary_scans(const struct summary *summary);
/* The result, or NULL of an ordinary summary; sorted, so nothing may be added after. */
struct scan *summary_scan(struct summary *summary);

#endif
