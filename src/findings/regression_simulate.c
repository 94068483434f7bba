/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * How often the rule for version regressions raises a false alarm, and what it sees, on
 * requests of a service that does not exist: thousands of reports through summary_add()
 * and regression_build(), on all cores, the same for the same seed.
 *
 *     regression_simulate [REPORTS [SEED [ROWS]]]
 *
 * REPORTS a row for false alarms (400); load tests take half of it, power a third. ROWS:
 * only those whose name holds this text.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include <gsl/gsl_cdf.h>

#include "benjamini_hochberg.h"
#include "gsl_errors.h"
#include "regression.h"
#include "simulated_service.h"

#define DAY_S 86400.0

/* What a report says, by rule. */
enum rule { MANN_WHITNEY, MANN_WHITNEY_BH, P95_RATIO, MEAN_RATIO, OURS, RULES };

struct outcome {
    bool flagged[RULES];
    bool errors, global, changed, changed_errors, other;
    unsigned endpoints[REGRESSION_VERDICTS];
};

/* --- the usual rules, for comparison --- */

/* Two-sided p of Mann and Whitney (1947) with ties, by its normal approximation. */
static double mann_whitney(const struct histogram *a, const struct histogram *b)
{
    double na = (double)histogram_total(a), nb = (double)histogram_total(b), n = na + nb;
    double ranks = 0, before = 0, ties = 0;

    for (unsigned i = 0; i < HISTOGRAM_FINE_BUCKETS; i++) {
        double in_a = histogram_at(a, i), both = in_a + histogram_at(b, i);
        ranks += in_a * (before + (both + 1) / 2);
        ties += both * both * both - both;
        before += both;
    }
    double u = ranks - na * (na + 1) / 2 - na * nb / 2;
    double deviation = sqrt(na * nb / 12 * (n + 1 - ties / (n * (n - 1))));
    return 2 * gsl_cdf_ugaussian_Q(fabs(u) / deviation);
}

static double mean_of(const struct summary_cell *cell)
{
    return (double)cell->sum_ns / (double)cell->requests;
}

static bool beyond(double ratio, double limit)
{
    return ratio > limit;
}

static void judge_usual(struct outcome *outcome, const struct summary *summary)
{
    struct summary_endpoint *const *endpoints;
    size_t count = summary_endpoints(summary, &endpoints);
    double p[SIMULATED_ENDPOINTS_MOST], q[SIMULATED_ENDPOINTS_MOST];
    double medians[SIMULATED_ENDPOINTS_MOST] = {0};

    for (size_t i = 0; i < count; i++) {
        p[i] = NAN;
        if (endpoints[i]->cell_count < 2)
            continue;
        const struct summary_cell *a = endpoints[i]->cells[0];
        const struct summary_cell *b = endpoints[i]->cells[1];
        p[i] = mann_whitney(&a->histogram, &b->histogram);
        medians[i] = histogram_quantile_ns(&b->histogram, .5) /
                     histogram_quantile_ns(&a->histogram, .5);
        double p95 = histogram_quantile_ns(&b->histogram, .95) /
                     histogram_quantile_ns(&a->histogram, .95);
        outcome->flagged[MANN_WHITNEY] |= p[i] < .05;
        outcome->flagged[P95_RATIO] |= beyond(p95, 1.1);
        outcome->flagged[MEAN_RATIO] |= beyond(mean_of(b) / mean_of(a), 2);
    }
    benjamini_hochberg(p, count, q);
    for (size_t i = 0; i < count; i++)
        outcome->flagged[MANN_WHITNEY_BH] |=
            q[i] < .05 && fabs(log(medians[i])) >= log(1.05);
}

/* --- ours --- */

static bool flagged(enum regression_verdict verdict)
{
    return verdict >= REGRESSION_IMPROVED;
}

