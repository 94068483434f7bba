/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What every printer makes of samples, exceptions and the rest beside requests. */
#include "testdata/cmocka_tests.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <jansson.h>

#include "code_place.h"
#include "report.h"
#include "src/base/err.h"
#include "src/input/input.h"
#include "src/summary/made_beside.h"

static const struct made_plan plan = {.seed = 31,
                                      .count = 4000,
                                      .processes = 4,
                                      .endpoints = 2,
                                      .versions = 2,
                                      .groups = 3,
                                      .addresses = 1,
                                      .runs = 1,
                                      .start_utc_ns = MADE_OFFSET_NS,
                                      .length_ns = 60000000000};

struct printed {
    struct summary *summary;
    struct input_report input;
    struct report report;
    char *text;
    size_t size;
};

static void build(struct printed *printed)
{
    struct report_options options;
    struct made_event *events = made_beside(&plan);
    struct made_request *requests = made_requests(&plan);
    struct err err = ERR_INIT;
    *printed = (struct printed){.summary = summary_new()};
    made_add(printed->summary, &plan, requests, plan.count, 100);
    made_add_events(printed->summary, &plan, events, plan.count);
    for (int i = 0; i < 8; i++)
        summary_add_gauge(printed->summary, (struct event_text){"a ramp", 6},
                          plan.start_utc_ns + i * (INT64_C(1) << GAUGE_SHIFT_FIRST),
                          i + 1);
    input_report_init(&printed->input);
    report_options_init(&options);
    options.time_zone = "UTC";
    options.repeatable = true;
    assert_int_equal(
        report_build(&printed->report, printed->summary, &printed->input, &options, &err),
        0);
    free(requests);
    free(events);
}

static const char *print(struct printed *printed,
                         int (*with)(const struct report *, FILE *, struct err *))
{
    free(printed->text);
    FILE *out = open_memstream(&printed->text, &printed->size);
    assert_int_equal(with(&printed->report, out, NULL), 0);
    fclose(out);
    return printed->text;
}

static void release(struct printed *printed)
{
    free(printed->text);
    report_release(&printed->report);
    input_report_release(&printed->input);
    summary_free(printed->summary);
}

static int as_terminal(const struct report *report, FILE *out, struct err *err)
{
    const struct terminal_style style = {.width = 160, .unicode = true};
    return report_terminal(report, &style, out, err);
}

static void assert_tells_all(const char *text)
{
    static const char *const words[] = {
        "in flight when", "exceptions of", "spends its time", "file2.py:80 function",
        "Only counted",   "queue-1",       "On the CPU",      "explains the difference"};
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        if (!strstr(text, words[i]))
            fail_msg("\"%s\" is not told", words[i]);
}

TEST(people_are_told_where_the_time_goes)
{
    struct printed printed;
    build(&printed);
    assert_tells_all(print(&printed, as_terminal));
    release(&printed);
}

/* Also those of differences that are not certain. */
TEST(every_chart_has_a_title)
{
    struct printed printed;
    bool uncertain = false;
    build(&printed);
    const struct report *report = &printed.report;
    for (size_t i = 0; i < report->profile.endpoint_count; i++)
        uncertain |= !report->profile.endpoints[i].changes[0].real;
    assert_true(uncertain);
    for (size_t i = 0; i < report->chart_count; i++)
        assert_true(report->charts[i].title && *report->charts[i].title);
    release(&printed);
}

TEST(the_page_tells_it_too)
{
    struct printed printed;
    build(&printed);
    assert_non_null(strstr(print(&printed, report_html), "spends its time"));
    assert_non_null(strstr(print(&printed, report_markdown), "spends its time"));
    release(&printed);
}

TEST(gauges_are_shown_over_time)
{
    struct printed printed;
    build(&printed);
    const char *row = strstr(print(&printed, as_terminal), "a ramp");
    assert_non_null(row);
    assert_true(strstr(row, "▂▃▄▅▅▆▇█") < strchr(row, '\n'));
    assert_non_null(strstr(row, "▂▃▄▅▅▆▇█"));
    row = strstr(print(&printed, report_html), "a ramp");
    assert_non_null(row);
    assert_true(strstr(row, "<svg") < strstr(row, "</tr>"));
    release(&printed);
}

