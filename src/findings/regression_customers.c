/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Of endpoints that are flagged: how much of the change who asked explains, counted in
 * the second scan. */
#include "regression_rule.h"

#include <math.h>

#include "src/base/mem.h"
#include "src/base/vec.h"
#include "src/summary/scan.h"

void regression_set_explained(struct regression_finding *finding,
                              const struct mix_part *part)
{
    finding->explained = part->part;
    finding->explained_error = part->error * sqrt(finding->design);
}

static bool is_flagged(const struct regression_endpoint *endpoint)
{
    for (unsigned m = 0; m < REGRESSION_LATENCIES; m++)
        if (endpoint->findings[m].verdict >= REGRESSION_IMPROVED)
            return true;
    return false;
}

static void plan_side(struct scan_plan *plan, struct name application, struct name name,
                      const struct name *versions, size_t version_count,
                      const struct regression_endpoint *endpoint)
{
    size_t room = plan->cohort_count;

    plan->cohorts =
        vec_room(plan->cohorts, &room, plan->cohort_count + 1, sizeof(*plan->cohorts));
    struct scan_cohort *cohort = &plan->cohorts[plan->cohort_count++];
    *cohort =
        (struct scan_cohort){.application = application,
                             .name = name,
                             .versions = mem_array(version_count, sizeof(*versions)),
                             .version_count = version_count};
    for (size_t i = 0; i < version_count; i++)
        cohort->versions[i] = versions[i];
    for (unsigned m = 0; m < REGRESSION_LATENCIES; m++)
        cohort->thresholds_ns[m] = endpoint->findings[m].threshold_ns;
}

void regression_plan(const struct regression *regression, struct scan_plan *newer,
                     struct scan_plan *older)
{
    for (size_t c = 0; c < regression->comparison_count; c++) {
        const struct regression_comparison *comparison = &regression->comparisons[c];
        for (size_t i = 0; i < comparison->endpoint_count; i++) {
            const struct regression_endpoint *endpoint = &comparison->endpoints[i];
            if (!is_flagged(endpoint))
                continue;
            plan_side(older, endpoint->older_application, endpoint->older_name,
                      comparison->older_versions, comparison->older_version_count,
                      endpoint);
            plan_side(newer, endpoint->application, endpoint->name, &comparison->newer, 1,
                      endpoint);
        }
    }
}

static uint64_t requests_of(const struct scan_stratum *strata)
{
    uint64_t requests = 0;

    for (unsigned s = 0; s < SCAN_STRATA; s++)
        requests += strata[s].requests;
    return requests;
}

/* As many strata as there are MIX_REQUESTS_LEAST requests for in each on average: groups
 * by the last bits of their hash. 0: too few. */
static unsigned strata_for(const struct scan_stratum *older,
                           const struct scan_stratum *newer)
{
    uint64_t least = requests_of(older), other = requests_of(newer);
    unsigned count = SCAN_STRATA;

    least = least < other ? least : other;
    while (count >= 2 && least < (uint64_t)count * MIX_REQUESTS_LEAST)
        count /= 2;
    return count >= MIX_CLASSES_LEAST ? count : 0;
}

/* Fills `explained` of a finding. */
static void explain(struct regression_finding *finding, const struct scan_stratum *older,
                    const struct scan_stratum *newer, unsigned metric)
{
    struct mix_class classes[SCAN_STRATA] = {{0}};
    unsigned count = strata_for(older, newer), used = 0;

    finding->explained = finding->explained_error = NAN;
    for (unsigned s = 0; count && s < SCAN_STRATA; s++) {
        struct mix_class here = {
            (double)older[s].requests, (double)older[s].beyond[metric],
            (double)newer[s].requests, (double)newer[s].beyond[metric]};
        mix_class_add(&classes[s % count], &here);
        used += here.older + here.newer > 0;
    }
    struct mix_part part = mix_part_of_classes(classes, count);
    if (used > 1) /* one stratum: no groups were recorded */
        regression_set_explained(finding, &part);
}

void regression_explain(struct regression *regression, const struct scan *newer,
                        const struct scan *older)
{
    size_t planned = 0, step = newer == older ? 2 : 1;
    size_t count = scan_plan_of(newer)->cohort_count;

    for (size_t c = 0; c < regression->comparison_count; c++) {
        struct regression_comparison *comparison = &regression->comparisons[c];
        comparison->explained_roughly = false;
        for (size_t i = 0; i < comparison->endpoint_count; i++) {
            struct regression_endpoint *endpoint = &comparison->endpoints[i];
            if (!is_flagged(endpoint) || planned + step > count)
                continue;
            for (unsigned m = 0; m < REGRESSION_LATENCIES; m++)
                if (endpoint->findings[m].verdict >= REGRESSION_IMPROVED)
                    explain(&endpoint->findings[m], scan_strata(older, planned),
                            scan_strata(newer, planned + step - 1), m);
            planned += step;
        }
    }
}
