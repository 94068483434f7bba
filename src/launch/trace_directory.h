/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Where the traces of a run go. */
#ifndef LAUNCH_TRACE_DIRECTORY_H
#define LAUNCH_TRACE_DIRECTORY_H

#include <limits.h>
#include <stddef.h>
#include <time.h>

struct err;

/* Makes the directory where it is missing (0700; not its parents) and gives its absolute
 * path. -1 and *err when it cannot be used or holds something other than traces. */
int trace_directory_prepare(const char *path, char absolute[PATH_MAX], struct err *err);

/* How many trace files in it were written to since then (CLOCK_REALTIME_COARSE, the clock
 * of files). */
size_t trace_directory_written(const char *path, struct timespec since);

#endif
