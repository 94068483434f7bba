/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Scales and ticks against properties that anybody can check by hand. */
#include "testdata/cmocka_tests.h"

#include "plots/sample_data.h"
#include "plots/scales.h"

#include <math.h>
#include <time.h>

enum { ROOM = 64, TRIES = 3000 };

/* A random domain over many orders of magnitude. */
static void random_domain(uint64_t *seed, double *low, double *high)
{
    *low = pow(10, 12 * sample_uniform(seed));
    *high = *low * pow(10, 0.1 + 9 * sample_uniform(seed));
}

static bool is_whole(double value)
{
    return fabs(value - round(value)) < 1e-6;
}

TEST(ends_of_a_domain_are_ends_of_the_place)
{
    uint64_t seed = 1;
    for (int i = 0; i < TRIES; i++) {
        double low, high;
        random_domain(&seed, &low, &high);
        struct scale scales[] = {scale_linear(low, high, 100, 20),
                                 scale_log(low, high, 100, 20),
                                 scale_time(low, high, 100, 20)};
        for (size_t k = 0; k < 3; k++) {
            assert_true(fabs(scale_at(&scales[k], low) - 100) < 1e-6);
            assert_true(fabs(scale_at(&scales[k], high) - 20) < 1e-6);
        }
    }
}

TEST(larger_values_stand_further_along)
{
    struct scale scales[] = {scale_linear(1, 1000, 0, 500), scale_log(1, 1000, 0, 500)};
    for (size_t k = 0; k < 2; k++)
        for (int i = 0; i < 72; i++) {
            double value = pow(1.1, i);
            assert_true(scale_at(&scales[k], value) < scale_at(&scales[k], value * 1.1));
        }
}

TEST(linear_ticks_are_1_2_25_or_5_times_a_power_of_ten)
{
    uint64_t seed = 2;
    for (int i = 0; i < TRIES; i++) {
        double low, high;
        random_domain(&seed, &low, &high);
        struct scale scale = scale_linear(-low, high, 0, 400);
        struct tick ticks[ROOM];
        size_t count = scale_ticks(&scale, 40, ticks, ROOM);
        assert_in_range(count, 2, 11);
        double step = ticks[1].value - ticks[0].value;
        double mantissa = step / pow(10, floor(log10(step) + 1e-9));
        assert_true(fabs(mantissa - 1) < 1e-6 || fabs(mantissa - 2) < 1e-6 ||
                    fabs(mantissa - 2.5) < 1e-6 || fabs(mantissa - 5) < 1e-6);
        for (size_t k = 0; k < count; k++) {
            assert_true(is_whole(ticks[k].value / step));
            assert_true(ticks[k].value >= -low - step * 1e-6);
            assert_true(ticks[k].value <= high + step * 1e-6);
        }
        /* none is missing at either end */
        assert_true(ticks[0].value - step < -low);
        assert_true(ticks[count - 1].value + step > high);
    }
}

TEST(log_ticks_fall_on_decades)
{
    uint64_t seed = 3;
    for (int i = 0; i < TRIES; i++) {
        double low, high;
        random_domain(&seed, &low, &high);
        if (high / low < 100)
            continue;
        struct scale scale = scale_log(low, high, 0, 700);
        struct tick ticks[ROOM * 2];
        size_t count = scale_ticks(&scale, 40, ticks, ROOM * 2), decades = 0;
        for (size_t k = 0; k < count; k++) {
            double mantissa =
                ticks[k].value / pow(10, floor(log10(ticks[k].value) + 1e-9));
            assert_true(is_whole(mantissa));
            assert_true(ticks[k].value >= low * (1 - 1e-6));
            assert_true(ticks[k].value <= high * (1 + 1e-6));
            bool decade = fabs(mantissa - 1) < 1e-6;
            decades += decade && ticks[k].named;
            if (ticks[k].named)
                assert_true(decade || fabs(mantissa - 2) < 1e-6 ||
                            fabs(mantissa - 5) < 1e-6);
        }
        assert_int_equal(decades, (int)(floor(log10(high)) - ceil(log10(low)) + 1));
    }
}

