/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Colours: told apart by everybody, readable on their paper, stable by name. */
#include "testdata/cmocka_tests.h"

#include "plots/theme.h"

#include <math.h>
#include <stdio.h>

struct linear {
    double red, green, blue; /* 0..1, linear light */
};

static double to_linear(uint8_t value)
{
    double share = value / 255.0;
    return share <= 0.04045 ? share / 12.92 : pow((share + 0.055) / 1.055, 2.4);
}

static struct linear linear_of(struct color color)
{
    return (struct linear){to_linear(color.red), to_linear(color.green),
                           to_linear(color.blue)};
}

/* How colours look without one of the three kinds of cones: matrices of severity 1 of
 * Machado, Oliveira and Fernandes, "A Physiologically-based Model for Simulation of Color
 * Vision Deficiency", 2009. The first is ordinary sight. */
static const double sights[4][9] = {
    {1, 0, 0, 0, 1, 0, 0, 0, 1},
    {0.152286, 1.052583, -0.204868, 0.114503, 0.786281, 0.099216, -0.003882, -0.048116,
     1.051998},
    {0.367322, 0.860646, -0.227968, 0.280085, 0.672501, 0.047413, -0.011820, 0.042940,
     0.968881},
    {1.255528, -0.076749, -0.178779, -0.078411, 0.930809, 0.147602, 0.004733, 0.691367,
     0.303900},
};

static double in_range(double value)
{
    return fmin(fmax(value, 0), 1);
}

static struct linear seen(struct linear c, const double *m)
{
    return (struct linear){in_range(m[0] * c.red + m[1] * c.green + m[2] * c.blue),
                           in_range(m[3] * c.red + m[4] * c.green + m[5] * c.blue),
                           in_range(m[6] * c.red + m[7] * c.green + m[8] * c.blue)};
}

/* Distance in OKLab (Ottosson, 2020), where 0.02 is about what an eye just tells apart.
 */
static void oklab(struct linear c, double lab[3])
{
    double l =
        cbrt(0.4122214708 * c.red + 0.5363325363 * c.green + 0.0514459929 * c.blue);
    double m =
        cbrt(0.2119034982 * c.red + 0.6806995451 * c.green + 0.1073969566 * c.blue);
    double s =
        cbrt(0.0883024619 * c.red + 0.2817188376 * c.green + 0.6299787005 * c.blue);
    lab[0] = 0.2104542553 * l + 0.7936177850 * m - 0.0040720468 * s;
    lab[1] = 1.9779984951 * l - 2.4285922050 * m + 0.4505937099 * s;
    lab[2] = 0.0259040371 * l + 0.7827717662 * m - 0.8086757660 * s;
}

static double distance(struct color a, struct color b, const double *sight)
{
    double x[3], y[3];
    oklab(seen(linear_of(a), sight), x);
    oklab(seen(linear_of(b), sight), y);
    return sqrt(pow(x[0] - y[0], 2) + pow(x[1] - y[1], 2) + pow(x[2] - y[2], 2));
}

/* Contrast of WCAG 2. */
static double contrast(struct color a, struct color b)
{
    struct linear x = linear_of(a), y = linear_of(b);
    double light = 0.2126 * x.red + 0.7152 * x.green + 0.0722 * x.blue + 0.05;
    double dark = 0.2126 * y.red + 0.7152 * y.green + 0.0722 * y.blue + 0.05;
    return light > dark ? light / dark : dark / light;
}

TEST(slots_are_told_apart_whatever_cones_an_eye_has)
{
    struct theme themes[] = {theme_light(), theme_dark()};
    for (int t = 0; t < 2; t++)
        for (size_t i = 0; i < THEME_SLOTS; i++)
            for (size_t j = 0; j < i; j++)
                for (int sight = 0; sight < 4; sight++)
                    assert_true(distance(themes[t].slots[i], themes[t].slots[j],
                                         sights[sight]) > 0.1);
}

TEST(worse_and_better_and_neither_are_told_apart_whatever_cones_an_eye_has)
{
    struct theme themes[] = {theme_light(), theme_dark()};
    for (int t = 0; t < 2; t++)
        for (int sight = 0; sight < 4; sight++) {
            struct color worse = themes[t].worse, better = themes[t].better;
            assert_true(distance(worse, better, sights[sight]) > 0.15);
            assert_true(distance(worse, themes[t].muted, sights[sight]) > 0.1);
            assert_true(distance(better, themes[t].muted, sights[sight]) > 0.1);
            assert_true(contrast(worse, themes[t].paper) >= 4.5);
            assert_true(contrast(better, themes[t].paper) >= 4.5);
        }
}

