/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The short form of outliers_simulate: bounds that hold for any seed worth its name. */
#include "outlier_trials.h"

#include "testdata/cmocka_tests.h"

/* 80,000 requests a shape: 1.2 in 10,000 are 10; 25 are beyond chance (p < 1e-4). */
TEST(clean_shapes_have_next_to_no_outliers_and_planted_ones_are_found)
{
    for (int shape = 0; shape < TRIAL_SHAPES; shape++) {
        struct trial_flags clean = {0}, planted = {0};
        for (uint64_t i = 0; i < 4; i++) {
            trial_flag(&clean, shape, OUTLIER_LOG, false, 100 + i);
            trial_flag(&planted, shape, OUTLIER_LOG, true, 200 + i);
        }
        assert_true(clean.false_flags <= 25);
        assert_true(planted.planted > 40);
        assert_true((double)planted.found >= .95 * (double)planted.planted);
        assert_true(planted.false_flags <= 25);
    }
}

/* At most 5 % of reports name somebody; 4 or more of 12 happen by chance in 0.2 % of
 * runs. */
TEST(where_all_customers_are_served_alike_none_is_named)
{
    unsigned any_false = 0;
    for (size_t w = 0; w < sizeof(trial_worlds) / sizeof(trial_worlds[0]); w++)
        for (uint64_t i = 0; i < 4; i++)
            any_false += trial_judge(&trial_worlds[w], false, 300 + i).any_false;
    assert_true(any_false < 4);
}

TEST(a_customer_ten_times_as_slow_is_named_where_its_outliers_are_many)
{
    struct trial_world world = trial_worlds[1];
    unsigned found = 0, endpoints = 0;
    world.share = .012;
    world.factor = 10;
    for (uint64_t i = 0; i < 4; i++) {
        struct trial_verdict verdict = trial_judge(&world, false, 400 + i);
        found += verdict.endpoints_found;
        endpoints += verdict.endpoints;
        assert_false(verdict.any_false);
    }
    assert_true(endpoints >= 8);
    assert_true(found * 10 >= endpoints * 8);
}
