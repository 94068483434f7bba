/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Format "JSON lines": an object a line, as programs and web servers log them. Nested
 * objects are named with dots ("http.request.method"); arrays are passed by. Parsed by
 * yajl, in chunks on all threads.
 */
#ifndef INPUT_JSON_LINES_H
#define INPUT_JSON_LINES_H

#include "rows.h"

/* Does the first line hold an object? */
bool json_lines_recognise(const char *bytes, size_t size);

/* As csv_open(); the first line stands for the others. */
struct rows *json_lines_open(struct leaf *leaf, struct ledger *ledger,
                             const struct columns_wanted *wanted, bool *names_known,
                             struct str *why);

extern const struct rows_format json_lines_format;

#endif
