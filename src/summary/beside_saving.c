/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What comes beside requests, as bytes (SAVED.md). Cells, frames and nodes get numbers by
 * the order of what they are, so one content has one form. Loading packs what it has
 * loaded and compares: whatever is not as packing writes it is refused.
 */
#include "beside_inside.h"

#include <stdlib.h>
#include <string.h>

#include "inside.h"
#include "packing.h"
#include "src/base/mem.h"
#include "src/base/vec.h"

enum { STACK_DEPTH_MAX = 1026 }; /* a root, 1024 frames, "(other)" */

/* Numbers as they are saved: of each cell, frame and node. */
struct numbering {
    const struct beside *beside;
    struct str *out;
    uint32_t *cells, *frames, *nodes;
};

/* --- names ------------------------------------------------------------------------- */

/* Saves the marked keys in order (NULL: all) and makes numbers of them. */
static uint32_t *pack_keys(struct str *out, const struct map *map, const uint8_t *marks)
{
    uint32_t *order = beside_order(map);
    uint32_t *numbers = mem_array(map->count, sizeof(*numbers)), count = 0;
    for (size_t i = 0; i < map->count; i++)
        if (!marks || marks[order[i]])
            numbers[order[i]] = count++;
    pack_number(out, count);
    for (size_t i = 0; i < map->count; i++)
        if (!marks || marks[order[i]])
            pack_name(out, (struct name){map->keys[order[i]].bytes,
                                         map->keys[order[i]].length});
    free(order);
    return numbers;
}

static uint8_t *used_frames(const struct stacks *stacks)
{
    uint8_t *marks = mem_array(stacks->frames.count, 1);
    for (uint32_t i = 0; i < stacks->nodes.count; i++) {
        struct stack_link link = stacks_link(stacks, i);
        if (link.parent != STACK_ROOT)
            marks[link.frame] = 1;
    }
    return marks;
}

/* --- the tree ---------------------------------------------------------------------- */

/* A node with what it is sorted by. */
struct placed_node {
    uint32_t parent, rank, node;
};

static int placed_order(const void *a, const void *b)
{
    const struct placed_node *x = a, *y = b;
    if (x->parent != y->parent)
        return x->parent < y->parent ? -1 : 1;
    return (x->rank > y->rank) - (x->rank < y->rank);
}

static struct placed_node *place_nodes(const struct numbering *numbering)
{
    const struct stacks *stacks = &numbering->beside->stacks;
    struct placed_node *placed = mem_array(stacks->nodes.count, sizeof(*placed));
    for (uint32_t i = 0; i < stacks->nodes.count; i++) {
        struct stack_link link = stacks_link(stacks, i);
        bool root = link.parent == STACK_ROOT;
        /* roots first: their parent becomes 0 */
        placed[i] = (struct placed_node){
            link.parent + 1, (root ? numbering->cells : numbering->frames)[link.frame],
            i};
    }
    if (stacks->nodes.count)
        qsort(placed, stacks->nodes.count, sizeof(*placed), placed_order);
    return placed;
}

static void pack_times(struct str *out, const struct stack_times *times)
{
    uint64_t values[STACK_WHYS * (STACK_STATES + 1)];
    unsigned count = 0, mask = 0;
    for (int why = 0; why < STACK_WHYS; why++) {
        values[count++] = times->samples[why];
        for (int state = 0; state < STACK_STATES; state++)
            values[count++] = times->us[why][state];
    }
    for (unsigned i = 0; i < count; i++)
        mask |= (unsigned)(values[i] != 0) << i;
    pack_number(out, mask);
    for (unsigned i = 0; i < count; i++)
        if (values[i])
            pack_number(out, values[i]);
}

static void unpack_times(struct unpacking *in, struct stack_times *times)
{
    unsigned mask = (unsigned)unpack_limited(in, 255), bit = 0;
    for (int why = 0; why < STACK_WHYS; why++) {
        times->samples[why] =
            mask & 1u << bit++ ? (uint32_t)unpack_limited(in, UINT32_MAX) : 0;
        for (int state = 0; state < STACK_STATES; state++)
            times->us[why][state] = mask & 1u << bit++ ? unpack_number(in) : 0;
    }
}

/* Nodes whose children are being saved, outermost first: next and end of each one's
 * children among the placed. */
struct walk {
    struct {
        size_t next, end;
    } levels[STACK_DEPTH_MAX + 1];
    size_t depth;
};

/* Each node after its parent, siblings in order; how far up the next one hangs says where
 * it belongs. */
