/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "testdata/cmocka_tests.h"

#include <stdio.h>

#include "made_requests.h"

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
    struct made_request *requests = made_requests(&made_small);
    struct summary *summary = made_whole(&made_small);
    assert_int_equal(summary_totals(summary).requests, made_small.count);
    for (uint32_t e = 1; e <= made_small.endpoints; e++)
        for (uint32_t v = 0; v < made_small.versions; v++) {
            char endpoint[16], version[16];
            snprintf(endpoint, sizeof(endpoint), "GET /%u", e);
            snprintf(version, sizeof(version), "1.%u", v);
            const struct summary_cell *cell = cell_of(summary, endpoint, version);
            assert_non_null(cell);
            check_cell(cell, &made_small, requests, e, v);
        }
    summary_free(summary);
    free(requests);
}

/* --- blocks of time, hours, quarters, runs -------------------------------------------
 */

static int64_t floor_div(int64_t a, int64_t b)
{
    return a / b - (a % b < 0);
}

/* Different blocks of one version's requests at a length. */
static size_t count_blocks(const struct made_plan *plan,
                           const struct made_request *requests, uint32_t version,
                           unsigned shift)
{
    int64_t before = INT64_MIN;
    size_t count = 0;
    for (uint32_t process = 0; process < plan->processes; process++)
        for (size_t i = 0; i < plan->count; i++) {
            if (requests[i].version != version || requests[i].process != process)
                continue;
            int64_t id = floor_div(requests[i].start_utc_ns, TIMEGRID_UNIT_NS) >> shift;
            count += id != before;
            before = id;
        }
    return count;
}

TEST(time_blocks_are_the_shortest_that_leave_64_and_hold_what_counting_gives)
{
    struct made_plan plan = made_small;
    plan.processes = 2; /* one a version: times ascend */
    struct made_request *requests = made_requests(&plan);
    struct summary *summary = made_whole(&plan);
    const struct summary_cell *cell = cell_of(summary, "GET /3", "1.1");
    const struct timegrid *grid = &cell->version->grid;
    assert_int_equal(grid->count, count_blocks(&plan, requests, 1, grid->shift));
    assert_true(grid->count <= SUMMARY_BLOCKS);
    assert_true(count_blocks(&plan, requests, 1, grid->shift - 1) > SUMMARY_BLOCKS);
    for (unsigned k = 0; k < grid->count; k++) {
        uint64_t count = 0, client = 0, server = 0;
        double log_sum = 0;
        assert_true(k == 0 || timegrid_first_ns(grid, k) > timegrid_last_ns(grid, k - 1));
        for (size_t i = 0; i < plan.count; i++) {
            const struct made_request *r = &requests[i];
            if (r->endpoint != 3 || r->version != 1 ||
                r->start_utc_ns < timegrid_first_ns(grid, k) ||
                r->start_utc_ns > timegrid_last_ns(grid, k))
                continue;
            count++;
            client += r->status / 100 == 4;
            server += (uint64_t)is_error(r);
            log_sum += log2((double)r->duration_ns);
        }
        const struct block *block = &cell->blocks[k];
        assert_int_equal(block->requests, count);
        assert_int_equal(block->client_errors, client);
        assert_int_equal(block->server_errors, server);
        assert_int_equal(histogram_total(&block->histogram), count);
        double sum = (double)block->sum_log2 / (double)SUM_LOG2_UNIT;
        assert_true(fabs(sum - log_sum) <= (double)count * 0.006);
        assert_true(count < 50 || fabs(sum / log_sum - 1) < 1e-4);
    }
    summary_free(summary);
    free(requests);
}

TEST(an_endpoints_series_is_over_all_versions_and_at_most_256_blocks)
{
    struct summary *summary = made_whole(&made_small);
    const struct summary_cell *a = cell_of(summary, "GET /3", "1.0");
    const struct summary_cell *b = cell_of(summary, "GET /3", "1.1");
    const struct summary_endpoint *endpoint = a->endpoint;
    uint64_t count = 0;
    assert_true(endpoint->grid.count > 128 && endpoint->grid.count <= 256);
    for (unsigned i = 0; i < endpoint->grid.count; i++) {
        assert_true(endpoint->series[i].requests > 0);
        count += endpoint->series[i].requests;
    }
    assert_int_equal(count, a->requests + b->requests);
    summary_free(summary);
}

