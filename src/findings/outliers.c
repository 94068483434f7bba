/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "outliers.h"

#include "src/base/mem.h"
#include "src/base/vec.h"

#include <math.h>
#include <stdlib.h>

const char *const outlier_rule_names[] = {"log", "tukey", "mad", "mean", NULL};

/* A split of the time blocks tells since when there is a slow mode when the likelihood
 * ratio is e^20 (it is the best of 64 splits of autocorrelated blocks) and the share is
 * three times as large. */
#define SINCE_LOG_RATIO 20.0
#define SINCE_TIMES 3.0

void outlier_options_init(struct outlier_options *options)
{
    *options = (struct outlier_options){.rule = OUTLIER_LOG};
}

/* --- fences --- */

/* Up to the edge of the fine bucket that holds it. */
static uint64_t edge_ns(double ns)
{
    if (!(ns >= 1))
        return 0;
    uint64_t whole = ns < (double)HISTOGRAM_MAX_NS ? (uint64_t)ns : HISTOGRAM_MAX_NS;
    return histogram_high_ns(HISTOGRAM_FINE, histogram_bucket(HISTOGRAM_FINE, whole));
}

/* high (high / low)^factor; all in one bucket is as wide as the bucket. */
static double beyond_ns(double low_ns, double high_ns, double factor)
{
    double ratio = high_ns / low_ns, least = 1 + 1.0 / (1 << HISTOGRAM_FINE);
    return high_ns * pow(ratio > least ? ratio : least, factor);
}

/* Median of log(d / median) over the half above the median is that of the deviations:
 * Q75 over the median. 5.5 of them are 3.7 standard deviations of a normal. */
static double mad_fence_ns(const struct histogram *histogram)
{
    return beyond_ns(histogram_quantile_ns(histogram, .5),
                     histogram_quantile_ns(histogram, .75), 4.5);
}

/* From the middles of the buckets. */
static double mean_ns(const struct histogram *histogram)
{
    double sum = 0, count = 0;
    for (unsigned b = histogram_begin(histogram); b < histogram_end(histogram); b++) {
        double requests = histogram_at(histogram, b);
        sum += requests * .5 *
               (double)(histogram_low_ns(histogram->bits, b) +
                        histogram_high_ns(histogram->bits, b));
        count += requests;
    }
    return count > 0 ? sum / count : 0;
}

uint64_t outlier_fence_ns(const struct histogram *histogram, enum outlier_rule rule)
{
    double q75 = histogram_quantile_ns(histogram, .75);
    if (histogram_total(histogram) < OUTLIER_REQUESTS_MIN || q75 < 1)
        return 0;
    switch (rule) {
    case OUTLIER_TUKEY:
        return edge_ns(q75 + 1.5 * (q75 - histogram_quantile_ns(histogram, .25)));
    case OUTLIER_MAD:
        return edge_ns(mad_fence_ns(histogram));
    case OUTLIER_MEAN:
        return edge_ns(2.5 * mean_ns(histogram));
    case OUTLIER_LOG:
        break;
    }
    uint64_t near_ns =
        edge_ns(beyond_ns(q75, histogram_quantile_ns(histogram, .9), 4.015));
    if (histogram_total(histogram) < OUTLIER_FAR_REQUESTS_MIN)
        return near_ns;
    uint64_t far_ns = outlier_far_fence_ns(histogram);
    return far_ns < near_ns ? far_ns : near_ns;
}

uint64_t outlier_far_fence_ns(const struct histogram *histogram)
{
    double q90 = histogram_quantile_ns(histogram, .9);
    if (histogram_total(histogram) < OUTLIER_REQUESTS_MIN || q90 < 1)
        return 0;
    return edge_ns(beyond_ns(q90, histogram_quantile_ns(histogram, .975), 2.593));
}

static uint64_t count_beyond(const struct histogram *histogram, uint64_t fence_ns)
{
    return histogram_count_from(histogram, histogram_bucket(histogram->bits, fence_ns));
}

/* --- slow modes --- */

static double log_likelihood(double beyond, double requests)
{
    double share = beyond / requests;
    if (!(share > 0 && share < 1))
        return 0;
    return beyond * log(share) + (requests - beyond) * log(1 - share);
}

