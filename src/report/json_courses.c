/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Courses over time as columns, one number a bin: a table for whoever draws it, and far
 * fewer bytes than a row each. All courses of a report share a number of bins, so that
 * one of 200 endpoints x 10 versions stays a file that is quick to read.
 */
#include "courses.h"
#include "json_parts.h"

enum {
    ALL_BINS = 24000, /* shared by the courses of a report */
    LEAST_BINS = 12   /* that each may have all the same */
};

size_t json_course_bins(const struct report *report)
{
    const struct overview *overview = &report->overview;
    size_t courses = 1;

    for (size_t i = 0; i < overview->endpoint_count; i++)
        courses += 1 + overview->endpoints[i].version_count;
    size_t each = ALL_BINS / courses;
    return each < LEAST_BINS        ? LEAST_BINS
           : each > COURSE_BINS_MAX ? COURSE_BINS_MAX
                                    : each;
}

json_t *json_course(const struct course *course)
{
    json_t *object, *start = json_array(), *width = json_array();
    json_t *requests = json_array(), *client = json_array(), *server = json_array();
    json_t *quantiles[3] = {json_array(), json_array(), json_array()};

    for (size_t i = 0; i < course->count; i++) {
        const struct course_bin *bin = &course->bins[i];
        json_array_append_new(start, moment(llround(bin->from_s * 1e6) * 1000));
        json_array_append_new(width, number(bin->to_s - bin->from_s));
        json_array_append_new(requests, count(bin->requests));
        json_array_append_new(client, count(bin->client_errors));
        json_array_append_new(server, count(bin->server_errors));
        json_array_append_new(quantiles[0], nanoseconds(bin->p50_ns));
        json_array_append_new(quantiles[1], nanoseconds(bin->p95_ns));
        json_array_append_new(quantiles[2], nanoseconds(bin->p99_ns));
    }
    object = json_object();
    put(object, "start", start);
    put(object, "width_s", width);
    put(object, "requests", requests);
    put(object, "client_4xx", client);
    put(object, "server_5xx", server);
    put(object, "p50_ns", quantiles[0]);
    put(object, "p95_ns", quantiles[1]);
    put(object, "p99_ns", quantiles[2]);
    return object;
}
