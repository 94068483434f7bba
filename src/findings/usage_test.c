/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "usage.h"

#include "made_summary.h"

#include "src/base/err.h"

#include <math.h>
#include <stdio.h>

#include "testdata/cmocka_tests.h"

#define SECOND_NS INT64_C(1000000000)

static struct zone loaded(const char *name)
{
    struct zone zone;
    struct err err = ERR_INIT;

    if (zone_load(&zone, name, &err))
        fail_msg("%s: %s", name, err.message);
    return zone;
}

static void add_at(struct made *made, int64_t utc_s, uint32_t group, uint16_t status)
{
    struct made_request request = {.endpoint = 1,
                                   .group = group,
                                   .start_utc_ns = utc_s * SECOND_NS + 123456789,
                                   .duration_ns = 5000000,
                                   .status = status};
    made_add(made, &request);
}

/* count requests spread over some days. */
static void made_days(struct made *made, int64_t from_s, int64_t seconds, int count)
{
    uint64_t seed = 3;

    made_init(made);
    made_endpoint(made, 1, "shop", "1", "GET /");
    for (int i = 0; i < count; i++)
        add_at(made, from_s + (int64_t)(made_uniform(&seed) * (double)seconds), 0,
               i % 50 ? 200 : 500);
}

/* --- days and hours --- */

/* Each request is looked at alone; timezone_test.c holds zone_local against Python. */
static void assert_hours_counted_one_by_one(const char *zone_name, int64_t from_s,
                                            int64_t seconds)
{
    struct made made;
    struct usage usage;
    struct zone zone = loaded(zone_name);
    uint64_t seed = 3, counted = 0, errors = 0;

    made_days(&made, from_s, seconds, 5000);
    usage_build(&usage, made.summary, &zone, 10);
    assert_false(usage.misaligned);
    for (int i = 0; i < 5000; i++) {
        int64_t utc_s = from_s + (int64_t)(made_uniform(&seed) * (double)seconds);
        struct zone_time local = zone_local(&zone, utc_s);
        struct usage_day *day = &usage.days[local.day - usage.days[0].day];
        assert_int_equal(day->day, local.day);
        assert_true(day->hours[local.second / 3600].requests-- > 0);
    }
    for (size_t d = 0; d < usage.day_count; d++)
        for (size_t h = 0; h < 24; h++) {
            assert_int_equal(usage.days[d].hours[h].requests, 0);
            errors += usage.days[d].hours[h].errors;
        }
    for (size_t d = 0; d < 7; d++)
        for (size_t h = 0; h < 24; h++)
            counted += usage.week[d][h].requests;
    assert_int_equal(counted, 5000);
    assert_int_equal(usage.total.requests, 5000);
    assert_int_equal(usage.total.errors, 100);
    assert_int_equal(errors, 100);
    usage_release(&usage);
    zone_release(&zone);
    made_release(&made);
}

TEST(every_request_is_in_its_hour_and_day_of_the_zone)
{
    static const char *const zones[] = {"UTC",
                                        "Europe/Amsterdam",
                                        "America/New_York",
                                        "Asia/Kolkata",
                                        "Asia/Kathmandu",
                                        "Australia/Lord_Howe",
                                        "Pacific/Chatham"};

    for (size_t i = 0; i < sizeof(zones) / sizeof(zones[0]); i++) {
        assert_hours_counted_one_by_one(zones[i], 1711584000, 5 * 86400); /* March 2024 */
        assert_hours_counted_one_by_one(zones[i], 1729900800, 9 * 86400); /* October */
    }
}

/* Real seconds of a civil day; one request a quarter of an hour around it. */
static double day_seconds(const char *zone_name, int year, int month, int day,
                          struct usage_day *copy)
{
    struct made made;
    struct usage usage;
    struct zone zone = loaded(zone_name);
    int64_t wanted = zone_day(year, month, day);

    made_init(&made);
    made_endpoint(&made, 1, "shop", "1", "GET /");
    for (int64_t t = (wanted - 2) * 86400; t < (wanted + 3) * 86400; t += 900)
        add_at(&made, t, 0, 200);
    usage_build(&usage, made.summary, &zone, 10);
    *copy = usage.days[wanted - usage.days[0].day];
    usage_release(&usage);
    zone_release(&zone);
    made_release(&made);
    return copy->total.seconds;
}

