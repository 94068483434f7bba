/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a chain of raw frames to a stack: which code objects they run, whether they fit
 * together, and which of them a reader of the trace wants to see.
 */
#define _GNU_SOURCE
#include "python_sampler.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

enum { ATTEMPTS = 8, NO_CODE = UINT16_MAX };

/* --- life ----------------------------------------------------------------------------
 */

struct fmd__python_sampler *fmd__python_sampler_new(void)
{
    struct fmd__python_sampler *sampler =
        mmap(NULL, sizeof *sampler, PROT_READ | PROT_WRITE,
             MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    if (sampler == MAP_FAILED)
        return NULL;
    sampler->own.file = -1;
    return sampler;
}

void fmd__python_sampler_free(struct fmd__python_sampler *sampler)
{
    if (!sampler)
        return;
    fmd__own_memory_release(&sampler->own);
    munmap(sampler, sizeof *sampler);
}

const struct fmd__python_counts *
fmd__python_sampler_counts(const struct fmd__python_sampler *sampler)
{
    return &sampler->counts;
}

const struct fmd__python_code *fmd__python_code(const struct fmd__python_sampler *sampler,
                                                uint32_t number)
{
    return fmd__code_at(&sampler->registry, number);
}

/* --- code objects of a stack -----------------------------------------------------------
 */

/* Index of the code object at that address among the stack's. */
static uint16_t note_code(struct fmd__python_sampler *sampler, uintptr_t address)
{
    uint64_t at = (uint64_t)address * 0x9e3779b97f4a7c15u >> 40;

    for (at %= FMD__SAMPLED_CODES; sampler->code_at[at];
         at = (at + 1) % FMD__SAMPLED_CODES) {
        const uint16_t index = (uint16_t)(sampler->code_at[at] - 1);
        if (sampler->codes[index].identity.address == address)
            return index;
    }
    const uint16_t index = (uint16_t)sampler->code_count++;
    sampler->codes[index].identity.address = address;
    sampler->codes[index].numbered = false;
    sampler->code_at[at] = (uint16_t)(index + 1);
    sampler->code_place[index] = (uint16_t)at;
    return index;
}

static void forget_codes(struct fmd__python_sampler *sampler)
{
    while (sampler->code_count > 0)
        sampler->code_at[sampler->code_place[--sampler->code_count]] = 0;
}

/* The code objects' headers, in as few calls as can be. false: one is none. */
static bool identify_codes(struct fmd__python_sampler *sampler)
{
    const struct fmd__interpreter *python = &sampler->python;
    struct fmd__piece pieces[FMD__PIECES_MAX];

    for (int from = 0; from < sampler->code_count; from += FMD__PIECES_MAX) {
        const int left = sampler->code_count - from;
        const int count = left < FMD__PIECES_MAX ? left : FMD__PIECES_MAX;
        for (int i = 0; i < count; i++)
            pieces[i] =
                (struct fmd__piece){sampler->codes[from + i].identity.address,
                                    sampler->headers[i], python->layout.code_adaptive};
        if (python->memory.read(python->memory.context, pieces, count) != count)
            return false;
        for (int i = 0; i < count; i++) {
            struct fmd__sampled_code *code = &sampler->codes[from + i];
            if (!fmd__code_identify(python, pieces[i].from, sampler->headers[i],
                                    &code->identity, &code->firsttraceable))
                return false;
        }
    }
    return true;
}

/* --- do the frames fit together? -------------------------------------------------------
 */

/* Only frames on the data stack belong to the thread; others are a generator's, or the
 * interpreter's and run no code. */
static bool note_frames(struct fmd__python_sampler *sampler)
{
    const struct fmd__walk *walk = &sampler->walk;

    forget_codes(sampler);
    for (int i = 0; i < walk->depth; i++) {
        const struct fmd__walk_frame *frame = &walk->frames[i];
        sampler->code_of[i] = NO_CODE;
        if (frame->chunk < 0 && frame->owner == FMD__OWNED_BY_INTERPRETER)
            continue;
        if (frame->owner != (frame->chunk < 0 ? FMD__OWNED_BY_GENERATOR : 0))
            return false;
        if (!frame->code || frame->code % sizeof(uintptr_t) != 0)
            return false;
        sampler->code_of[i] = note_code(sampler, frame->code);
    }
    return true;
}

static bool frames_touch(const struct fmd__python_sampler *sampler)
{
    const struct fmd__walk *walk = &sampler->walk;
    int inner = -1;

    for (int i = 0; i < walk->depth; i++) {
        if (walk->frames[i].chunk < 0)
            continue;
        const size_t words = sampler->codes[sampler->code_of[i]].identity.words;
        if (inner >= 0 && !fmd__walk_touches(walk, inner, i, words))
            return false;
        inner = i;
    }
    if (!walk->whole)
        return true;
    /* a generator that has just been left is called by nobody: not the whole stack */
    return inner < 0 ? fmd__walk_is_bare(walk) : fmd__walk_touches(walk, inner, -1, 0);
}

/* Is this the stack that the request runs on? */
static bool is_here(struct fmd__python_sampler *sampler,
                    const struct fmd__python_thread *thread)
{
    const struct fmd__walk *walk = &sampler->walk;

    if (thread->chunk &&
        !fmd__walk_uses_chunk(&sampler->walk, &sampler->python, thread->chunk))
        return false;
    if (!thread->frame || !walk->whole)
        return true;
    for (int i = 0; i < walk->depth; i++)
        if (walk->frames[i].address == thread->frame &&
            walk->frames[i].code == thread->code)
            return true;
    return false;
}

/* --- what is shown ---------------------------------------------------------------------
 */

enum shown { SHOW, SKIP, TORN };

/* A frame that has not come to its first instruction is not shown, as in tracebacks.
 * called: a frame further in is running. */
static enum shown show_frame(struct fmd__python_sampler *sampler, int i,
                             struct fmd__python_frame *frame, unsigned *flags,
                             bool *called)
{
    const struct fmd__walk_frame *raw = &sampler->walk.frames[i];
    int why = 0;

    if (sampler->code_of[i] == NO_CODE)
        return SKIP;
    struct fmd__sampled_code *code = &sampler->codes[sampler->code_of[i]];
    const int64_t offset =
        (int64_t)(raw->instruction - raw->code - sampler->python.layout.code_adaptive);
    if (offset < -2 || offset >= 2 * (int64_t)code->identity.instructions || offset % 2)
        return TORN;
    if (raw->owner != FMD__OWNED_BY_GENERATOR &&
        offset < 2 * (int64_t)code->firsttraceable)
        return offset < 0 && *called ? TORN : SKIP; /* it cannot have called */
    *called = true;
    if (!code->numbered) {
        code->number =
            fmd__code_number(&sampler->registry, &sampler->python, &code->identity, &why);
        if (why == EAGAIN)
            return TORN;
        sampler->counts.codes_full += why == ENOSPC;
        code->numbered = true;
    }
    const struct fmd__python_code *known = fmd__python_code(sampler, code->number);
    if (known && known->own)
        return SKIP;
    if (!known)
        *flags |= FMD__STACK_UNKNOWN_CODE;
    *frame = (struct fmd__python_frame){code->number, (int32_t)offset};
    return SHOW;
}

static void reverse(struct fmd__python_frame *frames, int count)
{
    for (int i = 0; i < count / 2; i++) {
        const struct fmd__python_frame swapped = frames[i];
        frames[i] = frames[count - 1 - i];
        frames[count - 1 - i] = swapped;
    }
}

int fmd__python_sample_once(struct fmd__python_sampler *sampler,
                            const struct fmd__python_thread *thread,
                            struct fmd__python_frame *frames, int max, unsigned *flags)
{
    int shown = 0, i = 0;
    bool called = false;
    const int error = fmd__walk(&sampler->walk, &sampler->python, thread->state);

