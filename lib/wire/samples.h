/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Payload of a samples block: up to 4096 stack samples, each as what differs from the one
 * before. They may come in any order; thread by thread (or request by request) is four
 * times smaller before zstd and read three times as fast as in order of time. Built for
 * 100 samples a second of each request in flight.
 */
/*
 * Payload of a samples block: up to 4096 stack samples, each as what differs from the one
 * before: some 12 bytes a sample of a running service, less
 * after zstd. Built for 100 samples a second for
 * each request in flight; the reader walks 10^7 a second.
 */
#ifndef FMD_WIRE_SAMPLES_H
#define FMD_WIRE_SAMPLES_H

#include "entries.h"

#define FMD__BLOCK_SAMPLES_MAX 4096u
#define FMD__SAMPLES_BYTES_MAX (256u << 10) /* of a payload that is written */

/* Makes a payload. Fixed size, some 80 KiB; no allocation. */
struct fmd__samples_writer {
    uint8_t *out; /* FMD__SAMPLES_BYTES_MAX of room */
    uint8_t *at;
    uint32_t count, request_count, frame_count;
    uint64_t time_ns;
    uint32_t thread, interval_us;
    struct fmd__stack_frame frames[FMD__STACK_FRAMES_MAX]; /* of the last sample */
    struct fmd__request_key requests[FMD__BLOCK_SAMPLES_MAX];
};

void fmd__samples_begin(struct fmd__samples_writer *writer, uint8_t *out);
/* 0, or -1 when the block is full: finish it, begin another and add again. */
int fmd__samples_add(struct fmd__samples_writer *writer,
                     const struct fmd__sample *sample);
/* journal_end: where in the ring file's journal these samples end, 0 for none. Returns
 * the payload's bytes. */
size_t fmd__samples_finish(struct fmd__samples_writer *writer, uint64_t journal_end);

/* Reads a payload; also the state between two samples. */
struct fmd__samples_reader {
    const uint8_t *at, *end;
    uint32_t count, request_count, frame_count;
    uint32_t kept;        /* frames that the last sample shares with the one before it */
    uint64_t journal_end; /* set by open */
    uint64_t time_ns;
    uint32_t thread, interval_us;
    struct fmd__stack_frame frames[FMD__STACK_FRAMES_MAX];
    struct fmd__request_key requests[FMD__BLOCK_SAMPLES_MAX];
};

/* 0, or -1 when damaged. */
int fmd__samples_open(struct fmd__samples_reader *reader, const uint8_t *payload,
                      size_t size);
/* 1, 0 at the end, -1 when damaged. sample->frames is the reader's. Safe on any input. */
int fmd__samples_next(struct fmd__samples_reader *reader, struct fmd__sample *sample);

#endif
