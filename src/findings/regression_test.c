/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "testdata/cmocka_tests.h"

#include "gsl_errors.h"
#include "made_summary.h"
#include "mix.h"
#include "regression.h"
#include "simulated_service.h"
#include "src/base/err.h"

#define START_NS INT64_C(1795424400000000000) /* 2026-11-23 09:00 UTC */
#define SECOND_NS INT64_C(1000000000)
#define HOUR_NS (3600 * SECOND_NS)

static struct regression built(const struct summary *summary,
                               const struct regression_options *options)
{
    struct regression regression;
    struct regression_options standard;

    gsl_errors_become_statuses();
    regression_options_init(&standard);
    assert_int_equal(
        regression_build(&regression, summary, options ? options : &standard, NULL), 0);
    return regression;
}

/* Adds count requests of endpoint over some time, log-normal around a median. */
static void add_requests(struct made *made, uint32_t endpoint, int64_t begin_ns,
                         int64_t length_ns, unsigned count, double median_ms,
                         uint64_t *state)
{
    for (unsigned i = 0; i < count; i++) {
        struct made_request request = {.endpoint = endpoint,
                                       .start_utc_ns = begin_ns + length_ns / count * i,
                                       .duration_ns =
                                           made_latency_ns(state, median_ms * 1e6, .4),
                                       .status = 200};
        made_add(made, &request);
    }
}

/* Two versions of six endpoints, 73 hours each; /e changes by factor. */
static void made_versions(struct made *made, double factor, double scale, uint64_t seed)
{
    made_init(made);
    for (uint32_t v = 0; v < 2; v++)
        for (uint32_t e = 0; e < 6; e++) {
            char name[] = "GET /a";
            name[5] = (char)('a' + e);
            made_endpoint(made, 10 * v + e + 1, "shop", v ? "1.1" : "1.0", name);
            double median = scale * (10 + 5 * e) * (v && e == 4 ? factor : 1);
            uint64_t random = seed + v * 100 + e;
            add_requests(made, 10 * v + e + 1, START_NS + 73 * HOUR_NS * v, 73 * HOUR_NS,
                         3000, median, &random);
        }
}

static const struct regression_endpoint *endpoint_of(const struct regression *regression,
                                                     const char *name)
{
    const struct regression_comparison *comparison = &regression->comparisons[0];

    for (size_t i = 0; i < comparison->endpoint_count; i++)
        if (strcmp(comparison->endpoints[i].name.bytes, name) == 0)
            return &comparison->endpoints[i];
    fail_msg("no %s", name);
    return NULL;
}

TEST(an_endpoint_that_got_slower_is_told_with_size_and_interval_and_no_other)
{
    struct made made;

    made_versions(&made, 1.3, 1, 7);
    struct regression regression = built(made.summary, NULL);
    const struct regression_comparison *comparison = &regression.comparisons[0];
    assert_int_equal(regression.comparison_count, 1);
    assert_string_equal(comparison->older.bytes, "1.0");
    assert_string_equal(comparison->newer.bytes, "1.1");
    assert_int_equal(comparison->basis, REGRESSION_BLOCKS);
    assert_int_equal(regression.verdicts[REGRESSION_REGRESSED], 1);
    assert_int_equal(regression.verdicts[REGRESSION_IMPROVED], 0);
    const struct regression_endpoint *e = endpoint_of(&regression, "GET /e");
    assert_int_equal(e->verdict, REGRESSION_REGRESSED);
    const struct regression_finding *p95 = &e->findings[REGRESSION_P95];
    assert_int_equal(p95->verdict, REGRESSION_REGRESSED);
    assert_true(p95->ratio.low < 1.3 && 1.3 < p95->ratio.high);
    assert_true(p95->ratio.low > 1.1 && p95->ratio.high < 1.5);
    assert_int_equal(p95->older.requests, 3000);
    assert_int_equal(p95->newer.requests, 3000);
    assert_true(p95->difference.value > 10e6);
    regression_release(&regression);
    made_release(&made);
}

