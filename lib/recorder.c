/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The public calls. Those on the request path are whole here: all that is known of a
 * request in flight is in the caller's memory; its end makes a slot of it in the ring of
 * the thread that ends it.
 */
#include "fmd-record.h"

#include "clocks.h"
#include "flights.h"
#include "levels.h"
#include "lifecycle.h"
#include "allowed_headers.h"
#include "request_context.h"
#include "signals.h"
#include "thresholds.h"
#include "thrown.h"

#include <errno.h>
#include <string.h>

#define LIKELY(condition) __builtin_expect(!!(condition), 1)
#define NONE UINT64_MAX /* a time that is not known */

/* A request in flight. Fields have words of their own, not the bytes of the slot: a load
 * that spans several younger stores waits for the cache (4 ns). */
struct flight {
    uint64_t start_ns;
    uint64_t first_byte_ns, view_ns; /* durations, NONE while not known */
    uint64_t view_start_ns;          /* of the view that runs, NONE when none does */
    uint64_t group_hash, address_hash;
    uint32_t generation; /* of the recording that it was begun in, 0: none */
    uint32_t endpoint;
    uint32_t status, method, flags;
    uint32_t strings_lost; /* group, address: without room to define them */
    uint32_t number;       /* of its slot in flights.h, 0: not watched */
    uint32_t level;        /* that it was taken at */
};

_Static_assert(sizeof(struct flight) <= sizeof(struct fmd_request), "it fits");

static inline struct flight *flight_of(struct fmd_request *request)
{
    return (struct flight *)(void *)request;
}

static inline struct fmd__gate *gate(void)
{
    return &fmd__recorder.gate;
}

/* --- a thread's ring -----------------------------------------------------------------
 */

static inline void leave(void)
{
    atomic_store_explicit(&fmd__mine.seat->busy, 0, memory_order_release);
}

static __attribute__((noinline, cold)) struct fmd__producer *enter_first(bool *no_ring)
{
    int kept = errno;
    struct fmd__producer *producer = fmd__lifecycle_take(no_ring);

    errno = kept;
    return producer;
}

/* This thread's ring, busy until leave(); NULL when there is none or recording stopped.
 * The compiler must not move the gate's load above the store to busy; the processor may,
 * and fmd__lifecycle_stop() sees to that. */
static inline struct fmd__producer *enter(bool *no_ring)
{
    struct fmd__producer *producer = fmd__mine.producer;

    if (LIKELY(producer)) {
        atomic_store_explicit(&fmd__mine.seat->busy, 1, memory_order_relaxed);
        atomic_signal_fence(memory_order_seq_cst);
        if (LIKELY(atomic_load_explicit(&gate()->generation, memory_order_acquire) ==
                   fmd__mine.generation))
            return producer;
        leave();
    }
    return enter_first(no_ring);
}

/* Its ring is full: a free one instead, or the same when there is none to spare. */
static __attribute__((noinline, cold)) struct fmd__producer *
exchange(struct fmd__producer *full)
{
    struct fmd__producer *fresh = NULL;
    int kept = errno;

    if (fmd__lifecycle_visit()) {
        fmd__writer_start_thread(&fmd__recorder.writer); /* if it could not be had yet */
        fresh = fmd__pool_exchange(&fmd__recorder.pool, full);
        fmd__lifecycle_leave();
    }
    errno = kept;
    if (!fresh)
        return full;
    fmd__mine.producer = fresh;
    return fresh;
}

/* Room for need slots in *producer's ring, which may become another. */
static inline bool make_room(struct fmd__producer **producer, uint64_t *head,
                             uint32_t need)
{
    *head = atomic_load_explicit(&(*producer)->ring->head, memory_order_relaxed);
    if (LIKELY(fmd__ring_has_room(&fmd__recorder.pool, (*producer)->ring, *head, need)))
        return true;
    *producer = exchange(*producer);
    *head = atomic_load_explicit(&(*producer)->ring->head, memory_order_relaxed);
    return fmd__ring_has_room(&fmd__recorder.pool, (*producer)->ring, *head, need);
}

/* --- groups and addresses ------------------------------------------------------------
 */

_Static_assert(FMD__KNOWN_WAYS == 4, "is_known() looks at four");

static inline uint64_t *known_set(const struct fmd__producer *producer, uint64_t number)
{
    return producer->known + number % FMD__KNOWN_SETS * FMD__KNOWN_WAYS;
}

/* Without branches: which of the four it is cannot be predicted. */
static inline bool is_known(const uint64_t *set, uint64_t mark)
{
    return (set[0] == mark) | (set[1] == mark) | (set[2] == mark) | (set[3] == mark);
}

