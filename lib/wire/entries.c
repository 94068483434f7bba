/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An entry is its length, its kind and its fields, mostly varints; a reader steps over
 * kinds it does not know and over fields that were added at a known kind's end.
 */
#include "entries.h"
#include "numbers.h"

#include <stdbool.h>

#define VARINT FMD__VARINT_BYTES_MAX
#define LENGTH_BYTES 3u /* of the varint that every entry begins with, as written */

_Static_assert(FMD__ENTRY_BYTES_MAX < 1u << 7 * LENGTH_BYTES, "a length has room");

/* --- encode ---------------------------------------------------------------------- */

static uint32_t cut(uint32_t length)
{
    return length < FMD__ENTRY_STRING_BYTES_MAX ? length : FMD__ENTRY_STRING_BYTES_MAX;
}

static uint32_t frames_of(uint32_t count)
{
    return count < FMD__STACK_FRAMES_MAX ? count : FMD__STACK_FRAMES_MAX;
}

static uint8_t *put_text(uint8_t *at, struct fmd__text text)
{
    uint32_t length = cut(text.length);
    at = fmd__put_varint(at, length);
    if (length)
        memcpy(at, text.bytes, length);
    return at + length;
}

static uint8_t *put_key(uint8_t *at, struct fmd__request_key key)
{
    at = fmd__put_varint(at, key.start_ns);
    return fmd__put_varint(at, key.endpoint);
}

static uint8_t *put_frames(uint8_t *at, const struct fmd__stack_frame *frames,
                           uint32_t count)
{
    count = frames_of(count);
    at = fmd__put_varint(at, count);
    for (uint32_t i = 0; i < count; i++) {
        at = fmd__put_varint(at, frames[i].code);
        at = fmd__put_varint(at, frames[i].offset);
    }
    return at;
}

static uint8_t *put_sample(uint8_t *at, const struct fmd__sample *sample)
{
    *at++ = sample->why;
    *at++ = sample->state;
    *at++ = frames_of(sample->frame_count) < sample->frame_count ? FMD__SAMPLE_TRUNCATED
                                                                 : sample->label;
    at = fmd__put_varint(at, sample->time_ns);
    at = put_key(at, sample->request);
    at = fmd__put_varint(at, sample->thread);
    at = fmd__put_varint(at, sample->interval_us);
    return put_frames(at, sample->frames, sample->frame_count);
}

static uint32_t items_of(const struct fmd__context *context)
{
    return context->item_count < FMD__CONTEXT_ITEMS_MAX ? context->item_count
                                                        : FMD__CONTEXT_ITEMS_MAX;
}

static uint8_t *put_context(uint8_t *at, const struct fmd__context *context)
{
    uint32_t count = items_of(context);
    at = put_key(at, context->request);
    at = fmd__put_varint(at, count);
    for (uint32_t i = 0; i < count; i++) {
        *at++ = context->items[i].what;
        at = put_text(at, context->items[i].name);
        at = put_text(at, context->items[i].value);
    }
    return at;
}

static uint8_t *put_exception(uint8_t *at, const struct fmd__exception *exception)
{
    at = fmd__put_varint(at, exception->time_ns);
    at = put_key(at, exception->request);
    at = fmd__put_varint(at, exception->count);
    *at++ = exception->handled;
    at = put_text(at, exception->type);
    at = put_text(at, exception->message);
    return put_frames(at, exception->frames, exception->frame_count);
}

static uint8_t *put_gauge(uint8_t *at, const struct fmd__gauge *gauge)
{
    uint64_t bits;
    memcpy(&bits, &gauge->value, sizeof(bits));
    at = fmd__put_varint(at, gauge->time_ns);
    fmd__store64(at, bits);
    return put_text(at + 8, gauge->name);
}

static uint8_t *put_process(uint8_t *at, const struct fmd__process *process)
{
    at = fmd__put_varint(at, process->time_ns);
    for (unsigned value = 1; value < FMD__PROCESS_VALUES; value++)
        if (process->known >> value & 1) {
            at = fmd__put_varint(at, value);
            at = fmd__put_varint(at, process->values[value]);
        }
    return at;
}

static uint8_t *put_unfinished(uint8_t *at, const struct fmd__unfinished *unfinished)
{
    at = put_key(at, unfinished->request);
    at = fmd__put_varint(at, unfinished->seen_ns);
    at = fmd__put_varint(at, unfinished->threshold_ns);
    at = fmd__put_varint(at, unfinished->thread);
    at = fmd__put_varint(at, unfinished->group);
    at = fmd__put_varint(at, unfinished->address);
    *at++ = unfinished->method;
    *at++ = unfinished->level;
    *at++ = unfinished->outlier;
    return put_text(at, unfinished->path);
}

