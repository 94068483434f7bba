/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "testdata/cmocka_tests.h"

#include <stdio.h>

#include "made_requests.h"
#include "src/base/err.h"
#include "src/base/str.h"

#define DAY_NS INT64_C(86400000000000)
#define START_NS INT64_C(1795424400000000000) /* 2026-11-23 09:00 UTC */

static const struct made_plan small = {.seed = 1,
                                       .count = 30000,
                                       .processes = 6,
                                       .endpoints = 12,
                                       .versions = 2,
                                       .groups = 200,
                                       .addresses = 500,
                                       .runs = 1,
                                       .start_utc_ns = START_NS,
                                       .length_ns = 3 * DAY_NS};

static struct summary *summary_of(const struct made_plan *plan)
{
    struct summary *summary = summary_new();
    struct made_request *requests = made_requests(plan);
    made_add(summary, plan, requests, plan->count, MADE_BATCH);
    free(requests);
    return summary;
}

static const struct summary_cell *cell_of(const struct summary *summary,
                                          const char *endpoint, const char *version)
{
    struct summary_endpoint *const *endpoints;
    struct summary_version *const *versions;
    size_t endpoint_count = summary_endpoints(summary, &endpoints);
    size_t version_count = summary_versions(summary, &versions);
    for (size_t e = 0; e < endpoint_count; e++)
        for (size_t v = 0; v < version_count; v++)
            if (strcmp(endpoints[e]->name.bytes, endpoint) == 0 &&
                strcmp(versions[v]->name.bytes, version) == 0)
                return summary_find_cell(endpoints[e], versions[v]);
    return NULL;
}

/* --- against counting by hand ------------------------------------------------------- */

static uint64_t clamp(uint64_t ns)
{
    return ns < HISTOGRAM_MAX_NS ? ns : HISTOGRAM_MAX_NS;
}

static int is_error(const struct made_request *request)
{
    return request->status >= 500 || (request->flags & 2);
}

/* Everything of one cell that is a sum, counted again from the rows. */
static void check_cell(const struct summary_cell *cell, const struct made_plan *plan,
                       const struct made_request *requests, uint32_t endpoint,
                       uint32_t version)
{
    uint64_t count = 0, client = 0, server = 0, aborted = 0, exceptions = 0;
    uint64_t min = UINT64_MAX, max = 0, statuses[600] = {0}, hours[24] = {0};
    uint64_t *fine = mem_array(HISTOGRAM_FINE_BUCKETS, sizeof(*fine));
    int64_t first = INT64_MAX, last = INT64_MIN;
    double sum = 0, squares = 0, first_bytes = 0;
    for (size_t i = 0; i < plan->count; i++) {
        const struct made_request *r = &requests[i];
        if (r->endpoint != endpoint || r->version != version)
            continue;
        uint64_t ns = clamp(r->duration_ns);
        count++;
        client += r->status / 100 == 4;
        server += (uint64_t)is_error(r);
        aborted += r->flags & 1;
        exceptions += (r->flags & 2) != 0;
        min = ns < min ? ns : min;
        max = ns > max ? ns : max;
        first = r->start_utc_ns < first ? r->start_utc_ns : first;
        last = r->start_utc_ns > last ? r->start_utc_ns : last;
        sum += (double)ns;
        squares += (double)ns * (double)ns;
        first_bytes += r->first_byte_ns != UINT64_MAX;
        statuses[r->status]++;
        hours[r->start_utc_ns / 3600000000000 % 24]++;
        fine[histogram_fine_bucket(ns)]++;
    }
    assert_int_equal(cell->requests, count);
    assert_int_equal(cell->client_errors, client);
    assert_int_equal(cell->server_errors, server);
    assert_int_equal(cell->aborted, aborted);
    assert_int_equal(cell->exceptions, exceptions);
    assert_int_equal(cell->min_ns, min);
    assert_int_equal(cell->max_ns, max);
    assert_int_equal(cell->first_utc_ns, first);
    assert_int_equal(cell->last_utc_ns, last);
    assert_true((double)cell->sum_ns == sum);
    assert_true((double)cell->sum_squares_ns / squares - 1 < 1e-12);
    assert_true((double)cell->sum_squares_ns / squares - 1 > -1e-12);
    assert_true((double)histogram_total(&cell->first_byte) == first_bytes);
    for (unsigned i = 0; i < HISTOGRAM_FINE_BUCKETS; i++)
        assert_int_equal(histogram_at(&cell->histogram, i), fine[i]);
    for (unsigned i = 0; i < 24; i++)
        assert_int_equal(histogram_total(&cell->hours[i]), hours[i]);
    uint64_t told = 0;
    for (size_t i = 0; i < cell->status_count; i++) {
        assert_int_equal(cell->statuses[i].requests, statuses[cell->statuses[i].status]);
        told += cell->statuses[i].requests;
    }
    assert_int_equal(told, count);
    free(fine);
}

