/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "verdicts.h"

#include "display.h"
#include "format.h"
#include "label.h"

#include "src/base/mem.h"
#include "src/base/str.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { NAMES_LISTED = 5 };
#define MIX_TOLD .2

static char *label_of(const struct report *report, struct name application,
                      struct name name)
{
    struct endpoint endpoint = {.application = application, .name = name};
    return label_of_endpoint(report, &endpoint);
}

static char *older_label(const struct regression_comparison *comparison)
{
    return comparison->older_is_baseline
               ? label_of_baseline(&comparison->older)
               : label_of_name(&comparison->older, "(no version)");
}

static char *newer_label(const struct regression_comparison *comparison)
{
    return label_of_name(&comparison->newer, "(no version)");
}

/* --- headline --- */

static size_t count_of(const struct regression_comparison *comparison,
                       enum regression_verdict verdict)
{
    size_t count = 0;

    for (size_t i = 0; i < comparison->endpoint_count; i++)
        count += comparison->endpoints[i].verdict == verdict;
    return count;
}

static void add_part(struct str *text, size_t count, const char *word, size_t *said)
{
    if (count == 0)
        return;
    str_addf(text, "%s%zu %s%s", *said ? ", " : "", count,
             *said        ? ""
             : count == 1 ? "endpoint "
                          : "endpoints ",
             word);
    ++*said;
}

/* "shop: 1.1 against 1.0", the application only where there are several. */
static void add_sides(struct str *text, const struct report *report,
                      const struct regression_comparison *comparison)
{
    char *older = older_label(comparison), *newer = newer_label(comparison);

    if (report->overview.application_count > 1) {
        char *application = label_of_name(&comparison->application, "(no application)");
        str_addf(text, "%s: ", application);
        free(application);
    }
    str_addf(text, "%s against %s", newer, older);
    free(older);
    free(newer);
}

char *verdict_heading(const struct report *report,
                      const struct regression_comparison *comparison)
{
    struct str text;

    str_init(&text);
    str_add_text(&text, "Verdicts: ");
    add_sides(&text, report, comparison);
    return str_take(&text);
}

char *verdict_headline(const struct report *report,
                       const struct regression_comparison *comparison)
{
    struct str text;
    size_t said = 0;

    str_init(&text);
    add_sides(&text, report, comparison);
    str_add_text(&text, ": ");
    add_part(&text, count_of(comparison, REGRESSION_REGRESSED), "got worse", &said);
    add_part(&text, count_of(comparison, REGRESSION_IMPROVED), "got better", &said);
    add_part(&text, count_of(comparison, REGRESSION_OK), "unchanged", &said);
    add_part(&text, count_of(comparison, REGRESSION_INCONCLUSIVE),
             "cannot be told for certain", &said);
    add_part(&text, count_of(comparison, REGRESSION_INSUFFICIENT),
             "with too few requests to tell", &said);
    str_add_text(&text, said ? "." : "no endpoint is in both.");
    return str_take(&text);
}

/* --- one endpoint --- */

static const char *verb_of(const struct regression_finding *finding, bool latency)
{
    switch (finding->verdict) {
    case REGRESSION_REGRESSED:
        return latency ? "got slower in" : "fails more often in";
    case REGRESSION_IMPROVED:
        return latency ? "got faster in" : "fails less often in";
    case REGRESSION_OK:
        return latency ? "is as fast as before in" : "fails as rarely as before in";
    default:
        return latency ? "may have changed in" : "may fail differently in";
    }
}

static void add_values(struct str *text, const struct regression_finding *finding,
                       enum regression_metric metric)
{
    const struct regression_side *newer = &finding->newer, *older = &finding->older;

    if (metric < REGRESSION_LATENCIES)
        str_addf(text, "%s %s against %s", regression_metric_names[metric],
                 format_duration(newer->value_ns).s, format_duration(older->value_ns).s);
    else
        str_addf(text, "%s %s against %s",
                 metric == REGRESSION_CLIENT_ERRORS ? "4xx" : "5xx",
                 format_percent((double)newer->beyond / (double)newer->requests).s,
                 format_percent((double)older->beyond / (double)older->requests).s);
}

/* Percentage points, signed. */
static struct text points(double share)
{
    struct text text, amount = format_number(fabs(share) * 100);

    snprintf(text.s, sizeof(text.s), "%s%.40s", share < 0 ? "\u2212" : "+", amount.s);
    return text;
}

/* What all share, or the mix, makes a difference worth telling. */
static bool is_own(const struct regression_finding *finding)
{
    return fabs(log(finding->ratio.value / finding->raw_ratio)) > .02;
}

