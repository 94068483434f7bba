/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Names against names: goldens, and that no data is not zero. */
#include "testdata/cmocka_tests.h"

#include "plots/charts/matrix.h"
#include "plots/sample_data.h"
#include "plots/scene_golden.h"

#include <math.h>

enum { MOST_ROWS = 60, MOST_COLUMNS = 16 };

static double amounts[MOST_ROWS * MOST_COLUMNS];
static uint64_t requests[MOST_ROWS * MOST_COLUMNS], totals[MOST_ROWS];
static char texts[MOST_ROWS + MOST_COLUMNS][48];
static const char *names[MOST_ROWS + MOST_COLUMNS];

static struct matrix_data filled(size_t rows, size_t columns)
{
    uint64_t seed = 11;
    for (size_t row = 0; row < rows; row++) {
        totals[row] = 0;
        for (size_t column = 0; column < columns; column++) {
            amounts[row * columns + column] =
                round(2e7 * exp(0.8 * sample_normal(&seed)) * (double)(row + 1));
            requests[row * columns + column] = 100 * (column + 1);
            totals[row] += 100 * (column + 1);
        }
    }
    for (size_t i = 0; i < rows + columns; i++) {
        snprintf(texts[i], sizeof(texts[i]), i < rows ? "customer %zu" : "2.%zu.0",
                 i < rows ? 4711 + i : i - rows);
        names[i] = texts[i];
    }
    return (struct matrix_data){.unit = MATRIX_LATENCY,
                                .what = "p95",
                                .row_what = "groups",
                                .column_what = "versions",
                                .rows = names,
                                .columns = names + rows,
                                .row_count = rows,
                                .column_count = columns,
                                .amounts = amounts,
                                .requests = requests,
                                .row_total = totals};
}

static void check(const struct matrix_data *data, bool dark, const char *name)
{
    struct theme theme = dark ? theme_dark() : theme_light();
    struct scene scene;
    const char *why = "";
    assert_int_equal(chart_matrix(data, &theme, &scene, &why), 0);
    check_golden(&scene, name);
    scene_release(&scene);
}

TEST(latency_of_eight_groups_in_five_versions)
{
    struct matrix_data data = filled(8, 5);
    amounts[3] = amounts[12] = NAN;
    data.title = "Customer 4718 waits eight times as long as customer 4711";
    data.subtitle = "p95 by group and version";
    check(&data, false, "matrix-latency");
    check(&data, true, "matrix-latency-dark");
}

TEST(more_than_there_is_room_for)
{
    struct matrix_data data = filled(60, 16);
    static char endless[2001];
    memset(endless, 'x', sizeof(endless) - 1);
    names[0] = endless;
    names[1] = "סל הקניות";
    names[2] = NULL;
    names[74] = "🚀 a version with a long name";
    data.unit = MATRIX_COUNT;
    data.what = "requests an hour";
    data.title = "Sixty customers use sixteen versions";
    check(&data, false, "matrix-many");
}

TEST(shares_with_zeros)
{
    struct matrix_data data = filled(3, 2);
    static const double shares[] = {0.5, 0.25, 0, 1, 0.00004, NAN};
    data.amounts = shares;
    data.unit = MATRIX_SHARE;
    data.what = "share of the requests";
    data.requests = NULL;
    data.row_total = NULL;
    data.title = "Shares";
    check(&data, false, "matrix-shares");
}

TEST(one_cell_and_none)
{
    struct matrix_data data = filled(1, 1);
    data.title = "One group";
    check(&data, false, "matrix-one");
    amounts[0] = NAN;
    check(&data, false, "matrix-unknown");
    data.row_count = 0;
    check(&data, false, "matrix-none");
}

TEST(a_cell_without_data_is_not_a_cell_with_nothing)
{
    struct matrix_data data = filled(1, 2);
    static const double two[] = {0, NAN};
    struct theme theme = theme_light();
    struct scene scene;
    const char *why = "";
    struct color cells[2];
    size_t count = 0;
    data.amounts = two;
    data.unit = MATRIX_COUNT;
    assert_int_equal(chart_matrix(&data, &theme, &scene, &why), 0);
    for (size_t i = 1; i < scene.count; i++)
        if (scene.shapes[i].kind == SHAPE_RECTS && count < 2)
            cells[count++] = scene.shapes[i].fill;
    assert_int_equal(count, 2);
    assert_memory_equal(&cells[0], &theme.steps[0], sizeof(cells[0]));
    assert_memory_not_equal(&cells[1], &theme.steps[0], sizeof(cells[1]));
    scene_release(&scene);
}
