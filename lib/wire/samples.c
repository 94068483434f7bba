/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A sample is what differs from the sample before it in the block: its time, what became
 * of the stack ("keep n frames, then these"), and where they changed its thread and the
 * interval. Requests get a number in the block when they are first met.
 */
#include "samples.h"
#include "numbers.h"

#define HEAD_BYTES 8u

/* The first byte: two bits each of why, state and label, then these. */
#define LABEL_SHIFT 4
#define STATE_SHIFT 2
#define TWO_BITS 3u
#define NEW_THREAD 0x40u
#define NEW_INTERVAL 0x80u

/* --- encode ---------------------------------------------------------------------- */

void fmd__samples_begin(struct fmd__samples_writer *writer, uint8_t *out)
{
    writer->out = out;
    writer->at = out + HEAD_BYTES;
    writer->count = writer->request_count = writer->frame_count = 0;
    writer->time_ns = 0;
    writer->thread = writer->interval_us = 0;
}

/* Differences of either sign, small ones short: 0, -1, 1, -2 ... */
static uint64_t fold(uint64_t difference)
{
    return difference << 1 ^ (0 - (difference >> 63));
}

static uint64_t unfold(uint64_t folded)
{
    return folded >> 1 ^ (0 - (folded & 1));
}

static uint32_t frames_in_common(const struct fmd__samples_writer *writer,
                                 const struct fmd__sample *sample, uint32_t count)
{
    uint32_t most = count < writer->frame_count ? count : writer->frame_count, n = 0;
    while (n < most && writer->frames[n].code == sample->frames[n].code &&
           writer->frames[n].offset == sample->frames[n].offset)
        n++;
    return n;
}

static uint8_t *put_request(struct fmd__samples_writer *writer,
                            const struct fmd__sample *sample, uint8_t *at)
{
    struct fmd__request_key key = sample->request;
    uint32_t n = writer->request_count;
    if (key.start_ns == 0)
        return fmd__put_varint(at, 0);
    while (n > 0 && (writer->requests[n - 1].start_ns != key.start_ns ||
                     writer->requests[n - 1].endpoint != key.endpoint))
        n--;
    if (n > 0)
        return fmd__put_varint(at, n);
    writer->requests[writer->request_count++] = key;
    at = fmd__put_varint(at, writer->request_count);
    at = fmd__put_varint(at, fold(sample->time_ns - key.start_ns));
    return fmd__put_varint(at, key.endpoint);
}

static uint8_t *put_frames(struct fmd__samples_writer *writer,
                           const struct fmd__sample *sample, uint32_t keep,
                           uint32_t count, uint8_t *at)
{
    at = fmd__put_varint(at, keep);
    at = fmd__put_varint(at, count - keep);
    for (uint32_t i = keep; i < count; i++) {
        at = fmd__put_varint(at, sample->frames[i].code);
        at = fmd__put_varint(at, sample->frames[i].offset);
        writer->frames[i] = sample->frames[i];
    }
    writer->frame_count = count;
    return at;
}

int fmd__samples_add(struct fmd__samples_writer *writer, const struct fmd__sample *sample)
{
    uint32_t all = sample->frame_count;
    uint32_t count = all < FMD__STACK_FRAMES_MAX ? all : FMD__STACK_FRAMES_MAX;
    uint32_t keep = frames_in_common(writer, sample, count);
    size_t used = (size_t)(writer->at - writer->out);
    size_t bound = 8 * FMD__VARINT_BYTES_MAX + (size_t)(count - keep) * 10;
    if (writer->count == FMD__BLOCK_SAMPLES_MAX || used + bound > FMD__SAMPLES_BYTES_MAX)
        return -1;

    unsigned label = count < all ? FMD__SAMPLE_TRUNCATED : sample->label & TWO_BITS;
    int new_thread = sample->thread != writer->thread,
        new_interval = sample->interval_us != writer->interval_us;
    uint8_t *at = writer->at;
    *at++ = (uint8_t)((sample->why & TWO_BITS) |
                      (sample->state & TWO_BITS) << STATE_SHIFT | label << LABEL_SHIFT |
                      (new_thread ? NEW_THREAD : 0) | (new_interval ? NEW_INTERVAL : 0));
    at = fmd__put_varint(at, fold(sample->time_ns - writer->time_ns));
    at = put_request(writer, sample, at);
    if (new_thread)
        at = fmd__put_varint(at, sample->thread);
    if (new_interval)
        at = fmd__put_varint(at, sample->interval_us);
    writer->at = put_frames(writer, sample, keep, count, at);
    writer->time_ns = sample->time_ns;
    writer->thread = sample->thread;
    writer->interval_us = sample->interval_us;
    writer->count++;
    return 0;
}