TEST(quarters_of_an_hour_are_counted_in_utc)
{
    struct made_plan plan = made_small;
    plan.start_utc_ns = -3 * MADE_DAY_NS / 2; /* across 1970 */
    struct made_request *requests = made_requests(&plan);
    struct summary *summary = made_whole(&plan);
    const struct summary_cell *cell = cell_of(summary, "GET /5", "1.0");
    assert_int_equal(summary_totals(summary).slot_s, 900);
    uint64_t told = 0;
    for (size_t d = 0; d < cell->calendar.count; d++)
        for (int slot = 0; slot < 96; slot++) {
            const struct calendar_slot *at = &cell->calendar.days[d].slots[slot];
            int64_t quarter = cell->calendar.days[d].day * INT64_C(96) + slot;
            uint64_t count = 0, errors = 0;
            for (size_t i = 0; i < plan.count; i++)
                if (requests[i].endpoint == 5 && requests[i].version == 0 &&
                    floor_div(requests[i].start_utc_ns, 900000000000) == quarter) {
                    count++;
                    errors += (uint64_t)is_error(&requests[i]);
                }
            assert_int_equal(at->requests, count);
            assert_int_equal(at->errors, errors);
            told += count;
        }
    assert_int_equal(told, cell->requests);
    summary_free(summary);
    free(requests);
}

TEST(more_than_92_days_are_counted_by_the_hour_and_more_than_736_by_the_day)
{
    const int days[] = {92, 93, 736, 737};
    const uint32_t slots[] = {900, 3600, 3600, 86400};
    for (int i = 0; i < 4; i++) {
        struct made_plan plan = made_small;
        plan.processes = 1;
        plan.start_utc_ns = 100 * MADE_DAY_NS;
        plan.length_ns = days[i] * MADE_DAY_NS;
        struct summary *summary = made_whole(&plan);
        const struct summary_cell *cell = cell_of(summary, "GET /5", "1.0");
        const int32_t *kept;
        assert_int_equal(summary_days(summary, &kept), days[i]);
        assert_int_equal(summary_totals(summary).slot_s, slots[i]);
        uint64_t count = 0;
        for (size_t d = 0; d < cell->calendar.count; d++)
            for (uint32_t slot = 0; slot < 86400 / slots[i]; slot++)
                count += cell->calendar.days[d].slots[slot].requests;
        assert_int_equal(count, cell->requests);
        summary_free(summary);
    }
}

TEST(one_run_is_not_kept_apart_and_two_are)
{
    struct made_plan plan = made_small;
    struct summary *one = made_whole(&plan);
    assert_null(cell_of(one, "GET /3", "1.0")->runs);
    summary_free(one);
    plan.runs = 3;
    struct made_request *requests = made_requests(&plan);
    struct summary *summary = made_whole(&plan);
    const struct summary_cell *cell = cell_of(summary, "GET /3", "1.0");
    struct summary_run *const *runs;
    assert_int_equal(summary_runs(summary, &runs), 3);
    for (uint32_t run = 0; run < 3; run++) {
        uint64_t count = 0;
        double log_sum = 0;
        for (size_t i = 0; i < plan.count; i++)
            if (requests[i].endpoint == 3 && requests[i].version == 0 &&
                requests[i].process % 3 == run) {
                count++;
                log_sum += log2((double)requests[i].duration_ns);
            }
        assert_int_equal(runs[run]->index, run);
        assert_int_equal(cell->runs[run].requests, count);
        assert_int_equal(histogram_total(&cell->runs[run].histogram), count);
        if (count)
            assert_true(
                fabs((double)cell->runs[run].sum_log2 / (double)SUM_LOG2_UNIT / log_sum -
                     1) < 1e-4);
    }
    summary_free(summary);
    free(requests);
}

TEST(strata_are_kept_up_to_eight_endpoints)
{
    struct made_plan plan = made_small;
    plan.endpoints = 8;
    struct summary *summary = made_whole(&plan);
    const struct summary_cell *cell = cell_of(summary, "GET /8", "1.0");
    uint64_t count = 0;
    for (int i = 0; i < SUMMARY_STRATA; i++)
        count += histogram_total(&cell->strata[i]);
    assert_int_equal(count, cell->requests);
    plan.endpoints = 9;
    struct summary *more = made_whole(&plan);
    summary_merge(summary, more);
    assert_null(cell_of(summary, "GET /8", "1.0")->strata);
    summary_free(summary);
    summary_free(more);
}

