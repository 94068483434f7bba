/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a summary makes of requests that nobody expects, and of too many of anything. */
#include <stdio.h>

#include "made_requests.h"
#include "saved_bytes.h"

/* --- what may come in ----------------------------------------------------------------
 */

static struct source_map *bare_source(struct summary *summary)
{
    return source_map_new(summary, &(struct event_source){"", "", 1});
}

static void add_one(struct summary *summary, struct source_map *map, uint32_t endpoint,
                    uint32_t group, uint64_t start_ns, uint64_t duration_ns)
{
    summary_add(summary, map,
                &(struct events){.count = 1,
                                 .endpoint = &endpoint,
                                 .start_ns = &start_ns,
                                 .duration_ns = &duration_ns,
                                 .group = group ? &group : NULL});
}

TEST(numbers_that_are_not_defined_count_as_undefined)
{
    struct summary *summary = summary_new();
    struct source_map *map = bare_source(summary);
    struct summary_value *rows;
    source_map_endpoint(map, 2, "a", 1, "1", 1, "x", 1);
    source_map_endpoint(map, UINT32_MAX, "a", 1, "1", 1, "y", 1);
    source_map_group(map, 5, "g", 1);
    source_map_group(map, 0, "none", 4);
    add_one(summary, map, 0, 1, 1, 1);
    add_one(summary, map, 1, 5, 1, 1);
    add_one(summary, map, 2, 6, 1, 1);
    add_one(summary, map, 3, 4000000000u, 1, 1);
    add_one(summary, map, UINT32_MAX, 0, 1, 1);
    source_map_free(map);
    assert_int_equal(summary_totals(summary).requests, 5);
    assert_int_equal(summary_totals(summary).undefined, 4);
    assert_int_equal(cell_of(summary, "(undefined)", "")->requests, 4);
    assert_int_equal(cell_of(summary, "x", "1")->requests, 1);
    size_t count = summary_values(summary, SUMMARY_GROUP, NULL, 10, &rows);
    assert_int_equal(count, 2);
    assert_string_equal(rows[0].name.bytes, "(undefined)");
    assert_int_equal(rows[0].requests, 3);
    assert_string_equal(rows[1].name.bytes, "g");
    summary_values_free(rows, count);
    summary_free(summary);
}

TEST(a_number_that_is_defined_again_means_the_new_name_from_then_on)
{
    struct summary *summary = summary_new();
    struct source_map *map = bare_source(summary);
    struct summary_value *rows;
    source_map_endpoint(map, 1, "a", 1, "1", 1, "x", 1);
    source_map_group(map, 7, "one", 3);
    add_one(summary, map, 1, 7, 1, 1);
    source_map_endpoint(map, 1, "a", 1, "1", 1, "y", 1);
    source_map_group(map, 7, "two", 3);
    add_one(summary, map, 1, 7, 1, 1);
    add_one(summary, map, 1, 7, 1, 1);
    source_map_free(map);
    assert_int_equal(cell_of(summary, "x", "1")->requests, 1);
    assert_int_equal(cell_of(summary, "y", "1")->requests, 2);
    assert_int_equal(summary_values(summary, SUMMARY_GROUP, NULL, 9, &rows), 2);
    assert_string_equal(rows[0].name.bytes, "two");
    summary_values_free(rows, 2);
    summary_free(summary);
}

TEST(durations_of_nothing_and_of_more_than_a_day_are_counted)
{
    struct summary *summary = summary_new();
    struct source_map *map = bare_source(summary);
    source_map_endpoint(map, 1, "a", 1, "1", 1, "x", 1);
    add_one(summary, map, 1, 0, 1, 0);
    add_one(summary, map, 1, 0, 1, HISTOGRAM_MAX_NS);
    add_one(summary, map, 1, 0, 1, HISTOGRAM_MAX_NS + 1);
    add_one(summary, map, 1, 0, 1, UINT64_MAX);
    source_map_free(map);
    const struct summary_cell *cell = cell_of(summary, "x", "1");
    assert_int_equal(cell->requests, 4);
    assert_int_equal(cell->clamped, 2);
    assert_int_equal(cell->min_ns, 0);
    assert_int_equal(cell->max_ns, HISTOGRAM_MAX_NS);
    assert_true(cell->sum_ns == 3 * (uint128_t)HISTOGRAM_MAX_NS);
    assert_true(cell->sum_squares_ns ==
                3 * (uint128_t)HISTOGRAM_MAX_NS * HISTOGRAM_MAX_NS);
    assert_int_equal(histogram_total(&cell->histogram), 4);
    assert_int_equal(summary_totals(summary).clamped, 2);
    summary_free(summary);
}