/* The block from which on there are more beyond the fence; coarse blocks count from the
 * edge above the fence. */
static void find_since(struct slow_mode *mode, const struct summary_cell *cell,
                       uint64_t fence_ns)
{
    const struct timegrid *grid = &cell->version->grid;
    unsigned from = histogram_bucket(HISTOGRAM_COARSE, fence_ns - 1) + 1;
    double all = 0, all_beyond = 0, before = 0, before_beyond = 0, best = SINCE_LOG_RATIO;
    for (unsigned i = 0; i < grid->count; i++) {
        all += (double)cell->blocks[i].requests;
        all_beyond += (double)histogram_count_from(&cell->blocks[i].histogram, from);
    }
    for (unsigned i = 0; i < grid->count; i++) {
        double after = all - before, after_beyond = all_beyond - before_beyond;
        if (before > 0 && after > 0 &&
            after_beyond / after >= SINCE_TIMES * before_beyond / before) {
            double gain = log_likelihood(before_beyond, before) +
                          log_likelihood(after_beyond, after) -
                          log_likelihood(all_beyond, all);
            if (gain > best) {
                best = gain;
                mode->has_since = true;
                mode->since_utc_ns = timegrid_first_ns(grid, i);
            }
        }
        before += (double)cell->blocks[i].requests;
        before_beyond += (double)histogram_count_from(&cell->blocks[i].histogram, from);
    }
}

/* The slowest 1 % or fewer, from the edge of a fine bucket. */
static uint64_t find_slow_ns(const struct histogram *histogram, uint64_t fence_ns)
{
    if (histogram_total(histogram) < OUTLIER_SLOW_REQUESTS_MIN)
        return fence_ns;
    uint64_t slow_ns = edge_ns(histogram_quantile_ns(histogram, .99));
    return slow_ns && slow_ns < fence_ns ? slow_ns : fence_ns;
}

static struct outlier_cell examine(const struct summary_cell *source,
                                   enum outlier_rule rule)
{
    struct outlier_cell cell = {.cell = source};
    cell.fence_ns = outlier_fence_ns(&source->histogram, rule);
    if (!cell.fence_ns)
        return cell;
    cell.single_ns = cell.fence_ns;
    cell.slow_ns = find_slow_ns(&source->histogram, cell.fence_ns);
    cell.beyond = count_beyond(&source->histogram, cell.fence_ns);
    double share = (double)cell.beyond / (double)source->requests;
    if (share <= OUTLIER_MODE_SHARE || cell.beyond < OUTLIER_MODE_REQUESTS)
        return cell;
    uint64_t far_ns = outlier_far_fence_ns(&source->histogram);
    cell.single_ns = far_ns > cell.fence_ns ? far_ns : cell.fence_ns;
    cell.mode = (struct slow_mode){
        .found = true,
        .share = share,
        .centre_ns = histogram_quantile_ns(&source->histogram, 1 - share / 2)};
    find_since(&cell.mode, source, cell.fence_ns);
    return cell;
}

/* --- the slowest
 * -------------------------------------------------------------------------
 */

static int by_times(const void *a, const void *b)
{
    const struct outlier *left = a, *right = b;
    if (left->times != right->times)
        return left->times > right->times ? -1 : 1;
    if (left->request.start_utc_ns != right->request.start_utc_ns)
        return left->request.start_utc_ns < right->request.start_utc_ns ? -1 : 1;
    if (left->request.process != right->request.process)
        return left->request.process < right->request.process ? -1 : 1;
    return (left->request.sequence > right->request.sequence) -
           (left->request.sequence < right->request.sequence);
}