/* --- who ------------------------------------------------------------------------------
 */

static int slower_first(const void *a, const void *b)
{
    const struct made_request *x = a, *y = b;
    if (x->duration_ns != y->duration_ns)
        return x->duration_ns < y->duration_ns ? 1 : -1;
    if (x->start_utc_ns != y->start_utc_ns)
        return x->start_utc_ns > y->start_utc_ns ? 1 : -1;
    if (x->process != y->process)
        return x->process > y->process ? 1 : -1;
    return x->sequence > y->sequence ? 1 : -1;
}

/* The requests of one cell, slowest first. */
static size_t sorted_cell(const struct made_plan *plan, struct made_request *requests,
                          uint32_t endpoint, uint32_t version)
{
    size_t count = 0;
    for (size_t i = 0; i < plan->count; i++)
        if (requests[i].endpoint == endpoint && requests[i].version == version)
            requests[count++] = requests[i];
    qsort(requests, count, sizeof(*requests), slower_first);
    return count;
}

static void assert_named(struct name name, const char *format, uint32_t number)
{
    char text[32] = "";
    if (number)
        snprintf(text, sizeof(text), format, number);
    assert_string_equal(name.bytes, text);
}

TEST(the_slowest_requests_are_those_that_sorting_gives)
{
    struct made_request *requests = made_requests(&made_small);
    struct summary *summary = made_whole(&made_small);
    const struct summary_cell *cell = cell_of(summary, "GET /7", "1.1");
    struct slow_request slowest[SUMMARY_SLOWEST];
    assert_true(sorted_cell(&made_small, requests, 7, 1) > SUMMARY_SLOWEST);
    assert_int_equal(summary_slowest(summary, cell, slowest), SUMMARY_SLOWEST);
    for (int i = 0; i < SUMMARY_SLOWEST; i++) {
        assert_int_equal(slowest[i].duration_ns, clamp(requests[i].duration_ns));
        assert_int_equal(slowest[i].start_utc_ns, requests[i].start_utc_ns);
        assert_int_equal(slowest[i].process, requests[i].process);
        assert_int_equal(slowest[i].sequence, requests[i].sequence);
        assert_int_equal(slowest[i].first_byte_ns, requests[i].first_byte_ns);
        assert_int_equal(slowest[i].view_ns, requests[i].view_ns);
        assert_int_equal(slowest[i].status, requests[i].status);
        assert_int_equal(slowest[i].method, requests[i].method);
        assert_int_equal(slowest[i].flags, requests[i].flags);
        assert_named(slowest[i].group, "customer-%u", requests[i].group);
    }
    summary_free(summary);
    free(requests);
}

TEST(shares_of_slow_requests_are_exact_where_they_are_known)
{
    struct made_request *requests = made_requests(&made_small);
    struct summary *summary = made_whole(&made_small);
    const struct summary_cell *cell = cell_of(summary, "GET /7", "1.1");
    struct summary_share shares[SUMMARY_SHARES];
    uint64_t from_ns = 0, total;
    size_t in_cell = sorted_cell(&made_small, requests, 7, 1);
    size_t told =
        summary_slow_shares(summary, cell, SUMMARY_GROUP, &from_ns, &total, shares);
    assert_true(total > 300 && total < 512 && told > 10);
    uint64_t by_group[201] = {0}, slow = 0;
    for (size_t i = 0; i < in_cell; i++)
        if (requests[i].duration_ns >= from_ns) {
            by_group[requests[i].group]++;
            slow++;
        }
    assert_int_equal(total, slow);
    for (size_t i = 0; i < told; i++) {
        uint32_t group = (uint32_t)strtoul(shares[i].name.bytes + 9, NULL, 10);
        assert_int_equal(shares[i].slow, by_group[group]);
        assert_true(i == 0 || shares[i].slow <= shares[i - 1].slow);
        by_group[group] = 0;
    }
    for (uint32_t group = 1; group <= 200; group++)
        assert_true(by_group[group] <= shares[told - 1].slow);
    uint64_t higher = from_ns * 2;
    summary_slow_shares(summary, cell, SUMMARY_GROUP, &higher, &total, shares);
    assert_true(higher >= from_ns * 2 && higher < from_ns * 2 + from_ns / 50);
    summary_free(summary);
    free(requests);
}

