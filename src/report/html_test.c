/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The page says what the outline says, its links lead somewhere, and nothing that a trace
 * holds runs in a browser.
 */
#include "label.h"
#include "outline.h"

#include "src/base/err.h"
#include "src/base/mem.h"
#include "src/findings/made_summary.h"
#include "src/input/input.h"

#include "testdata/cmocka_tests.h"

#include "testdata/browser.h"

#include <libxml/HTMLparser.h>
#include <libxml/xpath.h>

#define HOUR_NS INT64_C(3600000000000)
#define START_NS INT64_C(1711800000000000000) /* 2024-03-30 12:00 UTC */

/* What would leave a mark on the page's root element, if it ran or were markup. */
#define MARK "document.documentElement.setAttribute('hit',1)"
static const char *const planted[] = {
    "<script>" MARK "</script>",
    "</title></style></script><script>" MARK "</script>",
    "\"><img src=x onerror=\"" MARK "\">",
    "<svg onload=" MARK "><script>" MARK "</script></svg>",
    "' onfocus='" MARK "' autofocus='",
    "]]><!--><iframe src=\"javascript:parent." MARK "\"></iframe>",
    "javascript:" MARK,
    "GET /{{constructor.constructor('" MARK "')()}}&lt;b&gt;",
};
enum { PLANTED = sizeof(planted) / sizeof(planted[0]) };

struct site {
    struct made made;
    struct input_report input;
    struct report report;
};

static void site_build(struct site *site)
{
    struct report_options options;
    struct err err = ERR_INIT;

    report_options_init(&options);
    options.time_zone = "UTC";
    options.repeatable = true;
    if (report_build(&site->report, site->made.summary, &site->input, &options, &err))
        fail_msg("%s", err.message);
}

static struct event_text text_of(const char *text)
{
    return (struct event_text){text, strlen(text)};
}

/* Beside requests: exceptions with messages, code in stacks, gauges, paths and headers.
 */
static void plant_beside(struct site *site, uint32_t i)
{
    struct source_map *map = site->made.map;
    struct event_text words = text_of(planted[i]);
    struct event_request request = {(uint64_t)(START_NS + i * HOUR_NS / 100), 1 + i};
    uint32_t frame = source_map_frame(map, words, words, i);
    struct event_context_item items[] = {{.value = words},
                                         {.header = true, .name = words, .value = words}};

    summary_add_exception(site->made.summary, map,
                          &(struct event_exception){.request = request,
                                                    .utc_ns = START_NS,
                                                    .count = 1,
                                                    .type = words,
                                                    .message = words,
                                                    .frames = &frame,
                                                    .frame_count = 1});
    summary_add_sample(site->made.summary, map,
                       &(struct event_sample){.request = request,
                                              .utc_ns = START_NS,
                                              .interval_us = 10000,
                                              .profile = true,
                                              .outlier = true,
                                              .running = true,
                                              .frames = &frame,
                                              .frame_count = 1});
    summary_add_context(site->made.summary, map, request, START_NS, items, 2);
    summary_add_gauge(site->made.summary, words, START_NS, i);
    summary_add_unfinished(site->made.summary, map,
                           &(struct event_unfinished){.request = request,
                                                      .start_utc_ns = START_NS,
                                                      .group = words,
                                                      .address = words,
                                                      .path = words});
}

/* Planted names wherever a trace has names. */
static void site_init(struct site *site)
{
    uint64_t seed = 1;

    *site = (struct site){.input = {.files = 1, .requests = 6000}};
    made_init(&site->made);
    for (uint32_t i = 0; i < PLANTED; i++) {
        made_group(&site->made, i + 1, planted[i]);
        made_address(&site->made, i + 1, planted[i]);
        for (uint32_t v = 0; v < 2; v++)
            made_endpoint(&site->made, 1 + i + v * PLANTED, planted[0], planted[1 + v],
                          planted[i]);
        plant_beside(site, i);
    }
    for (int64_t i = 0; i < 6000; i++) {
        uint32_t which = (uint32_t)(made_uniform(&seed) * 2 * PLANTED);
        struct made_request request = {.endpoint = 1 + which,
                                       .group = 1 + which % PLANTED,
                                       .address = 1 + which % PLANTED,
                                       .start_utc_ns = START_NS + i * HOUR_NS / 100,
                                       .duration_ns = made_latency_ns(&seed, 5e6, .6),
                                       .status = i % 97 ? 200 : 500};
        made_add(&site->made, &request);
    }
    site_build(site);
}

static void site_release(struct site *site)
{
    report_release(&site->report);
    made_release(&site->made);
}

