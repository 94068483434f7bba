/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The whole report for programs: every endpoint, every version, every hour. SCHEMA.md
 * says what the fields mean, report.schema.json what they look like. What is not known is
 * null; numbers are never NaN or infinite.
 */
#include "charts.h"
#include "courses.h"
#include "json_parts.h"
#include "label.h"

#include "src/base/err.h"
#include "src/input/input.h"

#include <time.h>

enum { SCHEMA_VERSION = 1 };

/* jansson's *_new functions own what they are given, so trees are built from the leaves
 * and out of memory shows as a NULL at the top. */

/* --- distributions --- */

/* "p99": {"value_ns": 1, "low_ns": 1, "high_ns": 2}, null where not known. */
json_t *json_quantiles(const struct quantile *quantiles)
{
    json_t *object = json_object();

    for (size_t i = 0; i < QUANTILES; i++) {
        const struct quantile *q = &quantiles[i];
        json_t *value = json_null();
        if (q->known) {
            value = json_object();
            put(value, "value_ns", nanoseconds(q->value_ns));
            put(value, "low_ns", nanoseconds(q->low_ns));
            put(value, "high_ns", nanoseconds(q->high_ns));
        }
        put(object, quantile_names[i], value);
    }
    return object;
}

static json_t *errors_json(const struct errors *errors)
{
    json_t *object = json_object();

    put(object, "client_4xx", count(errors->client));
    put(object, "server_5xx", count(errors->server));
    put(object, "aborted", count(errors->aborted));
    put(object, "exceptions", count(errors->exception));
    return object;
}

static json_t *box_json(const struct box *box)
{
    json_t *object = json_object();

    if (!box->known) {
        json_decref(object);
        return json_null();
    }
    put(object, "whisker_low_ns", nanoseconds(box->low_ns));
    put(object, "quartile_1_ns", nanoseconds(box->quartile_1_ns));
    put(object, "median_ns", nanoseconds(box->median_ns));
    put(object, "quartile_3_ns", nanoseconds(box->quartile_3_ns));
    put(object, "whisker_high_ns", nanoseconds(box->high_ns));
    put(object, "requests_beyond", count(box->beyond));
    return object;
}

static json_t *part_json(const struct part *part)
{
    json_t *object;

    if (part->requests == 0)
        return json_null();
    object = json_object();
    put(object, "requests", count(part->requests));
    put(object, "quantiles", json_quantiles(part->quantiles));
    return object;
}

static void put_distribution(json_t *object, const struct distribution *d)
{
    put(object, "requests", count(d->requests));
    put(object, "requests_share", number(d->share));
    put(object, "requests_per_s", number(d->per_s));
    put(object, "time_share", number(d->time_share));
    put(object, "errors", errors_json(&d->errors));
    put(object, "total_ns", number(d->total_ns));
    put(object, "mean_ns", number(d->mean_ns));
    put(object, "stddev_ns", number(d->stddev_ns));
    put(object, "min_ns", d->requests ? count(d->min_ns) : json_null());
    put(object, "max_ns", d->requests ? count(d->max_ns) : json_null());
    put(object, "quantiles", json_quantiles(d->quantiles));
    put(object, "box", box_json(&d->box));
    put(object, "apdex", number(d->apdex));
    put(object, "first_byte", part_json(&d->first_byte));
    put(object, "view", part_json(&d->view));
    put(object, "first_request", d->requests ? moment(d->first_utc_ns) : json_null());
    put(object, "last_request", d->requests ? moment(d->last_utc_ns) : json_null());
}

static json_t *change_json(const struct endpoint *endpoint)
{
    const struct version_change *change = &endpoint->change;
    json_t *object, *ratios;

    if (!change->known)
        return json_null();
    object = json_object();
    ratios = json_object();
    put(object, "newer",
        json_integer((json_int_t)endpoint->versions[change->newer].version));
    put(object, "older",
        json_integer((json_int_t)endpoint->versions[change->older].version));
    for (size_t i = 0; i < QUANTILES; i++)
        put(ratios, quantile_names[i], number(change->ratios[i]));
    put(object, "ratios", ratios);
    return object;
}

static json_t *endpoint_json(const struct report *report, const struct endpoint *endpoint,
                             size_t bins)
{
    json_t *object = json_object(), *versions = json_array();
    struct course course = report_course(report, endpoint, bins);

    put(object, "application", name_text(&endpoint->application));
    put(object, "name", name_text(&endpoint->name));
    put_distribution(object, &endpoint->all);
    put(object, "course", json_course(&course));
    for (size_t i = 0; i < endpoint->version_count; i++) {
        const struct endpoint_version *cell = &endpoint->versions[i];
        json_t *row = json_object();
        put(row, "version", json_integer((json_int_t)cell->version));
        put_distribution(row, &cell->distribution);
        course = report_course_of_version(cell, bins);
        put(row, "course", json_course(&course));
        json_array_append_new(versions, row);
    }
    put(object, "versions", versions);
    put(object, "newest_against_older", change_json(endpoint));
    return object;
}

