/* SPDX-License-Identifier: Apache-2.0 */
/* The journal's part of a batch: samples become a block of columns, entries stay as they
 * are, and what they name is defined before them. */
#include "batch_inside.h"

#include "stacks/python_stack.h"
#include "watch.h"

#include <string.h>

/* false: no room in this batch. */
static bool define_code(struct fmd__batch *batch, const struct fmd__definition *code)
{
    if (code->id == 0 || code->id > (1u << 24) ||
        !fmd__batch_room_for(&batch->code_segments, &batch->code_room, code->id) ||
        batch->code_segments[code->id] == batch->segment)
        return true;
    if (batch->definition_bytes + fmd__definition_bound(code) >
        FMD__BATCH_DEFINITION_BYTES)
        return false;
    batch->code_segments[code->id] = batch->segment;
    fmd__batch_define(batch, code);
    return true;
}

static const struct fmd__python_code *code_of(const struct fmd__batch *batch,
                                              uint32_t number)
{
    struct fmd__python_sampler *sampler =
        batch->sampler ? atomic_load(batch->sampler) : NULL;
    struct fmd__exceptions *exceptions =
        batch->exceptions ? atomic_load(batch->exceptions) : NULL;

    if (number > FMD__EXCEPTION_CODES)
        return exceptions ? fmd__exceptions_code(exceptions, number) : NULL;
    return sampler ? fmd__python_code(sampler, number) : NULL;
}

/* A frame's code object, where this segment does not have it yet. */
static bool define_frame(struct fmd__batch *batch, uint32_t number)
{
    const struct fmd__python_code *code;
    struct fmd__definition definition;

    if (number < batch->code_room && batch->code_segments[number] == batch->segment)
        return true;
    code = code_of(batch, number);
    if (!code)
        return true;
    fmd__watch_describe_code(code, number, &definition);
    return define_code(batch, &definition);
}

/* Defines what an entry names; false: no room in this batch. */
static bool define_used(struct fmd__batch *batch, uint32_t endpoint,
                        const struct fmd__stack_frame *frames, uint32_t frame_count)
{
    if (batch->definition_bytes + FMD__BATCH_DEFINITION_MAX > FMD__BATCH_DEFINITION_BYTES)
        return false;
    (void)fmd__batch_endpoint_id(batch, endpoint);
    for (uint32_t i = 0; i < frame_count; i++)
        if (!define_frame(batch, frames[i].code))
            return false;
    return true;
}

static bool add_sample(struct fmd__batch *batch, const struct fmd__sample *sample)
{
    return define_used(batch, sample->request.endpoint, sample->frames,
                       sample->frame_count) &&
           fmd__samples_add(&batch->samples, sample) == 0;
}

/* false: it waits for the next batch. */
static bool add_entry(struct fmd__batch *batch, const uint8_t *bytes, uint32_t length,
                      size_t *used)
{
    struct fmd__journal_entry entry;
    size_t offset = 0;

    if (fmd__entry_decode(bytes, length, &offset, &entry, batch->frames) != 1)
        return true;
    if (entry.kind == FMD__ENTRY_DEFINITION)
        return define_code(batch, &entry.definition);
    if (entry.kind == FMD__ENTRY_SAMPLE)
        return add_sample(batch, &entry.sample);
    if (entry.kind == FMD__ENTRY_EXCEPTION &&
        !define_used(batch, entry.exception.request.endpoint, entry.exception.frames,
                     entry.exception.frame_count))
        return false;
    if (*used + length > sizeof batch->journal_out)
        return false;
    memcpy(batch->journal_out + *used, bytes, length);
    *used += length;
    return true;
}

void fmd__batch_events(struct fmd__batch *batch)
{
    struct fmd__journal *journal = fmd__ring_journal(batch->pool->header);
    struct fmd__block samples = {.type = FMD__BLOCK_SAMPLES},
                      entries = {.type = FMD__BLOCK_JOURNAL};
    uint64_t position = atomic_load_explicit(&journal->tail, memory_order_relaxed);
    uint64_t head = atomic_load_explicit(&journal->head, memory_order_acquire);
    uint64_t next = position, room = batch->pool->header->journal_room;
    size_t used = FMD__JOURNAL_HEAD_BYTES;
    const uint8_t *entry;
    uint32_t length;

    fmd__samples_begin(&batch->samples, batch->samples_out);
    while (fmd__journal_next(journal->bytes, room, head, &next, &entry, &length) == 1 &&
           add_entry(batch, entry, length, &used))
        position = next;
    batch->journal_end = position;
    fmd__batch_add_definitions(batch);
    samples.count = batch->samples.count;
    if (samples.count > 0)
        fmd__batch_add_block(batch, &samples, batch->samples_out,
                             fmd__samples_finish(&batch->samples, position));
    fmd__journal_block_begin(position, batch->journal_out);
    if (used > FMD__JOURNAL_HEAD_BYTES)
        fmd__batch_add_block(batch, &entries, batch->journal_out, used);
}
