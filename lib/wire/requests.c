/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The payload of a requests block: count, ring ranges, then tagged columns. What repeats
 * from request to request (endpoint, status, method, flags) is one column of numbers into
 * a table of the combinations that occur in the block; first byte and view are stored as
 * what the duration is longer by.
 */
#include "requests.h"
#include "bitpack.h"
#include "column.h"
#include "numbers.h"

#include <stdbool.h>

#define KIND_HASH_SLOTS 4096u

/* --- kinds ----------------------------------------------------------------------- */

/* endpoint << 32 | status << 16 | method << 8 | flags */
static const unsigned kind_shifts[4] = {32, 16, 8, 0};
static const uint64_t kind_masks[4] = {0xffffffff, 0xffff, 0xff, 0xff};
static uint64_t kind_of(const struct fmd__columns *c, uint32_t i)
{
    return (uint64_t)c->endpoint[i] << 32 | (uint64_t)c->status[i] << 16 |
           (uint64_t)c->method[i] << 8 | c->flags[i];
}

/* Combinations in order of their first request, and which one each request has. */
struct kinds {
    uint32_t count;
    uint64_t table[FMD__KINDS_MAX];
    uint64_t index[FMD__BLOCK_REQUESTS_MAX];
    uint16_t slots[KIND_HASH_SLOTS]; /* number in table + 1; 0: empty */
};

/* Number of kind in the table, which gets it if new; FMD__KINDS_MAX when full. */
static uint32_t find_kind(struct kinds *kinds, uint64_t kind)
{
    uint64_t slot = (kind * 0x9e3779b97f4a7c15u) >> 52;
    for (; kinds->slots[slot]; slot = (slot + 1) % KIND_HASH_SLOTS)
        if (kinds->table[kinds->slots[slot] - 1] == kind)
            return kinds->slots[slot] - 1u;
    if (kinds->count == FMD__KINDS_MAX)
        return FMD__KINDS_MAX;
    kinds->table[kinds->count++] = kind;
    kinds->slots[slot] = (uint16_t)kinds->count;
    return kinds->count - 1;
}

/* False when there are too many combinations for a table to pay. */
static bool count_kinds(const struct fmd__columns *columns, struct kinds *kinds)
{
    kinds->count = 0;
    memset(kinds->slots, 0, sizeof(kinds->slots));
    for (uint32_t i = 0; i < columns->count; i++) {
        uint32_t number = find_kind(kinds, kind_of(columns, i));
        if (number == FMD__KINDS_MAX)
            return false;
        kinds->index[i] = number;
    }
    return true;
}

static uint8_t *put_kinds(const struct kinds *kinds, uint32_t count, uint8_t *out)
{
    uint64_t part[FMD__KINDS_MAX];
    struct fmd__frame frame;
    out = fmd__put_varint(out, kinds->count);
    for (int p = 0; p < 4; p++) {
        for (uint32_t k = 0; k < kinds->count; k++)
            part[k] = kinds->table[k] >> kind_shifts[p] & kind_masks[p];
        frame = fmd__frame_plan(part, kinds->count, 0);
        out = fmd__frame_encode(&frame, part, kinds->count, out);
    }
    return fmd__bitpack(kinds->index, count, fmd__bits_of(kinds->count - 1), out);
}

#define KINDS_A_TIME 256u /* any width of so many is whole bytes */

/* False when a number is not in the table. */
static bool unpack_kinds(const uint8_t *packed, uint32_t count, struct fmd__kinds *kinds)
{
    unsigned width = fmd__bits_of(kinds->count - 1);
    uint32_t index[KINDS_A_TIME], beyond = 0; /* top bit: an index >= count */
    for (uint32_t from = 0; from < count; from += KINDS_A_TIME) {
        uint32_t left = count - from, now = left < KINDS_A_TIME ? left : KINDS_A_TIME;
        fmd__bitunpack32(packed, now, width, 0, index);
        packed += fmd__bitpack_bytes(now, width);
        for (uint32_t i = 0; i < now; i++) {
            beyond |= kinds->count - 1 - index[i];
            kinds->index[from + i] = (uint16_t)index[i];
        }
    }
    return !(beyond >> 31);
}

