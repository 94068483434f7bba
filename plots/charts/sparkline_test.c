/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Sparklines: goldens, and where the least and the most stand. */
#include "testdata/cmocka_tests.h"

#include "plots/charts/sparkline.h"
#include "plots/scene_golden.h"

#include <math.h>

static void check(const struct sparkline_data *data, const char *name)
{
    struct theme theme = theme_light();
    struct scene scene;
    const char *why = "";
    assert_int_equal(chart_sparkline(data, &theme, &scene, &why), 0);
    check_golden(&scene, name);
    scene_release(&scene);
}

TEST(values_with_a_gap_and_nonsense)
{
    static const double values[] = {3, 4, 3.5, NAN, 5, INFINITY, 9, 8, 8.5, -2, 4};
    struct sparkline_data data = {"p95 from 12 to 30 ms", values, 11};
    check(&data, "sparkline-gap");
}

TEST(one_value_none_and_too_many)
{
    static double values[300];
    for (size_t i = 0; i < 300; i++)
        values[i] = (double)(i * 37 % 101);
    struct sparkline_data data = {NULL, values, 1};
    check(&data, "sparkline-one");
    data.count = 0;
    check(&data, "sparkline-none");
    data.count = 300;
    check(&data, "sparkline-many");
}

TEST(more_stands_higher)
{
    static const double values[] = {1, 2, 3};
    struct sparkline_data data = {"", values, 3};
    struct theme theme = theme_dark();
    struct scene scene;
    const char *why = "";
    assert_int_equal(chart_sparkline(&data, &theme, &scene, &why), 0);
    const struct point *at = &scene.points[scene.shapes[0].first_point];
    assert_int_equal(scene.shapes[0].point_count, 3);
    assert_true(at[0].y > at[1].y && at[1].y > at[2].y);
    assert_true(fabs(at[0].y + at[2].y - 2 * at[1].y) < 0.01);
    scene_release(&scene);
}
