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
#include "passages.h"
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

/* --- the page --- */

static const char each_title[] = "Each endpoint";

static void write_link(struct page *page, const char *class, const char *id,
                       const char *text)
{
    struct str target;

    str_init(&target);
    str_addf(&target, "#%s", id);
    markup_start(&page->out, "a");
    if (class)
        markup_attribute(&page->out, "class", class);
    markup_attribute(&page->out, "href", target.bytes);
    markup_string(&page->out, text);
    markup_end(&page->out);
    str_release(&target);
}

/* A link to each part; their headings take these ids in the same order. */
static void write_links(struct page *page, const struct outline *outline)
{
    markup_start(&page->out, "nav");
    markup_attribute(&page->out, "aria-label", "Parts of the report");
    markup_start(&page->out, "ul");
    for (size_t i = 0; i < outline->count; i++) {
        if (outline->passages[i].kind != BLOCK_PART)
            continue;
        char *id = html_new_id(page, outline->passages[i].text);
        markup_start(&page->out, "li");
        write_link(page, NULL, id, outline->passages[i].text);
        markup_end(&page->out);
        free(id);
    }
    page->each_id = html_new_id(page, each_title);
    if (page->report->overview.endpoint_count > 0) {
        markup_start(&page->out, "li");
        write_link(page, NULL, page->each_id, each_title);
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
        str_addf(&line, ", made %s", format_now(&page->report->zone).s);
    markup_element(&page->out, "footer", line.bytes);
    str_release(&line);
}

static void write_endpoints(struct page *page)
{
    const struct report *report = page->report;
    size_t count = report->overview.endpoint_count;

    if (count == 0)
        return;
    html_heading(page, "h2", each_title, page->each_id);
    for (size_t e = 0; e < count; e++)
        html_endpoint(page, report->order[e], count - 1 - e);
    if (page->sections_left_out == 0)
        return;
    char *left_out =
        outline_text("To be quick to open, this page has fewer charts of %zu "
                     "of its %zu endpoints; a report of a few (--endpoint) "
                     "has all.",
                     page->sections_left_out, count);
    markup_element(&page->out, "p", left_out);
    free(left_out);
}

static void write_body(struct page *page)
{
    struct outline outline;
    struct html_place place = {&outline, "numbers", false};

    outline_build_page(&outline, page->report);
    markup_start(&page->out, "body");
    markup_newline(&page->out);
    write_link(page, "skip", "report", "Skip to the report");
    write_links(page, &outline);
    markup_start(&page->out, "main");
    markup_attribute(&page->out, "id", "report");
    for (size_t i = 0; i < outline.count; i++)
        html_passage(page, &place, i);
    if (page->report->overview.endpoint_count > 0)
        markup_element(
            &page->out, "p",
            "With the keyboard: Tab leads to links, folded parts, tables that are "
            "wider than the page (arrow keys move them), heads of columns (Enter "
            "sorts by one) and flame graphs (arrow keys lead from frame to frame, "
            "Enter makes one as wide as the whole, Escape brings all back). The # "
            "behind a heading is its address.");
    write_endpoints(page);
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
    str_init(&page.ids);
    outline_build_page(&outline, report);
    print_parts(&page, outline.count ? outline.passages[0].text : "Report", out);
    outline_release(&outline);
    svg_palette_release(&page.palette);
    free(page.each_id);
    str_release(&page.ids);
    if (page.out.failed)
        return err_set(err, ERR_OUTPUT, "the HTML report could not be made: %s",
                       page.why ? page.why : "out of memory");
    if (fflush(out) || ferror(out))
        return err_set(err, ERR_OUTPUT,
                       "the HTML report could not be written; is the disk full or the "
                       "reader gone?");
    return 0;
}
