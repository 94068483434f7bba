/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "distribution.h"

#include "gsl_errors.h"
#include "made_summary.h"

#include <math.h>

#include "testdata/cmocka_tests.h"

#define HOUR_NS INT64_C(3600000000000)
#define START_NS INT64_C(1700000000000000000)

static void assert_near(double value, double expected, double relative)
{
    if (!(fabs(value - expected) <= relative * fabs(expected)))
        fail_msg("%.9g is not within %g of %.9g", value, relative, expected);
}

/* --- ranks --- */

/* Adds the probabilities up one by one. */
static int summed_ranks(uint64_t n, double p, uint64_t *low, uint64_t *high)
{
    long double below = 0; /* P(Bin <= k - 1) */

    *low = *high = 0;
    for (uint64_t k = 0; k <= n; k++) {
        if (below <= .025L)
            *low = k;
        if (*high == 0 && 1 - below <= .025L)
            *high = k;
        below += expl(lgammal((long double)n + 1) - lgammal((long double)k + 1) -
                      lgammal((long double)(n - k) + 1) + (long double)k * logl(p) +
                      (long double)(n - k) * log1pl(-p));
    }
    return *low >= 1 && *high >= 1;
}

TEST(ranks_are_those_of_the_summed_binomial_distribution)
{
    static const double shares[] = {.5, .9, .95, .99, .999};
    static const uint64_t counts[] = {1,   5,   6,   35,   36,   71,   72,    100,
                                      367, 368, 999, 3687, 3688, 5000, 20000, 100000};

    gsl_errors_become_statuses();
    for (size_t i = 0; i < 5; i++)
        for (size_t j = 0; j < sizeof(counts) / sizeof(counts[0]); j++) {
            uint64_t n = counts[j], low = 0, high = 0, low_summed, high_summed;
            int known = quantile_ranks(n, shares[i], &low, &high);
            assert_int_equal(known,
                             summed_ranks(n, shares[i], &low_summed, &high_summed));
            if (!known)
                continue;
            /* beyond a deviation of 30 an approximation, at most one rank too wide */
            uint64_t slack = (double)n * shares[i] * (1 - shares[i]) > 900;
            assert_in_range(low, low_summed - slack, low_summed);
            assert_in_range(high, high_summed, high_summed + slack);
        }
}

TEST(each_quantile_needs_its_number_of_requests)
{
    static const uint64_t needed[QUANTILES] = {6, 36, 72, 368, 3688};
    uint64_t low, high;

    for (size_t i = 0; i < QUANTILES; i++) {
        assert_true(quantile_ranks(needed[i], quantile_shares[i], &low, &high));
        assert_false(quantile_ranks(needed[i] - 1, quantile_shares[i], &low, &high));
        assert_false(quantile_ranks(0, quantile_shares[i], &low, &high));
        assert_true(quantile_ranks(UINT64_C(1) << 40, quantile_shares[i], &low, &high));
        assert_true(low < high);
    }
}

TEST(intervals_hold_the_true_quantile_in_95_of_100_recordings)
{
    /* true quantiles of a log-normal distribution with median 20 ms and sigma 0.8 */
    static const double z[] = {0, 1.2815515655, 1.6448536270, 2.3263478740};
    enum { ROUNDS = 1500, REQUESTS = 500 };
    int covered[4] = {0};
    uint64_t seed = 42;

    for (int round = 0; round < ROUNDS; round++) {
        struct histogram histogram;
        histogram_init(&histogram, HISTOGRAM_FINE);
        for (int i = 0; i < REQUESTS; i++)
            histogram_add(&histogram, made_latency_ns(&seed, 20e6, .8));
        for (size_t q = 0; q < 4; q++) {
            struct quantile quantile =
                quantile_of(&histogram, quantile_shares[q], 0, HISTOGRAM_MAX_NS);
            double truth = 20e6 * exp(.8 * z[q]);
            assert_true(quantile.known);
            assert_true(quantile.low_ns <= quantile.value_ns &&
                        quantile.value_ns <= quantile.high_ns);
            covered[q] += quantile.low_ns <= truth && truth <= quantile.high_ns;
        }
        histogram_release(&histogram);
    }
    for (size_t q = 0; q < 4; q++) {
        double coverage = covered[q] / (double)ROUNDS;
        if (coverage < .945 || coverage > .99)
            fail_msg("%s: coverage %.3f", quantile_names[q], coverage);
    }
}

