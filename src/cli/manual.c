/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the table says to people: --help, the man page, bash completion. */
#include <ctype.h>
#include <string.h>

#include "options.h"
#include "src/base/err.h"

enum { HELP_COLUMN = 29, HELP_WIDTH = 80 };

static bool shown(const struct cli_option *row, bool all)
{
    return row->where == CLI_COMMON || (all && row->where == CLI_RARE);
}

/* "-o, --output DIR" without markup; returns its length. */
static int spell(const struct cli_option *row, char *to, size_t size)
{
    char letter[8] = "    ";
    if (row->letter)
        snprintf(letter, sizeof(letter), "-%c, ", row->letter);
    return snprintf(to, size, "%s--%s%s%s%s", letter,
                    row->kind == CLI_YES_NO ? "[no-]" : "", row->name,
                    row->argument ? " " : "", row->argument ? row->argument : "");
}

/* Prints words from HELP_COLUMN on, where the line stands already. */
static void wrap(const char *words, FILE *to)
{
    int at = HELP_COLUMN;
    while (*words) {
        int length = (int)strcspn(words, " ");
        if (at + 1 + length > HELP_WIDTH && at > HELP_COLUMN) {
            fprintf(to, "\n%*s", HELP_COLUMN, "");
            at = HELP_COLUMN;
        } else if (at > HELP_COLUMN) {
            fputc(' ', to);
            at++;
        }
        fwrite(words, 1, (size_t)length, to);
        at += length;
        words += length + (words[length] == ' ');
    }
    fputc('\n', to);
}

static void print_row(const struct cli_option *row, FILE *to)
{
    char spelled[128], help[512];
    int at = 2 + spell(row, spelled, sizeof(spelled));
    bool tell_default = row->argument && row->initial;
    snprintf(help, sizeof(help), "%s%s%s%s", row->help, tell_default ? " [" : "",
             tell_default ? row->initial : "", tell_default ? "]" : "");
    fprintf(to, "  %s", spelled);
    if (at >= HELP_COLUMN)
        fprintf(to, "\n%*s", HELP_COLUMN, "");
    else
        fprintf(to, "%*s", HELP_COLUMN - at, "");
    wrap(help, to);
}

static void print_examples(const struct cli_program *program, FILE *to)
{
    fputs("\nExamples:\n", to);
    for (size_t i = 0; i < program->example_count; i++) {
        const struct cli_example *example = &program->examples[i];
        fprintf(to, "  %-41s %s\n", example->command, example->says);
    }
}

void cli_print_help(const struct cli_program *program, bool all, FILE *to)
{
    const char *section = "";
    fprintf(to, "Usage: %s [OPTION]... %s\n", program->name, program->operands);
    fprintf(to, "%c%s.\n", toupper((unsigned char)program->purpose[0]),
            program->purpose + 1);
    print_examples(program, to);
    if (!all)
        fputs("\nOptions:\n", to);
    for (size_t i = 0; i < program->option_count; i++) {
        const struct cli_option *row = &program->options[i];
        if (!shown(row, all))
            continue;
        if (all && strcmp(section, row->section) != 0)
            fprintf(to, "\n%s:\n", row->section);
        section = row->section;
        print_row(row, to);
    }
    if (!all)
        fprintf(to, "More: %s --help-all, man %s\n", program->name, program->name);
}

/* --- man page -------------------------------------------------------------------- */

/* A line of text for troff: backslashes, minus signs and leading dots are its own. */
static void troff(const char *text, FILE *to)
{
    if (*text == '.' || *text == '\'')
        fputs("\\&", to);
    for (; *text; text++) {
        if (*text == '-')
            fputs("\\-", to);
        else if (*text == '\\')
            fputs("\\e", to);
        else
            fputc(*text, to);
    }
}

static void man_row(const struct cli_option *row, FILE *to)
{
    fputs(".TP\n", to);
    if (row->letter)
        fprintf(to, "\\fB\\-%c\\fR, ", row->letter);
    fputs("\\fB\\-\\-", to);
    fputs(row->kind == CLI_YES_NO ? "[no\\-]" : "", to);
    troff(row->name, to);
    fputs("\\fR", to);
    if (row->argument)
        fprintf(to, " \\fI%s\\fR", row->argument);
    fputc('\n', to);
    troff(row->help, to);
    fputs(".\n", to);
    if (row->choices) {
        fputs("One of ", to);
        troff(row->choices, to);
        fputs(".\n", to);
    }
    if (row->argument && row->initial) {
        fputs("Default: ", to);
        troff(row->initial, to);
        fputs(".\n", to);
    }
}

