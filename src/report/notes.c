/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "notes.h"

#include "notes_profile.h"

#include "display.h"
#include "format.h"
#include "label.h"
#include "passages.h"
#include "verdicts.h"

#include "src/base/mem.h"
#include "src/base/str.h"
#include "src/base/vec.h"
#include "src/input/input.h"

#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CULPRIT_SENTENCES_MAX = 3, SILENCE_SENTENCES_MAX = 3 };
/* Longer endpoint names are a mistake that deserves a word. */
enum { NAME_BYTES_SHOWN = 1000 };

static void add_note_take(struct report *report, enum report_note_kind kind, bool warning,
                          char *sentence)
{
    report->notes = vec_room(report->notes, &report->note_room, report->note_count + 1,
                             sizeof(*report->notes));
    report->notes[report->note_count++] = (struct report_note){.kind = kind,
                                                               .warning = warning,
                                                               .topic = REPORT_TOPIC_ALL,
                                                               .sentence = sentence};
}

/* What the notes from one on are about. */
static void note_topic(struct report *report, size_t from, enum report_topic topic)
{
    for (size_t i = from; i < report->note_count; i++)
        report->notes[i].topic = topic;
}

static void add_note(struct report *report, enum report_note_kind kind, bool warning,
                     const char *format, ...) __attribute__((format(printf, 4, 5)));

static void add_note(struct report *report, enum report_note_kind kind, bool warning,
                     const char *format, ...)
{
    va_list arguments, again;

    va_start(arguments, format);
    va_copy(again, arguments);
    int length = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    char *sentence = mem_new((size_t)length + 1);
    vsnprintf(sentence, (size_t)length + 1, format, again);
    va_end(again);
    add_note_take(report, kind, warning, sentence);
}

static const char *plural(uint64_t count)
{
    return count == 1 ? "" : "s";
}

/* --- findings --- */

static void note_summary(struct report *report)
{
    const struct distribution *all = &report->overview.all;
    const struct quantile *q = all->quantiles;
    struct str text;

    str_init(&text);
    str_addf(&text, "%s request%s to %zu endpoint%s", format_count(all->requests).s,
             plural(all->requests), report->overview.endpoint_count,
             plural(report->overview.endpoint_count));
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
    add_note_take(report, REPORT_NOTE_FINDING, false, str_take(&text));
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
    add_note(report, REPORT_NOTE_FINDING, false,
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
        add_note_take(
            report, REPORT_NOTE_FINDING, false,
            verdict_sentence(report, comparison, endpoint, (enum regression_metric)m));
        note_topic(report, report->note_count - 1,
                   endpoint->findings[m].verdict == REGRESSION_IMPROVED
                       ? REPORT_TOPIC_BETTER
                       : REPORT_TOPIC_WORSE);
    }
}

static void add_note_if(struct report *report, enum report_note_kind kind, char *sentence)
{
    if (sentence)
        add_note_take(report, kind, false, sentence);
}

