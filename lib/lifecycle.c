/* SPDX-License-Identifier: Apache-2.0 */
/* See lifecycle.h. */
#define _GNU_SOURCE
#include "lifecycle.h"

#include "clocks.h"
#include "descriptors.h"
#include "endpoint_register.h"
#include "flights.h"
#include "free_list.h"
#include "identity.h"
#include "leftover_rings.h"
#include "levels.h"
#include "signals.h"
#include "stacks/python_stack.h"

#include <errno.h>
#include <linux/membarrier.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define ENDPOINT_AREA_BYTES (64u << 10)
#define JOURNAL_ROOM (256u << 10)
#define COUNTED_ENDPOINTS 4096u /* that can be counted at level 0 */
/* What a child makes at its first request; its writer makes the others a millisecond
 * later. All 64 would take that request 1.4 ms. */
#define CHILD_RINGS 16u

struct fmd__recorder fmd__recorder;
_Thread_local struct fmd__mine fmd__mine;

/* What a child inherits. */
static struct fmd__settings settings;
static struct fmd__sources sources; /* of the settings, at the last start */
static struct fmd__segment identity;
static _Atomic bool started;          /* between start and stop */
static _Atomic bool armed;            /* the same, and memory was found */
static uint32_t last_generation;      /* given out, here or in an ancestor */
static uint32_t own_generation;       /* first of this process */
static pid_t own_pid;                 /* that own_generation is of */
static struct fmd__stats final_stats; /* of the last recording, after its stop */
static pthread_key_t thread_key;
static bool registered; /* handlers of fork, exit and thread exit */

/* Of a child that has recorded nothing yet. */
static void unopened_stats(struct fmd__stats *stats)
{
    memset(stats, 0, sizeof *stats);
    stats->issued = atomic_load(&fmd__recorder.forked_ends);
    stats->dropped[FMD_DROP_FORKED] = stats->issued;
}

/* --- visitors and seats ------------------------------------------------------- */

bool fmd__lifecycle_visit(void)
{
    atomic_fetch_add(&fmd__recorder.visitors, 1);
    if (atomic_load(&fmd__recorder.gate.generation) != 0)
        return true;
    fmd__lifecycle_leave();
    return false;
}

void fmd__lifecycle_leave(void)
{
    atomic_fetch_sub(&fmd__recorder.visitors, 1);
}

static struct fmd__seat seats[FMD__SEATS];
static struct fmd__free_list free_seats;
static _Atomic uint32_t next_seat[FMD__SEATS];
static _Atomic uint32_t seats_used; /* seats from here on were never taken */

/* A seat for life, or NULL. One that was inherited is a thread's of the parent. */
static struct fmd__seat *take_seat(const struct fmd__mine *mine)
{
    uint32_t index;

    if (mine->seat && mine->generation >= own_generation)
        return mine->seat;
    if (fmd__free_list_pop(&free_seats, next_seat, &index))
        return &seats[index];
    index = atomic_fetch_add(&seats_used, 1);
    if (index < FMD__SEATS)
        return &seats[index];
    atomic_fetch_sub(&seats_used, 1);
    return NULL;
}

static void give_seat_back(struct fmd__seat *seat)
{
    fmd__free_list_push(&free_seats, next_seat, (uint32_t)(seat - seats));
}

/* In a child: none of the threads that sat here exists. */
static void clear_seats(void)
{
    fmd__free_list_empty(&free_seats);
    memset(seats, 0, sizeof seats);
    seats_used = 0;
}

/* After this every thread has either seen the closed gate or is seen as busy. */
static void make_busy_visible(void)
{
    if (syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0) == 0 ||
        syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0) == 0)
        return;
    (void)usleep(10000); /* store buffers do not keep anything that long */
}

static bool anybody_inside(void)
{
    uint32_t used = seats_used < FMD__SEATS ? seats_used : FMD__SEATS;

    if (atomic_load(&fmd__recorder.visitors) != 0)
        return true;
    for (uint32_t i = 0; i < used; i++)
        if (atomic_load_explicit(&seats[i].busy, memory_order_acquire))
            return true;
    return false;
}

/* false: somebody stays, as when exit() is called by a signal handler in a call of ours.
 */
static bool wait_for_those_inside(void)
{
    uint64_t until = fmd__now_ns() + FMD__STOP_WAIT_NS;

    make_busy_visible();
    while (anybody_inside()) {
        if (fmd__now_ns() > until)
            return false;
        (void)usleep(50);
    }
    return true;
}

