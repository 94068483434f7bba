/* SPDX-License-Identifier: Apache-2.0 */
/* See flights.h. */
#define _GNU_SOURCE
#include "flights.h"

#include "clocks.h"
#include "free_list.h"
#include "request_context.h"
#include "stacks/python_stack.h"
#include "thresholds.h"
#include "wire/details.h"

#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

static struct fmd__free_list free_flights;
static _Atomic uint32_t next_free[FMD__FLIGHTS];
static _Atomic uint32_t used;
static _Atomic uint64_t missed;

void fmd__flights_open(struct fmd__ring_header *header)
{
    fmd__free_list_empty(&free_flights);
    atomic_store_explicit(&used, 0, memory_order_relaxed);
    atomic_store_explicit(&missed, 0, memory_order_relaxed);
    for (uint32_t i = header->flight_count; i > 0; i--) /* the first is on top */
        fmd__free_list_push(&free_flights, next_free, i - 1);
}

uint32_t fmd__flights_used(void)
{
    return atomic_load_explicit(&used, memory_order_acquire);
}

uint64_t fmd__flights_missed(void)
{
    return atomic_load_explicit(&missed, memory_order_relaxed);
}

static void set(_Atomic uint64_t *word, uint64_t value)
{
    atomic_store_explicit(word, value, memory_order_relaxed);
}

static uint64_t get(const _Atomic uint64_t *word)
{
    return atomic_load_explicit(word, memory_order_relaxed);
}

/* --- what it took ------------------------------------------------------------------ */

struct usage {
    uint64_t cpu_ns, switches, faults, blocks;
};

static uint64_t pair(long low, long high)
{
    return (uint64_t)(uint32_t)low | (uint64_t)(uint32_t)high << 32;
}

static void read_usage(struct usage *usage)
{
    struct rusage now = {0};

    (void)getrusage(RUSAGE_THREAD, &now);
    usage->switches = pair(now.ru_nvcsw, now.ru_nivcsw);
    usage->faults = pair(now.ru_minflt, now.ru_majflt);
    usage->blocks = pair(now.ru_inblock, now.ru_oublock);
    usage->cpu_ns = fmd__clock_ns(CLOCK_THREAD_CPUTIME_ID);
}

static uint32_t low_since(uint64_t now, uint64_t before)
{
    return (uint32_t)now - (uint32_t)before;
}

static uint32_t high_since(uint64_t now, uint64_t before)
{
    return (uint32_t)(now >> 32) - (uint32_t)(before >> 32);
}

static uint32_t this_thread(void)
{
    static _Thread_local uint32_t thread __attribute__((tls_model("initial-exec")));
    static _Thread_local pid_t process __attribute__((tls_model("initial-exec")));

    if (process != getpid()) { /* a forked child's thread has another number */
        process = getpid();
        thread = (uint32_t)syscall(SYS_gettid);
    }
    return thread;
}

/* --- slots ------------------------------------------------------------------------- */

static void note(struct fmd__flight *flight, const struct fmd__takeoff *known)
{
    uint64_t threshold = fmd__threshold_of(known->endpoint);
    uint32_t path =
        atomic_load_explicit(&flight->about, memory_order_relaxed) & 0xffff0000u;

    set(&flight->deadline_ns, threshold ? known->start_ns + threshold : UINT64_MAX);
    atomic_store_explicit(&flight->endpoint, known->endpoint, memory_order_relaxed);
    atomic_store_explicit(&flight->about,
                          fmd__flight_about(known->level, known->method, 0) | path,
                          memory_order_relaxed);
    set(&flight->group_hash, known->group_hash);
    set(&flight->address_hash, known->address_hash);
}

/* The calling thread is where it runs. */
static void note_thread(struct fmd__flight *flight)
{
    struct fmd__python_thread python;

    _Static_assert(sizeof python == 4 * sizeof(uint64_t), "four words");
    _Static_assert(FMD__FLIGHT_PYTHON + 4 <= 9, "the owner's words");
    fmd__python_here(&python);
    atomic_store_explicit(&flight->thread, this_thread(), memory_order_relaxed);
    set(&flight->owner[FMD__FLIGHT_PYTHON], python.state);
    set(&flight->owner[FMD__FLIGHT_PYTHON + 1], python.chunk);
    set(&flight->owner[FMD__FLIGHT_PYTHON + 2], python.frame);
    set(&flight->owner[FMD__FLIGHT_PYTHON + 3], python.code);
}

static void note_usage(struct fmd__flight *flight)
{
    struct usage usage;

    read_usage(&usage);
    set(&flight->owner[FMD__FLIGHT_CPU], usage.cpu_ns);
    set(&flight->owner[FMD__FLIGHT_SWITCHES], usage.switches);
    set(&flight->owner[FMD__FLIGHT_FAULTS], usage.faults);
    set(&flight->owner[FMD__FLIGHT_BLOCKS], usage.blocks);
}

