/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Stack samples of all cells as one tree: a node is a frame below its caller, a root is a
 * cell. A frame is a file, a qualified name and a line, so what is asked by function or
 * by line is added up by the reader. Time is that of the samples' intervals. Built for
 * some 10^6 samples of some 10^4 different stacks; a sample is a look-up a frame.
 */
#ifndef SUMMARY_STACKS_H
#define SUMMARY_STACKS_H

#include <stddef.h>
#include <stdint.h>

#include "src/base/map.h"
#include "summary.h"

enum {
    STACK_NODES_MAX = 1000000, /* further ones count as "(other)" under their root */
    STACK_FRAMES_MAX = 1024    /* of a stack; inner ones beyond are cut */
};

enum stack_why { STACK_PROFILE, STACK_OUTLIER, STACK_WHYS };
enum stack_state { STACK_UNKNOWN, STACK_RUNNING, STACK_WAITING, STACK_STATES };

/* Of the samples whose innermost frame a node is. */
struct stack_times {
    uint64_t us[STACK_WHYS][STACK_STATES];
    uint32_t samples[STACK_WHYS];
};

#define STACK_ROOT UINT32_MAX /* "parent" of a root */

/* What the key of a node is: the number of its parent and of its frame; of a root the
 * number of its cell. A parent has a smaller number than its children. */
struct stack_link {
    uint32_t parent, frame;
};

struct stack_frame {
    struct name file, function; /* function: the qualified name */
    uint32_t line;              /* 0: not known */
};

struct stacks {
    struct map frames, nodes;
    struct stack_times *times; /* by node */
    size_t times_room;
    uint64_t folded; /* samples that count under "(other)" */
};

void stacks_init(struct stacks *stacks);
void stacks_release(struct stacks *stacks);

/* The frame's number, the same for the same frame. */
uint32_t stacks_frame(struct stacks *stacks, const struct stack_frame *frame);
/* Borrowed from stacks. */
struct stack_frame stacks_frame_at(const struct stacks *stacks, uint32_t number);
struct stack_link stacks_link(const struct stacks *stacks, uint32_t node);

/* The node of a cell's stack, outermost frame first; of no frames the root. */
uint32_t stacks_node(struct stacks *stacks, uint32_t cell, const uint32_t *frames,
                     uint32_t count);
/* The node of a frame below a node; the root's "(other)" beyond STACK_NODES_MAX. */
uint32_t stacks_child(struct stacks *stacks, uint32_t parent, uint32_t frame);
/* The same without a limit, for loading; parent STACK_ROOT: the root of cell frame. */
uint32_t stacks_restore(struct stacks *stacks, uint32_t parent, uint32_t frame);
/* Adds a stack that stands for so much time. whys: bit w for enum stack_why. */
void stacks_add(struct stacks *stacks, uint32_t node, unsigned whys,
                enum stack_state state, uint32_t interval_us);

/* Adds from. cells[c]: the number here of its cell c. Returns the numbers here of its
 * nodes, a new array. */
uint32_t *stacks_merge(struct stacks *to, const struct stacks *from,
                       const uint32_t *cells);

/* Frames outermost first, as text that sorts and compares the same in every summary. */
struct str;
void stacks_path(const struct stacks *stacks, uint32_t node, struct str *path);

#endif
