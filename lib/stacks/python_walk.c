/* SPDX-License-Identifier: Apache-2.0 */
/* See python_walk.h. Workload: some thousand walks a second, 10 to 60 frames each, nearly
 * always in one window. */
#include "python_walk.h"

#include <errno.h>
#include <string.h>
#include <time.h>

enum {
    CHUNK_BYTES_MAX = 1 << 26,
    ABOVE_TOP = 1024, /* frames that may be pushed between reading the top and copying */
    COPY_NS_MAX =
        10000 /* 2 µs are usual; after a longer one the frames are of two times */
};

static int64_t now_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static bool read_pieces(const struct fmd__interpreter *python,
                        const struct fmd__piece *pieces, int count)
{
    return python->memory.read(python->memory.context, pieces, count) == count;
}

static uintptr_t word_at(const uint8_t *bytes)
{
    uintptr_t word;

    memcpy(&word, bytes, sizeof word);
    return word;
}

/* What the copy of a frame says. */
static void take_frame(struct fmd__walk_frame *frame,
                       const struct fmd__interpreter *python, const uint8_t *bytes,
                       uintptr_t *previous)
{
    frame->code = word_at(bytes + python->layout.frame_code);
    frame->instruction = word_at(bytes + python->layout.frame_instruction);
    frame->owner = bytes[python->layout.frame_owner];
    *previous = word_at(bytes + python->layout.frame_previous);
}

static bool in_window(const struct fmd__walk *walk, uintptr_t address, size_t size)
{
    return address >= walk->window_begin && address < walk->window_end &&
           walk->window_end - address >= size;
}

static bool in_chunk(const struct fmd__walk_chunk *chunk, uintptr_t address)
{
    return address >= chunk->data && address < chunk->end;
}

static bool plausible(const struct fmd__walk_chunk *chunk)
{
    return chunk->begin % sizeof(uintptr_t) == 0 && chunk->end > chunk->data &&
           chunk->end - chunk->begin <= CHUNK_BYTES_MAX;
}

/* The chunk below the last one, from its header. */
static bool next_chunk(struct fmd__walk *walk, const struct fmd__interpreter *python)
{
    uintptr_t header[3];

    if (walk->chunk_count == 0 || walk->chunk_count == FMD__WALK_CHUNKS_MAX)
        return false;
    const uintptr_t begin = walk->chunks[walk->chunk_count - 1].previous;
    struct fmd__walk_chunk *chunk = &walk->chunks[walk->chunk_count];
    if (!begin || begin > UINTPTR_MAX - CHUNK_BYTES_MAX ||
        !read_pieces(python, &(struct fmd__piece){begin, header, sizeof header}, 1) ||
        header[1] > CHUNK_BYTES_MAX)
        return false;
    *chunk = (struct fmd__walk_chunk){.begin = begin,
                                      .data = begin + FMD__CHUNK_HEADER,
                                      .end = begin + header[1],
                                      .previous = header[0]};
    if (!plausible(chunk))
        return false;
    walk->chunk_count++;
    return true;
}

/* Copies what lies below end, which is in chunk. */
static bool move_window(struct fmd__walk *walk, const struct fmd__interpreter *python,
                        const struct fmd__walk_chunk *chunk, uintptr_t end)
{
    const size_t size = end - chunk->data < FMD__WALK_WINDOW ? end - chunk->data
                                                             : (size_t)FMD__WALK_WINDOW;

    walk->window_begin = walk->window_end = 0;
    if (!read_pieces(python, &(struct fmd__piece){end - size, walk->window, size}, 1))
        return false;
    walk->window_begin = end - size;
    walk->window_end = end;
    return true;
}

