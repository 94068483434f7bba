/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is in traces, without the report: who recorded what when, and what is missing. */
#ifndef LAUNCH_INFO_H
#define LAUNCH_INFO_H

#include <stdio.h>

struct err;

/* Tells about one path (file, directory, archive, "-"). -1 and *err when nothing of it
 * could be read. */
int info_print(const char *path, FILE *to, struct err *err);

#endif
