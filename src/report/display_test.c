/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "display.h"

#include "testdata/cmocka_tests.h"

static void assert_cleaned(const char *name, const char *expected)
{
    char *clean = display_clean(name, strlen(name));

    assert_string_equal(clean, expected);
    free(clean);
}

static void assert_fitted(const char *text, size_t width, const char *expected)
{
    char *fit = display_fit(text, width, false);

    assert_string_equal(fit, expected);
    assert_true(display_width(fit) <= width);
    free(fit);
}

TEST(names_in_any_script_stay_as_they_are)
{
    assert_cleaned("GET /cart/<int:id>", "GET /cart/<int:id>");
    assert_cleaned("GET /käse/日本/العربية/👩‍🚀",
                   "GET /käse/日本/العربية/👩‍🚀");
    assert_cleaned("", "");
}

TEST(no_control_character_reaches_a_terminal)
{
    assert_cleaned("a\x1b[31mred\nb", "a\\x1b[31mred\\x0ab");
    assert_cleaned("bell\a\x7f tab\t", "bell\\x07\\x7f tab\\x09");
    assert_cleaned("c1 \xc2\x9b"
                   "31m",
                   "c1 \\x9b31m");
    char *nul = display_clean("a\0b", 3);
    assert_string_equal(nul, "a\\x00b");
    free(nul);
    assert_cleaned("turned \u202egpj.exe", "turned \\u202egpj.exe");
    assert_cleaned("line\u2028break \U000e0041", "line\\u2028break \\ue0041");
}

TEST(bytes_that_are_no_utf8_are_replaced_one_by_one)
{
    assert_cleaned("a\xff\xfe"
                   "b",
                   "a\ufffd\ufffdb");
    assert_cleaned("cut \xe6\x97", "cut \ufffd\ufffd");
    assert_cleaned("overlong \xc0\xaf \xe0\x80\xaf",
                   "overlong \ufffd\ufffd \ufffd\ufffd\ufffd");
    assert_cleaned("surrogate \xed\xa0\x80", "surrogate \ufffd\ufffd\ufffd");
    assert_cleaned("beyond \xf4\x90\x80\x80", "beyond \ufffd\ufffd\ufffd\ufffd");
}

TEST(whatever_goes_in_valid_and_printable_utf8_comes_out)
{
    unsigned seed = 1;

    for (int round = 0; round < 2000; round++) {
        char name[40];
        size_t length = 0;
        for (; length < sizeof(name) - 1; length++) {
            seed = seed * 1664525u + 1013904223u;
            name[length] = (char)((seed >> 24) | (seed >> 16 & 1 ? 0x80 : 0) | 1);
        }
        name[length] = '\0';
        char *clean = display_clean(name, length);
        assert_true(utf8_valid(clean, strlen(clean)));
        for (const char *c = clean; *c; c++)
            assert_true((unsigned char)*c >= 0x20 && *c != 0x7f);
        free(clean);
    }
}

TEST(width_counts_columns_not_bytes)
{
    assert_int_equal(display_width("abc"), 3);
    assert_int_equal(display_width("käse"), 4);
    assert_int_equal(display_width("ka\u0308se"), 4);
    assert_int_equal(display_width("日本"), 4);
    assert_int_equal(display_width("1\u202f234"), 5);
    assert_int_equal(display_width("▁▂█"), 3);
}

TEST(a_long_name_loses_its_middle)
{
    assert_fitted("GET /catalogue/items", 20, "GET /catalogue/items");
    assert_fitted("GET /catalogue/items", 11, "GET /…items");
    assert_fitted("GET /catalogue/items", 10, "GET /…tems");
    assert_fitted("日本語の長い名前", 8, "日本…前");
    assert_fitted("abcdefa\u0308", 4, "ab…a\u0308");
    assert_fitted("abc\u0308defgh", 4, "ab…h");
    assert_fitted("abc", 1, "…");
    assert_fitted("abc", 0, "");
}

TEST(a_name_fits_at_every_width)
{
    static const char *const names[] = {
        "GET /a/very/long/name/for/an/endpoint", "日本語の長い名前日本語",
        "e\u0301e\u0301e\u0301e\u0301e\u0301", "👩‍🚀👩‍🚀👩‍🚀 \xff"};

    for (size_t i = 0; i < 4; i++)
        for (size_t width = 0; width < 40; width++)
            for (int ascii = 0; ascii < 2; ascii++) {
                char *fit = display_fit(names[i], width, ascii);
                assert_true(display_width(fit) <= width);
                free(fit);
            }
}

TEST(ascii_keeps_the_meaning_of_signs)
{
    char *ascii = display_ascii("1\u202f250 µs – ×4 … 日");

    assert_string_equal(ascii, "1,250 us - x4 .. ?");
    free(ascii);
}
