/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "beside_lists.h"

#include <stdlib.h>
#include <string.h>

#include "inside.h"
#include "packing.h"
#include "src/base/mem.h"

/* --- cells ------------------------------------------------------------------------- */

static void pack_id(struct str *out, struct request_id id)
{
    pack_fixed(out, id.process);
    pack_fixed(out, id.start_ns);
}

static struct request_id unpack_id(struct unpacking *in)
{
    struct request_id id;
    id.process = unpack_fixed(in);
    id.start_ns = unpack_fixed(in);
    return id;
}

static void pack_detail(struct str *out, const struct detailed_request *request)
{
    pack_id(out, request->id);
    pack_signed(out, request->start_utc_ns);
    pack_number(out, request->sequence);
    pack_number(out, request->duration_ns);
    pack_number(out, request->cpu_ns);
    pack_number(out, request->threshold_ns);
    for (int i = 0; i < DETAIL_COUNTS; i++)
        pack_number(out, request->counts[i]);
    pack_number(out, request->level);
    pack_number(out, request->outlier);
    pack_number(out, request->measured);
}

static void unpack_detail(struct unpacking *in, struct beside_cell *cell)
{
    struct detailed_request request = {.id = unpack_id(in)};
    request.start_utc_ns = unpack_signed(in);
    request.sequence = unpack_number(in);
    request.duration_ns = unpack_number(in);
    request.cpu_ns = unpack_number(in);
    request.threshold_ns = unpack_number(in);
    for (int i = 0; i < DETAIL_COUNTS; i++)
        request.counts[i] = (uint32_t)unpack_limited(in, UINT32_MAX);
    request.level = (uint8_t)unpack_limited(in, UINT8_MAX);
    request.outlier = unpack_limited(in, 1);
    request.measured = unpack_limited(in, 1);
    beside_keep_detail(cell, &request);
}

static void pack_last(const struct beside_numbering *numbering,
                      const struct last_stack *last)
{
    pack_id(numbering->out, last->id);
    pack_number(numbering->out, last->elapsed_ns);
    pack_number(numbering->out, numbering->nodes[last->node]);
    pack_number(numbering->out, last->state);
    pack_number(numbering->out, last->label);
}

void beside_pack_cell(const struct beside_numbering *numbering,
                      const struct beside_cell *cell)
{
    struct str *out = numbering->out;
    pack_number(out, cell->detailed);
    pack_number(out, cell->outliers);
    pack_number(out, cell->measured);
    pack_wide(out, cell->cpu_ns);
    pack_wide(out, cell->duration_ns);
    for (int i = 0; i < DETAIL_COUNTS; i++)
        pack_number(out, cell->counts[i]);
    pack_number(out, cell->kept_count);
    for (size_t i = 0; i < cell->kept_count; i++)
        pack_detail(out, &cell->kept[i]);
    pack_number(out, cell->last_count);
    for (size_t i = 0; i < cell->last_count; i++)
        pack_last(numbering, &cell->last[i]);
    pack_number(out, cell->sampled_count);
    pack_number(out, cell->sampled_full);
    for (size_t i = 0; i < cell->sampled_count; i++) {
        pack_fixed(out, cell->sampled[i].hash);
        pack_number(out, cell->sampled[i].samples);
    }
    pack_number(out, cell->truncated);
    pack_number(out, cell->unsupported);
    pack_number(out, cell->counted);
    pack_signed(out, cell->counted_last_utc_ns);
}

static void unpack_lasts(struct unpacking *in, const struct stacks *stacks,
                         struct beside_cell *cell)
{
    size_t count = unpack_count(in, BESIDE_KEPT);
    for (size_t i = 0; i < count && !in->bad; i++) {
        struct last_stack last = {.id = unpack_id(in)};
        last.elapsed_ns = unpack_number(in);
        uint64_t node = unpack_number(in);
        last.state = (uint8_t)unpack_limited(in, STACK_STATES - 1);
        last.label = (uint8_t)unpack_limited(in, 1);
        last.node = (uint32_t)node;
        if (node < stacks->nodes.count)
            beside_keep_last(stacks, cell, &last);
        else
            unpack_fail(in);
    }
}