/* The thread, its innermost frame, and the end of its data stack. */
static int read_top(struct fmd__walk *walk, const struct fmd__interpreter *python,
                    uintptr_t state, uintptr_t *innermost)
{
    uintptr_t link, link_after, frame_after, stack[3], header[3];
    const bool linked = python->layout.link_frame != FMD__NO_LINK;

    walk->depth = walk->chunk_count = 0;
    walk->top = 0;
    walk->whole = walk->steady = false;
    walk->window_begin = walk->window_end = 0;
    if (!state || state > UINTPTR_MAX - 4096)
        return -EFAULT;
    const int got = python->memory.read(
        python->memory.context,
        (struct fmd__piece[]){{state + python->layout.thread_frame, &link, sizeof link},
                              {state + python->layout.thread_chunk, stack, sizeof stack}},
        2);
    if (got != 2)
        return got < 0 ? got : -EFAULT;
    const uintptr_t place =
        linked ? link + python->layout.link_frame : state + python->layout.thread_frame;
    struct fmd__walk_chunk *chunk = &walk->chunks[0];
    *chunk = (struct fmd__walk_chunk){
        .begin = stack[0], .data = stack[0] + FMD__CHUNK_HEADER, .end = stack[2]};
    const bool usable = stack[0] && stack[0] < stack[2] && plausible(chunk) &&
                        stack[1] >= chunk->data && stack[1] <= chunk->end;
    uintptr_t end = 0, begin = 0;
    if (usable) {
        end = chunk->end - stack[1] > ABOVE_TOP ? stack[1] + ABOVE_TOP : chunk->end;
        begin =
            end - chunk->data > FMD__WALK_WINDOW ? end - FMD__WALK_WINDOW : chunk->data;
    }
    const struct fmd__piece pieces[] = {
        {place, innermost, sizeof *innermost},
        {usable ? chunk->begin : place, header,
         usable ? sizeof header : sizeof header[0]},
        {usable ? begin : place, walk->window, usable ? end - begin : sizeof(uintptr_t)},
        {place, &frame_after, sizeof frame_after},
        {state + python->layout.thread_frame, &link_after, sizeof link_after}};
    const int64_t begun_ns = now_ns();
    if (!read_pieces(python, pieces, 5))
        return -EAGAIN;
    walk->steady = *innermost == frame_after && link == link_after &&
                   now_ns() - begun_ns < COPY_NS_MAX;
    if (usable) {
        chunk->previous = header[0];
        walk->chunk_count = 1;
        walk->top = stack[1];
        walk->window_begin = begin;
        walk->window_end = end;
    }
    return 0;
}

/* A frame that is not in the window: alone, and the window moves where it lies on the
 * data stack, since what called it lies below it. */
static bool read_outside(struct fmd__walk *walk, const struct fmd__interpreter *python,
                         struct fmd__walk_frame *frame, uintptr_t *previous)
{
    uint8_t bytes[FMD__FRAME_BYTES_MAX] = {0};
    const size_t size = python->layout.frame_locals;

    if (size > sizeof bytes ||
        !read_pieces(python, &(struct fmd__piece){frame->address, bytes, size}, 1))
        return false;
    take_frame(frame, python, bytes, previous);
    if (frame->owner != 0)
        return true;
    for (int i = walk->chunk_count - 1; i >= 0; i = walk->chunk_count - 1) {
        struct fmd__walk_chunk *chunk = &walk->chunks[i];
        if (in_chunk(chunk, frame->address)) {
            frame->chunk = (int16_t)i;
            return chunk->end - frame->address < size ||
                   move_window(walk, python, chunk, frame->address + size);
        }
        if (!next_chunk(walk, python))
            break;
    }
    return true;
}

int fmd__walk(struct fmd__walk *walk, const struct fmd__interpreter *python,
              uintptr_t state)
{
    uintptr_t address = 0, previous = 0;
    const int error = read_top(walk, python, state, &address);

    if (error)
        return error;
    for (; address && walk->depth < FMD__WALK_FRAMES_MAX; address = previous) {
        struct fmd__walk_frame *frame = &walk->frames[walk->depth];
        *frame = (struct fmd__walk_frame){.address = address, .chunk = -1};
        if (address % sizeof(uintptr_t) != 0 || address > UINTPTR_MAX - 4096)
            return -EAGAIN;
        if (in_window(walk, address, python->layout.frame_locals)) {
            take_frame(frame, python, walk->window + (address - walk->window_begin),
                       &previous);
            frame->chunk = (int16_t)(walk->chunk_count - 1);
        } else if (!read_outside(walk, python, frame, &previous)) {
            return -EAGAIN;
        }
        walk->depth++;
    }
    walk->whole = address == 0;
    return 0;
}

bool fmd__walk_uses_chunk(struct fmd__walk *walk, const struct fmd__interpreter *python,
                          uintptr_t chunk)
{
    for (int i = 0; i < walk->chunk_count || next_chunk(walk, python); i++)
        if (walk->chunks[i].begin == chunk)
            return true;
    return false;
}

static uintptr_t first_slot(const struct fmd__walk_chunk *chunk)
{
    return chunk->data + (chunk->previous ? 0 : sizeof(uintptr_t));
}

bool fmd__walk_is_bare(const struct fmd__walk *walk)
{
    return walk->chunk_count == 0 ||
           (!walk->chunks[0].previous && walk->top == first_slot(&walk->chunks[0]));
}

bool fmd__walk_touches(const struct fmd__walk *walk, int inner, int outer,
                       size_t outer_words)
{
    const struct fmd__walk_frame *frame = &walk->frames[inner];
    const struct fmd__walk_chunk *chunk = &walk->chunks[frame->chunk];
    const uintptr_t first = first_slot(chunk);

    if (outer < 0)
        return frame->address == first && !chunk->previous;
    const struct fmd__walk_frame *below = &walk->frames[outer];
    if (below->chunk == frame->chunk)
        return below->address < frame->address &&
               (frame->address - below->address) / sizeof(uintptr_t) == outer_words;
    return below->chunk == frame->chunk + 1 && frame->address == first;
}