static void pack_nodes(struct numbering *numbering)
{
    const struct stacks *stacks = &numbering->beside->stacks;
    struct placed_node *placed = place_nodes(numbering);
    size_t count = stacks->nodes.count, before = 0, roots = 0;
    size_t *first = mem_array(count + 2, sizeof(*first)); /* of the children of each */
    uint32_t next = 0;
    for (size_t i = 0; i < count; i++)
        first[placed[i].parent + 1]++;
    for (size_t i = 1; i < count + 2; i++)
        first[i] += first[i - 1];
    roots = first[1];
    struct walk *walk = mem_new(sizeof(*walk));
    walk->levels[0].end = roots;
    pack_number(numbering->out, count);
    for (size_t depth = 0;;) {
        if (walk->levels[depth].next == walk->levels[depth].end) {
            if (depth-- == 0)
                break;
            continue;
        }
        const struct placed_node *node = &placed[walk->levels[depth].next++];
        numbering->nodes[node->node] = next++;
        pack_number(numbering->out, before - depth);
        pack_number(numbering->out, node->rank);
        pack_times(numbering->out, &stacks->times[node->node]);
        before = ++depth;
        walk->levels[depth].next = first[node->node + 1];
        walk->levels[depth].end = first[node->node + 2];
    }
    free(walk);
    free(first);
    free(placed);
}

/* --- cells ------------------------------------------------------------------------- */

static void pack_id(struct str *out, struct request_id id)
{
    pack_fixed(out, id.process);
    pack_fixed(out, id.start_ns);
}

static struct request_id unpack_id(struct unpacking *in)
{
    struct request_id id;
    id.process = unpack_fixed(in);
    id.start_ns = unpack_fixed(in);
    return id;
}

static void pack_detail(struct str *out, const struct detailed_request *request)
{
    pack_id(out, request->id);
    pack_signed(out, request->start_utc_ns);
    pack_number(out, request->sequence);
    pack_number(out, request->duration_ns);
    pack_number(out, request->cpu_ns);
    pack_number(out, request->threshold_ns);
    for (int i = 0; i < DETAIL_COUNTS; i++)
        pack_number(out, request->counts[i]);
    pack_number(out, request->level);
    pack_number(out, request->outlier);
    pack_number(out, request->measured);
}

static void unpack_detail(struct unpacking *in, struct beside_cell *cell)
{
    struct detailed_request request = {.id = unpack_id(in)};
    request.start_utc_ns = unpack_signed(in);
    request.sequence = unpack_number(in);
    request.duration_ns = unpack_number(in);
    request.cpu_ns = unpack_number(in);
    request.threshold_ns = unpack_number(in);
    for (int i = 0; i < DETAIL_COUNTS; i++)
        request.counts[i] = (uint32_t)unpack_limited(in, UINT32_MAX);
    request.level = (uint8_t)unpack_limited(in, UINT8_MAX);
    request.outlier = unpack_limited(in, 1);
    request.measured = unpack_limited(in, 1);
    beside_keep_detail(cell, &request);
}

static void pack_last(const struct numbering *numbering, const struct last_stack *last)
{
    pack_id(numbering->out, last->id);
    pack_number(numbering->out, last->elapsed_ns);
    pack_number(numbering->out, numbering->nodes[last->node]);
    pack_number(numbering->out, last->state);
    pack_number(numbering->out, last->label);
}

static void pack_cell(const struct numbering *numbering, const struct beside_cell *cell)
{
    struct str *out = numbering->out;
    pack_number(out, cell->detailed);
    pack_number(out, cell->outliers);
    pack_number(out, cell->measured);
    pack_wide(out, cell->cpu_ns);
    pack_wide(out, cell->duration_ns);
    for (int i = 0; i < DETAIL_COUNTS; i++)
        pack_number(out, cell->counts[i]);
    pack_number(out, cell->kept_count);
    for (size_t i = 0; i < cell->kept_count; i++)
        pack_detail(out, &cell->kept[i]);
    pack_number(out, cell->last_count);
    for (size_t i = 0; i < cell->last_count; i++)
        pack_last(numbering, &cell->last[i]);
    pack_number(out, cell->sampled_count);
    pack_number(out, cell->sampled_full);
    for (size_t i = 0; i < cell->sampled_count; i++) {
        pack_fixed(out, cell->sampled[i].hash);
        pack_number(out, cell->sampled[i].samples);
    }
    pack_number(out, cell->truncated);
    pack_number(out, cell->unsupported);
    pack_number(out, cell->counted);
    pack_signed(out, cell->counted_last_utc_ns);
}

