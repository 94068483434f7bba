/* SPDX-License-Identifier: Apache-2.0 */
/* Triples of varints, one after the other. */
#include "counts.h"
#include "numbers.h"

size_t fmd__counts_encode(const struct fmd__endpoint_count *counts, uint32_t count,
                          uint8_t *out)
{
    uint8_t *at = out;
    for (uint32_t i = 0; i < count; i++) {
        at = fmd__put_varint(at, counts[i].endpoint);
        at = fmd__put_varint(at, counts[i].count);
        at = fmd__put_varint(at, counts[i].last_ns);
    }
    return (size_t)(at - out);
}

int fmd__counts_decode(const uint8_t *payload, size_t size, size_t *offset,
                       struct fmd__endpoint_count *count)
{
    const uint8_t *at = payload + *offset, *end = payload + size;
    if (at == end)
        return 0;
    at = fmd__get_bounded(at, end, UINT32_MAX, &count->endpoint);
    if (at)
        at = fmd__get_varint(at, end, &count->count);
    if (at)
        at = fmd__get_varint(at, end, &count->last_ns);
    if (!at || count->endpoint == 0)
        return -1;
    *offset = (size_t)(at - payload);
    return 1;
}
