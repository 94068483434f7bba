/* SPDX-License-Identifier: GPL-3.0-or-later */
/* From scores to tests: what all endpoints share is taken off, then Welch. */
#include "common_mode.h"
#include "longrun.h"
#include "regression_rule.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "src/base/mem.h"

enum { COSINES = 12, COSINES_SHORT = 4, REQUESTS_LEAST = 30, BEYOND_LEAST = 10 };
/* A window that is a little short of three days is three days. */
#define WINDOW_LEAST_S (70 * 3600.0)
#define WINDOW_LEAST_CORRELATIONS 24
/* Shorter windows than about a day tell nothing of what all endpoints share. */
#define WINDOW_GLOBAL_S (23 * 3600.0)
#define MEDIAN_EFFICIENCY .37

static bool is_of_runs(const struct judging *judging)
{
    return judging->comparison->basis == REGRESSION_RUN_PAIRS ||
           judging->comparison->basis == REGRESSION_RUNS;
}

static bool is_paired(const struct judging *judging)
{
    return judging->comparison->basis == REGRESSION_RUN_PAIRS ||
           judging->comparison->basis == REGRESSION_OVERLAP;
}

static const struct spread nothing = {0, 0};

/* Scores of the two sides of something: an endpoint, or a combination of endpoints. */
struct scores {
    double side[BOTH][SIDE_UNITS];
};

static double window_s(const struct judging *judging)
{
    return fmin(side_seconds(&judging->sides[OLDER]),
                side_seconds(&judging->sides[NEWER]));
}

/* Correlation time in blocks, from how much larger the variance of the whole is than that
 * of blocks alone: of an AR(1), half of the excess. */
static double correlation_blocks(const double *scores, unsigned count)
{
    double alone = longrun_block_variance(scores, count);
    double longrun = longrun_cosine_variance(scores, count, COSINES);

    return alone > 0 && longrun > alone ? (longrun / alone - 1) / 2 : 0;
}

static bool window_is_short(const struct judging *judging, const struct scores *scores)
{
    double window = window_s(judging);

    if (is_of_runs(judging))
        return false;
    if (window < WINDOW_LEAST_S)
        return true;
    for (unsigned side = 0; side < BOTH; side++) {
        unsigned count = judging->sides[side].unit_count;
        double blocks = correlation_blocks(scores->side[side], count);
        if (count < WINDOW_LEAST_CORRELATIONS * blocks)
            return true;
    }
    return false;
}

static struct spread larger(struct spread a, double variance, double df)
{
    return variance > a.variance ? (struct spread){variance, df} : a;
}

/* Variance of a share from the scores of units, units of which had requests. */
static struct spread spread_of(const double *scores, unsigned count, unsigned units,
                               bool runs, bool short_window)
{
    struct spread spread = {longrun_block_variance(scores, count),
                            units > 1 ? units - 1 : 0};

    if (runs)
        return spread;
    if (count > COSINES)
        spread = larger(spread, longrun_cosine_variance(scores, count, COSINES), COSINES);
    if (short_window || count <= COSINES)
        spread = larger(spread, longrun_cosine_variance(scores, count, COSINES_SHORT),
                        COSINES_SHORT);
    return spread;
}

static unsigned lesser(unsigned a, unsigned b)
{
    return a < b ? a : b;
}

static struct spread spread_between(const struct judging *judging,
                                    const struct scores *scores, const unsigned *units,
                                    bool short_window)
{
    bool runs = is_of_runs(judging);
    unsigned count[BOTH] = {judging->sides[OLDER].unit_count,
                            judging->sides[NEWER].unit_count};

    if (is_paired(judging)) {
        double pairs[SIDE_UNITS];
        for (unsigned k = 0; k < count[OLDER]; k++)
            pairs[k] = scores->side[NEWER][k] - scores->side[OLDER][k];
        return spread_of(pairs, count[OLDER], lesser(units[OLDER], units[NEWER]), runs,
                         short_window);
    }
    return spread_sum(
        spread_of(scores->side[OLDER], count[OLDER], units[OLDER], runs, short_window),
        spread_of(scores->side[NEWER], count[NEWER], units[NEWER], runs, short_window));
}

