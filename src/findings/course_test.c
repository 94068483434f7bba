/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Bins against every request counted and sorted one by one. */
#include "course.h"

#include "made_summary.h"

#include <math.h>

#include "testdata/cmocka_tests.h"

#define SECOND_NS INT64_C(1000000000)
#define START_NS INT64_C(1711800000000000000) /* 2024-03-30 12:00 UTC */
enum { REQUESTS = 6000 };

struct shop {
    struct made made;
    struct made_request requests[REQUESTS];
    size_t count;
};

static void shop_init(struct shop *shop)
{
    shop->count = 0;
    made_init(&shop->made);
    made_endpoint(&shop->made, 1, "shop", "1", "GET /a");
    made_endpoint(&shop->made, 2, "shop", "2", "GET /a");
    made_endpoint(&shop->made, 3, "shop", "1", "GET /b");
}

static void add(struct shop *shop, uint32_t endpoint, int64_t start_utc_ns,
                uint64_t duration_ns, uint16_t status)
{
    struct made_request *request = &shop->requests[shop->count++];
    *request = (struct made_request){.endpoint = endpoint,
                                     .start_utc_ns = start_utc_ns,
                                     .duration_ns = duration_ns,
                                     .status = status};
    made_add(&shop->made, request);
}

/* Over hours, with a gap; what is slow changes half way. */
static void fill(struct shop *shop, uint64_t seed)
{
    for (int i = 0; i < REQUESTS; i++) {
        double at_s = made_uniform(&seed) * 40000;
        uint32_t endpoint = 1 + (uint32_t)(made_uniform(&seed) * 3);
        if (at_s > 15000 && at_s < 20000)
            at_s += 10000;
        add(shop, endpoint, START_NS + (int64_t)(at_s * 1e9),
            made_latency_ns(&seed, at_s < 25000 ? 5e6 : 9e6, .6),
            (uint16_t)(i % 50 == 0   ? 500
                       : i % 20 == 0 ? 404
                                     : 200));
    }
}

static int ascending(const void *left, const void *right)
{
    const uint64_t *a = left, *b = right;
    return (*a > *b) - (*a < *b);
}

/* Begin of a bin as if it had not been cut. */
static double whole_from_s(const struct course *course, size_t i)
{
    return floor(course->bins[i].from_s / course->length_s + 1e-9) * course->length_s;
}

static void assert_near_rank(double value_ns, const uint64_t *sorted, size_t count,
                             double p)
{
    bool known = (double)count * (1 - p) >= COURSE_BEYOND_MIN;
    assert_true(isnan(value_ns) == !known);
    if (!known)
        return;
    size_t rank = (size_t)(p * (double)count);
    double low = (double)sorted[rank > 1 ? rank - 2 : 0];
    double high = (double)sorted[rank + 1 < count ? rank + 1 : count - 1];
    assert_true(value_ns >= low * (1 - .0625) && value_ns <= high * (1 + .0625));
}

static void assert_bin(const struct shop *shop, const struct course *course, size_t i,
                       uint32_t first, uint32_t last)
{
    const struct course_bin *bin = &course->bins[i];
    int64_t from_ns = (int64_t)(whole_from_s(course, i) * 1e9);
    int64_t to_ns = from_ns + (int64_t)(course->length_s * 1e9);
    uint64_t durations[REQUESTS] = {0}, client = 0, server = 0;
    size_t count = 0;

    for (size_t r = 0; r < shop->count; r++) {
        const struct made_request *request = &shop->requests[r];
        if (request->endpoint < first || request->endpoint > last ||
            request->start_utc_ns < from_ns || request->start_utc_ns >= to_ns)
            continue;
        durations[count++] = request->duration_ns;
        client += request->status == 404;
        server += request->status == 500;
    }
    qsort(durations, count, sizeof(*durations), ascending);
    assert_int_equal(bin->requests, count);
    assert_int_equal(bin->client_errors, client);
    assert_int_equal(bin->server_errors, server);
    assert_near_rank(bin->p50_ns, durations, count, .50);
    assert_near_rank(bin->p95_ns, durations, count, .95);
    assert_near_rank(bin->p99_ns, durations, count, .99);
}

/* Of the first `count` endpoints. */
static void build(struct course *course, const struct shop *shop, size_t count,
                  size_t most, uint64_t good)
{
    struct summary_endpoint *const *all;
    struct course_part parts[3];
    size_t known = summary_endpoints(shop->made.summary, &all);
    for (size_t i = 0; i < count && i < known; i++)
        parts[i] = course_part_of_endpoint(all[i]);
    course_build(course, parts, count < known ? count : known, most, good);
}

static uint64_t requests_in(const struct course *course)
{
    uint64_t requests = 0;
    for (size_t i = 0; i < course->count; i++)
        requests += course->bins[i].requests;
    return requests;
}

