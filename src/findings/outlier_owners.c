/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Whose the outliers are: what to count in the second scan, and the judgement of it. */
#include "outlier_hours.h"
#include "outliers.h"

#include "src/base/map.h"
#include "src/base/mem.h"
#include "src/base/str.h"
#include "src/base/vec.h"

#include <gsl/gsl_cdf.h>
#include <math.h>
#include <stdlib.h>

enum {
    NAMES_AN_ENDPOINT = 64,   /* groups (addresses) shortlisted */
    SLOW_NAMES = 32,          /* ... of them, by the slowest 1 % */
    CODES_AN_ENDPOINT = 32,   /* status codes; methods are fewer */
    VERSIONS_AN_ENDPOINT = 24 /* the newest */
};
#define LIFT_MIN 2.0
#define SLOW_LIFT_MIN 5.0
#define FALSE_SHARE .05 /* of what is named: Benjamini and Hochberg's level */
/* Without a second scan a slow hour looks like its customers: only what stands out by
 * far. */
#define ROUGH_LIFT_MIN 4.0
#define ROUGH_SHARE_MIN .2
enum { ROUGH_COUNT_MIN = 10 };

/* --- what to count --- */

/* A group or an address among an endpoint's slow requests. */
struct suspect {
    struct name name;
    uint64_t slow;
};

static int by_name(const void *a, const void *b)
{
    const struct suspect *left = a, *right = b;
    return str_compare(left->name.bytes, left->name.length, right->name.bytes,
                       right->name.length);
}

static int by_slow(const void *a, const void *b)
{
    const struct suspect *left = a, *right = b;
    if (left->slow != right->slow)
        return left->slow > right->slow ? -1 : 1;
    return by_name(a, b);
}

/* Adds up those of the same name. Returns how many are left. */
static size_t fold_suspects(struct suspect *suspects, size_t count)
{
    size_t left = 0;
    if (count > 1)
        qsort(suspects, count, sizeof(*suspects), by_name);
    for (size_t i = 0; i < count; i++)
        if (left && by_name(&suspects[left - 1], &suspects[i]) == 0)
            suspects[left - 1].slow += suspects[i].slow;
        else
            suspects[left++] = suspects[i];
    return left;
}

/* Who has most of an endpoint's outliers, or of its slow requests, most first, in a new
 * array; those that cannot have OUTLIER_COUNT_MIN are left out. */
static size_t find_suspects(const struct summary *summary,
                            const struct outlier_endpoint *endpoint,
                            enum summary_dimension dimension, bool slow,
                            struct suspect **found)
{
    struct summary_share shares[SUMMARY_SHARES];
    struct suspect *suspects =
        mem_array(endpoint->cell_count * SUMMARY_SHARES, sizeof(*suspects));
    size_t count = 0, left = 0;
    bool complete = true;
    for (size_t c = 0; c < endpoint->cell_count; c++) {
        const struct outlier_cell *cell = &endpoint->cells[c];
        uint64_t wanted_ns = slow ? cell->slow_ns : cell->fence_ns;
        uint64_t from_ns = wanted_ns, total;
        size_t told =
            summary_slow_shares(summary, cell->cell, dimension, &from_ns, &total, shares);
        complete = complete && from_ns <= wanted_ns;
        for (size_t i = 0; i < told; i++)
            suspects[count++] = (struct suspect){shares[i].name, shares[i].slow};
    }
    count = fold_suspects(suspects, count);
    if (count > 1)
        qsort(suspects, count, sizeof(*suspects), by_slow);
    size_t most = slow ? SLOW_NAMES : NAMES_AN_ENDPOINT - SLOW_NAMES;
    while (left < count && left < most &&
           (!complete || suspects[left].slow >= OUTLIER_COUNT_MIN))
        left++;
    *found = suspects;
    return left;
}

struct planning {
    const struct summary *summary;
    struct map shortlist[SUMMARY_DIMENSIONS];
};

static void plan_value(struct scan_endpoint *to, const struct scan_value *value)
{
    if (to->value_count < SCAN_ENDPOINT_VALUES)
        to->values[to->value_count++] = *value;
}

