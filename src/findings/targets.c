/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "targets.h"

#include "src/base/err.h"
#include "src/base/mem.h"
#include "src/base/vec.h"

#include <fnmatch.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define HOW_SLO "'GET /cart: 99% < 300ms' or '*: 99.9% ok'"
#define HOW_CHECK "'GET /cart: p99 < 250ms' or '*: errors < 1%'"

/* --- reading --- */

/* A number >= 0 and, in *unit, what stands behind it up to a space or the end. Points
 * behind both; NULL when there is no number. */
static const char *read_number(const char *at, double *number, char unit[8])
{
    char *end;
    if (!*at || !strchr(".0123456789", *at))
        return NULL;
    *number = strtod(at, &end);
    size_t length = strcspn(end, " ");
    if (end == at || length >= 8 || !isfinite(*number))
        return NULL;
    memcpy(unit, end, length);
    unit[length] = '\0';
    return end + length;
}

static bool read_duration(double number, const char *unit, double *ns)
{
    static const struct {
        const char *unit;
        double ns;
    } units[] = {{"ns", 1}, {"us", 1e3}, {"ms", 1e6}, {"s", 1e9}, {"min", 60e9}};
    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
        if (strcmp(unit, units[i].unit) == 0) {
            *ns = number * units[i].ns;
            return *ns > 0;
        }
    return false;
}

static const char *skip_spaces(const char *at)
{
    return at + strspn(at, " ");
}

/* "<", "<=", ">", ">="; NULL when there is none. */
static const char *read_operator(const char *at, enum target_operator *operator)
{
    bool equal = at[0] && at[1] == '=';
    if (at[0] != '<' && at[0] != '>')
        return NULL;
    *operator= at[0] == '<' ? (equal ? TARGET_AT_MOST : TARGET_LESS)
                            : (equal ? TARGET_AT_LEAST : TARGET_MORE);
    return at + 1 + equal;
}

/* "99.5% < 300ms" or "99.9% ok". NULL, or what is wrong. */
static const char *read_slo(const char *at, struct target *target)
{
    char unit[8];
    double number;
    at = read_number(at, &number, unit);
    if (!at || strcmp(unit, "%") != 0)
        return "begins with a share such as 99%";
    if (number <= 0 || number > 100)
        return "has a share above 0% and up to 100%";
    target->share = number / 100;
    at = skip_spaces(at);
    if (strcmp(at, "ok") == 0) {
        target->metric = TARGET_OK;
        return NULL;
    }
    at = read_operator(at, &target->operator);
    if (!at || target->operator!= TARGET_LESS)
        return "goes on with \"< 300ms\" or with \"ok\"";
    at = read_number(skip_spaces(at), &number, unit);
    target->metric = TARGET_FASTER;
    return at && !*skip_spaces(at) && read_duration(number, unit, &target->limit)
               ? NULL
               : "ends with a duration such as 300ms or 1.5s";
}

static const char *read_metric(const char *at, struct target *target)
{
    static const struct {
        const char *name;
        enum target_metric metric;
    } names[] = {{"mean", TARGET_MEAN},         {"max", TARGET_MAX},
                 {"min", TARGET_MIN},           {"errors", TARGET_ERRORS},
                 {"requests", TARGET_REQUESTS}, {"client_errors", TARGET_CLIENT_ERRORS}};
    size_t length = strcspn(at, " <>");
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (strlen(names[i].name) == length && memcmp(at, names[i].name, length) == 0) {
            target->metric = names[i].metric;
            return at + length;
        }
    if (at[0] != 'p' || length > 8)
        return NULL;
    char *end = NULL;
    double number = at[1] && strchr(".0123456789", at[1]) ? strtod(at + 1, &end) : -1;
    if (number <= 0 || number >= 100 || end != at + length)
        return NULL;
    target->metric = TARGET_QUANTILE;
    target->share = number / 100;
    return at + length;
}

/* "p99 < 250ms", "errors < 1%", "requests > 100". NULL, or what is wrong. */
static const char *read_check(const char *at, struct target *target)
{
    char unit[8];
    double number;
    at = read_metric(at, target);
    if (!at)
        return "begins with p50, p99.9 or another percentile, mean, max, min, errors, "
               "client_errors or requests";
    at = read_operator(skip_spaces(at), &target->operator);
    if (!at)
        return "goes on with <, <=, > or >=";
    at = read_number(skip_spaces(at), &number, unit);
    if (!at || *skip_spaces(at))
        return "ends with one number and its unit";
    switch (target->metric) {
    case TARGET_ERRORS:
    case TARGET_CLIENT_ERRORS:
        target->limit = number / 100;
        return strcmp(unit, "%") == 0 && number <= 100 ? NULL
                                                       : "ends with a share such as 1%";
    case TARGET_REQUESTS:
        target->limit = number;
        return *unit ? "ends with a plain number" : NULL;
    default:
        return read_duration(number, unit, &target->limit)
                   ? NULL
                   : "ends with a duration such as 250ms or 1.5s";
    }
}

/* The last colon before a space: names hold others. */
static const char *find_colon(const char *text)
{
    const char *found = NULL;
    for (const char *at = strstr(text, ": "); at; at = strstr(at + 1, ": "))
        found = at;
    return found;
}

