/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The stacks that a dashboard's database holds: of its profiler (tables StackLine and
 * CodeLine), as time a line, and of its outliers, one each, with the path that they asked
 * for, scrubbed as the recorder does it. Their query strings, headers and environment are
 * not read: they have secrets in them.
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

/* Columns that all questions for requests begin with. */
enum { DASHBOARD_ID, DASHBOARD_NAME, DASHBOARD_END, DASHBOARD_DURATION, DASHBOARD_MORE };
#define DASHBOARD_SQL "SELECT r.id, e.name, r.time_requested, r.duration"

/* Start and duration of a request from the text of its end and milliseconds. frozen: the
 * end is not its own, so it is taken as it is, and as many ns later as its id, so that
 * requests keep their order and are told apart. False when they are none. */
bool dashboard_start(sqlite3_stmt *statement, bool frozen, int64_t *utc_ns,
                     uint64_t *duration_ns);

/* Ids of the requests that are marked as outliers, ascending, in a new array. */
int64_t *dashboard_outliers(sqlite3 *database, const char *prefix, size_t *count);

#endif
