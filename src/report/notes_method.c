/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "note_list.h"

#include "format.h"

#include "src/summary/distinct.h"

static void note_outlier_method(struct report *report)
{
    const struct outliers *outliers = &report->outliers;

    if (outliers->beyond == 0)
        return;
    note_add(
        report, REPORT_NOTE_METHOD, false,
        "An outlier takes longer than the fence of its endpoint and version (--fence "
        "%s); more than 0.5 %% beyond it are a slow mode.",
        outlier_rule_names[outliers->options.rule]);
    if (outliers->approximate)
        note_add(
            report, REPORT_NOTE_METHOD, false,
            "Whose the outliers are is approximate: requests that could not be read a "
            "second time (of a pipe, a saved summary, a file that changed) can only be "
            "compared with all of their version; give the traces as files.");
    else if (outliers->cell_s > 0)
        note_add(
            report, REPORT_NOTE_METHOD, false,
            "Whose the outliers are is judged against the other requests of the same "
            "%.0f minutes, at a false discovery rate of 5 %%.",
            outliers->cell_s / 60);
}

static bool are_exact(const struct usage_visitors *rows, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (!rows[i].groups_exact || !rows[i].addresses_exact)
            return false;
    return true;
}

static bool has_estimates(const struct usage *usage)
{
    return !usage->groups.distinct_exact || !usage->addresses.distinct_exact ||
           !are_exact(usage->visitors, usage->visitor_count) ||
           !are_exact(usage->visitor_weeks, usage->visitor_week_count) ||
           !are_exact(usage->visitor_months, usage->visitor_month_count);
}

static void note_method(struct report *report)
{
    const struct summary_totals *totals = &report->overview.totals;
    const struct usage *usage = &report->usage;

    note_add(report, REPORT_NOTE_METHOD, false,
             "Intervals of quantiles hold 95 %% for independent requests; requests of a "
             "busy hour are not independent, so take them as the least there is. A dash: "
             "too few requests (p99.9 needs 3688, p99 368, p95 72, p90 36, p50 6).");
    note_outlier_method(report);
    if (totals->clamped)
        note_add(report, REPORT_NOTE_METHOD, true,
                 "%s request%s took longer than a day and count as a day.",
                 format_count(totals->clamped).s, format_plural(totals->clamped));
    if (totals->undefined)
        note_add(report, REPORT_NOTE_METHOD, true,
                 "%s request%s name an endpoint that their trace never defined; see "
                 "(undefined).",
                 format_count(totals->undefined).s, format_plural(totals->undefined));
    if (totals->other)
        note_add(report, REPORT_NOTE_METHOD, true,
                 "%s request%s are counted under (other): more than %d endpoints or %d "
                 "versions. Name endpoints by their route, not by their path.",
                 format_count(totals->other).s, format_plural(totals->other),
                 SUMMARY_ENDPOINTS_MAX, SUMMARY_VERSIONS_MAX);
    if (usage->outside)
        note_add(
            report, REPORT_NOTE_METHOD, true,
            "%s request%s lie more than %d days before the last one (a wrong clock?) "
            "and are not in the usage by day and hour.",
            format_count(usage->outside).s, format_plural(usage->outside),
            USAGE_DAYS_MAX);
    if (has_estimates(usage))
        note_add(
            report, REPORT_NOTE_METHOD, false,
            "\u2248: how many different groups or addresses there were is estimated, "
            "with a standard error of %s.",
            format_percent(DISTINCT_STANDARD_ERROR).s);
    if (!usage->groups.exact || !usage->addresses.exact)
        note_add(
            report, REPORT_NOTE_METHOD, false,
            "There are more groups or addresses than are counted apart; their counts "
            "are approximate.");
    if (usage->misaligned && usage->slot_s > 3600)
        note_add(report, REPORT_NOTE_METHOD, true,
                 "The recording is so long that usage is kept by UTC days; hours are not "
                 "known.");
    else if (usage->misaligned)
        note_add(report, REPORT_NOTE_METHOD, false,
                 "Usage of so long a recording is kept in slots of %u minutes of UTC; "
                 "hours in %s begin inside a slot, which counts where it begins.",
                 usage->slot_s / 60, report->zone.name);
}

static void note_next(struct report *report)
{
    const char *title = report->options.title;

    if (report->overview.all.requests == 0)
        note_add(report, REPORT_NOTE_NEXT, false,
                 "There is no request in these traces. Was the application used while it "
                 "was recorded, at level 1 or above?");
    else
        note_add(
            report, REPORT_NOTE_NEXT, false,
            "For charts, Markdown and all figures as JSON: fmd-analyze %s -o report/",
            title ? title : "TRACES");
}

void notes_of_method(struct report *report)
{
    note_method(report);
    note_next(report);
}