int targets_add(struct targets *targets, enum target_kind kind, const char *text,
                struct err *err)
{
    const char *colon = find_colon(text), *option = kind == TARGET_SLO ? "slo" : "check";
    const char *how = kind == TARGET_SLO ? HOW_SLO : HOW_CHECK;
    struct target target = {.kind = kind};
    if (!colon || colon == text)
        return err_set(err, ERR_USAGE,
                       "--%s \"%s\" does not begin with endpoints and a colon; write %s",
                       option, text, how);
    const char *demand = skip_spaces(colon + 1);
    const char *wrong =
        kind == TARGET_SLO ? read_slo(demand, &target) : read_check(demand, &target);
    if (wrong)
        return err_set(err, ERR_USAGE,
                       "--%s \"%s\": what stands behind the colon %s; write %s", option,
                       text, wrong, how);
    target.text = mem_text(text);
    target.glob = mem_bytes(text, (size_t)(colon - text));
    targets->targets = vec_room(targets->targets, &targets->room, targets->count + 1,
                                sizeof(*targets->targets));
    targets->targets[targets->count++] = target;
    return 0;
}

void targets_release(struct targets *targets)
{
    for (size_t i = 0; i < targets->count; i++) {
        free(targets->targets[i].text);
        free(targets->targets[i].glob);
    }
    free(targets->targets);
    *targets = (struct targets){0};
}

/* --- judging --- */

/* Requests of an endpoint (NULL: of all), and their fine histogram, which the caller
 * releases. */
static const struct distribution *gather(const struct overview *overview,
                                         const struct endpoint *endpoint,
                                         struct histogram *histogram)
{
    histogram_init(histogram, HISTOGRAM_FINE);
    for (size_t e = 0; e < overview->endpoint_count; e++) {
        const struct endpoint *other = &overview->endpoints[e];
        for (size_t v = 0; v < other->version_count && (!endpoint || other == endpoint);
             v++)
            histogram_merge(histogram, &other->versions[v].cell->histogram);
    }
    return endpoint ? &endpoint->all : &overview->all;
}

/* Requests of at least limit ns. */
static double count_slow(const struct histogram *histogram, double limit_ns)
{
    if (limit_ns >= (double)HISTOGRAM_MAX_NS)
        return 0;
    unsigned bucket = histogram_bucket(HISTOGRAM_FINE, (uint64_t)limit_ns);
    double low = (double)histogram_low_ns(HISTOGRAM_FINE, bucket);
    double high = (double)histogram_high_ns(HISTOGRAM_FINE, bucket);
    return (double)histogram_count_from(histogram, bucket + 1) +
           histogram_at(histogram, bucket) * (high - limit_ns) / (high - low);
}

static double metric_of(const struct target *target, const struct distribution *all,
                        const struct histogram *histogram)
{
    double requests = (double)all->requests;
    switch (target->metric) {
    case TARGET_FASTER:
        return 1 - count_slow(histogram, target->limit) / requests;
    case TARGET_OK:
        return 1 - (double)all->errors.server / requests;
    case TARGET_QUANTILE:
        return histogram_quantile_ns(histogram, target->share);
    case TARGET_MEAN:
        return all->mean_ns;
    case TARGET_MAX:
        return (double)all->max_ns;
    case TARGET_MIN:
        return (double)all->min_ns;
    case TARGET_ERRORS:
        return (double)all->errors.server / requests;
    case TARGET_CLIENT_ERRORS:
        return (double)all->errors.client / requests;
    case TARGET_REQUESTS:
        break;
    }
    return requests;
}

static bool compare(double value, enum target_operator operator, double limit)
{
    switch (operator) {
    case TARGET_LESS:
        return value < limit;
    case TARGET_AT_MOST:
        return value <= limit;
    case TARGET_MORE:
        return value > limit;
    case TARGET_AT_LEAST:
        break;
    }
    return value >= limit;
}

static void judge_budget(struct target_result *result)
{
    double requests = (double)result->requests;
    double bad = (1 - result->value) * requests;
    result->bad = (uint64_t)llround(bad);
    result->budget = (1 - result->target->share) * requests;
    result->budget_used = result->bad == 0 ? 0 : (double)result->bad / result->budget;
    result->met = (double)result->bad <= result->budget * (1 + 1e-12);
}

static void judge(struct target_results *results, const struct target *target,
                  const struct overview *overview, const struct endpoint *endpoint,
                  bool matched)
{
    struct target_result result = {.target = target, .endpoint = endpoint, .value = NAN};
    struct histogram histogram;
    if (matched && overview->all.requests) {
        const struct distribution *all = gather(overview, endpoint, &histogram);
        result.requests = all->requests;
        result.value = metric_of(target, all, &histogram);
        histogram_release(&histogram);
        if (target->kind == TARGET_SLO)
            judge_budget(&result);
        else
            result.met = compare(result.value, target->operator, target->limit);
    }
    results->missed[target->kind] += !result.met;
    results->results = vec_room(results->results, &results->room, results->count + 1,
                                sizeof(*results->results));
    results->results[results->count++] = result;
}

static bool matches(const char *glob, const struct name *name)
{
    return strcmp(glob, name->bytes) == 0 || fnmatch(glob, name->bytes, 0) == 0;
}

void targets_judge(struct target_results *results, const struct targets *targets,
                   const struct overview *overview)
{
    *results = (struct target_results){0};
    for (size_t t = 0; targets && t < targets->count; t++) {
        const struct target *target = &targets->targets[t];
        bool any = strcmp(target->glob, "*") == 0;
        if (any)
            judge(results, target, overview, NULL, true);
        for (size_t e = 0, all = any; e < overview->endpoint_count && !all; e++)
            if (matches(target->glob, &overview->endpoints[e].name)) {
                judge(results, target, overview, &overview->endpoints[e], true);
                any = true;
            }
        if (!any)
            judge(results, target, overview, NULL, false);
    }
}

void target_results_release(struct target_results *results)
{
    free(results->results);
    *results = (struct target_results){0};
}
