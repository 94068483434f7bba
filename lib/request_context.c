/* SPDX-License-Identifier: Apache-2.0 */
/* See request_context.h. */
#define _GNU_SOURCE
#include "request_context.h"

#include "allowed_headers.h"
#include "flights.h"
#include "scrub.h"
#include "shared_journal.h"

#include <ctype.h>
#include <string.h>

/* A header waits as it came, with more than is told of it: so a cut is never taken for
 * the end of a word. */
#define RAW_BYTES 320u
#define WORDS 288u /* of all items of a request: the default list always fits */
#define PATH_ITEM UINT8_MAX

/* Items one after the other, each a word (which header, length << 8) and its bytes in
 * words. Words before used stay as they are until the flight is another request's. */
struct context {
    _Alignas(64) _Atomic uint64_t told_ns; /* start of the request that was told */
    _Atomic uint32_t used;
    uint32_t seen; /* bit i: header i; the request's own thread alone */
    _Atomic uint64_t words[WORDS];
};

static struct context contexts[FMD__FLIGHTS];

void fmd__context_begin(uint32_t number)
{
    struct context *context = &contexts[number - 1];

    atomic_store_explicit(&context->used, 0, memory_order_relaxed);
    context->seen = 0;
}

/* What does not fit any more is left out. */
static void append(struct context *context, uint8_t which, const char *bytes,
                   size_t length)
{
    uint32_t used = atomic_load_explicit(&context->used, memory_order_relaxed);
    uint32_t words = 1 + (uint32_t)(length + 7) / 8;
    uint64_t item[1 + RAW_BYTES / 8] = {which | (uint64_t)length << 8};

    if (used + words > WORDS)
        return;
    memcpy(&item[1], bytes, length);
    for (uint32_t i = 0; i < words; i++)
        atomic_store_explicit(&context->words[used + i], item[i], memory_order_relaxed);
    atomic_store_explicit(&context->used, used + words, memory_order_release);
}

/* Up to the query or the fragment. */
static size_t path_length(const char *bytes, size_t length)
{
    size_t end = 0;

    while (end < length && bytes[end] != '?' && bytes[end] != '#')
        end++;
    return end;
}

void fmd__context_set_path(struct fmd__ring_header *header, uint32_t number,
                           const char *bytes, size_t length)
{
    char path[FMD__CONTEXT_VALUE_BYTES];
    struct context *context = &contexts[number - 1];

    if (context->seen >> FMD__HEADERS_MAX & 1)
        return;
    context->seen |= 1u << FMD__HEADERS_MAX;
    length = fmd__scrub_copy(path, sizeof path, bytes, path_length(bytes, length));
    fmd__flights_set_path(header, number, path, length);
    append(context, PATH_ITEM, path, length);
}

/* Of "https://host/path?query" the path. */
static void cut_to_path(const char **value, size_t *length)
{
    const char *host = memmem(*value, *length, "://", 3), *path;

    if (host) {
        *length -= (size_t)(host + 3 - *value);
        *value = host + 3;
        path = memchr(*value, '/', *length);
        *length = path ? *length - (size_t)(path - *value) : 0;
        *value = path ? path : "";
    }
    *length = path_length(*value, *length);
}

/* The number of a request or a trace (hex digits and dashes) is no secret, though it
 * looks like one: it leads to the logs. */
static bool is_request_number(const char *name, const char *value, size_t length)
{
    if (!fmd__headers_same(name, "X-Request-ID") &&
        !fmd__headers_same(name, "X-Correlation-ID") &&
        !fmd__headers_same(name, "Traceparent"))
        return false;
    for (size_t i = 0; i < length; i++)
        if (!isxdigit((unsigned char)value[i]) && value[i] != '-')
            return false;
    return length <= 64;
}

void fmd__context_set_header(uint32_t number, uint32_t index, const char *value,
                             size_t length)
{
    struct context *context = &contexts[number - 1];

    if (context->seen >> index & 1)
        return;
    context->seen |= 1u << index;
    if (fmd__headers_same(fmd__headers_name(index), "Referer"))
        cut_to_path(&value, &length);
    append(context, (uint8_t)index, value, length < RAW_BYTES ? length : RAW_BYTES);
}

/* --- into the journal --------------------------------------------------------------- */

/* An entry and room for what it points to. */
struct telling {
    struct fmd__journal_entry entry;
    char values[FMD__CONTEXT_ITEMS_MAX][FMD__CONTEXT_VALUE_BYTES];
};

/* Adds the item at words[at]; returns where the next begins. */
static uint32_t add_item(struct telling *telling, const uint64_t *words, uint32_t at)
{
    uint32_t which = (uint32_t)(words[at] & 0xff), length = (uint32_t)(words[at] >> 8);
    const char *name = which == PATH_ITEM ? "" : fmd__headers_name(which);
    const char *bytes = (const char *)&words[at + 1];
    struct fmd__context *to = &telling->entry.context;
    char *value = telling->values[to->item_count];
    size_t kept = length;

    if (which == PATH_ITEM || is_request_number(name, bytes, length))
        memcpy(value, bytes, length);
    else
        kept = fmd__scrub_copy(value, FMD__CONTEXT_VALUE_BYTES, bytes, length);
    to->items[to->item_count].what =
        which == PATH_ITEM ? FMD__CONTEXT_PATH : FMD__CONTEXT_HEADER;
    to->items[to->item_count].name = (struct fmd__text){name, (uint32_t)strlen(name)};
    to->items[to->item_count].value = (struct fmd__text){value, (uint32_t)kept};
    to->item_count++;
    return at + 1 + (length + 7) / 8;
}

/* The words as they are while the flight is that request's; how many. */
static uint32_t copy_words(const struct fmd__flight *flight, const struct context *from,
                           uint64_t start_ns, struct fmd__request_key *key,
                           uint64_t words[WORDS])
{
    uint32_t lock = fmd__flight_read_begin(flight);
    uint32_t used = atomic_load_explicit(&from->used, memory_order_acquire);

    key->start_ns = atomic_load_explicit(&flight->start_ns, memory_order_relaxed);
    key->endpoint = atomic_load_explicit(&flight->endpoint, memory_order_relaxed);
    for (uint32_t i = 0; i < used; i++)
        words[i] = atomic_load_explicit(&from->words[i], memory_order_relaxed);
    return fmd__flight_read_end(flight, lock) && key->start_ns == start_ns ? used : 0;
}

void fmd__context_tell(struct fmd__ring_header *header, uint32_t number,
                       uint64_t start_ns)
{
    const struct fmd__flight *flight = fmd__ring_flights(header) + (number - 1);
    struct context *context = &contexts[number - 1];
    struct telling telling;
    uint64_t words[WORDS] = {0};
    uint8_t bytes[WORDS * 8 + FMD__CONTEXT_ITEMS_MAX * FMD__HEADER_NAME_BYTES + 256];
    uint32_t used;

    if (atomic_load_explicit(&context->told_ns, memory_order_relaxed) == start_ns)
        return;
    telling.entry.kind = FMD__ENTRY_CONTEXT;
    telling.entry.context.item_count = 0;
    used = copy_words(flight, context, start_ns, &telling.entry.context.request, words);
    if (used == 0 || atomic_exchange_explicit(&context->told_ns, start_ns,
                                              memory_order_relaxed) == start_ns)
        return;
    for (uint32_t at = 0;
         at < used && telling.entry.context.item_count < FMD__CONTEXT_ITEMS_MAX;)
        at = add_item(&telling, words, at);
    (void)fmd__shared_journal_put(header, bytes,
                                  fmd__entry_encode(&telling.entry, bytes));
}
