/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ledger_beside.h"

#include "ledger_inside.h"

#include "src/base/mem.h"
#include "src/base/str.h"
#include "src/base/vec.h"
#include "src/summary/beside.h"

#include <stdlib.h>
#include <string.h>

#define CODES_BYTES_MAX ((size_t)16 << 20) /* of all streams together */

uint32_t stream_pid(const struct stream *stream)
{
    return stream->pid;
}

struct stream_beside *stream_beside_of(struct stream *stream)
{
    if (stream->beside)
        return stream->beside;
    stream->beside = mem_new(sizeof(*stream->beside));
    map_init(&stream->beside->codes);
    map_init(&stream->beside->counted);
    return stream->beside;
}

void stream_beside_free(struct stream_beside *beside)
{
    if (!beside)
        return;
    map_release(&beside->codes);
    map_release(&beside->counted);
    free(beside->of_counted);
    free(beside);
}

/* --- counts and figures --------------------------------------------------------------
 */

static void add_text(struct str *key, struct event_text text)
{
    uint32_t length = (uint32_t)text.length;
    str_add(key, &length, sizeof(length));
    str_add(key, text.bytes, text.length);
    str_add_byte(key, '\0');
}

/* The next text of a key, and where the one behind it is. */
static const char *take_text(const char *at, struct event_text *text)
{
    uint32_t length;
    memcpy(&length, at, sizeof(length));
    *text = (struct event_text){at + sizeof(length), length};
    return at + sizeof(length) + length + 1;
}

void ledger_counted(struct ledger *ledger, struct stream *stream,
                    const struct known_endpoint *endpoint, uint64_t count,
                    int64_t last_utc_ns)
{
    struct str key;
    str_init(&key);
    add_text(&key, endpoint->application);
    add_text(&key, endpoint->version);
    add_text(&key, endpoint->name);
    pthread_mutex_lock(&ledger->lock);
    struct stream_beside *beside = stream_beside_of(stream);
    size_t before = beside->counted.count;
    uint32_t number = map_add(&beside->counted, key.bytes, key.length);
    beside->of_counted = vec_room(beside->of_counted, &beside->counted_room,
                                  beside->counted.count, sizeof(*beside->of_counted));
    struct counted *counted = &beside->of_counted[number];
    if (beside->counted.count > before)
        *counted = (struct counted){0, INT64_MIN};
    counted->count = count > counted->count ? count : counted->count;
    if (last_utc_ns > counted->last_utc_ns)
        counted->last_utc_ns = last_utc_ns;
    pthread_mutex_unlock(&ledger->lock);
    str_release(&key);
}

/* All of them grow, or their largest is wanted. */
void ledger_process(struct ledger *ledger, struct stream *stream,
                    const struct fmd__process *process)
{
    pthread_mutex_lock(&ledger->lock);
    struct fmd__process *known = &stream_beside_of(stream)->process;
    known->known |= process->known;
    for (unsigned i = 0; i < FMD__PROCESS_VALUES; i++)
        if (process->known & 1u << i && process->values[i] > known->values[i])
            known->values[i] = process->values[i];
    pthread_mutex_unlock(&ledger->lock);
}

/* --- the journal ---------------------------------------------------------------------
 */

void ledger_journal(struct ledger *ledger, struct stream *stream, uint8_t type,
                    uint64_t journal_end)
{
    pthread_mutex_lock(&ledger->lock);
    struct stream_beside *beside = stream_beside_of(stream);
    uint64_t *end =
        type == FMD__BLOCK_SAMPLES ? &beside->samples_end : &beside->entries_end;
    *end = journal_end > *end ? journal_end : *end;
    pthread_mutex_unlock(&ledger->lock);
}

void ledger_journal_ends(struct ledger *ledger, const struct stream *stream,
                         uint64_t *samples_end, uint64_t *entries_end)
{
    pthread_mutex_lock(&ledger->lock);
    *samples_end = stream->beside ? stream->beside->samples_end : 0;
    *entries_end = stream->beside ? stream->beside->entries_end : 0;
    pthread_mutex_unlock(&ledger->lock);
}

/* The same definition comes again in each segment, and is kept once. */
void ledger_codes(struct ledger *ledger, struct stream *stream, const uint8_t *payload,
                  size_t bytes)
{
    struct fmd__definition definition;
    pthread_mutex_lock(&ledger->lock);
    for (size_t offset = 0, begin = 0;
         fmd__definition_decode(payload, bytes, &offset, &definition) == 1;
         begin = offset) {
        if (definition.kind != FMD__DEFINE_CODE ||
            ledger->codes_bytes + offset - begin > CODES_BYTES_MAX)
            continue;
        struct map *codes = &stream_beside_of(stream)->codes;
        size_t before = codes->count;
        map_add(codes, payload + begin, offset - begin);
        ledger->codes_bytes += codes->count > before ? offset - begin : 0;
    }
    pthread_mutex_unlock(&ledger->lock);
}

void ledger_known_codes(struct ledger *ledger, const struct stream *stream,
                        struct known_names *known)
{
    struct fmd__definition definition;
    pthread_mutex_lock(&ledger->lock);
    for (size_t i = 0; stream->beside && i < stream->beside->codes.count; i++) {
        const struct map_key *key = &stream->beside->codes.keys[i];
        size_t offset = 0;
        if (fmd__definition_decode((const uint8_t *)key->bytes, key->length, &offset,
                                   &definition) == 1)
            known_names_define(known, &definition);
    }
    pthread_mutex_unlock(&ledger->lock);
}

/* --- at the end ----------------------------------------------------------------------
 */

static void add_counted(const struct stream_beside *beside, struct summary *summary)
{
    for (size_t i = 0; i < beside->counted.count; i++) {
        struct event_text application, version, name;
        const char *at = beside->counted.keys[i].bytes;
        take_text(take_text(take_text(at, &application), &version), &name);
        if (beside->of_counted[i].count)
            summary_add_counted(summary, application, version, name,
                                beside->of_counted[i].count,
                                beside->of_counted[i].last_utc_ns);
    }
}

static void add_process(const struct fmd__process *process, struct summary *summary)
{
    const uint64_t *values = process->values;
    struct beside_processes added = {
        .processes = 1,
        .resident_max_bytes = values[FMD__PROCESS_RESIDENT_BYTES],
        .threads_max = values[FMD__PROCESS_THREADS],
        .interval_max_us = values[FMD__PROCESS_INTERVAL_US],
        .cpu_ns = values[FMD__PROCESS_CPU_NS],
        .writer_cpu_ns = values[FMD__PROCESS_WRITER_CPU_NS],
        .sampler_cpu_ns = values[FMD__PROCESS_SAMPLER_CPU_NS],
        .ticks = values[FMD__PROCESS_SAMPLER_TICKS],
        .late_ticks = values[FMD__PROCESS_SAMPLER_LATE_TICKS],
        .samples = values[FMD__PROCESS_SAMPLES],
        .rejected_samples = values[FMD__PROCESS_SAMPLES_REJECTED],
        .entries_dropped = values[FMD__PROCESS_ENTRIES_DROPPED],
        .no_flight = values[FMD__PROCESS_NO_FLIGHT]};
    if (process->known)
        summary_add_processes(summary, &added);
}

void ledger_add_beside(struct ledger *ledger, struct summary *summary)
{
    pthread_mutex_lock(&ledger->lock);
    for (const struct stream *stream = ledger->first; stream; stream = stream->next)
        if (stream->beside) {
            add_counted(stream->beside, summary);
            add_process(&stream->beside->process, summary);
        }
    pthread_mutex_unlock(&ledger->lock);
}
