/* SPDX-License-Identifier: Apache-2.0 */
/* See exceptions.h. */
#include "exceptions.h"

#include "clocks.h"
#include "pages.h"
#include "shared_journal.h"
#include "watch.h"

#include <string.h>

enum { SETS = 64, WAYS = 8, KINDS = SETS * WAYS };
enum { NEWS_A_BLOCK = 256 }; /* kinds told one by one between two blocks */

#define TOLD_AGAIN_NS UINT64_C(100000000) /* of a kind: a kill loses what came since */

/* What is kept of a kind: its first occurrence, and the last as far as told. */
struct kind {
    uint64_t time_ns;
    uint64_t told_ns; /* when it was told last */
    struct fmd__request_key request;
    uint8_t handled;
    uint32_t type_length, message_length, frame_count;
    struct fmd__stack_frame frames[FMD__EXCEPTION_FRAMES_MAX];
    char type[FMD__EXCEPTION_TYPE_BYTES];
    char message[FMD__EXCEPTION_MESSAGE_BYTES];
};

/* busy[i]: somebody reads or changes kinds[i]; nobody waits for it. Of a kind whose
 * pending is not 0 only time and request change. hashes[i] 0: the place is free. */
struct fmd__exceptions {
    struct fmd__hash_key key;
    _Atomic uint64_t others; /* occurrences without a place */
    _Atomic uint32_t news;   /* kinds added since the writer last told */
    uint32_t codes_told;     /* to the journal */
    uint64_t hashes[KINDS];
    _Atomic uint64_t pending[KINDS];
    _Atomic uint32_t busy[KINDS];
    struct kind kinds[KINDS];
    struct fmd__code_registry codes;
    uint8_t entry[FMD__ENTRY_BYTES_MAX];
};

struct fmd__exceptions *fmd__exceptions_new(const struct fmd__hash_key *key)
{
    struct fmd__exceptions *exceptions = fmd__pages_new(sizeof *exceptions);

    if (exceptions)
        exceptions->key = *key;
    return exceptions;
}

void fmd__exceptions_free(struct fmd__exceptions *exceptions)
{
    fmd__pages_free(exceptions, sizeof *exceptions);
}

/* --- places ------------------------------------------------------------------------ */

static bool take(struct fmd__exceptions *exceptions, uint32_t i)
{
    uint32_t nobody = 0;

    return atomic_compare_exchange_strong_explicit(
        &exceptions->busy[i], &nobody, 1, memory_order_acquire, memory_order_relaxed);
}

static void give_back(struct fmd__exceptions *exceptions, uint32_t i)
{
    atomic_store_explicit(&exceptions->busy[i], 0, memory_order_release);
}

static uint64_t hash_of(const struct fmd__exceptions *exceptions,
                        const struct fmd__exception *exception)
{
    const struct fmd__hash_key *key = &exceptions->key;
    uint64_t parts[3];

    parts[0] = fmd__keyed_hash(key, 1, exception->type.bytes, exception->type.length);
    parts[1] = fmd__keyed_hash(key, 2, exception->frames,
                               exception->frame_count * sizeof *exception->frames);
    parts[2] = (uint64_t)exception->request.endpoint << 1 | exception->handled;
    return fmd__keyed_hash(key, 3, parts, sizeof parts);
}

/* Where the kind of that hash is; KINDS: nowhere. */
static uint32_t find(const struct fmd__exceptions *exceptions, uint64_t hash)
{
    const uint32_t first = (uint32_t)(hash % SETS) * WAYS;

    for (uint32_t i = first; i < first + WAYS; i++)
        if (exceptions->hashes[i] == hash)
            return i;
    return KINDS;
}

/* A place for a new kind, taken: a free one, else that of the kind that was seen longest
 * ago, unless some of it is yet to be told. KINDS: none. */
static uint32_t take_place(struct fmd__exceptions *exceptions, uint64_t hash)
{
    const uint32_t first = (uint32_t)(hash % SETS) * WAYS;
    uint32_t oldest = KINDS;

    for (uint32_t i = first; i < first + WAYS; i++) {
        if (!take(exceptions, i))
            continue;
        if (atomic_load_explicit(&exceptions->pending[i], memory_order_relaxed) != 0 ||
            (oldest != KINDS &&
             exceptions->kinds[oldest].time_ns <= exceptions->kinds[i].time_ns)) {
            give_back(exceptions, i);
            continue;
        }
        if (oldest != KINDS)
            give_back(exceptions, oldest);
        oldest = i;
    }
    return oldest;
}