    *flags = 0;
    if (error)
        return error;
    if (!sampler->walk.steady || !note_frames(sampler) || !identify_codes(sampler) ||
        !frames_touch(sampler))
        return -EAGAIN;
    if (!is_here(sampler, thread)) {
        *flags = FMD__STACK_ELSEWHERE;
        return 0;
    }
    for (; i < sampler->walk.depth && shown < max; i++) {
        const enum shown what = show_frame(sampler, i, &frames[shown], flags, &called);
        if (what == TORN)
            return -EAGAIN;
        shown += what == SHOW;
    }
    if (i < sampler->walk.depth || !sampler->walk.whole)
        *flags |= FMD__STACK_TRUNCATED;
    reverse(frames, shown);
    return shown;
}

/* Once, in the thread that samples, when an interpreter is there. */
static int look_at_attached(struct fmd__python_sampler *sampler)
{
    const struct fmd__interpreter *python = fmd__python_attached();

    if (sampler->python.memory.read)
        return 0;
    if (!python || fmd__own_memory_init(&sampler->own) != 0)
        return -ENOTSUP;
    sampler->python = *python;
    sampler->python.memory = (struct fmd__memory){fmd__own_memory_read, &sampler->own};
    return 0;
}

int fmd__python_sample(struct fmd__python_sampler *sampler,
                       const struct fmd__python_thread *thread,
                       struct fmd__python_frame *frames, int max, unsigned *flags)
{
    struct fmd__python_counts *counts = &sampler->counts;
    int depth = look_at_attached(sampler), attempt = 0;

    *flags = 0;
    if (depth)
        return depth;
    if (max > FMD__PYTHON_DEPTH_MAX)
        max = FMD__PYTHON_DEPTH_MAX;
    depth = -EAGAIN;
    for (; depth == -EAGAIN && attempt < ATTEMPTS; attempt++)
        depth = fmd__python_sample_once(sampler, thread, frames, max, flags);
    counts->samples++;
    counts->torn += depth == -EAGAIN;
    counts->unreadable += depth == -EFAULT;
    counts->truncated += (*flags & FMD__STACK_TRUNCATED) != 0;
    counts->elsewhere += (*flags & FMD__STACK_ELSEWHERE) != 0;
    counts->again += (uint64_t)(attempt - 1);
    counts->codes = atomic_load_explicit(&sampler->registry.count, memory_order_relaxed);
    return depth;
}