/* --- against a sorted array --- */

enum { ARRAY = 20000 };
static uint64_t durations[ARRAY];

static int compare_durations(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

    return (x > y) - (x < y);
}

/* One endpoint, two versions, all durations in durations[], sorted. */
static void made_array(struct made *made, uint64_t seed)
{
    made_init(made);
    made_endpoint(made, 1, "shop", "1.0", "GET /cart");
    made_endpoint(made, 2, "shop", "1.1", "GET /cart");
    for (size_t i = 0; i < ARRAY; i++) {
        durations[i] = made_latency_ns(&seed, i % 10 ? 5e6 : 80e6, .5);
        struct made_request request = {.endpoint = 1 + (i >= ARRAY / 2),
                                       .start_utc_ns = START_NS + (int64_t)i * 1000000,
                                       .duration_ns = durations[i],
                                       .first_byte_ns = durations[i] / 2,
                                       .status = 200};
        made_add(made, &request);
    }
    qsort(durations, ARRAY, sizeof(durations[0]), compare_durations);
}

TEST(an_endpoint_over_its_versions_is_what_a_sorted_array_says)
{
    struct made made;
    struct overview overview;
    long double sum = 0, squares = 0;

    made_array(&made, 7);
    overview_build(&overview, made.summary, 0);
    assert_int_equal(overview.endpoint_count, 1);
    const struct distribution *all = &overview.endpoints[0].all;
    for (size_t i = 0; i < ARRAY; i++)
        sum += (long double)durations[i];
    for (size_t i = 0; i < ARRAY; i++)
        squares += ((long double)durations[i] - sum / ARRAY) *
                   ((long double)durations[i] - sum / ARRAY);
    assert_int_equal(all->requests, ARRAY);
    assert_near(all->mean_ns, (double)(sum / ARRAY), 1e-12);
    assert_near(all->stddev_ns, (double)sqrtl(squares / (ARRAY - 1)), 1e-9);
    assert_int_equal(all->min_ns, durations[0]);
    assert_int_equal(all->max_ns, durations[ARRAY - 1]);
    for (size_t q = 0; q < QUANTILES; q++) {
        double exact = (double)durations[(size_t)(quantile_shares[q] * (ARRAY - 1))];
        assert_near(all->quantiles[q].value_ns, exact, .01);
        assert_near(all->first_byte.quantiles[q].value_ns, exact / 2, .05);
    }
    assert_int_equal(all->view.requests, 0);
    assert_false(all->view.quantiles[QUANTILE_50].known);
    overview_release(&overview);
    made_release(&made);
}

TEST(whiskers_reach_the_farthest_value_within_tukeys_fence)
{
    struct made made;
    struct overview overview;
    uint64_t beyond = 0;

    made_array(&made, 8);
    overview_build(&overview, made.summary, 0);
    const struct box *box = &overview.endpoints[0].all.box;
    size_t quarter = ARRAY / 4;
    double q1 = (double)durations[quarter], q3 = (double)durations[3 * quarter];
    double fence = q3 + 1.5 * (q3 - q1), farthest = 0;
    for (size_t i = 0; i < ARRAY; i++) {
        if ((double)durations[i] <= fence)
            farthest = (double)durations[i];
        else
            beyond++;
    }
    assert_near(box->quartile_1_ns, q1, .01);
    assert_near(box->quartile_3_ns, q3, .01);
    assert_near(box->high_ns, farthest, .02);
    assert_near(box->low_ns, (double)durations[0], .01);
    assert_near((double)box->beyond, (double)beyond, .02);
    overview_release(&overview);
    made_release(&made);
}