/* --- opening --------------------------------------------------------------------- */

static void add_known_endpoints(struct fmd__ring_header *header)
{
    uint32_t count = fmd__endpoint_register_count();

    for (uint32_t number = 1; number <= count; number++) {
        struct fmd__definition definition;

        fmd__endpoint_register_describe(number, settings.application, settings.version,
                                        &definition);
        if (fmd__ring_file_add_endpoint(header, &definition) != 0)
            return; /* full: the others are safe once they are in the trace */
    }
}

static void count_forked(struct fmd__ring_counts *counts, uint64_t ends)
{
    atomic_fetch_add(&counts->issued, ends);
    atomic_fetch_add(&counts->dropped[FMD_DROP_FORKED], ends);
}

/* Requests may come in from here on. An endpoint that is registered meanwhile is added
 * to the ring file by us or, once the gate is open, by its own thread. */
static void open_gate(struct fmd__recorder *recorder)
{
    if (own_pid != getpid()) {
        own_pid = getpid();
        own_generation = last_generation + 1;
        clear_seats();
    }
    (void)pthread_mutex_lock(&recorder->register_lock);
    add_known_endpoints(recorder->pool.header);
    fmd__levels_follow(fmd__now_ns()); /* a child of one that never looked */
    atomic_store(&recorder->gate.generation, ++last_generation);
    (void)pthread_mutex_unlock(&recorder->register_lock);
}

/* Makes this process's own pool, with so many rings at first, and writer. */
static int open_process(uint32_t rings)
{
    struct fmd__recorder *recorder = &fmd__recorder;
    struct fmd__pool_options options = {
        .ring_directory = settings.ring_directory[0] ? settings.ring_directory : NULL,
        .trace_directory = settings.directory,
        .segment = &identity,
        .rings = rings,
        .slots = settings.slots,
        .endpoints_room = ENDPOINT_AREA_BYTES,
        .counted_endpoints = COUNTED_ENDPOINTS,
        .flights = FMD__FLIGHTS,
        .journal_room = JOURNAL_ROOM,
    };
    int result;

    result = fmd__pool_open(&recorder->pool, &options);
    if (result != 0)
        return result;
    fmd__flights_open(recorder->pool.header);
    count_forked(&recorder->pool.header->counts,
                 atomic_exchange(&recorder->forked_ends, 0));
    fmd__identity_random(&recorder->gate.key, sizeof recorder->gate.key);
    atomic_store(&recorder->gate.strings_epoch, 1);
    atomic_store(&recorder->gate.write_failing, 0);
    fmd__writer_open(&recorder->writer, &settings, &recorder->gate, &recorder->pool,
                     &identity, &recorder->register_lock);
    fmd__watch_open(&recorder->watch, recorder->pool.header);
    recorder->writer.exceptions = &recorder->exceptions;
    memset(&recorder->gauges, 0, sizeof recorder->gauges);
    recorder->writer.watch = &recorder->watch;
    recorder->writer.gauges = &recorder->gauges;
    (void)syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0);
    open_gate(recorder);
    return 0;
}

/* --- fork, exit, thread exit ------------------------------------------------------ */

static bool wiped_by_kernel; /* the recorder's pages, in a child */

static void after_fork_in_child(void)
{
    fmd__descriptors_close_copies();
    fmd__mine = (struct fmd__mine){0};
    if (!wiped_by_kernel)
        memset(&fmd__recorder, 0, sizeof fmd__recorder);
}

static void at_exit(void)
{
    (void)fmd__lifecycle_stop();
}

static void at_thread_exit(void *unused)
{
    struct fmd__mine mine = fmd__mine;

    (void)unused;
    fmd__mine = (struct fmd__mine){0};
    if (!mine.seat)
        return;
    if (mine.generation >= own_generation)
        give_seat_back(mine.seat);
    if (!mine.producer || !fmd__lifecycle_visit())
        return;
    if (atomic_load(&fmd__recorder.gate.generation) == mine.generation)
        fmd__pool_give_back(&fmd__recorder.pool, mine.producer);
    fmd__lifecycle_leave();
}

