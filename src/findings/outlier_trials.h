/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Trials of outliers and of whose they are, on made-up requests: for the simulation and
 * its short form in a test. Seeded; about a tenth of a
 * second a report.
 */
#ifndef FINDINGS_OUTLIER_TRIALS_H
#define FINDINGS_OUTLIER_TRIALS_H

#include "outliers.h"
#include "simulated_service.h"

/* --- single requests --- */

/* Clean shapes of latency around 20 ms. */
enum { TRIAL_SHAPES = 8 };
static const char *const trial_shapes[TRIAL_SHAPES] = {
    "normal",        "uniform",      "exponential", "gamma 4",
    "log-normal .3", "log-normal 1", "two modes",   "three modes"};

static inline double trial_latency_ns(int shape, uint64_t *state)
{
    double z = simulated_normal(state), u = simulated_uniform(state);
    switch (shape) {
    case 0:
        return 2e7 * fmax(1 + .2 * z, .01);
    case 1:
        return 2e7 * (.5 + u);
    case 2:
        return -2e7 * log(u);
    case 3:
        return -5e6 * log(u * simulated_uniform(state) * simulated_uniform(state) *
                          simulated_uniform(state));
    case 4:
        return 2e7 * exp(.3 * z);
    case 5:
        return 2e7 * exp(z);
    case 6:
        return 2e7 * exp(.3 * z) * (u < .2 ? 4 : 1);
    default:
        return 2e7 * exp(.3 * z) * (u < .15 ? 6 : u < .5 ? 2.5 : 1);
    }
}

struct trial_flags {
    uint64_t requests, planted;
    uint64_t false_flags, found; /* of the planted */
};

