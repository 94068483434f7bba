/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a comparison of versions found, in words: the headline, a sentence for each
 * endpoint that changed, and why others cannot be told. New texts; the caller frees.
 */
#ifndef REPORT_VERDICTS_H
#define REPORT_VERDICTS_H

#include "report.h"

/* "1.1 against 1.0: 1 endpoint slower, 2 faster, 3 unchanged, 1 cannot be told." */
char *verdict_headline(const struct report *report,
                       const struct regression_comparison *comparison);
/* "Verdicts: 1.1 against 1.0", over the table. */
char *verdict_heading(const struct report *report,
                      const struct regression_comparison *comparison);
/* "GET /search got slower in 1.1: p95 175 ms against 4.70 ms (×37.2, 95 % interval +2100
 * % to ×52.1), n 1 200 against 1 180." Of the metric that tells most; of any verdict. */
char *verdict_sentence(const struct report *report,
                       const struct regression_comparison *comparison,
                       const struct regression_endpoint *endpoint,
                       enum regression_metric metric);
/* "All endpoints together: p95 is +12 % in 1.1 (...)"; NULL when nothing of the kind. */
char *verdict_global(const struct report *report,
                     const struct regression_comparison *comparison);
/* How it was compared, with what would help. */
char *verdict_method(const struct report *report,
                     const struct regression_comparison *comparison);
/* Endpoints on one side only; NULL when there is none. */
char *verdict_presence(const struct regression_comparison *comparison);
/* For a chart of one endpoint: its verdict, shorter; NULL where it was not compared. */
char *verdict_title(const struct report *report, const struct endpoint *endpoint);

/* Of REGRESSED and IMPROVED endpoints the order in which they are told: worse first, then
 * by size. indices: room for all endpoints of the comparison. Returns how many. */
size_t verdict_order(const struct regression_comparison *comparison, size_t *indices);

/* Why a verdict is not more, in half a sentence: "fewer than 5 runs a side". */
const char *verdict_reason(enum regression_reason reason);

#endif
