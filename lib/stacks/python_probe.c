/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The stack reader as a library that Python tests load with ctypes: samples asked for one
 * at a time, and a thread that samples others at a steady rate into a buffer.
 */
#define _GNU_SOURCE
#include "python_sampler.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define EXPORT __attribute__((visibility("default")))
enum { THREADS = 64, DEPTH = 96, TAKEN = 1 << 14 };

struct probe_sample {
    uint64_t tag; /* what the thread said it was doing, before and after; else 0 */
    int32_t depth;
    uint32_t flags;
    struct fmd__python_frame frames[DEPTH];
};

static pthread_mutex_t one_at_a_time = PTHREAD_MUTEX_INITIALIZER;
static struct fmd__python_sampler *sampler;

static struct {
    struct fmd__python_thread thread[THREADS];
    _Atomic(const _Atomic uint64_t *) tag[THREADS]; /* NULL: a free place */
} targets;

static struct probe_sample taken[TAKEN];
static _Atomic uint64_t head, tail, overrun;
static _Atomic int running;
static pthread_t watcher;

EXPORT int probe_attach(const char **why)
{
    return fmd__python_attach(why);
}

EXPORT void probe_here(struct fmd__python_thread *thread)
{
    fmd__python_here(thread);
}

EXPORT int probe_sample(const struct fmd__python_thread *thread,
                        struct fmd__python_frame *frames, int max, unsigned *flags)
{
    pthread_mutex_lock(&one_at_a_time);
    if (!sampler)
        sampler = fmd__python_sampler_new();
    const int depth = fmd__python_sample(sampler, thread, frames, max, flags);
    pthread_mutex_unlock(&one_at_a_time);
    return depth;
}

EXPORT const struct fmd__python_code *probe_code(uint32_t number)
{
    return fmd__python_code(sampler, number);
}

EXPORT const struct fmd__python_counts *probe_counts(void)
{
    return fmd__python_sampler_counts(sampler);
}

/* In a child: as the recorder does after a fork. */
EXPORT void probe_abandon(void)
{
    pthread_mutex_init(&one_at_a_time, NULL);
    sampler = NULL;
    atomic_store(&running, 0);
    atomic_store(&tail, atomic_load(&head)); /* those have the parent's code numbers */
    for (int i = 0; i < THREADS; i++)
        atomic_store(&targets.tag[i], NULL);
}

/* The calling thread is sampled from now on, under a tag that it changes; its place. */
EXPORT int probe_add(const _Atomic uint64_t *tag)
{
    pthread_mutex_lock(&one_at_a_time);
    for (int i = 0; i < THREADS; i++)
        if (!atomic_load(&targets.tag[i])) {
            fmd__python_here(&targets.thread[i]);
            atomic_store(&targets.tag[i], tag);
            pthread_mutex_unlock(&one_at_a_time);
            return i;
        }
    pthread_mutex_unlock(&one_at_a_time);
    return -1;
}

EXPORT void probe_remove(int place)
{
    pthread_mutex_lock(&one_at_a_time);
    atomic_store(&targets.tag[place], NULL);
    pthread_mutex_unlock(&one_at_a_time);
}

static void sample_one(int place)
{
    const _Atomic uint64_t *tag = atomic_load(&targets.tag[place]);
    const uint64_t at = atomic_load(&head);

    if (!tag)
        return;
    if (at - atomic_load(&tail) == TAKEN) {
        atomic_fetch_add(&overrun, 1);
        return;
    }
    struct probe_sample *sample = &taken[at % TAKEN];
    const uint64_t before = atomic_load(tag);
    sample->depth = fmd__python_sample(sampler, &targets.thread[place], sample->frames,
                                       DEPTH, &sample->flags);
    sample->tag = atomic_load(tag) == before ? before : 0;
    atomic_store(&head, at + 1);
}

static void *watch(void *argument)
{
    const long period_ns = *(const long *)argument;
    const struct timespec period = {period_ns / 1000000000, period_ns % 1000000000};

    while (atomic_load(&running)) {
        for (int i = 0; i < THREADS; i++) {
            pthread_mutex_lock(&one_at_a_time);
            sample_one(i);
            pthread_mutex_unlock(&one_at_a_time);
        }
        nanosleep(&period, NULL);
    }
    return NULL;
}

EXPORT int probe_start(int hertz)
{
    static long period_ns;

    if (!sampler)
        sampler = fmd__python_sampler_new();
    period_ns = 1000000000l / hertz;
    atomic_store(&running, 1);
    return pthread_create(&watcher, NULL, watch, &period_ns);
}

EXPORT void probe_stop(void)
{
    if (atomic_exchange(&running, 0))
        pthread_join(watcher, NULL);
}

/* Moves up to count samples out; how many. */
EXPORT int probe_take(struct probe_sample *out, int count)
{
    int moved = 0;

    for (uint64_t at = atomic_load(&tail); moved < count && at < atomic_load(&head);
         atomic_store(&tail, ++at))
        out[moved++] = taken[at % TAKEN];
    return moved;
}

EXPORT uint64_t probe_overrun(void)
{
    return atomic_load(&overrun);
}

/* The layout in use as "name offset" lines, to compare with python-offsets. */
EXPORT int probe_layout(unsigned long version, const char **names, uint16_t *offsets)
{
    const struct fmd__python_layout *layout =
        version ? fmd__python_layout(version) : &fmd__python_attached()->layout;
    int count = 0;

    if (!layout)
        return -ENOENT;
#define PROBE_FIELD(field, what)                                                         \
    names[count] = #field;                                                               \
    offsets[count++] = layout->field;
    FMD__PYTHON_OFFSETS(PROBE_FIELD)
#undef PROBE_FIELD
    return count;
}
