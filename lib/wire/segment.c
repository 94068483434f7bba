/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tagged fields: tag, length, bytes. Numbers are little-endian and 8 bytes long. Tags are
 * never used again for something else. A handful of fields a file: written plainly.
 */
#include "segment.h"
#include "numbers.h"

#include <stdbool.h>
#include <stdio.h>

enum segment_tag {
    TAG_STREAM = 1,
    TAG_NUMBER,
    TAG_PID,
    TAG_PARENT_PID,
    TAG_STARTED_UTC,
    TAG_STARTED_MONOTONIC,
    TAG_HOST,
    TAG_CONTAINER,
    TAG_BOOT_ID,
    TAG_RUN,
    TAG_APPLICATION,
    TAG_VERSION,
    TAG_RECORDER,
    TAG_INTERPRETER
};

enum stats_tag {
    TAG_ISSUED = 1,
    TAG_RECORDED,
    TAG_STRINGS_LOST,
    TAG_SEGMENTS_DELETED,
    TAG_REQUESTS_DELETED,
    TAG_WRITER_CPU,
    TAG_CLEAN_END,
    TAG_OTHERS_SEGMENTS_DELETED,
    TAG_OTHERS_REQUESTS_DELETED,
    TAG_DROPPED = 32 /* + cause, up to FMD__DROP_CAUSES_MAX of them */
};

static uint8_t *put_bytes(uint8_t *at, unsigned tag, const void *bytes, size_t length)
{
    at = fmd__put_varint(at, tag);
    at = fmd__put_varint(at, length);
    memcpy(at, bytes, length);
    return at + length;
}

static uint8_t *put_number(uint8_t *at, unsigned tag, uint64_t value)
{
    uint8_t bytes[8];
    fmd__store64(bytes, value);
    return value ? put_bytes(at, tag, bytes, sizeof(bytes)) : at;
}

static uint8_t *put_name(uint8_t *at, unsigned tag, const char *name)
{
    size_t length = strnlen(name, FMD__NAME_BYTES - 1);
    return length ? put_bytes(at, tag, name, length) : at;
}

/* One field of a payload that is read. */
struct field {
    uint64_t tag;
    const uint8_t *bytes;
    uint32_t length;
};

/* 1, 0 at the end, -1 when damaged. */
static int next_field(const uint8_t **at, const uint8_t *end, struct field *field)
{
    if (*at == end)
        return 0;
    *at = fmd__get_varint(*at, end, &field->tag);
    if (*at)
        *at = fmd__get_bounded(*at, end, UINT32_MAX, &field->length);
    if (!*at || (size_t)(end - *at) < field->length)
        return -1;
    field->bytes = *at;
    *at += field->length;
    return 1;
}

static uint64_t number_of(const struct field *field)
{
    uint8_t bytes[8] = {0};
    memcpy(bytes, field->bytes, field->length < 8 ? field->length : 8);
    return fmd__load64(bytes);
}

static void name_of(const struct field *field, char name[FMD__NAME_BYTES])
{
    size_t length = field->length < FMD__NAME_BYTES ? field->length : FMD__NAME_BYTES - 1;
    memset(name, 0, FMD__NAME_BYTES);
    memcpy(name, field->bytes, strnlen((const char *)field->bytes, length));
}

size_t fmd__segment_encode(const struct fmd__segment *segment, uint8_t *out)
{
    uint8_t *at = put_bytes(out, TAG_STREAM, segment->stream, sizeof(segment->stream));
    at = put_number(at, TAG_NUMBER, segment->number);
    at = put_number(at, TAG_PID, segment->pid);
    at = put_number(at, TAG_PARENT_PID, segment->parent_pid);
    at = put_number(at, TAG_STARTED_UTC, (uint64_t)segment->started_utc_ns);
    at = put_number(at, TAG_STARTED_MONOTONIC, segment->started_monotonic_ns);
    at = put_name(at, TAG_HOST, segment->host);
    at = put_name(at, TAG_CONTAINER, segment->container);
    at = put_name(at, TAG_BOOT_ID, segment->boot_id);
    at = put_name(at, TAG_RUN, segment->run);
    at = put_name(at, TAG_APPLICATION, segment->application);
    at = put_name(at, TAG_VERSION, segment->version);
    at = put_name(at, TAG_RECORDER, segment->recorder);
    at = put_name(at, TAG_INTERPRETER, segment->interpreter);
    return (size_t)(at - out);
}

