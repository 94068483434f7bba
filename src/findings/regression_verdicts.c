/* SPDX-License-Identifier: GPL-3.0-or-later */
/* From tests to verdicts, with effects, intervals and what kept a verdict from more. */
#include "regression_rule.h"

#include <gsl/gsl_cdf.h>
#include <math.h>

/* Changes smaller than these are never flagged in a window that is shorter than three
 * days or 24 correlation times, and in load tests of fewer than 5 runs a side: of one
 * run this, of n runs this / sqrt(n). Set by the simulation: at a run-to-run spread of 10
 * %, .15 let 45 % of single-run reports raise a false alarm, .30 18 %, .40 still 8 %. */
#define LEAST_SHORT_WINDOW .15
#define LEAST_ONE_RUN .30
/* A change that would not have been seen up to here leaves "OK" unsaid. */
#define LEAST_ONE_RUN_ALONE 1.0
#define DETECTABLE_MOST .25
#define POWER .8
/* Errors: a tenth of a percentage point is the least that matters, and one point is what
 * "OK" must have been able to see. */
#define LEAST_ERRORS .001
#define DETECTABLE_ERRORS_MOST .01
#define INTERVAL .95
#define STRETCH_MOST 4.0

static const struct regression_estimate unknown = {NAN, NAN, NAN};

static double quantile_at(const struct evidence *evidence, unsigned side, double share)
{
    if (share <= 0 || share >= 1)
        return NAN;
    return histogram_quantile_ns(&evidence->values[side], share);
}

/* --- effects of latency --- */

/* The ratio that shifts the share by so much, from both sides' shapes. */
static double ratio_of_shift(const struct evidence *evidence, double p, double shift)
{
    double ratio = 1;

    for (unsigned side = 0; side < BOTH; side++)
        ratio *= quantile_at(evidence, side, p) / quantile_at(evidence, side, p - shift);
    return sqrt(ratio);
}

/* The ratio without what is shared: that is taken off the newer side, or put onto the
 * older, and the mean of both is used, so that swapping the sides gives the inverse. */
static double own_ratio(const struct regression_finding *finding,
                        const struct evidence *evidence, double common, double p)
{
    double taken = quantile_at(evidence, NEWER, p - common);
    double put = quantile_at(evidence, OLDER, p + common);
    double ratio =
        sqrt(taken / finding->older.value_ns * (finding->newer.value_ns / put));
    return isnan(ratio) ? finding->raw_ratio : ratio;
}

/* A quantile at a share that may lie beyond the sample: there its end. */
static double cut_quantile(const struct evidence *evidence, unsigned side, double share)
{
    double end = .5 / (double)evidence->requests[side];
    return quantile_at(evidence, side, fmin(fmax(share, end), 1 - end));
}

/* The ratio that makes a shift of the share beyond the threshold: the older side scaled
 * up to it, or the newer one down, and the mean of both. */
static double ratio_making_shift(const struct evidence *evidence, unsigned metric,
                                 double shift)
{
    double older = 1 - evidence->share[OLDER][metric];
    double newer = 1 - evidence->share[NEWER][metric];

    return sqrt(cut_quantile(evidence, OLDER, older) /
                cut_quantile(evidence, OLDER, older - shift) *
                (cut_quantile(evidence, NEWER, newer + shift) /
                 cut_quantile(evidence, NEWER, newer)));
}

/* How far a side's quantile may be off, as a logarithm, downwards (way -1) or upwards,
 * for independent requests. */
static double quantile_reach(const struct evidence *evidence, unsigned side, double p,
                             int way)
{
    double deviation = sqrt(p * (1 - p) / (double)evidence->requests[side]);
    double moved = p + way * gsl_cdf_ugaussian_Qinv((1 - INTERVAL) / 2) * deviation;

    return fabs(
        log(cut_quantile(evidence, side, moved) / quantile_at(evidence, side, p)));
}

/* Whether a shift of the share leads out of a side's sample. */
static bool lie_apart(const struct evidence *evidence, double shift, unsigned metric)
{
    double older = 1 - evidence->share[OLDER][metric] - shift;
    double newer = 1 - evidence->share[NEWER][metric] + shift;

    return fmin(older, newer) <= 0 || fmax(older, newer) >= 1;
}

/* Where the sides lie apart, shares tell nothing of how far. Then an interval is no
 * narrower than what the quantiles themselves leave open (both ends as MOVER), as far as
 * that does not contradict the test. */
