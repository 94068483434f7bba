/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Who adds and who merges: reads all paths once into one summary, on several threads. The
 * result does not depend on the number of threads.
 */
#ifndef SCALE_SCALE_H
#define SCALE_SCALE_H

#include "src/input/input.h"

struct summary;

/* paths: files, directories, archives, or "-" for standard input. Adds all requests to
 * *summary (may hold some) and fills *report (initialized, empty). 0; -1 with *err when
 * nothing at all could be read, or a path that was named cannot be used: then summary and
 * report are good for nothing but to be released. */
int scale_summarize(const char *const *paths, size_t path_count,
                    const struct input_options *options, struct summary *summary,
                    struct input_report *report, struct err *err);

#endif
