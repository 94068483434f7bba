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
#include "definitions.h"
#include "segment.h"

#include <stddef.h>
#include <stdint.h>

enum fmd__slot_kind { FMD__SLOT_REQUEST = 1, FMD__SLOT_STRING = 2, FMD__SLOT_PIECE = 3 };

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

/* Rings that the file should hold but that cannot be read: cut off, or counters that no
 * recorder writes. */
uint32_t fmd__ringfile_damaged(const struct fmd__ringfile *file);

/* The clock anchor and the last counts that the process stored: by its writer, its rings
 * and its threads without a ring, added up. 0 where it stored none. */
void fmd__ringfile_anchor(const struct fmd__ringfile *file, uint64_t *monotonic_ns,
                          int64_t *utc_ns);
void fmd__ringfile_stats(const struct fmd__ringfile *file, struct fmd__stats *stats);

#endif
