/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Analysis of generated requests (50 endpoints, 3 versions, 10,000 groups) on two
 * threads, each measure in a process of its own, the least of a few rounds:
 *
 *   a directory, against a floor that adds the same requests from arrays in memory to a
 *   main histogram, a block histogram and a count a group, on two threads too;
 *   fmd-analyze with all findings on the same directory, against the same floor;
 *   a .tar.gz, against libarchive inflating it and nothing else;
 *   peak memory at 1 million requests and at all of them, and of fmd-analyze on a tenth
 *   of them spread over 200 endpoints, 10 versions and 20,000 groups.
 *
 *   input_bench [million requests]     50 by default; traces are kept in build/bench
 */
#define _GNU_SOURCE /* asprintf */

#include "input.h"

#include "lib/wire/block.h"
#include "lib/wire/requests.h"
#include "src/base/err.h"
#include "src/base/mem.h"
#include "src/scale/bench_reading.h"
#include "src/scale/scale.h"
#include "src/summary/histogram.h"
#include "src/summary/summary.h"

#include <archive.h>
#include <archive_entry.h>
#include <dirent.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
    ROUNDS = 3,
    THREADS = 2,
    ENDPOINTS = 50,
    VERSIONS = 3,
    GROUPS = 10000,
    BLOCKS = 64
};

struct measure {
    double wall_s, cpu_s, peak_mb;
    uint64_t requests;
};

