/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * For tests and benchmarks: seeded latencies that look like a web application's, rounded
 * to whole nanoseconds so that no two machines disagree about them.
 */
#ifndef PLOTS_SAMPLE_DATA_H
#define PLOTS_SAMPLE_DATA_H

#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

/* SplitMix64 (Steele, Lea and Flood, 2014). */
static inline uint64_t sample_bits(uint64_t *state)
{
    uint64_t mixed = (*state += 0x9e3779b97f4a7c15u);
    mixed = (mixed ^ mixed >> 30) * 0xbf58476d1ce4e5b9u;
    mixed = (mixed ^ mixed >> 27) * 0x94d049bb133111ebu;
    return mixed ^ mixed >> 31;
}

static inline double sample_uniform(uint64_t *state)
{
    return ((double)(sample_bits(state) >> 11) + 0.5) / 9007199254740992.0;
}

static inline double sample_normal(uint64_t *state)
{
    double sum = 0;
    for (int i = 0; i < 12; i++)
        sum += sample_uniform(state);
    return sum - 6;
}

/* A body around center_ns and a slow share of requests some times slower. */
static inline double sample_latency(uint64_t *state, double center_ns, double slow_share,
                                    double slow_times)
{
    double ns = center_ns * exp(0.45 * sample_normal(state));
    if (sample_uniform(state) < slow_share)
        ns *= slow_times * exp(0.3 * sample_normal(state));
    return fmax(round(ns), 1);
}

static inline int sample_order(const void *a, const void *b)
{
    double left = *(const double *)a, right = *(const double *)b;
    return (left > right) - (left < right);
}

/* count sorted latencies and the shares that they reach; the caller frees both. */
static inline void sample_sorted(uint64_t seed, size_t count, double center_ns,
                                 double slow_share, double slow_times,
                                 double **latency_ns, double **share)
{
    *latency_ns = malloc((count + 1) * sizeof(double));
    *share = malloc((count + 1) * sizeof(double));
    if (!*latency_ns || !*share)
        abort();
    for (size_t i = 0; i < count; i++) {
        (*latency_ns)[i] = sample_latency(&seed, center_ns, slow_share, slow_times);
        (*share)[i] = (double)(i + 1) / (double)count;
    }
    qsort(*latency_ns, count, sizeof(double), sample_order);
}

static inline double sample_quantile(const double *sorted, size_t count, double share)
{
    return sorted[(size_t)fmin((double)count * share, (double)count - 1)];
}

/* A call tree of a shop: node i's parent comes before it, SIZE_MAX for a root. The second
 * value is of an older version, which knew no tax and was quicker in the database. */
struct sample_node {
    size_t parent;
    const char *name;
    double own, older_own;
};

enum { SAMPLE_NODES = 19 };
static const struct sample_node sample_tree[SAMPLE_NODES] = {
    {SIZE_MAX, "gunicorn.workers:Worker.run", 2, 2},
    {0, "flask.app:Flask.wsgi_app", 5, 5},
    {1, "flask.app:Flask.full_dispatch_request", 8, 8},
    {2, "shop.cart:show", 12, 11},
    {3, "shop.database:Session.query", 30, 30},
    {4, "sqlite3:Cursor.execute", 260, 140},
    {4, "shop.database:Session._build", 22, 24},
    {3, "shop.templates:render", 25, 60},
    {7, "jinja2.environment:Template.render", 90, 160},
    {8, "jinja2.runtime:Context.call", 40, 70},
    {3, "shop.prices:total", 15, 14},
    {10, "shop.prices:tax", 45, 0},
    {11, "decimal:Decimal.quantize", 80, 0},
    {2, "shop.session:load", 10, 10},
    {13, "json.decoder:JSONDecoder.decode", 35, 34},
    {2, "shop.legacy:convert", 0, 30},
    {1, "werkzeug.serving:log_request", 14, 15},
    {0, "gunicorn.util:close", 3, 3},
    {SIZE_MAX, "threading:Thread._bootstrap", 20, 21},
};

#endif
