/* SPDX-License-Identifier: GPL-3.0-or-later */
#define _GNU_SOURCE /* wcwidth */
#include "display.h"

#include "src/base/mem.h"
#include "src/base/str.h"

#include <locale.h>
#include <string.h>
#include <wchar.h>

/* --- UTF-8 --- */

size_t utf8_read(const char *bytes, size_t size, uint32_t *character)
{
    static const uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
    const unsigned char *p = (const unsigned char *)bytes;

    if (size == 0)
        return 0;
    if (p[0] < 0x80) {
        *character = p[0];
        return 1;
    }
    size_t length = p[0] >= 0xf0 ? 4 : p[0] >= 0xe0 ? 3 : 2;
    if (p[0] < 0xc2 || p[0] > 0xf4 || length > size)
        return 0;
    uint32_t c = p[0] & (0xffu >> (length + 1));
    for (size_t i = 1; i < length; i++) {
        if ((p[i] & 0xc0) != 0x80)
            return 0;
        c = c << 6 | (p[i] & 0x3fu);
    }
    if (c < smallest[length] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
        return 0;
    *character = c;
    return length;
}

bool utf8_valid(const char *bytes, size_t size)
{
    uint32_t character;

    for (size_t at = 0, step; at < size; at += step)
        if (!(step = utf8_read(bytes + at, size - at, &character)))
            return false;
    return true;
}

/* Would move the cursor, break the line or turn the text around. */
static bool is_unsafe(uint32_t c)
{
    return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0x2028 || c == 0x2029 ||
           (c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069) || c == 0x200e ||
           c == 0x200f || c == 0x061c || c == 0xfeff || (c >= 0xfff9 && c <= 0xfffb) ||
           (c >= 0xe0000 && c <= 0xe007f);
}

char *display_clean(const char *bytes, size_t length)
{
    struct str clean;

    str_init(&clean);
    for (size_t at = 0, step; at < length; at += step) {
        uint32_t c;
        step = utf8_read(bytes + at, length - at, &c);
        if (step == 0) {
            str_add_text(&clean, "\ufffd");
            step = 1;
        } else if (is_unsafe(c)) {
            str_addf(&clean, c < 0x100 ? "\\x%02x" : "\\u%04x", c);
        } else {
            str_add(&clean, bytes + at, step);
        }
    }
    return str_take(&clean);
}

/* --- columns --- */

/* C.UTF-8 is part of every libc6; without it every character counts one column. */
static locale_t width_locale;

__attribute__((constructor)) static void open_width_locale(void)
{
    width_locale = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
}

__attribute__((destructor)) static void close_width_locale(void)
{
    if (width_locale)
        freelocale(width_locale);
}

static size_t character_width(uint32_t c)
{
    if (c < 0x300 || !width_locale)
        return 1;
    locale_t before = uselocale(width_locale);
    int width = wcwidth((wchar_t)c);
    uselocale(before);
    return width < 0 ? 1 : (size_t)width;
}

/* The next character's bytes (at least 1) and columns. */
static size_t step_over(const char *text, size_t size, size_t *width)
{
    uint32_t c = 0;
    size_t length = utf8_read(text, size, &c);

    *width = length ? character_width(c) : 1;
    return length ? length : 1;
}

size_t display_width(const char *text)
{
    size_t size = strlen(text), total = 0, width;

    for (size_t at = 0; at < size; total += width)
        at += step_over(text + at, size - at, &width);
    return total;
}

/* Bytes of the longest beginning that fits into room columns, with all marks that combine
 * with its last character. */
static size_t head_bytes(const char *text, size_t room)
{
    size_t size = strlen(text), at = 0, used = 0, width;

    while (at < size) {
        size_t step = step_over(text + at, size - at, &width);
        if (used + width > room)
            break;
        used += width;
        at += step;
    }
    return at;
}

/* Bytes of the longest end that fits; does not begin with a mark that has lost what it
 * combines with. */
static size_t tail_bytes(const char *text, size_t room)
{
    size_t size = strlen(text), at = 0, left = display_width(text), width = 0;

    while (at < size && left > room) {
        at += step_over(text + at, size - at, &width);
        left -= width;
    }
    while (at < size) {
        size_t step = step_over(text + at, size - at, &width);
        if (width > 0)
            break;
        at += step;
    }
    return size - at;
}

char *display_fit(const char *text, size_t width, bool ascii)
{
    const char *dots = ascii ? ".." : "\u2026";
    size_t dots_width = ascii ? 2 : 1;
    struct str fit;

    if (display_width(text) <= width)
        return mem_text(text);
    if (width <= dots_width)
        return mem_text(width == dots_width ? dots : "");
    size_t room = width - dots_width;
    size_t tail = tail_bytes(text, room / 2);
    str_init(&fit);
    str_add(&fit, text, head_bytes(text, room - room / 2));
    str_add_text(&fit, dots);
    str_add_text(&fit, text + strlen(text) - tail);
    return str_take(&fit);
}

/* What a sign of the reports looks like in ASCII. */
static const char *ascii_sign(uint32_t c)
{
    static const struct {
        uint32_t c;
        const char *ascii;
    } alike[] = {{0xa0, " "},    {0xb1, "+-"},   {0xb5, "u"},    {0xb7, "."},
                 {0xd7, "x"},    {0x2009, " "},  {0x2013, "-"},  {0x2014, "-"},
                 {0x2026, ".."}, {0x202f, ","},  {0x2192, "->"}, {0x2212, "-"},
                 {0x2248, "~"},  {0x2264, "<="}, {0x2265, ">="}, {0x2581, "."},
                 {0x2582, ":"},  {0x2583, "-"},  {0x2584, "="},  {0x2585, "+"},
                 {0x2586, "*"},  {0x2587, "#"},  {0x2588, "@"}};

    for (size_t i = 0; i < sizeof(alike) / sizeof(alike[0]); i++)
        if (alike[i].c == c)
            return alike[i].ascii;
    return "?";
}

char *display_ascii(const char *text)
{
    size_t size = strlen(text), step;
    struct str ascii;

    str_init(&ascii);
    for (size_t at = 0; at < size; at += step) {
        uint32_t c = 0xfffd;
        step = utf8_read(text + at, size - at, &c);
        step += !step;
        if (c < 0x80)
            str_add_byte(&ascii, (char)c);
        else
            str_add_text(&ascii, ascii_sign(c));
    }
    return str_take(&ascii);
}
