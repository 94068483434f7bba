/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Labels from any bytes: valid, on one line, no wider than asked for. */
#include "testdata/cmocka_tests.h"

#include "plots/sample_data.h"
#include "plots/text.h"

#include <pango/pangocairo.h>

static const struct text_style plain = {12, false, CUT_MIDDLE};
static const struct text_style bold = {12, true, CUT_END};

static const char *fitted(const char *raw, struct text_style style, double max_pt)
{
    static struct label label;
    label_fit(&label, raw, style, max_pt);
    return label.text;
}

TEST(a_short_text_stays_as_it_is)
{
    static const char *const texts[] = {
        "GET /cart/<int:id>",        "Größe",   "עגלה", "سلة", "カート",
        "👩‍👩‍👧‍👦", "e\u0301", "🇩🇪"};
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        assert_string_equal(fitted(texts[i], plain, 500), texts[i]);
}

TEST(bytes_that_are_not_utf8_become_replacement_characters)
{
    assert_string_equal(fitted("a\xff"
                               "b",
                               plain, 500),
                        "a\ufffdb");
    assert_string_equal(fitted("\xc3\x28", plain, 500), "\ufffd(");
    assert_string_equal(fitted("cut \xe2\x82", plain, 500), "cut \ufffd\ufffd");
    assert_string_equal(fitted("\xc0\xaf", plain, 500), "\ufffd\ufffd");
    assert_string_equal(fitted("\xed\xa0\x80", plain, 500), "\ufffd\ufffd\ufffd");
    assert_string_equal(fitted("\xf4\x90\x80\x80", plain, 500),
                        "\ufffd\ufffd\ufffd\ufffd");
}

TEST(line_breaks_and_tabs_become_one_space)
{
    assert_string_equal(fitted("  a\r\n\t b\u2028 ", plain, 500), "a b");
    assert_string_equal(fitted("bell\x07", plain, 500), "bell\ufffd");
}

TEST(characters_that_turn_their_surroundings_are_dropped)
{
    assert_string_equal(fitted("a\u202eb\u2066c\u200b\ufeff", plain, 500), "abc");
}

TEST(a_long_text_loses_its_middle_or_its_end)
{
    char endless[10001];
    for (size_t i = 0; i < sizeof(endless) - 1; i++)
        endless[i] = (char)('a' + i % 26);
    endless[sizeof(endless) - 1] = '\0';
    const char *middle = fitted(endless, plain, 100);
    assert_memory_equal(middle, "abc", 3);
    assert_non_null(strstr(middle, "…"));
    assert_string_equal(middle + strlen(middle) - 3, "nop"); /* 10000 = 384 × 26 + 16 */
    const char *end = fitted(endless, bold, 100);
    assert_memory_equal(end, "abc", 3);
    assert_string_equal(end + strlen(end) - 3, "…");
}

TEST(a_cut_never_tears_a_character_apart)
{
    /* woman + joiner + rocket, letter + accent, flag: none may lose its second half */
    static const char *const wholes[] = {"👩‍🚀", "e\u0301", "🇩🇪"};
    for (size_t i = 0; i < 3; i++) {
        char raw[400], *end = raw;
        for (int k = 0; k < 12; k++)
            end = stpcpy(end, wholes[i]);
        for (int max = 14; max < 200; max += 3) {
            const char *at = fitted(raw, plain, max);
            while (*at != '\0') {
                size_t length = strlen(wholes[i]);
                bool whole = strncmp(at, wholes[i], length) == 0;
                assert_true(whole || strncmp(at, "…", 3) == 0);
                at += whole ? length : 3;
            }
        }
    }
}

/* Random bytes: the result is UTF-8 by glib's judgement, has no control characters, and
 * keeps to its width. */
