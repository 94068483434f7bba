/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What was read of whom: one entry a process (stream), whichever files, archives and
 * segments its blocks come from. Promises that no request is counted twice and that what
 * is missing is told. Every call takes one lock and is a few comparisons: about one call
 * a block of 4096 requests, from a few threads; up to some 10^5 processes.
 */
#ifndef INPUT_LEDGER_H
#define INPUT_LEDGER_H

#include "wall_clocks.h"
#include "input.h"
#include "input_notes.h"
#include "spans.h"

#include "lib/wire/block.h"
#include "lib/wire/requests.h"
#include "lib/wire/segment.h"

struct ledger;
struct stream;

struct ledger *ledger_new(void);
void ledger_free(struct ledger *ledger);
struct notes *ledger_notes(struct ledger *ledger);

/* The stream that segment belongs to, made when it is new. Lives as long as the ledger.
 */
struct stream *ledger_stream(struct ledger *ledger, const struct fmd__segment *segment);
/* One for a file whose segment block is damaged; known by the first block that is not, so
 * that two copies of the file are one stream. */
struct stream *ledger_unknown_stream(struct ledger *ledger,
                                     const struct fmd__block *block);

/* Whose requests these are. Strings live as long as the ledger. */
const char *stream_host(const struct stream *stream);
const char *stream_run(const struct stream *stream);
uint64_t stream_process(const struct stream *stream);

/* Was this block claimed before? A cheap look that saves decoding. */
bool ledger_seen(struct ledger *ledger, const struct stream *stream,
                 const struct fmd__block *block);

/* Claims a decoded block's requests for the caller to add, and notes what it holds of
 * rings. False when another copy of the block was claimed before. */
bool ledger_claim(struct ledger *ledger, struct stream *stream,
                  const struct fmd__block *block, const struct fmd__ring_range *ranges,
                  uint32_t range_count);
/* A block without requests was met, whole or not. */
void ledger_met(struct ledger *ledger, struct stream *stream,
                const struct fmd__block *block);

/* Blocks first <= n < end of the stream could not be read. The note is made at the end,
 * when it is known what other copies gave. */
struct loss {
    struct stream *stream;
    struct note_place place;
    const char *file;    /* copied */
    const char *what;    /* "bad checksum"; a literal. NULL: told by the caller */
    uint64_t first, end; /* UINT64_MAX: not known; up to the neighbours that were read */
    bool counted;        /* requests is known, since the header is intact */
    uint64_t requests;
};
void ledger_lost(struct ledger *ledger, const struct loss *loss);
/* So much was met in a file, whether it could be read or not. */
void ledger_read(struct ledger *ledger, uint64_t traces, uint64_t blocks, uint64_t bytes);
/* A block that could not be read, told by the caller. */
void ledger_skipped(struct ledger *ledger);

/* The counts that a process stored, from any of its files in any order. */
void ledger_stats(struct ledger *ledger, struct stream *stream,
                  const struct fmd__stats *stats);
/* Segment number segment of the stream begins and ends with these anchors. */
void ledger_anchors(struct ledger *ledger, struct stream *stream, uint64_t segment,
                    const struct anchor *first, const struct anchor *last);

/* Notes a step of the wall clock between two anchors of the stream, if there is one. */
void ledger_clock_step(struct ledger *ledger, const struct stream *stream,
                       struct note_place place, const char *file,
                       const struct anchor *before, const struct anchor *after);

/* Strings of a stream by the hash that its rings carry, for requests found in a ring left
 * behind. Bounded: what does not fit is not found. */
void ledger_names(struct ledger *ledger, struct stream *stream, const uint8_t *payload,
                  size_t bytes);
const char *ledger_find_name(struct ledger *ledger, const struct stream *stream,
                             uint64_t hash, uint32_t *length);

/* Calls give for each ring of the stream: its records below end are in blocks. */
void ledger_rings(struct ledger *ledger, const struct stream *stream,
                  void (*give)(void *to, uint32_t ring_id, uint64_t end), void *to);
/* This record was recovered from a ring left behind. */
void ledger_recovered(struct ledger *ledger, struct stream *stream, uint32_t ring_id,
                      uint64_t sequence);
/* A number beyond those of all blocks of the stream. */
uint64_t ledger_next_sequence(struct ledger *ledger, const struct stream *stream);
/* count requests of the stream were recovered and added, between these moments. */
void ledger_count(struct ledger *ledger, struct stream *stream, uint64_t count,
                  int64_t first_utc_ns, int64_t last_utc_ns);

/* Files that others wrote. Requests as they are added, for progress too; then the file's
 * counts; and what its bytes are known by: two files of the same bytes are told. */
void ledger_count_rows(struct ledger *ledger, uint64_t requests);
void ledger_file_read(struct ledger *ledger, enum input_source source, uint64_t requests,
                      uint64_t bad);
void ledger_fingerprint(struct ledger *ledger, uint64_t place, const char *file,
                        uint64_t bytes, uint32_t checksum);

uint64_t ledger_requests(struct ledger *ledger); /* so far, for progress */

/* Everything was read: judges losses, gaps and clocks, and fills the report's counts of
 * streams, requests, recorder and hosts. */
void ledger_finish(struct ledger *ledger, struct input_report *report);

#endif