/* --- into the journal --------------------------------------------------------------- */

static struct fmd__exception described(const struct kind *kind, uint64_t count)
{
    return (struct fmd__exception){.time_ns = kind->time_ns,
                                   .request = kind->request,
                                   .count = count,
                                   .handled = kind->handled,
                                   .type = {kind->type, kind->type_length},
                                   .message = {kind->message, kind->message_length},
                                   .frame_count = kind->frame_count,
                                   .frames = kind->frames};
}

/* An entry fits this: type, message, frames and some numbers. */
#define ENTRY_BYTES                                                                      \
    (FMD__EXCEPTION_TYPE_BYTES + FMD__EXCEPTION_MESSAGE_BYTES +                          \
     10u * FMD__EXCEPTION_FRAMES_MAX + 128u)

/* false, and nothing is counted as lost, when the journal has no room for it. */
static bool put(struct fmd__ring_header *header, const struct fmd__exception *exception)
{
    struct fmd__journal_entry entry = {.kind = FMD__ENTRY_EXCEPTION,
                                       .exception = *exception};
    struct fmd__journal *journal = fmd__ring_journal(header);
    uint8_t bytes[ENTRY_BYTES];
    uint64_t used;

    if (!journal || fmd__entry_bound(&entry) > sizeof bytes)
        return false;
    used = atomic_load_explicit(&journal->head, memory_order_relaxed) -
           atomic_load_explicit(&journal->tail, memory_order_relaxed);
    if (used + 4 * sizeof bytes > header->journal_room)
        return false;
    return fmd__shared_journal_put(header, bytes, fmd__entry_encode(&entry, bytes));
}

/* What is pending of a kind that was taken, at most ten times a second; false when the
 * journal has no room. */
static bool tell_taken(struct fmd__exceptions *exceptions,
                       struct fmd__ring_header *header, uint32_t i)
{
    const uint64_t count =
        atomic_exchange_explicit(&exceptions->pending[i], 0, memory_order_acquire);
    const struct fmd__exception exception = described(&exceptions->kinds[i], count);

    exceptions->kinds[i].told_ns = exceptions->kinds[i].time_ns;
    if (count == 0 || put(header, &exception))
        return true;
    atomic_fetch_add_explicit(&exceptions->pending[i], count, memory_order_relaxed);
    return false;
}

/* --- the application's side -------------------------------------------------------- */

bool fmd__exceptions_count(struct fmd__exceptions *exceptions,
                           struct fmd__ring_header *header,
                           const struct fmd__exception *exception)
{
    const uint32_t i = find(exceptions, hash_of(exceptions, exception));

    if (i == KINDS)
        return false;
    atomic_fetch_add_explicit(&exceptions->pending[i], 1, memory_order_release);
    if (take(exceptions, i)) {
        exceptions->kinds[i].time_ns = exception->time_ns;
        exceptions->kinds[i].request = exception->request;
        if (exception->time_ns >= exceptions->kinds[i].told_ns + TOLD_AGAIN_NS)
            (void)tell_taken(exceptions, header, i);
        give_back(exceptions, i);
    }
    return true;
}

size_t fmd__text_cut(const char *bytes, size_t length, size_t room)
{
    if (length <= room)
        return length;
    while (room > 0 && (bytes[room] & 0xc0) == 0x80)
        room--;
    return room;
}

static void keep(struct kind *kind, const struct fmd__exception *exception)
{
    kind->time_ns = kind->told_ns = exception->time_ns;
    kind->request = exception->request;
    kind->handled = exception->handled;
    kind->type_length = (uint32_t)fmd__text_cut(
        exception->type.bytes, exception->type.length, sizeof kind->type);
    memcpy(kind->type, exception->type.bytes, kind->type_length);
    kind->message_length = (uint32_t)fmd__text_cut(
        exception->message.bytes, exception->message.length, sizeof kind->message);
    memcpy(kind->message, exception->message.bytes, kind->message_length);
    kind->frame_count = exception->frame_count < FMD__EXCEPTION_FRAMES_MAX
                            ? exception->frame_count
                            : FMD__EXCEPTION_FRAMES_MAX;
    memcpy(kind->frames, exception->frames, kind->frame_count * sizeof *kind->frames);
}