/* Once a process and its children. */
static int register_handlers(void)
{
    if (registered)
        return 0;
    wiped_by_kernel = madvise(&fmd__recorder, sizeof fmd__recorder, MADV_WIPEONFORK) == 0;
    if (pthread_key_create(&thread_key, at_thread_exit) != 0)
        return -EAGAIN;
    if (pthread_atfork(NULL, NULL, after_fork_in_child) != 0 || atexit(at_exit) != 0) {
        (void)pthread_key_delete(thread_key);
        return -ENOMEM;
    }
    registered = true;
    return 0;
}

/* --- start, stop, first event ------------------------------------------------------ */

static void init_levels(void)
{
    (void)pthread_mutex_lock(&fmd__recorder.register_lock);
    fmd__headers_allow(&settings.headers);
    fmd__levels_init(settings.numbers, settings.is_fixed, settings.configuration,
                     &sources.environment, &sources.all);
    (void)pthread_mutex_unlock(&fmd__recorder.register_lock);
}

static int start_locked(const struct fmd_config *config)
{
    int result;

    if (started)
        return -EALREADY;
    result = fmd__settings_init(&settings, &sources, config);
    if (result == 0)
        result = register_handlers();
    if (result == 0) {
        init_levels();
        (void)fmd__python_attach(NULL); /* without Python there are no samples */
        fmd__leftover_rings_take_in(settings.directory);
        fmd__identity_init(&identity, &settings);
        result = open_process(settings.rings);
        armed = result == 0;
    }
    started = result == 0;
    return result;
}

int fmd__lifecycle_start(const struct fmd_config *config)
{
    struct fmd__signals signals;
    int result;

    fmd__signals_block(&signals);
    (void)pthread_mutex_lock(&fmd__recorder.lock);
    result = start_locked(config);
    (void)pthread_mutex_unlock(&fmd__recorder.lock);
    fmd__signals_restore(&signals);
    return result;
}

static int close_process(void)
{
    struct fmd__recorder *recorder = &fmd__recorder;
    bool quiet;
    int result;

    atomic_store(&recorder->gate.generation, 0);
    quiet = wait_for_those_inside();
    fmd__watch_close(&recorder->watch);
    result = fmd__writer_close(&recorder->writer);
    fmd__watch_release(&recorder->watch);
    fmd__writer_stats(&recorder->writer, &final_stats);
    fmd__pool_add_counts(&recorder->pool, &final_stats);
    if (!quiet) { /* somebody may still store into the rings: leave them mapped */
        fmd__descriptors_close(FMD__DESCRIPTOR_RING);
        return result;
    }
    fmd__exceptions_free(atomic_exchange(&recorder->exceptions, NULL));
    fmd__pool_close(&recorder->pool);
    return result;
}

int fmd__lifecycle_stop(void)
{
    struct fmd__recorder *recorder = &fmd__recorder;
    struct fmd__signals signals;
    int result = 0;

    fmd__signals_block(&signals);
    (void)pthread_mutex_lock(&recorder->lock);
    if (started && atomic_load(&recorder->gate.generation) != 0)
        result = close_process();
    else if (started)
        unopened_stats(&final_stats);
    armed = started = false;
    (void)pthread_mutex_unlock(&recorder->lock);
    fmd__signals_restore(&signals);
    return result;
}

/* In a child, by the first thread that gets here. */
static void open_child(void)
{
    if (!armed || atomic_load(&fmd__recorder.gate.generation) != 0)
        return;
    fmd__identity_renew(&identity);
    if (open_process(settings.rings < CHILD_RINGS ? settings.rings : CHILD_RINGS) != 0)
        armed = false; /* no memory: this process does without */
}

uint32_t fmd__lifecycle_wake(void)
{
    struct fmd__signals signals;

    if (!armed || own_pid == getpid())
        return 0; /* off, or just being stopped */
    fmd__signals_block(&signals);
    (void)pthread_mutex_lock(&fmd__recorder.lock);
    open_child();
    (void)pthread_mutex_unlock(&fmd__recorder.lock);
    fmd__signals_restore(&signals);
    return atomic_load(&fmd__recorder.gate.generation);
}

struct fmd__producer *fmd__lifecycle_take(bool *no_ring)
{
    struct fmd__recorder *recorder = &fmd__recorder;
    struct fmd__producer *producer;

