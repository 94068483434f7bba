/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "passages.h"

#include "charts.h"
#include "display.h"
#include "label.h"

#include "src/base/mem.h"
#include "src/base/str.h"

#include <math.h>
#include <stdlib.h>

/* Of a strip's label that is a name. */
enum { NAME_COLUMNS = 24 };

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* --- first of all --- */

static void add_title(struct outline *outline, const struct report *report)
{
    const struct overview *overview = &report->overview;

    if (overview->all.requests == 0) {
        outline_add(outline, BLOCK_TITLE, mem_text("No requests"));
        return;
    }
    char *applications = label_of_applications(report);
    char *versions = label_of_versions(report);
    bool named = overview->version_count > 1 || overview->versions[0].source->name.length;
    outline_add(
        outline, BLOCK_TITLE,
        outline_text("%s%s%s \u00b7 %s to %s (%s)", applications, named ? " " : "",
                     named && overview->application_count < 2 ? versions : "",
                     format_moment(&report->zone, overview->totals.first_utc_ns).s,
                     format_moment(&report->zone, overview->totals.last_utc_ns).s,
                     report->zone.name));
    free(applications);
    free(versions);
}

void outline_notes(struct outline *outline, const struct report *report,
                   enum report_note_kind kind, bool warning, enum passage_kind as)
{
    for (size_t i = 0; i < report->note_count; i++) {
        const struct report_note *note = &report->notes[i];
        if (note->kind == kind && note->warning == warning)
            outline_add(outline, as, mem_text(note->sentence));
    }
}

/* A page tells them by topic. */
static void add_findings(struct outline *outline, const struct report *report)
{
    if (!outline->page) {
        outline_notes(outline, report, REPORT_NOTE_FINDING, false, BLOCK_FINDING);
        return;
    }
    for (int topic = 0; topic < REPORT_TOPICS; topic++)
        for (size_t i = 0; i < report->note_count; i++) {
            const struct report_note *note = &report->notes[i];
            if (note->kind == REPORT_NOTE_FINDING && !note->warning &&
                (int)note->topic == topic)
                outline_add(outline, BLOCK_FINDING, mem_text(note->sentence))->topic =
                    note->topic;
        }
}

/* Not every endpoint has charts of its own. */
static void add_chart_limit(struct outline *outline, const struct report *report)
{
    size_t endpoints = report->overview.endpoint_count;
    unsigned limit = report->options.chart_endpoints;

    if (endpoints > limit)
        outline_add(
            outline, BLOCK_LINE,
            outline_text("The %u endpoints that take most of the time have charts "
                         "of their own; %zu others have not.",
                         limit, endpoints - limit));
}

static void add_charts(struct outline *outline, const struct report *report)
{
    bool first = true;

    for (size_t i = 0; i < report->chart_count; i++) {
        if (!report->charts[i].written)
            continue;
        if (first) {
            outline_add(outline, BLOCK_HEADING, mem_text("Charts"));
            add_chart_limit(outline, report);
        }
        first = false;
        outline_add(outline, BLOCK_CHART,
                    outline_text("%s, %s", report->charts[i].title,
                                 chart_kinds[report->charts[i].kind].words))
            ->name = report->charts[i].name;
    }
}

/* --- the whole --- */

static void build(struct outline *outline, const struct report *report)
{
    add_title(outline, report);
    add_findings(outline, report);
    outline_notes(outline, report, REPORT_NOTE_FINDING, true, BLOCK_WARNING);
    outline_notes(outline, report, REPORT_NOTE_INPUT, true, BLOCK_WARNING);
    outline_notes(outline, report, REPORT_NOTE_METHOD, true, BLOCK_WARNING);
    outline_verdicts(outline, report);
    outline_targets(outline, report);
    outline_endpoints(outline, report);
    outline_outliers(outline, report);
    outline_profile(outline, report);
    outline_usage(outline, report);
    outline_input(outline, report);
    if (!outline->page)
        add_charts(outline, report);
    outline_heading(outline, mem_text("How to read it"));
    outline_notes(outline, report, REPORT_NOTE_METHOD, false, BLOCK_LINE);
    outline_notes(outline, report, REPORT_NOTE_NEXT, false, BLOCK_NEXT);
}

enum { MANY_ENDPOINTS = 40 };

bool outline_has_many(const struct report *report)
{
    return report->overview.endpoint_count > MANY_ENDPOINTS;
}

void outline_build(struct outline *outline, const struct report *report)
{
    *outline = (struct outline){0};
    build(outline, report);
}

void outline_build_page(struct outline *outline, const struct report *report)
{
    *outline = (struct outline){.page = true};
    build(outline, report);
}

void outline_release(struct outline *outline)
{
    for (size_t i = 0; i < outline->count; i++) {
        struct passage *passage = &outline->passages[i];
        free(passage->text);
        free(passage->strip.amounts);
        free(passage->strip.after);
        table_release(&passage->table);
    }
    free(outline->passages);
    *outline = (struct outline){0};
}

char *strip_label(const struct passage *passage, bool ascii)
{
    char *label = ascii ? display_ascii(passage->text) : mem_text(passage->text);
    struct str text;

    if (!passage->strip.named)
        return label;
    char *fitted = display_fit(label, NAME_COLUMNS, ascii);
    str_init(&text);
    str_add_text(&text, fitted);
    for (size_t width = display_width(fitted); width < NAME_COLUMNS; width++)
        str_add_byte(&text, ' ');
    free(fitted);
    free(label);
    return str_take(&text);
}

char *strip_text(const struct strip *strip, bool ascii)
{
    static const char *const bars[] = {" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
    static const char *const shades[] = {" ", "░", "▒", "▓", "█"};
    static const char *const plain[] = {" ", ".", ":", "-", "=", "+", "*", "#", "@"};
    const char *const *signs = ascii ? plain : strip->shades ? shades : bars;
    size_t steps = !ascii && strip->shades ? COUNT(shades) - 1 : COUNT(bars) - 1;
    struct str text;

    str_init(&text);
    for (size_t i = 0; i < strip->count; i++) {
        double amount = strip->amounts[i];
        if (!isfinite(amount))
            str_add_text(&text, ascii ? " " : "\u00b7");
        else if (amount <= 0)
            str_add_text(&text, signs[0]);
        else
            str_add_text(&text,
                         signs[1 + (size_t)(fmin(amount, 1) * (double)(steps - 1) + .5)]);
    }
    return str_take(&text);
}
