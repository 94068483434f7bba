/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Loading any bytes is safe; what loads saves to the same bytes, and so does an empty
 * summary that it was merged into. First byte 0: a payload follows, so that the fuzzer
 * need not find hashes; else a whole saved summary.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "saving.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_packs_to(const struct summary *summary, const void *bytes, size_t size)
{
    struct str packed;
    str_init(&packed);
    summary_pack(summary, &packed);
    if (packed.length != size || memcmp(packed.bytes, bytes, size) != 0)
        abort();
    str_release(&packed);
}

/* What is saved with its histograms apart is read back the same. */
static void check_saves(const struct summary *summary)
{
    struct str saved, packed;
    str_init(&saved);
    str_init(&packed);
    summary_save(summary, &saved);
    summary_pack(summary, &packed);
    struct summary *loaded = summary_load(saved.bytes, saved.length, NULL);
    if (!loaded)
        abort();
    check_packs_to(loaded, packed.bytes, packed.length);
    summary_free(loaded);
    str_release(&saved);
    str_release(&packed);
}

static void check_payload(const uint8_t *payload, size_t size)
{
    struct summary *summary = summary_unpack(payload, size);
    if (!summary)
        return;
    check_packs_to(summary, payload, size);
    check_saves(summary);
    struct summary *merged = summary_new();
    summary_merge(merged, summary);
    check_packs_to(merged, payload, size);
    summary_free(merged);
    summary_free(summary);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    if (data[0] == 0)
        check_payload(data + 1, size - 1);
    else
        summary_free(summary_load(data + 1, size - 1, NULL));
    return 0;
}
