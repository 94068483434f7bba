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
           definition->version_length + definition->file_length +
           definition->line_table_bytes + 64;
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

static const uint8_t *get_bytes(const uint8_t *at, const uint8_t *end, uint32_t max,
                                const uint8_t **bytes, uint32_t *length)
{
    at = fmd__get_bounded(at, end, max, length);
    if (!at || (size_t)(end - at) < *length)
        return NULL;
    *bytes = at;
    return at + *length;
}

static const uint8_t *get_string(const uint8_t *at, const uint8_t *end,
                                 const char **string, uint32_t *length)
{
    const uint8_t *bytes = NULL;
    at = get_bytes(at, end, FMD__STRING_BYTES_MAX, &bytes, length);
    *string = (const char *)bytes;
    return at;
}

static const uint8_t *get_code(const uint8_t *at, const uint8_t *end,
                               struct fmd__definition *d)
{
    at = get_string(at, end, &d->file, &d->file_length);
    if (at)
        at = fmd__get_bounded(at, end, UINT32_MAX, &d->first_line);
    if (!at || at == end)
        return NULL;
    d->line_table_kind = *at++;
    return get_bytes(at, end, FMD__LINE_TABLE_BYTES_MAX, &d->line_table,
                     &d->line_table_bytes);
}

static size_t string_bytes(uint32_t length)
{
    return varint_bytes(length) + length;
}

/* Bytes of all that comes behind the definition's own length. */
static size_t body_bytes(const struct fmd__definition *d)
{
    size_t body = 1 + varint_bytes(d->id) + 8 + string_bytes(d->length);
    if (d->kind == FMD__DEFINE_ENDPOINT)
        body += string_bytes(d->application_length) + string_bytes(d->version_length);
    if (d->kind == FMD__DEFINE_CODE)
        body += string_bytes(d->file_length) + varint_bytes(d->first_line) + 1 +
                string_bytes(d->line_table_bytes);
    return body;
}

size_t fmd__definition_encode(const struct fmd__definition *d, uint8_t *out)
{
    uint8_t *at = fmd__put_varint(out, body_bytes(d));
    *at++ = d->kind;
    at = fmd__put_varint(at, d->id);
    fmd__store64(at, d->hash);
    at = put_string(at + 8, d->bytes, d->length);
    if (d->kind == FMD__DEFINE_ENDPOINT) {
        at = put_string(at, d->application, d->application_length);
        at = put_string(at, d->version, d->version_length);
    }
    if (d->kind == FMD__DEFINE_CODE) {
        at = put_string(at, d->file, d->file_length);
        at = fmd__put_varint(at, d->first_line);
        *at++ = d->line_table_kind;
        at = put_string(at, (const char *)d->line_table, d->line_table_bytes);
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
    if (at && d->kind == FMD__DEFINE_CODE)
        at = get_code(at, end, d);
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
            .kind = at[0], .bytes = "", .application = "", .version = "", .file = ""};
        switch (definition->kind) {
        case FMD__DEFINE_ENDPOINT:
        case FMD__DEFINE_GROUP:
        case FMD__DEFINE_ADDRESS:
        case FMD__DEFINE_CODE:
            return decode_body(at + 1, at + body, definition) ? 1 : -1;
        default:
            continue;
        }
    }
    return 0;
}
