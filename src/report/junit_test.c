/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What CI servers read, read back: as many tests, failures and skips as the report has.
 */
#include "report.h"

#include "src/base/err.h"
#include "src/findings/made_summary.h"
#include "src/input/input.h"

#include <libxml/parser.h>
#include <libxml/xpath.h>

#include "testdata/cmocka_tests.h"

#define HOUR_NS INT64_C(3600000000000)
#define START_NS INT64_C(1711800000000000000) /* 2024-03-30 12:00 UTC */
enum { HOURS = 48, REQUESTS_AN_HOUR = 300 };

static const char *const names[] = {"GET /fast",
                                    "GET /slower",
                                    "GET /c",
                                    "GET /d",
                                    "GET /e",
                                    "GET /f",
                                    "GET /\x01]]>&<failure message=\"x\"/>\xff",
                                    "GET /rare"};
enum { NAMES = sizeof(names) / sizeof(names[0]), RARE = NAMES - 1 };

struct site {
    struct made made;
    struct input_report input;
    struct targets targets;
    struct report report;
};

/* Two days of a version; /slower takes `factor` times as long. */
static void add_version(struct made *made, const char *version, uint32_t first_id,
                        int64_t start_ns, double factor)
{
    uint64_t seed = first_id;
    for (uint32_t e = 0; e < NAMES; e++)
        made_endpoint(made, first_id + e, "shop", version, names[e]);
    for (int64_t i = 0; i < HOURS * REQUESTS_AN_HOUR; i++) {
        uint32_t e = i % 3000 == 0 ? RARE : (uint32_t)(i % RARE);
        made_add(made, &(struct made_request){
                           .endpoint = first_id + e,
                           .start_utc_ns = start_ns + i * (HOUR_NS / REQUESTS_AN_HOUR),
                           .duration_ns =
                               made_latency_ns(&seed, 2e7 * (e == 1 ? factor : 1), .4),
                           .status = 200});
    }
}

static void site_init(struct site *site, const char *target)
{
    struct report_options options;
    struct err err = ERR_INIT;
    *site = (struct site){0};
    made_init(&site->made);
    add_version(&site->made, "1.0", 1, START_NS, 1);
    add_version(&site->made, "1.1", 100, START_NS + HOURS * HOUR_NS, 3);
    input_report_init(&site->input);
    if (target && targets_add(&site->targets, TARGET_CHECK, target, &err) != 0)
        fail_msg("%s", err.message);
    report_options_init(&options);
    options.time_zone = "UTC";
    options.targets = &site->targets;
    if (report_build(&site->report, site->made.summary, &site->input, &options, &err))
        fail_msg("%s", err.message);
}

static void site_release(struct site *site)
{
    report_release(&site->report);
    targets_release(&site->targets);
    input_report_release(&site->input);
    made_release(&site->made);
}

/* Fails where it is not well-formed. */
static xmlDoc *printed(const struct report *report)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    assert_int_equal(report_junit(report, out, NULL), 0);
    fclose(out);
    xmlDoc *document = xmlReadMemory(text, (int)size, NULL, NULL, XML_PARSE_NONET);
    assert_non_null(document);
    free(text);
    return document;
}

/* What an XPath expression counts. */
static double number(xmlDoc *document, const char *expression)
{
    xmlXPathContext *context = xmlXPathNewContext(document);
    xmlXPathObject *found = xmlXPathEvalExpression((const xmlChar *)expression, context);
    assert_non_null(found);
    double value = xmlXPathCastToNumber(found);
    xmlXPathFreeObject(found);
    xmlXPathFreeContext(context);
    return value;
}

TEST(every_verdict_is_a_test_that_failed_passed_or_was_skipped)
{
    struct site site;
    site_init(&site, NULL);
    const size_t *verdicts = site.report.regression.verdicts;
    xmlDoc *document = printed(&site.report);
    assert_int_equal(verdicts[REGRESSION_REGRESSED], 1);
    assert_true(verdicts[REGRESSION_OK] > 0 && verdicts[REGRESSION_INSUFFICIENT] > 0);
    assert_true(number(document, "count(//testcase)") == NAMES + 1); /* and the input's */
    assert_true(number(document, "count(//failure)") == 1);
    assert_true(number(document, "count(//testcase[@name='GET /slower']/failure)") == 1);
    assert_true(number(document, "count(//testcase[@name='GET /rare']/skipped)") == 1);
    assert_true(
        number(document, "count(//skipped)") ==
        (double)(verdicts[REGRESSION_INSUFFICIENT] + verdicts[REGRESSION_INCONCLUSIVE]));
    assert_true(number(document, "string-length(//failure/@message)") > 40);
    xmlFreeDoc(document);
    site_release(&site);
}

TEST(the_counts_of_a_suite_are_those_of_its_tests)
{
    struct site site;
    site_init(&site, "GET /*: p50 < 30ms");
    xmlDoc *document = printed(&site.report);
    assert_true(number(document, "count(//testsuite)") == 3);
    assert_true(number(document, "count(//testsuite[@tests != count(testcase)])") == 0);
    assert_true(number(document,
                       "count(//testsuite[@failures != count(testcase/failure)])") == 0);
    assert_true(
        number(document, "count(//testsuite[@skipped != count(testcase/skipped)])") == 0);
    assert_true(number(document, "count(//testsuite[@name='Checks']/testcase)") == NAMES);
    assert_true(number(document, "count(//testsuite[@name='Checks']//failure)") ==
                (double)site.report.results.missed[TARGET_CHECK]);
    assert_int_equal(site.report.results.missed[TARGET_CHECK], 1);
    xmlFreeDoc(document);
    site_release(&site);
}

TEST(damage_is_a_failure_with_its_sentence)
{
    struct site site;
    site_init(&site, NULL);
    site.input.notes_by_kind[INPUT_DAMAGE] = 1;
    xmlDoc *document = printed(&site.report);
    assert_true(number(document, "count(//testsuite[@name='Input']//failure)") == 1);
    xmlFreeDoc(document);
    site_release(&site);
}