/* The same requests with the names of the versions exchanged. */
TEST(swapping_the_sides_mirrors_the_verdicts)
{
    struct made made;
    struct regression_options options;

    made_versions(&made, 1.3, 1, 7);
    struct regression forth = built(made.summary, NULL);
    regression_options_init(&options);
    options.version_order = "1.1,1.0";
    struct regression back = built(made.summary, &options);
    assert_string_equal(back.comparisons[0].newer.bytes, "1.0");
    for (size_t i = 0; i < 6; i++)
        for (unsigned m = 0; m < REGRESSION_METRICS; m++) {
            const struct regression_finding *a =
                &forth.comparisons[0].endpoints[i].findings[m];
            const struct regression_finding *b =
                &back.comparisons[0].endpoints[i].findings[m];
            enum regression_verdict mirror =
                a->verdict == REGRESSION_REGRESSED  ? REGRESSION_IMPROVED
                : a->verdict == REGRESSION_IMPROVED ? REGRESSION_REGRESSED
                                                    : a->verdict;
            assert_int_equal(b->verdict, mirror);
            assert_int_equal(a->threshold_ns, b->threshold_ns);
            if (m >= REGRESSION_LATENCIES)
                continue;
            assert_true(fabs(a->ratio.value * b->ratio.value - 1) < 1e-9);
            assert_true(fabs(a->raw_ratio * b->raw_ratio - 1) < 1e-9);
            assert_true(a->ratio.low <= a->ratio.value &&
                        a->ratio.value <= a->ratio.high);
            assert_true(fabs(a->p_worse - b->p_better) < 1e-12);
        }
    regression_release(&forth);
    regression_release(&back);
    made_release(&made);
}

TEST(eight_times_longer_durations_have_the_same_ratios_and_verdicts)
{
    struct made made, scaled;

    made_versions(&made, 1.3, 1, 7);
    made_versions(&scaled, 1.3, 8, 7);
    struct regression a = built(made.summary, NULL), b = built(scaled.summary, NULL);
    for (size_t i = 0; i < 6; i++)
        for (unsigned m = 0; m < REGRESSION_LATENCIES; m++) {
            const struct regression_finding *x =
                &a.comparisons[0].endpoints[i].findings[m];
            const struct regression_finding *y =
                &b.comparisons[0].endpoints[i].findings[m];
            assert_int_equal(x->verdict, y->verdict);
            assert_int_equal(8 * x->threshold_ns, y->threshold_ns);
            assert_true(fabs(x->ratio.value / y->ratio.value - 1) < 1e-6);
            assert_true(x->p_worse == y->p_worse);
        }
    regression_release(&a);
    regression_release(&b);
    made_release(&made);
    made_release(&scaled);
}

TEST(few_requests_are_insufficient_and_one_version_is_no_comparison)
{
    struct made made;
    uint64_t random = 1;

    made_init(&made);
    made_endpoint(&made, 1, "shop", "1.0", "GET /a");
    add_requests(&made, 1, START_NS, HOUR_NS, 29, 10, &random);
    struct regression alone = built(made.summary, NULL);
    assert_int_equal(alone.comparison_count, 0);
    regression_release(&alone);
    made_endpoint(&made, 2, "shop", "1.1", "GET /a");
    add_requests(&made, 2, START_NS + HOUR_NS, HOUR_NS, 500, 30, &random);
    struct regression regression = built(made.summary, NULL);
    assert_int_equal(endpoint_of(&regression, "GET /a")->verdict,
                     REGRESSION_INSUFFICIENT);
    assert_int_equal(endpoint_of(&regression, "GET /a")->findings[0].reason,
                     REGRESSION_FEW_REQUESTS);
    regression_release(&regression);
    made_release(&made);
}

/* A load test of one run a side: 20 % is never a regression. */
TEST(one_run_a_side_does_not_tell_of_twenty_percent)
{
    struct made made;
    uint64_t random = 5;

    made_init(&made);
    made_endpoint(&made, 1, "shop", "1.0", "GET /a");
    made_endpoint(&made, 2, "shop", "1.1", "GET /a");
    add_requests(&made, 1, START_NS, 60 * SECOND_NS, 5000, 50, &random);
    add_requests(&made, 2, START_NS + 70 * SECOND_NS, 60 * SECOND_NS, 5000, 60, &random);
    struct regression regression = built(made.summary, NULL);
    assert_true(regression.comparisons[0].load_test);
    const struct regression_finding *p50 =
        &endpoint_of(&regression, "GET /a")->findings[REGRESSION_P50];
    assert_true(p50->p_worse < 1e-6);
    assert_int_equal(p50->verdict, REGRESSION_INCONCLUSIVE);
    assert_int_equal(p50->reason, REGRESSION_FEW_RUNS);
    assert_true(p50->detectable >= 1.3);
    regression_release(&regression);
    made_release(&made);
}

