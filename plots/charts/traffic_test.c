/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Requests over time: goldens, and that the stack is as large as its data. */
#include "testdata/cmocka_tests.h"

#include "plots/charts/traffic.h"
#include "plots/sample_data.h"
#include "plots/scene_golden.h"

enum { MOST_BLOCKS = 160 };

static const double start_s = 1774818000; /* 2026-03-29 21:00 UTC */

/* Office hours, with a failing hour. */
static void fill(struct traffic_block *blocks, size_t count, double length_s,
                 size_t failing)
{
    uint64_t seed = 3;
    for (size_t i = 0; i < count; i++) {
        double hour = fmod((double)i * length_s / 3600 + 21, 24);
        double level = 40 * length_s * exp(-pow((hour - 14) / 4.5, 2));
        uint64_t requests = (uint64_t)(level * (1 + 0.1 * sample_normal(&seed)));
        blocks[i] = (struct traffic_block){
            start_s + (double)i * length_s, start_s + (double)(i + 1) * length_s,
            requests, requests / 50, i == failing ? requests / 3 : requests / 900};
    }
}

static void check(const struct traffic_data *data, bool dark, const char *name)
{
    struct theme theme = dark ? theme_dark() : theme_light();
    struct scene scene;
    const char *why = "";
    assert_int_equal(chart_traffic(data, &theme, &scene, &why), 0);
    check_golden(&scene, name);
    scene_release(&scene);
}

TEST(three_days_with_a_failing_hour)
{
    struct traffic_block blocks[MOST_BLOCKS];
    fill(blocks, 72, 3600, 40);
    memmove(&blocks[50], &blocks[55], 17 * sizeof(blocks[0]));
    struct time_mark marks[] = {{start_s + 39.5 * 3600, TIME_MARK_VERSION, "2.8", NULL}};
    struct traffic_data data = {"A third of the requests failed on Tuesday at 13:00",
                                "All endpoints",
                                {"UTC", NULL, NULL},
                                blocks,
                                67,
                                marks,
                                1};
    check(&data, false, "traffic-days");
    check(&data, true, "traffic-days-dark");
}

TEST(no_errors_at_all)
{
    struct traffic_block blocks[2] = {{start_s, start_s + 60, 30, 0, 0},
                                      {start_s + 60, start_s + 120, 20, 0, 0}};
    struct traffic_data data = {
        "Nothing failed", NULL, {"UTC", NULL, NULL}, blocks, 2, NULL, 0};
    check(&data, false, "traffic-no-errors");
}

TEST(one_request_an_hour_that_fails)
{
    struct traffic_block block = {start_s, start_s + 3600, 1, 0, 1};
    struct traffic_data data = {
        "One request, which failed", NULL, {"UTC", NULL, NULL}, &block, 1, NULL, 0};
    check(&data, false, "traffic-one");
}

TEST(no_requests_are_said)
{
    struct traffic_block block = {start_s, start_s + 3600, 0, 0, 0};
    struct traffic_data data = {"Nobody came", NULL, {"UTC", NULL, NULL}, &block, 1,
                                NULL,          0};
    check(&data, false, "traffic-none");
}

/* Twice the surface that a polygon goes around (Gauss). */
static double surface(const struct scene *scene, const struct shape *shape)
{
    const struct point *at = &scene->points[shape->first_point];
    double sum = 0;
    for (size_t i = 0; i < shape->point_count; i++) {
        struct point next = at[(i + 1) % shape->point_count];
        sum += at[i].x * next.y - next.x * at[i].y;
    }
    return fabs(sum);
}

TEST(areas_are_as_their_requests)
{
    struct traffic_block blocks[3] = {{start_s, start_s + 60, 900, 100, 200},
                                      {start_s + 60, start_s + 120, 300, 0, 50},
                                      {start_s + 180, start_s + 240, 100, 0, 0}};
    struct traffic_data data = {"", NULL, {NULL, NULL, NULL}, blocks, 3, NULL, 0};
    struct theme theme = theme_light();
    struct scene scene;
    const char *why = "";
    double served = 0, failed = 0;
    assert_int_equal(chart_traffic(&data, &theme, &scene, &why), 0);
    for (size_t i = 0; i < scene.count; i++) {
        const struct shape *shape = &scene.shapes[i];
        if (shape->kind != SHAPE_LINE || shape->fill.alpha == 0)
            continue;
        if (memcmp(&shape->fill, &theme.worse, sizeof(theme.worse)) == 0)
            failed += surface(&scene, shape);
        else if (memcmp(&shape->fill, &theme.slots[1], sizeof(theme.worse)) != 0)
            served += surface(&scene, shape);
    }
    assert_true(fabs(served / failed - 950.0 / 250) < 0.02);
    scene_release(&scene);
}