/* How far the share of a side's first half of units lies from that of its second. */
static double halves_of(const double *scores, const uint64_t *requests, unsigned count)
{
    double sums[2] = {0, 0}, counts[2] = {0, 0};

    for (unsigned k = 0; k < count; k++) {
        sums[k >= count / 2] += scores[k];
        counts[k >= count / 2] += (double)requests[k];
    }
    if (counts[0] == 0 || counts[1] == 0)
        return 0;
    double total = counts[0] + counts[1];
    return fabs(sums[0] * total / counts[0] - sums[1] * total / counts[1]);
}

static double largest_halves(const struct judging *judging, const struct scores *scores,
                             const struct evidence *evidence)
{
    double largest = 0;

    for (unsigned side = 0; !is_paired(judging) && side < BOTH; side++)
        largest =
            fmax(largest, halves_of(scores->side[side], evidence->unit_requests[side],
                                    judging->sides[side].unit_count));
    return largest;
}

/* --- one comparison --- */

static bool enough_units(const struct judging *judging, const struct evidence *evidence)
{
    unsigned least = is_of_runs(judging) ? SIDE_RUNS_LEAST : SIDE_BLOCKS_LEAST;
    return evidence->units[OLDER] >= least && evidence->units[NEWER] >= least;
}

static uint64_t fewer_requests(const struct evidence *evidence)
{
    return evidence->requests[OLDER] < evidence->requests[NEWER]
               ? evidence->requests[OLDER]
               : evidence->requests[NEWER];
}

static bool enough_for_quantile(const struct evidence *evidence, double share)
{
    uint64_t fewer = fewer_requests(evidence);
    return fewer >= REQUESTS_LEAST && (double)fewer * (1 - share) >= BEYOND_LEAST - 1e-9;
}

static bool enough_for_errors(const struct evidence *evidence, unsigned metric)
{
    return fewer_requests(evidence) >= REQUESTS_LEAST &&
           evidence->beyond[OLDER][metric] + evidence->beyond[NEWER][metric] >=
               BEYOND_LEAST;
}

static void scores_of(struct scores *scores, const struct evidence *evidence,
                      unsigned metric)
{
    memcpy(scores->side[OLDER], evidence->scores[OLDER][metric],
           sizeof(scores->side[OLDER]));
    memcpy(scores->side[NEWER], evidence->scores[NEWER][metric],
           sizeof(scores->side[NEWER]));
}

static double shift_between(const struct evidence *evidence, unsigned metric)
{
    return evidence->share[NEWER][metric] - evidence->share[OLDER][metric];
}

/* between: what is added to the variance of the units. */
static void run_trial(struct trial *trial, const struct judging *judging,
                      const struct scores *scores, const struct evidence *evidence,
                      double difference, struct spread between)
{
    trial->short_window = window_is_short(judging, scores);
    trial->spread = spread_sum(
        spread_between(judging, scores, evidence->units, trial->short_window), between);
    trial->own = welch_test(difference, trial->spread);
    trial->halves = largest_halves(judging, scores, evidence);
}

/* Variance of the shift of independent requests with equal shares beyond. */
static double binomial_variance(const struct evidence *evidence, unsigned metric)
{
    double older = (double)evidence->requests[OLDER];
    double newer = (double)evidence->requests[NEWER];
    double share =
        (double)(evidence->beyond[OLDER][metric] + evidence->beyond[NEWER][metric]) /
        (older + newer);

    return share * (1 - share) * (1 / older + 1 / newer);
}

/* How much larger the variance of the shift is than that of independent requests. */
static double design_effect(const struct evidence *evidence, unsigned metric,
                            double variance)
{
    double independent = 0;

    for (unsigned side = 0; side < BOTH; side++)
        independent += evidence->share[side][metric] *
                       (1 - evidence->share[side][metric]) /
                       (double)evidence->requests[side];
    return independent > 0 ? fmax(1, variance / independent) : 1;
}

static void raise_variance(struct trial *trial, double least)
{
    trial->spread.variance = fmax(trial->spread.variance, least);
    trial->own = welch_test(trial->own.difference, trial->spread);
}