TEST(days_have_23_and_25_hours_where_the_clock_changes)
{
    struct usage_day day;

    assert_true(day_seconds("Europe/Amsterdam", 2024, 3, 31, &day) == 23 * 3600);
    assert_true(day.hours[2].seconds == 0 && day.hours[2].requests == 0);
    assert_true(day_seconds("Europe/Amsterdam", 2024, 10, 27, &day) == 25 * 3600);
    assert_true(day.hours[2].seconds == 7200 && day.hours[2].requests == 8);
    assert_true(day_seconds("America/New_York", 2024, 11, 3, &day) == 25 * 3600);
    assert_true(day.hours[1].seconds == 7200);
    /* half an hour on Lord Howe Island */
    assert_true(day_seconds("Australia/Lord_Howe", 2024, 10, 6, &day) == 23.5 * 3600);
    assert_true(day.hours[2].seconds == 1800);
    assert_true(day_seconds("Asia/Kathmandu", 2024, 3, 31, &day) == 24 * 3600);
}

TEST(a_rate_knows_how_long_the_hour_was)
{
    struct made made;
    struct usage usage;
    struct zone zone = loaded("Europe/Amsterdam");

    made_init(&made);
    made_endpoint(&made, 1, "shop", "1", "GET /");
    for (int64_t t = 1729900800; t < 1729900800 + 3 * 86400; t += 60) /* one a minute */
        add_at(&made, t, 0, 200);
    usage_build(&usage, made.summary, &zone, 10);
    for (size_t d = 0; d < usage.day_count; d++)
        for (size_t h = 0; h < 24; h++) {
            const struct usage_cell *cell = &usage.days[d].hours[h];
            if (cell->seconds > 0)
                assert_true(fabs((double)cell->requests / cell->seconds - 1 / 60.) <
                            1e-3);
        }
    assert_true(fabs(usage.total.seconds - (3 * 86400 - 60)) < .01);
    usage_release(&usage);
    zone_release(&zone);
    made_release(&made);
}

TEST(the_busiest_hour_is_the_one_with_most_requests)
{
    struct made made;
    struct usage usage;
    struct zone zone = loaded("Asia/Kolkata");

    made_days(&made, 1700000000, 4 * 86400, 500);
    /* 09:30 UTC is 15:00 in India */
    for (int i = 0; i < 400; i++)
        add_at(&made, 1700000000 / 86400 * 86400 + 2 * 86400 + 34200 + i, 0, 200);
    usage_build(&usage, made.summary, &zone, 10);
    assert_int_equal(usage.busiest_hour, 15);
    assert_int_equal(usage.days[usage.busiest_day].day, 1700000000 / 86400 + 2);
    usage_release(&usage);
    zone_release(&zone);
    made_release(&made);
}

TEST(long_recordings_say_when_hours_are_not_aligned)
{
    static const struct {
        const char *zone;
        bool misaligned;
    } zones[] = {{"UTC", false}, {"Europe/Amsterdam", false}, {"Asia/Kathmandu", true}};

    for (size_t i = 0; i < 3; i++) {
        struct made made;
        struct usage usage;
        struct zone zone = loaded(zones[i].zone);
        made_init(&made);
        made_endpoint(&made, 1, "shop", "1", "GET /");
        for (int64_t day = 0; day < 200; day++)
            add_at(&made, 1700000000 + day * 86400, 0, 200);
        usage_build(&usage, made.summary, &zone, 10);
        assert_int_equal(usage.slot_s, 3600);
        assert_true(usage.misaligned == zones[i].misaligned);
        assert_int_equal(usage.total.requests, 200);
        usage_release(&usage);
        zone_release(&zone);
        made_release(&made);
    }
}

TEST(a_clock_that_stood_at_1970_costs_no_memory)
{
    struct made made;
    struct usage usage;
    struct zone zone = loaded("UTC");

    made_days(&made, 1700000000, 86400, 100);
    add_at(&made, 5, 0, 200);
    usage_build(&usage, made.summary, &zone, 10);
    assert_true(usage.day_count <= 3);
    assert_int_equal(usage.total.requests, 100);
    assert_int_equal(usage.outside, 1);
    usage_release(&usage);
    zone_release(&zone);
    made_release(&made);
}

/* --- by whom --- */