TEST(a_canary_is_compared_block_by_block_with_what_runs_beside_it)
{
    struct simulated_service service = {.endpoints = 6,
                                        .requests_least = 2000,
                                        .requests_most = 4000,
                                        .window_s = 72 * 3600,
                                        .slow = .2,
                                        .slow_s = {1200, 10800},
                                        .runs = 1,
                                        .overlap = true,
                                        .change = {.endpoint = 5, .factor = 1.3}};
    struct summary *summary = simulated_summary(&service, 3);
    struct regression_options options;
    regression_options_init(&options);
    options.version_order = "1.0,1.1"; /* both begin with the window */
    struct regression regression = built(summary, &options);
    assert_int_equal(regression.comparisons[0].basis, REGRESSION_OVERLAP);
    assert_int_equal(regression.comparisons[0].older_units,
                     regression.comparisons[0].newer_units);
    assert_int_equal(endpoint_of(&regression, "GET /05")->verdict, REGRESSION_REGRESSED);
    assert_int_equal(regression.verdicts[REGRESSION_REGRESSED], 1);
    regression_release(&regression);
    summary_free(summary);
}

TEST(five_interleaved_runs_a_side_are_the_units)
{
    struct simulated_service service = {.endpoints = 6,
                                        .requests_least = 500,
                                        .requests_most = 2000,
                                        .window_s = 60,
                                        .slow_s = {2, 20},
                                        .runs = 5,
                                        .run_spread = .02,
                                        .change = {.endpoint = 5, .factor = .5}};
    struct summary *summary = simulated_summary(&service, 3);
    struct regression regression = built(summary, NULL);
    assert_int_equal(regression.comparisons[0].basis, REGRESSION_RUN_PAIRS);
    assert_int_equal(regression.comparisons[0].older_units, 5);
    assert_false(regression.comparisons[0].load_test);
    assert_int_equal(endpoint_of(&regression, "GET /05")->verdict, REGRESSION_IMPROVED);
    assert_int_equal(endpoint_of(&regression, "GET /05")->findings[0].newer.units, 5);
    regression_release(&regression);
    summary_free(summary);
}

/* Five runs a side in turns; an endpoint without any noise and, beside it, noisy ones. */
static struct regression built_of_steady_runs(struct made *made, double newer_ms,
                                              double spread)
{
    made_init(made);
    for (uint32_t v = 0; v < 2; v++)
        made_endpoint(made, v + 1, "shop", v ? "1.1" : "1.0", "GET /steady");
    for (unsigned r = 0; r < 10; r++) {
        char run[8];
        snprintf(run, sizeof(run), "%u", r);
        struct event_source source = {.host = "ci", .run = run, .process = r};
        source_map_free(made->map);
        made->map = source_map_new(made->summary, &source);
        for (uint32_t v = 0; v < 2; v++)
            made_endpoint(made, v + 1, "shop", v ? "1.1" : "1.0", "GET /steady");
        for (unsigned i = 0; i < 40; i++)
            made_add(made, &(struct made_request){
                               .endpoint = r % 2 + 1,
                               .start_utc_ns = START_NS + (r * 20 + i / 4) * SECOND_NS,
                               .duration_ns = (uint64_t)((r % 2 ? newer_ms : 4) *
                                                         (1 + spread * (i % 20)) * 1e6),
                               .status = 200});
    }
    return built(made->summary, NULL);
}

TEST(sides_that_do_not_meet_are_told_though_neither_varies)
{
    struct made made;
    struct regression regression = built_of_steady_runs(&made, 60, 0);
    const struct regression_endpoint *steady = endpoint_of(&regression, "GET /steady");
    assert_int_equal(steady->verdict, REGRESSION_REGRESSED);
    assert_true(steady->findings[REGRESSION_P50].ratio.low > 1);
    regression_release(&regression);
    made_release(&made);
    regression = built_of_steady_runs(&made, .2, 0);
    assert_int_equal(endpoint_of(&regression, "GET /steady")->verdict,
                     REGRESSION_IMPROVED);
    regression_release(&regression);
    made_release(&made);
}

