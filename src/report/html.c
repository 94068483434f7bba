/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The report as one HTML file: no network, complete without script and without style
 * sheet (some CI servers block both), with charts as SVG in it. What must not run cannot:
 * a policy in the page names its own style sheet and script by hash and nothing else.
 *
 * All text goes through libxml2's writer, which escapes it; only the style sheet and the
 * script, which hold nothing of a trace, are written raw. Built for 200 endpoints × 10
 * versions in less than 3 MB.
 */
#include "charts.h"
#include "format.h"
#include "html_parts.h"
#include "label.h"
#include "outline.h"
#include "page_assets.h"

#include "src/base/err.h"
#include "src/base/mem.h"
#include "src/base/str.h"

#include <ctype.h>
#include <glib.h>
#include <libxml/xmlwriter.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* --- passages --- */

/* "Usage (UTC)" is linked as #usage; a word that was taken before gets no link. */
static char *id_of_heading(struct page *page, const char *heading)
{
    struct str id;

    str_init(&id);
    for (const char *c = heading; isalpha((unsigned char)*c); c++)
        str_add_byte(&id, (char)tolower((unsigned char)*c));
    str_add_byte(&id, '\n');
    if (id.length == 1 || (page->links.length && strstr(page->links.bytes, id.bytes))) {
        str_release(&id);
        return NULL;
    }
    str_add_text(&page->links, id.bytes);
    id.bytes[id.length - 1] = '\0';
    return str_take(&id);
}

static void write_heading(struct page *page, const char *level, const char *heading)
{
    char *id = id_of_heading(page, heading);

    markup_start(&page->out, level);
    if (id)
        markup_attribute(&page->out, "id", id);
    markup_string(&page->out, heading);
    markup_end(&page->out);
    markup_newline(&page->out);
    free(id);
}

/* Tables that charts lead to: "numbers-3", "e-get-cart-1f00-3". NULL: none does. */
static char *id_of_numbers(const struct outline *outline, const char *prefix, size_t i)
{
    struct str id;

    if (!outline->passages[i].charts)
        return NULL;
    str_init(&id);
    str_addf(&id, "%s-%zu", prefix, i);
    return str_take(&id);
}

/* The next table from a passage on that has the numbers of a kind of chart, else one
 * before; outline->count: none has. */
static size_t find_numbers(const struct outline *outline, size_t from,
                           enum report_chart_kind kind)
{
    for (size_t i = 0; i < outline->count; i++) {
        size_t at = (from + i) % outline->count;
        if (outline->passages[at].charts & 1u << kind)
            return at;
    }
    return outline->count;
}

/* A chart that stands before passage `at`. */
static void write_chart(struct page *page, const struct outline *outline,
                        const char *prefix, size_t at, const struct report_chart *chart)
{
    size_t found = find_numbers(outline, at, chart->kind);
    char *id = found < outline->count ? id_of_numbers(outline, prefix, found) : NULL;

    html_chart(page, chart, id);
    free(id);
}

static const char numbers_prefix[] = "numbers";

static void write_table_passage(struct page *page, const struct outline *outline,
                                size_t i)
{
    const struct passage *passage = &outline->passages[i];
    char *id = id_of_numbers(outline, numbers_prefix, i);

    if (passage->detail) {
        markup_start(&page->out, "details");
        markup_element(&page->out, "summary", passage->text);
        html_table(page, &passage->table, passage->text, id);
        markup_end(&page->out);
    } else {
        write_heading(page, page->under_heading ? "h3" : "h2", passage->text);
        html_table(page, &passage->table, passage->text, id);
    }
    free(id);
}

static void write_strip(struct page *page, const struct passage *passage)
{
    char *strip = strip_text(&passage->strip, false);
    char *label = strip_label(passage, false);

    markup_start(&page->out, "pre");
    markup_string(&page->out, label);
    markup_string(&page->out, "  ");
    markup_start(&page->out, "span");
    markup_attribute(&page->out, "aria-hidden", "true");
    markup_string(&page->out, strip);
    markup_end(&page->out);
    markup_string(&page->out, "  ");
    markup_string(&page->out, passage->strip.after);
    markup_end(&page->out);
    markup_newline(&page->out);
    free(strip);
    free(label);
}

