/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Exceptions, and requests that were being served when their process ended. */
#include "passages.h"

#include "code_place.h"
#include "label.h"

#include "src/base/mem.h"
#include "src/base/str.h"

#include <math.h>
#include <stdlib.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* In the section of an endpoint nothing, so that the column is left out. */
static void add_endpoint(struct table *table, const struct outline *outline,
                         const struct report *report, const struct endpoint *only,
                         struct name application, struct name name)
{
    if (only)
        table_add(table, "");
    else
        table_add_endpoint(table, outline, report, application, name);
}

/* --- exceptions --- */

static const struct table_column exception_columns[] = {
    {"Exception", false, true, 0}, {"In", false, true, 0},
    {"Endpoint", false, true, 1},  {"Times", true, false, 0},
    {"Got out", false, false, 2},  {"First", false, false, 3},
    {"Last", false, false, 3},     {"Versions", false, true, 2},
    {"Message", false, true, 4},
};

static char *text_of_versions(const struct incident_exception *exception)
{
    char *first = label_of_name(&exception->first_version, "(no version)");
    if (exception->version_count == 1)
        return first;
    char *last = label_of_name(&exception->last_version, "(no version)");
    char *both = outline_text("%s to %s", first, last);
    free(first);
    free(last);
    return both;
}

static void add_exception(struct table *table, const struct outline *outline,
                          const struct report *report, const struct endpoint *only,
                          const struct incident_exception *exception)
{
    char *place = code_place_of_stack(exception->stack);

    table_add_take(table, label_of_name(&exception->type, "(no type)"));
    table_add_take(table, place ? place : mem_text(""));
    add_endpoint(table, outline, report, only, exception->application,
                 exception->endpoint);
    table_add_count(table, exception->count);
    table_add(table, exception->handled ? "no" : "yes");
    table_add(table, format_moment(&report->zone, exception->first_utc_ns).s);
    table_add(table, format_moment(&report->zone, exception->last_utc_ns).s);
    table_add_take(table, text_of_versions(exception));
    table_add_take(table, label_of_name(&exception->message, ""));
}

static void add_exceptions(struct outline *outline, const struct report *report,
                           const struct endpoint *only)
{
    const struct incidents *incidents = &report->incidents;
    struct table *table = NULL;
    size_t count = 0, shown = 0;

    for (size_t i = 0; i < incidents->exception_count; i++) {
        const struct incident_exception *exception = &incidents->exceptions[i];
        if (only && !outline_tells_of(outline, report, only, exception->application,
                                      exception->endpoint))
            continue;
        count++;
        if (outline_rows(report, shown + 1) == shown)
            continue;
        if (!table)
            table = outline_table(outline, mem_text("Exceptions"), exception_columns,
                                  COUNT(exception_columns));
        add_exception(table, outline, report, only, exception);
        shown++;
    }
    outline_rest(outline, count, shown, "kinds");
}

/* --- requests that never finished --- */

static const struct table_column unfinished_columns[] = {
    {"Began", false, false, 1}, {"Endpoint", false, true, 0},
    {"For", true, false, 0},    {"Process", true, false, 2},
    {"Group", false, true, 2},  {"Last seen in", false, true, 0},
    {"Path", false, true, 3},
};

static void add_unfinished_row(struct table *table, const struct outline *outline,
                               const struct report *report, const struct endpoint *only,
                               const struct incident_unfinished *one)
{
    char *place = NULL;

    if (one->stack)
        place = code_place_of_stack((struct name){one->stack->bytes, one->stack->length});
    table_add(table, format_moment(&report->zone, one->request->start_utc_ns).s);
    add_endpoint(table, outline, report, only, one->where.application,
                 one->where.endpoint);
    table_add(table, format_duration(one->elapsed_ns ? (double)one->elapsed_ns : NAN).s);
    table_add_take(table, outline_text("%llu", (unsigned long long)one->request->pid));
    table_add_take(table, label_of_name(&one->group, ""));
    table_add_take(table, place ? place : mem_text(""));
    table_add_take(table, label_of_name(&one->path, ""));
}

static void add_unfinished(struct outline *outline, const struct report *report,
                           const struct endpoint *only)
{
    const struct incidents *incidents = &report->incidents;
    struct table *table = NULL;
    size_t count = 0, shown = 0;

    for (size_t i = 0; i < incidents->unfinished_count; i++) {
        const struct incident_unfinished *one = &incidents->unfinished[i];
        if (only && !outline_tells_of(outline, report, only, one->where.application,
                                      one->where.endpoint))
            continue;
        count++;
        if (outline_rows(report, shown + 1) == shown)
            continue;
        if (!table)
            table = outline_table(outline, mem_text("In flight when their process ended"),
                                  unfinished_columns, COUNT(unfinished_columns));
        add_unfinished_row(table, outline, report, only, one);
        shown++;
    }
    if (!only)
        count += incidents->unfinished_more;
    outline_rest(outline, count, shown, "requests");
}

void outline_incidents(struct outline *outline, const struct report *report,
                       const struct endpoint *only)
{
    add_exceptions(outline, report, only);
    add_unfinished(outline, report, only);
}