TEST(whatever_the_bytes_a_label_is_valid_and_fits)
{
    uint64_t seed = 1;
    for (int i = 0; i < 4000; i++) {
        char raw[3000];
        size_t length = (size_t)(sample_uniform(&seed) * (i % 10 ? 60 : 2999));
        bool ascii = i % 3 == 0;
        for (size_t k = 0; k < length; k++)
            raw[k] = (char)(1 + sample_bits(&seed) % (ascii ? 126 : 255));
        raw[length] = '\0';
        double max = 15 + 300 * sample_uniform(&seed);
        struct label label;
        label_fit(&label, raw, i % 2 ? plain : bold, max);
        assert_true(label.width_pt <= max + 1e-6);
        assert_true(g_utf8_validate(label.text, -1, NULL));
        for (const char *at = label.text; *at != '\0'; at++)
            assert_true((unsigned char)*at >= 0x20 && *at != 0x7f);
    }
}

TEST(a_heap_of_accents_is_cut_down)
{
    char raw[2000], *end = stpcpy(raw, "a");
    for (int i = 0; i < 400; i++)
        end = stpcpy(end, "\u0301");
    assert_string_equal(fitted(raw, plain, 500), "a\u0301\u0301\u0301\u0301");
}

TEST(a_name_always_shows)
{
    static const char *const empty[] = {"", " \n\t", NULL, "\u200b", "\u0301"};
    for (size_t i = 0; i < sizeof(empty) / sizeof(empty[0]); i++) {
        struct label label;
        label_name(&label, empty[i], plain, 200);
        assert_string_equal(label.text, "(no name)");
    }
}

TEST(what_follows_a_name_is_kept_whole)
{
    char endless[5001];
    memset(endless, 'w', sizeof(endless) - 1);
    endless[sizeof(endless) - 1] = '\0';
    struct label label;
    label_name_with(&label, endless, "  n 12", plain, 120);
    assert_true(label.width_pt <= 120);
    assert_string_equal(label.text + strlen(label.text) - 6, "  n 12");
    label_name_with(&label, "עגלה", "  n 12", plain, 120);
    assert_string_equal(label.text, "\u2068עגלה\u2069  n 12");
}

TEST(a_title_breaks_at_spaces_into_two_lines_at_most)
{
    struct label lines[TITLE_LINES];
    assert_int_equal(label_wrap(lines, "", bold, 200), 0);
    assert_int_equal(label_wrap(lines, "short", bold, 200), 1);
    assert_int_equal(
        label_wrap(lines, "one two three four five six seven eight", bold, 150), 2);
    assert_string_equal(lines[0].text, "one two three four five");
    assert_string_equal(lines[1].text, "six seven eight");
    char endless[3000];
    memset(endless, 'm', sizeof(endless) - 1);
    endless[sizeof(endless) - 1] = '\0';
    assert_int_equal(label_wrap(lines, endless, bold, 150), 2);
    assert_true(lines[0].width_pt <= 150 && lines[1].width_pt <= 150);
}

/* The table against the font itself, where the font is there. */
TEST(estimated_widths_are_those_of_noto_sans)
{
    static const char *const texts[] = {"GET /cart/<int:id>",
                                        "1.1 doubles the slowest 5 %",
                                        "WWW iii 0123456789", "p99 412.5 ms"};
    cairo_surface_t *surface = cairo_image_surface_create(CAIRO_FORMAT_RGB24, 1, 1);
    cairo_t *cairo = cairo_create(surface);
    PangoLayout *layout = pango_cairo_create_layout(cairo);
    for (int i = 0; i < 8; i++) {
        struct text_style style = {20, i >= 4, CUT_END};
        PangoFontDescription *font = pango_font_description_from_string("Noto Sans");
        pango_font_description_set_absolute_size(font, 20 * PANGO_SCALE);
        pango_font_description_set_weight(font, i >= 4 ? PANGO_WEIGHT_BOLD
                                                       : PANGO_WEIGHT_NORMAL);
        pango_layout_set_font_description(layout, font);
        pango_font_description_free(font);
        pango_layout_set_text(layout, texts[i % 4], -1);
        int width, height;
        pango_layout_get_size(layout, &width, &height);
        double measured = (double)width / PANGO_SCALE;
        assert_true(fabs(text_width(texts[i % 4], style) - measured) < 0.04 * measured);
    }
    g_object_unref(layout);
    cairo_destroy(cairo);
    cairo_surface_destroy(surface);
}
