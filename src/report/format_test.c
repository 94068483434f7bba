/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "format.h"

#include "src/base/err.h"

#include <locale.h>
#include <math.h>
#include <stdio.h>

#include "testdata/cmocka_tests.h"

TEST(durations_have_three_digits_and_the_fitting_unit)
{
    static const struct {
        double ns;
        const char *text;
    } table[] = {
        {0, "0 ns"},         {1, "1 ns"},          {950, "950 ns"},
        {999.4, "999 ns"},   {999.6, "1.00 µs"},   {1250, "1.25 µs"},
        {9996, "10.0 µs"},   {12.5e6, "12.5 ms"},  {125e6, "125 ms"},
        {999.6e6, "1.00 s"}, {1.25e9, "1.25 s"},   {125e9, "125 s"},
        {599e9, "599 s"},    {1250e9, "20.8 min"}, {7200e9, "2.00 h"},
        {12345e9, "3.43 h"}, {440640e9, "5.10 d"}, {NAN, "–"},
        {INFINITY, "–"},
    };

    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
        assert_string_equal(format_duration(table[i].ns).s, table[i].text);
}

TEST(counts_are_grouped_by_three)
{
    assert_string_equal(format_count(0).s, "0");
    assert_string_equal(format_count(999).s, "999");
    assert_string_equal(format_count(1000).s, "1\u202f000");
    assert_string_equal(format_count(1234567).s, "1\u202f234\u202f567");
    assert_string_equal(format_count(UINT64_MAX).s,
                        "18\u202f446\u202f744\u202f073\u202f709\u202f551\u202f615");
    assert_string_equal(format_estimate(123456).s, "≈ 123\u202f000");
    assert_string_equal(format_estimate(12.2).s, "≈ 12");
    assert_string_equal(format_estimate(NAN).s, "–");
}

TEST(something_is_never_said_to_be_nothing_or_all)
{
    assert_string_equal(format_percent(0).s, "0 %");
    assert_string_equal(format_percent(1).s, "100 %");
    assert_string_equal(format_percent(0.123).s, "12.3 %");
    assert_string_equal(format_percent(0.0123).s, "1.23 %");
    assert_string_equal(format_percent(0.00004).s, "<0.01 %");
    assert_string_equal(format_percent(0.99999).s, "99.99 %");
    assert_string_equal(format_percent(0.9997).s, "99.97 %");
    assert_string_equal(format_percent(NAN).s, "–");
}

TEST(rates_take_the_unit_that_gives_at_least_one)
{
    assert_string_equal(format_rate(12.5).s, "12.5/s");
    assert_string_equal(format_rate(12345).s, "12\u202f345/s");
    assert_string_equal(format_rate(0.5).s, "30.0/min");
    assert_string_equal(format_rate(2.0 / 3600).s, "2.00/h");
    assert_string_equal(format_rate(0.1 / 86400).s, "0.10/d");
    assert_string_equal(format_rate(0).s, "0/s");
    assert_string_equal(format_rate(NAN).s, "–");
}

TEST(changes_have_a_sign_or_are_a_multiple)
{
    assert_string_equal(format_change(1.12).s, "+12 %");
    assert_string_equal(format_change(1.0345).s, "+3.4 %");
    assert_string_equal(format_change(0.5).s, "−50 %");
    assert_string_equal(format_change(1).s, "±0 %");
    assert_string_equal(format_change(4.2).s, "×4.20");
    assert_string_equal(format_change(NAN).s, "–");
}

TEST(bytes_and_numbers)
{
    assert_string_equal(format_bytes(0).s, "0 B");
    assert_string_equal(format_bytes(1500000).s, "1.50 MB");
    assert_string_equal(format_number(0.8567).s, "0.857");
    assert_string_equal(format_number(0.01234).s, "0.0123");
    assert_string_equal(format_number(-12.34).s, "-12.3");
    assert_string_equal(format_number(0).s, "0");
}

TEST(moments_are_in_the_zone_and_iso_is_in_utc)
{
    struct zone zone = {.has_rule = 1, .standard_offset_s = 20700};

    assert_string_equal(format_moment(&zone, 1700000000123456789).s, "2023-11-15 03:58");
    assert_string_equal(format_iso(1700000000123456789).s,
                        "2023-11-14T22:13:20.123456789Z");
    assert_string_equal(format_iso(-1).s, "1969-12-31T23:59:59.999999999Z");
    assert_string_equal(format_day(0).s, "1970-01-01");
    assert_string_equal(format_weekday(6), "Sun");
}

TEST(a_locale_with_decimal_commas_changes_nothing)
{
    /* where that locale is not installed, this only repeats what is tested above */
    setlocale(LC_ALL, "de_DE.UTF-8");
    assert_string_equal(format_duration(1250).s, "1.25 µs");
    assert_string_equal(format_number(0.5).s, "0.500");
    setlocale(LC_ALL, "C");
}

TEST(moments_close_to_each_other_are_told_apart)
{
    struct zone zone;
    struct err err = ERR_INIT;
    int64_t at_ns = INT64_C(1711800005) * 1000000000 + 250000000;

    assert_int_equal(zone_load(&zone, "UTC", &err), 0);
    assert_string_equal(format_moment_each(&zone, at_ns, 60).s, "2024-03-30 12:00");
    assert_string_equal(format_moment_each(&zone, at_ns, 59).s, "2024-03-30 12:00:05");
    assert_string_equal(format_moment_each(&zone, at_ns, .5).s,
                        "2024-03-30 12:00:05.250");
    zone_release(&zone);
}
