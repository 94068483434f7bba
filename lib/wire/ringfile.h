/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The mapped file that holds the rings of one process, as it is found after a kill: what
 * the recorder stores in and what recovery reads. FORMAT.md has the bytes.
 *
 *   header page | ring 0: control lines, slots | ring 1 | ...
 *
 * A slot is one 64-byte cache line: a request, or a piece of a string definition. Group
 * and address are 64-bit keyed hashes of their bytes; their definitions are either in the
 * rings still, or in a trace file of the same stream (definitions.h carries the hash).
 */
#ifndef FMD_WIRE_RINGFILE_H
#define FMD_WIRE_RINGFILE_H

#include "columns.h"
#include "counts.h"
#include "definitions.h"
#include "entries.h"
#include "segment.h"

#include <stddef.h>
#include <stdint.h>

enum fmd__slot_kind {
    FMD__SLOT_REQUEST = 1,
    FMD__SLOT_STRING = 2,
    FMD__SLOT_PIECE = 3,
    FMD__SLOT_DETAIL = 4 /* of the request in the next slot, published with it */
};

/* 64 bytes, native byte order (the file is only read on the machine kind that wrote it).
 */
struct fmd__slot_request {
    uint8_t kind; /* FMD__SLOT_REQUEST */
    uint8_t method;
    uint8_t flags;
    uint8_t reserved;
    uint16_t status;
    uint16_t reserved2;
    uint32_t endpoint; /* number of the process; its definition: see FORMAT.md */
    uint32_t reserved3;
    uint64_t start_ns, duration_ns, first_byte_ns, view_ns;
    uint64_t group_hash, address_hash; /* 0: none */
};

/* As struct fmd__details has it; counts stick at UINT32_MAX. */
struct fmd__slot_detail {
    uint8_t kind; /* FMD__SLOT_DETAIL */
    uint8_t what; /* enum fmd__detail_what */
    uint16_t reserved;
    uint32_t reserved2;
    uint64_t cpu_ns, threshold_ns;
    uint32_t voluntary_switches, involuntary_switches;
    uint32_t minor_faults, major_faults;
    uint32_t block_reads, block_writes;
    uint64_t reserved3[2];
};

/* Reading a ring file that its process left behind. Bounds-checked on any input. */
struct fmd__ringfile;

/* Opens over bytes (kept by the caller until close). NULL when it is no ring file, of a
 * newer version, or damaged beyond use: *why says so. */
struct fmd__ringfile *fmd__ringfile_open(const uint8_t *bytes, size_t size,
                                         const char **why);
void fmd__ringfile_close(struct fmd__ringfile *file);

/* Whose it is. stream names the trace files whose blocks carry this process's ring
 * ranges. */
const struct fmd__segment *fmd__ringfile_segment(const struct fmd__ringfile *file);

/* Says that a trace file already holds ring_id's records first..last. Call for every
 * range of every block of the stream before the first fmd__ringfile_next. */
void fmd__ringfile_consumed(struct fmd__ringfile *file, uint32_t ring_id, uint64_t first,
                            uint64_t last);

/* Calls give for each definition found in the ring file: endpoints by number, groups and
 * addresses by hash (id 0). Strings last until give returns. */
void fmd__ringfile_definitions(struct fmd__ringfile *file,
                               void (*give)(void *to,
                                            const struct fmd__definition *definition),
                               void *to);

/* One published request not yet consumed, in order of ring and sequence. 1, or 0 at the
 * end. */
int fmd__ringfile_next(struct fmd__ringfile *file, struct fmd__slot_request *request,
                       uint32_t *ring_id, uint64_t *sequence);
/* The detail of the request that fmd__ringfile_next gave last; all 0 when it had none. */
void fmd__ringfile_detail(const struct fmd__ringfile *file,
                          struct fmd__slot_detail *detail);

/* Says that blocks of the stream hold the journal's entries before end: its samples
 * (samples_end of samples blocks) and all else (of journal blocks). Call with the largest
 * of each before the first fmd__ringfile_entry. */
void fmd__ringfile_journal_consumed(struct fmd__ringfile *file, uint64_t samples_end,
                                    uint64_t entries_end);
/* One published entry that no block has, in order; definitions always. Strings point into
 * the file's bytes, frames into frames (FMD__STACK_FRAMES_MAX). 1, or 0 at the end. A
 * damaged journal ends there and counts as damage. */
int fmd__ringfile_entry(struct fmd__ringfile *file, struct fmd__journal_entry *entry,
                        struct fmd__stack_frame *frames);

/* One request that was in flight when the process ended, from *slot (0 to begin) on,
 * which moves. Requests that were published just before are left out. 1, or 0 at the end.
 * path points into path (FMD__FLIGHT_PATH_BYTES). */
#define FMD__FLIGHT_PATH_BYTES 128u
int fmd__ringfile_unfinished(const struct fmd__ringfile *file, uint32_t *slot,
                             struct fmd__unfinished *unfinished,
                             char path[FMD__FLIGHT_PATH_BYTES]);

/* What was counted without being recorded, from *endpoint (0 to begin) on. 1, or 0 at the
 * end. Cumulative: takes the place of what the stream's counts blocks say. */
int fmd__ringfile_count(const struct fmd__ringfile *file, uint32_t *endpoint,
                        struct fmd__endpoint_count *count);

/* Rings that the file should hold but that cannot be read: cut off, or counters that no
 * recorder writes. */
uint32_t fmd__ringfile_damaged(const struct fmd__ringfile *file);

/* The clock anchor and the last counts that the process stored: by its writer, its rings
 * and its threads without a ring, added up. 0 where it stored none. */
void fmd__ringfile_anchor(const struct fmd__ringfile *file, uint64_t *monotonic_ns,
                          int64_t *utc_ns);
void fmd__ringfile_stats(const struct fmd__ringfile *file, struct fmd__stats *stats);

#endif
