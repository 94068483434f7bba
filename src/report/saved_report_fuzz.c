/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Whatever a saved summary holds, its report is written in every format: nothing crashes
 * or hangs, JSON is JSON, and no number is none. First byte 0: a payload follows, as for
 * the target that loads; else a whole saved summary.
 */
#define _GNU_SOURCE /* memmem */
#include <jansson.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "report.h"
#include "src/findings/gsl_errors.h"
#include "src/input/input.h"
#include "src/summary/saving.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

/* What printf makes of a number that is none; names are not to hold such. */
static void check_numbers(const char *text)
{
    static const char *const words[] = {"nan", "inf"};
    for (size_t i = 0; i < 2; i++)
        for (const char *at = text; (at = strstr(at, words[i])); at++)
            if ((at == text || !is_letter(at[-1])) && !is_letter(at[3]))
                abort();
}

static void check_format(const struct report *report,
                         int (*print)(const struct report *, FILE *, struct err *),
                         bool numbers)
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    if (!out)
        abort();
    print(report, out, NULL);
    fclose(out);
    if (numbers)
        check_numbers(text);
    if (print == report_json) {
        json_t *tree = json_loads(text, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, NULL);
        if (!tree)
            abort();
        json_decref(tree);
    }
    free(text);
}

static int as_terminal(const struct report *report, FILE *out, struct err *err)
{
    const struct terminal_style style = {.width = 100, .unicode = true};
    return report_terminal(report, &style, out, err);
}

/* Everything that can be asked for; compared with itself where compared is set. */
static void check_report(const struct summary *summary, bool compared, bool numbers)
{
    struct input_report input;
    struct report_options options;
    struct report report;
    input_report_init(&input);
    report_options_init(&options);
    options.time_zone = "Europe/Amsterdam";
    options.chart_endpoints = 2;
    options.regression.baseline = compared ? summary : NULL;
    if (report_build(&report, summary, &input, &options, NULL) != 0)
        abort();
    for (const struct report_format *format = report_formats; format->name; format++)
        check_format(&report, format->print, numbers);
    check_format(&report, as_terminal, numbers);
    report_release(&report);
    input_report_release(&input);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    gsl_errors_become_statuses();
    struct summary *summary = data[0] ? summary_load(data + 1, size - 1, NULL)
                                      : summary_unpack(data + 1, size - 1);
    bool numbers =
        !data[0] && !memmem(data, size, "nan", 3) && !memmem(data, size, "inf", 3);
    for (int compared = 0; summary && compared < 2; compared++)
        check_report(summary, compared, numbers);
    summary_free(summary);
    return 0;
}
