/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "courses.h"

#include "src/base/mem.h"

#include <math.h>
#include <stdlib.h>

/* Requests that most bins should hold: for a p99, for a p95 of a sparkline, for a count.
 */
enum { GOOD_FOR_P99 = 200, GOOD_FOR_P95 = 100, GOOD_FOR_COUNTS = 20 };

/* Fewer known values make no line. */
enum { SPARKLINE_VALUES_MIN = 3 };

static const struct summary_endpoint *source_of(const struct endpoint *endpoint)
{
    return endpoint->versions[0].cell->endpoint;
}

struct course report_course(const struct report *report, const struct endpoint *endpoint,
                            size_t most)
{
    struct summary_endpoint *const *all;
    size_t count = endpoint ? 1 : summary_endpoints(report->summary, &all);
    struct course_part *parts = mem_array(count, sizeof(*parts));
    struct course course;

    for (size_t i = 0; i < count; i++)
        parts[i] = course_part_of_endpoint(endpoint ? source_of(endpoint) : all[i]);
    course_build(&course, parts, count, most, endpoint ? GOOD_FOR_P99 : GOOD_FOR_COUNTS);
    free(parts);
    return course;
}

struct course report_course_of_version(const struct endpoint_version *version,
                                       size_t most)
{
    struct course_part part = course_part_of_cell(version->cell);
    struct course course;

    course_build(&course, &part, 1, most, GOOD_FOR_P99);
    return course;
}

double *report_p95_series(const struct endpoint *endpoint, size_t *count)
{
    struct course_part part = course_part_of_endpoint(source_of(endpoint));
    double *series = mem_array(SPARKLINE_VALUES, sizeof(*series));
    struct course course;
    size_t known = 0;

    course_build(&course, &part, 1, SPARKLINE_VALUES, GOOD_FOR_P95);
    for (size_t i = 0; i < course.count; i++) {
        series[i] = course.bins[i].p95_ns;
        known += isnan(series[i]) ? 0 : 1;
    }
    *count = course.count;
    if (known >= SPARKLINE_VALUES_MIN)
        return series;
    free(series);
    return NULL;
}