static double clock_s(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static double seconds(struct timeval time)
{
    return (double)time.tv_sec + (double)time.tv_usec / 1e6;
}

static void die(const char *what)
{
    perror(what);
    exit(1);
}

static void shell(const char *command)
{
    if (system(command) != 0) /* NOLINT(cert-env33-c): a benchmark's own command */
        die(command);
}

/* --- what is measured ----------------------------------------------------------------
 */

static uint64_t analyze(const char *path)
{
    return read_whole(path, THREADS);
}

static const char *build_folder(void)
{
    const char *build = getenv("FMD_BUILD");
    return build ? build : "build/release";
}

/* The program as it is used: both passes, findings, report. */
static uint64_t report_whole(const char *path)
{
    char *command;
    if (asprintf(&command,
                 "%s/fmd-analyze %s --threads %d --quiet --format json >/dev/null",
                 build_folder(), path, THREADS) < 0)
        die("asprintf");
    shell(command);
    free(command);
    return 0;
}

static uint64_t inflate_only(const char *path)
{
    struct archive *archive = archive_read_new();
    struct archive_entry *entry;
    const void *bytes;
    size_t size;
    la_int64_t offset;
    archive_read_support_filter_gzip(archive);
    archive_read_support_format_tar(archive);
    if (archive_read_open_filename(archive, path, 1 << 17) != ARCHIVE_OK)
        die(path);
    while (archive_read_next_header(archive, &entry) == ARCHIVE_OK)
        while (archive_read_data_block(archive, &bytes, &size, &offset) == ARCHIVE_OK)
            ;
    archive_read_free(archive);
    return 0;
}

/* --- the floor -----------------------------------------------------------------------
 */

/* The same requests as arrays; a half for each thread. */
struct floor {
    uint32_t *endpoint, *group;
    uint64_t *start_ns, *duration_ns;
    size_t count, room;
};

struct half {
    const struct floor *floor;
    size_t first, end;
    uint32_t main[ENDPOINTS * VERSIONS][HISTOGRAM_FINE_BUCKETS];
    uint32_t block[ENDPOINTS * VERSIONS][BLOCKS][HISTOGRAM_COARSE_BUCKETS];
    uint64_t groups[GROUPS + 1];
};

static void floor_take(struct floor *floor, const struct fmd__columns *columns,
                       int64_t utc_offset_ns)
{
    for (uint32_t i = 0; i < columns->count && floor->count < floor->room; i++) {
        size_t at = floor->count++;
        floor->endpoint[at] = (columns->endpoint[i] - 1) % ENDPOINTS;
        floor->group[at] = columns->group[i] % (GROUPS + 1);
        floor->start_ns[at] = columns->start_ns[i] + (uint64_t)utc_offset_ns;
        floor->duration_ns[at] = columns->duration_ns[i];
    }
}

static void floor_take_file(struct floor *floor, const char *path)
{
    static struct fmd__columns columns;
    static uint8_t scratch[FMD__PAYLOAD_BYTES_MAX];
    struct fmd__block block;
    struct stat status;
    FILE *file = fopen(path, "rbe");
    if (!file || fstat(fileno(file), &status) != 0)
        die(path);
    size_t size = (size_t)status.st_size;
    uint8_t *bytes = mem_new(size);
    if (fread(bytes, 1, size, file) != size)
        die(path);
    fclose(file);
    for (size_t at = 0;
         at < size && fmd__block_read(bytes + at, size - at, &block) == FMD__BLOCK_OK;
         at += block.header_bytes + block.payload_bytes) {
        uint32_t ranges;
        const uint8_t *payload = fmd__block_payload(&block, bytes + at, NULL, scratch);
        if (block.type != FMD__BLOCK_REQUESTS || !payload ||
            fmd__requests_decode(payload, block.raw_bytes, &columns, NULL, &ranges) != 0)
            continue;
        floor_take(floor, &columns,
                   (int64_t)((uint64_t)block.anchor_utc_ns - block.anchor_monotonic_ns));
    }
    free(bytes);
}

static struct floor floor_read(const char *directory, size_t requests)
{
    struct floor floor = {.room = requests};
    struct dirent **entries;
    floor.endpoint = mem_array(requests, sizeof(*floor.endpoint));
    floor.group = mem_array(requests, sizeof(*floor.group));
    floor.start_ns = mem_array(requests, sizeof(*floor.start_ns));
    floor.duration_ns = mem_array(requests, sizeof(*floor.duration_ns));
    int count = scandir(directory, &entries, NULL, alphasort);
    for (int i = 0; i < count; i++) {
        char *path;
        if (entries[i]->d_name[0] != '.' &&
            asprintf(&path, "%s/%s", directory, entries[i]->d_name) > 0) {
            floor_take_file(&floor, path);
            free(path);
        }
        free(entries[i]);
    }
    free(entries);
    return floor;
}

static void *floor_add(void *with)
{
    struct half *half = with;
    const struct floor *floor = half->floor;
    uint64_t begin_ns = floor->start_ns[0];
    for (size_t i = half->first; i < half->end; i++) {
        uint64_t since_ns = floor->start_ns[i] - begin_ns;
        unsigned bucket = histogram_fine_bucket(floor->duration_ns[i]);
        uint64_t version = since_ns >> 47; /* a day and a half, about */
        uint32_t cell =
            floor->endpoint[i] + ENDPOINTS * (uint32_t)(version < VERSIONS ? version : 0);
        half->main[cell][bucket]++;
        half->block[cell][since_ns >> 41 & (BLOCKS - 1)][bucket >> 3]++;
        half->groups[floor->group[i]]++;
    }
    return NULL;
}

static void floor_run(const struct floor *floor)
{
    struct half *halves[THREADS];
    pthread_t threads[THREADS];
    for (size_t i = 0; i < THREADS; i++) {
        halves[i] = mem_new(sizeof(*halves[i]));
        halves[i]->floor = floor;
        halves[i]->first = floor->count * i / THREADS;
        halves[i]->end = floor->count * (i + 1) / THREADS;
        if (pthread_create(&threads[i], NULL, floor_add, halves[i]) != 0)
            die("pthread_create");
    }
    for (size_t i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        free(halves[i]);
    }
}

/* --- measuring -----------------------------------------------------------------------
 */

/* One round in a child, so that its peak memory is its own. floor NULL: work on path. */
static struct measure measure_once(uint64_t (*work)(const char *), const char *path,
                                   const struct floor *floor)
{
    struct measure measure = {0};
    struct rusage usage, programs;
    int pipes[2], status;
    if (pipe(pipes) != 0)
        die("pipe");
    pid_t child = fork();
    if (child == 0) {
        double wall_s = clock_s(CLOCK_MONOTONIC);
        double cpu_s = clock_s(CLOCK_PROCESS_CPUTIME_ID);
        if (floor)
            floor_run(floor);
        else
            measure.requests = work(path);
        measure.wall_s = clock_s(CLOCK_MONOTONIC) - wall_s;
        getrusage(RUSAGE_CHILDREN, &programs); /* that work started */
        measure.cpu_s = clock_s(CLOCK_PROCESS_CPUTIME_ID) - cpu_s +
                        seconds(programs.ru_utime) + seconds(programs.ru_stime);
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

static struct measure least(uint64_t (*work)(const char *), const char *path,
                            const struct floor *floor)
{
    struct measure best = measure_once(work, path, floor);
    for (int round = 1; round < ROUNDS; round++) {
        struct measure next = measure_once(work, path, floor);
        best.wall_s = next.wall_s < best.wall_s ? next.wall_s : best.wall_s;
        best.cpu_s = next.cpu_s < best.cpu_s ? next.cpu_s : best.cpu_s;
        best.peak_mb = next.peak_mb > best.peak_mb ? next.peak_mb : best.peak_mb;
    }
    return best;
}

/* --- the load ------------------------------------------------------------------------
 */

/* A directory of traces of many endpoints, versions and groups. */
static char *make_wide_traces(size_t requests)
{
    char *name, *command;
    if (asprintf(&name, "build/bench/wide-%zu", requests) < 0 ||
        asprintf(&command,
                 "set -e; mkdir -p build/bench; [ -d %s ] && exit; rm -rf %s.tmp; "
                 "%s/gen-traces --requests %zu --endpoints 200 --versions 10 --groups "
                 "20000 --out %s.tmp; mv %s.tmp %s",
                 name, name, build_folder(), requests, name, name, name) < 0)
        die("asprintf");
    shell(command);
    free(command);
    return name;
}

/* A directory of traces of so many requests, and name.tar.gz beside it. */
static char *make_traces(size_t requests)
{
    char *name, *command;
    if (asprintf(&name, "build/bench/requests-%zu", requests) < 0 ||
        asprintf(&command,
                 "set -e; mkdir -p build/bench; [ -f %s.tar.gz ] && exit; rm -rf %s; "
                 "%s/gen-traces --requests %zu --endpoints %d --versions %d --groups %d "
                 "--out %s; tar -C build/bench -c requests-%zu | gzip >%s.tmp; "
                 "mv %s.tmp %s.tar.gz",
                 name, name, build_folder(), requests, ENDPOINTS, VERSIONS, GROUPS, name,
                 requests, name, name, name) < 0)
        die("asprintf");
    shell(command);
    free(command);
    return name;
}

static void print_row(const char *name, const struct measure *measure, size_t requests,
                      const struct measure *against, double aim)
{
    printf("%-28s %7.3f s  %6.1f million/s  %5.1f ns of CPU", name, measure->wall_s,
           (double)requests / measure->wall_s / 1e6,
           measure->cpu_s / (double)requests * 1e9);
    if (against)
        printf("  ratio %.2f (aim %.1f; by CPU time %.2f)",
               measure->wall_s / against->wall_s, aim, measure->cpu_s / against->cpu_s);
    printf("\n");
}

int main(int argc, char **argv)
{
    double millions = argc > 1 ? strtod(argv[1], NULL) : 50;
    size_t requests = (size_t)(millions * 1e6);
    char *few = make_traces(1000000), *many = make_traces(requests), *packed;
    char *wide = make_wide_traces(requests / 10);
    if (requests == 0 || asprintf(&packed, "%s.tar.gz", many) < 0)
        die("input_bench [million requests]");
    printf("%zu requests, %d threads, least of %d rounds\n", requests, THREADS, ROUNDS);
    struct measure one = measure_once(analyze, few, NULL);
    struct measure directory = least(analyze, many, NULL);
    struct measure whole = least(report_whole, many, NULL);
    struct measure wide_whole = measure_once(report_whole, wide, NULL);
    struct measure inflating = least(inflate_only, packed, NULL);
    struct measure archive = least(analyze, packed, NULL);
    struct floor arrays = floor_read(many, requests);
    struct measure floor = least(NULL, NULL, &arrays);
    print_row("floor, arrays in memory", &floor, arrays.count, NULL, 0);
    print_row("directory", &directory, requests, &floor, 2.5);
    print_row("all findings (fmd-analyze)", &whole, requests, &floor, 5);
    print_row("inflating .tar.gz alone", &inflating, requests, NULL, 0);
    print_row(".tar.gz", &archive, requests, &inflating, 1.3);
    printf("peak memory: %.0f MB of a directory, %.0f MB of a .tar.gz, %.0f MB at 1 "
           "million requests (aim 128)\n",
           directory.peak_mb, archive.peak_mb, one.peak_mb);
    printf(
        "peak memory of fmd-analyze: %.0f MB (aim 128); with 200 endpoints, 10 versions "
        "and 20,000 groups %.0f MB (aim 512)\n",
        whole.peak_mb, wide_whole.peak_mb);
    free(few);
    free(many);
    free(packed);
    free(wide);
    return arrays.count == requests ? 0 : 1;
}
