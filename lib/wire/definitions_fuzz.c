/* SPDX-License-Identifier: Apache-2.0 */
/* Property: reading any bytes as definitions ends inside them, and each definition that
 * was read is written again as one that reads the same. */
#include "definitions.h"

#include <stdlib.h>
#include <string.h>

static void must_be(int truth)
{
    if (!truth)
        abort();
}

static void check(const struct fmd__definition *d)
{
    struct fmd__definition back;
    uint8_t *bytes = malloc(fmd__definition_bound(d));
    size_t size = fmd__definition_encode(d, bytes), offset = 0;
    must_be(size <= fmd__definition_bound(d));
    must_be(fmd__definition_decode(bytes, size, &offset, &back) == 1 && offset == size);
    must_be(back.kind == d->kind && back.id == d->id && back.hash == d->hash &&
            back.length == d->length && memcmp(back.bytes, d->bytes, d->length) == 0);
    must_be(back.application_length == d->application_length &&
            memcmp(back.application, d->application, d->application_length) == 0);
    must_be(back.version_length == d->version_length &&
            memcmp(back.version, d->version, d->version_length) == 0);
    must_be(back.file_length == d->file_length &&
            memcmp(back.file, d->file, d->file_length) == 0);
    must_be(back.first_line == d->first_line &&
            back.line_table_kind == d->line_table_kind &&
            back.line_table_bytes == d->line_table_bytes);
    must_be(d->line_table_bytes == 0 ||
            memcmp(back.line_table, d->line_table, d->line_table_bytes) == 0);
    free(bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fmd__definition definition;
    size_t offset = 0;
    while (fmd__definition_decode(data, size, &offset, &definition) == 1) {
        must_be(offset <= size);
        check(&definition);
    }
    return 0;
}