size_t fmd__samples_finish(struct fmd__samples_writer *writer, uint64_t journal_end)
{
    fmd__store64(writer->out, journal_end);
    return (size_t)(writer->at - writer->out);
}

/* --- decode ---------------------------------------------------------------------- */

int fmd__samples_open(struct fmd__samples_reader *reader, const uint8_t *payload,
                      size_t size)
{
    if (size < HEAD_BYTES)
        return -1;
    reader->at = payload + HEAD_BYTES;
    reader->end = payload + size;
    reader->journal_end = fmd__load64(payload);
    reader->count = reader->request_count = reader->frame_count = reader->kept = 0;
    reader->time_ns = 0;
    reader->thread = reader->interval_us = 0;
    return 0;
}

static const uint8_t *get_request(struct fmd__samples_reader *reader, const uint8_t *at,
                                  struct fmd__request_key *key)
{
    uint32_t n = 0;
    uint64_t before = 0;
    at = fmd__get_bounded(at, reader->end, (uint64_t)reader->request_count + 1, &n);
    *key = (struct fmd__request_key){0, 0};
    if (at && n == reader->request_count + 1) {
        if (n > FMD__BLOCK_SAMPLES_MAX)
            return NULL;
        at = fmd__get_varint(at, reader->end, &before);
        if (at)
            at = fmd__get_bounded(at, reader->end, UINT32_MAX, &key->endpoint);
        key->start_ns = reader->time_ns - unfold(before);
        reader->requests[n - 1] = *key;
        reader->request_count = n;
    } else if (at && n > 0) {
        *key = reader->requests[n - 1];
    }
    return at;
}

static const uint8_t *get_frames(struct fmd__samples_reader *reader, const uint8_t *at)
{
    uint32_t keep = 0, push = 0;
    at = fmd__get_bounded(at, reader->end, reader->frame_count, &keep);
    if (at)
        at = fmd__get_bounded(at, reader->end, FMD__STACK_FRAMES_MAX - keep, &push);
    for (uint32_t i = keep; at && i < keep + push; i++) {
        at = fmd__get_bounded(at, reader->end, UINT32_MAX, &reader->frames[i].code);
        if (at)
            at = fmd__get_bounded(at, reader->end, UINT32_MAX, &reader->frames[i].offset);
    }
    reader->kept = keep;
    reader->frame_count = keep + push;
    return at;
}

int fmd__samples_next(struct fmd__samples_reader *reader, struct fmd__sample *sample)
{
    const uint8_t *at = reader->at, *end = reader->end;
    uint64_t passed = 0;
    if (at == end)
        return 0;
    if (reader->count++ == FMD__BLOCK_SAMPLES_MAX)
        return -1;
    uint8_t what = *at++;
    at = fmd__get_varint(at, end, &passed);
    reader->time_ns += unfold(passed);
    if (at)
        at = get_request(reader, at, &sample->request);
    if (at && what & NEW_THREAD)
        at = fmd__get_bounded(at, end, UINT32_MAX, &reader->thread);
    if (at && what & NEW_INTERVAL)
        at = fmd__get_bounded(at, end, UINT32_MAX, &reader->interval_us);
    if (at)
        at = get_frames(reader, at);
    if (!at)
        return -1;
    reader->at = at;
    sample->why = what & TWO_BITS;
    sample->state = what >> STATE_SHIFT & TWO_BITS;
    sample->label = what >> LABEL_SHIFT & TWO_BITS;
    sample->time_ns = reader->time_ns;
    sample->thread = reader->thread;
    sample->interval_us = reader->interval_us;
    sample->frame_count = reader->frame_count;
    sample->frames = reader->frames;
    return 1;
}
