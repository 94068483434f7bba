/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What requests at level 2 and above carry, what was only counted, gauges: as tables.
 */
#include "passages.h"

#include "code_place.h"
#include "courses.h"
#include "label.h"

#include "src/base/mem.h"
#include "src/base/str.h"

#include <math.h>
#include <stdlib.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* --- processor time --------------------------------------------------------------------
 */

static const struct table_column cpu_columns[] = {
    {"Endpoint", false, true, 0},  {"Version", false, true, 1},
    {"Measured", true, false, 2},  {"On the CPU", true, false, 0},
    {"Mean CPU", true, false, 0},  {"Mean waiting", true, false, 0},
    {"Switches", true, false, 3},  {"Faults", true, false, 3},
    {"Block I/O", true, false, 3}, {"Beyond threshold", true, false, 1},
};

static bool has_details(const struct beside_cell *cell)
{
    return cell->measured || cell->outliers;
}

/* Without a measured request all means are dashes. */
static void add_cpu_row(struct table *table, const struct beside *beside, uint32_t cell,
                        bool named)
{
    const struct beside_cell *of = &beside->of_cells[cell];
    struct beside_key key = beside_key_of(beside, cell);
    double n = (double)of->measured;
    double cpu_ns = (double)of->cpu_ns / n, duration_ns = (double)of->duration_ns / n;
    const uint64_t *counts = of->counts;
    table_add_take(table,
                   named ? label_of_name(&key.endpoint, "(no name)") : mem_text(""));
    table_add_take(table, label_of_name(&key.version, ""));
    table_add_count(table, of->measured);
    table_add(table, format_percent(duration_ns > 0 ? cpu_ns / duration_ns : NAN).s);
    table_add(table, format_duration(cpu_ns).s);
    table_add(table,
              format_duration(of->measured ? fmax(0, duration_ns - cpu_ns) : NAN).s);
    table_add(table, format_number((double)(counts[DETAIL_VOLUNTARY_SWITCHES] +
                                            counts[DETAIL_INVOLUNTARY_SWITCHES]) /
                                   n)
                         .s);
    table_add(table,
              format_number(
                  (double)(counts[DETAIL_MINOR_FAULTS] + counts[DETAIL_MAJOR_FAULTS]) / n)
                  .s);
    table_add(table,
              format_number(
                  (double)(counts[DETAIL_BLOCK_READS] + counts[DETAIL_BLOCK_WRITES]) / n)
                  .s);
    table_add_count(table, of->outliers);
}

void outline_processor_time(struct outline *outline, const struct report *report,
                            const struct endpoint *only)
{
    const struct beside *beside = report->profile.beside;
    struct table *table = NULL;
    size_t count = 0, shown = 0;
    if (!beside)
        return;
    uint32_t *order = beside_order(&beside->cells);
    for (size_t i = 0; i < beside->cells.count; i++) {
        struct beside_key key = beside_key_of(beside, order[i]);
        if (!has_details(&beside->of_cells[order[i]]) ||
            !outline_tells_of(outline, report, only, key.application, key.endpoint))
            continue;
        count++;
        if (outline_rows(report, shown + 1) == shown)
            continue;
        if (!table)
            table = outline_table(outline,
                                  mem_text("Processor time and waiting, means a request "
                                           "at level 2 or above"),
                                  cpu_columns, COUNT(cpu_columns));
        add_cpu_row(table, beside, order[i], !only);
        shown++;
    }
    outline_rest(outline, count, shown, "rows");
    free(order);
}

/* --- what slow requests did ------------------------------------------------------------
 */

static const struct table_column slow_columns[] = {
    {"Start", false, false, 2},    {"Endpoint", false, true, 0},
    {"Took", true, false, 0},      {"CPU", true, false, 0},
    {"Threshold", true, false, 2}, {"Last seen in", false, true, 0},
    {"After", true, false, 2},     {"Asked for", false, true, 1},
};

char *path_of_context(struct name context)
{
    struct context_item item;
    while (context_item_next(&context, &item))
        if (!item.header)
            return label_of_name(&item.value, "");
    return mem_text("");
}

static void add_slow_row(struct table *table, const struct outline *outline,
                         const struct report *report, const struct outlier *outlier,
                         const struct incident_detail *detail)
{
    const struct outlier_endpoint *endpoint =
        &report->outliers.endpoints[outlier->endpoint];
    const struct detailed_request *of = detail->detail;
    char *place = detail->stack ? code_place_of_stack((struct name){
                                      detail->stack->bytes, detail->stack->length})
                                : NULL;
    table_add(table, format_moment(&report->zone, outlier->request.start_utc_ns).s);
    table_add_endpoint(table, outline, report, endpoint->source->application,
                       endpoint->source->name);
    table_add(table, format_duration((double)outlier->request.duration_ns).s);
    table_add(table, format_duration(of->measured ? (double)of->cpu_ns : NAN).s);
    table_add(table,
              format_duration(of->threshold_ns ? (double)of->threshold_ns : NAN).s);
    table_add_take(table, place ? place : mem_text(""));
    table_add(table,
              format_duration(detail->stack ? (double)detail->stack_elapsed_ns : NAN).s);
    table_add_take(table, path_of_context(detail->context));
}

