/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Format "fmd trace": bytes in, chunks of whole request blocks out. Reads headers and
 * definitions only; payloads are checked and decoded by the workers (decoder.h), who own
 * a chunk while the next one is read. Damage is stepped over at the next sync word and
 * noted. About 0.05 ns a request when the bytes are there.
 */
#ifndef INPUT_TRACE_H
#define INPUT_TRACE_H

#include "leaf.h"
#include "ledger.h"

#include "lib/wire/block.h"

#include <stdatomic.h>

/* Payloads of definitions blocks in their order: written once by the reader, then
 * followed by the workers as far as a block says. */
struct definitions {
    struct definitions *next;
    uint32_t bytes;
    uint8_t payload[];
};

/* One trace: from a segment block to the next, or to the end of its file. Held by the
 * reader, by each chunk of it, and by each worker that has its numbers mapped. */
struct trace {
    _Atomic unsigned holders;
    char *name;
    uint64_t place; /* of its file in the input */
    struct stream *stream;
    struct definitions *first, *last; /* last is the reader's */
    _Atomic uint64_t duplicate_blocks, duplicate_requests;
    struct notes *notes;
};

void trace_release(struct trace *trace); /* NULL is fine */

/* A block of requests, or of what comes beside them, in a chunk. */
struct chunk_block {
    struct fmd__block header;
    const uint8_t *bytes;            /* of the whole block, in the chunk */
    const struct definitions *known; /* definitions up to here come before it */
    uint64_t number;                 /* in its file, from 1, for people */
};

enum { CHUNK_BYTES = 1 << 20, CHUNK_BLOCKS = 1024 };

struct rows;

/* Memory of a worker, filled again and again: with blocks of a trace or with rows. */
struct chunk {
    struct trace *trace; /* held; NULL: not of a trace */
    uint8_t *bytes;      /* room for CHUNK_BYTES and a block on top */
    struct chunk_block *blocks;
    size_t block_count;
    struct rows *rows; /* held; NULL: not of rows */
    size_t row_bytes;
    uint64_t row_chunk, row_offset; /* number of the chunk and its place in the file */
};

void chunk_init(struct chunk *chunk);
/* Holds nothing any more. */
void chunk_clear(struct chunk *chunk);
void chunk_release(struct chunk *chunk);

/* Reads a file of traces. */
struct trace_reader;
struct trace_reader *trace_reader_new(struct leaf *leaf, struct ledger *ledger);
/* Fills the chunk: 1, or 0 at the end. */
int trace_reader_next(struct trace_reader *reader, struct chunk *chunk);
void trace_reader_free(struct trace_reader *reader);

#endif
