/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Where the time goes: functions, what explains a difference, where requests hung. */
#include "passages.h"

#include "code_place.h"
#include "label.h"

#include "src/base/mem.h"
#include "src/base/str.h"

#include <math.h>
#include <stdlib.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Endpoints with tables of their own, and their rows. */
enum { ENDPOINTS_SHOWN = 3, FUNCTIONS_SHOWN = 10, FUNCTIONS_IN_PAGE = 25 };

static size_t functions_shown(const struct outline *outline, size_t count)
{
    size_t most = outline->page ? FUNCTIONS_IN_PAGE : FUNCTIONS_SHOWN;
    return count < most ? count : most;
}

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

static struct text text_of_us(uint64_t us)
{
    return format_duration((double)us * 1e3);
}

/* "4.1 % to 9.3 %" */
static char *text_of_interval(struct profile_share share)
{
    return outline_text("%s to %s", format_percent(share.low).s,
                        format_percent(share.high).s);
}

/* --- functions of an endpoint ----------------------------------------------------------
 */

static const struct table_column function_columns[] = {
    {"Function", false, true, 0},  {"Own time", true, false, 0},
    {"95 %", true, false, 2},      {"With callees", true, false, 1},
    {"Waiting", true, false, 1},   {"A request", true, false, 2},
    {"Called by", false, true, 3},
};

struct ranked {
    size_t node;
    uint64_t us;
};

static int by_own_time(const void *left, const void *right)
{
    const struct ranked *a = left, *b = right;
    if (a->us != b->us)
        return a->us > b->us ? -1 : 1;
    return (a->node > b->node) - (a->node < b->node);
}

static struct ranked *rank_nodes(const struct profile_endpoint *endpoint, size_t version,
                                 size_t *count)
{
    struct ranked *ranked = mem_array(endpoint->node_count, sizeof(*ranked));
    *count = 0;
    for (size_t n = 0; n < endpoint->node_count; n++) {
        uint64_t us = profile_value_of(endpoint, n, version)->self_us;
        if (us)
            ranked[(*count)++] = (struct ranked){n, us};
    }
    qsort(ranked, *count, sizeof(*ranked), by_own_time);
    return ranked;
}

/* What others recorded does not tell. */
static bool states_known(const struct profile_version *version)
{
    return version->running_us + version->waiting_us > 0;
}

static char *text_of_states(const struct profile_version *version)
{
    if (!states_known(version))
        return mem_text("whether running or waiting is not known");
    return outline_text(
        "%s running, %s waiting",
        format_percent((double)version->running_us / (double)version->us).s,
        format_percent((double)version->waiting_us / (double)version->us).s);
}

static void add_function(struct table *table, const struct profile_endpoint *endpoint,
                         size_t version, size_t node)
{
    const struct profile_version *of = &endpoint->versions[version];
    const struct profile_value *value = profile_value_of(endpoint, node, version);
    struct profile_share own = profile_share(of, value->self_us, 1.959964);
    table_add_take(table, code_place_of_node(endpoint, node));
    table_add(table, format_percent(own.share).s);
    table_add_take(table, text_of_interval(own));
    table_add(table, format_percent((double)value->total_us / (double)of->us).s);
    table_add(table, format_percent(states_known(of) ? (double)value->self_waiting_us /
                                                           (double)value->self_us
                                                     : NAN)
                         .s);
    table_add(table, format_duration(own.share * of->mean_ns).s);
    table_add_take(table, code_callers(endpoint, node));
}

static void add_functions(struct outline *outline,
                          const struct profile_endpoint *endpoint, size_t version)
{
    const struct profile_version *of = &endpoint->versions[version];
    size_t count;
    struct ranked *ranked = rank_nodes(endpoint, version, &count);
    size_t shown = functions_shown(outline, count);
    char *name = label_of_name(&endpoint->name, "(no name)");
    char *called = label_of_name(&of->name, "(no version)");
    char *states = text_of_states(of);
    struct table *table = outline_table(
        outline,
        outline_text("Where %s %s spends its time (%s sample%s, worth %s independent "
                     "ones; %s)",
                     name, called, format_count(of->samples).s,
                     of->samples == 1 ? "" : "s", format_number(of->samples_effective).s,
                     states),
        function_columns, COUNT(function_columns));
    free(states);
    outline_numbers_of(outline, REPORT_CHART_PROFILE);
    for (size_t i = 0; i < shown; i++)
        add_function(table, endpoint, version, ranked[i].node);
    outline_rest(outline, count, shown, "functions with less");
    free(called);
    free(name);
    free(ranked);
}

/* --- two versions ----------------------------------------------------------------------
 */

static const struct table_column change_columns[] = {
    {"Function", false, true, 0}, {"Before", true, false, 1},
    {"After", true, false, 1},    {"Difference", true, false, 0},
    {"95 %", true, false, 2},     {"Called by", false, true, 3},
};

static char *text_of_difference(double ns)
{
    return outline_text("%s%s",
                        ns > 0   ? "+"
                        : ns < 0 ? "\u2212"
                                 : "",
                        format_duration(fabs(ns)).s);
}