/* The oldest of the set goes, unless the other one has room. */
static void remember(uint64_t *set, uint64_t *other, uint64_t mark)
{
    if (set[FMD__KNOWN_WAYS - 1] && !other[FMD__KNOWN_WAYS - 1])
        set = other;
    memmove(set + 1, set, (FMD__KNOWN_WAYS - 1) * sizeof *set);
    set[0] = mark;
}

/* Sends a string that is not in its first set, unless it is in the other; false: no room.
 */
static __attribute__((noinline)) bool send_string(struct fmd__producer **producer,
                                                  uint64_t *set, uint8_t what,
                                                  uint64_t hash, uint64_t mark,
                                                  const char *bytes, uint32_t length)
{
    uint64_t head, *other = known_set(*producer, hash);
    uint32_t need = fmd__ring_string_slots(length);

    if (is_known(other, mark))
        return true;
    if (!make_room(producer, &head, need))
        return false;
    fmd__ring_put_string((*producer)->ring, head, (*producer)->mask, what, hash, bytes,
                         length);
    atomic_store_explicit(&(*producer)->ring->head, head + need, memory_order_release);
    remember(set, other, mark); /* an exchange of rings keeps the table */
    return true;
}

/* The hash under which the writer knows these bytes; 0 for none, or when it could not be
 * told. */
static inline __attribute__((always_inline)) uint64_t
string_hash(struct flight *flight, uint8_t what, const char *bytes, size_t size)
{
    uint32_t length =
        size < FMD__RING_STRING_BYTES ? (uint32_t)size : FMD__RING_STRING_BYTES;
    uint64_t halfway, hash, mark, *set;
    struct fmd__producer *producer;
    bool known, no_ring;

    if (length == 0 || flight->generation == 0)
        return 0;
    producer = enter(&no_ring);
    if (!producer)
        goto lost;
    halfway = fmd__hash_halfway(&gate()->key, bytes, length);
    set = known_set(producer, halfway);
    hash = fmd__hash_finish(&gate()->key, halfway, what, length);
    mark = hash ^ atomic_load_explicit(&gate()->strings_epoch, memory_order_relaxed);
    known = is_known(set, mark);
    if (!LIKELY(known))
        known = send_string(&producer, set, what, hash, mark, bytes, length);
    leave();
    if (known)
        return hash;
lost:
    flight->strings_lost++;
    return 0;
}

struct fmd__request_key fmd__request_key(const struct fmd_request *request)
{
    const struct flight *flight = (const struct flight *)(const void *)request;
    const uint32_t now = atomic_load_explicit(&gate()->generation, memory_order_relaxed);

    return (struct fmd__request_key){.start_ns =
                                         flight->generation == now ? flight->start_ns : 0,
                                     .endpoint = flight->endpoint};
}

/* Off the path: not through the thread's ring, which a thread of an event loop has not.
 */
void fmd__request_moved(const struct fmd_request *request)
{
    const struct flight *flight = (const struct flight *)(const void *)request;

    if (flight->number == 0 || !fmd__lifecycle_visit())
        return;
    if (flight->generation ==
        atomic_load_explicit(&gate()->generation, memory_order_relaxed))
        fmd__flights_move(fmd__recorder.pool.header, flight->number);
    fmd__lifecycle_leave();
}

/* --- levels 2 and 3: requests that are watched ------------------------------------- */

static struct fmd__takeoff takeoff_of(const struct flight *flight)
{
    return (struct fmd__takeoff){.start_ns = flight->start_ns,
                                 .endpoint = flight->endpoint,
                                 .level = flight->level,
                                 .method = flight->method,
                                 .group_hash = flight->group_hash,
                                 .address_hash = flight->address_hash};
}

/* At level 3 the watcher ticks while anybody is in flight; at level 2 it looks when a
 * request passes its threshold, if there is one. */
static void ring_watcher(const struct flight *flight)
{
    uint64_t threshold = fmd__threshold_of(flight->endpoint), wake_ns = UINT64_MAX;
    struct fmd__watch *watcher = &fmd__recorder.watch;
    int kept = errno;

    if (threshold)
        wake_ns = flight->start_ns + threshold;
    if (flight->level == 3)
        wake_ns = flight->start_ns +
                  atomic_load_explicit(&watcher->interval_ns, memory_order_relaxed);
    if (wake_ns != UINT64_MAX)
        fmd__watch_ring(watcher, wake_ns);
    errno = kept;
}