static void judge_ours(struct outcome *outcome, const struct summary *summary,
                       const struct simulated_service *service)
{
    struct regression_options options;
    struct regression regression;

    regression_options_init(&options);
    options.version_order = "1.0,1.1"; /* a canary's first request may come first */
    regression_build(&regression, summary, &options, NULL);
    const struct regression_comparison *comparison = &regression.comparisons[0];
    for (size_t i = 0; i < comparison->endpoint_count; i++) {
        const struct regression_endpoint *endpoint = &comparison->endpoints[i];
        bool ours = simulated_changes(&service->change, atoi(endpoint->name.bytes + 5));
        outcome->endpoints[endpoint->verdict]++;
        for (unsigned m = 0; m < REGRESSION_METRICS; m++) {
            enum regression_verdict verdict = endpoint->findings[m].verdict;
            bool latency = m < REGRESSION_LATENCIES;
            outcome->flagged[OURS] |= flagged(verdict);
            outcome->errors |= flagged(verdict) && !latency;
            outcome->other |= flagged(verdict) && !ours;
            if (ours && verdict == REGRESSION_REGRESSED)
                *(latency ? &outcome->changed : &outcome->changed_errors) = true;
        }
    }
    for (unsigned m = 0; m < REGRESSION_LATENCIES; m++)
        outcome->global |= flagged(comparison->global[m].verdict);
    outcome->flagged[OURS] |= outcome->global;
    regression_release(&regression);
}

/* --- many reports on all cores --- */

struct work {
    const struct simulated_service *service;
    uint64_t seed;
    unsigned reports;
    atomic_uint next;
    struct outcome
        *outcomes; /* one a report, so that the sums do not depend on threads */
};

static void *work_on(void *argument)
{
    struct work *work = argument;
    unsigned i;

    while ((i = atomic_fetch_add(&work->next, 1)) < work->reports) {
        struct summary *summary =
            simulated_summary(work->service, work->seed + i * UINT64_C(0x51ed270b6ca3));
        judge_usual(&work->outcomes[i], summary);
        judge_ours(&work->outcomes[i], summary, work->service);
        summary_free(summary);
    }
    return NULL;
}

/* Shares of reports. */
struct tally_of_outcomes {
    double flagged[RULES], errors, global, changed, changed_errors, other;
    double endpoints[REGRESSION_VERDICTS];
};

static struct tally_of_outcomes run(const struct simulated_service *service,
                                    unsigned reports, uint64_t seed)
{
    struct tally_of_outcomes sums = {.errors = 0};
    struct work work = {.service = service,
                        .seed = seed * UINT64_C(0x9e3779b97f4a7c15),
                        .reports = reports,
                        .outcomes = mem_array(reports, sizeof(struct outcome))};
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    pthread_t threads[64];
    unsigned count = cores < 1 ? 1 : cores > 64 ? 64 : (unsigned)cores;

    for (unsigned t = 0; t < count; t++)
        if (pthread_create(&threads[t], NULL, work_on, &work) != 0)
            exit(4);
    for (unsigned t = 0; t < count; t++)
        pthread_join(threads[t], NULL);
    for (unsigned i = 0; i < reports; i++) {
        const struct outcome *outcome = &work.outcomes[i];
        for (unsigned r = 0; r < RULES; r++)
            sums.flagged[r] += outcome->flagged[r] / (double)reports;
        for (unsigned v = 0; v < REGRESSION_VERDICTS; v++)
            sums.endpoints[v] +=
                outcome->endpoints[v] / ((double)reports * service->endpoints);
        sums.errors += outcome->errors / (double)reports;
        sums.global += outcome->global / (double)reports;
        sums.changed += outcome->changed / (double)reports;
        sums.changed_errors += outcome->changed_errors / (double)reports;
        sums.other += outcome->other / (double)reports;
    }
    free(work.outcomes);
    return sums;
}

/* --- the rows --- */

static const char *rows = ""; /* only those whose name holds this */

static bool is_wanted(const struct simulated_service *service)
{
    return strstr(service->name, rows);
}

/* Endpoints, requests of the rarest and the busiest, length of a window. */
#define SERVICE_OF(count, least, most, seconds)                                          \
    .endpoints = count, .requests_least = least, .requests_most = most,                  \
    .window_s = seconds
#define SERVICE SERVICE_OF(20, 60, 20000, 3 * DAY_S), .runs = 1
#define LOAD_TEST SERVICE_OF(20, 60, 2000, 60)
#define LOAD .slow = .05, .own = .03, .slow_s = {2, 20}
#define UNCHANGED .change = {.endpoint = -1}
#define SLOW .slow_s = {1200, 10800}, .slow = .08, .own = .05, .daily = .1, .bursts = .1

struct false_row {
    struct simulated_service service;
    const char
        *documents[RULES]; /* what the design's own simulation had; NULL: nothing */
};

