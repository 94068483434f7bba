/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Requests a second into a summary, against a floor: a plain loop that adds the same
 * requests from the same array to a main histogram, a block histogram and a count a
 * group. On one and on two threads, each with a summary of its own that are merged then.
 * Times are each the least of a few rounds. Also memory, and the size and time of saving.
 *
 *   summary_bench [million requests] [endpoints] [versions] [groups]
 */
#include <malloc.h>
#include <pthread.h>
#include <stdio.h>
#include <time.h>

#include "made_requests.h"
#include "src/base/str.h"

enum { BATCHES = 2, BATCH = 4096, ROUNDS = 3, DAYS = 3 };

/* BATCHES different batches are added again and again, later in time each round; the
 * version changes as time goes on. */
struct load {
    struct made_plan plan;
    struct made_columns *columns; /* BATCHES */
    size_t batches;               /* to add */
    struct summary *summary;
    /* the floor's: [cell][bucket], and [group] */
    uint32_t (*main)[HISTOGRAM_FINE_BUCKETS];
    uint32_t (*block)[HISTOGRAM_COARSE_BUCKETS];
    uint64_t *groups;
    double seconds; /* of the thread that added it last */
};

typedef void add_call(struct load *load);

struct job {
    struct load *load;
    add_call *call;
};

/* Of this thread's CPU time: whoever else is on the machine does not count. */
static double now_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void load_init(struct load *load, const struct made_plan *plan, size_t batches)
{
    *load = (struct load){.plan = *plan, .batches = batches};
    struct made_plan one = *plan;
    one.count = (size_t)BATCHES * BATCH;
    one.processes = one.versions = 1;
    one.length_ns = INT64_C(1000000000) * BATCHES;
    struct made_request *requests = made_requests(&one);
    load->columns = mem_array(BATCHES, sizeof(*load->columns));
    for (size_t b = 0; b < BATCHES; b++)
        made_fill(&load->columns[b], requests + b * BATCH, BATCH);
    free(requests);
    size_t cells = (size_t)plan->endpoints * plan->versions;
    load->main = mem_array(cells, sizeof(*load->main));
    load->block = mem_array(cells, sizeof(*load->block));
    load->groups = mem_array(plan->groups + 1, sizeof(*load->groups));
}

static void load_release(struct load *load)
{
    free(load->columns);
    free(load->main);
    free(load->block);
    free(load->groups);
}

static uint32_t version_at(const struct load *load, size_t batch)
{
    return (uint32_t)(batch * load->plan.versions / load->batches);
}

/* A process of one version. */
static struct source_map *source_of(struct load *load, uint32_t version)
{
    char name[32], text[32];
    struct made_plan plan = load->plan;
    plan.versions = 0;
    struct source_map *map = made_source(load->summary, &plan, version);
    for (uint32_t e = 1; e <= plan.endpoints; e++) {
        size_t length = (size_t)snprintf(name, sizeof(name), "GET /%u", e);
        size_t text_length = (size_t)snprintf(text, sizeof(text), "1.%u", version);
        source_map_endpoint(map, e, "shop", 4, text, text_length, name, length);
    }
    return map;
}

static void add_all(struct load *load)
{
    struct source_map *map = NULL;
    for (size_t b = 0; b < load->batches; b++) {
        if (b == 0 || version_at(load, b) != version_at(load, b - 1)) {
            source_map_free(map);
            map = source_of(load, version_at(load, b));
        }
        struct events events = made_events(&load->columns[b % BATCHES], BATCH, b * BATCH);
        events.utc_offset_ns +=
            (int64_t)(DAYS * 86400e9 / (double)load->batches * (double)b);
        summary_add(load->summary, map, &events);
    }
    source_map_free(map);
}

/* Only what no summary could do without. */
static void add_floor(struct load *load)
{
    for (size_t b = 0; b < load->batches; b++) {
        const struct made_columns *columns = &load->columns[b % BATCHES];
        size_t first_cell = (size_t)version_at(load, b) * load->plan.endpoints;
        for (size_t i = 0; i < BATCH; i++) {
            unsigned bucket = histogram_fine_bucket(columns->duration_ns[i]);
            size_t cell = first_cell + columns->endpoint[i] - 1;
            load->main[cell][bucket]++;
            load->block[cell][bucket >> 3]++;
            load->groups[columns->group[i]]++;
        }
    }
}

