/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Who is compared with whom: versions in their order, endpoints by name, one comparison
 * an application. The rule itself is in regression_rule.h.
 */
#include "regression.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "benjamini_hochberg.h"
#include "common_mode.h"
#include "regression_rule.h"
#include "src/base/err.h"
#include "src/base/mem.h"
#include "src/base/str.h"

const double regression_shares[REGRESSION_LATENCIES] = {.50, .90, .95, .99};
const char *const regression_metric_names[REGRESSION_METRICS] = {"p50", "p90", "p95",
                                                                 "p99", "4xx", "5xx"};
const char *const regression_verdict_names[REGRESSION_VERDICTS] = {
    "insufficient", "ok", "inconclusive", "improved", "regressed"};
const char *const regression_reason_names[REGRESSION_REASONS] = {
    "none",         "few_requests", "few_blocks", "not_certain",  "not_precise",
    "short_window", "few_runs",     "own_halves", "as_all_others"};
const char *const regression_basis_names[REGRESSION_BASES] = {"blocks", "overlap",
                                                              "run_pairs", "runs"};

void regression_options_init(struct regression_options *options)
{
    *options = (struct regression_options){
        .min_effect = .05, .min_effect_ns = 1e6, .alpha = .05};
}

static bool is_text(struct name name, const char *text, size_t length)
{
    return str_compare(name.bytes, name.length, text, length) == 0;
}

/* --- versions in their order --- */

/* Place in a list "a,b,c" from 1; 0: not there. */
static size_t place_in(const char *list, struct name name)
{
    size_t place = 1;

    for (const char *at = list; at && *at; place++) {
        size_t length = strcspn(at, ",");
        if (is_text(name, at, length))
            return place;
        at += length + (at[length] == ',');
    }
    return 0;
}

struct ordered {
    const struct summary_version *version;
    size_t place;
};

/* Those that --version-order names come after those it does not. */
static int compare_versions(const void *left, const void *right)
{
    const struct ordered *a = left, *b = right;

    if (a->place != b->place)
        return a->place < b->place ? -1 : 1;
    if (a->version->first_utc_ns != b->version->first_utc_ns)
        return a->version->first_utc_ns < b->version->first_utc_ns ? -1 : 1;
    return name_compare(a->version->name, b->version->name);
}

/* An application's versions with requests, oldest first. */
static size_t order_versions(const struct summary *summary, struct name application,
                             const char *order, struct ordered *ordered)
{
    struct summary_version *const *versions;
    size_t all = summary_versions(summary, &versions), count = 0;

    for (size_t i = 0; i < all; i++)
        if (versions[i]->requests &&
            name_compare(versions[i]->application, application) == 0)
            ordered[count++] =
                (struct ordered){versions[i], place_in(order, versions[i]->name)};
    qsort(ordered, count, sizeof(*ordered), compare_versions);
    return count;
}

static bool has_version(const struct summary *summary, const char *text, size_t length)
{
    struct summary_version *const *versions;
    size_t count = summary_versions(summary, &versions);

    for (size_t i = 0; i < count; i++)
        if (is_text(versions[i]->name, text, length))
            return true;
    return false;
}

/* --- the sides --- */

static bool has_application(const struct summary *summary, struct name application)
{
    struct summary_version *const *versions;
    size_t count = summary_versions(summary, &versions);

    for (size_t i = 0; i < count; i++)
        if (name_compare(versions[i]->application, application) == 0)
            return true;
    return false;
}

/* Everything in a baseline of that application; of all when it is called otherwise. */
static void take_baseline(struct judging *judging, const struct summary *baseline)
{
    struct regression_comparison *comparison = judging->comparison;
    struct side *side = &judging->sides[OLDER];
    struct summary_version *const *versions;
    size_t count = summary_versions(baseline, &versions);
    bool any = !has_application(baseline, comparison->application);

    side_init(side, baseline);
    for (size_t i = 0; i < count; i++)
        if (versions[i]->requests &&
            (any || name_compare(versions[i]->application, comparison->application) == 0))
            side_add_version(side, versions[i]);
    comparison->older_is_baseline = true;
    if (side->version_count == 1)
        comparison->older = side->versions[0]->name;
}

/* Index of the older version among ordered ones; count when there is none. */
static size_t choose_older(const struct ordered *ordered, size_t count,
                           const char *baseline_version)
{
    if (!baseline_version)
        return count >= 2 ? count - 2 : count;
    for (size_t i = 0; i + 1 < count; i++)
        if (is_text(ordered[i].version->name, baseline_version, strlen(baseline_version)))
            return i;
    return count;
}

