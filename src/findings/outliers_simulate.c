/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the fences flag and who is named, on requests of a service that does not exist;
 * the same for the same seed.
 *
 *     outliers_simulate [REPORTS [SEED]]
 *
 * REPORTS a row (200), 20 trials of 20,000 requests a shape.
 */
#include <stdio.h>
#include <stdlib.h>

#include "gsl_errors.h"
#include "outlier_trials.h"

enum { TRIALS_A_SHAPE = 20 };

static void print_fences(uint64_t seed)
{
    printf("False flags in 10,000 requests of clean shapes; recall and precision with "
           "0.1 %% planted at 4 to 20 x p99\n%-15s",
           "");
    for (int rule = 0; outlier_rule_names[rule]; rule++)
        printf(" %8s", outlier_rule_names[rule]);
    printf("   recall precision  (log)\n");
    for (int shape = 0; shape < TRIAL_SHAPES; shape++) {
        struct trial_flags planted = {0};
        printf("%-15s", trial_shapes[shape]);
        for (int rule = 0; outlier_rule_names[rule]; rule++) {
            struct trial_flags flags = {0};
            for (int i = 0; i < TRIALS_A_SHAPE; i++)
                trial_flag(&flags, shape, (enum outlier_rule)rule, false,
                           seed + (uint64_t)i);
            printf(" %8.1f", 1e4 * (double)flags.false_flags / (double)flags.requests);
        }
        for (int i = 0; i < TRIALS_A_SHAPE; i++)
            trial_flag(&planted, shape, OUTLIER_LOG, true, seed + (uint64_t)i);
        printf("   %6.3f %9.3f\n", (double)planted.found / (double)planted.planted,
               (double)planted.found / (double)(planted.found + planted.false_flags));
    }
    printf("Asked for: 0 to 1.2 false flags (log), recall .99 to 1.0, precision .88 to "
           "1.0\n\n");
}

static void print_row(const struct trial_world *world, bool roughly, int reports,
                      uint64_t seed)
{
    unsigned any_false = 0, hours = 0, found = 0, endpoints = 0, named = 0;
    for (int i = 0; i < reports; i++) {
        struct trial_verdict verdict = trial_judge(world, roughly, seed + (uint64_t)i);
        any_false += verdict.any_false;
        hours += verdict.hour;
        endpoints += verdict.endpoints;
        found += verdict.endpoints_found;
        named += verdict.endpoints_found > 0;
    }
    printf("%-16s %-8s", world->name, roughly ? "roughly" : "scan");
    if (world->factor > 1)
        printf(" %5.2f %% x %.0f  named %.3f, at %u of the %u endpoints where it has %d "
               "slow requests",
               100 * world->share, world->factor, (double)named / reports, found,
               endpoints, OUTLIER_COUNT_MIN);
    printf("  P(any false) %.3f, an hour %.3f\n", (double)any_false / reports,
           (double)hours / reports);
    fflush(stdout);
}

int main(int argc, char **argv)
{
    int reports = argc > 1 ? atoi(argv[1]) : 200;
    uint64_t seed = argc > 2 ? strtoull(argv[2], NULL, 10) : 1;
    gsl_errors_become_statuses();
    print_fences(seed);
    printf("Whose the outliers are: %d reports a row, 10 endpoints, 100 customers, 3 "
           "days, 62,000 requests\n",
           reports);
    for (size_t i = 0; i < sizeof(trial_worlds) / sizeof(trial_worlds[0]); i++) {
        struct trial_world world = trial_worlds[i];
        print_row(&world, false, reports, seed);
        print_row(&world, true, reports, seed);
        world.factor = 5;
        world.share = .012;
        print_row(&world, false, reports, seed);
        world.share = .0012;
        print_row(&world, false, reports, seed);
    }
    printf("Asked for: P(any false) .04; named 1.0 at 1.2 %%, .28 at .12 %%\n");
    return 0;
}