TEST(groups_are_counted_and_the_most_active_come_first)
{
    struct made made;
    struct usage usage;
    struct zone zone = loaded("UTC");
    char name[32];

    made_init(&made);
    made_endpoint(&made, 1, "shop", "1", "GET /");
    for (uint32_t g = 1; g <= 50; g++) {
        snprintf(name, sizeof(name), "customer %u", g);
        made_group(&made, g, name);
        for (uint32_t i = 0; i < g * 10; i++)
            add_at(&made, 1700000000 + i, g, i == 0 ? 500 : 200);
    }
    usage_build(&usage, made.summary, &zone, 10);
    assert_int_equal(usage.groups.count, 10);
    assert_true(usage.groups.distinct == 50 && usage.groups.distinct_exact);
    assert_true(usage.groups.exact);
    assert_string_equal(usage.groups.rows[0].name.bytes, "customer 50");
    assert_int_equal(usage.groups.rows[0].requests, 500);
    assert_int_equal(usage.groups.rows[0].server_errors, 1);
    assert_true(fabs(usage.groups.rows[0].share - 500 / 12750.) < 1e-12);
    assert_true(usage.groups.rows[0].quantiles[QUANTILE_50].known);
    assert_true(fabs(usage.groups.rows[0].mean_ns - 5e6) < 1);
    assert_int_equal(usage.visitor_count, 1);
    assert_true(usage.visitors[0].groups == 50);
    assert_true(usage.visitors[0].addresses == 0);
    usage_release(&usage);
    zone_release(&zone);
    made_release(&made);
}

TEST(groups_that_are_counted_apart_are_not_estimated)
{
    struct made made;
    struct usage usage;
    struct zone zone = loaded("UTC");
    char name[32];

    made_init(&made);
    made_endpoint(&made, 1, "shop", "1", "GET /");
    for (uint32_t g = 1; g <= 3000; g++) {
        snprintf(name, sizeof(name), "customer %u", g);
        made_group(&made, g, name);
        add_at(&made, 1700000000, g, 200);
    }
    usage_build(&usage, made.summary, &zone, 10);
    assert_true(usage.groups.distinct == 3000 && usage.groups.distinct_exact);
    usage_release(&usage);
    zone_release(&zone);
    made_release(&made);
}

TEST(no_request_gives_empty_usage)
{
    struct made made;
    struct usage usage;
    struct zone zone = loaded("UTC");

    made_init(&made);
    usage_build(&usage, made.summary, &zone, 10);
    assert_int_equal(usage.day_count, 0);
    assert_int_equal(usage.groups.count, 0);
    usage_release(&usage);
    zone_release(&zone);
    made_release(&made);
}

/* A user is one however many days; weeks begin on Monday, months on the first. */
TEST(visitors_of_weeks_and_months_are_counted_once)
{
    struct made made;
    struct usage usage;
    struct zone zone = loaded("UTC");
    char name[16];
    const int64_t thursday_s = 1795651200; /* 2026-11-26 */

    made_init(&made);
    made_endpoint(&made, 1, "shop", "1", "GET /");
    for (uint32_t group = 1; group <= 40; group++) {
        snprintf(name, sizeof(name), "g%u", group);
        made_group(&made, group, name);
    }
    for (uint32_t day = 0; day < 8; day++) /* 10 on each day, 4 of them new */
        for (uint32_t i = 0; i < 10; i++)
            add_at(&made, thursday_s + day * 86400, 1 + day * 4 + i, 200);
    usage_build(&usage, made.summary, &zone, 10);
    assert_int_equal(usage.visitor_count, 8);
    assert_int_equal(usage.visitor_week_count, 2);
    assert_int_equal(usage.visitor_weeks[0].day, zone_day(2026, 11, 23));
    assert_int_equal(usage.visitor_weeks[1].day, zone_day(2026, 11, 30));
    assert_true(usage.visitor_weeks[0].groups == 10 + 3 * 4);
    assert_true(usage.visitor_weeks[1].groups == 10 + 3 * 4);
    assert_int_equal(usage.visitor_month_count, 2);
    assert_int_equal(usage.visitor_months[0].day, zone_day(2026, 11, 1));
    assert_int_equal(usage.visitor_months[1].day, zone_day(2026, 12, 1));
    assert_true(usage.visitor_months[0].groups == 10 + 4 * 4);
    assert_true(usage.visitor_months[1].groups == 10 + 2 * 4);
    assert_true(usage.visitor_months[0].groups_exact);
    usage_release(&usage);
    zone_release(&zone);
    made_release(&made);
}
