/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "testdata/cmocka_tests.h"

#include <stdio.h>

#include "analyze_options.h"
#include "options.h"
#include "src/base/err.h"
#include "src/launch/record_options.h"

/* --- a program of every kind of option --------------------------------------------- */

struct values {
    bool loud, color;
    const char *name, *mode;
    uint64_t count, bytes, time_ns;
    double ratio;
};

#define FIELD(name) .offset = offsetof(struct values, name)
static const struct cli_option rows[] = {
    {"loud", 'l', CLI_SWITCH, CLI_COMMON, "One", "shout", FIELD(loud)},
    {"color", 0, CLI_YES_NO, CLI_RARE, "One", "paint", FIELD(color), .initial = "yes"},
    {"name", 'n', CLI_TEXT, CLI_COMMON, "One", "who", FIELD(name), .argument = "NAME"},
    {"mode", 0, CLI_CHOICE, CLI_COMMON, "Two", "how", FIELD(mode), .argument = "HOW",
     .initial = "slow", .choices = "slow|slower"},
    {"count", 'c', CLI_COUNT, CLI_COMMON, "Two", "many", FIELD(count), .argument = "N",
     .initial = "3", .least = 1, .most = 10},
    {"bytes", 0, CLI_BYTES, CLI_COMMON, "Two", "big", FIELD(bytes), .argument = "SIZE"},
    {"time", 0, CLI_DURATION, CLI_COMMON, "Two", "long", FIELD(time_ns),
     .argument = "TIME"},
    {"ratio", 0, CLI_NUMBER, CLI_COMMON, "Two", "much", FIELD(ratio), .argument = "N",
     .most = 5},
    {"secret", 0, CLI_SWITCH, CLI_HIDDEN, "Two", "hide", FIELD(loud)},
};
static const struct cli_example examples[] = {{"try a", "does a"}};
static const struct cli_program try = {
    .name = "try-it",
    .purpose = "tries",
    .operands = "PATH...",
    .about = "Tries.",
    .options = rows,
    .option_count = sizeof(rows) / sizeof(rows[0]),
    .examples = examples,
    .example_count = 1,
};

static struct err err;
static int first;

/* Parses a NULL-ended list of words after the program's name. */
static int parse(struct values *values, const char *const *words)
{
    static char *argv[32];
    int argc = 0;
    argv[argc++] = "try-it";
    for (; *words; words++)
        argv[argc++] = (char *)*words;
    argv[argc] = NULL;
    memset(values, 0, sizeof(*values));
    memset(&err, 0, sizeof(err));
    return cli_parse(&try, argc, argv, values, &first, &err);
}
#define PARSE(values, ...) parse(values, (const char *const[]){__VA_ARGS__, NULL})

static void assert_says(const char *part)
{
    if (!strstr(err.message, part))
        fail_msg("\"%s\" does not say \"%s\"", err.message, part);
    assert_int_equal(err.code, ERR_USAGE);
}

static void assert_refused(const char *word, const char *part)
{
    struct values values;
    assert_int_equal(PARSE(&values, word), -1);
    assert_says(part);
}

TEST(defaults_come_from_the_table)
{
    struct values values;
    assert_int_equal(PARSE(&values, "path"), 0);
    assert_true(values.color);
    assert_false(values.loud);
    assert_null(values.name);
    assert_string_equal(values.mode, "slow");
    assert_int_equal(values.count, 3);
    assert_int_equal(first, 1);
}

TEST(every_kind_is_read)
{
    struct values values;
    assert_int_equal(PARSE(&values, "-l", "--no-color", "-nme", "--mode=slower", "-c",
                           "10", "--bytes", "2K", "--time", "1.5ms", "--ratio", "2.5"),
                     0);
    assert_true(values.loud);
    assert_false(values.color);
    assert_string_equal(values.name, "me");
    assert_string_equal(values.mode, "slower");
    assert_int_equal(values.count, 10);
    assert_int_equal(values.bytes, 2048);
    assert_int_equal(values.time_ns, 1500000);
    assert_true(values.ratio == 2.5);
}

