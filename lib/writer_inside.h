/* SPDX-License-Identifier: Apache-2.0 */
/* What the writer's two files share: writer.c decides when, writer_batches.c writes. All
 * under the writer's lock. */
#ifndef FMD_WRITER_INSIDE_H
#define FMD_WRITER_INSIDE_H

#include "writer.h"

typedef void fmd__fill_batch(struct fmd__batch *batch);

/* Writes a batch of what fill puts in: up to 4096 requests, counts. In the next segment
 * where this one has grown as large as the process may make files. 0 or a negative errno.
 */
int fmd__writer_write_batch(struct fmd__writer *writer, fmd__fill_batch *fill);

/* Ends the open segment, if any, with counts and an end mark; as good as it can be had.
 */
void fmd__writer_end_segment(struct fmd__writer *writer, bool clean_end);

/* For the analyzer that finds our ring after a kill. */
void fmd__writer_store_state(struct fmd__writer *writer, uint64_t monotonic_ns,
                             int64_t utc_ns);

static inline uint64_t fmd__count_of(const _Atomic uint64_t *counter)
{
    return atomic_load_explicit(counter, memory_order_relaxed);
}

static inline void fmd__count_more(_Atomic uint64_t *counter, uint64_t more)
{
    atomic_fetch_add_explicit(counter, more, memory_order_relaxed);
}

#endif
