/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Whatever the data, every chart lays out, and the rules of every picture hold: texts are
 * valid UTF-8, stand inside the picture and not on each other, no point is outside.
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
#include "plots/scene_rules.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_LINES = 30, MOST_POINTS = 40, MOST_ROWS = 50, MOST_DAYS = 760 };

struct input {
    const uint8_t *bytes;
    size_t left;
};

static uint8_t next_byte(struct input *input)
{
    if (input->left == 0)
        return 0;
    input->left--;
    return *input->bytes++;
}

/* A latency or an amount: round, tiny, huge or nonsense. */
static double next_number(struct input *input)
{
    uint8_t kind = next_byte(input);
    double value = 1 + next_byte(input);
    switch (kind % 16) {
    case 0:
        return NAN;
    case 1:
        return INFINITY;
    case 2:
        return -value;
    case 3:
        return 0;
    case 4:
        return value * 1e-300;
    case 5:
        return value * 1e300;
    default:
        return value * pow(10, kind % 16 - 4);
    }
}

/* Up to 255 bytes of the input, sometimes repeated into a long name. */
static char *next_name(struct input *input)
{
    size_t length = next_byte(input) % 64;
    size_t times = length % 8 == 7 ? 200 : 1;
    char *name = malloc(length * times + 1);
    if (!name)
        abort();
    for (size_t i = 0; i < length; i++)
        name[i] = (char)next_byte(input);
    for (size_t i = 1; i < times; i++)
        memcpy(name + i * length, name, length);
    name[length * times] = '\0';
    return name;
}

static void check(int result, struct scene *scene)
{
    char problem[2048];
    if (result != 0 || broken_rule(scene, problem)) {
        fprintf(stderr, "%s\n", result != 0 ? "the chart failed" : problem);
        abort();
    }
    scene_release(scene);
}

/* Fills lines; the caller frees their names. */
static size_t next_lines(struct input *input, struct latency_line lines[MOST_LINES])
{
    static double numbers[MOST_LINES][2][MOST_POINTS];
    size_t count = next_byte(input) % (MOST_LINES + 1);
    for (size_t i = 0; i < count; i++) {
        size_t points = next_byte(input) % (MOST_POINTS + 1);
        bool sane = next_byte(input) % 2;
        for (size_t k = 0; k < points; k++) {
            numbers[i][0][k] = sane ? 1e6 * (double)(k + 1 + i) : next_number(input);
            numbers[i][1][k] =
                sane ? (double)(k + 1) / (double)points : next_byte(input) / 250.0;
        }
        char *name = next_name(input);
        uint64_t requests = (uint64_t)1 << next_byte(input) % 64;
        lines[i] = (struct latency_line){
            name,     numbers[i][0],      numbers[i][1],      points,
            requests, next_number(input), next_number(input), next_number(input)};
    }
    return count;
}

static void free_names(struct latency_line *lines, size_t count)
{
    for (size_t i = 0; i < count; i++)
        free((char *)lines[i].name);
}

static void draw_latency(struct input *input, const struct theme *theme,
                         const char *title)
{
    struct latency_line lines[MOST_LINES];
    size_t count = next_lines(input, lines);
    struct latency_data data = {title, title, lines, count};
    struct scene scene;
    const char *why;
    check(chart_latency_ecdf(&data, theme, &scene, &why), &scene);
    check(chart_latency_percentiles(&data, theme, &scene, &why), &scene);
    check(chart_latency_density(&data, theme, &scene, &why), &scene);
    free_names(lines, count);
}

static void draw_boxplot(struct input *input, const struct theme *theme,
                         const char *title)
{
    struct boxplot_row rows[MOST_ROWS];
    char *names[MOST_ROWS];
    size_t count = next_byte(input) % (MOST_ROWS + 1);
    for (size_t i = 0; i < count; i++) {
        double value[7];
        for (size_t k = 0; k < 7; k++)
            value[k] = next_number(input);
        names[i] = next_name(input);
        rows[i] = (struct boxplot_row){
            names[i], value[0], value[1],
            value[2], value[3], value[4],
            value[5], value[6], (uint64_t)1 << next_byte(input) % 64};
    }
    struct boxplot_data data = {title, NULL, "rows", rows, count};
    struct scene scene;
    const char *why;
    check(chart_boxplot(&data, theme, &scene, &why), &scene);
    for (size_t i = 0; i < count; i++)
        free(names[i]);
}

