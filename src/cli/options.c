/* SPDX-License-Identifier: GPL-3.0-or-later */
/* From argv to a filled struct, through getopt_long and the table. */
#include "options.h"

#include <errno.h>
#include <getopt.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "src/base/err.h"

/* Values that getopt_long hands back: row i as FIRST + 2i, its --no- form one more. */
enum { FIRST = 256 };

/* --- one value ------------------------------------------------------------------ */

static bool among(const char *choices, const char *text, size_t length)
{
    if (length == 0 || memchr(text, '|', length))
        return false;
    for (const char *at = choices; at; at = strchr(at, '|')) {
        at += *at == '|';
        if (strncmp(at, text, length) == 0 && (at[length] == '|' || at[length] == '\0'))
            return true;
    }
    return false;
}

bool cli_list_has(const struct cli_list *list, const char *text)
{
    for (size_t i = 0; i < list->count; i++)
        if (strlen(text) == list->lengths[i] &&
            memcmp(list->items[i], text, list->lengths[i]) == 0)
            return true;
    return false;
}

/* Of choices the parts between commas, else text as it is. False when it does not fit. */
static bool add_to_list(const struct cli_option *row, struct cli_list *list,
                        const char *text)
{
    while (*text) {
        size_t length = row->choices ? strcspn(text, ",") : strlen(text);
        if (list->count == CLI_LIST_MAX ||
            (row->choices && !among(row->choices, text, length)))
            return false;
        list->items[list->count] = text;
        list->lengths[list->count++] = (unsigned)length;
        text += length;
        if (*text == ',' && !*++text)
            return false;
    }
    return true;
}

struct unit {
    const char *suffix;
    double factor;
};

static const struct unit no_units[] = {{"", 1}, {NULL, 0}};
static const struct unit byte_units[] = {{"", 1},       {"K", 0x1p10}, {"M", 0x1p20},
                                         {"G", 0x1p30}, {"T", 0x1p40}, {NULL, 0}};
static const struct unit time_units[] = {{"ns", 1},  {"us", 1e3},   {"ms", 1e6},
                                         {"s", 1e9}, {"min", 60e9}, {NULL, 0}};

/* A finite number >= 0 with one of the units' suffixes. */
static bool read_number(const char *text, const struct unit *units, double *number)
{
    char *end = NULL;
    if (!strchr(".0123456789", text[0]) || text[0] == '\0' || text[1] == 'x')
        return false;
    errno = 0;
    double value = strtod(text, &end);
    for (const struct unit *unit = units; unit->suffix && end != text; unit++) {
        if (strcmp(end, unit->suffix) == 0) {
            *number = value * unit->factor;
            return errno == 0 && isfinite(*number);
        }
    }
    return false;
}

static int refuse(const struct cli_option *row, const char *text, struct err *err)
{
    const char *shape = "";
    char range[160] = "";
    switch (row->kind) {
    case CLI_COUNT:
        snprintf(range, sizeof(range), "a whole number from %.0f to %.0f", row->least,
                 row->most);
        break;
    case CLI_NUMBER:
        snprintf(range, sizeof(range), "a number from %g to %g", row->least, row->most);
        break;
    case CLI_BYTES:
        shape = "a size such as 512M, 2G or 1T";
        break;
    case CLI_DURATION:
        shape = "a duration such as 500ms or 1.5s";
        break;
    case CLI_CHOICE:
        shape = row->choices;
        break;
    case CLI_LIST:
    default:
        if (row->choices)
            shape = row->choices;
        else
            snprintf(range, sizeof(range), "%s%s (%s)", row->argument,
                     row->kind == CLI_LIST ? ", at most 64 times" : "", row->help);
        break;
    }
    return err_set(err, ERR_USAGE, "--%s takes %s%s%s, not \"%s\"", row->name,
                   row->kind == CLI_CHOICE                 ? "one of "
                   : row->kind == CLI_LIST && row->choices ? "one or several of "
                                                           : "",
                   shape, range, text);
}

/* Puts what text says into the row's field. */
static int set(const struct cli_option *row, const char *text, void *values,
               struct err *err)
{
    void *field = (char *)values + row->offset;
    double number = 0;
    switch (row->kind) {
    case CLI_SWITCH:
    case CLI_YES_NO:
        *(bool *)field = strcmp(text, "yes") == 0;
        return 0;
    case CLI_CHOICE:
        if (!among(row->choices, text, strlen(text)))
            return refuse(row, text, err);
        *(const char **)field = text;
        return 0;
    case CLI_TEXT:
        if (text[0] == '\0')
            return refuse(row, text, err);
        *(const char **)field = text;
        return 0;
    case CLI_LIST:
        if (text[0] == '\0' || !add_to_list(row, field, text))
            return refuse(row, text, err);
        return 0;
    case CLI_NUMBER:
        if (!read_number(text, no_units, &number) || number < row->least ||
            number > row->most)
            return refuse(row, text, err);
        *(double *)field = number;
        return 0;
    case CLI_COUNT:
        if (!read_number(text, no_units, &number) || number < row->least ||
            number > row->most || number != floor(number))
            return refuse(row, text, err);
        break;
    case CLI_BYTES:
        if (!read_number(text, byte_units, &number) || number >= 0x1p63)
            return refuse(row, text, err);
        break;
    case CLI_DURATION:
        if (!read_number(text, time_units, &number) || number < 1 || number >= 0x1p63)
            return refuse(row, text, err);
        break;
    }
    *(uint64_t *)field = (uint64_t)number;
    return 0;
}

