/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The writer: drains the rings into the trace, in a thread of its own or in the thread
 * that asks for a snapshot. Closes a block at 4096 requests or after block_ms, earlier
 * when rings run short; sleeps otherwise, the longer the less there is, until a thread
 * whose ring runs short wakes it (bell.h). When the trace cannot be written it says so
 * once, keeps what the rings hold and tries again each second. Follows the configuration
 * file (levels.h), if there is one, twice a second. Built for 1 to 10^6 requests a
 * second; at rest it wakes once a second.
 *
 * All calls but start_thread take the writer's lock themselves.
 */
#ifndef FMD_WRITER_H
#define FMD_WRITER_H

#include "background.h"
#include "batch.h"
#include "gate.h"
#include "gauge_table.h"
#include "settings.h"
#include "trace_files.h"
#include "watch.h"

#include <pthread.h>

struct fmd__writer {
    /* outlives the recording; all zero is unlocked */
    pthread_mutex_t lock;

    struct fmd__background background;
    bool stopping, open, told;

    const struct fmd__settings *settings;
    struct fmd__gate *gate;
    struct fmd__pool *pool;
    pthread_mutex_t *register_lock; /* of the levels */
    struct fmd__watch *watch;       /* for its code objects and counts */
    struct fmd__gauges *gauges;
    struct fmd__exceptions *_Atomic *exceptions;
    struct fmd__segment segment;
    struct fmd__trace_files files;
    struct fmd__dictionary dictionary;
    struct fmd__batch *batch; /* made with the first batch */

    uint64_t sequence;       /* of the stream's next block */
    uint64_t pending_since;  /* ns; none that waits is older; 0: none waits */
    uint64_t retry_ns;       /* not before; 0: writing works */
    uint64_t stats_ns;       /* when counts were last written */
    uint64_t leftovers_ns;   /* when the directory was last looked through */
    uint64_t losses_written; /* in the last counts */
    uint64_t counts_ns;      /* when counts of endpoints were last written */
    uint64_t counts_sum;     /* of what was written then */
    uint64_t events_ns;      /* when the journal was last written */
    uint64_t process_ns;     /* when the process was last described */
    uint64_t process_news;   /* what had been recorded then */
    uint64_t process_cpu_start_ns;
    uint64_t looked_ns;    /* when it last looked at the rings */
    uint64_t sleep_ns;     /* until the next look, unless it is rung for */
    uint64_t sleep_max_ns; /* of it, at rest */
    uint64_t seen_slots;   /* heads of all rings, added up, at the last look */
    uint64_t seen_no_ring; /* drops for want of a ring, at the last look */

    /* read by fmd_stats() */
    _Atomic uint64_t recorded, given_up, strings_lost, cpu_ns;
};

/* *writer is all zero or was closed. settings, gate and pool stay until close. */
void fmd__writer_open(struct fmd__writer *writer, const struct fmd__settings *settings,
                      struct fmd__gate *gate, struct fmd__pool *pool,
                      const struct fmd__segment *segment, pthread_mutex_t *register_lock);
/* Starts the thread if there is none; while it cannot be had (limits) snapshots write,
 * and a caller tries again. Any thread; not while it is being closed. */
void fmd__writer_start_thread(struct fmd__writer *writer);
/* Writes all that is published. 0 or a negative errno. */
int fmd__writer_flush(struct fmd__writer *writer);
/* Ends the thread, writes the rest and a clean end, frees. 0 or a negative errno; then
 * what could not be written is counted as dropped. */
int fmd__writer_close(struct fmd__writer *writer);

/* What the writer counts, not the rings. Any thread. */
void fmd__writer_stats(const struct fmd__writer *writer, struct fmd__stats *stats);

#endif