static struct regression_estimate widened(struct regression_estimate ratio,
                                          const struct evidence *evidence, double p)
{
    double below = hypot(quantile_reach(evidence, NEWER, p, -1),
                         quantile_reach(evidence, OLDER, p, 1));
    double above = hypot(quantile_reach(evidence, NEWER, p, 1),
                         quantile_reach(evidence, OLDER, p, -1));

    double low = fmin(ratio.low, ratio.value * exp(-below));
    double high = fmax(ratio.high, ratio.value * exp(above));
    return (struct regression_estimate){ratio.value, ratio.low > 1 ? fmax(low, 1) : low,
                                        ratio.high < 1 ? fmin(high, 1) : high};
}

/* The interval is that of the test, which is of shares, turned into ratios by the sides'
 * shapes (Woodruff 1952) and stretched so that the estimate turns into the ratio that was
 * measured: it holds 1 where the test's interval holds 0. Its ends are cut at the fastest
 * and the slowest request. */
static struct regression_estimate ratio_with_interval(const struct evidence *evidence,
                                                      const struct trial *trial,
                                                      double own, unsigned metric)
{
    double reach = welch_t((1 - INTERVAL) / 2, trial->own.df) * trial->own.error;
    double shift = trial->own.difference;
    double shaped = log(ratio_making_shift(evidence, metric, shift)), stretch = 1;

    if (fabs(shaped) > .01)
        stretch = fmin(fmax(log(own) / shaped, 1 / STRETCH_MOST), STRETCH_MOST);
    double low = ratio_making_shift(evidence, metric, shift - reach);
    double high = ratio_making_shift(evidence, metric, shift + reach);
    struct regression_estimate ratio = {own, fmin(own, pow(low, stretch)),
                                        fmax(own, pow(high, stretch))};
    return lie_apart(evidence, shift, metric)
               ? widened(ratio, evidence, regression_shares[metric])
               : ratio;
}

static void measure_latency(struct regression_finding *finding,
                            const struct evidence *evidence, const struct trial *trial,
                            unsigned metric)
{
    double p = regression_shares[metric];
    double older_ns = finding->older.value_ns;

    finding->raw_ratio = finding->newer.value_ns / older_ns;
    double own = own_ratio(finding, evidence, trial->common, p);
    struct regression_estimate ratio = ratio_with_interval(evidence, trial, own, metric);
    finding->ratio = ratio;
    finding->difference = (struct regression_estimate){older_ns * (ratio.value - 1),
                                                       older_ns * (ratio.low - 1),
                                                       older_ns * (ratio.high - 1)};
}

/* --- effects of errors --- */

static void measure_errors(struct regression_finding *finding,
                           const struct evidence *evidence, const struct trial *trial,
                           unsigned metric)
{
    double older = evidence->share[OLDER][metric], newer = evidence->share[NEWER][metric];
    double reach = welch_t((1 - INTERVAL) / 2, trial->own.df) * trial->own.error;
    double difference = newer - older;

    finding->difference =
        (struct regression_estimate){difference, difference - reach, difference + reach};
    finding->ratio = unknown;
    finding->raw_ratio = older > 0 ? newer / older : NAN;
    if (older > 0)
        finding->ratio = (struct regression_estimate){
            newer / older, fmax(0, older + difference - reach) / older,
            (older + difference + reach) / older};
}

/* --- one finding --- */

static bool latency_is_large(const struct regression_finding *finding,
                             const struct regression *regression, double ratio)
{
    return fabs(log(ratio)) >= log1p(finding->least) - 1e-12 &&
           fabs(finding->newer.value_ns - finding->older.value_ns) >=
               regression->min_effect_ns;
}

static bool errors_are_large(const struct regression_finding *finding,
                             const struct evidence *evidence, unsigned metric)
{
    double older = evidence->share[OLDER][metric], newer = evidence->share[NEWER][metric];
    double larger = fmax(older, newer), smaller = fmin(older, newer);

    return larger - smaller >= LEAST_ERRORS && larger >= smaller * (1 + finding->least);
}

static bool same_direction(double ratio, double own_ratio)
{
    return (ratio > 1) == (own_ratio > 1);
}

static void set(struct regression_finding *finding, enum regression_verdict verdict,
                enum regression_reason reason)
{
    finding->verdict = verdict;
    finding->reason = reason;
}