static void unpack_lasts(struct unpacking *in, const struct stacks *stacks,
                         struct beside_cell *cell)
{
    size_t count = unpack_count(in, BESIDE_KEPT);
    for (size_t i = 0; i < count && !in->bad; i++) {
        struct last_stack last = {.id = unpack_id(in)};
        last.elapsed_ns = unpack_number(in);
        uint64_t node = unpack_number(in);
        last.state = (uint8_t)unpack_limited(in, STACK_STATES - 1);
        last.label = (uint8_t)unpack_limited(in, 1);
        last.node = (uint32_t)node;
        if (node < stacks->nodes.count)
            beside_keep_last(stacks, cell, &last);
        else
            unpack_fail(in);
    }
}

static void unpack_cell(struct unpacking *in, const struct stacks *stacks,
                        struct beside_cell *cell)
{
    cell->detailed = unpack_number(in);
    cell->outliers = unpack_number(in);
    cell->measured = unpack_number(in);
    cell->cpu_ns = unpack_wide(in);
    cell->duration_ns = unpack_wide(in);
    for (int i = 0; i < DETAIL_COUNTS; i++)
        cell->counts[i] = unpack_number(in);
    for (size_t left = unpack_count(in, BESIDE_KEPT); left && !in->bad; left--)
        unpack_detail(in, cell);
    unpack_lasts(in, stacks, cell);
    size_t count = unpack_count(in, BESIDE_SAMPLED);
    bool full = unpack_limited(in, 1);
    for (size_t i = 0; i < count && !in->bad; i++) {
        uint64_t hash = unpack_fixed(in);
        beside_keep_sampled(cell, hash, unpack_number(in));
    }
    cell->sampled_full = full;
    cell->truncated = unpack_number(in);
    cell->unsupported = unpack_number(in);
    cell->counted = unpack_number(in);
    cell->counted_last_utc_ns = unpack_signed(in);
}

/* --- exceptions, contexts, unfinished requests, processes ----------------------------
 */

static void pack_exceptions(struct str *out, const struct beside *beside)
{
    uint32_t *order = beside_order(&beside->exceptions);
    pack_number(out, beside->exceptions.count);
    for (size_t i = 0; i < beside->exceptions.count; i++) {
        const struct map_key *key = &beside->exceptions.keys[order[i]];
        const struct beside_exception *exception = &beside->of_exceptions[order[i]];
        pack_name(out, (struct name){key->bytes, key->length});
        pack_number(out, exception->count);
        pack_signed(out, exception->first_utc_ns);
        pack_signed(out, exception->last_utc_ns);
        pack_name(out, (struct name){exception->message, exception->message_length});
    }
    free(order);
}

/* Whether a key is one that reading can take apart. */
static bool is_exception_key(struct name key)
{
    struct unpacking in = {(const uint8_t *)key.bytes,
                           (const uint8_t *)key.bytes + key.length, false};
    struct stack_frame frame;
    for (int names = 0; names < 4; names++)
        unpack_name(&in);
    unpack_limited(&in, 1);
    struct name stack = {(const char *)in.at, (size_t)(in.end - in.at)};
    while (!in.bad && stack.length)
        in.bad = !stack_frame_next(&stack, &frame);
    return !in.bad;
}

static void unpack_exceptions(struct unpacking *in, struct beside *beside)
{
    size_t count = unpack_count(in, BESIDE_EXCEPTIONS + 1);
    for (size_t i = 0; i < count && !in->bad; i++) {
        struct name key = unpack_name(in), message;
        struct beside_exception from = {.count = unpack_number(in)};
        from.first_utc_ns = unpack_signed(in);
        from.last_utc_ns = unpack_signed(in);
        message = unpack_name(in);
        from.message = (char *)message.bytes;
        from.message_length = message.length;
        if (in->bad || !is_exception_key(key))
            unpack_fail(in);
        else
            beside_merge_exception(beside_exception_of(beside, key), &from);
    }
}

/* Of those that are kept for the time being, the ones to keep: a mark each. */
static uint8_t *lowest_contexts(const struct map *contexts)
{
    uint8_t *marks = mem_array(contexts->count, 1);
    uint64_t limit = beside_context_limit(contexts);
    for (size_t i = 0; i < contexts->count; i++)
        marks[i] = contexts->keys[i].hash <= limit;
    return marks;
}

