/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which requests are outliers, whose they are, and the slowest one by one. */
#include "passages.h"

#include "charts.h"
#include "label.h"
#include "notes.h"

#include "src/base/mem.h"

#include <math.h>
#include <stdlib.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* --- whose they are --- */

static void add_culprits(struct outline *outline, const struct report *report)
{
    const struct outliers *outliers = &report->outliers;
    size_t shown = outline_rows(report, outliers->culprit_count);

    if (outliers->culprit_count == 0)
        return;
    outline_add(outline, BLOCK_HEADING,
                mem_text(outliers->approximate ? "Whose the outliers are (approximate)"
                                               : "Whose the outliers are"));
    for (size_t i = 0; i < shown; i++) {
        char *sentence = notes_culprit_sentence(report, &outliers->culprits[i]);
        outline_add(outline, BLOCK_LINE, outline_text("%s.", sentence));
        free(sentence);
    }
    outline_rest(outline, outliers->culprit_count, shown, "more");
}

/* --- fences and slow modes --- */

static const struct table_column fence_columns[] = {
    {"Endpoint", false, true, 0}, {"Version", false, true, 1},
    {"Fence", true, false, 0},    {"Beyond", true, false, 0},
    {"Share", true, false, 2},    {"Slow mode", true, false, 3},
};

static void add_fences(struct outline *outline, const struct report *report)
{
    const struct outliers *outliers = &report->outliers;
    size_t cells = 0, shown = 0, limit;

    for (size_t e = 0; e < outliers->endpoint_count; e++)
        for (size_t c = 0; c < outliers->endpoints[e].cell_count; c++)
            cells += outliers->endpoints[e].cells[c].beyond > 0;
    limit = outline_rows(report, cells);
    if (cells == 0)
        return;
    struct table *table =
        outline_detail(outline, mem_text("Outliers by endpoint and version"),
                       fence_columns, COUNT(fence_columns));
    for (size_t e = 0; e < outliers->endpoint_count; e++)
        for (size_t c = 0; c < outliers->endpoints[e].cell_count && shown < limit; c++) {
            const struct outlier_cell *cell = &outliers->endpoints[e].cells[c];
            if (cell->beyond == 0)
                continue;
            shown++;
            table_add_endpoint(table, outline, report,
                               outliers->endpoints[e].source->application,
                               outliers->endpoints[e].source->name);
            table_add_take(table, label_of_name(&cell->cell->version->name, ""));
            table_add(table, format_duration((double)cell->fence_ns).s);
            table_add_count(table, cell->beyond);
            table_add(
                table,
                format_percent((double)cell->beyond / (double)cell->cell->requests).s);
            table_add(table,
                      cell->mode.found ? format_duration(cell->mode.centre_ns).s : "");
        }
    outline_rest(outline, cells, shown, "more");
}

enum { MODES_SHOWN = 5 };

static void add_modes(struct outline *outline, const struct report *report)
{
    const struct outliers *outliers = &report->outliers;
    size_t shown =
        outliers->mode_count < MODES_SHOWN ? outliers->mode_count : MODES_SHOWN;

    if (shown == 0)
        return;
    outline_add(outline, BLOCK_HEADING, mem_text("Slow modes"));
    for (size_t i = 0; i < shown; i++) {
        const struct outlier_endpoint *endpoint =
            &outliers->endpoints[outliers->modes[i].endpoint];
        char *sentence = notes_mode_sentence(report, endpoint,
                                             &endpoint->cells[outliers->modes[i].cell]);
        outline_add(outline, BLOCK_LINE, outline_text("%s.", sentence));
        free(sentence);
    }
    if (outliers->mode_count > shown)
        outline_add(
            outline, BLOCK_LINE,
            outline_text("%zu smaller %s in the JSON.", outliers->mode_count - shown,
                         outliers->mode_count - shown == 1 ? "one is" : "ones are"));
}

/* --- one by one --- */

enum { SLOWEST_SHOWN = 10 };

static const struct table_column slowest_columns[] = {
    {"Start", false, false, 2},  {"Endpoint", false, true, 0},
    {"Took", true, false, 0},    {"\u00d7 fence", true, false, 1},
    {"Version", false, true, 3}, {"Group", false, true, 0},
    {"Address", false, true, 4}, {"Method", false, false, 7},
    {"Status", true, false, 2},  {"First byte", true, false, 5},
    {"View", true, false, 6},
};

static struct text text_of_part(uint64_t ns)
{
    return format_duration(ns == UINT64_MAX ? NAN : (double)ns);
}

