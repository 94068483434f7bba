/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "str.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mem.h"
#include "vec.h"

/* What every string without memory of its own (room 0) points to; never written. */
static char nothing[1];

void str_init(struct str *str)
{
    *str = (struct str){nothing, 0, 0};
}

void str_release(struct str *str)
{
    if (str->room)
        free(str->bytes);
    *str = (struct str){NULL, 0, 0};
}

void str_clear(struct str *str)
{
    str->length = 0;
    if (str->room)
        str->bytes[0] = '\0';
}

static char *str_reserve(struct str *str, size_t more)
{
    str->bytes =
        vec_room(str->room ? str->bytes : NULL, &str->room, str->length + more + 1, 1);
    return str->bytes + str->length;
}

void str_add(struct str *str, const void *bytes, size_t length)
{
    char *to = str_reserve(str, length);
    if (length)
        memcpy(to, bytes, length);
    to[length] = '\0';
    str->length += length;
}

void str_add_text(struct str *str, const char *text)
{
    str_add(str, text, strlen(text));
}

void str_add_byte(struct str *str, char byte)
{
    str_add(str, &byte, 1);
}

void str_addf(struct str *str, const char *format, ...)
{
    va_list arguments, again;
    va_start(arguments, format);
    va_copy(again, arguments);
    int length = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    if (length > 0) {
        vsnprintf(str_reserve(str, (size_t)length), (size_t)length + 1, format, again);
        str->length += (size_t)length;
    }
    va_end(again);
}

char *str_take(struct str *str)
{
    char *bytes = str->room ? str->bytes : mem_new(1);
    str_init(str);
    return bytes;
}

int str_compare(const void *a, size_t a_length, const void *b, size_t b_length)
{
    size_t shorter = a_length < b_length ? a_length : b_length;
    int order = shorter ? memcmp(a, b, shorter) : 0;
    return order ? order : (a_length > b_length) - (a_length < b_length);
}