static json_t *endpoints_json(const struct report *report)
{
    json_t *array = json_array();
    size_t bins = json_course_bins(report);

    for (size_t i = 0; i < report->overview.endpoint_count; i++)
        json_array_append_new(
            array,
            endpoint_json(report, &report->overview.endpoints[report->order[i]], bins));
    return array;
}

static json_t *versions_json(const struct overview *overview)
{
    json_t *array = json_array();

    for (size_t i = 0; i < overview->version_count; i++) {
        const struct version *version = &overview->versions[i];
        double requests = (double)version->requests;
        json_t *row = json_object();
        put(row, "application", name_text(&version->source->application));
        put(row, "name", name_text(&version->source->name));
        put(row, "requests", count(version->requests));
        put(row, "requests_share", number(requests / (double)overview->all.requests));
        put(row, "requests_per_s",
            version->seconds > 0 ? number(requests / version->seconds) : json_null());
        put(row, "first_request", moment(version->source->first_utc_ns));
        put(row, "last_request", moment(version->source->last_utc_ns));
        json_array_append_new(array, row);
    }
    return array;
}

/* --- input --- */

static json_t *recorder_json(const struct input_recorder *recorder)
{
    static const char *const causes[] = {"ring_full", "no_ring", "write_failed",
                                         "forked"};
    json_t *object = json_object(), *dropped = json_object();
    uint64_t others = 0;

    put(object, "issued", count(recorder->issued));
    put(object, "recorded", count(recorder->recorded));
    for (size_t i = 0; i < sizeof(recorder->dropped) / sizeof(recorder->dropped[0]);
         i++) {
        if (i < sizeof(causes) / sizeof(causes[0]))
            put(dropped, causes[i], count(recorder->dropped[i]));
        else
            others += recorder->dropped[i];
    }
    put(dropped, "other", count(others));
    put(object, "dropped", dropped);
    put(object, "strings_lost", count(recorder->strings_lost));
    put(object, "segments_deleted", count(recorder->segments_deleted));
    put(object, "requests_deleted", count(recorder->requests_deleted));
    put(object, "writer_cpu_ns", count(recorder->writer_cpu_ns));
    return object;
}

static json_t *hosts_json(const struct input_report *input)
{
    json_t *array = json_array();

    for (size_t i = 0; i < input->host_count; i++) {
        const struct input_host *host = &input->hosts[i];
        json_t *row = json_object();
        put(row, "name", c_text(host->name));
        put(row, "processes", count(host->processes));
        put(row, "requests", count(host->requests));
        put(row, "first_request",
            host->requests ? moment(host->first_utc_ns) : json_null());
        put(row, "last_request",
            host->requests ? moment(host->last_utc_ns) : json_null());
        json_array_append_new(array, row);
    }
    return array;
}

static const char *const note_kinds[] = {
    [INPUT_DAMAGE] = "damage",       [INPUT_TORN] = "torn",
    [INPUT_LEFT_RING] = "left_ring", [INPUT_DUPLICATE] = "duplicate",
    [INPUT_CLOCK] = "clock",         [INPUT_NEWER] = "newer",
    [INPUT_OTHER] = "other",
};

static json_t *input_notes_json(const struct input_report *input)
{
    json_t *array = json_array();

    for (size_t i = 0; i < input->note_count; i++) {
        const struct input_note *note = &input->notes[i];
        json_t *row = json_object();
        put(row, "kind", json_string(note_kinds[note->kind]));
        put(row, "file", note->file ? c_text(note->file) : json_null());
        put(row, "sentence", c_text(note->sentence));
        put(row, "blocks", count(note->blocks));
        put(row, "requests", count(note->requests));
        json_array_append_new(array, row);
    }
    return array;
}

static json_t *sources_json(const struct input_report *input)
{
    static const char *const names[INPUT_SOURCES] = {
        "tables", "json_lines", "access_logs", "databases", "summaries"};
    json_t *object = json_object();

    for (int i = 0; i < INPUT_SOURCES; i++) {
        json_t *row = json_object();
        put(row, "files", count(input->sources[i].files));
        put(row, "requests", count(input->sources[i].requests));
        put(row, "bad", count(input->sources[i].bad));
        put(object, names[i], row);
    }
    return object;
}

