/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The two sides of a comparison, cut into units of replication that both can be counted
 * in: time blocks of one length a side, the same blocks on both, or recording runs.
 */
#ifndef FINDINGS_SIDES_H
#define FINDINGS_SIDES_H

#include "regression.h"

enum {
    SIDE_UNITS = SUMMARY_BLOCKS,
    SIDE_RUNS_LEAST = 5,   /* a side, to compare runs */
    SIDE_BLOCKS_LEAST = 8, /* a side */
};

/* Some versions of one application, or of all (application NULL). */
struct side {
    const struct summary *summary;
    const struct summary_version **versions; /* of the summary; owned array */
    size_t version_count;
    int64_t first_utc_ns, last_utc_ns;
    size_t runs[SUMMARY_RUNS + 1]; /* indices in summary_runs(), by first request */
    unsigned run_count;            /* with requests of these versions */
    double longest_run_s;
    /* units: block ids at shift, ascending; or runs */
    unsigned shift, unit_count;
    int64_t ids[SIDE_UNITS];
};

void side_init(struct side *side, const struct summary *summary);
void side_release(struct side *side);
void side_add_version(struct side *side, const struct summary_version *version);
double side_seconds(const struct side *side);

/* Chooses what the units of both are. */
enum regression_basis sides_cut(struct side *older, struct side *newer);

/* One endpoint on one side, by unit and in all. */
struct sample {
    uint64_t requests; /* in the units */
    uint64_t client_errors, server_errors;
    struct block units[SIDE_UNITS]; /* side.unit_count of them */
    struct histogram coarse;        /* all units */
    struct histogram fine;          /* the cells, also outside of the units */
    bool whole;                     /* the units hold all of the cells */
    struct histogram hours[SUMMARY_HOURS], strata[SUMMARY_STRATA];
    bool has_strata;
};

/* sample: fresh memory; release it. endpoint NULL: empty. */
void sample_init(struct sample *sample, const struct side *side,
                 enum regression_basis basis, const struct summary_endpoint *endpoint);
void sample_release(struct sample *sample);

#endif
