/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the columns of a foreign file mean: by their names, or as --columns says. One
 * table of names and units serves tables, JSON and access logs. Read once a file.
 */
#ifndef INPUT_ROW_COLUMNS_H
#define INPUT_ROW_COLUMNS_H

#include "conversions.h"

#include <stdbool.h>

struct err;
struct str;

enum column {
    COLUMN_TIME, /* start of the request */
    COLUMN_END,  /* its end, as logs have it */
    COLUMN_DURATION,
    COLUMN_FIRST_BYTE, /* time to the first byte of the answer */
    COLUMN_VIEW,       /* time in the application itself */
    COLUMN_ENDPOINT,   /* as it is; or from the following ones */
    COLUMN_REQUEST,    /* "GET /cart?id=5 HTTP/1.1" */
    COLUMN_METHOD,
    COLUMN_PATH,
    COLUMN_APPLICATION,
    COLUMN_VERSION,
    COLUMN_GROUP,
    COLUMN_ADDRESS,
    COLUMN_STATUS,
    COLUMNS
};

extern const char *const column_names[COLUMNS + 1]; /* as --columns takes them */

/* What --columns asks for: names as in the file, NULL where it does not say. */
struct columns_wanted {
    char *names[COLUMNS];
    enum unit units[COLUMNS];
};

/* Reads "time=ts:ms,duration=elapsed,endpoint=route"; text NULL: nothing is asked for. 0;
 * -1 with *err (ERR_USAGE). Released in both cases. */
int columns_wanted_parse(struct columns_wanted *wanted, const char *text,
                         struct err *err);
void columns_wanted_release(struct columns_wanted *wanted);

/* A name in a file, and the place of its values there. */
struct column_name {
    const char *bytes;
    size_t length;
    unsigned place;
};

#define COLUMN_NOWHERE UINT32_MAX

/* Where the values of each column are, and their unit. */
struct column_map {
    uint32_t place[COLUMNS]; /* COLUMN_NOWHERE: there are none */
    enum unit unit[COLUMNS];
};

/* Maps the names of a file. Where several mean the same, the one that stands first in the
 * table of names is taken. */
void columns_map(struct column_map *map, const struct columns_wanted *wanted,
                 const struct column_name *names, size_t count);

/* How well a name fits a column: less is better, COLUMN_NOWHERE not at all. *unit as the
 * name tells it. For files without a header, where names come with each value. */
uint32_t column_fit(enum column column, const struct columns_wanted *wanted,
                    const char *name, size_t length, enum unit *unit);

/* Whether a request can be read: its time, its duration and its endpoint are somewhere.
 * Appends to *why what is missing, as "a time (time, timestamp ...) and ...". */
bool columns_suffice(const struct column_map *map, struct str *why);
/* Does anything here look like a request? */
bool columns_any(const struct column_map *map);

#endif
