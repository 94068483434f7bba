/* SPDX-License-Identifier: Apache-2.0 */
/* Property: reading any bytes as a counts block ends inside them, and what was read is
 * written again as bytes that read the same. */
#include "counts.h"

#include <stdlib.h>

static void must_be(int truth)
{
    if (!truth)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fmd__endpoint_count first, second;
    uint8_t again[32];
    size_t offset = 0;
    while (fmd__counts_decode(data, size, &offset, &first) == 1) {
        size_t bytes = fmd__counts_encode(&first, 1, again), at = 0;
        must_be(offset <= size && bytes <= sizeof(again));
        must_be(fmd__counts_decode(again, bytes, &at, &second) == 1 && at == bytes);
        must_be(first.endpoint == second.endpoint && first.count == second.count &&
                first.last_ns == second.last_ns);
    }
    return 0;
}
