/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "table.h"

#include "display.h"

#include "src/base/mem.h"
#include "src/base/vec.h"

#include <stdlib.h>

/* A name is not cut below this while a less important column can go instead. */
enum { NAME_WIDTH_KEPT = 24, NAME_WIDTH_MIN = 8 };

void table_init(struct table *table, const struct table_column *columns, size_t count)
{
    *table = (struct table){.columns = columns, .column_count = count};
}

void table_release(struct table *table)
{
    for (size_t i = 0; i < table->cell_count; i++) {
        free(table->cells[i].text);
        free(table->cells[i].anchor);
        free(table->cells[i].series);
    }
    free(table->cells);
    *table = (struct table){0};
}

static void add_cell(struct table *table, char *text, enum tone tone)
{
    table->cells = vec_room(table->cells, &table->cell_room, table->cell_count + 1,
                            sizeof(*table->cells));
    table->cells[table->cell_count++] = (struct table_cell){.text = text, .tone = tone};
}

void table_add(struct table *table, const char *text)
{
    add_cell(table, mem_text(text), TONE_PLAIN);
}

void table_add_toned(struct table *table, const char *text, enum tone tone)
{
    add_cell(table, mem_text(text), tone);
}

void table_add_take(struct table *table, char *text)
{
    add_cell(table, text, TONE_PLAIN);
}

void table_link_take(struct table *table, char *anchor)
{
    table->cells[table->cell_count - 1].anchor = anchor;
}

void table_series_take(struct table *table, double *series, size_t count,
                       struct text (*format)(double value))
{
    table->cells[table->cell_count - 1].series = series;
    table->cells[table->cell_count - 1].series_count = count;
    table->cells[table->cell_count - 1].series_format = format;
}

size_t table_rows(const struct table *table)
{
    return table->column_count ? table->cell_count / table->column_count : 0;
}

const struct table_cell *table_at(const struct table *table, size_t row, size_t column)
{
    return &table->cells[row * table->column_count + column];
}

static size_t natural_width(const struct table *table, size_t column)
{
    size_t widest = display_width(table->columns[column].header);

    for (size_t row = 0; row < table_rows(table); row++) {
        size_t width = display_width(table_at(table, row, column)->text);
        if (width > widest)
            widest = width;
    }
    return widest;
}

static size_t total_width(const size_t *widths, size_t count, size_t gap)
{
    size_t total = 0, shown = 0;

    for (size_t i = 0; i < count; i++) {
        total += widths[i];
        shown += widths[i] > 0;
    }
    return total + (shown > 1 ? (shown - 1) * gap : 0);
}

/* Takes up to excess from the widest names, none below least. Returns what is left of
 * excess. */
static size_t shrink_names(const struct table *table, size_t *widths, size_t least,
                           size_t excess)
{
    while (excess > 0) {
        size_t widest = SIZE_MAX;
        for (size_t i = 0; i < table->column_count; i++)
            if (table->columns[i].name && widths[i] > least &&
                (widest == SIZE_MAX || widths[i] > widths[widest]))
                widest = i;
        if (widest == SIZE_MAX)
            break;
        widths[widest]--;
        excess--;
    }
    return excess;
}

/* The column that can go first, or SIZE_MAX. */
static size_t least_important(const struct table *table, const size_t *widths)
{
    size_t found = SIZE_MAX;

    for (size_t i = 0; i < table->column_count; i++)
        if (widths[i] > 0 && table->columns[i].rank > 0 &&
            (found == SIZE_MAX || table->columns[i].rank > table->columns[found].rank))
            found = i;
    return found;
}

static bool is_silent(const struct table *table, size_t column)
{
    for (size_t row = 0; row < table_rows(table); row++)
        if (*table_at(table, row, column)->text)
            return false;
    return true;
}

void table_shown(const struct table *table, unsigned rank_max,
                 bool shown[TABLE_COLUMNS_MAX])
{
    for (size_t i = 0; i < table->column_count; i++)
        shown[i] = table->columns[i].rank <= rank_max && !is_silent(table, i);
}

size_t table_fit(const struct table *table, size_t width, size_t gap, size_t *widths)
{
    size_t left_out = 0, count = table->column_count;
    size_t names[TABLE_COLUMNS_MAX];

    for (size_t i = 0; i < count; i++)
        names[i] = widths[i] = is_silent(table, i) ? 0 : natural_width(table, i);
    for (;;) {
        size_t total = total_width(widths, count, gap);
        size_t excess = total > width ? total - width : 0;
        if (shrink_names(table, widths, NAME_WIDTH_KEPT, excess) == 0)
            return left_out;
        size_t victim = least_important(table, widths);
        if (victim == SIZE_MAX)
            break;
        for (size_t i = 0; i < count; i++)
            if (table->columns[i].name && widths[i] > 0)
                widths[i] = names[i]; /* the room that it leaves is theirs again */
        widths[victim] = 0;
        left_out++;
    }
    size_t total = total_width(widths, count, gap);
    shrink_names(table, widths, NAME_WIDTH_MIN, total > width ? total - width : 0);
    return left_out;
}