TEST(operands_may_stand_between_options_and_after_two_dashes)
{
    struct values values;
    assert_int_equal(PARSE(&values, "a", "-l", "-", "--", "--loud"), 0);
    assert_true(values.loud);
    assert_int_equal(first, 3);
}

TEST(units_of_sizes_and_times_are_powers_and_seconds)
{
    struct values values;
    static const struct {
        const char *text;
        uint64_t bytes;
    } sizes[] = {{"--bytes=7", 7},
                 {"--bytes=1K", 1 << 10},
                 {"--bytes=3M", 3 << 20},
                 {"--bytes=1G", 1 << 30},
                 {"--bytes=0.5T", UINT64_C(1) << 39}};
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        assert_int_equal(PARSE(&values, sizes[i].text), 0);
        assert_int_equal(values.bytes, sizes[i].bytes);
    }
    static const struct {
        const char *text;
        uint64_t ns;
    } times[] = {{"--time=7ns", 7},
                 {"--time=80us", 80000},
                 {"--time=2s", UINT64_C(2000000000)},
                 {"--time=1min", UINT64_C(60000000000)}};
    for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
        assert_int_equal(PARSE(&values, times[i].text), 0);
        assert_int_equal(values.time_ns, times[i].ns);
    }
}

TEST(what_an_option_cannot_take_is_refused_with_what_it_takes)
{
    assert_refused("--count=0", "--count takes a whole number from 1 to 10, not \"0\"");
    assert_refused("--count=11", "from 1 to 10");
    assert_refused("--count=2.5", "whole number");
    assert_refused("--count=-1", "whole number");
    assert_refused("--count=0x3", "whole number");
    assert_refused("--count=1e999", "whole number");
    assert_refused("--count=nan", "whole number");
    assert_refused("--count= 3", "whole number");
    assert_refused("--count=", "whole number");
    assert_refused("--ratio=5.1", "a number from 0 to 5");
    assert_refused("--ratio=inf", "a number from 0 to 5");
    assert_refused("--bytes=1X", "a size such as");
    assert_refused("--bytes=99999999T", "a size such as");
    assert_refused("--time=5", "a duration such as");
    assert_refused("--time=0s", "a duration such as");
    assert_refused("--mode=slo", "one of slow|slower");
    assert_refused("--mode=slow|slower", "one of slow|slower");
    assert_refused("--mode=", "one of slow|slower");
    assert_refused("--name=", "takes NAME (who)");
}

TEST(a_mistyped_option_gets_a_suggestion)
{
    assert_refused("--cuont=3", "there is no option --cuont; did you mean --count?");
    assert_refused("--no-colour", "did you mean --no-color?");
    assert_refused("--xyzzy", "there is no option --xyzzy; try-it --help-all lists all");
    assert_refused("-z", "there is no option -z");
    assert_refused("-lz", "there is no option -z");
}

TEST(an_abbreviation_is_taken_when_it_is_the_only_one)
{
    struct values values;
    assert_int_equal(PARSE(&values, "--rat=1"), 0);
    assert_true(values.ratio == 1);
    assert_refused("--co", "could be several");
}

TEST(hidden_options_are_never_suggested)
{
    struct values values;
    assert_int_equal(PARSE(&values, "--secret"), 0);
    assert_true(values.loud);
    assert_refused("--sceret", "--help-all lists all");
}

TEST(arguments_are_missed_and_refused_by_name)
{
    assert_refused("--name", "--name needs an argument: --name NAME");
    assert_refused("-n", "--name needs an argument");
    assert_refused("--loud=yes", "--loud takes no argument");
    assert_refused("--no-color=yes", "--color takes no argument");
}

