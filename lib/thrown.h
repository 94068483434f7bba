/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An exception that the application threw, on its way from a language's binding to the
 * recorder. The binding holds its interpreter's lock from begin to end, and runs nothing
 * of the application in between:
 *
 *   begin ─► frame, frame, ... ─► count ─► end                 of a kind that is known
 *   begin ─► frame, frame, ... ─► count ─► end ─► (message) ─► the same, with add
 *
 * Recorded at levels 1 to 3 of the request's endpoint, and outside of requests; there it
 * waits in the journal for the writer, which starts with the first request. Some
 * 0.2 us and 20 ns a frame; the first of a kind some 10 us.
 */
#ifndef FMD_THROWN_H
#define FMD_THROWN_H

#include "exceptions.h"
#include "fmd-record.h"

struct fmd__thrown {
    struct fmd__exception exception;
    struct fmd__exceptions *exceptions;
    struct fmd__stack_frame frames[FMD__EXCEPTION_FRAMES_MAX];
};

/* false: nothing is to be recorded, and end is not called. request NULL: none. type: its
 * name, borrowed until end. */
bool fmd__thrown_begin(struct fmd__thrown *thrown, const struct fmd_request *request,
                       struct fmd__text type, bool handled);
/* The next frame further in, at most FMD__EXCEPTION_FRAMES_MAX. code: of find_code and
 * add_code (exceptions.h), 0 for frames that are left out. */
void fmd__thrown_frame(struct fmd__thrown *thrown, uint32_t code, uint32_t offset);
bool fmd__thrown_find_code(struct fmd__thrown *thrown,
                           const struct fmd__code_identity *identity, uint32_t *number);
uint32_t fmd__thrown_add_code(struct fmd__thrown *thrown,
                              const struct fmd__code_identity *identity,
                              const struct fmd__python_code *code);
/* true: counted; false: it is the first of its kind, and wants its message. */
bool fmd__thrown_count(struct fmd__thrown *thrown);
/* message: scrubbed; copied. */
void fmd__thrown_add(struct fmd__thrown *thrown, struct fmd__text message);
void fmd__thrown_end(void);

/* Names request in entries of the journal; start_ns 0 when it is none of this recording.
 * Of recorder.c. */
struct fmd__request_key fmd__request_key(const struct fmd_request *request);

#endif
