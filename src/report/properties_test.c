/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What holds for the whole report, not for a number of it: the order and the split of
 * what was read do not show in it, nor that a summary was saved between, and its JSON is
 * JSON whatever there is too little of. With requests and everything beside them.
 */
#define _GNU_SOURCE /* mkdtemp */
#include "testdata/cmocka_tests.h"

#include <jansson.h>

#include "made_reports.h"
#include "src/findings/outliers.h"
#include "src/findings/regression.h"

static void take_json(const struct report *report, void *to)
{
    *(char **)to = text_of(report, report_json);
}

/* What the first pass asks the second one. */
static void plan_scan(const struct summary *summary, struct scan_plan *plan)
{
    struct outliers outliers;
    struct outlier_options options;
    struct regression regression;
    struct regression_options comparing;
    outlier_options_init(&options);
    regression_options_init(&comparing);
    outliers_build(&outliers, summary, &options);
    outliers_plan(&outliers, summary, plan);
    outliers_release(&outliers);
    assert_int_equal(regression_build(&regression, summary, &comparing, NULL), 0);
    regression_plan(&regression, plan, plan);
    regression_release(&regression);
}

struct keeping {
    char *json;
    struct summary *summary;
};

/* As who saves the summary does. */
static void take_json_and_keep(const struct report *report, void *with)
{
    struct keeping *keeping = with;
    keeping->json = text_of(report, report_json);
    report_keep_answers(report, keeping->summary);
}

/* The report of a summary, with the second scan of the same requests: dealt out by
 * random, or (NULL) in one pass. The summary keeps what the scan said. */
static char *json_of_both_passes(struct summary *summary, const struct recorded *recorded,
                                 uint64_t *random)
{
    struct scan_plan plan = {0};
    plan_scan(summary, &plan);
    assert_true(plan.endpoint_count > 0);
    struct summary *scanned =
        random ? dealt(recorded, &plan, random) : one_pass(recorded, &plan);
    struct keeping keeping = {NULL, summary};
    with_report(summary, summary_scan(scanned), NULL, take_json_and_keep, &keeping);
    summary_free(scanned);
    scan_plan_release(&plan);
    return keeping.json;
}

/* --- order, split and saving ---------------------------------------------------------
 */

/* Two versions of three endpoints, the second one slower where the test says so. */
static const struct made_plan two_versions = {.seed = 41,
                                              .count = 12000,
                                              .processes = 6,
                                              .endpoints = 3,
                                              .versions = 2,
                                              .groups = 40,
                                              .addresses = 60,
                                              .runs = 1,
                                              .start_utc_ns = MADE_OFFSET_NS,
                                              .length_ns = INT64_C(36000000000000)};

static struct recorded record_a_change(const struct made_plan *plan)
{
    struct recorded recorded = record(plan);
    for (size_t i = 0; i < recorded.request_count; i++) {
        struct made_request *request = &recorded.requests[i];
        bool slower = request->version == 1 && request->endpoint == 1;
        bool slow_customer = request->group == 2 && request->endpoint == 2;
        request->duration_ns *= slower ? 3 : slow_customer ? 40 : 1;
    }
    return recorded;
}

static size_t rows_of(const json_t *tree, const char *finding, const char *rows)
{
    const json_t *array = json_object_get(tree, finding);
    array = rows ? json_object_get(array, rows) : array;
    return json_array_size(array);
}

/* The tests ask something only where there is something in the report. */
static void assert_tells_all(const char *json)
{
    json_t *tree = json_loads(json, 0, NULL);
    assert_non_null(tree);
    assert_true(rows_of(tree, "regression", "comparisons") > 0);
    assert_true(rows_of(tree, "outliers", "slowest") > 0);
    assert_true(rows_of(tree, "outliers", "whose") > 0);
    assert_true(rows_of(tree, "profile", "endpoints") > 0);
    assert_true(rows_of(tree, "profile", "exceptions") > 0);
    assert_true(rows_of(tree, "profile", "unfinished") > 0);
    assert_true(rows_of(tree, "checks", NULL) > 0);
    assert_true(rows_of(tree, "objectives", NULL) > 0);
    json_decref(tree);
}

TEST(any_split_and_order_gives_the_report_of_one_pass)
{
    struct recorded recorded = record_a_change(&two_versions);
    struct summary *once = one_pass(&recorded, NULL);
    char *wanted = json_of_both_passes(once, &recorded, NULL);
    uint64_t random = 7;
    assert_tells_all(wanted);
    for (int round = 0; round < 4; round++) {
        shuffle(&recorded, &random);
        struct summary *parts = dealt(&recorded, NULL, &random);
        char *json = json_of_both_passes(parts, &recorded, &random);
        assert_saves_the_same(parts, once);
        assert_string_equal(json, wanted);
        free(json);
        summary_free(parts);
    }
    free(wanted);
    summary_free(once);
    recorded_release(&recorded);
}

/* JSON of a summary with its second scan, and of the same when it was saved between, with
 * no requests to scan. Caller frees. */
