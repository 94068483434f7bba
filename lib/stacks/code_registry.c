/* SPDX-License-Identifier: Apache-2.0 */
/* See code_registry.h. */
#define _GNU_SOURCE
#include "code_registry.h"

#include <errno.h>
#include <string.h>

/* As a number: known, and there was no room to describe it. */
#define NO_ROOM UINT32_MAX

/* --- reading ------------------------------------------------------------------------ */

static uint64_t load64(const uint8_t *bytes)
{
    uint64_t word;

    memcpy(&word, bytes, sizeof word);
    return word;
}

static int32_t load32(const uint8_t *bytes)
{
    int32_t word;

    memcpy(&word, bytes, sizeof word);
    return word;
}

/* A freed object's first word is a pointer or 0; a living one's is a count, in the lower
 * half of the word also where it is immortal. */
static bool counted(const uint8_t *object)
{
    const uint64_t references = load64(object);

    return references > 0 && references <= UINT32_MAX;
}

bool fmd__code_identify(const struct fmd__interpreter *python, uintptr_t address,
                        const uint8_t *header, struct fmd__code_identity *identity,
                        int32_t *firsttraceable)
{
    const int32_t stack = load32(header + python->layout.code_stacksize);
    const int32_t locals = load32(header + python->layout.code_nlocalsplus);

    if (!counted(header) || load64(header + FMD__OBJECT_TYPE) != python->code_type)
        return false;
    if (stack < 0 || stack > 1 << 24 || locals < 0 || locals > 1 << 24)
        return false;
    *identity = (struct fmd__code_identity){
        .address = address,
        .filename = load64(header + python->layout.code_filename),
        .name = load64(header + python->layout.code_name),
        .qualname = load64(header + python->layout.code_qualname),
        .linetable = load64(header + python->layout.code_linetable),
        .consts = load64(header + python->layout.code_consts),
        .names = load64(header + python->layout.code_names),
        .exceptiontable = load64(header + python->layout.code_exceptiontable),
        .instructions = load64(header + FMD__OBJECT_SIZE),
        .first_line = load32(header + python->layout.code_firstlineno),
        .words = (uint32_t)(stack + locals) + python->layout.frame_locals / 8u,
    };
    *firsttraceable = load32(header + python->layout.code_firsttraceable);
    return identity->instructions < 1u << 28;
}

/* --- copying ------------------------------------------------------------------------ */

struct text {
    uintptr_t data;
    uint64_t length; /* characters that are kept */
    unsigned width;  /* bytes each */
    bool ascii;
};

/* What the head of a string object says; false: no plain string. */
static bool take_string(const struct fmd__interpreter *python, uintptr_t address,
                        const uint8_t *head, struct text *text)
{
    const uint32_t state = (uint32_t)load32(head + FMD__STRING_STATE);
    const bool compact = state >> 5 & 1;

    if (load64(head + FMD__OBJECT_TYPE) != python->string_type || !compact)
        return false;
    text->ascii = state >> 6 & 1;
    text->width = state >> 2 & 7;
    text->length = load64(head + FMD__STRING_LENGTH);
    if (text->length > FMD__CODE_NAME_MAX)
        text->length = FMD__CODE_NAME_MAX;
    text->data = address + (text->ascii ? python->layout.string_ascii
                                        : python->layout.string_compact);
    return text->width == 1 || (!text->ascii && (text->width == 2 || text->width == 4));
}

static size_t put_utf8(char *out, uint32_t c)
{
    if (c > 0x10ffff || (c >= 0xd800 && c < 0xe000))
        c = 0xfffd;
    if (c < 0x80) {
        out[0] = (char)c;
        return 1;
    }
    if (c < 0x800) {
        out[0] = (char)(0xc0 | c >> 6);
        out[1] = (char)(0x80 | (c & 0x3f));
        return 2;
    }
    if (c < 0x10000) {
        out[0] = (char)(0xe0 | c >> 12);
        out[1] = (char)(0x80 | (c >> 6 & 0x3f));
        out[2] = (char)(0x80 | (c & 0x3f));
        return 3;
    }
    out[0] = (char)(0xf0 | c >> 18);
    out[1] = (char)(0x80 | (c >> 12 & 0x3f));
    out[2] = (char)(0x80 | (c >> 6 & 0x3f));
    out[3] = (char)(0x80 | (c & 0x3f));
    return 4;
}