static void list_cell(struct outliers *outliers, const struct summary *summary,
                      size_t endpoint, size_t cell, size_t *room)
{
    const struct outlier_cell *from = &outliers->endpoints[endpoint].cells[cell];
    struct slow_request slow[SUMMARY_SLOWEST];
    size_t count = summary_slowest(summary, from->cell, slow);
    for (size_t i = 0; i < count && slow[i].duration_ns >= from->single_ns; i++) {
        outliers->slowest = vec_room(outliers->slowest, room, outliers->slowest_count + 1,
                                     sizeof(*outliers->slowest));
        outliers->slowest[outliers->slowest_count++] = (struct outlier){
            .endpoint = endpoint,
            .cell = cell,
            .request = slow[i],
            .times = (double)slow[i].duration_ns / (double)from->fence_ns};
    }
}

static void list_slowest(struct outliers *outliers, const struct summary *summary)
{
    size_t room = 0;
    for (size_t e = 0; e < outliers->endpoint_count; e++)
        for (size_t c = 0; c < outliers->endpoints[e].cell_count; c++)
            list_cell(outliers, summary, e, c, &room);
    if (outliers->slowest_count > 1)
        qsort(outliers->slowest, outliers->slowest_count, sizeof(*outliers->slowest),
              by_times);
    if (outliers->slowest_count > OUTLIER_LISTED)
        outliers->slowest_count = OUTLIER_LISTED;
}

/* --- the whole
 * -----------------------------------------------------------------------------
 */

/* In order of how many requests they have: by insertion, there are few. */
static void list_modes(struct outliers *outliers)
{
    size_t room = 0;
    for (size_t e = 0; e < outliers->endpoint_count; e++)
        for (size_t c = 0; c < outliers->endpoints[e].cell_count; c++) {
            const struct outlier_cell *cell = &outliers->endpoints[e].cells[c];
            size_t at = outliers->mode_count;
            if (!cell->mode.found)
                continue;
            outliers->modes =
                vec_room(outliers->modes, &room, at + 1, sizeof(*outliers->modes));
            for (; at > 0; at--) {
                struct outlier_place before = outliers->modes[at - 1];
                if (outliers->endpoints[before.endpoint].cells[before.cell].beyond >=
                    cell->beyond)
                    break;
                outliers->modes[at] = before;
            }
            outliers->modes[at] = (struct outlier_place){e, c};
            outliers->mode_count++;
        }
}

/* False when no version has a fence. */
static bool examine_endpoint(struct outlier_endpoint *endpoint,
                             const struct summary_endpoint *source,
                             enum outlier_rule rule)
{
    struct histogram together;
    *endpoint = (struct outlier_endpoint){.source = source};
    endpoint->cells = mem_array(source->cell_count, sizeof(*endpoint->cells));
    histogram_init(&together, HISTOGRAM_FINE);
    for (size_t c = 0; c < source->cell_count; c++) {
        struct outlier_cell cell = examine(source->cells[c], rule);
        if (!cell.fence_ns)
            continue;
        endpoint->cells[endpoint->cell_count++] = cell;
        endpoint->requests += source->cells[c]->requests;
        endpoint->beyond += cell.beyond;
        histogram_merge(&together, &source->cells[c]->histogram);
    }
    endpoint->common_ns = outlier_fence_ns(&together, rule);
    histogram_release(&together);
    if (endpoint->cell_count)
        return true;
    free(endpoint->cells);
    return false;
}

void outliers_build(struct outliers *outliers, const struct summary *summary,
                    const struct outlier_options *options)
{
    struct summary_endpoint *const *endpoints;
    size_t count = summary_endpoints(summary, &endpoints);
    *outliers = (struct outliers){.options = *options};
    outliers->endpoints = mem_array(count, sizeof(*outliers->endpoints));
    for (size_t e = 0; e < count; e++) {
        struct outlier_endpoint *endpoint =
            &outliers->endpoints[outliers->endpoint_count];
        if (!examine_endpoint(endpoint, endpoints[e], options->rule))
            continue;
        outliers->endpoint_count++;
        outliers->beyond += endpoint->beyond;
    }
    list_modes(outliers);
    list_slowest(outliers, summary);
}

void outliers_release(struct outliers *outliers)
{
    for (size_t e = 0; e < outliers->endpoint_count; e++)
        free(outliers->endpoints[e].cells);
    free(outliers->endpoints);
    free(outliers->slowest);
    free(outliers->modes);
    free(outliers->culprits);
    *outliers = (struct outliers){0};
}
