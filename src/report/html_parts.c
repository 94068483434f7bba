/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Elements, tables and pictures: see html_parts.h. */
#include "html_parts.h"

#include "charts.h"
#include "format.h"

#include "src/base/str.h"

#include "plots/charts/sparkline.h"

#include <limits.h>
#include <math.h>
#include <stdlib.h>

/* --- markup --- */

void html_note(struct page *page, int result)
{
    page->failed |= result < 0;
}

void html_start(struct page *page, const char *element)
{
    html_note(page, xmlTextWriterStartElement(page->writer, (const xmlChar *)element));
}

/* Never as <p/>, which HTML reads as <p>. */
void html_end(struct page *page)
{
    html_note(page, xmlTextWriterFullEndElement(page->writer));
}

void html_end_void(struct page *page)
{
    html_note(page, xmlTextWriterEndElement(page->writer));
}

void html_attribute(struct page *page, const char *name, const char *value)
{
    html_note(page, xmlTextWriterWriteAttribute(page->writer, (const xmlChar *)name,
                                                (const xmlChar *)value));
}

void html_text(struct page *page, const char *string)
{
    html_note(page, xmlTextWriterWriteString(page->writer, (const xmlChar *)string));
}

void html_element(struct page *page, const char *name, const char *content)
{
    html_start(page, name);
    html_text(page, content);
    html_end(page);
}

void html_newline(struct page *page)
{
    html_text(page, "\n");
}

/* --- pictures --- */

static int write_svg(struct page *page, const struct report_chart *chart,
                     const char **why)
{
    struct scene scenes[2];
    int failed = report_scenes(page->report, chart, scenes, why);

    if (!failed)
        failed = svg_write(&scenes[0], &scenes[1], &page->palette, page->writer, why);
    scene_release(&scenes[0]);
    scene_release(&scenes[1]);
    return failed;
}

/* "p95 over time, from 12 ms to 30 ms at most, 14 ms at last". */
static char *words_of_series(const struct table_cell *cell)
{
    double least = INFINITY, most = 0, last = NAN;
    struct str words;

    for (size_t i = 0; i < cell->series_count; i++) {
        least = fmin(least, cell->series[i]);
        most = fmax(most, cell->series[i]);
        last = isnan(cell->series[i]) ? last : cell->series[i];
    }
    str_init(&words);
    str_addf(&words, "over time: %s to %s, at last %s", format_duration(least).s,
             format_duration(most).s, format_duration(last).s);
    return str_take(&words);
}

static void write_sparkline(struct page *page, const struct table_cell *cell)
{
    const struct theme themes[2] = {theme_light(), theme_dark()};
    char *words = words_of_series(cell);
    struct sparkline_data data = {words, cell->series, cell->series_count};
    struct scene scenes[2] = {0};
    const char *why = NULL;
    int failed = chart_sparkline(&data, &themes[0], &scenes[0], &why) ||
                 chart_sparkline(&data, &themes[1], &scenes[1], &why);

    if (!failed && !page->failed)
        failed = svg_write(&scenes[0], &scenes[1], &page->palette, page->writer, &why);
    page->failed |= failed != 0;
    scene_release(&scenes[0]);
    scene_release(&scenes[1]);
    free(words);
}

/* --- tables --- */

static void write_cell(struct page *page, const struct table *table,
                       const struct table_cell *cell, size_t column)
{
    static const char *const classes[] = {NULL, "dim", "good", "bad"};
    const char *class = classes[cell->tone];

    html_start(page, column == 0 ? "th" : "td");
    if (column == 0)
        html_attribute(page, "scope", "row");
    else if (!table->columns[column].right)
        html_attribute(page, "class", "t");
    else if (class)
        html_attribute(page, "class", class);
    if (cell->anchor) {
        struct str target;
        str_init(&target);
        str_addf(&target, "#%s", cell->anchor);
        html_start(page, "a");
        html_attribute(page, "href", target.bytes);
        html_text(page, cell->text);
        html_end(page);
        str_release(&target);
    } else if (cell->tone == TONE_BAD && *cell->text) {
        html_element(page, "strong", cell->text);
    } else if (cell->series) { /* instead of its bars */
        write_sparkline(page, cell);
    } else {
        html_text(page, cell->text);
    }
    html_end(page);
}

void html_table(struct page *page, const struct table *table, const char *label,
                const char *id)
{
    bool shown[TABLE_COLUMNS_MAX];

    table_shown(table, UINT_MAX, shown);
    html_start(page, "div");
    html_attribute(page, "class", "wide");
    html_start(page, "table");
    if (id)
        html_attribute(page, "id", id);
    html_attribute(page, "border", "1"); /* for readers without the style sheet */
    html_attribute(page, "cellspacing", "0");
    html_attribute(page, "aria-label", label);
    html_start(page, "thead");
    html_start(page, "tr");
    for (size_t i = 0; i < table->column_count; i++) {
        if (!shown[i])
            continue;
        html_start(page, "th");
        html_attribute(page, "scope", "col");
        if (!table->columns[i].right)
            html_attribute(page, "class", "t");
        html_text(page, table->columns[i].header);
        html_end(page);
    }
    html_end(page);
    html_end(page);
    html_start(page, "tbody");
    for (size_t row = 0; row < table_rows(table); row++) {
        html_newline(page);
        html_start(page, "tr");
        for (size_t i = 0; i < table->column_count; i++)
            if (shown[i])
                write_cell(page, table, table_at(table, row, i), i);
        html_end(page);
    }
    html_end(page);
    html_end(page);
    html_end(page);
    html_newline(page);
}

/* --- charts --- */

static void write_numbers(struct page *page, const struct report_chart *chart)
{
    struct table table = {0};
    char *heading = chart_numbers(page->report, chart, &table);

    if (!heading)
        return;
    html_start(page, "details");
    html_element(page, "summary", heading);
    html_table(page, &table, heading, NULL);
    html_end(page);
    table_release(&table);
    free(heading);
}

void html_chart(struct page *page, const struct report_chart *chart,
                const char *numbers_id)
{
    const char *why = NULL;

    html_start(page, "figure");
    if (numbers_id)
        html_attribute(page, "aria-details", numbers_id);
    if (!page->failed && write_svg(page, chart, &why)) {
        page->failed = true;
        page->why = why;
    }
    write_numbers(page, chart);
    html_end(page);
    html_newline(page);
}
