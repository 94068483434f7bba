/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Sizes and colours: see theme.h. The README tells how the colours were found. */
#include "plots/theme.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#define RGB(hex)                                                                         \
    {                                                                                    \
        (hex) >> 16 & 0xff, (hex) >> 8 & 0xff, (hex)&0xff, 255                           \
    }

struct theme theme_light(void)
{
    return (struct theme){
        .base_pt = 12,
        .width_pt = 800,
        .height_pt = 450,
        .paper = RGB(0xffffff),
        .ink = RGB(0x1d2330),
        .faint = RGB(0x5f6774),
        .grid = RGB(0xe3e6ea),
        .muted = RGB(0xa9afb8),
        .missing = RGB(0xd9c8cc),
        .worse = RGB(0xc64a00),
        .better = RGB(0x0067b0),
        .slots = {RGB(0x0100a8), RGB(0xc98700), RGB(0x0b7000), RGB(0xfe2798),
                  RGB(0x8822f7), RGB(0x0b99d7), RGB(0x761d55)},
        .steps = {RGB(0xf7f6d3), RGB(0xc6e3b1), RGB(0x7ed3a6), RGB(0x27b4b1),
                  RGB(0x008eb6), RGB(0x006ca7), RGB(0x1d4a93), RGB(0x203372),
                  RGB(0x1b1f51)},
    };
}

struct theme theme_dark(void)
{
    struct theme theme = theme_light();
    theme.paper = (struct color)RGB(0x181a20);
    theme.ink = (struct color)RGB(0xeceef2);
    theme.faint = (struct color)RGB(0xa4abb8);
    theme.grid = (struct color)RGB(0x2f333d);
    theme.muted = (struct color)RGB(0x676e7b);
    theme.missing = (struct color)RGB(0x5a5250);
    theme.worse = (struct color)RGB(0xff9452);
    theme.better = (struct color)RGB(0x5cb4ee);
    static const struct color slots[THEME_SLOTS] = {
        RGB(0x739ff7), RGB(0xd9a63b), RGB(0x42e5b7), RGB(0xf654af),
        RGB(0xd6de53), RGB(0x865fea), RGB(0xa76e42)};
    static const struct color steps[THEME_STEPS] = {
        RGB(0x242047), RGB(0x2c336a), RGB(0x2c488e), RGB(0x1c6ba3), RGB(0x138db1),
        RGB(0x1bb3b0), RGB(0x6ed2a0), RGB(0xb7e899), RGB(0xfafaa1)};
    memcpy(theme.slots, slots, sizeof(slots));
    memcpy(theme.steps, steps, sizeof(steps));
    return theme;
}

/* FNV-1a, 32 bits. */
static uint32_t hash(const char *name)
{
    uint32_t value = 2166136261u;
    for (; *name != '\0'; name++)
        value = (value ^ (unsigned char)*name) * 16777619u;
    return value ^ value >> 15;
}

void theme_slots(const char *const *names, size_t count, unsigned char *slots)
{
    bool taken[THEME_SLOTS] = {false};
    size_t order[THEME_NAMES] = {0}, taken_count = 0;
    assert(count <= THEME_NAMES);
    for (size_t i = 0; i < count; i++) { /* insertion sort by bytes */
        size_t at = i;
        for (; at > 0 && strcmp(names[order[at - 1]], names[i]) > 0; at--)
            order[at] = order[at - 1];
        order[at] = i;
    }
    for (size_t i = 0; i < count; i++) {
        if (i > 0 && strcmp(names[order[i - 1]], names[order[i]]) == 0) {
            slots[order[i]] = slots[order[i - 1]];
            continue;
        }
        unsigned slot = hash(names[order[i]]) % THEME_SLOTS;
        while (taken_count < THEME_SLOTS && taken[slot])
            slot = (slot + 1) % THEME_SLOTS;
        taken_count += !taken[slot];
        taken[slot] = true;
        slots[order[i]] = (unsigned char)slot;
    }
}

static uint8_t mix(uint8_t a, uint8_t b, double share)
{
    return (uint8_t)lround(a + (b - a) * share);
}

bool color_is(struct color a, struct color b)
{
    return a.red == b.red && a.green == b.green && a.blue == b.blue;
}

struct color color_mix(struct color a, struct color b, double share)
{
    return (struct color){mix(a.red, b.red, share), mix(a.green, b.green, share),
                          mix(a.blue, b.blue, share), mix(a.alpha, b.alpha, share)};
}

struct color theme_amount(const struct theme *theme, double share)
{
    if (!(share > 0)) /* NaN too */
        return theme->steps[0];
    if (share >= 1)
        return theme->steps[THEME_STEPS - 1];
    double at = share * (THEME_STEPS - 1);
    size_t step = (size_t)at;
    return color_mix(theme->steps[step], theme->steps[step + 1], at - (double)step);
}