/* Passages of one kind that follow each other are one list. */
static void write_item(struct page *page, const struct outline *outline, size_t i,
                       const char *class)
{
    enum passage_kind kind = outline->passages[i].kind;

    if (i == 0 || outline->passages[i - 1].kind != kind) {
        markup_start(&page->out, "ul");
        markup_attribute(&page->out, "class", class);
    }
    markup_element(&page->out, "li", outline->passages[i].text);
    if (i + 1 == outline->count || outline->passages[i + 1].kind != kind) {
        markup_end(&page->out);
        markup_newline(&page->out);
    }
}

static void write_passage(struct page *page, const struct outline *outline, size_t i)
{
    const struct passage *passage = &outline->passages[i];

    switch (passage->kind) {
    case BLOCK_TITLE:
        markup_element(&page->out, "h1", passage->text);
        break;
    case BLOCK_HEADING:
        page->under_heading++;
        write_heading(page, "h2", passage->text);
        break;
    case BLOCK_FINDING:
        write_item(page, outline, i, "findings");
        break;
    case BLOCK_WARNING:
        write_item(page, outline, i, "warnings");
        break;
    case BLOCK_LINE:
        markup_element(&page->out, "p", passage->text);
        break;
    case BLOCK_TABLE:
        write_table_passage(page, outline, i);
        break;
    case BLOCK_STRIP:
        write_strip(page, passage);
        break;
    case BLOCK_CHART:
        write_chart(page, outline, numbers_prefix, i, passage->chart);
        break;
    case BLOCK_NEXT: /* whoever reads this has written it */
        break;
    }
}

/* --- endpoints --- */

/* With more endpoints than so many, lines are drawn with fewer points. The body of a page
 * has at most so many bytes. */
enum {
    MANY_ENDPOINTS = 40,
    POINTS_OF_MANY = 32,
    MOST_BYTES = 2950000,
    SLACK_BYTES = 50000
};

static size_t bytes_of(struct page *page)
{
    markup_note(&page->out, xmlTextWriterFlush(page->out.writer));
    return (size_t)xmlBufferLength(page->out.buffer);
}

/* Whether chart i of an endpoint may be drawn when so many endpoints are to come: the
 * tables of those have their room, and before second charts their first charts, too. */
static bool has_room(struct page *page, size_t i, size_t to_come)
{
    size_t tables = page->table_bytes ? page->table_bytes : 8000;
    size_t chart = page->chart_bytes ? page->chart_bytes : 12000;
    size_t next = i > 0 && page->any_chart_bytes > chart ? page->any_chart_bytes : chart;
    size_t later = to_come * tables;

    if (i > 0) /* with some slack, for later ones may be larger */
        later += to_come * chart + to_come * (tables + chart) / 8 + SLACK_BYTES;
    return bytes_of(page) + next + tables + later < MOST_BYTES;
}

static void keep_most(size_t *most, size_t bytes)
{
    *most = bytes > *most ? bytes : *most;
}

/* Returns how many bytes they take. */
static size_t write_endpoint_charts(struct page *page, const struct outline *outline,
                                    const char *anchor, size_t index, size_t to_come)
{
    const struct report *report = page->report;
    struct report_chart charts[REPORT_ENDPOINT_CHARTS];
    size_t count = report_plan_endpoint(report, index, charts), left_out = 0;
    size_t begin = bytes_of(page);

    for (size_t i = 0; i < count; i++) {
        if (report->overview.endpoint_count > MANY_ENDPOINTS)
            charts[i].points = POINTS_OF_MANY;
        size_t before = bytes_of(page);
        if (has_room(page, i, to_come))
            write_chart(page, outline, anchor, 0, &charts[i]);
        else
            left_out++;
        keep_most(&page->any_chart_bytes, bytes_of(page) - before);
        report_chart_release(&charts[i]);
        if (i == 0)
            keep_most(&page->chart_bytes, bytes_of(page) - begin);
    }
    if (left_out == count)
        markup_element(&page->out, "p",
                       "No charts here, to keep the page quick to open.");
    return bytes_of(page) - begin;
}

