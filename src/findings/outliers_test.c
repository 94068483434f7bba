/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "outliers.h"

#include "made_summary.h"

#include "src/base/mem.h"

#include "testdata/cmocka_tests.h"

#define MINUTE_NS INT64_C(60000000000)
#define START_NS INT64_C(1795424400000000000) /* 2026-11-23 09:00 UTC */

/* --- requests that are kept as rows, added, and scanned --- */

struct world {
    struct made made;
    struct made_request *requests;
    size_t count;
    struct outliers outliers;
    struct scan_plan plan;
    struct summary *scanned;
};

static const char *const groups[] = {"", "4711", "a", "b", "c", "d", "e", "f", "g", "h"};
enum { GROUPS = 10 };

static void define(struct source_map *map)
{
    const struct made made = {.map = map};
    struct made copy = made;
    made_endpoint(&copy, 1, "shop", "1.0", "GET /cart");
    made_endpoint(&copy, 2, "shop", "1.0", "GET /");
    made_endpoint(&copy, 3, "shop", "1.1", "GET /cart");
    for (uint32_t g = 1; g < GROUPS; g++)
        made_group(&copy, g, groups[g]);
}

/* Eight hours of log-normal requests; whoever `slow` says takes 20 times as long. */
static void make_world(struct world *world, size_t count,
                       bool (*slow)(const struct made_request *, uint64_t *seed))
{
    uint64_t seed = 7;
    *world = (struct world){.count = count};
    world->requests = mem_array(count, sizeof(*world->requests));
    made_init(&world->made);
    define(world->made.map);
    for (size_t i = 0; i < count; i++) {
        struct made_request *request = &world->requests[i];
        *request = (struct made_request){
            .endpoint = 1 + (uint32_t)(made_uniform(&seed) * 3),
            .group = 2 + (uint32_t)(made_uniform(&seed) * 8),
            .start_utc_ns =
                START_NS + (int64_t)(made_uniform(&seed) * 480 * (double)MINUTE_NS),
            .duration_ns = made_latency_ns(&seed, 2e7, .3),
            .status = 200};
        if (made_uniform(&seed) < .008)
            request->group = 1;
        if (slow && slow(request, &seed))
            request->duration_ns *= 20;
        made_add(&world->made, request);
    }
}

/* What scale_scan does with files, in as many parts, merged. */
static void scan_world(struct world *world, size_t parts)
{
    struct outlier_options options;
    outlier_options_init(&options);
    outliers_build(&world->outliers, world->made.summary, &options);
    outliers_plan(&world->outliers, world->made.summary, &world->plan);
    world->scanned = summary_new_scanning(&world->plan);
    for (size_t p = 0; p < parts; p++) {
        struct made part = {.summary = summary_new_like(world->scanned)};
        struct event_source source = {.host = "h", .run = "", .process = p};
        part.map = source_map_new(part.summary, &source);
        define(part.map);
        for (size_t i = p; i < world->count; i += parts)
            made_add(&part, &world->requests[i]);
        summary_merge(world->scanned, part.summary);
        made_release(&part);
    }
}

static void release_world(struct world *world)
{
    summary_free(world->scanned);
    scan_plan_release(&world->plan);
    outliers_release(&world->outliers);
    made_release(&world->made);
    free(world->requests);
}

static bool customer_on_cart(const struct made_request *request, uint64_t *seed)
{
    (void)seed;
    return request->group == 1 && request->endpoint != 2;
}

/* All endpoints and groups are slow in the same 10 minutes, in which "a" is the most
 * active: the time's fault, not the group's. */
static bool bad_minutes(const struct made_request *request, uint64_t *seed)
{
    int64_t minute = (request->start_utc_ns - START_NS) / MINUTE_NS;
    return minute >= 100 && minute < 105 && made_uniform(seed) < .2;
}

/* --- the scan --- */

enum counted { ALL, OUTLIERS, SLOW };

