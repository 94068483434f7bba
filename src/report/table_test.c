/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "table.h"

#include "testdata/cmocka_tests.h"

static const struct table_column columns[] = {
    {"Name", false, true, 0},
    {"Requests", true, false, 0},
    {"p90", true, false, 2},
    {"Max", true, false, 1},
};

static void made_table(struct table *table)
{
    table_init(table, columns, 4);
    table_add(table, "GET /a/name/of/forty/columns/or/so/12345");
    table_add(table, "1234");
    table_add(table, "12.5 ms");
    table_add(table, "1.25 s");
}

static void assert_widths(size_t width, size_t name, size_t requests, size_t p90,
                          size_t max, size_t left_out)
{
    struct table table;
    size_t widths[TABLE_COLUMNS_MAX];

    made_table(&table);
    assert_int_equal(table_fit(&table, width, 2, widths), left_out);
    assert_int_equal(widths[0], name);
    assert_int_equal(widths[1], requests);
    assert_int_equal(widths[2], p90);
    assert_int_equal(widths[3], max);
    table_release(&table);
}

TEST(cells_are_found_by_row_and_column)
{
    struct table table;

    made_table(&table);
    table_add_toned(&table, "second", TONE_BAD);
    for (int i = 0; i < 3; i++)
        table_add(&table, "");
    assert_int_equal(table_rows(&table), 2);
    assert_string_equal(table_at(&table, 0, 2)->text, "12.5 ms");
    assert_string_equal(table_at(&table, 1, 0)->text, "second");
    assert_int_equal(table_at(&table, 1, 0)->tone, TONE_BAD);
    table_release(&table);
}

TEST(room_goes_to_names_first_then_columns_leave_by_rank)
{
    /* 40 + 8 + 7 + 6 and three gaps of 2 */
    assert_widths(100, 40, 8, 7, 6, 0);
    assert_widths(67, 40, 8, 7, 6, 0);
    assert_widths(60, 33, 8, 7, 6, 0);
    assert_widths(51, 24, 8, 7, 6, 0);
    assert_widths(50, 32, 8, 0, 6, 1);
    assert_widths(42, 24, 8, 0, 6, 1);
    assert_widths(41, 31, 8, 0, 0, 2);
    assert_widths(30, 20, 8, 0, 0, 2);
    assert_widths(10, 8, 8, 0, 0, 2);
}

TEST(a_column_without_a_text_takes_no_room_and_is_not_missed)
{
    static const struct table_column some[] = {
        {"Name", false, true, 0}, {"Why", false, false, 0}, {"p50", true, false, 1}};
    struct table table;
    size_t widths[TABLE_COLUMNS_MAX];
    bool shown[TABLE_COLUMNS_MAX];

    table_init(&table, some, 3);
    for (int row = 0; row < 2; row++) {
        table_add(&table, "GET /");
        table_add(&table, "");
        table_add(&table, row ? "12.5 ms" : "");
    }
    table_shown(&table, 1, shown);
    assert_true(shown[0] && !shown[1] && shown[2]);
    table_shown(&table, 0, shown);
    assert_true(shown[0] && !shown[1] && !shown[2]);
    assert_int_equal(table_fit(&table, 80, 2, widths), 0);
    assert_int_equal(widths[1], 0);
    assert_int_equal(table_fit(&table, 14, 2, widths), 0);
    table_release(&table);
}