/* Rare events on one side only have no variance there: at least that of equal shares. */
static void test_errors(struct trial *trial, const struct judging *judging,
                        const struct evidence *evidence, unsigned metric)
{
    struct scores scores = {{{0}}};

    trial->asked = enough_units(judging, evidence) && enough_for_errors(evidence, metric);
    if (!trial->asked)
        return;
    scores_of(&scores, evidence, metric);
    run_trial(trial, judging, &scores, evidence, shift_between(evidence, metric),
              nothing);
    raise_variance(trial, binomial_variance(evidence, metric));
}

/* Latency metrics of the endpoints that can be asked, and what combines them. */
struct family {
    size_t *members;
    struct shift *shifts;
    double *weights;
    size_t count;
};

static void family_find(struct family *family, struct judging *judging, unsigned metric)
{
    size_t most = judging->comparison->endpoint_count;

    *family = (struct family){mem_array(most, sizeof(size_t)),
                              mem_array(most, sizeof(struct shift)),
                              mem_array(most, sizeof(double)), 0};
    for (size_t i = 0; i < most; i++) {
        struct endpoint_trials *endpoint = &judging->endpoints[i];
        const struct evidence *evidence = &endpoint->evidence;
        struct scores scores = {{{0}}};
        if (!enough_units(judging, evidence) ||
            !enough_for_quantile(evidence, regression_shares[metric]))
            continue;
        scores_of(&scores, evidence, metric);
        struct spread spread = spread_between(judging, &scores, evidence->units, false);
        endpoint->trials[metric].design =
            design_effect(evidence, metric, spread.variance);
        endpoint->trials[metric].alike =
            !(spread.variance > 0 || shift_between(evidence, metric) != 0);
        if (endpoint->trials[metric].alike)
            continue;
        spread.variance = fmax(spread.variance, binomial_variance(evidence, metric));
        endpoint->trials[metric].asked = true;
        family->members[family->count] = i;
        family->shifts[family->count++] = (struct shift){
            shift_between(evidence, metric), spread.variance, endpoint->trust};
    }
}

static void family_release(struct family *family)
{
    free(family->members);
    free(family->shifts);
    free(family->weights);
}

/* What a family shares, one member left out or none, with its scores. */
static struct common_mode combine(const struct family *family,
                                  const struct judging *judging, unsigned metric,
                                  size_t without, struct scores *scores)
{
    struct common_mode common =
        common_mode(family->shifts, family->count, without, family->weights);

    memset(scores, 0, sizeof(*scores));
    for (size_t i = 0; i < family->count; i++) {
        const struct evidence *evidence =
            &judging->endpoints[family->members[i]].evidence;
        for (unsigned side = 0; side < BOTH; side++)
            for (unsigned k = 0; k < judging->sides[side].unit_count; k++)
                scores->side[side][k] +=
                    family->weights[i] * evidence->scores[side][metric][k];
    }
    return common;
}

static double log_quantile(const struct evidence *evidence, unsigned side, double share)
{
    return log(fmax(histogram_quantile_ns(&evidence->values[side], share), 1));
}

/* What all share, as a ratio: each endpoint's, weighted like its shift. */
static void measure_global(struct judging *judging, const struct family *family,
                           unsigned metric)
{
    double p = regression_shares[metric], step = (1 - p) / 4, sum = 0, slope = 0;

    for (size_t i = 0; i < family->count; i++) {
        const struct evidence *evidence =
            &judging->endpoints[family->members[i]].evidence;
        double here = 0;
        for (unsigned side = 0; side < BOTH; side++)
            here += (log_quantile(evidence, side, p + step) -
                     log_quantile(evidence, side, p - step)) /
                    (4 * step);
        slope += family->weights[i] * here;
        sum += family->weights[i] * here * family->shifts[i].difference;
    }
    judging->global_log[metric] = sum;
    judging->global_slope[metric] = slope;
}

/* In less than a day a slow hour of the machine is all there is: in windows of 6 hours
 * 5 % of reports would tell of it. Pairs have it on both sides; load tests that are too
 * few to compare runs have it always. */
