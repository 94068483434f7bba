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
#include "src/summary/beside.h"
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
}

/* --- what it told beside requests ------------------------------------------------------
 */

static void print_interpreters(const struct input_report *input, FILE *to)
{
    for (size_t i = 0; i < input->interpreter_count; i++) {
        const struct input_interpreter *interpreter = &input->interpreters[i];
        if (!interpreter->name[0])
            continue;
        label("interpreter", to);
        put_clean(interpreter->name, strlen(interpreter->name), "", to);
        fprintf(to, ": %" PRIu64 " process%s\n", interpreter->processes,
                interpreter->processes == 1 ? "" : "es");
    }
}

/* Sums over all endpoints. */
struct beside_totals {
    uint64_t counted, detailed, outliers, unsupported, truncated;
    uint64_t samples[STACK_WHYS], exceptions;
};

static struct beside_totals add_up(const struct beside *beside)
{
    struct beside_totals totals = {0};
    for (size_t i = 0; i < beside->cells.count; i++) {
        const struct beside_cell *cell = &beside->of_cells[i];
        totals.counted += cell->counted;
        totals.detailed += cell->detailed;
        totals.outliers += cell->outliers;
        totals.unsupported += cell->unsupported;
        totals.truncated += cell->truncated;
    }
    for (size_t i = 0; i < beside->stacks.nodes.count; i++)
        for (int why = 0; why < STACK_WHYS; why++)
            totals.samples[why] += beside->stacks.times[i].samples[why];
    for (size_t i = 0; i < beside->exceptions.count; i++)
        totals.exceptions += beside->of_exceptions[i].count;
    return totals;
}

static void print_levels(const struct beside *beside, uint64_t requests, FILE *to)
{
    struct beside_totals all = add_up(beside);
    const struct beside_processes *processes = &beside->processes;
    label("levels", to);
    fprintf(to,
            "%" PRIu64 " requests only counted (0), %" PRIu64 " at 1, %" PRIu64
            " at 2 or 3, %" PRIu64 " of them beyond their threshold\n",
            all.counted, requests - all.detailed, all.detailed, all.outliers);
    label("samples", to);
    fprintf(to,
            "%" PRIu64 " for profiles, %" PRIu64 " beyond a threshold; %" PRIu64
            " rejected, %" PRIu64 " unsupported, %" PRIu64 " truncated; %" PRIu64
            " of %" PRIu64 " ticks late\n",
            all.samples[STACK_PROFILE], all.samples[STACK_OUTLIER],
            processes->rejected_samples, all.unsupported, all.truncated,
            processes->late_ticks, processes->ticks);
    label("events", to);
    fprintf(to,
            "%" PRIu64 " exceptions of %zu kinds, %zu gauges, %" PRIu64
            " requests in flight when their process ended; %" PRIu64 " entries dropped\n",
            all.exceptions, beside->exceptions.count, beside->gauges.names.count,
            beside->unfinished_count + beside->unfinished_more,
            processes->entries_dropped);
}

static void print_cpu(const struct beside *beside, const struct input_recorder *recorder,
                      FILE *to)
{
    static const struct beside_processes none = {0};
    const struct beside_processes *all = beside ? &beside->processes : &none;
    uint64_t writer_ns = all->writer_cpu_ns > recorder->writer_cpu_ns
                             ? all->writer_cpu_ns
                             : recorder->writer_cpu_ns;
    label("its CPU", to);
    fprintf(to, "%.3f s of the thread that writes, %.3f s of the one that samples",
            (double)writer_ns / 1e9, (double)all->sampler_cpu_ns / 1e9);
    if (all->cpu_ns)
        fprintf(to, "; %s of %.3f s that the processes took",
                format_percent((double)(writer_ns + all->sampler_cpu_ns) /
                               (double)all->cpu_ns)
                    .s,
                (double)all->cpu_ns / 1e9);
    fputc('\n', to);
    if (!all->resident_max_bytes)
        return;
    label("memory", to);
    fprintf(to, "%s resident in the largest process\n",
            format_bytes(all->resident_max_bytes).s);
}

/* Of the machine, as the recorders told it once a second. */
static void print_load(const struct beside *beside, FILE *to)
{
    uint32_t number = beside ? map_find(&beside->gauges.names, EVENT_GAUGE_LOAD,
                                        strlen(EVENT_GAUGE_LOAD))
                             : MAP_NONE;
    if (number == MAP_NONE)
        return;
    const struct gauge *gauge = &beside->gauges.gauges[number];
    label("load", to);
    fprintf(to, "%s on average, %s at most (mean of a minute)\n",
            format_number(exact_sum_mean(&gauge->sum, gauge->all.count)).s,
            format_number(gauge->all.max).s);
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
        print_interpreters(&input, to);
        print_recorder(&input.recorder, to);
        const struct beside *beside = summary_beside(summary);
        if (beside)
            print_levels(beside, summary_totals(summary).requests, to);
        print_cpu(beside, &input.recorder, to);
        print_load(beside, to);
        print_notes(&input, to);
    }
    input_report_release(&input);
    summary_free(summary);
    return status;
}
