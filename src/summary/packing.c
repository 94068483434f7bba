/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "packing.h"

void pack_number(struct str *out, uint64_t number)
{
    char bytes[10];
    size_t length = 0;
    for (; number >= 128; number >>= 7)
        bytes[length++] = (char)(number | 128);
    bytes[length++] = (char)number;
    str_add(out, bytes, length);
}

void pack_signed(struct str *out, int64_t number)
{
    pack_number(out, ((uint64_t)number << 1) ^ (number < 0 ? UINT64_MAX : 0));
}

void pack_wide(struct str *out, uint128_t number)
{
    pack_number(out, (uint64_t)(number >> 64));
    pack_number(out, (uint64_t)number);
}

void pack_fixed(struct str *out, uint64_t number)
{
    for (int i = 0; i < 8; i++)
        str_add_byte(out, (char)(number >> (8 * i)));
}

void pack_name(struct str *out, struct name name)
{
    pack_number(out, name.length);
    str_add(out, name.bytes, name.length);
}

/* From the first bucket that is not 0 to the last; an empty one is the length 0. */
void pack_histogram(struct str *out, const struct histogram *histogram)
{
    unsigned begin = histogram_begin(histogram), end = histogram_end(histogram);
    while (begin < end && histogram_at(histogram, begin) == 0)
        begin++;
    while (begin < end && histogram_at(histogram, end - 1) == 0)
        end--;
    pack_number(out, end - begin);
    if (begin < end)
        pack_number(out, begin);
    for (; begin < end; begin++)
        pack_number(out, histogram_at(histogram, begin));
}

void pack_ascending(struct str *out, const int64_t *numbers, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (i == 0)
            pack_signed(out, numbers[0]);
        else
            pack_number(out, (uint64_t)numbers[i] - (uint64_t)numbers[i - 1] - 1);
}

void unpack_fail(struct unpacking *in)
{
    in->bad = true;
    in->at = in->end;
}

static uint64_t failed(struct unpacking *in)
{
    unpack_fail(in);
    return 0;
}

uint64_t unpack_number(struct unpacking *in)
{
    uint64_t number = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
        if (in->at == in->end)
            return failed(in);
        uint8_t byte = *in->at++;
        if (shift == 63 && byte > 1)
            return failed(in); /* beyond 64 bits */
        number |= (uint64_t)(byte & 127) << shift;
        if (byte < 128)
            return byte == 0 && shift > 0 ? failed(in) : number; /* shortest form only */
    }
    return failed(in);
}

uint64_t unpack_limited(struct unpacking *in, uint64_t limit)
{
    uint64_t number = unpack_number(in);
    return number <= limit ? number : failed(in);
}

size_t unpack_count(struct unpacking *in, size_t limit)
{
    uint64_t count = unpack_limited(in, limit);
    return count <= (size_t)(in->end - in->at) ? count : failed(in);
}

int64_t unpack_signed(struct unpacking *in)
{
    uint64_t number = unpack_number(in);
    return (int64_t)((number >> 1) ^ -(number & 1));
}

uint128_t unpack_wide(struct unpacking *in)
{
    uint128_t high = unpack_number(in);
    return high << 64 | unpack_number(in);
}

uint64_t unpack_fixed(struct unpacking *in)
{
    uint64_t number = 0;
    if (in->end - in->at < 8)
        return failed(in);
    for (int i = 0; i < 8; i++)
        number |= (uint64_t)*in->at++ << (8 * i);
    return number;
}

struct name unpack_name(struct unpacking *in)
{
    size_t length = unpack_count(in, UINT32_MAX - 1);
    struct name name = {(const char *)in->at, length};
    in->at += length;
    return name;
}

void unpack_histogram(struct unpacking *in, struct histogram *histogram)
{
    unsigned buckets = (unsigned)HISTOGRAM_PAGES << histogram->bits;
    unsigned count = (unsigned)unpack_count(in, buckets);
    if (count == 0)
        return;
    unsigned begin = (unsigned)unpack_limited(in, buckets - count);
    histogram_reserve(histogram, begin, begin + count - 1);
    uint32_t *counts = histogram->counts + (begin - histogram_begin(histogram));
    for (unsigned i = 0; i < count; i++)
        counts[i] = (uint32_t)unpack_limited(in, UINT32_MAX);
    if (counts[0] == 0 || counts[count - 1] == 0)
        unpack_fail(in);
}

void unpack_ascending(struct unpacking *in, int64_t *numbers, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (i == 0) {
            numbers[0] = unpack_signed(in);
            continue;
        }
        uint64_t step = unpack_number(in);
        uint64_t left = (uint64_t)INT64_MAX - (uint64_t)numbers[i - 1];
        if (step >= left)
            unpack_fail(in);
        numbers[i] =
            in->bad ? numbers[i - 1] : (int64_t)((uint64_t)numbers[i - 1] + step + 1);
    }
}
