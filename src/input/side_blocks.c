/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "side_blocks.h"

#include "ledger_beside.h"

#include "lib/wire/counts.h"
#include "lib/wire/samples.h"
#include "src/base/mem.h"

#include <stdlib.h>
#include <string.h>

_Static_assert(EVENT_DETAIL_LEVEL == (int)FMD__DETAIL_LEVEL &&
                   EVENT_DETAIL_OUTLIER == (int)FMD__DETAIL_OUTLIER &&
                   EVENT_DETAIL_MEASURED == (int)FMD__DETAIL_MEASURED,
               "the same bits on both sides");

struct side_room {
    struct fmd__samples_reader reader;
    struct fmd__stack_frame stack[FMD__STACK_FRAMES_MAX];
    uint32_t frames[FMD__STACK_FRAMES_MAX];
};

struct side_room *side_room_new(void)
{
    return mem_new(sizeof(struct side_room));
}

void side_room_free(struct side_room *room)
{
    free(room);
}

static int64_t utc(const struct side_events *events, uint64_t monotonic_ns)
{
    return anchor_utc(&events->anchor, monotonic_ns);
}

static struct event_request request_of(const struct fmd__request_key *key)
{
    return (struct event_request){key->start_ns, key->endpoint};
}

static struct event_text text_of(const struct fmd__text *text)
{
    return (struct event_text){text->bytes ? text->bytes : "", text->length};
}

/* 0 where one of them is not known, or the clock cannot be. */
static uint64_t elapsed(uint64_t start_ns, uint64_t now_ns)
{
    return start_ns && now_ns > start_ns ? now_ns - start_ns : 0;
}

/* --- checking ------------------------------------------------------------------------
 */

static bool are_samples(struct side_room *room, const uint8_t *payload, size_t size,
                        uint64_t *journal_end)
{
    struct fmd__sample sample;
    int more = fmd__samples_open(&room->reader, payload, size);
    *journal_end = more == 0 ? room->reader.journal_end : 0;
    while (more >= 0 && (more = fmd__samples_next(&room->reader, &sample)) == 1)
        ;
    return more == 0;
}

static bool are_entries(struct side_room *room, const uint8_t *payload, size_t size,
                        uint64_t *journal_end)
{
    struct fmd__journal_entry entry;
    size_t offset;
    int more = fmd__journal_block_open(payload, size, &offset, journal_end);
    while (more >= 0 &&
           (more = fmd__entry_decode(payload, size, &offset, &entry, room->stack)) == 1)
        ;
    return more == 0;
}

static bool are_counts(const uint8_t *payload, size_t size)
{
    struct fmd__endpoint_count count;
    size_t offset = 0;
    int more;
    while ((more = fmd__counts_decode(payload, size, &offset, &count)) == 1)
        ;
    return more == 0;
}

const char *side_block_check(struct side_room *room, uint8_t type, const uint8_t *payload,
                             size_t size, uint64_t *journal_end)
{
    *journal_end = 0;
    bool good = type == FMD__BLOCK_SAMPLES ? are_samples(room, payload, size, journal_end)
                : type == FMD__BLOCK_JOURNAL
                    ? are_entries(room, payload, size, journal_end)
                    : are_counts(payload, size);
    return good ? NULL : "content that does not fit its length";
}

/* --- adding --------------------------------------------------------------------------
 */

static void add_sample(struct side_room *room, const struct side_events *events,
                       const struct fmd__sample *sample)
{
    known_names_frames(events->known, events->map, sample->frames, sample->frame_count,
                       room->frames);
    struct event_sample added = {
        .request = request_of(&sample->request),
        .utc_ns = utc(events, sample->request.start_ns ? sample->request.start_ns
                                                       : sample->time_ns),
        .elapsed_ns = elapsed(sample->request.start_ns, sample->time_ns),
        .interval_us = sample->interval_us,
        .profile = sample->why & FMD__SAMPLE_PROFILE,
        .outlier = sample->why & FMD__SAMPLE_OUTLIER,
        .running = sample->state == FMD__SAMPLE_RUNNING,
        .waiting = sample->state == FMD__SAMPLE_WAITING,
        .truncated = sample->label == FMD__SAMPLE_TRUNCATED,
        .unsupported = sample->label == FMD__SAMPLE_UNSUPPORTED,
        .frames = room->frames,
        .frame_count = sample->frame_count};
    summary_add_sample(events->summary, events->map, &added);
}

static void add_exception(struct side_room *room, const struct side_events *events,
                          const struct fmd__exception *exception)
{
    known_names_frames(events->known, events->map, exception->frames,
                       exception->frame_count, room->frames);
    struct event_exception added = {.request = request_of(&exception->request),
                                    .utc_ns = utc(events, exception->time_ns),
                                    .count = exception->count,
                                    .handled = exception->handled,
                                    .type = text_of(&exception->type),
                                    .message = text_of(&exception->message),
                                    .frames = room->frames,
                                    .frame_count = exception->frame_count};
    summary_add_exception(events->summary, events->map, &added);
}

static void add_context(const struct side_events *events,
                        const struct fmd__context *context)
{
    struct event_context_item items[FMD__CONTEXT_ITEMS_MAX];
    size_t count = 0;
    for (uint32_t i = 0; i < context->item_count; i++) {
        uint8_t what = context->items[i].what;
        if (what == FMD__CONTEXT_PATH || what == FMD__CONTEXT_HEADER)
            items[count++] = (struct event_context_item){
                what == FMD__CONTEXT_HEADER, text_of(&context->items[i].name),
                text_of(&context->items[i].value)};
    }
    summary_add_context(events->summary, events->map, request_of(&context->request),
                        utc(events, context->request.start_ns), items, count);
}

