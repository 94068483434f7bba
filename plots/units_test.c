/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Numbers as text. */
#include "testdata/cmocka_tests.h"

#include "plots/sample_data.h"
#include "plots/units.h"

static const char *latency(double ns)
{
    static char text[NUMBER_BYTES];
    latency_text(ns, text);
    return text;
}

static const char *count(double value)
{
    static char text[NUMBER_BYTES];
    count_text(value, text);
    return text;
}

static const char *percent(double share)
{
    static char text[NUMBER_BYTES];
    percent_text(share, text);
    return text;
}

static void assert_share(double share, const char *expected)
{
    char text[NUMBER_BYTES];
    share_text(share, text);
    assert_string_equal(text, expected);
}

TEST(shares_that_stand_below_each_other_have_the_same_digits)
{
    assert_share(0, "0 %");
    assert_share(1, "100 %");
    assert_share(0.17, "17.0 %");
    assert_share(0.0941, "9.41 %");
    assert_share(0.0052, "0.52 %");
    assert_share(0.09999, "10.0 %");
    assert_share(1e-6, "<0.01 %");
    assert_share(NAN, "0 %");
    assert_share(2, "100 %");
}

TEST(latencies_have_the_unit_that_suits)
{
    assert_string_equal(latency(0), "0 ns");
    assert_string_equal(latency(950), "950 ns");
    assert_string_equal(latency(1000), "1.00 µs");
    assert_string_equal(latency(12345), "12.3 µs");
    assert_string_equal(latency(999499), "999 µs");
    assert_string_equal(latency(999700), "1.00 ms");
    assert_string_equal(latency(1.254e6), "1.25 ms");
    assert_string_equal(latency(2.5e9), "2.50 s");
    assert_string_equal(latency(86400e9), "86\u202f400 s");
    assert_string_equal(latency(9.994e6), "9.99 ms");
    assert_string_equal(latency(9.996e6), "10.0 ms");
    assert_string_equal(latency(99.96e6), "100 ms");
    assert_string_equal(latency(NAN), "no value");
}

TEST(ticks_have_no_idle_zeros)
{
    char text[NUMBER_BYTES];
    latency_tick_text(1e6, text);
    assert_string_equal(text, "1 ms");
    latency_tick_text(2.5e9, text);
    assert_string_equal(text, "2.5 s");
    latency_tick_text(100e9, text);
    assert_string_equal(text, "100 s");
}

TEST(counts_have_their_thousands_apart)
{
    assert_string_equal(count(0), "0");
    assert_string_equal(count(0.25), "0.25");
    assert_string_equal(count(999), "999");
    assert_string_equal(count(12345), "12\u202f345");
    assert_string_equal(count(-1500), "−1\u202f500");
    assert_string_equal(count(1234567), "1.23 M");
    assert_string_equal(count(50e6), "50 M");
    assert_string_equal(count(4.5e9), "4.5 G");
    assert_string_equal(count(18446744073709551615.0), "18.4 E");
    assert_string_equal(count(INFINITY), "no value");
}

TEST(percents_keep_their_nines)
{
    assert_string_equal(percent(0), "0 %");
    assert_string_equal(percent(0.5), "50 %");
    assert_string_equal(percent(0.999), "99.9 %");
    assert_string_equal(percent(0.999999), "99.9999 %");
    assert_string_equal(percent(1), "100 %");
}

/* Three digits are right to half of the last one, whatever the size. */
TEST(a_latency_reads_back_within_half_a_percent)
{
    uint64_t seed = 1;
    for (int i = 0; i < 20000; i++) {
        double ns = pow(10, 11.8 * sample_uniform(&seed));
        const char *text = latency(ns);
        char *unit;
        double value = strtod(text, &unit);
        double times = strcmp(unit, " ns") == 0   ? 1
                       : strcmp(unit, " µs") == 0 ? 1e3
                       : strcmp(unit, " ms") == 0 ? 1e6
                                                  : 1e9;
        assert_true(fabs(value * times - ns) <= 0.0051 * ns);
    }
}

static void assert_change(double ratio, const char *text)
{
    char out[NUMBER_BYTES];
    change_text(ratio, out);
    assert_string_equal(out, text);
}

TEST(changes_have_a_sign_and_from_three_times_on_a_factor)
{
    assert_change(1, "0 %");
    assert_change(1.0002, "0 %");
    assert_change(1.25, "+25 %");
    assert_change(0.8, "−20 %");
    assert_change(1.034, "+3.4 %");
    assert_change(2.5, "+150 %");
    assert_change(3, "×3");
    assert_change(37.23, "×37.2");
    assert_change(0.001, "−99.9 %");
    assert_change(0, "−100 %");
    assert_change(NAN, "no value");
    assert_change(-1, "no value");
    assert_change(1e300, "×1 000 000 000 000 000");
}
