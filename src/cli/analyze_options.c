/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "analyze_options.h"

#include <string.h>

#include "options.h"
#include "src/base/err.h"

#define FIELD(name) .offset = offsetof(struct analyze_options, name)
#define INPUT "Reading"
#define REPORT "The report"
#define VERSIONS "Versions compared"
#define FILTERS "Which requests count"
#define OUTPUT "Where it goes"
#define OTHER "Other"

static const struct cli_option rows[] = {
    {"output", 'o', CLI_TEXT, CLI_COMMON, OUTPUT,
     "write report.html, .md, .json and charts/ into DIR", FIELD(output_directory),
     .argument = "DIR"},
    {"force", 0, CLI_SWITCH, CLI_RARE, OUTPUT, "use DIR although it holds something else",
     FIELD(force)},
    {"format", 0, CLI_CHOICE, CLI_COMMON, OUTPUT,
     "json, markdown, html, junit, folded or speedscope", FIELD(format),
     .argument = "NAME",
     .choices = "terminal|json|markdown|html|junit|folded|speedscope"},
    {"charts", 0, CLI_YES_NO, CLI_RARE, OUTPUT,
     "draw DIR/charts/: SVG, PNG at 1x and 2x (default)", FIELD(charts),
     .initial = "yes"},
    {"asset-url", 0, CLI_TEXT, CLI_RARE, OUTPUT,
     "where DIR will lie: Markdown shows the charts from there", FIELD(asset_url),
     .argument = "URL"},
    {"markdown-limit", 0, CLI_COUNT, CLI_RARE, OUTPUT,
     "bytes at most; of a comment on GitHub 65536", FIELD(markdown_bytes),
     .argument = "N", .initial = "1000000", .least = 4000, .most = 1e9},
    {"width", 0, CLI_COUNT, CLI_RARE, OUTPUT, "columns of the report; 0: the terminal's",
     FIELD(width_columns), .argument = "COLUMNS", .initial = "0", .most = 10000},
    {"color", 0, CLI_CHOICE, CLI_RARE, OUTPUT,
     "auto (terminal, no NO_COLOR), always, never", FIELD(color), .argument = "WHEN",
     .initial = "auto", .choices = "auto|always|never"},
    {"quiet", 'q', CLI_SWITCH, CLI_COMMON, OUTPUT,
     "no progress and no word about what was written", FIELD(quiet)},
    {"sort", 0, CLI_CHOICE, CLI_COMMON, REPORT, "time, requests, p95, errors or name",
     FIELD(sort), .argument = "BY", .initial = "time",
     .choices = "time|requests|p95|errors|name"},
    {"top", 0, CLI_COUNT, CLI_COMMON, REPORT,
     "rows of tables; JSON: all, of groups 256 or N", FIELD(top), .argument = "N",
     .initial = "20", .least = 1, .most = 1e6},
    {"time-zone", 0, CLI_TEXT, CLI_COMMON, REPORT,
     "such as Europe/Paris; not given: this machine's", FIELD(time_zone),
     .argument = "ZONE"},
    {"apdex-target", 0, CLI_DURATION, CLI_RARE, REPORT,
     "satisfied up to it, tolerating to 4 times it", FIELD(apdex_target_ns),
     .argument = "TIME", .initial = "500ms"},
    {"fence", 0, CLI_CHOICE, CLI_RARE, REPORT,
     "what is an outlier: beyond log, tukey, mad or mean", FIELD(fence),
     .argument = "RULE", .initial = "log", .choices = "log|tukey|mad|mean"},
    {"repeatable", 0, CLI_SWITCH, CLI_RARE, REPORT,
     "leave out what differs from run to run", FIELD(repeatable)},
    {"check", 0, CLI_LIST, CLI_COMMON, REPORT,
     "exit 1 unless it holds: 'GET /: p99 < 250ms'", FIELD(checks), .argument = "RULE"},
    {"slo", 0, CLI_LIST, CLI_COMMON, REPORT,
     "an objective: 'GET /: 99% < 300ms', '*: 99.9% ok'", FIELD(slos),
     .argument = "RULE"},
    {"baseline", 0, CLI_TEXT, CLI_COMMON, VERSIONS,
     "compare with this version, saved summary or trace", FIELD(baseline),
     .argument = "WHAT"},
    {"fail-on", 0, CLI_LIST, CLI_COMMON, VERSIONS,
     "regressed, inconclusive, error-rate, slo, damage", FIELD(fail_on),
     .argument = "WHAT", .choices = "regressed|inconclusive|error-rate|slo|damage"},
    {"save-summary", 0, CLI_TEXT, CLI_RARE, VERSIONS,
     "write what was read as a baseline for later", FIELD(save_summary),
     .argument = "FILE"},
    {"version-order", 0, CLI_TEXT, CLI_RARE, VERSIONS,
     "such as 1.9,1.10, oldest first; not given: by first request", FIELD(version_order),
     .argument = "LIST"},
    {"rename", 0, CLI_LIST, CLI_RARE, VERSIONS,
     "an endpoint has another name now; may be repeated", FIELD(renames),
     .argument = "OLD=NEW"},
    {"min-effect", 0, CLI_NUMBER, CLI_RARE, VERSIONS,
     "percent; smaller changes are not told", FIELD(min_effect_percent),
     .argument = "PERCENT", .initial = "5", .most = 1000},
    {"min-effect-time", 0, CLI_DURATION, CLI_RARE, VERSIONS,
     "changes of less time are not told", FIELD(min_effect_ns), .argument = "TIME",
     .initial = "1ms"},
    {"alpha", 0, CLI_NUMBER, CLI_RARE, VERSIONS,
     "share of told changes that may be chance", FIELD(alpha), .argument = "SHARE",
     .initial = "0.05", .least = 1e-6, .most = .5},
    {"endpoint", 0, CLI_LIST, CLI_RARE, FILTERS,
     "only of endpoints with such a name, as 'GET /cart*'", FIELD(endpoints),
     .argument = "GLOB"},
    {"since", 0, CLI_TEXT, CLI_RARE, FILTERS,
     "from then on: 2026-11-23, '2026-11-23 14:00', or 2h before the last", FIELD(since),
     .argument = "TIME"},
    {"until", 0, CLI_TEXT, CLI_RARE, FILTERS, "up to then, the same way, without then",
     FIELD(until), .argument = "TIME"},
    {"version-glob", 0, CLI_LIST, CLI_RARE, FILTERS,
     "only of versions with such a name, as '2.*'", FIELD(version_globs),
     .argument = "GLOB"},
    {"group", 0, CLI_LIST, CLI_RARE, FILTERS, "only of such groups, as 'customer-17'",
     FIELD(groups), .argument = "GLOB"},
    {"status", 0, CLI_LIST, CLI_RARE, FILTERS, "only answered so: 404, 5xx, 200-299",
     FIELD(statuses), .argument = "CODES"},
    {"threads", 0, CLI_COUNT, CLI_RARE, INPUT, "threads that read; 0: one a core",
     FIELD(threads), .argument = "N", .initial = "0", .most = 1024},
    {"columns", 0, CLI_TEXT, CLI_RARE, INPUT,
     "of a CSV, JSON or log: time=ts,duration=took:ms", FIELD(columns),
     .argument = "LIST"},
    {"max-ratio", 0, CLI_NUMBER, CLI_RARE, INPUT,
     "refuse an archive that grows over N times", FIELD(archive_ratio_max),
     .argument = "N", .initial = "200", .most = 1e9},
    {"max-bytes", 0, CLI_BYTES, CLI_RARE, INPUT, "refuse an archive that unpacks to more",
     FIELD(archive_bytes_max), .argument = "SIZE", .initial = "1T"},
    {"help", 'h', CLI_SWITCH, CLI_RARE, OTHER, "print a screenful of help", FIELD(help)},
    {"help-all", 0, CLI_SWITCH, CLI_RARE, OTHER, "print every option", FIELD(help_all)},
    {"version", 0, CLI_SWITCH, CLI_RARE, OTHER, "print the version", FIELD(version)},
    {"print-man", 0, CLI_SWITCH, CLI_HIDDEN, OTHER, "print the man page",
     FIELD(print_man)},
    {"print-completion", 0, CLI_SWITCH, CLI_HIDDEN, OTHER, "print the bash completion",
     FIELD(print_completion)},
};

