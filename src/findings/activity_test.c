/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "activity.h"

#include "actor_latency.h"
#include "made_summary.h"

#include "src/base/err.h"

#include <math.h>
#include <stdio.h>

#include "testdata/cmocka_tests.h"

#define SECOND_NS INT64_C(1000000000)
#define DAY_S INT64_C(86400)
#define MONDAY_S INT64_C(1795392000) /* 2026-11-23 00:00 UTC */

struct fixture {
    struct made made;
    struct zone zone;
    struct overview overview;
    struct usage usage;
    struct activity activity;
};

static void add(struct made *made, uint32_t endpoint, uint32_t group, int64_t utc_s,
                uint64_t duration_ns)
{
    struct made_request request = {.endpoint = endpoint,
                                   .group = group,
                                   .start_utc_ns = utc_s * SECOND_NS,
                                   .duration_ns = duration_ns,
                                   .status = utc_s % 7 == 0 ? 500 : 200};
    made_add(made, &request);
}

/* Endpoint 1 and 2 of version 1, 11 and 12 of version 2. */
static void begin(struct fixture *fixture)
{
    made_init(&fixture->made);
    made_endpoint(&fixture->made, 1, "shop", "1", "GET /a");
    made_endpoint(&fixture->made, 2, "shop", "1", "GET /b");
    made_endpoint(&fixture->made, 11, "shop", "2", "GET /a");
    made_endpoint(&fixture->made, 12, "shop", "2", "GET /b");
    made_group(&fixture->made, 1, "ann");
    made_group(&fixture->made, 2, "bob");
}

static void build(struct fixture *fixture, const char *zone)
{
    struct err err = ERR_INIT;
    assert_int_equal(zone_load(&fixture->zone, zone, &err), 0);
    overview_build(&fixture->overview, fixture->made.summary, 0);
    usage_build(&fixture->usage, fixture->made.summary, &fixture->zone, 100);
    activity_build(&fixture->activity, &fixture->overview, &fixture->usage,
                   &fixture->zone);
}

static void end(struct fixture *fixture)
{
    activity_release(&fixture->activity);
    usage_release(&fixture->usage);
    overview_release(&fixture->overview);
    zone_release(&fixture->zone);
    made_release(&fixture->made);
}

static size_t version_at(const struct overview *overview, const char *name)
{
    size_t v = 0;
    while (strcmp(overview->versions[v].source->name.bytes, name) != 0)
        v++;
    return v;
}

/* Every request of a list is counted down from where it has to be. */
static void count_down(struct fixture *fixture, uint32_t endpoint, int64_t utc_s)
{
    struct activity *activity = &fixture->activity;
    struct zone_time local = zone_local(&fixture->zone, utc_s);
    size_t at = 0;
    while (at < activity->period_count &&
           !(activity->unit == ACTIVITY_WEEK
                 ? local.day >= activity->days[at] && local.day < activity->days[at] + 7
                 : local.day == activity->days[at] &&
                       (activity->unit == ACTIVITY_DAY ||
                        local.second / 3600 == activity->hours[at])))
        at++;
    assert_true(at < activity->period_count);
    assert_true(activity->endpoints[endpoint % 10 - 1].requests[at]-- > 0);
    size_t version = version_at(&fixture->overview, endpoint > 10 ? "2" : "1");
    assert_true(activity->versions[version].requests[at]-- > 0);
    assert_true(activity->requests[at]-- > 0);
    if (utc_s % 7 == 0) {
        assert_true(activity->endpoints[endpoint % 10 - 1].errors[at]-- > 0);
        assert_true(activity->versions[version].errors[at]-- > 0);
    }
}

static void assert_counted_one_by_one(const char *zone, int64_t seconds,
                                      enum activity_unit unit)
{
    struct fixture fixture;
    uint64_t seed = 5;
    int64_t times[2000];
    uint32_t endpoints[2000];

    begin(&fixture);
    for (int i = 0; i < 2000; i++) {
        times[i] = MONDAY_S + 3600 + (int64_t)(made_uniform(&seed) * (double)seconds);
        endpoints[i] = 1 + (uint32_t)(i % 2) + (times[i] % 3 ? 0 : 10);
        add(&fixture.made, endpoints[i], 0, times[i], 1000);
    }
    build(&fixture, zone);
    const struct activity *activity = &fixture.activity;
    assert_int_equal(activity->unit, unit);
    assert_true(activity->requests[0] > 0);
    assert_true(activity->requests[activity->period_count - 1] > 0);
    double recorded_s = 0;
    for (size_t i = 0; i < activity->period_count; i++)
        recorded_s += activity->seconds[i];
    assert_true(fabs(recorded_s - fixture.usage.total.seconds) < .001);
    for (int i = 0; i < 2000; i++)
        count_down(&fixture, endpoints[i], times[i]);
    for (size_t i = 0; i < activity->period_count; i++) {
        assert_int_equal(activity->requests[i], 0);
        assert_int_equal(activity->endpoints[0].errors[i], 0);
        assert_int_equal(activity->versions[1].errors[i], 0);
    }
    end(&fixture);
}

