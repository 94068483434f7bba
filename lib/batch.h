/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A batch: what goes to the trace in one write. Rows out of the rings become columns, and
 * the strings they need become definitions before them:
 *
 *   [segment] [definitions] [requests + the ring ranges they came from] [stats] [end]
 *   [segment] [definitions] [counts of endpoints at level 0] [stats]
 *   [segment] [definitions] [samples] [other entries of the journal] [stats]
 *
 * Promises: a string that was published before a request (on any ring) is found;
 * requests are in order of their start; rings' tails do not move until
 * fmd__batch_settle(), which the writer calls when the batch is in the file, so a kill at
 * any moment leaves each request in the trace, in the ring, or in both with a range that
 * says so. Built for up to 4096 requests a batch. Single-threaded.
 */
#ifndef FMD_BATCH_H
#define FMD_BATCH_H

#include "dictionary.h"
#include "exceptions.h"
#include "ring.h"
#include "thresholds.h"
#include "wire/block.h"
#include "wire/details.h"
#include "wire/samples.h"
#include "wire/requests.h"

#define FMD__BATCH_DEFINITION_BYTES (256u << 10)
#define FMD__BATCH_JOURNAL_BYTES (256u << 10)
/* More than the largest definition, an endpoint with the longest of names. */
#define FMD__BATCH_DEFINITION_MAX (20u << 10)
#define FMD__BATCH_OUT_BYTES                                                             \
    (FMD__BATCH_DEFINITION_BYTES + FMD__SAMPLES_BYTES_MAX + FMD__BATCH_JOURNAL_BYTES +   \
     FMD__REQUESTS_BOUND + FMD__DETAILS_BOUND + FMD__SEGMENT_BOUND + FMD__STATS_BOUND +  \
     4096)

struct fmd__row {
    uint64_t start_ns;
    const struct fmd__slot_request *request; /* in its ring */
    const struct fmd__slot_detail *detail;   /* too, or NULL */
    uint32_t endpoint, group, address;       /* ids in the segment */
};

/* Where the writer is in a ring. */
struct fmd__cursor {
    uint64_t head;    /* requests of this batch end here */
    uint64_t scanned; /* strings up to here are in the dictionary */
    uint64_t taken;   /* slots up to here are in this batch */
};

struct fmd__batch {
    struct fmd__pool *pool;
    struct fmd__dictionary *dictionary;
    const char *application, *version; /* of endpoints that name none */
    void *compressor;                  /* ZSTD_CCtx or NULL */

    /* of the segment */
    uint32_t segment;                    /* its serial, from 1; marks what is
                                            defined in it */
    uint32_t group_count, address_count; /* ids given out */
    uint32_t *endpoint_segments;         /* by endpoint number: serial of the
                                            segment it was last defined in */
    uint32_t endpoint_room;
    struct fmd__thresholds thresholds;
    uint32_t *code_segments; /* the same of code objects */
    uint32_t code_room;
    struct fmd__python_sampler *_Atomic *sampler; /* knows code objects; or NULL */
    struct fmd__exceptions *_Atomic *exceptions;  /* the same */
    uint64_t journal_end; /* entries before it are in this batch; 0: none */
    uint32_t counts_next; /* endpoint number that the next counts block begins with */

    /* of the batch */
    uint64_t sequence; /* of its next block */
    uint64_t monotonic_ns;
    int64_t utc_ns;
    uint32_t row_count, range_count, definition_count, strings_lost;
    uint64_t slot_count; /* taken: requests and strings */
    size_t definition_bytes, out_bytes;
    uint32_t first_ring; /* where taking starts, so that none starves */

    struct fmd__cursor cursors[FMD__RINGS_MAX];
    struct fmd__ring_range ranges[FMD__RINGS_MAX];
    struct fmd__row rows[FMD__BLOCK_REQUESTS_MAX], spare[FMD__BLOCK_REQUESTS_MAX];
    struct fmd__columns columns;
    struct fmd__details details;
    struct fmd__samples_writer samples;
    struct fmd__stack_frame frames[FMD__STACK_FRAMES_MAX];
    uint8_t samples_out[FMD__SAMPLES_BYTES_MAX];
    uint8_t journal_out[FMD__BATCH_JOURNAL_BYTES];
    uint8_t definitions[FMD__BATCH_DEFINITION_BYTES];
    uint8_t raw[FMD__REQUESTS_BOUND + FMD__DETAILS_BOUND];
    uint8_t out[FMD__BATCH_OUT_BYTES];
};

/* NULL without memory. sequence: of the stream's first block. */
struct fmd__batch *fmd__batch_new(struct fmd__pool *pool,
                                  struct fmd__dictionary *dictionary,
                                  const char *application, const char *version);
void fmd__batch_free(struct fmd__batch *batch);

/* From now on definitions are of a new segment. */
void fmd__batch_new_segment(struct fmd__batch *batch);
/* The segment has about as many strings as its readers are promised at most. */
bool fmd__batch_segment_full(const struct fmd__batch *batch);

/* Starts an empty batch whose blocks are numbered from sequence on. */
void fmd__batch_begin(struct fmd__batch *batch, uint64_t sequence);
/* Takes up to 4096 requests out of the rings (their tails stay) into a definitions and a
 * requests block. Once a batch. */
void fmd__batch_requests(struct fmd__batch *batch);
/* Takes the counts of as many endpoints as there is room for; counts_next is 0 when all
 * are told, else a further batch goes on. Once a batch. */
void fmd__batch_counts(struct fmd__batch *batch);
/* Takes entries out of the journal: samples, and all else. Once a batch. */
void fmd__batch_events(struct fmd__batch *batch);
/* All counts of endpoints, added up. */
uint64_t fmd__batch_counts_sum(const struct fmd__pool *pool);
void fmd__batch_segment(struct fmd__batch *batch, const struct fmd__segment *segment);
void fmd__batch_stats(struct fmd__batch *batch, const struct fmd__stats *stats);
void fmd__batch_end(struct fmd__batch *batch);

/* The batch is written: gives its slots back to their threads. */
void fmd__batch_settle(struct fmd__batch *batch);

#endif