TEST(clocks_may_stand_anywhere_and_jump)
{
    const uint64_t starts[] = {
        0,          UINT64_MAX, (uint64_t)1 << 63,        1,  INT64_MAX,       1000,
        UINT64_MAX, 1ull << 62, (uint64_t) - (1ll << 62), 17, 1700000000000ull};
    struct summary *summary = summary_new();
    struct source_map *map = bare_source(summary);
    source_map_endpoint(map, 1, "a", 1, "1", 1, "x", 1);
    for (size_t i = 0; i < sizeof(starts) / sizeof(starts[0]); i++)
        add_one(summary, map, 1, 0, starts[i], 5);
    source_map_free(map);
    const struct summary_cell *cell = cell_of(summary, "x", "1");
    assert_int_equal(cell->first_utc_ns, INT64_MIN);
    assert_int_equal(cell->last_utc_ns, INT64_MAX);
    uint64_t count = 0;
    for (unsigned i = 0; i < cell->version->grid.count; i++)
        count += cell->blocks[i].requests;
    assert_int_equal(count, cell->requests);
    summary_free(summary);
}

TEST(an_empty_batch_changes_nothing)
{
    struct summary *summary = summary_new(), *empty = summary_new();
    struct source_map *map = bare_source(summary);
    summary_add(summary, map, &(struct events){.count = 0});
    source_map_free(map);
    assert_saves_the_same(summary, empty);
    summary_free(summary);
    summary_free(empty);
}

/* --- beyond the limits ---------------------------------------------------------------
 */

TEST(endpoints_versions_and_runs_beyond_the_limits_are_folded_and_counted)
{
    struct summary *summary = summary_new();
    struct source_map *map = bare_source(summary);
    char text[32];
    uint64_t expected_other = 0;
    for (uint32_t i = 1; i <= SUMMARY_ENDPOINTS_MAX + 50; i++) {
        size_t length = (size_t)snprintf(text, sizeof(text), "e%u", i);
        source_map_endpoint(map, i, "a", 1, "1", 1, text, length);
        add_one(summary, map, i, 0, 1, 1);
        expected_other += i > SUMMARY_ENDPOINTS_MAX;
    }
    for (uint32_t i = 2; i <= SUMMARY_VERSIONS_MAX + 7; i++) {
        size_t length = (size_t)snprintf(text, sizeof(text), "%u", i);
        source_map_endpoint(map, 1, "a", 1, text, length, "e1", 2);
        add_one(summary, map, 1, 0, 1, 1);
        expected_other += i > SUMMARY_VERSIONS_MAX;
    }
    source_map_free(map);
    for (int i = 0; i < SUMMARY_RUNS + 9; i++) {
        snprintf(text, sizeof(text), "run %d", i);
        map = source_map_new(summary, &(struct event_source){"", text, 1});
        source_map_endpoint(map, 1, "a", 1, "1", 1, "e1", 2);
        add_one(summary, map, 1, 0, 1, 1);
        source_map_free(map);
    }
    struct summary_endpoint *const *endpoints;
    struct summary_version *const *versions;
    struct summary_run *const *runs;
    assert_int_equal(summary_endpoints(summary, &endpoints), SUMMARY_ENDPOINTS_MAX + 1);
    assert_int_equal(summary_versions(summary, &versions), SUMMARY_VERSIONS_MAX + 1);
    assert_int_equal(summary_runs(summary, &runs), SUMMARY_RUNS + 1);
    assert_int_equal(summary_totals(summary).other, expected_other);
    struct str bytes = saved(summary);
    struct summary *loaded = summary_load(bytes.bytes, bytes.length, NULL);
    assert_non_null(loaded);
    assert_saves_the_same(summary, loaded);
    str_release(&bytes);
    summary_free(loaded);
    summary_free(summary);
}

/* A request from each address from .. to - 1. */
static struct summary *from_addresses(uint32_t from, uint32_t to)
{
    struct summary *summary = summary_new();
    struct source_map *map = bare_source(summary);
    char text[32];
    source_map_endpoint(map, 1, "a", 1, "1", 1, "x", 1);
    for (uint32_t id = from; id < to; id++) {
        uint32_t endpoint = 1;
        uint64_t start_ns = id, duration_ns = 1000 + id;
        source_map_address(map, id, text,
                           (size_t)snprintf(text, sizeof(text), "address-%u", id));
        summary_add(summary, map,
                    &(struct events){.count = 1,
                                     .endpoint = &endpoint,
                                     .start_ns = &start_ns,
                                     .duration_ns = &duration_ns,
                                     .address = &id});
    }
    source_map_free(map);
    return summary;
}