TEST(periods_are_hours_then_days_then_weeks_and_lose_no_request)
{
    assert_counted_one_by_one("UTC", 2 * DAY_S, ACTIVITY_HOUR);
    assert_counted_one_by_one("Asia/Kathmandu", 5 * DAY_S, ACTIVITY_HOUR);
    assert_counted_one_by_one("America/New_York", 60 * DAY_S, ACTIVITY_DAY);
    assert_counted_one_by_one("Pacific/Auckland", 300 * DAY_S, ACTIVITY_DAY);
    /* so long, that counts are by days of UTC */
    assert_counted_one_by_one("UTC", 900 * DAY_S, ACTIVITY_WEEK);
}

TEST(an_endpoint_that_fell_silent_is_told_and_a_rare_one_is_not)
{
    struct fixture fixture;

    begin(&fixture);
    made_endpoint(&fixture.made, 3, "shop", "1", "GET /rare");
    made_endpoint(&fixture.made, 4, "shop", "1", "GET /weekend");
    for (int64_t hour = 0; hour < 30 * 24; hour++) {
        add(&fixture.made, 1, 0, MONDAY_S + hour * 3600, 1000);
        if (hour < 20 * 24)
            add(&fixture.made, 2, 0, MONDAY_S + hour * 3600, 1000);
        if (hour % (24 * 7) == 0)
            add(&fixture.made, 3, 0, MONDAY_S + hour * 3600, 1000);
        if (hour < 28 * 24)
            add(&fixture.made, 4, 0, MONDAY_S + hour * 3600, 1000);
    }
    build(&fixture, "UTC");
    const struct activity_silence *silence = fixture.activity.silences;
    assert_int_equal(fixture.activity.silence_count, 1);
    assert_string_equal(fixture.overview.endpoints[silence->endpoint].name.bytes,
                        "GET /b");
    assert_false(silence->gone);
    assert_true(fabs(silence->seconds - 10 * DAY_S) < 1);
    assert_true(fabs(silence->usual_s - 3600) < 1);
    end(&fixture);
}

TEST(an_endpoint_that_the_newest_version_never_had_is_gone)
{
    struct fixture fixture;

    begin(&fixture);
    for (int i = 0; i < 100; i++) {
        add(&fixture.made, 1, 0, MONDAY_S + i, 1000);
        add(&fixture.made, 2, 0, MONDAY_S + i, 1000);
        add(&fixture.made, 11, 0, MONDAY_S + 200 + i, 1000);
    }
    build(&fixture, "UTC");
    assert_int_equal(fixture.activity.silence_count, 1);
    assert_true(fixture.activity.silences[0].gone);
    assert_int_equal(fixture.activity.silences[0].endpoint, 1);
    assert_int_equal(fixture.activity.silences[0].version, 0);
    end(&fixture);
}

TEST(nothing_recorded_is_no_activity)
{
    struct fixture fixture;

    begin(&fixture);
    build(&fixture, "UTC");
    assert_int_equal(fixture.activity.period_count, 0);
    assert_int_equal(fixture.activity.silence_count, 0);
    end(&fixture);
}

/* --- latency by version and group --- */

TEST(a_groups_latency_in_a_version_is_that_of_its_requests_there)
{
    struct fixture fixture;
    struct actor_latency latency;

    begin(&fixture);
    for (int i = 0; i < 400; i++) {
        add(&fixture.made, 1, 1, MONDAY_S + i, 10000000);
        add(&fixture.made, 11, 1, MONDAY_S + 1000 + i, 40000000);
        add(&fixture.made, 1, 2, MONDAY_S + i, 20000000);
    }
    build(&fixture, "UTC");
    actor_latency_build(&latency, fixture.made.summary, SUMMARY_GROUP,
                        &fixture.usage.groups, &fixture.overview);
    assert_int_equal(latency.row_count, 2);
    assert_int_equal(latency.column_count, 2);
    assert_string_equal(fixture.usage.groups.rows[0].name.bytes, "ann");
    const struct actor_version *older = actor_latency_at(&latency, 0, 0),
                               *newer = actor_latency_at(&latency, 0, 1);
    assert_int_equal(older->requests, 400);
    assert_int_equal(newer->requests, 400);
    assert_true(older->mean_ns == 10000000 && newer->mean_ns == 40000000);
    assert_true(fabs(older->quantiles[QUANTILE_50].value_ns / 1e7 - 1) < .04);
    assert_true(fabs(actor_latency_quantile(newer, .25).value_ns / 4e7 - 1) < .04);
    const struct actor_version *none = actor_latency_at(&latency, 1, 1);
    assert_int_equal(none->requests, 0);
    assert_true(isnan(none->mean_ns));
    assert_false(actor_latency_quantile(none, .5).known);
    actor_latency_release(&latency);
    end(&fixture);
}
