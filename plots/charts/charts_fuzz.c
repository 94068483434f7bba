/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Whatever the data, every chart lays out, and the rules of every picture hold: texts are
 * valid UTF-8, stand inside the picture and not on each other, no point is outside.
 */
#include "plots/charts/boxplot.h"
#include "plots/charts/heatmap.h"
#include "plots/charts/latency.h"
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

static void draw_latency(struct input *input, const struct theme *theme,
                         const char *title)
{
    static double numbers[MOST_LINES][2][MOST_POINTS];
    struct latency_line lines[MOST_LINES];
    char *names[MOST_LINES];
    size_t count = next_byte(input) % (MOST_LINES + 1);
    for (size_t i = 0; i < count; i++) {
        size_t points = next_byte(input) % (MOST_POINTS + 1);
        bool sane = next_byte(input) % 2;
        for (size_t k = 0; k < points; k++) {
            numbers[i][0][k] = sane ? 1e6 * (double)(k + 1 + i) : next_number(input);
            numbers[i][1][k] =
                sane ? (double)(k + 1) / (double)points : next_byte(input) / 250.0;
        }
        names[i] = next_name(input);
        uint64_t requests = (uint64_t)1 << next_byte(input) % 64;
        lines[i] = (struct latency_line){
            names[i], numbers[i][0],      numbers[i][1],      points,
            requests, next_number(input), next_number(input), next_number(input)};
    }
    struct latency_data data = {title, title, lines, count};
    struct scene scene;
    const char *why;
    check(chart_latency_ecdf(&data, theme, &scene, &why), &scene);
    check(chart_latency_percentiles(&data, theme, &scene, &why), &scene);
    for (size_t i = 0; i < count; i++)
        free(names[i]);
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

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct input input = {bytes, size};
    struct theme theme = next_byte(&input) % 2 ? theme_light() : theme_dark();
    uint8_t chart = next_byte(&input);
    char *title = next_name(&input);
    if (chart % 3 == 0)
        draw_latency(&input, &theme, title);
    else if (chart % 3 == 1)
        draw_boxplot(&input, &theme, title);
    else
        draw_heatmap(&input, &theme, title);
    free(title);
    return 0;
}
