/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What is in a scene arrives as pixels: colours of lines, ink of texts in any script, and
 * every error of writing is told. One probe a chart; goldens are scenes, never pixels.
 */
#include "testdata/cmocka_tests.h"

#include "plots/charts/boxplot.h"
#include "plots/charts/density.h"
#include "plots/charts/flame.h"
#include "plots/charts/forest.h"
#include "plots/charts/heatmap.h"
#include "plots/charts/latency.h"
#include "plots/charts/matrix.h"
#include "plots/charts/multiples.h"
#include "plots/charts/scatter.h"
#include "plots/charts/sparkline.h"
#include "plots/charts/timeline.h"
#include "plots/charts/traffic.h"
#include "plots/mark.h"
#include "plots/render.h"
#include "plots/sample_data.h"

#include <cairo.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static char directory[] = "/tmp/fmd-render-XXXXXX";

static const char *file_named(const char *name)
{
    static char path[256];
    if (strstr(directory, "XXXXXX"))
        assert_non_null(mkdtemp(directory));
    snprintf(path, sizeof(path), "%s/%s", directory, name);
    return path;
}

__attribute__((destructor)) static void clean_up(void)
{
    unlink(file_named("probe.png"));
    rmdir(directory);
}

/* Draws a scene and reads the file back. */
static cairo_surface_t *drawn(const struct scene *scene, double scale)
{
    const char *why = "", *path = file_named("probe.png");
    if (render_png(scene, scale, path, &why) != 0)
        fail_msg("%s", why);
    cairo_surface_t *surface = cairo_image_surface_create_from_png(path);
    assert_int_equal(cairo_surface_status(surface), CAIRO_STATUS_SUCCESS);
    return surface;
}

static struct color pixel(cairo_surface_t *surface, int x, int y)
{
    const unsigned char *row =
        cairo_image_surface_get_data(surface) +
        (size_t)y * (size_t)cairo_image_surface_get_stride(surface);
    uint32_t value;
    memcpy(&value, row + 4 * (size_t)x, sizeof(value));
    return (struct color){value >> 16 & 0xff, value >> 8 & 0xff, value & 0xff, 255};
}

/* Pixels of a region that are within a few steps of a colour. */
static size_t pixels_like(cairo_surface_t *surface, struct color color,
                          struct frame region)
{
    size_t count = 0;
    for (int y = (int)region.top; y < (int)region.bottom; y++)
        for (int x = (int)region.left; x < (int)region.right; x++) {
            struct color is = pixel(surface, x, y);
            count += abs(is.red - color.red) < 12 && abs(is.green - color.green) < 12 &&
                     abs(is.blue - color.blue) < 12;
        }
    return count;
}

static struct frame whole(const struct scene *scene)
{
    return (struct frame){0, 0, scene->width_pt, scene->height_pt};
}

/* Every text of a scene leaves ink where it stands. */
static void assert_ink(cairo_surface_t *surface, const struct scene *scene,
                       struct color paper)
{
    for (size_t i = 0; i < scene->count; i++) {
        const struct shape *shape = &scene->shapes[i];
        if (shape->kind != SHAPE_TEXT)
            continue;
        struct point at = scene->points[shape->first_point];
        double size = shape->size_pt;
        double left = shape->anchor == ANCHOR_START    ? at.x
                      : shape->anchor == ANCHOR_MIDDLE ? at.x - size
                                                       : at.x - 2 * size;
        struct frame room = {fmax(left, 0), at.y - 0.8 * size,
                             fmin(left + 2 * size, scene->width_pt), at.y + 0.1 * size};
        double area = floor(room.right - room.left) * floor(room.bottom - room.top);
        if ((double)pixels_like(surface, paper, room) > 0.97 * area)
            fail_msg("no ink where \"%s\" should stand", shape->text);
    }
}

