/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Call trees, exceptions, unfinished requests, gauges and figures of processes. */
#include "json_parts.h"

#include "src/base/mem.h"
#include "src/base/str.h"

#include <stdlib.h>

/* Nodes with less than this share of a version's time are left out, and so are changes
 * beyond the largest. */
#define NODE_SHARE_MIN .0005
enum { CHANGES_MAX = 100 };

static json_t *name_or_null(struct name name)
{
    return name.length ? name_text(&name) : json_null();
}

static json_t *ns_of_us(uint64_t us)
{
    return count(us > UINT64_MAX / 1000 ? UINT64_MAX : us * 1000);
}

static void put_frame(json_t *object, struct name file, struct name function,
                      uint32_t line)
{
    put(object, "file", name_text(&file));
    put(object, "line", line ? count(line) : json_null());
    put(object, "function", name_text(&function));
}

static void put_key(json_t *object, const struct beside_key *key)
{
    put(object, "application", name_text(&key->application));
    put(object, "endpoint", name_text(&key->endpoint));
    put(object, "version", name_text(&key->version));
}

json_t *json_stack(struct name stack)
{
    json_t *array = json_array();
    struct stack_frame frame;
    while (stack_frame_next(&stack, &frame)) {
        json_t *row = json_object();
        put_frame(row, frame.file, frame.function, frame.line);
        json_array_append_new(array, row);
    }
    return array;
}

static json_t *stack_or_null(const struct str *stack)
{
    return stack ? json_stack((struct name){stack->bytes, stack->length}) : json_null();
}

json_t *json_headers(struct name context)
{
    json_t *headers = json_object();
    struct context_item item;
    while (context_item_next(&context, &item))
        if (item.header) {
            char *name = display_clean(item.name.bytes, item.name.length);
            put(headers, name, name_text(&item.value));
            free(name);
        }
    return headers;
}

json_t *json_path(struct name context)
{
    struct context_item item;
    while (context_item_next(&context, &item))
        if (!item.header)
            return name_text(&item.value);
    return json_null();
}

/* --- call trees ------------------------------------------------------------------------
 */

static json_t *versions_json(const struct profile_endpoint *endpoint)
{
    json_t *array = json_array();
    for (size_t v = 0; v < endpoint->version_count; v++) {
        const struct profile_version *version = &endpoint->versions[v];
        json_t *row = json_object();
        put(row, "version",
            version->name.bytes ? name_text(&version->name) : json_null());
        put(row, "older_side", json_boolean(version->older_side));
        put(row, "baseline", json_boolean(version->baseline));
        put(row, "renamed_from", name_or_null(version->renamed_from));
        put(row, "samples", count(version->samples));
        put(row, "samples_effective", number(version->samples_effective));
        put(row, "sampled_ns", ns_of_us(version->us));
        put(row, "running_ns", ns_of_us(version->running_us));
        put(row, "waiting_ns", ns_of_us(version->waiting_us));
        put(row, "beyond_samples", count(version->outlier_samples));
        put(row, "beyond_ns", ns_of_us(version->outlier_us));
        put(row, "mean_ns", nanoseconds(version->mean_ns));
        json_array_append_new(array, row);
    }
    return array;
}

/* Time of all nodes below each node in samples beyond the threshold, its own included, of
 * all versions. */
static uint64_t *beyond_totals(const struct profile_endpoint *endpoint)
{
    uint64_t *totals = mem_array(endpoint->node_count, sizeof(*totals));
    for (size_t n = endpoint->node_count; n-- > 0;) {
        totals[n] += profile_outlier_us(endpoint, n);
        if (n > 0)
            totals[endpoint->nodes[n].parent] += totals[n];
    }
    return totals;
}

static bool is_large(const struct profile_endpoint *endpoint, size_t node,
                     uint64_t beyond_us)
{
    bool large = (double)beyond_us > NODE_SHARE_MIN * (double)endpoint->outlier_us;
    for (size_t v = 0; v < endpoint->version_count; v++)
        large |= (double)profile_value_of(endpoint, node, v)->total_us >
                 NODE_SHARE_MIN * (double)endpoint->versions[v].us;
    return node == 0 || large;
}

static json_t *times_json(const struct profile_endpoint *endpoint, size_t node)
{
    json_t *array = json_array();
    for (size_t v = 0; v < endpoint->version_count; v++) {
        const struct profile_value *value = profile_value_of(endpoint, node, v);
        struct profile_share share =
            profile_share(&endpoint->versions[v], value->total_us, 1.959964);
        json_t *row = json_object();
        put(row, "self_ns", ns_of_us(value->self_us));
        put(row, "total_ns", ns_of_us(value->total_us));
        put(row, "total_waiting_ns", ns_of_us(value->total_waiting_us));
        put(row, "total_share", number(share.share));
        put(row, "total_share_low", number(share.low));
        put(row, "total_share_high", number(share.high));
        put(row, "beyond_self_ns", ns_of_us(value->outlier_self_us));
        json_array_append_new(array, row);
    }
    return array;
}

