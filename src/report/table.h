/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A table of texts, before it has a look: the terminal, Markdown and whatever comes later
 * print the same cells. Some hundred rows of some ten columns.
 */
#ifndef REPORT_TABLE_H
#define REPORT_TABLE_H

#include <stdbool.h>
#include <stddef.h>

#include "format.h"

enum { TABLE_COLUMNS_MAX = 25 };

struct table_column {
    const char *header; /* static */
    bool right;         /* numbers */
    bool name;          /* may lose its middle where room is short */
    unsigned rank;      /* 0 is always there; where room is short the highest go first */
};

/* What a cell says beyond its text; shown as colour or weight where there is any. */
enum tone { TONE_PLAIN, TONE_DIM, TONE_GOOD, TONE_BAD };

struct table_cell {
    char *text; /* clean (display.h); owned */
    enum tone tone;
    char *anchor; /* of a page: what the cell leads to; owned, NULL: nothing */
    /* values over time, drawn instead of the text, NAN where there is none; owned */
    double *series;
    size_t series_count;
    struct text (*series_format)(double value); /* of one of them */
};

struct table {
    const struct table_column *columns;
    size_t column_count;
    unsigned rank_max;        /* a page leaves columns of a higher rank out; 0: none */
    struct table_cell *cells; /* row by row */
    size_t cell_count, cell_room;
};

/* columns are borrowed for the table's life. */
void table_init(struct table *table, const struct table_column *columns, size_t count);
void table_release(struct table *table);

/* Appends the next cell of the current row; text is copied, or taken. */
void table_add(struct table *table, const char *text);
void table_add_toned(struct table *table, const char *text, enum tone tone);
void table_add_take(struct table *table, char *text);

/* The cell that was added last leads to an anchor of the page; anchor is taken. */
void table_link_take(struct table *table, char *anchor);

/* The cell that was added last has a sparkline; series is taken. */
void table_series_take(struct table *table, double *series, size_t count,
                       struct text (*format)(double value));
size_t table_rows(const struct table *table);
const struct table_cell *table_at(const struct table *table, size_t row, size_t column);

/* Fills shown: columns of a rank up to rank_max in which any cell has a text. Printers
 * leave silent columns out. */
void table_shown(const struct table *table, unsigned rank_max,
                 bool shown[TABLE_COLUMNS_MAX]);

/* Chooses for a width in columns of a terminal: widths[i] of each column, 0 for one that
 * is left out or silent. gap columns lie between two. Returns how many that say something
 * are left out. */
size_t table_fit(const struct table *table, size_t width, size_t gap, size_t *widths);

#endif