/* From which duration on a request counts. */
static uint64_t limit_of(const struct world *world, uint32_t endpoint, enum counted which)
{
    for (size_t e = 0; e < world->outliers.endpoint_count; e++)
        for (size_t c = 0; c < world->outliers.endpoints[e].cell_count; c++) {
            const struct outlier_cell *cell = &world->outliers.endpoints[e].cells[c];
            const char *name = endpoint == 2 ? "GET /" : "GET /cart";
            const char *version = endpoint == 3 ? "1.1" : "1.0";
            if (strcmp(cell->cell->endpoint->name.bytes, name) == 0 &&
                strcmp(cell->cell->version->name.bytes, version) == 0)
                return which == ALL        ? 0
                       : which == OUTLIERS ? cell->fence_ns
                                           : cell->slow_ns;
        }
    return 0;
}

/* Requests counted row by row. */
static uint64_t count_rows(const struct world *world, bool cart, uint32_t group,
                           enum counted which)
{
    uint64_t count = 0;
    for (size_t i = 0; i < world->count; i++) {
        const struct made_request *request = &world->requests[i];
        count += (request->endpoint != 2) == cart &&
                 (!group || request->group == group) &&
                 request->duration_ns >= limit_of(world, request->endpoint, which);
    }
    return count;
}

/* Of all cells of an endpoint of the plan. */
static struct scan_count total(const struct world *world, size_t endpoint, size_t at)
{
    const struct scan *scan = summary_scan(world->scanned);
    struct scan_count sum = {0};
    for (size_t c = 0; c < scan_cells(scan, endpoint); c++) {
        sum.requests += scan_cell(scan, endpoint, c)[at].requests;
        sum.outliers += scan_cell(scan, endpoint, c)[at].outliers;
        sum.slow += scan_cell(scan, endpoint, c)[at].slow;
    }
    return sum;
}

TEST(a_scan_counts_what_counting_row_by_row_gives)
{
    struct world world;
    size_t groups_seen = 0;
    make_world(&world, 60000, customer_on_cart);
    scan_world(&world, 3);
    for (size_t e = 0; e < world.plan.endpoint_count; e++) {
        const struct scan_endpoint *endpoint = &world.plan.endpoints[e];
        bool cart = strcmp(endpoint->name.bytes, "GET /cart") == 0;
        struct scan_count all = total(&world, e, SCAN_ALL);
        assert_int_equal(all.requests, count_rows(&world, cart, 0, ALL));
        assert_int_equal(all.outliers, count_rows(&world, cart, 0, OUTLIERS));
        assert_int_equal(all.slow, count_rows(&world, cart, 0, SLOW));
        assert_true(all.slow > all.outliers);
        for (size_t v = 0; v < endpoint->value_count; v++) {
            uint32_t group = 0;
            struct scan_count own = total(&world, e, SCAN_VALUES + v);
            for (uint32_t g = 1; g < GROUPS; g++)
                if (endpoint->values[v].dimension == SCAN_GROUP &&
                    strcmp(endpoint->values[v].name.bytes, groups[g]) == 0)
                    group = g;
            if (!group)
                continue;
            groups_seen++;
            assert_int_equal(own.requests, count_rows(&world, cart, group, ALL));
            assert_int_equal(own.outliers, count_rows(&world, cart, group, OUTLIERS));
            assert_int_equal(own.slow, count_rows(&world, cart, group, SLOW));
        }
    }
    assert_true(groups_seen >= 1);
    release_world(&world);
}

TEST(a_scan_is_the_same_in_any_split)
{
    struct world one, five;
    make_world(&one, 30000, customer_on_cart);
    make_world(&five, 30000, customer_on_cart);
    scan_world(&one, 1);
    scan_world(&five, 5);
    const struct scan *a = summary_scan(one.scanned), *b = summary_scan(five.scanned);
    assert_int_equal(one.plan.endpoint_count, five.plan.endpoint_count);
    for (size_t e = 0; e < one.plan.endpoint_count; e++) {
        size_t width = SCAN_VALUES + one.plan.endpoints[e].value_count;
        assert_int_equal(scan_cells(a, e), scan_cells(b, e));
        for (size_t c = 0; c < scan_cells(a, e); c++) {
            assert_int_equal(scan_cell_utc_ns(a, e, c), scan_cell_utc_ns(b, e, c));
            assert_memory_equal(scan_cell(a, e, c), scan_cell(b, e, c),
                                width * sizeof(struct scan_count));
        }
    }
    release_world(&one);
    release_world(&five);
}

