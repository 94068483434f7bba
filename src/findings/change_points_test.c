/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "change_points.h"

#include "made_summary.h"
#include "simulated_service.h"

#include "testdata/cmocka_tests.h"

#define MINUTE_NS INT64_C(60000000000)

/* --- series --- */

enum { SERIES = 20, BLOCKS = 256 };

/* Reports of 20 stable series in which one is named, of 100. */
static int false_alarms(double correlation)
{
    double values[BLOCKS], ones[BLOCKS];
    double level = change_points_level(SERIES * CHANGE_KINDS);
    uint64_t state = 17;
    int alarms = 0;
    for (int report = 0; report < 100; report++) {
        bool alarm = false;
        for (int s = 0; s < SERIES; s++) {
            struct change_series series = {values, ones, BLOCKS};
            double x = simulated_normal(&state), p, variance;
            for (int k = 0; k < BLOCKS; k++) {
                ones[k] = 1;
                values[k] = x;
                x = correlation * x +
                    sqrt(1 - correlation * correlation) * simulated_normal(&state);
            }
            change_find(&series, &p, &variance);
            alarm |= p < level;
        }
        alarms += alarm;
    }
    return alarms;
}

/* Of 5 % expected at most; 13 of 100 by chance in less than 0.2 % of runs. */
TEST(stable_series_that_depend_on_their_past_raise_few_alarms)
{
    assert_true(false_alarms(0) < 13);
    assert_true(false_alarms(.3) < 13);
    assert_true(false_alarms(.6) < 13);
    assert_true(false_alarms(.9) < 13);
}

/* The split that leaves the least squares, looked for one by one. */
TEST(the_split_of_a_step_is_where_least_squares_see_it)
{
    double values[BLOCKS], ones[BLOCKS], p, variance;
    uint64_t random = 5;
    for (int k = 0; k < BLOCKS; k++) {
        ones[k] = 1;
        values[k] = simulated_normal(&random) + (k >= 170 ? 3 : 0);
    }
    struct change_series series = {values, ones, BLOCKS};
    unsigned split = change_find(&series, &p, &variance), best = 0;
    double least = INFINITY;
    for (unsigned at = 8; at <= BLOCKS - 8; at++) {
        double left = 0, mean[2] = {0, 0};
        for (unsigned k = 0; k < BLOCKS; k++)
            mean[k >= at] += values[k] / (k < at ? at : BLOCKS - at);
        for (unsigned k = 0; k < BLOCKS; k++)
            left += pow(values[k] - mean[k >= at], 2);
        if (left < least) {
            least = left;
            best = at;
        }
    }
    assert_true(split >= best - 2 && split <= best + 2);
    assert_true(p < 1e-6);
    assert_true(variance > .2 * BLOCKS && variance < 5 * BLOCKS);
}

/* --- endpoints --- */

/* A day; from minute `slow_at` on GET /cart takes two and a half times as long, from
 * `fail_at` on GET / fails in 5 % instead of 1 %; version 1.1 from minute `version_at`
 * on. */
static void make_day(struct made *made, int slow_at, int fail_at, int version_at)
{
    uint64_t seed = 9;
    made_init(made);
    for (uint32_t v = 0; v < 2; v++) {
        made_endpoint(made, 1 + 2 * v, "shop", v ? "1.1" : "1.0", "GET /cart");
        made_endpoint(made, 2 + 2 * v, "shop", v ? "1.1" : "1.0", "GET /");
    }
    for (int i = 0; i < 1440 * 40; i++) {
        int minute = i / 40;
        bool cart = i % 2;
        double failing = !cart && minute >= fail_at ? .05 : .01;
        struct made_request request = {
            .endpoint = (cart ? 1u : 2u) + (minute >= version_at ? 2u : 0u),
            .start_utc_ns = INT64_C(1795424400000000000) + minute * MINUTE_NS + i % 40,
            .duration_ns =
                made_latency_ns(&seed, cart && minute >= slow_at ? 5e7 : 2e7, .5),
            .status = made_uniform(&seed) < failing ? 500 : 200};
        made_add(made, &request);
    }
}

TEST(changes_of_latency_and_errors_are_told_with_time_size_and_interval)
{
    struct made made;
    struct change_points changes;
    make_day(&made, 600, 900, 9999);
    change_points_build(&changes, made.summary);
    assert_int_equal(changes.count, 2);
    const struct change_point *errors = &changes.points[0], *slow = &changes.points[1];
    assert_string_equal(errors->endpoint->name.bytes, "GET /");
    assert_int_equal(errors->kind, CHANGE_ERRORS);
    assert_true(errors->change_low < .04 && errors->change_high > .04);
    assert_string_equal(slow->endpoint->name.bytes, "GET /cart");
    assert_int_equal(slow->kind, CHANGE_LATENCY);
    assert_true(slow->change_low < 2.5 && slow->change_high > 2.5);
    assert_true(slow->change_low > 2.3 && slow->change_high < 2.7);
    double minute =
        (double)(slow->utc_ns - INT64_C(1795424400000000000)) / (double)MINUTE_NS;
    assert_true(fabs(minute - 600) * 60 <= 2 * slow->block_s);
    change_points_release(&changes);
    made_release(&made);
}

TEST(a_change_with_a_new_version_is_the_versions)
{
    struct made made;
    struct change_points changes;
    make_day(&made, 600, 9999, 600);
    change_points_build(&changes, made.summary);
    assert_int_equal(changes.count, 0);
    change_points_release(&changes);
    made_release(&made);
}

/* Six runs of ten minutes; the last three take three times as long. */
TEST(what_differs_between_recording_runs_is_no_change)
{
    struct summary *summary = summary_new();
    struct change_points changes;
    uint64_t seed = 4;
    for (uint32_t run = 0; run < 6; run++) {
        char name[] = "run-0";
        name[4] = (char)('0' + run);
        struct event_source source = {.host = "ci", .run = name, .process = run};
        struct made made = {summary, source_map_new(summary, &source), 0};
        made_endpoint(&made, 1, "shop", "1.0", "GET /");
        for (int i = 0; i < 6000; i++)
            made_add(&made,
                     &(struct made_request){
                         .endpoint = 1,
                         .start_utc_ns = INT64_C(1795424400000000000) +
                                         10 * MINUTE_NS * run + MINUTE_NS / 600 * i,
                         .duration_ns = made_latency_ns(&seed, run >= 3 ? 6e7 : 2e7, .5),
                         .status = 200});
        source_map_free(made.map);
    }
    change_points_build(&changes, summary);
    assert_int_equal(changes.count, 0);
    change_points_release(&changes);
    summary_free(summary);
}

TEST(a_stable_day_has_no_change)
{
    struct made made;
    struct change_points changes;
    make_day(&made, 9999, 9999, 9999);
    change_points_build(&changes, made.summary);
    assert_int_equal(changes.count, 0);
    change_points_release(&changes);
    made_release(&made);
}
