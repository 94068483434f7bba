/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What recording a request costs the thread that serves it, in ns of its CPU time,
 * against two bare clock reads in the same run. Bursts are smaller than a ring and the
 * rings are emptied between them, so that what is timed is recording, not dropping.
 */
#define _GNU_SOURCE
#include "fmd-record.h"
#include "scrub.h"

#include <ftw.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define BURST 200
#define BURSTS 600
#define GROUPS 1024 /* a power of two: choosing one costs nothing */

enum what { CLOCKS, BARE, USUAL, FULL, LEVEL_0, LEVEL_2, CONTEXT, LEVEL_3, WHATS };

static const char *const names[WHATS] = {
    [CLOCKS] = "two clock_gettime(CLOCK_MONOTONIC)",
    [BARE] = "begin, end",
    [USUAL] = "begin, status, group, end",
    [FULL] = "begin, method, status, group, address, view, end",
    [LEVEL_0] = "begin, end at level 0",
    [LEVEL_2] = "begin, end at level 2",
    [CONTEXT] = "begin, path, six headers, end at level 2",
    [LEVEL_3] = "begin, end at level 3",
};

static char groups[GROUPS][16], addresses[GROUPS][16];
static size_t group_lengths[GROUPS], address_lengths[GROUPS];
static uint32_t endpoint, level_endpoints[WHATS];

static uint64_t now_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static void two_clocks(void)
{
    volatile uint64_t sink = now_ns();

    sink = now_ns() - sink;
}

static void set_header(struct fmd_request *request, const char *name, const char *value)
{
    fmd_set_header(request, name, value, strlen(value));
}

/* As a browser asks. */
static void set_context(struct fmd_request *request)
{
    static const char path[] = "/customers/4711/invoices/2026-11-23.pdf";

    fmd_set_path(request, path, sizeof path - 1);
    set_header(request, "Accept", "text/html,application/xhtml+xml,*/*;q=0.8");
    set_header(request, "Content-Length", "1432");
    set_header(request, "Content-Type", "application/json; charset=utf-8");
    set_header(request, "Referer", "https://shop.example/customers/4711?tab=2");
    set_header(request, "User-Agent",
               "Mozilla/5.0 (X11; Linux x86_64; rv:109.0) Gecko/20100101 Firefox/115.0");
    set_header(request, "X-Request-ID", "3f2504e0-4f89-11d3-9a0c-0305e82c3301");
}

static void one_request(enum what what, unsigned i)
{
    struct fmd_request request;
    unsigned who = i * 7919u % GROUPS;

    /* cppcheck-suppress arrayIndexOutOfBoundsCond; what is never the count of them */
    fmd_begin(&request, what >= LEVEL_0 ? level_endpoints[what] : endpoint);
    if (what == FULL) {
        fmd_set_method(&request, FMD_METHOD_GET);
        fmd_set_address(&request, addresses[who], address_lengths[who]);
        fmd_view_begin(&request);
        fmd_view_end(&request);
    }
    if (what == CONTEXT)
        set_context(&request);
    if (what == USUAL || what == FULL) {
        fmd_set_status(&request, 200);
        fmd_set_group(&request, groups[who], group_lengths[who]);
    }
    fmd_end(&request);
}

