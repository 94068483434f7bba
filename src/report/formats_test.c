/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The same report says the same in every format: what report.json holds, as text, stands
 * in the rows of the terminal, of Markdown and of the page, and is what JUnit counts.
 */
#include "format.h"
#include "gates.h"
#include "report.h"

#include "src/base/err.h"
#include "src/base/mem.h"
#include "src/base/str.h"
#include "src/findings/made_summary.h"
#include "src/input/input.h"

#include <jansson.h>
#include <libxml/HTMLparser.h>
#include <libxml/parser.h>
#include <libxml/xpath.h>
#include <unistd.h>

#include "testdata/cmocka_tests.h"

#define HOUR_NS INT64_C(3600000000000)
#define START_NS INT64_C(1711800000000000000) /* 2024-03-30 12:00 UTC */
enum { HOURS = 48, REQUESTS_AN_HOUR = 300, GROUPS = 40 };

static const char *const names[] = {"GET /even", "GET /slower", "GET /faster",
                                    "GET /c",    "GET /d",      "GET /rare"};
enum {
    NAMES = sizeof(names) / sizeof(names[0]),
    SLOWER = 1,
    FASTER = 2,
    RARE = NAMES - 1
};

struct site {
    struct made made;
    struct input_report input;
    struct targets targets;
    struct report report;
    /* printed */
    json_t *json;
    char *terminal, *markdown;
    xmlDoc *page, *junit;
};

/* --- a report that has something of everything --- */

/* Requests of group 1 to GET /c take long. */
static void add_version(struct made *made, const char *version, uint32_t first_id,
                        int64_t start_ns, double factor)
{
    uint64_t seed = first_id;

    for (uint32_t e = 0; e < NAMES; e++)
        made_endpoint(made, first_id + e, "shop", version, names[e]);
    for (int64_t i = 0; i < HOURS * REQUESTS_AN_HOUR; i++) {
        uint32_t e = i % 3000 == 0 ? RARE : (uint32_t)(made_uniform(&seed) * RARE);
        uint32_t group = 1 + (uint32_t)(made_uniform(&seed) * GROUPS);
        double median_ns = e == SLOWER   ? 2e7 * factor
                           : e == FASTER ? 2e7 / factor
                                         : 2e7 + 3e6 * e;
        if (e == 3 && group == 1)
            median_ns *= 40;
        made_add(made, &(struct made_request){
                           .endpoint = first_id + e,
                           .group = group,
                           .start_utc_ns = start_ns + i * (HOUR_NS / REQUESTS_AN_HOUR),
                           .duration_ns = made_latency_ns(&seed, median_ns, .3),
                           .status = i % 83 ? 200 : 500});
    }
}

static void add_target(struct site *site, enum target_kind kind, const char *text)
{
    struct err err = ERR_INIT;

    if (targets_add(&site->targets, kind, text, &err) != 0)
        fail_msg("%s", err.message);
}

static char *printed(const struct report *report,
                     int (*print)(const struct report *, FILE *, struct err *))
{
    static const struct terminal_style wide = {.width = 500, .unicode = true};
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);

    assert_int_equal(
        print ? print(report, out, NULL) : report_terminal(report, &wide, out, NULL), 0);
    fclose(out);
    return text;
}

static void print_all(struct site *site)
{
    char *json = printed(&site->report, report_json);
    char *page = printed(&site->report, report_html);
    char *junit = printed(&site->report, report_junit);

    site->json = json_loads(json, 0, NULL);
    site->terminal = printed(&site->report, NULL);
    site->markdown = printed(&site->report, report_markdown);
    site->page = htmlReadMemory(page, (int)strlen(page), NULL, "UTF-8",
                                HTML_PARSE_NONET | HTML_PARSE_NOERROR);
    site->junit = xmlReadMemory(junit, (int)strlen(junit), NULL, NULL, XML_PARSE_NONET);
    assert_true(site->json && site->page && site->junit);
    free(junit);
    free(page);
    free(json);
}