TEST(apdex_counts_satisfied_and_half_of_the_tolerating)
{
    struct made made;
    struct overview overview;

    made_init(&made);
    made_endpoint(&made, 1, "shop", "", "GET /");
    for (int i = 0; i < 100; i++) {
        uint64_t ms = i < 60 ? 100 : i < 90 ? 1000 : 5000;
        struct made_request request = {
            .endpoint = 1, .start_utc_ns = START_NS, .duration_ns = ms * 1000000};
        made_add(&made, &request);
    }
    overview_build(&overview, made.summary, 500000000);
    assert_near(overview.all.apdex, .75, 1e-12);
    overview_release(&overview);
    overview_build(&overview, made.summary, 0);
    assert_true(isnan(overview.all.apdex));
    overview_release(&overview);
    made_release(&made);
}

TEST(a_curve_rises_from_the_fastest_to_the_slowest_request)
{
    struct made made;
    struct overview overview;
    struct curve_point points[100];

    made_array(&made, 9);
    overview_build(&overview, made.summary, 0);
    const struct endpoint_version *version = &overview.endpoints[0].versions[0];
    const struct distribution *d = &version->distribution;
    for (size_t limit = 2; limit <= 100; limit += 7) {
        size_t count = distribution_curve(&version->cell->histogram, d->min_ns, d->max_ns,
                                          points, limit);
        assert_in_range(count, 2, limit);
        assert_near(points[0].ns, (double)d->min_ns, 0);
        assert_near(points[count - 1].ns, (double)d->max_ns, 0);
        assert_near(points[count - 1].share, 1, 0);
        for (size_t i = 1; i < count; i++)
            assert_true(points[i].ns >= points[i - 1].ns &&
                        points[i].share > points[i - 1].share);
    }
    overview_release(&overview);
    made_release(&made);
}

/* --- what is counted where --- */

TEST(errors_are_counted_by_class)
{
    static const struct {
        uint16_t status;
        uint8_t flags;
    } ends[] = {{200, 0}, {404, 0}, {429, 0}, {499, 1}, {500, 0},
                {503, 0}, {500, 2}, {0, 2},   {200, 1}, {302, 0}};
    struct made made;
    struct overview overview;

    made_init(&made);
    made_endpoint(&made, 1, "shop", "1", "GET /");
    for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
        struct made_request request = {.endpoint = 1,
                                       .start_utc_ns = START_NS,
                                       .duration_ns = 1000,
                                       .status = ends[i].status,
                                       .flags = ends[i].flags};
        made_add(&made, &request);
    }
    overview_build(&overview, made.summary, 0);
    assert_int_equal(overview.all.errors.client, 3);
    assert_int_equal(overview.all.errors.server, 4);
    assert_int_equal(overview.all.errors.aborted, 2);
    assert_int_equal(overview.all.errors.exception, 2);
    overview_release(&overview);
    made_release(&made);
}

/* Endpoint e in version v gets 100 × e requests of 10 × v ms, versions an hour apart. */
static void made_shop(struct made *made, const char *const *versions, size_t count)
{
    static const char *const names[] = {"GET /a", "GET /b"};
    uint32_t id = 0;

    made_init(made);
    for (size_t v = 0; v < count; v++)
        for (uint32_t e = 0; e < 2; e++) {
            made_endpoint(made, ++id, "shop", versions[v], names[e]);
            for (int64_t i = 0; i < 100 * (e + 1); i++) {
                struct made_request request = {
                    .endpoint = id,
                    .start_utc_ns = START_NS + (int64_t)v * HOUR_NS + i * 1000000000,
                    .duration_ns = (v + 1) * 10000000};
                made_add(made, &request);
            }
        }
}

