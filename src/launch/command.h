/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a command is: its file, and the Python that runs it. */
#ifndef LAUNCH_COMMAND_H
#define LAUNCH_COMMAND_H

#include <limits.h>
#include <stdbool.h>

struct err;

/* The file that a shell would run for the name. -1 and *err when there is none. */
int command_find(const char *name, char file[PATH_MAX], struct err *err);

/* The Python that runs the file: the file itself, or the one that its first lines name.
 * False when they name none: a compiled program, a shell script. */
bool command_python(const char *file, char python[PATH_MAX]);

#endif
