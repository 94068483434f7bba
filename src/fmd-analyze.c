/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * fmd-analyze: recorded traces in, a report out. The pipeline, from top to bottom of
 * analyze(): read everything once into a summary, ask the findings, print.
 */
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "src/base/err.h"
#include "src/base/mem.h"
#include "src/cli/analyze_options.h"
#include "src/cli/screen.h"
#include "src/findings/filters.h"
#include "src/findings/gsl_errors.h"
#include "src/findings/timezone.h"
#include "src/input/input.h"
#include "src/report/notes.h"
#include "src/report/gates.h"
#include "src/report/report.h"
#include "src/scale/baseline.h"
#include "src/scale/scale.h"
#include "src/summary/scan.h"

static struct filter_texts texts_of(const struct cli_list *list)
{
    return (struct filter_texts){list->items, list->count};
}

static int read_filters(const struct analyze_options *options, struct filters *filters,
                        struct err *err)
{
    const struct filter_wishes wishes = {.endpoints = texts_of(&options->endpoints),
                                         .versions = texts_of(&options->version_globs),
                                         .groups = texts_of(&options->groups),
                                         .statuses = texts_of(&options->statuses),
                                         .since = options->since,
                                         .until = options->until};
    struct zone zone;
    if (zone_load(&zone, options->time_zone, err) != 0)
        return -1;
    int status = filters_read(filters, &wishes, &zone, err);
    zone_release(&zone);
    return status;
}

/* What would only be refused after hours of reading is refused before. */
static int check_outputs(const struct analyze_options *options, struct err *err)
{
    if (options->save_summary && baseline_check_write(options->save_summary, err) != 0)
        return -1;
    if (!options->output_directory)
        return 0;
    return report_check_directory(options->output_directory, options->force, err);
}

static struct input_options how_to_read(const struct analyze_options *options,
                                        struct progress *progress)
{
    struct input_options reading;
    input_options_init(&reading);
    reading.archive_bytes_max = options->archive_bytes_max;
    reading.archive_ratio_max = options->archive_ratio_max;
    reading.columns = options->columns;
    reading.threads = (unsigned)options->threads;
    reading.progress = progress_draw;
    reading.progress_to = progress;
    return reading;
}

/* Times before the last request need that first. */
static int find_last(const struct analyze_options *options,
                     const struct input_options *reading, struct filters *filters,
                     struct err *err)
{
    int64_t last_utc_ns = 0;
    if (!filters_need_last(filters))
        return 0;
    if (scale_last_request(options->paths, options->path_count, reading, &last_utc_ns,
                           err) != 0)
        return -1;
    return filters_set_times(filters, last_utc_ns, err);
}

static int read_traces(const struct analyze_options *options, struct filters *filters,
                       struct summary *summary, struct input_report *input,
                       struct err *err)
{
    struct progress progress;
    progress_init(&progress, stderr, options->quiet);
    struct input_options reading = how_to_read(options, &progress);
    int status = find_last(options, &reading, filters, err);
    if (filter_is_set(&filters->filter))
        summary_filter(summary, &filters->filter);
    if (status == 0)
        status = scale_summarize(options->paths, options->path_count, &reading, summary,
                                 input, err);
    progress_release(&progress);
    struct summary_totals totals = summary_totals(summary);
    if (status == 0 && totals.requests == 0 && totals.left_out > 0) {
        char *sentence = notes_nothing_left_sentence(&totals, options->time_zone);
        status = err_set(err, ERR_INPUT, "%s", sentence);
        free(sentence);
    }
    return status;
}

static enum outlier_rule fence_of(const struct analyze_options *options)
{
    for (unsigned i = 0; outlier_rule_names[i]; i++)
        if (strcmp(options->fence, outlier_rule_names[i]) == 0)
            return (enum outlier_rule)i;
    return OUTLIER_LOG;
}

/* --baseline is a file where there is one of that name, else a version. */
static bool baseline_is_file(const struct analyze_options *options)
{
    return options->baseline && access(options->baseline, F_OK) == 0;
}

/* 0 and maybe a *baseline, filtered as the rest; -1 with *err. */
static int read_baseline(const struct analyze_options *options,
                         const struct filter *filter, struct summary **baseline,
                         struct err *err)
{
    if (!baseline_is_file(options))
        return 0;
    struct progress progress;
    progress_init(&progress, stderr, options->quiet);
    struct input_options reading = how_to_read(options, &progress);
    *baseline = baseline_read(options->baseline, &reading, filter, err);
    progress_release(&progress);
    return *baseline ? 0 : -1;
}

/* "OLD=NEW", cut in two; free_renames() releases all. */
static struct regression_rename *new_renames(const struct cli_list *texts)
{
    struct regression_rename *renames = mem_array(texts->count, sizeof(*renames));
    for (size_t i = 0; i < texts->count; i++) {
        const char *equals = strchr(texts->items[i], '=');
        renames[i].older = mem_bytes(texts->items[i], (size_t)(equals - texts->items[i]));
        renames[i].newer = mem_text(equals + 1);
    }
    return renames;
}