static void man_options(const struct cli_program *program, FILE *to)
{
    const char *section = "";
    fputs(".SH OPTIONS\n", to);
    for (size_t i = 0; i < program->option_count; i++) {
        const struct cli_option *row = &program->options[i];
        if (!shown(row, true))
            continue;
        if (strcmp(section, row->section) != 0)
            fprintf(to, ".SS %s\n", row->section);
        section = row->section;
        man_row(row, to);
    }
}

static void man_exit_status(FILE *to)
{
    static const struct {
        int status;
        const char *heading;
    } rows[] = {
#define EXIT_ROW(code, exit_status, heading) {exit_status, heading},
        ERR_TABLE(EXIT_ROW)
#undef EXIT_ROW
    };
    int last = -1;
    fputs(".SH \"EXIT STATUS\"\n", to);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (rows[i].status != last)
            fprintf(to, ".TP\n\\fB%d\\fR\n", rows[i].status);
        fprintf(to, "%s%s\n", rows[i].status == last ? "or " : "",
                rows[i].heading[0] ? rows[i].heading : "all went well");
        last = rows[i].status;
    }
}

void cli_print_man(const struct cli_program *program, FILE *to)
{
    fprintf(to, ".TH %s 1 \"\" \"fmd %s\" \"User Commands\"\n", program->name,
            FMD_VERSION);
    fprintf(to, ".SH NAME\n%s \\- ", program->name);
    troff(program->purpose, to);
    fprintf(to, "\n.SH SYNOPSIS\n.B %s\n[\\fIOPTION\\fR]... \\fI%s\\fR\n", program->name,
            program->operands);
    fputs(".SH DESCRIPTION\n", to);
    troff(program->about, to);
    fputc('\n', to);
    man_options(program, to);
    fputs(".SH EXAMPLES\n", to);
    for (size_t i = 0; i < program->example_count; i++) {
        fputs(".TP\n\\fB", to);
        troff(program->examples[i].command, to);
        fputs("\\fR\n", to);
        troff(program->examples[i].says, to);
        fputc('\n', to);
    }
    man_exit_status(to);
}

/* --- completion ------------------------------------------------------------------ */

/* The words that start options, separated by spaces. */
static void option_words(const struct cli_program *program, FILE *to)
{
    for (size_t i = 0; i < program->option_count; i++) {
        const struct cli_option *row = &program->options[i];
        if (!shown(row, true))
            continue;
        fprintf(to, " --%s", row->name);
        if (row->kind == CLI_YES_NO)
            fprintf(to, " --no-%s", row->name);
    }
}

/* Arguments that are names of files, or may be. */
static bool takes_file(const struct cli_option *row)
{
    return strcmp(row->argument, "FILE") == 0 || strcmp(row->argument, "WHAT") == 0;
}

/* One case of bash: what may follow the option. */
static void argument_case(const struct cli_option *row, FILE *to)
{
    fputs("    ", to);
    if (row->letter)
        fprintf(to, "-%c | ", row->letter);
    fprintf(to, "--%s) ", row->name);
    if (row->choices) {
        fputs("COMPREPLY=($(compgen -W '", to);
        for (const char *at = row->choices; *at; at++)
            fputc(*at == '|' ? ' ' : *at, to);
        fputs("' -- \"$word\")) ;;\n", to);
    } else if (strcmp(row->argument, "DIR") == 0) {
        fputs("compopt -o filenames; COMPREPLY=($(compgen -d -- \"$word\")) ;;\n", to);
    } else if (takes_file(row)) {
        fputs("compopt -o filenames; COMPREPLY=($(compgen -f -- \"$word\")) ;;\n", to);
    } else {
        fputs("COMPREPLY=() ;;\n", to);
    }
}

void cli_print_completion(const struct cli_program *program, FILE *to)
{
    fprintf(
        to,
        "# bash completion for %s; made from its option table\n"
        "_complete_%s()\n"
        "{\n"
        "    local word=\"${COMP_WORDS[COMP_CWORD]}\" before=\"${COMP_WORDS[COMP_CWORD "
        "- 1]}\"\n"
        "    case \"$before\" in\n",
        program->name, program->name);
    for (size_t i = 0; i < program->option_count; i++)
        if (shown(&program->options[i], true) && program->options[i].argument)
            argument_case(&program->options[i], to);
    fputs("    *)\n        case \"$word\" in\n        -*) COMPREPLY=($(compgen -W '", to);
    option_words(program, to);
    fprintf(to,
            "' -- \"$word\")) ;;\n"
            "        *) compopt -o filenames; COMPREPLY=($(compgen -f -- \"$word\")) ;;\n"
            "        esac ;;\n"
            "    esac\n"
            "}\n"
            "complete -F _complete_%s %s\n",
            program->name, program->name);
}
