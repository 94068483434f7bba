/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A filtered summary is, byte for byte, the summary of the requests that pass. */
#include "testdata/cmocka_tests.h"

#include "filter.h"
#include "made_requests.h"
#include "saved_bytes.h"
#include "scan.h"
#include "src/base/str.h"

#define HOUR_NS INT64_C(3600000000000)

static const struct made_plan plan = {.seed = 3,
                                      .count = 20000,
                                      .processes = 4,
                                      .endpoints = 12,
                                      .versions = 2,
                                      .groups = 30,
                                      .addresses = 100,
                                      .runs = 1,
                                      .start_utc_ns = MADE_START_NS,
                                      .length_ns = 10 * HOUR_NS};

/* By hand, what the filters below ask. */
typedef bool pass_call(const struct made_request *request);

static size_t keep(const struct made_request *all, pass_call *passes,
                   struct made_request *kept)
{
    size_t count = 0;
    for (size_t i = 0; i < plan.count; i++)
        if (passes(&all[i]))
            kept[count++] = all[i];
    return count;
}

static struct summary *added(struct summary *summary, const struct made_request *rows,
                             size_t count)
{
    made_add(summary, &plan, rows, count, MADE_BATCH);
    return summary;
}

static struct summary *new_filtered(const struct filter *filter)
{
    struct summary *summary = summary_new();
    summary_filter(summary, filter);
    return summary;
}

/* Counts of one endpoint's cells, all together. */
static struct scan_count scanned(struct summary *summary)
{
    const struct scan *scan = summary_scan(summary);
    struct scan_count sum = {0};
    for (size_t i = 0; i < scan_cells(scan, 0); i++) {
        sum.requests += scan_cell(scan, 0, i)[SCAN_ALL].requests;
        sum.outliers += scan_cell(scan, 0, i)[SCAN_ALL].outliers;
    }
    return sum;
}

static void assert_scanned_alike(const struct filter *filter,
                                 const struct made_request *all,
                                 const struct made_request *kept, size_t count)
{
    struct scan_fence fence = {{"1.1", 3}, 1000000, 1000000, 500000};
    struct scan_endpoint endpoint = {
        .application = {"shop", 4}, .name = {"GET /1", 6}, &fence, 1, NULL, 0};
    struct scan_plan whole = {.endpoints = &endpoint, .endpoint_count = 1},
                     filtered = whole;
    filtered.filter = filter;
    struct summary *by_hand = added(summary_new_scanning(&whole), kept, count);
    struct summary *by_filter = added(summary_new_scanning(&filtered), all, plan.count);
    struct scan_count wanted = scanned(by_hand), got = scanned(by_filter);
    assert_int_equal(got.requests, wanted.requests);
    assert_int_equal(got.outliers, wanted.outliers);
    summary_free(by_hand);
    summary_free(by_filter);
}

static void check(const struct filter *filter, pass_call *passes)
{
    struct made_request *all = made_requests(&plan);
    struct made_request *kept = mem_array(plan.count, sizeof(*kept));
    size_t count = keep(all, passes, kept), half = plan.count / 2;
    struct summary *by_hand = added(summary_new(), kept, count);
    struct summary *by_filter = added(new_filtered(filter), all, plan.count);
    struct summary *merged = added(new_filtered(filter), all, half);
    struct summary *rest = added(summary_new_like(merged), all + half, plan.count - half);
    summary_merge(merged, rest);
    assert_in_range(count, 1, plan.count - 1);
    assert_saves_the_same(by_filter, by_hand);
    assert_saves_the_same(merged, by_hand);
    assert_int_equal(summary_totals(by_filter).left_out, plan.count - count);
    assert_int_equal(summary_totals(merged).left_out, plan.count - count);
    assert_scanned_alike(filter, all, kept, count);
    summary_free(by_hand);
    summary_free(by_filter);
    summary_free(merged);
    summary_free(rest);
    free(kept);
    free(all);
}

