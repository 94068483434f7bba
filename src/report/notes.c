/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "note_list.h"

#include "notes_profile.h"

#include "format.h"
#include "label.h"
#include "passages.h"
#include "verdicts.h"

#include "src/base/mem.h"
#include "src/base/str.h"

#include <math.h>
#include <stdlib.h>

enum { SILENCE_SENTENCES_MAX = 3 };

/* What the notes from one on are about. */
static void note_topic(struct report *report, size_t from, enum report_topic topic)
{
    for (size_t i = from; i < report->note_count; i++)
        report->notes[i].topic = topic;
}

/* --- findings --- */

static void note_summary(struct report *report)
{
    const struct distribution *all = &report->overview.all;
    const struct quantile *q = all->quantiles;
    struct str text;

    str_init(&text);
    str_addf(&text, "%s request%s to %zu endpoint%s", format_count(all->requests).s,
             format_plural(all->requests), report->overview.endpoint_count,
             format_plural(report->overview.endpoint_count));
    if (isfinite(all->per_s))
        str_addf(&text, " in %s (%s)", format_duration(all->seconds * 1e9).s,
                 format_rate(all->per_s).s);
    if (q[QUANTILE_50].known)
        str_addf(&text, ": half within %s", format_duration(q[QUANTILE_50].value_ns).s);
    if (q[QUANTILE_95].known)
        str_addf(&text, ", 95 %% within %s", format_duration(q[QUANTILE_95].value_ns).s);
    if (q[QUANTILE_99].known)
        str_addf(&text, ", 99 %% within %s", format_duration(q[QUANTILE_99].value_ns).s);
    str_addf(&text, "; slowest %s.", format_duration((double)all->max_ns).s);
    note_add_take(report, REPORT_NOTE_FINDING, false, str_take(&text));
}

/* The endpoint that takes most of everybody's time. */
static void note_time(struct report *report)
{
    const struct overview *overview = &report->overview;
    size_t most = 0;

    if (overview->endpoint_count < 2)
        return;
    for (size_t i = 1; i < overview->endpoint_count; i++)
        if (overview->endpoints[i].all.total_ns > overview->endpoints[most].all.total_ns)
            most = i;
    const struct endpoint *endpoint = &overview->endpoints[most];
    char *label = label_of_endpoint(report, endpoint);
    note_add(report, REPORT_NOTE_FINDING, false,
             "Most of the time goes to %s: %s of it, with %s of the requests.", label,
             format_percent(endpoint->all.time_share).s,
             format_percent(endpoint->all.share).s);
    free(label);
}

/* Sentences of endpoints that changed: as many; the table has the others. */
enum { CHANGE_SENTENCES_MAX = 8 };

/* A sentence of the latency, and one of each kind of errors that changed. */
static void note_endpoint(struct report *report,
                          const struct regression_comparison *comparison,
                          const struct regression_endpoint *endpoint)
{
    for (unsigned m = 0; m < REGRESSION_METRICS; m++) {
        bool errors = m >= REGRESSION_LATENCIES &&
                      endpoint->findings[m].verdict >= REGRESSION_IMPROVED;
        if (m != (unsigned)endpoint->telling && !errors)
            continue;
        note_add_take(
            report, REPORT_NOTE_FINDING, false,
            verdict_sentence(report, comparison, endpoint, (enum regression_metric)m));
        note_topic(report, report->note_count - 1,
                   endpoint->findings[m].verdict == REGRESSION_IMPROVED
                       ? REPORT_TOPIC_BETTER
                       : REPORT_TOPIC_WORSE);
    }
}

/* First of all: whether the newest version got worse. */
static void note_verdicts(struct report *report)
{
    for (size_t c = 0; c < report->regression.comparison_count; c++) {
        const struct regression_comparison *comparison =
            &report->regression.comparisons[c];
        size_t *indices = mem_array(comparison->endpoint_count + 1, sizeof(*indices));
        size_t count = verdict_order(comparison, indices);
        note_add_take(report, REPORT_NOTE_FINDING, false,
                      verdict_headline(report, comparison));
        note_topic(report, report->note_count - 1, REPORT_TOPIC_VERDICT);
        for (size_t i = 0; i < count && i < CHANGE_SENTENCES_MAX; i++)
            note_endpoint(report, comparison, &comparison->endpoints[indices[i]]);
        size_t from = report->note_count;
        note_add_if(report, REPORT_NOTE_FINDING, verdict_global(report, comparison));
        note_add_if(report, REPORT_NOTE_FINDING, verdict_presence(comparison));
        note_topic(report, from, REPORT_TOPIC_VERDICT);
        note_add_take(report, REPORT_NOTE_METHOD, false,
                      verdict_method(report, comparison));
        free(indices);
    }
}