/* First of all: whether the newest version got worse. */
static void note_verdicts(struct report *report)
{
    for (size_t c = 0; c < report->regression.comparison_count; c++) {
        const struct regression_comparison *comparison =
            &report->regression.comparisons[c];
        size_t *indices = mem_array(comparison->endpoint_count + 1, sizeof(*indices));
        size_t count = verdict_order(comparison, indices);
        add_note_take(report, REPORT_NOTE_FINDING, false,
                      verdict_headline(report, comparison));
        note_topic(report, report->note_count - 1, REPORT_TOPIC_VERDICT);
        for (size_t i = 0; i < count && i < CHANGE_SENTENCES_MAX; i++)
            note_endpoint(report, comparison, &comparison->endpoints[indices[i]]);
        size_t from = report->note_count;
        add_note_if(report, REPORT_NOTE_FINDING, verdict_global(report, comparison));
        add_note_if(report, REPORT_NOTE_FINDING, verdict_presence(comparison));
        note_topic(report, from, REPORT_TOPIC_VERDICT);
        add_note_take(report, REPORT_NOTE_METHOD, false,
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
    add_note(report, REPORT_NOTE_FINDING, false,
             "%s request%s (%s) ended in a server error; most of them at %s: %s, %s of "
             "its requests.",
             format_count(all->server).s, plural(all->server),
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
             plural(requests));
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
        add_note(report, REPORT_NOTE_FINDING, false, "%s (%s).", busiest,
                 report->zone.name);
        free(busiest);
    }
    if (groups->distinct >= 2 && groups->count > 0 && groups->rows[0].share >= .05) {
        char *name = label_of_name(&groups->rows[0].name, "(no name)");
        add_note(report, REPORT_NOTE_FINDING, false,
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
        add_note(
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
        add_note(report, REPORT_NOTE_FINDING, false,
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
        add_note(report, REPORT_NOTE_FINDING, true, "Missed: %s.", sentence);
        free(sentence);
    }
}

/* --- outliers --- */

/* "Group "4711"", "Status 500", "POST", "Version 1.1", "02:00 to 03:00 (UTC)". */
static char *culprit_name(const struct report *report, const struct culprit *culprit)
{
    static const char *const kinds[] = {"Group \"%s\"", "Address \"%s\"", NULL, NULL,
                                        "Version \"%s\""};
    struct str text;

    str_init(&text);
    if (culprit->dimension == SCAN_STATUS) {
        str_addf(&text, "Status %u", culprit->code);
    } else if (culprit->dimension == SCAN_METHOD) {
        str_addf(&text, "Method %s", format_method(culprit->code));
    } else if (culprit->dimension == SCAN_HOUR) {
        str_addf(&text, "The time from %02u:00 to %02u:00 (%s)", culprit->code,
                 culprit->code + 1, report->zone.name);
    } else {
        char *name = label_of_name(&culprit->name, "(no name)");
        str_addf(&text, kinds[culprit->dimension], name);
        free(name);
    }
    return str_take(&text);
}

char *notes_culprit_sentence(const struct report *report, const struct culprit *culprit)
{
    const struct outliers *outliers = &report->outliers;
    char *who = culprit_name(report, culprit);
    char *label =
        label_of_name(&outliers->endpoints[culprit->endpoint].source->name, "(no name)");
    struct str text;

    str_init(&text);
    str_addf(&text, "%s %s %s of the requests", who,
             culprit->dimension == SCAN_HOUR ? "had" : "made",
             format_percent((double)culprit->requests / (double)culprit->requests_of).s);
    if (outliers->approximate)
        str_addf(&text, " to all endpoints");
    else
        str_addf(&text, " to %s", label);
    str_addf(&text, " and %s of ",
             format_percent((double)culprit->outliers / (double)culprit->outliers_of).s);
    if (outliers->approximate)
        str_addf(&text, "the outliers of %s", label);
    else
        str_add_text(&text, culprit->slow ? "its slowest 1 %" : "its outliers");
    str_addf(&text, " (%s of %s)", format_count(culprit->outliers).s,
             format_count(culprit->outliers_of).s);
    free(who);
    free(label);
    return str_take(&text);
}

char *notes_mode_sentence(const struct report *report,
                          const struct outlier_endpoint *endpoint,
                          const struct outlier_cell *cell)
{
    char *label = label_of_name(&endpoint->source->name, "(no name)");
    char *version = label_of_name(&cell->cell->version->name, "");
    struct str text;

    str_init(&text);
    str_addf(&text, "%s of the requests to %s%s%s are a slow mode around %s",
             format_percent(cell->mode.share).s, label, *version ? " in " : "", version,
             format_duration(cell->mode.centre_ns).s);
    if (cell->mode.has_since)
        str_addf(&text, ", since %s",
                 format_moment(&report->zone, cell->mode.since_utc_ns).s);
    free(label);
    free(version);
    return str_take(&text);
}

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
        add_note_take(report, REPORT_NOTE_FINDING, false,
                      notes_change_sentence(report, point));
        note_topic(report, report->note_count - 1,
                   point->change > none ? REPORT_TOPIC_WORSE : REPORT_TOPIC_BETTER);
    }
}

/* Whose the most outliers are. */
static void note_outliers(struct report *report)
{
    const struct outliers *outliers = &report->outliers;

    for (size_t i = 0; i < outliers->culprit_count && i < CULPRIT_SENTENCES_MAX; i++) {
        char *sentence = notes_culprit_sentence(report, &outliers->culprits[i]);
        add_note(report, REPORT_NOTE_FINDING, false, "%s%s.", sentence,
                 outliers->approximate ? " (approximate: read once)" : "");
        free(sentence);
    }
}

/* --- what was not read --- */

static void note_dropped(struct report *report)
{
    static const char *const causes[] = {
        "their ring was full", "no ring was free", "the trace could not be written",
        "the process forked meanwhile", "of other causes"};
    const struct input_recorder *recorder = &report->input->recorder;
    uint64_t counts[5] = {0}, total = 0;
    struct str text;

    for (size_t i = 0; i < sizeof(recorder->dropped) / sizeof(recorder->dropped[0]);
         i++) {
        counts[i < 4 ? i : 4] += recorder->dropped[i];
        total += recorder->dropped[i];
    }
    if (total == 0)
        return;
    str_init(&text);
    str_addf(&text, "The recorder dropped %s of %s requests (%s)", format_count(total).s,
             format_count(recorder->issued).s,
             format_percent((double)total / (double)recorder->issued).s);
    for (size_t i = 0, said = 0; i < 5; i++)
        if (counts[i])
            str_addf(&text, "%s %s because %s", said++ ? "," : ":",
                     format_count(counts[i]).s, causes[i]);
    if (counts[0] || counts[1])
        str_add_text(&text, "; larger or more rings help (ring_bytes, rings)");
    if (counts[2])
        str_add_text(&text, "; is there room on the disk of the traces?");
    str_add_byte(&text, '.');
    add_note_take(report, REPORT_NOTE_INPUT, true, str_take(&text));
}

static void note_filter(struct report *report)
{
    char *sentence = notes_filter_sentence(report);
    char *beside = notes_filter_beside_sentence(report);

    if (sentence)
        add_note_take(report, REPORT_NOTE_INPUT, true, sentence);
    if (beside)
        add_note_take(report, REPORT_NOTE_INPUT, true, beside);
}

static void note_lost(struct report *report)
{
    const struct input_report *input = report->input;
    uint64_t bad = 0;

    if (input->blocks_skipped || input->requests_skipped)
        add_note(report, REPORT_NOTE_INPUT, true,
                 "%s block%s with %s%s request%s could not be read; everything "
                 "here is without them.",
                 format_count(input->blocks_skipped).s, plural(input->blocks_skipped),
                 input->requests_skipped ? "" : "an unknown number of ",
                 input->requests_skipped ? format_count(input->requests_skipped).s : "",
                 plural(input->requests_skipped ? input->requests_skipped : 2));
    for (int i = 0; i < INPUT_SOURCES; i++)
        bad += input->sources[i].bad;
    if (bad)
        add_note(report, REPORT_NOTE_INPUT, true,
                 "%s row%s of tables or logs could not be used; everything here is "
                 "without %s.",
                 format_count(bad).s, plural(bad), bad == 1 ? "it" : "them");
    note_dropped(report);
    if (input->recorder.requests_deleted)
        add_note(report, REPORT_NOTE_INPUT, true,
                 "%s older requests are missing: the recorder deleted %s segment%s to "
                 "keep its disk limit (total_bytes).",
                 format_count(input->recorder.requests_deleted).s,
                 format_count(input->recorder.segments_deleted).s,
                 plural(input->recorder.segments_deleted));
    if (input->recorder.strings_lost)
        add_note(report, REPORT_NOTE_INPUT, true,
                 "%s groups or addresses are recorded as unknown: the recorder had no "
                 "room to define them.",
                 format_count(input->recorder.strings_lost).s);
    if (input->requests_recovered)
        add_note(report, REPORT_NOTE_INPUT, false,
                 "%s request%s came from rings that processes left behind when they were "
                 "killed.",
                 format_count(input->requests_recovered).s,
                 plural(input->requests_recovered));
}

/* The input's own notes. */
static void note_files(struct report *report)
{
    const struct input_report *input = report->input;

    for (size_t i = 0; i < input->note_count; i++) {
        const struct input_note *note = &input->notes[i];
        bool lost = note->kind == INPUT_DAMAGE || note->kind == INPUT_NEWER ||
                    note->kind == INPUT_CLOCK;
        add_note_take(report, REPORT_NOTE_INPUT, lost,
                      display_clean(note->sentence, strlen(note->sentence)));
    }
    uint64_t all = 0;
    for (size_t i = 0; i <= INPUT_OTHER; i++)
        all += input->notes_by_kind[i];
    if (all > input->note_count)
        add_note(report, REPORT_NOTE_INPUT, false,
                 "%s more notes of the kind above are counted, not listed.",
                 format_count(all - input->note_count).s);
}

/* --- how to take the numbers --- */

/* Names that are shown otherwise than they were recorded: as another one they might look
 * alike. */
static void note_names(struct report *report)
{
    const struct overview *overview = &report->overview;
    size_t foreign = 0, longest = 0, first = SIZE_MAX;

    for (size_t i = 0; i < overview->endpoint_count; i++) {
        const struct name *name = &overview->endpoints[i].name;
        bool valid = utf8_valid(name->bytes, name->length);
        foreign += !valid;
        first = !valid && first == SIZE_MAX ? i : first;
        longest = name->length > longest ? name->length : longest;
    }
    if (foreign) {
        char *label = label_of_endpoint(report, &overview->endpoints[first]);
        add_note(report, REPORT_NOTE_INPUT, true,
                 "%s endpoint name%s not UTF-8 (%s); bytes that are none are shown as "
                 "\xef\xbf\xbd. Name endpoints in UTF-8 where they are registered.",
                 format_count(foreign).s, foreign == 1 ? " is" : "s are", label);
        free(label);
    }
    if (longest > NAME_BYTES_SHOWN)
        add_note(report, REPORT_NOTE_INPUT, true,
                 "The longest endpoint name has %s bytes and is shown cut, whole only in "
                 "the JSON. Name endpoints by their route, not by what a client sent.",
                 format_count(longest).s);
}

static void note_outlier_method(struct report *report)
{
    const struct outliers *outliers = &report->outliers;

    if (outliers->beyond == 0)
        return;
    add_note(
        report, REPORT_NOTE_METHOD, false,
        "An outlier takes longer than the fence of its endpoint and version (--fence "
        "%s); more than 0.5 %% beyond it are a slow mode.",
        outlier_rule_names[outliers->options.rule]);
    if (outliers->approximate)
        add_note(
            report, REPORT_NOTE_METHOD, false,
            "Whose the outliers are is approximate: what is read once, or changed "
            "while it was read, can only be compared with all requests of a version.");
    else if (outliers->cell_s > 0)
        add_note(
            report, REPORT_NOTE_METHOD, false,
            "Whose the outliers are is judged against the other requests of the same "
            "%.0f minutes, at a false discovery rate of 5 %%.",
            outliers->cell_s / 60);
}

static void note_method(struct report *report)
{
    const struct summary_totals *totals = &report->overview.totals;
    const struct usage *usage = &report->usage;

    add_note(report, REPORT_NOTE_METHOD, false,
             "Intervals of quantiles hold 95 %% for independent requests; requests of a "
             "busy hour are not independent, so take them as the least there is. A dash: "
             "too few requests (p99.9 needs 3688, p99 368, p95 72, p90 36, p50 6).");
    note_outlier_method(report);
    if (totals->clamped)
        add_note(report, REPORT_NOTE_METHOD, true,
                 "%s request%s took longer than a day and count as a day.",
                 format_count(totals->clamped).s, plural(totals->clamped));
    if (totals->undefined)
        add_note(report, REPORT_NOTE_METHOD, true,
                 "%s request%s name an endpoint that their trace never defined; see "
                 "(undefined).",
                 format_count(totals->undefined).s, plural(totals->undefined));
    if (totals->other)
        add_note(report, REPORT_NOTE_METHOD, true,
                 "%s request%s are counted under (other): more than %d endpoints or %d "
                 "versions. Name endpoints by their route, not by their path.",
                 format_count(totals->other).s, plural(totals->other),
                 SUMMARY_ENDPOINTS_MAX, SUMMARY_VERSIONS_MAX);
    if (usage->outside)
        add_note(
            report, REPORT_NOTE_METHOD, true,
            "%s request%s lie more than %d days before the last one (a wrong clock?) "
            "and are not in the usage by day and hour.",
            format_count(usage->outside).s, plural(usage->outside), USAGE_DAYS_MAX);
    if (!usage->groups.exact || !usage->addresses.exact)
        add_note(
            report, REPORT_NOTE_METHOD, false,
            "There are more groups or addresses than are counted apart; their counts "
            "are approximate.");
    if (usage->misaligned && usage->slot_s > 3600)
        add_note(report, REPORT_NOTE_METHOD, true,
                 "The recording is so long that usage is kept by UTC days; hours are not "
                 "known.");
    else if (usage->misaligned)
        add_note(report, REPORT_NOTE_METHOD, false,
                 "Usage of so long a recording is kept in slots of %u minutes of UTC; "
                 "hours in %s begin inside a slot, which counts where it begins.",
                 usage->slot_s / 60, report->zone.name);
}

static void note_next(struct report *report)
{
    const char *title = report->options.title;

    if (report->overview.all.requests == 0)
        add_note(report, REPORT_NOTE_NEXT, false,
                 "There is no request in these traces. Was the application used while it "
                 "was recorded, at level 1 or above?");
    else
        add_note(
            report, REPORT_NOTE_NEXT, false,
            "For charts, Markdown and all figures as JSON: fmd-analyze %s -o report/",
            title ? title : "TRACES");
}

/* --- beside requests --- */

/* Words that are a title, too, become a sentence. */
static void add_words_if(struct report *report, enum report_note_kind kind, char *words)
{
    if (words)
        add_note(report, kind, false, "%s.", words);
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
        note_about(report, note_outliers, REPORT_TOPIC_WHO);
        note_about(report, note_targets, REPORT_TOPIC_WORSE);
        note_usage(report);
        note_about(report, note_silences, REPORT_TOPIC_LOOK);
    }
    note_profile(report);
    note_filter(report);
    note_lost(report);
    note_files(report);
    note_names(report);
    note_method(report);
    note_next(report);
}

void notes_release(struct report *report)
{
    for (size_t i = 0; i < report->note_count; i++)
        free(report->notes[i].sentence);
    free(report->notes);
}
