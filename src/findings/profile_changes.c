/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "profile_changes.h"

#include "src/base/mem.h"
#include "src/summary/summary.h"

#include <gsl/gsl_cdf.h>
#include <math.h>
#include <stdlib.h>

#define ALPHA .05

/* --- shares ---------------------------------------------------------------------------
 */

struct profile_share profile_wilson(double share, double n, double deviations)
{
    double z2 = deviations * deviations;
    if (!(n > 0))
        return (struct profile_share){share, 0, 1};
    double centre = (share + z2 / (2 * n)) / (1 + z2 / n);
    double half =
        deviations / (1 + z2 / n) * sqrt(share * (1 - share) / n + z2 / (4 * n * n));
    return (struct profile_share){share, fmax(0, fmin(share, centre - half)),
                                  fmin(1, fmax(share, centre + half))};
}

void profile_met_add(struct profile_version *version, const struct beside_cell *cell)
{
    for (size_t i = 0; i < cell->sampled_count; i++) {
        double m = (double)cell->sampled[i].samples;
        version->met += m;
        version->met_squares += m * m;
    }
}

double profile_effective_samples(const struct profile_version *version)
{
    double samples = (double)version->samples;
    return version->met_squares > 0 ? samples * version->met / version->met_squares
                                    : samples;
}

struct profile_share profile_share(const struct profile_version *version, uint64_t us,
                                   double deviations)
{
    double share = version->us ? (double)us / (double)version->us : 0;
    return profile_wilson(share, version->us ? version->samples_effective : 0,
                          deviations);
}

/* --- time a request -------------------------------------------------------------------
 */

/* Mean own time of a node a request, and how far off it may be downwards and upwards:
 * share times mean duration, the variances of both added up (the square roots are of
 * independent relative errors, to first order). */
struct time_of_node {
    double ns, below_ns, above_ns;
};

static double mean_deviation(const struct profile_version *version)
{
    double n = (double)version->requests;
    double variance = version->sum_squares_ns / n - version->mean_ns * version->mean_ns;
    return sqrt(fmax(0, variance) / n);
}

static struct time_of_node time_of(const struct profile_version *version, uint64_t us,
                                   double deviations)
{
    struct profile_share share = profile_share(version, us, deviations);
    double mean_ns = version->mean_ns;
    double of_mean = share.share * deviations * mean_deviation(version);
    return (struct time_of_node){share.share * mean_ns,
                                 hypot(mean_ns * (share.share - share.low), of_mean),
                                 hypot(mean_ns * (share.high - share.share), of_mean)};
}

/* The interval of a difference from those of its terms: G. Y. Zou and A. Donner,
 * Statistics in Medicine 27 (2008), "MOVER". */
static struct profile_change change_of(const struct profile_endpoint *endpoint,
                                       size_t node, double deviations)
{
    const struct profile_value *older = profile_value_of(endpoint, node, endpoint->older);
    const struct profile_value *newer = profile_value_of(endpoint, node, endpoint->newer);
    struct time_of_node a =
        time_of(&endpoint->versions[endpoint->older], older->self_us, deviations);
    struct time_of_node b =
        time_of(&endpoint->versions[endpoint->newer], newer->self_us, deviations);
    double difference_ns = b.ns - a.ns;
    struct profile_change change = {
        .node = node,
        .older_ns = a.ns,
        .newer_ns = b.ns,
        .difference_ns = difference_ns,
        .low_ns = difference_ns - hypot(b.below_ns, a.above_ns),
        .high_ns = difference_ns + hypot(b.above_ns, a.below_ns)};
    change.real = change.low_ns > 0 || change.high_ns < 0;
    change.explains = difference_ns * profile_difference_ns(endpoint) > 0;
    return change;
}

/* --- two versions ---------------------------------------------------------------------
 */

static bool is_comparable(const struct profile_version *version)
{
    return version->requests > 0 && version->us > 0;
}

/* The endpoint's version of that name; version_count when it has none. */
static size_t find_version(const struct profile_endpoint *endpoint, struct name name)
{
    size_t v = 0;
    while (v < endpoint->version_count &&
           (endpoint->versions[v].older_side ||
            name_compare(endpoint->versions[v].name, name) != 0))
        v++;
    return v;
}

/* The older one; version_count when it has none. */
static size_t find_older(const struct profile_endpoint *endpoint,
                         const struct regression_comparison *comparison)
{
    if (endpoint->versions[0].older_side)
        return 0;
    return comparison->older_is_baseline ? endpoint->version_count
                                         : find_version(endpoint, comparison->older);
}

/* NULL where the application is not compared. */
static const struct regression_comparison *
comparison_of(const struct regression *regression, struct name application)
{
    for (size_t i = 0; regression && i < regression->comparison_count; i++)
        if (name_compare(regression->comparisons[i].application, application) == 0)
            return &regression->comparisons[i];
    return NULL;
}

static bool choose(struct profile_endpoint *endpoint, const struct regression *regression)
{
    const struct regression_comparison *comparison =
        comparison_of(regression, endpoint->application);
    if (comparison) {
        endpoint->newer = find_version(endpoint, comparison->newer);
        endpoint->older = find_older(endpoint, comparison);
    } else {
        endpoint->newer = profile_newest(endpoint, endpoint->version_count);
        endpoint->older = endpoint->newer == SIZE_MAX
                              ? SIZE_MAX
                              : profile_newest(endpoint, endpoint->newer);
    }
    return endpoint->newer < endpoint->version_count &&
           endpoint->older < endpoint->version_count &&
           is_comparable(&endpoint->versions[endpoint->newer]) &&
           is_comparable(&endpoint->versions[endpoint->older]);
}

static int by_size(const void *left, const void *right)
{
    const struct profile_change *a = left, *b = right;
    double x = fabs(a->difference_ns), y = fabs(b->difference_ns);
    if (a->real != b->real)
        return a->real ? -1 : 1;
    if (a->explains != b->explains)
        return a->explains ? -1 : 1;
    if (x != y)
        return x > y ? -1 : 1;
    return (a->node > b->node) - (a->node < b->node);
}

static bool has_time(const struct profile_endpoint *endpoint, size_t node)
{
    return profile_value_of(endpoint, node, endpoint->older)->self_us ||
           profile_value_of(endpoint, node, endpoint->newer)->self_us;
}

/* All nodes at once: each interval at 1 - ALPHA / nodes, so that with a probability of
 * 1 - ALPHA none is wrong (L. A. Goodman, Technometrics 7 (1965), for shares). */
static double deviations_for(size_t nodes)
{
    return gsl_cdf_ugaussian_Qinv(ALPHA / (2.0 * (double)nodes));
}

void profile_compare(struct profile_endpoint *endpoint,
                     const struct regression *regression)
{
    size_t count = 0;
    endpoint->compared = choose(endpoint, regression);
    for (size_t n = 0; endpoint->compared && n < endpoint->node_count; n++)
        count += has_time(endpoint, n);
    if (count == 0)
        return;
    double deviations = deviations_for(count);
    endpoint->changes = mem_array(count, sizeof(*endpoint->changes));
    for (size_t n = 0; n < endpoint->node_count; n++)
        if (has_time(endpoint, n))
            endpoint->changes[endpoint->change_count++] =
                change_of(endpoint, n, deviations);
    qsort(endpoint->changes, count, sizeof(*endpoint->changes), by_size);
}
