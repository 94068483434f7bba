/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "testdata/cmocka_tests.h"

#include "filters.h"
#include "src/base/err.h"

static struct err err;

static int read_in(const char *zone_name, const struct filter_wishes *wishes,
                   struct filters *filters)
{
    struct zone zone;
    err = (struct err)ERR_INIT;
    assert_int_equal(zone_load(&zone, zone_name, &err), 0);
    int status = filters_read(filters, wishes, &zone, &err);
    zone_release(&zone);
    return status;
}

static int64_t since_s(const char *zone_name, const char *text)
{
    struct filters filters;
    struct filter_wishes wishes = {.since = text};
    if (read_in(zone_name, &wishes, &filters) != 0)
        fail_msg("%s: %s", text, err.message);
    assert_true(filters.filter.has_since && !filters.filter.has_until);
    return filters.filter.since_utc_ns / 1000000000;
}

/* Seconds by `date -d TEXT +%s` with TZ. */
TEST(moments_are_of_the_reports_zone_unless_they_name_one)
{
    assert_int_equal(since_s("UTC", "2026-11-23"), 1795392000);
    assert_int_equal(since_s("Europe/Amsterdam", "2026-11-23"), 1795388400);
    assert_int_equal(since_s("Europe/Amsterdam", "2026-07-01 12:30"), 1782901800);
    assert_int_equal(since_s("Asia/Kolkata", "2026-11-23T14:00:05"), 1795422605);
    assert_int_equal(since_s("Asia/Kolkata", "2026-11-23T14:00:05Z"), 1795442405);
    assert_int_equal(since_s("UTC", "2026-11-23 14:00+05:30"), 1795422600);
    assert_int_equal(since_s("UTC", "2026-11-23 14:00-02:00"), 1795449600);
}

TEST(what_the_clock_showed_twice_is_the_first_and_what_it_skipped_goes_on)
{
    /* 25 October 2026, 02:30 CEST is 00:30 UTC, 02:30 CET 01:30 UTC */
    assert_int_equal(since_s("Europe/Amsterdam", "2026-10-25 02:30"), 1792888200);
    /* 29 March 2026 went from 02:00 CET (01:00 UTC) to 03:00 CEST */
    assert_int_equal(since_s("Europe/Amsterdam", "2026-03-29 02:30"), 1774747800);
    assert_int_equal(since_s("America/New_York", "2026-11-01 01:30"), 1793511000);
}

TEST(times_before_the_last_request_wait_for_it)
{
    struct filters filters;
    struct filter_wishes wishes = {.since = "2h", .until = "30m"};
    assert_int_equal(read_in("UTC", &wishes, &filters), 0);
    assert_true(filters_need_last(&filters));
    assert_int_equal(filters_set_times(&filters, INT64_C(10000000000000), &err), 0);
    assert_int_equal(filters.filter.since_utc_ns, INT64_C(2800000000000));
    assert_int_equal(filters.filter.until_utc_ns, INT64_C(8200000000000));
    wishes = (struct filter_wishes){.since = "1w", .until = "8d"};
    assert_int_equal(read_in("UTC", &wishes, &filters), 0);
    assert_int_equal(filters_set_times(&filters, 0, &err), -1);
    assert_non_null(strstr(err.message, "--since is not before --until"));
}

TEST(what_is_no_moment_is_refused)
{
    static const char *const wrong[] = {"",
                                        "now",
                                        "2026",
                                        "2026-13-01",
                                        "2026-02-29",
                                        "2026-1-1",
                                        "2026-01-01x",
                                        "2026-01-01 24:00",
                                        "2026-01-01 9:00",
                                        "2h30",
                                        "-2h",
                                        "99999999h",
                                        "2026-01-01T12",
                                        "2026-01-01 12:00+2",
                                        "1999999-01-01"};
    struct filters filters;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        struct filter_wishes wishes = {.until = wrong[i]};
        if (read_in("UTC", &wishes, &filters) == 0)
            fail_msg("\"%s\" was read as a moment", wrong[i]);
        assert_non_null(strstr(err.message, "--until takes a moment such as"));
    }
    struct filter_wishes turned = {.since = "2026-11-24", .until = "2026-11-23"};
    assert_int_equal(read_in("UTC", &turned, &filters), -1);
}

static int read_status(const char *text, struct filters *filters)
{
    struct filter_wishes wishes = {.statuses = {&text, 1}};
    return read_in("UTC", &wishes, filters);
}

TEST(statuses_are_codes_classes_and_ranges)
{
    struct filters filters;
    assert_int_equal(read_status("404,5xx,200-299,3xx-404", &filters), 0);
    const struct filter_statuses *ranges = filters.filter.statuses;
    assert_int_equal(filters.filter.status_count, 4);
    assert_true(ranges[0].low == 404 && ranges[0].high == 404);
    assert_true(ranges[1].low == 500 && ranges[1].high == 599);
    assert_true(ranges[2].low == 200 && ranges[2].high == 299);
    assert_true(ranges[3].low == 300 && ranges[3].high == 404);
    static const char *const wrong[] = {"",    "4",           "40x", "4xx,", "599-500",
                                        "099", "200-299-300", "xxx", "4xxx"};
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        if (read_status(wrong[i], &filters) == 0)
            fail_msg("\"%s\" was read as a status", wrong[i]);
}

TEST(a_baseline_is_filtered_by_all_but_times_and_versions)
{
    struct filters filters;
    const char *glob = "GET*";
    struct filter_wishes wishes = {.endpoints = {&glob, 1},
                                   .versions = {&glob, 1},
                                   .since = "2026-11-23",
                                   .until = "2026-11-24"};
    assert_int_equal(read_in("UTC", &wishes, &filters), 0);
    struct filter filter = filters_of_baseline(&filters.filter);
    assert_true(filter_passes(&filter.endpoints, "GET /"));
    assert_false(filter_passes(&filter.endpoints, "PUT /"));
    assert_true(filter_passes(&filter.versions, "1.0"));
    assert_false(filter.has_since || filter.has_until);
}
