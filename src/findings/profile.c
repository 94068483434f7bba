/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "profile.h"

#include "profile_changes.h"
#include "profile_tree.h"

#include "src/base/mem.h"
#include "src/base/str.h"
#include "src/base/vec.h"
#include "src/summary/summary.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* The samples of a cell go to a version of an endpoint. */
struct feed {
    uint32_t cell, endpoint;
    struct name version; /* not asked where it goes to an older side */
    bool older_side;
};

/* Cells of one summary, none of which goes to two endpoints. */
struct source {
    const struct summary *summary;
    const struct beside *beside;
    struct feed *feeds;
    size_t count, room;
};

struct building {
    struct map endpoints, functions;
    struct growing *growing; /* by endpoint */
    size_t room;
    struct source *sources; /* the summary, then what each comparison takes elsewhere */
    size_t source_count;
};

/* --- who ------------------------------------------------------------------------------
 */

static const struct summary_cell *find_cell(const struct summary *summary,
                                            const struct beside_key *key)
{
    struct summary_endpoint *const *endpoints;
    size_t count = summary_endpoints(summary, &endpoints);
    for (size_t i = 0; i < count; i++) {
        if (name_compare(endpoints[i]->name, key->endpoint) != 0 ||
            name_compare(endpoints[i]->application, key->application) != 0)
            continue;
        for (size_t k = 0; k < endpoints[i]->cell_count; k++)
            if (name_compare(endpoints[i]->cells[k]->version->name, key->version) == 0)
                return endpoints[i]->cells[k];
    }
    return NULL;
}

/* "4 shopGET /cart" */
static struct str key_of_endpoint(struct name application, struct name endpoint)
{
    struct str both;
    str_init(&both);
    str_addf(&both, "%zu ", application.length);
    str_add(&both, application.bytes, application.length);
    str_add(&both, endpoint.bytes, endpoint.length);
    return both;
}

static uint32_t add_endpoint(struct building *building, const struct beside_key *key)
{
    struct str both = key_of_endpoint(key->application, key->endpoint);
    size_t before = building->endpoints.count;
    uint32_t number = map_add(&building->endpoints, both.bytes, both.length);
    str_release(&both);
    if (building->endpoints.count == before)
        return number;
    building->growing = vec_room(building->growing, &building->room,
                                 building->endpoints.count, sizeof(*building->growing));
    struct growing *growing = &building->growing[number];
    *growing = (struct growing){
        .endpoint = {.application = key->application, .name = key->endpoint}};
    map_init(&growing->children);
    map_init(&growing->lines);
    return number;
}

static void add_feed(struct source *source, const struct feed *feed)
{
    source->feeds =
        vec_room(source->feeds, &source->room, source->count + 1, sizeof(*source->feeds));
    source->feeds[source->count++] = *feed;
}

/* --- versions -------------------------------------------------------------------------
 */

/* Older sides, then versions by their first request, then by name: the cells of an
 * endpoint are few. */
static bool comes_before(const struct profile_version *a, const struct profile_version *b)
{
    if (a->older_side != b->older_side)
        return a->older_side;
    if (a->first_utc_ns != b->first_utc_ns)
        return a->first_utc_ns < b->first_utc_ns;
    return name_compare(a->name, b->name) < 0;
}

static void insert_version(struct growing *growing, const struct profile_version *version)
{
    struct profile_endpoint *endpoint = &growing->endpoint;
    endpoint->versions = vec_room(endpoint->versions, &growing->version_room,
                                  endpoint->version_count + 1, sizeof(*version));
    size_t at = endpoint->version_count;
    while (at > 0 && comes_before(version, &endpoint->versions[at - 1]))
        at--;
    vec_hole(endpoint->versions, endpoint->version_count++, at, sizeof(*version));
    endpoint->versions[at] = *version;
}

/* Requests of a cell and what samples of it are worth; cells may be several. */
static void add_cell(struct profile_version *version, const struct source *source,
                     uint32_t number)
{
    struct beside_key key = beside_key_of(source->beside, number);
    const struct summary_cell *cell = find_cell(source->summary, &key);
    profile_met_add(version, &source->beside->of_cells[number]);
    if (!cell)
        return;
    version->requests += cell->requests;
    version->sum_ns += (double)cell->sum_ns;
    version->sum_squares_ns += (double)cell->sum_squares_ns;
    if (cell->first_utc_ns < version->first_utc_ns)
        version->first_utc_ns = cell->first_utc_ns;
}

