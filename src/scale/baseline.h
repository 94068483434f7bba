/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Baselines: a summary kept for later, or another trace, as the older side. */
#ifndef SCALE_BASELINE_H
#define SCALE_BASELINE_H

#include "src/input/input.h"

struct summary;

/* Reads a saved summary, or any trace that scale_summarize() reads. A new summary; NULL
 * with *err when it is neither. */
struct summary *baseline_read(const char *path, const struct input_options *options,
                              struct err *err);

/* Writes path whole or not at all. 0; -1 with *err. */
int baseline_write(const struct summary *summary, const char *path, struct err *err);

#endif
