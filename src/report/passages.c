/* SPDX-License-Identifier: GPL-3.0-or-later */
#define _GNU_SOURCE /* vasprintf */
#include "passages.h"

#include "courses.h"

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

    table_add_take(table, series ? text_of_series(series, count) : mem_text(""));
    if (series && outline->page && report->options.charts)
        table_series_take(table, series, count);
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
