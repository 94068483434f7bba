/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The command that is recorded, as a child process of which only the parent's id tells
 * that it is one: descriptors, terminal, group and signal mask are those it would have
 * had. */
#ifndef LAUNCH_CHILD_H
#define LAUNCH_CHILD_H

#include <sys/types.h>

struct err;

/* Runs file with argv and this process's environment, passes signals on and waits for its
 * end. Gives what a shell would give as exit status: its own, or 128 + the signal. -1 and
 * *err when it did not start. For programs of one thread. */
int child_run(const char *file, char *const *argv, struct err *err);

/* After child_run: how many processes the command left behind that run on (daemons, and
 * workers whose master was killed), and one of them. */
size_t child_left_behind(pid_t *one);

#endif
