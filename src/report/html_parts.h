/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a page is put together from: elements, tables, charts, passages of an outline and
 * sections of endpoints, through libxml2's writer, which escapes all text. For html*.c
 * only.
 */
#ifndef REPORT_HTML_PARTS_H
#define REPORT_HTML_PARTS_H

#include "markup.h"
#include "outline.h"
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
    struct str ids;  /* of headings, each between newlines: first those of the parts */
    size_t parts;    /* headings of parts that were written */
    char *each_id;   /* of the heading above the sections of endpoints */
    /* of the endpoints so far: charts of each kind with their numbers, and all of a
     * section but charts */
    struct byte_mean {
        size_t bytes, count;
    } charts[REPORT_CHART_KINDS], tables;
    size_t sections_left_out; /* sections without some of their charts */
};

/* Passages in a page. */
struct html_place {
    const struct outline *outline;
    const char *anchor; /* what the ids of its tables begin with */
    bool of_endpoint;   /* it is the section of one: its headings are lower */
};

/* The id of a heading, or of a part for its heading, which no other heading has; the
 * caller frees. */
char *html_new_id(struct page *page, const char *heading);
/* With a link to itself. */
void html_heading(struct page *page, const char *level, const char *text, const char *id);
void html_passage(struct page *page, const struct html_place *place, size_t i);
/* A chart that stands before passage `at`. */
void html_chart_at(struct page *page, const struct html_place *place, size_t at,
                   const struct report_chart *chart);
/* The section of an endpoint, with so many to come. */
void html_endpoint(struct page *page, size_t index, size_t to_come);

/* label: for who does not see it. id: NULL for none. */
void html_table(struct page *page, const struct table *table, const char *label,
                const char *id);
/* The chart as SVG in a figure, with its numbers in a table: its own, folded, or the one
 * of an id. */
void html_chart(struct page *page, const struct report_chart *chart,
                const char *numbers_id);
/* Only its numbers, if no other table has them. */
void html_numbers(struct page *page, const struct report_chart *chart, bool folded);

#endif