TEST(named_ticks_of_a_log_axis_leave_room_for_their_names)
{
    uint64_t seed = 4;
    for (int i = 0; i < TRIES; i++) {
        double low, high;
        random_domain(&seed, &low, &high);
        struct scale scale = scale_log(low, high * 30, 0, 300);
        struct tick ticks[ROOM * 2];
        size_t count = scale_ticks(&scale, 50, ticks, ROOM * 2);
        double last = -1e9;
        for (size_t k = 0; k < count; k++) {
            if (!ticks[k].named)
                continue;
            double at = scale_at(&scale, ticks[k].value);
            assert_true(at - last > 49.9);
            last = at;
        }
    }
}

TEST(a_short_log_axis_still_has_two_names)
{
    uint64_t seed = 5;
    for (int i = 0; i < TRIES; i++) {
        double low = pow(10, 9 * sample_uniform(&seed));
        struct scale scale = scale_log(low, low * (1.2 + sample_uniform(&seed)), 0, 500);
        struct tick ticks[ROOM];
        size_t count = scale_ticks(&scale, 50, ticks, ROOM), named = 0;
        for (size_t k = 0; k < count; k++)
            named += ticks[k].named;
        assert_true(named >= 2);
    }
}

TEST(every_further_nine_takes_the_same_room)
{
    struct scale scale = scale_nines(0.99999, 0, 500);
    for (int nines = 0; nines <= 5; nines++)
        assert_true(fabs(scale_at(&scale, 1 - pow(10, -nines)) - 100 * nines) < 1e-3);
    struct tick ticks[ROOM];
    size_t count = scale_ticks(&scale, 41, ticks, ROOM);
    assert_int_equal(count, 9); /* 0 50 75 90 95 99 99.9 99.99 99.999 */
    assert_true(ticks[1].named && ticks[3].named && ticks[5].named);
}

TEST(bands_are_equally_wide_and_hold_their_values_in_the_middle)
{
    struct scale scale = scale_band(7, 10, 80);
    assert_true(fabs(scale_band_pt(&scale) - 10) < 1e-9);
    for (int i = 0; i < 7; i++)
        assert_true(fabs(scale_at(&scale, i) - (15 + 10 * i)) < 1e-9);
}

TEST(a_domain_that_cannot_be_drawn_is_widened)
{
    double bad[][2] = {{0, 0},        {5, 5},   {3, 1},           {NAN, 1},
                       {1, INFINITY}, {-5, -5}, {-INFINITY, NAN}, {0, 1}};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct scale scales[] = {scale_linear(bad[i][0], bad[i][1], 0, 100),
                                 scale_log(bad[i][0], bad[i][1], 0, 100),
                                 scale_nines(bad[i][0], 0, 100),
                                 scale_time(bad[i][0], bad[i][1], 0, 100)};
        for (size_t k = 0; k < 4; k++) {
            double values[] = {0, -1, 1, NAN, INFINITY, -INFINITY, 1e300};
            assert_true(scales[k].low < scales[k].high);
            for (size_t v = 0; v < sizeof(values) / sizeof(values[0]); v++)
                assert_true(isfinite(scale_at(&scales[k], values[v])));
        }
    }
}

/* --- civil time, against the C library ------------------------------------------------
 */

TEST(civil_dates_are_those_of_the_c_library)
{
    for (long long day = -800000; day < 800000; day += 97) {
        time_t seconds = (time_t)(day * 86400);
        struct tm tm;
        assert_non_null(gmtime_r(&seconds, &tm));
        struct civil civil = civil_from_days(day);
        assert_int_equal(civil.year, tm.tm_year + 1900);
        assert_int_equal(civil.month, tm.tm_mon + 1);
        assert_int_equal(civil.day, tm.tm_mday);
        assert_int_equal(civil.weekday, (tm.tm_wday + 6) % 7);
        assert_int_equal(days_from_civil(civil.year, civil.month, civil.day), day);
    }
}

static long long offset_of_library(long long utc_s, const void *zone)
{
    (void)zone;
    time_t seconds = (time_t)utc_s;
    struct tm tm;
    localtime_r(&seconds, &tm);
    return tm.tm_gmtoff;
}