static void site_init(struct site *site)
{
    struct report_options options;
    struct err err = ERR_INIT;

    *site = (struct site){0};
    made_init(&site->made);
    for (uint32_t g = 1; g <= GROUPS; g++) {
        char name[32];
        snprintf(name, sizeof(name), "customer %u", g);
        made_group(&site->made, g, name);
    }
    add_version(&site->made, "1.0", 1, START_NS, 1);
    add_version(&site->made, "1.1", 100, START_NS + HOURS * HOUR_NS, 2);
    input_report_init(&site->input);
    add_target(site, TARGET_CHECK, "GET /slower: p95 < 10ms");
    add_target(site, TARGET_CHECK, "GET /faster: p95 < 10s");
    add_target(site, TARGET_SLO, "GET /even: 99.99% < 5ms");
    report_options_init(&options);
    options.time_zone = "UTC";
    options.repeatable = true;
    options.top = 0;
    options.charts = false;
    options.targets = &site->targets;
    if (report_build(&site->report, site->made.summary, &site->input, &options, &err))
        fail_msg("%s", err.message);
    print_all(site);
}

static void site_release(struct site *site)
{
    json_decref(site->json);
    free(site->terminal);
    free(site->markdown);
    xmlFreeDoc(site->page);
    xmlFreeDoc(site->junit);
    report_release(&site->report);
    targets_release(&site->targets);
    input_report_release(&site->input);
    made_release(&site->made);
}

/* --- rows --- */

/* The line of a name behind a heading; the caller frees. */
static char *row_of_text(const char *text, const char *heading, const char *start,
                         const char *name)
{
    char wanted[128];
    const char *from = strstr(text, heading);

    snprintf(wanted, sizeof(wanted), "\n%s%s ", start, name);
    const char *row = from ? strstr(from, wanted) : NULL;
    if (!row) {
        fail_msg("%s: there is no heading, or no row of %s", heading, name);
        return NULL;
    }
    char *line = mem_bytes(row + 1, strcspn(row + 1, "\n")), *to = line;
    for (const char *c = line; *c; to++) /* spaces that do not break are spaces */
        if (strncmp(c, "\u00a0", 2) == 0)
            *to = ' ', c += 2;
        else
            *to = *c++;
    *to = '\0';
    return line;
}

/* What an XPath expression says or counts, as text; the caller frees. */
static char *said(xmlDoc *document, const char *format, ...)
{
    char expression[512];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(expression, sizeof(expression), format, arguments);
    va_end(arguments);
    xmlXPathContext *context = xmlXPathNewContext(document);
    xmlXPathObject *found = xmlXPathEvalExpression((const xmlChar *)expression, context);
    assert_non_null(found);
    xmlChar *text = xmlXPathCastToString(found);
    char *copy = mem_text((const char *)text);
    xmlFree(text);
    xmlXPathFreeObject(found);
    xmlXPathFreeContext(context);
    return copy;
}

static void assert_row_has(const char *row, const char *what, const char *where)
{
    if (!row || !strstr(row, what))
        fail_msg("%s says not %s but: %s", where, what, row);
}

/* A text stands in the row of a name in each format for people. */
static void assert_rows_have(const struct site *site, const char *heading,
                             const char *name, const char *what)
{
    char in_markdown[160];

    snprintf(in_markdown, sizeof(in_markdown), "### %s", heading);
    char *rows[] = {
        row_of_text(site->terminal, heading, "  ", name),
        row_of_text(site->markdown, in_markdown, "| ", name),
        said(site->page,
             "string(//table[starts-with(@aria-label,'%s')]/tbody/tr[th='%s'])", heading,
             name)};
    static const char *const formats[] = {"terminal", "markdown", "html"};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_row_has(rows[i], what, formats[i]);
        free(rows[i]);
    }
}