static size_t context_bound(const struct fmd__context *context)
{
    size_t bytes = 3 * VARINT;
    for (uint32_t i = 0; i < items_of(context); i++)
        bytes += 1 + 2 * VARINT + cut(context->items[i].name.length) +
                 cut(context->items[i].value.length);
    return bytes;
}

size_t fmd__entry_bound(const struct fmd__journal_entry *entry)
{
    const size_t frame = 2 * 5, fixed = 16 + 8 * VARINT;
    switch (entry->kind) {
    case FMD__ENTRY_DEFINITION:
        return fixed + fmd__definition_bound(&entry->definition);
    case FMD__ENTRY_SAMPLE:
        return fixed + frame * frames_of(entry->sample.frame_count);
    case FMD__ENTRY_CONTEXT:
        return fixed + context_bound(&entry->context);
    case FMD__ENTRY_EXCEPTION:
        return fixed + cut(entry->exception.type.length) +
               cut(entry->exception.message.length) +
               frame * frames_of(entry->exception.frame_count);
    case FMD__ENTRY_GAUGE:
        return fixed + cut(entry->gauge.name.length);
    case FMD__ENTRY_PROCESS:
        return fixed + (size_t)FMD__PROCESS_VALUES * 2 * VARINT;
    case FMD__ENTRY_UNFINISHED:
        return fixed + cut(entry->unfinished.path.length);
    default:
        return fixed;
    }
}

static uint8_t *put_body(uint8_t *at, const struct fmd__journal_entry *entry)
{
    switch (entry->kind) {
    case FMD__ENTRY_DEFINITION:
        return at + fmd__definition_encode(&entry->definition, at);
    case FMD__ENTRY_SAMPLE:
        return put_sample(at, &entry->sample);
    case FMD__ENTRY_CONTEXT:
        return put_context(at, &entry->context);
    case FMD__ENTRY_EXCEPTION:
        return put_exception(at, &entry->exception);
    case FMD__ENTRY_GAUGE:
        return put_gauge(at, &entry->gauge);
    case FMD__ENTRY_PROCESS:
        return put_process(at, &entry->process);
    case FMD__ENTRY_UNFINISHED:
        return put_unfinished(at, &entry->unfinished);
    default:
        return at;
    }
}

/* The length takes three bytes whatever it is, so that the body is written once. */
size_t fmd__entry_encode(const struct fmd__journal_entry *entry, uint8_t *out)
{
    uint8_t *at = out + LENGTH_BYTES;
    *at++ = entry->kind;
    at = put_body(at, entry);
    size_t body = (size_t)(at - out) - LENGTH_BYTES;
    out[0] = (uint8_t)(body | 0x80);
    out[1] = (uint8_t)(body >> 7 | 0x80);
    out[2] = (uint8_t)(body >> 14 & 0x7f);
    return body + LENGTH_BYTES;
}

void fmd__journal_block_begin(uint64_t end, uint8_t *out)
{
    fmd__store64(out, end);
}

/* --- decode ---------------------------------------------------------------------- */

/* What is left of an entry; at is NULL once something did not fit, and stays so. */
struct in {
    const uint8_t *at, *end;
};

static uint64_t get64(struct in *in)
{
    uint64_t value = 0;
    if (in->at)
        in->at = fmd__get_varint(in->at, in->end, &value);
    return in->at ? value : 0;
}

static uint32_t get32(struct in *in, uint32_t max)
{
    uint32_t value = 0;
    if (in->at)
        in->at = fmd__get_bounded(in->at, in->end, max, &value);
    return in->at ? value : 0;
}

static uint8_t get8(struct in *in)
{
    if (in->at == in->end)
        in->at = NULL;
    return in->at ? *in->at++ : 0;
}

static struct fmd__text get_text(struct in *in)
{
    struct fmd__text text = {"", get32(in, FMD__ENTRY_STRING_BYTES_MAX)};
    if (!in->at || (size_t)(in->end - in->at) < text.length) {
        in->at = NULL;
        return (struct fmd__text){"", 0};
    }
    text.bytes = (const char *)in->at;
    in->at += text.length;
    return text;
}

static struct fmd__request_key get_key(struct in *in)
{
    struct fmd__request_key key = {.start_ns = get64(in)};
    key.endpoint = get32(in, UINT32_MAX);
    return key;
}

static uint32_t get_frames(struct in *in, struct fmd__stack_frame *frames)
{
    uint32_t count = get32(in, FMD__STACK_FRAMES_MAX);
    for (uint32_t i = 0; in->at && i < count; i++) {
        frames[i].code = get32(in, UINT32_MAX);
        frames[i].offset = get32(in, UINT32_MAX);
    }
    return count;
}