static const struct false_row false_rows[] = {
    {{SERVICE, UNCHANGED, .name = "independent"}, {".41", ".04", ".99", ".22", ".017"}},
    {{SERVICE, SLOW, UNCHANGED, .name = "3 days"}, {".67", ".43", ".99", ".23", ".053"}},
    {{SERVICE, SLOW, UNCHANGED, .name = "mix shift", .customers = .4, .mix = .5},
     {".61", ".48", ".97", ".28", ".037"}},
    {{SERVICE, SLOW, UNCHANGED, .name = "customer bursts", .customers = .4,
      .sessions = 4},
     {".73", ".52", ".99", ".25", ".027"}},
    {{SERVICE, SLOW, UNCHANGED, .name = "overlap (canary)", .overlap = true}, {NULL}},
    {{SERVICE_OF(20, 30, 100, 3 * DAY_S), SLOW, UNCHANGED, .name = "n = 30-100",
      .runs = 1},
     {NULL, NULL, NULL, NULL, ".041-.050"}},
    {{SERVICE_OF(20, 30, 100, 3 * DAY_S), UNCHANGED, .name = "n = 30-100, independent",
      .runs = 1},
     {NULL}},
    {{SERVICE_OF(20, 30, 100, DAY_S / 4), SLOW, UNCHANGED, .name = "n = 30-100, 6 hours",
      .runs = 1},
     {NULL}},
    {{SERVICE_OF(20, 30, 100, 3 * DAY_S), SLOW, UNCHANGED, .name = "n = 30-100, canary",
      .runs = 1, .overlap = true},
     {NULL}},
    {{SERVICE_OF(3, 30, 100, 3 * DAY_S), SLOW, UNCHANGED,
      .name = "n = 30-100, 3 endpoints", .runs = 1},
     {NULL}},
    {{SERVICE, SLOW, UNCHANGED, .name = "3 days, busy machine", .busy = .05}, {NULL}},
    {{SERVICE_OF(20, 60, 20000, DAY_S / 4), SLOW, UNCHANGED, .runs = 1,
      .name = "6 hours, busy machine", .busy = .1},
     {NULL}},
    {{SERVICE_OF(20, 60, 20000, DAY_S), SLOW, UNCHANGED, .name = "1 day", .runs = 1},
     {NULL, NULL, NULL, NULL, ".045-.062"}},
    {{SERVICE_OF(20, 60, 20000, DAY_S / 4), SLOW, UNCHANGED, .name = "6 hours",
      .runs = 1},
     {NULL, NULL, NULL, NULL, ".045-.062"}},
    {{SERVICE_OF(20, 60, 20000, DAY_S / 4), SLOW, UNCHANGED, .name = "6 hours, overlap",
      .runs = 1, .overlap = true},
     {NULL}},
    {{SERVICE_OF(3, 2000, 20000, 3 * DAY_S), SLOW, UNCHANGED, .runs = 1,
      .name = "3 endpoints, mix shift", .customers = .4, .mix = .5},
     {NULL}},
    {{SERVICE_OF(3, 60, 2000, 60), LOAD, UNCHANGED, .runs = 1, .run_spread = .10,
      .name = "load test, 3 endpoints, 10 %"},
     {NULL}},
    {{SERVICE_OF(6, 60, 2000, 60), LOAD, UNCHANGED, .runs = 1, .run_spread = .10,
      .name = "load test, 6 endpoints, 10 %"},
     {NULL}},
};

static const char *or_dash(const char *text)
{
    return text ? text : "-";
}

static double now_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void print_false_row(const struct simulated_service *service,
                            const char *const *documents, unsigned reports, uint64_t seed)
{
    if (!is_wanted(service))
        return;
    struct tally_of_outcomes sums = run(service, reports, seed);

    printf("%-28s", service->name);
    for (unsigned r = 0; r < RULES; r++)
        printf(" %5.3f %-9s", sums.flagged[r], or_dash(documents[r]));
    printf(" %5.3f  %5.3f  %4.2f %4.2f %4.2f\n", sums.errors, sums.global,
           sums.endpoints[REGRESSION_OK], sums.endpoints[REGRESSION_INCONCLUSIVE],
           sums.endpoints[REGRESSION_INSUFFICIENT]);
    fflush(stdout);
}

