/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a page is put together from: elements, tables and charts, through libxml2's
 * writer, which escapes all text. For html.c only.
 */
#ifndef REPORT_HTML_PARTS_H
#define REPORT_HTML_PARTS_H

#include "markup.h"
#include "report.h"
#include "table.h"

#include "src/base/str.h"

#include "plots/svg.h"

/* A page being written. The body is written first: its charts decide about the colours in
 * the style sheet, which stands in the head. */
struct page {
    const struct report *report;
    struct markup out;
    struct svg_palette palette;
    const char *why; /* NULL: out of memory or out of disk */
    unsigned under_heading;
    /* largest of the endpoints so far: their first charts, any chart with its table, all
     * of their section but charts */
    size_t chart_bytes, any_chart_bytes, table_bytes;
    struct str links; /* ids of headings, each with a newline behind it */
};

/* label: for who does not see it. id: NULL for none. */
void html_table(struct page *page, const struct table *table, const char *label,
                const char *id);
/* The chart as SVG in a figure, with its numbers in a table: its own, folded, or the one
 * of an id. */
void html_chart(struct page *page, const struct report_chart *chart,
                const char *numbers_id);

#endif
