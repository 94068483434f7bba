/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A scene as markup: read back by an XML parser it has the scene's words, and a browser
 * paints what cairo paints.
 */
#include "testdata/cmocka_tests.h"

#include "plots/charts/boxplot.h"
#include "plots/charts/latency.h"
#include "plots/mark.h"
#include "plots/render.h"
#include "plots/sample_data.h"
#include "plots/svg.h"
#include "testdata/browser.h"

#include <cairo.h>
#include <libxml/parser.h>
#include <libxml/xpath.h>
#include <unistd.h>

/* The markup of a scene, the caller frees. */
static xmlBuffer *written(const struct scene *scene, const struct scene *dark,
                          struct svg_palette *palette)
{
    const char *why = "";
    xmlBuffer *bytes = xmlBufferCreate();
    xmlTextWriter *writer = xmlNewTextWriterMemory(bytes, 0);
    assert_non_null(writer);
    if (svg_write(scene, dark, palette, writer, &why) != 0)
        fail_msg("%s", why);
    xmlFreeTextWriter(writer);
    return bytes;
}

static xmlDoc *parsed(const xmlBuffer *bytes)
{
    xmlDoc *document =
        xmlReadMemory((const char *)xmlBufferContent(bytes), xmlBufferLength(bytes),
                      "scene.svg", NULL, XML_PARSE_NONET);
    assert_non_null(document);
    return document;
}

/* Content of all elements of a name, one line each. */
static char *contents(xmlDoc *document, const char *element)
{
    char path[64], *text;
    size_t length;
    FILE *out = open_memstream(&text, &length);
    snprintf(path, sizeof(path), "//*[local-name()='%s']", element);
    xmlXPathContext *context = xmlXPathNewContext(document);
    xmlXPathObject *found = xmlXPathEvalExpression((const xmlChar *)path, context);
    for (int i = 0; i < found->nodesetval->nodeNr; i++) {
        xmlNode *node = found->nodesetval->nodeTab[i];
        xmlChar *content = xmlNodeGetContent(
            node->children && node->children->next ? node->children->next : node);
        fprintf(out, "%s\n", (const char *)content);
        xmlFree(content);
    }
    xmlXPathFreeObject(found);
    xmlXPathFreeContext(context);
    fclose(out);
    return text;
}

static const struct boxplot_row rows[] = {
    {"</svg><script>alert(1)</script>", 1e6, 2e6, 3e6, 4e6, 5e6, 9e6, 2e7, 100},
    {"סל & \"quote\" ]]>", 1e6, 2e6, 3e6, 4e6, 5e6, 9e6, 2e7, 100},
    {"籠\x01\xff", 1e6, 2e6, 3e6, 4e6, 5e6, 9e6, 2e7, 100}};

static void boxes(struct scene *scene, bool dark)
{
    struct boxplot_data data = {"<b>A & finding</b>", "of something", "endpoints", rows,
                                3};
    struct theme theme = dark ? theme_dark() : theme_light();
    const char *why = "";
    assert_int_equal(chart_boxplot(&data, &theme, scene, &why), 0);
}

TEST(every_text_of_a_scene_is_a_text_of_the_markup_and_no_name_becomes_an_element)
{
    struct scene scene;
    boxes(&scene, false);
    xmlBuffer *bytes = written(&scene, NULL, NULL);
    xmlDoc *document = parsed(bytes);
    char *texts = contents(document, "text"), *scripts = contents(document, "script");
    for (size_t i = 0; i < scene.count; i++)
        if (scene.shapes[i].kind == SHAPE_TEXT && !strstr(texts, scene.shapes[i].text))
            fail_msg("\"%s\" is missing in:\n%s", scene.shapes[i].text, texts);
    assert_string_equal(scripts, "");
    xmlNode *root = xmlDocGetRootElement(document);
    xmlChar *role = xmlGetProp(root, (const xmlChar *)"role");
    xmlChar *label = xmlGetProp(root, (const xmlChar *)"aria-label");
    assert_string_equal((const char *)role, "img");
    assert_string_equal((const char *)label, "<b>A & finding</b>");
    xmlFree(role);
    xmlFree(label);
    free(texts);
    free(scripts);
    xmlFreeDoc(document);
    xmlBufferFree(bytes);
    scene_release(&scene);
}

