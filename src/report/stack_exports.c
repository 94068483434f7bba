/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Call trees for other tools. Folded: a line a stack, frames from the outermost with ';'
 * between them, and its µs, which flamegraph.pl, inferno and others draw. Speedscope:
 * https://www.speedscope.app/file-format-schema.json, a profile an endpoint and version.
 */
#include "json_parts.h"

#include "code_place.h"
#include "label.h"

#include "src/base/err.h"
#include "src/base/mem.h"
#include "src/base/str.h"
#include "src/summary/summary.h"

#include <stdlib.h>
#include <string.h>

/* Nodes on the way from the root, which is left out, to node; returns how many. */
static size_t path_to(const struct profile_endpoint *endpoint, size_t node, size_t *path)
{
    size_t depth = endpoint->nodes[node].depth;
    for (size_t i = depth; i-- > 0; node = endpoint->nodes[node].parent)
        path[i] = node;
    return depth;
}

/* The deepest stack. */
static size_t depth_of(const struct profile_endpoint *endpoint)
{
    size_t depth = 0;
    for (size_t n = 0; n < endpoint->node_count; n++)
        depth = endpoint->nodes[n].depth > depth ? endpoint->nodes[n].depth : depth;
    return depth;
}

static int written(FILE *out, struct err *err)
{
    if (fflush(out) == 0 && !ferror(out))
        return 0;
    return err_set(err, ERR_OUTPUT,
                   "the stacks could not be written; is the disk full or the reader "
                   "gone?");
}

/* There is something to write. */
static bool has_stacks(const struct report *report, struct err *err)
{
    for (size_t e = 0; e < report->profile.endpoint_count; e++)
        if (report->profile.endpoints[e].us)
            return true;
    err_set(err, ERR_INPUT,
            "no stacks were recorded for a profile; record with fmd-record --level 3");
    return false;
}

/* --- folded ---------------------------------------------------------------------------
 */

/* A frame of the format: without what ends one. */
static void put_folded(char *text, FILE *out)
{
    for (char *c = text; *c; c++)
        if (*c == ';' || *c == '\n')
            *c = ':';
    fputs(text, out);
    free(text);
}

static void put_stack(const struct profile_endpoint *endpoint, size_t version,
                      size_t node, size_t *path, FILE *out)
{
    size_t depth = path_to(endpoint, node, path);
    put_folded(label_of_name(&endpoint->name, "(no name)"), out);
    fputc(';', out);
    put_folded(label_of_name(&endpoint->versions[version].name, "(no version)"), out);
    for (size_t i = 0; i < depth; i++) {
        fputc(';', out);
        put_folded(code_place_of_node(endpoint, path[i]), out);
    }
    fprintf(out, " %llu\n",
            (unsigned long long)profile_value_of(endpoint, node, version)->self_us);
}

int report_folded(const struct report *report, FILE *out, struct err *err)
{
    if (!has_stacks(report, err))
        return -1;
    for (size_t e = 0; e < report->profile.endpoint_count; e++) {
        const struct profile_endpoint *endpoint = &report->profile.endpoints[e];
        size_t *path = mem_array(depth_of(endpoint) + 1, sizeof(*path));
        for (size_t v = 0; v < endpoint->version_count; v++)
            for (size_t n = 0; n < endpoint->node_count; n++)
                if (!endpoint->versions[v].older_side &&
                    profile_value_of(endpoint, n, v)->self_us)
                    put_stack(endpoint, v, n, path, out);
        free(path);
    }
    return written(out, err);
}

/* --- speedscope -----------------------------------------------------------------------
 */

/* The frames of all endpoints; first: the number of an endpoint's root. */
static void add_frames(json_t *frames, const struct profile_endpoint *endpoint)
{
    for (size_t n = 0; n < endpoint->node_count; n++) {
        const struct profile_node *node = &endpoint->nodes[n];
        json_t *frame = json_object();
        put(frame, "name",
            node->function.length ? name_text(&node->function) : json_string("(root)"));
        put(frame, "file", name_text(&node->file));
        if (node->line)
            put(frame, "line", count(node->line));
        json_array_append_new(frames, frame);
    }
}

static json_t *profile_json(const struct profile_endpoint *endpoint, size_t version,
                            size_t first)
{
    json_t *profile = json_object(), *samples = json_array(), *weights = json_array();
    size_t *path = mem_array(depth_of(endpoint) + 1, sizeof(*path));
    char *name = label_of_name(&endpoint->name, "(no name)");
    char *called = label_of_name(&endpoint->versions[version].name, "(no version)");
    for (size_t n = 0; n < endpoint->node_count; n++) {
        uint64_t us = profile_value_of(endpoint, n, version)->self_us;
        if (!us)
            continue;
        json_t *stack = json_array();
        size_t depth = path_to(endpoint, n, path);
        for (size_t i = 0; i < depth; i++)
            json_array_append_new(stack, count(first + path[i]));
        json_array_append_new(samples, stack);
        json_array_append_new(weights, count(us));
    }
    put(profile, "type", json_string("sampled"));
    put(profile, "name", json_sprintf("%s %s", name, called));
    put(profile, "unit", json_string("microseconds"));
    put(profile, "startValue", count(0));
    put(profile, "endValue", count(endpoint->versions[version].us));
    put(profile, "samples", samples);
    put(profile, "weights", weights);
    free(called);
    free(name);
    free(path);
    return profile;
}

int report_speedscope(const struct report *report, FILE *out, struct err *err)
{
    if (!has_stacks(report, err))
        return -1;
    json_t *tree = json_object(), *shared = json_object();
    json_t *frames = json_array(), *profiles = json_array();
    for (size_t e = 0; e < report->profile.endpoint_count; e++) {
        const struct profile_endpoint *endpoint = &report->profile.endpoints[e];
        size_t first = json_array_size(frames);
        add_frames(frames, endpoint);
        for (size_t v = 0; v < endpoint->version_count; v++)
            if (!endpoint->versions[v].older_side && endpoint->versions[v].us)
                json_array_append_new(profiles, profile_json(endpoint, v, first));
    }
    put(tree, "$schema",
        json_string("https://www.speedscope.app/file-format-schema.json"));
    put(tree, "exporter", json_string("fmd-analyze"));
    put(shared, "frames", frames);
    put(tree, "shared", shared);
    put(tree, "profiles", profiles);
    json_dumpf(tree, out, JSON_COMPACT);
    fputc('\n', out);
    json_decref(tree);
    return written(out, err);
}
