/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * How often a report of stable endpoints tells of a change, and how often a change is
 * seen: on series that resemble their past, and on a service that does not exist, through
 * summary_add() and change_points_build(). The same for the same seed.
 *
 *     change_points_simulate [REPORTS [SEED]]
 *
 * REPORTS a row of series (1000); services take a fifth.
 */
#include <stdio.h>
#include <stdlib.h>

#include "change_points.h"
#include "gsl_errors.h"
#include "simulated_service.h"

enum { ENDPOINTS = 20, SERIES = ENDPOINTS * CHANGE_KINDS, BLOCKS = 256 };

/* --- series --- */

/* Unit variance; heavy: Student's t of 3 degrees of freedom. */
static double draw(bool heavy, uint64_t *state)
{
    double z = simulated_normal(state), squares = 0;

    for (int i = 0; heavy && i < 3; i++) {
        double x = simulated_normal(state);
        squares += x * x;
    }
    return heavy ? z / sqrt(squares) : z; /* sqrt(3) of t and of its deviation cancel */
}

static double p_of_series(double correlation, bool heavy, double step, uint64_t *state)
{
    double values[BLOCKS], ones[BLOCKS], p, variance;
    struct change_series series = {values, ones, BLOCKS};
    double x = draw(heavy, state), fresh = sqrt(1 - correlation * correlation);

    for (int k = 0; k < BLOCKS; k++) {
        ones[k] = 1;
        values[k] = x + (k >= BLOCKS / 2 ? step : 0);
        x = correlation * x + fresh * draw(heavy, state);
    }
    change_find(&series, &p, &variance);
    return p;
}

static void print_series(double correlation, bool heavy, int reports, uint64_t state)
{
    double level = change_points_level(SERIES);
    int alarms = 0, seen[2] = {0, 0};

    for (int i = 0; i < reports; i++) {
        bool alarm = false;
        for (int s = 0; s < SERIES; s++)
            alarm |= p_of_series(correlation, heavy, 0, &state) <= level;
        alarms += alarm;
        seen[0] += p_of_series(correlation, heavy, 1, &state) <= level;
        seen[1] += p_of_series(correlation, heavy, 2, &state) <= level;
    }
    double share = (double)alarms / reports;
    printf("AR(%.1f)%-13s %.3f +- %.3f   %.2f  %.2f   %s\n", correlation,
           heavy ? ", heavy tails" : "", share, sqrt(share * (1 - share) / reports),
           (double)seen[0] / reports, (double)seen[1] / reports,
           correlation == .3 && !heavy   ? "E-divisive: .50 of series"
           : correlation == .6 && !heavy ? "E-divisive: 1.00 of series"
                                         : "");
    fflush(stdout);
}

/* --- services --- */

#define DAY_S 86400.0
#define LOAD_TESTS                                                                       \
    .endpoints = ENDPOINTS, .requests_least = 60, .requests_most = 2000, .window_s = 60, \
    .slow = .05, .slow_s = {2, 20}, .own = .03, .runs = 5
#define SERVICE(seconds)                                                                 \
    .endpoints = ENDPOINTS, .requests_least = 60, .requests_most = 20000,                \
    .window_s = seconds, .slow_s = {1200, 10800}, .runs = 1
#define SLOW .slow = .08, .own = .05, .bursts = .1
#define UNCHANGED .change = {.endpoint = -1}

static const struct simulated_service services[] = {
    {SERVICE(3 * DAY_S), UNCHANGED, .name = "independent"},
    {SERVICE(3 * DAY_S), SLOW, UNCHANGED, .name = "slow processes, bursts"},
    {SERVICE(DAY_S / 4), SLOW, UNCHANGED, .name = "the same, 6 hours"},
    {SERVICE(3 * DAY_S), SLOW, UNCHANGED, .daily = .1, .name = "daily cycle of 10 %"},
    {SERVICE(3 * DAY_S), SLOW, UNCHANGED, .daily = .3, .name = "daily cycle of 30 %"},
    {SERVICE(DAY_S), SLOW, UNCHANGED, .daily = .1, .name = "the same of 10 %, 1 day"},
    {SERVICE(DAY_S), SLOW, UNCHANGED, .daily = .3, .name = "the same of 30 %, 1 day"},
    {SERVICE(3 * DAY_S), SLOW, UNCHANGED, .busy = .05, .name = "busy machine"},
    {LOAD_TESTS, .run_spread = .1, UNCHANGED, .name = "5 load tests a side, 10 %"},
    {LOAD_TESTS, .run_spread = .03, .change = {.endpoint = 10, .also = 9, .factor = 2},
     .name = "the same, versions differ"},
};

static void print_service(const struct simulated_service *service, int reports,
                          uint64_t seed)
{
    int alarms = 0;

    for (int i = 0; i < reports; i++) {
        struct summary *summary =
            simulated_summary(service, seed + (uint64_t)i * UINT64_C(0x51ed270b6ca3));
        struct change_points changes;
        change_points_build(&changes, summary);
        alarms += changes.count > 0;
        change_points_release(&changes);
        summary_free(summary);
    }
    double share = (double)alarms / reports;
    printf("%-27s %.3f +- %.3f\n", service->name, share,
           sqrt(share * (1 - share) / reports));
    fflush(stdout);
}

int main(int argc, char **argv)
{
    static const double correlations[] = {0, .3, .5, .6, .8, .9};
    int reports = argc > 1 ? atoi(argv[1]) : 1000;
    uint64_t seed = argc > 2 ? strtoull(argv[2], NULL, 10) : 1;

    if (reports < 5) {
        fputs("change_points_simulate: say how many reports a row, at least 5\n", stderr);
        return 2;
    }
    gsl_errors_become_statuses();
    printf("Change points where nothing changed: share of reports of %d series that tell "
           "of one (asked for: at most .05), and how often a step of 1 and 2 deviations "
           "of a block is seen\n",
           SERIES);
    for (size_t c = 0; c < sizeof(correlations) / sizeof(correlations[0]); c++)
        print_series(correlations[c], false, reports, seed + c);
    print_series(.3, true, reports, seed + 20);
    print_series(.8, true, reports, seed + 21);
    puts("Reports of two versions one after the other, 20 endpoints, nothing changes but "
         "with a version");
    for (size_t i = 0; i < sizeof(services) / sizeof(services[0]); i++)
        print_service(&services[i], reports / 5, seed + 100 * i);
    printf("%d and %d reports a row, seed %llu\n", reports, reports / 5,
           (unsigned long long)seed);
    return 0;
}