/* Flights need no ring: in a burst of new threads some have none until the writer has
 * made more. */
static bool enter_flights(bool *visiting)
{
    bool no_ring;

    *visiting = false;
    if (LIKELY(enter(&no_ring)))
        return true;
    *visiting = no_ring && fmd__lifecycle_visit();
    return *visiting;
}

static void leave_flights(bool visiting)
{
    if (visiting)
        fmd__lifecycle_leave();
    else
        leave();
}

/* Its endpoint is known now and at level 2 or above: takes a slot, if it has none. */
static __attribute__((noinline)) void watch(struct flight *flight, unsigned level)
{
    struct fmd__ring_header *header;
    struct fmd__takeoff takeoff;
    bool visiting;

    if (level < 2 || level > FMD__LEVEL_MAX || flight->endpoint == 0 ||
        !enter_flights(&visiting))
        return;
    if (flight->generation == fmd__mine.generation) {
        header = fmd__recorder.pool.header;
        flight->level = level;
        takeoff = takeoff_of(flight);
        if (flight->number)
            fmd__flights_note(header, flight->number, &takeoff);
        else
            flight->number = fmd__flights_take(header, &takeoff);
        if (flight->number)
            ring_watcher(flight);
    }
    leave_flights(visiting);
}

static __attribute__((noinline)) void tell_watcher(struct flight *flight)
{
    struct fmd__takeoff known = takeoff_of(flight);
    bool visiting;

    if (flight->generation == 0 || !enter_flights(&visiting))
        return;
    if (flight->generation == fmd__mine.generation)
        fmd__flights_note(fmd__recorder.pool.header, flight->number, &known);
    leave_flights(visiting);
}

void fmd_set_group(struct fmd_request *request, const char *bytes, size_t length)
{
    struct flight *flight = flight_of(request);

    flight->group_hash = string_hash(flight, FMD__DEFINE_GROUP, bytes, length);
    if (!LIKELY(flight->number == 0))
        tell_watcher(flight);
}

void fmd_set_address(struct fmd_request *request, const char *bytes, size_t length)
{
    struct flight *flight = flight_of(request);

    flight->address_hash = string_hash(flight, FMD__DEFINE_ADDRESS, bytes, length);
    if (!LIKELY(flight->number == 0))
        tell_watcher(flight);
}

/* Its flight may be written to until leave_flights(). */
static bool enter_flight(const struct flight *flight, bool *visiting)
{
    if (flight->number == 0 || flight->generation == 0 || !enter_flights(visiting))
        return false;
    if (flight->generation == fmd__mine.generation)
        return true;
    leave_flights(*visiting);
    return false;
}

int fmd_wants_context(const struct fmd_request *request)
{
    return ((const struct flight *)(const void *)request)->number != 0;
}

const char *fmd_header(unsigned index)
{
    return fmd__headers_name(index);
}

void fmd_set_path(struct fmd_request *request, const char *bytes, size_t length)
{
    struct flight *flight = flight_of(request);
    bool visiting;

    if (!enter_flight(flight, &visiting))
        return;
    fmd__context_set_path(fmd__recorder.pool.header, flight->number, bytes, length);
    leave_flights(visiting);
}

void fmd_set_header(struct fmd_request *request, const char *name, const char *value,
                    size_t length)
{
    struct flight *flight = flight_of(request);
    int index = flight->number ? fmd__headers_find(name) : -1;
    bool visiting;

    if (index < 0 || !enter_flight(flight, &visiting))
        return;
    fmd__context_set_header(flight->number, (uint32_t)index, value, length);
    leave_flights(visiting);
}

/* --- begin, annotate, end ------------------------------------------------------------
 */

static __attribute__((noinline, cold)) uint32_t wake(void)
{
    int kept = errno;
    uint32_t generation = fmd__lifecycle_wake();

    errno = kept;
    return generation;
}

void fmd_begin(struct fmd_request *request, uint32_t endpoint)
{
    struct flight *flight = flight_of(request);
    uint32_t generation = atomic_load_explicit(&gate()->generation, memory_order_relaxed);
    unsigned level = fmd__level_of(endpoint);

    if (!LIKELY(generation))
        generation = wake();
    *flight = (struct flight){.first_byte_ns = NONE,
                              .view_ns = NONE,
                              .view_start_ns = NONE,
                              .generation = generation,
                              .endpoint = endpoint};
    if (LIKELY(generation))
        flight->start_ns = fmd__now_ns();
    if (!LIKELY(level == 1) && generation)
        watch(flight, level);
}