static void free_renames(struct regression_rename *renames, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        free((char *)renames[i].older);
        free((char *)renames[i].newer);
    }
    free(renames);
}

static struct regression_options how_to_compare(const struct analyze_options *options,
                                                const struct summary *baseline,
                                                const struct regression_rename *renames)
{
    return (struct regression_options){.min_effect = options->min_effect_percent / 100,
                                       .min_effect_ns = (double)options->min_effect_ns,
                                       .alpha = options->alpha,
                                       .baseline = baseline,
                                       .baseline_version =
                                           baseline ? NULL : options->baseline,
                                       .version_order = options->version_order,
                                       .renames = renames,
                                       .rename_count = options->renames.count};
}

/* What only the first pass can ask, read again. The plans have to outlive the scans. */
struct again {
    const struct filter *filter, *baseline_filter;
    struct scan_plan plan, baseline_plan;
    struct summary *scanned,
        *baseline_scanned; /* NULL: nothing to ask or to read twice */
};

static void plan_again(struct again *again, const struct analyze_options *options,
                       const struct summary *summary,
                       const struct regression_options *comparing)
{
    struct outliers outliers;
    struct regression regression;
    outliers_build(&outliers, summary, &(struct outlier_options){fence_of(options)});
    outliers_plan(&outliers, summary, &again->plan);
    outliers_release(&outliers);
    if (regression_build(&regression, summary, comparing, NULL) == 0)
        regression_plan(&regression, &again->plan,
                        comparing->baseline ? &again->baseline_plan : &again->plan);
    regression_release(&regression);
}

static void read_again(struct again *again, const struct analyze_options *options,
                       const struct input_report *input,
                       const struct regression_options *comparing)
{
    struct progress progress;
    progress_init(&progress, stderr, options->quiet);
    struct input_options reading = how_to_read(options, &progress);
    again->plan.filter = again->filter;
    again->baseline_plan.filter = again->baseline_filter;
    if (again->plan.endpoint_count || again->plan.cohort_count)
        again->scanned = scale_scan(options->paths, options->path_count, &reading,
                                    &again->plan, input->requests);
    if (again->baseline_plan.cohort_count) {
        struct summary_totals totals = summary_totals(comparing->baseline);
        again->baseline_scanned =
            scale_scan(&options->baseline, 1, &reading, &again->baseline_plan,
                       totals.requests + totals.left_out);
    }
    progress_release(&progress);
}

static void again_release(struct again *again)
{
    summary_free(again->scanned);
    summary_free(again->baseline_scanned);
    scan_plan_release(&again->plan);
    scan_plan_release(&again->baseline_plan);
}

/* NULL where there was none. */
static const struct scan *scan_of(struct summary *scanned)
{
    return scanned ? summary_scan(scanned) : NULL;
}

static int build(const struct analyze_options *options, const struct summary *summary,
                 const struct again *again, const struct targets *targets,
                 const struct regression_options *comparing, const struct filter *filter,
                 const struct input_report *input, struct report *report, struct err *err)
{
    struct report_options wanted;
    report_options_init(&wanted);
    wanted.outliers.rule = fence_of(options);
    wanted.scan = scan_of(again->scanned);
    wanted.baseline_scan = scan_of(again->baseline_scanned);
    wanted.targets = targets;
    wanted.filter = filter;
    wanted.regression = *comparing;
    wanted.time_zone = options->time_zone;
    wanted.apdex_target_ns = options->apdex_target_ns;
    wanted.top = (unsigned)options->top;
    wanted.title = options->paths[0];
    wanted.repeatable = options->repeatable;
    wanted.asset_url = options->asset_url;
    wanted.markdown_bytes = options->markdown_bytes;
    wanted.charts = options->charts ? wanted.charts : 0;
    for (unsigned i = 0; report_sort_names[i]; i++)
        if (strcmp(options->sort, report_sort_names[i]) == 0)
            wanted.sort = (enum report_sort)i;
    return report_build(report, summary, input, &wanted, err);
}

static int save(const struct analyze_options *options, const struct report *report,
                struct summary *summary, struct err *err)
{
    if (!options->save_summary)
        return 0;
    report_keep_answers(report, summary);
    return baseline_write(summary, options->save_summary, err);
}

/* Prints the report to standard output in the format asked for. */
static int print(const struct analyze_options *options, const struct report *report,
                 struct err *err)
{
    struct terminal_style style = {
        .width = options->width_columns ? (unsigned)options->width_columns
                                        : screen_width_columns(stdout),
        .colour = screen_colour(stdout, options->color),
        .unicode = screen_unicode(),
    };
    for (const struct report_format *format = report_formats; format->name; format++)
        if (options->format && strcmp(options->format, format->name) == 0)
            return format->print(report, stdout, err);
    return report_terminal(report, &style, stdout, err);
}

/* Writes files when a directory was named, prints when none was or a format was. */
static int publish(const struct analyze_options *options, struct report *report,
                   struct err *err)
{
    const char *directory = options->output_directory;
    if (directory && report_write_directory(report, directory, options->force, err) != 0)
        return -1;
    if (directory && !options->quiet)
        fprintf(
            options->format ? stderr : stdout,
            "wrote %s: report.html and report.md to read, report.json for programs%s\n",
            directory, options->charts ? ", pictures in charts/" : "");
    return directory && !options->format ? 0 : print(options, report, err);
}

