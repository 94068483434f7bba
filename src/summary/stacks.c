/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "stacks.h"

#include <stdlib.h>
#include <string.h>

#include "packing.h"
#include "src/base/mem.h"
#include "src/base/str.h"
#include "src/base/vec.h"

void stacks_init(struct stacks *stacks)
{
    *stacks = (struct stacks){0};
    map_init(&stacks->frames);
    map_init(&stacks->nodes);
}

void stacks_release(struct stacks *stacks)
{
    map_release(&stacks->frames);
    map_release(&stacks->nodes);
    free(stacks->times);
}

/* --- frames ------------------------------------------------------------------------ */

uint32_t stacks_frame(struct stacks *stacks, const struct stack_frame *frame)
{
    struct str key;
    str_init(&key);
    pack_name(&key, frame->file);
    pack_name(&key, frame->function);
    pack_number(&key, frame->line);
    uint32_t number = map_add(&stacks->frames, key.bytes, key.length);
    str_release(&key);
    return number;
}

struct stack_frame stacks_frame_at(const struct stacks *stacks, uint32_t number)
{
    const struct map_key *key = &stacks->frames.keys[number];
    struct unpacking in = {(const uint8_t *)key->bytes,
                           (const uint8_t *)key->bytes + key->length, false};
    struct stack_frame frame;
    frame.file = unpack_name(&in);
    frame.function = unpack_name(&in);
    frame.line = (uint32_t)unpack_number(&in);
    return frame;
}

static uint32_t other_frame(struct stacks *stacks)
{
    static const struct stack_frame other = {{"", 0}, {"(other)", 7}, 0};
    return stacks_frame(stacks, &other);
}

/* --- nodes ------------------------------------------------------------------------- */

struct stack_link stacks_link(const struct stacks *stacks, uint32_t node)
{
    struct stack_link link;
    memcpy(&link, stacks->nodes.keys[node].bytes, sizeof(link));
    return link;
}

uint32_t stacks_restore(struct stacks *stacks, uint32_t parent, uint32_t frame)
{
    struct stack_link link = {parent, frame};
    size_t before = stacks->nodes.count;
    uint32_t node = map_add(&stacks->nodes, &link, sizeof(link));
    if (stacks->nodes.count == before)
        return node;
    stacks->times = vec_room(stacks->times, &stacks->times_room, stacks->nodes.count,
                             sizeof(*stacks->times));
    stacks->times[node] = (struct stack_times){0};
    return node;
}

static bool is_other(struct stacks *stacks, uint32_t node)
{
    struct stack_link link = stacks_link(stacks, node);
    return link.parent != STACK_ROOT && link.frame == other_frame(stacks);
}

static uint32_t root_of(const struct stacks *stacks, uint32_t node)
{
    for (struct stack_link link; (link = stacks_link(stacks, node)).parent != STACK_ROOT;)
        node = link.parent;
    return node;
}

uint32_t stacks_child(struct stacks *stacks, uint32_t parent, uint32_t frame)
{
    struct stack_link link = {parent, frame};
    if (stacks->nodes.count < STACK_NODES_MAX)
        return stacks_restore(stacks, parent, frame);
    uint32_t found = map_find(&stacks->nodes, &link, sizeof(link));
    if (found != MAP_NONE)
        return found;
    return is_other(stacks, parent)
               ? parent
               : stacks_restore(stacks, root_of(stacks, parent), other_frame(stacks));
}

uint32_t stacks_node(struct stacks *stacks, uint32_t cell, const uint32_t *frames,
                     uint32_t count)
{
    uint32_t node = stacks_restore(stacks, STACK_ROOT, cell);
    for (uint32_t i = 0; i < count; i++)
        node = stacks_child(stacks, node, frames[i]);
    return node;
}

/* --- times ------------------------------------------------------------------------- */

static void count_samples(uint32_t *count, uint32_t more)
{
    if (__builtin_add_overflow(*count, more, count))
        *count = UINT32_MAX;
}

void stacks_add(struct stacks *stacks, uint32_t node, unsigned whys,
                enum stack_state state, uint32_t interval_us)
{
    struct stack_times *times = &stacks->times[node];
    for (unsigned why = 0; why < STACK_WHYS; why++)
        if (whys & 1u << why) {
            times->us[why][state] += interval_us;
            count_samples(&times->samples[why], 1);
        }
    if (stacks->nodes.count >= STACK_NODES_MAX)
        stacks->folded += is_other(stacks, node);
}

static void merge_times(struct stack_times *to, const struct stack_times *from)
{
    for (unsigned why = 0; why < STACK_WHYS; why++) {
        for (unsigned state = 0; state < STACK_STATES; state++)
            to->us[why][state] += from->us[why][state];
        count_samples(&to->samples[why], from->samples[why]);
    }
}

uint32_t *stacks_merge(struct stacks *to, const struct stacks *from,
                       const uint32_t *cells)
{
    uint32_t *nodes = mem_array(from->nodes.count, sizeof(*nodes));
    uint32_t *frames = mem_array(from->frames.count, sizeof(*frames));
    for (uint32_t i = 0; i < from->frames.count; i++)
        frames[i] =
            map_add(&to->frames, from->frames.keys[i].bytes, from->frames.keys[i].length);
    for (uint32_t i = 0; i < from->nodes.count; i++) {
        struct stack_link link = stacks_link(from, i);
        nodes[i] = link.parent == STACK_ROOT
                       ? stacks_restore(to, STACK_ROOT, cells[link.frame])
                       : stacks_child(to, nodes[link.parent], frames[link.frame]);
        merge_times(&to->times[nodes[i]], &from->times[i]);
    }
    to->folded += from->folded;
    free(frames);
    return nodes;
}

void stacks_path(const struct stacks *stacks, uint32_t node, struct str *path)
{
    struct stack_link link = stacks_link(stacks, node);
    if (link.parent == STACK_ROOT)
        return;
    stacks_path(stacks, link.parent, path);
    const struct map_key *key = &stacks->frames.keys[link.frame];
    pack_name(path, (struct name){key->bytes, key->length});
}
