/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "change_points.h"

#include "longrun.h"

#include "src/base/mem.h"
#include "src/base/str.h"
#include "src/base/vec.h"

#include <gsl/gsl_cdf.h>
#include <math.h>
#include <stdlib.h>

enum {
    BLOCKS_MIN = 48,
    EDGE_BLOCKS = 8, /* a side has at least so many */
    COSINES = 12,    /* of the long-run variance */
    ERRORS_MIN = 20  /* of a series */
};
/* Kolmogorov's distribution takes the variance as known; with an estimated one, 20 series
 * raise an alarm in .009 of reports for AR(.3), .021 for AR(.6) and .061 for AR(.8) at
 * this level (change_points_simulate 2000; +- .003), and at most in twice as many for
 * latency and errors together. */
#define REPORT_LEVEL .01
#define LATENCY_LEAST 1.1 /* or 1 / 1.1 */
#define ERRORS_LEAST .005

/* --- one series --- */

double change_bridge_tail(double x)
{
    double sum = 0;
    if (x < .3)
        return 1;
    for (int i = 1; i <= 20; i++)
        sum += (i % 2 ? 2 : -2) * exp(-2.0 * i * i * x * x);
    return sum < 1 ? sum : 1;
}

static double mean_of(const struct change_series *series, unsigned from, unsigned to)
{
    double sum = 0, requests = 0;
    for (unsigned k = from; k < to; k++) {
        sum += series->sums[k];
        requests += series->requests[k];
    }
    return requests > 0 ? sum / requests : 0;
}

/* Long-run variance of scores that follow one another as AR(1): the independent one times
 * (1 + r) / (1 - r), r without its small-sample bias (Kendall 1954). It has more degrees
 * of freedom than the cosines, which in turn need no such model: the larger counts. */
static double chained_variance(const double *scores, unsigned count)
{
    double squares = 0, products = 0;
    for (unsigned k = 0; k < count; k++) {
        squares += scores[k] * scores[k];
        products += k ? scores[k] * scores[k - 1] : 0;
    }
    double r = squares > 0 ? products / squares : 0;
    r = fmin(fmax(r + (1 + 4 * r) / count, 0), .95);
    return longrun_block_variance(scores, count) * (1 + r) / (1 - r);
}

/* Variance of the sum of all requests around the means of both sides. */
static double leftover_variance(const struct change_series *series, unsigned split)
{
    double *scores = mem_array(series->count, sizeof(*scores));
    double before = mean_of(series, 0, split);
    double after = mean_of(series, split, series->count);
    for (unsigned k = 0; k < series->count; k++)
        scores[k] = series->sums[k] - series->requests[k] * (k < split ? before : after);
    double variance = fmax(chained_variance(scores, series->count),
                           longrun_cosine_variance(scores, series->count, COSINES));
    free(scores);
    return variance;
}

unsigned change_find(const struct change_series *series, double *p, double *variance)
{
    double mean = mean_of(series, 0, series->count), sum = 0, most = 0;
    unsigned split = 0;
    *p = 1;
    *variance = 0;
    if (series->count < BLOCKS_MIN)
        return 0;
    for (unsigned k = 0; k < series->count - EDGE_BLOCKS; k++) {
        sum += series->sums[k] - series->requests[k] * mean;
        if (k + 1 >= EDGE_BLOCKS && fabs(sum) > most) {
            most = fabs(sum);
            split = k + 1;
        }
    }
    if (split == 0)
        return 0;
    *variance = leftover_variance(series, split);
    if (*variance > 0)
        *p = change_bridge_tail(most / sqrt(*variance));
    return split;
}

/* --- an endpoint --- */

/* The non-empty blocks of an endpoint as series; grid[k] is the block's index there. */
struct blocks {
    double sums[CHANGE_KINDS][SUMMARY_SERIES_BLOCKS + 1];
    double requests[SUMMARY_SERIES_BLOCKS + 1];
    unsigned grid[SUMMARY_SERIES_BLOCKS + 1];
    unsigned count;
    double errors;
};

static void gather(struct blocks *blocks, const struct summary_endpoint *endpoint)
{
    blocks->count = 0;
    blocks->errors = 0;
    for (unsigned i = 0; i < endpoint->grid.count; i++) {
        const struct block *block = &endpoint->series[i];
        if (block->requests == 0)
            continue;
        unsigned k = blocks->count++;
        blocks->grid[k] = i;
        blocks->requests[k] = (double)block->requests;
        blocks->sums[CHANGE_LATENCY][k] = (double)block->sum_log2 / (double)SUM_LOG2_UNIT;
        blocks->sums[CHANGE_ERRORS][k] = (double)block->server_errors;
        blocks->errors += (double)block->server_errors;
    }
}