/* Whether there is something to compare; then both sides are there. */
static bool choose_sides(struct judging *judging, const struct summary *summary,
                         const struct regression_options *options)
{
    struct regression_comparison *comparison = judging->comparison;
    struct ordered ordered[SUMMARY_VERSIONS_MAX + 1] = {{NULL, 0}};
    size_t count =
        order_versions(summary, comparison->application, options->version_order, ordered);
    size_t older = choose_older(ordered, count, options->baseline_version);

    if (count == 0 || (!options->baseline && older == count))
        return false;
    if (options->baseline) {
        take_baseline(judging, options->baseline);
    } else {
        side_init(&judging->sides[OLDER], summary);
        side_add_version(&judging->sides[OLDER], ordered[older].version);
        comparison->older = ordered[older].version->name;
    }
    side_init(&judging->sides[NEWER], summary);
    side_add_version(&judging->sides[NEWER], ordered[count - 1].version);
    comparison->newer = ordered[count - 1].version->name;
    return true;
}

/* A load test is short: shorter than the time after which a machine is another one. */
static bool is_short(const struct side *side)
{
    double seconds = side->run_count > 1 ? side->longest_run_s : side_seconds(side);
    return seconds < 3600;
}

static void describe_sides(struct judging *judging)
{
    struct regression_comparison *comparison = judging->comparison;
    struct side *older = &judging->sides[OLDER], *newer = &judging->sides[NEWER];

    comparison->basis = sides_cut(older, newer);
    bool runs = comparison->basis >= REGRESSION_RUN_PAIRS;
    comparison->older_units = older->unit_count;
    comparison->newer_units = newer->unit_count;
    comparison->older_runs = older->run_count;
    comparison->newer_runs = newer->run_count;
    comparison->older_s = side_seconds(older);
    comparison->newer_s = side_seconds(newer);
    comparison->unit_s =
        runs
            ? NAN
            : ldexp(1, (int)(older->shift > newer->shift ? older->shift : newer->shift)) /
                  64;
    comparison->older_version_count = older->version_count;
    comparison->older_versions = mem_array(older->version_count, sizeof(struct name));
    for (size_t v = 0; v < older->version_count; v++)
        comparison->older_versions[v] = older->versions[v]->name;
    comparison->load_test = !runs && (is_short(older) || is_short(newer));
}

/* --- endpoints of both sides --- */

static bool serves(const struct side *side, const struct summary_endpoint *endpoint)
{
    for (size_t v = 0; v < side->version_count; v++) {
        const struct summary_cell *cell = summary_find_cell(endpoint, side->versions[v]);
        if (cell && cell->requests)
            return true;
    }
    return false;
}

/* The old name of a newer endpoint: its own, unless it was renamed. */
static struct name old_name(const struct regression_options *options, struct name name)
{
    for (size_t i = 0; i < options->rename_count; i++)
        if (is_text(name, options->renames[i].newer, strlen(options->renames[i].newer)))
            return (struct name){options->renames[i].older,
                                 strlen(options->renames[i].older)};
    return name;
}

/* The endpoint of a name that a side serves; NULL when it serves none. A side is of one
 * application, whatever that is called in a baseline. */
static const struct summary_endpoint *served(const struct side *side, struct name name)
{
    struct summary_endpoint *const *endpoints;
    size_t count = summary_endpoints(side->summary, &endpoints);

    for (size_t i = 0; i < count; i++)
        if (name_compare(endpoints[i]->name, name) == 0 && serves(side, endpoints[i]))
            return endpoints[i];
    return NULL;
}

/* Both sides' endpoint for each that is compared. */
struct matched {
    const struct summary_endpoint *older, *newer;
    bool renamed;
};

static size_t match(struct judging *judging, const struct regression_options *options,
                    struct matched *matched)
{
    struct regression_comparison *comparison = judging->comparison;
    const struct side *newer = &judging->sides[NEWER];
    struct summary_endpoint *const *endpoints;
    size_t all = summary_endpoints(newer->summary, &endpoints), count = 0;

    comparison->added = mem_array(all + 1, sizeof(struct name));
    for (size_t i = 0; i < all; i++) {
        if (!serves(newer, endpoints[i]))
            continue;
        struct name old = old_name(options, endpoints[i]->name);
        const struct summary_endpoint *older = served(&judging->sides[OLDER], old);
        bool renamed = name_compare(old, endpoints[i]->name) != 0;
        if (older)
            matched[count++] = (struct matched){older, endpoints[i], renamed};
        else
            comparison->added[comparison->added_count++] = endpoints[i]->name;
    }
    return count;
}

static void find_vanished(struct judging *judging, const struct matched *matched)
{
    struct regression_comparison *comparison = judging->comparison;
    const struct side *older = &judging->sides[OLDER];
    struct summary_endpoint *const *endpoints;
    size_t all = summary_endpoints(older->summary, &endpoints);

    comparison->vanished = mem_array(all + 1, sizeof(struct name));
    for (size_t i = 0; i < all; i++) {
        bool compared = !serves(older, endpoints[i]);
        for (size_t k = 0; !compared && k < comparison->endpoint_count; k++)
            compared = matched[k].older == endpoints[i];
        if (!compared)
            comparison->vanished[comparison->vanished_count++] = endpoints[i]->name;
    }
}

