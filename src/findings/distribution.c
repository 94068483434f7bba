/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * From cells to the overview: one pass over all cells, one merged histogram an endpoint.
 */
#include "distribution.h"

#include "src/base/mem.h"
#include "src/base/str.h"

#include <math.h>
#include <stdlib.h>

#include <gsl/gsl_cdf.h>

const double quantile_shares[QUANTILES] = {.50, .90, .95, .99, .999};
const char *const quantile_names[QUANTILES] = {"p50", "p90", "p95", "p99", "p99.9"};

/* --- quantiles --- */

#define ALPHA_SIDE .025 /* of a two-sided 95 % interval */

/* P(Bin(n, p) >= k), 1 <= k <= n. */
static double binomial_at_least(uint64_t n, double p, uint64_t k)
{
    return gsl_cdf_beta_P(p, (double)k, (double)(n - k + 1));
}

/* The smallest k in 1 .. n + 1 with P(Bin(n, p) >= k) <= limit, a few steps from guess.
 */
static uint64_t smallest_k(uint64_t n, double p, double limit, double guess)
{
    uint64_t k = guess < 1 ? 1 : guess > (double)n ? n : (uint64_t)guess;

    while (k > 1 && binomial_at_least(n, p, k - 1) <= limit)
        k--;
    while (k <= n && binomial_at_least(n, p, k) > limit)
        k++;
    return k;
}

bool quantile_ranks(uint64_t n, double p, uint64_t *low, uint64_t *high)
{
    if (pow(p, (double)n) > ALPHA_SIDE || pow(1 - p, (double)n) > ALPHA_SIDE)
        return false;
    double z = gsl_cdf_ugaussian_Qinv(ALPHA_SIDE);
    double reach = z * sqrt((double)n * p * (1 - p));
    /* Cornish and Fisher 1938 */
    double middle = (double)n * p + (1 - 2 * p) * (z * z - 1) / 6;
    if (reach > 30 * z) { /* exact takes long and is one rank narrower */
        *low = (uint64_t)floor(middle - reach);
        *high = (uint64_t)ceil(middle + reach) + 1;
        return true;
    }
    *high = smallest_k(n, p, ALPHA_SIDE, middle + reach);
    /* P(Bin < l) <= a is P(Bin >= l) >= 1 - a: the last l before that falls below */
    *low = smallest_k(n, p, nextafter(1 - ALPHA_SIDE, 0), middle - reach) - 1;
    return *low >= 1 && *high <= n;
}

static double clamp(double value, double low, double high)
{
    return value < low ? low : value > high ? high : value;
}

struct quantile quantile_of(const struct histogram *histogram, double p, uint64_t min_ns,
                            uint64_t max_ns)
{
    uint64_t low, high, before;
    struct quantile quantile = {false, NAN, NAN, NAN};
    double min = (double)min_ns, max = (double)max_ns;

    if (!quantile_ranks(histogram_total(histogram), p, &low, &high))
        return quantile;
    unsigned low_bucket = histogram_rank_bucket(histogram, low, &before);
    unsigned high_bucket = histogram_rank_bucket(histogram, high, &before);
    quantile.known = true;
    quantile.value_ns = clamp(histogram_quantile_ns(histogram, p), min, max);
    quantile.low_ns =
        clamp((double)histogram_low_ns(histogram->bits, low_bucket), min, max);
    quantile.high_ns =
        clamp((double)histogram_high_ns(histogram->bits, high_bucket), min, max);
    return quantile;
}

static void all_quantiles(struct quantile *quantiles, const struct histogram *histogram,
                          uint64_t min_ns, uint64_t max_ns)
{
    for (size_t i = 0; i < QUANTILES; i++)
        quantiles[i] = quantile_of(histogram, quantile_shares[i], min_ns, max_ns);
}

/* --- shape --- */

/* Lower edge of the first bucket that is wholly at or above ns and holds anything. */
static double first_value_from(const struct histogram *histogram, double ns)
{
    unsigned end = histogram_end(histogram);

    for (unsigned b = histogram_begin(histogram); b < end; b++)
        if (histogram_at(histogram, b) &&
            (double)histogram_high_ns(histogram->bits, b) > ns)
            return (double)histogram_low_ns(histogram->bits, b);
    return ns;
}

/* Upper edge of the last bucket that begins at or below ns and holds anything; in *beyond
 * what is in later ones. */
static double last_value_until(const struct histogram *histogram, double ns,
                               uint64_t *beyond)
{
    unsigned begin = histogram_begin(histogram), b = histogram_end(histogram);

    *beyond = 0;
    while (b-- > begin) {
        uint64_t count = histogram_at(histogram, b);
        if (count && (double)histogram_low_ns(histogram->bits, b) <= ns)
            return (double)histogram_high_ns(histogram->bits, b);
        *beyond += count;
    }
    return ns;
}

