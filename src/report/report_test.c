/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "report.h"

#include "display.h"
#include "format.h"
#include "outline.h"

#include "src/base/err.h"
#include "src/base/mem.h"
#include "src/base/str.h"

#include <stdio.h>
#include <unistd.h>

#include <jansson.h>

#include "testdata/cmocka_tests.h"

#include "made_shop.h"

/* --- the terminal --- */

static void assert_printable(const char *text)
{
    assert_true(utf8_valid(text, strlen(text)));
    for (const unsigned char *c = (const unsigned char *)text; *c; c++)
        if ((*c < 0x20 && *c != '\n') || *c == 0x7f || (*c == 0xc2 && c[1] < 0xa0) ||
            (*c == 0xe2 && c[1] == 0x80 && (c[2] == 0xae || c[2] == 0xa8)))
            fail_msg("a control character: %.40s", (const char *)c);
}

TEST(no_name_of_a_trace_commands_the_terminal)
{
    struct shop shop;

    shop_init(&shop, 20);
    char *text = printed_terminal(&shop.report, 200, false, true);
    assert_printable(text);
    assert_non_null(strstr(text, "GET /\\x1b[31m"));
    free(text);
    shop_release(&shop);
}

TEST(no_line_is_wider_than_the_terminal)
{
    struct shop shop;

    shop_init(&shop, 20);
    for (unsigned width = 60; width <= 220; width += 4) {
        char *text = printed_terminal(&shop.report, width, false, true), *rest = NULL;
        for (char *line = strtok_r(text, "\n", &rest); line;
             line = strtok_r(NULL, "\n", &rest))
            if (display_width(line) > width)
                fail_msg("%zu columns of %u: %s", display_width(line), width, line);
        free(text);
    }
    shop_release(&shop);
}

TEST(colour_is_all_that_colour_adds)
{
    struct shop shop;

    shop_init(&shop, 20);
    char *plain = printed_terminal(&shop.report, 120, false, true);
    char *colour = printed_terminal(&shop.report, 120, true, true), *out = colour;
    assert_non_null(strstr(colour, "\x1b[1m"));
    for (const char *c = colour; *c;) { /* takes ESC [ digits m out */
        if (*c == '\x1b') {
            c += strcspn(c, "m") + 1;
            continue;
        }
        *out++ = *c++;
    }
    *out = '\0';
    assert_string_equal(plain, colour);
    free(plain);
    free(colour);
    shop_release(&shop);
}

TEST(a_terminal_without_unicode_gets_ascii)
{
    struct shop shop;

    shop_init(&shop, 20);
    char *text = printed_terminal(&shop.report, 100, false, false);
    for (const char *c = text; *c; c++)
        if ((unsigned char)*c >= 0x80)
            fail_msg("not ASCII: %.20s", c);
    free(text);
    shop_release(&shop);
}

TEST(what_was_not_read_is_in_every_output)
{
    struct shop shop;

    shop_init(&shop, 20);
    char *outputs[] = {printed_terminal(&shop.report, 100, false, true),
                       printed_by(report_json, &shop.report),
                       printed_by(report_markdown, &shop.report)};
    for (int i = 0; i < 3; i++) {
        assert_non_null(strstr(outputs[i], "The recorder dropped 43 of 8\u202f100"));
        assert_non_null(strstr(outputs[i], "is damaged"));
        assert_non_null(strstr(outputs[i], "34 requests came from rings"));
        free(outputs[i]);
    }
    shop_release(&shop);
}

/* --- all printers say the same --- */

static double json_quantile(json_t *distribution, const char *name)
{
    json_t *quantile = json_object_get(json_object_get(distribution, "quantiles"), name);

    return json_is_null(quantile)
               ? (double)NAN
               : json_number_value(json_object_get(quantile, "value_ns"));
}

/* Every number of the JSON's endpoints, as text, is in that endpoint's row of the
 * outline; all rows are in Markdown and, wide enough, in the terminal. */
/* As Markdown has a number and its unit. */
static char *with_unbroken_spaces(const char *number)
{
    struct str text;

    str_init(&text);
    for (const char *c = number; *c; c++)
        if (*c == ' ')
            str_add_text(&text, "\u00a0");
        else
            str_add_byte(&text, *c);
    return str_take(&text);
}

