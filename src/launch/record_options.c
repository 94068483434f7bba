/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "record_options.h"

#include <string.h>

#include "src/cli/options.h"
#include "src/base/err.h"

#define FIELD(name) .offset = offsetof(struct record_options, name)
#define RECORDING "Recording"
#define OTHER "Other"

static const struct cli_option rows[] = {
/* One for each key of the recorder, from its own table. */
#define TEXT "TEXT"
#define NUMBER "N"
#define ROW(id, key, variable, option, takes, low, high, live, help_)                    \
    {.name = (option),                                                                   \
     .letter = FMD__KEY_##id == FMD__KEY_DIRECTORY ? 'o' : 0,                            \
     .kind = FMD__KEY_##id == FMD__KEY_LEVEL ? CLI_CHOICE : CLI_TEXT,                    \
     .where = FMD__KEY_##id <= FMD__KEY_RUN || FMD__KEY_##id == FMD__KEY_LEVEL           \
                  ? CLI_COMMON                                                           \
                  : CLI_RARE,                                                            \
     .section = RECORDING,                                                               \
     .help = (help_),                                                                    \
     .offset = offsetof(struct record_options, keys[FMD__KEY_##id]),                     \
     .argument = (takes),                                                                \
     .choices = FMD__KEY_##id == FMD__KEY_LEVEL ? "0|1|2|3" : NULL},
    FMD__KEYS(ROW)
#undef ROW
#undef TEXT
#undef NUMBER
        {"config", 0, CLI_TEXT, CLI_COMMON, RECORDING,
         "INI file: levels by endpoint, and the keys above", FIELD(configuration),
         .argument = "FILE"},
    {"python", 0, CLI_TEXT, CLI_RARE, RECORDING,
     "has fmd_record installed; not given: the command's own", FIELD(python),
     .argument = "FILE"},
    {"quiet", 'q', CLI_SWITCH, CLI_COMMON, OTHER, "no word at the end", FIELD(quiet)},
    {"help", 'h', CLI_SWITCH, CLI_RARE, OTHER, "print a screenful of help", FIELD(help)},
    {"help-all", 0, CLI_SWITCH, CLI_RARE, OTHER, "print every option", FIELD(help_all)},
    {"version", 0, CLI_SWITCH, CLI_RARE, OTHER, "print the version",
     FIELD(version_asked)},
    {"print-man", 0, CLI_SWITCH, CLI_HIDDEN, OTHER, "print the man page",
     FIELD(print_man)},
    {"print-completion", 0, CLI_SWITCH, CLI_HIDDEN, OTHER, "print the bash completion",
     FIELD(print_completion)},
};

static const struct cli_example examples[] = {
    {"fmd-record -- gunicorn -w 4 shop:app", "every worker, into traces/"},
    {"fmd-record -o t --app-version 2.1 -- flask run", "of one version"},
    {"fmd-record --run nightly -- python app.py", "any way it is started"},
    {"fmd-record info traces/", "what was recorded so far"},
    {"fmd-analyze traces/", "the report"},
};

const struct cli_program record_program = {
    .name = "fmd-record",
    .purpose = "runs a command and records the web requests that it serves",
    .operands = "-- COMMAND [ARGUMENT]...",
    .about =
        "Runs COMMAND and records the requests of every Flask application in it, which "
        "needs no change, and of every program that uses the recorder library. Signals "
        "are passed on; the exit status is the command's (128 and the signal's number "
        "when one ended it). Traces of earlier runs in DIR stay. fmd-record info "
        "FILE... says what is in traces, even in damaged ones.",
    .next_step = "fmd-record -- gunicorn shop:app; fmd-record --help shows more",
    .options = rows,
    .option_count = sizeof(rows) / sizeof(rows[0]),
    .examples = examples,
    .example_count = sizeof(examples) / sizeof(examples[0]),
    .runs_command = true,
};

static bool wants_answer(const struct record_options *options)
{
    return options->help || options->help_all || options->version_asked ||
           options->print_man || options->print_completion;
}

static int take_info(struct record_options *options, char **argv, int count,
                     struct err *err)
{
    options->info = true;
    options->paths = (const char *const *)argv;
    options->path_count = (size_t)count;
    if (count && strcmp(argv[0], "--help") == 0)
        options->help = true;
    else if (count && argv[0][0] == '-' && argv[0][1])
        return err_set(err, ERR_USAGE, "info has no option %s; fmd-record info traces/",
                       argv[0]);
    if (count == 0)
        return err_set(err, ERR_USAGE,
                       "say which traces to tell about: fmd-record info traces/");
    return 0;
}

int record_options_parse(struct record_options *options, int argc, char **argv,
                         struct err *err)
{
    int first = 0;
    memset(options, 0, sizeof(*options));
    if (cli_parse(&record_program, argc, argv, options, &first, err) != 0)
        return -1;
    /* a command of that name is what follows "--" */
    if (first < argc && strcmp(argv[first], "info") == 0 &&
        strcmp(argv[first - 1], "--") != 0)
        return take_info(options, argv + first + 1, argc - first - 1, err);
    options->command = argv + first;
    if (first == argc && !wants_answer(options))
        return err_set(err, ERR_USAGE, "say which command to run: %s",
                       record_program.next_step);
    return 0;
}

bool record_options_answer(const struct record_options *options)
{
    if (options->help || options->help_all)
        cli_print_help(&record_program, options->help_all, stdout);
    else if (options->version_asked)
        puts("fmd-record " FMD_VERSION "\nGPL-3.0-or-later; no warranty");
    else if (options->print_man)
        cli_print_man(&record_program, stdout);
    else if (options->print_completion)
        cli_print_completion(&record_program, stdout);
    return wants_answer(options);
}
