/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Box plots: goldens of ordinary and extreme data, and where boxes must stand. */
#include "testdata/cmocka_tests.h"

#include "plots/charts/boxplot.h"
#include "plots/sample_data.h"
#include "plots/scene_golden.h"

/* Quartiles by sorting; Tukey's whiskers: the last value within 1.5 boxes. */
static struct boxplot_row row_of(const char *name, uint64_t seed, size_t count,
                                 double center_ns, double slow_share, double slow_times)
{
    double *latency_ns, *share;
    sample_sorted(seed, count, center_ns, slow_share, slow_times, &latency_ns, &share);
    struct boxplot_row row = {.name = name, .requests = count};
    row.q1_ns = sample_quantile(latency_ns, count, 0.25);
    row.median_ns = sample_quantile(latency_ns, count, 0.50);
    row.q3_ns = sample_quantile(latency_ns, count, 0.75);
    row.p99_ns = sample_quantile(latency_ns, count, 0.99);
    row.max_ns = latency_ns[count - 1];
    double reach = 1.5 * (row.q3_ns - row.q1_ns);
    row.whisker_low_ns = row.q1_ns;
    row.whisker_high_ns = row.q3_ns;
    for (size_t i = 0; i < count; i++) {
        if (latency_ns[i] >= row.q1_ns - reach)
            row.whisker_low_ns = fmin(row.whisker_low_ns, latency_ns[i]);
        if (latency_ns[i] <= row.q3_ns + reach)
            row.whisker_high_ns = fmax(row.whisker_high_ns, latency_ns[i]);
    }
    free(latency_ns);
    free(share);
    return row;
}

static void check(const struct boxplot_data *data, bool dark, const char *name)
{
    struct theme theme = dark ? theme_dark() : theme_light();
    struct scene scene;
    const char *why = "";
    assert_int_equal(chart_boxplot(data, &theme, &scene, &why), 0);
    check_golden(&scene, name);
    scene_release(&scene);
}

TEST(three_versions)
{
    struct boxplot_row rows[] = {row_of("1.2", 3, 40000, 9e6, 0.02, 8),
                                 row_of("1.1", 2, 20000, 14e6, 0.03, 12),
                                 row_of("1.0", 1, 30000, 11e6, 0.01, 6)};
    struct boxplot_data data = {"1.2 made GET /cart a third faster than 1.1",
                                "GET /cart/<int:id>, newest version first", "versions",
                                rows, 3};
    check(&data, false, "boxplot-versions");
    check(&data, true, "boxplot-versions-dark");
}

TEST(fifty_endpoints_show_forty_and_say_so)
{
    struct boxplot_row rows[50];
    static char names[50][40];
    for (size_t i = 0; i < 50; i++) {
        snprintf(names[i], sizeof(names[i]), "GET /api/v2/resource-%zu/<int:id>", i);
        rows[i] = row_of(names[i], 40 + i, 400, 1e6 * pow(1.15, (double)i), 0.02, 8);
    }
    struct boxplot_data data = {"Half of the endpoints answer within 30 ms", NULL,
                                "endpoints", rows, 50};
    check(&data, false, "boxplot-fifty");
}

TEST(names_in_any_script_and_of_any_length_fit)
{
    static char endless[10001];
    memset(endless, 'x', sizeof(endless) - 1);
    struct boxplot_row rows[] = {
        row_of(endless, 1, 100, 1e3, 0.02, 8),
        row_of("GET /עגלה/<מזהה>", 2, 100, 4e5, 0.02, 8),
        row_of("GET /سلة/المشتريات", 3, 100, 3e6, 0.02, 8),
        row_of("GET /カート/お支払い", 4, 100, 2e7, 0.02, 8),
        row_of("POST /🛒/👩‍👩‍👧‍👦/checkout", 5, 100, 3e8, 0.02, 8),
        row_of("\xc3\x28 \xa0\xa1 not UTF-8", 6, 100, 3e9, 0.02, 8),
        row_of("line\nbreak\tand\x01 control \xe2\x80\xae turned", 7, 100, 4e10, 0.02, 8),
        row_of("", 8, 100, 4e10, 0.02, 8),
        row_of(NULL, 9, 100, 4e10, 0.02, 8),
    };
    struct boxplot_data data = {"From 1 µs to 100 s, whatever the names",
                                "Nine endpoints", "endpoints", rows,
                                sizeof(rows) / sizeof(rows[0])};
    check(&data, false, "boxplot-names");
}

TEST(no_rows_are_said)
{
    struct boxplot_data data = {"Nothing was recorded", NULL, "versions", NULL, 0};
    check(&data, false, "boxplot-none");
}

TEST(missing_and_nonsense_values_are_left_out)
{
    struct boxplot_row rows[] = {
        {"median only", NAN, NAN, 5e6, NAN, NAN, NAN, NAN, 3},
        {"nothing", NAN, NAN, NAN, NAN, NAN, NAN, NAN, 0},
        {"one request", 7e6, 7e6, 7e6, 7e6, 7e6, 7e6, 7e6, 1},
        {"out of order", 9e6, 8e6, 5e6, 3e6, 1e6, 1e6, 1e6, 10},
        {"zero and below", 0, -3, 4e6, INFINITY, 9e6, NAN, INFINITY,
         18446744073709551615u},
    };
    struct boxplot_data data = {"What cannot be drawn is left out", NULL, "versions",
                                rows, 5};
    check(&data, false, "boxplot-nonsense");
}

/* Against a ruler: latencies a decade apart stand equally far apart. */
TEST(a_decade_is_as_wide_everywhere)
{
    struct boxplot_row row = {"1.0", 1e6, 1e7, 1e8, 1e9, 1e10, NAN, NAN, 100};
    struct boxplot_data data = {"", NULL, "versions", &row, 1};
    struct theme theme = theme_light();
    struct scene scene;
    const char *why = "";
    assert_int_equal(chart_boxplot(&data, &theme, &scene, &why), 0);
    for (size_t i = 0; i < scene.count; i++) {
        const struct shape *box = &scene.shapes[i];
        if (box->kind != SHAPE_RECTS || box->fill.alpha == 0 || i == 0)
            continue;
        double left = scene.points[box->first_point].x;
        double width = scene.points[box->first_point + 1].x;
        const struct shape *median = &scene.shapes[i + 2];
        assert_int_equal(median->kind, SHAPE_LINE);
        double middle = scene.points[median->first_point].x;
        assert_true(fabs(middle - left - width / 2) < 0.001);
    }
    scene_release(&scene);
}