static int set_defaults(const struct cli_program *program, void *values, struct err *err)
{
    for (size_t i = 0; i < program->option_count; i++) {
        const struct cli_option *row = &program->options[i];
        if (row->initial && set(row, row->initial, values, err) != 0)
            return -1;
    }
    return 0;
}

/* --- getopt's tables ------------------------------------------------------------ */

/* What getopt_long wants, made from the rows. */
struct tables {
    struct option *longs; /* ended by zeros */
    const char **names;   /* of longs, without hidden ones */
    char *no_names;       /* room for the "no-..." names */
    char *shorts;
    size_t long_count, name_count;
};

static void tables_release(struct tables *tables)
{
    free(tables->longs);
    free(tables->names);
    free(tables->no_names);
    free(tables->shorts);
}

static void add_long(struct tables *tables, const struct cli_option *row,
                     const char *name, int value)
{
    int takes = row->argument ? required_argument : no_argument;
    tables->longs[tables->long_count++] = (struct option){name, takes, NULL, value};
    if (row->where != CLI_HIDDEN)
        tables->names[tables->name_count++] = name;
}

static int tables_init(struct tables *tables, const struct cli_program *program,
                       struct err *err)
{
    size_t rows = program->option_count, bytes = 0;
    for (size_t i = 0; i < rows; i++)
        bytes += sizeof("no-") + strlen(program->options[i].name);
    *tables = (struct tables){calloc(rows * 2 + 1, sizeof(struct option)),
                              calloc(rows * 2 + 1, sizeof(char *)),
                              calloc(bytes + 1, 1),
                              calloc(rows * 2 + 4, 1),
                              0,
                              0};
    if (!tables->longs || !tables->names || !tables->no_names || !tables->shorts)
        return err_set(err, ERR_INTERNAL, "out of memory");
    char *no_name = tables->no_names, *letter = tables->shorts;
    if (program->runs_command)
        *letter++ = '+';
    *letter++ = ':'; /* a missing argument is told apart from an unknown option */
    for (size_t i = 0; i < rows; i++) {
        const struct cli_option *row = &program->options[i];
        add_long(tables, row, row->name, (int)(FIRST + 2 * i));
        if (row->kind == CLI_YES_NO) {
            add_long(tables, row, no_name, (int)(FIRST + 2 * i + 1));
            no_name += sprintf(no_name, "no-%s", row->name) + 1;
        }
        if (row->letter) {
            *letter++ = row->letter;
            if (row->argument)
                *letter++ = ':';
        }
    }
    return 0;
}

static const struct cli_option *row_of(const struct cli_program *program, int value)
{
    if (value >= FIRST)
        return &program->options[(value - FIRST) / 2];
    for (size_t i = 0; i < program->option_count; i++)
        if (program->options[i].letter == value)
            return &program->options[i];
    return NULL;
}

/* --- what went wrong -------------------------------------------------------------- */

/* How many long options start with the length bytes at typed. */
static size_t abbreviates(const struct tables *tables, const char *typed, size_t length)
{
    size_t count = 0;
    for (size_t i = 0; i < tables->name_count; i++)
        count += strncmp(tables->names[i], typed, length) == 0;
    return count;
}

static int unknown_long(const struct cli_program *program, const struct tables *tables,
                        const char *typed, struct err *err)
{
    char name[128];
    size_t length = strcspn(typed, "=");
    snprintf(name, sizeof(name), "%.*s", (int)(length < 100 ? length : 100), typed);
    const char *meant = cli_nearest(name, tables->names, tables->name_count);
    if (abbreviates(tables, typed, length) > 1)
        return err_set(err, ERR_USAGE,
                       "option --%s could be several; write it out (%s --help-all lists "
                       "them)",
                       name, program->name);
    if (meant)
        return err_set(err, ERR_USAGE, "there is no option --%s; did you mean --%s?",
                       name, meant);
    return err_set(err, ERR_USAGE, "there is no option --%s; %s --help-all lists all",
                   name, program->name);
}

/* getopt_long answered '?' or ':' for argument typed. */
static int complain(const struct cli_program *program, const struct tables *tables,
                    int answer, const char *typed, struct err *err)
{
    const struct cli_option *row = optopt ? row_of(program, optopt) : NULL;
    if (row && answer == ':')
        return err_set(err, ERR_USAGE, "--%s needs an argument: --%s %s", row->name,
                       row->name, row->argument);
    if (row)
        return err_set(err, ERR_USAGE, "--%s takes no argument; leave out \"%s\"",
                       row->name, strchr(typed, '=') ? strchr(typed, '=') : typed);
    if (strncmp(typed, "--", 2) == 0)
        return unknown_long(program, tables, typed + 2, err);
    return err_set(err, ERR_USAGE, "there is no option -%c; %s --help-all lists all",
                   optopt, program->name);
}

int cli_parse(const struct cli_program *program, int argc, char **argv, void *values,
              int *first, struct err *err)
{
    struct tables tables;
    int status = -1, answer = 0;
    if (tables_init(&tables, program, err) != 0 || set_defaults(program, values, err))
        goto release_tables;
    opterr = 0;
    optind = 0; /* 0, not 1: glibc then forgets an earlier scan */
    while ((answer = getopt_long(argc, argv, tables.shorts, tables.longs, NULL)) != -1) {
        if (answer == '?' || answer == ':') {
            complain(program, &tables, answer, argv[optind - 1], err);
            goto release_tables;
        }
        bool cleared = answer >= FIRST && (answer - FIRST) % 2 == 1;
        const char *text = optarg ? optarg : cleared ? "no" : "yes";
        if (set(row_of(program, answer), text, values, err) != 0)
            goto release_tables;
    }
    *first = optind;
    status = 0;
release_tables:
    tables_release(&tables);
    return status;
}
