/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The stacks that a dashboard's database holds: of its profiler (tables StackLine and
 * CodeLine), as time a line, and of its outliers, one each. What the headers and the
 * environment of its outliers hold is not read: it has secrets in it.
 */
#ifndef INPUT_DASHBOARD_STACKS_H
#define INPUT_DASHBOARD_STACKS_H

#include "rows.h"

#include <sqlite3.h>

struct summary;

/* Adds the stacks of the tables with that prefix, where there are any. process stands for
 * the database; frozen as in dashboard_start(). */
void dashboard_stacks_read(sqlite3 *database, const char *prefix, uint64_t process,
                           bool frozen, struct summary *summary);

/* A column's text, until the next step; bytes NULL: there is none. */
struct row_value dashboard_text(sqlite3_stmt *statement, int column);

/* Start and duration of a request from the text of its end and milliseconds. frozen: the
 * end is not its own, so it is taken as it is. False when they are none. */
bool dashboard_start(sqlite3_stmt *statement, int end_column, int duration_column,
                     bool frozen, int64_t *utc_ns, uint64_t *duration_ns);

#endif