static json_t *at(json_t *object, const char *key)
{
    json_t *value = json_object_get(object, key);

    if (!value)
        fail_msg("there is no %s", key);
    return value;
}

static const char *text_at(json_t *object, const char *key)
{
    return json_string_value(at(object, key));
}

/* --- the tests --- */

/* A quantile of report.json as text. */
static struct text text_of(json_t *distribution, const char *quantile)
{
    json_t *of = at(at(distribution, "quantiles"), quantile);

    return format_duration(json_is_null(of) ? (double)NAN
                                            : json_number_value(at(of, "value_ns")));
}

/* Server errors as the overview has them: "0" where there are none. */
static struct text text_of_errors(json_t *distribution)
{
    json_int_t errors = json_integer_value(at(at(distribution, "errors"), "server_5xx"));
    double requests = json_number_value(at(distribution, "requests"));

    return errors ? format_percent((double)errors / requests) : format_count(0);
}

TEST(requests_quantiles_and_errors_of_an_endpoint_are_the_same_in_every_format)
{
    struct site site;
    json_t *endpoint;
    size_t i;

    site_init(&site);
    assert_int_equal(json_array_size(at(site.json, "endpoints")), NAMES);
    json_array_foreach(at(site.json, "endpoints"), i, endpoint)
    {
        const char *name = text_at(endpoint, "name");
        static const char *const quantiles[] = {"p50", "p95", "p99"};
        assert_rows_have(
            &site, "Endpoints, by", name,
            format_count((uint64_t)json_integer_value(at(endpoint, "requests"))).s);
        for (size_t q = 0; q < sizeof(quantiles) / sizeof(quantiles[0]); q++)
            assert_rows_have(&site, "Endpoints, by", name,
                             text_of(endpoint, quantiles[q]).s);
        assert_rows_have(&site, "Endpoints, by", name, text_of_errors(endpoint).s);
    }
    site_release(&site);
}

/* Rows of a table of the page, without the one of all together. */
static size_t rows_in_page(const struct site *site, const char *heading)
{
    char *count = said(site->page,
                       "string(count(//table[starts-with(@aria-label,'%s')]/tbody/"
                       "tr[th!='(all)']))",
                       heading);
    size_t rows = strtoul(count, NULL, 10);

    free(count);
    return rows;
}

/* Lines of a text between a heading and the next empty line, that begin with any of the
 * endpoints' names. */
static size_t rows_in_text(const char *text, const char *heading, const char *start)
{
    const char *part = strstr(text, heading);
    size_t rows = 0;

    assert_non_null(part);
    const char *begin = strstr(part, start[0] ? "\n|" : "\n  ");
    const char *end = begin ? strstr(begin, "\n\n") : NULL;
    assert_true(begin && end);
    for (size_t i = 0; i < NAMES; i++) {
        char wanted[64];
        snprintf(wanted, sizeof(wanted), "\n%s%s ", start[0] ? start : "  ", names[i]);
        for (const char *c = begin; (c = strstr(c, wanted)) && c < end; c++)
            rows++;
    }
    return rows;
}

TEST(lists_of_endpoints_are_the_same_in_every_format)
{
    static const char *const lists[] = {"Endpoints, by", "Verdicts"};
    struct site site;

    site_init(&site);
    for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
        char heading[64];
        snprintf(heading, sizeof(heading), "### %s", lists[i]);
        assert_int_equal(rows_in_page(&site, lists[i]), NAMES);
        assert_int_equal(rows_in_text(site.terminal, lists[i], ""), NAMES);
        assert_int_equal(rows_in_text(site.markdown, heading, "| "), NAMES);
    }
    char *sections = said(site.page, "string(count(//section))");
    char *tests = said(site.junit, "string(count(//testsuite[starts-with(@name,"
                                   "'Verdicts')]/testcase))");
    assert_int_equal(strtoul(sections, NULL, 10), NAMES);
    assert_int_equal(strtoul(tests, NULL, 10), NAMES);
    free(tests);
    free(sections);
    site_release(&site);
}

