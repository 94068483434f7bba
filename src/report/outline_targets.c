/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Objectives with their error budget, and checks. */
#include "passages.h"

#include "label.h"
#include "notes.h"

#include "src/base/mem.h"

#include <math.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct table_column slo_columns[] = {
    {"Objective", false, true, 0}, {"Endpoint", false, true, 2},
    {"Requests", true, false, 3},  {"Reached", true, false, 0},
    {"Bad", true, false, 1},       {"Error budget used", true, false, 0},
    {"", false, false, 0},
};
static const struct table_column check_columns[] = {
    {"Check", false, true, 0}, {"Endpoint", false, true, 2}, {"Requests", true, false, 3},
    {"Is", true, false, 0},    {"", false, false, 0},
};

struct text text_of_target_value(const struct target_result *result)
{
    switch (result->target->metric) {
    case TARGET_QUANTILE:
    case TARGET_MEAN:
    case TARGET_MAX:
    case TARGET_MIN:
        return format_duration(result->value);
    case TARGET_REQUESTS:
        return format_count(result->requests);
    default:
        return format_percent(result->value);
    }
}

static void add_verdict(struct table *table, const struct target_result *result)
{
    const char *text = result->requests == 0 ? "no request"
                       : result->met         ? "met"
                                             : "missed";
    table_add_toned(table, text, result->met ? TONE_GOOD : TONE_BAD);
}

static void add_result(struct table *table, const struct report *report,
                       const struct target_result *result)
{
    table_add_take(table, label_of_text(result->target->text));
    table_add_take(table, result->endpoint ? label_of_endpoint(report, result->endpoint)
                                           : mem_text(result->requests ? "(all)" : ""));
    table_add_count(table, result->requests);
    table_add(table, text_of_target_value(result).s);
    if (result->target->kind == TARGET_SLO) {
        table_add_count(table, result->bad);
        table_add(table, format_percent(result->requests ? result->budget_used : NAN).s);
    }
    add_verdict(table, result);
}

static void add_kind(struct outline *outline, const struct report *report,
                     enum target_kind kind)
{
    const struct target_results *results = &report->results;
    struct table *table = NULL;
    for (size_t i = 0; i < results->count; i++) {
        if (results->results[i].target->kind != kind)
            continue;
        if (!table && kind == TARGET_SLO)
            table = outline_table(outline, mem_text("Objectives"), slo_columns,
                                  COUNT(slo_columns));
        else if (!table)
            table = outline_table(outline, mem_text("Checks"), check_columns,
                                  COUNT(check_columns));
        add_result(table, report, &results->results[i]);
    }
}

void outline_targets(struct outline *outline, const struct report *report)
{
    if (report->results.count > 0)
        outline_part(outline, mem_text("Objectives and checks"));
    add_kind(outline, report, TARGET_CHECK);
    add_kind(outline, report, TARGET_SLO);
}