TEST(json_markdown_and_terminal_say_the_same_numbers)
{
    struct shop shop;
    struct outline outline;
    const struct table *table = NULL; /* the overview */

    shop_init(&shop, 0);
    json_t *tree = json_of(&shop.report);
    char *terminal = printed_terminal(&shop.report, 400, false, true);
    char *markdown = printed_by(report_markdown, &shop.report);
    outline_build(&outline, &shop.report);
    for (size_t i = 0; i < outline.count && !table; i++)
        if (outline.passages[i].kind == BLOCK_TABLE &&
            strncmp(outline.passages[i].text, "Endpoints", 9) == 0)
            table = &outline.passages[i].table;
    if (!table)
        abort();
    json_t *endpoints = json_object_get(tree, "endpoints"), *endpoint;
    size_t row;
    assert_int_equal(json_array_size(endpoints), EVIL_NAMES);
    json_array_foreach(endpoints, row, endpoint)
    {
        char *numbers[] = {
            mem_text(format_count((uint64_t)json_integer_value(
                                      json_object_get(endpoint, "requests")))
                         .s),
            mem_text(format_duration(json_quantile(endpoint, "p50")).s),
            mem_text(format_duration(json_quantile(endpoint, "p95")).s),
            mem_text(format_duration(json_quantile(endpoint, "p99")).s),
            mem_text(
                format_duration(json_number_value(json_object_get(endpoint, "max_ns")))
                    .s)};
        for (size_t n = 0; n < sizeof(numbers) / sizeof(numbers[0]); n++) {
            size_t found = 0;
            for (size_t c = 0; c < table->column_count; c++)
                found += strcmp(table_at(table, row, c)->text, numbers[n]) == 0;
            if (found == 0)
                fail_msg("row %zu lacks %s", row, numbers[n]);
            assert_non_null(strstr(terminal, numbers[n]));
            char *unbroken = with_unbroken_spaces(numbers[n]);
            assert_non_null(strstr(markdown, unbroken));
            free(unbroken);
            free(numbers[n]);
        }
    }
    outline_release(&outline);
    free(terminal);
    free(markdown);
    json_decref(tree);
    shop_release(&shop);
}

static json_int_t sum_of(const json_t *array)
{
    json_int_t sum = 0;
    for (size_t i = 0; i < json_array_size(array); i++)
        sum += json_integer_value(json_array_get(array, i));
    return sum;
}

/* Columns are of one length; what their bins count is what their owner counts. */
static void assert_course_of(json_t *owner)
{
    json_t *course = json_object_get(owner, "course"), *column, *errors;
    size_t bins = json_array_size(json_object_get(course, "start"));
    const char *name;

    assert_true(bins > 0 && bins <= 96);
    json_object_foreach(course, name, column)
    {
        assert_int_equal(json_array_size(column), bins);
    }
    errors = json_object_get(owner, "errors");
    assert_int_equal(sum_of(json_object_get(course, "requests")),
                     json_integer_value(json_object_get(owner, "requests")));
    assert_int_equal(sum_of(json_object_get(course, "client_4xx")),
                     json_integer_value(json_object_get(errors, "client_4xx")));
    assert_int_equal(sum_of(json_object_get(course, "server_5xx")),
                     json_integer_value(json_object_get(errors, "server_5xx")));
}

static void assert_courses_add_up(json_t *tree)
{
    json_t *endpoint, *version;
    size_t i, v;

    assert_course_of(json_object_get(tree, "total"));
    json_array_foreach(json_object_get(tree, "endpoints"), i, endpoint)
    {
        assert_course_of(endpoint);
        json_array_foreach(json_object_get(endpoint, "versions"), v, version)
        {
            assert_course_of(version);
        }
    }
}

TEST(json_read_back_equals_the_report)
{
    struct shop shop;

    shop_init(&shop, 20);
    json_t *tree = json_of(&shop.report), *endpoint;
    const struct overview *overview = &shop.report.overview;
    json_t *endpoints = json_object_get(tree, "endpoints");
    size_t i;
    json_array_foreach(endpoints, i, endpoint)
    {
        const struct endpoint *expected = &overview->endpoints[shop.report.order[i]];
        assert_int_equal(json_integer_value(json_object_get(endpoint, "requests")),
                         expected->all.requests);
        double mean_ns = json_number_value(json_object_get(endpoint, "mean_ns"));
        assert_true(fabs(mean_ns - expected->all.mean_ns) <= 1e-11 * mean_ns);
        for (size_t q = 0; q < QUANTILES; q++) {
            double value_ns = json_quantile(endpoint, quantile_names[q]);
            assert_true(isnan(value_ns) == !expected->all.quantiles[q].known);
            if (!isnan(value_ns))
                assert_true(fabs(value_ns - expected->all.quantiles[q].value_ns) <= .5);
        }
        assert_int_equal(json_array_size(json_object_get(endpoint, "versions")),
                         expected->version_count);
    }
    assert_courses_add_up(tree);
    json_t *recorder = json_object_get(json_object_get(tree, "input"), "recorder");
    assert_int_equal(json_integer_value(json_object_get(recorder, "issued")), 8100);
    assert_string_equal(
        json_string_value(json_object_get(
            json_array_get(json_object_get(tree, "versions"), 1), "name")),
        "1.1");
    json_decref(tree);
    shop_release(&shop);
}

/* --- the schema --- */

TEST(the_schema_holds_for_a_shop)
{
    struct shop shop;

    shop_init(&shop, 20);
    assert_schema_holds(&shop.report);
    shop_release(&shop);
}

