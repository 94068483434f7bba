/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Payload of a definitions block: strings by number, and endpoints made of strings.
 * Numbers are the segment's own, start at 1 and are defined before first use and again in
 * each segment, so that each segment reads alone. Strings may be any bytes.
 */
#ifndef FMD_WIRE_DEFINITIONS_H
#define FMD_WIRE_DEFINITIONS_H

#include <stddef.h>
#include <stdint.h>

#define FMD__STRING_BYTES_MAX 16384u
#define FMD__LINE_TABLE_BYTES_MAX 65535u

enum fmd__definition_kind {
    FMD__DEFINE_ENDPOINT = 1, /* number in the endpoint column */
    FMD__DEFINE_GROUP = 2,    /* number in the group column */
    FMD__DEFINE_ADDRESS = 3,  /* number in the address column */
    FMD__DEFINE_CODE = 4      /* number in stack frames */
};

/* How a line table is to be read. */
enum fmd__line_table_kind {
    FMD__LINE_TABLE_NONE = 0,       /* lines are not known */
    FMD__LINE_TABLE_CPYTHON_311 = 1 /* co_linetable of CPython 3.11 and later */
};

/* Endpoints carry application and version so that one process can host several. Readers
 * skip kinds they do not know. hash: of group and address as rings carry it (ringfile.h),
 * else 0. */
struct fmd__definition {
    uint8_t kind;
    uint32_t id;
    uint64_t hash;
    const char *bytes; /* name, of code the qualified name; not terminated */
    uint32_t length;
    const char *application; /* endpoint only */
    uint32_t application_length;
    const char *version; /* endpoint only */
    uint32_t version_length;
    const char *file; /* this and what follows: code only */
    uint32_t file_length;
    uint32_t first_line;     /* co_firstlineno */
    uint8_t line_table_kind; /* enum fmd__line_table_kind */
    const uint8_t *line_table;
    uint32_t line_table_bytes; /* <= FMD__LINE_TABLE_BYTES_MAX */
};

/* Room for one definition. */
size_t fmd__definition_bound(const struct fmd__definition *definition);
/* Appends one definition at out; returns the bytes. */
size_t fmd__definition_encode(const struct fmd__definition *definition, uint8_t *out);
/* Reads one at *offset and moves it on; strings point into payload. 1, 0 at the end, -1
 * when damaged. */
int fmd__definition_decode(const uint8_t *payload, size_t size, size_t *offset,
                           struct fmd__definition *definition);

#endif