static void add_own_versions(struct building *building)
{
    struct source *source = &building->sources[0];
    for (uint32_t cell = 0; cell < source->beside->cells.count; cell++) {
        struct beside_key key = beside_key_of(source->beside, cell);
        uint32_t number = add_endpoint(building, &key);
        struct profile_version version = {.name = key.version, .first_utc_ns = INT64_MAX};
        add_cell(&version, source, cell);
        insert_version(&building->growing[number], &version);
        add_feed(source, &(struct feed){cell, number, key.version, false});
    }
}

/* --- older sides ----------------------------------------------------------------------
 */

/* What an endpoint is compared with, where that is no version of its own. */
static void add_older_side(struct building *building, struct source *source,
                           const struct regression_comparison *comparison,
                           const struct regression_endpoint *compared)
{
    struct str both = key_of_endpoint(compared->application, compared->name);
    uint32_t number = map_find(&building->endpoints, both.bytes, both.length);
    str_release(&both);
    if (number == MAP_NONE)
        return;
    struct profile_version version = {.name = comparison->older,
                                      .older_side = true,
                                      .baseline = comparison->older_is_baseline,
                                      .renamed_from = compared->renamed_from,
                                      .first_utc_ns = INT64_MAX};
    size_t before = source->count;
    for (size_t v = 0; v < comparison->older_version_count; v++) {
        const struct beside_key key = {.application = compared->older_application,
                                       .version = comparison->older_versions[v],
                                       .endpoint = compared->older_name};
        uint32_t cell = beside_find(source->beside, &key);
        if (cell == MAP_NONE)
            continue;
        add_cell(&version, source, cell);
        add_feed(source, &(struct feed){cell, number, key.version, true});
    }
    if (source->count > before)
        insert_version(&building->growing[number], &version);
}

static void add_older_sides(struct building *building, const struct summary *baseline,
                            const struct regression *regression)
{
    for (size_t i = 0; regression && i < regression->comparison_count; i++) {
        const struct regression_comparison *comparison = &regression->comparisons[i];
        struct source *source = &building->sources[building->source_count];
        bool elsewhere = comparison->older_is_baseline;
        *source = (struct source){.summary = elsewhere ? baseline
                                                       : building->sources[0].summary};
        source->beside = summary_beside(source->summary);
        for (size_t k = 0; source->beside && k < comparison->endpoint_count; k++)
            if (elsewhere || comparison->endpoints[k].renamed_from.bytes)
                add_older_side(building, source, comparison, &comparison->endpoints[k]);
        building->source_count += source->count > 0;
    }
}

/* --- samples --------------------------------------------------------------------------
 */

static size_t version_of(const struct profile_endpoint *endpoint, const struct feed *feed)
{
    size_t v = 0;
    while (feed->older_side
               ? !endpoint->versions[v].older_side
               : endpoint->versions[v].older_side ||
                     name_compare(endpoint->versions[v].name, feed->version) != 0)
        v++;
    return v;
}

static void add_samples(struct building *building, const struct source *source)
{
    struct profile_place *places =
        mem_array(source->beside->cells.count, sizeof(*places));
    for (size_t i = 0; i < source->count; i++) {
        const struct feed *feed = &source->feeds[i];
        struct growing *growing = &building->growing[feed->endpoint];
        places[feed->cell] =
            (struct profile_place){growing, version_of(&growing->endpoint, feed)};
    }
    profile_tree_add(source->beside, places, &building->functions);
    free(places);
}

/* --- the whole ------------------------------------------------------------------------
 */

struct stuck_node {
    size_t node;
    uint64_t us;
};

static int by_stuck_time(const void *left, const void *right)
{
    const struct stuck_node *a = left, *b = right;
    if (a->us != b->us)
        return a->us > b->us ? -1 : 1;
    return (a->node > b->node) - (a->node < b->node);
}

