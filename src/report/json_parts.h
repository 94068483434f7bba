/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What JSON reports are put together from; for json*.c only. */
#ifndef REPORT_JSON_PARTS_H
#define REPORT_JSON_PARTS_H

#include "display.h"
#include "format.h"
#include "report.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

static inline json_t *number(double value)
{
    return isfinite(value) ? json_real(value) : json_null();
}

/* Counts of more than 2^63 do not happen; they would come out as the largest number. */
static inline json_t *count(uint64_t value)
{
    return json_integer(value > INT64_MAX ? INT64_MAX : (json_int_t)value);
}

/* A whole number of ns where it is one. */
static inline json_t *nanoseconds(double ns)
{
    return isfinite(ns) ? json_integer((json_int_t)llround(ns)) : json_null();
}

/* Names keep all characters that JSON can hold; bytes that are no UTF-8 become U+FFFD. */
static inline json_t *text(const char *bytes, size_t length)
{
    if (utf8_valid(bytes, length))
        return json_stringn(bytes, length);
    char *clean = display_clean(bytes, length);
    json_t *string = json_string(clean);
    free(clean);
    return string;
}

static inline json_t *name_text(const struct name *name)
{
    return text(name->bytes, name->length);
}

static inline json_t *c_text(const char *string)
{
    return text(string, strlen(string));
}

static inline json_t *moment(int64_t utc_ns)
{
    return json_string(format_iso(utc_ns).s);
}

static inline void put(json_t *object, const char *key, json_t *value)
{
    json_object_set_new(object, key, value);
}

/* The parts. */
json_t *json_quantiles(const struct quantile *quantiles);
/* Bins that a course may have; the course. */
size_t json_course_bins(const struct report *report);
struct course;
json_t *json_course(const struct course *course);
json_t *json_usage(const struct report *report);
json_t *json_filter(const struct report *report); /* null: none was asked */
json_t *json_changes(const struct report *report);
json_t *json_profile(const struct report *report);
/* Frames, outermost first; the headers and the path of a context. */
json_t *json_stack(struct name stack);
json_t *json_headers(struct name context);
json_t *json_path(struct name context);
json_t *json_outliers(const struct report *report);
json_t *json_targets(const struct report *report, enum target_kind kind);
json_t *json_verdicts(const struct report *report);

#endif
