/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Small multiples: goldens, and that panels compare and nothing is left out in silence.
 */
#include "testdata/cmocka_tests.h"

#include "plots/charts/multiples.h"
#include "plots/sample_data.h"
#include "plots/scene_golden.h"
#include "plots/units.h"

enum { MOST = 60, BLOCKS = 24, POINTS = 300 };

/* Made-up endpoints; each knows its place in time and its distributions. */
static struct timeline_block blocks[MOST][BLOCKS];
static double latencies[MOST][2][POINTS], shares[POINTS];
static char names[MOST][48];

static const double start_s = 1774566000; /* 2026-03-26 23:00 UTC, midnight in Berlin */

/* Berlin in 2026: summer time from 29 March, 01:00 UTC, to 25 October. */
static long long berlin(long long utc_s, const void *zone)
{
    (void)zone;
    return utc_s >= 1774746000 && utc_s < 1792890000 ? 7200 : 3600;
}

static void fill_lines(struct multiples_panel *panel, size_t i, double center_ns)
{
    for (size_t k = 0; k < 2; k++) {
        uint64_t seed = 100 + i;
        for (size_t p = 0; p < POINTS; p++)
            latencies[i][k][p] =
                sample_latency(&seed, center_ns * (k && i % 5 == 1 ? 2 : 1), 0.03, 8);
        qsort(latencies[i][k], POINTS, sizeof(double), sample_order);
        panel->lines[k] = (struct latency_line){.latency_ns = latencies[i][k],
                                                .share = shares,
                                                .points = POINTS,
                                                .requests = POINTS};
    }
}

static void fill(struct multiples_panel *panels, size_t count)
{
    uint64_t seed = 11;
    for (size_t p = 0; p < POINTS; p++)
        shares[p] = (double)(p + 1) / POINTS;
    for (size_t i = 0; i < count; i++) {
        double center = 2e6 * pow(1.6, (double)(i % 7));
        snprintf(names[i], sizeof(names[i]), "GET /api/things-%zu/<int:id>", i);
        for (size_t b = 0; b < BLOCKS; b++) {
            double wobble = exp(0.15 * sample_normal(&seed)) * (i == 2 && b > 11 ? 3 : 1);
            double from_s = start_s + (double)b * 10800;
            blocks[i][b] = (struct timeline_block){from_s,
                                                   from_s + 10800,
                                                   round(center * wobble),
                                                   round(3 * center * wobble),
                                                   round(9 * center * wobble),
                                                   500 - 8 * i};
        }
        panels[i] = (struct multiples_panel){.name = names[i],
                                             .requests = BLOCKS * (500 - 8 * i),
                                             .p95_ns = round(3 * center),
                                             .blocks = blocks[i],
                                             .block_count = BLOCKS};
        fill_lines(&panels[i], i, center);
    }
}

static struct multiples_data data_of(const struct multiples_panel *panels, size_t count)
{
    return (struct multiples_data){.title = "GET /api/things-2/<int:id> takes three "
                                            "times as long since Saturday noon",
                                   .subtitle = "The endpoints that take most time",
                                   .what = "endpoints",
                                   .panels = panels,
                                   .panel_count = count,
                                   .clock = {"Europe/Berlin", berlin, NULL},
                                   .line_names = {"2.7", "2.8"}};
}

typedef int drawing(const struct multiples_data *data, const struct theme *theme,
                    struct scene *scene, const char **why);

static void check(drawing *draw, const struct multiples_data *data, bool dark,
                  const char *name)
{
    struct theme theme = dark ? theme_dark() : theme_light();
    struct scene scene;
    const char *why = "";
    assert_int_equal(draw(data, &theme, &scene, &why), 0);
    check_golden(&scene, name);
    scene_release(&scene);
}

TEST(ten_endpoints_across_a_dst_change)
{
    struct multiples_panel panels[10];
    struct time_mark marks[] = {
        {start_s + 86400, TIME_MARK_VERSION, "2.8", NULL},
        {start_s + 12 * 10800, TIME_MARK_WORSE, "+200 %", "three times as long"}};
    fill(panels, 10);
    for (size_t i = 0; i < 10; i++) {
        panels[i].marks = marks;
        panels[i].mark_count = i == 2 ? 2 : 1;
    }
    struct multiples_data data = data_of(panels, 10);
    check(chart_multiples_time, &data, false, "multiples-time");
    check(chart_multiples_time, &data, true, "multiples-time-dark");
    check(chart_multiples_percentiles, &data, false, "multiples-percentiles");
    check(chart_multiples_percentiles, &data, true, "multiples-percentiles-dark");
}