void fmd__exceptions_add(struct fmd__exceptions *exceptions,
                         struct fmd__ring_header *header,
                         const struct fmd__exception *exception)
{
    const uint64_t hash = hash_of(exceptions, exception);
    struct fmd__exception first;
    uint32_t i = KINDS;

    if (atomic_fetch_add_explicit(&exceptions->news, 1, memory_order_relaxed) <
        NEWS_A_BLOCK)
        i = take_place(exceptions, hash);
    if (i == KINDS) {
        atomic_fetch_add_explicit(&exceptions->others, 1, memory_order_relaxed);
        return;
    }
    keep(&exceptions->kinds[i], exception);
    exceptions->hashes[i] = hash;
    first = described(&exceptions->kinds[i], 1);
    if (!put(header, &first))
        atomic_fetch_add_explicit(&exceptions->pending[i], 1, memory_order_relaxed);
    give_back(exceptions, i);
}

/* --- code objects ------------------------------------------------------------------ */

bool fmd__exceptions_find_code(struct fmd__exceptions *exceptions,
                               const struct fmd__code_identity *identity,
                               uint32_t *number)
{
    const bool known = fmd__code_find(&exceptions->codes, identity, number);

    if (*number)
        *number += FMD__EXCEPTION_CODES;
    return known;
}

uint32_t fmd__exceptions_add_code(struct fmd__exceptions *exceptions,
                                  struct fmd__ring_header *header,
                                  const struct fmd__code_identity *identity,
                                  const struct fmd__python_code *code)
{
    const uint32_t number = fmd__code_add(&exceptions->codes, identity, code);
    struct fmd__journal_entry entry = {.kind = FMD__ENTRY_DEFINITION};

    if (!number)
        return 0;
    if (number > exceptions->codes_told) { /* for who finds the ring file after a kill */
        fmd__watch_describe_code(code, FMD__EXCEPTION_CODES + number, &entry.definition);
        if (fmd__entry_bound(&entry) <= sizeof exceptions->entry)
            (void)fmd__shared_journal_put(header, exceptions->entry,
                                          fmd__entry_encode(&entry, exceptions->entry));
        exceptions->codes_told = number;
    }
    return FMD__EXCEPTION_CODES + number;
}

const struct fmd__python_code *
fmd__exceptions_code(const struct fmd__exceptions *exceptions, uint32_t number)
{
    return number > FMD__EXCEPTION_CODES
               ? fmd__code_at(&exceptions->codes, number - FMD__EXCEPTION_CODES)
               : NULL;
}

/* --- the writer's side ------------------------------------------------------------- */

/* One kind; false when the journal has no room. */
static bool tell_kind(struct fmd__exceptions *exceptions, struct fmd__ring_header *header,
                      uint32_t i)
{
    bool done;

    if (atomic_load_explicit(&exceptions->pending[i], memory_order_relaxed) == 0 ||
        !take(exceptions, i))
        return true; /* nothing to tell, or another time */
    done = tell_taken(exceptions, header, i);
    give_back(exceptions, i);
    return done;
}

static bool tell_others(struct fmd__exceptions *exceptions,
                        struct fmd__ring_header *header)
{
    static const char type[] = "(other exceptions)";
    const uint64_t count = atomic_exchange(&exceptions->others, 0);
    const struct fmd__exception exception = {.time_ns = fmd__now_ns(),
                                             .count = count,
                                             .type = {type, sizeof type - 1},
                                             .message = {"", 0}};

    if (count == 0 || put(header, &exception))
        return true;
    atomic_fetch_add(&exceptions->others, count);
    return false;
}

bool fmd__exceptions_tell(struct fmd__exceptions *exceptions,
                          struct fmd__ring_header *header)
{
    bool all = tell_others(exceptions, header);

    for (uint32_t i = 0; all && i < KINDS; i++)
        all = tell_kind(exceptions, header, i);
    atomic_store_explicit(&exceptions->news, 0, memory_order_relaxed);
    return all;
}