static void in_zone(const char *name)
{
    setenv("TZ", name, 1);
    tzset();
}

/* Over ranges from a minute to decades: ascending, inside, at round local times. */
TEST(time_ticks_are_round_local_times)
{
    static const char *const zones[] = {"Europe/Berlin",  "America/New_York",
                                        "Asia/Kathmandu", "Australia/Lord_Howe",
                                        "Pacific/Apia",   "UTC"};
    uint64_t seed = 6;
    for (int i = 0; i < TRIES; i++) {
        in_zone(zones[i % 6]);
        double low = 1.2e9 + 6e8 * sample_uniform(&seed);
        double high = low + 60 * pow(10, 7 * sample_uniform(&seed));
        struct scale scale = scale_time(low, high, 0, 700);
        struct tick ticks[ROOM];
        struct time_step step;
        size_t count =
            scale_time_ticks(&scale, 60, offset_of_library, NULL, ticks, ROOM, &step);
        assert_true(count <= 14);
        for (size_t k = 0; k < count; k++) {
            assert_true(ticks[k].value >= low && ticks[k].value <= high);
            assert_true(k == 0 || ticks[k].value > ticks[k - 1].value);
            time_t seconds = (time_t)ticks[k].value;
            struct tm tm;
            localtime_r(&seconds, &tm);
            long of_day = tm.tm_hour * 3600L + tm.tm_min * 60L + tm.tm_sec;
            long unit = step.unit == TIME_SECOND   ? 1
                        : step.unit == TIME_MINUTE ? 60
                        : step.unit == TIME_HOUR   ? 3600
                                                   : 86400;
            assert_int_equal(
                of_day % (step.unit < TIME_DAY ? unit * (long)step.count : unit), 0);
            if (step.unit == TIME_DAY && step.count == 7)
                assert_int_equal(tm.tm_wday, 1);
            if (step.unit >= TIME_MONTH)
                assert_int_equal(tm.tm_mday, 1);
        }
    }
    in_zone("UTC");
}

/* 2026-03-29 has 23 hours in Berlin, 2026-10-25 has 25. */
TEST(days_start_at_local_midnight_on_both_sides_of_a_dst_change)
{
    in_zone("Europe/Berlin");
    double starts[] = {1774566000 /* 27 March */, 1792706400 /* 23 October */};
    for (int i = 0; i < 2; i++) {
        struct scale scale = scale_time(starts[i], starts[i] + 5 * 86400, 0, 400);
        struct tick ticks[ROOM];
        struct time_step step;
        size_t count =
            scale_time_ticks(&scale, 60, offset_of_library, NULL, ticks, ROOM, &step);
        assert_int_equal(count, i == 0 ? 6 : 5);
        assert_int_equal(step.unit, TIME_DAY);
        double longest = 0, shortest = 1e9;
        for (size_t k = 1; k < count; k++) {
            longest = fmax(longest, ticks[k].value - ticks[k - 1].value);
            shortest = fmin(shortest, ticks[k].value - ticks[k - 1].value);
        }
        assert_int_equal((int)longest, (i == 0 ? 24 : 25) * 3600);
        assert_int_equal((int)shortest, (i == 0 ? 23 : 24) * 3600);
    }
    in_zone("UTC");
}

TEST(an_hour_that_the_zone_skips_has_no_tick)
{
    in_zone("Europe/Berlin");
    double midnight = 1774738800; /* 2026-03-29 00:00 in Berlin */
    struct scale scale = scale_time(midnight, midnight + 6 * 3600, 0, 700);
    struct tick ticks[ROOM];
    struct time_step step;
    size_t count =
        scale_time_ticks(&scale, 90, offset_of_library, NULL, ticks, ROOM, &step);
    assert_int_equal(step.unit, TIME_HOUR);
    assert_int_equal(count, 7); /* 0 1 3 4 5 6 7 o'clock */
    for (size_t k = 1; k < count; k++)
        assert_int_equal((int)(ticks[k].value - ticks[k - 1].value), 3600);
    in_zone("UTC");
}
