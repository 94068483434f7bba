/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A generated database of Flask-MonitoringDashboard, read as one thread reads it: rows a
 * second, the least of a few rounds.
 *
 *   dashboard_bench [thousand rows]     300 by default; the file is kept in build/bench
 */
#define _GNU_SOURCE /* asprintf */

#include "input.h"

#include "src/base/err.h"
#include "src/scale/bench_reading.h"
#include "src/scale/scale.h"
#include "src/summary/summary.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum { ROUNDS = 3 };

static double cpu_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static char *make_database(unsigned long rows)
{
    char *path, *command;
    if (asprintf(&path, "build/bench/dashboard-%lu.db", rows) < 0 ||
        asprintf(&command,
                 "mkdir -p build/bench && testdata/make-dashboard %s --requests %lu",
                 path, rows) < 0)
        abort();
    if (access(path, R_OK) != 0 && system(command) != 0) { /* NOLINT(cert-env33-c) */
        fprintf(stderr, "%s failed\n", command);
        exit(1);
    }
    free(command);
    return path;
}

static uint64_t analyze(const char *path)
{
    return read_whole(path, 1);
}

int main(int argc, char **argv)
{
    unsigned long rows = 1000 * (argc > 1 ? strtoul(argv[1], NULL, 10) : 300);
    char *path = make_database(rows);
    double best_s = 0;
    uint64_t read = 0;
    for (int round = 0; round < ROUNDS; round++) {
        double begin_s = cpu_s();
        read = analyze(path);
        double took_s = cpu_s() - begin_s;
        best_s = round && best_s < took_s ? best_s : took_s;
    }
    printf("%lu rows, one thread, least of %d rounds\n"
           "database %.3f s of CPU  %.2f million rows/s  %.0f ns a row\n",
           rows, ROUNDS, best_s, (double)read / best_s / 1e6,
           best_s / (double)read * 1e9);
    free(path);
    return read == rows ? 0 : 1;
}
