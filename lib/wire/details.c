/* SPDX-License-Identifier: Apache-2.0 */
/* Columns of a requests block that most readers pass over; see details.h. */
#include "details.h"
#include "column.h"

#include <stdbool.h>

/* --- encode ---------------------------------------------------------------------- */

static uint8_t *put_column(uint8_t *out, enum fmd__column_tag tag, const uint64_t *values,
                           uint32_t count, size_t value_bytes)
{
    uint8_t *at = fmd__column_begin(out, (uint8_t)tag);
    unsigned bits = value_bytes == 8 ? 64 : 32;
    return fmd__column_end(out, fmd__column_encode(values, count, bits, at));
}

/* Leaves out a column that is 0 throughout. */
#define PUT(tag, member)                                                                 \
    do {                                                                                 \
        uint64_t any_ = 0;                                                               \
        for (uint32_t i_ = 0; i_ < d->count; i_++)                                       \
            any_ |= values[i_] = d->member[i_];                                          \
        if (any_)                                                                        \
            at = put_column(at, tag, values, d->count, sizeof(d->member[0]));            \
    } while (0)

size_t fmd__details_encode(const struct fmd__details *d, uint8_t *out)
{
    uint64_t values[FMD__BLOCK_REQUESTS_MAX];
    uint8_t *at = out;
    PUT(FMD__COLUMN_DETAIL, what);
    PUT(FMD__COLUMN_CPU, cpu_ns);
    PUT(FMD__COLUMN_THRESHOLD, threshold_ns);
    PUT(FMD__COLUMN_VOLUNTARY_SWITCHES, voluntary_switches);
    PUT(FMD__COLUMN_INVOLUNTARY_SWITCHES, involuntary_switches);
    PUT(FMD__COLUMN_MINOR_FAULTS, minor_faults);
    PUT(FMD__COLUMN_MAJOR_FAULTS, major_faults);
    PUT(FMD__COLUMN_BLOCK_READS, block_reads);
    PUT(FMD__COLUMN_BLOCK_WRITES, block_writes);
    return (size_t)(at - out);
}

/* --- decode ---------------------------------------------------------------------- */

static bool get_what(const struct fmd__tagged_column *column, struct fmd__details *d)
{
    uint32_t values[FMD__BLOCK_REQUESTS_MAX];
    if (!fmd__column_decode32(column->bytes, column->end, d->count, values))
        return false;
    for (uint32_t i = 0; i < d->count; i++)
        d->what[i] = (uint8_t)values[i];
    return true;
}

static bool get32(const struct fmd__tagged_column *column, uint32_t count, uint32_t *to)
{
    return fmd__column_decode32(column->bytes, column->end, count, to) != NULL;
}

static bool get64(const struct fmd__tagged_column *column, uint32_t count, uint64_t *to)
{
    return fmd__column_decode64(column->bytes, column->end, count, to) != NULL;
}

static bool get_column(const struct fmd__tagged_column *column, struct fmd__details *d)
{
    switch (column->tag) {
    case FMD__COLUMN_DETAIL:
        return get_what(column, d);
    case FMD__COLUMN_CPU:
        return get64(column, d->count, d->cpu_ns);
    case FMD__COLUMN_THRESHOLD:
        return get64(column, d->count, d->threshold_ns);
    case FMD__COLUMN_VOLUNTARY_SWITCHES:
        return get32(column, d->count, d->voluntary_switches);
    case FMD__COLUMN_INVOLUNTARY_SWITCHES:
        return get32(column, d->count, d->involuntary_switches);
    case FMD__COLUMN_MINOR_FAULTS:
        return get32(column, d->count, d->minor_faults);
    case FMD__COLUMN_MAJOR_FAULTS:
        return get32(column, d->count, d->major_faults);
    case FMD__COLUMN_BLOCK_READS:
        return get32(column, d->count, d->block_reads);
    case FMD__COLUMN_BLOCK_WRITES:
        return get32(column, d->count, d->block_writes);
    default:
        return true;
    }
}

static void clear(struct fmd__details *d)
{
    size_t n = d->count;
    memset(d->what, 0, n * sizeof(d->what[0]));
    memset(d->cpu_ns, 0, n * sizeof(d->cpu_ns[0]));
    memset(d->threshold_ns, 0, n * sizeof(d->threshold_ns[0]));
    memset(d->voluntary_switches, 0, n * sizeof(d->voluntary_switches[0]));
    memset(d->involuntary_switches, 0, n * sizeof(d->involuntary_switches[0]));
    memset(d->minor_faults, 0, n * sizeof(d->minor_faults[0]));
    memset(d->major_faults, 0, n * sizeof(d->major_faults[0]));
    memset(d->block_reads, 0, n * sizeof(d->block_reads[0]));
    memset(d->block_writes, 0, n * sizeof(d->block_writes[0]));
}

static bool is_of_details(const struct fmd__tagged_column *column)
{
    return column->tag >= FMD__COLUMN_DETAIL && column->tag <= FMD__COLUMN_BLOCK_WRITES;
}

bool fmd__details_any(const uint8_t *payload, size_t size)
{
    uint32_t count;
    const uint8_t *at = fmd__requests_columns(payload, size, &count);
    struct fmd__tagged_column column;
    while (at && fmd__column_next(&at, payload + size, &column) == 1)
        if (is_of_details(&column))
            return true;
    return false;
}

int fmd__details_decode(const uint8_t *payload, size_t size, struct fmd__details *details)
{
    const uint8_t *end = payload + size;
    const uint8_t *at = fmd__requests_columns(payload, size, &details->count);
    struct fmd__tagged_column column;
    int more = -1, any = 0;
    if (at)
        clear(details);
    while (at && (more = fmd__column_next(&at, end, &column)) == 1) {
        if (!get_column(&column, details))
            return -1;
        any |= is_of_details(&column);
    }
    return more == 0 ? any : -1;
}
