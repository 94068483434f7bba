/* SPDX-License-Identifier: Apache-2.0 */
/* The journal in the ring file, into which any thread of the process may put entries. */
#ifndef FMD_SHARED_JOURNAL_H
#define FMD_SHARED_JOURNAL_H

#include "wire/ringlayout.h"

#include <stdbool.h>

/* Appends an encoded entry to the ring file's journal; never waits: dropped and counted
 * when others are at it for too long, or it is full. Any thread inside. */
bool fmd__shared_journal_put(struct fmd__ring_header *header, const uint8_t *entry,
                             size_t length);
/* More than a quarter of it waits: then the writer is rung for. */
bool fmd__shared_journal_is_short(struct fmd__ring_header *header);

#endif
