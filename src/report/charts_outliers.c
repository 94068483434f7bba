/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The outliers of an endpoint, one dot each, coloured by the groups (else the addresses)
 * that have more of them than their share.
 */
#include "chart_parts.h"

#include "format.h"
#include "label.h"
#include "notes.h"

#include "src/base/mem.h"
#include "src/base/str.h"

#include "plots/charts/scatter.h"

#include <stdlib.h>
#include <string.h>

enum { TIPS = 12 }; /* of the slowest */

const struct outlier_endpoint *report_outliers_of(const struct report *report,
                                                  const struct endpoint *endpoint)
{
    for (size_t i = 0; i < report->outliers.endpoint_count; i++)
        if (report->outliers.endpoints[i].source == endpoint->versions[0].cell->endpoint)
            return &report->outliers.endpoints[i];
    return NULL;
}

/* Requests from single_ns on, in all versions with a fence. */
static uint64_t single_outliers(const struct outlier_endpoint *outliers)
{
    uint64_t count = 0;

    for (size_t c = 0; c < outliers->cell_count; c++) {
        const struct outlier_cell *cell = &outliers->cells[c];
        const struct histogram *histogram = &cell->cell->histogram;
        count += histogram_count_from(histogram,
                                      histogram_bucket(histogram->bits, cell->single_ns));
    }
    return count;
}

bool chart_has_outliers(const struct report *report, const struct endpoint *endpoint)
{
    const struct outlier_endpoint *outliers = report_outliers_of(report, endpoint);

    return outliers && single_outliers(outliers) > 0;
}

/* --- whose they are --- */

struct owners {
    enum scan_dimension dimension;
    const struct culprit *culprits[SCATTER_MAX_NAMES];
    char *names[SCATTER_MAX_NAMES];
    size_t count;
};

static void find_owners(struct owners *owners, const struct report *report,
                        const struct outlier_endpoint *outliers,
                        enum scan_dimension dimension)
{
    size_t index = (size_t)(outliers - report->outliers.endpoints);

    *owners = (struct owners){.dimension = dimension};
    for (size_t i = 0;
         i < report->outliers.culprit_count && owners->count < SCATTER_MAX_NAMES; i++) {
        const struct culprit *culprit = &report->outliers.culprits[i];
        if (culprit->endpoint != index || culprit->dimension != dimension)
            continue;
        owners->culprits[owners->count] = culprit;
        owners->names[owners->count++] = label_of_name(&culprit->name, "(no name)");
    }
}

static size_t owner_of(const struct owners *owners, const struct slow_request *request)
{
    const struct name *name =
        owners->dimension == SCAN_GROUP ? &request->group : &request->address;

    for (size_t i = 0; i < owners->count; i++)
        if (owners->culprits[i]->name.length == name->length &&
            memcmp(owners->culprits[i]->name.bytes, name->bytes, name->length) == 0)
            return i;
    return SCATTER_NOBODY;
}

static void owners_release(struct owners *owners)
{
    for (size_t i = 0; i < owners->count; i++)
        free(owners->names[i]);
}

/* --- dots --- */

/* "1.2 s, 2026-11-23 14:00, group 4711, status 500". */
static char *tip_of(const struct report *report, const struct slow_request *request)
{
    struct str tip;

    str_init(&tip);
    str_addf(&tip, "%s, %s", format_duration((double)request->duration_ns).s,
             format_moment(&report->zone, request->start_utc_ns).s);
    if (request->group.length) {
        char *group = label_of_name(&request->group, "");
        str_addf(&tip, ", group %s", group);
        free(group);
    }
    if (request->status)
        str_addf(&tip, ", status %u", request->status);
    return str_take(&tip);
}

struct dots {
    struct scatter_point *points;
    struct slow_request *requests; /* of each point */
    struct scatter_fence *fences;  /* of each version that has one */
    size_t count, fence_count;
};