TEST(too_many_cells_become_longer_and_lose_no_count)
{
    struct scan_fence fence = {
        .version = {"1.0", 3}, .fence_ns = 1000, .common_ns = 1000};
    struct scan_endpoint endpoint = {.application = {"shop", 4},
                                     .name = {"GET /", 5},
                                     .fences = &fence,
                                     .fence_count = 1};
    struct scan_plan plan = {.endpoints = &endpoint, .endpoint_count = 1};
    struct made made = {.summary = summary_new_scanning(&plan)};
    made.map =
        source_map_new(made.summary, &(struct event_source){.host = "", .run = ""});
    define(made.map);
    for (int i = 0; i < SCAN_CELLS + 1000; i++) {
        struct made_request request = {.endpoint = 2,
                                       .start_utc_ns = (i - 1000) * 5 * MINUTE_NS,
                                       .duration_ns = i % 2 ? 2000 : 10};
        made_add(&made, &request);
    }
    const struct scan *scan = summary_scan(made.summary);
    uint64_t requests = 0, outliers = 0;
    assert_true(scan_cell_s(scan) == 2 * SCAN_CELL_S);
    assert_int_equal(scan_cells(scan, 0), (SCAN_CELLS + 1000) / 2);
    for (size_t c = 0; c < scan_cells(scan, 0); c++) {
        requests += scan_cell(scan, 0, c)[SCAN_ALL].requests;
        outliers += scan_cell(scan, 0, c)[SCAN_ALL].outliers;
    }
    assert_int_equal(requests, SCAN_CELLS + 1000);
    assert_int_equal(outliers, (SCAN_CELLS + 1000) / 2);
    made_release(&made);
}

/* --- whose they are
 * ---------------------------------------------------------------------
 */

TEST(the_customer_whose_outliers_they_are_is_named_with_exact_counts)
{
    struct world world;
    make_world(&world, 60000, customer_on_cart);
    scan_world(&world, 2);
    outliers_attribute(&world.outliers, world.made.summary, summary_scan(world.scanned),
                       NULL);
    assert_int_equal(world.outliers.culprit_count, 1);
    const struct culprit *culprit = &world.outliers.culprits[0];
    assert_string_equal(culprit->name.bytes, "4711");
    assert_int_equal(culprit->dimension, SCAN_GROUP);
    assert_string_equal(world.outliers.endpoints[culprit->endpoint].source->name.bytes,
                        "GET /cart");
    assert_int_equal(culprit->requests, count_rows(&world, true, 1, ALL));
    assert_int_equal(culprit->requests_of, count_rows(&world, true, 0, ALL));
    assert_int_equal(culprit->outliers, count_rows(&world, true, 1, OUTLIERS));
    assert_int_equal(culprit->outliers_of, count_rows(&world, true, 0, OUTLIERS));
    assert_true(culprit->outliers * 10 > culprit->outliers_of * 9);
    release_world(&world);
}

TEST(slow_minutes_are_nobodys_fault)
{
    struct world world;
    make_world(&world, 60000, bad_minutes);
    scan_world(&world, 2);
    outliers_attribute(&world.outliers, world.made.summary, summary_scan(world.scanned),
                       NULL);
    assert_true(world.outliers.beyond > 50);
    assert_int_equal(world.outliers.culprit_count, 0);
    release_world(&world);
}

TEST(without_a_second_scan_the_customer_is_named_approximately)
{
    struct world world;
    make_world(&world, 60000, customer_on_cart);
    scan_world(&world, 1);
    outliers_attribute_roughly(&world.outliers, world.made.summary);
    assert_true(world.outliers.approximate);
    assert_true(world.outliers.culprit_count >= 1);
    for (size_t i = 0; i < world.outliers.culprit_count; i++)
        assert_string_equal(world.outliers.culprits[i].name.bytes, "4711");
    release_world(&world);
}

/* --- fences and modes
 * --------------------------------------------------------------------
 */

/* ln 2e7 +- .3: Q90 = 1.2816 s, Q75 = .6745 s, so the fence is at 3.719 s; the far fence
 * as well. Sampling of 200,000 and buckets: 3 %. */
