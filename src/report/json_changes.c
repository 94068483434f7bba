/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Changes over time without a new version. */
#include "json_parts.h"

/* A latency changes by a ratio, a share of errors by a difference. */
static void put_latency(json_t *row, const struct change_point *point)
{
    bool is = point->kind == CHANGE_LATENCY;

    put(row, "before_ns", is ? number(point->before) : json_null());
    put(row, "after_ns", is ? number(point->after) : json_null());
    put(row, "change_ratio", is ? number(point->change) : json_null());
    put(row, "change_ratio_low", is ? number(point->change_low) : json_null());
    put(row, "change_ratio_high", is ? number(point->change_high) : json_null());
}

static void put_errors(json_t *row, const struct change_point *point)
{
    bool is = point->kind == CHANGE_ERRORS;

    put(row, "before_share", is ? number(point->before) : json_null());
    put(row, "after_share", is ? number(point->after) : json_null());
    put(row, "change_share", is ? number(point->change) : json_null());
    put(row, "change_share_low", is ? number(point->change_low) : json_null());
    put(row, "change_share_high", is ? number(point->change_high) : json_null());
}

json_t *json_changes(const struct report *report)
{
    json_t *array = json_array();

    for (size_t i = 0; i < report->changes.count; i++) {
        const struct change_point *point = &report->changes.points[i];
        json_t *row = json_object();
        put(row, "application", name_text(&point->endpoint->application));
        put(row, "endpoint", name_text(&point->endpoint->name));
        put(row, "kind",
            json_string(point->kind == CHANGE_LATENCY ? "latency" : "errors"));
        put(row, "at", moment(point->utc_ns));
        put(row, "block_s", number(point->block_s));
        put_latency(row, point);
        put_errors(row, point);
        put(row, "p", number(point->p));
        json_array_append_new(array, row);
    }
    return array;
}
