/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The sentences of a report: what the data say, what was not read, how to take the
 * numbers, what to do next.
 */
#ifndef REPORT_NOTES_H
#define REPORT_NOTES_H

#include "report.h"

/* Fills report->notes from everything else in it. */
void notes_build(struct report *report);
void notes_release(struct report *report);

/* "Busiest hour: Mon 2026-11-23 14:00, 12 000 requests". */
char *notes_busiest_sentence(const struct report *report);
/* "Busiest by the week: Mon, 14:00 to 15:00, 8 300 requests an hour on average". */
char *notes_busiest_weekday_sentence(const struct report *report);

/* "Filtered: 120 of 20 000 requests count here, endpoint '/x*'." Caller frees; NULL when
 * nothing is. */
char *notes_filter_sentence(const struct report *report);
/* What the filter could not tell of what comes beside requests; or NULL. */
char *notes_filter_beside_sentence(const struct report *report);
/* "None of 20 000 requests is left; they are from .. to ..". Caller frees. */
char *notes_nothing_left_sentence(const struct summary_totals *totals,
                                  const char *time_zone);

/* "Group "4711" made 0.80 % of the requests to GET /cart and 96.3 % of its outliers (77
 * of 80)". Caller frees. */
char *notes_culprit_sentence(const struct report *report, const struct culprit *culprit);
/* "GET /cart takes 31 ms instead of 20 ms since ..., without a new version." */
char *notes_change_sentence(const struct report *report,
                            const struct change_point *point);
/* "GET /cart: p99 is 320 ms, which misses 'GET /cart: p99 < 250ms'". Caller frees. */
char *notes_target_sentence(const struct report *report,
                            const struct target_result *result);
/* "2.1 % of the requests to GET /cart in 1.1 are a slow mode around 2.1 s, since ...". */
char *notes_mode_sentence(const struct report *report,
                          const struct outlier_endpoint *endpoint,
                          const struct outlier_cell *cell);

#endif
