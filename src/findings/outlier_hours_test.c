/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "testdata/cmocka_tests.h"

#include "gsl_errors.h"
#include "made_summary.h"
#include "outliers.h"
#include "timezone.h"

#define START_NS INT64_C(1795392000000000000) /* 2026-11-23 00:00 UTC */
#define MINUTE_NS (INT64_C(60) * 1000000000)

enum { DAYS = 10, DAY_MINUTES = 1440 };

struct night {
    unsigned hour;  /* with outliers */
    unsigned every; /* so many days */
    uint64_t requests, outliers, outliers_of;
};

/* A request a minute of 20 ms, in the night's hour every tenth of 2 s; and on one
 * afternoon, 15:00 to 16:00, all of them. */
static void fill(struct made *made, struct night *night)
{
    uint64_t random = 5;

    made_endpoint(made, 1, "shop", "1.0", "GET /export");
    night->requests = night->outliers = night->outliers_of = 0;
    for (unsigned i = 0; i < DAYS * DAY_MINUTES; i++) {
        unsigned day = i / DAY_MINUTES, hour = i % DAY_MINUTES / 60;
        bool at_night = hour == night->hour;
        bool slow = (at_night && day % night->every == 0 && i % 10 == 0) ||
                    (day == 4 && hour == 15);
        struct made_request request = {
            .endpoint = 1,
            .start_utc_ns = START_NS + i * MINUTE_NS,
            .duration_ns = slow ? 2000000000 : made_latency_ns(&random, 2e7, .2),
            .status = 200};
        made_add(made, &request);
        night->requests += at_night;
        night->outliers += at_night && slow;
        night->outliers_of += slow;
    }
}

/* Everything through both scans; outliers borrow from made. */
static void attribute(struct outliers *outliers, struct made *made, struct night *night,
                      const struct zone *zone)
{
    struct event_source source = {.host = "", .run = ""};
    struct outlier_options options;
    struct scan_plan plan;

    gsl_errors_become_statuses();
    made_init(made);
    fill(made, night);
    outlier_options_init(&options);
    outliers_build(outliers, made->summary, &options);
    outliers_plan(outliers, made->summary, &plan);
    struct made again = {.summary = summary_new_scanning(&plan)};
    again.map = source_map_new(again.summary, &source);
    fill(&again, night);
    outliers_attribute(outliers, made->summary, summary_scan(again.summary), zone);
    made_release(&again);
    scan_plan_release(&plan);
}

TEST(an_hour_with_outliers_night_after_night_is_named_and_one_bad_afternoon_is_not)
{
    struct night night = {.hour = 2, .every = 1};
    struct outliers outliers;
    struct made made;

    attribute(&outliers, &made, &night, NULL);
    assert_int_equal(outliers.culprit_count, 1);
    const struct culprit *culprit = &outliers.culprits[0];
    assert_int_equal(culprit->dimension, SCAN_HOUR);
    assert_int_equal(culprit->code, 2);
    assert_int_equal(culprit->requests, night.requests);
    assert_int_equal(culprit->outliers, night.outliers);
    assert_int_equal(culprit->outliers_of, night.outliers_of);
    assert_int_equal(culprit->requests_of, DAYS * DAY_MINUTES);
    outliers_release(&outliers);
    made_release(&made);
}

TEST(hours_are_those_of_the_zone)
{
    struct night night = {.hour = 2, .every = 1};
    struct outliers outliers;
    struct made made;
    struct zone zone = {0};

    assert_int_equal(zone_parse_posix(&zone, "EET-2"), 0);
    attribute(&outliers, &made, &night, &zone);
    assert_int_equal(outliers.culprit_count, 1);
    assert_int_equal(outliers.culprits[0].code, 4);
    outliers_release(&outliers);
    made_release(&made);
    zone_release(&zone);
}

TEST(two_slow_nights_in_ten_are_no_hour)
{
    struct night night = {.hour = 2, .every = 5};
    struct outliers outliers;
    struct made made;

    attribute(&outliers, &made, &night, NULL);
    assert_true(outliers.beyond > 50);
    assert_int_equal(outliers.culprit_count, 0);
    outliers_release(&outliers);
    made_release(&made);
}
