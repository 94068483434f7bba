/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Recorded names made fit to be shown: any bytes in, valid UTF-8 without control
 * characters out, and how many columns of a terminal it takes. A trace is data of
 * strangers: an escape sequence in an endpoint's name must not reach a terminal.
 */
#ifndef REPORT_DISPLAY_H
#define REPORT_DISPLAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Reads one character of UTF-8 (shortest form, no surrogates) from size bytes; returns
 * its length, or 0 when the first byte begins none. */
size_t utf8_read(const char *bytes, size_t size, uint32_t *character);
bool utf8_valid(const char *bytes, size_t size);

/* A new string: bytes that are no UTF-8 become U+FFFD, one each; control characters, line
 * and paragraph separators and changes of the writing direction become "\x1b" or
 * "\u202e". Any
 * bytes, NULs too. */
char *display_clean(const char *bytes, size_t length);

/* Columns of a terminal that clean text takes: 2 for wide characters, 0 for combining
 * ones. */
size_t display_width(const char *text);

/* A new string of at most width columns: what is too long loses its middle to "…". ascii:
 * to "..". */
char *display_fit(const char *text, size_t width, bool ascii);

/* A new string in ASCII: what has an ASCII look-alike among the signs that reports use
 * ("µ", "–", "×", "…", narrow spaces) takes it, the rest becomes "?". */
char *display_ascii(const char *text);

#endif
