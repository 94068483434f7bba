/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Objectives and checks. */
#include "json_parts.h"

/* What was measured, under the name that has its unit; the others are null. */
static void put_value(json_t *row, const struct target_result *result)
{
    json_t *ns = NULL, *share = NULL, *requests = NULL;

    switch (result->target->metric) {
    case TARGET_QUANTILE:
    case TARGET_MEAN:
    case TARGET_MAX:
    case TARGET_MIN:
        ns = nanoseconds(result->value);
        break;
    case TARGET_REQUESTS:
        requests = number(result->value);
        break;
    default:
        share = number(result->value);
    }
    put(row, "value_ns", ns ? ns : json_null());
    put(row, "value_share", share ? share : json_null());
    put(row, "value_requests", requests ? requests : json_null());
}

static void put_budget(json_t *row, const struct target_result *result)
{
    put(row, "requests_bad", count(result->bad));
    put(row, "budget_requests", number(result->budget));
    put(row, "budget_used_share",
        result->requests ? number(result->budget_used) : json_null());
}

json_t *json_targets(const struct report *report, enum target_kind kind)
{
    json_t *array = json_array();

    for (size_t i = 0; i < report->results.count; i++) {
        const struct target_result *result = &report->results.results[i];
        const struct endpoint *endpoint = result->endpoint;
        if (result->target->kind != kind)
            continue;
        json_t *row = json_object();
        put(row, "text", c_text(result->target->text));
        put(row, "application",
            endpoint ? name_text(&endpoint->application) : json_null());
        put(row, "endpoint", endpoint ? name_text(&endpoint->name) : json_null());
        put(row, "requests", count(result->requests));
        put_value(row, result);
        put(row, "met", json_boolean(result->met));
        if (kind == TARGET_SLO)
            put_budget(row, result);
        json_array_append_new(array, row);
    }
    return array;
}