/* The endpoint with most server errors. */
static void note_errors(struct report *report)
{
    const struct overview *overview = &report->overview;
    const struct errors *all = &overview->all.errors;
    size_t most = 0;

    if (all->server == 0)
        return;
    for (size_t i = 1; i < overview->endpoint_count; i++)
        if (overview->endpoints[i].all.errors.server >
            overview->endpoints[most].all.errors.server)
            most = i;
    const struct distribution *worst = &overview->endpoints[most].all;
    char *label = label_of_endpoint(report, &overview->endpoints[most]);
    note_add(report, REPORT_NOTE_FINDING, false,
             "%s request%s (%s) ended in a server error; most of them at %s: %s, %s of "
             "its requests.",
             format_count(all->server).s, format_plural(all->server),
             format_percent((double)all->server / (double)overview->all.requests).s,
             label, format_count(worst->errors.server).s,
             format_percent((double)worst->errors.server / (double)worst->requests).s);
    free(label);
}

char *notes_busiest_sentence(const struct report *report)
{
    const struct usage *usage = &report->usage;
    struct str text;

    str_init(&text);
    if (usage->day_count == 0) {
        str_add_text(&text, "No requests");
        return str_take(&text);
    }
    const struct usage_day *day = &usage->days[usage->busiest_day];
    uint64_t requests = day->hours[usage->busiest_hour].requests;
    str_addf(&text, "Busiest hour: %s %s, %02zu:00 to %02zu:00, %s request%s",
             format_weekday(zone_weekday(day->day)), format_day(day->day).s,
             usage->busiest_hour, usage->busiest_hour + 1, format_count(requests).s,
             format_plural(requests));
    return str_take(&text);
}

char *notes_busiest_weekday_sentence(const struct report *report)
{
    const struct usage *usage = &report->usage;
    int best_day = 0, best_hour = 0;
    double most = 0;
    struct str text;

    for (int day = 0; day < 7; day++)
        for (int hour = 0; hour < 24; hour++) {
            const struct usage_cell *cell = &usage->week[day][hour];
            double per_s = cell->seconds > 0 ? (double)cell->requests / cell->seconds : 0;
            if (per_s > most) {
                most = per_s;
                best_day = day;
                best_hour = hour;
            }
        }
    str_init(&text);
    str_addf(
        &text,
        "Busiest of the week: %s, %02d:00 to %02d:00, %s requests an hour on average",
        format_weekday(best_day), best_hour, best_hour + 1,
        format_count((uint64_t)llround(most * 3600)).s);
    return str_take(&text);
}

static void note_usage(struct report *report)
{
    const struct usage_actors *groups = &report->usage.groups;

    if (report->overview.all.seconds >= 7200 && report->usage.slot_s <= 3600) {
        char *busiest = notes_busiest_sentence(report);
        note_add(report, REPORT_NOTE_FINDING, false, "%s (%s).", busiest,
                 report->zone.name);
        free(busiest);
    }
    if (groups->distinct >= 2 && groups->count > 0 && groups->rows[0].share >= .05) {
        char *name = label_of_name(&groups->rows[0].name, "(no name)");
        note_add(report, REPORT_NOTE_FINDING, false,
                 "Of %s groups \"%s\" is the most active: %s of the requests.",
                 groups->distinct_exact ? format_count((uint64_t)groups->distinct).s
                                        : format_estimate(groups->distinct).s,
                 name, format_percent(groups->rows[0].share).s);
        free(name);
    }
}

/* Endpoints that nobody calls any more; the JSON has all. */
static void note_silences(struct report *report)
{
    const struct activity *activity = &report->activity;

    for (size_t i = 0; i < activity->silence_count && i < SILENCE_SENTENCES_MAX; i++) {
        const struct activity_silence *silence = &activity->silences[i];
        const struct endpoint *endpoint = &report->overview.endpoints[silence->endpoint];
        char *label = label_of_endpoint(report, endpoint);
        char *version = label_of_version(report, silence->version);
        note_add(
            report, REPORT_NOTE_FINDING, false,
            "%s is no longer called: its last request was at %s, %s before the end%s%s "
            "(usually %s).",
            label, format_moment(&report->zone, endpoint->all.last_utc_ns).s,
            format_duration(silence->seconds * 1e9).s,
            silence->gone ? ", and it has none in the version after " : "",
            silence->gone ? version : "", format_rate(1 / silence->usual_s).s);
        free(version);
        free(label);
    }
    if (activity->silence_count > SILENCE_SENTENCES_MAX)
        note_add(report, REPORT_NOTE_FINDING, false,
                 "%zu more endpoints are no longer called; the JSON lists all.",
                 activity->silence_count - SILENCE_SENTENCES_MAX);
}