TEST(a_latency_chart_has_its_lines_and_its_words)
{
    double *latency_ns, *share;
    sample_sorted(1, 3000, 9e6, 0.02, 8, &latency_ns, &share);
    struct latency_line line = {.name = "2.7",
                                .latency_ns = latency_ns,
                                .share = share,
                                .points = 3000,
                                .requests = 3000,
                                .p50_ns = 9e6,
                                .p95_ns = NAN,
                                .p99_ns = NAN};
    struct latency_data data = {"A finding", "of something", &line, 1};
    struct theme theme = theme_light();
    const char *names[] = {"2.7"}, *why = "";
    unsigned char slot;
    theme_slots(names, 1, &slot);
    for (int ecdf = 0; ecdf < 2; ecdf++) {
        struct scene scene;
        assert_int_equal(ecdf ? chart_latency_ecdf(&data, &theme, &scene, &why)
                              : chart_latency_percentiles(&data, &theme, &scene, &why),
                         0);
        cairo_surface_t *surface = drawn(&scene, 1);
        assert_int_equal(cairo_image_surface_get_width(surface), 800);
        assert_int_equal(cairo_image_surface_get_height(surface), 450);
        assert_true(pixels_like(surface, theme.slots[slot], whole(&scene)) > 300);
        assert_ink(surface, &scene, theme.paper);
        cairo_surface_destroy(surface);
        scene_release(&scene);
    }
    free(latency_ns);
    free(share);
}

TEST(a_box_plot_has_its_boxes_and_its_words)
{
    struct boxplot_row rows[] = {{"a", 1e6, 2e6, 3e6, 4e6, 5e6, 9e6, 2e7, 100},
                                 {"סל", 1e6, 2e6, 3e6, 4e6, 5e6, 9e6, 2e7, 100},
                                 {"籠", 1e6, 2e6, 3e6, 4e6, 5e6, 9e6, 2e7, 100}};
    struct boxplot_data data = {"A finding", "of something", "endpoints", rows, 3};
    struct theme theme = theme_dark();
    const char *why = "";
    struct scene scene;
    assert_int_equal(chart_boxplot(&data, &theme, &scene, &why), 0);
    cairo_surface_t *surface = drawn(&scene, 1);
    const char *names[] = {"a", "סל", "籠"};
    unsigned char slots[3];
    theme_slots(names, 3, slots);
    for (size_t i = 0; i < 3; i++)
        assert_true(pixels_like(surface, theme.slots[slots[i]], whole(&scene)) > 50);
    assert_ink(surface, &scene, theme.paper);
    cairo_surface_destroy(surface);
    scene_release(&scene);
}

TEST(a_heat_map_has_a_colour_for_nothing_for_most_and_for_no_data)
{
    double amounts[7 * 24];
    for (size_t i = 0; i < 7 * 24; i++)
        amounts[i] = (double)(i % 24);
    for (size_t i = 0; i < 24; i++)
        amounts[i] = NAN;
    struct heatmap_week data = {"A finding", "of something", "requests", "UTC", amounts};
    struct theme theme = theme_light();
    const char *why = "";
    struct scene scene;
    assert_int_equal(chart_heatmap_week(&data, &theme, &scene, &why), 0);
    cairo_surface_t *surface = drawn(&scene, 2);
    assert_int_equal(cairo_image_surface_get_width(surface), 1600);
    struct frame twice = {0, 0, 1600, 900};
    assert_true(pixels_like(surface, theme.steps[0], twice) > 1000);
    assert_true(pixels_like(surface, theme.steps[THEME_STEPS - 1], twice) > 1000);
    assert_true(pixels_like(surface, theme.missing, twice) > 10000);
    cairo_surface_destroy(surface);
    scene_release(&scene);
}

/* At least so many pixels of a colour, and ink wherever there is a text. */
static void assert_painted(struct scene *scene, const struct theme *theme,
                           struct color color, size_t least)
{
    cairo_surface_t *surface = drawn(scene, 1);
    size_t found = pixels_like(surface, color, whole(scene));
    if (found < least)
        fail_msg("%zu pixels of #%02x%02x%02x, not %zu", found, color.red, color.green,
                 color.blue, least);
    assert_ink(surface, scene, theme->paper);
    cairo_surface_destroy(surface);
    scene_release(scene);
}

TEST(latency_over_time_has_its_lines_bands_and_marks)
{
    struct timeline_block blocks[] = {{0, 60, 1e6, 5e6, 9e6, 100},
                                      {60, 120, 2e6, 6e6, 2e7, 100}};
    struct time_mark marks[] = {{20, TIME_MARK_VERSION, "2.8", NULL},
                                {60, TIME_MARK_WORSE, "+20 %", NULL}};
    struct timeline_data data = {"A finding", NULL, {"UTC", NULL, NULL}, blocks, 2,
                                 marks,       2};
    struct theme themes[] = {theme_light(), theme_dark()};
    const char *why = "";
    struct scene scene;
    for (int t = 0; t < 2; t++) {
        struct color band =
            color_mix(themes[t].paper, themes[t].steps[5], 0.30); /* of p95 */
        assert_int_equal(chart_timeline(&data, &themes[t], &scene, &why), 0);
        assert_painted(&scene, &themes[t], band, 5000);
        assert_int_equal(chart_timeline(&data, &themes[t], &scene, &why), 0);
        assert_painted(&scene, &themes[t], themes[t].steps[7], 300);
        assert_int_equal(chart_timeline(&data, &themes[t], &scene, &why), 0);
        assert_painted(&scene, &themes[t], themes[t].worse, 20);
    }
}