static bool is_of_two_endpoints(const struct made_request *request)
{
    return request->endpoint == 1 || request->endpoint >= 10;
}

TEST(endpoints_are_filtered_by_glob_or_exact_name)
{
    check(&(struct filter){.endpoints = {{"GET /1?", "GET /1"}, 2}}, is_of_two_endpoints);
}

static bool is_of_newer(const struct made_request *request)
{
    return request->version == 1 && request->endpoint < 10;
}

TEST(versions_are_filtered_and_all_filters_have_to_pass)
{
    check(&(struct filter){.endpoints = {{"GET /?"}, 1}, .versions = {{"*.1"}, 1}},
          is_of_newer);
}

static bool is_of_groups(const struct made_request *request)
{
    return request->group == 1 || (request->group >= 20 && request->group <= 29);
}

TEST(groups_are_filtered_and_requests_without_one_left_out)
{
    check(&(struct filter){.groups = {{"customer-1", "customer-2?"}, 2}}, is_of_groups);
}

static bool is_failure(const struct made_request *request)
{
    return request->status == 404 || request->status >= 500;
}

TEST(statuses_are_filtered_by_ranges)
{
    check(&(struct filter){.statuses = {{404, 404}, {500, 599}}, .status_count = 2},
          is_failure);
}

static bool is_in_time(const struct made_request *request)
{
    return request->start_utc_ns >= MADE_START_NS + HOUR_NS &&
           request->start_utc_ns < MADE_START_NS + 3 * HOUR_NS;
}

TEST(times_are_filtered_with_the_first_and_without_the_last)
{
    check(&(struct filter){.has_since = true,
                           .has_until = true,
                           .since_utc_ns = MADE_START_NS + HOUR_NS,
                           .until_utc_ns = MADE_START_NS + 3 * HOUR_NS},
          is_in_time);
}

TEST(what_is_left_out_still_tells_when_it_was)
{
    struct made_request *all = made_requests(&plan);
    struct filter filter = {.nothing = true};
    struct summary *summary = added(new_filtered(&filter), all, plan.count);
    struct summary_totals totals = summary_totals(summary);
    int64_t first_ns = INT64_MAX, last_ns = INT64_MIN;
    for (size_t i = 0; i < plan.count; i++) {
        first_ns = all[i].start_utc_ns < first_ns ? all[i].start_utc_ns : first_ns;
        last_ns = all[i].start_utc_ns > last_ns ? all[i].start_utc_ns : last_ns;
    }
    assert_int_equal(totals.requests, 0);
    assert_int_equal(totals.left_out, plan.count);
    assert_int_equal(totals.seen_first_utc_ns, first_ns);
    assert_int_equal(totals.seen_last_utc_ns, last_ns);
    summary_free(summary);
    free(all);
}

TEST(a_number_that_is_defined_anew_is_filtered_anew)
{
    struct filter filter = {.endpoints = {{"GET /b"}, 1}, .groups = {{"b"}, 1}};
    struct summary *summary = new_filtered(&filter);
    struct source_map *map = source_map_new(summary, &(struct event_source){"", "", 1});
    const uint64_t ns = 1000;
    const uint32_t one = 1;
    struct events events = {
        .count = 1, .endpoint = &one, .group = &one, .start_ns = &ns, .duration_ns = &ns};
    source_map_endpoint(map, 1, "shop", 4, "1", 1, "GET /a", 6);
    source_map_group(map, 1, "b", 1);
    summary_add(summary, map, &events);
    assert_int_equal(summary_totals(summary).requests, 0);
    source_map_endpoint(map, 1, "shop", 4, "1", 1, "GET /b", 6);
    summary_add(summary, map, &events);
    assert_int_equal(summary_totals(summary).requests, 1);
    source_map_group(map, 1, "a", 1);
    summary_add(summary, map, &events);
    assert_int_equal(summary_totals(summary).requests, 1);
    source_map_free(map);
    summary_free(summary);
}