static void pack_contexts(struct str *out, const struct beside *beside)
{
    const struct map *contexts = &beside->contexts;
    uint8_t *marks = lowest_contexts(contexts);
    uint32_t *order = beside_order(contexts);
    size_t count = 0;
    for (size_t i = 0; i < contexts->count; i++)
        count += marks[i];
    pack_number(out, count);
    for (size_t i = 0; i < contexts->count; i++) {
        const struct beside_context *context = &beside->of_contexts[order[i]];
        if (!marks[order[i]])
            continue;
        struct request_id id;
        memcpy(&id, contexts->keys[order[i]].bytes, sizeof(id));
        pack_id(out, id);
        pack_name(out, (struct name){context->items, context->length});
    }
    free(order);
    free(marks);
}

static bool is_context(struct name items)
{
    struct context_item item;
    while (items.length)
        if (!context_item_next(&items, &item))
            return false;
    return true;
}

static void unpack_contexts(struct unpacking *in, struct beside *beside)
{
    size_t count = unpack_count(in, BESIDE_CONTEXTS);
    for (size_t i = 0; i < count && !in->bad; i++) {
        struct request_id id = unpack_id(in);
        struct name items = unpack_name(in);
        if (in->bad || !is_context(items))
            unpack_fail(in);
        else
            beside_keep_context(beside, id, items);
    }
}

static void pack_unfinished(const struct numbering *numbering,
                            const struct beside_unfinished *request)
{
    struct str *out = numbering->out;
    pack_id(out, request->id);
    pack_number(out, numbering->cells[request->cell]);
    pack_signed(out, request->start_utc_ns);
    pack_number(out, request->elapsed_ns);
    pack_number(out, request->threshold_ns);
    pack_number(out, request->pid);
    pack_number(out, request->thread);
    pack_number(out, request->method);
    pack_number(out, request->level);
    pack_number(out, request->outlier);
    pack_name(out, (struct name){request->texts, request->texts_length});
}

static bool are_unfinished_texts(struct name texts)
{
    struct unpacking in = {(const uint8_t *)texts.bytes,
                           (const uint8_t *)texts.bytes + texts.length, false};
    for (int i = 0; i < 3; i++)
        unpack_name(&in);
    return !in.bad && in.at == in.end;
}

static void unpack_unfinished(struct unpacking *in, struct beside *beside)
{
    struct beside_unfinished request = {.id = unpack_id(in)};
    uint64_t cell = unpack_number(in);
    request.start_utc_ns = unpack_signed(in);
    request.elapsed_ns = unpack_number(in);
    request.threshold_ns = unpack_number(in);
    request.pid = unpack_number(in);
    request.thread = (uint32_t)unpack_limited(in, UINT32_MAX);
    request.method = (uint8_t)unpack_limited(in, UINT8_MAX);
    request.level = (uint8_t)unpack_limited(in, UINT8_MAX);
    request.outlier = (uint8_t)unpack_limited(in, UINT8_MAX);
    struct name texts = unpack_name(in);
    if (in->bad || cell >= beside->cells.count || !are_unfinished_texts(texts)) {
        unpack_fail(in);
        return;
    }
    request.cell = (uint32_t)cell;
    request.texts = mem_bytes(texts.bytes, texts.length);
    request.texts_length = texts.length;
    beside_keep_unfinished_take(beside, &request);
}

/* All fields of it, in the order of the struct. */
enum { PROCESS_FIELDS = sizeof(struct beside_processes) / sizeof(uint64_t) };

static void pack_processes(struct str *out, const struct beside_processes *processes)
{
    uint64_t fields[PROCESS_FIELDS];
    memcpy(fields, processes, sizeof(fields));
    for (size_t i = 0; i < PROCESS_FIELDS; i++)
        pack_number(out, fields[i]);
}

static void unpack_processes(struct unpacking *in, struct beside_processes *processes)
{
    uint64_t fields[PROCESS_FIELDS] = {0};
    for (size_t i = 0; i < PROCESS_FIELDS; i++)
        fields[i] = unpack_number(in);
    memcpy(processes, fields, sizeof(fields));
}

/* --- the whole --------------------------------------------------------------------- */

