/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Exceptions of the application, by type, frames and endpoint. The first of a kind goes
 * to the journal of the ring file at once, where it outlives a kill; those that follow
 * are counted; their number is told ten times a second at most, the rest by the writer
 * once a block (block_ms). So kill -9 loses none that comes seldom, and a tenth of a
 * second of a storm.
 *
 *   count ──known──► pending[kind]++ ──────────── tell (writer) ──► journal ──► trace
 *     │ new                                                             ▲
 *     └─► message asked for ─► add ─► codes it needs, entry of count 1 ─┘
 *
 * Promises: nobody waits; no occurrence is lost but by a kill, as above (the requests
 * themselves say that they failed). Bounded:
 * of more kinds than there is room for, only the number is told. Built for some kinds a
 * day and storms of 10^5 occurrences a second.
 *
 * All but tell: one thread at a time, as whoever holds the interpreter's lock is. Tell:
 * the writer, at the same time.
 */
#ifndef FMD_EXCEPTIONS_H
#define FMD_EXCEPTIONS_H

#include "keyed_hash.h"
#include "stacks/code_registry.h"
#include "wire/entries.h"
#include "wire/ringlayout.h"

#define FMD__EXCEPTION_FRAMES_MAX 128u
#define FMD__EXCEPTION_TYPE_BYTES 256u
#define FMD__EXCEPTION_MESSAGE_BYTES 512u

/* Numbers of code objects that exceptions name begin here: those below are the sampler's,
 * which reads without the interpreter's lock and so keeps a register of its own. */
#define FMD__EXCEPTION_CODES FMD__CODES_MAX

struct fmd__exceptions;

/* Bytes of UTF-8 that fit into room without cutting a character. */
size_t fmd__text_cut(const char *bytes, size_t length, size_t room);

/* key: of the process. NULL: no memory. A forked child does not have it. */
struct fmd__exceptions *fmd__exceptions_new(const struct fmd__hash_key *key);
void fmd__exceptions_free(struct fmd__exceptions *exceptions);

/* Counts one more; false when none of its type, frames, endpoint and handled is known. */
bool fmd__exceptions_count(struct fmd__exceptions *exceptions,
                           struct fmd__ring_header *header,
                           const struct fmd__exception *exception);
/* One that count did not know, now with its message, as an example for its kind. Type,
 * message and frames are cut to what is kept. */
void fmd__exceptions_add(struct fmd__exceptions *exceptions,
                         struct fmd__ring_header *header,
                         const struct fmd__exception *exception);

/* The number of a code object, for a frame. find: false where it is new; then add
 * describes it. 0: no room for it. */
bool fmd__exceptions_find_code(struct fmd__exceptions *exceptions,
                               const struct fmd__code_identity *identity,
                               uint32_t *number);
uint32_t fmd__exceptions_add_code(struct fmd__exceptions *exceptions,
                                  struct fmd__ring_header *header,
                                  const struct fmd__code_identity *identity,
                                  const struct fmd__python_code *code);
/* What a number stands for; NULL for those of others. Any thread. */
const struct fmd__python_code *
fmd__exceptions_code(const struct fmd__exceptions *exceptions, uint32_t number);

/* Puts what was counted since into the journal; false when the journal has no room for
 * all: once it was written, call again. */
bool fmd__exceptions_tell(struct fmd__exceptions *exceptions,
                          struct fmd__ring_header *header);

#endif
