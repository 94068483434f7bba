/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a picture costs: layout, PNG and SVG of each kind of chart, ordinary and large, in
 * CPU time (the least of five), against the floor of writing an empty picture of the same
 * size with cairo alone. Memory is what a chart's scene holds, and the process' peak.
 */
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
#include "plots/svg.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { ROUNDS = 5, LINES = 24, POINTS = 10000, ROWS = 40, DAYS = HEATMAP_MAX_DAYS };

static char png_path[] = "/tmp/plots_bench.XXXXXX",
            svg_path[] = "/tmp/plots_bench.XXXXXX";

static double now_ms(void)
{
    struct timespec time;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return (double)time.tv_sec * 1e3 + (double)time.tv_nsec / 1e6;
}

static void must(int result, const char *why)
{
    if (result == 0)
        return;
    fprintf(stderr, "plots_bench: %s\n", why);
    exit(1);
}

static size_t kilobytes_of(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 ? (size_t)(status.st_size + 1023) / 1024 : 0;
}

/* Any of the charts, with its data bound. */
typedef int drawing(const void *data, const struct theme *theme, struct scene *scene,
                    const char **why);

#define DRAWING(name, chart)                                                             \
    static int draw_##name(const void *data, const struct theme *theme,                  \
                           struct scene *scene, const char **why)                        \
    {                                                                                    \
        return chart(data, theme, scene, why);                                           \
    }
DRAWING(ecdf, chart_latency_ecdf)
DRAWING(percentiles, chart_latency_percentiles)
DRAWING(density, chart_latency_density)
DRAWING(boxplot, chart_boxplot)
DRAWING(heatmap, chart_heatmap_days)
DRAWING(timeline, chart_timeline)
DRAWING(multiples, chart_multiples_time)
DRAWING(traffic, chart_traffic)
DRAWING(scatter, chart_scatter)
DRAWING(forest, chart_forest)
DRAWING(matrix, chart_matrix)
DRAWING(flame, chart_flame)
DRAWING(sparkline, chart_sparkline)

/* The floor: paper and nothing on it. */
static int draw_paper(const void *data, const struct theme *theme, struct scene *scene,
                      const char **why)
{
    (void)data;
    scene_init(scene, theme->width_pt, theme->height_pt);
    mark_rect(scene, (struct frame){0, 0, theme->width_pt, theme->height_pt},
              theme->paper);
    return scene_ok(scene, why);
}

static double measure(const char *name, size_t points, drawing *draw, const void *data,
                      double floor_ms)
{
    struct theme theme = theme_light();
    double least[4] = {1e9, 1e9, 1e9, 1e9};
    size_t shapes = 0, bytes = 0;
    for (int round = 0; round < ROUNDS; round++) {
        struct scene scene;
        const char *why = "";
        double at[5] = {now_ms()};
        must(draw(data, &theme, &scene, &why), why);
        at[1] = now_ms();
        must(render_png(&scene, 1, png_path, &why), why);
        at[2] = now_ms();
        must(render_png(&scene, 2, png_path, &why), why);
        at[3] = now_ms();
        must(svg_file(&scene, NULL, svg_path, &why), why);
        at[4] = now_ms();
        for (int i = 0; i < 4; i++)
            least[i] = fmin(least[i], at[i + 1] - at[i]);
        shapes = scene.count;
        bytes =
            scene.room * sizeof(struct shape) + scene.point_room * sizeof(struct point);
        scene_release(&scene);
    }
    printf("%-22s %7zu %7.2f %7.1f %7.1f %7.1f %7.1f %6zu %6zu %6zu\n", name, points,
           least[0], least[1], least[2], least[3],
           floor_ms > 0 ? (least[0] + least[1]) / floor_ms : 1, shapes, bytes / 1024,
           kilobytes_of(svg_path));
    return least[1];
}

static struct latency_line line_of(const char *name, uint64_t seed, size_t points)
{
    struct latency_line line = {.name = name, .points = points, .requests = points};
    double *latency_ns, *share;
    sample_sorted(seed, points, 9e6, 0.02, 8, &latency_ns, &share);
    line.latency_ns = latency_ns;
    line.share = share;
    line.p50_ns = sample_quantile(latency_ns, points, 0.50);
    line.p95_ns = sample_quantile(latency_ns, points, 0.95);
    line.p99_ns = sample_quantile(latency_ns, points, 0.99);
    return line;
}