TEST(small_multiples_have_the_lines_of_every_panel)
{
    double latency_ns[] = {1e6, 2e6, 4e6, 3e7}, share[] = {0.2, 0.5, 0.9, 1};
    struct timeline_block blocks[] = {{0, 60, 1e6, 5e6, 9e6, 100},
                                      {60, 120, 2e6, 6e6, 2e7, 100}};
    struct multiples_panel panel = {.name = "GET /カート",
                                    .requests = 200,
                                    .p95_ns = 5e6,
                                    .blocks = blocks,
                                    .block_count = 2};
    panel.lines[1] = (struct latency_line){
        .latency_ns = latency_ns, .share = share, .points = 4, .requests = 200};
    struct multiples_panel panels[] = {panel, panel, panel, panel};
    struct multiples_data data = {.title = "A finding",
                                  .panels = panels,
                                  .panel_count = 4,
                                  .clock = {"UTC", NULL, NULL},
                                  .line_names = {"2.7", "2.8"}};
    struct theme themes[] = {theme_light(), theme_dark()};
    const char *why = "";
    struct scene scene;
    unsigned char slots[2];
    theme_slots(data.line_names, 2, slots);
    for (int t = 0; t < 2; t++) {
        struct color band = color_mix(themes[t].paper, themes[t].steps[5], 0.30);
        assert_int_equal(chart_multiples_time(&data, &themes[t], &scene, &why), 0);
        assert_painted(&scene, &themes[t], band, 4 * 1000);
        assert_int_equal(chart_multiples_percentiles(&data, &themes[t], &scene, &why), 0);
        assert_painted(&scene, &themes[t], themes[t].slots[slots[1]], 4 * 50);
    }
}

TEST(traffic_has_its_layers)
{
    struct traffic_block blocks[] = {{0, 60, 4000, 0, 1600}, {60, 120, 3500, 0, 1800}};
    struct traffic_data data = {"A finding", NULL, {"UTC", NULL, NULL}, blocks, 2,
                                NULL,        0};
    struct theme theme = theme_light();
    const char *why = "";
    struct scene scene;
    assert_int_equal(chart_traffic(&data, &theme, &scene, &why), 0);
    assert_painted(&scene, &theme, theme.worse, 20000);
}

TEST(a_forest_has_its_verdicts)
{
    struct forest_row rows[] = {{"a", "p50", 2, 1.5, 2.5, FOREST_WORSE, 9, 9},
                                {"b", "p50", .5, .4, .6, FOREST_BETTER, 9, 9}};
    struct forest_data data = {"A finding", NULL, rows, 2, .05, 0, NULL};
    struct theme theme = theme_dark();
    const char *why = "";
    struct scene scene;
    assert_int_equal(chart_forest(&data, &theme, &scene, &why), 0);
    assert_painted(&scene, &theme, theme.worse, 80);
    assert_int_equal(chart_forest(&data, &theme, &scene, &why), 0);
    assert_painted(&scene, &theme, theme.better, 80);
}

TEST(a_scatter_a_density_and_a_matrix_have_their_colours)
{
    static const double at_ns[] = {1e6, 2e6, 3e6}, shares[] = {.3, .6, 1};
    struct latency_line line = {"2.7", at_ns, shares, 3, 3, 2e6, NAN, NAN};
    struct latency_data lines = {"A finding", NULL, &line, 1};
    struct scatter_point points[] = {{0, 1e9, 0, "tip"}, {60, 2e9, 0, "tip"}};
    const char *names[] = {"2.7"}, *why = "";
    struct scatter_data dots = {.title = "A finding",
                                .points = points,
                                .point_count = 2,
                                .names = names,
                                .name_count = 1,
                                .to_s = 60};
    static const double amounts[] = {1, 2};
    struct matrix_data cells = {.unit = MATRIX_COUNT,
                                .rows = names,
                                .columns = (const char *[]){"a", "b"},
                                .row_count = 1,
                                .column_count = 2,
                                .amounts = amounts};
    struct theme theme = theme_light();
    struct scene scene;
    unsigned char slot;
    theme_slots(names, 1, &slot);
    assert_int_equal(chart_latency_density(&lines, &theme, &scene, &why), 0);
    assert_painted(&scene, &theme, theme.slots[slot], 500);
    assert_int_equal(chart_scatter(&dots, &theme, &scene, &why), 0);
    assert_painted(&scene, &theme, theme.slots[slot], 25);
    assert_int_equal(chart_matrix(&cells, &theme, &scene, &why), 0);
    assert_painted(&scene, &theme, theme.steps[THEME_STEPS - 1], 1000);
}