static bool get_kinds(const uint8_t *at, const uint8_t *end, uint32_t count,
                      struct fmd__kinds *kinds)
{
    uint32_t part[FMD__KINDS_MAX];
    at = fmd__get_bounded(at, end, FMD__KINDS_MAX, &kinds->count);
    if (!at || kinds->count == 0)
        return false;
    memset(kinds->table, 0, kinds->count * sizeof(*kinds->table));
    for (int p = 0; p < 4 && at; p++) {
        at = fmd__frame_decode32(at, end, kinds->count, part);
        for (uint32_t k = 0; at && k < kinds->count; k++)
            kinds->table[k] |= (part[k] & kind_masks[p]) << kind_shifts[p];
    }
    return at &&
           (size_t)(end - at) >=
               fmd__bitpack_bytes(count, fmd__bits_of(kinds->count - 1)) &&
           unpack_kinds(at, count, kinds);
}

/* --- encode ---------------------------------------------------------------------- */

/* Where the next column goes. */
struct out {
    uint8_t *at;
    uint64_t values[FMD__BLOCK_REQUESTS_MAX]; /* of the column that is written */
};

static void put_values(struct out *out, enum fmd__column_tag tag, uint32_t count,
                       size_t value_bytes)
{
    unsigned bits = value_bytes == 8 ? 64 : 32;
    uint8_t *at = fmd__column_begin(out->at, (uint8_t)tag);
    out->at = fmd__column_end(out->at, fmd__column_encode(out->values, count, bits, at));
}

/* Leaves out a column that is 0 throughout. */
#define PUT_COLUMN(out, tag, columns, member)                                            \
    do {                                                                                 \
        uint64_t any_ = 0;                                                               \
        for (uint32_t i_ = 0; i_ < (columns)->count; i_++)                               \
            any_ |= (out)->values[i_] = (columns)->member[i_];                           \
        if (any_)                                                                        \
            put_values(out, tag, (columns)->count, sizeof((columns)->member[0]));        \
    } while (0)

/* A part of the duration as what is left of it, plus 1; 0: not known (UINT64_MAX). Exact
 * for every pair of numbers: the one part that would be 0 too takes the number that
 * "not known" would have had. */
static uint64_t rest_of(uint64_t duration, uint64_t part)
{
    uint64_t rest = duration - part + 1;
    if (part == UINT64_MAX)
        return 0;
    return rest ? rest : duration + 2;
}

static inline uint64_t part_of(uint64_t duration, uint64_t rest)
{
    uint64_t part = duration + 1 - rest;
    part = part == UINT64_MAX ? duration + 1 : part;
    return rest ? part : UINT64_MAX;
}

static void put_part(struct out *out, enum fmd__column_tag tag, const uint64_t *duration,
                     const uint64_t *part, uint32_t count)
{
    uint64_t any = 0;
    for (uint32_t i = 0; i < count; i++)
        any |= out->values[i] = rest_of(duration[i], part[i]);
    if (any)
        put_values(out, tag, count, sizeof(part[0]));
}

static void put_kind_columns(struct out *out, const struct fmd__columns *columns)
{
    struct kinds kinds;
    if (count_kinds(columns, &kinds)) {
        uint8_t *at = fmd__column_begin(out->at, FMD__COLUMN_KINDS);
        out->at = fmd__column_end(out->at, put_kinds(&kinds, columns->count, at));
        return;
    }
    PUT_COLUMN(out, FMD__COLUMN_ENDPOINT, columns, endpoint);
    PUT_COLUMN(out, FMD__COLUMN_STATUS, columns, status);
    PUT_COLUMN(out, FMD__COLUMN_METHOD, columns, method);
    PUT_COLUMN(out, FMD__COLUMN_FLAGS, columns, flags);
}

static uint8_t *put_ranges(const struct fmd__ring_range *ranges, uint32_t range_count,
                           uint8_t *at)
{
    at = fmd__put_varint(at, range_count);
    for (uint32_t i = 0; i < range_count; i++) {
        at = fmd__put_varint(at, ranges[i].ring_id);
        at = fmd__put_varint(at, ranges[i].first);
        at = fmd__put_varint(at, ranges[i].last - ranges[i].first);
    }
    return at;
}

