/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One endpoint in a page: how its latency is distributed, over time, by version, its
 * outliers with their stacks, its profile. Built for 200 endpoints in one page, so each
 * says only what is its own.
 */
#include "passages.h"

#include "code_place.h"
#include "label.h"
#include "notes.h"

#include "src/base/mem.h"
#include "src/base/str.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define KIND(name) (1u << REPORT_CHART_##name)

/* Charts of the kinds stand below it, where there is room. */
static void add_heading(struct outline *outline, const char *text, unsigned charts)
{
    outline_add(outline, BLOCK_HEADING, mem_text(text))->charts = charts;
}

/* --- how much, how fast --- */

static void add_share(struct outline *outline, const struct distribution *all)
{
    struct str text;

    str_init(&text);
    str_addf(&text, "%s request%s, %s of all; %s of the time",
             format_count(all->requests).s, all->requests == 1 ? "" : "s",
             format_percent(all->share).s, format_percent(all->time_share).s);
    if (all->errors.server > 0)
        str_addf(&text, "; %s ended in a server error",
                 format_percent((double)all->errors.server / (double)all->requests).s);
    str_add_byte(&text, '.');
    outline_add(outline, BLOCK_LINE, str_take(&text));
}

/* "All versions together, with 95 % intervals: p50 8.8 ms (6.9 ms to 10 ms), ..." */
static void add_quantiles(struct outline *outline, const struct distribution *all)
{
    struct str text;
    size_t said = 0;

    str_init(&text);
    for (size_t q = 0; q < QUANTILES; q++) {
        const struct quantile *quantile = &all->quantiles[q];
        if (quantile->known)
            str_addf(&text, "%s%s %s (%s to %s)",
                     said++ ? ", " : "All versions together, with 95 % intervals: ",
                     quantile_names[q], format_duration(quantile->value_ns).s,
                     format_duration(quantile->low_ns).s,
                     format_duration(quantile->high_ns).s);
    }
    str_addf(&text, "%sThe fastest took %s, the slowest %s; the mean is %s.",
             said ? ". " : "", format_duration((double)all->min_ns).s,
             format_duration((double)all->max_ns).s, format_duration(all->mean_ns).s);
    outline_add(outline, BLOCK_LINE, str_take(&text));
}

static void add_changes(struct outline *outline, const struct report *report,
                        const struct endpoint *endpoint)
{
    for (size_t i = 0; i < report->changes.count; i++)
        if (report->changes.points[i].endpoint == endpoint->versions[0].cell->endpoint)
            outline_add(outline, BLOCK_LINE,
                        notes_change_sentence(report, &report->changes.points[i]));
}

/* --- the slowest one by one --- */

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

static const struct table_column slowest_columns[] = {
    {"Duration", true, false, 0}, {"Started", false, false, 0},
    {"Version", false, true, 0},  {"Status", true, false, 0},
    {"Group", false, true, 0},    {"Address", false, true, 0},
    {"CPU", true, false, 0},      {"Last seen in", false, true, 0},
    {"After", true, false, 0},    {"Asked for", false, true, 0},
};

/* In a page of many endpoints fewer, and only the first with its stack. */
enum { SLOWEST_SHOWN = 5, SLOWEST_OF_MANY = 3 };

/* What was recorded of it at level 2 and above. */
static void add_slow_detail(struct table *table, const struct report *report,
                            const struct summary_cell *cell,
                            const struct slow_request *slow)
{
    struct incident_detail detail = incident_detail_of(report->summary, cell, slow);
    bool measured = detail.detail && detail.detail->measured;

    table_add(table, measured ? format_duration((double)detail.detail->cpu_ns).s : "");
    table_add_take(table, detail.stack ? code_place_of_stack((struct name){
                                             detail.stack->bytes, detail.stack->length})
                                       : mem_text(""));
    table_add(table,
              detail.stack ? format_duration((double)detail.stack_elapsed_ns).s : "");
    table_add_take(table, path_of_context(detail.context));
    incident_detail_release(&detail);
}

static void add_slowest_row(struct table *table, const struct report *report,
                            const struct endpoint_version *of,
                            const struct slow_request *slow)
{
    table_add(table, format_duration((double)slow->duration_ns).s);
    table_add(table, format_moment(&report->zone, slow->start_utc_ns).s);
    table_add_take(table, label_of_version(report, of->version));
    table_add_take(table,
                   slow->status ? outline_text("%u", slow->status) : mem_text("\u2013"));
    table_add_take(table, label_of_name(&slow->group, "\u2013"));
    table_add_take(table, label_of_name(&slow->address, "\u2013"));
    add_slow_detail(table, report, of->cell, slow);
}

