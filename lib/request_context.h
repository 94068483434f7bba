/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where a request in flight came from: the path of its URL, and the headers that are on
 * the allow-list. Kept beside its flight (flights.h); told to the journal only when the
 * request is an outlier, once, by the watcher while it lasts or by its own thread at its
 * end. The path is in its flight besides, where a kill leaves it.
 *
 *   fmd_set_path, fmd_set_header ──► items of the flight ──outlier: scrubbed──► journal
 *
 * Promises: nothing gets into ring file or trace that is not on the list and was not
 * scrubbed (scrub.h), and no header whose name tells a secret, whatever the list says.
 * The path is scrubbed when it is set, since it goes into the ring file; headers wait in
 * the process's own memory as they came, and are scrubbed when they are told. Allocates
 * nothing and takes no lock: items are only appended, by the request's own thread, and
 * published by the length. Built for a path and half a dozen headers a request, 10^5
 * requests a second.
 */
#ifndef FMD_REQUEST_CONTEXT_H
#define FMD_REQUEST_CONTEXT_H

#include "wire/entries.h"
#include "wire/ringlayout.h"

#include <stdbool.h>

#define FMD__CONTEXT_VALUE_BYTES 255u

/* A request took this flight: it has no context yet. */
void fmd__context_begin(uint32_t number);
/* The request's own thread; the first of each counts. */
void fmd__context_set_path(struct fmd__ring_header *header, uint32_t number,
                           const char *bytes, size_t length);
void fmd__context_set_header(uint32_t number, uint32_t index, const char *value,
                             size_t length);
/* Writes what is known into the journal, unless that was done. Any thread inside; only
 * while the flight is the request's that began at start_ns. */
void fmd__context_tell(struct fmd__ring_header *header, uint32_t number,
                       uint64_t start_ns);

#endif
