/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "profile_tree.h"

#include "src/base/mem.h"
#include "src/base/str.h"
#include "src/base/vec.h"

#include <stdlib.h>
#include <string.h>

/* --- nodes ----------------------------------------------------------------------------
 */

/* The node of a function below parent, made where there is none. */
static size_t child_of(struct growing *growing, size_t parent, uint32_t function,
                       const struct stack_frame *frame)
{
    struct profile_endpoint *endpoint = &growing->endpoint;
    uint64_t key[2] = {parent, function};
    size_t before = growing->children.count, versions = endpoint->version_count;
    size_t node = map_add(&growing->children, key, sizeof(key));
    if (growing->children.count == before)
        return node;
    endpoint->nodes = vec_room(endpoint->nodes, &growing->node_room, node + 1,
                               sizeof(*endpoint->nodes));
    endpoint->nodes[node] = (struct profile_node){
        .parent = parent,
        .function = frame->function,
        .file = frame->file,
        .depth = parent == SIZE_MAX ? 0 : endpoint->nodes[parent].depth + 1};
    endpoint->values = mem_resize_array(endpoint->values, growing->node_room * versions,
                                        sizeof(*endpoint->values));
    memset(&endpoint->values[node * versions], 0, versions * sizeof(*endpoint->values));
    endpoint->node_count = node + 1;
    return node;
}

static uint64_t sum_us(const uint64_t us[STACK_STATES])
{
    return us[STACK_UNKNOWN] + us[STACK_RUNNING] + us[STACK_WAITING];
}

static void add_self(struct profile_endpoint *endpoint, size_t node, size_t number,
                     const struct stack_times *times)
{
    struct profile_version *version = &endpoint->versions[number];
    struct profile_value *value =
        &endpoint->values[node * endpoint->version_count + number];
    const uint64_t *us = times->us[STACK_PROFILE];
    value->self_us += sum_us(us);
    value->self_waiting_us += us[STACK_WAITING];
    value->self_samples += times->samples[STACK_PROFILE];
    value->outlier_self_us += sum_us(times->us[STACK_OUTLIER]);
    value->outlier_samples += times->samples[STACK_OUTLIER];
    version->us += sum_us(us);
    version->running_us += us[STACK_RUNNING];
    version->waiting_us += us[STACK_WAITING];
    version->samples += times->samples[STACK_PROFILE];
    version->outlier_us += sum_us(times->us[STACK_OUTLIER]);
    version->outlier_samples += times->samples[STACK_OUTLIER];
}

/* Time with all callees, of each of the summary's nodes, for the line it is in. */
static uint64_t *totals_of(const struct stacks *stacks)
{
    uint64_t *totals = mem_array(stacks->nodes.count, sizeof(*totals));
    for (uint32_t i = (uint32_t)stacks->nodes.count; i-- > 0;) {
        struct stack_link link = stacks_link(stacks, i);
        const struct stack_times *times = &stacks->times[i];
        totals[i] += sum_us(times->us[STACK_PROFILE]) + sum_us(times->us[STACK_OUTLIER]);
        if (link.parent != STACK_ROOT)
            totals[link.parent] += totals[i];
    }
    return totals;
}

static void add_line(struct growing *growing, size_t node, uint32_t line, uint64_t us)
{
    uint64_t key[2] = {node, line};
    size_t before = growing->lines.count;
    uint32_t number = map_add(&growing->lines, key, sizeof(key));
    growing->line_us = vec_room(growing->line_us, &growing->line_room,
                                growing->lines.count, sizeof(*growing->line_us));
    growing->line_us[number] =
        us + (growing->lines.count > before ? 0 : growing->line_us[number]);
}

/* A function's number, whatever the line. */
static uint32_t function_of(struct map *functions, const struct stack_frame *frame)
{
    struct str both;
    str_init(&both);
    str_addf(&both, "%zu ", frame->file.length);
    str_add(&both, frame->file.bytes, frame->file.length);
    str_add(&both, frame->function.bytes, frame->function.length);
    uint32_t number = map_add(functions, both.bytes, both.length);
    str_release(&both);
    return number;
}

/* Parents have smaller numbers, so they are placed before their children. */
void profile_tree_add(const struct beside *beside, const struct profile_place *places,
                      struct map *functions)
{
    static const struct stack_frame root = {{"", 0}, {"", 0}, 0};
    const struct stacks *stacks = &beside->stacks;
    size_t *nodes = mem_array(stacks->nodes.count, sizeof(*nodes));
    struct profile_place *of_nodes = mem_array(stacks->nodes.count, sizeof(*of_nodes));
    uint64_t *totals = totals_of(stacks);
    for (uint32_t i = 0; i < stacks->nodes.count; i++) {
        struct stack_link link = stacks_link(stacks, i);
        bool is_root = link.parent == STACK_ROOT;
        of_nodes[i] = is_root ? places[link.frame] : of_nodes[link.parent];
        struct growing *growing = of_nodes[i].growing;
        if (!growing)
            continue;
        struct stack_frame frame = is_root ? root : stacks_frame_at(stacks, link.frame);
        nodes[i] = child_of(growing, is_root ? SIZE_MAX : nodes[link.parent],
                            is_root ? 0 : function_of(functions, &frame), &frame);
        add_self(&growing->endpoint, nodes[i], of_nodes[i].version, &stacks->times[i]);
        add_line(growing, nodes[i], frame.line, totals[i]);
    }
    free(totals);
    free(of_nodes);
    free(nodes);
}