/* The frames of a request, unless those of one before are the same. */
struct shown_stacks {
    struct str *stacks[SLOWEST_SHOWN];
    size_t count;
};

static bool is_new(struct shown_stacks *shown, const struct str *stack)
{
    for (size_t i = 0; i < shown->count; i++)
        if (str_compare(shown->stacks[i]->bytes, shown->stacks[i]->length, stack->bytes,
                        stack->length) == 0)
            return false;
    return true;
}

static const struct table_column stack_columns[] = {
    {"Called, outermost first", false, true, 0},
};

static void add_stack(struct outline *outline, const struct slow_request *slow,
                      const struct incident_detail *detail)
{
    struct name path = {detail->stack->bytes, detail->stack->length};
    struct stack_frame frame;
    struct table *table =
        outline_detail(outline,
                       outline_text("Stack of the request of %s, %s after it began%s",
                                    format_duration((double)slow->duration_ns).s,
                                    format_duration((double)detail->stack_elapsed_ns).s,
                                    detail->waiting ? ", waiting" : ""),
                       stack_columns, COUNT(stack_columns));

    while (stack_frame_next(&path, &frame))
        table_add_take(table, code_place(frame.file, frame.line, frame.function));
}

static void add_stacks(struct outline *outline, const struct report *report,
                       const struct endpoint_version *of,
                       const struct slow_request *slowest, size_t count)
{
    size_t most = outline_has_many(report) ? 1 : SLOWEST_SHOWN;
    struct incident_detail details[SLOWEST_SHOWN];
    struct shown_stacks shown = {.count = 0};

    for (size_t i = 0; i < count; i++) {
        details[i] = incident_detail_of(report->summary, of->cell, &slowest[i]);
        if (!details[i].stack || shown.count == most || !is_new(&shown, details[i].stack))
            continue;
        add_stack(outline, &slowest[i], &details[i]);
        shown.stacks[shown.count++] = details[i].stack;
    }
    for (size_t i = 0; i < count; i++)
        incident_detail_release(&details[i]);
}

/* Of the newest version. */
static void add_slowest(struct outline *outline, const struct report *report,
                        const struct endpoint *endpoint)
{
    struct slow_request slowest[SUMMARY_SLOWEST];
    const struct endpoint_version *newest =
        &endpoint->versions[endpoint->version_count - 1];
    size_t count = summary_slowest(report->summary, newest->cell, slowest);
    char *version = label_of_version(report, newest->version);
    struct table *table = outline_detail(
        outline,
        endpoint->version_count > 1 ? outline_text("Slowest requests of %s", version)
                                    : mem_text("Slowest requests"),
        slowest_columns, COUNT(slowest_columns));
    outline_numbers_of(outline, REPORT_CHART_OUTLIERS);

    count = smaller(count, outline_has_many(report) ? SLOWEST_OF_MANY : SLOWEST_SHOWN);
    for (size_t i = 0; i < count; i++)
        add_slowest_row(table, report, newest, &slowest[i]);
    add_stacks(outline, report, newest, slowest, count);
    free(version);
}

/* --- the section --- */

void outline_build_endpoint(struct outline *outline, const struct report *report,
                            const struct endpoint *endpoint)
{
    *outline = (struct outline){.page = true};
    add_share(outline, &endpoint->all);
    add_heading(outline, "Distribution", KIND(LATENCY) | KIND(DENSITY) | KIND(ECDF));
    add_quantiles(outline, &endpoint->all);
    add_heading(outline, "Time", KIND(TIMELINE));
    if (endpoint->version_count > 0)
        add_changes(outline, report, endpoint);
    add_heading(outline, "Versions", KIND(VERSIONS));
    outline_endpoint_versions(outline, report, endpoint);
    add_heading(outline, "Outliers", KIND(OUTLIERS));
    outline_endpoint_outliers(outline, report, endpoint);
    if (endpoint->version_count > 0)
        add_slowest(outline, report, endpoint);
    outline_endpoint_stuck(outline, report, endpoint);
    outline_incidents(outline, report, endpoint);
    add_heading(outline, "Profile", KIND(PROFILE) | KIND(PROFILE_CHANGE));
    outline_endpoint_profile(outline, report, endpoint);
}
