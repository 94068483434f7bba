/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Courses over time (src/findings/course.h) as charts, tables and sparklines of a report
 * take them: the same bins wherever the same endpoint is told of.
 */
#ifndef REPORT_COURSES_H
#define REPORT_COURSES_H

#include "report.h"

#include "src/findings/course.h"

/* Of one endpoint, in bins that most have requests to take a p99 from, or of all together
 * (NULL), in shorter ones; at most so many (up to COURSE_BINS_MAX). */
struct course report_course(const struct report *report, const struct endpoint *endpoint,
                            size_t most);

/* Of one version of an endpoint, in bins as for one endpoint. */
struct course report_course_of_version(const struct endpoint_version *version,
                                       size_t most);

/* Values of a sparkline at most. */
enum { SPARKLINE_VALUES = 16 };

/* p95 of an endpoint over time in ns, NAN where it is not known; the caller frees. NULL:
 * too little is known for a line. */
double *report_p95_series(const struct endpoint *endpoint, size_t *count);

#endif