static void print_false_rows(unsigned reports, uint64_t seed)
{
    printf("Nothing changed: share of reports that flag something (left: this program, "
           "right: the design's figure)\n%-28s %-15s %-15s %-15s %-15s %-15s %-6s %-6s "
           "endpoints: ok, inconclusive, insufficient\n",
           "", "M-W p<.05", "M-W+BH+5 %", "p95 > 1.1", "mean > 2", "THE RULE", "errors",
           "global");
    for (size_t i = 0; i < sizeof(false_rows) / sizeof(false_rows[0]); i++)
        print_false_row(&false_rows[i].service, false_rows[i].documents, reports,
                        seed + i);
}

static void print_load_test(struct simulated_service service, unsigned reports,
                            uint64_t seed)
{
    static const char *const none[RULES] = {NULL};
    char name[64];

    snprintf(name, sizeof(name), "%2u x %3.0f s, spread %2.0f %%%s", service.runs,
             service.window_s, 100 * service.run_spread,
             service.busy > 0 ? ", busy" : "");
    service.name = name;
    print_false_row(&service, none, reports, seed);
}

/* While something else works on the machine for minutes; and few requests a run. */
static void print_odd_load_tests(unsigned reports, uint64_t seed)
{
    static const unsigned runs[] = {1, 2, 3, 5, 10};

    puts("\nThe same, beside other work that takes a third of the time, minutes long");
    for (size_t r = 0; r < 5; r++)
        print_load_test((struct simulated_service){LOAD_TEST, LOAD, UNCHANGED,
                                                   .runs = runs[r], .run_spread = .03,
                                                   .busy = .33},
                        reports, seed + r);
    puts("\nThe same, 8 to 120 requests an endpoint and run of 6 s");
    for (size_t r = 3; r < 5; r++)
        for (unsigned busy = 0; busy < 2; busy++)
            print_load_test((struct simulated_service){SERVICE_OF(14, 8, 120, 6), LOAD,
                                                       UNCHANGED, .runs = runs[r],
                                                       .run_spread = .03,
                                                       .busy = busy * .33},
                            reports, seed + 2 * r + busy);
}

static void print_load_tests(unsigned reports, uint64_t seed)
{
    static const unsigned runs[] = {1, 2, 3, 5, 10};
    static const double spreads[] = {0, .03, .10}, windows[] = {30, 120};

    puts("\nLoad tests, interleaved A B A B; 60 to 2000 requests an endpoint and run");
    for (size_t w = 0; w < 2; w++)
        for (size_t s = 0; s < 3; s++)
            for (size_t r = 0; r < 5; r++) {
                struct simulated_service service = {LOAD_TEST, LOAD, UNCHANGED,
                                                    .runs = runs[r],
                                                    .run_spread = spreads[s]};
                service.window_s = windows[w];
                print_load_test(service, reports, seed + 100 + w * 15 + s * 5 + r);
            }
}

struct power_row {
    struct simulated_service service;
    const char *document;
};

#define CHANGED(e, f, t) .change = {.endpoint = e, .factor = f, .tail = t}