static bool has_name(const struct scan_endpoint *to, enum scan_dimension dimension,
                     const struct name *name)
{
    for (size_t v = 0; v < to->value_count; v++)
        if (to->values[v].dimension == dimension &&
            str_compare(to->values[v].name.bytes, to->values[v].name.length, name->bytes,
                        name->length) == 0)
            return true;
    return false;
}

static void plan_names(struct planning *planning, struct scan_endpoint *to,
                       const struct outlier_endpoint *endpoint,
                       enum summary_dimension dimension, bool slow)
{
    struct map *shortlist = &planning->shortlist[dimension];
    enum scan_dimension as = dimension == SUMMARY_GROUP ? SCAN_GROUP : SCAN_ADDRESS;
    struct suspect *suspects;
    size_t count = find_suspects(planning->summary, endpoint, dimension, slow, &suspects);
    for (size_t i = 0; i < count; i++) {
        const struct name *name = &suspects[i].name;
        if (has_name(to, as, name) ||
            (map_find(shortlist, name->bytes, name->length) == MAP_NONE &&
             shortlist->count >= SCAN_SHORTLIST))
            continue;
        map_add(shortlist, name->bytes, name->length);
        plan_value(to, &(struct scan_value){.dimension = as, .name = *name});
    }
    free(suspects);
}

static void plan_all_names(struct planning *planning, struct scan_endpoint *to,
                           const struct outlier_endpoint *endpoint)
{
    for (int slow = 0; slow < 2; slow++)
        for (int d = 0; d < SUMMARY_DIMENSIONS; d++)
            plan_names(planning, to, endpoint, (enum summary_dimension)d, slow);
}

static bool has_code(const struct scan_endpoint *to, uint16_t code)
{
    for (size_t v = 0; v < to->value_count; v++)
        if (to->values[v].dimension == SCAN_STATUS && to->values[v].code == code)
            return true;
    return false;
}

static void plan_codes(struct scan_endpoint *to, const struct outlier_endpoint *endpoint)
{
    size_t codes = 0;
    for (size_t c = 0; c < endpoint->cell_count; c++) {
        const struct summary_cell *cell = endpoint->cells[c].cell;
        for (size_t s = 0; s < cell->status_count; s++)
            if (cell->statuses[s].status && !has_code(to, cell->statuses[s].status) &&
                codes++ < CODES_AN_ENDPOINT)
                plan_value(to, &(struct scan_value){.dimension = SCAN_STATUS,
                                                    .code = cell->statuses[s].status});
    }
    for (uint16_t method = 1; method < 10; method++)
        plan_value(to, &(struct scan_value){.dimension = SCAN_METHOD, .code = method});
}

static void plan_versions(struct scan_endpoint *to,
                          const struct outlier_endpoint *endpoint)
{
    to->fences = mem_array(endpoint->cell_count, sizeof(*to->fences));
    for (size_t c = 0; c < endpoint->cell_count; c++) {
        const struct outlier_cell *cell = &endpoint->cells[c];
        struct name version = cell->cell->version->name;
        to->fences[to->fence_count++] = (struct scan_fence){
            version, cell->fence_ns, endpoint->common_ns, cell->slow_ns};
        if (endpoint->cell_count > 1 && c < VERSIONS_AN_ENDPOINT)
            plan_value(to,
                       &(struct scan_value){.dimension = SCAN_VERSION, .name = version});
    }
}

/* Whether somebody can have OUTLIER_COUNT_MIN outliers or slow requests. */
static bool has_owners(const struct outlier_endpoint *endpoint)
{
    return endpoint->beyond >= OUTLIER_COUNT_MIN ||
           endpoint->requests >= OUTLIER_SLOW_REQUESTS_MIN;
}