void fmd_set_endpoint(struct fmd_request *request, uint32_t endpoint)
{
    struct flight *flight = flight_of(request);
    unsigned level = fmd__level_of(endpoint);

    flight->endpoint = endpoint;
    if (!LIKELY(level == 1 && flight->number == 0) && flight->generation)
        watch(flight, level);
}

void fmd_set_status(struct fmd_request *request, unsigned status)
{
    flight_of(request)->status = status <= UINT16_MAX ? status : 0;
}

void fmd_set_method(struct fmd_request *request, enum fmd_method method)
{
    flight_of(request)->method =
        (unsigned)method < FMD_METHODS ? method : FMD_METHOD_OTHER;
}

void fmd_set_flags(struct fmd_request *request, unsigned flags)
{
    flight_of(request)->flags |= flags;
}

void fmd_view_begin(struct fmd_request *request)
{
    struct flight *flight = flight_of(request);

    if (flight->generation)
        flight->view_start_ns = fmd__now_ns();
}

static void end_view(struct flight *flight, uint64_t now)
{
    if (flight->view_ns == NONE)
        flight->view_ns = 0;
    flight->view_ns += now - flight->view_start_ns;
    flight->view_start_ns = NONE;
}

void fmd_view_end(struct fmd_request *request)
{
    struct flight *flight = flight_of(request);

    if (flight->generation && flight->view_start_ns != NONE)
        end_view(flight, fmd__now_ns());
}

void fmd_first_byte(struct fmd_request *request)
{
    struct flight *flight = flight_of(request);

    if (flight->generation && flight->first_byte_ns == NONE)
        flight->first_byte_ns = fmd__now_ns() - flight->start_ns;
}

static void count_drop(struct fmd__ring_counts *counts, enum fmd_drop cause)
{
    fmd__count_one(&counts->issued);
    fmd__count_one(&counts->dropped[cause]);
}

/* Whoever ends it, on a thread with or without a ring: it is not in flight any more. */
static void free_flight(struct flight *flight, uint32_t generation)
{
    if (flight->number == 0 || !fmd__lifecycle_visit())
        return;
    if (generation == atomic_load_explicit(&gate()->generation, memory_order_relaxed))
        fmd__flights_give_back(fmd__recorder.pool.header, flight->number);
    fmd__lifecycle_leave();
    flight->number = 0;
}

/* It has no ring to go to: none was free, or it was begun in another recording. */
static __attribute__((noinline, cold)) void
end_elsewhere(struct flight *flight, uint32_t generation, bool no_ring)
{
    int kept = errno;

    if (no_ring)
        fmd__lifecycle_count_no_ring();
    else
        fmd__lifecycle_foreign_end(generation);
    free_flight(flight, generation);
    errno = kept;
}

/* Fills the slot at head and publishes all up to it. */
static inline void push(struct fmd__producer *producer, uint64_t head,
                        const struct flight *flight, uint64_t duration_ns)
{
    struct fmd__ring *ring = producer->ring;

    ring->slots[head & producer->mask].request = (struct fmd__slot_request){
        .kind = FMD__SLOT_REQUEST,
        .method = (uint8_t)flight->method,
        .flags = (uint8_t)flight->flags,
        .status = (uint16_t)flight->status,
        .endpoint = flight->endpoint,
        .start_ns = flight->start_ns,
        .duration_ns = duration_ns,
        .first_byte_ns = flight->first_byte_ns,
        .view_ns = flight->view_ns,
        .group_hash = flight->group_hash,
        .address_hash = flight->address_hash,
    };
    atomic_store_explicit(&ring->head, head + 1, memory_order_release);
    fmd__count_one(&ring->counts.issued);
    if (!LIKELY(flight->strings_lost == 0))
        atomic_store_explicit(
            &ring->counts.strings_lost,
            atomic_load_explicit(&ring->counts.strings_lost, memory_order_relaxed) +
                flight->strings_lost,
            memory_order_relaxed);
}

static __attribute__((noinline)) void count_full(struct fmd__producer *producer)
{
    count_drop(&producer->ring->counts,
               atomic_load_explicit(&gate()->write_failing, memory_order_relaxed)
                   ? FMD_DROP_WRITE_FAILED
                   : FMD_DROP_RING_FULL);
}

/* With what it took, in two slots that are published together; then its place is free:
 * who looks after a kill knows the request by its start. */