static void gather(struct judging *judging, const struct regression_options *options)
{
    struct regression_comparison *comparison = judging->comparison;
    struct summary_endpoint *const *endpoints;
    size_t most = summary_endpoints(judging->sides[NEWER].summary, &endpoints) + 1;
    struct matched *matched = mem_array(most, sizeof(*matched));

    comparison->endpoint_count = match(judging, options, matched);
    find_vanished(judging, matched);
    comparison->common_mode = comparison->endpoint_count >= COMMON_MODE_LEAST;
    comparison->mix = !comparison->common_mode;
    comparison->explained_roughly = true;
    comparison->endpoints =
        mem_array(comparison->endpoint_count + 1, sizeof(*comparison->endpoints));
    judging->endpoints =
        mem_array(comparison->endpoint_count + 1, sizeof(*judging->endpoints));
    for (size_t i = 0; i < comparison->endpoint_count; i++) {
        struct regression_endpoint *endpoint = &comparison->endpoints[i];
        endpoint->application = matched[i].newer->application;
        endpoint->name = matched[i].newer->name;
        endpoint->older_application = matched[i].older->application;
        endpoint->older_name = matched[i].older->name;
        if (matched[i].renamed)
            endpoint->renamed_from = matched[i].older->name;
        evidence_gather(&judging->endpoints[i].evidence, judging, matched[i].older,
                        matched[i].newer);
    }
    free(matched);
}

/* --- all questions of a report at once --- */

/* The questions of a report, one-sided, both directions of a trial side by side; a family
 * is an endpoint, or what all endpoints of a comparison share. */
struct questions {
    struct trial **trials;
    size_t *sizes; /* trials of each family */
    size_t count, families;
};

static void add_family(struct questions *questions, struct trial *trials, size_t count)
{
    for (size_t i = 0; i < count; i++)
        questions->trials[questions->count++] = &trials[i];
    questions->sizes[questions->families++] = 2 * count;
}

static void questions_gather(struct questions *questions,
                             const struct regression *regression,
                             struct judging *judgings)
{
    size_t most = 0;

    for (size_t i = 0; i < regression->comparison_count; i++)
        most += regression->comparisons[i].endpoint_count + 1;
    questions->trials = mem_array(most * REGRESSION_METRICS, sizeof(struct trial *));
    questions->sizes = mem_array(most, sizeof(size_t));
    for (size_t i = 0; i < regression->comparison_count; i++) {
        for (size_t k = 0; k < regression->comparisons[i].endpoint_count; k++)
            add_family(questions, judgings[i].endpoints[k].trials, REGRESSION_METRICS);
        add_family(questions, judgings[i].global, REGRESSION_LATENCIES);
    }
}

/* Adjusts the p-values of all questions. */
static void adjust(struct regression *regression, struct judging *judgings)
{
    struct questions questions = {.count = 0};

    questions_gather(&questions, regression, judgings);
    double *p = mem_array(2 * questions.count, sizeof(*p));
    double *q = mem_array(2 * questions.count, sizeof(*q));
    double *cuts = mem_array(questions.families, sizeof(*cuts));
    for (size_t i = 0; i < questions.count; i++) {
        const struct trial *trial = questions.trials[i];
        bool asked = trial->asked && !trial->untold;
        p[2 * i] = asked ? trial->own.p_greater : NAN;
        p[2 * i + 1] = asked ? trial->own.p_less : NAN;
    }
    regression->questions = benjamini_bogomolov(p, questions.sizes, questions.families,
                                                regression->alpha, q, cuts);
    for (size_t i = 0, family = 0, left = 0; i < questions.count; i++, left -= 2) {
        while (left == 0)
            left = questions.sizes[family++];
        questions.trials[i]->q_worse = q[2 * i];
        questions.trials[i]->q_better = q[2 * i + 1];
        questions.trials[i]->cut = cuts[family - 1];
    }
    free(questions.trials);
    free(questions.sizes);
    free(p);
    free(q);
    free(cuts);
}

/* --- everything --- */

/* A baseline that is there as a file is none of these options' versions. */
static int check_version(const struct summary *summary, const char *text, size_t length,
                         const char *option, struct err *err)
{
    const char *file =
        strcmp(option, "--baseline") == 0 ? "there is no such file, and " : "";

    if (has_version(summary, text, length))
        return 0;
    return err_set(err, ERR_USAGE,
                   "%s names \"%.*s\": %sno request of such a version was read; without "
                   "%s the report lists the versions there are",
                   option, (int)(length < 200 ? length : 200), text, file, option);
}