TEST(versions_come_in_the_order_of_their_first_request)
{
    static const char *const versions[] = {"1.9", "1.10", "1.8-hotfix"};
    struct made made;
    struct overview overview;

    made_shop(&made, versions, 3);
    overview_build(&overview, made.summary, 0);
    assert_int_equal(overview.version_count, 3);
    for (size_t i = 0; i < 3; i++)
        assert_string_equal(overview.versions[i].source->name.bytes, versions[i]);
    const struct endpoint *endpoint = &overview.endpoints[1];
    assert_string_equal(endpoint->name.bytes, "GET /b");
    assert_true(endpoint->change.known);
    assert_int_equal(endpoint->versions[endpoint->change.newer].version, 2);
    assert_int_equal(endpoint->versions[endpoint->change.older].version, 1);
    assert_near(endpoint->change.ratios[QUANTILE_50], 1.5, .01);
    assert_true(
        isnan(endpoint->change.ratios[QUANTILE_99])); /* 200 requests are too few */
    overview_release(&overview);
    made_release(&made);
}

TEST(shares_and_rates_are_of_the_whole_or_of_the_version)
{
    static const char *const versions[] = {"1", "2"};
    struct made made;
    struct overview overview;

    made_shop(&made, versions, 2);
    overview_build(&overview, made.summary, 0);
    const struct endpoint *a = &overview.endpoints[0], *b = &overview.endpoints[1];
    assert_near(a->all.share, 1. / 3, 1e-12);
    assert_near(a->all.share + b->all.share, 1, 1e-12);
    assert_near(a->all.time_share + b->all.time_share, 1, 1e-12);
    assert_near(b->versions[0].distribution.share, 2. / 3, 1e-12);
    assert_near(b->versions[1].distribution.time_share, 2. / 3, 1e-12);
    assert_near(overview.all.seconds, 3600 + 199, 1e-12);
    assert_near(a->all.per_s, 200 / (3600. + 199), 1e-12);
    assert_near(b->versions[0].distribution.per_s, 200 / 199., 1e-12);
    overview_release(&overview);
    made_release(&made);
}

TEST(one_version_is_compared_with_nothing)
{
    static const char *const versions[] = {"1"};
    struct made made;
    struct overview overview;

    made_shop(&made, versions, 1);
    overview_build(&overview, made.summary, 0);
    assert_false(overview.endpoints[0].change.known);
    overview_release(&overview);
    made_release(&made);
}

TEST(no_request_gives_an_empty_overview)
{
    struct made made;
    struct overview overview;

    made_init(&made);
    made_endpoint(&made, 1, "shop", "1", "GET /never");
    overview_build(&overview, made.summary, 500000000);
    assert_int_equal(overview.endpoint_count, 0);
    assert_int_equal(overview.all.requests, 0);
    assert_true(isnan(overview.all.mean_ns) && isnan(overview.all.per_s));
    assert_false(overview.all.quantiles[QUANTILE_50].known);
    overview_release(&overview);
    made_release(&made);
}

TEST(one_request_has_no_rate_no_deviation_and_no_quantile)
{
    struct made made;
    struct overview overview;

    made_init(&made);
    made_endpoint(&made, 1, "", "", "");
    struct made_request request = {
        .endpoint = 1, .start_utc_ns = START_NS, .duration_ns = 1234567};
    made_add(&made, &request);
    overview_build(&overview, made.summary, 0);
    const struct distribution *d = &overview.endpoints[0].all;
    assert_int_equal(d->min_ns, 1234567);
    assert_int_equal(d->max_ns, 1234567);
    assert_true(isnan(d->per_s) && isnan(d->stddev_ns));
    assert_false(d->quantiles[QUANTILE_50].known || d->box.known);
    overview_release(&overview);
    made_release(&made);
}