void beside_unpack_cell(struct unpacking *in, const struct stacks *stacks,
                        struct beside_cell *cell)
{
    cell->detailed = unpack_number(in);
    cell->outliers = unpack_number(in);
    cell->measured = unpack_number(in);
    cell->cpu_ns = unpack_wide(in);
    cell->duration_ns = unpack_wide(in);
    for (int i = 0; i < DETAIL_COUNTS; i++)
        cell->counts[i] = unpack_number(in);
    for (size_t left = unpack_count(in, BESIDE_KEPT); left && !in->bad; left--)
        unpack_detail(in, cell);
    unpack_lasts(in, stacks, cell);
    size_t count = unpack_count(in, BESIDE_SAMPLED);
    bool full = unpack_limited(in, 1);
    for (size_t i = 0; i < count && !in->bad; i++) {
        uint64_t hash = unpack_fixed(in);
        beside_keep_sampled(cell, hash, unpack_number(in));
    }
    cell->sampled_full = full;
    cell->truncated = unpack_number(in);
    cell->unsupported = unpack_number(in);
    cell->counted = unpack_number(in);
    cell->counted_last_utc_ns = unpack_signed(in);
}

/* --- exceptions, contexts, unfinished requests, processes -------------------------- */

void beside_pack_exceptions(struct str *out, const struct beside *beside)
{
    uint32_t *order = beside_order(&beside->exceptions);
    pack_number(out, beside->exceptions.count);
    for (size_t i = 0; i < beside->exceptions.count; i++) {
        const struct map_key *key = &beside->exceptions.keys[order[i]];
        const struct beside_exception *exception = &beside->of_exceptions[order[i]];
        pack_name(out, (struct name){key->bytes, key->length});
        pack_number(out, exception->count);
        pack_signed(out, exception->first_utc_ns);
        pack_signed(out, exception->last_utc_ns);
        pack_name(out, (struct name){exception->message, exception->message_length});
    }
    free(order);
}

/* Whether a key is one that reading can take apart. */
static bool is_exception_key(struct name key)
{
    struct unpacking in = {(const uint8_t *)key.bytes,
                           (const uint8_t *)key.bytes + key.length, false};
    struct stack_frame frame;
    for (int names = 0; names < 4; names++)
        unpack_name(&in);
    unpack_limited(&in, 1);
    struct name stack = {(const char *)in.at, (size_t)(in.end - in.at)};
    while (!in.bad && stack.length)
        in.bad = !stack_frame_next(&stack, &frame);
    return !in.bad;
}

void beside_unpack_exceptions(struct unpacking *in, struct beside *beside)
{
    size_t count = unpack_count(in, BESIDE_EXCEPTIONS + 1);
    for (size_t i = 0; i < count && !in->bad; i++) {
        struct name key = unpack_name(in), message;
        struct beside_exception from = {.count = unpack_number(in)};
        from.first_utc_ns = unpack_signed(in);
        from.last_utc_ns = unpack_signed(in);
        message = unpack_name(in);
        from.message = (char *)message.bytes;
        from.message_length = message.length;
        if (in->bad || !is_exception_key(key))
            unpack_fail(in);
        else
            beside_merge_exception(beside_exception_of(beside, key), &from);
    }
}

/* Of those that are kept for the time being, the ones to keep: a mark each. */
static uint8_t *lowest_contexts(const struct map *contexts)
{
    uint8_t *marks = mem_array(contexts->count, 1);
    uint64_t limit = beside_context_limit(contexts);
    for (size_t i = 0; i < contexts->count; i++)
        marks[i] = contexts->keys[i].hash <= limit;
    return marks;
}