/* 20 durations 2 % apart, 200 requests a side: the median is known to some 4 %. */
TEST(sides_that_do_not_meet_have_an_interval_as_wide_as_their_quantiles)
{
    struct made made;
    struct regression regression = built_of_steady_runs(&made, 60, .02);
    const struct regression_finding *p50 =
        &endpoint_of(&regression, "GET /steady")->findings[REGRESSION_P50];
    assert_int_equal(p50->verdict, REGRESSION_REGRESSED);
    assert_true(p50->ratio.low < .98 * p50->ratio.value);
    assert_true(p50->ratio.high > 1.02 * p50->ratio.value);
    regression_release(&regression);
    made_release(&made);
}

TEST(requests_that_all_take_the_same_are_unchanged)
{
    struct made made;
    struct regression regression = built_of_steady_runs(&made, 4, 0);
    const struct regression_finding *finding =
        &endpoint_of(&regression, "GET /steady")->findings[REGRESSION_P50];
    assert_int_equal(finding->verdict, REGRESSION_OK);
    assert_true(finding->raw_ratio == 1);
    regression_release(&regression);
    made_release(&made);
}

TEST(a_baseline_is_a_side_whatever_its_version_is_called)
{
    struct made older, newer;
    struct regression_options options;
    uint64_t random = 9;

    made_init(&older);
    made_init(&newer);
    made_endpoint(&older, 1, "shop", "dev", "GET /a");
    made_endpoint(&older, 2, "shop", "dev", "GET /gone");
    made_endpoint(&older, 3, "shop", "dev", "GET /called-so");
    made_endpoint(&newer, 1, "shop", "dev", "GET /a");
    made_endpoint(&newer, 2, "shop", "dev", "GET /new");
    made_endpoint(&newer, 3, "shop", "dev", "GET /called-otherwise");
    for (uint32_t e = 1; e <= 3; e++) {
        add_requests(&older, e, START_NS, 80 * HOUR_NS, 2000, 20, &random);
        add_requests(&newer, e, START_NS + 90 * HOUR_NS, 80 * HOUR_NS, 2000, 60, &random);
    }
    regression_options_init(&options);
    options.baseline = older.summary;
    struct regression_rename rename = {"GET /called-so", "GET /called-otherwise"};
    options.renames = &rename;
    options.rename_count = 1;
    struct regression regression = built(newer.summary, &options);
    const struct regression_comparison *comparison = &regression.comparisons[0];
    assert_true(comparison->older_is_baseline);
    assert_int_equal(comparison->endpoint_count, 2);
    assert_int_equal(regression.verdicts[REGRESSION_REGRESSED], 2);
    assert_string_equal(
        endpoint_of(&regression, "GET /called-otherwise")->renamed_from.bytes,
        "GET /called-so");
    assert_int_equal(comparison->added_count, 1);
    assert_string_equal(comparison->added[0].bytes, "GET /new");
    assert_int_equal(comparison->vanished_count, 1);
    assert_string_equal(comparison->vanished[0].bytes, "GET /gone");
    regression_release(&regression);
    made_release(&older);
    made_release(&newer);
}

static void assert_baseline_refused(const char *version, const char *words)
{
    struct made made;
    struct regression regression;
    struct regression_options options;
    struct err err = ERR_INIT;

    made_versions(&made, 1, 1, 1);
    regression_options_init(&options);
    options.baseline_version = version;
    assert_int_equal(regression_build(&regression, made.summary, &options, &err), -1);
    assert_int_equal(err.code, ERR_USAGE);
    assert_non_null(strstr(err.message, words));
    regression_release(&regression);
    made_release(&made);
}

TEST(a_version_that_is_not_there_is_an_error_that_names_it)
{
    assert_baseline_refused("0.9", "0.9");
}

TEST(the_newest_version_as_its_own_baseline_is_an_error)
{
    assert_baseline_refused("1.1", "no newer version");
}

TEST(errors_that_double_are_a_regression_and_told_as_shares)
{
    struct simulated_service service = {.endpoints = 5,
                                        .requests_least = 20000,
                                        .requests_most = 20000,
                                        .window_s = 72 * 3600,
                                        .slow_s = {1200, 10800},
                                        .runs = 1,
                                        .change = {.endpoint = 4, .errors = 2}};
    struct summary *summary = simulated_summary(&service, 3);
    struct regression regression = built(summary, NULL);
    const struct regression_finding *errors =
        &endpoint_of(&regression, "GET /04")->findings[REGRESSION_SERVER_ERRORS];
    assert_int_equal(errors->verdict, REGRESSION_REGRESSED);
    assert_true(errors->difference.low < .01 && .01 < errors->difference.high);
    assert_int_equal(
        endpoint_of(&regression, "GET /00")->findings[REGRESSION_SERVER_ERRORS].verdict,
        REGRESSION_OK);
    regression_release(&regression);
    summary_free(summary);
}