/* --- objectives and checks --- */

char *notes_target_sentence(const struct report *report,
                            const struct target_result *result)
{
    struct str text;
    char *demand = label_of_text(result->target->text);
    char *label = result->endpoint ? label_of_endpoint(report, result->endpoint)
                                   : mem_text("all requests together");

    str_init(&text);
    if (result->requests == 0)
        str_addf(&text, "no endpoint with requests matches \"%s\"", demand);
    else if (result->target->kind == TARGET_SLO)
        str_addf(&text, "%s reached %s and used %s of the error budget of \"%s\"", label,
                 text_of_target_value(result).s, format_percent(result->budget_used).s,
                 demand);
    else
        str_addf(&text, "%s: %s in %s requests misses \"%s\"", label,
                 text_of_target_value(result).s, format_count(result->requests).s,
                 demand);
    free(demand);
    free(label);
    return str_take(&text);
}

static void note_targets(struct report *report)
{
    for (size_t i = 0; i < report->results.count; i++) {
        if (report->results.results[i].met)
            continue;
        char *sentence = notes_target_sentence(report, &report->results.results[i]);
        note_add(report, REPORT_NOTE_FINDING, true, "Missed: %s.", sentence);
        free(sentence);
    }
}

/* --- changes without a version --- */

char *notes_change_sentence(const struct report *report, const struct change_point *point)
{
    char *label = label_of_name(&point->endpoint->name, "(no name)");
    struct text since = format_moment(&report->zone, point->utc_ns);
    struct str text;

    str_init(&text);
    if (point->kind == CHANGE_LATENCY)
        str_addf(&text,
                 "%s takes %s instead of %s (geometric means, %s; 95 %% interval %s to "
                 "%s) since %s, without a new version.",
                 label, format_duration(point->after).s, format_duration(point->before).s,
                 format_change(point->change).s, format_change(point->change_low).s,
                 format_change(point->change_high).s, since.s);
    else
        str_addf(&text,
                 "%s ends in a server error in %s of the requests instead of %s since "
                 "%s, without a new version.",
                 label, format_percent(point->after).s, format_percent(point->before).s,
                 since.s);
    free(label);
    return str_take(&text);
}

static void note_change_points(struct report *report)
{
    for (size_t i = 0; i < report->changes.count; i++) {
        const struct change_point *point = &report->changes.points[i];
        double none = point->kind == CHANGE_LATENCY ? 1 : 0;
        note_add_take(report, REPORT_NOTE_FINDING, false,
                      notes_change_sentence(report, point));
        note_topic(report, report->note_count - 1,
                   point->change > none ? REPORT_TOPIC_WORSE : REPORT_TOPIC_BETTER);
    }
}

/* --- beside requests --- */

/* Words that are a title, too, become a sentence. */
static void add_words_if(struct report *report, enum report_note_kind kind, char *words)
{
    if (words)
        note_add(report, kind, false, "%s.", words);
    free(words);
}

static void note_profile(struct report *report)
{
    const struct profile *profile = &report->profile;
    size_t from = report->note_count;

    add_words_if(report, REPORT_NOTE_FINDING, notes_unfinished_sentence(report));
    add_words_if(report, REPORT_NOTE_FINDING, notes_exceptions_sentence(report));
    for (size_t i = 0; i < profile->endpoint_count; i++)
        add_words_if(report, REPORT_NOTE_FINDING,
                     notes_profile_change_sentence(&profile->endpoints[i]));
    for (size_t i = 0; i < profile->endpoint_count && i < 3; i++)
        add_words_if(report, REPORT_NOTE_FINDING,
                     notes_stuck_sentence(&profile->endpoints[i]));
    note_topic(report, from, REPORT_TOPIC_LOOK);
    add_words_if(report, REPORT_NOTE_INPUT, notes_recorder_cost_sentence(report));
    add_words_if(report, REPORT_NOTE_INPUT, notes_samples_sentence(report));
}

/* All that a function adds is about one topic. */
static void note_about(struct report *report, void (*note)(struct report *report),
                       enum report_topic topic)
{
    size_t from = report->note_count;

    note(report);
    note_topic(report, from, topic);
}

void notes_build(struct report *report)
{
    if (report->overview.all.requests > 0) {
        note_verdicts(report);
        note_summary(report);
        note_time(report);
        note_about(report, note_errors, REPORT_TOPIC_LOOK);
        note_change_points(report);
        note_about(report, notes_of_outliers, REPORT_TOPIC_WHO);
        note_about(report, note_targets, REPORT_TOPIC_WORSE);
        note_usage(report);
        note_about(report, note_silences, REPORT_TOPIC_LOOK);
    }
    note_profile(report);
    notes_of_input(report);
    notes_of_method(report);
}
