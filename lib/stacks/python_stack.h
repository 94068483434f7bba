/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The Python stack of any thread of this process, read by another thread without the
 * GIL, without signals and without stopping anybody. The reader copies memory through
 * the kernel, which answers EFAULT where a wild pointer would crash, and believes
 * nothing that it has not checked. Nothing here needs Python at link time.
 *
 * Who calls what:
 *   at start, with the GIL where there is one   fmd__python_attach
 *   at a request's begin, with the GIL          fmd__python_here
 *   the watcher thread, while a request runs    fmd__python_sample
 *   any thread, to write a code object down     fmd__python_code
 *
 * Workload: up to 2,000 samples a second of 10 to 60 frames, some thousand code objects a
 * process. A sample costs 4 µs and some 0.2 µs a frame, and allocates nothing.
 */
#ifndef FMD_STACKS_PYTHON_STACK_H
#define FMD_STACKS_PYTHON_STACK_H

#include <stdbool.h>
#include <stdint.h>

/* Finds the interpreter that runs in this process and how its frames are laid out; checks
 * the layout against the interpreter's own answers where the caller holds the GIL.
 *   0         there is one and its stacks can be read
 *   -ENOENT   no Python in this process (call again once it may have been loaded)
 *   -ENOTSUP  its stacks cannot be read: *why is a sentence for the user (static; NULL
 *             may be passed)
 * Idempotent; safe from any thread; dlsym only. A first call costs some 50 µs. */
int fmd__python_attach(const char **why);

/* Which Python stack a request runs on. A thread can have several: greenlets each have
 * memory of their own for their frames, and an event loop hangs one task's coroutines on
 * its stack at a time. A sample that finds another stack there belongs to somebody else.
 */
struct fmd__python_thread {
    uintptr_t state; /* the thread state; 0: this thread runs no Python */
    uintptr_t chunk; /* the piece of stack memory that is in use; 0: not known */
    uintptr_t frame; /* of the task's own coroutine; 0: no coroutine called */
    uintptr_t code;  /* its code object */
};

/* Of the calling thread; all zero where it runs no Python or nothing is attached. Call it
 * with the GIL held: without it only the state is found. Some 10 ns. A request that moves
 * to another thread (an async view) asks again over there. */
void fmd__python_here(struct fmd__python_thread *thread);

/* One frame: code is a number for fmd__python_code, 0 where the code object could not be
 * registered; offset is that of the running instruction in bytes, as PyCode_Addr2Line
 * wants it, -2 before the first. */
struct fmd__python_frame {
    uint32_t code;
    int32_t offset;
};

enum fmd__python_stack_flags {
    FMD__STACK_TRUNCATED = 1,    /* the outermost frames are missing */
    FMD__STACK_ELSEWHERE = 2,    /* the thread runs something else: no frames */
    FMD__STACK_UNKNOWN_CODE = 4, /* at least one frame has code 0 */
    FMD__STACK_UNSTEADY = 8 /* the thread ran on meanwhile; the frames fit together */
};

/* What a sampler has seen since it was made. Only the sampling thread writes. */
struct fmd__python_counts {
    uint64_t samples;    /* asked for */
    uint64_t torn;       /* answered -EAGAIN */
    uint64_t truncated;  /* answered with FMD__STACK_TRUNCATED */
    uint64_t elsewhere;  /* answered with FMD__STACK_ELSEWHERE */
    uint64_t unreadable; /* answered -EFAULT */
    uint64_t again;      /* times a stack that changed was read again */
    uint64_t codes;      /* different code objects registered */
    uint64_t codes_full; /* frames of a code object for which there was no room */
};

/* A sampler belongs to one thread, the one that samples; about 5 MiB at most, of which
 * only what is used is touched. After a fork the child frees its copy and makes its own.
 */
struct fmd__python_sampler;
/* NULL: no memory. */
struct fmd__python_sampler *fmd__python_sampler_new(void);
void fmd__python_sampler_free(struct fmd__python_sampler *sampler);
const struct fmd__python_counts *
fmd__python_sampler_counts(const struct fmd__python_sampler *sampler);

/* The stack of thread now: frames[0] is the outermost. At most max frames (up to
 * FMD__PYTHON_DEPTH_MAX), the innermost where there are more. Frames of the recorder's
 * own Python package are left out, as are those that an interpreter keeps for itself.
 *   >= 0     that many frames, *flags of fmd__python_stack_flags
 *   -EAGAIN  the thread changed its stack while it was read: no sample, counted
 *   -EFAULT  there is no such thread any more
 *   -ENOTSUP nothing is attached, or the system lets nobody read memory */
#define FMD__PYTHON_DEPTH_MAX 512
int fmd__python_sample(struct fmd__python_sampler *sampler,
                       const struct fmd__python_thread *thread,
                       struct fmd__python_frame *frames, int max, unsigned *flags);

/* What a frame's code number stands for. Equal contents have one number, wherever they
 * lie. Never changes and lives as long as the sampler; safe from any thread that learned
 * the number. NULL for 0 and numbers not given out. */
struct fmd__python_code {
    const char *filename;     /* UTF-8, not terminated */
    const char *qualname;     /* UTF-8, not terminated */
    const uint8_t *linetable; /* co_linetable, the location table of 3.11 and later */
    uint32_t filename_length, qualname_length, linetable_size;
    uint32_t first_line;
    bool own; /* of the package fmd_record */
};
const struct fmd__python_code *fmd__python_code(const struct fmd__python_sampler *sampler,
                                                uint32_t number);

#endif
