/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What versions did to each other, for programs: every endpoint, every metric. */
#include "json_parts.h"

/* 0 and 1 are probabilities; null where a question was not asked. */
static json_t *estimate_json(const struct regression_estimate *estimate)
{
    json_t *object;

    if (!isfinite(estimate->value))
        return json_null();
    object = json_object();
    put(object, "value", number(estimate->value));
    put(object, "low", number(estimate->low));
    put(object, "high", number(estimate->high));
    return object;
}

static json_t *side_json(const struct regression_side *side)
{
    json_t *object = json_object();

    put(object, "requests", count(side->requests));
    put(object, "beyond", count(side->beyond));
    put(object, "units", count(side->units));
    put(object, "value_ns", nanoseconds(side->value_ns));
    return object;
}

static json_t *finding_json(const struct regression_finding *finding, bool latency)
{
    json_t *object = json_object();

    put(object, "verdict", json_string(regression_verdict_names[finding->verdict]));
    put(object, "reason", json_string(regression_reason_names[finding->reason]));
    put(object, "older", side_json(&finding->older));
    put(object, "newer", side_json(&finding->newer));
    put(object, "threshold_ns",
        latency && finding->threshold_ns ? count(finding->threshold_ns) : json_null());
    put(object, "ratio", estimate_json(&finding->ratio));
    put(object, latency ? "difference_ns" : "difference_share",
        estimate_json(&finding->difference));
    put(object, "raw_ratio", number(finding->raw_ratio));
    put(object, "p_worse", number(finding->p_worse));
    put(object, "p_better", number(finding->p_better));
    put(object, "q_worse", number(finding->q_worse));
    put(object, "q_better", number(finding->q_better));
    put(object, "degrees_of_freedom", number(finding->df));
    put(object, "detectable_ratio", number(finding->detectable));
    put(object, "least_effect", number(finding->least));
    put(object, "explained_by_groups", number(finding->explained));
    put(object, "explained_by_groups_error", number(finding->explained_error));
    return object;
}

static json_t *endpoint_json(const struct regression_endpoint *endpoint)
{
    json_t *object = json_object(), *metrics = json_object();

    put(object, "application", name_text(&endpoint->application));
    put(object, "name", name_text(&endpoint->name));
    put(object, "renamed_from",
        endpoint->renamed_from.bytes ? name_text(&endpoint->renamed_from) : json_null());
    put(object, "verdict", json_string(regression_verdict_names[endpoint->verdict]));
    put(object, "telling", json_string(regression_metric_names[endpoint->telling]));
    for (unsigned m = 0; m < REGRESSION_METRICS; m++)
        put(metrics, regression_metric_names[m],
            finding_json(&endpoint->findings[m], m < REGRESSION_LATENCIES));
    put(object, "metrics", metrics);
    return object;
}

static json_t *global_json(const struct regression_global *global)
{
    json_t *object;

    if (!global->known)
        return json_null();
    object = json_object();
    put(object, "verdict", json_string(regression_verdict_names[global->verdict]));
    put(object, "reason", json_string(regression_reason_names[global->reason]));
    put(object, "ratio", estimate_json(&global->ratio));
    put(object, "p_worse", number(global->p_worse));
    put(object, "p_better", number(global->p_better));
    put(object, "q_worse", number(global->q_worse));
    put(object, "q_better", number(global->q_better));
    return object;
}

static json_t *names_json(const struct name *names, size_t name_count)
{
    json_t *array = json_array();

    for (size_t i = 0; i < name_count; i++)
        json_array_append_new(array, name_text(&names[i]));
    return array;
}

static json_t *version_json(const struct name *name)
{
    return name->bytes ? name_text(name) : json_null();
}

static json_t *comparison_json(const struct regression_comparison *comparison)
{
    json_t *object = json_object(), *global = json_object(), *endpoints = json_array();

    put(object, "application", name_text(&comparison->application));
    put(object, "older", version_json(&comparison->older));
    put(object, "newer", version_json(&comparison->newer));
    put(object, "older_is_baseline", json_boolean(comparison->older_is_baseline));
    put(object, "verdict", json_string(regression_verdict_names[comparison->verdict]));
    put(object, "basis", json_string(regression_basis_names[comparison->basis]));
    put(object, "older_units", count(comparison->older_units));
    put(object, "newer_units", count(comparison->newer_units));
    put(object, "unit_s", number(comparison->unit_s));
    put(object, "older_runs", count(comparison->older_runs));
    put(object, "newer_runs", count(comparison->newer_runs));
    put(object, "older_s", number(comparison->older_s));
    put(object, "newer_s", number(comparison->newer_s));
    put(object, "load_test", json_boolean(comparison->load_test));
    put(object, "common_mode", json_boolean(comparison->common_mode));
    put(object, "mix", json_boolean(comparison->mix));
    put(object, "explained_roughly", json_boolean(comparison->explained_roughly));
    for (unsigned m = 0; m < REGRESSION_LATENCIES; m++)
        put(global, regression_metric_names[m], global_json(&comparison->global[m]));
    put(object, "global_shift", global);
    for (size_t i = 0; i < comparison->endpoint_count; i++)
        json_array_append_new(endpoints, endpoint_json(&comparison->endpoints[i]));
    put(object, "endpoints", endpoints);
    put(object, "added", names_json(comparison->added, comparison->added_count));
    put(object, "vanished", names_json(comparison->vanished, comparison->vanished_count));
    return object;
}

json_t *json_verdicts(const struct report *report)
{
    const struct regression *regression = &report->regression;
    json_t *object = json_object(), *verdicts = json_object(), *array = json_array();

    put(object, "alpha", number(regression->alpha));
    put(object, "min_effect", number(regression->min_effect));
    put(object, "min_effect_ns", nanoseconds(regression->min_effect_ns));
    put(object, "questions", count(regression->questions));
    for (unsigned v = 0; v < REGRESSION_VERDICTS; v++)
        put(verdicts, regression_verdict_names[v], count(regression->verdicts[v]));
    put(object, "endpoints_by_verdict", verdicts);
    for (size_t i = 0; i < regression->comparison_count; i++)
        json_array_append_new(array, comparison_json(&regression->comparisons[i]));
    put(object, "comparisons", array);
    return object;
}