/* Headings have no id: every endpoint has tables of these names. */
static void write_endpoint_passage(struct page *page, const struct outline *outline,
                                   const char *anchor, size_t i)
{
    const struct passage *passage = &outline->passages[i];
    char *id = id_of_numbers(outline, anchor, i);

    if (passage->kind != BLOCK_TABLE) {
        markup_element(&page->out, "p", passage->text);
        return;
    }
    markup_start(&page->out, passage->detail ? "details" : "div");
    markup_element(&page->out, passage->detail ? "summary" : "h3", passage->text);
    html_table(page, &passage->table, passage->text, id);
    markup_end(&page->out);
    free(id);
}

static void write_endpoint(struct page *page, size_t index, size_t to_come)
{
    const struct report *report = page->report;
    const struct endpoint *endpoint = &report->overview.endpoints[index];
    char *label = label_of_endpoint(report, endpoint);
    char *anchor = anchor_of_endpoint(report, endpoint);
    size_t begin = bytes_of(page);
    struct str target;
    struct outline outline;

    str_init(&target);
    str_addf(&target, "#%s", anchor);
    markup_start(&page->out, "section");
    markup_attribute(&page->out, "id", anchor);
    markup_start(&page->out, "h2");
    markup_string(&page->out, label);
    markup_start(&page->out, "a");
    markup_attribute(&page->out, "class", "anchor");
    markup_attribute(&page->out, "href", target.bytes);
    markup_attribute(&page->out, "aria-label", "link to this endpoint");
    markup_string(&page->out, "#");
    markup_end(&page->out);
    markup_end(&page->out);
    markup_newline(&page->out);
    outline_build_endpoint(&outline, report, endpoint);
    if (report->options.charts)
        begin += write_endpoint_charts(page, &outline, anchor, index, to_come);
    for (size_t i = 0; i < outline.count; i++)
        write_endpoint_passage(page, &outline, anchor, i);
    outline_release(&outline);
    markup_end(&page->out);
    markup_newline(&page->out);
    keep_most(&page->table_bytes, bytes_of(page) - begin);
    str_release(&target);
    free(anchor);
    free(label);
}

/* --- the page --- */

static void write_links(struct page *page)
{
    static const char *const places[][2] = {{"#endpoints", "Endpoints"},
                                            {"#usage", "Usage"},
                                            {"#each", "Each endpoint"},
                                            {"#how", "How to read it"}};

    markup_start(&page->out, "nav");
    markup_attribute(&page->out, "aria-label", "Parts of the report");
    markup_start(&page->out, "ul");
    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        markup_start(&page->out, "li");
        markup_start(&page->out, "a");
        markup_attribute(&page->out, "href", places[i][0]);
        markup_string(&page->out, places[i][1]);
        markup_end(&page->out);
        markup_end(&page->out);
    }
    markup_end(&page->out);
    markup_end(&page->out);
    markup_newline(&page->out);
}

static void write_raw(struct page *page, const char *name, const char *content)
{
    markup_start(&page->out, name);
    markup_note(&page->out,
                xmlTextWriterWriteRaw(page->out.writer, (const xmlChar *)content));
    markup_end(&page->out);
    markup_newline(&page->out);
}

static void write_footer(struct page *page)
{
    struct str line;

    str_init(&line);
    str_add_text(&line, "fmd-analyze " FMD_VERSION);
    if (!page->report->options.repeatable)
        str_addf(&line, ", %s", format_iso((int64_t)time(NULL) * 1000000000).s);
    markup_element(&page->out, "footer", line.bytes);
    str_release(&line);
}

static void write_body(struct page *page)
{
    const struct report *report = page->report;
    struct outline outline;

    outline_build_page(&outline, report);
    markup_start(&page->out, "body");
    markup_newline(&page->out);
    write_links(page);
    markup_start(&page->out, "main");
    for (size_t i = 0; i < outline.count; i++)
        write_passage(page, &outline, i);
    markup_start(&page->out, "div");
    markup_attribute(&page->out, "id", "each");
    markup_newline(&page->out);
    for (size_t e = 0; e < report->overview.endpoint_count; e++)
        write_endpoint(page, report->order[e], report->overview.endpoint_count - 1 - e);
    markup_end(&page->out);
    markup_end(&page->out);
    write_footer(page);
    markup_newline(&page->out);
    write_raw(page, "script", page_script); /* last: all is there when it runs */
    markup_end(&page->out);
    markup_newline(&page->out);
    outline_release(&outline);
}