static json_t *input_json(const struct input_report *input)
{
    json_t *object = json_object(), *by_kind = json_object();

    put(object, "files", count(input->files));
    put(object, "traces", count(input->traces));
    put(object, "processes", count(input->processes));
    put(object, "runs", count(input->runs));
    put(object, "clean_ends", count(input->clean_ends));
    put(object, "bytes", count(input->bytes));
    put(object, "blocks", count(input->blocks));
    put(object, "blocks_skipped", count(input->blocks_skipped));
    put(object, "requests", count(input->requests));
    put(object, "requests_skipped", count(input->requests_skipped));
    put(object, "requests_recovered", count(input->requests_recovered));
    put(object, "sources", sources_json(input));
    put(object, "recorder", recorder_json(&input->recorder));
    put(object, "hosts", hosts_json(input));
    put(object, "notes", input_notes_json(input));
    for (size_t i = 0; i <= INPUT_OTHER; i++)
        put(by_kind, note_kinds[i], count(input->notes_by_kind[i]));
    put(object, "notes_by_kind", by_kind);
    return object;
}

/* --- the whole --- */

static json_t *totals_json(const struct report *report)
{
    const struct overview *overview = &report->overview;
    struct course course = report_course(report, NULL, COURSE_BINS_MAX);
    json_t *object = json_object();

    put_distribution(object, &overview->all);
    put(object, "course", json_course(&course));
    put(object, "window_s", number(overview->all.seconds));
    put(object, "clamped_to_a_day", count(overview->totals.clamped));
    put(object, "undefined_endpoint", count(overview->totals.undefined));
    put(object, "beyond_limits", count(overview->totals.other));
    return object;
}

static json_t *sentences_json(const struct report *report)
{
    static const char *const kinds[] = {"finding", "input", "method", "next"};
    json_t *array = json_array();

    for (size_t i = 0; i < report->note_count; i++) {
        const struct report_note *note = &report->notes[i];
        if (note->kind == REPORT_NOTE_NEXT)
            continue;
        json_t *row = json_object();
        put(row, "kind", json_string(kinds[note->kind]));
        put(row, "warning", json_boolean(note->warning));
        put(row, "sentence", c_text(note->sentence));
        json_array_append_new(array, row);
    }
    return array;
}

static json_t *charts_json(const struct report *report)
{
    json_t *array = json_array();

    for (size_t i = 0; i < report->chart_count; i++) {
        const struct report_chart *chart = &report->charts[i];
        if (!chart->written)
            continue;
        bool of_one = chart->endpoint < report->overview.endpoint_count;
        json_t *row = json_object();
        put(row, "kind", json_string(chart_kinds[chart->kind].name));
        put(row, "title", c_text(chart->title));
        put(row, "application",
            of_one ? name_text(&report->overview.endpoints[chart->endpoint].application)
                   : json_null());
        put(row, "endpoint",
            of_one ? name_text(&report->overview.endpoints[chart->endpoint].name)
                   : json_null());
        put(row, "svg", json_sprintf("charts/%s.svg", chart->name));
        put(row, "png", json_sprintf("charts/%s.png", chart->name));
        put(row, "png_2x", json_sprintf("charts/%s@2x.png", chart->name));
        json_array_append_new(array, row);
    }
    return array;
}

static json_t *report_tree(const struct report *report)
{
    json_t *object = json_object();
    uint64_t target_ns = report->options.apdex_target_ns;

    put(object, "schema_version", json_integer(SCHEMA_VERSION));
    put(object, "generator", json_string("fmd-analyze " FMD_VERSION));
    put(object, "created",
        report->options.repeatable ? json_null()
                                   : moment((int64_t)time(NULL) * 1000000000));
    put(object, "title",
        report->options.title ? c_text(report->options.title) : json_null());
    put(object, "apdex_target_ns", target_ns ? count(target_ns) : json_null());
    put(object, "filter", json_filter(report));
    put(object, "sentences", sentences_json(report));
    put(object, "total", totals_json(report));
    put(object, "versions", versions_json(&report->overview));
    put(object, "endpoints", endpoints_json(report));
    put(object, "regression", json_verdicts(report));
    put(object, "usage", json_usage(report));
    put(object, "objectives", json_targets(report, TARGET_SLO));
    put(object, "checks", json_targets(report, TARGET_CHECK));
    put(object, "change_points", json_changes(report));
    put(object, "outliers", json_outliers(report));
    put(object, "profile", json_profile(report));
    put(object, "input", input_json(report->input));
    put(object, "charts", charts_json(report));
    return object;
}

int report_json(const struct report *report, FILE *out, struct err *err)
{
    json_t *tree = report_tree(report);
    int failed = json_dumpf(tree, out, JSON_INDENT(1) | JSON_REAL_PRECISION(12));

    json_decref(tree);
    if (failed || fputc('\n', out) == EOF || fflush(out) || ferror(out))
        return err_set(err, ERR_OUTPUT,
                       "the JSON report could not be written; is the disk "
                       "full or the reader gone?");
    return 0;
}