TEST(a_very_long_unknown_option_does_no_harm)
{
    char word[5000] = "--";
    memset(word + 2, 'x', sizeof(word) - 3);
    assert_refused(word, "there is no option --xxx");
}

/* --- nearest ------------------------------------------------------------------------ */

TEST(nearest_counts_swaps_as_one_and_stays_silent_when_far)
{
    static const char *const names[] = {"time-zone", "top", "threads", "output"};
    assert_string_equal(cli_nearest("tiem-zone", names, 4), "time-zone");
    assert_string_equal(cli_nearest("timezone", names, 4), "time-zone");
    assert_string_equal(cli_nearest("thread", names, 4), "threads");
    assert_string_equal(cli_nearest("otuptu", names, 4), "output");
    assert_string_equal(cli_nearest("tpo", names, 4), "top");
    assert_null(cli_nearest("xyz", names, 4));
    assert_null(cli_nearest("", names, 4));
}

/* --- what is printed --------------------------------------------------------------- */

static char printed[1 << 16];

static const char *print(void (*printer)(const struct cli_program *, FILE *),
                         const struct cli_program *program)
{
    FILE *to = fmemopen(printed, sizeof(printed), "w");
    assert_non_null(to);
    printer(program, to);
    fclose(to);
    return printed;
}

static void print_help(const struct cli_program *program, FILE *to)
{
    cli_print_help(program, false, to);
}

static void print_help_all(const struct cli_program *program, FILE *to)
{
    cli_print_help(program, true, to);
}

static void assert_fits(const char *text, size_t lines_max)
{
    size_t lines = 0;
    for (const char *line = text; *line; lines++) {
        size_t length = strcspn(line, "\n");
        if (length > 80)
            fail_msg("wider than 80 columns: %.*s", (int)length, line);
        line += length + (line[length] == '\n');
    }
    assert_in_range(lines, 1, lines_max);
}

TEST(help_of_fmd_analyze_fits_a_screen_and_shows_five_examples)
{
    const char *help = print(print_help, &analyze_program);
    assert_fits(help, 23); /* and a line for the prompt */
    int examples_seen = 0;
    for (const char *at = help; (at = strstr(at, "  fmd-analyze ")); at++)
        examples_seen++;
    for (const char *at = help; (at = strstr(at, "| fmd-analyze ")); at++)
        examples_seen++;
    assert_int_equal(examples_seen, 5);
}

TEST(help_shows_common_options_and_help_all_shows_all_but_hidden_ones)
{
    print(print_help, &try);
    assert_non_null(strstr(printed, "-n, --name NAME"));
    assert_null(strstr(printed, "--[no-]color"));
    print(print_help_all, &try);
    assert_non_null(strstr(printed, "--[no-]color"));
    assert_non_null(strstr(printed, "how [slow]"));
    assert_null(strstr(printed, "secret"));
    assert_fits(print(print_help_all, &analyze_program), 100);
}

TEST(man_page_and_completion_name_every_option_but_hidden_ones)
{
    print(cli_print_man, &try);
    assert_non_null(strstr(printed, "\\-\\-[no\\-]color"));
    assert_non_null(strstr(printed, ".SH \"EXIT STATUS\""));
    assert_null(strstr(printed, "secret"));
    print(cli_print_completion, &try);
    assert_non_null(strstr(printed, " --no-color"));
    assert_non_null(strstr(printed, "--mode) COMPREPLY=($(compgen -W 'slow slower'"));
    assert_null(strstr(printed, "secret"));
}

/* --- fmd-analyze ---------------------------------------------------------------------
 */

static int analyze(struct analyze_options *options, char **argv)
{
    int argc = 0;
    while (argv[argc])
        argc++;
    memset(&err, 0, sizeof(err));
    return analyze_options_parse(options, argc, argv, &err);
}