static void take_segment_field(const struct field *field, struct fmd__segment *segment)
{
    switch (field->tag) {
    case TAG_STREAM:
        if (field->length == sizeof(segment->stream))
            memcpy(segment->stream, field->bytes, sizeof(segment->stream));
        break;
    case TAG_NUMBER:
        segment->number = number_of(field);
        break;
    case TAG_PID:
        segment->pid = (uint32_t)number_of(field);
        break;
    case TAG_PARENT_PID:
        segment->parent_pid = (uint32_t)number_of(field);
        break;
    case TAG_STARTED_UTC:
        segment->started_utc_ns = (int64_t)number_of(field);
        break;
    case TAG_STARTED_MONOTONIC:
        segment->started_monotonic_ns = number_of(field);
        break;
    case TAG_HOST:
        name_of(field, segment->host);
        break;
    case TAG_CONTAINER:
        name_of(field, segment->container);
        break;
    case TAG_BOOT_ID:
        name_of(field, segment->boot_id);
        break;
    case TAG_RUN:
        name_of(field, segment->run);
        break;
    case TAG_APPLICATION:
        name_of(field, segment->application);
        break;
    case TAG_VERSION:
        name_of(field, segment->version);
        break;
    case TAG_RECORDER:
        name_of(field, segment->recorder);
        break;
    case TAG_INTERPRETER:
        name_of(field, segment->interpreter);
        break;
    default:
        break;
    }
}

int fmd__segment_decode(const uint8_t *payload, size_t size, struct fmd__segment *segment)
{
    const uint8_t *at = payload, *end = payload + size;
    struct field field;
    int more;
    memset(segment, 0, sizeof(*segment));
    while ((more = next_field(&at, end, &field)) == 1)
        take_segment_field(&field, segment);
    return more;
}

size_t fmd__stats_encode(const struct fmd__stats *stats, uint8_t *out)
{
    uint8_t *at = put_number(out, TAG_ISSUED, stats->issued);
    at = put_number(at, TAG_RECORDED, stats->recorded);
    at = put_number(at, TAG_STRINGS_LOST, stats->strings_lost);
    at = put_number(at, TAG_SEGMENTS_DELETED, stats->segments_deleted);
    at = put_number(at, TAG_REQUESTS_DELETED, stats->requests_deleted);
    at = put_number(at, TAG_WRITER_CPU, stats->writer_cpu_ns);
    at = put_number(at, TAG_CLEAN_END, stats->clean_end);
    at = put_number(at, TAG_OTHERS_SEGMENTS_DELETED, stats->others_segments_deleted);
    at = put_number(at, TAG_OTHERS_REQUESTS_DELETED, stats->others_requests_deleted);
    for (unsigned cause = 0; cause < FMD__DROP_CAUSES_MAX; cause++)
        at = put_number(at, TAG_DROPPED + cause, stats->dropped[cause]);
    return (size_t)(at - out);
}

static void take_stats_field(const struct field *field, struct fmd__stats *stats)
{
    uint64_t value = number_of(field);
    if (field->tag >= TAG_DROPPED && field->tag < TAG_DROPPED + FMD__DROP_CAUSES_MAX)
        stats->dropped[field->tag - TAG_DROPPED] = value;
    switch (field->tag) {
    case TAG_ISSUED:
        stats->issued = value;
        break;
    case TAG_RECORDED:
        stats->recorded = value;
        break;
    case TAG_STRINGS_LOST:
        stats->strings_lost = value;
        break;
    case TAG_SEGMENTS_DELETED:
        stats->segments_deleted = value;
        break;
    case TAG_REQUESTS_DELETED:
        stats->requests_deleted = value;
        break;
    case TAG_WRITER_CPU:
        stats->writer_cpu_ns = value;
        break;
    case TAG_CLEAN_END:
        stats->clean_end = value;
        break;
    case TAG_OTHERS_SEGMENTS_DELETED:
        stats->others_segments_deleted = value;
        break;
    case TAG_OTHERS_REQUESTS_DELETED:
        stats->others_requests_deleted = value;
        break;
    default:
        break;
    }
}

int fmd__stats_decode(const uint8_t *payload, size_t size, struct fmd__stats *stats)
{
    const uint8_t *at = payload, *end = payload + size;
    struct field field;
    int more;
    memset(stats, 0, sizeof(*stats));
    while ((more = next_field(&at, end, &field)) == 1)
        take_stats_field(&field, stats);
    return more;
}

/* Whatever the locale. */
static bool plain_in_a_name(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           c == '.';
}

size_t fmd__segment_stem(const struct fmd__segment *segment, char *out)
{
    char application[49] = "application";
    if (segment->application[0])
        snprintf(application, sizeof(application), "%.48s", segment->application);
    for (char *at = application; *at; at++)
        if (!plain_in_a_name(*at))
            *at = '_';
    if (application[0] == '.')
        application[0] = '_';
    const uint8_t *id = segment->stream;
    return (size_t)snprintf(out, FMD__STEM_BYTES, "%s-%u-%02x%02x%02x%02x", application,
                            segment->pid, id[0], id[1], id[2], id[3]);
}