TEST(every_cell_is_what_counting_by_hand_gives)
{
    struct made_request *requests = made_requests(&small);
    struct summary *summary = summary_of(&small);
    assert_int_equal(summary_totals(summary).requests, small.count);
    for (uint32_t e = 1; e <= small.endpoints; e++)
        for (uint32_t v = 0; v < small.versions; v++) {
            char endpoint[16], version[16];
            snprintf(endpoint, sizeof(endpoint), "GET /%u", e);
            snprintf(version, sizeof(version), "1.%u", v);
            const struct summary_cell *cell = cell_of(summary, endpoint, version);
            assert_non_null(cell);
            check_cell(cell, &small, requests, e, v);
        }
    summary_free(summary);
    free(requests);
}

/* --- merging and saving --------------------------------------------------------------
 */

static struct str saved(const struct summary *summary)
{
    struct str bytes;
    str_init(&bytes);
    summary_save(summary, &bytes);
    return bytes;
}

static void assert_saves_the_same(const struct summary *a, const struct summary *b)
{
    struct str x = saved(a), y = saved(b);
    assert_int_equal(x.length, y.length);
    assert_memory_equal(x.bytes, y.bytes, x.length);
    str_release(&x);
    str_release(&y);
}

static void shuffle(struct made_request *requests, size_t count, uint64_t *state)
{
    for (size_t i = count; i > 1; i--) {
        size_t k = made_below(state, (uint32_t)i);
        struct made_request swapped = requests[k];
        requests[k] = requests[i - 1];
        requests[i - 1] = swapped;
    }
}

/* Deals the requests to parts at random (whole stretches of them, or one by one when
 * shuffled), adds each part to a summary of its own and merges them in random order. */
static struct summary *merged_in_parts(const struct made_plan *plan, uint64_t seed,
                                       int shuffled)
{
    enum { PARTS = 5 };
    uint64_t state = seed;
    struct made_request *requests = made_requests(plan);
    struct summary *parts[PARTS];
    if (shuffled)
        shuffle(requests, plan->count, &state);
    size_t at = 0;
    for (int i = 0; i < PARTS; i++) {
        parts[i] = summary_new();
        size_t left = plan->count - at;
        size_t count = i == PARTS - 1 ? left : made_below(&state, (uint32_t)left / 2 + 1);
        made_add(parts[i], plan, requests + at, count, 1 + made_below(&state, 3000));
        at += count;
    }
    for (int left = PARTS; left > 1; left--) {
        uint32_t to = made_below(&state, (uint32_t)left);
        uint32_t from =
            (to + 1 + made_below(&state, (uint32_t)left - 1)) % (uint32_t)left;
        summary_merge(parts[to], parts[from]);
        summary_free(parts[from]);
        parts[from] = parts[left - 1];
        if (to == (uint32_t)left - 1)
            parts[from] = parts[to];
    }
    free(requests);
    return parts[0];
}

static void check_merging(struct made_plan plan)
{
    struct summary *whole = summary_of(&plan);
    for (uint64_t seed = 1; seed <= 4; seed++) {
        struct summary *parts = merged_in_parts(&plan, seed, (int)(seed % 2));
        assert_saves_the_same(whole, parts);
        summary_free(parts);
    }
    summary_free(whole);
}

TEST(parts_merged_in_any_order_save_the_same_bytes_as_one_pass)
{
    check_merging(small);
}

TEST(so_do_few_endpoints_with_strata)
{
    struct made_plan plan = small;
    plan.endpoints = 3;
    plan.count = 8000;
    check_merging(plan);
}

TEST(so_do_several_recording_runs)
{
    struct made_plan plan = small;
    plan.runs = 4;
    plan.length_ns = DAY_NS / 1000;
    check_merging(plan);
}

TEST(so_do_years_whose_calendar_is_hourly_or_daily)
{
    struct made_plan plan = small;
    plan.length_ns = 200 * DAY_NS;
    check_merging(plan);
    plan.length_ns = 2000 * DAY_NS;
    check_merging(plan);
}

TEST(so_do_more_values_than_have_fine_histograms)
{
    struct made_plan plan = small;
    plan.groups = 5000;
    plan.addresses = 20000;
    check_merging(plan);
}

TEST(so_do_times_before_1970_and_across_centuries)
{
    struct made_plan plan = small;
    plan.count = 3000;
    plan.start_utc_ns = -9 * INT64_C(1000000000000000000);
    plan.length_ns = INT64_C(9000000000000000000);
    check_merging(plan);
}

TEST(a_saved_summary_loads_and_saves_to_the_same_bytes)
{
    struct summary *summary = summary_of(&small);
    struct str bytes = saved(summary);
    struct err err = ERR_INIT;
    struct summary *loaded = summary_load(bytes.bytes, bytes.length, &err);
    assert_non_null(loaded);
    assert_saves_the_same(summary, loaded);
    summary_free(loaded);
    summary_free(summary);
    str_release(&bytes);
}
