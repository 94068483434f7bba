/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "testdata/cmocka_tests.h"

#include <math.h>
#include <stdio.h>

#include "distinct.h"
#include "src/base/map.h"

static uint64_t hash_of(unsigned value)
{
    char text[32];
    return map_hash(text, (size_t)snprintf(text, sizeof(text), "user-%u", value));
}

TEST(few_are_counted_exactly_however_often_they_come)
{
    struct distinct distinct;
    bool exact;
    distinct_init(&distinct);
    for (unsigned round = 0; round < 3; round++)
        for (unsigned i = 0; i < DISTINCT_EXACT; i++)
            distinct_add(&distinct, hash_of(i));
    assert_true(distinct_estimate(&distinct, &exact) == DISTINCT_EXACT);
    assert_true(exact);
    distinct_add(&distinct, hash_of(DISTINCT_EXACT));
    distinct_estimate(&distinct, &exact);
    assert_false(exact);
    distinct_release(&distinct);
}

/* Relative errors of 40 sets of each size: their root mean square is near the promised
 * 1.6 %, and there is no bias to speak of, small sets included. */
TEST(many_are_estimated_within_the_standard_error)
{
    const unsigned sizes[] = {600, 2000, 6000, 12000, 40000, 200000};
    for (size_t s = 0; s < sizeof(sizes) / sizeof(sizes[0]); s++) {
        double sum = 0, squares = 0;
        enum { SETS = 40 };
        for (unsigned set = 0; set < SETS; set++) {
            struct distinct distinct;
            bool exact;
            distinct_init(&distinct);
            for (unsigned i = 0; i < sizes[s]; i++)
                distinct_add(&distinct, hash_of(set * 1000000 + i));
            double error = distinct_estimate(&distinct, &exact) / sizes[s] - 1;
            sum += error;
            squares += error * error;
            distinct_release(&distinct);
        }
        assert_true(sqrt(squares / SETS) < 0.022);
        assert_true(fabs(sum / SETS) < 0.009);
    }
}

TEST(merged_sets_are_the_set_of_all_whatever_their_form)
{
    const unsigned splits[] = {0, 100, 512, 900};
    for (size_t s = 0; s < 4; s++) {
        struct distinct all, a, b;
        bool exact;
        distinct_init(&all);
        distinct_init(&a);
        distinct_init(&b);
        for (unsigned i = 0; i < 1000; i++) {
            distinct_add(&all, hash_of(i));
            distinct_add(i < splits[s] ? &a : &b, hash_of(i));
        }
        distinct_merge(&a, &b);
        assert_memory_equal(a.registers, all.registers, DISTINCT_REGISTERS);
        assert_true(distinct_estimate(&a, &exact) == distinct_estimate(&all, &exact));
        distinct_release(&all);
        distinct_release(&a);
        distinct_release(&b);
    }
}