static enum regression_reason why_least(const struct regression_comparison *comparison,
                                        const struct trial *trial)
{
    return comparison->load_test ? REGRESSION_FEW_RUNS
           : trial->short_window ? REGRESSION_SHORT_WINDOW
                                 : REGRESSION_NOT_CERTAIN;
}

/* large: for what the rule may flag; matters: for what somebody asked to hear of. */
static void decide(struct regression_finding *finding, const struct trial *trial,
                   const struct regression_comparison *comparison, double alpha,
                   bool large, bool matters, bool precise)
{
    bool worse = trial->own.difference > 0;
    bool certain = fmin(trial->q_worse, trial->q_better) <= alpha;

    if (certain && large && fabs(trial->own.difference) < trial->halves)
        set(finding, REGRESSION_INCONCLUSIVE, REGRESSION_OWN_HALVES);
    else if (certain && large)
        set(finding, worse ? REGRESSION_REGRESSED : REGRESSION_IMPROVED,
            REGRESSION_NO_REASON);
    else if (certain && matters)
        set(finding, REGRESSION_INCONCLUSIVE, why_least(comparison, trial));
    else if (matters && fmin(trial->own.p_greater, trial->own.p_less) <= alpha / 2)
        set(finding, REGRESSION_INCONCLUSIVE, REGRESSION_NOT_CERTAIN);
    else if (!precise)
        set(finding, REGRESSION_INCONCLUSIVE,
            comparison->load_test ? REGRESSION_FEW_RUNS : REGRESSION_NOT_PRECISE);
    else
        set(finding, REGRESSION_OK, REGRESSION_NO_REASON);
}

static double least_of(const struct regression_comparison *comparison,
                       const struct trial *trial, double min_effect)
{
    double least = min_effect;

    if (trial->short_window)
        least = fmax(least, LEAST_SHORT_WINDOW);
    unsigned runs = comparison->older_runs < comparison->newer_runs
                        ? comparison->older_runs
                        : comparison->newer_runs;
    if (comparison->load_test)
        least = fmax(least, (trial->alone ? LEAST_ONE_RUN_ALONE : LEAST_ONE_RUN) /
                                sqrt(runs > 1 ? runs : 1));
    return least;
}

/* The largest ratio that has to be seen for an OK; 1e-9: of rounding. */
static double detectable_most(const struct regression *regression)
{
    return 1 + fmax(DETECTABLE_MOST, regression->min_effect) + 1e-9;
}

static void decide_latency(struct regression_finding *finding,
                           const struct evidence *evidence, const struct trial *trial,
                           const struct judging *judging,
                           const struct regression *regression, double shift, unsigned m)
{
    double p = regression_shares[m];

    measure_latency(finding, evidence, trial, m);
    double seen = ratio_of_shift(evidence, p, shift) - 1;
    finding->detectable = 1 + fmax(seen, finding->least);
    if (isnan(seen))
        finding->detectable = NAN;
    bool agree = same_direction(finding->raw_ratio, finding->ratio.value);
    bool raw_large = latency_is_large(finding, regression, finding->raw_ratio);
    bool own_large = latency_is_large(finding, regression, finding->ratio.value);
    struct regression_finding asked = *finding;
    asked.least = regression->min_effect;
    bool matters = agree && latency_is_large(&asked, regression, finding->ratio.value) &&
                   latency_is_large(&asked, regression, finding->raw_ratio);
    /* A change as large as should have been seen is not OK, certain or not. */
    asked.least = detectable_most(regression) - 1;
    bool seen_large = matters &&
                      latency_is_large(&asked, regression, finding->raw_ratio) &&
                      latency_is_large(&asked, regression, finding->ratio.value);
    decide(finding, trial, judging->comparison, regression->alpha,
           agree && raw_large && own_large, matters,
           finding->detectable <= detectable_most(regression) && !seen_large);
    if (finding->verdict == REGRESSION_OK && raw_large && !own_large)
        finding->reason = REGRESSION_COMMON;
    if (finding->verdict >= REGRESSION_IMPROVED)
        regression_set_explained(finding, &evidence->customers[m]);
}

static void decide_errors(struct regression_finding *finding,
                          const struct evidence *evidence, const struct trial *trial,
                          const struct judging *judging,
                          const struct regression *regression, double shift, unsigned m)
{
    double older = evidence->share[OLDER][m];

    measure_errors(finding, evidence, trial, m);
    finding->detectable = older > 0 ? fmax(1 + shift / older, 1 + finding->least) : NAN;
    struct regression_finding asked = *finding;
    asked.least = regression->min_effect;
    decide(finding, trial, judging->comparison, regression->alpha,
           errors_are_large(finding, evidence, m), errors_are_large(&asked, evidence, m),
           shift <= DETECTABLE_ERRORS_MOST ||
               finding->detectable <= detectable_most(regression));
}