static const struct cli_example examples[] = {
    {"fmd-analyze traces.tar.gz", "a report in the terminal"},
    {"fmd-analyze traces.tar.gz -o report/", "JSON, Markdown and charts"},
    {"fmd-analyze web-1/ web-2/ batch.fmd", "all of them as one report"},
    {"ssh web-1 tar c traces | fmd-analyze -", "straight from another machine"},
    {"fmd-analyze t/ --format json | jq .", "every figure, for a program"},
};

const struct cli_program analyze_program = {
    .name = "fmd-analyze",
    .purpose = "reports how fast each endpoint of a web application is, and how much it "
               "is used",
    .operands = "PATH...",
    .about =
        "Reads the traces that fmd-record or the recorder library wrote and prints a "
        "report. A PATH is a trace (.fmd), a directory that is searched for them, an "
        "archive (.tar, .tar.gz, .tar.zst, .tar.xz, .zip) or - for standard input; or a "
        "CSV with a header, JSON lines, an access log with request times, a database "
        "of Flask-MonitoringDashboard, a saved summary. All "
        "paths together make one report. What could be read is reported; what could not "
        "is counted in it.",
    .next_step =
        "fmd-analyze traces/ (or a .tar.gz of it); fmd-analyze --help shows more",
    .options = rows,
    .option_count = sizeof(rows) / sizeof(rows[0]),
    .examples = examples,
    .example_count = sizeof(examples) / sizeof(examples[0]),
};