static void add_effect(struct str *text, const struct regression_finding *finding,
                       enum regression_metric metric)
{
    if (metric >= REGRESSION_LATENCIES) {
        str_addf(text, " (%s points, 95 %% interval %s to %s)",
                 points(finding->difference.value).s, points(finding->difference.low).s,
                 points(finding->difference.high).s);
        return;
    }
    str_addf(text, " (%s", format_change(finding->raw_ratio).s);
    if (is_own(finding))
        str_addf(text, "; beyond what all endpoints share %s",
                 format_change(finding->ratio.value).s);
    str_addf(text, ", 95 %% interval %s to %s)", format_change(finding->ratio.low).s,
             format_change(finding->ratio.high).s);
}

/* Who asked changed with the version, and that alone is at least a fifth of it, for
 * certain more than nothing. */
static void add_mix(struct str *text, const struct regression_comparison *comparison,
                    const struct regression_finding *finding)
{
    double half = 1.959964 * finding->explained_error;
    if (!(finding->explained >= MIX_TOLD && finding->explained > half))
        return;
    str_addf(text, "; %s%s of it comes from which groups asked (95 %% interval %s to %s)",
             comparison->explained_roughly ? "roughly " : "",
             format_percent(fmin(finding->explained, 1)).s,
             format_percent(fmin(finding->explained - half, 1)).s,
             format_percent(fmin(finding->explained + half, 1)).s);
}

char *verdict_sentence(const struct report *report,
                       const struct regression_comparison *comparison,
                       const struct regression_endpoint *endpoint,
                       enum regression_metric metric)
{
    const struct regression_finding *finding = &endpoint->findings[metric];
    char *label = label_of(report, endpoint->application, endpoint->name);
    char *newer = newer_label(comparison);
    struct str text;

    str_init(&text);
    str_addf(&text, "%s %s %s: ", label, verb_of(finding, metric < REGRESSION_LATENCIES),
             newer);
    add_values(&text, finding, metric);
    if (isfinite(finding->difference.value))
        add_effect(&text, finding, metric);
    add_mix(&text, comparison, finding);
    str_addf(&text, ", n %s against %s", format_count(finding->newer.requests).s,
             format_count(finding->older.requests).s);
    if (finding->reason != REGRESSION_NO_REASON)
        str_addf(&text, "; %s", verdict_reason(finding->reason));
    if (finding->verdict == REGRESSION_INCONCLUSIVE && isfinite(finding->detectable))
        str_addf(&text, "; %s would have been seen",
                 format_change(finding->detectable).s);
    str_add_byte(&text, '.');
    free(label);
    free(newer);
    return str_take(&text);
}

static const struct regression_endpoint *
compared(const struct report *report, const struct endpoint *endpoint,
         const struct regression_comparison **comparison)
{
    for (size_t i = 0; i < report->regression.comparison_count; i++) {
        *comparison = &report->regression.comparisons[i];
        for (size_t k = 0; k < (*comparison)->endpoint_count; k++) {
            const struct regression_endpoint *here = &(*comparison)->endpoints[k];
            if (here->name.bytes == endpoint->name.bytes)
                return here;
        }
    }
    return NULL;
}

char *verdict_title(const struct report *report, const struct endpoint *endpoint)
{
    const struct regression_comparison *comparison = NULL;
    const struct regression_endpoint *judged = compared(report, endpoint, &comparison);
    struct str text;

    if (!judged)
        return NULL;
    enum regression_metric metric = judged->telling;
    if (metric >= REGRESSION_LATENCIES) /* the charts are of latency */
        metric = REGRESSION_P95;
    const struct regression_finding *finding = &judged->findings[metric];
    if (finding->verdict == REGRESSION_INSUFFICIENT)
        return NULL;
    char *label = label_of(report, judged->application, judged->name);
    char *newer = newer_label(comparison);
    str_init(&text);
    str_addf(&text, "%s %s %s: ", label, verb_of(finding, true), newer);
    add_values(&text, finding, metric);
    free(label);
    free(newer);
    return str_take(&text);
}

static double size_of(const struct regression_endpoint *endpoint)
{
    double ratio = endpoint->findings[endpoint->telling].raw_ratio;
    return isfinite(ratio) && ratio > 0 ? fabs(log(ratio)) : 0;
}

static bool before(const struct regression_endpoint *a,
                   const struct regression_endpoint *b)
{
    return a->verdict != b->verdict ? a->verdict > b->verdict : size_of(a) > size_of(b);
}

size_t verdict_order(const struct regression_comparison *comparison, size_t *indices)
{
    size_t count = 0;

    for (size_t i = 0; i < comparison->endpoint_count; i++) {
        const struct regression_endpoint *endpoint = &comparison->endpoints[i];
        size_t at = count;
        if (endpoint->verdict < REGRESSION_IMPROVED)
            continue;
        while (at > 0 && before(endpoint, &comparison->endpoints[indices[at - 1]])) {
            indices[at] = indices[at - 1];
            at--;
        }
        indices[at] = i;
        count++;
    }
    return count;
}