void beside_pack_contexts(struct str *out, const struct beside *beside)
{
    const struct map *contexts = &beside->contexts;
    uint8_t *marks = lowest_contexts(contexts);
    uint32_t *order = beside_order(contexts);
    size_t count = 0;
    for (size_t i = 0; i < contexts->count; i++)
        count += marks[i];
    pack_number(out, count);
    for (size_t i = 0; i < contexts->count; i++) {
        const struct beside_context *context = &beside->of_contexts[order[i]];
        if (!marks[order[i]])
            continue;
        struct request_id id;
        memcpy(&id, contexts->keys[order[i]].bytes, sizeof(id));
        pack_id(out, id);
        pack_name(out, (struct name){context->items, context->length});
    }
    free(order);
    free(marks);
}

static bool is_context(struct name items)
{
    struct context_item item;
    while (items.length)
        if (!context_item_next(&items, &item))
            return false;
    return true;
}

void beside_unpack_contexts(struct unpacking *in, struct beside *beside)
{
    size_t count = unpack_count(in, BESIDE_CONTEXTS);
    for (size_t i = 0; i < count && !in->bad; i++) {
        struct request_id id = unpack_id(in);
        struct name items = unpack_name(in);
        if (in->bad || !is_context(items))
            unpack_fail(in);
        else
            beside_keep_context(beside, id, items);
    }
}

void beside_pack_unfinished(const struct beside_numbering *numbering,
                            const struct beside_unfinished *request)
{
    struct str *out = numbering->out;
    pack_id(out, request->id);
    pack_number(out, numbering->cells[request->cell]);
    pack_signed(out, request->start_utc_ns);
    pack_number(out, request->elapsed_ns);
    pack_number(out, request->threshold_ns);
    pack_number(out, request->pid);
    pack_number(out, request->thread);
    pack_number(out, request->method);
    pack_number(out, request->level);
    pack_number(out, request->outlier);
    pack_name(out, (struct name){request->texts, request->texts_length});
}

static bool are_unfinished_texts(struct name texts)
{
    struct unpacking in = {(const uint8_t *)texts.bytes,
                           (const uint8_t *)texts.bytes + texts.length, false};
    for (int i = 0; i < 3; i++)
        unpack_name(&in);
    return !in.bad && in.at == in.end;
}

void beside_unpack_unfinished(struct unpacking *in, struct beside *beside)
{
    struct beside_unfinished request = {.id = unpack_id(in)};
    uint64_t cell = unpack_number(in);
    request.start_utc_ns = unpack_signed(in);
    request.elapsed_ns = unpack_number(in);
    request.threshold_ns = unpack_number(in);
    request.pid = unpack_number(in);
    request.thread = (uint32_t)unpack_limited(in, UINT32_MAX);
    request.method = (uint8_t)unpack_limited(in, UINT8_MAX);
    request.level = (uint8_t)unpack_limited(in, UINT8_MAX);
    request.outlier = (uint8_t)unpack_limited(in, UINT8_MAX);
    struct name texts = unpack_name(in);
    if (in->bad || cell >= beside->cells.count || !are_unfinished_texts(texts)) {
        unpack_fail(in);
        return;
    }
    request.cell = (uint32_t)cell;
    request.texts = mem_bytes(texts.bytes, texts.length);
    request.texts_length = texts.length;
    beside_keep_unfinished_take(beside, &request);
}

/* All fields of it, in the order of the struct. */
enum { PROCESS_FIELDS = sizeof(struct beside_processes) / sizeof(uint64_t) };

void beside_pack_processes(struct str *out, const struct beside_processes *processes)
{
    uint64_t fields[PROCESS_FIELDS];
    memcpy(fields, processes, sizeof(fields));
    for (size_t i = 0; i < PROCESS_FIELDS; i++)
        pack_number(out, fields[i]);
}

void beside_unpack_processes(struct unpacking *in, struct beside_processes *processes)
{
    uint64_t fields[PROCESS_FIELDS] = {0};
    for (size_t i = 0; i < PROCESS_FIELDS; i++)
        fields[i] = unpack_number(in);
    memcpy(processes, fields, sizeof(fields));
}