/* numbers: of each node in the array, SIZE_MAX where it is left out. */
static json_t *nodes_json(const struct profile_endpoint *endpoint, size_t *numbers)
{
    json_t *array = json_array();
    uint64_t *beyond_us = beyond_totals(endpoint);
    for (size_t n = 0; n < endpoint->node_count; n++) {
        const struct profile_node *node = &endpoint->nodes[n];
        numbers[n] = SIZE_MAX;
        if (!is_large(endpoint, n, beyond_us[n]))
            continue;
        numbers[n] = json_array_size(array);
        json_t *row = json_object();
        put(row, "parent", n ? count(numbers[node->parent]) : json_null());
        put_frame(row, node->file, node->function, node->line);
        put(row, "versions", times_json(endpoint, n));
        json_array_append_new(array, row);
    }
    free(beyond_us);
    return array;
}

static json_t *changes_json(const struct profile_endpoint *endpoint,
                            const size_t *numbers)
{
    json_t *array = json_array();
    for (size_t i = 0; i < endpoint->change_count && i < CHANGES_MAX; i++) {
        const struct profile_change *change = &endpoint->changes[i];
        const struct profile_node *node = &endpoint->nodes[change->node];
        size_t at = numbers[change->node];
        json_t *row = json_object();
        put(row, "node", at == SIZE_MAX ? json_null() : count(at));
        put_frame(row, node->file, node->function, node->line);
        put(row, "older_ns", nanoseconds(change->older_ns));
        put(row, "newer_ns", nanoseconds(change->newer_ns));
        put(row, "difference_ns", nanoseconds(change->difference_ns));
        put(row, "difference_low_ns", nanoseconds(change->low_ns));
        put(row, "difference_high_ns", nanoseconds(change->high_ns));
        put(row, "real", json_boolean(change->real));
        put(row, "explains", json_boolean(change->explains));
        json_array_append_new(array, row);
    }
    return array;
}

static json_t *endpoints_json(const struct profile *profile)
{
    json_t *array = json_array();
    for (size_t e = 0; e < profile->endpoint_count; e++) {
        const struct profile_endpoint *endpoint = &profile->endpoints[e];
        size_t *numbers = mem_array(endpoint->node_count, sizeof(*numbers));
        json_t *row = json_object();
        put(row, "application", name_text(&endpoint->application));
        put(row, "endpoint", name_text(&endpoint->name));
        put(row, "versions", versions_json(endpoint));
        put(row, "nodes", nodes_json(endpoint, numbers));
        put(row, "older", endpoint->compared ? count(endpoint->older) : json_null());
        put(row, "newer", endpoint->compared ? count(endpoint->newer) : json_null());
        put(row, "changes", changes_json(endpoint, numbers));
        json_array_append_new(array, row);
        free(numbers);
    }
    return array;
}

/* --- single things ---------------------------------------------------------------------
 */

static json_t *exceptions_json(const struct incidents *incidents)
{
    json_t *array = json_array();
    for (size_t i = 0; i < incidents->exception_count; i++) {
        const struct incident_exception *exception = &incidents->exceptions[i];
        json_t *row = json_object();
        put(row, "application", name_text(&exception->application));
        put(row, "endpoint", name_text(&exception->endpoint));
        put(row, "type", name_text(&exception->type));
        put(row, "handled", json_boolean(exception->handled));
        put(row, "count", count(exception->count));
        put(row, "first", moment(exception->first_utc_ns));
        put(row, "last", moment(exception->last_utc_ns));
        put(row, "first_version", name_text(&exception->first_version));
        put(row, "last_version", name_text(&exception->last_version));
        put(row, "message", name_text(&exception->message));
        put(row, "stack", json_stack(exception->stack));
        json_array_append_new(array, row);
    }
    return array;
}

static json_t *unfinished_json(const struct incidents *incidents)
{
    json_t *array = json_array();
    for (size_t i = 0; i < incidents->unfinished_count; i++) {
        const struct incident_unfinished *one = &incidents->unfinished[i];
        const struct beside_unfinished *request = one->request;
        json_t *row = json_object();
        put_key(row, &one->where);
        put(row, "start", moment(request->start_utc_ns));
        put(row, "elapsed_ns", one->elapsed_ns ? count(one->elapsed_ns) : json_null());
        put(row, "threshold_ns",
            request->threshold_ns ? count(request->threshold_ns) : json_null());
        put(row, "outlier", json_boolean(request->outlier));
        put(row, "process_id", count(request->pid));
        put(row, "thread_id", count(request->thread));
        put(row, "group", name_or_null(one->group));
        put(row, "address", name_or_null(one->address));
        put(row, "path", name_or_null(one->path));
        put(row, "stack", stack_or_null(one->stack));
        json_array_append_new(array, row);
    }
    return array;
}

/* --- cells, gauges, processes ----------------------------------------------------------
 */

