/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "report.h"

#include "display.h"
#include "format.h"
#include "outline.h"

#include "src/base/err.h"
#include "src/base/mem.h"
#include "src/findings/made_summary.h"
#include "src/input/input.h"

#include <dirent.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <jansson.h>

#include "testdata/cmocka_tests.h"

#define HOUR_NS INT64_C(3600000000000)
#define START_NS INT64_C(1711800000000000000) /* 2024-03-30 12:00 UTC */

/* --- a shop with everything that hurts --- */

struct shop {
    struct made made;
    struct input_report input;
    struct input_note note;
    struct report report;
};

#define EVIL_MARKUP                                                                      \
    "GET /\x1b[31m\x1b]0;\a\r\n|`*_[x](javascript:1)<script>a()</script>@root #1 $x$"

static const char *const evil_names[] = {
    "GET /",
    "GET /cart/<int:id>",
    EVIL_MARKUP,
    "GET /not\xff\xfeutf8\xe6\x97",
    "GET /日本語/商品/العربية/🙂",
    "GET /\xe2\x80\xaegnirts\xe2\x80\xa8next &amp; www.example.com http://example.com",
    "",
};
enum { EVIL_NAMES = sizeof(evil_names) / sizeof(evil_names[0]) };

static void add_requests(struct made *made, const char *version, uint32_t first_id,
                         int64_t start_ns, double factor)
{
    uint64_t seed = first_id;

    for (uint32_t e = 0; e < EVIL_NAMES; e++)
        made_endpoint(made, first_id + e, "shop", version, evil_names[e]);
    for (int64_t i = 0; i < 4000; i++) {
        uint32_t e = (uint32_t)(made_uniform(&seed) * made_uniform(&seed) * EVIL_NAMES);
        struct made_request request = {
            .endpoint = first_id + e,
            .group = 1 + e,
            .address = 1 + (uint32_t)(made_uniform(&seed) * 3),
            .start_utc_ns = start_ns + i * HOUR_NS / 200,
            .duration_ns =
                made_latency_ns(&seed, 5e6 * (e + 1) * (e == 1 ? factor : 1), .6),
            .status = i % 97 ? 200 : 500};
        request.first_byte_ns = request.duration_ns / 2 + 1;
        made_add(made, &request);
    }
}

static void shop_input(struct shop *shop)
{
    shop->note = (struct input_note){
        .kind = INPUT_DAMAGE,
        .file = "traces/\x1b[2Jweb.fmd",
        .sentence =
            "block 17 of traces/\x1b[2Jweb.fmd is damaged; its 12 requests were skipped",
        .blocks = 1,
        .requests = 12};
    shop->input = (struct input_report){.files = 3,
                                        .traces = 2,
                                        .processes = 2,
                                        .clean_ends = 1,
                                        .bytes = 123456,
                                        .blocks = 9,
                                        .blocks_skipped = 1,
                                        .requests = 8000,
                                        .requests_skipped = 12,
                                        .requests_recovered = 34,
                                        .notes = &shop->note,
                                        .note_count = 1};
    shop->input.recorder =
        (struct input_recorder){.issued = 8100, .recorded = 8057, .dropped = {40, 3}};
    shop->input.notes_by_kind[INPUT_DAMAGE] = 1;
}

static void shop_init(struct shop *shop, unsigned top)
{
    struct report_options options;
    struct err err = ERR_INIT;

    made_init(&shop->made);
    for (uint32_t g = 1; g <= EVIL_NAMES; g++)
        made_group(&shop->made, g, evil_names[g - 1]);
    made_address(&shop->made, 1, "192.0.2.1");
    made_address(&shop->made, 2, "2001:db8::1");
    made_address(&shop->made, 3, "\x1b[1A");
    add_requests(&shop->made, "1.0", 1, START_NS, 1);
    add_requests(&shop->made, "1.1", 100, START_NS + 20 * HOUR_NS, 3);
    shop_input(shop);
    report_options_init(&options);
    options.time_zone = "Europe/Amsterdam";
    options.top = top;
    options.repeatable = true;
    options.title = "traces.tar.gz";
    if (report_build(&shop->report, shop->made.summary, &shop->input, &options, &err))
        fail_msg("%s", err.message);
}

static void shop_release(struct shop *shop)
{
    report_release(&shop->report);
    made_release(&shop->made);
}

/* All that a printer wrote; the caller frees. */
static char *printed_terminal(const struct report *report, unsigned width, bool colour,
                              bool unicode)
{
    struct terminal_style style = {.width = width, .colour = colour, .unicode = unicode};
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);

    assert_int_equal(report_terminal(report, &style, out, NULL), 0);
    fclose(out);
    return text;
}