static void add_slow(struct outline *outline, const struct report *report)
{
    enum { SHOWN = 10 };
    const struct outliers *outliers = &report->outliers;
    struct table *table = NULL;
    for (size_t i = 0, shown = 0; i < outliers->slowest_count && shown < SHOWN; i++) {
        const struct outlier *outlier = &outliers->slowest[i];
        struct incident_detail detail = incident_detail_of(
            report->summary,
            outliers->endpoints[outlier->endpoint].cells[outlier->cell].cell,
            &outlier->request);
        if (detail.detail && !table)
            table =
                outline_table(outline, mem_text("What the slowest requests were doing"),
                              slow_columns, COUNT(slow_columns));
        if (detail.detail) {
            add_slow_row(table, outline, report, outlier, &detail);
            shown++;
        }
        incident_detail_release(&detail);
    }
}

/* --- counted only ----------------------------------------------------------------------
 */

static const struct table_column counted_columns[] = {
    {"Endpoint", false, true, 0},
    {"Version", false, true, 1},
    {"Requests", true, false, 0},
    {"Last", false, false, 0},
};

static void add_counted(struct outline *outline, const struct report *report)
{
    const struct beside *beside = report->profile.beside;
    size_t count = 0, shown = 0;
    for (size_t i = 0; i < beside->cells.count; i++)
        count += beside->of_cells[i].counted > 0;
    if (!count)
        return;
    uint32_t *order = beside_order(&beside->cells);
    struct table *table = outline_table(outline, mem_text("Only counted (level 0)"),
                                        counted_columns, COUNT(counted_columns));
    for (size_t i = 0; shown < outline_rows(report, count); i++) {
        const struct beside_cell *cell = &beside->of_cells[order[i]];
        struct beside_key key = beside_key_of(beside, order[i]);
        if (!cell->counted)
            continue;
        table_add_take(table, label_of_name(&key.endpoint, "(no name)"));
        table_add_take(table, label_of_name(&key.version, ""));
        table_add_count(table, cell->counted);
        table_add(table, format_moment(&report->zone, cell->counted_last_utc_ns).s);
        shown++;
    }
    outline_rest(outline, count, shown, "endpoints");
    free(order);
}

/* --- gauges ----------------------------------------------------------------------------
 */

static const struct table_column gauge_columns[] = {
    {"Gauge", false, true, 0},      {"Values", true, false, 1},
    {"Lowest", true, false, 0},     {"Mean", true, false, 0},
    {"Highest", true, false, 0},    {"Last", true, false, 0},
    {"over time", false, false, 1},
};

/* The highest of each stretch of time, NAN where it told nothing; NULL: of one stretch
 * there is no line. */
static double *highest_over_time(const struct gauge *gauge, size_t *count)
{
    uint64_t first = (uint64_t)gauge->slots[0].id;
    uint64_t span = (uint64_t)gauge->slots[gauge->slot_count - 1].id - first + 1;
    *count = span < SPARKLINE_VALUES ? (size_t)span : SPARKLINE_VALUES;
    if (*count < 2)
        return NULL;
    double *series = mem_array(*count, sizeof(*series));
    for (size_t i = 0; i < *count; i++)
        series[i] = NAN;
    for (size_t i = 0; i < gauge->slot_count; i++) {
        const struct gauge_slot *slot = &gauge->slots[i];
        size_t at = (size_t)(((uint64_t)slot->id - first) * *count / span);
        series[at] = fmax(series[at], slot->max); /* of NAN and a number the number */
    }
    return series;
}

static void add_gauges(struct outline *outline, const struct report *report)
{
    const struct gauges *gauges = &report->profile.beside->gauges;
    size_t count = gauges->names.count, shown = outline_rows(report, count), points;
    if (!count)
        return;
    uint32_t *order = beside_order(&gauges->names);
    struct table *table =
        outline_table(outline, mem_text("Gauges"), gauge_columns, COUNT(gauge_columns));
    for (size_t i = 0; i < shown; i++) {
        const struct map_key *key = &gauges->names.keys[order[i]];
        const struct gauge *gauge = &gauges->gauges[order[i]];
        table_add_take(table, label_of_name(&(struct name){key->bytes, key->length}, ""));
        table_add_count(table, gauge->all.count);
        table_add(table, format_number(gauge->all.min).s);
        table_add(table, format_number(exact_sum_mean(&gauge->sum, gauge->all.count)).s);
        table_add(table, format_number(gauge->all.max).s);
        table_add(table, format_number(gauge->all.last).s);
        double *series = highest_over_time(gauge, &points);
        table_add_series_take(table, outline, report, series, points, format_number);
    }
    outline_rest(outline, count, shown, "gauges");
    free(order);
}

void outline_details(struct outline *outline, const struct report *report)
{
    if (!report->profile.beside)
        return;
    add_slow(outline, report);
    outline_processor_time(outline, report, NULL);
    add_counted(outline, report);
    add_gauges(outline, report);
}
