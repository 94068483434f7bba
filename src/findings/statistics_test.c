/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tests and variances against testdata/statistics.tsv, which scipy and R computed. */
#include "testdata/cmocka_tests.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>

#include "benjamini_hochberg.h"
#include "change_points.h"
#include "common_mode.h"
#include "longrun.h"
#include "outliers.h"
#include "welch.h"

enum { VALUES_MOST = 100, FIELDS_MOST = 6 };

struct field {
    double values[VALUES_MOST];
    unsigned count;
};

static bool near(double a, double b)
{
    return fabs(a - b) <= 1e-9 * fmax(fabs(a), fabs(b)) + 1e-14;
}

static unsigned read_fields(char *line, struct field *fields)
{
    unsigned count = 0;

    for (char *at = strchr(line, '\t'); at && count < FIELDS_MOST;) {
        char *end = strchr(at + 1, '\t');
        struct field *field = &fields[count++];
        field->count = 0;
        for (char *next = at + 1; field->count < VALUES_MOST && (!end || next < end);) {
            char *after;
            double value = strtod(next, &after);
            if (after == next)
                break;
            field->values[field->count++] = value;
            next = after;
        }
        at = end;
    }
    return count;
}

/* Calls check for each row of a kind; there must be some. */
static void for_each_row(const char *kind, void check(const struct field *fields))
{
    char line[8192];
    struct field fields[FIELDS_MOST] = {{{0}, 0}};
    unsigned rows = 0;
    FILE *file = fopen("testdata/statistics.tsv", "r");

    assert_non_null(file);
    while (fgets(line, sizeof(line), file)) {
        if (strncmp(line, kind, strlen(kind)) != 0 || line[strlen(kind)] != '\t')
            continue;
        assert_true(read_fields(line, fields) > 0);
        check(fields);
        rows++;
    }
    fclose(file);
    assert_true(rows >= 3);
}

static void check_t(const struct field *fields)
{
    double t = fields[0].values[0], df = fields[1].values[0], p = fields[2].values[0];
    struct welch welch = welch_test(t, (struct spread){1, df});

    assert_true(near(welch.p_greater, p));
    assert_true(near(welch.p_less, 1 - p));
    assert_true(fabs(welch_t(p, df) - t) < 1e-5 * fmax(1, fabs(t)));
}

TEST(one_sided_p_values_are_those_of_scipy)
{
    for_each_row("t", check_t);
}

static void check_welch(const struct field *fields)
{
    const double *means = fields[0].values, *variances = fields[1].values,
                 *counts = fields[2].values;
    struct spread spread =
        spread_sum((struct spread){variances[0] / counts[0], counts[0] - 1},
                   (struct spread){variances[1] / counts[1], counts[1] - 1});
    struct welch welch = welch_test(means[1] - means[0], spread);

    assert_true(near(welch.p_greater, fields[3].values[0]));
    assert_true(near(welch.df, fields[4].values[0]));
}

TEST(welch_is_that_of_r)
{
    for_each_row("welch", check_welch);
}

static void check_adjusted(const struct field *fields)
{
    double adjusted[VALUES_MOST];

    assert_int_equal(benjamini_hochberg(fields[0].values, fields[0].count, adjusted),
                     fields[0].count);
    for (unsigned i = 0; i < fields[0].count; i++)
        assert_true(near(adjusted[i], fields[1].values[i]));
    /* the cut is the largest that 5 % rejects */
    double cut = benjamini_hochberg_cut(fields[0].values, fields[0].count, .05);
    bool any = false;
    for (unsigned i = 0; i < fields[0].count; i++)
        any = any || adjusted[i] <= .05;
    for (unsigned i = 0; any && i < fields[0].count; i++)
        assert_int_equal(fields[0].values[i] <= cut, adjusted[i] <= .05);
}

TEST(adjusted_p_values_are_those_of_r)
{
    for_each_row("bh", check_adjusted);
}

static void check_pairs(const struct field *fields)
{
    double scores[VALUES_MOST], mean = 0;
    unsigned n = fields[0].count;

    for (unsigned i = 0; i < n; i++)
        mean += fields[0].values[i] / n;
    for (unsigned i = 0; i < n; i++)
        scores[i] = (fields[0].values[i] - mean) / n;
    struct spread spread = {longrun_block_variance(scores, n), n - 1};
    assert_true(near(welch_test(mean, spread).p_greater, fields[1].values[0]));
}

TEST(scores_of_pairs_give_the_paired_t_test_of_r)
{
    for_each_row("paired", check_pairs);
}