TEST(the_schema_holds_for_profiles)
{
    char path[] = "/tmp/fmd-report-XXXXXX", command[256];
    struct printed printed;
    int descriptor = mkstemp(path);
    FILE *file = fdopen(descriptor, "w");
    build(&printed);
    assert_int_equal(report_json(&printed.report, file, NULL), 0);
    fclose(file);
    snprintf(command, sizeof(command), "/usr/bin/python3 src/report/check_schema.py %s",
             path);
    assert_int_equal(system(command), 0); /* NOLINT(cert-env33-c): a fixed command */
    unlink(path);
    release(&printed);
}

/* Time of all lines, the number behind the last space. */
static uint64_t folded_us(const char *text)
{
    uint64_t us = 0;
    for (const char *end; (end = strchr(text, '\n')); text = end + 1) {
        const char *at = end;
        while (at > text && at[-1] != ' ')
            at--;
        us += strtoull(at, NULL, 10);
    }
    return us;
}

TEST(folded_stacks_hold_all_sampled_time)
{
    struct printed printed;
    uint64_t us = 0;
    build(&printed);
    const char *text = print(&printed, report_folded);
    for (size_t e = 0; e < printed.report.profile.endpoint_count; e++)
        us += printed.report.profile.endpoints[e].us;
    assert_true(us > 0);
    assert_int_equal(folded_us(text), us);
    assert_non_null(strstr(text, "GET /1;1.0;file"));
    release(&printed);
}

TEST(speedscope_holds_all_sampled_time)
{
    json_error_t error;
    struct printed printed;
    uint64_t us = 0, weights = 0;
    size_t i, k;
    json_t *profile, *weight;
    build(&printed);
    json_t *tree = json_loads(print(&printed, report_speedscope), 0, &error);
    assert_non_null(tree);
    for (size_t e = 0; e < printed.report.profile.endpoint_count; e++)
        us += printed.report.profile.endpoints[e].us;
    size_t frames =
        json_array_size(json_object_get(json_object_get(tree, "shared"), "frames"));
    json_array_foreach(json_object_get(tree, "profiles"), i, profile)
    {
        json_t *stack = json_array_get(json_object_get(profile, "samples"), 1);
        json_array_foreach(json_object_get(profile, "weights"), k, weight) weights +=
            (uint64_t)json_integer_value(weight);
        assert_true((size_t)json_integer_value(json_array_get(stack, 0)) < frames);
    }
    assert_int_equal(weights, us);
    json_decref(tree);
    release(&printed);
}

TEST(a_full_disk_is_an_error_of_exports)
{
    struct printed printed;
    struct err folded = ERR_INIT, speedscope = ERR_INIT;
    FILE *full = fopen("/dev/full", "w");
    build(&printed);
    assert_int_equal(report_folded(&printed.report, full, &folded), -1);
    assert_int_equal(report_speedscope(&printed.report, full, &speedscope), -1);
    assert_int_equal(speedscope.code, ERR_OUTPUT);
    fclose(full);
    release(&printed);
}

TEST(places_are_files_without_their_folders)
{
    struct name file = {"/srv/shop/cart.py", 17}, function = {"Cart.step", 9};
    char *place = code_place(file, 31, function);
    assert_string_equal(place, "cart.py:31 Cart.step");
    free(place);
    place = code_place((struct name){"", 0}, 0, (struct name){"(not readable)", 14});
    assert_string_equal(place, "(not readable)");
    free(place);
}

TEST(every_endpoint_with_samples_has_a_flame_graph_of_its_functions)
{
    struct printed printed;
    build(&printed);
    const char *page = print(&printed, report_html);
    size_t profiles = 0;
    for (size_t i = 0; i < printed.report.chart_count; i++)
        profiles += printed.report.charts[i].kind == REPORT_CHART_PROFILE;
    assert_int_equal(profiles, printed.report.profile.endpoint_count);
    const struct profile_endpoint *endpoint = &printed.report.profile.endpoints[0];
    size_t frames = 0;
    for (const char *at = page; (at = strstr(at, "<g data-frame=\"")); at++)
        frames++;
    assert_true(frames > endpoint->node_count / 4);
    release(&printed);
}
