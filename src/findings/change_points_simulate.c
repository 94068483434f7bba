/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * False alarms of change points a report of 20 stable series, and power, at several
 * levels.
 *
 *     change_points_simulate [REPORTS [SEED]]
 */
#include <stdio.h>
#include <stdlib.h>

#include "change_points.h"
#include "gsl_errors.h"
#include "simulated_service.h"

enum { SERIES = 20, BLOCKS = 256 };

/* The smallest p of a report; the first series has a step of so many deviations. */
static double least_p(double correlation, double step, uint64_t *state, double *first)
{
    double values[BLOCKS], ones[BLOCKS], least = 1;
    for (int s = 0; s < SERIES; s++) {
        struct change_series series = {values, ones, BLOCKS};
        double x = simulated_normal(state), p, variance;
        for (int k = 0; k < BLOCKS; k++) {
            ones[k] = 1;
            values[k] = x + (s == 0 && k >= BLOCKS / 2 ? step : 0);
            x = correlation * x +
                sqrt(1 - correlation * correlation) * simulated_normal(state);
        }
        change_find(&series, &p, &variance);
        if (s == 0)
            *first = p;
        else
            least = p < least ? p : least;
    }
    return least;
}

int main(int argc, char **argv)
{
    static const double levels[] = {.05, .02, .01, .005, .002};
    static const double correlations[] = {0, .3, .6, .8};
    int reports = argc > 1 ? atoi(argv[1]) : 1000;
    uint64_t state = argc > 2 ? strtoull(argv[2], NULL, 10) : 1;
    gsl_errors_become_statuses();
    printf("False alarms a report of %d stable series (and power at a step of one "
           "deviation), by level a report\n",
           SERIES);
    for (size_t c = 0; c < sizeof(correlations) / sizeof(correlations[0]); c++) {
        printf("AR(%.1f)", correlations[c]);
        for (size_t l = 0; l < sizeof(levels) / sizeof(levels[0]); l++) {
            int alarms = 0, seen = 0;
            uint64_t own = state;
            for (int i = 0; i < reports; i++) {
                double first, least = least_p(correlations[c], 1, &own, &first);
                alarms += least < levels[l] / (2 * SERIES);
                seen += first < levels[l] / (2 * SERIES);
            }
            printf("  %g: %.3f (%.2f)", levels[l], (double)alarms / reports,
                   (double)seen / reports);
        }
        printf("\n");
    }
    printf("Asked for: at most .05 at AR(.3) and AR(.6)\n");
    return 0;
}