/* Without line ends and what Markdown needs for its own sake; the caller frees. */
static char *plain(const char *text)
{
    static const char *const entities[][2] = {
        {"&lt;", "<"}, {"&gt;", ">"}, {"&amp;", "&"}, {"&#58;", ":"}, {"&#46;", "."}};
    struct str out;

    str_init(&out);
    for (const char *c = text; *c; c++) {
        size_t e = 0, count = sizeof(entities) / sizeof(entities[0]);
        while (e < count && strncmp(c, entities[e][0], strlen(entities[e][0])) != 0)
            e++;
        if (e < count) {
            str_add_text(&out, entities[e][1]);
            c += strlen(entities[e][0]) - 1;
        } else if (*c == '\\' && c[1]) {
            str_add_byte(&out, *++c);
        } else if (*c == '\n') {
            str_add_byte(&out, ' ');
            while (c[1] == ' ')
                c++;
        } else {
            str_add_byte(&out, *c);
        }
    }
    return str_take(&out);
}

TEST(sentences_are_the_same_in_every_format)
{
    struct site site;
    json_t *sentence;
    size_t i, findings = 0;

    site_init(&site);
    char *texts[] = {plain(site.terminal), plain(site.markdown),
                     said(site.page, "string(//main)")};
    json_array_foreach(at(site.json, "sentences"), i, sentence)
    {
        const char *text = text_at(sentence, "sentence");
        findings += strcmp(text_at(sentence, "kind"), "finding") == 0;
        for (size_t t = 0; t < sizeof(texts) / sizeof(texts[0]); t++)
            assert_row_has(texts[t], text,
                           t == 0   ? "terminal"
                           : t == 1 ? "markdown"
                                    : "html");
    }
    assert_true(findings > 5);
    for (size_t t = 0; t < sizeof(texts) / sizeof(texts[0]); t++)
        free(texts[t]);
    site_release(&site);
}

/* JUnit: "failed", "skipped" or "". */
static void assert_junit_outcome(const struct site *site, const char *name,
                                 const char *outcome)
{
    char *count = said(site->junit,
                       "string(concat(count(//testcase[@name='%s']),"
                       "count(//testcase[@name='%s']/failure),"
                       "count(//testcase[@name='%s']/skipped)))",
                       name, name, name);

    assert_string_equal(count, strcmp(outcome, "failed") == 0    ? "110"
                               : strcmp(outcome, "skipped") == 0 ? "101"
                                                                 : "100");
    free(count);
}

TEST(verdicts_are_the_same_in_every_format)
{
    struct site site;
    json_t *endpoint;
    size_t i, regressed = 0, improved = 0;

    site_init(&site);
    json_t *comparisons = at(at(site.json, "regression"), "comparisons");
    assert_int_equal(json_array_size(comparisons), 1);
    json_t *endpoints = at(json_array_get(comparisons, 0), "endpoints");
    assert_int_equal(json_array_size(endpoints), NAMES);
    json_array_foreach(endpoints, i, endpoint)
    {
        const char *name = text_at(endpoint, "name");
        const char *verdict = text_at(endpoint, "verdict");
        bool failed = strcmp(verdict, "regressed") == 0;
        bool told =
            failed || strcmp(verdict, "improved") == 0 || strcmp(verdict, "ok") == 0;
        assert_rows_have(&site, "Verdicts", name, verdict);
        assert_junit_outcome(&site, name, failed ? "failed" : told ? "" : "skipped");
        regressed += failed;
        improved += strcmp(verdict, "improved") == 0;
    }
    assert_true(regressed >= 1 && improved >= 1);
    site_release(&site);
}