static void check_cosine(const struct field *fields)
{
    assert_true(near(longrun_cosine_variance(fields[1].values, fields[1].count,
                                             (unsigned)fields[0].values[0]),
                     fields[2].values[0]));
}

static void check_block(const struct field *fields)
{
    assert_true(near(longrun_block_variance(fields[0].values, fields[0].count),
                     fields[1].values[0]));
}

TEST(long_run_variances_are_those_of_scipys_cosine_transform)
{
    for_each_row("cosine", check_cosine);
    for_each_row("block", check_block);
}

/* The series is cut where its terms no longer count; small p matter. */
static void check_bridge(const struct field *fields)
{
    assert_true(
        near(change_bridge_tail(fields[0].values[0], INFINITY), fields[1].values[0]));
}

TEST(the_tail_of_kolmogorovs_distribution_is_that_of_scipy)
{
    for_each_row("bridge", check_bridge);
}

/* What was integrated is good to some 7 digits. */
static void check_bridge_t(const struct field *fields)
{
    double p = change_bridge_tail(fields[0].values[0], fields[1].values[0]);

    assert_true(fabs(p / fields[2].values[0] - 1) < 1e-6);
}

TEST(the_tail_of_kolmogorovs_distribution_with_an_estimated_variance_is_scipys_integral)
{
    for_each_row("bridge_t", check_bridge_t);
}

static void check_binomial(const struct field *fields)
{
    uint64_t k = (uint64_t)fields[0].values[0], n = (uint64_t)fields[1].values[0];

    assert_true(near(outliers_tail(k, n, fields[2].values[0]), fields[3].values[0]));
}

TEST(binomial_tails_are_those_of_scipy)
{
    for_each_row("binomial", check_binomial);
}

TEST(p_values_that_are_not_known_are_no_questions)
{
    double p[] = {.01, NAN, .02}, adjusted[3];

    assert_int_equal(benjamini_hochberg(p, 3, adjusted), 2);
    assert_true(near(adjusted[0], .02) && near(adjusted[2], .02));
    assert_true(isnan(adjusted[1]));
    assert_int_equal(benjamini_hochberg(p, 0, adjusted), 0);
}

/* Four families, of which nothing was asked about the second; by hand: Simes gives
 * .004, .02 and .4, adjusted .012, .03 and .4, so two of three are rejected, their
 * questions at .05 x 2 / 3. */
TEST(families_are_judged_first_and_then_their_questions)
{
    const double p[] = {.001, .03, .2, .9, NAN, NAN, .01, .5, .4, NAN};
    const size_t sizes[] = {4, 2, 2, 2};
    const double expected[] = {.012, .09, .4, 1, NAN, NAN, .03, .75, .6, NAN};
    double adjusted[10], cuts[4];

    assert_int_equal(benjamini_bogomolov(p, sizes, 4, .05, adjusted, cuts), 7);
    for (unsigned i = 0; i < 10; i++)
        assert_true(isnan(expected[i]) ? isnan(adjusted[i])
                                       : near(adjusted[i], expected[i]));
    assert_true(near(cuts[0], .05 * 2 / 3 / 4));
    assert_true(near(cuts[2], .05 * 2 / 3 / 2));
}

/* A family a question each: the same as without families, where something is rejected. */
TEST(families_of_one_question_are_those_of_benjamini_and_hochberg)
{
    const double p[] = {.001, .2, .012, NAN, .8};
    const size_t sizes[] = {1, 1, 1, 1, 1};
    double adjusted[5], plain[5], cuts[5];

    benjamini_bogomolov(p, sizes, 5, .05, adjusted, cuts);
    benjamini_hochberg(p, 5, plain);
    for (unsigned i = 0; i < 5; i++)
        assert_true(isnan(p[i]) || (adjusted[i] <= .05) == (plain[i] <= .05));
}

TEST(without_any_variance_nothing_is_certain)
{
    struct welch welch = welch_test(1, (struct spread){0, 5});

    assert_true(welch.p_greater == 1 && welch.p_less == 1);
    assert_true(longrun_block_variance(NULL, 0) == 0);
    assert_true(longrun_cosine_variance(NULL, 0, 4) == 0);
}

/* --- common mode --- */

enum { SHIFTS = 9 };

TEST(weights_of_the_common_mode_sum_to_one_and_leave_one_out)
{
    struct shift shifts[SHIFTS];
    double weights[SHIFTS];

    for (size_t i = 0; i < SHIFTS; i++)
        shifts[i] = (struct shift){(double)i / 100, i == 3 ? 1e-12 : 1e-4, 1};
    for (size_t without = 0; without < SHIFTS; without++) {
        double sum = 0, mean = 0;
        struct common_mode common = common_mode(shifts, SHIFTS, without, weights);
        for (size_t i = 0; i < SHIFTS; i++) {
            sum += weights[i];
            mean += weights[i] * shifts[i].difference;
            assert_true(weights[i] < 1. / 3 + 1e-12);
        }
        assert_true(near(sum, 1));
        assert_true(near(mean, common.difference));
        assert_true(weights[without] == 0);
    }
}

