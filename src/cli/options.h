/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A program's options as one table. A row says everything about an option once; parser,
 * --help, man page and shell completion all read that row, so they cannot disagree.
 * Defaults are written as the user would type them and go through the same parser.
 * Built for some dozens of rows, read once a run.
 */
#ifndef CLI_OPTIONS_H
#define CLI_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct err;

/* What an option takes, and the C type of the field it fills. */
enum cli_kind {
    CLI_SWITCH,   /* bool; --name sets it */
    CLI_YES_NO,   /* bool; --name sets it, --no-name clears it */
    CLI_TEXT,     /* const char *, any bytes but none at all */
    CLI_CHOICE,   /* const char *, one of choices */
    CLI_COUNT,    /* uint64_t in [least, most] */
    CLI_NUMBER,   /* double in [least, most], finite */
    CLI_BYTES,    /* uint64_t; 1048576, 512K, 64M, 2G, 1T (powers of 1024) */
    CLI_DURATION, /* uint64_t in ns, not 0; 500ms, 1.5s, 80us */
    CLI_LIST,     /* struct cli_list; may be given again; with choices: also a,b */
};

/* What an option that may be given several times was given; texts as typed, except of
 * choices, where each is a text of its own. */
enum { CLI_LIST_MAX = 64 };
struct cli_list {
    const char *items[CLI_LIST_MAX];
    unsigned lengths[CLI_LIST_MAX];
    size_t count;
};
bool cli_list_has(const struct cli_list *list, const char *text);

/* Where an option is told. */
enum cli_where {
    CLI_COMMON, /* in --help, --help-all, man page, completion */
    CLI_RARE,   /* not in --help, which has to fit a screen */
    CLI_HIDDEN, /* nowhere: the build's own */
};

struct cli_option {
    const char *name;
    char letter; /* 0: none */
    enum cli_kind kind;
    enum cli_where where;
    const char *section;  /* heading in --help-all and the man page */
    const char *help;     /* one phrase, no full stop; the default is appended */
    size_t offset;        /* of the field in the program's struct */
    const char *argument; /* "DIR"; NULL for switches */
    const char *initial;  /* the default as typed; NULL: zero */
    const char *choices;  /* "auto|always|never" of a CLI_CHOICE, or CLI_LIST */
    double least, most;   /* of CLI_COUNT and CLI_NUMBER */
};

struct cli_example {
    const char *command;
    const char *says;
};

struct cli_program {
    const char *name;
    const char *purpose;   /* half a sentence: "reads ..., reports ..." */
    const char *operands;  /* "PATH..." */
    const char *about;     /* a paragraph for the man page */
    const char *next_step; /* what to type when there are no operands */
    const struct cli_option *options;
    size_t option_count;
    const struct cli_example *examples;
    size_t example_count;
    bool runs_command; /* operands are a command: what follows the first is its own */
};

/* Fills the struct at *values from the defaults and then argv, which is permuted so that
 * the operands stand last; *first is the index of the first. Texts are borrowed from argv
 * and the table. 0, or -1 with *err (ERR_USAGE): a sentence that names the option and
 * what it takes, or the option that was probably meant. Not thread-safe (getopt). */
int cli_parse(const struct cli_program *program, int argc, char **argv, void *values,
              int *first, struct err *err);

/* Prints the table: the screenful with the examples (all false) or every option. */
void cli_print_help(const struct cli_program *program, bool all, FILE *to);
/* As troff for man(1). */
void cli_print_man(const struct cli_program *program, FILE *to);
/* As a bash completion script. */
void cli_print_completion(const struct cli_program *program, FILE *to);

/* The name among names that mistyped most likely meant (fewest insertions, deletions,
 * replacements and swaps of neighbours: optimal string alignment), or NULL when none is
 * close: more than a third of its letters differ. */
const char *cli_nearest(const char *mistyped, const char *const *names,
                        size_t name_count);

#endif