static void get_sample(struct in *in, struct fmd__sample *sample,
                       struct fmd__stack_frame *frames)
{
    sample->why = get8(in);
    sample->state = get8(in);
    sample->label = get8(in);
    sample->time_ns = get64(in);
    sample->request = get_key(in);
    sample->thread = get32(in, UINT32_MAX);
    sample->interval_us = get32(in, UINT32_MAX);
    sample->frame_count = get_frames(in, frames);
    sample->frames = frames;
}

static void get_context(struct in *in, struct fmd__context *context)
{
    context->request = get_key(in);
    context->item_count = get32(in, FMD__CONTEXT_ITEMS_MAX);
    for (uint32_t i = 0; in->at && i < context->item_count; i++) {
        context->items[i].what = get8(in);
        context->items[i].name = get_text(in);
        context->items[i].value = get_text(in);
    }
}

static void get_exception(struct in *in, struct fmd__exception *exception,
                          struct fmd__stack_frame *frames)
{
    exception->time_ns = get64(in);
    exception->request = get_key(in);
    exception->count = get64(in);
    exception->handled = get8(in);
    exception->type = get_text(in);
    exception->message = get_text(in);
    exception->frame_count = get_frames(in, frames);
    exception->frames = frames;
}

static void get_gauge(struct in *in, struct fmd__gauge *gauge)
{
    gauge->time_ns = get64(in);
    if (!in->at || in->end - in->at < 8) {
        in->at = NULL;
        return;
    }
    uint64_t bits = fmd__load64(in->at);
    memcpy(&gauge->value, &bits, sizeof(bits));
    in->at += 8;
    gauge->name = get_text(in);
}

static void get_process(struct in *in, struct fmd__process *process)
{
    process->time_ns = get64(in);
    while (in->at && in->at < in->end) {
        uint64_t what = get64(in), value = get64(in);
        if (what == 0 || what >= FMD__PROCESS_VALUES)
            continue;
        process->known |= 1u << what;
        process->values[what] = value;
    }
}

static void get_unfinished(struct in *in, struct fmd__unfinished *unfinished)
{
    unfinished->request = get_key(in);
    unfinished->seen_ns = get64(in);
    unfinished->threshold_ns = get64(in);
    unfinished->thread = get32(in, UINT32_MAX);
    unfinished->group = get32(in, UINT32_MAX);
    unfinished->address = get32(in, UINT32_MAX);
    unfinished->method = get8(in);
    unfinished->level = get8(in);
    unfinished->outlier = get8(in);
    unfinished->path = get_text(in);
}

/* 1; 0 when it holds a definition of a kind that is not known. */
static int get_definition(struct in *in, struct fmd__definition *definition)
{
    size_t offset = 0;
    int got =
        fmd__definition_decode(in->at, (size_t)(in->end - in->at), &offset, definition);
    if (got < 0)
        in->at = NULL;
    return got;
}

/* 1, 0 for a kind that is not known, -1 when damaged. */
static int get_body(struct in in, struct fmd__journal_entry *entry,
                    struct fmd__stack_frame *frames)
{
    int known = 1;
    switch (entry->kind) {
    case FMD__ENTRY_DEFINITION:
        known = get_definition(&in, &entry->definition);
        break;
    case FMD__ENTRY_SAMPLE:
        get_sample(&in, &entry->sample, frames);
        break;
    case FMD__ENTRY_CONTEXT:
        get_context(&in, &entry->context);
        break;
    case FMD__ENTRY_EXCEPTION:
        get_exception(&in, &entry->exception, frames);
        break;
    case FMD__ENTRY_GAUGE:
        get_gauge(&in, &entry->gauge);
        break;
    case FMD__ENTRY_PROCESS:
        get_process(&in, &entry->process);
        break;
    case FMD__ENTRY_UNFINISHED:
        get_unfinished(&in, &entry->unfinished);
        break;
    default:
        return 0;
    }
    return in.at ? known : -1;
}

int fmd__entry_decode(const uint8_t *payload, size_t size, size_t *offset,
                      struct fmd__journal_entry *entry, struct fmd__stack_frame *frames)
{
    while (*offset < size) {
        const uint8_t *at = payload + *offset, *end = payload + size;
        uint32_t body = 0;
        at = fmd__get_bounded(at, end, UINT32_MAX, &body);
        if (!at || body == 0 || (size_t)(end - at) < body)
            return -1;
        *offset = (size_t)(at + body - payload);
        memset(entry, 0, sizeof(*entry));
        entry->kind = at[0];
        int got = get_body((struct in){at + 1, at + body}, entry, frames);
        if (got)
            return got;
    }
    return 0;
}

int fmd__journal_block_open(const uint8_t *payload, size_t size, size_t *offset,
                            uint64_t *end)
{
    if (size < FMD__JOURNAL_HEAD_BYTES)
        return -1;
    *end = fmd__load64(payload);
    *offset = FMD__JOURNAL_HEAD_BYTES;
    return 0;
}
