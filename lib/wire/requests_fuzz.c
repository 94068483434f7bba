/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Property: decoding any bytes is safe, and what decodes is encoded again within the
 * bound to bytes that decode to the same requests and ranges.
 */
#include "requests.h"

#include <stdlib.h>
#include <string.h>

static struct fmd__columns first, second;
static struct fmd__ring_range first_ranges[FMD__RING_RANGES_MAX],
    second_ranges[FMD__RING_RANGES_MAX];
static uint8_t encoded[FMD__REQUESTS_BOUND];

static void must_be(int truth)
{
    if (!truth)
        abort();
}

#define SAME(member)                                                                     \
    must_be(                                                                             \
        memcmp(first.member, second.member, first.count * sizeof(first.member[0])) == 0)

static void compare(uint32_t first_count, uint32_t second_count)
{
    must_be(first.count == second.count && first_count == second_count);
    for (uint32_t i = 0; i < first_count; i++)
        must_be(first_ranges[i].ring_id == second_ranges[i].ring_id &&
                first_ranges[i].first == second_ranges[i].first &&
                first_ranges[i].last == second_ranges[i].last);
    SAME(endpoint);
    SAME(group);
    SAME(address);
    SAME(start_ns);
    SAME(duration_ns);
    SAME(first_byte_ns);
    SAME(view_ns);
    SAME(status);
    SAME(method);
    SAME(flags);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint32_t ranges = 0, again = 0;
    if (fmd__requests_decode(data, size, &first, first_ranges, &ranges) != 0)
        return 0;
    size_t bytes = fmd__requests_encode(&first, first_ranges, ranges, encoded);
    must_be(bytes <= sizeof(encoded));
    must_be(fmd__requests_decode(encoded, bytes, &second, second_ranges, &again) == 0);
    compare(ranges, again);
    return 0;
}