/* Markdown escapes "<": the row is found by what stands before it. */
static void assert_target_in_text(const struct site *site, const char *heading,
                                  const char *text, const char *verdict)
{
    char *name = mem_bytes(text, (size_t)(strstr(text, " <") - text));
    char *rows[] = {row_of_text(site->terminal, heading, "  ", name),
                    row_of_text(site->markdown, heading, "| ", name)};

    for (size_t i = 0; i < 2; i++) {
        assert_row_has(rows[i], verdict, i ? "markdown" : "terminal");
        free(rows[i]);
    }
    free(name);
}

static void assert_targets(const struct site *site, json_t *targets, const char *heading)
{
    json_t *target;
    size_t i;

    assert_true(json_array_size(targets) > 0);
    json_array_foreach(targets, i, target)
    {
        const char *text = text_at(target, "text");
        bool met = json_is_true(at(target, "met"));
        char *in_junit =
            said(site->junit,
                 "string(count(//testsuite[@name='%s']/testcase[@name='%s'][%s]))",
                 heading, text, met ? "not(failure)" : "failure");
        char *in_page = said(
            site->page, "string(//table[@aria-label='%s']/tbody/tr[th='%s']/td[last()])",
            heading, text);
        assert_string_equal(in_junit, "1");
        assert_string_equal(in_page, met ? "met" : "missed");
        assert_target_in_text(site, heading, text, met ? "met" : "missed");
        free(in_page);
        free(in_junit);
    }
}

TEST(targets_are_met_or_missed_in_every_format)
{
    struct site site;

    site_init(&site);
    assert_targets(&site, at(site.json, "checks"), "Checks");
    assert_targets(&site, at(site.json, "objectives"), "Objectives");
    site_release(&site);
}

/* A gate fails when JUnit has a failure, with the sentence that stands in the others. */
TEST(a_gate_fails_for_what_every_format_says)
{
    struct site site;
    struct err err = ERR_INIT;

    site_init(&site);
    assert_int_equal(gate_judge(&site.report, GATE_REGRESSED, &err), -1);
    const char *why = strstr(err.message, ": ");
    assert_non_null(why);
    char *markdown = plain(site.markdown), *terminal = plain(site.terminal);
    char *page = said(site.page, "string(//main)");
    char *failures = said(site.junit, "string(//testsuite[starts-with(@name,"
                                      "'Verdicts')]//failure/@message)");
    assert_row_has(markdown, why + 2, "markdown");
    assert_row_has(terminal, why + 2, "terminal");
    assert_row_has(page, why + 2, "html");
    assert_string_equal(failures, why + 2);
    free(failures);
    free(page);
    free(terminal);
    free(markdown);
    site_release(&site);
}

TEST(the_schema_holds)
{
    struct site site;
    char path[] = "/tmp/fmd-formats-XXXXXX", command[128];

    site_init(&site);
    int file = mkstemp(path);
    assert_int_equal(json_dumpfd(site.json, file, 0), 0);
    close(file);
    snprintf(command, sizeof(command), "src/report/check_schema.py %s", path);
    assert_int_equal(system(command), 0); /* NOLINT(cert-env33-c): a fixed command */
    unlink(path);
    site_release(&site);
}

TEST(whose_the_outliers_are_is_the_same_in_every_format)
{
    struct site site;
    json_t *culprit;
    size_t i;

    site_init(&site);
    json_t *culprits = at(at(site.json, "outliers"), "whose");
    char *page = said(site.page, "string(/)");
    assert_true(json_array_size(culprits) > 0);
    json_array_foreach(culprits, i, culprit)
    {
        const char *endpoint = text_at(culprit, "endpoint");
        const char *value = text_at(culprit, "value");
        const char *outputs[] = {site.terminal, site.markdown, page};
        for (size_t o = 0; o < sizeof(outputs) / sizeof(outputs[0]); o++) {
            const char *part = strstr(outputs[o], "Whose the outliers are");
            assert_true(part && strstr(part, endpoint) && strstr(part, value));
        }
    }
    free(page);
    site_release(&site);
}
