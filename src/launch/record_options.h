/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The options of fmd-record: its table and the struct that the table fills. */
#ifndef LAUNCH_RECORD_OPTIONS_H
#define LAUNCH_RECORD_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/configuration.h"

struct cli_program;
struct err;

/* Texts are borrowed from argv and the table. */
struct record_options {
    const char *keys[FMD__KEY_COUNT]; /* of the recorder; NULL: as its variable, then the
                                         configuration say; of run: else a new one */
    const char *configuration;        /* NULL: none, or what FMD_CONFIG says */
    const char *python;               /* NULL: the command's */
    bool quiet, help, help_all, version_asked, print_man, print_completion;

    bool info;      /* operands are traces to tell about */
    char **command; /* ended by NULL, as in argv */
    const char *const *paths;
    size_t path_count;
};

extern const struct cli_program record_program;

/* 0, or -1 with *err (ERR_USAGE). */
int record_options_parse(struct record_options *options, int argc, char **argv,
                         struct err *err);

/* Answers --help, --help-all, --version and what the build asks for. True when it did and
 * there is nothing else to do. */
bool record_options_answer(const struct record_options *options);

#endif