TEST(a_tip_becomes_a_title_of_each_shape_that_was_added_after_it)
{
    struct scene scene;
    scene_init(&scene, 100, 100);
    struct color ink = {0, 0, 0, 255};
    mark_dot(&scene, (struct frame){0, 0, 100, 100}, (struct point){9, 9}, 3, ink, ink);
    scene_tip(&scene, "p95 <b>20 ms</b>\n");
    mark_dot(&scene, (struct frame){0, 0, 100, 100}, (struct point){19, 9}, 3, ink, ink);
    scene_tip(&scene, NULL);
    mark_dot(&scene, (struct frame){0, 0, 100, 100}, (struct point){29, 9}, 3, ink, ink);
    xmlBuffer *bytes = written(&scene, NULL, NULL);
    xmlDoc *document = parsed(bytes);
    char *titles = contents(document, "title");
    assert_string_equal(titles, "p95 <b>20 ms</b>\n");
    free(titles);
    xmlFreeDoc(document);
    xmlBufferFree(bytes);
    scene_release(&scene);
}

TEST(in_the_dark_every_colour_of_the_light_picture_has_a_class_that_changes_it)
{
    struct scene light, dark;
    struct svg_palette palette = {.count = 0};
    boxes(&light, false);
    boxes(&dark, true);
    xmlBuffer *bytes = written(&light, &dark, &palette);
    char *rules;
    size_t length;
    FILE *out = open_memstream(&rules, &length);
    assert_int_equal(svg_palette_print(&palette, out), 0);
    fclose(out);
    assert_non_null(strstr(rules, "{fill:#181a20}"));   /* paper */
    assert_non_null(strstr(rules, "{fill:#eceef2}"));   /* ink */
    assert_non_null(strstr(rules, "{stroke:#2f333d}")); /* grid */
    assert_non_null(strstr((const char *)xmlBufferContent(bytes), "class=\"f0\""));
    size_t count = palette.count;
    xmlBuffer *again = written(&light, &dark, &palette);
    assert_int_equal(palette.count, count);
    assert_string_equal((const char *)xmlBufferContent(bytes),
                        (const char *)xmlBufferContent(again));
    free(rules);
    xmlBufferFree(bytes);
    xmlBufferFree(again);
    svg_palette_release(&palette);
    scene_release(&light);
    scene_release(&dark);
}

TEST(a_file_is_xml_of_its_own_with_rules_for_the_dark)
{
    struct scene light, dark;
    char path[] = "/tmp/fmd-svg-XXXXXX";
    const char *why = "";
    close(mkstemp(path));
    boxes(&light, false);
    boxes(&dark, true);
    assert_int_equal(svg_file(&light, &dark, path, &why), 0);
    xmlDoc *document = xmlReadFile(path, NULL, XML_PARSE_NONET);
    assert_non_null(document);
    assert_string_equal((const char *)xmlDocGetRootElement(document)->ns->href,
                        "http://www.w3.org/2000/svg");
    char *rules = contents(document, "style");
    assert_non_null(strstr(rules, "@media (prefers-color-scheme:dark)"));
    assert_non_null(strstr(rules, "{fill:#181a20}"));
    free(rules);
    xmlFreeDoc(document);
    unlink(path);
    assert_int_equal(svg_file(&light, NULL, "/nowhere/at/all.svg", &why), -1);
    assert_string_equal(why, "No such file or directory");
    assert_int_equal(svg_file(&light, NULL, "/dev/full", &why), -1);
    assert_string_equal(why, "No space left on device");
    scene_release(&light);
    scene_release(&dark);
}

/* --- as pixels ------------------------------------------------------------------------
 */

static char directory[] = "/tmp/fmd-svg-XXXXXX";

static char *file_named(const char *name)
{
    char *path = malloc(256);
    assert_non_null(path);
    if (strstr(directory, "XXXXXX"))
        assert_non_null(mkdtemp(directory));
    snprintf(path, 256, "%s/%s", directory, name);
    return path;
}

/* Empty by then, unless GALLERY keeps what it holds. */
__attribute__((destructor)) static void clean_up(void)
{
    rmdir(directory);
}

/* Mean of red, green and blue over a square of pixels. */
static double mean_of(cairo_surface_t *surface, int left, int top, int side, int channel)
{
    const unsigned char *data = cairo_image_surface_get_data(surface);
    size_t stride = (size_t)cairo_image_surface_get_stride(surface);
    double sum = 0;
    for (int y = top; y < top + side; y++)
        for (int x = left; x < left + side; x++)
            sum += data[(size_t)y * stride + 4 * (size_t)x + (size_t)channel];
    return sum / (side * side);
}

/* Largest and mean difference between squares of two pictures: letters of the two
 * renderers differ by some pixels, a shape that is missing or has another colour does
 * not hide. */
