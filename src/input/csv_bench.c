/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A table of generated requests (50 endpoints, 3 versions, 10,000 users) on two threads,
 * against a floor that only splits and converts it: rows at line ends, values at commas,
 * time, duration, status and user to integers, endpoint and version to nothing; from the
 * same file, on two threads too. No quotes, no hash tables, no histograms. Each measure
 * in a process of its own, the least of a few rounds.
 *
 *   csv_bench [million rows]     50 by default; the table is kept in build/bench
 */
#define _GNU_SOURCE /* asprintf */

#include "input.h"

#include "src/base/err.h"
#include "src/base/mem.h"
#include "src/scale/bench_reading.h"
#include "src/scale/scale.h"
#include "src/summary/summary.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { ROUNDS = 3, THREADS = 2, ENDPOINTS = 50, VERSIONS = 3, USERS = 10000 };

struct measure {
    double wall_s, cpu_s, peak_mb;
    uint64_t rows;
};

static void die(const char *what)
{
    perror(what);
    exit(1);
}

static double clock_s(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* --- the load ------------------------------------------------------------------------
 */

static uint64_t next_random(uint64_t *state)
{
    *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return *state >> 33;
}

static char *make_table(size_t rows)
{
    uint64_t random = 1;
    char *name;
    struct stat status;
    if (asprintf(&name, "build/bench/rows-%zu.csv", rows) < 0)
        die("asprintf");
    if (stat(name, &status) == 0)
        return name;
    if (system("mkdir -p build/bench") != 0) /* NOLINT(cert-env33-c): a fixed command */
        die("build/bench");
    FILE *file = fopen(name, "we");
    if (!file)
        die(name);
    fputs("time,duration,endpoint,status,user,version\n", file);
    for (size_t i = 0; i < rows; i++) {
        uint64_t endpoint = next_random(&random) % ENDPOINTS;
        uint64_t us = 1000 + next_random(&random) % 1000 * (endpoint + 1);
        fprintf(file, "%zu.%03zu,%llu.%03llu,GET /api/resource-%llu,%d,user-%llu,1.%zu\n",
                1795338000 + i / 200, i % 200 * 5, (unsigned long long)us / 1000,
                (unsigned long long)us % 1000, (unsigned long long)endpoint,
                next_random(&random) % 100 ? 200 : 500,
                (unsigned long long)next_random(&random) % USERS, i * VERSIONS / rows);
    }
    if (fclose(file) != 0)
        die(name);
    return name;
}

/* --- what is measured ----------------------------------------------------------------
 */

static uint64_t analyze(const char *path)
{
    return read_whole(path, THREADS);
}

/* --- the floor -----------------------------------------------------------------------
 */

struct half {
    const char *begin, *end;
    uint64_t rows, sum; /* so that nothing is optimized away */
};

/* A number with or without a point, as an integer of its digits. */
static uint64_t digits_of(const char *text, const char *end)
{
    uint64_t value = 0;
    for (; text < end; text++)
        if (*text >= '0' && *text <= '9')
            value = value * 10 + (uint64_t)(*text - '0');
    return value;
}

static void *split_and_convert(void *with)
{
    enum { TIME, DURATION, ENDPOINT, STATUS, USER, VERSION, FIELDS };
    struct half *half = with;
    const char *at = half->begin;
    while (at < half->end) {
        const char *fields[FIELDS + 1];
        fields[0] = at;
        for (int i = 1; i < FIELDS; i++)
            fields[i] = (const char *)memchr(fields[i - 1], ',',
                                             (size_t)(half->end - fields[i - 1])) +
                        1;
        at = (const char *)memchr(fields[VERSION], '\n',
                                  (size_t)(half->end - fields[VERSION])) +
             1;
        half->sum += digits_of(fields[TIME], fields[DURATION] - 1) +
                     digits_of(fields[DURATION], fields[ENDPOINT] - 1) +
                     digits_of(fields[STATUS], fields[USER] - 1) +
                     digits_of(fields[USER], fields[VERSION] - 1);
        half->rows++;
    }
    return NULL;
}

static uint64_t floor_run(const char *path)
{
    struct half halves[THREADS];
    pthread_t threads[THREADS];
    struct stat status;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &status) != 0)
        die(path);
    size_t size = (size_t)status.st_size;
    const char *bytes = mmap(NULL, size, PROT_READ, MAP_PRIVATE | MAP_POPULATE, fd, 0);
    if (bytes == MAP_FAILED)
        die("mmap");
    const char *begin = (const char *)memchr(bytes, '\n', size) + 1;
    for (size_t i = 0; i < THREADS; i++) {
        const char *middle = bytes + size * (i + 1) / THREADS - 1;
        const char *end =
            (const char *)memchr(middle, '\n', size - (size_t)(middle - bytes)) + 1;
        halves[i] = (struct half){begin, end, 0, 0};
        begin = end;
        if (pthread_create(&threads[i], NULL, split_and_convert, &halves[i]) != 0)
            die("pthread_create");
    }
    uint64_t rows = 0;
    for (size_t i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        rows += halves[i].sum ? halves[i].rows : 0;
    }
    close(fd);
    return rows;
}