static char *printed_by(int (*print)(const struct report *, FILE *, struct err *),
                        const struct report *report)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);

    assert_int_equal(print(report, out, NULL), 0);
    fclose(out);
    return text;
}

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

static json_t *json_of(const struct report *report)
{
    char *text = printed_by(report_json, report);
    json_error_t error;
    json_t *tree = json_loads(text, JSON_ALLOW_NUL, &error);

    if (!tree)
        fail_msg("line %d: %s", error.line, error.text);
    free(text);
    return tree;
}

static double json_quantile(json_t *distribution, const char *name)
{
    json_t *quantile = json_object_get(json_object_get(distribution, "quantiles"), name);

    return json_is_null(quantile)
               ? (double)NAN
               : json_number_value(json_object_get(quantile, "value_ns"));
}

/* Every number of the JSON's endpoints, as text, is in that endpoint's row of the
 * outline; all rows are in Markdown and, wide enough, in the terminal. */
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
            assert_non_null(strstr(markdown, numbers[n]));
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
        assert_int_equal(json_array_size(column), bins);
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
            assert_course_of(version);
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

static void assert_schema_holds(const struct report *report)
{
    char path[] = "/tmp/fmd-report-XXXXXX", command[256];
    int descriptor = mkstemp(path);
    FILE *file = fdopen(descriptor, "w");

    assert_int_equal(report_json(report, file, NULL), 0);
    fclose(file);
    snprintf(command, sizeof(command), "/usr/bin/python3 src/report/check_schema.py %s",
             path);
    assert_int_equal(system(command), 0);
    unlink(path);
}

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

/* --- a directory --- */

static void made_directory(char *path, size_t size)
{
    snprintf(path, size, "/tmp/fmd-report-XXXXXX");
    assert_non_null(mkdtemp(path));
}

static void remove_tree(const char *path)
{
    char command[256];

    snprintf(command, sizeof(command), "rm -rf '%s'", path);
    assert_int_equal(system(command), 0);
}

static bool exists(const char *directory, const char *name)
{
    char path[512];
    struct stat status;

    snprintf(path, sizeof(path), "%s/%s", directory, name);
    return stat(path, &status) == 0;
}

