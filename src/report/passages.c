/* SPDX-License-Identifier: GPL-3.0-or-later */
#define _GNU_SOURCE /* vasprintf */
#include "passages.h"

#include "courses.h"
#include "label.h"

#include "src/base/mem.h"
#include "src/base/vec.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

struct passage *outline_add(struct outline *outline, enum passage_kind kind, char *text)
{
    outline->passages = vec_room(outline->passages, &outline->room, outline->count + 1,
                                 sizeof(*outline->passages));
    struct passage *passage = &outline->passages[outline->count++];
    *passage = (struct passage){.kind = kind, .text = text};
    return passage;
}

void outline_part(struct outline *outline, char *text)
{
    if (outline->page)
        outline_add(outline, BLOCK_PART, text);
    else
        free(text);
}

void outline_heading(struct outline *outline, char *text)
{
    outline_add(outline, outline->page ? BLOCK_PART : BLOCK_HEADING, text);
}

struct table *outline_table(struct outline *outline, char *heading,
                            const struct table_column *columns, size_t count)
{
    struct passage *passage = outline_add(outline, BLOCK_TABLE, heading);

    table_init(&passage->table, columns, count);
    return &passage->table;
}

void outline_numbers_of(struct outline *outline, enum report_chart_kind kind)
{
    outline->passages[outline->count - 1].charts |= 1u << kind;
}

void outline_untitled(struct outline *outline)
{
    outline->passages[outline->count - 1].untitled = true;
}

void outline_charts(struct outline *outline, const struct report *report,
                    enum report_chart_kind kind)
{
    for (size_t i = 0; outline->page && i < report->chart_count; i++)
        if (report->charts[i].kind == kind)
            outline_add(outline, BLOCK_CHART, mem_text(report->charts[i].title))->chart =
                &report->charts[i];
}

char *outline_text(const char *format, ...)
{
    va_list arguments;
    char *text = NULL;

    va_start(arguments, format);
    if (vasprintf(&text, format, arguments) < 0)
        text = mem_text("");
    va_end(arguments);
    return text;
}

size_t outline_rows(const struct report *report, size_t count)
{
    unsigned top = report->options.top;

    return top && count > top ? top : count;
}

/* What a table leaves out. */
void outline_rest(struct outline *outline, size_t count, size_t shown, const char *what)
{
    if (count > shown)
        outline_add(outline, BLOCK_LINE,
                    outline_text(outline->page
                                     ? "%zu more %s are not shown here; the JSON has all."
                                     : "%zu more %s are not shown (--top); the JSON has "
                                       "all.",
                                 count - shown, what));
}

const struct endpoint *outline_endpoint_named(const struct report *report,
                                              struct name application, struct name name)
{
    const struct overview *overview = &report->overview;

    for (size_t i = 0; i < overview->endpoint_count; i++)
        if (name_compare(overview->endpoints[i].application, application) == 0 &&
            name_compare(overview->endpoints[i].name, name) == 0)
            return &overview->endpoints[i];
    return NULL;
}

bool outline_tells_of(const struct outline *outline, const struct report *report,
                      const struct endpoint *only, struct name application,
                      struct name name)
{
    if (only)
        return name_compare(only->application, application) == 0 &&
               name_compare(only->name, name) == 0;
    return !outline->page || !outline_endpoint_named(report, application, name);
}

void table_add_endpoint(struct table *table, const struct outline *outline,
                        const struct report *report, struct name application,
                        struct name name)
{
    const struct endpoint *endpoint = outline_endpoint_named(report, application, name);

    table_add_take(
        table, label_of_endpoint(
                   report, &(struct endpoint){.application = application, .name = name}));
    if (outline->page && endpoint)
        table_link_take(table, anchor_of_endpoint(report, endpoint));
}

void table_add_count(struct table *table, uint64_t count)
{
    table_add(table, format_count(count).s);
}

/* Errors stand out, their absence does not. */
void table_add_share(struct table *table, uint64_t count, uint64_t of, enum tone tone)
{
    if (count == 0)
        table_add_toned(table, "0", TONE_DIM);
    else
        table_add_toned(table, format_percent((double)count / (double)of).s, tone);
}

/* Bars are as high as their share of the largest: a change of a few percent is none. */
static char *text_of_series(const double *series, size_t count)
{
    double amounts[SPARKLINE_VALUES], most = 0;

    for (size_t i = 0; i < count; i++)
        most = fmax(most, series[i]);
    for (size_t i = 0; i < count; i++)
        amounts[i] = most > 0 ? series[i] / most : NAN;
    return strip_text(&(struct strip){.amounts = amounts, .count = count}, false);
}

void table_add_p95_course(struct table *table, const struct outline *outline,
                          const struct report *report, const struct endpoint *endpoint)
{
    size_t count = 0;
    double *series = endpoint ? report_p95_series(endpoint, &count) : NULL;

    table_add_series_take(table, outline, report, series, count, format_duration);
}

void table_add_series_take(struct table *table, const struct outline *outline,
                           const struct report *report, double *series, size_t count,
                           struct text (*format)(double value))
{
    table_add_take(table, series ? text_of_series(series, count) : mem_text(""));
    if (series && outline->page && report->options.charts)
        table_series_take(table, series, count, format);
    else
        free(series);
}

struct text text_of_quantile(const struct quantile *quantile)
{
    return format_duration(quantile->known ? quantile->value_ns : NAN);
}

struct table *outline_detail(struct outline *outline, char *heading,
                             const struct table_column *columns, size_t count)
{
    struct table *table = outline_table(outline, heading, columns, count);

    outline->passages[outline->count - 1].detail = true;
    return table;
}

struct text text_of_distinct(double count, bool exact)
{
    return exact ? format_count((uint64_t)count) : format_estimate(count);
}