void outliers_plan(const struct outliers *outliers, const struct summary *summary,
                   struct scan_plan *plan)
{
    struct planning planning = {.summary = summary};
    *plan = (struct scan_plan){0};
    plan->endpoints = mem_array(outliers->endpoint_count, sizeof(*plan->endpoints));
    for (int d = 0; d < SUMMARY_DIMENSIONS; d++)
        map_init(&planning.shortlist[d]);
    for (size_t e = 0; e < outliers->endpoint_count; e++) {
        const struct outlier_endpoint *endpoint = &outliers->endpoints[e];
        if (!has_owners(endpoint))
            continue;
        struct scan_endpoint *to = &plan->endpoints[plan->endpoint_count++];
        to->application = endpoint->source->application;
        to->name = endpoint->source->name;
        to->values = mem_array(SCAN_ENDPOINT_VALUES, sizeof(*to->values));
        plan_all_names(&planning, to, endpoint);
        plan_codes(to, endpoint);
        plan_versions(to, endpoint);
    }
    for (int d = 0; d < SUMMARY_DIMENSIONS; d++)
        map_release(&planning.shortlist[d]);
}

/* --- judging --- */

double outliers_tail(uint64_t outliers, uint64_t of, double probability)
{
    if (outliers == 0 || of == 0)
        return 1;
    unsigned n = of < UINT32_MAX ? (unsigned)of : UINT32_MAX;
    unsigned k = outliers < n ? (unsigned)outliers : n;
    return gsl_cdf_binomial_Q(k - 1, probability < 1 ? probability : 1, n);
}

/* How many values of a dimension could have been named at an endpoint: those with at
 * least OUTLIER_COUNT_MIN requests are at most so many. */
static double hypotheses(const struct summary *summary,
                         const struct outlier_endpoint *endpoint,
                         enum summary_dimension dimension)
{
    size_t most = 0;
    for (size_t c = 0; c < endpoint->cell_count; c++) {
        bool exact;
        size_t count = summary_value_count(summary, dimension,
                                           endpoint->cells[c].cell->version, &exact);
        most = count > most ? count : most;
    }
    return fmin((double)most, (double)endpoint->requests / OUTLIER_COUNT_MIN);
}

struct judging {
    struct outliers *outliers;
    size_t room;
    double hypotheses;
};

static void accuse(struct judging *judging, const struct culprit *culprit)
{
    struct outliers *outliers = judging->outliers;
    outliers->culprits = vec_room(outliers->culprits, &judging->room,
                                  outliers->culprit_count + 1, sizeof(*culprit));
    outliers->culprits[outliers->culprit_count++] = *culprit;
}

/* A value's cells added up. Where all requests of a cell are the value's own, the cell
 * says nothing. slow: the slowest 1 % stand for the outliers. */
static struct culprit judge(const struct scan *scan, size_t endpoint, size_t value,
                            bool slow)
{
    const struct scan_value *what =
        &scan_plan_of(scan)->endpoints[endpoint].values[value];
    size_t all = what->dimension == SCAN_VERSION ? SCAN_ALL_COMMON : SCAN_ALL;
    struct culprit culprit = {.slow = slow,
                              .dimension = what->dimension,
                              .name = what->name,
                              .code = what->code};
    uint64_t compared = 0, compared_of = 0;
    double mean = 0;
    for (size_t c = 0; c < scan_cells(scan, endpoint); c++) {
        const struct scan_count *counts = scan_cell(scan, endpoint, c);
        struct scan_count cell = counts[all], own = counts[SCAN_VALUES + value];
        if (slow) {
            cell.outliers = cell.slow;
            own.outliers = own.slow;
        }
        culprit.requests += own.requests;
        culprit.outliers += own.outliers;
        culprit.requests_of += cell.requests;
        culprit.outliers_of += cell.outliers;
        if (own.requests == 0 || own.requests == cell.requests)
            continue;
        compared += own.outliers;
        compared_of += cell.outliers;
        mean += (double)cell.outliers * own.requests / cell.requests;
        culprit.expected += (double)own.requests * (cell.outliers - own.outliers) /
                            (cell.requests - own.requests);
    }
    culprit.lift = culprit.expected > 0 ? (double)compared / culprit.expected : INFINITY;
    culprit.p = compared_of
                    ? outliers_tail(compared, compared_of, mean / (double)compared_of)
                    : 1;
    if (compared < OUTLIER_COUNT_MIN || culprit.lift < (slow ? SLOW_LIFT_MIN : LIFT_MIN))
        culprit.p = 1;
    return culprit;
}