static void find_stuck(struct profile_endpoint *endpoint)
{
    struct stuck_node *stuck = mem_array(endpoint->node_count, sizeof(*stuck));
    size_t count = 0;
    for (size_t n = 0; n < endpoint->node_count; n++) {
        stuck[count] = (struct stuck_node){n, 0};
        stuck[count].us = profile_outlier_us(endpoint, n);
        count += stuck[count].us > 0;
    }
    qsort(stuck, count, sizeof(*stuck), by_stuck_time);
    endpoint->stuck = mem_array(count, sizeof(*endpoint->stuck));
    for (size_t i = 0; i < count; i++)
        endpoint->stuck[i] = stuck[i].node;
    endpoint->stuck_count = count;
    free(stuck);
}

static void finish(struct growing *growing, const struct regression *regression)
{
    struct profile_endpoint *endpoint = &growing->endpoint;
    for (size_t v = 0; v < endpoint->version_count; v++) {
        struct profile_version *version = &endpoint->versions[v];
        version->mean_ns =
            version->requests ? version->sum_ns / (double)version->requests : NAN;
        version->samples_effective = profile_effective_samples(version);
        endpoint->us += version->older_side ? 0 : version->us;
        endpoint->outlier_us += version->older_side ? 0 : version->outlier_us;
    }
    profile_tree_finish(growing);
    if (endpoint->node_count) {
        find_stuck(endpoint);
        profile_compare(endpoint, regression);
    }
    map_release(&growing->children);
    map_release(&growing->lines);
    free(growing->line_us);
}

size_t profile_newest(const struct profile_endpoint *endpoint, size_t before)
{
    while (before > 0 && (endpoint->versions[before - 1].older_side ||
                          !endpoint->versions[before - 1].us))
        before--;
    return before - 1;
}

static void release_endpoint(struct profile_endpoint *endpoint)
{
    free(endpoint->versions);
    free(endpoint->nodes);
    free(endpoint->values);
    free(endpoint->stuck);
    free(endpoint->changes);
}

static int by_endpoint_time(const void *left, const void *right)
{
    const struct profile_endpoint *a = left, *b = right;
    if (a->us != b->us)
        return a->us > b->us ? -1 : 1;
    if (a->outlier_us != b->outlier_us)
        return a->outlier_us > b->outlier_us ? -1 : 1;
    int order = name_compare(a->application, b->application);
    return order ? order : name_compare(a->name, b->name);
}

/* Endpoints with samples of their own; those that a baseline alone has are left out. */
static void take_endpoints(struct profile *profile, struct building *building,
                           const struct regression *regression)
{
    size_t count = building->endpoints.count;
    profile->endpoints = mem_array(count, sizeof(*profile->endpoints));
    for (size_t i = 0; i < count; i++) {
        struct profile_endpoint *endpoint = &building->growing[i].endpoint;
        finish(&building->growing[i], regression);
        if (endpoint->us || endpoint->outlier_us)
            profile->endpoints[profile->endpoint_count++] = *endpoint;
        else
            release_endpoint(endpoint);
    }
    if (profile->endpoint_count)
        qsort(profile->endpoints, profile->endpoint_count, sizeof(*profile->endpoints),
              by_endpoint_time);
}

void profile_build(struct profile *profile, const struct summary *summary,
                   const struct summary *baseline, const struct regression *regression)
{
    struct building building = {.source_count = 1};
    *profile = (struct profile){.beside = summary_beside(summary)};
    if (!profile->beside)
        return;
    map_init(&building.endpoints);
    map_init(&building.functions);
    building.sources = mem_array(2 + (regression ? regression->comparison_count : 0),
                                 sizeof(*building.sources));
    building.sources[0] = (struct source){.summary = summary, .beside = profile->beside};
    add_own_versions(&building);
    add_older_sides(&building, baseline, regression);
    for (size_t i = 0; i < building.source_count; i++)
        add_samples(&building, &building.sources[i]);
    take_endpoints(profile, &building, regression);
    for (size_t i = 0; i < building.source_count; i++)
        free(building.sources[i].feeds);
    free(building.sources);
    free(building.growing);
    map_release(&building.endpoints);
    map_release(&building.functions);
}

void profile_release(struct profile *profile)
{
    for (size_t i = 0; i < profile->endpoint_count; i++)
        release_endpoint(&profile->endpoints[i]);
    free(profile->endpoints);
    *profile = (struct profile){0};
}
