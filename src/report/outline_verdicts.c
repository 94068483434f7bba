/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The table of verdicts: a row an endpoint, what changed first. */
#include "passages.h"

#include "verdicts.h"

#include "src/base/mem.h"

#include <math.h>
#include <stdlib.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct table_column columns[] = {
    {"Endpoint", false, true, 0},
    {"Verdict", false, false, 0},
    {"Of", false, false, 1},
    {"Older", true, false, 2},
    {"Newer", true, false, 2},
    {"Change", true, false, 0},
    {"p95 over time", false, false, 3},
    {"Own change", true, false, 4},
    {"95 % interval", true, false, 3},
    {"n older", true, false, 5},
    {"n newer", true, false, 4},
    {"Would be seen", true, false, 4},
    {"Why", false, false, 6},
};

static enum tone tone_of(enum regression_verdict verdict)
{
    return verdict == REGRESSION_REGRESSED  ? TONE_BAD
           : verdict == REGRESSION_IMPROVED ? TONE_GOOD
           : verdict == REGRESSION_OK       ? TONE_PLAIN
                                            : TONE_DIM;
}

static struct text value_of(const struct regression_side *side, bool latency)
{
    return latency ? format_duration(side->value_ns)
                   : format_percent((double)side->beyond / (double)side->requests);
}

static void add_row(struct table *table, const struct outline *outline,
                    const struct report *report, const struct regression_endpoint *judged)
{
    const struct regression_finding *finding = &judged->findings[judged->telling];
    bool latency = judged->telling < REGRESSION_LATENCIES;
    enum tone tone = tone_of(judged->verdict);
    bool changed =
        judged->verdict == REGRESSION_REGRESSED || judged->verdict == REGRESSION_IMPROVED;

    table_add_endpoint(table, outline, report, judged->application, judged->name);
    table_add_toned(table, regression_verdict_names[judged->verdict], tone);
    table_add(table, regression_metric_names[judged->telling]);
    table_add(table, value_of(&finding->older, latency).s);
    table_add(table, value_of(&finding->newer, latency).s);
    table_add_toned(table, format_change(finding->raw_ratio).s, tone);
    /* a page has the course of every endpoint once, in the overview */
    table_add_p95_course(
        table, outline, report,
        changed || !outline->page
            ? outline_endpoint_named(report, judged->application, judged->name)
            : NULL);
    table_add(table, format_change(finding->ratio.value).s);
    if (isfinite(finding->ratio.low) && isfinite(finding->ratio.high))
        table_add_take(table,
                       outline_text("%s to %s", format_change(finding->ratio.low).s,
                                    format_change(finding->ratio.high).s));
    else
        table_add(table, format_change(NAN).s);
    table_add_count(table, finding->older.requests);
    table_add_count(table, finding->newer.requests);
    table_add_toned(table, format_change(finding->detectable).s, TONE_DIM);
    table_add_toned(table, verdict_reason(finding->reason), TONE_DIM);
}

/* What changed, in the order of the sentences, then the others by name. */
static size_t order_rows(const struct regression_comparison *comparison, size_t *indices)
{
    size_t count = verdict_order(comparison, indices);

    for (int verdict = REGRESSION_INCONCLUSIVE; verdict >= 0; verdict--)
        for (size_t i = 0; i < comparison->endpoint_count; i++)
            if ((int)comparison->endpoints[i].verdict == verdict)
                indices[count++] = i;
    return count;
}

/* In a page: the chart of a comparison. */
static void add_forest(struct outline *outline, const struct report *report,
                       size_t comparison)
{
    for (size_t i = 0; outline->page && i < report->chart_count; i++) {
        const struct report_chart *chart = &report->charts[i];
        if (chart->kind == REPORT_CHART_FOREST && chart->comparison == comparison)
            outline_add(outline, BLOCK_CHART, mem_text(chart->title))->chart = chart;
    }
}

void outline_verdicts(struct outline *outline, const struct report *report)
{
    for (size_t c = 0; c < report->regression.comparison_count; c++) {
        const struct regression_comparison *comparison =
            &report->regression.comparisons[c];
        size_t *indices = mem_array(comparison->endpoint_count + 1, sizeof(*indices));
        size_t count = order_rows(comparison, indices);
        size_t shown = outline_rows(report, count);
        if (count > 0) {
            outline_part(outline, verdict_heading(report, comparison));
            add_forest(outline, report, c);
            struct table *table = outline_table(
                outline, verdict_heading(report, comparison), columns, COUNT(columns));
            outline_untitled(outline);
            outline_numbers_of(outline, REPORT_CHART_FOREST);
            for (size_t i = 0; i < shown; i++)
                add_row(table, outline, report, &comparison->endpoints[indices[i]]);
            outline_rest(outline, count, shown, "endpoints");
        }
        free(indices);
    }
}