static bool wants_answer(const struct analyze_options *options)
{
    return options->help || options->help_all || options->version || options->print_man ||
           options->print_completion;
}

/* A variable of a shell script that is empty is the usual reason. */
static int check_paths(const struct analyze_options *options, struct err *err)
{
    if (options->path_count == 0 && !wants_answer(options))
        return err_set(err, ERR_USAGE, "say which traces to read: %s",
                       analyze_program.next_step);
    for (size_t i = 0; i < options->path_count; i++)
        if (!options->paths[i][0])
            return err_set(err, ERR_USAGE,
                           "the path in place %zu of %zu is empty; say which traces to "
                           "read there, or leave it out",
                           i + 1, options->path_count);
    return 0;
}

static int check_renames(const struct cli_list *renames, struct err *err)
{
    for (size_t i = 0; i < renames->count; i++) {
        const char *equals = strchr(renames->items[i], '=');
        if (!equals || equals == renames->items[i] || !equals[1])
            return err_set(err, ERR_USAGE,
                           "--rename takes OLD=NEW, two names of an endpoint as the "
                           "reports print them, not \"%s\"",
                           renames->items[i]);
    }
    return 0;
}

/* Names between commas, none empty, none twice. */
static int check_version_order(const char *order, struct err *err)
{
    for (const char *name = order; name; name = strchr(name, ',')) {
        name += *name == ',' && name != order;
        size_t length = strcspn(name, ",");
        if (length == 0)
            return err_set(err, ERR_USAGE,
                           "--version-order takes names of versions, oldest first, such "
                           "as 1.9,1.10; in \"%s\" a name is empty",
                           order);
        for (const char *other = order; other < name; other += strcspn(other, ",") + 1)
            if (strcspn(other, ",") == length && strncmp(other, name, length) == 0)
                return err_set(err, ERR_USAGE,
                               "--version-order names %.*s twice; name it once, where "
                               "it belongs",
                               (int)length, name);
    }
    return 0;
}

int analyze_options_parse(struct analyze_options *options, int argc, char **argv,
                          struct err *err)
{
    int first = 0;
    memset(options, 0, sizeof(*options));
    if (cli_parse(&analyze_program, argc, argv, options, &first, err) != 0)
        return -1;
    options->paths = (const char *const *)(argv + first);
    options->path_count = (size_t)(argc - first);
    if (check_paths(options, err) != 0 || check_renames(&options->renames, err) != 0 ||
        check_version_order(options->version_order, err) != 0)
        return -1;
    if (options->asset_url && strncmp(options->asset_url, "https://", 8) != 0 &&
        strncmp(options->asset_url, "http://", 7) != 0)
        return err_set(err, ERR_USAGE,
                       "--asset-url takes an address such as https://example.org/report, "
                       "not \"%s\"",
                       options->asset_url);
    return 0;
}

bool analyze_options_answer(const struct analyze_options *options)
{
    if (options->help || options->help_all)
        cli_print_help(&analyze_program, options->help_all, stdout);
    else if (options->version)
        puts("fmd-analyze " FMD_VERSION "\nGPL-3.0-or-later; no warranty");
    else if (options->print_man)
        cli_print_man(&analyze_program, stdout);
    else if (options->print_completion)
        cli_print_completion(&analyze_program, stdout);
    return wants_answer(options);
}