static void compare(cairo_surface_t *a, cairo_surface_t *b, int width, int height,
                    double *mean, double *most)
{
    enum { SIDE = 16 };
    double sum = 0;
    int squares = 0;
    *most = 0;
    for (int y = 0; y + SIDE <= height; y += SIDE)
        for (int x = 0; x + SIDE <= width; x += SIDE)
            for (int channel = 0; channel < 3; channel++) {
                double difference = fabs(mean_of(a, x, y, SIDE, channel) -
                                         mean_of(b, x, y, SIDE, channel));
                *most = fmax(*most, difference);
                sum += difference;
                squares++;
            }
    *mean = sum / squares;
}

static void assert_same_picture(const struct scene *scene, const char *name)
{
    char page_name[64], shot_name[64], png_name[64];
    snprintf(page_name, sizeof(page_name), "%s.html", name);
    snprintf(shot_name, sizeof(shot_name), "%s-browser.png", name);
    snprintf(png_name, sizeof(png_name), "%s-cairo.png", name);
    char *page = file_named(page_name), *shot = file_named(shot_name),
         *png = file_named(png_name);
    xmlBuffer *bytes = written(scene, NULL, NULL);
    FILE *file = fopen(page, "w");
    assert_non_null(file);
    fprintf(file, "<!DOCTYPE html><meta charset=utf-8><body style='margin:0'>%s",
            (const char *)xmlBufferContent(bytes));
    assert_int_equal(fclose(file), 0);
    browser_screenshot(page, (int)scene->width_pt, (int)scene->height_pt + 100, shot);
    const char *why = "";
    assert_int_equal(render_png(scene, 1, png, &why), 0);
    cairo_surface_t *browser = cairo_image_surface_create_from_png(shot);
    cairo_surface_t *cairo = cairo_image_surface_create_from_png(png);
    assert_int_equal(cairo_surface_status(browser), CAIRO_STATUS_SUCCESS);
    assert_int_equal(cairo_surface_status(cairo), CAIRO_STATUS_SUCCESS);
    double mean, most;
    compare(browser, cairo, (int)scene->width_pt, (int)scene->height_pt, &mean, &most);
    print_message("# %s: squares differ by %.2f of 255 on average, %.1f at most\n", name,
                  mean, most);
    assert_true(mean < 1);
    assert_true(most < 60);
    cairo_surface_destroy(browser);
    cairo_surface_destroy(cairo);
    if (!getenv("GALLERY")) {
        unlink(page);
        unlink(shot);
        unlink(png);
    }
    free(page);
    free(shot);
    free(png);
    xmlBufferFree(bytes);
}

TEST(a_browser_paints_a_box_plot_as_cairo_does)
{
    struct scene scene;
    boxes(&scene, false);
    assert_same_picture(&scene, "boxes");
    scene_release(&scene);
}

TEST(a_browser_paints_a_cloud_of_dots_and_areas_as_cairo_does)
{
    struct scene scene;
    struct point places[60], upper[2] = {{20, 20}, {180, 60}},
                             lower[2] = {{20, 90}, {180, 90}};
    struct frame all = {0, 0, 400, 200};
    for (int i = 0; i < 60; i++)
        places[i] = (struct point){200 + 37 * i % 190, 10 + 61 * i % 180};
    scene_init(&scene, 400, 200);
    mark_rect(&scene, all, (struct color){255, 255, 255, 255});
    mark_area(&scene, all, upper, lower, 2, (struct color){200, 80, 0, 255});
    mark_dots(&scene, places, 60, 4, (struct color){0, 80, 200, 255});
    assert_same_picture(&scene, "cloud");
    scene_release(&scene);
}

TEST(a_browser_paints_lines_and_their_labels_as_cairo_does)
{
    double *latency_ns, *share, *newer_ns, *newer_share;
    sample_sorted(1, 3000, 9e6, 0.02, 8, &latency_ns, &share);
    sample_sorted(2, 3000, 14e6, 0.02, 8, &newer_ns, &newer_share);
    struct latency_line lines[] = {
        {"2.7", latency_ns, share, 3000, 3000, 9e6, 2e7, 7e7},
        {"2.8", newer_ns, newer_share, 3000, 3000, 14e6, 3e7, 1e8}};
    struct latency_data data = {"A finding", "of something", lines, 2};
    struct theme theme = theme_dark();
    const char *why = "";
    struct scene scene;
    assert_int_equal(chart_latency_percentiles(&data, &theme, &scene, &why), 0);
    assert_same_picture(&scene, "lines");
    scene_release(&scene);
    free(latency_ns);
    free(share);
    free(newer_ns);
    free(newer_share);
}
