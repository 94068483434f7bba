/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The interpreter of this process: finding it, refusing it, and asking it which thread
 * state is the caller's. All of Python is reached through dlsym, so that the recorder
 * loads into any process.
 */
#define _GNU_SOURCE
#include "python_sampler.h"

#include <dlfcn.h>
#include <errno.h>
#include <link.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CHECKED_FRAMES = 64, CHUNK_HOPS = 16, FUNCTION_HOPS = 4, AWAIT_HOPS = 64 };

/* Functions of the interpreter, found by name. Object and thread state are addresses. */
struct functions {
    const char *(*version)(void);
    int (*initialized)(void);
    int (*holds_gil)(void);
    void *(*gil_thread)(void);     /* the thread's own state, with or without the GIL */
    void *(*current_thread)(void); /* the state that holds the GIL */
    void *(*frame_now)(void);      /* borrowed */
    void *(*frame_back)(void *);   /* new reference */
    void *(*frame_code)(void *);   /* new reference */
    int (*frame_instruction)(void *);
    void (*unref)(void *);
};

static struct {
    _Atomic int answer; /* of fmd__python_attach: 1 before it was found */
    pthread_mutex_t finding;
    unsigned long version;
    struct functions call;
    struct fmd__interpreter python;
    char why[192];
} attached = {.answer = 1, .finding = PTHREAD_MUTEX_INITIALIZER};

/* --- symbols ---------------------------------------------------------------------------
 */

static int is_libpython(struct dl_phdr_info *info, size_t size, void *path)
{
    (void)size;
    if (!info->dlpi_name || !strstr(info->dlpi_name, "/libpython3"))
        return 0;
    *(const char **)path = info->dlpi_name;
    return 1;
}

/* Handle for dlsym: the global scope, or a library that a plugin keeps to itself. */
static void *symbols(void)
{
    const char *path = NULL;

    if (dlsym(RTLD_DEFAULT, "Py_GetVersion"))
        return RTLD_DEFAULT;
    dl_iterate_phdr(is_libpython, &path);
    return path ? dlopen(path, RTLD_LAZY | RTLD_NOLOAD) : NULL;
}

static bool find(void *handle, const char *name, void *function)
{
    void *symbol = dlsym(handle, name);

    memcpy(function, &symbol, sizeof symbol);
    return symbol != NULL;
}

static bool find_functions(void *handle, struct functions *call)
{
    bool all = find(handle, "Py_IsInitialized", &call->initialized);

    all &= find(handle, "PyGILState_Check", &call->holds_gil);
    all &= find(handle, "PyGILState_GetThisThreadState", &call->gil_thread);
    all &= find(handle, "PyThreadState_GetUnchecked", &call->current_thread) ||
           find(handle, "_PyThreadState_UncheckedGet", &call->current_thread);
    all &= find(handle, "PyEval_GetFrame", &call->frame_now);
    all &= find(handle, "PyFrame_GetBack", &call->frame_back);
    all &= find(handle, "PyFrame_GetCode", &call->frame_code);
    all &= find(handle, "PyFrame_GetLasti", &call->frame_instruction);
    return all & find(handle, "Py_DecRef", &call->unref);
}

static bool find_types(void *handle, struct fmd__interpreter *python)
{
    return find(handle, "PyCode_Type", &python->code_type) &&
           find(handle, "PyUnicode_Type", &python->string_type) &&
           find(handle, "PyBytes_Type", &python->bytes_type);
}

/* --- does the interpreter agree?
 * --------------------------------------------------------- */

/* Compares the chain that we read with what the interpreter says of its own frames; the
 * caller holds the GIL. */
