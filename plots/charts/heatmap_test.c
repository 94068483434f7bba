/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Heat maps: goldens of ordinary and extreme data, and that no data is not zero. */
#include "testdata/cmocka_tests.h"

#include "plots/charts/heatmap.h"
#include "plots/sample_data.h"
#include "plots/scene_golden.h"

enum { HOURS = 24, MOST_DAYS = 800 };
static double amounts[MOST_DAYS * HOURS];

/* Office hours, weaker at weekends, empty nights. */
static void fill(size_t days, uint64_t seed)
{
    for (size_t i = 0; i < days * HOURS; i++) {
        double hour = (double)(i % HOURS), weekend = (i / HOURS) % 7 >= 5 ? 0.35 : 1;
        double level = 1500 * exp(-pow((hour - 14) / 4.5, 2)) * weekend;
        amounts[i] = fmax(0, round(level * (1 + 0.2 * sample_normal(&seed)) - 5));
    }
}

static void check_days(const struct heatmap_days *data, bool dark, const char *name)
{
    struct theme theme = dark ? theme_dark() : theme_light();
    struct scene scene;
    const char *why = "";
    assert_int_equal(chart_heatmap_days(data, &theme, &scene, &why), 0);
    check_golden(&scene, name);
    scene_release(&scene);
}

static void check_week(const struct heatmap_week *data, bool dark, const char *name)
{
    struct theme theme = dark ? theme_dark() : theme_light();
    struct scene scene;
    const char *why = "";
    assert_int_equal(chart_heatmap_week(data, &theme, &scene, &why), 0);
    check_golden(&scene, name);
    scene_release(&scene);
}

/* 2026-03-23 is day 20535, a Monday; in Berlin, 2026-03-29 has no 02:00. */
TEST(two_weeks_across_a_dst_change)
{
    fill(14, 1);
    amounts[6 * HOURS + 2] = NAN;
    for (size_t hour = 9; hour < 15; hour++)
        amounts[8 * HOURS + hour] = NAN;
    struct heatmap_days data = {"Tuesday 31 March lost six hours of traces",
                                "All endpoints, requests an hour",
                                "requests an hour",
                                "Europe/Berlin",
                                20535,
                                14,
                                amounts};
    check_days(&data, false, "heatmap-days");
    check_days(&data, true, "heatmap-days-dark");
}

TEST(one_day)
{
    fill(1, 2);
    struct heatmap_days data = {
        "One day of traffic", NULL, "requests an hour", "UTC", 20535, 1, amounts};
    check_days(&data, false, "heatmap-one-day");
}

TEST(nothing_was_counted)
{
    for (size_t i = 0; i < 3 * HOURS; i++)
        amounts[i] = NAN;
    struct heatmap_days data = {
        "Three days without traces", NULL, "requests", "UTC", 20535, 3, amounts};
    check_days(&data, false, "heatmap-none");
    data.days = 0;
    check_days(&data, false, "heatmap-no-days");
}

TEST(only_zeros)
{
    memset(amounts, 0, sizeof(amounts));
    struct heatmap_days data = {
        "Recorded, but nobody came", NULL, "requests", NULL, 20535, 7, amounts};
    check_days(&data, false, "heatmap-zeros");
}

TEST(one_burst_does_not_hide_the_rest)
{
    fill(10, 3);
    amounts[4 * HOURS + 3] = 2500000;
    amounts[5 * HOURS + 3] = -4;
    amounts[5 * HOURS + 4] = INFINITY;
    struct heatmap_days data = {"A crawler asked 2.5 million times in one hour",
                                NULL,
                                "requests an hour",
                                "Asia/Kolkata",
                                20535,
                                10,
                                amounts};
    check_days(&data, false, "heatmap-burst");
}

TEST(a_week)
{
    fill(7, 4);
    struct heatmap_week data = {"Weekdays from 10 to 18 carry 80 % of the load",
                                "Mean of 9 weeks", "requests an hour", "Europe/Berlin",
                                amounts};
    check_week(&data, false, "heatmap-week");
    check_week(&data, true, "heatmap-week-dark");
}

/* Too many cells for a golden that anybody would read: drawn for the gallery, counted
 * here. Every hour of every day is exactly one cell. */
TEST(two_years_have_a_cell_for_every_hour)
{
    fill(MOST_DAYS, 5);
    for (size_t i = 300 * HOURS; i < 320 * HOURS; i++)
        amounts[i] = NAN;
    struct heatmap_days data = {"Traffic has been flat for two years",
                                NULL,
                                "requests an hour",
                                "UTC",
                                20535,
                                MOST_DAYS,
                                amounts};
    struct theme theme = theme_light();
    struct scene scene;
    const char *why = "";
    assert_int_equal(chart_heatmap_days(&data, &theme, &scene, &why), 0);
    size_t cells = 0;
    for (size_t i = 0; i < scene.count; i++)
        if (scene.shapes[i].kind == SHAPE_RECTS && scene.shapes[i].point_count > 2)
            cells += scene.shapes[i].point_count / 2;
    assert_true(cells >= HEATMAP_MAX_DAYS * HOURS - 64);
    assert_true(cells <= HEATMAP_MAX_DAYS * HOURS);
    draw_in_gallery(&scene, "heatmap-two-years");
    scene_release(&scene);
}

static struct color color_of_cell(size_t wanted_day, size_t wanted_hour, double value)
{
    fill(7, 4);
    amounts[wanted_day * HOURS + wanted_hour] = value;
    struct heatmap_week data = {"", "", "requests", "UTC", amounts};
    struct theme theme = theme_light();
    struct scene scene;
    const char *why = "";
    assert_int_equal(chart_heatmap_week(&data, &theme, &scene, &why), 0);
    /* the columns start where the first cell of Monday 00:00 is: the leftmost, topmost */
    double left = INFINITY, top = INFINITY, width = 0, height = 0;
    for (size_t i = 1; i < scene.count; i++) {
        const struct shape *shape = &scene.shapes[i];
        const struct point *at = &scene.points[shape->first_point];
        if (shape->kind != SHAPE_RECTS || at[1].x < 40)
            continue;
        for (size_t k = 0; k < shape->point_count; k += 2) {
            left = fmin(left, at[k].x);
            top = fmin(top, at[k].y);
        }
        width = at[1].x + 1;
        height = at[1].y + 1;
    }
    struct color found = {0, 0, 0, 0};
    for (size_t i = 1; i < scene.count; i++) {
        const struct shape *shape = &scene.shapes[i];
        const struct point *at = &scene.points[shape->first_point];
        for (size_t k = 0; shape->kind == SHAPE_RECTS && k < shape->point_count; k += 2)
            if (fabs(at[k].x - left - width * (double)wanted_day) < 1 &&
                fabs(at[k].y - top - height * (double)wanted_hour) < 1)
                found = shape->fill;
    }
    scene_release(&scene);
    return found;
}

TEST(an_hour_without_data_is_not_an_hour_with_zero_requests)
{
    struct color zero = color_of_cell(2, 12, 0), missing = color_of_cell(2, 12, NAN);
    struct theme theme = theme_light();
    assert_memory_equal(&zero, &theme.steps[0], sizeof(zero));
    assert_memory_equal(&missing, &theme.missing, sizeof(missing));
}
