/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "testdata/cmocka_tests.h"

#include "gsl_errors.h"
#include "made_summary.h"
#include "regression.h"
#include "src/base/err.h"
#include "src/summary/scan.h"

#include <stdio.h>

#define START_NS INT64_C(1795424400000000000) /* 2026-11-23 09:00 UTC */
#define WINDOW_NS (INT64_C(73 * 3600) * 1000000000)

enum { ENDPOINTS = 10, CUSTOMERS = 40, REQUESTS = 6000 };

/* GET /0 has the slow customer 1 in 5 % of its requests, then in 45 %; GET /1 takes 1.5
 * times as long for everybody; all else stays. */
static void visit(unsigned version, unsigned endpoint, struct made_request *request,
                  uint64_t *random)
{
    double share = version && endpoint == 0 ? .45 : .05, median = 20 + 5 * endpoint;
    bool slow = made_uniform(random) < share;

    request->endpoint = version * 100 + endpoint + 1;
    request->group = slow ? 1 : 2 + (uint32_t)(made_uniform(random) * (CUSTOMERS - 1));
    request->status = 200;
    median *= (slow ? 3 : 1) * (version && endpoint == 1 ? 1.5 : 1);
    request->duration_ns = made_latency_ns(random, median * 1e6, .4);
}

/* Requests in the order of their time; one version or both. */
static void fill(struct made *made, bool older, bool newer,
                 void (*seen)(const struct made_request *request))
{
    for (unsigned v = 0; v < 2; v++)
        for (unsigned e = 0; e < ENDPOINTS; e++) {
            uint64_t random = 77 + 100 * v + e;
            char name[] = "GET /0";
            name[5] = (char)('0' + e);
            made_endpoint(made, v * 100 + e + 1, "shop", v ? "1.1" : "1.0", name);
            for (unsigned i = 0; i < REQUESTS; i++) {
                struct made_request request = {.start_utc_ns = START_NS + v * WINDOW_NS +
                                                               WINDOW_NS / REQUESTS * i};
                visit(v, e, &request, &random);
                if (!(v ? newer : older))
                    continue;
                made_add(made, &request);
                if (seen)
                    seen(&request);
            }
        }
}

static void name_customers(struct made *made)
{
    for (uint32_t g = 1; g <= CUSTOMERS; g++) {
        char name[16];
        snprintf(name, sizeof(name), "customer-%u", g);
        made_group(made, g, name);
    }
}

static void make(struct made *made, bool older, bool newer)
{
    made_init(made);
    name_customers(made);
    fill(made, older, newer, NULL);
}

/* The same requests through a plan. */
static void scan(struct made *made, const struct scan_plan *plan, bool older, bool newer)
{
    struct event_source source = {.host = "web-1", .run = "", .process = 1};

    *made = (struct made){.summary = summary_new_scanning(plan)};
    made->map = source_map_new(made->summary, &source);
    name_customers(made);
    fill(made, older, newer, NULL);
}

/* --- counted by a loop over the requests --- */

static struct {
    uint64_t threshold_ns;
    double requests[2][CUSTOMERS + 1], slow[2][CUSTOMERS + 1];
} counted;

static void count_first(const struct made_request *request)
{
    unsigned version = request->endpoint > 100;

    if (request->endpoint % 100 != 1)
        return;
    counted.requests[version][request->group]++;
    counted.slow[version][request->group] += request->duration_ns >= counted.threshold_ns;
}

/* Sum over customers of the change of their share times their mean rate, over the whole
 * change. */
static double explained_by_loop(uint64_t threshold_ns)
{
    struct made made;
    double mix = 0, shares[2] = {0, 0};

    memset(&counted, 0, sizeof(counted));
    counted.threshold_ns = threshold_ns;
    made_init(&made);
    name_customers(&made);
    fill(&made, true, true, count_first);
    made_release(&made);
    for (unsigned g = 1; g <= CUSTOMERS; g++) {
        double rates = 0;
        for (unsigned v = 0; v < 2; v++) {
            rates += counted.slow[v][g] / counted.requests[v][g] / 2;
            shares[v] += counted.slow[v][g] / REQUESTS;
        }
        mix += rates * (counted.requests[1][g] - counted.requests[0][g]) / REQUESTS;
    }
    return mix / (shares[1] - shares[0]);
}

/* --- tests --- */

static struct regression judged(const struct summary *summary,
                                const struct summary *baseline)
{
    struct regression regression;
    struct regression_options options;

    gsl_errors_become_statuses();
    regression_options_init(&options);
    options.baseline = baseline;
    assert_int_equal(regression_build(&regression, summary, &options, NULL), 0);
    return regression;
}

static void assert_explained(const struct regression *regression)
{
    const struct regression_endpoint *endpoints = regression->comparisons[0].endpoints;
    const struct regression_finding *mixed = &endpoints[0].findings[REGRESSION_P90];
    const struct regression_finding *slower = &endpoints[1].findings[REGRESSION_P50];

    assert_false(regression->comparisons[0].explained_roughly);
    assert_int_equal(mixed->verdict, REGRESSION_REGRESSED);
    assert_true(fabs(mixed->explained - explained_by_loop(mixed->threshold_ns)) < .02);
    assert_true(mixed->explained > .75);
    assert_true(mixed->explained_error > 0 && mixed->explained_error < .1);
    assert_int_equal(slower->verdict, REGRESSION_REGRESSED);
    assert_true(fabs(slower->explained) < .1);
    assert_true(fabs(slower->explained) < 3 * slower->explained_error);
    assert_true(isnan(endpoints[5].findings[REGRESSION_P50].explained));
}

TEST(a_second_scan_tells_a_change_of_the_customers_from_one_of_the_code)
{
    struct made first, second;
    struct scan_plan plan = {0};

    make(&first, true, true);
    struct regression regression = judged(first.summary, NULL);
    assert_true(isnan(regression.comparisons[0].endpoints[0].findings[1].explained));
    regression_plan(&regression, &plan, &plan);
    assert_true(plan.cohort_count >= 4);
    scan(&second, &plan, true, true);
    const struct scan *result = summary_scan(second.summary);
    regression_explain(&regression, result, result);
    assert_explained(&regression);
    regression_release(&regression);
    made_release(&second);
    scan_plan_release(&plan);
    made_release(&first);
}

TEST(a_baseline_that_is_a_trace_is_scanned_for_itself)
{
    struct made newer, older, newer_again, older_again;
    struct scan_plan newer_plan = {0}, older_plan = {0};

    make(&newer, false, true);
    make(&older, true, false);
    struct regression regression = judged(newer.summary, older.summary);
    regression_plan(&regression, &newer_plan, &older_plan);
    assert_int_equal(newer_plan.cohort_count, older_plan.cohort_count);
    scan(&newer_again, &newer_plan, false, true);
    scan(&older_again, &older_plan, true, false);
    regression_explain(&regression, summary_scan(newer_again.summary),
                       summary_scan(older_again.summary));
    assert_explained(&regression);
    regression_release(&regression);
    made_release(&older_again);
    made_release(&newer_again);
    scan_plan_release(&newer_plan);
    scan_plan_release(&older_plan);
    made_release(&newer);
    made_release(&older);
}
