/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the printers for people say, in order: sentences, tables and strips of a report,
 * with all numbers as text. The terminal and Markdown print the same outline, so they
 * cannot disagree.
 */
#ifndef REPORT_OUTLINE_H
#define REPORT_OUTLINE_H

#include "report.h"
#include "table.h"

enum passage_kind {
    BLOCK_TITLE,
    BLOCK_PART, /* of a page only: what stands above headings */
    BLOCK_HEADING,
    BLOCK_FINDING, /* a sentence of those that come first */
    BLOCK_WARNING, /* a sentence that must be seen */
    BLOCK_LINE,    /* any other sentence */
    BLOCK_TABLE,
    BLOCK_STRIP, /* amounts as a row of little bars or shades, with labels */
    BLOCK_CHART, /* text is the title, name the file without suffix */
    BLOCK_NEXT   /* what to do next */
};

/* Amounts 0..1 of the largest; NAN: no data. */
struct strip {
    double *amounts;
    size_t count;
    char *after; /* right of it */
    bool shades; /* how much ink instead of how high: rows of a map */
    bool named;  /* the label is a name: as wide as its neighbours' */
};

struct passage {
    enum passage_kind kind;
    bool detail;             /* folded in Markdown, not in the terminal */
    bool untitled;           /* of a table in a page: the heading above says what it is */
    enum report_topic topic; /* of a finding */
    char *text;              /* clean; heading of a table, label of a strip */
    const char *name;
    const struct report_chart *chart; /* of a BLOCK_CHART */
    /* bits 1 << kind of charts; of a table: those whose numbers it has; of a heading in
     * an endpoint's section: those that stand below it */
    unsigned charts;
    struct table table;
    struct strip strip;
};

struct outline {
    struct passage *passages;
    size_t count, room;
    bool page; /* each endpoint has a section of its own, and charts stand in their place
                */
};

/* So many endpoints that a page says less of each, and draws lines with fewer points. */
bool outline_has_many(const struct report *report);

void outline_build(struct outline *outline, const struct report *report);
/* The same for a page: without what outline_build_endpoint() tells of each endpoint. */
void outline_build_page(struct outline *outline, const struct report *report);
/* The section of one endpoint in a page: distribution, time, versions, outliers with
 * their stacks, profile. */
void outline_build_endpoint(struct outline *outline, const struct report *report,
                            const struct endpoint *endpoint);
void outline_release(struct outline *outline);

/* The label of a strip for text of one width a character. Caller frees. */
char *strip_label(const struct passage *passage, bool ascii);
/* A strip as text, one column an amount. Caller frees. */
char *strip_text(const struct strip *strip, bool ascii);

#endif
