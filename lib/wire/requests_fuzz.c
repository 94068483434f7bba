/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Property: decoding any bytes is safe, and what decodes is encoded again within the
 * bound to bytes that decode to the same requests, ranges and details.
 */
#include "details.h"

#include <stdlib.h>
#include <string.h>

static struct fmd__columns first, second;
static struct fmd__ring_range first_ranges[FMD__RING_RANGES_MAX],
    second_ranges[FMD__RING_RANGES_MAX];
static struct fmd__details details, details_again;
static uint8_t encoded[FMD__REQUESTS_BOUND + FMD__DETAILS_BOUND];

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

/* Where requests could be read, details can too or are damaged. */
static void check_details(const uint8_t *data, size_t size, size_t requests_bytes)
{
    if (fmd__details_decode(data, size, &details) < 0)
        return;
    must_be(details.count == first.count);
    size_t bytes = fmd__details_encode(&details, encoded + requests_bytes);
    must_be(bytes <= FMD__DETAILS_BOUND);
    must_be(fmd__details_decode(encoded, requests_bytes + bytes, &details_again) ==
            (bytes > 0));
    size_t n = details.count;
    must_be(memcmp(details.what, details_again.what, n) == 0 &&
            memcmp(details.cpu_ns, details_again.cpu_ns, n * 8) == 0 &&
            memcmp(details.threshold_ns, details_again.threshold_ns, n * 8) == 0 &&
            memcmp(details.block_writes, details_again.block_writes, n * 4) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint32_t ranges = 0, again = 0;
    if (fmd__requests_decode(data, size, &first, first_ranges, &ranges) != 0)
        return 0;
    size_t bytes = fmd__requests_encode(&first, first_ranges, ranges, encoded);
    must_be(bytes <= FMD__REQUESTS_BOUND);
    must_be(fmd__requests_decode(encoded, bytes, &second, second_ranges, &again) == 0);
    compare(ranges, again);
    check_details(data, size, bytes);
    return 0;
}
