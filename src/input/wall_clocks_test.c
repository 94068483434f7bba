/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "wall_clocks.h"

#include "testdata/cmocka_tests.h"

#define SECOND_NS INT64_C(1000000000)
#define NOW_NS (INT64_C(1800000000) * SECOND_NS)

static uint64_t clock_notes(struct clock_range *ranges, size_t count)
{
    struct notes *notes = notes_new();
    struct input_report report;
    input_report_init(&report);
    clocks_compare(ranges, count, NOW_NS, notes);
    notes_finish(notes, &report);
    uint64_t told = report.notes_by_kind[INPUT_CLOCK];
    input_report_release(&report);
    notes_free(notes);
    return told;
}

TEST(a_step_is_told_and_drift_is_not)
{
    struct anchor before = {5 * SECOND_NS, NOW_NS};
    struct anchor after = {65 * SECOND_NS, NOW_NS + 60 * SECOND_NS};
    assert_int_equal(clock_step_ns(&before, &after), 0);
    after.utc_ns += SECOND_NS; /* 1 s in a minute is allowed, 3600 s is not */
    assert_int_equal(clock_step_ns(&before, &after), 0);
    after.utc_ns += 3599 * SECOND_NS;
    assert_int_equal(clock_step_ns(&before, &after), 3600 * SECOND_NS);
    after.utc_ns -= 7200 * SECOND_NS;
    assert_int_equal(clock_step_ns(&before, &after), -3600 * SECOND_NS);
    /* 0.05 % for a day is what a clock that is being slewed does */
    after = (struct anchor){86405 * SECOND_NS, NOW_NS + 86443 * SECOND_NS};
    assert_int_equal(clock_step_ns(&before, &after), 0);
}

TEST(anchors_of_any_value_do_not_overflow)
{
    struct anchor before = {0, INT64_MIN}, after = {UINT64_MAX, INT64_MAX};
    (void)clock_step_ns(&before, &after);
    (void)clock_step_ns(&after, &before);
    (void)anchor_utc(&before, UINT64_MAX);
    (void)anchor_utc(&after, 0);
}

TEST(hosts_of_one_run_that_overlap_are_not_told)
{
    struct clock_range ranges[] = {
        {"ci-1", "web-1", NOW_NS - 600 * SECOND_NS, NOW_NS},
        {"ci-1", "web-2", NOW_NS - 590 * SECOND_NS, NOW_NS - 20 * SECOND_NS},
        {"ci-1", "web-3", NOW_NS - 100 * SECOND_NS, NOW_NS}, /* started late */
    };
    assert_int_equal(clock_notes(ranges, 3), 0);
}

TEST(a_host_of_a_run_that_lies_apart_as_a_whole_is_told)
{
    struct clock_range ranges[] = {
        {"ci-1", "web-1", NOW_NS - 600 * SECOND_NS, NOW_NS},
        {"ci-1", "web-2", NOW_NS - 4200 * SECOND_NS, NOW_NS - 3600 * SECOND_NS},
        {"ci-1", "web-3", NOW_NS - 601 * SECOND_NS, NOW_NS},
        {"ci-2", "web-2", NOW_NS - 90000 * SECOND_NS, NOW_NS - 89400 * SECOND_NS},
    };
    assert_int_equal(clock_notes(ranges, 4), 1);
}

TEST(of_two_hosts_of_a_run_one_note_is_made)
{
    struct clock_range ranges[] = {
        {"ci-1", "web-1", NOW_NS - 600 * SECOND_NS, NOW_NS},
        {"ci-1", "web-2", NOW_NS - 4200 * SECOND_NS, NOW_NS - 3600 * SECOND_NS},
    };
    assert_int_equal(clock_notes(ranges, 2), 1);
}

TEST(hosts_without_a_run_may_have_recorded_at_other_times)
{
    struct clock_range ranges[] = {
        {"", "web-1", NOW_NS - 600 * SECOND_NS, NOW_NS},
        {"", "web-2", NOW_NS - 4200 * SECOND_NS, NOW_NS - 3600 * SECOND_NS},
    };
    assert_int_equal(clock_notes(ranges, 2), 0);
}

TEST(times_that_are_still_to_come_are_told)
{
    struct clock_range ranges[] = {
        {"", "web-1", NOW_NS, NOW_NS + 3600 * SECOND_NS},
        {"", "web-2", NOW_NS, NOW_NS + 60 * SECOND_NS},
    };
    assert_int_equal(clock_notes(ranges, 2), 1);
}

TEST(every_moment_has_a_text)
{
    char text[CLOCK_TEXT_BYTES];
    assert_string_equal(clock_text(INT64_C(1793577600) * SECOND_NS, text),
                        "2026-11-02 00:00:00 UTC");
    assert_string_equal(clock_text(-1, text), "1969-12-31 23:59:59 UTC");
    assert_true(strlen(clock_text(INT64_MAX, text)) > 0);
    assert_true(strlen(clock_text(INT64_MIN, text)) > 0);
}