static int by_p(const void *a, const void *b)
{
    const struct culprit *left = a, *right = b;
    return (left->p > right->p) - (left->p < right->p);
}

static int by_outliers(const void *a, const void *b)
{
    const struct culprit *left = a, *right = b;
    if (left->slow != right->slow)
        return left->slow ? 1 : -1;
    if (left->outliers != right->outliers)
        return left->outliers > right->outliers ? -1 : 1;
    if (left->endpoint != right->endpoint)
        return left->endpoint < right->endpoint ? -1 : 1;
    if (left->dimension != right->dimension)
        return left->dimension < right->dimension ? -1 : 1;
    if (left->code != right->code)
        return left->code < right->code ? -1 : 1;
    return str_compare(left->name.bytes ? left->name.bytes : "", left->name.length,
                       right->name.bytes ? right->name.bytes : "", right->name.length);
}

/* Benjamini and Hochberg (1995): keeps the most values of which at most FALSE_SHARE are
 * expected to be there by chance. */
static void keep_significant(struct judging *judging)
{
    struct outliers *outliers = judging->outliers;
    size_t count = outliers->culprit_count;
    double least = 1;
    if (count > 1)
        qsort(outliers->culprits, count, sizeof(*outliers->culprits), by_p);
    for (size_t i = count; i-- > 0;) {
        double q = outliers->culprits[i].p * judging->hypotheses / (double)(i + 1);
        least = q < least ? q : least;
        outliers->culprits[i].q = least;
    }
    while (count && outliers->culprits[count - 1].q > FALSE_SHARE)
        count--;
    outliers->culprit_count = count;
    if (count > 1)
        qsort(outliers->culprits, count, sizeof(*outliers->culprits), by_outliers);
}

/* Versions are compared by outliers alone: slowness is the regression's. Returns whether
 * the value is a hypothesis that the summary does not count. */
static bool judge_value(struct judging *judging, const struct scan *scan, size_t planned,
                        size_t value, size_t endpoint)
{
    const struct scan_value *what = &scan_plan_of(scan)->endpoints[planned].values[value];
    uint64_t requests = 0;
    for (int slow = 0; slow < (what->dimension == SCAN_VERSION ? 1 : 2); slow++) {
        struct culprit culprit = judge(scan, planned, value, slow);
        culprit.endpoint = endpoint;
        requests = culprit.requests;
        if (culprit.p < 1)
            accuse(judging, &culprit);
    }
    return what->dimension >= SCAN_STATUS && requests >= OUTLIER_COUNT_MIN;
}

static bool same_value(const struct culprit *a, const struct culprit *b)
{
    return a->endpoint == b->endpoint && a->dimension == b->dimension &&
           a->code == b->code && a->name.bytes == b->name.bytes;
}

/* Who is named by outliers is not named by slow requests once more. */
static void drop_repeated(struct outliers *outliers)
{
    size_t kept = 0;
    for (size_t i = 0; i < outliers->culprit_count; i++) {
        bool repeated = false;
        for (size_t k = 0; k < outliers->culprit_count && outliers->culprits[i].slow; k++)
            repeated |= !outliers->culprits[k].slow &&
                        same_value(&outliers->culprits[i], &outliers->culprits[k]);
        if (!repeated)
            outliers->culprits[kept++] = outliers->culprits[i];
    }
    outliers->culprit_count = kept;
}

static void judge_hours(struct judging *judging, const struct scan *scan, size_t planned,
                        const struct zone *zone, size_t endpoint)
{
    struct outlier_hours hours;
    outlier_hours_init(&hours, scan, planned, zone);
    for (unsigned hour = 0; hour < OUTLIER_HOURS; hour++) {
        struct culprit culprit;
        outlier_hours_judge(&hours, hour, &culprit);
        culprit.endpoint = endpoint;
        judging->hypotheses += culprit.outliers >= OUTLIER_COUNT_MIN;
        if (culprit.p < 1)
            accuse(judging, &culprit);
    }
    outlier_hours_release(&hours);
}