static void json_twice(const struct made_plan *plan, char **whole, char **loaded)
{
    struct recorded recorded = record_a_change(plan);
    struct summary *summary = one_pass(&recorded, NULL);
    *whole = json_of_both_passes(summary, &recorded, NULL);
    struct summary *again = saved_and_loaded(summary);
    with_report(again, NULL, NULL, take_json, loaded);
    assert_tells_all(*whole);
    summary_free(again);
    summary_free(summary);
    recorded_release(&recorded);
}

TEST(a_summary_saved_and_loaded_gives_the_same_report)
{
    struct made_plan plans[2] = {two_versions, two_versions};
    plans[1].endpoints = 10;
    plans[1].groups = plans[1].addresses = 3000;
    for (int i = 0; i < 2; i++) {
        char *whole, *loaded;
        json_twice(&plans[i], &whole, &loaded);
        assert_string_equal(loaded, whole);
        free(whole);
        free(loaded);
    }
}

/* --- too little of everything --------------------------------------------------------
 */

/* A few requests with as little in them as there can be: none of an endpoint, one, all of
 * 0 ns, all of a day, all failed, all alike. */
static struct made_plan little(uint64_t *random)
{
    return (struct made_plan){.seed = made_random(random),
                              .count = made_below(random, 12) *
                                       (1 + made_below(random, 2) * 20),
                              .processes = 1 + made_below(random, 3),
                              .endpoints = 1 + made_below(random, 4),
                              .versions = 1 + made_below(random, 3),
                              .groups = made_below(random, 2),
                              .addresses = made_below(random, 2),
                              .runs = 1 + made_below(random, 2),
                              .start_utc_ns = MADE_OFFSET_NS,
                              .length_ns = made_below(random, 3) * INT64_C(5000000000)};
}

static void make_poor(struct recorded *recorded, uint64_t *random)
{
    static const uint64_t durations_ns[] = {0, 1, 5000000, HISTOGRAM_MAX_NS, UINT64_MAX};
    uint64_t duration_ns = durations_ns[made_below(random, 5)];
    bool alike = made_below(random, 3) > 0, fail = made_below(random, 4) == 0;
    for (size_t i = 0; i < recorded->request_count; i++) {
        struct made_request *request = &recorded->requests[i];
        request->duration_ns = alike ? duration_ns : request->duration_ns;
        request->first_byte_ns = made_below(random, 2) ? 0 : UINT64_MAX;
        request->status = fail ? 500 : 200;
    }
    for (size_t i = 0; i < recorded->event_count; i++) {
        struct made_event *event = &recorded->events[i];
        event->duration_ns = alike ? duration_ns : event->duration_ns;
        if (event->kind == MADE_GAUGE)
            event->value = event->number % 3 ? NAN : INFINITY;
    }
    if (made_below(random, 4) == 0)
        recorded->request_count = 0; /* only what comes beside them */
    if (made_below(random, 3) == 0)
        recorded->event_count = 0;
}

/* jansson takes neither NaN nor infinity; the schema says what has to be there. */
static void assert_json(const struct report *report, FILE *file)
{
    char *json = text_of(report, report_json);
    json_error_t error;
    json_t *tree = json_loads(json, JSON_REJECT_DUPLICATES, &error);
    if (!tree)
        fail_msg("%s at %s", error.text, json + error.position);
    json_decref(tree);
    assert_int_equal(fputs(json, file) >= 0, 1);
    free(json);
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

/* What printf makes of a number that is none. */
static void assert_no_nan(char *text)
{
    static const char *const words[] = {"nan", "inf"};
    for (size_t i = 0; i < 2; i++)
        for (const char *at = text; (at = strstr(at, words[i])); at++)
            if ((at == text || !is_letter(at[-1])) && !is_letter(at[3]))
                fail_msg("a number that is none: %.60s", at);
    free(text);
}

static void check_little(const struct report *report, void *to)
{
    assert_json(report, to);
    assert_no_nan(text_of(report, as_terminal));
    assert_no_nan(text_of(report, report_markdown));
    assert_no_nan(text_of(report, report_html));
}

/* Reports into files of the folder, two a round. */
static void check_round(const char *folder, int round, uint64_t *random)
{
    struct made_plan plan = little(random), before = little(random);
    struct recorded recorded = record(&plan), old = record(&before);
    make_poor(&recorded, random);
    make_poor(&old, random);
    struct summary *summary = one_pass(&recorded, NULL), *baseline = one_pass(&old, NULL);
    for (int compared = 0; compared < 2; compared++) {
        char path[64];
        snprintf(path, sizeof(path), "%s/%d-%d.json", folder, round, compared);
        FILE *file = fopen(path, "w");
        assert_non_null(file);
        with_report(summary, NULL, compared ? baseline : NULL, check_little, file);
        fclose(file);
    }
    summary_free(summary);
    summary_free(baseline);
    recorded_release(&recorded);
    recorded_release(&old);
}

TEST(json_is_json_whatever_there_is_too_little_of)
{
    char folder[] = "/tmp/fmd-properties-XXXXXX", command[160];
    uint64_t random = 3;
    assert_non_null(mkdtemp(folder));
    for (int round = 0; round < 60; round++)
        check_round(folder, round, &random);
    snprintf(command, sizeof(command),
             "/usr/bin/python3 src/report/check_schema.py %s/*.json && rm -r %s", folder,
             folder);
    assert_int_equal(system(command), 0); /* NOLINT(cert-env33-c): a fixed command */
}
