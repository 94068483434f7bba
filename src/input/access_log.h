/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Format "access log": nginx's and Apache's common and combined formats, with a virtual
 * host in front or without, and behind them what tells how long a request took:
 * $request_time and $upstream_response_time, or %D or %T, bare or as "rt=0.004".
 */
#ifndef INPUT_ACCESS_LOG_H
#define INPUT_ACCESS_LOG_H

#include "rows.h"

/* Is the first line one of an access log? */
bool access_log_recognise(const char *bytes, size_t size);

/* As csv_open(); the first line stands for the others. Values behind the standard ones
 * are named extra1, extra2 ... for --columns, and by what stands before a "=". */
struct rows *access_log_open(struct leaf *leaf, struct ledger *ledger,
                             const struct columns_wanted *wanted, bool *names_known,
                             struct str *why);

extern const struct rows_format access_log_format;

#endif
