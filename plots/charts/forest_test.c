/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Changes with intervals: goldens, and where estimates must stand. */
#include "testdata/cmocka_tests.h"

#include "plots/charts/forest.h"
#include "plots/scene_golden.h"

#include <math.h>

static void check(const struct forest_data *data, bool dark, const char *name)
{
    struct theme theme = dark ? theme_dark() : theme_light();
    struct scene scene;
    const char *why = "";
    assert_int_equal(chart_forest(data, &theme, &scene, &why), 0);
    check_golden(&scene, name);
    scene_release(&scene);
}

TEST(four_endpoints_of_every_verdict)
{
    struct forest_row rows[] = {
        {"GET /search", "p50", 1.02, 0.98, 1.06, FOREST_SAME, 12000, 11800},
        {"GET /search", "p95", 1.34, 1.21, 1.49, FOREST_WORSE, 12000, 11800},
        {"GET /search", "p99", 1.41, 1.08, 1.86, FOREST_WORSE, 12000, 11800},
        {"POST /orders/<int:id>", "p50", 0.71, 0.66, 0.77, FOREST_BETTER, 4000, 4100},
        {"POST /orders/<int:id>", "p95", 0.83, 0.7, 0.98, FOREST_UNCLEAR, 4000, 4100},
        {"POST /orders/<int:id>", "p99", NAN, NAN, NAN, FOREST_UNCLEAR, 4000, 4100},
        {"GET /health", "p50", 1.001, 0.99, 1.01, FOREST_SAME, 90000, 91000},
        {"GET /ping", "p50", 2.2, 1.8, 3.0, FOREST_SAME, 9000, 9100},
        {"GET /", "p50", 1.1, 0.4, 3.2, FOREST_UNCLEAR, 60, 40}};
    struct forest_data data = {"GET /search got slower in 2.8: p95 +34 %",
                               "2.8 against 2.7",
                               rows,
                               9,
                               0.05,
                               1e6,
                               "12 endpoints without a verdict are not shown."};
    check(&data, false, "forest-four");
    check(&data, true, "forest-four-dark");
}

TEST(thirty_endpoints_show_fifteen_and_say_so)
{
    struct forest_row rows[120];
    static char names[30][80];
    for (size_t i = 0; i < 120; i++) {
        snprintf(names[i / 4], sizeof(names[0]), "GET /api/v2/תוצאות/resource-%zu/<id>",
                 i / 4);
        double ratio = 40.0 / (double)(i + 1);
        rows[i] = (struct forest_row){names[i / 4],
                                      "p95",
                                      ratio,
                                      ratio / 1.3,
                                      i % 9 ? ratio * 1.3 : INFINITY,
                                      ratio > 1.3 ? FOREST_WORSE : FOREST_BETTER,
                                      1000 * i,
                                      (uint64_t)1 << i % 64};
    }
    struct forest_data data = {"From ×40 to a third", NULL, rows, 120, 0.05, 0, NULL};
    check(&data, false, "forest-thirty");
}

TEST(one_row)
{
    struct forest_row row = {NULL, NULL, 1, NAN, NAN, FOREST_SAME, 1, 1};
    struct forest_data data = {"Nothing changed", NULL, &row, 1, 0.05, 0, NULL};
    check(&data, false, "forest-one");
}

TEST(nothing_to_compare_is_said)
{
    struct forest_row row = {"GET /", "p50", NAN, NAN, NAN, FOREST_UNCLEAR, 1, 1};
    struct forest_data data = {"One request each", NULL, &row, 1, 0.05, 0, NULL};
    check(&data, false, "forest-unknown");
    data.row_count = 0;
    check(&data, false, "forest-none");
}

/* x of the dots of a scene. */
static size_t dots_of(const struct scene *scene, double *x)
{
    size_t count = 0;
    for (size_t i = 0; i < scene->count; i++)
        if (scene->shapes[i].kind == SHAPE_DOTS)
            x[count++] = scene->points[scene->shapes[i].first_point].x;
    return count;
}

TEST(twice_as_much_and_half_as_much_stand_equally_far_from_the_same)
{
    struct forest_row rows[] = {{"a", "p50", 2, 1.9, 2.1, FOREST_WORSE, 9, 9},
                                {"a", "p95", 1, 0.9, 1.1, FOREST_SAME, 9, 9},
                                {"a", "p99", 0.5, 0.4, 0.6, FOREST_BETTER, 9, 9}};
    struct forest_data data = {"", NULL, rows, 3, 0.05, 0, NULL};
    struct theme theme = theme_light();
    struct scene scene;
    const char *why = "";
    double x[3];
    assert_int_equal(chart_forest(&data, &theme, &scene, &why), 0);
    assert_int_equal(dots_of(&scene, x), 3);
    assert_true(fabs(x[0] + x[2] - 2 * x[1]) < 0.01);
    scene_release(&scene);
}