static void draw_heatmap(struct input *input, const struct theme *theme,
                         const char *title)
{
    static double amounts[MOST_DAYS * 24];
    size_t days = (size_t)next_byte(input) * (next_byte(input) % 4) % MOST_DAYS;
    int64_t first_day = (next_byte(input) - 100) * (int64_t)next_byte(input) * 60;
    for (size_t i = 0; i < MOST_DAYS * 24; i++)
        amounts[i] = input->left > 0 ? next_number(input) : (double)(i % 24);
    struct heatmap_days data = {title, title, title, title, first_day, days, amounts};
    struct heatmap_week week = {title, title, title, title, amounts};
    struct scene scene;
    const char *why;
    check(chart_heatmap_days(&data, theme, &scene, &why), &scene);
    check(chart_heatmap_week(&week, theme, &scene, &why), &scene);
}

/* --- over time ------------------------------------------------------------------------
 */

/* A moment, with a gap or an overlap now and then, or far away. */
static double next_moment(struct input *input, double before)
{
    uint8_t kind = next_byte(input);
    return kind % 32 == 0 ? next_number(input) : before + (kind % 16 - 1) * 600.0;
}

/* A clock that jumps where it likes. */
static long long odd_offset(long long utc_s, const void *zone)
{
    (void)zone;
    return utc_s % 7200 > 3600 ? 7200 : -1800;
}

enum { MOST_BLOCKS = 40, MOST_MARKS = 12 };

struct over_time {
    double at_s[MOST_BLOCKS + 1];
    size_t blocks, marks;
    struct time_mark mark[MOST_MARKS];
    struct wall_clock clock;
};

static void over_time_init(struct over_time *time, struct input *input, const char *title)
{
    double at_s = 1.7e9;
    time->blocks = next_byte(input) % (MOST_BLOCKS + 1);
    time->marks = next_byte(input) % (MOST_MARKS + 1);
    time->clock =
        (struct wall_clock){title, next_byte(input) % 2 ? odd_offset : NULL, NULL};
    for (size_t i = 0; i <= MOST_BLOCKS; i++)
        time->at_s[i] = at_s = next_moment(input, at_s);
    at_s = 1.7e9;
    for (size_t i = 0; i < time->marks; i++) {
        at_s = next_moment(input, at_s);
        enum time_mark_kind kind = (enum time_mark_kind)(next_byte(input) % 3);
        time->mark[i] = (struct time_mark){at_s, kind, next_name(input), NULL};
    }
}

static void over_time_release(struct over_time *time)
{
    for (size_t i = 0; i < time->marks; i++)
        free((char *)time->mark[i].name);
}

static void next_blocks(struct input *input, const struct over_time *time,
                        struct timeline_block blocks[MOST_BLOCKS])
{
    for (size_t i = 0; i < time->blocks; i++)
        blocks[i] = (struct timeline_block){time->at_s[i],      time->at_s[i + 1],
                                            next_number(input), next_number(input),
                                            next_number(input), next_byte(input)};
}

static void draw_timeline(struct input *input, const struct theme *theme,
                          const char *title)
{
    struct timeline_block blocks[MOST_BLOCKS];
    struct over_time time;
    struct scene scene;
    const char *why;
    over_time_init(&time, input, title);
    next_blocks(input, &time, blocks);
    struct timeline_data data = {title,       title,     time.clock, blocks,
                                 time.blocks, time.mark, time.marks};
    check(chart_timeline(&data, theme, &scene, &why), &scene);
    over_time_release(&time);
}

