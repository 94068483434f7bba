/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the user demands of endpoints, as sentences, and whether it holds: service level
 * objectives with their error budget, and checks for CI. Some dozens of targets on some
 * hundred endpoints.
 *
 *   slo    ENDPOINTS: 99.5% < 300ms     so many requests take less
 *          ENDPOINTS: 99.9% ok          so many end without a server error
 *   check  ENDPOINTS: p99 < 250ms       also p50, p99.9 ..., mean, max, min
 *          ENDPOINTS: errors < 1%       server errors; client_errors alike
 *          ENDPOINTS: requests > 100
 *
 * ENDPOINTS is a name or a glob (fnmatch), each that matches is held to it; "*" alone is
 * all requests together. The colon that counts is the last one before a space.
 */
#ifndef FINDINGS_TARGETS_H
#define FINDINGS_TARGETS_H

#include "distribution.h"

struct err;

enum target_kind { TARGET_SLO, TARGET_CHECK };
enum target_metric {
    TARGET_FASTER, /* slo: share of the requests below limit ns */
    TARGET_OK,     /* slo: share without a server error */
    TARGET_QUANTILE,
    TARGET_MEAN,
    TARGET_MAX,
    TARGET_MIN,
    TARGET_ERRORS,
    TARGET_CLIENT_ERRORS,
    TARGET_REQUESTS
};
enum target_operator { TARGET_LESS, TARGET_AT_MOST, TARGET_MORE, TARGET_AT_LEAST };

struct target {
    enum target_kind kind;
    char *text; /* as the user wrote it */
    char *glob;
    enum target_metric metric;
    enum target_operator operator;
    double share; /* of an slo 0..1; of a quantile */
    double limit; /* ns, share 0..1 or count, by metric */
};

struct targets {
    struct target *targets;
    size_t count, room;
};

/* A target held against an endpoint, or against all requests together. */
struct target_result {
    const struct target *target;
    const struct endpoint *endpoint; /* NULL: all, or no endpoint matched */
    uint64_t requests;               /* 0: nothing to judge, not met */
    double value; /* in the unit of limit; of an slo the share reached */
    /* of an slo */
    uint64_t bad;       /* requests; inside the bucket of the limit spread evenly */
    double budget;      /* requests that may be bad */
    double budget_used; /* bad / budget; INFINITY of a budget of 0 that was used */
    bool met;
};

struct target_results {
    struct target_result *results;
    size_t count, room;
    size_t missed[2]; /* by kind */
};

/* Reads text as a target of a kind. 0; -1 with *err (ERR_USAGE) saying what is wrong and
 * how it is written. */
int targets_add(struct targets *targets, enum target_kind kind, const char *text,
                struct err *err);
void targets_release(struct targets *targets);

/* Borrows targets and overview. */
void targets_judge(struct target_results *results, const struct targets *targets,
                   const struct overview *overview);
void target_results_release(struct target_results *results);

#endif
