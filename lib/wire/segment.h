/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Payload of a segment block: who wrote this file; and of a stats block: what was
 * counted. Both are lists of tagged fields, so that later writers can add some and old
 * readers skip them.
 */
#ifndef FMD_WIRE_SEGMENT_H
#define FMD_WIRE_SEGMENT_H

#include <stddef.h>
#include <stdint.h>

#define FMD__NAME_BYTES 256u /* terminated; longer names are cut */
#define FMD__DROP_CAUSES_MAX 16u

struct fmd__segment {
    uint8_t
        stream[16];  /* random, one a process: blocks of one stream have one sequence */
    uint64_t number; /* of this segment in its stream, from 0 */
    uint32_t pid;
    uint32_t parent_pid;
    int64_t started_utc_ns; /* the stream's start */
    uint64_t started_monotonic_ns;
    char host[FMD__NAME_BYTES];
    char container[FMD__NAME_BYTES]; /* id, or "" */
    char boot_id[FMD__NAME_BYTES];   /* same boot: monotonic clocks are comparable */
    char run[FMD__NAME_BYTES];
    char application[FMD__NAME_BYTES];
    char version[FMD__NAME_BYTES];
    char recorder[FMD__NAME_BYTES];    /* "fmd-record 0.1.0" */
    char interpreter[FMD__NAME_BYTES]; /* whose code objects these are: "cpython 3.11" */
};

/* Counts since the stream's start. */
struct fmd__stats {
    uint64_t issued, recorded;
    uint64_t dropped[FMD__DROP_CAUSES_MAX]; /* by enum fmd_drop */
    uint64_t strings_lost;
    uint64_t segments_deleted; /* by the disk limit */
    uint64_t requests_deleted; /* that were in them */
    uint64_t writer_cpu_ns;
    uint64_t clean_end; /* 1 in the last one before an END block */
    /* Files of other processes that this one deleted by the disk limit, and what those
     * had deleted before. */
    uint64_t others_segments_deleted, others_requests_deleted;
};

#define FMD__SEGMENT_BOUND (8u * FMD__NAME_BYTES + 256u)
#define FMD__STATS_BOUND 512u

#define FMD__STEM_BYTES 128u

/* Name that the stream's files have in common, terminated, into out[FMD__STEM_BYTES]:
 * "<application>-<pid>-<first 8 hex digits of stream>", the application cut at 48 and all
 * but letters, digits, '_' and '.' made '_'. Trace files are "<stem>-<number>.fmd" with
 * six digits of number, the ring left beside them is "<stem>.ring". Returns the length.
 */
size_t fmd__segment_stem(const struct fmd__segment *segment, char *out);

/* Payloads: encode writes at most the bound above and returns the bytes; decode gives 0,
 * or -1 when damaged. What a payload does not name is 0 or "". */
size_t fmd__segment_encode(const struct fmd__segment *segment, uint8_t *out);
int fmd__segment_decode(const uint8_t *payload, size_t size,
                        struct fmd__segment *segment);
size_t fmd__stats_encode(const struct fmd__stats *stats, uint8_t *out);
int fmd__stats_decode(const uint8_t *payload, size_t size, struct fmd__stats *stats);

#endif
