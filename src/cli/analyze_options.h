/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The options of fmd-analyze: its table and the struct that the table fills. */
#ifndef CLI_ANALYZE_OPTIONS_H
#define CLI_ANALYZE_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "options.h"

struct err;

/* Texts are borrowed from argv and the table. */
struct analyze_options {
    const char *output_directory; /* NULL: print to standard output */
    bool force;
    const char *format; /* NULL: terminal, or nothing when files are written */
    uint64_t top;       /* rows of each table in terminal and Markdown */
    bool charts;
    const char *asset_url;   /* NULL: none */
    uint64_t markdown_bytes; /* at most */
    uint64_t width_columns;  /* 0: as wide as the terminal */
    const char *color;       /* auto, always, never */
    const char *sort;
    const char *time_zone; /* NULL: this machine's */
    bool repeatable;
    uint64_t apdex_target_ns;
    const char *fence; /* one of outlier_rule_names */
    uint64_t threads;  /* 0: one a core */
    uint64_t archive_bytes_max;
    double archive_ratio_max;
    const char *columns; /* of tables and logs; NULL: by their names */
    struct cli_list fail_on, slos, checks;
    struct cli_list endpoints, version_globs, groups, statuses; /* filters */
    const char *since, *until;                                  /* NULL: not asked */
    const char
        *baseline; /* a file, else a version; NULL: the version before the newest */
    const char *version_order; /* "1.9,1.10"; NULL: by first request */
    const char *save_summary;  /* a file; NULL: none */
    struct cli_list renames;   /* "OLD=NEW" */
    double min_effect_percent, alpha;
    uint64_t min_effect_ns;
    bool quiet, help, help_all, version, print_man, print_completion;

    const char *const *paths; /* operands, at least one unless one of the above asks */
    size_t path_count;
};

extern const struct cli_program analyze_program;

/* 0, or -1 with *err (ERR_USAGE). */
int analyze_options_parse(struct analyze_options *options, int argc, char **argv,
                          struct err *err);

/* Answers --help, --help-all, --version and what the build asks for. True when it did and
 * there is nothing else to do. */
bool analyze_options_answer(const struct analyze_options *options);

#endif