/* --- order ----------------------------------------------------------------------------
 */

/* Callees come after their callers, so totals add up from the end. */
static void add_totals(struct profile_endpoint *endpoint)
{
    size_t versions = endpoint->version_count;
    for (size_t n = endpoint->node_count; n-- > 0;)
        for (size_t v = 0; v < versions; v++) {
            struct profile_value *value = &endpoint->values[n * versions + v];
            value->total_us += value->self_us;
            value->total_waiting_us += value->self_waiting_us;
            if (n == 0)
                continue;
            struct profile_value *caller =
                &endpoint->values[endpoint->nodes[n].parent * versions + v];
            caller->total_us += value->total_us;
            caller->total_waiting_us += value->total_waiting_us;
        }
}

/* The line with most time, of equal ones the first. */
static void choose_lines(struct growing *growing)
{
    struct profile_endpoint *endpoint = &growing->endpoint;
    uint64_t *best_us = mem_array(endpoint->node_count, sizeof(*best_us));
    for (size_t i = 0; i < growing->lines.count; i++) {
        uint64_t key[2], us = growing->line_us[i];
        memcpy(key, growing->lines.keys[i].bytes, sizeof(key));
        struct profile_node *node = &endpoint->nodes[key[0]];
        if (us > best_us[key[0]] || (us == best_us[key[0]] && key[1] < node->line)) {
            best_us[key[0]] = us;
            node->line = (uint32_t)key[1];
        }
    }
    free(best_us);
}

struct ordered {
    size_t parent, node;
    uint64_t us;
    const struct profile_node *of;
};

/* Callees of a caller together, most time first, of equal ones by name. */
static int by_time(const void *left, const void *right)
{
    const struct ordered *a = left, *b = right;
    if (a->parent != b->parent)
        return a->parent < b->parent ? -1 : 1;
    if (a->us != b->us)
        return a->us > b->us ? -1 : 1;
    int order = name_compare(a->of->function, b->of->function);
    return order ? order : name_compare(a->of->file, b->of->file);
}

static struct ordered *ordered_nodes(const struct profile_endpoint *endpoint)
{
    struct ordered *ordered = mem_array(endpoint->node_count, sizeof(*ordered));
    for (size_t n = 0; n < endpoint->node_count; n++) {
        ordered[n] =
            (struct ordered){endpoint->nodes[n].parent + 1, n, 0, &endpoint->nodes[n]};
        for (size_t v = 0; v < endpoint->version_count; v++)
            ordered[n].us += profile_value_of(endpoint, n, v)->total_us;
    }
    qsort(ordered, endpoint->node_count, sizeof(*ordered), by_time);
    return ordered;
}

/* The order in which nodes were met depends on the input's, so they get another: breadth
 * first, callers with most time before others. */
static void order_nodes(struct profile_endpoint *endpoint)
{
    size_t count = endpoint->node_count, versions = endpoint->version_count;
    struct ordered *ordered = ordered_nodes(endpoint);
    size_t *first = mem_array(count + 2, sizeof(*first)); /* callee of each, + 1 */
    size_t *queue = mem_array(count, sizeof(*queue));     /* old numbers */
    size_t *number = mem_array(count, sizeof(*number));   /* new ones */
    struct profile_node *nodes = mem_array(count, sizeof(*nodes));
    struct profile_value *values = mem_array(count * versions, sizeof(*values));
    for (size_t i = 0; i < count; i++)
        first[ordered[i].parent + 1]++;
    for (size_t i = 1; i < count + 2; i++)
        first[i] += first[i - 1];
    for (size_t at = 0, end = 1; at < count; at++) {
        size_t old = queue[at];
        number[old] = at;
        nodes[at] = endpoint->nodes[old];
        if (at > 0)
            nodes[at].parent = number[nodes[at].parent];
        memcpy(&values[at * versions], &endpoint->values[old * versions],
               versions * sizeof(*values));
        for (size_t i = first[old + 1]; i < first[old + 2]; i++)
            queue[end++] = ordered[i].node;
    }
    free(endpoint->nodes);
    free(endpoint->values);
    endpoint->nodes = nodes;
    endpoint->values = values;
    free(number);
    free(queue);
    free(first);
    free(ordered);
}

void profile_tree_finish(struct growing *growing)
{
    if (growing->endpoint.node_count == 0)
        return;
    add_totals(&growing->endpoint);
    choose_lines(growing);
    order_nodes(&growing->endpoint);
}
