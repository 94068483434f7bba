/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "scan_answers.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "src/base/map.h"
#include "src/base/mem.h"
#include "src/summary/kept_answers.h"
#include "src/summary/packing.h"
#include "timezone.h"

/* The rules by which answers were judged; raise a number when its rule changes, so that
 * answers by an older one are not taken. */
#define OUTLIERS_RULE "outliers 1"
#define CUSTOMERS_RULE "customers 1"

static struct name text_name(const char *text)
{
    return (struct name){text, strlen(text)};
}

/* --- questions --------------------------------------------------------------------- */

static void ask_endpoint(struct str *question, const struct scan_endpoint *endpoint)
{
    pack_name(question, endpoint->application);
    pack_name(question, endpoint->name);
    pack_number(question, endpoint->fence_count);
    for (size_t f = 0; f < endpoint->fence_count; f++) {
        const struct scan_fence *fence = &endpoint->fences[f];
        pack_name(question, fence->version);
        pack_number(question, fence->fence_ns);
        pack_number(question, fence->common_ns);
        pack_number(question, fence->slow_ns);
    }
    pack_number(question, endpoint->value_count);
    for (size_t v = 0; v < endpoint->value_count; v++) {
        pack_number(question, endpoint->values[v].dimension);
        pack_name(question, endpoint->values[v].name);
        pack_number(question, endpoint->values[v].code);
    }
}

static void ask_cohort(struct str *question, const struct scan_cohort *cohort)
{
    pack_name(question, cohort->application);
    pack_name(question, cohort->name);
    pack_number(question, cohort->version_count);
    for (size_t v = 0; v < cohort->version_count; v++)
        pack_name(question, cohort->versions[v]);
    for (size_t t = 0; t < SCAN_THRESHOLDS; t++)
        pack_number(question, cohort->thresholds_ns[t]);
}

/* A hash of what outliers_plan() asks for, and of how hours are told. */
static uint64_t question_of_outliers(const struct outliers *outliers,
                                     const struct summary *summary,
                                     const struct zone *zone)
{
    struct scan_plan plan;
    struct str question;
    str_init(&question);
    outliers_plan(outliers, summary, &plan);
    pack_name(&question, text_name(OUTLIERS_RULE));
    pack_name(&question, text_name(zone->name));
    for (size_t e = 0; e < plan.endpoint_count; e++)
        ask_endpoint(&question, &plan.endpoints[e]);
    uint64_t hash = map_hash(question.bytes, question.length);
    scan_plan_release(&plan);
    str_release(&question);
    return hash;
}

static uint64_t question_of_customers(const struct regression *regression)
{
    struct scan_plan plan = {0};
    struct str question;
    str_init(&question);
    regression_plan(regression, &plan, &plan);
    pack_name(&question, text_name(CUSTOMERS_RULE));
    for (size_t i = 0; i < plan.cohort_count; i++)
        ask_cohort(&question, &plan.cohorts[i]);
    uint64_t hash = map_hash(question.bytes, question.length);
    scan_plan_release(&plan);
    str_release(&question);
    return hash;
}

static void pack_double(struct str *out, double number)
{
    uint64_t bits;
    memcpy(&bits, &number, sizeof(bits));
    pack_fixed(out, bits);
}

static double unpack_double(struct unpacking *in)
{
    uint64_t bits = unpack_fixed(in);
    double number;
    memcpy(&number, &bits, sizeof(number));
    return number;
}

static struct unpacking reading(struct name answer)
{
    const uint8_t *bytes = (const uint8_t *)answer.bytes;
    return (struct unpacking){bytes, bytes + answer.length, false};
}

/* --- outliers ---------------------------------------------------------------------- */

static void pack_culprit(struct str *out, const struct culprit *culprit)
{
    const uint64_t numbers[] = {culprit->endpoint,  culprit->slow,
                                culprit->dimension, culprit->code,
                                culprit->requests,  culprit->requests_of,
                                culprit->outliers,  culprit->outliers_of};
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
        pack_number(out, numbers[i]);
    pack_name(out, culprit->name);
    pack_number(out, 0); /* the NUL behind a name that is borrowed */
    pack_double(out, culprit->expected);
    pack_double(out, culprit->lift);
    pack_double(out, culprit->p);
    pack_double(out, culprit->q);
}

static bool is_chance(double number)
{
    return number >= 0 && number <= 1;
}