TEST(bins_hold_what_counting_and_sorting_every_request_gives)
{
    struct shop shop;
    struct course course;

    shop_init(&shop);
    fill(&shop, 1);
    build(&course, &shop, 2, COURSE_BINS_MAX, 20);
    assert_true(course.count > 40 && course.count <= COURSE_BINS_MAX);
    assert_int_equal(requests_in(&course), REQUESTS);
    for (size_t i = 0; i < course.count; i++)
        assert_bin(&shop, &course, i, 1, 3);
    build(&course, &shop, 1, COURSE_BINS_MAX, 20);
    for (size_t i = 0; i < course.count; i++)
        assert_bin(&shop, &course, i, 1, 2);
    made_release(&shop.made);
}

TEST(bins_of_a_version_hold_its_requests_only)
{
    struct shop shop;
    struct course course;
    struct summary_endpoint *const *all;

    shop_init(&shop);
    fill(&shop, 4);
    summary_endpoints(shop.made.summary, &all);
    assert_int_equal(all[0]->cell_count, 2);
    for (uint32_t v = 0; v < 2; v++) {
        struct course_part part = course_part_of_cell(all[0]->cells[v]);
        course_build(&course, &part, 1, COURSE_BINS_MAX, 20);
        assert_int_equal(requests_in(&course), all[0]->cells[v]->requests);
        for (size_t i = 0; i < course.count; i++)
            assert_bin(&shop, &course, i, 1 + v, 1 + v);
    }
    made_release(&shop.made);
}

/* The other version's hours are no bins of this one. */
TEST(bins_reach_from_the_first_to_the_last_request_of_a_version)
{
    struct shop shop;
    struct course course;
    struct summary_endpoint *const *all;

    shop_init(&shop);
    for (int i = 0; i < 2000; i++)
        add(&shop, i < 1000 ? 1 : 3, START_NS + i * 10 * SECOND_NS, 1000, 200);
    summary_endpoints(shop.made.summary, &all);
    struct course_part part = course_part_of_cell(all[0]->cells[0]);
    course_build(&course, &part, 1, COURSE_BINS_MAX, 1);
    assert_int_equal(requests_in(&course), 1000);
    assert_true(course.bins[0].from_s * 1e9 <= START_NS + 1);
    assert_true(course.bins[course.count - 1].to_s * 1e9 <=
                START_NS + 1000 * 10 * SECOND_NS);
    made_release(&shop.made);
}

TEST(bins_follow_each_other_without_a_gap_and_are_cut_to_the_requests)
{
    struct shop shop;
    struct course course;
    int64_t first = INT64_MAX, last = INT64_MIN;
    bool empty = false;

    shop_init(&shop);
    fill(&shop, 2);
    build(&course, &shop, 3, 40, 1);
    for (size_t i = 0; i < shop.count; i++) {
        first =
            shop.requests[i].start_utc_ns < first ? shop.requests[i].start_utc_ns : first;
        last =
            shop.requests[i].start_utc_ns > last ? shop.requests[i].start_utc_ns : last;
    }
    assert_true(course.count <= 40);
    for (size_t i = 0; i + 1 < course.count; i++) {
        assert_true(course.bins[i].to_s == course.bins[i + 1].from_s);
        empty |= course.bins[i].requests == 0;
    }
    assert_true(empty);
    assert_true(fabs(course.bins[0].from_s - (double)first / 1e9) < 1e-3);
    assert_true(fabs(course.bins[course.count - 1].to_s - (double)last / 1e9) < 1e-3);
    made_release(&shop.made);
}

TEST(bins_grow_until_they_hold_enough_but_a_dozen_stay)
{
    struct shop shop;
    struct course fine, coarse;

    shop_init(&shop);
    fill(&shop, 3);
    build(&fine, &shop, 1, COURSE_BINS_MAX, 1);
    build(&coarse, &shop, 1, COURSE_BINS_MAX, 1000000);
    assert_true(coarse.count >= 12 && coarse.count < 24 && fine.count > coarse.count);
    assert_int_equal(requests_in(&fine), requests_in(&coarse));
    made_release(&shop.made);
}

TEST(one_request_is_one_bin_that_knows_no_quantile_and_none_are_no_bins)
{
    struct shop shop;
    struct course course;

    course_build(&course, NULL, 0, COURSE_BINS_MAX, 1);
    assert_int_equal(course.count, 0);
    shop_init(&shop);
    add(&shop, 3, -SECOND_NS, 1000, 500);
    build(&course, &shop, 3, 1, 1);
    assert_int_equal(course.count, 1);
    assert_int_equal(course.bins[0].requests, 1);
    assert_int_equal(course.bins[0].server_errors, 1);
    assert_true(isnan(course.bins[0].p50_ns));
    assert_true(course.bins[0].from_s <= -1 && course.bins[0].to_s > -1);
    made_release(&shop.made);
}