size_t fmd__requests_encode(const struct fmd__columns *columns,
                            const struct fmd__ring_range *ranges, uint32_t range_count,
                            uint8_t *out)
{
    struct out to = {.at = fmd__put_varint(out, columns->count)};
    to.at = put_ranges(ranges, range_count, to.at);
    if (columns->count == 0)
        return (size_t)(to.at - out);
    put_kind_columns(&to, columns);
    PUT_COLUMN(&to, FMD__COLUMN_START, columns, start_ns);
    PUT_COLUMN(&to, FMD__COLUMN_DURATION, columns, duration_ns);
    put_part(&to, FMD__COLUMN_FIRST_BYTE, columns->duration_ns, columns->first_byte_ns,
             columns->count);
    put_part(&to, FMD__COLUMN_VIEW, columns->duration_ns, columns->view_ns,
             columns->count);
    PUT_COLUMN(&to, FMD__COLUMN_GROUP, columns, group);
    PUT_COLUMN(&to, FMD__COLUMN_ADDRESS, columns, address);
    return (size_t)(to.at - out);
}

/* --- decode ---------------------------------------------------------------------- */

static const uint8_t *get_ranges(const uint8_t *at, const uint8_t *end,
                                 struct fmd__ring_range *ranges, uint32_t *range_count)
{
    struct fmd__ring_range ignored = {0};
    at = fmd__get_bounded(at, end, FMD__RING_RANGES_MAX, range_count);
    for (uint32_t i = 0; at && i < *range_count; i++) {
        struct fmd__ring_range *range = ranges ? ranges + i : &ignored;
        uint64_t length = 0;
        at = fmd__get_bounded(at, end, UINT32_MAX, &range->ring_id);
        if (at)
            at = fmd__get_varint(at, end, &range->first);
        if (at)
            at = fmd__get_varint(at, end, &length);
        if (!at || range->first + length < length)
            return NULL;
        range->last = range->first + length;
    }
    return at;
}

static bool get_narrow(const uint8_t *at, const uint8_t *end, enum fmd__column_tag tag,
                       struct fmd__columns *columns)
{
    uint32_t values[FMD__BLOCK_REQUESTS_MAX];
    if (!fmd__column_decode32(at, end, columns->count, values))
        return false;
    for (uint32_t i = 0; i < columns->count; i++) {
        if (tag == FMD__COLUMN_STATUS)
            columns->status[i] = (uint16_t)values[i];
        else if (tag == FMD__COLUMN_METHOD)
            columns->method[i] = (uint8_t)values[i];
        else
            columns->flags[i] = (uint8_t)values[i];
    }
    return true;
}

static bool get_column(const uint8_t *at, const uint8_t *end, enum fmd__column_tag tag,
                       struct fmd__columns *c, struct fmd__kinds *kinds)
{
    switch (tag) {
    case FMD__COLUMN_KINDS:
        return get_kinds(at, end, c->count, kinds);
    case FMD__COLUMN_START:
        return fmd__column_decode64(at, end, c->count, c->start_ns) != NULL;
    case FMD__COLUMN_DURATION:
        return fmd__column_decode64(at, end, c->count, c->duration_ns) != NULL;
    case FMD__COLUMN_FIRST_BYTE:
        return fmd__column_decode64(at, end, c->count, c->first_byte_ns) != NULL;
    case FMD__COLUMN_VIEW:
        return fmd__column_decode64(at, end, c->count, c->view_ns) != NULL;
    case FMD__COLUMN_GROUP:
        return fmd__column_decode32(at, end, c->count, c->group) != NULL;
    case FMD__COLUMN_ADDRESS:
        return fmd__column_decode32(at, end, c->count, c->address) != NULL;
    case FMD__COLUMN_ENDPOINT:
        return fmd__column_decode32(at, end, c->count, c->endpoint) != NULL;
    case FMD__COLUMN_STATUS:
    case FMD__COLUMN_METHOD:
    case FMD__COLUMN_FLAGS:
        return get_narrow(at, end, tag, c);
    default:
        return true; /* a later version's: passed over */
    }
}

static void to_parts(const uint64_t *duration, uint32_t count, uint64_t *values)
{
    for (uint32_t i = 0; i < count; i++)
        values[i] = part_of(duration[i], values[i]);
}

#define HAS(seen, tag) ((seen) >> (tag)&1)

#define ZERO_UNLESS(seen, tag, member)                                                   \
    do {                                                                                 \
        if (!HAS(seen, tag))                                                             \
            memset(c->member, 0, c->count * sizeof(c->member[0]));                       \
    } while (0)

