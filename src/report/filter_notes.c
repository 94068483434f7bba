/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What was asked for, and how much of the input that left. */
#include "display.h"
#include "format.h"
#include "json_parts.h"
#include "notes.h"

#include "src/base/str.h"
#include "src/summary/beside.h"
#include "src/summary/filter.h"

#include <stdlib.h>
#include <string.h>

/* --- in words --- */

/* ", status 404 or 500 to 599". */
static void add_statuses(struct str *text, const struct filter *filter)
{
    for (size_t i = 0; i < filter->status_count; i++) {
        const struct filter_statuses *range = &filter->statuses[i];
        str_addf(text, "%s%u", i ? " or " : ", status ", range->low);
        if (range->high > range->low)
            str_addf(text, " to %u", range->high);
    }
}

static void add_globs(struct str *text, const char *what,
                      const struct filter_globs *globs)
{
    for (size_t i = 0; i < globs->count; i++) {
        char *clean = display_clean(globs->globs[i], strlen(globs->globs[i]));
        str_addf(text, "%s '%s'", i ? " or" : what, clean);
        free(clean);
    }
}

static const struct filter *filter_of(const struct report *report)
{
    const struct filter *filter = report->options.filter;
    return filter && filter_is_set(filter) ? filter : NULL;
}

char *notes_filter_sentence(const struct report *report)
{
    const struct filter *filter = filter_of(report);
    struct summary_totals totals = summary_totals(report->summary);
    struct str text;

    if (!filter)
        return NULL;
    str_init(&text);
    str_addf(&text, "Filtered: %s of %s requests count here",
             format_count(totals.requests).s,
             format_count(totals.requests + totals.left_out).s);
    add_globs(&text, ", endpoint", &filter->endpoints);
    add_globs(&text, ", version", &filter->versions);
    add_globs(&text, ", group", &filter->groups);
    add_statuses(&text, filter);
    if (filter->has_since)
        str_addf(&text, ", from %s",
                 format_moment(&report->zone, filter->since_utc_ns).s);
    if (filter->has_until)
        str_addf(&text, ", before %s",
                 format_moment(&report->zone, filter->until_utc_ns).s);
    str_add_byte(&text, '.');
    return str_take(&text);
}

static bool has_counted(const struct beside *beside)
{
    bool any = false;
    for (size_t i = 0; i < beside->cells.count; i++)
        any |= beside->of_cells[i].counted > 0;
    return any;
}

static bool asks_more_than_times(const struct filter *filter)
{
    struct filter rest = *filter;
    rest.has_since = rest.has_until = false;
    return filter_is_set(&rest);
}

char *notes_filter_beside_sentence(const struct report *report)
{
    const struct filter *filter = filter_of(report);
    const struct beside *beside = summary_beside(report->summary);
    uint64_t left_out = summary_totals(report->summary).beside_left_out;
    struct str text;

    if (!filter)
        return NULL;
    str_init(&text);
    if (left_out)
        str_addf(&text,
                 "Left out with them: %s stack samples, exceptions and counts at level "
                 "0, whose group and status are not known. ",
                 format_count(left_out).s);
    if (beside && (filter->has_since || filter->has_until) && has_counted(beside))
        str_add_text(&text, "Requests that were only counted are all in it or none, by "
                            "when the last of them was. ");
    if (beside && beside->gauges.names.count && asks_more_than_times(filter))
        str_add_text(&text, "Gauges are filtered by time only. ");
    if (text.length)
        text.bytes[--text.length] = '\0'; /* the last space */
    if (text.length)
        return str_take(&text);
    str_release(&text);
    return NULL;
}

char *notes_nothing_left_sentence(const struct summary_totals *totals,
                                  const char *time_zone)
{
    struct zone zone;
    struct str text;

    str_init(&text);
    str_addf(&text, "none of %s requests passes all filters",
             format_count(totals->left_out).s);
    if (zone_load(&zone, time_zone, NULL) == 0) {
        str_addf(&text, "; they are from %s to %s (%s)",
                 format_moment(&zone, totals->seen_first_utc_ns).s,
                 format_moment(&zone, totals->seen_last_utc_ns).s, zone.name);
        zone_release(&zone);
    }
    str_add_text(&text, "; fmd-analyze without filters shows their names");
    return str_take(&text);
}

/* --- as JSON --- */

static json_t *globs_json(const struct filter_globs *globs)
{
    json_t *array = json_array();

    for (size_t i = 0; i < globs->count; i++)
        json_array_append_new(array, c_text(globs->globs[i]));
    return array;
}

static json_t *statuses_json(const struct filter *filter)
{
    json_t *array = json_array();

    for (size_t i = 0; i < filter->status_count; i++)
        json_array_append_new(array,
                              json_pack("{s:i, s:i}", "low", filter->statuses[i].low,
                                        "high", filter->statuses[i].high));
    return array;
}

json_t *json_filter(const struct report *report)
{
    const struct filter *filter = filter_of(report);
    json_t *object = json_object();

    if (!filter) {
        json_decref(object);
        return json_null();
    }
    put(object, "endpoints", globs_json(&filter->endpoints));
    put(object, "versions", globs_json(&filter->versions));
    put(object, "groups", globs_json(&filter->groups));
    put(object, "statuses", statuses_json(filter));
    put(object, "since", filter->has_since ? moment(filter->since_utc_ns) : json_null());
    put(object, "until", filter->has_until ? moment(filter->until_utc_ns) : json_null());
    put(object, "requests_left_out", count(summary_totals(report->summary).left_out));
    put(object, "events_left_out",
        count(summary_totals(report->summary).beside_left_out));
    return object;
}
