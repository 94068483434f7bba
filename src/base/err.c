/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The error object: the first error wins and its sentence is safe to print, whatever
 * bytes a file's name holds.
 */
#include "err.h"

#include <stdarg.h>
#include <stdio.h>

static const struct {
    int exit_status;
    const char *heading;
} table[] = {
#define ERR_ROW(code, exit_status, heading) [code] = {exit_status, heading},
    ERR_TABLE(ERR_ROW)
#undef ERR_ROW
};

/* Bytes of the UTF-8 character at text (RFC 3629), 0 where there is none. */
static size_t utf8_length(const unsigned char *text)
{
    unsigned char lead = text[0];
    size_t length = lead < 0x80   ? 1
                    : lead < 0xc2 ? 0
                    : lead < 0xe0 ? 2
                    : lead < 0xf0 ? 3
                                  : 4;
    if (lead > 0xf4)
        return 0;
    for (size_t i = 1; i < length; i++)
        if ((text[i] & 0xc0) != 0x80)
            return 0;
    if ((lead == 0xe0 && text[1] < 0xa0) || (lead == 0xed && text[1] > 0x9f) ||
        (lead == 0xf0 && text[1] < 0x90) || (lead == 0xf4 && text[1] > 0x8f))
        return 0;
    return length;
}

static int printable(const unsigned char *text, size_t length)
{
    if (length == 1)
        return text[0] >= 0x20 && text[0] != 0x7f;
    return !(length == 2 && text[0] == 0xc2 && text[1] < 0xa0); /* C1 controls */
}

/* Copies raw to out[size], what is unprintable as \xHH; cuts between characters. */
static void escape(char *out, size_t size, const char *raw)
{
    size_t used = 0;
    for (const unsigned char *at = (const unsigned char *)raw; *at;) {
        size_t length = utf8_length(at);
        int plain = length && printable(at, length);
        size_t need = plain ? length : 4;
        if (used + need >= size)
            break;
        if (plain)
            for (size_t i = 0; i < length; i++)
                out[used++] = (char)at[i];
        else
            used += (size_t)snprintf(out + used, size - used, "\\x%02x", *at);
        at += plain ? length : 1;
    }
    out[used] = '\0';
}

int err_set(struct err *err, enum err_code code, const char *format, ...)
{
    if (!err || err->code != ERR_NONE)
        return -1;
    char raw[sizeof(err->message)];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(raw, sizeof(raw), format, arguments);
    va_end(arguments);
    err->code = code;
    escape(err->message, sizeof(err->message), raw);
    return -1;
}

int err_exit_status(enum err_code code)
{
    return table[code].exit_status;
}

const char *err_heading(enum err_code code)
{
    return table[code].heading;
}
