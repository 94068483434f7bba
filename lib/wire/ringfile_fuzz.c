/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Property: reading any bytes as a ring file ends, stays inside them, and gives no
 * sequence number of a ring twice, nor one that was said to be in the trace. The first
 * byte says whether the header's checksum is made right first.
 */
#include "ringlayout.h"

#include "block.h"

#include <stdlib.h>
#include <string.h>

static void must_be(int truth)
{
    if (!truth)
        abort();
}

static void seal(uint8_t *bytes, size_t size)
{
    size_t from = offsetof(struct fmd__ring_header, layout_version),
           to = offsetof(struct fmd__ring_header, header_crc32c);
    if (size < FMD__RING_HEADER_BYTES)
        return;
    uint32_t crc = fmd__crc32c(0, bytes + from, to - from);
    uint32_t areas =
        fmd__crc32c(0, bytes + offsetof(struct fmd__ring_header, counts_offset),
                    FMD__RING_AREAS_BYTES);
    memcpy(bytes + to, &crc, sizeof(crc));
    memcpy(bytes + offsetof(struct fmd__ring_header, areas_crc32c), &areas,
           sizeof(areas));
}

static void take(void *to, const struct fmd__definition *definition)
{
    uint64_t *sum = to;
    for (uint32_t i = 0; i < definition->length; i++)
        *sum += (uint8_t)definition->bytes[i];
}

static void read_areas(struct fmd__ringfile *file)
{
    static struct fmd__stack_frame frames[FMD__STACK_FRAMES_MAX];
    struct fmd__journal_entry entry;
    struct fmd__unfinished unfinished;
    struct fmd__endpoint_count count;
    char path[FMD__FLIGHT_PATH_BYTES];
    uint32_t slot = 0, endpoint = 0;
    fmd__ringfile_journal_consumed(file, 64, 128);
    while (fmd__ringfile_entry(file, &entry, frames))
        must_be(entry.kind >= FMD__ENTRY_DEFINITION &&
                entry.kind <= FMD__ENTRY_UNFINISHED);
    while (fmd__ringfile_unfinished(file, &slot, &unfinished, path))
        must_be(unfinished.request.start_ns != 0 &&
                unfinished.path.length <= sizeof(path));
    while (fmd__ringfile_count(file, &endpoint, &count))
        must_be(count.count != 0 && count.endpoint == endpoint);
}

static void read_all(const uint8_t *bytes, size_t size)
{
    const char *why;
    struct fmd__ringfile *file = fmd__ringfile_open(bytes, size, &why);
    must_be(!file == (why != NULL));
    if (!file)
        return;
    uint64_t sum = 0, sequence, last_sequence = 0, monotonic;
    uint32_t ring, last_ring = UINT32_MAX;
    int64_t utc;
    struct fmd__stats stats;
    struct fmd__slot_request request;
    fmd__ringfile_consumed(file, 0, 0, 1);
    fmd__ringfile_definitions(file, take, &sum);
    fmd__ringfile_anchor(file, &monotonic, &utc);
    fmd__ringfile_stats(file, &stats);
    while (fmd__ringfile_next(file, &request, &ring, &sequence)) {
        must_be(ring != last_ring || sequence == last_sequence + 1 ||
                sequence - last_sequence - 1 < size / 64);
        last_ring = ring;
        last_sequence = sequence;
    }
    read_areas(file);
    fmd__ringfile_close(file);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    uint8_t *bytes = malloc(size); /* one more than it holds, never 0 */
    memcpy(bytes, data + 1, size - 1);
    if (data[0] & 1)
        seal(bytes, size - 1);
    read_all(bytes, size - 1);
    free(bytes);
    return 0;
}