/* --- measuring -----------------------------------------------------------------------
 */

static struct measure measure_once(uint64_t (*work)(const char *), const char *path)
{
    struct measure measure = {0};
    struct rusage usage;
    int pipes[2], status;
    if (pipe(pipes) != 0)
        die("pipe");
    pid_t child = fork();
    if (child == 0) {
        double wall_s = clock_s(CLOCK_MONOTONIC);
        double cpu_s = clock_s(CLOCK_PROCESS_CPUTIME_ID);
        measure.rows = work(path);
        measure.wall_s = clock_s(CLOCK_MONOTONIC) - wall_s;
        measure.cpu_s = clock_s(CLOCK_PROCESS_CPUTIME_ID) - cpu_s;
        _exit(write(pipes[1], &measure, sizeof(measure)) != sizeof(measure));
    }
    close(pipes[1]);
    if (read(pipes[0], &measure, sizeof(measure)) != sizeof(measure))
        die("measure");
    close(pipes[0]);
    wait4(child, &status, 0, &usage);
    measure.peak_mb = (double)usage.ru_maxrss / 1024;
    return measure;
}

static struct measure least(uint64_t (*work)(const char *), const char *path)
{
    struct measure best = measure_once(work, path);
    for (int round = 1; round < ROUNDS; round++) {
        struct measure next = measure_once(work, path);
        best.wall_s = next.wall_s < best.wall_s ? next.wall_s : best.wall_s;
        best.cpu_s = next.cpu_s < best.cpu_s ? next.cpu_s : best.cpu_s;
    }
    return best;
}

static void print_row(const char *name, const struct measure *measure, double megabytes)
{
    printf(
        "%-24s %7.3f s  %6.0f MB/s  %5.1f million rows/s  %5.1f ns of CPU a row  %4.0f "
        "MB\n",
        name, measure->wall_s, megabytes / measure->wall_s,
        (double)measure->rows / measure->wall_s / 1e6,
        measure->cpu_s / (double)measure->rows * 1e9, measure->peak_mb);
}

int main(int argc, char **argv)
{
    double millions = argc > 1 ? strtod(argv[1], NULL) : 50;
    size_t rows = (size_t)(millions * 1e6);
    struct stat status;
    if (rows == 0)
        return 1;
    char *path = make_table(rows);
    if (stat(path, &status) != 0)
        die(path);
    double megabytes = (double)status.st_size / 1e6;
    printf("%zu rows, %.0f MB, %d threads, least of %d rounds\n", rows, megabytes,
           THREADS, ROUNDS);
    struct measure floor = least(floor_run, path), table = least(analyze, path);
    print_row("floor, split and convert", &floor, megabytes);
    print_row("table", &table, megabytes);
    printf("ratio %.2f (aim 3.5; by CPU time %.2f)\n", table.wall_s / floor.wall_s,
           table.cpu_s / floor.cpu_s);
    free(path);
    return table.rows == rows && floor.rows == rows ? 0 : 1;
}
