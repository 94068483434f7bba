/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The watcher: one thread for all requests in flight at levels 2 and 3. It marks those
 * that pass their threshold and samples their Python stacks until they end, the rarer the
 * longer they last; at level 3 it samples every request, 100 times a second. Where that
 * would take more than 1 % of a core both become rarer (pace.h). Samples go to the
 * journal of the ring file, where they outlive a kill; the writer takes them into the
 * trace.
 *
 *   fmd_begin ──bell──► asleep until the next deadline or tick ──► flights ──► journal
 *
 * Promises: while nothing is in flight it does not wake; a request rings (one system
 * call) only when it wants to be looked at earlier than is planned. Without a thread or
 * memory requests are recorded without samples; so they are in a Python whose stacks
 * cannot be read, which is said once on stderr.
 */
#ifndef FMD_WATCH_H
#define FMD_WATCH_H

#include "background.h"
#include "flights.h"
#include "pace.h"

struct fmd__python_sampler;
struct fmd__python_code;

/* What the watcher knows of a flight between two looks. */
struct fmd__watched {
    uint64_t start_ns;       /* of the request it is about */
    uint64_t next_sample_ns; /* as an outlier */
    uint64_t last_sample_ns; /* as an outlier; 0: none yet */
    uint64_t cpu_ns;         /* of its thread, at the last sample */
};

struct fmd__watch {
    struct fmd__background background;
    _Atomic bool stopping;
    _Atomic uint32_t bell;
    _Atomic uint64_t next_ns; /* when it looks next; UINT64_MAX: not planned */
    _Atomic uint64_t interval_ns;
    struct fmd__ring_header *header;
    struct fmd__python_sampler *_Atomic sampler;
    uint8_t *entry; /* room for one; NULL: no memory */
    struct fmd__pace pace;
    uint64_t tick_ns;  /* when the next is due */
    uint32_t outliers; /* at the last look */
    uint32_t first;    /* flight that the next look begins with */
    bool was_idle;     /* nothing was in flight at the last look */
    uint32_t codes_told;
    _Atomic uint64_t cpu_ns; /* of its thread, when the last look ended */
    _Atomic uint64_t ticks, late_ticks, samples, rejected;
    struct fmd__watched watched[FMD__FLIGHTS];
    uint16_t profiled[FMD__FLIGHTS]; /* flights at level 3, of this look */
};

/* Not while its thread runs. */
void fmd__watch_open(struct fmd__watch *watch, struct fmd__ring_header *header);
/* A request took off that wants to be looked at by wake_ns. Starts the thread. */
void fmd__watch_ring(struct fmd__watch *watch, uint64_t wake_ns);
/* Ends the thread. Nobody may ring any more. */
void fmd__watch_close(struct fmd__watch *watch);
/* After the last use of code numbers. */
void fmd__watch_release(struct fmd__watch *watch);

/* A code object as traces and journals have it; strings are borrowed. */
void fmd__watch_describe_code(const struct fmd__python_code *code, uint32_t number,
                              struct fmd__definition *definition);

#endif
