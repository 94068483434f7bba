/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "path_folding.h"

#include "conversions.h"

#include <stdbool.h>
#include <string.h>

enum { HEX_BYTES_MIN = 16, TOKEN_BYTES_MIN = 20, METHOD_ROOM = 16 };

/* What the bytes of a segment are, counted. */
struct segment_bytes {
    unsigned digits, hex_letters, other_letters, marks, dashes, others;
};

static struct segment_bytes count_bytes(const char *segment, size_t length)
{
    struct segment_bytes count = {0};
    for (size_t i = 0; i < length; i++) {
        char byte = segment[i], lower = (char)(byte | 0x20);
        if (byte >= '0' && byte <= '9')
            count.digits++;
        else if (lower >= 'a' && lower <= 'f')
            count.hex_letters++;
        else if (lower >= 'g' && lower <= 'z')
            count.other_letters++;
        else if (byte == '-')
            count.dashes++;
        else if (byte == '_' || byte == '.' || byte == ',' || byte == ':')
            count.marks++;
        else
            count.others++;
    }
    return count;
}

static bool is_uuid(const char *segment, size_t length)
{
    return length == 36 && segment[8] == '-' && segment[13] == '-' &&
           segment[18] == '-' && segment[23] == '-';
}

/* What stands for a segment that names one thing of many; NULL: it stays. */
static const char *stand_in(const char *segment, size_t length)
{
    struct segment_bytes count = count_bytes(segment, length);
    unsigned letters = count.hex_letters + count.other_letters;
    if (!count.digits || count.others)
        return NULL;
    if (!letters)
        return "{n}";
    if (!count.other_letters && !count.marks && count.dashes == 4 &&
        is_uuid(segment, length))
        return "{uuid}";
    if (!count.other_letters && !count.marks && !count.dashes && length >= HEX_BYTES_MIN)
        return "{hex}";
    return length >= TOKEN_BYTES_MIN && !count.marks && count.digits * 8 >= length
               ? "{token}"
               : NULL;
}

static size_t put(char *out, size_t used, const char *bytes, size_t length)
{
    size_t room = FOLDED_BYTES_MAX - used;
    size_t take = length < room ? length : room;
    memcpy(out + used, bytes, take);
    return used + take;
}

static size_t put_text(char *out, size_t used, const char *text)
{
    return put(out, used, text, strlen(text));
}

/* Behind "http://host" of a proxy's request line. */
static void drop_host(const char **path, size_t *length)
{
    const char *colon = memchr(*path, ':', *length < 8 ? *length : 8);
    if (**path == '/' || !colon || *length - (size_t)(colon - *path) < 3 ||
        memcmp(colon, "://", 3) != 0)
        return;
    const char *end = *path + *length;
    const char *slash = memchr(colon + 3, '/', (size_t)(end - (colon + 3)));
    *path = slash ? slash : end;
    *length = (size_t)(end - *path);
}

static size_t fold(const char *path, size_t length, char *out, size_t used)
{
    if (!length)
        return put_text(out, used, "/");
    drop_host(&path, &length);
    size_t end = 0;
    while (end < length && path[end] != '?' && path[end] != '#' && path[end] != ';')
        end++;
    unsigned segments = 0;
    for (size_t at = 0; at < end;) {
        const char *slash = memchr(path + at, '/', end - at);
        size_t next = slash ? (size_t)(slash - path) : end;
        const char *instead = stand_in(path + at, next - at);
        if (next > at && ++segments > FOLDED_SEGMENTS)
            return put_text(out, used, "...");
        used =
            instead ? put_text(out, used, instead) : put(out, used, path + at, next - at);
        if (slash)
            used = put(out, used, "/", 1);
        at = next + (slash != NULL);
    }
    return end ? used : put_text(out, used, "/");
}

size_t fold_path(const char *path, size_t length, char out[FOLDED_BYTES_MAX])
{
    return fold(path, length, out, 0);
}

/* A method that HTTP does not know is a client's invention, of which there is no end. */
size_t fold_method_path(const char *method, size_t method_length, const char *path,
                        size_t length, char out[FOLDED_BYTES_MAX])
{
    size_t used = 0;
    if (method_length) {
        used = convert_method(method, method_length) ? put(out, 0, method, method_length)
                                                     : put_text(out, 0, "(other)");
        used = put(out, used, " ", 1);
    }
    return fold(path, length, out, used);
}

size_t fold_request(const char *line, size_t length, char out[FOLDED_BYTES_MAX],
                    const char **method, size_t *method_length)
{
    const char *blank = memchr(line, ' ', length < METHOD_ROOM ? length : METHOD_ROOM);
    *method = line;
    *method_length = blank ? (size_t)(blank - line) : 0;
    if (!blank || blank == line)
        return put_text(out, 0, "(no request)");
    const char *path = blank + 1, *end = line + length;
    const char *path_end = memchr(path, ' ', (size_t)(end - path));
    return fold_method_path(line, *method_length, path,
                            (size_t)((path_end ? path_end : end) - path), out);
}