/* The plan has the endpoints in the same order, without those that have nothing to ask.
 */
void outliers_attribute(struct outliers *outliers, const struct summary *summary,
                        const struct scan *scan, const struct zone *zone)
{
    struct judging judging = {.outliers = outliers};
    size_t planned = 0;
    for (size_t e = 0; e < outliers->endpoint_count; e++) {
        const struct outlier_endpoint *endpoint = &outliers->endpoints[e];
        if (!has_owners(endpoint))
            continue;
        const struct scan_endpoint *plan = &scan_plan_of(scan)->endpoints[planned];
        judging.hypotheses += hypotheses(summary, endpoint, SUMMARY_GROUP) +
                              hypotheses(summary, endpoint, SUMMARY_ADDRESS);
        for (size_t v = 0; v < plan->value_count; v++)
            judging.hypotheses += judge_value(&judging, scan, planned, v, e);
        judge_hours(&judging, scan, planned, zone, e);
        planned++;
    }
    judging.hypotheses *= 2; /* by outliers and by slow requests */
    keep_significant(&judging);
    drop_repeated(outliers);
    outliers->attributed = true;
    outliers->cell_s = scan_cell_s(scan);
}

/* --- without a second scan --- */

/* The requests of a name in a version, over all endpoints. */
static uint64_t requests_of(const struct summary_value *rows, size_t count,
                            const struct name *name)
{
    for (size_t i = 0; i < count; i++)
        if (str_compare(rows[i].name.bytes, rows[i].name.length, name->bytes,
                        name->length) == 0)
            return rows[i].requests;
    return 0;
}

static void judge_roughly(struct judging *judging, const struct summary *summary,
                          size_t e, size_t c, enum summary_dimension dimension)
{
    const struct outlier_cell *cell = &judging->outliers->endpoints[e].cells[c];
    const struct summary_version *version = cell->cell->version;
    struct summary_share shares[SUMMARY_SHARES];
    struct summary_value *rows;
    uint64_t from_ns = cell->fence_ns, total;
    size_t count =
        summary_slow_shares(summary, cell->cell, dimension, &from_ns, &total, shares);
    size_t row_count = summary_values(summary, dimension, version, SIZE_MAX, &rows);
    for (size_t i = 0; i < count && shares[i].slow >= ROUGH_COUNT_MIN; i++) {
        double requests = (double)requests_of(rows, row_count, &shares[i].name);
        double share = requests / (double)version->requests;
        double mean = share * (double)total;
        struct culprit culprit = {
            .endpoint = e,
            .dimension = dimension == SUMMARY_GROUP ? SCAN_GROUP : SCAN_ADDRESS,
            .name = shares[i].name,
            .requests = (uint64_t)requests,
            .requests_of = version->requests,
            .outliers = shares[i].slow,
            .outliers_of = total,
            .expected = mean,
            .lift = mean > 0 ? (double)shares[i].slow / mean : INFINITY,
            .p = outliers_tail(shares[i].slow, total, share)};
        if (culprit.lift >= ROUGH_LIFT_MIN &&
            (double)shares[i].slow >= ROUGH_SHARE_MIN * (double)total)
            accuse(judging, &culprit);
    }
    summary_values_free(rows, row_count);
}

void outliers_attribute_roughly(struct outliers *outliers, const struct summary *summary)
{
    struct judging judging = {.outliers = outliers};
    for (size_t e = 0; e < outliers->endpoint_count; e++)
        for (int d = 0; d < SUMMARY_DIMENSIONS; d++) {
            enum summary_dimension dimension = (enum summary_dimension)d;
            judging.hypotheses += hypotheses(summary, &outliers->endpoints[e], dimension);
            for (size_t c = 0; c < outliers->endpoints[e].cell_count; c++)
                judge_roughly(&judging, summary, e, c, dimension);
        }
    keep_significant(&judging);
    outliers->attributed = true;
    outliers->approximate = true;
}
