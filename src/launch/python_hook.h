/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The folder that makes a Python record Flask applications: launch/ of the fmd_record
 * package. On PYTHONPATH it is imported before the application. */
#ifndef LAUNCH_PYTHON_HOOK_H
#define LAUNCH_PYTHON_HOOK_H

#include <limits.h>

struct err;

/* Asks the Python where its folder is. -1 and *err when it cannot import fmd_record. */
int python_hook_find(const char *python, char folder[PATH_MAX], struct err *err);

/* Puts the folder at the head of PYTHONPATH, for children. */
void python_hook_set(const char *folder);

#endif