/* Characters of 1 (Latin-1), 2 or 4 bytes to UTF-8: its length. */
static uint32_t to_utf8(const struct text *text, const uint8_t *raw, char *out)
{
    size_t used = 0;

    for (size_t i = 0; i < text->length; i++) {
        uint32_t c = 0;
        memcpy(&c, raw + i * text->width, text->width);
        used += put_utf8(out + used, c);
    }
    return (uint32_t)used;
}

/* The identity of the code object as it is now. */
static bool still_the_same(const struct fmd__interpreter *python,
                           const struct fmd__code_identity *identity,
                           const uint8_t *header)
{
    struct fmd__code_identity now;
    int32_t ignored;

    return fmd__code_identify(python, identity->address, header, &now, &ignored) &&
           memcmp(&now, identity, sizeof now) == 0;
}

/* Copies what describes the code object to the registry's scratch. The code object is
 * looked at once more after its names were copied: as it held them all that time, they
 * were what they seemed to be. 0, or an errno as of fmd__code_number. */
static int copy_code(struct fmd__code_registry *registry,
                     const struct fmd__interpreter *python,
                     const struct fmd__code_identity *identity,
                     struct fmd__python_code *code)
{
    uint8_t head[3][80], header[FMD__CODE_HEADER_MAX];
    struct text text[2];
    const struct fmd__piece heads[] = {
        {identity->filename, head[0], python->layout.string_ascii},
        {identity->qualname, head[1], python->layout.string_ascii},
        {identity->linetable, head[2], FMD__BYTES_DATA}};

    if (python->memory.read(python->memory.context, heads, 3) != 3)
        return EAGAIN;
    const bool plain = take_string(python, identity->filename, head[0], &text[0]) &&
                       take_string(python, identity->qualname, head[1], &text[1]) &&
                       load64(head[2] + FMD__OBJECT_TYPE) == python->bytes_type;
    if (!plain)
        text[0] = text[1] = (struct text){.data = identity->address};
    uint64_t lines = plain ? load64(head[2] + FMD__OBJECT_SIZE) : 0;
    if (lines > FMD__CODE_LINETABLE_MAX)
        lines = FMD__CODE_LINETABLE_MAX;
    const struct fmd__piece bodies[] = {
        {text[0].data, registry->raw[0], text[0].length * text[0].width},
        {text[1].data, registry->raw[1], text[1].length * text[1].width},
        {identity->linetable + FMD__BYTES_DATA, registry->linetable, lines},
        {identity->address, header, python->layout.code_adaptive}};
    if (python->memory.read(python->memory.context, bodies, 4) != 4 ||
        !still_the_same(python, identity, header))
        return EAGAIN;
    if (!plain)
        return EINVAL;
    *code = (struct fmd__python_code){
        .filename = registry->utf8[0],
        .qualname = registry->utf8[1],
        .linetable = registry->linetable,
        .filename_length = to_utf8(&text[0], registry->raw[0], registry->utf8[0]),
        .qualname_length = to_utf8(&text[1], registry->raw[1], registry->utf8[1]),
        .linetable_size = (uint32_t)lines,
        .first_line = identity->first_line > 0 ? (uint32_t)identity->first_line : 0};
    return 0;
}

/* --- known by content ----------------------------------------------------------------
 */

static uint64_t mix(uint64_t hash, const void *bytes, size_t length)
{
    const uint8_t *p = bytes;

    for (; length >= 8; length -= 8, p += 8) {
        const unsigned __int128 product =
            (unsigned __int128)(hash ^ load64(p)) * 0x9e3779b97f4a7c15u;
        hash = (uint64_t)product ^ (uint64_t)(product >> 64);
    }
    for (; length > 0; length--)
        hash = (hash ^ *p++) * 0x100000001b3u;
    return hash ^ hash >> 29;
}

static uint64_t content_hash(const struct fmd__python_code *code)
{
    uint64_t hash = mix(0x2545f4914f6cdd1du ^ code->first_line, code->filename,
                        code->filename_length);

    hash = mix(hash * 31 + code->filename_length, code->qualname, code->qualname_length);
    return mix(hash * 31 + code->qualname_length, code->linetable, code->linetable_size);
}

