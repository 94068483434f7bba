/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "targets.h"

#include "made_summary.h"

#include "src/base/err.h"

#include "testdata/cmocka_tests.h"

enum { REQUESTS = 20000 };

struct shop {
    struct made made;
    struct overview overview;
    struct made_request requests[REQUESTS];
};

static struct shop *shop_new(void)
{
    struct shop *shop = calloc(1, sizeof(*shop));
    uint64_t seed = 3;
    made_init(&shop->made);
    made_endpoint(&shop->made, 1, "shop", "1", "GET /cart/<int:id>");
    made_endpoint(&shop->made, 2, "shop", "1", "GET /a: b");
    for (int i = 0; i < REQUESTS; i++) {
        shop->requests[i] =
            (struct made_request){.endpoint = 1 + (uint32_t)(made_uniform(&seed) * 2),
                                  .start_utc_ns = 1000000000 * (int64_t)i,
                                  .duration_ns = made_latency_ns(&seed, 1e7, 1),
                                  .status = made_uniform(&seed) < .01 ? 500 : 200};
        made_add(&shop->made, &shop->requests[i]);
    }
    overview_build(&shop->overview, shop->made.summary, 0);
    return shop;
}

static void shop_free(struct shop *shop)
{
    overview_release(&shop->overview);
    made_release(&shop->made);
    free(shop);
}

static struct targets one_target(enum target_kind kind, const char *text)
{
    struct targets targets = {0};
    struct err err = ERR_INIT;
    if (targets_add(&targets, kind, text, &err) != 0)
        fail_msg("%s", err.message);
    return targets;
}

/* The only result of a target. */
static struct target_result result_of(const struct shop *shop,
                                      const struct targets *targets)
{
    struct target_results results;
    targets_judge(&results, targets, &shop->overview);
    assert_int_equal(results.count, 1);
    struct target_result result = results.results[0];
    assert_int_equal(results.missed[result.target->kind], !result.met);
    target_results_release(&results);
    return result;
}

static bool holds(const struct shop *shop, const char *check)
{
    struct targets targets = one_target(TARGET_CHECK, check);
    bool met = result_of(shop, &targets).met;
    targets_release(&targets);
    return met;
}

/* Half a bucket: the histogram does not know more. */
TEST(an_objective_counts_what_a_loop_counts)
{
    struct shop *shop = shop_new();
    struct targets targets = one_target(TARGET_SLO, "GET /cart/<int:id>: 90% < 30ms");
    struct target_result result = result_of(shop, &targets);
    double bad = 0, all = 0;
    for (int i = 0; i < REQUESTS; i++) {
        all += shop->requests[i].endpoint == 1;
        bad +=
            shop->requests[i].endpoint == 1 && shop->requests[i].duration_ns >= 30000000;
    }
    assert_int_equal(result.requests, (uint64_t)all);
    assert_true(fabs((double)result.bad - bad) <= .005 * all);
    assert_true(fabs(result.budget - .1 * all) < 1e-6);
    assert_true(fabs(result.budget_used - (double)result.bad / result.budget) < 1e-9);
    assert_int_equal(result.met, result.bad <= result.budget);
    targets_release(&targets);
    shop_free(shop);
}

TEST(availability_counts_server_errors_exactly)
{
    struct shop *shop = shop_new();
    struct targets targets = one_target(TARGET_SLO, "*: 99.5% ok");
    struct target_result result = result_of(shop, &targets);
    uint64_t bad = 0;
    for (int i = 0; i < REQUESTS; i++)
        bad += shop->requests[i].status == 500;
    assert_int_equal(result.bad, bad);
    assert_int_equal(result.requests, REQUESTS);
    assert_false(result.met);
    targets_release(&targets);
    shop_free(shop);
}

TEST(checks_hold_on_one_side_of_the_value_only)
{
    struct shop *shop = shop_new();
    assert_true(holds(shop, "GET /cart*: p50 < 12ms"));
    assert_false(holds(shop, "GET /cart*: p50 < 8ms"));
    assert_true(holds(shop, "GET /cart*: p50 > 8ms"));
    assert_true(holds(shop, "GET /a: b: requests >= 9000"));
    assert_false(holds(shop, "GET /a: b: requests > 11000"));
    assert_true(holds(shop, "*: requests <= 20000"));
    assert_true(holds(shop, "*: requests >= 20000"));
    assert_false(holds(shop, "*: requests < 20000"));
    assert_true(holds(shop, "*: errors < 2%"));
    assert_false(holds(shop, "*: errors < 0.5%"));
    assert_true(holds(shop, "*: client_errors <= 0%"));
    assert_true(holds(shop, "*: mean < 1s"));
    assert_true(holds(shop, "*: max > 50ms"));
    assert_true(holds(shop, "*: min < 10000us"));
    assert_false(holds(shop, "GET /nowhere: p99.9 < 1min"));
    shop_free(shop);
}

TEST(a_glob_holds_each_endpoint_to_it)
{
    struct shop *shop = shop_new();
    struct targets targets = one_target(TARGET_CHECK, "GET *: max < 1us");
    struct target_results results;
    targets_judge(&results, &targets, &shop->overview);
    assert_int_equal(results.count, 2);
    assert_int_equal(results.missed[TARGET_CHECK], 2);
    target_results_release(&results);
    targets_release(&targets);
    shop_free(shop);
}

TEST(what_is_no_target_is_refused_with_the_way_to_write_it)
{
    static const char *const slos[] = {"",
                                       "x",
                                       ": 99% < 1ms",
                                       "a: 99 < 1ms",
                                       "a: 0% < 1ms",
                                       "a: 101% ok",
                                       "a: 99% > 1ms",
                                       "a: 99% < 1",
                                       "a: 99% < ms",
                                       "a: 99% < 1ms or so",
                                       "a: 99% <= 1ms",
                                       "a: nan% ok",
                                       "a: 99% < 1e999ms",
                                       "a: 99% fine"};
    static const char *const checks[] = {"",
                                         "a",
                                         "a: ",
                                         "a: p99",
                                         "a: p99 < ",
                                         "a: p99 = 1ms",
                                         "a: p0 < 1ms",
                                         "a: p100 < 1ms",
                                         "a: p < 1ms",
                                         "a: pp < 1ms",
                                         "a: p99x < 1ms",
                                         "a: p99 < 1%",
                                         "a: errors < 1ms",
                                         "a: errors < 200%",
                                         "a: requests > 1s",
                                         "a: p99 < 1ms 2",
                                         "a: p9999999999999 < 1ms",
                                         "a: p99 < 0ms"};
    struct targets targets = {0};
    for (size_t i = 0; i < sizeof(slos) / sizeof(slos[0]); i++) {
        struct err err = ERR_INIT;
        assert_int_equal(targets_add(&targets, TARGET_SLO, slos[i], &err), -1);
        assert_int_equal(err.code, ERR_USAGE);
        assert_non_null(strstr(err.message, "write 'GET /cart: 99% < 300ms'"));
    }
    for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++) {
        struct err err = ERR_INIT;
        assert_int_equal(targets_add(&targets, TARGET_CHECK, checks[i], &err), -1);
        assert_non_null(strstr(err.message, "write 'GET /cart: p99 < 250ms'"));
    }
    assert_int_equal(targets.count, 0);
    targets_release(&targets);
}
