/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Lines against those that Python reads from the same tables of its standard library. */
#include "testdata/cmocka_tests.h"

#include "python_lines.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TABLE_BYTES_MAX (1u << 20)

/* One code object as stdlib_lines.py prints it. */
static struct printed {
    uint32_t first_line, table_bytes, units;
    uint8_t table[TABLE_BYTES_MAX];
    uint32_t lines[TABLE_BYTES_MAX];
} printed;

static bool read_code(FILE *from)
{
    if (fread(&printed, sizeof(uint32_t), 3, from) != 3)
        return false;
    assert_in_range(printed.table_bytes, 0, TABLE_BYTES_MAX);
    assert_in_range(printed.units, 0, TABLE_BYTES_MAX);
    assert_int_equal(fread(printed.table, 1, printed.table_bytes, from),
                     printed.table_bytes);
    assert_int_equal(fread(printed.lines, sizeof(uint32_t), printed.units, from),
                     printed.units);
    return true;
}

/* Asks for some offsets of a long table, for all of a short one. */
static uint32_t check_code(void)
{
    uint32_t wrong = 0, apart = 1 + printed.units / 200;
    uint8_t *exact = malloc(printed.table_bytes + !printed.table_bytes);
    memcpy(exact, printed.table, printed.table_bytes);
    for (uint32_t unit = 0; unit < printed.units; unit += apart)
        wrong += python_line(exact, printed.table_bytes, printed.first_line, 2 * unit) !=
                 printed.lines[unit];
    assert_int_equal(
        python_line(exact, printed.table_bytes, printed.first_line, 2 * printed.units),
        0);
    free(exact);
    return wrong;
}

TEST(lines_are_those_that_python_reads)
{
    uint32_t codes = 0, wrong = 0;
    FILE *python = popen("/usr/bin/python3 src/input/stdlib_lines.py", "r");
    assert_non_null(python);
    for (; read_code(python); codes++)
        wrong += check_code();
    if (pclose(python) != 0) /* it says why */
        SKIP_TEST("not possible here (its own line says why)");
    assert_int_equal(wrong, 0);
    assert_in_range(codes, 3000, 100000);
}

TEST(each_form_of_entry_is_read)
{
    static const uint8_t table[] = {0x80 | 3 << 3 | 1,
                                    0x12, /* short, two units: the first line */
                                    0x80 | 12 << 3,
                                    1,
                                    2, /* two lines on */
                                    0x80 | 13 << 3,
                                    3,              /* one line back */
                                    0x80 | 15 << 3, /* no line */
                                    0x80 | 14 << 3,
                                    0x40 | 0x08,
                                    0x02,
                                    1,
                                    2,
                                    3, /* (2 * 64 + 8) / 2 = 68 on */
                                    0x80 | 0 << 3 | 7,
                                    0};
    static const uint32_t lines[] = {10, 10, 12, 11, 0,  79, 79, 79,
                                     79, 79, 79, 79, 79, 79, 0};
    for (uint32_t unit = 0; unit < sizeof(lines) / sizeof(lines[0]); unit++) {
        assert_int_equal(python_line(table, sizeof(table), 10, 2 * unit), lines[unit]);
        assert_int_equal(python_line(table, sizeof(table), 10, 2 * unit + 1),
                         lines[unit]);
    }
    assert_int_equal(python_line(table, 0, 10, 0), 0);
}

TEST(damaged_tables_tell_no_line_and_end)
{
    static const uint8_t endless[] = {0x80 | 14 << 3, 0x7f, 0x7f, 0x7f, 0x7f, 0x7f,
                                      0x7f,           0x7f, 0x7f, 0x7f, 0x7f, 0x7f};
    for (size_t size = 1; size <= sizeof(endless); size++) {
        uint8_t *exact = malloc(size);
        memcpy(exact, endless, size);
        assert_int_equal(python_line(exact, size, 1, 0), 0);
        free(exact);
    }
    static const uint8_t no_entry[] = {0x05, 0x80};
    assert_int_equal(python_line(no_entry, sizeof(no_entry), 1, 0), 0);
}

TEST(any_bytes_are_read_safely)
{
    uint64_t random = 5;
    for (int round = 0; round < 50000; round++) {
        size_t size = (size_t)round % 40;
        uint8_t *exact = malloc(size + !size);
        for (size_t i = 0; i < size; i++) {
            random = random * 6364136223846793005u + 1442695040888963407u;
            exact[i] = (uint8_t)(random >> 56);
        }
        python_line(exact, size, 1, (uint32_t)(random >> 40) % 64);
        free(exact);
    }
}
