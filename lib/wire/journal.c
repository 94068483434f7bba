/* SPDX-License-Identifier: Apache-2.0 */
/* Records in a mapped ring of bytes; see journal.h. */
#include "journal.h"

#include <string.h>

#define LENGTH_BYTES sizeof(uint32_t)

static uint64_t record_bytes(uint64_t length)
{
    return (LENGTH_BYTES + length + 7) & ~(uint64_t)7;
}

/* Bytes from position to the end of the area. */
static uint64_t room_ahead(uint64_t room, uint64_t position)
{
    return room - (position & (room - 1));
}

int fmd__journal_put(struct fmd__journal *journal, uint64_t room, const uint8_t *entry,
                     size_t length)
{
    uint64_t head = atomic_load_explicit(&journal->head, memory_order_relaxed);
    uint64_t bytes = record_bytes(length), ahead = room_ahead(room, head);
    uint64_t skipped = bytes > ahead ? ahead : 0;
    uint64_t tail = atomic_load_explicit(&journal->tail, memory_order_acquire);
    if (length == 0 || bytes > room / 2 || head + skipped + bytes - tail > room) {
        atomic_store_explicit(
            &journal->dropped,
            atomic_load_explicit(&journal->dropped, memory_order_relaxed) + 1,
            memory_order_relaxed);
        return -1;
    }
    uint8_t *at = journal->bytes + (head & (room - 1));
    if (skipped) {
        memset(at, 0, LENGTH_BYTES);
        head += skipped;
        at = journal->bytes;
    }
    uint32_t stored = (uint32_t)length;
    memset(at + bytes - 8, 0, 8);
    memcpy(at, &stored, LENGTH_BYTES);
    memcpy(at + LENGTH_BYTES, entry, length);
    atomic_store_explicit(&journal->head, head + bytes, memory_order_release);
    return 0;
}

int fmd__journal_next(const uint8_t *bytes, uint64_t room, uint64_t head,
                      uint64_t *position, const uint8_t **entry, uint32_t *length)
{
    while (*position != head) {
        uint64_t at = *position & (room - 1), ahead = room - at;
        if (*position % 8 || head - *position > room || ahead < 8)
            return -1;
        memcpy(length, bytes + at, LENGTH_BYTES);
        uint64_t size = *length ? record_bytes(*length) : ahead;
        if (size > ahead || size > head - *position)
            return -1;
        *position += size;
        if (*length) {
            *entry = bytes + at + LENGTH_BYTES;
            return 1;
        }
    }
    return 0;
}
