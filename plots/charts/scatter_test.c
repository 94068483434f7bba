/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Outliers as dots: goldens, and that every one is drawn in its colour. */
#include "testdata/cmocka_tests.h"

#include "plots/charts/scatter.h"
#include "plots/sample_data.h"
#include "plots/scene_golden.h"

enum { MOST_POINTS = 300 };

static const double start_s = 1774818000; /* 2026-03-29 21:00 UTC */

/* Slow requests over three days; each fourth is of a named group. */
static void fill(struct scatter_point *points, size_t count, size_t names)
{
    uint64_t seed = 5;
    for (size_t i = 0; i < count; i++) {
        double at_s = start_s + sample_uniform(&seed) * 3 * 86400;
        double ns = round(4e8 * exp(fabs(0.7 * sample_normal(&seed))));
        size_t name = names > 0 && i % 4 == 0 ? i / 4 % names : SCATTER_NOBODY;
        points[i] = (struct scatter_point){at_s, ns, name, NULL};
    }
}

static void check(const struct scatter_data *data, bool dark, const char *name)
{
    struct theme theme = dark ? theme_dark() : theme_light();
    struct scene scene;
    const char *why = "";
    assert_int_equal(chart_scatter(data, &theme, &scene, &why), 0);
    check_golden(&scene, name);
    scene_release(&scene);
}

static const struct scatter_fence fences[] = {
    {start_s, start_s + 100000, 3.4e8}, {start_s + 100000, start_s + 3 * 86400, 2.6e8}};

TEST(outliers_of_three_days_with_the_groups_they_belong_to)
{
    struct scatter_point points[MOST_POINTS];
    const char *names[] = {"customer 4711", "קבוצה 12", "🛒 shop"};
    struct time_mark marks[] = {{start_s + 100000, TIME_MARK_VERSION, "2.8", NULL}};
    fill(points, 200, 3);
    points[7].tip = "1.2 s, 30 Mar 2026, 03:12:11, customer 4711";
    points[9].at_s = NAN;
    struct scatter_data data = {"Customer 4711 has a third of the outliers of GET /cart",
                                "Outliers by group",
                                {"UTC", NULL, NULL},
                                start_s,
                                start_s + 3 * 86400,
                                points,
                                200,
                                names,
                                3,
                                fences,
                                2,
                                marks,
                                1,
                                123456,
                                412};
    check(&data, false, "scatter-groups");
    check(&data, true, "scatter-groups-dark");
}

TEST(more_names_than_colours_and_one_that_never_ends)
{
    struct scatter_point points[MOST_POINTS];
    static char endless[3001];
    memset(endless, 'x', sizeof(endless) - 1);
    const char *names[] = {endless, "\xff\x01", NULL, "d", "e", "f", "g", "h", "i"};
    fill(points, 120, 9);
    struct scatter_data data = {"Names are what they are",
                                NULL,
                                {NULL, NULL, NULL},
                                NAN,
                                NAN,
                                points,
                                120,
                                names,
                                9,
                                NULL,
                                0,
                                NULL,
                                0,
                                10,
                                120};
    check(&data, false, "scatter-names");
}

TEST(one_outlier)
{
    struct scatter_point point = {start_s, 2e9, SCATTER_NOBODY, "2 s"};
    struct scatter_data data = {"One request took 2 s",
                                NULL,
                                {"UTC", NULL, NULL},
                                start_s,
                                start_s,
                                &point,
                                1,
                                NULL,
                                0,
                                fences,
                                1,
                                NULL,
                                0,
                                1000,
                                1};
    check(&data, false, "scatter-one");
}

TEST(no_outliers_are_said)
{
    struct scatter_data data = {.title = "Nothing was slow", .from_s = 0, .to_s = 60};
    check(&data, false, "scatter-none");
}

TEST(every_request_is_one_dot)
{
    struct scatter_point points[MOST_POINTS];
    const char *names[] = {"a", "b"};
    fill(points, 200, 2);
    struct scatter_data data = {.from_s = start_s,
                                .to_s = start_s + 86400,
                                .points = points,
                                .point_count = 200,
                                .names = names,
                                .name_count = 2};
    struct theme theme = theme_light();
    struct scene scene;
    const char *why = "";
    size_t dots = 0;
    assert_int_equal(chart_scatter(&data, &theme, &scene, &why), 0);
    for (size_t i = 0; i < scene.count; i++)
        dots += scene.shapes[i].kind == SHAPE_DOTS ? scene.shapes[i].point_count : 0;
    assert_int_equal(dots, 200);
    scene_release(&scene);
}
