/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Baselines: a summary kept for later, or another trace, as the older side. */
#ifndef SCALE_BASELINE_H
#define SCALE_BASELINE_H

#include "src/input/input.h"

struct filter;
struct summary;

/* Reads a saved summary, or any trace that scale_summarize() reads, of which only what
 * passes filter counts (borrowed for the summary's life). A new summary; NULL with *err
 * when it is neither, or is saved and was to be filtered. */
struct summary *baseline_read(const char *path, const struct input_options *options,
                              const struct filter *filter, struct err *err);

/* Whether baseline_write() can write there, before hours of reading. 0; -1 with *err. */
int baseline_check_write(const char *path, struct err *err);
/* Writes path whole or not at all. 0; -1 with *err. */
int baseline_write(const struct summary *summary, const char *path, struct err *err);

#endif