/* "'sha256-…'", as a policy names a text; the caller frees. */
static char *hash_source(const char *content)
{
    guint8 digest[32];
    gsize size = sizeof(digest);
    struct str source;
    GChecksum *checksum = g_checksum_new(G_CHECKSUM_SHA256);

    g_checksum_update(checksum, (const guchar *)content, -1);
    g_checksum_get_digest(checksum, digest, &size);
    g_checksum_free(checksum);
    gchar *base64 = g_base64_encode(digest, size);
    str_init(&source);
    str_addf(&source, "'sha256-%s'", base64);
    g_free(base64);
    return str_take(&source);
}

static void write_meta(struct page *page, const char *name, const char *key,
                       const char *content)
{
    markup_start(&page->out, "meta");
    markup_attribute(&page->out, name, key);
    markup_attribute(&page->out, "content", content);
    markup_end_void(&page->out);
    markup_newline(&page->out);
}

static void write_policy(struct page *page, const char *style)
{
    char *style_hash = hash_source(style), *script_hash = hash_source(page_script);
    struct str policy;

    str_init(&policy);
    str_addf(&policy,
             "default-src 'none'; base-uri 'none'; form-action 'none'; style-src %s; "
             "script-src %s",
             style_hash, script_hash);
    write_meta(page, "http-equiv", "Content-Security-Policy", policy.bytes);
    str_release(&policy);
    free(style_hash);
    free(script_hash);
}

/* The sheet and what turns the charts dark. */
static char *style_of(struct page *page)
{
    char *style = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&style, &size);

    if (!out) {
        page->out.failed = true;
        return mem_text("");
    }
    fprintf(out, "%s@media screen and (prefers-color-scheme:dark){\n", page_style);
    svg_palette_print(&page->palette, out);
    fputs("}\n", out);
    page->out.failed |= fclose(out) != 0;
    return style ? style : mem_text("");
}

static void write_head(struct page *page, const char *title)
{
    char *style = style_of(page);

    markup_start(&page->out, "head");
    markup_newline(&page->out);
    markup_start(&page->out, "meta");
    markup_attribute(&page->out, "charset", "utf-8");
    markup_end_void(&page->out);
    markup_newline(&page->out);
    write_policy(page, style);
    write_meta(page, "name", "viewport", "width=device-width, initial-scale=1");
    write_meta(page, "name", "referrer", "no-referrer");
    markup_element(&page->out, "title", title);
    write_raw(page, "style", style);
    markup_end(&page->out);
    markup_newline(&page->out);
    free(style);
}

/* A part of the page in a buffer of its own, to be released; a failure stays. */
static struct markup write_part(struct page *page, const char *title)
{
    markup_begin(&page->out);
    if (title)
        write_head(page, title);
    else
        write_body(page);
    return page->out;
}

static void print_parts(struct page *page, const char *title, FILE *out)
{
    struct markup body = write_part(page, NULL), head = write_part(page, title);

    if (!page->out.failed)
        fprintf(out, "<!DOCTYPE html>\n<html lang=\"en\">\n%s%s</html>\n",
                markup_text(&head), markup_text(&body));
    markup_release(&body);
    markup_release(&head);
}

int report_html(const struct report *report, FILE *out, struct err *err)
{
    struct report all = *report;
    struct page page = {.report = &all};
    struct outline outline;

    all.options.top = 0; /* a page has room for every row */
    str_init(&page.links);
    outline_build_page(&outline, report);
    print_parts(&page, outline.count ? outline.passages[0].text : "Report", out);
    outline_release(&outline);
    svg_palette_release(&page.palette);
    str_release(&page.links);
    if (page.out.failed)
        return err_set(err, ERR_OUTPUT, "the HTML report could not be made: %s",
                       page.why ? page.why : "out of memory");
    if (fflush(out) || ferror(out))
        return err_set(err, ERR_OUTPUT,
                       "the HTML report could not be written; is the disk full or the "
                       "reader gone?");
    return 0;
}