static char *page_of(const struct report *report, size_t *size)
{
    char *text = NULL;
    struct err err = ERR_INIT;
    FILE *out = open_memstream(&text, size);

    if (report_html(report, out, &err))
        fail_msg("%s", err.message);
    fclose(out);
    return text;
}

/* The caller frees path, and removes the file. */
static char *file_of(const char *page, size_t size)
{
    char *path = mem_text("/tmp/fmd-page-XXXXXX.html");
    int file = mkstemps(path, 5);

    assert_true(file >= 0);
    assert_int_equal(write(file, page, size), size);
    close(file);
    return path;
}

static size_t count_of(const char *text, const char *what)
{
    size_t count = 0;

    for (const char *c = text; (c = strstr(c, what)); c += strlen(what))
        count++;
    return count;
}

TEST(nothing_that_a_trace_holds_runs_in_a_browser_but_the_pages_own_script_does)
{
    struct site site;
    size_t size;

    site_init(&site);
    assert_int_equal(site.report.incidents.exception_count, PLANTED);
    char *page = page_of(&site.report, &size), *path = file_of(page, size);
    char *dom = browser_dom(path);
    assert_non_null(strstr(dom, "<html lang=\"en\"><head>")); /* no mark on it */
    assert_int_equal(count_of(dom, "<script"), 1);
    assert_int_equal(count_of(dom, "<iframe"), 0);
    assert_int_equal(count_of(dom, "<img"), 0);
    assert_int_equal(count_of(dom, "<style"), 1);
    assert_non_null(strstr(dom, "<button type=\"button\">Requests</button>"));
    unlink(path);
    free(dom);
    free(path);
    free(page);
    site_release(&site);
}

/* --- read back --- */

static xmlDoc *parsed(const char *page, size_t size)
{
    xmlDoc *document =
        htmlReadMemory(page, (int)size, "report.html", "UTF-8",
                       HTML_PARSE_NONET | HTML_PARSE_NOERROR | HTML_PARSE_NOWARNING);
    assert_non_null(document);
    return document;
}

static xmlXPathObject *found(xmlDoc *document, const char *path)
{
    xmlXPathContext *context = xmlXPathNewContext(document);
    xmlXPathObject *object = xmlXPathEvalExpression((const xmlChar *)path, context);

    assert_non_null(object);
    xmlXPathFreeContext(context);
    return object;
}

static size_t count_found(xmlDoc *document, const char *path)
{
    xmlXPathObject *object = found(document, path);
    size_t count = object->nodesetval ? (size_t)object->nodesetval->nodeNr : 0;

    xmlXPathFreeObject(object);
    return count;
}

static void assert_has(const char *content, const char *what)
{
    if (!strstr(content, what))
        fail_msg("the page does not say: %s", what);
}

/* Every sentence and every cell, as text, before any script ran. */
static void assert_says(const char *content, const struct outline *outline)
{
    for (size_t i = 0; i < outline->count; i++) {
        const struct passage *passage = &outline->passages[i];
        if (passage->kind == BLOCK_CHART || passage->kind == BLOCK_NEXT)
            continue;
        assert_has(content, passage->text);
        for (size_t c = 0; c < passage->table.cell_count; c++)
            if (!passage->table.cells[c].series) /* a picture with words of its own */
                assert_has(content, passage->table.cells[c].text);
    }
}

TEST(the_page_says_all_that_the_outline_says_without_any_script)
{
    struct site site;
    struct outline outline;
    size_t size;

    site_init(&site);
    char *page = page_of(&site.report, &size);
    xmlDoc *document = parsed(page, size);
    xmlChar *content = xmlNodeGetContent(xmlDocGetRootElement(document));
    outline_build_page(&outline, &site.report);
    assert_says((const char *)content, &outline);
    outline_release(&outline);
    for (size_t e = 0; e < site.report.overview.endpoint_count; e++) {
        outline_build_endpoint(&outline, &site.report,
                               &site.report.overview.endpoints[e]);
        assert_says((const char *)content, &outline);
        outline_release(&outline);
    }
    xmlFree(content);
    xmlFreeDoc(document);
    free(page);
    site_release(&site);
}

/* In itself, or the one that it leads to, which has rows. */
static void assert_every_figure_has_a_table(xmlDoc *document)
{
    assert_true(count_found(document, "//figure") > PLANTED);
    assert_true(count_found(document, "//figure//table") > PLANTED);
    assert_true(count_found(document, "//figure[@aria-details]") > PLANTED);
    assert_int_equal(count_found(document, "//figure[not(.//table/tbody/tr) and "
                                           "not(@aria-details=//table[tbody/tr]/@id)]"),
                     0);
}

