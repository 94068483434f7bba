/* SPDX-License-Identifier: Apache-2.0 */
/*
 * For tests: random entries of every kind, and whether two are the same. What they point
 * to lives in a struct made_entry.
 */
#ifndef FMD_WIRE_MADE_ENTRIES_H
#define FMD_WIRE_MADE_ENTRIES_H

#include "entries.h"

#include <stdbool.h>
#include <string.h>

static uint64_t made_state = 1;
static inline uint64_t made_random(void)
{
    made_state ^= made_state << 13;
    made_state ^= made_state >> 7;
    return made_state ^= made_state << 17;
}

/* Numbers of all sizes, the ends of their range included. */
static inline uint64_t made_number(void)
{
    switch (made_random() % 8) {
    case 0:
        return 0;
    case 1:
        return UINT64_MAX;
    default:
        return made_random() >> made_random() % 64;
    }
}
static inline uint32_t made_number32(void)
{
    return (uint32_t)made_number();
}

struct made_entry {
    struct fmd__journal_entry entry;
    struct fmd__stack_frame frames[FMD__STACK_FRAMES_MAX];
    char bytes[4096]; /* all strings are parts of it */
};

static inline struct fmd__text made_text(struct made_entry *made)
{
    uint32_t length = (uint32_t)(made_random() % (made_random() % 16 ? 20 : 2049));
    uint32_t from = (uint32_t)(made_random() % (sizeof(made->bytes) - length));
    return (struct fmd__text){made->bytes + from, length};
}

static inline struct fmd__request_key made_key(void)
{
    return (struct fmd__request_key){made_number(), made_number32()};
}

static inline uint32_t made_frames(struct made_entry *made)
{
    uint32_t count = (uint32_t)(made_random() % (made_random() % 16 ? 30 : 1025));
    for (uint32_t i = 0; i < count; i++)
        made->frames[i] = (struct fmd__stack_frame){made_number32(), made_number32()};
    return count;
}

static inline void made_sample(struct made_entry *made, struct fmd__sample *sample)
{
    *sample = (struct fmd__sample){.time_ns = made_number(),
                                   .request = made_key(),
                                   .thread = made_number32(),
                                   .interval_us = made_number32(),
                                   .why = (uint8_t)(made_random() % 4),
                                   .state = (uint8_t)(made_random() % 3),
                                   .label = (uint8_t)(made_random() % 3),
                                   .frame_count = made_frames(made),
                                   .frames = made->frames};
}

static inline void made_definition(struct made_entry *made,
                                   struct fmd__definition *definition)
{
    struct fmd__text name = made_text(made), file = made_text(made),
                     table = made_text(made);
    *definition = (struct fmd__definition){.kind = FMD__DEFINE_CODE,
                                           .id = made_number32(),
                                           .hash = made_number(),
                                           .bytes = name.bytes,
                                           .length = name.length,
                                           .file = file.bytes,
                                           .file_length = file.length,
                                           .first_line = made_number32(),
                                           .line_table_kind = FMD__LINE_TABLE_CPYTHON_311,
                                           .line_table = (const uint8_t *)table.bytes,
                                           .line_table_bytes = table.length};
}

static inline void made_context(struct made_entry *made, struct fmd__context *context)
{
    context->request = made_key();
    context->item_count = (uint32_t)(made_random() % (FMD__CONTEXT_ITEMS_MAX + 1));
    for (uint32_t i = 0; i < context->item_count; i++) {
        context->items[i].what = (uint8_t)made_random();
        context->items[i].name = made_text(made);
        context->items[i].value = made_text(made);
    }
}

static inline void made_process(struct fmd__process *process)
{
    process->time_ns = made_number();
    process->known = (uint32_t)made_random() & ((1u << FMD__PROCESS_VALUES) - 2);
    for (unsigned v = 1; v < FMD__PROCESS_VALUES; v++)
        if (process->known >> v & 1)
            process->values[v] = made_number();
}

static inline void make_entry(struct made_entry *made, enum fmd__entry_kind kind)
{
    struct fmd__journal_entry *entry = &made->entry;
    memset(entry, 0, sizeof(*entry));
    for (size_t i = 0; i < sizeof(made->bytes); i++)
        made->bytes[i] = (char)made_random();
    entry->kind = (uint8_t)kind;
    switch (kind) {
    case FMD__ENTRY_DEFINITION:
        made_definition(made, &entry->definition);
        break;
    case FMD__ENTRY_SAMPLE:
        made_sample(made, &entry->sample);
        break;
    case FMD__ENTRY_CONTEXT:
        made_context(made, &entry->context);
        break;
    case FMD__ENTRY_EXCEPTION:
        entry->exception = (struct fmd__exception){.time_ns = made_number(),
                                                   .request = made_key(),
                                                   .count = made_number(),
                                                   .handled = made_random() & 1,
                                                   .type = made_text(made),
                                                   .message = made_text(made),
                                                   .frame_count = made_frames(made),
                                                   .frames = made->frames};
        break;
    case FMD__ENTRY_GAUGE:
        entry->gauge = (struct fmd__gauge){.time_ns = made_number(),
                                           .value = (double)made_random() / 1e9,
                                           .name = made_text(made)};
        break;
    case FMD__ENTRY_PROCESS:
        made_process(&entry->process);
        break;
    case FMD__ENTRY_UNFINISHED:
        entry->unfinished = (struct fmd__unfinished){.request = made_key(),
                                                     .seen_ns = made_number(),
                                                     .threshold_ns = made_number(),
                                                     .thread = made_number32(),
                                                     .group = made_number32(),
                                                     .address = made_number32(),
                                                     .method = (uint8_t)made_random(),
                                                     .level = (uint8_t)made_random(),
                                                     .outlier = made_random() & 1,
                                                     .path = made_text(made)};
        break;
    }
}