static const struct power_row power_rows[] = {
    {{SERVICE, SLOW, .name = "+10 %, n = 692", CHANGED(8, 1.1, 0)}, ".06"},
    {{SERVICE, SLOW, .name = "+10 %, n = 3,194", CHANGED(13, 1.1, 0)}, ".30"},
    {{SERVICE, SLOW, .name = "+10 %, n = 10,851", CHANGED(17, 1.1, 0)}, ".62"},
    {{SERVICE, SLOW, .name = "+20 %, n = 692", CHANGED(8, 1.2, 0)}, ".40"},
    {{SERVICE, SLOW, .name = "+20 %, n = 3,194", CHANGED(13, 1.2, 0)}, ".98"},
    {{SERVICE, SLOW, .name = "+20 %, n = 10,851", CHANGED(17, 1.2, 0)}, ".996"},
    {{SERVICE, SLOW, .name = "tail x 2, n = 10,851", CHANGED(17, 0, 2)}, ".39"},
    {{SERVICE, SLOW, .name = "tail x 2, n = 20,000", CHANGED(19, 0, 2)}, ".69"},
    {{SERVICE_OF(20, 60, 20000, DAY_S), SLOW, .name = "+20 %, n = 3,194, 1 day",
      CHANGED(13, 1.2, 0), .runs = 1},
     NULL},
    {{SERVICE, SLOW, .name = "+10 %, n = 10,851, canary", CHANGED(17, 1.1, 0),
      .overlap = true},
     NULL},
    {{LOAD_TEST, LOAD, .name = "+20 %, 5 runs, spread 3 %", CHANGED(19, 1.2, 0),
      .runs = 5, .run_spread = .03},
     NULL},
    {{LOAD_TEST, LOAD, .name = "+20 %, 10 runs, spread 3 %", CHANGED(19, 1.2, 0),
      .runs = 10, .run_spread = .03},
     NULL},
    {{SERVICE, SLOW, .name = "+50 %, 4 of 20 endpoints",
      .change = {.endpoint = 14, .also = 3, .factor = 1.5}},
     NULL},
    {{SERVICE_OF(14, 8, 120, 6), LOAD, .name = "x 2, 4 of 14, 5 runs of 6 s",
      .change = {.endpoint = 10, .also = 3, .factor = 2}, .runs = 5, .run_spread = .03},
     NULL},
    {{LOAD_TEST, LOAD, .name = "x 2, 4 of 20, 5 runs",
      .change = {.endpoint = 16, .also = 3, .factor = 2}, .runs = 5, .run_spread = .03},
     NULL},
    {{LOAD_TEST, LOAD, .name = "x 2, 4 of 20, 1 run",
      .change = {.endpoint = 16, .also = 3, .factor = 2}, .runs = 1, .run_spread = .03},
     NULL},
    {{LOAD_TEST, LOAD, .name = "+50 %, 5 runs, spread 10 %", CHANGED(19, 1.5, 0),
      .runs = 5, .run_spread = .10},
     NULL},
    {{LOAD_TEST, LOAD, .name = "+50 %, 1 run, spread 3 %", CHANGED(19, 1.5, 0), .runs = 1,
      .run_spread = .03},
     NULL},
    {{LOAD_TEST, LOAD, .name = "x 2, 1 run, spread 3 %", CHANGED(19, 2, 0), .runs = 1,
      .run_spread = .03},
     NULL},
    {{LOAD_TEST, LOAD, .name = "x 2, 1 run, spread 10 %", CHANGED(19, 2, 0), .runs = 1,
      .run_spread = .10},
     NULL},
};

static void print_power(unsigned reports, uint64_t seed)
{
    printf("\nOne endpoint of 20 changed: share of reports that see it (n a version)\n"
           "%-28s %-13s %s\n",
           "", "seen (design)", "another endpoint flagged (design: .06-.09)");
    for (size_t i = 0; i < sizeof(power_rows) / sizeof(power_rows[0]); i++) {
        const struct power_row *row = &power_rows[i];
        if (!is_wanted(&row->service))
            continue;
        struct tally_of_outcomes sums = run(&row->service, reports, seed + 200 + i);
        printf("%-28s %5.3f %-7s %5.3f\n", row->service.name, sums.changed,
               or_dash(row->document), sums.other);
        fflush(stdout);
    }
    struct simulated_service errors = {SERVICE, SLOW,
                                       .name = "5xx 1 % to 2 %, n = 10,851",
                                       .change = {.endpoint = 17, .errors = 2}};
    if (!is_wanted(&errors))
        return;
    struct tally_of_outcomes sums = run(&errors, reports, seed + 299);
    printf("%-28s %5.3f %-7s %5.3f\n", errors.name, sums.changed_errors, "-", sums.other);
}

int main(int argc, char **argv)
{
    unsigned reports = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 400;
    uint64_t seed = argc > 2 ? strtoull(argv[2], NULL, 10) : 1;
    double begin_s = now_s();

    rows = argc > 3 ? argv[3] : "";
    if (reports < 3) {
        fputs("regression_simulate: say how many reports a row, at least 3\n", stderr);
        return 2;
    }
    gsl_errors_become_statuses();
    print_false_rows(reports, seed);
    print_load_tests(reports / 2, seed);
    print_odd_load_tests(reports / 2, seed + 150);
    print_power(reports / 3, seed);
    printf("\n%u reports a row (half for load tests, a third for power): a share of .05 "
           "has a standard error of %.3f (%.3f, %.3f); seed %llu, %.0f s\n",
           reports, sqrt(.05 * .95 / reports), sqrt(.05 * .95 / (reports / 2.)),
           sqrt(.05 * .95 / (reports / 3.)), (unsigned long long)seed, now_s() - begin_s);
    return 0;
}