    *no_ring = false;
    if (!fmd__lifecycle_visit())
        return NULL;
    fmd__mine.seat = take_seat(&fmd__mine);
    producer = fmd__mine.seat ? fmd__pool_take(&recorder->pool) : NULL;
    fmd__mine.generation = atomic_load(&recorder->gate.generation);
    fmd__mine.producer = producer;
    if (producer)
        atomic_store_explicit(&fmd__mine.seat->busy, 1, memory_order_relaxed);
    (void)pthread_setspecific(thread_key, fmd__mine.seat);
    *no_ring = !producer;
    fmd__writer_start_thread(&recorder->writer);
    fmd__lifecycle_leave();
    return producer;
}

/* --- questions ---------------------------------------------------------------------- */

void fmd__lifecycle_foreign_end(uint32_t generation)
{
    if (!armed || (own_pid == getpid() && generation >= own_generation))
        return; /* begun before a stop: in flight at that time, and not counted */
    if (fmd__lifecycle_visit()) {
        count_forked(&fmd__recorder.pool.header->counts, 1);
        fmd__lifecycle_leave();
    } else {
        atomic_fetch_add(&fmd__recorder.forked_ends, 1);
    }
}

/* Of any thread; nobody may unmap meanwhile. */
static void count_only(uint32_t endpoint, uint64_t now_ns)
{
    struct fmd__ring_header *header = fmd__recorder.pool.header;
    struct fmd__ring_endpoint_count *counts = fmd__ring_counts_area(header);

    if (!counts || endpoint - 1 >= header->count_room)
        return;
    counts += endpoint - 1;
    atomic_fetch_add_explicit(&counts->count, 1, memory_order_relaxed);
    atomic_store_explicit(&counts->last_ns, now_ns, memory_order_relaxed);
}

void fmd__lifecycle_count_only(uint32_t endpoint, uint64_t now_ns, bool is_inside)
{
    if (is_inside) {
        count_only(endpoint, now_ns);
    } else if (fmd__lifecycle_visit()) {
        count_only(endpoint, now_ns);
        fmd__lifecycle_leave();
    }
}

void fmd__lifecycle_count_no_ring(void)
{
    struct fmd__ring_counts *counts;

    if (!fmd__lifecycle_visit())
        return;
    counts = &fmd__recorder.pool.header->counts;
    atomic_fetch_add(&counts->issued, 1);
    atomic_fetch_add(&counts->dropped[FMD_DROP_NO_RING], 1);
    fmd__lifecycle_leave();
}

static void add_to_ring_file(uint32_t number)
{
    struct fmd__definition definition;

    if (!fmd__lifecycle_visit())
        return; /* a child adds all it knows when it opens */
    fmd__endpoint_register_describe(number, settings.application, settings.version,
                                    &definition);
    /* Full: the endpoint is safe once it is in the trace. */
    (void)fmd__ring_file_add_endpoint(fmd__recorder.pool.header, &definition);
    fmd__lifecycle_leave();
}

uint32_t fmd__lifecycle_endpoint(const char *application, const char *version,
                                 const char *name)
{
    struct fmd__signals signals;
    uint32_t number = 0;
    int is_new;

    if (!started)
        return 0;
    fmd__signals_block(&signals);
    (void)pthread_mutex_lock(&fmd__recorder.register_lock);
    number = fmd__endpoint_register_add(application, version, name, &is_new);
    if (is_new) {
        fmd__levels_add(number);
        add_to_ring_file(number);
    }
    (void)pthread_mutex_unlock(&fmd__recorder.register_lock);
    fmd__signals_restore(&signals);
    return number;
}

size_t fmd__lifecycle_trace_path(char *buffer, size_t size)
{
    struct fmd__writer *writer = &fmd__recorder.writer;
    struct fmd__signals signals;
    int length = 0;

    if (size > 0)
        buffer[0] = '\0';
    fmd__signals_block(&signals);
    (void)pthread_mutex_lock(&writer->lock);
    if (writer->open)
        length =
            fmd__trace_files_path(&writer->files, writer->files.number, buffer, size);
    (void)pthread_mutex_unlock(&writer->lock);
    fmd__signals_restore(&signals);
    return length > 0 ? (size_t)length : 0;
}

void fmd__lifecycle_stats(struct fmd__stats *stats)
{
    if (fmd__lifecycle_visit()) {
        fmd__writer_stats(&fmd__recorder.writer, stats);
        fmd__pool_add_counts(&fmd__recorder.pool, stats);
        fmd__lifecycle_leave();
    } else if (armed) {
        unopened_stats(stats);
    } else {
        *stats = final_stats;
    }
}
