/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Property: reading any bytes as a samples block ends inside them, and the samples that
 * were read are written again as a block that reads the same.
 */
#include "made_entries.h"
#include "samples.h"

#include <stdlib.h>

static struct fmd__samples_reader reader, second_reader;
static struct fmd__samples_writer writer;
static uint8_t again[FMD__SAMPLES_BYTES_MAX];

static void must_be(int truth)
{
    if (!truth)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fmd__sample first, second;
    uint32_t written = 0;
    if (fmd__samples_open(&reader, data, size) != 0)
        return 0;
    fmd__samples_begin(&writer, again);
    while (fmd__samples_next(&reader, &first) == 1 &&
           fmd__samples_add(&writer, &first) == 0)
        written++;
    size_t bytes = fmd__samples_finish(&writer, reader.journal_end);
    must_be(bytes <= sizeof(again));
    must_be(fmd__samples_open(&reader, data, size) == 0);
    must_be(fmd__samples_open(&second_reader, again, bytes) == 0);
    must_be(second_reader.journal_end == reader.journal_end);
    for (uint32_t i = 0; i < written; i++) {
        must_be(fmd__samples_next(&reader, &first) == 1);
        must_be(fmd__samples_next(&second_reader, &second) == 1);
        if (first.request.start_ns == 0) /* then it has no endpoint */
            first.request.endpoint = 0;
        must_be(same_sample(&first, &second));
    }
    must_be(fmd__samples_next(&second_reader, &second) == 0);
    return 0;
}
