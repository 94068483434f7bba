/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Format "table": CSV by RFC 4180 with a header, also with semicolons, tabs or bars
 * instead of commas. Quoted values may hold separators, line ends and doubled quotes; a
 * quote inside a value that does not begin with one is an ordinary byte. Built for
 * hundreds of MB a second: 64 bytes at a time become a mask of the few that matter.
 */
#ifndef INPUT_CSV_H
#define INPUT_CSV_H

#include "rows.h"

/* Do the first bytes of a file look like a header of at least two names? */
bool csv_recognise(const char *bytes, size_t size);

/* The file as rows; or NULL, and *why: what its columns lack (*names_known: some of them
 * mean something), to be released by the caller. */
struct rows *csv_open(struct leaf *leaf, struct ledger *ledger,
                      const struct columns_wanted *wanted, bool *names_known,
                      struct str *why);

extern const struct rows_format csv_format;

#endif