/* One h1, and none is more than one level below the one before it. */
static void assert_headings_are_in_order(xmlDoc *document)
{
    xmlXPathObject *headings = found(document, "//h1|//h2|//h3|//h4|//h5|//h6");
    int before = 0;

    assert_true(headings->nodesetval->nodeNr > PLANTED);
    for (int i = 0; i < headings->nodesetval->nodeNr; i++) {
        int level = headings->nodesetval->nodeTab[i]->name[1] - '0';
        if (level > before + 1)
            fail_msg("heading %d is a h%d below a h%d", i, level, before);
        before = level;
    }
    xmlXPathFreeObject(headings);
    assert_int_equal(count_found(document, "//h1"), 1);
}

static void assert_cells_have_heads(xmlDoc *document)
{
    assert_int_equal(count_found(document, "//thead//th[not(@scope='col')]"), 0);
    assert_int_equal(count_found(document, "//tbody/tr[count(th[@scope='row']) != 1]"),
                     0);
    assert_int_equal(count_found(document, "//tbody/tr[count(*) != "
                                           "count(ancestor::table/thead/tr/th)]"),
                     0);
}

TEST(every_link_leads_to_one_place_in_the_page_and_no_address_leaves_it)
{
    struct site site;
    size_t size;

    site_init(&site);
    char *page = page_of(&site.report, &size);
    xmlDoc *document = parsed(page, size);
    xmlXPathObject *links = found(document, "//a/@href");
    assert_true(links->nodesetval->nodeNr >= PLANTED);
    for (int i = 0; i < links->nodesetval->nodeNr; i++) {
        xmlChar *target = xmlNodeGetContent(links->nodesetval->nodeTab[i]);
        char path[256];
        assert_int_equal(target[0], '#');
        snprintf(path, sizeof(path), "//*[@id='%s']", (const char *)target + 1);
        if (count_found(document, path) != 1)
            fail_msg("%s leads to %zu places", (const char *)target,
                     count_found(document, path));
        xmlFree(target);
    }
    xmlXPathFreeObject(links);
    assert_int_equal(count_found(document, "//@src | //link | //*[@style]"), 0);
    assert_true(count_found(document, "//table[not(@aria-label)]") == 0);
    assert_every_figure_has_a_table(document);
    assert_headings_are_in_order(document);
    assert_cells_have_heads(document);
    assert_int_equal(count_found(document, "//*[local-name()='svg' and (not(@role='img') "
                                           "or string-length(@aria-label) = 0)]"),
                     0);
    xmlFreeDoc(document);
    free(page);
    site_release(&site);
}

static size_t endpoints_without_a_chart(const char *page, size_t size)
{
    xmlDoc *document = parsed(page, size);
    size_t count = count_found(document, "//section[not(.//figure)]");

    assert_int_equal(count_found(document, "//section"), 200);
    xmlFreeDoc(document);
    return count;
}

static size_t json_bytes(const struct report *report)
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);

    assert_non_null(out);
    assert_int_equal(report_json(report, out, NULL), 0);
    assert_int_equal(fclose(out), 0);
    free(text);
    return size;
}

TEST(two_hundred_endpoints_of_ten_versions_stay_below_three_megabytes)
{
    struct site site = {.input = {.files = 1}};
    uint64_t seed = 7;
    size_t size;

    made_init(&site.made);
    for (uint32_t e = 0; e < 200; e++)
        for (uint32_t v = 0; v < 10; v++) {
            char name[64], version[16];
            snprintf(name, sizeof(name), "GET /api/v1/resource-%u/<int:id>", e);
            snprintf(version, sizeof(version), "2.%u.0", v);
            made_endpoint(&site.made, 1 + e * 10 + v, "shop", version, name);
        }
    for (int64_t i = 0; i < 400000; i++) {
        uint32_t version = (uint32_t)(i / 40000);
        struct made_request request = {
            .endpoint = 1 + (uint32_t)(made_uniform(&seed) * 200) * 10 + version,
            .start_utc_ns = START_NS + i * HOUR_NS / 400,
            .duration_ns = made_latency_ns(&seed, 5e6, .9),
            .status = i % 97 ? 200 : 500};
        made_add(&site.made, &request);
    }
    site_build(&site);
    char *page = page_of(&site.report, &size);
    print_message("# %zu bytes\n", size);
    assert_true(size < 3000000);
    /* a course of each endpoint in each version: all share a number of bins */
    assert_true(json_bytes(&site.report) < 12000000);
    assert_int_equal(endpoints_without_a_chart(page, size), 0);
    free(page);
    site_release(&site);
}

TEST(nothing_at_all_is_a_page_too)
{
    struct site site = {.input = {.files = 0}};
    size_t size;

    made_init(&site.made);
    site_build(&site);
    char *page = page_of(&site.report, &size);
    assert_has(page, "<h1>No requests</h1>");
    free(page);
    site_release(&site);
}