/* Shifts that differ as much as their variance says, .01 in the middle; the first `count`
 * and busiest of them changed by .5. */
static double common_beside(size_t count)
{
    static const double normal_scores[SHIFTS] = {.3,  -.6,  .6,  -1, 1,
                                                 -.3, -1.5, 1.5, 0 /* quantiles */};
    struct shift shifts[SHIFTS];
    double weights[SHIFTS];

    for (size_t i = 0; i < SHIFTS; i++) {
        double deviation = i < count ? 1e-4 : 1e-3;
        shifts[i] =
            (struct shift){.01 + normal_scores[i] * deviation + (i < count ? .5 : 0),
                           deviation * deviation, 1};
    }
    double difference = common_mode(shifts, SHIFTS, SIZE_MAX, weights).difference;
    for (size_t i = 0; i < count; i++)
        assert_true(weights[i] == 0);
    return difference;
}

TEST(endpoints_that_really_changed_are_no_part_of_the_common_mode)
{
    for (size_t count = 0; count <= 3; count++)
        assert_true(fabs(common_beside(count) - .01) < .001);
}

static double dispersion_of(const struct shift *shifts, size_t without)
{
    double weights[SHIFTS];

    return common_mode(shifts, SHIFTS, without, weights).dispersion;
}

/* Where all variances are the same the estimate is the squared median deviation, taken as
 * a normal's, without that variance. */
TEST(what_differs_between_endpoints_beyond_their_variance_is_the_median_deviation)
{
    struct shift shifts[SHIFTS];

    for (size_t i = 0; i < SHIFTS; i++)
        shifts[i] = (struct shift){(double)i / 100, 1e-4, 1};
    shifts[8].difference = 5; /* changed: hardly counts */
    assert_true(near(dispersion_of(shifts, SIZE_MAX), .02 * .02 / .45494 - 1e-4));
    assert_true(
        near(dispersion_of(shifts, 8), (.015 * .015 + .025 * .025) / 2 / .45494 - 1e-4));
}

TEST(endpoints_that_differ_as_much_as_their_variance_says_have_no_dispersion)
{
    struct shift shifts[SHIFTS];

    for (size_t i = 0; i < SHIFTS; i++)
        shifts[i] = (struct shift){(double)i / 100, 1e-2, 1};
    assert_true(dispersion_of(shifts, SIZE_MAX) == 0);
    for (size_t i = 0; i < SHIFTS; i++)
        shifts[i].difference = 1;
    assert_true(dispersion_of(shifts, 0) == 0);
}

/* Of equal weights the robust variance of a mean is the textbook's. */
TEST(what_is_less_known_of_the_common_mode_is_what_its_members_differ_too_much)
{
    struct shift shifts[SHIFTS];
    double weights[SHIFTS], squares = 0;

    for (size_t i = 0; i < SHIFTS; i++)
        shifts[i] = (struct shift){i % 2 ? .01 : -.01, 1e-2, 1};
    assert_true(common_mode(shifts, SHIFTS, 8, weights).excess == 0);
    for (size_t i = 0; i < SHIFTS; i++)
        shifts[i].variance = 1e-6;
    struct common_mode common = common_mode(shifts, SHIFTS, 8, weights);
    for (size_t i = 0; i < 8; i++)
        squares += .01 * .01;
    assert_true(near(common.difference, 0));
    assert_true(near(common.excess, squares / 7 / 8 - 1e-6 / 8));
    assert_true(near(common.excess_df, 7));
}

TEST(an_endpoint_that_changed_by_one_measure_is_trusted_by_none)
{
    struct shift shifts[SHIFTS];
    double weights[SHIFTS];

    for (size_t i = 0; i < SHIFTS; i++)
        shifts[i] = (struct shift){i == 4 ? .5 : (double)(i % 3) / 1000, 1e-6, 1};
    common_mode_distrust(shifts, SHIFTS);
    for (size_t i = 0; i < SHIFTS; i++)
        assert_true(i == 4 ? shifts[i].trust == 0 : shifts[i].trust > .5);
    shifts[4].difference = .001; /* by another measure it lies among the others */
    common_mode(shifts, SHIFTS, SIZE_MAX, weights);
    assert_true(weights[4] == 0);
}