/* The name is borrowed from the answer. */
static void unpack_culprit(struct unpacking *in, size_t endpoint_count,
                           struct culprit *culprit)
{
    *culprit = (struct culprit){.endpoint = unpack_limited(in, endpoint_count - 1)};
    culprit->slow = unpack_limited(in, 1);
    culprit->dimension = (enum scan_dimension)unpack_limited(in, SCAN_DIMENSIONS - 1);
    uint64_t code_most = culprit->dimension == SCAN_HOUR ? 23 : UINT16_MAX;
    culprit->code = (uint16_t)unpack_limited(in, code_most);
    culprit->requests = unpack_number(in);
    culprit->requests_of = unpack_number(in);
    culprit->outliers = unpack_number(in);
    culprit->outliers_of = unpack_number(in);
    culprit->name = unpack_name(in);
    unpack_limited(in, 0);
    culprit->expected = unpack_double(in);
    culprit->lift = unpack_double(in);
    culprit->p = unpack_double(in);
    culprit->q = unpack_double(in);
    if (!isfinite(culprit->expected) || !(culprit->lift >= 0) || !is_chance(culprit->p) ||
        !is_chance(culprit->q))
        unpack_fail(in);
}

void outliers_keep(const struct outliers *outliers, struct summary *summary,
                   const struct zone *zone)
{
    struct str answer;
    str_init(&answer);
    pack_double(&answer, outliers->cell_s);
    pack_number(&answer, outliers->culprit_count);
    for (size_t i = 0; i < outliers->culprit_count; i++)
        pack_culprit(&answer, &outliers->culprits[i]);
    summary_keep_answer(summary, question_of_outliers(outliers, summary, zone),
                        (struct name){answer.bytes, answer.length});
    str_release(&answer);
}

bool outliers_recall(struct outliers *outliers, const struct summary *summary,
                     const struct zone *zone)
{
    struct name answer =
        summary_kept_answer(summary, question_of_outliers(outliers, summary, zone));
    if (!answer.bytes)
        return false;
    struct unpacking in = reading(answer);
    double cell_s = unpack_double(&in);
    size_t count = unpack_count(&in, SIZE_MAX);
    struct culprit *culprits = mem_array(count, sizeof(*culprits));
    if (!isfinite(cell_s) || (count && outliers->endpoint_count == 0))
        unpack_fail(&in);
    for (size_t i = 0; i < count && !in.bad; i++)
        unpack_culprit(&in, outliers->endpoint_count, &culprits[i]);
    if (in.bad || in.at != in.end) {
        free(culprits);
        return false;
    }
    outliers->culprits = culprits;
    outliers->culprit_count = count;
    outliers->attributed = true;
    outliers->cell_s = cell_s;
    return true;
}

/* --- customers --------------------------------------------------------------------- */

/* Calls for each finding that the second scan can explain. */
static void each_explained(const struct regression *regression,
                           void (*call)(struct regression_finding *finding, void *with),
                           void *with)
{
    for (size_t c = 0; c < regression->comparison_count; c++)
        for (size_t i = 0; i < regression->comparisons[c].endpoint_count; i++)
            for (unsigned m = 0; m < REGRESSION_LATENCIES; m++) {
                struct regression_finding *finding =
                    &regression->comparisons[c].endpoints[i].findings[m];
                if (finding->verdict >= REGRESSION_IMPROVED)
                    call(finding, with);
            }
}

static void pack_explained(struct regression_finding *finding, void *with)
{
    pack_double(with, finding->explained);
    pack_double(with, finding->explained_error);
}

/* Numbers, or not known. */
static void check_explained(struct regression_finding *finding, void *with)
{
    struct unpacking *in = with;
    (void)finding;
    for (int i = 0; i < 2; i++)
        if (isinf(unpack_double(in)))
            unpack_fail(in);
}

static void unpack_explained(struct regression_finding *finding, void *with)
{
    finding->explained = unpack_double(with);
    finding->explained_error = unpack_double(with);
}

void regression_keep(const struct regression *regression, struct summary *summary)
{
    struct str answer;
    str_init(&answer);
    each_explained(regression, pack_explained, &answer);
    if (answer.length)
        summary_keep_answer(summary, question_of_customers(regression),
                            (struct name){answer.bytes, answer.length});
    str_release(&answer);
}

bool regression_recall(struct regression *regression, const struct summary *summary)
{
    struct name answer = summary_kept_answer(summary, question_of_customers(regression));
    if (!answer.bytes)
        return false;
    struct unpacking in = reading(answer), again = in;
    each_explained(regression, check_explained, &in);
    if (in.bad || in.at != in.end)
        return false;
    each_explained(regression, unpack_explained, &again);
    for (size_t c = 0; c < regression->comparison_count; c++)
        regression->comparisons[c].explained_roughly = false;
    return true;
}