/* Tukey, Exploratory Data Analysis, 1977, 2D: whiskers reach the farthest value within
 * 1.5 interquartile ranges of the box. */
static struct box box_of(const struct histogram *histogram, uint64_t min_ns,
                         uint64_t max_ns)
{
    struct box box = {.known = histogram_total(histogram) >= 6};
    double min = (double)min_ns, max = (double)max_ns;

    if (!box.known)
        return box;
    box.quartile_1_ns = clamp(histogram_quantile_ns(histogram, .25), min, max);
    box.median_ns = clamp(histogram_quantile_ns(histogram, .50), min, max);
    box.quartile_3_ns = clamp(histogram_quantile_ns(histogram, .75), min, max);
    double reach = 1.5 * (box.quartile_3_ns - box.quartile_1_ns);
    box.low_ns = clamp(first_value_from(histogram, box.quartile_1_ns - reach), min,
                       box.quartile_1_ns);
    box.high_ns =
        clamp(last_value_until(histogram, box.quartile_3_ns + reach, &box.beyond),
              box.quartile_3_ns, max);
    return box;
}

/* (satisfied + tolerating / 2) / all (Apdex Technical Specification 1.1); the target is
 * moved up to its bucket's edge. */
static double apdex_of(const struct histogram *histogram, uint64_t target_ns)
{
    uint64_t total = histogram_total(histogram);

    if (target_ns == 0 || total == 0)
        return NAN;
    unsigned bits = histogram->bits;
    uint64_t slower =
        histogram_count_from(histogram, histogram_bucket(bits, target_ns) + 1);
    uint64_t frustrated =
        histogram_count_from(histogram, histogram_bucket(bits, 4 * target_ns) + 1);
    return ((double)(total - slower) + (double)(slower - frustrated) / 2) / (double)total;
}

/* A point is worth keeping when its share moved by a step, or the number of slower
 * requests shrank by a factor, since the last one kept. */
size_t distribution_curve(const struct histogram *histogram, uint64_t min_ns,
                          uint64_t max_ns, struct curve_point *points, size_t limit)
{
    double total = (double)histogram_total(histogram), done = 0;
    size_t count = 0;
    unsigned end = histogram_end(histogram);

    if (total == 0 || limit < 2)
        return 0;
    points[count++] = (struct curve_point){(double)min_ns, 0};
    double half = (double)(limit - 2) / 2;
    double shrink = exp(-log(total + 1) / half);
    for (unsigned b = histogram_begin(histogram); b < end && count < limit - 1; b++) {
        double here = histogram_at(histogram, b);
        if (here == 0)
            continue;
        done += here;
        double share = done / total, last = points[count - 1].share;
        if (share - last < 1 / half && 1 - share > (1 - last) * shrink)
            continue;
        double ns = (double)histogram_high_ns(histogram->bits, b);
        points[count++] =
            (struct curve_point){clamp(ns, (double)min_ns, (double)max_ns), share};
    }
    if (points[count - 1].share < 1)
        points[count++] = (struct curve_point){(double)max_ns, 1};
    return count;
}

/* --- adding cells up --- */

/* What a distribution is made of: one cell, or some added up. */
struct sum {
    uint64_t requests, clamped;
    struct errors errors;
    uint128_t sum_ns, sum_squares_ns;
    uint64_t min_ns, max_ns;
    int64_t first_utc_ns, last_utc_ns;
    struct histogram histogram, first_byte, view;
};

static void sum_init(struct sum *sum)
{
    *sum = (struct sum){
        .min_ns = UINT64_MAX, .first_utc_ns = INT64_MAX, .last_utc_ns = INT64_MIN};
    histogram_init(&sum->histogram, HISTOGRAM_FINE);
    histogram_init(&sum->first_byte, HISTOGRAM_COARSE);
    histogram_init(&sum->view, HISTOGRAM_COARSE);
}

static void sum_release(struct sum *sum)
{
    histogram_release(&sum->histogram);
    histogram_release(&sum->first_byte);
    histogram_release(&sum->view);
}

static void sum_counts(struct sum *sum, const struct sum *from)
{
    sum->requests += from->requests;
    sum->clamped += from->clamped;
    sum->errors.client += from->errors.client;
    sum->errors.server += from->errors.server;
    sum->errors.aborted += from->errors.aborted;
    sum->errors.exception += from->errors.exception;
    sum->sum_ns += from->sum_ns;
    sum->sum_squares_ns += from->sum_squares_ns;
    if (from->min_ns < sum->min_ns)
        sum->min_ns = from->min_ns;
    if (from->max_ns > sum->max_ns)
        sum->max_ns = from->max_ns;
    if (from->first_utc_ns < sum->first_utc_ns)
        sum->first_utc_ns = from->first_utc_ns;
    if (from->last_utc_ns > sum->last_utc_ns)
        sum->last_utc_ns = from->last_utc_ns;
}