/* Columns that every request has, whether the payload has them or not, and those that are
 * relative to others. */
static void complete(struct fmd__columns *c, uint32_t seen)
{
    if (!HAS(seen, FMD__COLUMN_KINDS)) {
        ZERO_UNLESS(seen, FMD__COLUMN_ENDPOINT, endpoint);
        ZERO_UNLESS(seen, FMD__COLUMN_STATUS, status);
        ZERO_UNLESS(seen, FMD__COLUMN_METHOD, method);
        ZERO_UNLESS(seen, FMD__COLUMN_FLAGS, flags);
    }
    ZERO_UNLESS(seen, FMD__COLUMN_START, start_ns);
    ZERO_UNLESS(seen, FMD__COLUMN_DURATION, duration_ns);
    if (HAS(seen, FMD__COLUMN_FIRST_BYTE))
        to_parts(c->duration_ns, c->count, c->first_byte_ns);
    if (HAS(seen, FMD__COLUMN_VIEW))
        to_parts(c->duration_ns, c->count, c->view_ns);
}

static void spread_kinds(struct fmd__columns *c, const struct fmd__kinds *kinds)
{
    for (uint32_t i = 0; i < c->count; i++) {
        uint64_t kind = kinds->table[kinds->index[i]];
        c->endpoint[i] = (uint32_t)(kind >> 32);
        c->status[i] = (uint16_t)(kind >> 16);
        c->method[i] = (uint8_t)(kind >> 8);
        c->flags[i] = (uint8_t)kind;
    }
}

static void fill_unseen(struct fmd__columns *c, const struct fmd__kinds *kinds,
                        uint32_t seen)
{
    if (HAS(seen, FMD__COLUMN_KINDS))
        spread_kinds(c, kinds);
    ZERO_UNLESS(seen, FMD__COLUMN_GROUP, group);
    ZERO_UNLESS(seen, FMD__COLUMN_ADDRESS, address);
    if (!HAS(seen, FMD__COLUMN_FIRST_BYTE))
        memset(c->first_byte_ns, 0xff, c->count * sizeof(c->first_byte_ns[0]));
    if (!HAS(seen, FMD__COLUMN_VIEW))
        memset(c->view_ns, 0xff, c->count * sizeof(c->view_ns[0]));
}

/* Count and ranges; where the columns begin, or NULL. */
static const uint8_t *get_head(const uint8_t *payload, size_t size, uint32_t *count,
                               struct fmd__ring_range *ranges, uint32_t *range_count)
{
    const uint8_t *at = payload, *end = payload + size;
    at = fmd__get_bounded(at, end, FMD__BLOCK_REQUESTS_MAX, count);
    if (at)
        at = get_ranges(at, end, ranges, range_count);
    return !at || (at < end && *count == 0) ? NULL : at;
}

const uint8_t *fmd__requests_columns(const uint8_t *payload, size_t size, uint32_t *count)
{
    uint32_t ignored = 0;
    return get_head(payload, size, count, NULL, &ignored);
}

int fmd__requests_decode_seen(const uint8_t *payload, size_t size,
                              struct fmd__columns *columns, struct fmd__kinds *kinds,
                              struct fmd__ring_range *ranges, uint32_t *range_count,
                              uint32_t *seen)
{
    const uint8_t *end = payload + size;
    const uint8_t *at = get_head(payload, size, &columns->count, ranges, range_count);
    struct fmd__tagged_column column = {0};
    int more = -1;
    *seen = 0;
    while (at && (more = fmd__column_next(&at, end, &column)) == 1) {
        if (!get_column(column.bytes, column.end, column.tag, columns, kinds))
            return -1;
        *seen |= column.tag < 32 ? 1u << column.tag : 0;
    }
    if (more == 0)
        complete(columns, *seen);
    return more;
}

int fmd__requests_decode(const uint8_t *payload, size_t size,
                         struct fmd__columns *columns, struct fmd__ring_range *ranges,
                         uint32_t *range_count)
{
    uint32_t seen;
    struct fmd__kinds kinds = {0};
    int status = fmd__requests_decode_seen(payload, size, columns, &kinds, ranges,
                                           range_count, &seen);
    if (status == 0)
        fill_unseen(columns, &kinds, seen);
    return status;
}
