/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Requests in flight at levels 2 and 3, in the ring file: who looks from outside (the
 * watcher, or the analyzer after a kill) sees what runs and since when. And what a
 * request took of the machine, measured at its begin and end with two system calls each.
 *
 * A slot is bound to a request, not to a thread. Taking one is lock-free and allocates
 * nothing; without a free one a request is recorded as at level 1, and counted. Only
 * between enter and leave of the request path.
 */
#ifndef FMD_FLIGHTS_H
#define FMD_FLIGHTS_H

#include "wire/ringlayout.h"

#define FMD__FLIGHTS 512u

/* What is known of a request when it takes off. */
struct fmd__takeoff {
    uint64_t start_ns;
    uint32_t endpoint;
    unsigned level, method;
    uint64_t group_hash, address_hash;
};

/* All slots of a fresh ring file are free. */
void fmd__flights_open(struct fmd__ring_header *header);
/* How many slots were ever taken: the watcher looks at no others. */
uint32_t fmd__flights_used(void);
/* Requests that found none. */
uint64_t fmd__flights_missed(void);

/* The flight's number from 1, or 0 when none is free. */
uint32_t fmd__flights_take(struct fmd__ring_header *header,
                           const struct fmd__takeoff *takeoff);
/* What has become known since. */
void fmd__flights_note(struct fmd__ring_header *header, uint32_t number,
                       const struct fmd__takeoff *known);
/* The path of its URL, scrubbed; cut at FMD__FLIGHT_PATH_BYTES. */
void fmd__flights_set_path(struct fmd__ring_header *header, uint32_t number,
                           const char *bytes, size_t length);
/* What it took until now, as a slot for the ring; duration_ns decides whether it was an
 * outlier. */
void fmd__flights_measure(struct fmd__ring_header *header, uint32_t number,
                          uint64_t duration_ns, struct fmd__slot_detail *detail);
/* The request goes on in the calling thread. */
void fmd__flights_move(struct fmd__ring_header *header, uint32_t number);
void fmd__flights_give_back(struct fmd__ring_header *header, uint32_t number);

/* The flight's owner words. */
enum fmd__flight_owner {
    FMD__FLIGHT_CPU,      /* ns of the thread at take */
    FMD__FLIGHT_SWITCHES, /* two counts in each: voluntary, involuntary */
    FMD__FLIGHT_FAULTS,   /* minor, major */
    FMD__FLIGHT_BLOCKS,   /* reads, writes */
    FMD__FLIGHT_PYTHON    /* four words: struct fmd__python_thread */
};

struct fmd_request;
/* For bindings: the request, whichever, goes on in the calling thread. Of recorder.c. */
void fmd__request_moved(const struct fmd_request *request);

#endif
