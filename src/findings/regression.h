/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Did the newer side get slower, or fail more, than the older one? A side is a version,
 * or everything in a baseline. For each endpoint the shares of requests beyond four
 * thresholds and the shares of errors are compared; the variance comes from contiguous
 * time blocks (or whole recording runs), since requests are not independent. The rule
 * and its figures are in README.md; `make simulate` prints them anew.
 *
 * Pure: summaries in, plain structs out. Workload: 200 endpoints, once a report.
 */
#ifndef FINDINGS_REGRESSION_H
#define FINDINGS_REGRESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "src/summary/summary.h"

struct err;
struct scan;
struct scan_plan;

enum regression_metric {
    REGRESSION_P50,
    REGRESSION_P90,
    REGRESSION_P95,
    REGRESSION_P99,
    REGRESSION_LATENCIES,
    REGRESSION_CLIENT_ERRORS = REGRESSION_LATENCIES, /* status 400..499 */
    REGRESSION_SERVER_ERRORS,                        /* status >= 500, or an exception */
    REGRESSION_METRICS
};
/* .50 .90 .95 .99 */
extern const double regression_shares[REGRESSION_LATENCIES];
/* "p50" ... "p99", "4xx", "5xx" */
extern const char *const regression_metric_names[REGRESSION_METRICS];

/* Ascending by how much one wants to hear of it. */
enum regression_verdict {
    REGRESSION_INSUFFICIENT, /* too few requests or blocks to ask at all */
    REGRESSION_OK,           /* a change that matters would have been seen */
    REGRESSION_INCONCLUSIVE, /* there may be a change; `detectable` could have been seen
                              */
    REGRESSION_IMPROVED,
    REGRESSION_REGRESSED,
    REGRESSION_VERDICTS
};
/* "insufficient" ... */
extern const char *const regression_verdict_names[REGRESSION_VERDICTS];

/* What kept a verdict from being more. */
enum regression_reason {
    REGRESSION_NO_REASON,
    REGRESSION_FEW_REQUESTS, /* n < 30, or n(1 - p) < 10, or fewer than 10 errors */
    REGRESSION_FEW_BLOCKS,   /* fewer than 8 blocks, or 5 runs, with requests */
    REGRESSION_NOT_CERTAIN,  /* the size would do, the evidence does not */
    REGRESSION_NOT_PRECISE,  /* what could have been seen is more than what matters */
    REGRESSION_SHORT_WINDOW, /* under 72 h or 24 correlation times: needs 15 % */
    REGRESSION_FEW_RUNS,     /* load tests: fewer than 5 runs a side */
    REGRESSION_OWN_HALVES,   /* a version's own halves differ as much */
    REGRESSION_COMMON,       /* the others moved as much: told once, as global shift */
    REGRESSION_REASONS
};
/* "none", "few_requests" ... */
extern const char *const regression_reason_names[REGRESSION_REASONS];

/* What the units of replication are. */
enum regression_basis {
    REGRESSION_BLOCKS,    /* contiguous time blocks of each side */
    REGRESSION_OVERLAP,   /* the same blocks on both sides, paired */
    REGRESSION_RUN_PAIRS, /* recording runs, paired in their order */
    REGRESSION_RUNS,      /* recording runs */
    REGRESSION_BASES
};
extern const char *const regression_basis_names[REGRESSION_BASES];

/* An estimate and its two-sided 95 % interval; NAN where not known. */
struct regression_estimate {
    double value, low, high;
};

struct regression_side {
    uint64_t requests; /* that were compared */
    uint64_t beyond;   /* slower than the threshold, or errors */
    unsigned units;    /* blocks or runs with requests */
    double value_ns;   /* the quantile; NAN for errors */
};

