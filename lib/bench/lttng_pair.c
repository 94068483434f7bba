/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One request recorded by fmd against the same request as a pair of LTTng-UST tracepoints
 * and against two bare clock reads, in one run. Built and started by scripts/bench-lttng,
 * which sets the tracing session up; no part of the library.
 */
#define LTTNG_UST_TRACEPOINT_CREATE_PROBES
#define LTTNG_UST_TRACEPOINT_DEFINE
#include "lttng_pair.h"

#include <fmd-record.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define BURST 200
#define BURSTS 600
#define GROUPS 1024

static char groups[GROUPS][16];
static size_t lengths[GROUPS];
static uint32_t endpoint;

static uint64_t now_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static void two_clocks(unsigned i)
{
    volatile uint64_t sink = now_ns() + i;

    sink = now_ns() - sink;
}

static void recorded(unsigned i)
{
    struct fmd_request request;
    unsigned who = i * 7919u % GROUPS;

    fmd_begin(&request, endpoint);
    fmd_set_status(&request, 200);
    fmd_set_group(&request, groups[who], lengths[who]);
    fmd_end(&request);
}

static void traced(unsigned i)
{
    lttng_ust_tracepoint(fmd_pair, request_begin, endpoint, i);
    lttng_ust_tracepoint(fmd_pair, request_end, i, 200, groups[i * 7919u % GROUPS]);
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

int main(int argc, char **argv)
{
    static const char *const names[] = {"two clock_gettime(CLOCK_MONOTONIC)",
                                        "fmd: begin, status, group, end",
                                        "LTTng-UST: two tracepoints, the same fields"};
    static void (*const calls[])(unsigned) = {two_clocks, recorded, traced};
    static double times[3][BURSTS];
    struct timespec nap = {0, 300000};
    struct fmd_config config;

    fmd_config_init(&config);
    config.directory = argc > 1 ? argv[1] : "traces";
    if (fmd_start(&config) != 0)
        return 1;
    endpoint = fmd_endpoint("GET /bench");
    for (unsigned i = 0; i < GROUPS; i++)
        lengths[i] = (size_t)snprintf(groups[i], sizeof groups[i], "customer-%u", i);
    for (unsigned round = 0; round < BURSTS; round++)
        for (unsigned call = 0; call < 3; call++) {
            uint64_t start = now_ns();

            for (unsigned i = 0; i < BURST; i++)
                calls[call](round * BURST + i);
            times[call][round] = (double)(now_ns() - start) / BURST;
            fmd_snapshot();
            nanosleep(&nap, NULL); /* for the other's consumer */
        }
    for (unsigned call = 0; call < 3; call++) {
        qsort(times[call], BURSTS, sizeof times[call][0], by_value);
        printf("  %-46s minimum %6.1f ns  median %6.1f ns  %.2f of two clock reads\n",
               names[call], times[call][0], times[call][BURSTS / 2],
               times[call][0] / times[0][0]);
    }
    return fmd_stop() != 0;
}
