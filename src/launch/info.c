/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "info.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "src/input/input.h"
#include "src/input/wall_clocks.h"
#include "src/report/display.h"
#include "src/report/format.h"
#include "src/scale/scale.h"
#include "src/summary/summary.h"

/* By enum fmd_drop. */
static const char *const drop_causes[] = {"ring full", "no ring", "write failed",
                                          "forked inside"};
enum { CAUSES = sizeof(drop_causes) / sizeof(drop_causes[0]) };

static void label(const char *what, FILE *to)
{
    fprintf(to, "  %-12s", what);
}

static void put_clean(const char *bytes, size_t length, const char *if_none, FILE *to)
{
    char *clean = display_clean(bytes, length);
    fputs(length ? clean : if_none, to);
    free(clean);
}

/* ": 1200 requests, 2026-11-23 09:04:00 UTC to 2026-11-23 09:05:00 UTC" */
static void put_span(uint64_t requests, int64_t first_utc_ns, int64_t last_utc_ns,
                     FILE *to)
{
    char first[CLOCK_TEXT_BYTES], last[CLOCK_TEXT_BYTES];
    fprintf(to, "%" PRIu64 " request%s", requests, requests == 1 ? "" : "s");
    if (requests)
        fprintf(to, ", %s to %s", clock_text(first_utc_ns, first),
                clock_text(last_utc_ns, last));
    fputc('\n', to);
}

static void print_totals(const struct summary *summary, const struct input_report *input,
                         FILE *to)
{
    struct summary_totals totals = summary_totals(summary);
    label("traces", to);
    fprintf(to, "%" PRIu64 " in %" PRIu64 " file%s, %s\n", input->traces, input->files,
            input->files == 1 ? "" : "s", format_bytes(input->bytes).s);
    label("processes", to);
    fprintf(to, "%" PRIu64 ", %" PRIu64 " ended cleanly\n", input->processes,
            input->clean_ends);
    label("requests", to);
    put_span(totals.requests, totals.first_utc_ns, totals.last_utc_ns, to);
    label("blocks", to);
    fprintf(to, "%" PRIu64 " read, %" PRIu64 " unreadable\n", input->blocks,
            input->blocks_skipped);
}

static void print_names(const struct summary *summary, const struct input_report *input,
                        FILE *to)
{
    struct summary_run *const *runs;
    struct summary_version *const *versions;
    for (size_t i = 0; i < input->host_count; i++) {
        const struct input_host *host = &input->hosts[i];
        label("host", to);
        put_clean(host->name, strlen(host->name), "(unknown)", to);
        fprintf(to, ": %" PRIu64 " process%s, ", host->processes,
                host->processes == 1 ? "" : "es");
        put_span(host->requests, host->first_utc_ns, host->last_utc_ns, to);
    }
    size_t count = summary_runs(summary, &runs);
    for (size_t i = 0; i < count; i++) {
        label("run", to);
        put_clean(runs[i]->name.bytes, runs[i]->name.length, "(no id)", to);
        fputs(": ", to);
        put_span(runs[i]->requests, runs[i]->first_utc_ns, runs[i]->last_utc_ns, to);
    }
    count = summary_versions(summary, &versions);
    for (size_t i = 0; i < count; i++) {
        label("application", to);
        put_clean(versions[i]->application.bytes, versions[i]->application.length,
                  "(unknown)", to);
        fputs(", version ", to);
        put_clean(versions[i]->name.bytes, versions[i]->name.length, "(unknown)", to);
        fputc('\n', to);
    }
}

static void print_recorder(const struct input_recorder *recorder, FILE *to)
{
    const char *comma = "";
    label("recorder", to);
    fprintf(to, "%" PRIu64 " issued, %" PRIu64 " recorded, dropped: ", recorder->issued,
            recorder->recorded);
    for (size_t i = 0; i < sizeof(recorder->dropped) / sizeof(recorder->dropped[0]);
         i++) {
        if (!recorder->dropped[i])
            continue;
        fprintf(to, "%s%" PRIu64 " (%s)", comma, recorder->dropped[i],
                i < CAUSES ? drop_causes[i] : "cause of a newer recorder");
        comma = ", ";
    }
    fprintf(to, "%s\n", comma[0] ? "" : "none");
    if (recorder->requests_deleted) {
        label("", to);
        fprintf(to, "%" PRIu64 " deleted again in %" PRIu64 " old files\n",
                recorder->requests_deleted, recorder->segments_deleted);
    }
    label("its CPU", to);
    fprintf(to, "%.3f s of the thread that writes\n",
            (double)recorder->writer_cpu_ns / 1e9);
}

static void print_notes(const struct input_report *input, FILE *to)
{
    uint64_t told = 0, all = 0;
    for (size_t i = 0; i < input->note_count; i++, told++) {
        const struct input_note *note = &input->notes[i];
        label(note->kind == INPUT_DAMAGE ? "damage" : "note", to);
        put_clean(note->sentence, strlen(note->sentence), "", to);
        fputc('\n', to);
    }
    for (size_t i = 0; i <= INPUT_OTHER; i++)
        all += input->notes_by_kind[i];
    if (all > told) {
        label("", to);
        fprintf(to, "and %" PRIu64 " more\n", all - told);
    }
}

int info_print(const char *path, FILE *to, struct err *err)
{
    struct summary *summary = summary_new();
    struct input_options reading;
    struct input_report input;
    input_options_init(&reading);
    input_report_init(&input);
    int status = scale_summarize(&path, 1, &reading, summary, &input, err);
    if (status == 0) {
        put_clean(path, strlen(path), "", to);
        fputc('\n', to);
        print_totals(summary, &input, to);
        print_names(summary, &input, to);
        print_recorder(&input.recorder, to);
        print_notes(&input, to);
    }
    input_report_release(&input);
    summary_free(summary);
    return status;
}