static bool tells_of_global(const struct judging *judging)
{
    const struct regression_comparison *comparison = judging->comparison;

    return !comparison->load_test && (comparison->basis != REGRESSION_BLOCKS ||
                                      window_s(judging) >= WINDOW_GLOBAL_S);
}

/* How much less is known than the units say: of what all share; and, of load tests that
 * are too few to compare runs, of what an endpoint's process, memory and minute did to
 * it, which is taken to be as much as endpoints differ among themselves. A median of n
 * squares knows that as well as a mean of .37 n would. */
static struct spread beyond_units(const struct judging *judging,
                                  const struct common_mode *common, size_t endpoints)
{
    struct spread of_common = {common->excess, common->excess_df};
    struct spread of_runs = {common->dispersion,
                             MEDIAN_EFFICIENCY * (double)(endpoints - 2)};

    return judging->comparison->load_test ? spread_sum(of_common, of_runs) : of_common;
}

static void test_global(struct judging *judging, const struct family *family,
                        unsigned metric)
{
    struct trial *trial = &judging->global[metric];
    struct scores scores = {{{0}}};
    struct common_mode common = combine(family, judging, metric, SIZE_MAX, &scores);
    struct evidence whole = {
        .units = {judging->sides[OLDER].unit_count, judging->sides[NEWER].unit_count}};

    for (unsigned side = 0; side < BOTH; side++)
        for (unsigned k = 0; k < SIDE_UNITS; k++)
            whole.unit_requests[side][k] = 1; /* all blocks alike */
    run_trial(trial, judging, &scores, &whole, common.difference,
              (struct spread){common.excess, common.excess_df});
    trial->asked = true;
    trial->untold = !tells_of_global(judging);
    measure_global(judging, family, metric);
}

static void test_latency(struct judging *judging, unsigned metric)
{
    struct family family;

    family_find(&family, judging, metric);
    bool shared = family.count >= COMMON_MODE_LEAST;
    for (size_t i = 0; i < family.count; i++) {
        struct endpoint_trials *endpoint = &judging->endpoints[family.members[i]];
        const struct evidence *evidence = &endpoint->evidence;
        struct trial *trial = &endpoint->trials[metric];
        struct scores scores = {{{0}}}, others;
        struct spread between = nothing;
        scores_of(&scores, evidence, metric);
        trial->common = evidence->mix[metric];
        trial->alone = !shared;
        if (shared) {
            struct common_mode common = combine(&family, judging, metric, i, &others);
            trial->common = common.difference;
            between = beyond_units(judging, &common, family.count);
            for (unsigned side = 0; side < BOTH; side++)
                for (unsigned k = 0; k < SIDE_UNITS; k++)
                    scores.side[side][k] -= others.side[side][k];
        }
        run_trial(trial, judging, &scores, evidence,
                  shift_between(evidence, metric) - trial->common, between);
        raise_variance(trial, binomial_variance(evidence, metric));
    }
    if (shared)
        test_global(judging, &family, metric);
    family_release(&family);
}

/* Endpoints that changed at one quantile tell nothing of what all share at another. */
static void find_changed(struct judging *judging)
{
    for (size_t i = 0; i < judging->comparison->endpoint_count; i++)
        judging->endpoints[i].trust = 1;
    for (unsigned m = 0; m < REGRESSION_LATENCIES; m++) {
        struct family family;
        family_find(&family, judging, m);
        if (family.count >= COMMON_MODE_LEAST)
            common_mode_distrust(family.shifts, family.count);
        for (size_t i = 0; i < family.count; i++)
            judging->endpoints[family.members[i]].trust = family.shifts[i].trust;
        family_release(&family);
    }
}

void judging_test(struct judging *judging)
{
    find_changed(judging);
    for (unsigned m = 0; m < REGRESSION_LATENCIES; m++)
        test_latency(judging, m);
    for (size_t i = 0; i < judging->comparison->endpoint_count; i++)
        for (unsigned m = REGRESSION_LATENCIES; m < REGRESSION_METRICS; m++)
            test_errors(&judging->endpoints[i].trials[m], judging,
                        &judging->endpoints[i].evidence, m);
}
