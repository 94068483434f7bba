/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The inside of a sampler: where it reads, what it read last and the code objects it
 * knows. Here so that tests and the fuzzer can make one over memory of their own.
 */
#ifndef FMD_STACKS_PYTHON_SAMPLER_H
#define FMD_STACKS_PYTHON_SAMPLER_H

#include "code_registry.h"
#include "own_memory.h"
#include "python_stack.h"
#include "python_walk.h"

/* A code object of the stack that is being read. */
struct fmd__sampled_code {
    struct fmd__code_identity identity; /* address is set first */
    int32_t firsttraceable;
    uint32_t number;
    bool numbered;
};

#define FMD__SAMPLED_CODES (2 * FMD__WALK_FRAMES_MAX) /* places to look them up in */

/* One mapping, zero at first. */
struct fmd__python_sampler {
    struct fmd__interpreter python;
    struct fmd__own_memory own;
    struct fmd__python_counts counts;
    struct fmd__walk walk;

    /* the stack's code objects, each once */
    struct fmd__sampled_code codes[FMD__WALK_FRAMES_MAX];
    int code_count;
    uint16_t code_of[FMD__WALK_FRAMES_MAX];    /* of each frame: index into codes */
    uint16_t code_at[FMD__SAMPLED_CODES];      /* by hash of the address: index + 1 */
    uint16_t code_place[FMD__WALK_FRAMES_MAX]; /* of each code: where in code_at */
    uint8_t headers[FMD__PIECES_MAX][FMD__CODE_HEADER_MAX];

    struct fmd__code_registry registry;
};

/* The attached interpreter, for python_sampler.c; NULL: none. Its memory is not set. */
const struct fmd__interpreter *fmd__python_attached(void);

/* One attempt: as fmd__python_sample, and counts nothing. */
int fmd__python_sample_once(struct fmd__python_sampler *sampler,
                            const struct fmd__python_thread *thread,
                            struct fmd__python_frame *frames, int max, unsigned *flags);

#endif
