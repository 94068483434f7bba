/* SPDX-License-Identifier: GPL-3.0-or-later */
/* For benchmarks: reads a path whole into a summary that is thrown away. */
#ifndef SCALE_BENCH_READING_H
#define SCALE_BENCH_READING_H

#include <stdio.h>
#include <stdlib.h>

#include "scale.h"
#include "src/base/err.h"
#include "src/input/input.h"
#include "src/summary/summary.h"

/* Returns the requests; ends the program when it cannot be read. */
static inline uint64_t read_whole(const char *path, unsigned threads)
{
    struct input_options options;
    struct input_report report;
    struct err err = ERR_INIT;
    struct summary *summary = summary_new();
    input_options_init(&options);
    input_report_init(&report);
    options.threads = threads;
    if (scale_summarize(&path, 1, &options, summary, &report, &err) != 0) {
        fprintf(stderr, "%s\n", err.message);
        exit(1);
    }
    uint64_t requests = report.requests;
    input_report_release(&report);
    summary_free(summary);
    return requests;
}

#endif
