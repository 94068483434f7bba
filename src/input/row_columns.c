/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "row_columns.h"

#include "src/base/err.h"
#include "src/base/mem.h"
#include "src/base/str.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

const char *const column_names[COLUMNS + 1] = {
    "time",     "end",     "duration", "first_byte", "view",
    "endpoint", "request", "method",   "path",       "application",
    "version",  "group",   "address",  "status",     NULL};

/* Names by column, the better ones first; compared by their letters and digits only, in
 * lower case, so that "Duration (ms)" and durationMs are the same. Logs are written when
 * a request ends, so nginx's times are ends; its $request_time is in seconds. */
static const struct known_name {
    enum column column;
    enum unit unit;
    const char *name;
} known_names[] = {
    {COLUMN_TIME, UNIT_NONE, "time"},
    {COLUMN_TIME, UNIT_NONE, "start"},
    {COLUMN_TIME, UNIT_NONE, "starttime"},
    {COLUMN_TIME, UNIT_NONE, "startutc"},
    {COLUMN_TIME, UNIT_NONE, "startedat"},
    {COLUMN_TIME, UNIT_NONE, "timestamp"},
    {COLUMN_TIME, UNIT_NONE, "ts"},
    {COLUMN_TIME, UNIT_NONE, "datetime"},
    {COLUMN_TIME, UNIT_S, "times"},
    {COLUMN_TIME, UNIT_MS, "timems"},
    {COLUMN_TIME, UNIT_US, "timeus"},
    {COLUMN_TIME, UNIT_NS, "timens"},
    {COLUMN_TIME, UNIT_MS, "timestampms"},
    {COLUMN_TIME, UNIT_NS, "timestampns"},
    {COLUMN_TIME, UNIT_MS, "startms"},
    {COLUMN_TIME, UNIT_US, "startus"},
    {COLUMN_TIME, UNIT_NS, "startns"},
    {COLUMN_TIME, UNIT_NONE, "epoch"},
    {COLUMN_TIME, UNIT_NONE, "date"},
    {COLUMN_END, UNIT_NONE, "end"},
    {COLUMN_END, UNIT_NONE, "endtime"},
    {COLUMN_END, UNIT_NONE, "timerequested"},
    {COLUMN_END, UNIT_S, "msec"},
    {COLUMN_END, UNIT_NONE, "timeiso8601"},
    {COLUMN_END, UNIT_NONE, "timelocal"},
    {COLUMN_DURATION, UNIT_MS, "duration"},
    {COLUMN_DURATION, UNIT_MS, "durationms"},
    {COLUMN_DURATION, UNIT_S, "durations"},
    {COLUMN_DURATION, UNIT_S, "durationsec"},
    {COLUMN_DURATION, UNIT_S, "durationseconds"},
    {COLUMN_DURATION, UNIT_US, "durationus"},
    {COLUMN_DURATION, UNIT_NS, "durationns"},
    {COLUMN_DURATION, UNIT_NS, "eventduration"},
    {COLUMN_DURATION, UNIT_MS, "elapsed"},
    {COLUMN_DURATION, UNIT_MS, "elapsedms"},
    {COLUMN_DURATION, UNIT_S, "requesttime"},
    {COLUMN_DURATION, UNIT_S, "rt"},
    {COLUMN_DURATION, UNIT_MS, "responsetime"},
    {COLUMN_DURATION, UNIT_MS, "responsetimems"},
    {COLUMN_DURATION, UNIT_MS, "timetaken"},
    {COLUMN_DURATION, UNIT_MS, "took"},
    {COLUMN_DURATION, UNIT_MS, "latencyms"},
    {COLUMN_DURATION, UNIT_MS, "latency"},
    {COLUMN_DURATION, UNIT_MS, "ms"},
    {COLUMN_FIRST_BYTE, UNIT_MS, "firstbyte"},
    {COLUMN_FIRST_BYTE, UNIT_MS, "firstbytems"},
    {COLUMN_FIRST_BYTE, UNIT_MS, "ttfb"},
    {COLUMN_VIEW, UNIT_MS, "view"},
    {COLUMN_VIEW, UNIT_MS, "viewms"},
    {COLUMN_VIEW, UNIT_S, "upstreamresponsetime"},
    {COLUMN_VIEW, UNIT_S, "urt"},
    {COLUMN_ENDPOINT, UNIT_NONE, "endpoint"},
    {COLUMN_ENDPOINT, UNIT_NONE, "route"},
    {COLUMN_ENDPOINT, UNIT_NONE, "endpointname"},
    {COLUMN_ENDPOINT, UNIT_NONE, "routename"},
    {COLUMN_ENDPOINT, UNIT_NONE, "operation"},
    {COLUMN_ENDPOINT, UNIT_NONE, "transaction"},
    {COLUMN_ENDPOINT, UNIT_NONE, "handler"},
    {COLUMN_ENDPOINT, UNIT_NONE, "label"},
    {COLUMN_REQUEST, UNIT_NONE, "request"},
    {COLUMN_REQUEST, UNIT_NONE, "requestline"},
    {COLUMN_METHOD, UNIT_NONE, "method"},
    {COLUMN_METHOD, UNIT_NONE, "requestmethod"},
    {COLUMN_METHOD, UNIT_NONE, "httpmethod"},
    {COLUMN_METHOD, UNIT_NONE, "httprequestmethod"},
    {COLUMN_METHOD, UNIT_NONE, "verb"},
    {COLUMN_PATH, UNIT_NONE, "path"},
    {COLUMN_PATH, UNIT_NONE, "requestpath"},
    {COLUMN_PATH, UNIT_NONE, "urlpath"},
    {COLUMN_PATH, UNIT_NONE, "requesturi"},
    {COLUMN_PATH, UNIT_NONE, "uri"},
    {COLUMN_PATH, UNIT_NONE, "url"},
    {COLUMN_PATH, UNIT_NONE, "requesturl"},
    {COLUMN_APPLICATION, UNIT_NONE, "application"},
    {COLUMN_APPLICATION, UNIT_NONE, "app"},
    {COLUMN_APPLICATION, UNIT_NONE, "service"},
    {COLUMN_APPLICATION, UNIT_NONE, "servicename"},
    {COLUMN_VERSION, UNIT_NONE, "version"},
    {COLUMN_VERSION, UNIT_NONE, "appversion"},
    {COLUMN_VERSION, UNIT_NONE, "serviceversion"},
    {COLUMN_VERSION, UNIT_NONE, "versionrequested"},
    {COLUMN_VERSION, UNIT_NONE, "release"},
    {COLUMN_VERSION, UNIT_NONE, "build"},
    {COLUMN_GROUP, UNIT_NONE, "group"},
    {COLUMN_GROUP, UNIT_NONE, "groupby"},
    {COLUMN_GROUP, UNIT_NONE, "customer"},
    {COLUMN_GROUP, UNIT_NONE, "customerid"},
    {COLUMN_GROUP, UNIT_NONE, "tenant"},
    {COLUMN_GROUP, UNIT_NONE, "tenantid"},
    {COLUMN_GROUP, UNIT_NONE, "user"},
    {COLUMN_GROUP, UNIT_NONE, "userid"},
    {COLUMN_GROUP, UNIT_NONE, "username"},
    {COLUMN_GROUP, UNIT_NONE, "remoteuser"},
    {COLUMN_ADDRESS, UNIT_NONE, "address"},
    {COLUMN_ADDRESS, UNIT_NONE, "ip"},
    {COLUMN_ADDRESS, UNIT_NONE, "clientip"},
    {COLUMN_ADDRESS, UNIT_NONE, "remoteip"},
    {COLUMN_ADDRESS, UNIT_NONE, "remoteaddr"},
    {COLUMN_STATUS, UNIT_NONE, "status"},
    {COLUMN_STATUS, UNIT_NONE, "statuscode"},
    {COLUMN_STATUS, UNIT_NONE, "httpstatus"},
    {COLUMN_STATUS, UNIT_NONE, "httpresponsestatuscode"},
    {COLUMN_STATUS, UNIT_NONE, "responsecode"},
    {COLUMN_STATUS, UNIT_NONE, "code"},
};

