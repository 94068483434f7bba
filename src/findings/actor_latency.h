/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Latency by version × group and by version × address: a matrix for heat maps, a row for
 * each of the most active, a column a version. Pure.
 */
#ifndef FINDINGS_ACTOR_LATENCY_H
#define FINDINGS_ACTOR_LATENCY_H

#include "distribution.h"
#include "usage.h"

/* One value in one version; requests 0: it has none there. */
struct actor_version {
    uint64_t requests;
    uint64_t requests_error; /* the true number is at most this much higher */
    uint64_t server_errors;
    double mean_ns;     /* NAN without requests */
    bool has_quantiles; /* else only counts were kept: beyond the 256 most frequent of a
                           saved summary */
    struct quantile quantiles[QUANTILES];
    struct histogram histogram; /* for any other quantile */
};

struct actor_latency {
    size_t row_count;            /* as the actors' rows */
    size_t column_count;         /* as overview.versions */
    struct actor_version *cells; /* row by row */
};

void actor_latency_build(struct actor_latency *latency, const struct summary *summary,
                         enum summary_dimension dimension,
                         const struct usage_actors *actors,
                         const struct overview *overview);
void actor_latency_release(struct actor_latency *latency);

const struct actor_version *actor_latency_at(const struct actor_latency *latency,
                                             size_t row, size_t column);
/* The quantile of any share p; not known where too few requests or none were kept. */
struct quantile actor_latency_quantile(const struct actor_version *cell, double p);

#endif
