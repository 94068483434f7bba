/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Flame graphs of an endpoint: its newest version with samples, and that against the one
 * it is compared with, both in time a request.
 */
#include "chart_parts.h"

#include "format.h"
#include "label.h"
#include "notes_profile.h"

#include "src/base/mem.h"
#include "src/base/str.h"

#include "plots/charts/flame.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const struct profile_endpoint *profile_of(const struct report *report,
                                                 const struct endpoint *endpoint)
{
    for (size_t i = 0; i < report->profile.endpoint_count; i++) {
        const struct profile_endpoint *profile = &report->profile.endpoints[i];
        if (name_compare(profile->name, endpoint->name) == 0 &&
            name_compare(profile->application, endpoint->application) == 0)
            return profile;
    }
    return NULL;
}

/* SIZE_MAX: none has samples. */
static size_t newest_of(const struct profile_endpoint *profile)
{
    return profile_newest(profile, profile->version_count);
}

bool chart_has_profile(const struct report *report, const struct endpoint *endpoint)
{
    const struct profile_endpoint *profile = profile_of(report, endpoint);

    return profile && newest_of(profile) != SIZE_MAX;
}

bool chart_has_profile_change(const struct report *report,
                              const struct endpoint *endpoint)
{
    const struct profile_endpoint *profile = profile_of(report, endpoint);

    return profile && profile->compared;
}

/* --- nodes --- */

/* "cart.py:show": the file without its folders, and the function. */
static char *name_of_node(const struct profile_node *node)
{
    struct name base = node->file;

    for (size_t i = 0; i < node->file.length; i++)
        if (node->file.bytes[i] == '/')
            base = (struct name){node->file.bytes + i + 1, node->file.length - i - 1};
    char *function = label_of_name(&node->function, "(outside of any function)");
    char *clean = label_of_name(&base, "");
    struct str name;

    str_init(&name);
    str_addf(&name, "%s%s%s", clean, *clean ? ":" : "", function);
    free(clean);
    free(function);
    return str_take(&name);
}

/* ms a request that a node takes itself; ms of the samples where requests are unknown. */
static double own_ms(const struct profile_endpoint *profile, size_t node, size_t version)
{
    const struct profile_version *of = &profile->versions[version];
    double us = (double)profile_value_of(profile, node, version)->self_us;
    bool per_request = of->us > 0 && of->mean_ns > 0;

    return per_request ? us / (double)of->us * of->mean_ns / 1e6 : us / 1e3;
}

/* older: version_count for none. The root is the endpoint, which the picture names "all":
 * what it calls stands below that. The caller frees nodes and their names. */
static struct flame_node *nodes_of(const struct profile_endpoint *profile, size_t newer,
                                   size_t older)
{
    struct flame_node *nodes = mem_array(profile->node_count, sizeof(*nodes));

    for (size_t i = 0; i < profile->node_count; i++) {
        size_t parent = profile->nodes[i].parent;
        bool below_root = parent < i && profile->nodes[parent].parent == SIZE_MAX;
        nodes[i] = (struct flame_node){.parent = below_root ? FLAME_ROOT : parent,
                                       .name = name_of_node(&profile->nodes[i]),
                                       .own = own_ms(profile, i, newer)};
        if (older < profile->version_count)
            nodes[i].older_own = own_ms(profile, i, older);
    }
    return nodes;
}

static int draw(const struct report_chart *chart, const struct profile_endpoint *profile,
                size_t newer, size_t older, const struct theme *theme,
                struct scene *scene, const char **why)
{
    struct flame_node *nodes = nodes_of(profile, newer, older);
    const struct profile_version *version = &profile->versions[newer];
    bool compared = older < profile->version_count;
    char *name = label_of_name(&version->name, "(no version)");
    struct str subtitle;

    str_init(&subtitle);
    str_addf(&subtitle, "Profile of %s, %s samples", name,
             format_count(version->samples).s);
    if (compared) {
        char *before = label_of_profile_version(&profile->versions[older]);
        str_addf(&subtitle, ", against %s, %s samples", before,
                 format_count(profile->versions[older].samples).s);
        free(before);
    }
    struct flame_data data = {.title = chart->title,
                              .subtitle = subtitle.bytes,
                              .unit = version->mean_ns > 0 ? "ms a request" : "ms",
                              .nodes = nodes,
                              .node_count = profile->node_count,
                              .compared = compared,
                              .absolute = version->mean_ns > 0};
    int result = chart_flame(&data, theme, scene, why);
    for (size_t i = 0; i < profile->node_count; i++)
        free((char *)nodes[i].name);
    free(nodes);
    free(name);
    str_release(&subtitle);
    return result;
}

int chart_draw_profile(const struct report *report, const struct report_chart *chart,
                       const struct theme *theme, struct scene *scene, const char **why)
{
    const struct profile_endpoint *profile =
        profile_of(report, &report->overview.endpoints[chart->endpoint]);

    return draw(chart, profile, newest_of(profile), profile->version_count, theme, scene,
                why);
}

int chart_draw_profile_change(const struct report *report,
                              const struct report_chart *chart, const struct theme *theme,
                              struct scene *scene, const char **why)
{
    const struct profile_endpoint *profile =
        profile_of(report, &report->overview.endpoints[chart->endpoint]);

    return draw(chart, profile, profile->newer, profile->older, theme, scene, why);
}

/* --- titles --- */

/* "GET /cart: 36.2 % of the time in sqlite.py:execute": the function that takes most
 * itself. */
char *chart_profile_title(const struct report *report, const struct endpoint *endpoint)
{
    const struct profile_endpoint *profile = profile_of(report, endpoint);
    size_t version = newest_of(profile), most = 0;
    char *label = label_of_endpoint(report, endpoint);
    struct str title;

    for (size_t i = 1; i < profile->node_count; i++)
        if (profile_value_of(profile, i, version)->self_us >
            profile_value_of(profile, most, version)->self_us)
            most = i;
    char *name = name_of_node(&profile->nodes[most]);
    double us = (double)profile_value_of(profile, most, version)->self_us;
    str_init(&title);
    str_addf(&title, "%s: %s of the time in %s", label,
             format_percent(us / (double)profile->versions[version].us).s, name);
    free(name);
    free(label);
    return str_take(&title);
}

char *chart_profile_change_title(const struct report *report,
                                 const struct endpoint *endpoint)
{
    char *sentence = notes_profile_change_sentence(profile_of(report, endpoint));

    if (sentence)
        return sentence;
    char *label = label_of_endpoint(report, endpoint);
    struct str title;
    str_init(&title);
    str_addf(&title, "%s: no function takes longer or shorter for certain", label);
    free(label);
    return str_take(&title);
}