enum { KNOWN_NAMES = sizeof(known_names) / sizeof(known_names[0]) };

static const struct {
    const char *name;
    enum unit unit;
} unit_names[] = {{"s", UNIT_S}, {"ms", UNIT_MS}, {"us", UNIT_US}, {"ns", UNIT_NS}};

static enum unit unit_named(const char *name)
{
    for (size_t i = 0; i < sizeof(unit_names) / sizeof(unit_names[0]); i++)
        if (strcmp(name, unit_names[i].name) == 0)
            return unit_names[i].unit;
    return UNIT_NONE;
}

/* --- what is asked for ---------------------------------------------------------------
 */

static bool has_unit(enum column column)
{
    return column <= COLUMN_VIEW;
}

static int column_named(const char *name, size_t length)
{
    for (int c = 0; c < COLUMNS; c++)
        if (strlen(column_names[c]) == length &&
            strncmp(column_names[c], name, length) == 0)
            return c;
    return -1;
}

/* "NAME", "NAME:UNIT" of one column; a name may hold colons too. */
static void want(struct columns_wanted *wanted, enum column column, const char *name,
                 size_t length)
{
    free(wanted->names[column]);
    char *copy = mem_bytes(name, length), *colon = strrchr(copy, ':');
    if (colon && has_unit(column) && unit_named(colon + 1) != UNIT_NONE) {
        wanted->units[column] = unit_named(colon + 1);
        *colon = 0;
    }
    wanted->names[column] = copy;
}