static bool same_frames(const struct fmd__walk *walk)
{
    const struct functions *call = &attached.call;
    void *frame = call->frame_now();
    bool same = true;
    int at = 0;

    for (int i = 0; frame && same && i < CHECKED_FRAMES; i++) {
        void *code = call->frame_code(frame), *back = call->frame_back(frame);
        while (at < walk->depth && walk->frames[at].code != (uintptr_t)code)
            at++;
        same = at < walk->depth &&
               (int64_t)(walk->frames[at].instruction - walk->frames[at].code -
                         attached.python.layout.code_adaptive) ==
                   call->frame_instruction(frame);
        call->unref(code);
        if (i > 0)
            call->unref(frame);
        frame = back;
        at++;
    }
    if (frame)
        call->unref(frame);
    return same;
}

/* 0 also where nothing can be compared because no Python runs. */
static int check_layout(void)
{
    struct fmd__own_memory own;
    int answer = -ENOTSUP;
    struct fmd__walk *walk = NULL;

    if (fmd__own_memory_init(&own) != 0) {
        snprintf(
            attached.why, sizeof attached.why,
            "the system forbids this process to copy its own memory "
            "(process_vm_readv, memfd_create); requests are recorded without stacks");
        return -ENOTSUP;
    }
    if (!attached.call.holds_gil() || !attached.call.frame_now()) {
        answer = 0;
        goto release_memory;
    }
    walk = malloc(sizeof *walk);
    attached.python.memory = (struct fmd__memory){fmd__own_memory_read, &own};
    if (walk &&
        fmd__walk(walk, &attached.python, (uintptr_t)attached.call.current_thread()) ==
            0 &&
        same_frames(walk))
        answer = 0;
    if (answer)
        snprintf(attached.why, sizeof attached.why,
                 "this build of Python %lu.%lu does not keep its frames where others of "
                 "its version do; requests are recorded without stacks",
                 attached.version >> 24, attached.version >> 16 & 0xff);
    attached.python.memory = (struct fmd__memory){NULL, NULL};
    free(walk);
release_memory:
    fmd__own_memory_release(&own);
    return answer;
}

/* --- attaching
 * --------------------------------------------------------------------------- */

static int refuse(const char *what)
{
    const char *version = attached.call.version();

    snprintf(
        attached.why, sizeof attached.why,
        "stacks of Python %.*s%s cannot be read, only those of CPython 3.11, 3.12 and "
        "3.13 on 64 bits; requests are recorded without stacks",
        (int)strcspn(version, " "), version, what);
    return -ENOTSUP;
}

/* The layout of this interpreter. */
static int find_layout(void *handle)
{
    const unsigned long *version = dlsym(handle, "Py_Version");
    const uint8_t *runtime = dlsym(handle, "_PyRuntime");
    bool free_threaded = false;

    attached.version = version ? *version : 0;
    const struct fmd__python_layout *layout = fmd__python_layout(attached.version);
    if (!layout || !runtime || sizeof(void *) != 8 ||
        __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__)
        return refuse("");
    attached.python.layout = *layout;
    if (attached.version >> 16 >= 0x030d &&
        !fmd__python_layout_published(&attached.python.layout, runtime, &free_threaded))
        return refuse(free_threaded ? " without a GIL" : "");
    return 0;
}

static int attach(void)
{
    void *handle = symbols();

    if (!find(handle, "Py_GetVersion", &attached.call.version))
        return -ENOENT;
    if (!find(handle, "Py_IsInitialized", &attached.call.initialized) ||
        !attached.call.initialized())
        return -ENOENT;
    const int error = find_layout(handle);
    if (error)
        return error;
    if (!find_functions(handle, &attached.call) || !find_types(handle, &attached.python))
        return refuse(" with parts missing");
    return check_layout();
}

int fmd__python_attach(const char **why)
{
    int answer = atomic_load_explicit(&attached.answer, memory_order_acquire);

    if (answer == 1) {
        pthread_mutex_lock(&attached.finding);
        answer = atomic_load_explicit(&attached.answer, memory_order_relaxed);
        if (answer == 1)
            answer = attach();
        if (answer != -ENOENT)
            atomic_store_explicit(&attached.answer, answer, memory_order_release);
        pthread_mutex_unlock(&attached.finding);
    }
    if (why)
        *why = answer == -ENOTSUP ? attached.why : NULL;
    return answer;
}