/* What nothing, one request, and one an hour for three years look like. */
static void assert_made_holds(struct made *made)
{
    struct input_report input = {.files = 1};
    struct report_options options;
    struct report report;
    struct err err = ERR_INIT;

    report_options_init(&options);
    options.time_zone = "Asia/Kathmandu";
    assert_int_equal(report_build(&report, made->summary, &input, &options, &err), 0);
    assert_schema_holds(&report);
    char *terminal = printed_terminal(&report, 80, false, true);
    char *markdown = printed_by(report_markdown, &report);
    assert_printable(terminal);
    assert_true(strlen(markdown) > 100);
    free(terminal);
    free(markdown);
    report_release(&report);
}

TEST(the_schema_holds_for_nothing_for_one_request_and_for_years)
{
    struct made made;
    struct made_request request = {.endpoint = 1, .start_utc_ns = START_NS};

    made_init(&made);
    assert_made_holds(&made);
    made_endpoint(&made, 1, "", "", "");
    made_add(&made, &request); /* took 0 ns */
    assert_made_holds(&made);
    for (int64_t day = 0; day < 1000; day++) {
        request.start_utc_ns = START_NS + day * 24 * HOUR_NS;
        request.duration_ns = UINT64_C(1) << (day % 60);
        made_add(&made, &request);
    }
    assert_made_holds(&made);
    made_release(&made);
}

/* --- Markdown --- */

TEST(names_do_not_become_markup)
{
    static const char *const forbidden[] = {
        "<script", "[x](javascript", "@root", "http://", "www.example", " #1", "\x1b"};
    struct shop shop;

    shop_init(&shop, 20);
    char *text = printed_by(report_markdown, &shop.report), *rest = NULL;
    for (size_t i = 0; i < sizeof(forbidden) / sizeof(forbidden[0]); i++)
        if (strstr(text, forbidden[i]))
            fail_msg("%s", strstr(text, forbidden[i]));
    size_t columns = 0;
    for (char *line = strtok_r(text, "\n", &rest); line;
         line = strtok_r(NULL, "\n", &rest)) {
        size_t bars = 0;
        for (const char *c = line; *c; c++)
            bars += *c == '|' && (c == line || c[-1] != '\\');
        if (line[0] != '|') {
            columns = 0;
            continue;
        }
        if (columns == 0)
            columns = bars;
        assert_int_equal(bars, columns);
    }
    free(text);
    shop_release(&shop);
}

TEST(markdown_stays_below_what_github_takes_and_says_what_is_missing)
{
    struct made made;
    struct input_report input = {.files = 1};
    struct report_options options;
    struct report report;
    struct err err = ERR_INIT;
    char name[300];

    made_init(&made);
    memset(name, '<', sizeof(name));
    for (uint32_t i = 1; i <= 6000; i++) {
        snprintf(name, 12, "GET /%06u", i);
        name[11] = '<';
        name[299] = '\0';
        made_endpoint(&made, i, "shop", "1", name);
        struct made_request request = {
            .endpoint = i, .start_utc_ns = START_NS, .duration_ns = i};
        made_add(&made, &request);
    }
    report_options_init(&options);
    options.top = 0;
    assert_int_equal(report_build(&report, made.summary, &input, &options, &err), 0);
    char *text = printed_by(report_markdown, &report);
    assert_true(strlen(text) <= 1000 * 1000 && strlen(text) > 900 * 1000);
    assert_non_null(strstr(text, "more rows are left out"));
    assert_non_null(strstr(text, "more parts are left out"));
    free(text);
    for (size_t most = 4000; most < 70000; most = most * 5 / 4) {
        report.options.markdown_bytes = most;
        text = printed_by(report_markdown, &report);
        assert_true(strlen(text) <= most && strlen(text) > most / 2);
        assert_non_null(strstr(text, "left out"));
        free(text);
    }
    report_release(&report);
    made_release(&made);
}

/* --- order and options --- */

TEST(rows_come_in_the_order_asked_for)
{
    struct shop shop;
    const struct endpoint *endpoints;

    shop_init(&shop, 20);
    endpoints = shop.report.overview.endpoints;
    for (size_t i = 1; i < shop.report.overview.endpoint_count; i++)
        assert_true(endpoints[shop.report.order[i - 1]].all.total_ns >=
                    endpoints[shop.report.order[i]].all.total_ns);
    shop_release(&shop);
}

TEST(an_unknown_time_zone_fails_the_report_and_can_be_released)
{
    struct made made;
    struct input_report input = {0};
    struct report_options options;
    struct report report;
    struct err err = ERR_INIT;

    made_init(&made);
    report_options_init(&options);
    options.time_zone = "Mars/Olympus";
    assert_int_equal(report_build(&report, made.summary, &input, &options, &err), -1);
    assert_int_equal(err.code, ERR_USAGE);
    report_release(&report);
    made_release(&made);
}

TEST(the_first_sentences_state_the_findings)
{
    struct shop shop;

    shop_init(&shop, 20);
    char *text = printed_terminal(&shop.report, 200, false, true);
    assert_non_null(strstr(text, "1.1 against 1.0: 1 endpoint got worse, "));
    assert_non_null(strstr(text, " got slower in 1.1: p"));
    assert_true(strstr(text, "95 % interval ") < strstr(text, "Endpoints, by"));
    free(text);
    shop_release(&shop);
}