static int check_endpoint(const struct summary *summary, const char *text,
                          const char *where, struct err *err)
{
    struct summary_endpoint *const *endpoints;
    size_t count = summary_endpoints(summary, &endpoints);

    for (size_t i = 0; i < count; i++)
        if (is_text(endpoints[i]->name, text, strlen(text)))
            return 0;
    return err_set(
        err, ERR_USAGE,
        "--rename names endpoint \"%.200s\", and there is none in %s; it takes "
        "OLD=NEW, both as the reports print them",
        text, where);
}

static int check_options(const struct summary *summary,
                         const struct regression_options *options, struct err *err)
{
    const char *baseline = options->baseline_version;

    if (baseline &&
        check_version(summary, baseline, strlen(baseline), "--baseline", err) != 0)
        return -1;
    for (const char *at = options->version_order; at && *at;) {
        size_t length = strcspn(at, ",");
        if (check_version(summary, at, length, "--version-order", err) != 0)
            return -1;
        at += length + (at[length] == ',');
    }
    for (size_t i = 0; i < options->rename_count; i++)
        if (check_endpoint(options->baseline ? options->baseline : summary,
                           options->renames[i].older,
                           options->baseline ? "the baseline" : "what was read",
                           err) != 0 ||
            check_endpoint(summary, options->renames[i].newer, "what was read", err) != 0)
            return -1;
    return 0;
}

/* Who names a version wants it compared. */
static int check_compared(const struct regression *regression,
                          const struct regression_options *options, struct err *err)
{
    if (!options->baseline_version || regression->comparison_count)
        return 0;
    return err_set(
        err, ERR_USAGE,
        "--baseline names \"%.200s\", and there is no newer version to compare "
        "with it; name an older one, or say the order with --version-order",
        options->baseline_version);
}

/* The applications of a summary, each once; borrowed names in a new array. */
static size_t applications_of(const struct summary *summary, struct name **applications)
{
    struct summary_version *const *versions;
    size_t all = summary_versions(summary, &versions), count = 0;

    *applications = mem_array(all + 1, sizeof(**applications));
    for (size_t i = 0; i < all; i++) /* by application, then name */
        if (count == 0 ||
            name_compare((*applications)[count - 1], versions[i]->application) != 0)
            (*applications)[count++] = versions[i]->application;
    return count;
}

static void judge_all(struct regression *regression, struct judging *judgings)
{
    for (size_t i = 0; i < regression->comparison_count; i++)
        judging_test(&judgings[i]);
    adjust(regression, judgings);
    for (size_t i = 0; i < regression->comparison_count; i++) {
        judging_decide(&judgings[i], regression);
        const struct regression_comparison *comparison = &regression->comparisons[i];
        for (size_t k = 0; k < comparison->endpoint_count; k++)
            regression->verdicts[comparison->endpoints[k].verdict]++;
    }
}

static void judging_release(struct judging *judging)
{
    for (size_t i = 0; i < judging->comparison->endpoint_count; i++)
        evidence_release(&judging->endpoints[i].evidence);
    free(judging->endpoints);
    side_release(&judging->sides[OLDER]);
    side_release(&judging->sides[NEWER]);
}

int regression_build(struct regression *regression, const struct summary *summary,
                     const struct regression_options *options, struct err *err)
{
    struct name *applications;

    *regression = (struct regression){.alpha = options->alpha,
                                      .min_effect = options->min_effect,
                                      .min_effect_ns = options->min_effect_ns};
    if (check_options(summary, options, err) != 0)
        return -1;
    size_t count = applications_of(summary, &applications);
    struct judging *judgings = mem_array(count + 1, sizeof(*judgings));
    regression->comparisons = mem_array(count + 1, sizeof(*regression->comparisons));
    for (size_t i = 0; i < count; i++) {
        struct judging *judging = &judgings[regression->comparison_count];
        judging->comparison = &regression->comparisons[regression->comparison_count];
        judging->comparison->application = applications[i];
        if (!choose_sides(judging, summary, options))
            continue;
        regression->comparison_count++;
        describe_sides(judging);
        gather(judging, options);
    }
    int status = check_compared(regression, options, err);
    judge_all(regression, judgings);
    for (size_t i = 0; i < regression->comparison_count; i++)
        judging_release(&judgings[i]);
    free(judgings);
    free(applications);
    return status;
}

void regression_release(struct regression *regression)
{
    for (size_t i = 0; i < regression->comparison_count; i++) {
        free(regression->comparisons[i].endpoints);
        free(regression->comparisons[i].older_versions);
        free(regression->comparisons[i].added);
        free(regression->comparisons[i].vanished);
    }
    free(regression->comparisons);
    *regression = (struct regression){0};
}