/* ns of one, on average over a burst. */
static double time_burst(enum what what, unsigned round)
{
    uint64_t start = now_ns();

    for (unsigned i = 0; i < BURST; i++) {
        if (what == CLOCKS)
            two_clocks();
        else
            one_request(what, round * BURST + i);
    }
    return (double)(now_ns() - start) / BURST;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

struct result {
    double minimum[WHATS], median[WHATS];
};

static pthread_barrier_t together;

static _Thread_local double times[WHATS][BURSTS];

/* In turns. Not those of a nanosecond and of microseconds: these leave nothing in the
 * processor's caches, and what was measured then is the memory. */
static void measure_some(enum what from, enum what to)
{
    for (unsigned round = 0; round < BURSTS; round++)
        for (enum what what = from; what < to; what++) {
            pthread_barrier_wait(&together);
            times[what][round] = time_burst(what, round);
            if (what != CLOCKS && fmd_snapshot() != 0)
                exit(1);
        }
}

static void *measure(void *argument)
{
    struct result *result = argument;

    measure_some(CLOCKS, LEVEL_2);
    measure_some(LEVEL_2, WHATS);
    for (enum what what = 0; what < WHATS; what++) {
        qsort(times[what], BURSTS, sizeof times[what][0], by_value);
        result->minimum[what] = times[what][0];
        result->median[what] = times[what][BURSTS / 2];
    }
    return NULL;
}

static void run(unsigned threads)
{
    struct result results[2] = {0};
    pthread_t ids[2];

    pthread_barrier_init(&together, NULL, threads);
    for (unsigned i = 0; i < threads; i++)
        pthread_create(&ids[i], NULL, measure, &results[i]);
    for (unsigned i = 0; i < threads; i++)
        pthread_join(ids[i], NULL);
    printf("%u thread%s            minimum  median (ns)   minimum / two clock reads\n",
           threads, threads > 1 ? "s" : " ");
    for (enum what what = 0; what < WHATS; what++) {
        double clocks = results[0].minimum[CLOCKS], minimum = results[0].minimum[what];

        printf("  %-50s %6.1f %6.1f   %.2f", names[what], minimum,
               results[0].median[what], minimum / clocks);
        if (what != CLOCKS && what < LEVEL_0)
            printf("   (aim: %.1f ns)", 1.15 * clocks + 5);
        printf("\n");
    }
    pthread_barrier_destroy(&together);
}

/* The recorder's own thread under a steady load that it can follow. */
static void run_writer(void)
{
    struct timespec nap = {0, 1000000};
    struct fmd_stats before, after;

    fmd_stats(&before);
    for (unsigned round = 0; round < 1500; round++) {
        (void)time_burst(FULL, round);
        nanosleep(&nap, NULL);
    }
    nap.tv_nsec = 600000000;
    nanosleep(&nap, NULL);
    fmd_stats(&after);
    printf("writer: %.0f ns of CPU a request, %lu requests in about 2 s, %lu dropped\n",
           (double)(after.writer_cpu_ns - before.writer_cpu_ns) /
               (double)(after.issued - before.issued),
           (unsigned long)(after.issued - before.issued),
           (unsigned long)(after.dropped[FMD_DROP_RING_FULL] -
                           before.dropped[FMD_DROP_RING_FULL]));
}

/* --- what happens once ------------------------------------------------------------- */

static void *first_of_a_thread(void *ns)
{
    struct fmd_request request;
    uint64_t start = now_ns();

    fmd_begin(&request, endpoint);
    fmd_end(&request);
    *(uint64_t *)ns = now_ns() - start;
    return NULL;
}

/* In a forked child: it opens its own rings and starts its writer. */
static uint64_t first_of_a_child(void)
{
    uint64_t ns = 0;
    int ends[2];
    pid_t child;

    if (pipe(ends) != 0)
        return 0;
    child = fork();
    if (child == 0) {
        (void)first_of_a_thread(&ns);
        _exit(write(ends[1], &ns, sizeof ns) != sizeof ns || fmd_stop() != 0);
    }
    if (read(ends[0], &ns, sizeof ns) != sizeof ns)
        ns = 0;
    (void)waitpid(child, NULL, 0);
    (void)close(ends[0]);
    (void)close(ends[1]);
    return ns;
}

static void run_once(const struct fmd_config *config)
{
    uint64_t start_ns = UINT64_MAX, process_ns = UINT64_MAX, thread_ns = UINT64_MAX,
             child_ns = UINT64_MAX;

    for (int i = 0; i < 20; i++) {
        uint64_t start = now_ns(), ns;
        pthread_t thread;

        if (fmd_start(config) != 0)
            exit(1);
        ns = now_ns() - start;
        start_ns = ns < start_ns ? ns : start_ns;
        (void)first_of_a_thread(&ns);
        process_ns = ns < process_ns ? ns : process_ns;
        if (pthread_create(&thread, NULL, first_of_a_thread, &ns) == 0)
            (void)pthread_join(thread, NULL);
        thread_ns = ns < thread_ns ? ns : thread_ns;
        ns = first_of_a_child();
        child_ns = ns < child_ns ? ns : child_ns;
        (void)fmd_stop();
    }
    printf("once: start %.0f us; first request of a process (starts the writer) %.0f us, "
           "of a thread %.1f us,\n      of a forked child (rings and writer) %.0f us\n",
           (double)start_ns / 1e3, (double)process_ns / 1e3, (double)thread_ns / 1e3,
           (double)child_ns / 1e3);
}

/* At rest: what the writer's wakes cost. */
static void run_idle(void)
{
    struct timespec rest = {3, 0};
    struct fmd_stats before, after;

    fmd_stats(&before);
    nanosleep(&rest, NULL);
    fmd_stats(&after);
    printf("idle: %.3f %% of a core\n",
           (double)(after.writer_cpu_ns - before.writer_cpu_ns) / 3e7);
}

/* What is not of a request: a gauge, and the scrubber on a path without secrets. */
static void run_beside(void)
{
    static const char path[] = "/catalogue/shoes/running/light-trainers-for-rainy-days";
    enum { CALLS = 100000, SCRUBS = 10000 };
    uint64_t gauge_ns = UINT64_MAX, scrub_ns = UINT64_MAX;

    for (int round = 0; round < 20; round++) {
        uint64_t start = now_ns(), ns;
        for (int i = 0; i < CALLS; i++)
            fmd_gauge("queue length", i);
        ns = now_ns() - start;
        gauge_ns = ns < gauge_ns ? ns : gauge_ns;
        start = now_ns();
        for (int i = 0; i < SCRUBS; i++) {
            char text[sizeof path];
            memcpy(text, path, sizeof path);
            (void)fmd__scrub(text, sizeof path - 1);
        }
        ns = now_ns() - start;
        scrub_ns = ns < scrub_ns ? ns : scrub_ns;
    }
    printf("beside: a gauge %.0f ns; scrubbing %.1f ns a byte\n",
           (double)gauge_ns / CALLS,
           (double)scrub_ns / SCRUBS / (double)(sizeof path - 1));
}

static int remove_one(const char *path, const struct stat *status, int type,
                      struct FTW *ftw)
{
    (void)status, (void)type, (void)ftw;
    return remove(path);
}

int main(void)
{
    char directory[] = "/tmp/fmd-bench-XXXXXX";
    struct fmd_config config;

    for (unsigned i = 0; i < GROUPS; i++) {
        group_lengths[i] =
            (size_t)snprintf(groups[i], sizeof groups[i], "customer-%u", i);
        address_lengths[i] = (size_t)snprintf(addresses[i], sizeof addresses[i],
                                              "10.0.%u.%u", i / 250, i % 250);
    }
    if (!mkdtemp(directory))
        return 1;
    fmd_config_init(&config);
    config.directory = directory;
    run_once(&config);
    setenv("FMD_LEVELS", "level 0=0, level 2=2, level 3=3", 1);
    if (fmd_start(&config) != 0)
        return 1;
    endpoint = fmd_endpoint("GET /bench");
    level_endpoints[LEVEL_0] = fmd_endpoint("level 0");
    level_endpoints[LEVEL_2] = level_endpoints[CONTEXT] = fmd_endpoint("level 2");
    level_endpoints[LEVEL_3] = fmd_endpoint("level 3");
    run(1);
    run(2);
    run_beside();
    run_writer();
    run_idle();
    fmd_stop();
    nftw(directory, remove_one, 8, FTW_DEPTH | FTW_PHYS);
    return 0;
}
