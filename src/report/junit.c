/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The report as JUnit XML, which CI servers show as tests: a suite for the input, one for
 * each comparison of versions, one for objectives and one for checks. A test is an
 * endpoint, or a target at an endpoint. It fails where the endpoint regressed or the
 * target was missed, and is skipped, with the reason, where nothing can be told; so a
 * dashboard shows the history of each endpoint's verdict.
 *
 * The form is the one that Jenkins, GitLab and GitHub actions read: testsuites,
 * testsuite, testcase, failure and skipped with a message.
 */
#include "markup.h"
#include "notes.h"
#include "label.h"
#include "report.h"
#include "verdicts.h"

#include "src/base/err.h"
#include "src/base/mem.h"
#include "src/base/str.h"
#include "src/base/vec.h"
#include "src/input/input.h"

#include <stdlib.h>

enum outcome { PASSED, FAILED, SKIPPED };

struct test {
    char *group, *name; /* owned */
    enum outcome outcome;
    char *message; /* owned; NULL when passed */
};

/* A suite's tests are collected before they are written: its counts stand in front. */
struct suite {
    struct test *tests;
    size_t count, room;
};

static void add_test(struct suite *suite, char *group, char *name, enum outcome outcome,
                     char *message)
{
    suite->tests =
        vec_room(suite->tests, &suite->room, suite->count + 1, sizeof(*suite->tests));
    suite->tests[suite->count++] = (struct test){group, name, outcome, message};
}

static size_t count_of(const struct suite *suite, enum outcome outcome)
{
    size_t count = 0;
    for (size_t i = 0; i < suite->count; i++)
        count += suite->tests[i].outcome == outcome;
    return count;
}

static void write_test(struct markup *out, const struct test *test)
{
    markup_start(out, "testcase");
    markup_attribute(out, "classname", test->group);
    markup_attribute(out, "name", test->name);
    if (test->outcome != PASSED) {
        markup_start(out, test->outcome == FAILED ? "failure" : "skipped");
        markup_attribute(out, "message", test->message);
        markup_end_void(out);
    }
    markup_end_void(out);
    markup_newline(out);
}

/* Writes and empties it. A suite without tests is not there. */
static void write_suite(struct markup *out, const char *name, struct suite *suite)
{
    if (suite->count) {
        markup_start(out, "testsuite");
        markup_attribute(out, "name", name);
        markup_count(out, "tests", suite->count);
        markup_count(out, "failures", count_of(suite, FAILED));
        markup_count(out, "skipped", count_of(suite, SKIPPED));
        markup_count(out, "errors", 0);
        markup_newline(out);
        for (size_t i = 0; i < suite->count; i++)
            write_test(out, &suite->tests[i]);
        markup_end(out);
        markup_newline(out);
    }
    for (size_t i = 0; i < suite->count; i++) {
        free(suite->tests[i].group);
        free(suite->tests[i].name);
        free(suite->tests[i].message);
    }
    free(suite->tests);
    *suite = (struct suite){0};
}

/* What the first warning about the input says. */
static char *input_warning(const struct report *report)
{
    for (size_t i = 0; i < report->note_count; i++)
        if (report->notes[i].kind == REPORT_NOTE_INPUT && report->notes[i].warning)
            return mem_text(report->notes[i].sentence);
    return mem_text("some of the input could not be read");
}

static void add_input(struct suite *suite, const struct report *report)
{
    bool damaged = input_report_damaged(report->input);
    add_test(suite, mem_text("input"), mem_text("everything could be read"),
             damaged ? FAILED : PASSED, damaged ? input_warning(report) : NULL);
}

/* "p95 4.7 ms against 4.8 ms ...; fewer than 5 runs a side". */
static char *message_of(const struct report *report,
                        const struct regression_comparison *comparison,
                        const struct regression_endpoint *judged)
{
    enum regression_reason reason = judged->findings[judged->telling].reason;
    char *sentence = verdict_sentence(report, comparison, judged, judged->telling);
    struct str message;
    str_init(&message);
    str_add_text(&message, sentence);
    if (reason != REGRESSION_NO_REASON && judged->verdict != REGRESSION_REGRESSED)
        str_addf(&message, " Reason: %s.", verdict_reason(reason));
    free(sentence);
    return str_take(&message);
}

static void add_verdict(struct suite *suite, const struct report *report,
                        const struct regression_comparison *comparison,
                        const struct regression_endpoint *judged)
{
    static const enum outcome outcomes[REGRESSION_VERDICTS] = {
        [REGRESSION_INSUFFICIENT] = SKIPPED,
        [REGRESSION_INCONCLUSIVE] = SKIPPED,
        [REGRESSION_REGRESSED] = FAILED,
    };
    enum outcome outcome = outcomes[judged->verdict];
    add_test(suite, label_of_name(&judged->application, "(application)"),
             label_of_name(&judged->name, "(no name)"), outcome,
             outcome == PASSED ? NULL : message_of(report, comparison, judged));
}

static void add_targets(struct suite *suite, const struct report *report,
                        enum target_kind kind)
{
    for (size_t i = 0; i < report->results.count; i++) {
        const struct target_result *result = &report->results.results[i];
        if (result->target->kind == kind)
            add_test(suite,
                     result->endpoint ? label_of_endpoint(report, result->endpoint)
                                      : mem_text("(all)"),
                     label_of_text(result->target->text), result->met ? PASSED : FAILED,
                     result->met ? NULL : notes_target_sentence(report, result));
    }
}

static void write_suites(struct markup *out, const struct report *report)
{
    struct suite suite = {0};
    add_input(&suite, report);
    write_suite(out, "Input", &suite);
    for (size_t c = 0; c < report->regression.comparison_count; c++) {
        const struct regression_comparison *comparison =
            &report->regression.comparisons[c];
        char *heading = verdict_heading(report, comparison);
        for (size_t i = 0; i < comparison->endpoint_count; i++)
            add_verdict(&suite, report, comparison, &comparison->endpoints[i]);
        write_suite(out, heading, &suite);
        free(heading);
    }
    add_targets(&suite, report, TARGET_SLO);
    write_suite(out, "Objectives", &suite);
    add_targets(&suite, report, TARGET_CHECK);
    write_suite(out, "Checks", &suite);
}

int report_junit(const struct report *report, FILE *out, struct err *err)
{
    struct markup markup = {0};
    markup_begin(&markup);
    markup_start(&markup, "testsuites");
    markup_attribute(&markup, "name", "fmd-analyze");
    markup_newline(&markup);
    write_suites(&markup, report);
    markup_end(&markup);
    fprintf(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n%s\n",
            markup_text(&markup));
    bool failed = markup.failed;
    markup_release(&markup);
    if (failed)
        return err_set(err, ERR_OUTPUT,
                       "the JUnit report could not be made: out of memory");
    if (fflush(out) || ferror(out))
        return err_set(err, ERR_OUTPUT,
                       "the JUnit report could not be written; is the disk full or the "
                       "reader gone?");
    return 0;
}