TEST(a_shift_that_only_the_customers_make_is_explained_by_the_mix)
{
    struct histogram older[2], newer[2];
    const unsigned counts[2][2] = {{9000, 1000}, {5000, 5000}};

    for (unsigned class = 0; class < 2; class ++) {
        histogram_init(&older[class], HISTOGRAM_COARSE);
        histogram_init(&newer[class], HISTOGRAM_COARSE);
        /* one in ten is slow in the first class, every second in the other */
        for (unsigned i = 0; i < counts[0][class]; i++)
            histogram_add(&older[class], i % (class ? 2 : 10) ? 1000 : 100000);
        for (unsigned i = 0; i < counts[1][class]; i++)
            histogram_add(&newer[class], i % (class ? 2 : 10) ? 1000 : 100000);
    }
    double shift = mix_shift(older, newer, 2, histogram_bucket(HISTOGRAM_COARSE, 50000));
    assert_true(fabs(shift - (.3 - .14)) < 1e-9);
    for (unsigned class = 0; class < 2; class ++) {
        histogram_release(&older[class]);
        histogram_release(&newer[class]);
    }
}

/* --- the simulation's short form: the whole is `make simulate` --- */

static unsigned reports_with(const struct simulated_service *service, unsigned reports,
                             enum regression_verdict least, int endpoint)
{
    unsigned count = 0;

    for (unsigned i = 0; i < reports; i++) {
        struct summary *summary = simulated_summary(service, 1000 + i * UINT64_C(7919));
        struct regression regression = built(summary, NULL);
        const struct regression_comparison *comparison = &regression.comparisons[0];
        bool any = false;
        for (size_t k = 0; k < comparison->endpoint_count; k++)
            if (endpoint < 0 || (size_t)endpoint == k)
                any = any || comparison->endpoints[k].verdict >= least;
        for (unsigned m = 0; endpoint < 0 && m < REGRESSION_LATENCIES; m++)
            any = any || comparison->global[m].verdict >= least;
        count += any;
        regression_release(&regression);
        summary_free(summary);
    }
    return count;
}

static const struct simulated_service three_days = {.endpoints = 20,
                                                    .requests_least = 60,
                                                    .requests_most = 5000,
                                                    .window_s = 72 * 3600,
                                                    .slow = .08,
                                                    .slow_s = {1200, 10800},
                                                    .own = .05,
                                                    .daily = .1,
                                                    .bursts = .1,
                                                    .runs = 1,
                                                    .change = {.endpoint = -1}};

/* At a true rate of 5 % more than 9 of 60 come once in 1,700 times. */
TEST(false_alarms_are_few_on_slow_processes_days_and_bursts)
{
    assert_true(reports_with(&three_days, 60, REGRESSION_IMPROVED, -1) <= 9);
}

static const struct simulated_service load_test = {.endpoints = 20,
                                                   .requests_least = 60,
                                                   .requests_most = 2000,
                                                   .window_s = 30,
                                                   .slow = .05,
                                                   .slow_s = {2, 20},
                                                   .own = .03,
                                                   .runs = 1,
                                                   .run_spread = .1,
                                                   .change = {.endpoint = -1}};

/* At a true rate of 5 % more than 12 of 80 come once in 6,000 times. */
TEST(false_alarms_are_few_in_one_load_test_a_side_though_runs_are_ten_percent_apart)
{
    assert_true(reports_with(&load_test, 80, REGRESSION_IMPROVED, -1) <= 12);
}

/* Measured: .97 of 133; fewer than 12 of 20 cannot be. */
TEST(one_load_test_a_side_sees_what_takes_twice_as_long)
{
    struct simulated_service service = load_test;

    service.change = (struct simulated_change){.endpoint = 19, .factor = 2};
    assert_true(reports_with(&service, 20, REGRESSION_REGRESSED, 19) >= 12);
}

/* At a true rate of 1 (measured) fewer than 12 of 20 cannot be. */
TEST(an_endpoint_that_takes_a_third_longer_is_nearly_always_seen)
{
    struct simulated_service service = three_days;

    service.change = (struct simulated_change){.endpoint = 19, .factor = 1.33};
    assert_true(reports_with(&service, 20, REGRESSION_REGRESSED, 19) >= 12);
}