static void sum_add(struct sum *sum, const struct sum *from)
{
    sum_counts(sum, from);
    histogram_merge(&sum->histogram, &from->histogram);
    histogram_merge(&sum->first_byte, &from->first_byte);
    histogram_merge(&sum->view, &from->view);
}

/* A cell seen as a sum; its histograms stay the cell's. */
static struct sum sum_of_cell(const struct summary_cell *cell)
{
    return (struct sum){
        .requests = cell->requests,
        .clamped = cell->clamped,
        .errors = {.client = cell->client_errors,
                   .server = cell->server_errors,
                   .aborted = cell->aborted,
                   .exception = cell->exceptions},
        .sum_ns = cell->sum_ns,
        .sum_squares_ns = cell->sum_squares_ns,
        .min_ns = cell->min_ns,
        .max_ns = cell->max_ns,
        .first_utc_ns = cell->first_utc_ns,
        .last_utc_ns = cell->last_utc_ns,
        .histogram = cell->histogram,
        .first_byte = cell->first_byte,
        .view = cell->view,
    };
}

/* What shares and rates are of. */
struct whole {
    uint64_t requests;
    double total_ns, seconds;
    uint64_t apdex_target_ns;
};

static double seconds_between(int64_t first_utc_ns, int64_t last_utc_ns)
{
    return last_utc_ns > first_utc_ns ? ((double)last_utc_ns - (double)first_utc_ns) / 1e9
                                      : 0;
}

static double stddev_of(const struct sum *sum)
{
    long double n = (long double)sum->requests, total = (long double)sum->sum_ns;

    if (sum->requests < 2)
        return NAN;
    long double variance =
        ((long double)sum->sum_squares_ns - total * (total / n)) / (n - 1);
    return variance > 0 ? (double)sqrtl(variance) : 0;
}

static struct part part_of(const struct histogram *histogram, uint64_t max_ns)
{
    struct part part = {.requests = histogram_total(histogram)};

    all_quantiles(part.quantiles, histogram, 0, max_ns);
    return part;
}

static struct distribution distribution_of(const struct sum *sum,
                                           const struct whole *whole)
{
    double n = (double)sum->requests, total = (double)sum->sum_ns;
    struct distribution d = {
        .requests = sum->requests,
        .share = whole->requests ? n / (double)whole->requests : 0,
        .time_share = whole->total_ns > 0 ? total / whole->total_ns : 0,
        .per_s = whole->seconds > 0 ? n / whole->seconds : NAN,
        .seconds = whole->seconds,
        .errors = sum->errors,
        .clamped = sum->clamped,
        .total_ns = total,
        .mean_ns = sum->requests ? total / n : NAN,
        .stddev_ns = stddev_of(sum),
        .min_ns = sum->requests ? sum->min_ns : 0,
        .max_ns = sum->max_ns,
        .first_utc_ns = sum->requests ? sum->first_utc_ns : 0,
        .last_utc_ns = sum->requests ? sum->last_utc_ns : 0,
        .apdex = apdex_of(&sum->histogram, whole->apdex_target_ns),
        .first_byte = part_of(&sum->first_byte, sum->max_ns),
        .view = part_of(&sum->view, sum->max_ns),
    };

    all_quantiles(d.quantiles, &sum->histogram, d.min_ns, d.max_ns);
    d.box = box_of(&sum->histogram, d.min_ns, d.max_ns);
    return d;
}

/* --- the overview --- */

/* By first request; at the same moment by name, so that the order is always the same. */
static int compare_versions(const void *left, const void *right)
{
    const struct summary_version *a = ((const struct version *)left)->source;
    const struct summary_version *b = ((const struct version *)right)->source;

    if (a->first_utc_ns != b->first_utc_ns)
        return a->first_utc_ns < b->first_utc_ns ? -1 : 1;
    int order = name_compare(a->application, b->application);
    return order ? order : name_compare(a->name, b->name);
}

static void build_versions(struct overview *overview, const struct summary *summary)
{
    struct summary_version *const *sources;
    size_t count = summary_versions(summary, &sources);

    overview->versions = mem_array(count, sizeof(*overview->versions));
    for (size_t i = 0; i < count; i++) {
        const struct summary_version *source = sources[i];
        if (source->requests == 0)
            continue;
        overview->versions[overview->version_count++] = (struct version){
            .source = source,
            .requests = source->requests,
            .seconds = seconds_between(source->first_utc_ns, source->last_utc_ns),
        };
    }
    qsort(overview->versions, overview->version_count, sizeof(*overview->versions),
          compare_versions);
}