static bool inside(int64_t utc_ns, const struct timegrid *grid, unsigned block)
{
    return utc_ns >= timegrid_first_ns(grid, block) &&
           utc_ns <= timegrid_last_ns(grid, block);
}

/* A version of the endpoint's application began or ended in a block. */
static bool version_changes(const struct summary *summary,
                            const struct summary_endpoint *endpoint, unsigned block)
{
    struct summary_version *const *versions;
    size_t count = summary_versions(summary, &versions);
    for (size_t v = 0; v < count; v++)
        if (str_compare(versions[v]->application.bytes, versions[v]->application.length,
                        endpoint->application.bytes, endpoint->application.length) == 0 &&
            (inside(versions[v]->first_utc_ns, &endpoint->grid, block) ||
             inside(versions[v]->last_utc_ns, &endpoint->grid, block)))
            return true;
    return false;
}

static void measure(struct change_point *point, const struct change_series *series,
                    unsigned split, double variance)
{
    double before = mean_of(series, 0, split);
    double after = mean_of(series, split, series->count), sides[2] = {0, 0};
    for (unsigned k = 0; k < series->count; k++)
        sides[k >= split] += series->requests[k];
    double spread =
        gsl_cdf_tdist_Pinv(.975, COSINES) *
        sqrt(variance / (sides[0] + sides[1]) * (1 / sides[0] + 1 / sides[1]));
    point->before = before;
    point->after = after;
    point->change = after - before;
    point->change_low = point->change - spread;
    point->change_high = point->change + spread;
    if (point->kind != CHANGE_LATENCY)
        return;
    point->before = exp2(before);
    point->after = exp2(after);
    point->change = exp2(point->change);
    point->change_low = exp2(point->change_low);
    point->change_high = exp2(point->change_high);
}

static bool large_enough(const struct change_point *point)
{
    if (point->kind == CHANGE_ERRORS)
        return fabs(point->change) >= ERRORS_LEAST;
    return point->change >= LATENCY_LEAST || point->change <= 1 / LATENCY_LEAST;
}

/* Blocks from .. to - 1, in which the versions stay the same. */
static void examine(struct change_points *changes,
                    const struct summary_endpoint *endpoint, const struct blocks *blocks,
                    unsigned from, unsigned to, int kind, double level)
{
    struct change_series series = {blocks->sums[kind] + from, blocks->requests + from,
                                   to - from};
    struct change_point point = {.endpoint = endpoint,
                                 .kind = kind,
                                 .block_s = timegrid_length_s(&endpoint->grid)};
    double variance;
    unsigned split = change_find(&series, &point.p, &variance);
    if (split == 0 || point.p > level ||
        (kind == CHANGE_ERRORS && blocks->errors < ERRORS_MIN))
        return;
    point.utc_ns = timegrid_first_ns(&endpoint->grid, blocks->grid[from + split]);
    measure(&point, &series, split, variance);
    if (!large_enough(&point))
        return;
    changes->points = vec_room(changes->points, &changes->room, changes->count + 1,
                               sizeof(*changes->points));
    changes->points[changes->count++] = point;
}

/* Calls examine() on all stretches between the begins and ends of versions. */
static void examine_stretches(struct change_points *changes,
                              const struct summary *summary,
                              const struct summary_endpoint *endpoint,
                              const struct blocks *blocks, double level)
{
    unsigned from = 0;
    for (unsigned k = 0; k <= blocks->count; k++) {
        if (k < blocks->count && !version_changes(summary, endpoint, blocks->grid[k]))
            continue;
        for (int kind = 0; kind < CHANGE_KINDS && k - from >= BLOCKS_MIN; kind++)
            examine(changes, endpoint, blocks, from, k, kind, level);
        from = k + 1;
    }
}

/* There are at most 256 / BLOCKS_MIN stretches of an endpoint, and hardly more than one a
 * version. */
static double tests_of(const struct summary *summary, size_t endpoints)
{
    struct summary_version *const *versions;
    size_t stretches = summary_versions(summary, &versions);
    size_t most = SUMMARY_SERIES_BLOCKS / BLOCKS_MIN;
    return (double)(endpoints * CHANGE_KINDS * (stretches < most ? stretches : most));
}

void change_points_build(struct change_points *changes, const struct summary *summary)
{
    struct summary_endpoint *const *endpoints;
    size_t count = summary_endpoints(summary, &endpoints);
    struct blocks *blocks = mem_new(sizeof(*blocks));
    *changes = (struct change_points){0};
    for (size_t e = 0; e < count; e++) {
        gather(blocks, endpoints[e]);
        examine_stretches(changes, summary, endpoints[e], blocks,
                          REPORT_LEVEL / tests_of(summary, count));
    }
    free(blocks);
}

void change_points_release(struct change_points *changes)
{
    free(changes->points);
    *changes = (struct change_points){0};
}
