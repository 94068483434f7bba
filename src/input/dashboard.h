/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Format "dashboard": the SQLite database of Flask-MonitoringDashboard 3 to 5, with any
 * table prefix. Requests, and the stacks of its outliers and of its profiler. Opened
 * read-only, read once all traces are, by one thread: some 10^6 rows (dashboard_bench).
 */
#ifndef INPUT_DASHBOARD_H
#define INPUT_DASHBOARD_H

#include "leaf.h"
#include "ledger.h"

struct summary;
struct dashboards;

struct dashboards *dashboards_new(struct ledger *ledger);
void dashboards_free(struct dashboards *dashboards);

/* Opens the leaf's database: where it lies, or a copy in a temporary file that has no
 * name any more when it is in a pipe or an archive. Returns NULL when it is kept for
 * dashboards_read(); else why it cannot be used, a phrase. */
const char *dashboards_keep(struct dashboards *dashboards, struct leaf *leaf);

/* Adds all requests. */
void dashboards_read(struct dashboards *dashboards, struct summary *summary);

#endif