static size_t index_of_version(const struct overview *overview,
                               const struct summary_version *source)
{
    size_t i = 0;

    while (i + 1 < overview->version_count && overview->versions[i].source != source)
        i++;
    return i;
}

static int compare_cells(const void *left, const void *right)
{
    size_t a = ((const struct endpoint_version *)left)->version;
    size_t b = ((const struct endpoint_version *)right)->version;

    return (a > b) - (a < b);
}

/* The cells of an endpoint, their version's time added up on the way. */
static void link_cells(struct overview *overview, struct endpoint *endpoint,
                       const struct summary_endpoint *source)
{
    endpoint->application = source->application;
    endpoint->name = source->name;
    endpoint->versions = mem_array(source->cell_count, sizeof(*endpoint->versions));
    for (size_t i = 0; i < source->cell_count; i++) {
        const struct summary_cell *cell = source->cells[i];
        if (cell->requests == 0)
            continue;
        size_t version = index_of_version(overview, cell->version);
        overview->versions[version].total_ns += (double)cell->sum_ns;
        endpoint->versions[endpoint->version_count++] =
            (struct endpoint_version){.version = version, .cell = cell};
    }
    if (endpoint->version_count > 1)
        qsort(endpoint->versions, endpoint->version_count, sizeof(*endpoint->versions),
              compare_cells);
}

static struct version_change change_of(const struct endpoint *endpoint)
{
    struct version_change change = {.known = false};

    if (endpoint->version_count < 2)
        return change;
    change.newer = endpoint->version_count - 1;
    change.older = change.newer - 1;
    const struct quantile *newer =
        endpoint->versions[change.newer].distribution.quantiles;
    const struct quantile *older =
        endpoint->versions[change.older].distribution.quantiles;
    for (size_t i = 0; i < QUANTILES; i++) {
        bool both = newer[i].known && older[i].known && older[i].value_ns > 0;
        change.ratios[i] = both ? newer[i].value_ns / older[i].value_ns : NAN;
    }
    change.known = isfinite(change.ratios[QUANTILE_50]);
    return change;
}

static void describe_endpoint(const struct overview *overview, struct endpoint *endpoint,
                              const struct whole *whole, struct sum *everything)
{
    struct sum all;

    sum_init(&all);
    for (size_t i = 0; i < endpoint->version_count; i++) {
        struct endpoint_version *cell = &endpoint->versions[i];
        const struct version *version = &overview->versions[cell->version];
        const struct whole of_version = {
            .requests = version->requests,
            .total_ns = version->total_ns,
            .seconds = version->seconds,
            .apdex_target_ns = whole->apdex_target_ns,
        };
        struct sum sum = sum_of_cell(cell->cell);
        cell->distribution = distribution_of(&sum, &of_version);
        sum_add(&all, &sum);
    }
    endpoint->all = distribution_of(&all, whole);
    endpoint->change = change_of(endpoint);
    sum_add(everything, &all);
    sum_release(&all);
}

static size_t count_applications(const struct overview *overview)
{
    size_t count = 0;

    for (size_t i = 0; i < overview->endpoint_count; i++)
        count += i == 0 || name_compare(overview->endpoints[i].application,
                                        overview->endpoints[i - 1].application) != 0;
    return count;
}

void overview_build(struct overview *overview, const struct summary *summary,
                    uint64_t apdex_target_ns)
{
    struct summary_endpoint *const *sources;
    size_t count = summary_endpoints(summary, &sources);
    struct sum everything;

    *overview = (struct overview){.totals = summary_totals(summary),
                                  .apdex_target_ns = apdex_target_ns};
    build_versions(overview, summary);
    overview->endpoints = mem_array(count, sizeof(*overview->endpoints));
    for (size_t i = 0; i < count; i++) {
        struct endpoint *endpoint = &overview->endpoints[overview->endpoint_count];
        link_cells(overview, endpoint, sources[i]);
        if (endpoint->version_count > 0)
            overview->endpoint_count++;
        else
            free(endpoint->versions);
    }

    struct whole whole = {
        .requests = overview->totals.requests,
        .seconds =
            seconds_between(overview->totals.first_utc_ns, overview->totals.last_utc_ns),
        .apdex_target_ns = apdex_target_ns,
    };
    for (size_t i = 0; i < overview->version_count; i++)
        whole.total_ns += overview->versions[i].total_ns;
    sum_init(&everything);
    for (size_t i = 0; i < overview->endpoint_count; i++)
        describe_endpoint(overview, &overview->endpoints[i], &whole, &everything);
    overview->all = distribution_of(&everything, &whole);
    sum_release(&everything);
    overview->application_count = count_applications(overview);
}

void overview_release(struct overview *overview)
{
    for (size_t i = 0; i < overview->endpoint_count; i++)
        free(overview->endpoints[i].versions);
    free(overview->endpoints);
    free(overview->versions);
    *overview = (struct overview){0};
}