static void measure_latency(double floor_ms)
{
    static struct latency_line lines[LINES];
    static char names[LINES][32];
    for (size_t i = 0; i < LINES; i++) {
        snprintf(names[i], sizeof(names[i]), "1.%zu", i);
        lines[i] = line_of(names[i], i, i < LINES - 3 ? POINTS : 400);
    }
    struct latency_data few = {"A finding", "of something", lines + LINES - 3, 3};
    struct latency_data many = {"A finding", "of something", lines, LINES};
    measure("ecdf, 3 lines", 3 * 400, draw_ecdf, &few, floor_ms);
    measure("percentiles, 3 lines", 3 * 400, draw_percentiles, &few, floor_ms);
    measure("density, 3 lines", 3 * 400, draw_density, &few, floor_ms);
    measure("ecdf, 24 lines", (LINES - 3) * POINTS + 1200, draw_ecdf, &many, floor_ms);
    measure("percentiles, 24 lines", (LINES - 3) * POINTS + 1200, draw_percentiles, &many,
            floor_ms);
    measure("density, 24 lines", (LINES - 3) * POINTS + 1200, draw_density, &many,
            floor_ms);
    for (size_t i = 0; i < LINES; i++) {
        free((double *)lines[i].latency_ns);
        free((double *)lines[i].share);
    }
}

static void measure_boxplot(double floor_ms)
{
    static struct boxplot_row rows[ROWS];
    static char names[ROWS][48];
    for (size_t i = 0; i < ROWS; i++) {
        double ns = 1e6 * pow(1.2, (double)i);
        snprintf(names[i], sizeof(names[i]), "GET /api/resource-%zu/<int:id>", i);
        rows[i] = (struct boxplot_row){names[i], ns / 2, ns * 0.8, ns,  ns * 1.4,
                                       ns * 2,   ns * 4, ns * 20,  1000};
    }
    struct boxplot_data few = {"A finding", "of something", "versions", rows, 3};
    struct boxplot_data many = {"A finding", "of something", "endpoints", rows, ROWS};
    measure("boxes, 3 rows", 3 * 7, draw_boxplot, &few, floor_ms);
    measure("boxes, 40 rows", ROWS * 7, draw_boxplot, &many, floor_ms);
}

static void measure_heatmap(double floor_ms)
{
    static double amounts[DAYS * 24];
    uint64_t seed = 1;
    for (size_t i = 0; i < DAYS * 24; i++)
        amounts[i] = round(1000 * sample_uniform(&seed));
    struct heatmap_days days = {"A finding", "of something", "requests", "UTC", 20000,
                                14,          amounts};
    measure("heat map, 14 days", 14 * 24, draw_heatmap, &days, floor_ms);
    days.days = DAYS;
    measure("heat map, 732 days", DAYS * 24, draw_heatmap, &days, floor_ms);
}

static void measure_over_time(double floor_ms)
{
    enum { BLOCKS = 96, DOTS = 1000 };
    static struct timeline_block blocks[BLOCKS];
    static struct traffic_block counts[BLOCKS];
    static struct scatter_point dots[DOTS];
    uint64_t seed = 1;
    for (size_t i = 0; i < BLOCKS; i++) {
        double at_s = 1.7e9 + 1800 * (double)i, ns = sample_latency(&seed, 9e6, 0, 1);
        blocks[i] = (struct timeline_block){at_s, at_s + 1800, ns, 3 * ns, 9 * ns, 1000};
        counts[i] = (struct traffic_block){at_s, at_s + 1800, 1000 + i, i, i % 7};
    }
    for (size_t i = 0; i < DOTS; i++)
        dots[i] = (struct scatter_point){1.7e9 + 170 * (double)i,
                                         sample_latency(&seed, 1e9, 0, 1), i % 5, NULL};
    static const char *const names[] = {"a", "b", "c"};
    struct timeline_data lines = {
        .title = "A finding", .blocks = blocks, .block_count = BLOCKS};
    struct traffic_data areas = {
        .title = "A finding", .blocks = counts, .block_count = BLOCKS};
    struct scatter_data cloud = {.title = "A finding",
                                 .points = dots,
                                 .point_count = DOTS,
                                 .names = names,
                                 .name_count = 3};
    measure("timeline, 96 blocks", BLOCKS * 3, draw_timeline, &lines, floor_ms);
    static struct multiples_panel panels[MULTIPLES_PANELS];
    for (size_t i = 0; i < MULTIPLES_PANELS; i++)
        panels[i] = (struct multiples_panel){.name = "GET /cart",
                                             .requests = 1000,
                                             .p95_ns = 3e7,
                                             .blocks = blocks,
                                             .block_count = 24};
    struct multiples_data grid = {
        .title = "A finding", .panels = panels, .panel_count = MULTIPLES_PANELS};
    measure("multiples, 20 x 24 blocks", (size_t)MULTIPLES_PANELS * 48, draw_multiples,
            &grid, floor_ms);
    measure("traffic, 96 blocks", BLOCKS * 3, draw_traffic, &areas, floor_ms);
    measure("outliers, 1000 dots", DOTS, draw_scatter, &cloud, floor_ms);
}