TEST(the_fence_of_a_log_normal_is_where_one_in_ten_thousand_lies_beyond)
{
    struct histogram histogram;
    uint64_t seed = 11;
    histogram_init(&histogram, HISTOGRAM_FINE);
    assert_int_equal(outlier_fence_ns(&histogram, OUTLIER_LOG), 0);
    for (int i = 0; i < 200000; i++)
        histogram_add(&histogram, made_latency_ns(&seed, 2e7, .3));
    double expected = 2e7 * exp(.3 * 3.719);
    double fence = (double)outlier_fence_ns(&histogram, OUTLIER_LOG);
    double far = (double)outlier_far_fence_ns(&histogram);
    assert_true(fabs(fence / expected - 1) < .03);
    assert_true(fabs(far / expected - 1) < .03);
    histogram_release(&histogram);
}

/* A fence lies on a bucket's edge: what the histogram counts beyond it is what a loop
 * over the durations counts. */
TEST(all_rules_count_beyond_their_fence_as_a_loop_does)
{
    enum { N = 20000 };
    struct histogram histogram;
    uint64_t seed = 5, *durations = mem_array(N, sizeof(*durations));
    histogram_init(&histogram, HISTOGRAM_FINE);
    for (int i = 0; i < N; i++) {
        durations[i] = made_latency_ns(&seed, 5e6, 1);
        histogram_add(&histogram, durations[i]);
    }
    for (int rule = 0; outlier_rule_names[rule]; rule++) {
        uint64_t fence = outlier_fence_ns(&histogram, (enum outlier_rule)rule),
                 beyond = 0;
        for (int i = 0; i < N; i++)
            beyond += durations[i] >= fence;
        assert_true(fence > 5000000);
        assert_int_equal(
            beyond,
            histogram_count_from(&histogram, histogram_bucket(HISTOGRAM_FINE, fence)));
    }
    histogram_release(&histogram);
    free(durations);
}

static bool mode_since_noon(const struct made_request *request, uint64_t *seed)
{
    return request->start_utc_ns >= START_NS + 180 * MINUTE_NS &&
           made_uniform(seed) < .02;
}

TEST(a_slow_mode_is_told_once_with_share_centre_and_since_when)
{
    struct world world;
    make_world(&world, 60000, mode_since_noon);
    scan_world(&world, 1);
    assert_int_equal(world.outliers.endpoint_count, 2);
    for (size_t e = 0; e < 2; e++)
        for (size_t c = 0; c < world.outliers.endpoints[e].cell_count; c++) {
            const struct slow_mode *mode = &world.outliers.endpoints[e].cells[c].mode;
            assert_true(mode->found && mode->has_since);
            assert_true(fabs(mode->share - .02 * 5 / 8) < .004);
            assert_true(fabs(mode->centre_ns / 4e8 - 1) < .1);
            double late = (double)(mode->since_utc_ns - START_NS) / (double)MINUTE_NS;
            assert_true(late > 180 - 35 && late < 180 + 35);
        }
    release_world(&world);
}

TEST(the_list_of_the_slowest_is_that_of_the_rows)
{
    struct world world;
    size_t beyond = 0;
    make_world(&world, 40000, bad_minutes);
    scan_world(&world, 1);
    for (size_t i = 0; i < world.count; i++)
        beyond += world.requests[i].duration_ns >=
                  limit_of(&world, world.requests[i].endpoint, OUTLIERS);
    assert_int_equal(world.outliers.slowest_count, beyond);
    assert_int_equal(world.outliers.beyond, beyond);
    for (size_t i = 0; i < world.outliers.slowest_count; i++) {
        const struct outlier *outlier = &world.outliers.slowest[i];
        size_t found = 0;
        for (size_t r = 0; r < world.count; r++)
            found += world.requests[r].duration_ns == outlier->request.duration_ns &&
                     world.requests[r].start_utc_ns == outlier->request.start_utc_ns &&
                     strcmp(groups[world.requests[r].group],
                            outlier->request.group.bytes) == 0;
        assert_int_equal(found, 1);
        assert_true(i == 0 || world.outliers.slowest[i - 1].times >= outlier->times);
    }
    release_world(&world);
}
