/* SPDX-License-Identifier: GPL-3.0-or-later */
/* From samples to scores: thresholds, shares beyond them, what each unit adds. */
#include "mix.h"
#include "regression_rule.h"

#include <math.h>
#include <stdlib.h>

#include "src/base/mem.h"

/* Hours tell of the hour of day only when both sides saw a whole one. */
#define DAY_S (23 * 3600.0)

/* The pooled quantile, both sides weighing the same, moved to the edge of a coarse bucket
 * at which the share beyond is nearest. */
static unsigned threshold_bucket(const struct histogram *older,
                                 const struct histogram *newer, double share)
{
    double totals[BOTH] = {(double)histogram_total(older),
                           (double)histogram_total(newer)};
    double below = 0, nearest = 2;
    unsigned best = 1;

    for (unsigned b = 1; b < HISTOGRAM_COARSE_BUCKETS; b++) {
        below += (histogram_at(older, b - 1) / totals[OLDER] +
                  histogram_at(newer, b - 1) / totals[NEWER]) /
                 2;
        double off = fabs(below - share);
        if (below > 0 && below < 1 - 1e-12 && off < nearest) {
            nearest = off;
            best = b;
        }
    }
    return best;
}

static uint64_t beyond_of(const struct evidence *evidence, const struct block *unit,
                          unsigned metric)
{
    if (metric == REGRESSION_CLIENT_ERRORS)
        return unit->client_errors;
    if (metric == REGRESSION_SERVER_ERRORS)
        return unit->server_errors;
    return histogram_count_from(&unit->histogram, evidence->bucket[metric]);
}

static void score(struct evidence *evidence, unsigned side, const struct sample *sample,
                  unsigned count)
{
    double n = (double)sample->requests;

    evidence->requests[side] = sample->requests;
    for (unsigned k = 0; k < count; k++) {
        evidence->unit_requests[side][k] = sample->units[k].requests;
        evidence->units[side] += sample->units[k].requests > 0;
    }
    for (unsigned m = 0; sample->requests && m < REGRESSION_METRICS; m++) {
        double *scores = evidence->scores[side][m];
        for (unsigned k = 0; k < count; k++) {
            uint64_t beyond = beyond_of(evidence, &sample->units[k], m);
            evidence->beyond[side][m] += beyond;
            scores[k] = (double)beyond;
        }
        double share = evidence->share[side][m] = (double)evidence->beyond[side][m] / n;
        for (unsigned k = 0; k < count; k++)
            scores[k] = (scores[k] - share * (double)sample->units[k].requests) / n;
    }
}

/* Groups were recorded when there is more than one stratum. */
static bool has_groups(const struct sample *sample)
{
    unsigned used = 0;

    for (unsigned s = 0; s < SUMMARY_STRATA; s++)
        used += histogram_total(&sample->strata[s]) > 0;
    return used > 1;
}

static void find_mix(struct evidence *evidence, const struct judging *judging,
                     const struct sample samples[BOTH])
{
    bool days = side_seconds(&judging->sides[OLDER]) >= DAY_S &&
                side_seconds(&judging->sides[NEWER]) >= DAY_S;
    bool strata = samples[OLDER].has_strata && samples[NEWER].has_strata;

    for (unsigned side = 0; side < BOTH; side++)
        strata = strata && has_groups(&samples[side]) &&
                 samples[side].requests >= (uint64_t)MIX_REQUESTS_LEAST * SUMMARY_STRATA;
    for (unsigned m = 0; m < REGRESSION_LATENCIES; m++) {
        unsigned bucket = evidence->bucket[m];
        evidence->customers[m] = (struct mix_part){NAN, NAN, NAN};
        if (strata)
            evidence->customers[m] = mix_part_of_strata(
                samples[OLDER].strata, samples[NEWER].strata, SUMMARY_STRATA, bucket);
        if (!judging->comparison->mix)
            continue;
        if (strata)
            evidence->mix[m] += evidence->customers[m].shift;
        if (days)
            evidence->mix[m] += mix_shift(samples[OLDER].hours, samples[NEWER].hours,
                                          SUMMARY_HOURS, bucket);
    }
}

/* Quantiles are of what is compared: finely where that is the whole side. */
static void keep_values(struct evidence *evidence, unsigned side, struct sample *sample)
{
    struct histogram *from = sample->whole ? &sample->fine : &sample->coarse;

    evidence->values[side] = *from;
    histogram_init(from, HISTOGRAM_FINE); /* handed over */
}

void evidence_gather(struct evidence *evidence, const struct judging *judging,
                     const struct summary_endpoint *older,
                     const struct summary_endpoint *newer)
{
    const struct regression_comparison *comparison = judging->comparison;
    struct sample *samples = mem_array(BOTH, sizeof(*samples));
    const struct summary_endpoint *endpoints[BOTH] = {older, newer};

    *evidence = (struct evidence){0};
    for (unsigned side = 0; side < BOTH; side++)
        sample_init(&samples[side], &judging->sides[side], comparison->basis,
                    endpoints[side]);
    if (samples[OLDER].requests && samples[NEWER].requests)
        for (unsigned m = 0; m < REGRESSION_LATENCIES; m++)
            evidence->bucket[m] = threshold_bucket(
                &samples[OLDER].coarse, &samples[NEWER].coarse, regression_shares[m]);
    for (unsigned side = 0; side < BOTH; side++)
        score(evidence, side, &samples[side], judging->sides[side].unit_count);
    find_mix(evidence, judging, samples);
    for (unsigned side = 0; side < BOTH; side++) {
        keep_values(evidence, side, &samples[side]);
        sample_release(&samples[side]);
    }
    free(samples);
}

void evidence_release(struct evidence *evidence)
{
    for (unsigned side = 0; side < BOTH; side++)
        histogram_release(&evidence->values[side]);
}