/* Counts of one group over a version (-1: all) against its row. */
static void check_value(const struct summary_value *value, const struct made_plan *plan,
                        const struct made_request *requests, int version)
{
    uint32_t group = (uint32_t)strtoul(value->name.bytes + 9, NULL, 10);
    uint64_t count = 0, errors = 0, sum = 0;
    struct histogram histogram;
    histogram_init(&histogram, value->histogram.bits);
    for (size_t i = 0; i < plan->count; i++) {
        const struct made_request *r = &requests[i];
        if (r->group != group || (version >= 0 && r->version != (uint32_t)version))
            continue;
        count++;
        errors += (uint64_t)is_error(r);
        sum += clamp(r->duration_ns);
        histogram_add(&histogram, r->duration_ns);
    }
    assert_int_equal(value->requests, count);
    assert_int_equal(value->requests_error, 0);
    assert_int_equal(value->server_errors, errors);
    assert_int_equal(value->sum_ns, sum);
    for (unsigned i = 0; i < (unsigned)HISTOGRAM_PAGES << histogram.bits; i++)
        assert_int_equal(histogram_at(&value->histogram, i), histogram_at(&histogram, i));
    histogram_release(&histogram);
}

TEST(groups_are_counted_with_a_histogram_each)
{
    struct made_request *requests = made_requests(&made_small);
    struct summary *summary = made_whole(&made_small);
    struct summary_version *const *versions;
    struct summary_value *rows;
    bool exact;
    summary_versions(summary, &versions);
    for (int version = -1; version < 2; version++) {
        const struct summary_version *of = version < 0 ? NULL : versions[version];
        size_t count = summary_values(summary, SUMMARY_GROUP, of, 20, &rows);
        assert_int_equal(count, 20);
        for (size_t i = 0; i < count; i++) {
            assert_int_equal(rows[i].histogram.bits, 4);
            check_value(&rows[i], &made_small, requests, version);
            assert_true(i == 0 || rows[i].requests <= rows[i - 1].requests);
        }
        summary_values_free(rows, count);
        assert_int_equal(summary_value_count(summary, SUMMARY_GROUP, of, &exact), 200);
        assert_true(exact);
    }
    summary_free(summary);
    free(requests);
}

TEST(many_groups_have_coarser_histograms)
{
    struct made_plan plan = made_small;
    plan.groups = 5000;
    struct made_request *requests = made_requests(&plan);
    struct summary *summary = made_whole(&plan);
    struct summary_value *rows;
    size_t count = summary_values(summary, SUMMARY_GROUP, NULL, 50, &rows);
    for (size_t i = 0; i < count; i++) {
        assert_true(rows[i].histogram.bits < 4);
        check_value(&rows[i], &plan, requests, -1);
    }
    summary_values_free(rows, count);
    summary_free(summary);
    free(requests);
}

TEST(distinct_users_of_a_day_are_counted)
{
    struct made_request *requests = made_requests(&made_small);
    struct summary *summary = made_whole(&made_small);
    const int32_t *days;
    size_t day_count = summary_days(summary, &days);
    bool exact;
    for (size_t d = 0; d < day_count; d++) {
        char seen[501] = {0};
        double distinct = 0;
        for (size_t i = 0; i < made_small.count; i++)
            if (requests[i].address &&
                floor_div(requests[i].start_utc_ns, MADE_DAY_NS) == days[d]) {
                distinct += !seen[requests[i].address];
                seen[requests[i].address] = 1;
            }
        assert_true(summary_distinct(summary, SUMMARY_ADDRESS, NULL, d, &exact) ==
                    distinct);
        assert_true(exact);
    }
    double all = summary_distinct(summary, SUMMARY_GROUP, NULL, SUMMARY_ALL_DAYS, &exact);
    assert_true(all == 200 && exact);
    summary_free(summary);
    free(requests);
}
