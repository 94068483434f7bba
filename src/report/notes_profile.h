/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The sentences about what was recorded beside requests. Each is NULL when there is
 * nothing to say; the caller frees.
 */
#ifndef REPORT_NOTES_PROFILE_H
#define REPORT_NOTES_PROFILE_H

#include "report.h"

/* "3 requests were in flight when process 1234 ended; GET /cart had been going on for
 * 31.0 s, in shop.py:88 checkout". */
char *notes_unfinished_sentence(const struct report *report);
/* "6 exceptions of 2 kinds got out; most often KeyError in shop.py:31 cart (GET /cart), 6
 * times". */
char *notes_exceptions_sentence(const struct report *report);
/* "In 1.1, GET /cart spends 3.00 ms more a request in shop.py:12 query than in 1.0: ...".
 */
char *notes_profile_change_sentence(const struct profile_endpoint *endpoint);
/* "Requests to GET /cart beyond their threshold hung mostly in shop.py:88 checkout". */
char *notes_stuck_sentence(const struct profile_endpoint *endpoint);
/* "The recorder itself took 0.30 % of the processes' CPU time (12.0 ms of 4.00 s)". */
char *notes_recorder_cost_sentence(const struct report *report);
/* What the sampler did not get. */
char *notes_samples_sentence(const struct report *report);

#endif