static json_t *details_json(const struct beside *beside)
{
    static const char *const keys[DETAIL_COUNTS] = {
        "voluntary_switches", "involuntary_switches", "minor_faults",
        "major_faults",       "block_reads",          "block_writes"};
    json_t *array = json_array();
    uint32_t *order = beside_order(&beside->cells);
    for (size_t i = 0; i < beside->cells.count; i++) {
        const struct beside_cell *cell = &beside->of_cells[order[i]];
        struct beside_key key = beside_key_of(beside, order[i]);
        if (!cell->detailed)
            continue;
        json_t *row = json_object();
        put_key(row, &key);
        put(row, "requests", count(cell->detailed));
        put(row, "requests_measured", count(cell->measured));
        put(row, "requests_beyond", count(cell->outliers));
        put(row, "cpu_ns", nanoseconds((double)cell->cpu_ns));
        put(row, "duration_ns", nanoseconds((double)cell->duration_ns));
        for (int k = 0; k < DETAIL_COUNTS; k++)
            put(row, keys[k], count(cell->counts[k]));
        json_array_append_new(array, row);
    }
    free(order);
    return array;
}

static json_t *counted_json(const struct beside *beside)
{
    json_t *array = json_array();
    uint32_t *order = beside_order(&beside->cells);
    for (size_t i = 0; i < beside->cells.count; i++) {
        const struct beside_cell *cell = &beside->of_cells[order[i]];
        struct beside_key key = beside_key_of(beside, order[i]);
        if (!cell->counted)
            continue;
        json_t *row = json_object();
        put_key(row, &key);
        put(row, "requests", count(cell->counted));
        put(row, "last", moment(cell->counted_last_utc_ns));
        json_array_append_new(array, row);
    }
    free(order);
    return array;
}

static json_t *slots_json(const struct gauge *gauge)
{
    json_t *array = json_array();
    for (size_t i = 0; i < gauge->slot_count; i++) {
        const struct gauge_slot *slot = &gauge->slots[i];
        json_t *row = json_object();
        put(row, "begin", moment((int64_t)((uint64_t)slot->id << gauge->shift)));
        put(row, "count", count(slot->count));
        put(row, "min", number(slot->min));
        put(row, "max", number(slot->max));
        put(row, "last", number(slot->last));
        json_array_append_new(array, row);
    }
    return array;
}

static json_t *gauges_json(const struct gauges *gauges)
{
    json_t *array = json_array();
    uint32_t *order = beside_order(&gauges->names);
    for (size_t i = 0; i < gauges->names.count; i++) {
        const struct map_key *key = &gauges->names.keys[order[i]];
        const struct gauge *gauge = &gauges->gauges[order[i]];
        json_t *row = json_object();
        put(row, "name", text(key->bytes, key->length));
        put(row, "count", count(gauge->all.count));
        put(row, "min", number(gauge->all.min));
        put(row, "max", number(gauge->all.max));
        put(row, "mean", number(exact_sum_mean(&gauge->sum, gauge->all.count)));
        put(row, "last", number(gauge->all.last));
        put(row, "slot_s", number((double)(UINT64_C(1) << gauge->shift) / 1e9));
        put(row, "slots", slots_json(gauge));
        json_array_append_new(array, row);
    }
    free(order);
    return array;
}

static json_t *processes_json(const struct beside *beside)
{
    const struct beside_processes *all = &beside->processes;
    uint64_t unsupported = 0, truncated = 0;
    json_t *object = json_object();
    for (size_t i = 0; i < beside->cells.count; i++) {
        unsupported += beside->of_cells[i].unsupported;
        truncated += beside->of_cells[i].truncated;
    }
    put(object, "processes", count(all->processes));
    put(object, "resident_max_bytes", count(all->resident_max_bytes));
    put(object, "threads_max", count(all->threads_max));
    put(object, "sampling_interval_max_ns", ns_of_us(all->interval_max_us));
    put(object, "cpu_ns", count(all->cpu_ns));
    put(object, "recorder_writer_cpu_ns", count(all->writer_cpu_ns));
    put(object, "recorder_sampler_cpu_ns", count(all->sampler_cpu_ns));
    put(object, "ticks", count(all->ticks));
    put(object, "ticks_late", count(all->late_ticks));
    put(object, "samples", count(all->samples));
    put(object, "samples_rejected", count(all->rejected_samples));
    put(object, "samples_unsupported", count(unsupported));
    put(object, "samples_truncated", count(truncated));
    put(object, "entries_dropped", count(all->entries_dropped));
    put(object, "requests_without_flight", count(all->no_flight));
    return object;
}

json_t *json_profile(const struct report *report)
{
    const struct beside *beside = report->profile.beside;
    if (!beside)
        return json_null();
    json_t *object = json_object();
    put(object, "endpoints", endpoints_json(&report->profile));
    put(object, "exceptions", exceptions_json(&report->incidents));
    put(object, "unfinished", unfinished_json(&report->incidents));
    put(object, "unfinished_more", count(report->incidents.unfinished_more));
    put(object, "details", details_json(beside));
    put(object, "counted", counted_json(beside));
    put(object, "gauges", gauges_json(&beside->gauges));
    put(object, "processes", processes_json(beside));
    return object;
}
