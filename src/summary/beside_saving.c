/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What comes beside requests, as bytes (SAVED.md). Cells, frames and nodes get numbers by
 * the order of what they are, so one content has one form. Loading packs what it has
 * loaded and compares: whatever is not as packing writes it is refused.
 */
#include "beside_lists.h"

#include <stdlib.h>
#include <string.h>

#include "inside.h"
#include "packing.h"
#include "src/base/mem.h"
#include "src/base/vec.h"

enum { STACK_DEPTH_MAX = 1026 }; /* a root, 1024 frames, "(other)" */

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

static struct placed_node *place_nodes(const struct beside_numbering *numbering)
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
static void pack_nodes(struct beside_numbering *numbering)
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

/* --- the whole --------------------------------------------------------------------- */

void beside_pack(const struct beside *beside, struct str *out)
{
    struct beside_numbering numbering = {.beside = beside, .out = out};
    uint8_t *used = used_frames(&beside->stacks);
    numbering.cells = pack_keys(out, &beside->cells, NULL);
    numbering.frames = pack_keys(out, &beside->stacks.frames, used);
    numbering.nodes = mem_array(beside->stacks.nodes.count, sizeof(*numbering.nodes));
    pack_nodes(&numbering);
    pack_number(out, beside->stacks.folded);
    uint32_t *order = beside_order(&beside->cells);
    for (size_t i = 0; i < beside->cells.count; i++)
        beside_pack_cell(&numbering, &beside->of_cells[order[i]]);
    free(order);
    beside_pack_exceptions(out, beside);
    beside_pack_contexts(out, beside);
    pack_number(out, beside->unfinished_count);
    for (size_t i = 0; i < beside->unfinished_count; i++)
        beside_pack_unfinished(&numbering, &beside->unfinished[i]);
    pack_number(out, beside->unfinished_more);
    gauges_pack(&beside->gauges, out);
    beside_pack_processes(out, &beside->processes);
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
        beside_unpack_cell(in, &beside->stacks, &beside->of_cells[i]);
    beside_unpack_exceptions(in, beside);
    beside_unpack_contexts(in, beside);
    for (size_t left = unpack_count(in, BESIDE_UNFINISHED); left && !in->bad; left--)
        beside_unpack_unfinished(in, beside);
    beside->unfinished_more = unpack_number(in);
    gauges_unpack(&beside->gauges, in);
    beside_unpack_processes(in, &beside->processes);
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