/* Errors so rare that one in a hundred would have shown are OK without a test. */
static bool errors_are_absent(const struct evidence *evidence, unsigned metric)
{
    uint64_t fewer = evidence->requests[OLDER] < evidence->requests[NEWER]
                         ? evidence->requests[OLDER]
                         : evidence->requests[NEWER];
    return metric >= REGRESSION_LATENCIES && fewer >= 1000;
}

static void describe_side(struct regression_side *side, const struct evidence *evidence,
                          unsigned which, unsigned metric)
{
    side->requests = evidence->requests[which];
    side->beyond = evidence->beyond[which][metric];
    side->units = evidence->units[which];
    side->value_ns = metric < REGRESSION_LATENCIES && side->requests
                         ? quantile_at(evidence, which, regression_shares[metric])
                         : NAN;
}

static void leave_out(struct regression_finding *finding, const struct evidence *evidence,
                      const struct judging *judging, bool alike, unsigned metric)
{
    bool runs = judging->comparison->basis >= REGRESSION_RUN_PAIRS;
    unsigned least = runs ? SIDE_RUNS_LEAST : SIDE_BLOCKS_LEAST;
    bool few_units = evidence->units[OLDER] < least || evidence->units[NEWER] < least;

    finding->ratio = finding->difference = unknown;
    finding->raw_ratio = finding->detectable = finding->df = NAN;
    finding->p_worse = finding->p_better = NAN;
    finding->q_worse = finding->q_better = NAN;
    if (alike) { /* a bucket's width would have shown */
        finding->raw_ratio = finding->newer.value_ns / finding->older.value_ns;
        finding->detectable = 1 + ldexp(1, -HISTOGRAM_COARSE);
    }
    if (alike || (!few_units && errors_are_absent(evidence, metric)))
        set(finding, REGRESSION_OK, REGRESSION_NO_REASON);
    else
        set(finding, REGRESSION_INSUFFICIENT,
            few_units ? REGRESSION_FEW_BLOCKS : REGRESSION_FEW_REQUESTS);
}

static void find(struct regression_finding *finding, const struct endpoint_trials *from,
                 const struct judging *judging, const struct regression *regression,
                 unsigned m)
{
    const struct trial *trial = &from->trials[m];
    const struct evidence *evidence = &from->evidence;

    describe_side(&finding->older, evidence, OLDER, m);
    describe_side(&finding->newer, evidence, NEWER, m);
    finding->threshold_ns = m < REGRESSION_LATENCIES
                                ? histogram_low_ns(HISTOGRAM_COARSE, evidence->bucket[m])
                                : 0;
    finding->least = least_of(judging->comparison, trial, regression->min_effect);
    finding->explained = finding->explained_error = NAN;
    finding->design = trial->design;
    if (!trial->asked) {
        leave_out(finding, evidence, judging, trial->alike, m);
        return;
    }
    finding->p_worse = trial->own.p_greater;
    finding->p_better = trial->own.p_less;
    finding->q_worse = trial->q_worse;
    finding->q_better = trial->q_better;
    finding->df = trial->own.df;
    double shift =
        (welch_t(trial->cut, trial->own.df) + welch_t(1 - POWER, trial->own.df)) *
        trial->own.error;
    if (m < REGRESSION_LATENCIES)
        decide_latency(finding, evidence, trial, judging, regression, shift, m);
    else
        decide_errors(finding, evidence, trial, judging, regression, shift, m);
}

/* --- endpoints and what they share --- */

/* Of equal verdicts the first in this order tells most. */
static const enum regression_metric by_telling[REGRESSION_METRICS] = {
    REGRESSION_P95, REGRESSION_P50,           REGRESSION_P90,
    REGRESSION_P99, REGRESSION_SERVER_ERRORS, REGRESSION_CLIENT_ERRORS};

/* A change at any metric is the endpoint's; a rare quantile that nothing can be said of
 * does not make the others less certain. */