static void draw_multiples(struct input *input, const struct theme *theme,
                           const char *title)
{
    enum { MOST_PANELS = 24 };
    static struct multiples_panel panels[MOST_PANELS];
    struct timeline_block blocks[MOST_BLOCKS];
    struct latency_line lines[MOST_LINES];
    struct over_time time;
    struct scene scene;
    const char *why;
    over_time_init(&time, input, title);
    next_blocks(input, &time, blocks);
    size_t line_count = next_lines(input, lines);
    size_t count = next_byte(input) % (MOST_PANELS + 1);
    for (size_t i = 0; i < count; i++) {
        size_t first = time.blocks ? next_byte(input) % time.blocks : 0;
        panels[i] = (struct multiples_panel){.name = title,
                                             .requests = next_byte(input),
                                             .p95_ns = next_number(input),
                                             .blocks = blocks + first,
                                             .block_count = time.blocks - first,
                                             .marks = time.mark,
                                             .mark_count = time.marks};
        for (size_t k = 0; k < MULTIPLES_LINES && line_count > 0; k++)
            panels[i].lines[k] = lines[next_byte(input) % line_count];
    }
    struct multiples_data data = {.title = title,
                                  .what = "endpoints",
                                  .panels = panels,
                                  .panel_count = count,
                                  .others = next_byte(input),
                                  .others_requests = next_byte(input),
                                  .clock = time.clock,
                                  .line_names = {title, "2.8"}};
    check(chart_multiples_time(&data, theme, &scene, &why), &scene);
    check(chart_multiples_percentiles(&data, theme, &scene, &why), &scene);
    free_names(lines, line_count);
    over_time_release(&time);
}

static void draw_traffic(struct input *input, const struct theme *theme,
                         const char *title)
{
    struct traffic_block blocks[MOST_BLOCKS];
    struct over_time time;
    struct scene scene;
    const char *why;
    over_time_init(&time, input, title);
    for (size_t i = 0; i < time.blocks; i++)
        blocks[i] = (struct traffic_block){time.at_s[i], time.at_s[i + 1],
                                           (uint64_t)1 << next_byte(input) % 64,
                                           next_byte(input), next_byte(input)};
    struct traffic_data data = {title,       title,     time.clock, blocks,
                                time.blocks, time.mark, time.marks};
    check(chart_traffic(&data, theme, &scene, &why), &scene);
    over_time_release(&time);
}

static void draw_scatter(struct input *input, const struct theme *theme,
                         const char *title)
{
    struct scatter_point points[MOST_BLOCKS];
    struct scatter_fence fence;
    struct over_time time;
    struct scene scene;
    const char *names[MOST_MARKS], *why;
    over_time_init(&time, input, title);
    for (size_t i = 0; i < time.blocks; i++)
        points[i] = (struct scatter_point){time.at_s[i], next_number(input),
                                           next_byte(input) % 16,
                                           next_byte(input) % 4 ? NULL : title};
    for (size_t i = 0; i < time.marks; i++)
        names[i] = time.mark[i].name;
    fence =
        (struct scatter_fence){time.at_s[0], time.at_s[MOST_BLOCKS], next_number(input)};
    struct scatter_data data = {.title = title,
                                .clock = time.clock,
                                .from_s = next_moment(input, 1.7e9),
                                .to_s = next_moment(input, 1.8e9),
                                .points = points,
                                .point_count = time.blocks,
                                .names = names,
                                .name_count = time.marks,
                                .fences = &fence,
                                .fence_count = 1,
                                .marks = time.mark,
                                .mark_count = time.marks,
                                .requests = next_byte(input),
                                .beyond = next_byte(input)};
    check(chart_scatter(&data, theme, &scene, &why), &scene);
    over_time_release(&time);
}

/* --- rows and trees -------------------------------------------------------------------
 */