const struct fmd__interpreter *fmd__python_attached(void)
{
    return atomic_load_explicit(&attached.answer, memory_order_acquire) == 0
               ? &attached.python
               : NULL;
}

/* --- where the caller is
 * ------------------------------------------------------------------ */

/* Memory that cannot go away, as the caller holds the GIL. */
static uintptr_t word_at(uintptr_t address)
{
    uintptr_t word;

    // NOLINTNEXTLINE(performance-no-int-to-ptr)
    memcpy(&word, (const void *)address, sizeof word);
    return word;
}

/* Until 3.11 there is one current thread in the process, and it may be another one's when
 * the caller has no GIL. */
static bool is_mine(uintptr_t current, uintptr_t mine)
{
    struct fmd__own_memory own = {.file = -1};
    uintptr_t thread = 0;

    if (current == mine || attached.version >> 16 >= 0x030c)
        return true;
    return mine &&
           fmd__own_memory_read(
               &own,
               &(struct fmd__piece){current + attached.python.layout.thread_id, &thread,
                                    sizeof thread},
               1) == 1 &&
           thread == (uintptr_t)pthread_self();
}

/* The first chunk of the data stack: it stays as long as the stack does. */
static uintptr_t first_chunk(uintptr_t chunk)
{
    for (int hop = 0; chunk && hop < CHUNK_HOPS; hop++) {
        const uintptr_t previous = word_at(chunk);
        if (!previous)
            return chunk;
        chunk = previous;
    }
    return chunk;
}

static uint8_t owner_of(const struct fmd__python_layout *layout, uintptr_t frame)
{
    return (uint8_t)word_at(frame + layout->frame_owner);
}

static bool is_coroutine(const struct fmd__python_layout *layout, uintptr_t frame)
{
    return owner_of(layout, frame) == FMD__OWNED_BY_GENERATOR &&
           (word_at(word_at(frame + layout->frame_code) + layout->code_flags) &
            FMD__CODE_COROUTINE);
}

/* The outermost of the coroutines that await one another above the caller: a task's own.
 * 0: no coroutine called, as far as a few functions in between tell. */
static uintptr_t task_of(const struct fmd__python_layout *layout, uintptr_t frame)
{
    uintptr_t task = 0;

    for (int hop = 0; frame && hop < FUNCTION_HOPS && !is_coroutine(layout, frame); hop++)
        frame = word_at(frame + layout->frame_previous);
    for (int hop = 0; frame && hop < AWAIT_HOPS; hop++) {
        const uint8_t owner = owner_of(layout, frame);
        if (owner != FMD__OWNED_BY_GENERATOR && owner != FMD__OWNED_BY_INTERPRETER)
            break;
        if (is_coroutine(layout, frame))
            task = frame;
        frame = word_at(frame + layout->frame_previous);
    }
    return task;
}

void fmd__python_here(struct fmd__python_thread *thread)
{
    const struct fmd__interpreter *python = fmd__python_attached();

    *thread = (struct fmd__python_thread){0};
    if (!python)
        return;
    const uintptr_t mine = (uintptr_t)attached.call.gil_thread();
    const uintptr_t current = (uintptr_t)attached.call.current_thread();
    thread->state = mine;
    if (!current || !is_mine(current, mine))
        return;
    const struct fmd__python_layout *layout = &python->layout;
    thread->state = current;
    thread->chunk = first_chunk(word_at(current + layout->thread_chunk));
    uintptr_t frame = word_at(current + layout->thread_frame);
    if (layout->link_frame != FMD__NO_LINK)
        frame = word_at(frame + layout->link_frame);
    thread->frame = task_of(layout, frame);
    if (thread->frame)
        thread->code = word_at(thread->frame + layout->frame_code);
}