static bool same_content(const struct fmd__python_code *a,
                         const struct fmd__python_code *b)
{
    return a->first_line == b->first_line && a->filename_length == b->filename_length &&
           a->qualname_length == b->qualname_length &&
           a->linetable_size == b->linetable_size &&
           memcmp(a->filename, b->filename, a->filename_length) == 0 &&
           memcmp(a->qualname, b->qualname, a->qualname_length) == 0 &&
           memcmp(a->linetable, b->linetable, a->linetable_size) == 0;
}

static const char *keep(struct fmd__code_registry *registry, const void *bytes,
                        uint32_t length)
{
    char *place = registry->text + registry->text_used;

    memcpy(place, bytes, length);
    registry->text_used += length;
    return place;
}

/* A file of the recorder's own package: some folder of its path is fmd_record. */
static bool is_own(const struct fmd__python_code *code)
{
    static const char folder[] = "/fmd_record/";

    return memmem(code->filename, code->filename_length, folder, sizeof folder - 1) !=
           NULL;
}

/* Number of this content, a new one where it was not seen yet; 0: no room. */
static uint32_t number_of_content(struct fmd__code_registry *registry,
                                  const struct fmd__python_code *code)
{
    const uint32_t count = atomic_load_explicit(&registry->count, memory_order_relaxed);
    const uint32_t size =
        code->filename_length + code->qualname_length + code->linetable_size;
    uint64_t at = content_hash(code) % FMD__CODE_CONTENTS;

    for (; registry->contents[at]; at = (at + 1) % FMD__CODE_CONTENTS)
        if (same_content(&registry->codes[registry->contents[at] - 1], code))
            return registry->contents[at];
    if (count == FMD__CODES_MAX || size > FMD__CODE_TEXT_BYTES - registry->text_used)
        return 0;
    struct fmd__python_code *kept = &registry->codes[count];
    *kept = *code;
    kept->filename = keep(registry, code->filename, code->filename_length);
    kept->qualname = keep(registry, code->qualname, code->qualname_length);
    kept->linetable =
        (const uint8_t *)keep(registry, code->linetable, code->linetable_size);
    kept->own = is_own(code);
    registry->contents[at] = count + 1;
    atomic_store_explicit(&registry->count, count + 1, memory_order_release);
    return count + 1;
}

/* --- known by identity ---------------------------------------------------------------
 */

static struct fmd__code_known *find_known(struct fmd__code_registry *registry,
                                          const struct fmd__code_identity *identity)
{
    uint64_t at = mix(0x9e3779b97f4a7c15u, identity, sizeof *identity) % FMD__CODE_KNOWN;

    while (registry->known[at].number &&
           memcmp(&registry->known[at].identity, identity, sizeof *identity) != 0)
        at = (at + 1) % FMD__CODE_KNOWN;
    return &registry->known[at];
}

bool fmd__code_find(struct fmd__code_registry *registry,
                    const struct fmd__code_identity *identity, uint32_t *number)
{
    const struct fmd__code_known *known = find_known(registry, identity);

    *number = known->number == NO_ROOM ? 0 : known->number;
    return known->number != 0;
}

uint32_t fmd__code_add(struct fmd__code_registry *registry,
                       const struct fmd__code_identity *identity,
                       const struct fmd__python_code *code)
{
    const uint32_t number = number_of_content(registry, code);
    struct fmd__code_known *known;

    if (registry->known_count >= FMD__CODE_KNOWN / 4 * 3) {
        memset(registry->known, 0, sizeof registry->known);
        registry->known_count = 0;
    }
    known = find_known(registry, identity);
    registry->known_count += known->number == 0;
    known->identity = *identity;
    known->number = number ? number : NO_ROOM;
    return number;
}

const struct fmd__python_code *fmd__code_at(const struct fmd__code_registry *registry,
                                            uint32_t number)
{
    const uint32_t count = atomic_load_explicit(&registry->count, memory_order_acquire);

    return number && number <= count ? &registry->codes[number - 1] : NULL;
}

uint32_t fmd__code_number(struct fmd__code_registry *registry,
                          const struct fmd__interpreter *python,
                          const struct fmd__code_identity *identity, int *why)
{
    struct fmd__python_code code;
    uint32_t number;

    *why = 0;
    if (!fmd__code_find(registry, identity, &number)) {
        *why = copy_code(registry, python, identity, &code);
        if (*why)
            return 0;
        number = fmd__code_add(registry, identity, &code);
    }
    if (!number)
        *why = ENOSPC;
    return number;
}
