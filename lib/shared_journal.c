/* SPDX-License-Identifier: Apache-2.0 */
/* See shared_journal.h. */
#include "shared_journal.h"

#include "bell.h"
#include "wire/journal.h"

#define TRIES 2000 /* some microseconds */

bool fmd__shared_journal_put(struct fmd__ring_header *header, const uint8_t *entry,
                             size_t length)
{
    struct fmd__journal *journal = fmd__ring_journal(header);
    uint64_t nobody = 0;
    bool done;

    if (!journal)
        return false;
    for (int tries = 0; !atomic_compare_exchange_weak_explicit(
             &journal->owners[0], &nobody, 1, memory_order_acquire, memory_order_relaxed);
         tries++) {
        if (tries == TRIES) {
            atomic_fetch_add_explicit(&journal->owners[1], 1, memory_order_relaxed);
            return false;
        }
        nobody = 0;
    }
    done = fmd__journal_put(journal, header->journal_room, entry, length) == 0;
    atomic_store_explicit(&journal->owners[0], 0, memory_order_release);
    if (fmd__shared_journal_is_short(header))
        fmd__bell_ring();
    return done;
}

bool fmd__shared_journal_is_short(struct fmd__ring_header *header)
{
    const struct fmd__journal *journal = fmd__ring_journal(header);

    return atomic_load_explicit(&journal->head, memory_order_relaxed) -
               atomic_load_explicit(&journal->tail, memory_order_relaxed) >
           header->journal_room / 4;
}
