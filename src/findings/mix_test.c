/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What customers explain, and how sure that is, against many repetitions. */
#include "testdata/cmocka_tests.h"

#include "made_summary.h"
#include "mix.h"

#include <math.h>

/* Shares of three classes on both sides, and their rates of slow requests. */
struct service {
    double share[2][3], rate[2][3];
    unsigned requests[2];
};

static void draw(const struct service *service, struct mix_class classes[3],
                 uint64_t *random)
{
    memset(classes, 0, 3 * sizeof(*classes));
    for (unsigned v = 0; v < 2; v++)
        for (unsigned i = 0; i < service->requests[v]; i++) {
            double at = made_uniform(random);
            unsigned c = at < service->share[v][0]                          ? 0
                         : at < service->share[v][0] + service->share[v][1] ? 1
                                                                            : 2;
            double slow = made_uniform(random) < service->rate[v][c];
            *(v ? &classes[c].newer : &classes[c].older) += 1;
            *(v ? &classes[c].newer_beyond : &classes[c].older_beyond) += slow;
        }
}

/* The standard error is the deviation of the part over repetitions, and 1.96 of them hold
 * the true part in 95 % of these. */
static void assert_error(const struct service *service, double truth)
{
    enum { TIMES = 1500 };
    double sum = 0, squares = 0, errors = 0;
    unsigned held = 0;
    uint64_t random = 5;

    for (unsigned i = 0; i < TIMES; i++) {
        struct mix_class classes[3];
        draw(service, classes, &random);
        struct mix_part part = mix_part_of_classes(classes, 3);
        sum += part.part;
        squares += part.part * part.part;
        errors += part.error;
        held += fabs(part.part - truth) < 1.959964 * part.error;
    }
    double mean = sum / TIMES, deviation = sqrt(squares / TIMES - mean * mean);
    assert_true(fabs(mean - truth) < 4 * deviation / sqrt(TIMES) + .01);
    assert_true(fabs(errors / TIMES / deviation - 1) < .08);
    assert_true(held > .93 * TIMES && held < .97 * TIMES);
}

TEST(the_error_is_the_deviation_over_repetitions)
{
    static const struct service half = {{{.8, .15, .05}, {.7, .15, .15}},
                                        {{.05, .1, .3}, {.06, .125, .35}},
                                        {3000, 4000}};
    static const struct service whole = {
        {{.8, .15, .05}, {.5, .15, .35}}, {{.05, .1, .3}, {.05, .1, .3}}, {2000, 2000}};
    double before = .8 * .05 + .15 * .1 + .05 * .3;
    double after = .7 * .06 + .15 * .125 + .15 * .35;
    assert_error(&half, (-.1 * .055 + .1 * .325) / (after - before));
    assert_error(&whole, 1);
}

TEST(classes_that_stay_explain_nothing_for_sure)
{
    static const struct service service = {
        {{.8, .15, .05}, {.8, .15, .05}}, {{.05, .1, .3}, {.15, .2, .4}}, {4000, 4000}};
    assert_error(&service, 0);
}

TEST(without_a_shift_there_is_no_part)
{
    const struct mix_class classes[2] = {{100, 10, 100, 10}, {50, 5, 50, 5}};
    struct mix_part part = mix_part_of_classes(classes, 2);
    assert_true(part.shift == 0 && isnan(part.part) && isnan(part.error));
}