/* --- what all share, and how it was done --- */

char *verdict_global(const struct report *report,
                     const struct regression_comparison *comparison)
{
    struct str text;

    (void)report;
    for (unsigned m = 0; m < REGRESSION_LATENCIES; m++) {
        /* the median first, then what is left */
        const struct regression_global *global = &comparison->global[m];
        if (!global->known || global->verdict < REGRESSION_IMPROVED)
            continue;
        char *newer = newer_label(comparison);
        str_init(&text);
        str_addf(&text,
                 "Global shift: all endpoints together got %s in %s, %s %s (95 %% "
                 "interval %s to %s); the verdicts of endpoints are beyond that. The "
                 "release, the machine or the load may have done it.",
                 global->verdict == REGRESSION_REGRESSED ? "slower" : "faster", newer,
                 regression_metric_names[m], format_change(global->ratio.value).s,
                 format_change(global->ratio.low).s, format_change(global->ratio.high).s);
        free(newer);
        return str_take(&text);
    }
    return NULL;
}

static const char *const basis_words[REGRESSION_BASES] = {
    [REGRESSION_BLOCKS] = "time blocks of each side",
    [REGRESSION_OVERLAP] = "time blocks that both sides share, pair by pair",
    [REGRESSION_RUN_PAIRS] = "recording runs, pair by pair in their order",
    [REGRESSION_RUNS] = "recording runs of each side"};

char *verdict_method(const struct report *report,
                     const struct regression_comparison *comparison)
{
    const struct regression *regression = &report->regression;
    char *older = older_label(comparison), *newer = newer_label(comparison);
    struct str text;

    str_init(&text);
    str_addf(&text, "%s and %s were compared by %u and %u %s", newer, older,
             comparison->newer_units, comparison->older_units,
             basis_words[comparison->basis]);
    if (isfinite(comparison->unit_s))
        str_addf(&text, " (%s each)", format_duration(comparison->unit_s * 1e9).s);
    if (comparison->common_mode)
        str_add_text(&text, ", without what all endpoints share");
    str_addf(&text,
             ". Of %zu questions at once at most %s of the answers \"changed\" are "
             "wrong on average; changes below %s or %s are not flagged.",
             regression->questions, format_percent(regression->alpha).s,
             format_percent(regression->min_effect).s,
             format_duration(regression->min_effect_ns).s);
    if (comparison->explained_roughly && comparison->verdict >= REGRESSION_IMPROVED &&
        comparison->endpoint_count > SUMMARY_STRATA_ENDPOINTS)
        str_add_text(&text, " Whether other customers made a change is not known: that "
                            "takes two readings, of traces on both sides.");
    if (comparison->load_test)
        str_add_text(&text, " A load test says little about the next one: record at "
                            "least 5 runs of each version in turns (FMD_RUN), and whole "
                            "runs are compared.");
    free(older);
    free(newer);
    return str_take(&text);
}

static void add_names(struct str *text, const char *heading, const struct name *names,
                      size_t count)
{
    if (count == 0)
        return;
    str_addf(text, "%s%s", text->length ? " " : "", heading);
    for (size_t i = 0; i < count && i < NAMES_LISTED; i++) {
        char *label = label_of_name(&names[i], "(no name)");
        str_addf(text, "%s %s", i ? "," : "", label);
        free(label);
    }
    if (count > NAMES_LISTED)
        str_addf(text, " and %zu more", count - NAMES_LISTED);
    str_add_byte(text, '.');
}

char *verdict_presence(const struct regression_comparison *comparison)
{
    struct str text;

    if (comparison->added_count == 0 && comparison->vanished_count == 0)
        return NULL;
    str_init(&text);
    add_names(&text, "New endpoints:", comparison->added, comparison->added_count);
    add_names(&text, "No longer called:", comparison->vanished,
              comparison->vanished_count);
    if (comparison->added_count && comparison->vanished_count)
        str_add_text(&text, " If one was only renamed, --rename OLD=NEW compares it.");
    return str_take(&text);
}

const char *verdict_reason(enum regression_reason reason)
{
    static const char *const words[REGRESSION_REASONS] = {
        [REGRESSION_NO_REASON] = "",
        [REGRESSION_FEW_REQUESTS] = "too few requests",
        [REGRESSION_FEW_BLOCKS] = "in too few time blocks or runs",
        [REGRESSION_NOT_CERTAIN] = "that may be chance",
        [REGRESSION_NOT_PRECISE] = "requests vary too much",
        [REGRESSION_SHORT_WINDOW] = "in so short a window it must be 15 %",
        [REGRESSION_FEW_RUNS] = "fewer than 5 runs a side",
        [REGRESSION_OWN_HALVES] = "a version's own halves differ as much",
        [REGRESSION_COMMON] = "all endpoints did",
    };
    return words[reason];
}
