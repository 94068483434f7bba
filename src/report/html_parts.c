/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Elements, tables and pictures: see html_parts.h. */
#include "html_parts.h"

#include "charts.h"
#include "display.h"
#include "format.h"

#include "src/base/str.h"

#include "plots/charts/sparkline.h"

#include <limits.h>
#include <math.h>
#include <stdlib.h>

/* --- pictures --- */

static int write_svg(struct page *page, const struct report_chart *chart,
                     const char **why)
{
    struct scene scenes[2];
    int failed = report_scenes(page->report, chart, scenes, why);

    if (!failed)
        failed = svg_write(&scenes[0], &scenes[1], &page->palette, page->out.writer, why);
    scene_release(&scenes[0]);
    scene_release(&scenes[1]);
    return failed;
}

/* "p95 over time, from 12 ms to 30 ms at most, 14 ms at last". */
static char *words_of_series(const struct table_cell *cell)
{
    double least = INFINITY, most = -INFINITY, last = NAN;
    struct str words;

    for (size_t i = 0; i < cell->series_count; i++) {
        least = fmin(least, cell->series[i]);
        most = fmax(most, cell->series[i]);
        last = isnan(cell->series[i]) ? last : cell->series[i];
    }
    str_init(&words);
    str_addf(&words, "over time: %s to %s, at last %s", cell->series_format(least).s,
             cell->series_format(most).s, cell->series_format(last).s);
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

    if (!failed && !page->out.failed)
        failed =
            svg_write(&scenes[0], &scenes[1], &page->palette, page->out.writer, &why);
    page->out.failed |= failed != 0;
    scene_release(&scenes[0]);
    scene_release(&scenes[1]);
    free(words);
}

/* --- tables --- */

/* Longer texts may be broken: classes "t" to the left, "w" in several lines. */
enum { ONE_LINE_COLUMNS = 44 };

static const char *class_of(const struct table_column *column,
                            const struct table_cell *cell, bool names_row)
{
    static const char *const tones[] = {NULL, "dim", "good", "bad"};
    bool wraps = column->name && display_width(cell->text) > ONE_LINE_COLUMNS;

    if (names_row)
        return wraps ? "w" : NULL;
    if (!column->right)
        return wraps ? "t w" : "t";
    return tones[cell->tone];
}

static void write_cell(struct page *page, const struct table_column *column,
                       const struct table_cell *cell, bool names_row)
{
    const char *class = class_of(column, cell, names_row);

    markup_start(&page->out, names_row ? "th" : "td");
    if (names_row)
        markup_attribute(&page->out, "scope", "row");
    if (class)
        markup_attribute(&page->out, "class", class);
    if (cell->anchor) {
        struct str target;
        str_init(&target);
        str_addf(&target, "#%s", cell->anchor);
        markup_start(&page->out, "a");
        markup_attribute(&page->out, "href", target.bytes);
        markup_string(&page->out, cell->text);
        markup_end(&page->out);
        str_release(&target);
    } else if (cell->tone == TONE_BAD && *cell->text) {
        markup_element(&page->out, "strong", cell->text);
    } else if (cell->series) { /* instead of its bars */
        write_sparkline(page, cell);
    } else {
        markup_string(&page->out, cell->text);
    }
    markup_end(&page->out);
}

void html_table(struct page *page, const struct table *table, const char *label,
                const char *id)
{
    bool shown[TABLE_COLUMNS_MAX];
    size_t first = 0; /* column that is shown: it names the row */

    table_shown(table, table->rank_max ? table->rank_max : UINT_MAX, shown);
    while (first + 1 < table->column_count && !shown[first])
        first++;
    markup_start(&page->out, "div");
    markup_attribute(&page->out, "class", "wide");
    markup_start(&page->out, "table");
    if (id)
        markup_attribute(&page->out, "id", id);
    markup_attribute(&page->out, "border", "1"); /* for readers without the style sheet */
    markup_attribute(&page->out, "cellspacing", "0");
    markup_attribute(&page->out, "cellpadding", "3");
    markup_attribute(&page->out, "aria-label", label);
    markup_start(&page->out, "thead");
    markup_start(&page->out, "tr");
    for (size_t i = 0; i < table->column_count; i++) {
        if (!shown[i])
            continue;
        markup_start(&page->out, "th");
        markup_attribute(&page->out, "scope", "col");
        if (!table->columns[i].right)
            markup_attribute(&page->out, "class", "t");
        markup_string(&page->out, table->columns[i].header);
        markup_end(&page->out);
    }
    markup_end(&page->out);
    markup_end(&page->out);
    markup_start(&page->out, "tbody");
    for (size_t row = 0; row < table_rows(table); row++) {
        markup_newline(&page->out);
        markup_start(&page->out, "tr");
        for (size_t i = 0; i < table->column_count; i++)
            if (shown[i])
                write_cell(page, &table->columns[i], table_at(table, row, i), i == first);
        markup_end(&page->out);
    }
    markup_end(&page->out);
    markup_end(&page->out);
    markup_end(&page->out);
    markup_newline(&page->out);
}

/* --- charts --- */

void html_numbers(struct page *page, const struct report_chart *chart, bool folded)
{
    struct table table = {0};
    char *heading = chart_numbers(page->report, chart, &table);

    if (!heading)
        return;
    markup_start(&page->out, "details");
    if (!folded)
        markup_attribute(&page->out, "open", "");
    markup_element(&page->out, "summary", heading);
    html_table(page, &table, heading, NULL);
    markup_end(&page->out);
    table_release(&table);
    free(heading);
}

void html_chart(struct page *page, const struct report_chart *chart,
                const char *numbers_id)
{
    const char *why = NULL;

    markup_start(&page->out, "figure");
    if (numbers_id)
        markup_attribute(&page->out, "aria-details", numbers_id);
    if (!page->out.failed && write_svg(page, chart, &why)) {
        page->out.failed = true;
        page->why = why;
    }
    html_numbers(page, chart, true);
    markup_end(&page->out);
    markup_newline(&page->out);
}