/* Endpoint × metric. */
struct regression_finding {
    enum regression_verdict verdict;
    enum regression_reason reason;
    struct regression_side older, newer;
    uint64_t threshold_ns; /* an edge of a coarse bucket: counts beyond it are exact */
    double raw_ratio; /* newer / older: of the quantiles, or of the shares of errors */
    /* The same without what all endpoints share or the mix explains, and the difference
     * that it makes in ns (errors: the difference of the shares). What verdicts judge. */
    struct regression_estimate ratio, difference;
    double p_worse, p_better; /* one-sided; NAN when INSUFFICIENT */
    double q_worse, q_better; /* the same, adjusted for all questions */
    double df;
    double detectable; /* smallest ratio that is seen with probability .8; NAN: none */
    double least;      /* smallest change of the ratio that could be flagged: .05 to 1 */
    /* Part of the change of the share of slow requests that comes from who asked: 1 is
     * all of it. With its standard error. NAN: not flagged, not of latency, or not known.
     */
    double explained, explained_error;
    double design; /* variance of the shift / that of independent requests, at least 1 */
};

struct regression_endpoint {
    struct name application, name;             /* in the newer side; borrowed */
    struct name older_application, older_name; /* in the older side */
    struct name renamed_from; /* NULL bytes: it has the same name on both sides */
    struct regression_finding findings[REGRESSION_METRICS];
    enum regression_verdict verdict; /* the highest of them */
    enum regression_metric telling;  /* the metric that shows it best */
};

/* What all endpoints share, from 5 endpoints on. */
struct regression_global {
    bool known;
    enum regression_verdict verdict;
    enum regression_reason reason;
    struct regression_estimate ratio; /* of the quantile, averaged over endpoints */
    double p_worse, p_better, q_worse, q_better;
};

/* Of one application: its newest version against the one before, or a baseline. */
struct regression_comparison {
    struct name application;
    struct name older, newer; /* versions; bytes NULL: several */
    bool older_is_baseline;   /* from --baseline FILE */
    struct name *older_versions;
    size_t older_version_count;
    enum regression_basis basis;
    unsigned older_units, newer_units; /* blocks or runs */
    unsigned older_runs, newer_runs;
    double older_s, newer_s; /* first to last request */
    double unit_s;           /* length of a block; NAN for runs */
    bool load_test;          /* short, and too few runs to compare runs */
    bool common_mode;        /* taken off each endpoint */
    bool mix;                /* raked to the same customers and hours instead */
    bool explained_roughly;  /* findings' `explained`: by 64 strata of the summary */
    struct regression_endpoint *endpoints; /* by application, then name */
    size_t endpoint_count;
    struct regression_global global[REGRESSION_LATENCIES];
    struct name *added, *vanished; /* endpoints on one side only */
    size_t added_count, vanished_count;
    enum regression_verdict verdict; /* the highest */
};

struct regression {
    struct regression_comparison *comparisons; /* by application */
    size_t comparison_count;
    size_t questions;                     /* asked at once, one-sided */
    size_t verdicts[REGRESSION_VERDICTS]; /* endpoints by verdict */
    double alpha, min_effect, min_effect_ns;
};

/* An endpoint that is called NEW now. Terminated. */
struct regression_rename {
    const char *older, *newer;
};

struct regression_options {
    double min_effect;              /* .05: smaller changes are OK */
    double min_effect_ns;           /* 1e6: the same */
    double alpha;                   /* .05: rate of false discoveries */
    const struct summary *baseline; /* the older side; NULL: a version of this summary */
    const char *baseline_version;   /* NULL: the one before the newest */
    const char *version_order;      /* "1.9,1.10", oldest first; NULL: by first request */
    const struct regression_rename *renames;
    size_t rename_count;
};

void regression_options_init(struct regression_options *options);

/* Names are borrowed from both summaries. 0; -1 with *err (ERR_USAGE) when a version or
 * renamed endpoint that the options name is not there. Release either way. */
int regression_build(struct regression *regression, const struct summary *summary,
                     const struct regression_options *options, struct err *err);
void regression_release(struct regression *regression);

/* What the second scan is to count to explain what is flagged: added to the plans of the
 * newer side and of the older, which are one plan unless there is a baseline file.
 * Borrows from regression's summaries. */
void regression_plan(const struct regression *regression, struct scan_plan *newer,
                     struct scan_plan *older);
/* Fills `explained` from the scans of those plans, which held nothing of others; the same
 * regression, or one that was built from the same. Without it `explained` is rough, from
 * the summary, or not known. */
void regression_explain(struct regression *regression, const struct scan *newer,
                        const struct scan *older);

#endif