/* The first target of a kind that was missed, as the reason; how many others were. */
static int fail_on_targets(const struct report *report, enum target_kind kind,
                           struct err *err)
{
    const struct target_results *results = &report->results;
    size_t i = 0;
    while (results->results[i].met || results->results[i].target->kind != kind)
        i++;
    char *sentence = notes_target_sentence(report, &results->results[i]);
    err_set(err, ERR_GATE, "%s%s", sentence,
            results->missed[kind] > 1 ? "; the report has others that were missed" : "");
    free(sentence);
    return -1;
}

/* A gate that passes since nothing could be compared must not look like good news. */
static int judge_changes(const struct cli_list *gates_asked, const struct report *report,
                         struct err *err)
{
    static const struct {
        const char *choice;
        enum report_gate gate;
    } gates[] = {{"regressed", GATE_REGRESSED},
                 {"error-rate", GATE_ERROR_RATE},
                 {"inconclusive", GATE_INCONCLUSIVE}};
    const char *passed = NULL;
    for (size_t i = 0; i < sizeof(gates) / sizeof(gates[0]); i++) {
        if (!cli_list_has(gates_asked, gates[i].choice))
            continue;
        if (gate_judge(report, gates[i].gate, err) != 0)
            return -1;
        passed = passed ? passed : gates[i].choice;
    }
    if (passed && gate_blind(report))
        fprintf(stderr, "fmd-analyze: --fail-on %s was not put to the test: %s\n", passed,
                gate_blind(report));
    return 0;
}

static int judge(const struct analyze_options *options, const struct input_report *input,
                 const struct report *report, struct err *err)
{
    if (judge_changes(&options->fail_on, report, err) != 0)
        return -1;
    if (cli_list_has(&options->fail_on, "damage") && input_report_damaged(input))
        return err_set(err, ERR_DAMAGE,
                       "some of the input could not be read, and --fail-on damage was "
                       "given; the report says what");
    if (report->results.missed[TARGET_CHECK])
        return fail_on_targets(report, TARGET_CHECK, err);
    if (cli_list_has(&options->fail_on, "slo") && report->results.missed[TARGET_SLO])
        return fail_on_targets(report, TARGET_SLO, err);
    return 0;
}

static int read_targets(const struct analyze_options *options, struct targets *targets,
                        struct err *err)
{
    for (size_t i = 0; i < options->checks.count; i++)
        if (targets_add(targets, TARGET_CHECK, options->checks.items[i], err) != 0)
            return -1;
    for (size_t i = 0; i < options->slos.count; i++)
        if (targets_add(targets, TARGET_SLO, options->slos.items[i], err) != 0)
            return -1;
    if (cli_list_has(&options->fail_on, "slo") && options->slos.count == 0)
        return err_set(err, ERR_USAGE,
                       "--fail-on slo needs an objective: --slo '*: 99%% < 300ms'");
    return 0;
}

static void analyze(const struct analyze_options *options, struct err *err)
{
    struct summary *summary = summary_new(), *baseline = NULL;
    struct regression_rename *renames = new_renames(&options->renames);
    struct regression_options comparing;
    struct targets targets = {0};
    struct filters filters = {0};
    struct filter of_baseline;
    struct again again = {.filter = &filters.filter, .baseline_filter = &of_baseline};
    struct input_report input;
    struct report report;
    input_report_init(&input);
    if (read_targets(options, &targets, err) != 0 ||
        read_filters(options, &filters, err) != 0 || check_outputs(options, err) != 0)
        goto free_summary;
    of_baseline = filters_of_baseline(&filters.filter);
    if (read_baseline(options, &of_baseline, &baseline, err) != 0 ||
        read_traces(options, &filters, summary, &input, err) != 0)
        goto free_summary;
    comparing = how_to_compare(options, baseline, renames);
    plan_again(&again, options, summary, &comparing);
    read_again(&again, options, &input, &comparing);
    if (build(options, summary, &again, &targets, &comparing, &filters.filter, &input,
              &report, err) == 0 &&
        save(options, &report, summary, err) == 0 && publish(options, &report, err) == 0)
        judge(options, &input, &report, err);
    report_release(&report);
    again_release(&again);
free_summary:
    targets_release(&targets);
    input_report_release(&input);
    summary_free(summary);
    summary_free(baseline);
    free_renames(renames, options->renames.count);
}

int main(int argc, char **argv)
{
    struct err err = ERR_INIT;
    struct analyze_options options;
    setlocale(LC_CTYPE, "");
    screen_survive_closed_pipes();
    gsl_errors_become_statuses();
    if (analyze_options_parse(&options, argc, argv, &err) == 0 &&
        !analyze_options_answer(&options))
        analyze(&options, &err);
    screen_close(stdout, "standard output", &err);
    if (err.code != ERR_NONE)
        fprintf(stderr, "fmd-analyze: %s: %s\n", err_heading(err.code), err.message);
    return err_exit_status(err.code);
}
