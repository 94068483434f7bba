/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The chain of frames of a thread that may be running: copies the used end of its data
 * stack in one call and follows the frames in the copy. Frames elsewhere (of generators
 * and of the interpreter's C stack) cost a call each.
 *
 * A data stack is a list of chunks, the newest last:
 *
 *   chunk 0 (no previous)                     chunk 1
 *   +--------+--+-------+-------+-----+       +--------+-------+------------+
 *   | header |  | frame | frame |     | <──── | header | frame | free       |
 *   +--------+--+-------+-------+-----+       +--------+-------+------------+
 *              a word is left out              ▲ first slot     ▲ top
 *
 * Frames lie without gaps, each as long as its code object says. So a chain that was torn
 * by a thread that ran on is told from a whole one: its frames do not touch
 * (fmd__walk_touches).
 */
#ifndef FMD_STACKS_PYTHON_WALK_H
#define FMD_STACKS_PYTHON_WALK_H

#include "own_memory.h"
#include "python_layout.h"
#include "python_stack.h"

/* The interpreter's own frames come on top of those asked for. */
#define FMD__WALK_FRAMES_MAX (2 * FMD__PYTHON_DEPTH_MAX)
#define FMD__WALK_WINDOW 16384
#define FMD__WALK_CHUNKS_MAX 64
#define FMD__FRAME_BYTES_MAX 256

struct fmd__walk_frame {
    uintptr_t address, code, instruction;
    int16_t chunk; /* how many chunks below the newest; -1: not on the data stack */
    uint8_t owner;
};

struct fmd__walk_chunk {
    uintptr_t begin, data, end; /* addresses: of the header, the first word, after it */
    uintptr_t previous;         /* chunk below, 0: none */
};

struct fmd__walk {
    struct fmd__walk_frame frames[FMD__WALK_FRAMES_MAX]; /* the innermost first */
    int depth;
    struct fmd__walk_chunk chunks[FMD__WALK_CHUNKS_MAX]; /* the newest first */
    int chunk_count;
    uintptr_t top; /* the address after the last frame on the data stack */
    bool whole;    /* the outermost frame was reached */
    bool steady; /* the innermost frame was the same before and after the copy, and nobody
                    interrupted the copy */

    uintptr_t window_begin, window_end; /* addresses that are in window */
    uint8_t window[FMD__WALK_WINDOW];
};

/* 0, also for a thread that runs no Python now (depth 0); -EFAULT: no such thread;
 * -ENOTSUP. */
int fmd__walk(struct fmd__walk *walk, const struct fmd__interpreter *python,
              uintptr_t state);

/* Is the chunk one of this thread's? */
bool fmd__walk_uses_chunk(struct fmd__walk *walk, const struct fmd__interpreter *python,
                          uintptr_t chunk);

/* Is nothing on the data stack? */
bool fmd__walk_is_bare(const struct fmd__walk *walk);

/* Does the frame at inner begin where the data-stack frame below it, at outer and that
 * many words long, ends? outer < 0: is inner the first of its stack? */
bool fmd__walk_touches(const struct fmd__walk *walk, int inner, int outer,
                       size_t outer_words);

#endif
