/* SPDX-License-Identifier: Apache-2.0 */
/* Property: reading any bytes as a segment's identity or as stats is safe, and what was
 * read is written again within the bound to bytes that read the same. */
#include "segment.h"

#include <stdlib.h>
#include <string.h>

static void must_be(int truth)
{
    if (!truth)
        abort();
}

static void check_segment(const uint8_t *data, size_t size)
{
    static struct fmd__segment first, second;
    uint8_t bytes[FMD__SEGMENT_BOUND];
    char stem[FMD__STEM_BYTES];
    if (fmd__segment_decode(data, size, &first) != 0)
        return;
    size_t length = fmd__segment_encode(&first, bytes);
    must_be(length <= sizeof(bytes));
    must_be(fmd__segment_decode(bytes, length, &second) == 0);
    must_be(memcmp(&first, &second, sizeof(first)) == 0);
    must_be(fmd__segment_stem(&first, stem) < sizeof(stem) && !strchr(stem, '/'));
}

static void check_stats(const uint8_t *data, size_t size)
{
    struct fmd__stats first, second;
    uint8_t bytes[FMD__STATS_BOUND];
    if (fmd__stats_decode(data, size, &first) != 0)
        return;
    size_t length = fmd__stats_encode(&first, bytes);
    must_be(length <= sizeof(bytes));
    must_be(fmd__stats_decode(bytes, length, &second) == 0);
    must_be(memcmp(&first, &second, sizeof(first)) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    check_segment(data, size);
    check_stats(data, size);
    return 0;
}