/* --- the same? ------------------------------------------------------------------- */

static inline bool same_bytes(const void *a, uint32_t a_length, const void *b,
                              uint32_t b_length)
{
    return a_length == b_length && (a_length == 0 || memcmp(a, b, a_length) == 0);
}
static inline bool same_text(struct fmd__text a, struct fmd__text b)
{
    return same_bytes(a.bytes, a.length, b.bytes, b.length);
}
static inline bool same_key(struct fmd__request_key a, struct fmd__request_key b)
{
    return a.start_ns == b.start_ns && a.endpoint == b.endpoint;
}
static inline bool same_frames(const struct fmd__stack_frame *a, uint32_t a_count,
                               const struct fmd__stack_frame *b, uint32_t b_count)
{
    for (uint32_t i = 0; a_count == b_count && i < a_count; i++)
        if (a[i].code != b[i].code || a[i].offset != b[i].offset)
            return false;
    return a_count == b_count;
}
static inline bool same_sample(const struct fmd__sample *a, const struct fmd__sample *b)
{
    return a->why == b->why && a->state == b->state && a->label == b->label &&
           a->time_ns == b->time_ns && same_key(a->request, b->request) &&
           a->thread == b->thread && a->interval_us == b->interval_us &&
           same_frames(a->frames, a->frame_count, b->frames, b->frame_count);
}
static inline bool same_definition(const struct fmd__definition *a,
                                   const struct fmd__definition *b)
{
    return a->kind == b->kind && a->id == b->id && a->hash == b->hash &&
           same_bytes(a->bytes, a->length, b->bytes, b->length) &&
           same_bytes(a->application, a->application_length, b->application,
                      b->application_length) &&
           same_bytes(a->version, a->version_length, b->version, b->version_length) &&
           same_bytes(a->file, a->file_length, b->file, b->file_length) &&
           a->first_line == b->first_line && a->line_table_kind == b->line_table_kind &&
           same_bytes(a->line_table, a->line_table_bytes, b->line_table,
                      b->line_table_bytes);
}
static inline bool same_context(const struct fmd__context *a,
                                const struct fmd__context *b)
{
    for (uint32_t i = 0; a->item_count == b->item_count && i < a->item_count; i++)
        if (a->items[i].what != b->items[i].what ||
            !same_text(a->items[i].name, b->items[i].name) ||
            !same_text(a->items[i].value, b->items[i].value))
            return false;
    return a->item_count == b->item_count && same_key(a->request, b->request);
}
static inline bool same_exception(const struct fmd__exception *a,
                                  const struct fmd__exception *b)
{
    return a->time_ns == b->time_ns && same_key(a->request, b->request) &&
           a->count == b->count && a->handled == b->handled &&
           same_text(a->type, b->type) && same_text(a->message, b->message) &&
           same_frames(a->frames, a->frame_count, b->frames, b->frame_count);
}
static inline bool same_process(const struct fmd__process *a,
                                const struct fmd__process *b)
{
    return a->time_ns == b->time_ns && a->known == b->known &&
           memcmp(a->values, b->values, sizeof(a->values)) == 0;
}
static inline bool same_unfinished(const struct fmd__unfinished *a,
                                   const struct fmd__unfinished *b)
{
    return same_key(a->request, b->request) && a->seen_ns == b->seen_ns &&
           a->threshold_ns == b->threshold_ns && a->thread == b->thread &&
           a->group == b->group && a->address == b->address && a->method == b->method &&
           a->level == b->level && a->outlier == b->outlier &&
           same_text(a->path, b->path);
}
static inline bool same_entry(const struct fmd__journal_entry *a,
                              const struct fmd__journal_entry *b)
{
    if (a->kind != b->kind)
        return false;
    switch (a->kind) {
    case FMD__ENTRY_DEFINITION:
        return same_definition(&a->definition, &b->definition);
    case FMD__ENTRY_SAMPLE:
        return same_sample(&a->sample, &b->sample);
    case FMD__ENTRY_CONTEXT:
        return same_context(&a->context, &b->context);
    case FMD__ENTRY_EXCEPTION:
        return same_exception(&a->exception, &b->exception);
    case FMD__ENTRY_GAUGE:
        return a->gauge.time_ns == b->gauge.time_ns &&
               memcmp(&a->gauge.value, &b->gauge.value, sizeof(double)) == 0 &&
               same_text(a->gauge.name, b->gauge.name);
    case FMD__ENTRY_PROCESS:
        return same_process(&a->process, &b->process);
    default:
        return same_unfinished(&a->unfinished, &b->unfinished);
    }
}

#endif
