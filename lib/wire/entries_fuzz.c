/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Property: reading any bytes as a journal block ends inside them, and each entry that
 * was read is written again within the bound as one that reads the same.
 */
#include "made_entries.h"

#include <stdlib.h>

static struct fmd__stack_frame first_frames[FMD__STACK_FRAMES_MAX],
    second_frames[FMD__STACK_FRAMES_MAX];
static uint8_t again[FMD__ENTRY_BYTES_MAX + 4096];

static void must_be(int truth)
{
    if (!truth)
        abort();
}

static void check(const struct fmd__journal_entry *entry)
{
    struct fmd__journal_entry back;
    size_t offset = 0;
    must_be(fmd__entry_bound(entry) <= sizeof(again));
    size_t size = fmd__entry_encode(entry, again);
    must_be(size <= fmd__entry_bound(entry) && size <= FMD__ENTRY_BYTES_MAX);
    must_be(fmd__entry_decode(again, size, &offset, &back, second_frames) == 1);
    must_be(offset == size && same_entry(entry, &back));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fmd__journal_entry entry;
    size_t offset;
    uint64_t end;
    if (fmd__journal_block_open(data, size, &offset, &end) != 0)
        return 0;
    while (fmd__entry_decode(data, size, &offset, &entry, first_frames) == 1) {
        must_be(offset <= size);
        check(&entry);
    }
    return 0;
}