/* Two lines of orange and olive are 0.17 apart: told apart, but alike. */
TEST(on_a_light_page_no_two_slots_look_alike)
{
    struct theme theme = theme_light();
    for (size_t i = 0; i < THEME_SLOTS; i++)
        for (size_t j = 0; j < i; j++)
            assert_true(distance(theme.slots[i], theme.slots[j], sights[0]) > 0.2);
}

TEST(lines_and_words_stand_out_from_the_paper)
{
    struct theme themes[] = {theme_light(), theme_dark()};
    for (int t = 0; t < 2; t++) {
        assert_true(contrast(themes[t].ink, themes[t].paper) > 12);
        assert_true(contrast(themes[t].faint, themes[t].paper) > 4.5);
        assert_true(contrast(themes[t].muted, themes[t].paper) > 2);
        for (size_t i = 0; i < THEME_SLOTS; i++) {
            assert_true(contrast(themes[t].slots[i], themes[t].paper) >= 3);
            struct color name = color_mix(themes[t].slots[i], themes[t].ink, 0.3);
            assert_true(contrast(name, themes[t].paper) >= 4.5);
        }
    }
}

TEST(more_is_always_further_from_the_paper)
{
    struct theme themes[] = {theme_light(), theme_dark()};
    for (int t = 0; t < 2; t++)
        for (int sight = 0; sight < 4; sight++) {
            double last = -1;
            for (int i = 0; i <= 50; i++) {
                double lab[3], paper[3];
                struct color color = theme_amount(&themes[t], i / 50.0);
                oklab(seen(linear_of(color), sights[sight]), lab);
                oklab(linear_of(themes[t].paper), paper);
                double away = fabs(lab[0] - paper[0]);
                assert_true(away > last);
                last = away;
            }
        }
}

TEST(no_data_differs_from_every_amount)
{
    struct theme themes[] = {theme_light(), theme_dark()};
    for (int t = 0; t < 2; t++)
        for (int sight = 0; sight < 4; sight++)
            for (int i = 0; i <= 50; i++)
                assert_true(distance(themes[t].missing,
                                     theme_amount(&themes[t], i / 50.0),
                                     sights[sight]) > 0.035);
}

TEST(amounts_outside_of_the_scale_take_its_ends)
{
    struct theme theme = theme_light();
    struct color none = theme_amount(&theme, -3), unknown = theme_amount(&theme, NAN);
    struct color most = theme_amount(&theme, 7);
    assert_memory_equal(&none, &theme.steps[0], sizeof(none));
    assert_memory_equal(&unknown, &theme.steps[0], sizeof(none));
    assert_memory_equal(&most, &theme.steps[THEME_STEPS - 1], sizeof(most));
}

TEST(the_order_of_names_does_not_change_their_colours)
{
    const char *names[] = {"1.0", "1.1", "2.0", "dev", "canary", "1.0"};
    const char *turned[] = {"1.0", "canary", "dev", "2.0", "1.1", "1.0"};
    unsigned char slots[6], turned_slots[6];
    theme_slots(names, 6, slots);
    theme_slots(turned, 6, turned_slots);
    for (size_t i = 0; i < 6; i++)
        for (size_t j = 0; j < 6; j++)
            if (strcmp(names[i], turned[j]) == 0)
                assert_int_equal(slots[i], turned_slots[j]);
}

TEST(names_of_one_chart_have_different_colours_while_there_are_some)
{
    char text[200][16];
    for (int i = 0; i < 200; i++)
        snprintf(text[i], sizeof(text[i]), "v%d", i);
    for (size_t first = 0; first + THEME_SLOTS <= 200; first++) {
        const char *names[THEME_SLOTS];
        unsigned char slots[THEME_SLOTS];
        unsigned seen_slots = 0;
        for (size_t i = 0; i < THEME_SLOTS; i++)
            names[i] = text[first + i];
        theme_slots(names, THEME_SLOTS, slots);
        for (size_t i = 0; i < THEME_SLOTS; i++)
            seen_slots |= 1u << slots[i];
        assert_int_equal(seen_slots, (1u << THEME_SLOTS) - 1);
    }
}

TEST(more_names_than_colours_share_them)
{
    char text[THEME_NAMES][8];
    const char *names[THEME_NAMES];
    unsigned char slots[THEME_NAMES];
    for (size_t i = 0; i < THEME_NAMES; i++) {
        snprintf(text[i], sizeof(text[i]), "v%zu", i);
        names[i] = text[i];
    }
    theme_slots(names, THEME_NAMES, slots);
    for (size_t i = 0; i < THEME_NAMES; i++)
        assert_in_range(slots[i], 0, THEME_SLOTS - 1);
}

TEST(a_name_alone_has_its_own_colour_wherever_it_is)
{
    const char *one[] = {"1.4.2"};
    unsigned char slot, again;
    theme_slots(one, 1, &slot);
    theme_slots(one, 1, &again);
    assert_int_equal(slot, again);
}