/* "--top-most", with a backslash before each dash, as man pages have it. */
static void as_in_man(const char *name, char text[128])
{
    size_t length = 0;
    for (const char *at = name; *at; at++) {
        if (*at == '-')
            text[length++] = '\\';
        text[length++] = *at;
    }
    text[length] = '\0';
}

TEST(man_page_and_completion_of_fmd_analyze_name_all_its_options)
{
    char escaped[128], word[128];
    for (size_t i = 0; i < analyze_program.option_count; i++) {
        const struct cli_option *row = &analyze_program.options[i];
        bool seen = row->where != CLI_HIDDEN;
        as_in_man(row->name, escaped);
        print(cli_print_man, &analyze_program);
        assert_int_equal(strstr(printed, escaped) != NULL, seen);
        snprintf(word, sizeof(word), " --%s", row->name);
        print(cli_print_completion, &analyze_program);
        assert_int_equal(strstr(printed, word) != NULL, seen);
    }
}

TEST(fmd_analyze_without_operands_names_the_next_step)
{
    struct analyze_options options;
    char *argv[] = {"fmd-analyze", "-q", NULL};
    assert_int_equal(analyze(&options, argv), -1);
    assert_says("say which traces to read: fmd-analyze traces/");
}

TEST(fmd_analyze_has_its_defaults)
{
    struct analyze_options options;
    char *argv[] = {"fmd-analyze", "a", "--top", "5", "b", NULL};
    assert_int_equal(analyze(&options, argv), 0);
    assert_int_equal(options.path_count, 2);
    assert_string_equal(options.paths[1], "b");
    assert_int_equal(options.top, 5);
    assert_int_equal(options.apdex_target_ns, 500000000);
    assert_int_equal(options.archive_bytes_max, UINT64_C(1) << 40);
    assert_true(options.archive_ratio_max == 200);
    assert_true(options.charts);
    assert_null(options.output_directory);
    assert_string_equal(options.color, "auto");
}

/* --- fmd-record ------------------------------------------------------------------- */

static int parse_record(struct record_options *options, char **argv)
{
    int argc = 0;
    while (argv[argc])
        argc++;
    memset(&err, 0, sizeof(err));
    return record_options_parse(options, argc, argv, &err);
}

TEST(options_behind_a_command_are_the_commands)
{
    struct record_options options;
    char *bare[] = {"fmd-record", "-q", "gunicorn", "-o", "x", "--help", NULL};
    char *dashes[] = {"fmd-record", "--level", "2", "--", "info", "-q", NULL};
    char *info[] = {"fmd-record", "info", "a.fmd", "b", NULL};
    char *none[] = {"fmd-record", "--", NULL};

    assert_int_equal(parse_record(&options, bare), 0);
    assert_true(options.quiet && !options.help && !options.keys[FMD__KEY_DIRECTORY]);
    assert_string_equal(options.command[0], "gunicorn");
    assert_string_equal(options.command[3], "--help");
    assert_int_equal(parse_record(&options, dashes), 0);
    assert_true(!options.info && !options.quiet);
    assert_string_equal(options.keys[FMD__KEY_LEVEL], "2");
    assert_string_equal(options.command[0], "info");
    assert_int_equal(parse_record(&options, info), 0);
    assert_true(options.info && options.path_count == 2);
    assert_int_equal(parse_record(&options, none), -1);
    assert_says("say which command to run");
}

TEST(every_key_of_the_recorder_is_an_option)
{
    struct record_options options;
    char option[64];

    for (int key = 0; key < FMD__KEY_COUNT; key++) {
        char *arguments[] = {"fmd-record", option, "3", "--", "true", NULL};

        snprintf(option, sizeof(option), "--%s", fmd__key_rows[key].option);
        assert_int_equal(parse_record(&options, arguments), 0);
        for (int other = 0; other < FMD__KEY_COUNT; other++)
            assert_true((options.keys[other] != NULL) == (other == key));
        assert_string_equal(options.keys[key], "3");
    }
}