static int refuse(const char *part, size_t length, struct err *err)
{
    struct str names;
    str_init(&names);
    for (int c = 0; c < COLUMNS; c++)
        str_addf(&names, "%s%s", c ? ", " : "", column_names[c]);
    err_set(err, ERR_USAGE,
            "--columns takes COLUMN=NAME or COLUMN=NAME:UNIT, separated by commas, not "
            "\"%.*s\"; columns are %s; units are s, ms, us, ns",
            (int)(length < 100 ? length : 100), part, names.bytes);
    str_release(&names);
    return -1;
}

int columns_wanted_parse(struct columns_wanted *wanted, const char *text, struct err *err)
{
    *wanted = (struct columns_wanted){0};
    while (text && *text) {
        size_t length = strcspn(text, ",");
        const char *equals = memchr(text, '=', length);
        int column = equals ? column_named(text, (size_t)(equals - text)) : -1;
        if (column < 0 || equals + 1 == text + length)
            return refuse(text, length, err);
        want(wanted, (enum column)column, equals + 1,
             length - (size_t)(equals + 1 - text));
        text += length + (text[length] == ',');
    }
    return 0;
}

void columns_wanted_release(struct columns_wanted *wanted)
{
    for (int c = 0; c < COLUMNS; c++)
        free(wanted->names[c]);
    *wanted = (struct columns_wanted){0};
}

/* --- what is there -------------------------------------------------------------------
 */

/* Letters and digits in lower case; a name that is longer than any known one is none. */
static bool simplify(const char *name, size_t length, char out[64])
{
    size_t used = 0;
    for (size_t i = 0; i < length; i++) {
        if (!isalnum((unsigned char)name[i]))
            continue;
        if (used == 63)
            return false;
        out[used++] = (char)tolower((unsigned char)name[i]);
    }
    out[used] = 0;
    return true;
}

/* What --columns names is better than any known name. "duration=ms" may also say the unit
 * of a column that is found by its own name. */
static uint32_t wanted_fit(const char *asked, const char *name, size_t length)
{
    if (strlen(asked) == length && memcmp(asked, name, length) == 0)
        return 0;
    if (strlen(asked) == length && strncasecmp(asked, name, length) == 0)
        return 1;
    return unit_named(asked) != UNIT_NONE ? 2 : COLUMN_NOWHERE;
}

uint32_t column_fit(enum column column, const struct columns_wanted *wanted,
                    const char *name, size_t length, enum unit *unit)
{
    char simple[64];
    const char *asked = wanted->names[column];
    uint32_t fit = asked ? wanted_fit(asked, name, length) : 2;
    *unit = wanted->units[column];
    if (fit == COLUMN_NOWHERE || !simplify(name, length, simple))
        return fit < 2 ? fit : COLUMN_NOWHERE;
    for (uint32_t i = 0; i < KNOWN_NAMES; i++) {
        if (known_names[i].column != column || strcmp(known_names[i].name, simple) != 0)
            continue;
        if (*unit == UNIT_NONE)
            *unit = asked && fit == 2 && has_unit(column) ? unit_named(asked) : UNIT_NONE;
        if (*unit == UNIT_NONE)
            *unit = known_names[i].unit;
        return fit < 2 ? fit : 2 + i;
    }
    return fit < 2 ? fit : COLUMN_NOWHERE;
}

void columns_map(struct column_map *map, const struct columns_wanted *wanted,
                 const struct column_name *names, size_t count)
{
    for (int c = 0; c < COLUMNS; c++) {
        uint32_t best = COLUMN_NOWHERE;
        map->place[c] = COLUMN_NOWHERE;
        map->unit[c] = UNIT_NONE;
        for (size_t i = 0; i < count; i++) {
            enum unit unit;
            uint32_t fit = column_fit((enum column)c, wanted, names[i].bytes,
                                      names[i].length, &unit);
            if (fit >= best)
                continue;
            best = fit;
            map->place[c] = names[i].place;
            map->unit[c] = unit;
        }
    }
}

bool columns_suffice(const struct column_map *map, struct str *why)
{
    const uint32_t none = COLUMN_NOWHERE, *place = map->place;
    size_t before = why->length;
    if (place[COLUMN_TIME] == none && place[COLUMN_END] == none)
        str_add_text(why, "a time (time, timestamp, end ...)");
    if (place[COLUMN_DURATION] == none)
        str_addf(why, "%sa duration (duration, duration_ms, elapsed ...)",
                 why->length > before ? ", " : "");
    if (place[COLUMN_ENDPOINT] == none && place[COLUMN_PATH] == none &&
        place[COLUMN_REQUEST] == none)
        str_addf(why, "%san endpoint (endpoint, route, path ...)",
                 why->length > before ? ", " : "");
    return why->length == before;
}

bool columns_any(const struct column_map *map)
{
    const uint32_t none = COLUMN_NOWHERE;
    return map->place[COLUMN_DURATION] != none || map->place[COLUMN_ENDPOINT] != none ||
           map->place[COLUMN_PATH] != none || map->place[COLUMN_REQUEST] != none;
}
