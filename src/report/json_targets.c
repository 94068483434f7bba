/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Objectives and checks. */
#include "json_parts.h"

static json_t *value_json(const struct target_result *result)
{
    switch (result->target->metric) {
    case TARGET_QUANTILE:
    case TARGET_MEAN:
    case TARGET_MAX:
    case TARGET_MIN:
        return nanoseconds(result->value);
    default:
        return number(result->value);
    }
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
        put(row, "value", value_json(result));
        put(row, "met", json_boolean(result->met));
        if (kind == TARGET_SLO)
            put_budget(row, result);
        json_array_append_new(array, row);
    }
    return array;
}