static void *timed(void *with)
{
    const struct job *job = with;
    double begin = now_s();
    job->call(job->load);
    job->load->seconds = now_s() - begin;
    return NULL;
}

/* Seconds of the slower thread of a round. */
static double round_s(struct load *loads, unsigned threads, add_call *call)
{
    pthread_t ids[2];
    struct job jobs[2] = {{&loads[0], call}, {&loads[1], call}};
    double seconds = 0;
    for (unsigned i = 0; i < threads; i++)
        if (pthread_create(&ids[i], NULL, timed, &jobs[i]) != 0)
            abort();
    for (unsigned i = 0; i < threads; i++) {
        pthread_join(ids[i], NULL);
        seconds = loads[i].seconds > seconds ? loads[i].seconds : seconds;
    }
    return seconds;
}

static double least_s(struct load *loads, unsigned threads, add_call *call)
{
    double least = 1e9;
    for (int round = 0; round < ROUNDS; round++) {
        for (unsigned i = 0; i < threads; i++) {
            summary_free(loads[i].summary);
            loads[i].summary = summary_new();
        }
        double seconds = round_s(loads, threads, call);
        least = seconds < least ? seconds : least;
    }
    return least;
}

static double resident_mb(void)
{
    long pages = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    if (!file || fscanf(file, "%*d %ld", &pages) != 1)
        pages = 0;
    if (file)
        fclose(file);
    return (double)pages * 4096 / 1e6;
}

static void compare(struct load *loads, unsigned threads)
{
    double requests = (double)loads[0].batches * BATCH * threads;
    double floor_s = least_s(loads, threads, add_floor);
    double add_s = least_s(loads, threads, add_all);
    printf("%u thread%s: summary %.1f million requests/s, floor %.1f, ratio %.2f\n",
           threads, threads > 1 ? "s" : " ", requests / add_s / 1e6,
           requests / floor_s / 1e6, add_s / floor_s);
}

/* What two filled summaries take in memory, and merging and saving them. */
static void merge_and_save(struct load *loads)
{
    double before_mb = resident_mb();
    for (int i = 0; i < 2; i++) {
        summary_free(loads[i].summary);
        loads[i].summary = NULL;
    }
    malloc_trim(0);
    printf("memory: %.1f MB a summary\n", (before_mb - resident_mb()) / 2);
    for (int i = 0; i < 2; i++) {
        loads[i].summary = summary_new();
        add_all(&loads[i]);
    }
    double begin = now_s();
    summary_merge(loads[0].summary, loads[1].summary);
    double merged = now_s();
    struct str saved;
    str_init(&saved);
    summary_save(loads[0].summary, &saved);
    printf("merge %.0f ms, save %.0f ms, saved %.0f kB\n", (merged - begin) * 1e3,
           (now_s() - merged) * 1e3, (double)saved.length / 1e3);
    str_release(&saved);
    for (int i = 0; i < 2; i++)
        summary_free(loads[i].summary);
}

static uint32_t argument(int argc, char **argv, int i, uint32_t otherwise)
{
    return argc > i ? (uint32_t)strtoul(argv[i], NULL, 10) : otherwise;
}

int main(int argc, char **argv)
{
    uint32_t millions = argument(argc, argv, 1, 8);
    struct made_plan plan = {.seed = 1,
                             .processes = 1,
                             .endpoints = argument(argc, argv, 2, 50),
                             .versions = argument(argc, argv, 3, 3),
                             .groups = argument(argc, argv, 4, 10000),
                             .addresses = argument(argc, argv, 4, 10000),
                             .runs = 1,
                             .start_utc_ns = MADE_OFFSET_NS};
    struct load loads[2];
    for (int i = 0; i < 2; i++) {
        plan.seed = (uint64_t)i;
        load_init(&loads[i], &plan, (size_t)millions * 1000000 / BATCH);
    }
    compare(loads, 1);
    compare(loads, 2);
    merge_and_save(loads);
    for (int i = 0; i < 2; i++)
        load_release(&loads[i]);
    return 0;
}
