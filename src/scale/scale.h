/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Who adds and who merges: reads all paths once into one summary, on several threads. The
 * result does not depend on the number of threads.
 */
#ifndef SCALE_SCALE_H
#define SCALE_SCALE_H

#include "src/input/input.h"

struct summary;
struct scan_plan;

/* paths: files, directories, archives, or "-" for standard input. Adds all requests to
 * *summary (may hold some) and fills *report (initialized, empty). 0; -1 with *err when
 * nothing at all could be read, or a path that was named cannot be used: then summary and
 * report are good for nothing but to be released. */
int scale_summarize(const char *const *paths, size_t path_count,
                    const struct input_options *options, struct summary *summary,
                    struct input_report *report, struct err *err);

/* Start of the last request of all, filters aside: reads everything once more than
 * otherwise. 0; -1 with *err, also of a pipe, which cannot be read twice. */
int scale_last_request(const char *const *paths, size_t path_count,
                       const struct input_options *options, int64_t *last_utc_ns,
                       struct err *err);

/* The second scan: reads the same paths again, with the same rules for what is damaged or
 * was given twice, and counts by plan, which is borrowed for the result's life. Not of a
 * pipe, which is gone by then, nor of saved summaries. `requests` is what the first pass
 * read: when there are more or fewer now (somebody is still recording), there is no
 * result. A new summary that has scanned (summary_scan), or NULL. */
struct summary *scale_scan(const char *const *paths, size_t path_count,
                           const struct input_options *options,
                           const struct scan_plan *plan, uint64_t requests);

#endif
