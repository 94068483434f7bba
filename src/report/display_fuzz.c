/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Property: any name becomes valid UTF-8 without a control character; cut to any width it
 * stays that and fits; in ASCII it is ASCII. The first byte is the width.
 */
#include "display.h"

#include <stdlib.h>
#include <string.h>

static void check_text(const char *text)
{
    if (!utf8_valid(text, strlen(text)))
        abort();
    for (const unsigned char *c = (const unsigned char *)text; *c; c++)
        if (*c < 0x20 || *c == 0x7f || (*c == 0xc2 && c[1] < 0xa0))
            abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    size_t width = data[0];
    char *clean = display_clean((const char *)data + 1, size - 1);
    char *fit = display_fit(clean, width, false);
    char *ascii = display_ascii(clean);
    char *ascii_fit = display_fit(ascii, width, true);

    check_text(clean);
    check_text(fit);
    for (const char *c = ascii; *c; c++)
        if ((unsigned char)*c >= 0x7f || (unsigned char)*c < 0x20)
            abort();
    if (display_width(fit) > width || display_width(ascii_fit) > width)
        abort();
    free(clean);
    free(fit);
    free(ascii);
    free(ascii_fit);
    return 0;
}