static void touch(const char *directory, const char *name)
{
    char path[512];

    snprintf(path, sizeof(path), "%s/%s", directory, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fclose(file);
}

/* Entries of a directory that end so. */
static size_t count_files(const char *directory, const char *name, const char *end)
{
    char path[512];
    size_t count = 0;

    snprintf(path, sizeof(path), "%s/%s", directory, name);
    DIR *dir = opendir(path);
    assert_non_null(dir);
    for (struct dirent *entry; (entry = readdir(dir));) {
        size_t length = strlen(entry->d_name), end_length = strlen(end);
        count +=
            length > end_length && strcmp(entry->d_name + length - end_length, end) == 0;
    }
    closedir(dir);
    return count;
}

static const char *json_string_of(json_t *object, const char *key)
{
    return json_string_value(json_object_get(object, key));
}

/* From the header of the file, in pixels. */
static uint32_t png_width(const char *directory, const char *name)
{
    char path[512];
    unsigned char head[20];

    snprintf(path, sizeof(path), "%s/%s", directory, name);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    assert_int_equal(fread(head, 1, sizeof(head), file), sizeof(head));
    assert_int_equal(fclose(file), 0);
    assert_memory_equal(head + 1, "PNG", 3);
    return (uint32_t)head[16] << 24 | (uint32_t)head[17] << 16 | (uint32_t)head[18] << 8 |
           (uint32_t)head[19];
}

/* Text without an address, a picture with one: every one. */
static void assert_charts_in_markdown(struct report *report)
{
    char *plain = printed_by(report_markdown, report);
    report->options.asset_url = "https://example.org/a (b)/";
    char *shown = printed_by(report_markdown, report);
    for (size_t i = 0; i < report->chart_count; i++) {
        char text[256], picture[256];
        snprintf(text, sizeof(text), ": `charts/%s.svg`", report->charts[i].name);
        snprintf(picture, sizeof(picture),
                 "](https://example.org/a%%20%%28b%%29/charts/%s@2x.png)",
                 report->charts[i].name);
        assert_true(strstr(plain, text) && !strstr(plain, "](charts"));
        assert_non_null(strstr(shown, picture));
    }
    report->options.asset_url = NULL;
    free(shown);
    free(plain);
}

TEST(a_directory_gets_json_markdown_and_the_charts_they_name)
{
    struct shop shop;
    char path[64];
    struct err err = ERR_INIT;

    made_directory(path, sizeof(path));
    shop_init(&shop, 20);
    shop.report.options.chart_endpoints = 2;
    if (report_write_directory(&shop.report, path, false, &err))
        fail_msg("%s", err.message);
    assert_true(exists(path, "report.json") && exists(path, "report.md"));
    assert_int_equal(count_files(path, "charts", ".svg"), shop.report.chart_count);
    assert_int_equal(count_files(path, "charts", ".png"), 2 * shop.report.chart_count);
    assert_int_equal(count_files(path, "charts", "@2x.png"), shop.report.chart_count);
    assert_int_equal(count_files(path, "charts", ".part"), 0);
    json_t *tree = json_of(&shop.report), *chart;
    json_t *charts = json_object_get(tree, "charts");
    size_t i;
    assert_int_equal(json_array_size(charts), shop.report.chart_count);
    json_array_foreach(charts, i, chart)
    {
        assert_true(exists(path, json_string_of(chart, "svg")));
        uint32_t width = png_width(path, json_string_of(chart, "png"));
        assert_int_equal(width, 800);
        assert_int_equal(png_width(path, json_string_of(chart, "png_2x")), 2 * width);
    }
    assert_schema_holds(&shop.report);
    assert_charts_in_markdown(&shop.report);
    json_decref(tree);
    shop_release(&shop);
    remove_tree(path);
}

TEST(an_earlier_report_is_replaced_with_its_charts)
{
    struct shop shop;
    char path[64], charts[128];
    struct err err = ERR_INIT;

    made_directory(path, sizeof(path));
    snprintf(charts, sizeof(charts), "%s/charts", path);
    mkdir(charts, 0777);
    touch(path, "report.json");
    touch(charts, "latency-old-00000000.svg");
    touch(charts, "usage-days-old@2x.png");
    touch(charts, "latency-old-00000000.png.part");
    shop_init(&shop, 20);
    assert_int_equal(report_write_directory(&shop.report, path, false, &err), 0);
    assert_false(exists(charts, "latency-old-00000000.svg"));
    assert_false(exists(charts, "latency-old-00000000.png.part"));
    assert_false(exists(charts, "usage-days-old@2x.png"));
    shop_release(&shop);
    remove_tree(path);
}

TEST(a_directory_with_anything_else_is_refused_and_force_keeps_it)
{
    struct shop shop;
    char path[64];
    struct err err = ERR_INIT;

    made_directory(path, sizeof(path));
    touch(path, "thesis.tex");
    shop_init(&shop, 20);
    assert_int_equal(report_check_directory(path, false, &err), -1);
    assert_int_equal(err.code, ERR_USAGE);
    assert_non_null(strstr(err.message, "thesis.tex"));
    assert_non_null(strstr(err.message, "--force"));
    err = (struct err)ERR_INIT;
    assert_int_equal(report_write_directory(&shop.report, path, false, &err), -1);
    assert_false(exists(path, "report.json"));
    err = (struct err)ERR_INIT;
    assert_int_equal(report_write_directory(&shop.report, path, true, &err), 0);
    assert_true(exists(path, "report.json") && exists(path, "thesis.tex"));
    shop_release(&shop);
    remove_tree(path);
}

TEST(a_place_that_cannot_be_written_is_said_in_a_sentence)
{
    struct shop shop;
    struct err err = ERR_INIT;

    shop_init(&shop, 20);
    assert_int_equal(report_check_directory("/etc/hostname", false, &err), -1);
    assert_non_null(strstr(err.message, "is a file"));
    err = (struct err)ERR_INIT;
    assert_int_equal(
        report_write_directory(&shop.report, "/proc/no/such/place", false, &err), -1);
    assert_int_equal(err.code, ERR_OUTPUT);
    shop_release(&shop);
}

TEST(a_full_disk_is_an_error_of_every_printer)
{
    struct shop shop;

    shop_init(&shop, 20);
    for (int i = 0; i == 0 || report_formats[i - 1].suffix; i++) {
        struct terminal_style style = {.width = 80, .unicode = true};
        struct err err = ERR_INIT;
        FILE *full = fopen("/dev/full", "w");
        assert_non_null(full);
        bool is_export = i > 0 && !report_formats[i - 1].suffix;
        int result = i == 0 ? report_terminal(&shop.report, &style, full, &err)
                            : report_formats[i - 1].print(&shop.report, full, &err);
        assert_int_equal(result, -1);
        /* without stacks there is nothing to export */
        assert_int_equal(err.code, is_export ? ERR_INPUT : ERR_OUTPUT);
        fclose(full);
    }
    shop_release(&shop);
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