static void measure_rows(double floor_ms)
{
    static struct forest_row rows[FOREST_MAX_ROWS];
    static double amounts[MATRIX_MAX_ROWS * MATRIX_MAX_COLUMNS];
    static const char *names[MATRIX_MAX_ROWS];
    for (size_t i = 0; i < FOREST_MAX_ROWS; i++)
        rows[i] = (struct forest_row){i % 8 < 4 ? "a" : "b",        "p95", 1.1, 1, 1.2,
                                      (enum forest_verdict)(i % 4), 1000,  1000};
    for (size_t i = 0; i < MATRIX_MAX_ROWS; i++)
        names[i] = "GET /api/resource/<int:id>";
    for (size_t i = 0; i < MATRIX_MAX_ROWS * MATRIX_MAX_COLUMNS; i++)
        amounts[i] = 1e6 * (double)(i + 1);
    struct forest_data changes = {
        .title = "A finding", .rows = rows, .row_count = FOREST_MAX_ROWS, .least = .05};
    struct matrix_data cells = {.title = "A finding",
                                .rows = names,
                                .columns = names,
                                .row_count = MATRIX_MAX_ROWS,
                                .column_count = MATRIX_MAX_COLUMNS,
                                .amounts = amounts};
    measure("forest, 60 rows", FOREST_MAX_ROWS, draw_forest, &changes, floor_ms);
    measure("matrix, 30 x 12", MATRIX_MAX_ROWS * MATRIX_MAX_COLUMNS, draw_matrix, &cells,
            floor_ms);
}

static void measure_trees(double floor_ms)
{
    enum { NODES = 100000 };
    static struct flame_node nodes[NODES];
    static const double values[] = {1, 3, 2, 4, 3, 5, 4, 6, 5, 7};
    uint64_t seed = 1;
    for (size_t i = 0; i < NODES; i++)
        nodes[i] = (struct flame_node){
            i == 0 ? FLAME_ROOT : (size_t)(sample_uniform(&seed) * (double)i),
            sample_tree[i % SAMPLE_NODES].name, sample_uniform(&seed), 0};
    struct flame_data tree = {"A finding", NULL, "samples", nodes, 2000, false, false};
    struct sparkline_data small = {"", values, 10};
    measure("flame, 2000 nodes", 2000, draw_flame, &tree, floor_ms);
    tree.node_count = NODES;
    measure("flame, 100000 nodes", NODES, draw_flame, &tree, floor_ms);
    measure("sparkline", 10, draw_sparkline, &small, floor_ms);
}

int main(void)
{
    int png = mkstemp(png_path), svg = mkstemp(svg_path);
    if (png < 0 || svg < 0) {
        perror("plots_bench: /tmp");
        return 1;
    }
    close(png);
    close(svg);
    printf("ms of CPU, least of %d; ratio = (layout + PNG) / an empty PNG of cairo's\n",
           ROUNDS);
    printf("%-22s %7s %7s %7s %7s %7s %7s %6s %6s %6s\n", "", "points", "layout",
           "PNG 1x", "PNG 2x", "SVG", "ratio", "shapes", "kB", "SVG kB");
    double floor_ms = measure("floor: empty picture", 0, draw_paper, NULL, 0);
    measure_latency(floor_ms);
    measure_boxplot(floor_ms);
    measure_heatmap(floor_ms);
    measure_over_time(floor_ms);
    measure_rows(floor_ms);
    measure_trees(floor_ms);
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    printf("peak memory %ld MB\n", usage.ru_maxrss / 1024);
    unlink(png_path);
    unlink(svg_path);
    return 0;
}
