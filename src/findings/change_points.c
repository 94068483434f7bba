/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "change_points.h"

#include "longrun.h"
#include "welch.h"

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
/* Of chance, that a report tells of any change. Set by change_points_simulate so that .05
 * holds up to AR(.9), where a series of 256 blocks has 27 correlation times. */
#define REPORT_LEVEL .015
#define UPPER 1.645 /* of a normal: 95 % lie below */
#define CORRELATION_MOST .98
#define LATENCY_LEAST 1.1 /* or 1 / 1.1 */
#define ERRORS_LEAST .005
/* A little less than three days, as for regressions. Half a day at 30 % above its mean
 * and half a day below makes 1.5 to 1.8. */
#define WINDOW_LEAST_S (70 * 3600.0)
#define LATENCY_LEAST_SHORT 2
#define ERRORS_LEAST_SHORT .02

/* --- one series --- */

double change_bridge_tail(double x, double df)
{
    double sum = 0;
    if (x < .3)
        return 1;
    for (int i = 1; i <= 20; i++) {
        double exponent = 2.0 * i * i * x * x;
        double term = isinf(df) ? exp(-exponent) : pow(1 + 2 * exponent / df, -df / 2);
        sum += (i % 2 ? 2 : -2) * term;
    }
    return fmin(fmax(sum, 0), 1);
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
 * (1 + r) / (1 - r), r without its small-sample bias (Kendall 1954, for two means) and at
 * its upper 95 % limit, since the split was chosen to leave little. Its
 * degrees of freedom are those of a chi square with as much relative variance, 2 / n for
 * the independent part and 4 / n / (1 - r^2) for the factor (delta method). */
static struct spread chained_variance(const double *scores, unsigned count)
{
    double squares = 0, products = 0;
    for (unsigned k = 0; k < count; k++) {
        squares += scores[k] * scores[k];
        products += k ? scores[k] * scores[k - 1] : 0;
    }
    double r = squares > 0 ? products / squares : 0;
    r += (2 + 4 * r) / count;
    r += UPPER * sqrt(fmax(1 - r * r, 0) / count);
    r = fmin(fmax(r, 0), CORRELATION_MOST);
    double left = 1 - r * r;
    return (struct spread){longrun_block_variance(scores, count) * (1 + r) / (1 - r),
                           count * left / (2 + left)};
}

/* Variance of the sum of all requests around the means of both sides: an AR(1) has more
 * degrees of freedom than the cosines, which in turn need no such model; the larger
 * counts. */
static struct spread leftover_variance(const struct change_series *series, unsigned split)
{
    double *scores = mem_array(series->count, sizeof(*scores));
    double before = mean_of(series, 0, split);
    double after = mean_of(series, split, series->count);
    for (unsigned k = 0; k < series->count; k++)
        scores[k] = series->sums[k] - series->requests[k] * (k < split ? before : after);
    struct spread spread = chained_variance(scores, series->count);
    spread.variance =
        fmax(spread.variance, longrun_cosine_variance(scores, series->count, COSINES));
    free(scores);
    return spread;
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
    struct spread spread = leftover_variance(series, split);
    *variance = spread.variance;
    if (spread.variance > 0)
        *p = change_bridge_tail(most / sqrt(spread.variance), spread.df);
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

/* A version of the endpoint's application, or one of several recording runs, began or
 * ended in a block: another process, memory and minute of the machine are no change. */
static bool series_is_cut(const struct summary *summary,
                          const struct summary_endpoint *endpoint, unsigned block)
{
    struct summary_version *const *versions;
    struct summary_run *const *runs;
    size_t version_count = summary_versions(summary, &versions);
    size_t run_count = summary_runs(summary, &runs);
    for (size_t v = 0; v < version_count; v++)
        if (str_compare(versions[v]->application.bytes, versions[v]->application.length,
                        endpoint->application.bytes, endpoint->application.length) == 0 &&
            (inside(versions[v]->first_utc_ns, &endpoint->grid, block) ||
             inside(versions[v]->last_utc_ns, &endpoint->grid, block)))
            return true;
    for (size_t r = 0; run_count > 1 && r < run_count; r++)
        if (inside(runs[r]->first_utc_ns, &endpoint->grid, block) ||
            inside(runs[r]->last_utc_ns, &endpoint->grid, block))
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

static double span_s(const struct summary_endpoint *endpoint, unsigned first,
                     unsigned last)
{
    return ((double)timegrid_last_ns(&endpoint->grid, last) -
            (double)timegrid_first_ns(&endpoint->grid, first)) /
           1e9;
}

/* In less than three days hours of load and of the day look like changes. */
static bool large_enough(const struct change_point *point, double seconds)
{
    bool shorter = seconds < WINDOW_LEAST_S;
    double latency = shorter ? LATENCY_LEAST_SHORT : LATENCY_LEAST;
    if (point->kind == CHANGE_ERRORS)
        return fabs(point->change) >= (shorter ? ERRORS_LEAST_SHORT : ERRORS_LEAST);
    return point->change >= latency || point->change <= 1 / latency;
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
    if (!large_enough(&point, span_s(endpoint, blocks->grid[from], blocks->grid[to - 1])))
        return;
    changes->points = vec_room(changes->points, &changes->room, changes->count + 1,
                               sizeof(*changes->points));
    changes->points[changes->count++] = point;
}

/* Calls examine() on all stretches between the begins and ends of versions and runs. */
static void examine_stretches(struct change_points *changes,
                              const struct summary *summary,
                              const struct summary_endpoint *endpoint,
                              const struct blocks *blocks, double level)
{
    unsigned from = 0;
    for (unsigned k = 0; k <= blocks->count; k++) {
        if (k < blocks->count && !series_is_cut(summary, endpoint, blocks->grid[k]))
            continue;
        for (int kind = 0; kind < CHANGE_KINDS && k - from >= BLOCKS_MIN; kind++)
            examine(changes, endpoint, blocks, from, k, kind, level);
        from = k + 1;
    }
}

/* There are at most 256 / BLOCKS_MIN stretches of an endpoint, and hardly more than one a
 * version or run. */
static double tests_of(const struct summary *summary, size_t endpoints)
{
    struct summary_version *const *versions;
    struct summary_run *const *runs;
    size_t stretches = summary_versions(summary, &versions);
    size_t run_count = summary_runs(summary, &runs);
    size_t most = SUMMARY_SERIES_BLOCKS / BLOCKS_MIN;
    if (run_count > stretches)
        stretches = run_count;
    return (double)(endpoints * CHANGE_KINDS * (stretches < most ? stretches : most));
}

double change_points_level(double tests)
{
    return REPORT_LEVEL / tests;
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
                          change_points_level(tests_of(summary, count)));
    }
    free(blocks);
}

void change_points_release(struct change_points *changes)
{
    free(changes->points);
    *changes = (struct change_points){0};
}