void beside_pack(const struct beside *beside, struct str *out)
{
    struct numbering numbering = {.beside = beside, .out = out};
    uint8_t *used = used_frames(&beside->stacks);
    numbering.cells = pack_keys(out, &beside->cells, NULL);
    numbering.frames = pack_keys(out, &beside->stacks.frames, used);
    numbering.nodes = mem_array(beside->stacks.nodes.count, sizeof(*numbering.nodes));
    pack_nodes(&numbering);
    pack_number(out, beside->stacks.folded);
    uint32_t *order = beside_order(&beside->cells);
    for (size_t i = 0; i < beside->cells.count; i++)
        pack_cell(&numbering, &beside->of_cells[order[i]]);
    free(order);
    pack_exceptions(out, beside);
    pack_contexts(out, beside);
    pack_number(out, beside->unfinished_count);
    for (size_t i = 0; i < beside->unfinished_count; i++)
        pack_unfinished(&numbering, &beside->unfinished[i]);
    pack_number(out, beside->unfinished_more);
    gauges_pack(&beside->gauges, out);
    pack_processes(out, &beside->processes);
    free(used);
    free(numbering.cells);
    free(numbering.frames);
    free(numbering.nodes);
}

static void unpack_cells(struct unpacking *in, struct beside *beside)
{
    size_t count = unpack_count(in, SUMMARY_CELLS_MAX + 1);
    for (size_t i = 0; i < count && !in->bad; i++) {
        struct name packed = unpack_name(in);
        struct unpacking of = {(const uint8_t *)packed.bytes,
                               (const uint8_t *)packed.bytes + packed.length, false};
        struct beside_key key;
        key.application = unpack_name(&of);
        key.version = unpack_name(&of);
        key.endpoint = unpack_name(&of);
        if (in->bad || of.bad || of.at != of.end || beside_cell_of(beside, &key) != i)
            unpack_fail(in);
    }
}

static void unpack_frames(struct unpacking *in, struct stacks *stacks)
{
    size_t count = unpack_count(in, UINT32_MAX - 1);
    for (size_t i = 0; i < count && !in->bad; i++) {
        struct name path = unpack_name(in);
        struct unpacking of = {(const uint8_t *)path.bytes,
                               (const uint8_t *)path.bytes + path.length, false};
        struct stack_frame frame;
        frame.file = unpack_name(&of);
        frame.function = unpack_name(&of);
        frame.line = (uint32_t)unpack_limited(&of, UINT32_MAX);
        if (in->bad || of.bad || of.at != of.end || stacks_frame(stacks, &frame) != i)
            unpack_fail(in);
    }
}

static void unpack_nodes(struct unpacking *in, struct beside *beside)
{
    struct stacks *stacks = &beside->stacks;
    uint32_t at[STACK_DEPTH_MAX + 1];
    size_t count = unpack_count(in, STACK_NODES_MAX + (size_t)SUMMARY_CELLS_MAX * 2);
    size_t depth = 0;
    for (size_t i = 0; i < count && !in->bad; i++) {
        uint64_t up = unpack_limited(in, depth), rank = unpack_number(in);
        struct stack_times times;
        unpack_times(in, &times);
        depth -= up;
        if (in->bad || depth >= STACK_DEPTH_MAX ||
            rank >= (depth ? stacks->frames.count : beside->cells.count)) {
            unpack_fail(in);
            return;
        }
        at[depth] =
            stacks_restore(stacks, depth ? at[depth - 1] : STACK_ROOT, (uint32_t)rank);
        stacks->times[at[depth]] = times;
        depth++;
    }
    stacks->folded = unpack_number(in);
}

static void unpack_all(struct unpacking *in, struct beside *beside)
{
    unpack_cells(in, beside);
    unpack_frames(in, &beside->stacks);
    unpack_nodes(in, beside);
    for (size_t i = 0; i < beside->cells.count && !in->bad; i++)
        unpack_cell(in, &beside->stacks, &beside->of_cells[i]);
    unpack_exceptions(in, beside);
    unpack_contexts(in, beside);
    for (size_t left = unpack_count(in, BESIDE_UNFINISHED); left && !in->bad; left--)
        unpack_unfinished(in, beside);
    beside->unfinished_more = unpack_number(in);
    gauges_unpack(&beside->gauges, in);
    unpack_processes(in, &beside->processes);
}

struct beside *beside_unpack(struct unpacking *in)
{
    struct beside *beside = beside_new();
    struct str again;
    const uint8_t *begin = in->at;
    unpack_all(in, beside);
    str_init(&again);
    if (!in->bad)
        beside_pack(beside, &again);
    if (in->at != in->end || again.length != (size_t)(in->end - begin) ||
        memcmp(again.bytes, begin, again.length) != 0)
        unpack_fail(in);
    str_release(&again);
    if (!in->bad)
        return beside;
    beside_free(beside);
    return NULL;
}
