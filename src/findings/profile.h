/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Where the time goes, when stacks were recorded: for each endpoint one call tree merged
 * over its versions, with the time of each version in every node; what explains the
 * difference of two versions; in which stacks requests beyond their threshold hung. Pure:
 * a summary in, plain arrays out. Workload: 50 endpoints, some 10^5 nodes, two versions.
 */
#ifndef FINDINGS_PROFILE_H
#define FINDINGS_PROFILE_H

#include "regression.h"
#include "src/summary/beside.h"

/* A function as it is called from its callers: nodes[parent] calls it. */
struct profile_node {
    size_t parent; /* smaller than its own index; SIZE_MAX: the root */
    struct name function, file;
    uint32_t line; /* where most of its time is (its own or where it calls); 0: unknown */
    unsigned depth; /* of the root: 0 */
};

/* Of a node in a version. Times are of samples for the profile, but the last two: of
 * samples beyond the threshold. Total: with all that it calls. */
struct profile_value {
    uint64_t self_us, total_us;
    uint64_t self_waiting_us, total_waiting_us; /* of them, not running */
    uint64_t self_samples;
    uint64_t outlier_self_us, outlier_samples;
};

/* An endpoint in a version; or what it is compared with, where that is no version of the
 * endpoint: a baseline, or the endpoint under its former name. */
struct profile_version {
    struct name name; /* bytes NULL: a baseline of several versions */
    bool older_side;  /* no version of the endpoint; it counts in no sum */
    bool baseline;    /* it is from a baseline */
    struct name
        renamed_from;  /* what the endpoint was called there; bytes NULL: as here */
    uint64_t requests; /* that were recorded; the next three are of them */
    double sum_ns, sum_squares_ns;
    int64_t first_utc_ns;                         /* INT64_MAX: none */
    uint64_t samples, us, running_us, waiting_us; /* for the profile */
    uint64_t outlier_us, outlier_samples;
    double met, met_squares;  /* sums over sampled requests: samples of it, its square */
    double samples_effective; /* independent samples that these are worth */
    double mean_ns;           /* of all its requests; NAN: none */
};

/* A share and its interval (95 %, or as wide as asked). */
struct profile_share {
    double share, low, high;
};

/* By how much more a node's own time a request is in the newer version; ns. */
struct profile_change {
    size_t node;
    double older_ns, newer_ns; /* mean own time a request */
    double difference_ns, low_ns, high_ns;
    bool real;     /* the interval, widened for all nodes together, leaves 0 out */
    bool explains; /* it has the sign of the difference of the means */
};

struct profile_endpoint {
    struct name application, name;
    struct profile_version *versions; /* an older side, then by first request, by name */
    size_t version_count;
    struct profile_node *nodes; /* children after parents, those with most time first */
    size_t node_count;
    struct profile_value *values; /* of node n in version v: [n * version_count + v] */
    uint64_t us, outlier_us;      /* all versions of its own */
    size_t *stuck; /* nodes in which requests beyond their threshold were, most first */
    size_t stuck_count;
    bool compared;       /* the two below, and changes, are set */
    size_t older, newer; /* versions */
    struct profile_change
        *changes; /* real ones before others, those in the direction of the difference
                     of the means before others, then the largest first */
    size_t change_count;
};

struct profile {
    const struct beside *beside;        /* NULL: nothing of it was recorded */
    struct profile_endpoint *endpoints; /* with samples; most time first */
    size_t endpoint_count;
};

/* Compares what regression does: versions, a baseline (the one that regression has), an
 * endpoint with the one it was. Where regression compares nothing of an application (NULL
 * is fine): the newest version with a profile and the one before it. */
void profile_build(struct profile *profile, const struct summary *summary,
                   const struct summary *baseline, const struct regression *regression);
void profile_release(struct profile *profile);

/* The newest version of its own with samples for the profile, of those before a number
 * (version_count: of all); SIZE_MAX: there is none. */
size_t profile_newest(const struct profile_endpoint *endpoint, size_t before);

static inline const struct profile_value *
profile_value_of(const struct profile_endpoint *endpoint, size_t node, size_t version)
{
    return &endpoint->values[node * endpoint->version_count + version];
}

/* By how much longer a request is in the newer version, of two that are compared. The
 * changes of all nodes add up to it. */
static inline double profile_difference_ns(const struct profile_endpoint *endpoint)
{
    return endpoint->versions[endpoint->newer].mean_ns -
           endpoint->versions[endpoint->older].mean_ns;
}

/* Own time of a node in samples beyond the threshold, of all versions of the endpoint. */
static inline uint64_t profile_outlier_us(const struct profile_endpoint *endpoint,
                                          size_t node)
{
    uint64_t us = 0;
    for (size_t v = 0; v < endpoint->version_count; v++)
        if (!endpoint->versions[v].older_side)
            us += profile_value_of(endpoint, node, v)->outlier_self_us;
    return us;
}

/* us of the version's time as a share of it, with Wilson's interval at so many standard
 * deviations (1.96: 95 %) for as many independent samples as they are worth. */
struct profile_share profile_share(const struct profile_version *version, uint64_t us,
                                   double deviations);
/* Wilson's score interval for a share of n independent samples (E. B. Wilson, JASA 22,
 * 1927). n may be fractional, as effective numbers are. */
struct profile_share profile_wilson(double share, double n, double deviations);
/* Adds what is known of a cell's sampled requests. */
void profile_met_add(struct profile_version *version, const struct beside_cell *cell);
/* How many independent samples are worth as many as these, taken of requests of which
 * each was met several times: samples * sum m / sum m^2 (Kish, Survey Sampling, 1965,
 * 11.7), m the samples of a request. */
double profile_effective_samples(const struct profile_version *version);

#endif
