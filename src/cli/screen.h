/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the program may assume about where it prints, and the one line of progress while
 * people wait. One screen a process; the progress line is for one thread at a time.
 */
#ifndef CLI_SCREEN_H
#define CLI_SCREEN_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct err;

/* Columns of the terminal behind to, else of $COLUMNS, else 80; at most 10,000. */
unsigned screen_width_columns(FILE *to);

/* Whether to paint: when is "always", "never" or "auto" (to is a terminal, NO_COLOR is
 * not set to something, and TERM is not "dumb"). */
bool screen_colour(FILE *to, const char *when);

/* The locale writes UTF-8. Needs setlocale(LC_CTYPE, "") before. */
bool screen_unicode(void);

/* A closed reader becomes an error to report instead of a silent death (SIGPIPE). */
void screen_survive_closed_pipes(void);

/* Flushes and closes to. 0; -1 with *err (ERR_OUTPUT) when any of it could not be
 * written, then or before: full disk, closed pipe. name is for the sentence. */
int screen_close(FILE *to, const char *name, struct err *err);

/* --- progress -------------------------------------------------------------------- */

struct progress {
    FILE *to;
    bool wanted;       /* a terminal watches */
    bool drawn;        /* a line stands there now */
    uint64_t begin_ns; /* CLOCK_MONOTONIC */
};

/* Nothing is drawn during the first second, and nothing at all unless to is a terminal;
 * quiet: never. */
void progress_init(struct progress *progress, FILE *to, bool quiet);

/* "1.2 GB of 3.4 GB (35 %), 12345678 requests"; bytes_total 0 when not known. Has the
 * form of input_options.progress; to is a struct progress. */
void progress_draw(void *to, uint64_t bytes_done, uint64_t bytes_total,
                   uint64_t requests);

/* Erases the line. */
void progress_release(struct progress *progress);

#endif
