/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A definition is its length, its kind and its fields; a reader steps over kinds it does
 * not know and over fields that were added at a known kind's end.
 */
#include "definitions.h"
#include "numbers.h"

#include <stdbool.h>

size_t fmd__definition_bound(const struct fmd__definition *definition)
{
    return (size_t)definition->length + definition->application_length +
           definition->version_length + 64;
}

static size_t varint_bytes(uint64_t value)
{
    size_t bytes = 1;
    for (; value >= 0x80; value >>= 7)
        bytes++;
    return bytes;
}

static uint8_t *put_string(uint8_t *at, const char *bytes, uint32_t length)
{
    at = fmd__put_varint(at, length);
    if (length)
        memcpy(at, bytes, length);
    return at + length;
}

static const uint8_t *get_string(const uint8_t *at, const uint8_t *end,
                                 const char **bytes, uint32_t *length)
{
    at = fmd__get_bounded(at, end, FMD__STRING_BYTES_MAX, length);
    if (!at || (size_t)(end - at) < *length)
        return NULL;
    *bytes = (const char *)at;
    return at + *length;
}

size_t fmd__definition_encode(const struct fmd__definition *d, uint8_t *out)
{
    bool endpoint = d->kind == FMD__DEFINE_ENDPOINT;
    size_t body = 1 + varint_bytes(d->id) + 8 + varint_bytes(d->length) + d->length;
    if (endpoint)
        body += varint_bytes(d->application_length) + d->application_length +
                varint_bytes(d->version_length) + d->version_length;

    uint8_t *at = fmd__put_varint(out, body);
    *at++ = d->kind;
    at = fmd__put_varint(at, d->id);
    fmd__store64(at, d->hash);
    at = put_string(at + 8, d->bytes, d->length);
    if (endpoint) {
        at = put_string(at, d->application, d->application_length);
        at = put_string(at, d->version, d->version_length);
    }
    return (size_t)(at - out);
}

/* The fields after kind. */
static bool decode_body(const uint8_t *at, const uint8_t *end, struct fmd__definition *d)
{
    at = fmd__get_bounded(at, end, UINT32_MAX, &d->id);
    if (!at || end - at < 8)
        return false;
    d->hash = fmd__load64(at);
    at = get_string(at + 8, end, &d->bytes, &d->length);
    if (at && d->kind == FMD__DEFINE_ENDPOINT) {
        at = get_string(at, end, &d->application, &d->application_length);
        if (at)
            at = get_string(at, end, &d->version, &d->version_length);
    }
    return at != NULL;
}

int fmd__definition_decode(const uint8_t *payload, size_t size, size_t *offset,
                           struct fmd__definition *definition)
{
    while (*offset < size) {
        const uint8_t *at = payload + *offset, *end = payload + size;
        uint32_t body = 0;
        at = fmd__get_bounded(at, end, UINT32_MAX, &body);
        if (!at || body == 0 || (size_t)(end - at) < body)
            return -1;
        *offset = (size_t)(at + body - payload);
        *definition = (struct fmd__definition){
            .kind = at[0], .bytes = "", .application = "", .version = ""};
        switch (definition->kind) {
        case FMD__DEFINE_ENDPOINT:
        case FMD__DEFINE_GROUP:
        case FMD__DEFINE_ADDRESS:
            return decode_body(at + 1, at + body, definition) ? 1 : -1;
        default:
            continue;
        }
    }
    return 0;
}