static __attribute__((noinline)) void
push_watched(struct fmd__producer *producer, struct flight *flight, uint64_t duration_ns)
{
    struct fmd__ring_header *header = fmd__recorder.pool.header;
    struct fmd__slot_detail detail;
    int kept = errno;
    uint64_t head;

    fmd__flights_measure(header, flight->number, duration_ns, &detail);
    if (detail.what & FMD__DETAIL_OUTLIER)
        fmd__context_tell(header, flight->number, flight->start_ns);
    if (make_room(&producer, &head, 2)) {
        producer->ring->slots[head & producer->mask].detail = detail;
        push(producer, head + 1, flight, duration_ns);
    } else {
        count_full(producer);
    }
    fmd__flights_give_back(header, flight->number);
    flight->number = 0;
    errno = kept;
}

/* Its endpoint is at level 0, or off. The thread takes a ring nevertheless: the first
 * that does starts the writer, which follows the configuration. */
static __attribute__((noinline)) void end_unrecorded(struct flight *flight,
                                                     unsigned level)
{
    uint32_t generation = flight->generation;
    bool no_ring = false, is_inside = enter(&no_ring) != NULL;

    flight->generation = 0;
    if (level == 0 && (no_ring || (is_inside && generation == fmd__mine.generation)))
        fmd__lifecycle_count_only(flight->endpoint, flight->start_ns, is_inside);
    free_flight(flight, generation);
    if (is_inside)
        leave();
}

void fmd_end(struct fmd_request *request)
{
    struct flight *flight = flight_of(request);
    uint32_t generation = flight->generation;
    unsigned level = fmd__level_of(flight->endpoint);
    struct fmd__producer *producer;
    bool no_ring = false;
    uint64_t now, head;

    if (generation == 0)
        return;
    if (!LIKELY(level - 1 < FMD__LEVEL_MAX)) {
        end_unrecorded(flight, level);
        return;
    }
    now = fmd__now_ns();
    flight->generation = 0;
    if (flight->view_start_ns != NONE)
        end_view(flight, now);
    producer = enter(&no_ring);
    if (!LIKELY(producer)) {
        end_elsewhere(flight, generation, no_ring);
        return;
    }
    if (!LIKELY(generation == fmd__mine.generation))
        end_elsewhere(flight, generation, false);
    else if (!LIKELY(flight->number == 0))
        push_watched(producer, flight, now - flight->start_ns);
    else if (LIKELY(make_room(&producer, &head, 1)))
        push(producer, head, flight, now - flight->start_ns);
    else
        count_full(producer);
    leave();
}

/* --- gauges --------------------------------------------------------------------------
 */

/* Belongs to the process, not to an endpoint or its level. The thread takes a ring,
 * though it needs none: the first that does starts the writer. */
void fmd_gauge(const char *name, double value)
{
    bool no_ring = false;

    if (!name ||
        (!atomic_load_explicit(&gate()->generation, memory_order_relaxed) && !wake()))
        return;
    if (enter(&no_ring)) {
        fmd__gauges_set(&fmd__recorder.gauges, fmd__recorder.pool.header, name, value);
        leave();
    } else if (no_ring && fmd__lifecycle_visit()) {
        fmd__gauges_set(&fmd__recorder.gauges, fmd__recorder.pool.header, name, value);
        fmd__lifecycle_leave();
    }
}

/* --- set-up --------------------------------------------------------------------------
 */

int fmd_start(const struct fmd_config *config)
{
    return fmd__lifecycle_start(config);
}

int fmd_stop(void)
{
    return fmd__lifecycle_stop();
}

int fmd_snapshot(void)
{
    struct fmd__signals signals;
    int result;

    fmd__signals_block(&signals);
    result = fmd__writer_flush(&fmd__recorder.writer);
    fmd__signals_restore(&signals);
    return result;
}

uint32_t fmd_endpoint(const char *name)
{
    return fmd_endpoint_of(NULL, NULL, name);
}

uint32_t fmd_endpoint_of(const char *application, const char *version, const char *name)
{
    return name ? fmd__lifecycle_endpoint(application, version, name) : 0;
}

void fmd_stats(struct fmd_stats *stats)
{
    struct fmd__stats all;

    fmd__lifecycle_stats(&all);
    memset(stats, 0, sizeof *stats);
    stats->issued = all.issued;
    stats->recorded = all.recorded;
    for (unsigned cause = 0; cause < FMD_DROP_CAUSES; cause++)
        stats->dropped[cause] = all.dropped[cause];
    stats->strings_lost = all.strings_lost;
    stats->writer_cpu_ns = all.writer_cpu_ns;
}

size_t fmd_trace_path(char *buffer, size_t size)
{
    return fmd__lifecycle_trace_path(buffer, size);
}