static void add_changes(struct outline *outline, const struct profile_endpoint *endpoint)
{
    size_t shown = functions_shown(outline, endpoint->change_count);
    const struct profile_version *older = &endpoint->versions[endpoint->older];
    const struct profile_version *newer = &endpoint->versions[endpoint->newer];
    char *name = label_of_name(&endpoint->name, "(no name)");
    char *before = label_of_profile_version(older);
    char *after = label_of_profile_version(newer);
    struct table *table = outline_table(
        outline,
        outline_text("What explains the difference of %s: own time a request, before "
                     "(%s: %s on average) and after (%s: %s)",
                     name, before, format_duration(older->mean_ns).s, after,
                     format_duration(newer->mean_ns).s),
        change_columns, COUNT(change_columns));
    free(after);
    free(before);
    outline_numbers_of(outline, REPORT_CHART_PROFILE_CHANGE);
    for (size_t i = 0; i < shown; i++) {
        const struct profile_change *change = &endpoint->changes[i];
        char *low = text_of_difference(change->low_ns);
        char *high = text_of_difference(change->high_ns);
        char *difference = text_of_difference(change->difference_ns);
        table_add_take(table, code_place_of_node(endpoint, change->node));
        table_add(table, format_duration(change->older_ns).s);
        table_add(table, format_duration(change->newer_ns).s);
        table_add_toned(table, difference,
                        !change->real               ? TONE_DIM
                        : change->difference_ns > 0 ? TONE_BAD
                                                    : TONE_GOOD);
        table_add_take(table, outline_text("%s to %s", low, high));
        table_add_take(table, code_callers(endpoint, change->node));
        free(difference);
        free(high);
        free(low);
    }
    outline_rest(outline, endpoint->change_count, shown, "functions");
    free(name);
}

/* --- beyond the threshold --------------------------------------------------------------
 */

static const struct table_column stuck_columns[] = {
    {"Endpoint", false, true, 0}, {"Hung in", false, true, 0},
    {"Time", true, false, 0},     {"Share", true, false, 0},
    {"Samples", true, false, 1},  {"Called by", false, true, 2},
};

static void add_stuck_row(struct table *table, const struct profile_endpoint *endpoint,
                          size_t node, bool named)
{
    uint64_t us = profile_outlier_us(endpoint, node), samples = 0;
    for (size_t v = 0; v < endpoint->version_count; v++)
        if (!endpoint->versions[v].older_side)
            samples += profile_value_of(endpoint, node, v)->outlier_samples;
    table_add_take(table,
                   named ? label_of_name(&endpoint->name, "(no name)") : mem_text(""));
    table_add_take(table, code_place_of_node(endpoint, node));
    table_add(table, text_of_us(us).s);
    table_add(table, format_percent((double)us / (double)endpoint->outlier_us).s);
    table_add_count(table, samples);
    table_add_take(table, code_callers(endpoint, node));
}

static void add_stuck(struct outline *outline, const struct report *report,
                      const struct endpoint *only)
{
    size_t of_endpoint = outline->page ? FUNCTIONS_IN_PAGE : 3;
    const struct profile *profile = &report->profile;
    struct table *table = NULL;
    size_t shown = 0, count = 0;

    for (size_t e = 0; e < profile->endpoint_count; e++) {
        const struct profile_endpoint *endpoint = &profile->endpoints[e];
        if (!outline_tells_of(outline, report, only, endpoint->application,
                              endpoint->name))
            continue;
        count += endpoint->stuck_count;
        if (endpoint->stuck_count && !table)
            table = outline_table(
                outline, mem_text("Where requests were once beyond their threshold"),
                stuck_columns, COUNT(stuck_columns));
        for (size_t i = 0; i < smaller(endpoint->stuck_count, of_endpoint); i++)
            if (shown < outline_rows(report, count)) {
                add_stuck_row(table, endpoint, endpoint->stuck[i], !only);
                shown++;
            }
    }
    outline_rest(outline, count, shown, "places");
}

/* --- the whole -------------------------------------------------------------------------
 */

static void add_endpoint(struct outline *outline, const struct profile_endpoint *endpoint)
{
    size_t newest = profile_newest(endpoint, endpoint->version_count);
    if (newest != SIZE_MAX)
        add_functions(outline, endpoint, newest);
    if (endpoint->compared && endpoint->change_count)
        add_changes(outline, endpoint);
}

void outline_endpoint_profile(struct outline *outline, const struct report *report,
                              const struct endpoint *endpoint)
{
    const struct profile *profile = &report->profile;
    size_t before = outline->count;
    for (size_t i = 0; i < profile->endpoint_count; i++)
        if (outline_tells_of(outline, report, endpoint, profile->endpoints[i].application,
                             profile->endpoints[i].name))
            add_endpoint(outline, &profile->endpoints[i]);
    outline_processor_time(outline, report, endpoint);
    if (outline->count == before)
        outline_add(outline, BLOCK_LINE,
                    mem_text("No stack of it was recorded; levels 2 and 3 do."));
}

void outline_endpoint_stuck(struct outline *outline, const struct report *report,
                            const struct endpoint *endpoint)
{
    add_stuck(outline, report, endpoint);
}

void outline_profile(struct outline *outline, const struct report *report)
{
    const struct profile *profile = &report->profile;
    if (profile->beside)
        outline_part(outline, mem_text("Code, exceptions, gauges"));
    for (size_t i = 0, shown = 0; i < profile->endpoint_count && shown < ENDPOINTS_SHOWN;
         i++)
        if (outline_tells_of(outline, report, NULL, profile->endpoints[i].application,
                             profile->endpoints[i].name)) {
            add_endpoint(outline, &profile->endpoints[i]);
            shown++;
        }
    add_stuck(outline, report, NULL);
    outline_incidents(outline, report, NULL);
    outline_details(outline, report);
}