TEST(up_to_131072_addresses_are_counted_exactly_also_when_saved_and_merged)
{
    struct summary *once = from_addresses(1, SUMMARY_VALUES_MAX + 1);
    struct summary *merged = summary_new();
    for (uint32_t i = 0; i < 2; i++) {
        struct summary *half = from_addresses(1 + i * SUMMARY_VALUES_MAX / 2,
                                              1 + (i + 1) * SUMMARY_VALUES_MAX / 2);
        struct str bytes = saved(half);
        struct summary *loaded = summary_load(bytes.bytes, bytes.length, NULL);
        summary_merge(merged, loaded);
        summary_free(loaded);
        summary_free(half);
        str_release(&bytes);
    }
    bool exact;
    assert_int_equal(summary_value_count(merged, SUMMARY_ADDRESS, NULL, &exact),
                     SUMMARY_VALUES_MAX);
    assert_true(exact);
    assert_saves_the_same(merged, once);
    summary_free(merged);
    summary_free(once);
}

/* 300,000 addresses once each and 100 that come often: the often ones are found, and each
 * true number lies within the bounds that are told. */
TEST(with_too_many_addresses_the_frequent_are_found_within_the_bounds_told)
{
    enum { ONCE = 300000, OFTEN = 100 };
    struct summary *summary = summary_new(), *half = summary_new();
    struct source_map *maps[2] = {bare_source(summary), bare_source(half)};
    uint64_t random = 3, *counts = mem_array(ONCE + OFTEN + 1, sizeof(*counts));
    char text[32];
    for (int m = 0; m < 2; m++)
        source_map_endpoint(maps[m], 1, "a", 1, "1", 1, "x", 1);
    for (uint32_t i = 0; i < 2 * ONCE; i++) {
        struct source_map *map = maps[i >= ONCE];
        uint32_t id = i % 2 ? ONCE + 1 + made_below(&random, OFTEN) : i / 2 + 1;
        uint32_t endpoint = 1;
        uint64_t start_ns = i, duration_ns = 1000 + i;
        counts[id]++;
        source_map_address(map, id, text,
                           (size_t)snprintf(text, sizeof(text), "address-%u", id));
        summary_add(i >= ONCE ? half : summary, map,
                    &(struct events){.count = 1,
                                     .endpoint = &endpoint,
                                     .start_ns = &start_ns,
                                     .duration_ns = &duration_ns,
                                     .address = &id});
    }
    source_map_free(maps[0]);
    source_map_free(maps[1]);
    summary_merge(summary, half);
    struct summary_value *rows;
    bool exact;
    size_t count = summary_values(summary, SUMMARY_ADDRESS, NULL, 1000, &rows);
    assert_int_equal(count, 1000);
    summary_value_count(summary, SUMMARY_ADDRESS, NULL, &exact);
    assert_false(exact);
    for (size_t i = 0; i < count; i++) {
        uint32_t id = (uint32_t)strtoul(rows[i].name.bytes + 8, NULL, 10);
        assert_true(i >= OFTEN || id > ONCE);
        assert_true(rows[i].requests <= counts[id]);
        assert_true(counts[id] <= rows[i].requests + rows[i].requests_error);
        assert_true(rows[i].requests_error < 20);
    }
    double distinct =
        summary_distinct(summary, SUMMARY_ADDRESS, NULL, SUMMARY_ALL_DAYS, &exact);
    assert_false(exact);
    assert_true(fabs(distinct / (ONCE + OFTEN) - 1) < 0.05);
    struct str bytes = saved(summary);
    struct summary *loaded = summary_load(bytes.bytes, bytes.length, NULL);
    assert_non_null(loaded);
    assert_saves_the_same(summary, loaded);
    str_release(&bytes);
    summary_values_free(rows, count);
    summary_free(loaded);
    summary_free(summary);
    summary_free(half);
    free(counts);
}

TEST(endpoints_that_have_no_room_when_merging_are_counted_as_folded)
{
    enum { EACH = SUMMARY_ENDPOINTS_MAX / 2 + 30 };
    struct summary *halves[2] = {summary_new(), summary_new()};
    char text[32];
    for (int h = 0; h < 2; h++) {
        struct source_map *map = bare_source(halves[h]);
        for (uint32_t i = 1; i <= EACH; i++) {
            size_t length = (size_t)snprintf(text, sizeof(text), "e%d-%u", h, i);
            source_map_endpoint(map, i, "a", 1, "1", 1, text, length);
            add_one(halves[h], map, i, 0, 1, 1);
        }
        source_map_free(map);
    }
    summary_merge(halves[0], halves[1]);
    assert_int_equal(summary_totals(halves[0]).requests, 2 * EACH);
    assert_int_equal(summary_totals(halves[0]).other, 60);
    summary_free(halves[0]);
    summary_free(halves[1]);
}
