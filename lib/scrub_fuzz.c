/* SPDX-License-Identifier: Apache-2.0 */
/* Properties: text never grows; an address and a token that stand anywhere in any bytes
 * are gone; a copy fits its room. */
#define _GNU_SOURCE
#include "scrub.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define SECRETS " alice@shop.example eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0 "

static void must_be(int truth)
{
    if (!truth)
        abort();
}

static void must_be_gone(const char *text, size_t length, const char *secret)
{
    must_be(memmem(text, length, secret, strlen(secret)) == NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t half = size / 2, planted = sizeof SECRETS - 1, length;
    char *text = malloc(size + planted);

    must_be(text != NULL);
    memcpy(text, data, half);
    memcpy(text + half, SECRETS, planted);
    memcpy(text + half + planted, data + half, size - half);
    length = fmd__scrub(text, size + planted);
    must_be(length <= size + planted);
    must_be_gone(text, length, "alice@shop");
    must_be_gone(text, length, "eyJhbGciOiJIUzI1NiJ9");
    must_be(fmd__scrub_copy(text, half, (const char *)data, size) <= half);
    free(text);
    return 0;
}
