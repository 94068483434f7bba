/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Sets of ranges against an array with one flag a number. */
#include "spans.h"

#include "testdata/cmocka_tests.h"

enum { NUMBERS = 300 };

static uint64_t flags_covered(const uint8_t *flags, uint64_t first, uint64_t end)
{
    uint64_t covered = 0;
    for (uint64_t n = first; n < end; n++)
        covered += flags[n];
    return covered;
}

static void assert_same(const struct spans *spans, const uint8_t *flags)
{
    for (size_t i = 0; i < spans->count; i++) {
        assert_true(spans->at[i].first < spans->at[i].end);
        if (i) /* a number apart at least: touching ranges are one */
            assert_true(spans->at[i - 1].end < spans->at[i].first);
    }
    assert_int_equal(spans_covered(spans, 0, NUMBERS), flags_covered(flags, 0, NUMBERS));
}

TEST(any_order_of_ranges_gives_the_same_set_as_flags)
{
    for (unsigned seed = 1; seed <= 200; seed++) {
        struct spans spans = {0};
        uint8_t flags[NUMBERS] = {0};
        unsigned random = seed;
        for (int step = 0; step < 60; step++) {
            random = random * 1664525u + 1013904223u;
            uint64_t first = (random >> 8) % (NUMBERS - 20);
            uint64_t end = first + (random >> 20) % 20;
            spans_add(&spans, first, end);
            for (uint64_t n = first; n < end; n++)
                flags[n] = 1;
            assert_same(&spans, flags);
            uint64_t from = (random >> 12) % NUMBERS;
            assert_int_equal(spans_covered(&spans, from, NUMBERS),
                             flags_covered(flags, from, NUMBERS));
        }
        spans_release(&spans);
    }
}

TEST(numbers_in_order_stay_one_range)
{
    struct spans spans = {0};
    for (uint64_t n = 0; n < 100000; n++)
        spans_add(&spans, n, n + 1);
    assert_int_equal(spans.count, 1);
    assert_int_equal(spans_covered(&spans, 0, UINT64_MAX), 100000);
    spans_release(&spans);
}

TEST(the_gap_around_a_number_is_found)
{
    struct spans spans = {0};
    assert_int_equal(spans_end_before(&spans, 5), 0);
    assert_int_equal(spans_start_from(&spans, 5), UINT64_MAX);
    spans_add(&spans, 2, 4);
    spans_add(&spans, 8, 9);
    assert_int_equal(spans_end_before(&spans, 1), 0);
    assert_int_equal(spans_end_before(&spans, 6), 4);
    assert_int_equal(spans_end_before(&spans, 8), 4);
    assert_int_equal(spans_end_before(&spans, 100), 9);
    assert_int_equal(spans_start_from(&spans, 0), 2);
    assert_int_equal(spans_start_from(&spans, 4), 8);
    assert_int_equal(spans_start_from(&spans, 9), UINT64_MAX);
    spans_release(&spans);
}
