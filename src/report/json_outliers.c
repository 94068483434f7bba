/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Outliers, slow modes, and whose they are. */
#include "json_parts.h"

#include "src/base/str.h"

static void put_endpoint(json_t *object, const struct report *report, size_t endpoint)
{
    const struct summary_endpoint *source = report->outliers.endpoints[endpoint].source;

    put(object, "application", name_text(&source->application));
    put(object, "endpoint", name_text(&source->name));
}

static json_t *name_or_null(const struct name *name)
{
    return name->length ? name_text(name) : json_null();
}

static json_t *mode_json(const struct slow_mode *mode)
{
    if (!mode->found)
        return json_null();
    json_t *object = json_object();
    put(object, "requests_share", number(mode->share));
    put(object, "median_ns", nanoseconds(mode->centre_ns));
    put(object, "since", mode->has_since ? moment(mode->since_utc_ns) : json_null());
    return object;
}

static json_t *fences_json(const struct report *report)
{
    const struct outliers *outliers = &report->outliers;
    json_t *array = json_array();

    for (size_t e = 0; e < outliers->endpoint_count; e++)
        for (size_t c = 0; c < outliers->endpoints[e].cell_count; c++) {
            const struct outlier_cell *cell = &outliers->endpoints[e].cells[c];
            json_t *row = json_object();
            put_endpoint(row, report, e);
            put(row, "version", name_text(&cell->cell->version->name));
            put(row, "requests", count(cell->cell->requests));
            put(row, "fence_ns", count(cell->fence_ns));
            put(row, "single_ns", count(cell->single_ns));
            put(row, "requests_beyond", count(cell->beyond));
            put(row, "slow_mode", mode_json(&cell->mode));
            json_array_append_new(array, row);
        }
    return array;
}

static json_t *part_ns(uint64_t ns)
{
    return ns == UINT64_MAX ? json_null() : count(ns);
}

/* What a request at level 2 or above carries; null of others. */
static json_t *count_of(const struct detailed_request *detail, enum detail_count what)
{
    return detail->measured ? count(detail->counts[what]) : json_null();
}

static json_t *detail_json(const struct incident_detail *of)
{
    const struct detailed_request *detail = of->detail;
    if (!detail)
        return json_null();
    json_t *object = json_object();
    put(object, "cpu_ns", detail->measured ? count(detail->cpu_ns) : json_null());
    put(object, "threshold_ns",
        detail->threshold_ns ? count(detail->threshold_ns) : json_null());
    put(object, "outlier", json_boolean(detail->outlier));
    put(object, "voluntary_switches", count_of(detail, DETAIL_VOLUNTARY_SWITCHES));
    put(object, "involuntary_switches", count_of(detail, DETAIL_INVOLUNTARY_SWITCHES));
    put(object, "minor_faults", count_of(detail, DETAIL_MINOR_FAULTS));
    put(object, "major_faults", count_of(detail, DETAIL_MAJOR_FAULTS));
    put(object, "block_reads", count_of(detail, DETAIL_BLOCK_READS));
    put(object, "block_writes", count_of(detail, DETAIL_BLOCK_WRITES));
    put(object, "path", json_path(of->context));
    put(object, "headers", json_headers(of->context));
    put(object, "stack",
        of->stack ? json_stack((struct name){of->stack->bytes, of->stack->length})
                  : json_null());
    put(object, "stack_elapsed_ns",
        of->stack ? count(of->stack_elapsed_ns) : json_null());
    return object;
}

static json_t *slowest_json(const struct report *report)
{
    const struct outliers *outliers = &report->outliers;
    json_t *array = json_array();

    for (size_t i = 0; i < outliers->slowest_count; i++) {
        const struct outlier *outlier = &outliers->slowest[i];
        const struct slow_request *request = &outlier->request;
        const struct outlier_endpoint *endpoint = &outliers->endpoints[outlier->endpoint];
        json_t *row = json_object();
        put_endpoint(row, report, outlier->endpoint);
        put(row, "version",
            name_text(&endpoint->cells[outlier->cell].cell->version->name));
        put(row, "start", moment(request->start_utc_ns));
        put(row, "duration_ns", count(request->duration_ns));
        put(row, "times_fence", number(outlier->times));
        put(row, "group", name_or_null(&request->group));
        put(row, "address", name_or_null(&request->address));
        put(row, "method", c_text(format_method(request->method)));
        put(row, "status", request->status ? count(request->status) : json_null());
        put(row, "first_byte_ns", part_ns(request->first_byte_ns));
        put(row, "view_ns", part_ns(request->view_ns));
        struct incident_detail detail = incident_detail_of(
            report->summary, endpoint->cells[outlier->cell].cell, request);
        put(row, "detail", detail_json(&detail));
        incident_detail_release(&detail);
        json_array_append_new(array, row);
    }
    return array;
}

static json_t *culprit_value(const struct culprit *culprit)
{
    if (culprit->dimension == SCAN_STATUS || culprit->dimension == SCAN_HOUR)
        return json_sprintf("%u", culprit->code);
    if (culprit->dimension == SCAN_METHOD)
        return c_text(format_method(culprit->code));
    return name_text(&culprit->name);
}

static json_t *culprits_json(const struct report *report)
{
    static const char *const dimensions[SCAN_DIMENSIONS] = {"group",  "address", "status",
                                                            "method", "version", "hour"};
    const struct outliers *outliers = &report->outliers;
    json_t *array = json_array();

    for (size_t i = 0; i < outliers->culprit_count; i++) {
        const struct culprit *culprit = &outliers->culprits[i];
        json_t *row = json_object();
        put_endpoint(row, report, culprit->endpoint);
        put(row, "dimension", json_string(dimensions[culprit->dimension]));
        put(row, "value", culprit_value(culprit));
        put(row, "requests", count(culprit->requests));
        put(row, "requests_of", count(culprit->requests_of));
        put(row, "counted", json_string(culprit->slow ? "slowest" : "outliers"));
        put(row, "outliers", count(culprit->outliers));
        put(row, "outliers_of", count(culprit->outliers_of));
        put(row, "expected_outliers", number(culprit->expected));
        put(row, "lift", number(culprit->lift));
        put(row, "p", number(culprit->p));
        put(row, "q", number(culprit->q));
        json_array_append_new(array, row);
    }
    return array;
}

json_t *json_outliers(const struct report *report)
{
    const struct outliers *outliers = &report->outliers;
    json_t *object = json_object();

    put(object, "rule", json_string(outlier_rule_names[outliers->options.rule]));
    put(object, "requests_beyond", count(outliers->beyond));
    put(object, "fences", fences_json(report));
    put(object, "approximate", json_boolean(outliers->approximate));
    put(object, "cell_s", outliers->cell_s > 0 ? number(outliers->cell_s) : json_null());
    put(object, "whose", culprits_json(report));
    put(object, "slowest", slowest_json(report));
    return object;
}
