/* SPDX-License-Identifier: Apache-2.0 */
/* See gauge_table.h. */
#include "gauge_table.h"

#include "clocks.h"
#include "shared_journal.h"
#include "wire/entries.h"

#include <math.h>
#include <string.h>

#define WINDOW_NS UINT64_C(100000000)
#define TRIES 10000

enum { NOT_NAMED, BEING_NAMED, NAMED };

static uint64_t load(const _Atomic uint64_t *word)
{
    return atomic_load_explicit(word, memory_order_relaxed);
}

static void store(_Atomic uint64_t *word, uint64_t value)
{
    atomic_store_explicit(word, value, memory_order_relaxed);
}

/* --- names -------------------------------------------------------------------------- */

/* FNV-1a: names are the application's own, nobody makes them collide. */
static uint64_t hash_of(const char *name, size_t length)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);

    for (size_t i = 0; i < length; i++)
        hash = (hash ^ (uint8_t)name[i]) * UINT64_C(0x100000001b3);
    return hash;
}

/* Gives an empty slot this name; or waits for who is doing so with another or the same.
 * false: not in time. */
static bool settle_name(struct fmd__gauge_slot *slot, uint64_t hash, const char *name,
                        size_t length)
{
    uint32_t state = NOT_NAMED;

    if (atomic_compare_exchange_strong_explicit(&slot->named, &state, BEING_NAMED,
                                                memory_order_acquire,
                                                memory_order_acquire)) {
        slot->hash = hash;
        slot->length = (uint32_t)length;
        memcpy(slot->name, name, length);
        atomic_store_explicit(&slot->named, NAMED, memory_order_release);
        return true;
    }
    for (int tries = 0; state != NAMED && tries < TRIES; tries++)
        state = atomic_load_explicit(&slot->named, memory_order_acquire);
    return state == NAMED;
}

/* The slot of a name, which may be new; NULL when there is none. A slot keeps its name
 * for good, so a name is found where it was put. */
static struct fmd__gauge_slot *find(struct fmd__gauges *gauges, const char *name,
                                    size_t length)
{
    uint64_t hash = hash_of(name, length);

    for (uint32_t i = 0; i < FMD__GAUGES; i++) {
        struct fmd__gauge_slot *slot = &gauges->slots[(hash + i) % FMD__GAUGES];

        if (atomic_load_explicit(&slot->named, memory_order_acquire) != NAMED &&
            !settle_name(slot, hash, name, length))
            return NULL;
        if (slot->hash == hash && slot->length == length &&
            memcmp(slot->name, name, length) == 0)
            return slot;
    }
    return NULL;
}

/* --- values ------------------------------------------------------------------------- */

static void put(struct fmd__ring_header *header, const struct fmd__gauge_slot *slot)
{
    struct fmd__journal_entry entry = {.kind = FMD__ENTRY_GAUGE};
    uint64_t bits = load(&slot->latest_bits);
    uint8_t bytes[FMD__GAUGE_NAME_BYTES + 128];

    entry.gauge.time_ns = load(&slot->latest_ns);
    memcpy(&entry.gauge.value, &bits, sizeof bits);
    entry.gauge.name = (struct fmd__text){slot->name, slot->length};
    (void)fmd__shared_journal_put(header, bytes, fmd__entry_encode(&entry, bytes));
}

/* The latest value, unless it is written already or somebody is at it. */
static void write_latest(struct fmd__ring_header *header, struct fmd__gauge_slot *slot,
                         uint64_t now, bool is_early)
{
    uint64_t sets;

    if (atomic_exchange_explicit(&slot->busy, 1, memory_order_acquire))
        return;
    sets = atomic_load_explicit(&slot->sets, memory_order_acquire);
    if ((is_early || now >= load(&slot->open_ns)) &&
        sets != load(&slot->written_at_set)) {
        store(&slot->open_ns, now + WINDOW_NS);
        store(&slot->written_at_set, sets);
        store(&slot->written, load(&slot->written) + 1);
        put(header, slot);
    }
    atomic_store_explicit(&slot->busy, 0, memory_order_release);
}

void fmd__gauges_set(struct fmd__gauges *gauges, struct fmd__ring_header *header,
                     const char *name, double value)
{
    size_t length = strnlen(name, FMD__GAUGE_NAME_BYTES);
    struct fmd__gauge_slot *slot = NULL;
    uint64_t now, bits;

    if (length > 0 && isfinite(value))
        slot = find(gauges, name, length);
    if (!slot) {
        atomic_fetch_add_explicit(&gauges->lost, 1, memory_order_relaxed);
        return;
    }
    now = fmd__now_ns();
    memcpy(&bits, &value, sizeof bits);
    store(&slot->latest_bits, bits);
    store(&slot->latest_ns, now);
    atomic_fetch_add_explicit(&slot->sets, 1, memory_order_release);
    if (now >= load(&slot->open_ns))
        write_latest(header, slot, now, false);
}

void fmd__gauges_flush(struct fmd__gauges *gauges, struct fmd__ring_header *header)
{
    uint64_t now = fmd__now_ns();

    for (uint32_t i = 0; i < FMD__GAUGES; i++) {
        struct fmd__gauge_slot *slot = &gauges->slots[i];

        if (load(&slot->sets) != load(&slot->written_at_set))
            write_latest(header, slot, now, true);
    }
}

uint64_t fmd__gauges_coalesced(const struct fmd__gauges *gauges)
{
    uint64_t sum = 0;

    for (uint32_t i = 0; i < FMD__GAUGES; i++) {
        const struct fmd__gauge_slot *slot = &gauges->slots[i];

        sum += load(&slot->sets) - load(&slot->written);
    }
    return sum;
}