TEST(two_hundred_endpoints_show_twenty_and_say_so)
{
    struct multiples_panel panels[30];
    fill(panels, 30);
    struct multiples_data data = data_of(panels, 30);
    data.others = 170;
    data.others_requests = 12345;
    check(chart_multiples_time, &data, false, "multiples-many-time");
    check(chart_multiples_percentiles, &data, false, "multiples-many-percentiles");
}

TEST(names_of_any_kind_and_panels_that_know_nothing)
{
    static const char *const odd[] = {
        "GET /カート/お支払い/とても長い名前のエンドポイント",
        "GET /سلة/المشتريات",
        "POST /🛒/👨‍👩‍👧‍👦/checkout",
        "\xff\xfe not UTF-8",
        "",
        "GET /a/path/that/goes/on/and/on/and/never/ends"};
    struct multiples_panel panels[6];
    fill(panels, 6);
    for (size_t i = 0; i < 6; i++)
        panels[i].name = odd[i];
    panels[3].block_count = 0;
    panels[3].lines[0].points = panels[3].lines[1].points = 0;
    panels[3].p95_ns = NAN;
    panels[4].block_count = 1;
    panels[4].lines[0].points = 0;
    for (size_t b = 0; b < BLOCKS; b += 3)
        blocks[5][b].p95_ns = NAN;
    struct multiples_data data = data_of(panels, 6);
    data.line_names[0] = "גרסה 2";
    data.line_names[1] = "a version that is called as long as its branch";
    check(chart_multiples_time, &data, false, "multiples-names-time");
    check(chart_multiples_percentiles, &data, false, "multiples-names-percentiles");
}

TEST(one_panel_and_none)
{
    struct multiples_panel panels[1];
    fill(panels, 1);
    struct multiples_data data = data_of(panels, 1);
    check(chart_multiples_time, &data, false, "multiples-one-time");
    check(chart_multiples_percentiles, &data, false, "multiples-one-percentiles");
    data.panel_count = 0;
    check(chart_multiples_time, &data, false, "multiples-none-time");
    check(chart_multiples_percentiles, &data, false, "multiples-none-percentiles");
}

static size_t texts_like(const struct scene *scene, const char *part)
{
    size_t count = 0;
    for (size_t i = 0; i < scene->count; i++)
        count += scene->shapes[i].kind == SHAPE_TEXT &&
                 strstr(scene->shapes[i].text, part) != NULL;
    return count;
}

TEST(what_is_drawn_and_what_is_left_out_are_all)
{
    struct multiples_panel panels[MOST];
    struct theme theme = theme_light();
    const char *why = "";
    fill(panels, MOST);
    for (size_t count = 1; count <= MOST; count++) {
        struct scene scene;
        struct multiples_data data = data_of(panels, count);
        uint64_t all = 0, left_out = 0;
        char said[128], share[NUMBER_BYTES];
        for (size_t i = 0; i < count; i++) {
            all += panels[i].requests;
            left_out += i < MULTIPLES_PANELS ? 0 : panels[i].requests;
        }
        assert_int_equal(chart_multiples_percentiles(&data, &theme, &scene, &why), 0);
        size_t drawn = count < MULTIPLES_PANELS ? count : MULTIPLES_PANELS;
        assert_int_equal(texts_like(&scene, "GET /api/things-") - 1, drawn); /* title */
        share_text((double)left_out / (double)all, share);
        snprintf(said, sizeof(said), "And %zu more endpoints, with %s of the requests",
                 count - drawn, share);
        assert_int_equal(texts_like(&scene, said), count > drawn);
        assert_int_equal(texts_like(&scene, " more endpoints"), count > drawn);
        scene_release(&scene);
    }
}

/* The line that is the same in two panels stands at the same height in both. */
TEST(panels_compare)
{
    struct multiples_panel panels[4];
    struct theme theme = theme_light();
    struct scene scene;
    const char *why = "";
    double heights[4] = {0};
    size_t lines = 0;
    fill(panels, 4);
    for (size_t i = 0; i < 4; i++)
        panels[i].lines[0].points = 0;
    panels[3].lines[1] = panels[1].lines[1];
    struct multiples_data data = data_of(panels, 4);
    assert_int_equal(chart_multiples_percentiles(&data, &theme, &scene, &why), 0);
    for (size_t i = 0; i < scene.count; i++) {
        const struct shape *shape = &scene.shapes[i];
        if (shape->kind == SHAPE_LINE && shape->point_count > 8 && lines < 4)
            heights[lines++] = scene.points[shape->first_point + 4].y;
    }
    assert_int_equal(lines, 4);
    assert_true(fabs(heights[1] - heights[3]) < 0.01);
    assert_true(fabs(heights[0] - heights[1]) > 1);
    scene_release(&scene);
}