TEST(a_flame_graph_and_a_sparkline_have_their_colours)
{
    struct flame_node nodes[] = {{FLAME_ROOT, "a:run", 1, 1}, {0, "a:call", 3, 1}};
    struct flame_data tree = {"A finding", NULL, "samples", nodes, 2, true, false};
    static const double values[] = {1, 3, 2};
    struct sparkline_data small = {"", values, 3};
    struct theme theme = theme_light();
    const char *why = "";
    struct scene scene;
    struct color none = color_mix(theme.paper, theme.muted, 0.35);
    assert_int_equal(chart_flame(&tree, &theme, &scene, &why), 0);
    assert_painted(&scene, &theme, color_mix(none, theme.worse, 0.7), 5000);
    assert_int_equal(chart_sparkline(&small, &theme, &scene, &why), 0);
    mark_rect(&scene, (struct frame){0, 0, 1, 1}, theme.paper);
    assert_painted(&scene, &theme, theme.steps[5], 5);
}

/* A scene with one text, white on black. */
static void one_text(struct scene *scene, const char *raw, double max_pt,
                     enum anchor anchor)
{
    scene_init(scene, 400, 60);
    mark_rect(scene, whole(scene), (struct color){0, 0, 0, 255});
    struct label label;
    struct text_style style = {20, false, CUT_MIDDLE};
    label_fit(&label, raw, style, 390);
    mark_label(scene, &label,
               (struct text_mark){.at = {anchor == ANCHOR_START ? 100 : 300, 40},
                                  .anchor = anchor,
                                  .style = style,
                                  .ink = {255, 255, 255, 255},
                                  .max_pt = max_pt});
}

static size_t ink(cairo_surface_t *surface, double from, double to)
{
    struct frame region = {from, 0, to, 60};
    return (size_t)((to - from) * 60) -
           pixels_like(surface, (struct color){0, 0, 0, 255}, region);
}

TEST(a_text_that_the_fonts_make_too_wide_keeps_to_its_room)
{
    static const char *const texts[] = {"wwwwwwwwwwwwwwwwwwwwwwww",
                                        "מזההמזההמזההמזההמזההמזהה",
                                        "カートカートカートカートカート"};
    for (size_t i = 0; i < 3; i++)
        for (int end = 0; end < 2; end++) {
            struct scene scene;
            one_text(&scene, texts[i], 120, end ? ANCHOR_END : ANCHOR_START);
            cairo_surface_t *surface = drawn(&scene, 1);
            double left = end ? 180 : 100;
            assert_true(ink(surface, left - 1, left + 121) > 200);
            assert_int_equal(ink(surface, 0, left - 2), 0);
            assert_int_equal(ink(surface, left + 122, 400), 0);
            cairo_surface_destroy(surface);
            scene_release(&scene);
        }
}

TEST(a_file_that_cannot_be_written_is_told)
{
    struct scene scene;
    const char *why = NULL;
    one_text(&scene, "text", 300, ANCHOR_START);
    assert_int_equal(render_png(&scene, 1, "/nowhere/at/all.png", &why), -1);
    assert_string_equal(why, "No such file or directory");
    assert_int_equal(render_png(&scene, 1, "/dev/full", &why), -1);
    assert_string_equal(why, "No space left on device");
    double bad[] = {0, -1, NAN, 9};
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(render_png(&scene, bad[i], file_named("probe.png"), &why), -1);
    scene_release(&scene);
}

TEST(a_scene_that_ran_out_of_memory_is_not_drawn)
{
    struct scene scene;
    const char *why = NULL;
    one_text(&scene, "text", 300, ANCHOR_START);
    scene.failed = true;
    assert_int_equal(render_png(&scene, 1, file_named("probe.png"), &why), -1);
    assert_non_null(strstr(why, "out of memory"));
    scene_release(&scene);
}
