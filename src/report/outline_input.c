/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What was read, and what was not. */
#include "passages.h"

#include "label.h"

#include "src/base/mem.h"
#include "src/input/input.h"

#include <stdlib.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* --- what was read --- */

static const struct table_column host_columns[] = {
    {"Host", false, true, 0},         {"Processes", true, false, 0},
    {"Requests", true, false, 0},     {"First request", true, false, 0},
    {"Last request", true, false, 0},
};

static void add_hosts(struct outline *outline, const struct report *report)
{
    const struct input_report *input = report->input;
    size_t shown = outline_rows(report, input->host_count);

    if (input->host_count < 2)
        return;
    struct table *table =
        outline_detail(outline, mem_text("Hosts"), host_columns, COUNT(host_columns));
    for (size_t i = 0; i < shown; i++) {
        const struct input_host *host = &input->hosts[i];
        struct name name = {host->name, strlen(host->name)};
        table_add_take(table, label_of_name(&name, "(unknown)"));
        table_add_count(table, host->processes);
        table_add_count(table, host->requests);
        table_add(table, format_moment(&report->zone, host->first_utc_ns).s);
        table_add(table, format_moment(&report->zone, host->last_utc_ns).s);
    }
    outline_rest(outline, input->host_count, shown, "hosts");
}

/* Files that others wrote, a line for each kind of them. */
static uint64_t add_sources(struct outline *outline, const struct input_report *input)
{
    static const char *const names[INPUT_SOURCES][3] = {
        [INPUT_TABLES] = {"table", "tables", "row"},
        [INPUT_JSON_LINES] = {"file of JSON lines", "files of JSON lines", "line"},
        [INPUT_ACCESS_LOGS] = {"access log", "access logs", "line"},
        [INPUT_DATABASES] = {"Flask-MonitoringDashboard database",
                             "Flask-MonitoringDashboard databases", "row"},
        [INPUT_SUMMARIES] = {"saved summary", "saved summaries", NULL},
    };
    uint64_t files = 0;

    for (size_t i = 0; i < INPUT_SOURCES; i++) {
        const struct input_source_counts *from = &input->sources[i];
        files += from->files;
        if (from->files == 0)
            continue;
        char *bad = names[i][2]
                        ? outline_text("; %s %s%s left out", format_count(from->bad).s,
                                       names[i][2], format_plural(from->bad))
                        : mem_text("");
        outline_add(outline, BLOCK_LINE,
                    outline_text("%s %s: %s request%s%s.", format_count(from->files).s,
                                 names[i][from->files > 1],
                                 format_count(from->requests).s,
                                 format_plural(from->requests), bad));
        free(bad);
    }
    return files;
}

static void add_traces(struct outline *outline, const struct input_report *input)
{
    const struct input_recorder *recorder = &input->recorder;
    uint64_t dropped = 0, requests = input->requests;

    for (size_t i = 0; i < COUNT(recorder->dropped); i++)
        dropped += recorder->dropped[i];
    for (size_t i = 0; i < INPUT_SOURCES; i++)
        requests -= input->sources[i].requests;
    outline_add(
        outline, BLOCK_LINE,
        outline_text(
            "%s trace%s of %s process%s on %zu host%s in %s file%s: %s, %s block%s, "
            "%s request%s.",
            format_count(input->traces).s, format_plural(input->traces),
            format_count(input->processes).s, input->processes == 1 ? "" : "es",
            input->host_count, format_plural(input->host_count),
            format_count(input->files).s, format_plural(input->files),
            format_bytes(input->bytes).s, format_count(input->blocks).s,
            format_plural(input->blocks), format_count(requests).s,
            format_plural(requests)));
    outline_add(
        outline, BLOCK_LINE,
        outline_text(
            "Not read: %s block%s, %s request%s in them. %s of %s process%s "
            "ended cleanly.",
            format_count(input->blocks_skipped).s, format_plural(input->blocks_skipped),
            format_count(input->requests_skipped).s,
            format_plural(input->requests_skipped), format_count(input->clean_ends).s,
            format_count(input->processes).s, input->processes == 1 ? "" : "es"));
    outline_add(
        outline, BLOCK_LINE,
        outline_text("The recorder issued %s request%s: %s recorded, %s dropped.",
                     format_count(recorder->issued).s, format_plural(recorder->issued),
                     format_count(recorder->recorded).s, format_count(dropped).s));
}

void outline_input(struct outline *outline, const struct report *report)
{
    const struct input_report *input = report->input;

    outline_heading(outline, mem_text("What was read"));
    if (!add_sources(outline, input) || input->traces)
        add_traces(outline, input);
    outline_notes(outline, report, REPORT_NOTE_INPUT, false, BLOCK_LINE);
    add_hosts(outline, report);
}
