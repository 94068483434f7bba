/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a trace defines, by number, for what comes beside requests: endpoints' names, and
 * code objects, whose instructions become places (file, function, line) once each. Some
 * thousand code objects, some ten thousand places.
 */
#ifndef INPUT_KNOWN_NAMES_H
#define INPUT_KNOWN_NAMES_H

#include "lib/wire/definitions.h"
#include "lib/wire/entries.h"
#include "src/base/map.h"
#include "src/summary/events.h"

enum { KNOWN_NUMBERS_MAX = 1 << 22 }; /* larger ones are not defined */

struct known_endpoint {
    struct event_text application, version, name; /* name.bytes NULL: not defined */
};

struct known_code {
    struct event_text file, function; /* function.bytes NULL: not defined */
    const uint8_t *lines;
    uint32_t lines_bytes, first_line;
    uint8_t lines_kind;
};

/* Zeroed memory is empty, but for known_names_init(). */
struct known_names {
    struct arena arena; /* of all strings and tables */
    struct known_endpoint *endpoints;
    size_t endpoint_room;
    struct known_code *codes;
    size_t code_room;
    struct map places; /* (code, offset) */
    uint32_t *frames;  /* of the summary, by place */
    size_t frame_room;
};

void known_names_init(struct known_names *known);
void known_names_release(struct known_names *known);
/* Copies an endpoint or a code object; passes over other kinds. */
void known_names_define(struct known_names *known,
                        const struct fmd__definition *definition);
/* NULL where it is not defined. */
const struct known_endpoint *known_names_endpoint(const struct known_names *known,
                                                  uint32_t id);
/* The summary's numbers of a stack, in frames (count of room). Places that are not
 * defined are "(not readable)". */
void known_names_frames(struct known_names *known, struct source_map *map,
                        const struct fmd__stack_frame *stack, uint32_t count,
                        uint32_t *frames);

#endif