static void add_slow_row(struct table *table, const struct outline *outline,
                         const struct report *report, const struct outlier *outlier)
{
    const struct slow_request *request = &outlier->request;
    const struct outlier_endpoint *endpoint =
        &report->outliers.endpoints[outlier->endpoint];

    table_add(table, format_moment(&report->zone, request->start_utc_ns).s);
    table_add_endpoint(table, outline, report, endpoint->source->application,
                       endpoint->source->name);
    table_add(table, format_duration((double)request->duration_ns).s);
    table_add(table, format_number(outlier->times).s);
    table_add_take(
        table, label_of_name(&endpoint->cells[outlier->cell].cell->version->name, ""));
    table_add_take(table, label_of_name(&request->group, ""));
    table_add_take(table, label_of_name(&request->address, ""));
    table_add(table, format_method(request->method));
    if (request->status)
        table_add_take(table, outline_text("%u", request->status));
    else
        table_add(table, "");
    table_add(table, text_of_part(request->first_byte_ns).s);
    table_add(table, text_of_part(request->view_ns).s);
}

static void add_slowest(struct outline *outline, const struct report *report)
{
    const struct outliers *outliers = &report->outliers;
    size_t shown = outline_rows(report, outliers->slowest_count);

    shown = shown < SLOWEST_SHOWN ? shown : SLOWEST_SHOWN;
    if (outliers->slowest_count == 0)
        return;
    struct table *table = outline_table(
        outline, mem_text("Slowest requests, by how far beyond their fence"),
        slowest_columns, COUNT(slowest_columns));
    for (size_t i = 0; i < shown; i++)
        add_slow_row(table, outline, report, &outliers->slowest[i]);
    outline_rest(outline, outliers->slowest_count, shown, "slow requests");
}

void outline_outliers(struct outline *outline, const struct report *report)
{
    if (report->outliers.beyond > 0 || report->outliers.culprit_count > 0)
        outline_part(outline, mem_text("Outliers"));
    add_culprits(outline, report);
    add_modes(outline, report);
    add_slowest(outline, report);
    add_fences(outline, report);
}

/* --- of one endpoint, in a page --- */

/* Of the newest version with a fence. */
static void add_fence(struct outline *outline, const struct outlier_endpoint *endpoint)
{
    const struct outlier_cell *cell = NULL;

    for (size_t c = 0; c < endpoint->cell_count; c++)
        if (endpoint->cells[c].fence_ns > 0 &&
            (!cell || endpoint->cells[c].cell->version->first_utc_ns >
                          cell->cell->version->first_utc_ns))
            cell = &endpoint->cells[c];
    if (!cell)
        return;
    char *version = label_of_name(&cell->cell->version->name, "");
    char *of = outline_text("%s requests%s%s took longer than the fence of %s",
                            format_count(cell->cell->requests).s, *version ? " in " : "",
                            version, format_duration((double)cell->fence_ns).s);
    if (cell->beyond)
        outline_add(
            outline, BLOCK_LINE,
            outline_text(
                "%s (%s) of %s.", format_count(cell->beyond).s,
                format_percent((double)cell->beyond / (double)cell->cell->requests).s,
                of));
    else
        outline_add(outline, BLOCK_LINE, outline_text("None of %s.", of));
    free(of);
    free(version);
}

void outline_endpoint_outliers(struct outline *outline, const struct report *report,
                               const struct endpoint *endpoint)
{
    const struct outliers *outliers = &report->outliers;
    const struct outlier_endpoint *of = report_outliers_of(report, endpoint);
    size_t modes = 0;

    if (!of) {
        outline_add(outline, BLOCK_LINE,
                    outline_text("No version has the %d requests that a fence needs.",
                                 OUTLIER_REQUESTS_MIN));
        return;
    }
    add_fence(outline, of);
    for (size_t i = 0; i < outliers->culprit_count; i++)
        if (&outliers->endpoints[outliers->culprits[i].endpoint] == of) {
            char *sentence = notes_culprit_sentence(report, &outliers->culprits[i]);
            outline_add(outline, BLOCK_LINE, outline_text("%s.", sentence));
            free(sentence);
        }
    for (size_t i = 0; i < outliers->mode_count && modes < MODES_SHOWN; i++)
        if (&outliers->endpoints[outliers->modes[i].endpoint] == of) {
            char *sentence =
                notes_mode_sentence(report, of, &of->cells[outliers->modes[i].cell]);
            outline_add(outline, BLOCK_LINE, outline_text("%s.", sentence));
            free(sentence);
            modes++;
        }
}
