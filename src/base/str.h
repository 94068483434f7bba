/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A growing string of bytes, always terminated by a NUL that does not count. May hold
 * NULs. An empty one has no memory, so what str_take leaves behind need not be released.
 */
#ifndef BASE_STR_H
#define BASE_STR_H

#include <stddef.h>

struct str {
    char *bytes; /* never NULL after str_init */
    size_t length, room;
};

void str_init(struct str *str);
void str_release(struct str *str);
void str_clear(struct str *str);
void str_add(struct str *str, const void *bytes, size_t length);
void str_add_text(struct str *str, const char *text);
void str_add_byte(struct str *str, char byte);
void str_addf(struct str *str, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* The bytes become the caller's (free()); str is empty and usable again. */
char *str_take(struct str *str);

/* Compares by bytes, a prefix first: <0, 0, >0. */
int str_compare(const void *a, size_t a_length, const void *b, size_t b_length);

#endif