static enum regression_verdict weight_of(const struct regression_finding *finding)
{
    if (finding->verdict == REGRESSION_INCONCLUSIVE &&
        (finding->reason == REGRESSION_NOT_PRECISE ||
         finding->reason == REGRESSION_FEW_RUNS) &&
        !(finding->q_worse <= .05 || finding->q_better <= .05))
        return REGRESSION_INSUFFICIENT;
    return finding->verdict;
}

static double least_q(const struct regression_finding *finding)
{
    return isnan(finding->q_worse) ? 2 : fmin(finding->q_worse, finding->q_better);
}

/* The most certain metric among those with the highest verdict; latency before errors
 * where both have it. */
static enum regression_metric telling_of(const struct regression_endpoint *endpoint,
                                         enum regression_verdict verdict)
{
    enum regression_metric best = REGRESSION_METRICS;

    for (unsigned i = 0; i < REGRESSION_METRICS; i++) {
        enum regression_metric metric = by_telling[i];
        const struct regression_finding *finding = &endpoint->findings[metric];
        if (finding->verdict != verdict)
            continue;
        if (best == REGRESSION_METRICS ||
            (metric < REGRESSION_LATENCIES &&
             least_q(finding) < least_q(&endpoint->findings[best])))
            best = metric;
    }
    return best == REGRESSION_METRICS ? REGRESSION_P95 : best;
}

static void conclude(struct regression_endpoint *endpoint)
{
    bool unclear = false, latency_ok = false;

    endpoint->verdict = REGRESSION_INSUFFICIENT;
    for (unsigned m = 0; m < REGRESSION_METRICS; m++) {
        const struct regression_finding *finding = &endpoint->findings[m];
        bool latency = m < REGRESSION_LATENCIES;
        unclear |= latency && finding->verdict == REGRESSION_INCONCLUSIVE;
        latency_ok |= latency && finding->verdict == REGRESSION_OK;
        if (weight_of(finding) > endpoint->verdict)
            endpoint->verdict = weight_of(finding);
    }
    if (endpoint->verdict == REGRESSION_OK && !latency_ok) /* only errors were */
        endpoint->verdict = REGRESSION_INSUFFICIENT;
    if (endpoint->verdict == REGRESSION_INSUFFICIENT && unclear)
        endpoint->verdict = REGRESSION_INCONCLUSIVE;
    endpoint->telling = telling_of(endpoint, endpoint->verdict);
}

static void decide_global(struct regression_global *global, const struct judging *judging,
                          const struct regression *regression, unsigned m)
{
    const struct trial *trial = &judging->global[m];
    const struct regression_comparison *comparison = judging->comparison;

    *global = (struct regression_global){.known = trial->asked, .ratio = unknown};
    if (!trial->asked)
        return;
    double log_ratio = judging->global_log[m];
    double reach = welch_t((1 - INTERVAL) / 2, trial->own.df) * trial->own.error *
                   judging->global_slope[m];
    double least = least_of(comparison, trial, regression->min_effect);
    global->ratio = (struct regression_estimate){exp(log_ratio), exp(log_ratio - reach),
                                                 exp(log_ratio + reach)};
    global->p_worse = trial->own.p_greater;
    global->p_better = trial->own.p_less;
    global->q_worse = trial->q_worse;
    global->q_better = trial->q_better;
    struct regression_finding finding = {.least = least};
    bool large = fabs(log_ratio) >= log1p(least);
    bool matters = fabs(log_ratio) >= log1p(regression->min_effect);
    decide(&finding, trial, comparison, regression->alpha, large, matters, true);
    global->verdict = finding.verdict;
    global->reason = finding.reason;
}

void judging_decide(struct judging *judging, const struct regression *regression)
{
    struct regression_comparison *comparison = judging->comparison;

    comparison->verdict = REGRESSION_INSUFFICIENT;
    for (unsigned m = 0; m < REGRESSION_LATENCIES; m++) {
        decide_global(&comparison->global[m], judging, regression, m);
        if (comparison->global[m].known &&
            comparison->global[m].verdict > comparison->verdict)
            comparison->verdict = comparison->global[m].verdict;
    }
    for (size_t i = 0; i < comparison->endpoint_count; i++) {
        struct regression_endpoint *endpoint = &comparison->endpoints[i];
        for (unsigned m = 0; m < REGRESSION_METRICS; m++)
            find(&endpoint->findings[m], &judging->endpoints[i], judging, regression, m);
        conclude(endpoint);
        if (endpoint->verdict > comparison->verdict)
            comparison->verdict = endpoint->verdict;
    }
}