static void raise_used(uint32_t number)
{
    uint32_t before = atomic_load_explicit(&used, memory_order_relaxed);

    while (before < number &&
           !atomic_compare_exchange_weak_explicit(
               &used, &before, number, memory_order_release, memory_order_relaxed))
        ;
}

uint32_t fmd__flights_take(struct fmd__ring_header *header,
                           const struct fmd__takeoff *takeoff)
{
    struct fmd__flight *flight = fmd__ring_flights(header);
    uint32_t index;

    if (!flight || !fmd__free_list_pop(&free_flights, next_free, &index)) {
        atomic_fetch_add_explicit(&missed, 1, memory_order_relaxed);
        return 0;
    }
    flight += index;
    fmd__flight_write_begin(flight);
    atomic_store_explicit(&flight->about, 0, memory_order_relaxed); /* no path */
    note(flight, takeoff);
    note_thread(flight);
    note_usage(flight);
    fmd__context_begin(index + 1);
    set(&flight->start_ns, takeoff->start_ns);
    fmd__flight_write_end(flight);
    raise_used(index + 1);
    return index + 1;
}

void fmd__flights_note(struct fmd__ring_header *header, uint32_t number,
                       const struct fmd__takeoff *known)
{
    struct fmd__flight *flight = fmd__ring_flights(header) + (number - 1);

    fmd__flight_write_begin(flight);
    note(flight, known);
    fmd__flight_write_end(flight);
}

void fmd__flights_set_path(struct fmd__ring_header *header, uint32_t number,
                           const char *bytes, size_t length)
{
    struct fmd__flight *flight = fmd__ring_flights(header) + (number - 1);
    uint32_t about = atomic_load_explicit(&flight->about, memory_order_relaxed) & 0xffff;

    fmd__flight_write_begin(flight);
    about |= fmd__flight_set_path(flight, bytes, length) << 16;
    atomic_store_explicit(&flight->about, about, memory_order_relaxed);
    fmd__flight_write_end(flight);
}

void fmd__flights_move(struct fmd__ring_header *header, uint32_t number)
{
    struct fmd__flight *flight = fmd__ring_flights(header) + (number - 1);

    fmd__flight_write_begin(flight);
    note_thread(flight);
    fmd__flight_write_end(flight);
}

void fmd__flights_measure(struct fmd__ring_header *header, uint32_t number,
                          uint64_t duration_ns, struct fmd__slot_detail *detail)
{
    struct fmd__flight *flight = fmd__ring_flights(header) + (number - 1);
    uint64_t start = get(&flight->start_ns), deadline = get(&flight->deadline_ns);
    const _Atomic uint64_t *owner = flight->owner;
    struct usage now;

    *detail = (struct fmd__slot_detail){.kind = FMD__SLOT_DETAIL};
    detail->what = (uint8_t)(atomic_load_explicit(&flight->about, memory_order_relaxed) &
                             FMD__DETAIL_LEVEL);
    if (deadline != UINT64_MAX && start + duration_ns >= deadline) {
        detail->what |= FMD__DETAIL_OUTLIER;
        detail->threshold_ns = deadline - start;
    }
    if (atomic_load_explicit(&flight->thread, memory_order_relaxed) != this_thread())
        return; /* what its first thread took is not known here */
    read_usage(&now);
    detail->what |= FMD__DETAIL_MEASURED;
    detail->cpu_ns = now.cpu_ns - get(&owner[FMD__FLIGHT_CPU]);
    detail->voluntary_switches =
        low_since(now.switches, get(&owner[FMD__FLIGHT_SWITCHES]));
    detail->involuntary_switches =
        high_since(now.switches, get(&owner[FMD__FLIGHT_SWITCHES]));
    detail->minor_faults = low_since(now.faults, get(&owner[FMD__FLIGHT_FAULTS]));
    detail->major_faults = high_since(now.faults, get(&owner[FMD__FLIGHT_FAULTS]));
    detail->block_reads = low_since(now.blocks, get(&owner[FMD__FLIGHT_BLOCKS]));
    detail->block_writes = high_since(now.blocks, get(&owner[FMD__FLIGHT_BLOCKS]));
}

void fmd__flights_give_back(struct fmd__ring_header *header, uint32_t number)
{
    struct fmd__flight *flight = fmd__ring_flights(header) + (number - 1);

    fmd__flight_write_begin(flight);
    set(&flight->start_ns, 0);
    set(&flight->deadline_ns, UINT64_MAX);
    fmd__flight_write_end(flight);
    fmd__free_list_push(&free_flights, next_free, number - 1);
}
