/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Gauges: numbers that the application tells about itself, by name. They go to the
 * journal of the ring file, so that a kill leaves them.
 *
 *   fmd_gauge ──► slot of its name ──once a tenth of a second──► journal
 *                      └──the writer: what was set since, if it is the last──^
 *
 * Promises: a call never waits and allocates nothing; it makes no system call but one
 * that wakes the writer when the journal fills. A name writes ten values a second at
 * most, however often it is set, so gauges never push samples out of the journal; the
 * last one is always written (a kill may lose it, when it is younger than block_ms). What
 * is not written is counted. Built for some dozen names, set up to 10^6 times a second by
 * any number of threads.
 */
#ifndef FMD_GAUGE_TABLE_H
#define FMD_GAUGE_TABLE_H

#include "wire/ringlayout.h"

#include <stdbool.h>

#define FMD__GAUGES 256u           /* names */
#define FMD__GAUGE_NAME_BYTES 120u /* longer names are cut */

/* One name. */
struct fmd__gauge_slot {
    _Alignas(64) _Atomic uint32_t named; /* 0 no, 1 being named, 2: hash to name stay */
    uint32_t length;
    uint64_t hash;
    char name[FMD__GAUGE_NAME_BYTES];
    _Atomic uint64_t sets;                    /* how often it was set */
    _Atomic uint64_t latest_bits, latest_ns;  /* stored before sets is counted */
    _Atomic uint64_t open_ns;                 /* from then on a value may be written */
    _Atomic uint32_t busy;                    /* somebody writes; of the two below */
    _Atomic uint64_t written, written_at_set; /* how many, and which was the last */
};

/* All zero is empty. */
struct fmd__gauges {
    _Atomic uint64_t lost; /* no finite number, no name, or a name too many */
    struct fmd__gauge_slot slots[FMD__GAUGES];
};

/* Any thread that is inside. */
void fmd__gauges_set(struct fmd__gauges *gauges, struct fmd__ring_header *header,
                     const char *name, double value);
/* Writes the last values that are not written yet. The writer. */
void fmd__gauges_flush(struct fmd__gauges *gauges, struct fmd__ring_header *header);
/* Values that were set and not written, since a later one of the same name was. */
uint64_t fmd__gauges_coalesced(const struct fmd__gauges *gauges);

#endif