static void add_cell(struct dots *dots, const struct report *report,
                     const struct owners *owners, const struct outlier_cell *cell)
{
    struct slow_request slowest[SUMMARY_SLOWEST];
    size_t count = summary_slowest(report->summary, cell->cell, slowest);

    if (cell->fence_ns == 0)
        return;
    dots->fences[dots->fence_count++] = (struct scatter_fence){
        (double)cell->cell->first_utc_ns / 1e9, (double)cell->cell->last_utc_ns / 1e9,
        (double)cell->single_ns};
    for (size_t i = 0; i < count && slowest[i].duration_ns >= cell->single_ns; i++) {
        dots->requests[dots->count] = slowest[i];
        dots->points[dots->count++] =
            (struct scatter_point){.at_s = (double)slowest[i].start_utc_ns / 1e9,
                                   .latency_ns = (double)slowest[i].duration_ns,
                                   .name = owner_of(owners, &slowest[i])};
    }
}

/* The slowest without a tip, or NULL. */
static size_t slowest_without_tip(const struct dots *dots)
{
    size_t found = dots->count;

    for (size_t i = 0; i < dots->count; i++)
        if (!dots->points[i].tip &&
            (found == dots->count ||
             dots->points[i].latency_ns > dots->points[found].latency_ns))
            found = i;
    return found;
}

static void dots_init(struct dots *dots, const struct report *report,
                      const struct owners *owners,
                      const struct outlier_endpoint *outliers)
{
    size_t room = outliers->cell_count * SUMMARY_SLOWEST;

    *dots =
        (struct dots){.points = mem_array(room, sizeof(*dots->points)),
                      .requests = mem_array(room, sizeof(*dots->requests)),
                      .fences = mem_array(outliers->cell_count, sizeof(*dots->fences))};
    for (size_t c = 0; c < outliers->cell_count; c++)
        add_cell(dots, report, owners, &outliers->cells[c]);
    for (size_t i = 0; i < TIPS && i < dots->count; i++) {
        size_t slowest = slowest_without_tip(dots);
        dots->points[slowest].tip = tip_of(report, &dots->requests[slowest]);
    }
}

static void dots_release(struct dots *dots)
{
    for (size_t i = 0; i < dots->count; i++)
        free((char *)dots->points[i].tip);
    free(dots->points);
    free(dots->requests);
    free(dots->fences);
}

int chart_draw_outliers(const struct report *report, const struct report_chart *chart,
                        const struct theme *theme, struct scene *scene, const char **why)
{
    const struct endpoint *endpoint = &report->overview.endpoints[chart->endpoint];
    const struct outlier_endpoint *outliers = report_outliers_of(report, endpoint);
    struct owners owners;
    struct dots dots;

    find_owners(&owners, report, outliers, SCAN_GROUP);
    if (owners.count == 0)
        find_owners(&owners, report, outliers, SCAN_ADDRESS);
    dots_init(&dots, report, &owners, outliers);
    struct scatter_data data = {.title = chart->title,
                                .subtitle =
                                    owners.count == 0 ? "Outliers, all versions"
                                    : owners.dimension == SCAN_GROUP
                                        ? "Outliers by the group they belong to"
                                        : "Outliers by the address they came from",
                                .clock = chart_clock(report),
                                .from_s = (double)endpoint->all.first_utc_ns / 1e9,
                                .to_s = (double)endpoint->all.last_utc_ns / 1e9,
                                .points = dots.points,
                                .point_count = dots.count,
                                .names = (const char *const *)owners.names,
                                .name_count = owners.count,
                                .fences = dots.fences,
                                .fence_count = dots.fence_count,
                                .requests = outliers->requests,
                                .beyond = single_outliers(outliers)};
    int result = chart_scatter(&data, theme, scene, why);
    dots_release(&dots);
    owners_release(&owners);
    return result;
}

char *chart_outliers_title(const struct report *report, const struct endpoint *endpoint)
{
    const struct outlier_endpoint *outliers = report_outliers_of(report, endpoint);
    size_t index = (size_t)(outliers - report->outliers.endpoints);
    struct str title;

    for (size_t i = 0; i < report->outliers.culprit_count; i++)
        if (report->outliers.culprits[i].endpoint == index)
            return notes_culprit_sentence(report, &report->outliers.culprits[i]);
    char *label = label_of_endpoint(report, endpoint);
    uint64_t count = single_outliers(outliers);
    str_init(&title);
    str_addf(&title, "%s has %s outlier%s of %s requests, the slowest took %s", label,
             format_count(count).s, count == 1 ? "" : "s",
             format_count(outliers->requests).s,
             format_duration((double)endpoint->all.max_ns).s);
    free(label);
    return str_take(&title);
}