void side_unfinished_add(const struct side_events *events,
                         const struct fmd__unfinished *unfinished)
{
    struct event_unfinished added = {
        .request = request_of(&unfinished->request),
        .start_utc_ns = utc(events, unfinished->request.start_ns),
        .elapsed_ns = elapsed(unfinished->request.start_ns, unfinished->seen_ns),
        .threshold_ns = unfinished->threshold_ns,
        .pid = stream_pid(events->stream),
        .thread = unfinished->thread,
        .method = unfinished->method,
        .level = unfinished->level,
        .outlier = unfinished->outlier,
        .group = events->name(events->to, FMD__DEFINE_GROUP, unfinished->group,
                              unfinished->group_hash),
        .address = events->name(events->to, FMD__DEFINE_ADDRESS, unfinished->address,
                                unfinished->address_hash),
        .path = text_of(&unfinished->path)};
    summary_add_unfinished(events->summary, events->map, &added);
}

static void add_gauge(const struct side_events *events, const char *name,
                      uint64_t time_ns, double value)
{
    summary_add_gauge(events->summary, (struct event_text){name, strlen(name)},
                      utc(events, time_ns), value);
}

/* What changes in both directions while a process runs is a gauge, as if it had told it
 * itself; the rest are totals. */
static void add_process(const struct side_events *events,
                        const struct fmd__process *process)
{
    const uint64_t *values = process->values;
    ledger_process(events->ledger, events->stream, process);
    if (process->known & 1u << FMD__PROCESS_RESIDENT_BYTES)
        add_gauge(events, EVENT_GAUGE_MEMORY, process->time_ns,
                  (double)values[FMD__PROCESS_RESIDENT_BYTES] / 1e6);
    if (process->known & 1u << FMD__PROCESS_LOAD_MILLI)
        add_gauge(events, EVENT_GAUGE_LOAD, process->time_ns,
                  (double)values[FMD__PROCESS_LOAD_MILLI] / 1000);
}

void side_count_add(const struct side_events *events,
                    const struct fmd__endpoint_count *count)
{
    static const struct known_endpoint undefined = {
        {"", 0}, {"", 0}, {"(undefined)", 11}};
    const struct known_endpoint *endpoint =
        known_names_endpoint(events->known, count->endpoint);
    ledger_counted(events->ledger, events->stream, endpoint ? endpoint : &undefined,
                   count->count, utc(events, count->last_ns));
}

void side_entry_add(struct side_room *room, const struct side_events *events,
                    const struct fmd__journal_entry *entry)
{
    if (entry->kind == FMD__ENTRY_DEFINITION)
        known_names_define(events->known, &entry->definition);
    else if (entry->kind == FMD__ENTRY_SAMPLE)
        add_sample(room, events, &entry->sample);
    else if (entry->kind == FMD__ENTRY_CONTEXT)
        add_context(events, &entry->context);
    else if (entry->kind == FMD__ENTRY_EXCEPTION)
        add_exception(room, events, &entry->exception);
    else if (entry->kind == FMD__ENTRY_GAUGE)
        summary_add_gauge(events->summary, text_of(&entry->gauge.name),
                          utc(events, entry->gauge.time_ns), entry->gauge.value);
    else if (entry->kind == FMD__ENTRY_PROCESS)
        add_process(events, &entry->process);
    else if (entry->kind == FMD__ENTRY_UNFINISHED)
        side_unfinished_add(events, &entry->unfinished);
}

static void add_samples(struct side_room *room, const struct side_events *events,
                        const uint8_t *payload, size_t size)
{
    struct fmd__sample sample;
    if (fmd__samples_open(&room->reader, payload, size) != 0)
        return;
    while (fmd__samples_next(&room->reader, &sample) == 1)
        add_sample(room, events, &sample);
}

static void add_entries(struct side_room *room, const struct side_events *events,
                        const uint8_t *payload, size_t size)
{
    struct fmd__journal_entry entry;
    size_t offset;
    uint64_t end;
    if (fmd__journal_block_open(payload, size, &offset, &end) != 0)
        return;
    while (fmd__entry_decode(payload, size, &offset, &entry, room->stack) == 1)
        side_entry_add(room, events, &entry);
}

static void add_counts(const struct side_events *events, const uint8_t *payload,
                       size_t size)
{
    struct fmd__endpoint_count count;
    size_t offset = 0;
    while (fmd__counts_decode(payload, size, &offset, &count) == 1)
        side_count_add(events, &count);
}

void side_block_add(struct side_room *room, const struct side_events *events,
                    uint8_t type, const uint8_t *payload, size_t size)
{
    if (type == FMD__BLOCK_SAMPLES)
        add_samples(room, events, payload, size);
    else if (type == FMD__BLOCK_JOURNAL)
        add_entries(room, events, payload, size);
    else
        add_counts(events, payload, size);
}

struct event_details side_details(const struct fmd__details *details)
{
    return (struct event_details){
        .what = details->what,
        .cpu_ns = details->cpu_ns,
        .threshold_ns = details->threshold_ns,
        .voluntary_switches = details->voluntary_switches,
        .involuntary_switches = details->involuntary_switches,
        .minor_faults = details->minor_faults,
        .major_faults = details->major_faults,
        .block_reads = details->block_reads,
        .block_writes = details->block_writes,
    };
}
