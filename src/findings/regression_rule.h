/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The rule that judges, apart from who is compared with whom: evidence of each endpoint
 * first, then the tests within a comparison, then the verdicts once all p-values of a
 * report are known. For regression*.c only.
 */
#ifndef FINDINGS_REGRESSION_RULE_H
#define FINDINGS_REGRESSION_RULE_H

#include "mix.h"
#include "regression.h"
#include "sides.h"
#include "welch.h"

enum { OLDER, NEWER, BOTH };

/* What is kept of an endpoint's two samples. Scores: what a unit adds to a side's share
 * beyond its due, (beyond - share × requests) / all requests; they sum to 0. */
struct evidence {
    unsigned bucket[REGRESSION_LATENCIES]; /* threshold: from this coarse bucket on */
    uint64_t requests[BOTH], beyond[BOTH][REGRESSION_METRICS];
    double share[BOTH][REGRESSION_METRICS];
    double scores[BOTH][REGRESSION_METRICS][SIDE_UNITS];
    uint64_t unit_requests[BOTH][SIDE_UNITS];
    unsigned units[BOTH];             /* with requests */
    double mix[REGRESSION_LATENCIES]; /* part of the shift that is taken off as mix */
    struct mix_part customers[REGRESSION_LATENCIES]; /* the customers'; NAN: not known */
    struct histogram values[BOTH]; /* for quantiles: fine where it can be */
};

/* The test of one endpoint × metric, or of what all share. */
struct trial {
    bool asked;
    bool alike;           /* nothing differs: one coarse bucket, or the same data twice */
    bool untold;          /* what all share in a window too short to tell of it */
    struct welch own;     /* without what is shared */
    struct spread spread; /* of own.difference */
    double common;        /* taken off */
    double design;        /* variance of the shift / that of independent requests, >= 1 */
    double halves;        /* largest difference of a side's own halves */
    bool short_window;
    bool alone; /* too few others to tell how endpoints differ between runs */
    double q_worse, q_better;
    double cut; /* the largest one-sided p that is rejected */
};

struct endpoint_trials {
    struct evidence evidence;
    struct trial trials[REGRESSION_METRICS];
    double trust; /* that it has only what all share */
};

/* A comparison while it is being judged. endpoints: as in comparison->endpoints. */
struct judging {
    struct regression_comparison *comparison;
    struct side sides[BOTH];
    struct endpoint_trials *endpoints;
    struct trial global[REGRESSION_LATENCIES];
    double global_log[REGRESSION_LATENCIES];   /* log of the ratio */
    double global_slope[REGRESSION_LATENCIES]; /* of that log, per unit of share */
};

void evidence_gather(struct evidence *evidence, const struct judging *judging,
                     const struct summary_endpoint *older,
                     const struct summary_endpoint *newer);
void evidence_release(struct evidence *evidence);

/* Runs the tests of a comparison whose evidence is there. */
void judging_test(struct judging *judging);

/* Fills `explained` with a part whose error is that of independent requests. */
void regression_set_explained(struct regression_finding *finding,
                              const struct mix_part *part);

/* Fills the findings once all p-values are adjusted. */
void judging_decide(struct judging *judging, const struct regression *regression);

#endif
