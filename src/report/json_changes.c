/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Changes over time without a new version. */
#include "json_parts.h"

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
        put(row, "before", number(point->before));
        put(row, "after", number(point->after));
        put(row, "change", number(point->change));
        put(row, "change_low", number(point->change_low));
        put(row, "change_high", number(point->change_high));
        put(row, "p", number(point->p));
        json_array_append_new(array, row);
    }
    return array;
}
