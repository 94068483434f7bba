/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Start, fork, stop, exit: when the recorder records, and what it may touch. All that
 * belongs to one process stands in one struct on pages that read as zeros in a forked
 * child (MADV_WIPEONFORK), however the child was made: gate closed, locks free, no pool,
 * no writer. The child opens its own at its first event; until then it costs nothing.
 *
 *   armed --first event, or fmd_start--> open --fmd_stop, exit--> closed
 *     ^------------------ fork ------------'
 *
 * Stopping waits for those inside: threads are busy during a call on the request path
 * (a plain store; the stopper makes it visible with membarrier), slow paths count
 * themselves as visitors.
 */
#ifndef FMD_LIFECYCLE_H
#define FMD_LIFECYCLE_H

#include "exceptions.h"
#include "gate.h"
#include "gauge_table.h"
#include "ring.h"
#include "watch.h"
#include "writer.h"

/* What an endless wait is cut at when a process exits in the middle of a call. */
#define FMD__STOP_WAIT_NS UINT64_C(200000000)

struct fmd__recorder {
    _Alignas(4096) struct fmd__gate gate;
    _Atomic uint32_t visitors;     /* threads in slow paths that use the pool */
    _Atomic uint64_t forked_ends;  /* in a child: ends of the parent's requests */
    pthread_mutex_t lock;          /* of start, stop and the child's opening */
    pthread_mutex_t register_lock; /* of the endpoint register and the levels */
    struct fmd__pool pool;
    struct fmd__writer writer;
    struct fmd__watch watch;
    struct fmd__exceptions *_Atomic exceptions; /* NULL before the first */
    struct fmd__gauges gauges;
};

extern struct fmd__recorder fmd__recorder;

/* Where a thread says that it is inside a call. A thread keeps its seat until it exits,
 * through stop and start: only so is busy never anybody else's. */
struct fmd__seat {
    _Alignas(64) _Atomic uint32_t busy; /* 1 inside a call; stored by the thread alone */
};

#define FMD__SEATS FMD__RINGS_MAX /* threads without a seat have no ring either */

/* This thread's ring and the generation that it was taken in, and its seat. */
struct fmd__mine {
    struct fmd__producer *producer;
    struct fmd__seat *seat; /* never NULL when producer is not */
    uint32_t generation;
};

/* initial-exec: no call and no allocation, in a plugin either. */
extern _Thread_local struct fmd__mine fmd__mine
    __attribute__((tls_model("initial-exec")));

int fmd__lifecycle_start(const struct fmd_config *config);
int fmd__lifecycle_stop(void);

/* The gate is closed: the new generation if this is a child, which is then opened, else
 * 0. */
uint32_t fmd__lifecycle_wake(void);
/* A request of another generation ended: counts it if it was begun before a fork. */
void fmd__lifecycle_foreign_end(uint32_t generation);

/* A request of level 0: counts it in the ring file. is_inside: the thread is busy. */
void fmd__lifecycle_count_only(uint32_t endpoint, uint64_t now_ns, bool is_inside);

/* A request ended on a thread that found no free ring. */
void fmd__lifecycle_count_no_ring(void);
/* fmd_endpoint_of(), and into the ring file, where a kill leaves it. */
uint32_t fmd__lifecycle_endpoint(const char *application, const char *version,
                                 const char *name);
size_t fmd__lifecycle_trace_path(char *buffer, size_t size);

/* Between the two the pool stays mapped, if visit says true. */
bool fmd__lifecycle_visit(void);
void fmd__lifecycle_leave(void);

/* A ring for this thread, which has none of the present generation; the thread is marked
 * busy. NULL when recording has stopped or there is no ring; *no_ring says that. Starts
 * the writer's thread if there is none. */
struct fmd__producer *fmd__lifecycle_take(bool *no_ring);

/* Counts of this process since its start, while it records and after. */
void fmd__lifecycle_stats(struct fmd__stats *stats);

#endif
