/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The section of one endpoint in a page. A page has so many bytes: which charts a section
 * gets is decided from how large those of the sections before were, so that every
 * endpoint has its tables, and what matters most is drawn for all before anything else is
 * drawn for some.
 */
#include "html_parts.h"

#include "charts.h"
#include "label.h"

#include <libxml/xmlwriter.h>
#include <stdlib.h>

/* Of many endpoints lines are drawn with fewer points. The body of a page has at most so
 * many bytes. Before one has been written, a section without its charts is taken to have
 * so many, and each of its charts. */
enum {
    POINTS_OF_MANY = 32,
    MOST_BYTES = 2950000,
    SLACK_BYTES = 30000,
    CHART_BYTES = 5500,
    TABLES_BYTES = 5500
};

static size_t bytes_of(struct page *page)
{
    markup_note(&page->out, xmlTextWriterFlush(page->out.writer));
    return (size_t)xmlBufferLength(page->out.buffer);
}

static void add_bytes(struct byte_mean *mean, size_t bytes)
{
    mean->bytes += bytes;
    mean->count++;
}

/* --- which charts have room --- */

static size_t mean_bytes(const struct byte_mean *mean, size_t unknown)
{
    return mean->count ? mean->bytes / mean->count : unknown;
}

static size_t bytes_of_kind(const struct page *page, unsigned kind)
{
    return mean_bytes(&page->charts[kind], CHART_BYTES);
}

/* What so many sections need when each has its tables and its charts of some kinds. */
static size_t bytes_of_all(const struct page *page, size_t sections, unsigned kinds)
{
    size_t each = mean_bytes(&page->tables, TABLES_BYTES);

    for (unsigned kind = 0; kind < REPORT_CHART_KINDS; kind++)
        if (kinds & 1u << kind)
            each += bytes_of_kind(page, kind);
    return sections * each;
}

/* Which of the charts are drawn: bits 1 << kind. First those kinds that all endpoints
 * have, one kind after the other; when all have these, the first endpoints get more. */
static unsigned choose_charts(struct page *page, const struct report_chart *charts,
                              size_t count, size_t to_come)
{
    static const unsigned for_all[] = {1u << REPORT_CHART_LATENCY,
                                       1u << REPORT_CHART_TIMELINE};
    size_t room = MOST_BYTES - SLACK_BYTES, used = bytes_of(page);
    unsigned later = 0, chosen = 0;
    bool all_fit = true;

    for (size_t i = 0; i < sizeof(for_all) / sizeof(for_all[0]) && all_fit; i++) {
        all_fit = used + bytes_of_all(page, to_come + 1, later | for_all[i]) <= room;
        later |= all_fit || i == 0 ? for_all[i] : 0;
    }
    used += bytes_of_all(page, to_come, all_fit ? later : 0) + bytes_of_all(page, 1, 0);
    for (size_t i = 0; i < count; i++) {
        unsigned bit = 1u << charts[i].kind;
        size_t bytes = bytes_of_kind(page, charts[i].kind);
        if ((all_fit || later & bit) && used + bytes <= room) {
            chosen |= bit;
            used += bytes;
        }
    }
    return chosen;
}

/* --- the section --- */

struct section {
    struct html_place place;
    struct report_chart charts[REPORT_ENDPOINT_CHARTS];
    size_t chart_count, drawn_bytes;
    unsigned chosen; /* bits 1 << kind */
    bool left_out;   /* some are not drawn */
};

/* Charts of the kinds; of those that are not drawn the numbers, if no other table has
 * them. */
static void write_charts(struct page *page, struct section *section, size_t at,
                         unsigned kinds)
{
    for (size_t i = 0; i < section->chart_count; i++) {
        const struct report_chart *chart = &section->charts[i];
        size_t before = bytes_of(page);
        if (!(kinds & 1u << chart->kind))
            continue;
        if (!(section->chosen & 1u << chart->kind)) {
            html_numbers(page, chart, false);
            section->left_out = true;
            continue;
        }
        html_chart_at(page, &section->place, at, chart);
        size_t bytes = bytes_of(page) - before;
        add_bytes(&page->charts[chart->kind], bytes);
        section->drawn_bytes += bytes;
    }
}

/* "endpoint-get-cart-1f00-time" */
static void write_part(struct page *page, const struct section *section, const char *text)
{
    struct str id;

    str_init(&id);
    str_addf(&id, "%s-%s", section->place.anchor, text);
    for (char *c = id.bytes + id.length; *c != '-'; c--)
        if (*c >= 'A' && *c <= 'Z')
            *c = (char)(*c - 'A' + 'a');
    markup_start(&page->out, "h4");
    markup_attribute(&page->out, "id", id.bytes);
    markup_string(&page->out, text);
    markup_end(&page->out);
    markup_newline(&page->out);
    str_release(&id);
}

static void write_outline(struct page *page, struct section *section)
{
    const struct outline *outline = section->place.outline;

    for (size_t i = 0; i < outline->count; i++)
        if (outline->passages[i].kind == BLOCK_HEADING) {
            write_part(page, section, outline->passages[i].text);
            write_charts(page, section, i, outline->passages[i].charts);
        } else {
            html_passage(page, &section->place, i);
        }
    page->sections_left_out += section->left_out;
}

void html_endpoint(struct page *page, size_t index, size_t to_come)
{
    const struct report *report = page->report;
    const struct endpoint *endpoint = &report->overview.endpoints[index];
    char *label = label_of_endpoint(report, endpoint);
    char *anchor = anchor_of_endpoint(report, endpoint);
    struct outline outline;
    struct section section = {.place = {&outline, anchor, true}};
    size_t begin = bytes_of(page);

    outline_build_endpoint(&outline, report, endpoint);
    if (report->options.charts)
        section.chart_count = report_plan_endpoint(report, index, section.charts);
    for (size_t i = 0; i < section.chart_count; i++)
        if (outline_has_many(report))
            section.charts[i].points = POINTS_OF_MANY;
    section.chosen = choose_charts(page, section.charts, section.chart_count, to_come);
    markup_start(&page->out, "section");
    markup_attribute(&page->out, "aria-labelledby", anchor);
    html_heading(page, "h3", label, anchor);
    write_outline(page, &section);
    markup_end(&page->out);
    markup_newline(&page->out);
    add_bytes(&page->tables, bytes_of(page) - begin - section.drawn_bytes);
    for (size_t i = 0; i < section.chart_count; i++)
        report_chart_release(&section.charts[i]);
    outline_release(&outline);
    free(anchor);
    free(label);
}