static inline int trial_compare(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

/* Flags requests of a shape, among which one in a thousand is planted at 4 to 20 times
 * the shape's p99. Beside a slow mode the far fence counts, as in the report. */
static inline void trial_flag(struct trial_flags *flags, int shape,
                              enum outlier_rule rule, bool plant, uint64_t seed)
{
    enum { N = 20000 };
    uint64_t *ns = mem_array(N, sizeof(*ns)), *sorted = mem_array(N, sizeof(*sorted));
    bool *planted = mem_array(N, sizeof(*planted));
    struct histogram histogram;
    histogram_init(&histogram, HISTOGRAM_FINE);
    for (int i = 0; i < N; i++)
        sorted[i] = ns[i] = (uint64_t)trial_latency_ns(shape, &seed);
    qsort(sorted, N, sizeof(*sorted), trial_compare);
    for (int i = 0; i < N; i++) {
        planted[i] = plant && simulated_uniform(&seed) < .001;
        if (planted[i])
            ns[i] = (uint64_t)((double)sorted[N * 99 / 100] *
                               (4 + 16 * simulated_uniform(&seed)));
        histogram_add(&histogram, ns[i]);
    }
    uint64_t fence_ns = outlier_fence_ns(&histogram, rule);
    uint64_t beyond =
        histogram_count_from(&histogram, histogram_bucket(HISTOGRAM_FINE, fence_ns));
    if (rule == OUTLIER_LOG && (double)beyond > OUTLIER_MODE_SHARE * N) {
        uint64_t far_ns = outlier_far_fence_ns(&histogram);
        fence_ns = far_ns > fence_ns ? far_ns : fence_ns;
    }
    for (int i = 0; i < N; i++) {
        flags->requests++;
        flags->planted += planted[i];
        flags->false_flags += ns[i] >= fence_ns && !planted[i];
        flags->found += ns[i] >= fence_ns && planted[i];
    }
    histogram_release(&histogram);
    free(planted);
    free(sorted);
    free(ns);
}

/* --- whose they are --- */

/* A service whose customers are all served alike but one, if factor > 1. */
struct trial_world {
    const char *name;
    double slow, own, daily, bursts, sessions;
    double share, factor; /* of customer 99 */
};

static const struct trial_world trial_worlds[] = {
    {.name = "independent"},
    {.name = "3 days", .slow = .25, .own = .1, .daily = .2, .bursts = .2},
    {.name = "customer bursts",
     .slow = .25,
     .own = .1,
     .daily = .2,
     .bursts = .2,
     .sessions = 6},
};

/* The same requests into any summary. */
static inline void trial_fill(struct summary *summary, const struct trial_world *world,
                              uint64_t seed)
{
    struct simulated_service service = {.name = world->name,
                                        .endpoints = 10,
                                        .requests_least = 1000,
                                        .requests_most = 20000,
                                        .window_s = 3 * 86400,
                                        .slow = world->slow,
                                        .slow_s = {1200, 10800},
                                        .own = world->own,
                                        .daily = world->daily,
                                        .bursts = world->bursts,
                                        .customers = 1,
                                        .sessions = world->sessions,
                                        .runs = 1,
                                        .change = {.endpoint = -1}};
    struct simulated_state *state = mem_new(sizeof(*state));
    struct simulated_customers *customers = state->traits.customers;
    double sum = 0, shares[SIMULATED_CUSTOMERS];
    state->random = seed;
    for (unsigned e = 0; e < service.endpoints; e++) {
        state->traits.base[e] = log(2e7) + .8 * simulated_normal(&state->random);
        state->traits.loading[e] = .5 + simulated_uniform(&state->random);
    }
    for (unsigned i = 0; i + 1 < SIMULATED_CUSTOMERS; i++)
        sum += shares[i] = exp(simulated_normal(&state->random));
    for (unsigned i = 0; i < SIMULATED_CUSTOMERS; i++) {
        bool last = i + 1 == SIMULATED_CUSTOMERS;
        double before = i ? customers[0].shares[i - 1] : 0;
        customers[0].shares[i] = last ? 1 : before + shares[i] / sum * (1 - world->share);
        customers[0].speed[i] = last && world->factor > 1 ? log(world->factor) : 0;
    }
    simulated_window_make(&state->window, &service, 1.7e9, &state->random);
    simulated_run(state, &service, summary, 0, 0, 1.7e9);
    free(state);
}

struct trial_verdict {
    bool any_false;     /* somebody else was named */
    bool hour;          /* an hour of the day was named */
    unsigned endpoints; /* where the slow customer has enough slow requests to be named */
    unsigned endpoints_found; /* where it was */
};

/* Endpoints where a customer has slow requests enough to be named. */
static inline unsigned trial_nameable(struct summary *scanned, const char *customer)
{
    const struct scan *scan = summary_scan(scanned);
    const struct scan_plan *plan = scan_plan_of(scan);
    unsigned nameable = 0;
    for (size_t e = 0; e < plan->endpoint_count; e++)
        for (size_t v = 0; v < plan->endpoints[e].value_count; v++) {
            const struct scan_value *value = &plan->endpoints[e].values[v];
            uint64_t own = 0;
            if (value->dimension != SCAN_GROUP ||
                strcmp(value->name.bytes, customer) != 0)
                continue;
            for (size_t c = 0; c < scan_cells(scan, e); c++)
                own += scan_cell(scan, e, c)[SCAN_VALUES + v].slow;
            nameable += own >= OUTLIER_COUNT_MIN;
        }
    return nameable;
}

static inline struct trial_verdict trial_judge(const struct trial_world *world,
                                               bool roughly, uint64_t seed)
{
    struct trial_verdict verdict = {.any_false = false};
    struct summary *summary = summary_new(), *scanned = NULL;
    struct outlier_options options;
    struct outliers outliers;
    struct scan_plan plan;
    outlier_options_init(&options);
    trial_fill(summary, world, seed);
    outliers_build(&outliers, summary, &options);
    outliers_plan(&outliers, summary, &plan);
    scanned = summary_new_scanning(&plan);
    if (roughly) {
        outliers_attribute_roughly(&outliers, summary);
    } else {
        trial_fill(scanned, world, seed);
        outliers_attribute(&outliers, summary, summary_scan(scanned), NULL);
        verdict.endpoints = trial_nameable(scanned, "customer-99");
    }
    for (size_t i = 0; i < outliers.culprit_count; i++) {
        const struct culprit *culprit = &outliers.culprits[i];
        bool right = world->factor > 1 && culprit->dimension == SCAN_GROUP &&
                     strcmp(culprit->name.bytes, "customer-99") == 0;
        verdict.endpoints_found += right;
        verdict.any_false |= !right && culprit->dimension == SCAN_GROUP;
        verdict.hour |= culprit->dimension == SCAN_HOUR;
    }
    outliers_release(&outliers);
    summary_free(scanned); /* before its plan */
    scan_plan_release(&plan);
    summary_free(summary);
    return verdict;
}

#endif