static void draw_forest(struct input *input, const struct theme *theme, const char *title)
{
    struct forest_row rows[MOST_ROWS * 2];
    char *names[MOST_ROWS * 2];
    size_t count = next_byte(input) % (MOST_ROWS * 2 + 1);
    for (size_t i = 0; i < count; i++) {
        bool again = i > 0 && next_byte(input) % 3;
        double scale = next_byte(input) % 4 ? 1e-4 : 1;
        names[i] = again ? NULL : next_name(input);
        rows[i] = (struct forest_row){again ? rows[i - 1].name : names[i],
                                      title,
                                      next_number(input) * scale,
                                      next_number(input) * scale,
                                      next_number(input) * scale,
                                      (enum forest_verdict)(next_byte(input) % 4),
                                      next_byte(input),
                                      (uint64_t)1 << next_byte(input) % 64};
    }
    struct forest_data data = {
        title, NULL, rows, count, next_byte(input) / 100.0, next_number(input), title};
    struct scene scene;
    const char *why;
    check(chart_forest(&data, theme, &scene, &why), &scene);
    for (size_t i = 0; i < count; i++)
        free(names[i]);
}

static void draw_matrix(struct input *input, const struct theme *theme, const char *title)
{
    enum { ROWS = 45, COLUMNS = 20 };
    static double amounts[ROWS * COLUMNS];
    static uint64_t requests[ROWS * COLUMNS];
    char *names[ROWS + COLUMNS];
    size_t rows = next_byte(input) % (ROWS + 1),
           columns = next_byte(input) % (COLUMNS + 1);
    for (size_t i = 0; i < rows + columns; i++)
        names[i] = next_name(input);
    for (size_t i = 0; i < rows * columns; i++) {
        amounts[i] = input->left > 0 ? next_number(input) : (double)i;
        requests[i] = i;
    }
    struct matrix_data data = {title,
                               title,
                               (enum matrix_unit)(next_byte(input) % 3),
                               title,
                               title,
                               title,
                               (const char *const *)names,
                               (const char *const *)names + rows,
                               rows,
                               columns,
                               amounts,
                               next_byte(input) % 2 ? requests : NULL,
                               next_byte(input) % 2 ? requests : NULL};
    struct scene scene;
    const char *why;
    check(chart_matrix(&data, theme, &scene, &why), &scene);
    for (size_t i = 0; i < rows + columns; i++)
        free(names[i]);
}

static void draw_flame(struct input *input, const struct theme *theme, const char *title)
{
    enum { NODES = 120 };
    struct flame_node nodes[NODES];
    char *names[NODES];
    size_t count = next_byte(input) % (NODES + 1);
    for (size_t i = 0; i < count; i++) {
        uint8_t up = next_byte(input);
        names[i] = next_name(input);
        nodes[i] = (struct flame_node){up == 0    ? FLAME_ROOT
                                       : up > 250 ? i + up /* nonsense */
                                       : i > 0    ? up % i
                                                  : FLAME_ROOT,
                                       names[i], next_number(input), next_number(input)};
    }
    struct flame_data data = {
        title, NULL, title, nodes, count, next_byte(input) % 2, next_byte(input) % 2};
    struct scene scene;
    const char *why;
    check(chart_flame(&data, theme, &scene, &why), &scene);
    for (size_t i = 0; i < count; i++)
        free(names[i]);
}

static void draw_sparkline(struct input *input, const struct theme *theme,
                           const char *title)
{
    double values[160];
    size_t count = next_byte(input) % 160;
    for (size_t i = 0; i < count; i++)
        values[i] = next_number(input);
    struct sparkline_data data = {title, values, count};
    struct scene scene;
    const char *why;
    check(chart_sparkline(&data, theme, &scene, &why), &scene);
}

static void (*const charts[])(struct input *, const struct theme *, const char *) = {
    draw_latency, draw_boxplot,   draw_heatmap,   draw_timeline,
    draw_traffic, draw_scatter,   draw_forest,    draw_matrix,
    draw_flame,   draw_sparkline, draw_multiples,
};

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct input input = {bytes, size};
    struct theme theme = next_byte(&input) % 2 ? theme_light() : theme_dark();
    uint8_t chart = next_byte(&input);
    char *title = next_name(&input);
    charts[chart % (sizeof(charts) / sizeof(charts[0]))](&input, &theme, title);
    free(title);
    return 0;
}
