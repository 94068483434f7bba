/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "row_adder.h"

#include "name_numbers.h"
#include "path_folding.h"

#include "src/base/mem.h"
#include "src/summary/events.h"

#include <stdlib.h>
#include <string.h>

enum { BATCH = 4096, NAME_BYTES_MAX = 1024, ENDPOINTS_MET = 1024 };

/* Names of one file beyond this are forgotten and numbered afresh. */
#define NAMES_BYTES_MAX ((size_t)32 << 20)
#define NAMES_MAX ((size_t)1 << 18)

struct row_adder {
    struct summary *summary;
    struct source_map *map; /* numbers below mean this there */
    uint64_t process;
    struct name_numbers groups, addresses; /* as in map */
    /* an endpoint of map is three of these: numbers of name, version, application */
    struct name_numbers names, endpoints;
    struct name_key last_version, last_application; /* their names' numbers with them */
    struct endpoint_of_names {
        uint32_t names[3], number;
    } met[ENDPOINTS_MET]; /* the endpoints that were met last */
    /* the batch */
    uint64_t sequence; /* of its first request */
    uint32_t count;
    uint32_t endpoint[BATCH], group[BATCH], address[BATCH];
    uint64_t start_ns[BATCH], duration_ns[BATCH], first_byte_ns[BATCH], view_ns[BATCH];
    uint16_t status[BATCH];
    uint8_t method[BATCH];
    /* the chunk */
    struct rows *rows; /* held */
    uint64_t chunk;
    uint32_t row_count; /* so far */
    uint64_t requests;
};

struct row_adder *row_adder_new(struct summary *summary)
{
    struct row_adder *adder = mem_new(sizeof(*adder));
    adder->summary = summary;
    name_numbers_init(&adder->groups);
    name_numbers_init(&adder->addresses);
    name_numbers_init(&adder->names);
    name_numbers_init(&adder->endpoints);
    return adder;
}

static void forget_names(struct row_adder *adder)
{
    source_map_free(adder->map);
    adder->map = NULL;
    name_numbers_clear(&adder->groups);
    name_numbers_clear(&adder->addresses);
    name_numbers_clear(&adder->names);
    name_numbers_clear(&adder->endpoints);
    memset(&adder->last_version, 0, sizeof(adder->last_version));
    memset(&adder->last_application, 0, sizeof(adder->last_application));
    memset(adder->met, 0, sizeof(adder->met));
}

void row_adder_free(struct row_adder *adder)
{
    if (!adder)
        return;
    source_map_free(adder->map);
    name_numbers_release(&adder->groups);
    name_numbers_release(&adder->addresses);
    name_numbers_release(&adder->names);
    name_numbers_release(&adder->endpoints);
    rows_release(adder->rows);
    free(adder);
}

/* --- batches -------------------------------------------------------------------------
 */

void row_adder_begin(struct row_adder *adder, uint64_t process, uint64_t sequence)
{
    if (!adder->map || adder->process != process) {
        struct event_source source = {.host = "", .run = "", .process = process};
        forget_names(adder);
        adder->process = process;
        adder->map = source_map_new(adder->summary, &source);
    }
    adder->sequence = sequence;
}

static bool names_are_many(const struct row_adder *adder)
{
    const struct map *maps[] = {&adder->groups.map, &adder->addresses.map,
                                &adder->names.map, &adder->endpoints.map};
    for (int i = 0; i < 4; i++)
        if (maps[i]->arena.bytes > NAMES_BYTES_MAX || maps[i]->count > NAMES_MAX)
            return true;
    return false;
}

void row_adder_flush(struct row_adder *adder)
{
    struct events events = {
        .count = adder->count,
        .sequence = adder->sequence,
        .endpoint = adder->endpoint,
        .start_ns = adder->start_ns,
        .duration_ns = adder->duration_ns,
        .first_byte_ns = adder->first_byte_ns,
        .view_ns = adder->view_ns,
        .group = adder->groups.map.count ? adder->group : NULL,
        .address = adder->addresses.map.count ? adder->address : NULL,
        .status = adder->status,
        .method = adder->method,
    };
    if (adder->count)
        summary_add(adder->summary, adder->map, &events);
    adder->sequence += adder->count;
    adder->count = 0;
    if (names_are_many(adder)) {
        forget_names(adder);
        row_adder_begin(adder, adder->process, adder->sequence);
    }
}

/* --- names ---------------------------------------------------------------------------
 */

static struct row_value cut(struct row_value value)
{
    if (value.length > NAME_BYTES_MAX)
        value.length = NAME_BYTES_MAX;
    return value;
}

static bool is_none(const struct row_value *value)
{
    return !value->length || (value->length == 1 && *value->bytes == '-');
}

static struct name_key value_key(const struct name_numbers *names, struct row_value value)
{
    value = cut(value);
    return name_key_of(names, value.bytes, is_none(&value) ? 0 : value.length);
}

static uint32_t
number_value(struct row_adder *adder, struct name_numbers *names, struct name_key *key,
             void (*define)(struct source_map *, uint32_t, const char *, size_t))
{
    size_t before = names->map.count;
    uint32_t number = name_number(names, key);
    if (names->map.count > before)
        define(adder->map, number, key->bytes, key->length);
    return number;
}

static uint32_t number_name(struct row_adder *adder, struct row_value name)
{
    struct name_key key = name_key_of(&adder->names, name.bytes, name.length);
    return name_number(&adder->names, &key);
}

/* Of names that stay the same for many rows. */
static uint32_t number_same(struct row_adder *adder, struct row_value name,
                            struct name_key *last)
{
    if (!name.length)
        return 0;
    struct name_key key = name_key_of(&adder->names, name.bytes, name.length);
    if (name.length <= SHORT_NAME_BYTES && same_short_name(&last->name, &key.name))
        return last->name.number;
    key.name.number = name_number(&adder->names, &key);
    *last = key;
    return key.name.number;
}

/* Of an endpoint that is three numbers of names, by way of the map. */
static uint32_t number_of_names(struct row_adder *adder, const uint32_t names[3],
                                struct row_value endpoint, struct row_value version,
                                struct row_value application)
{
    struct name_key key =
        name_key_of(&adder->endpoints, (const char *)names, 3 * sizeof(*names));
    size_t before = adder->endpoints.map.count;
    uint32_t number = name_number(&adder->endpoints, &key);
    if (adder->endpoints.map.count > before)
        source_map_endpoint(adder->map, number, application.bytes, application.length,
                            version.bytes, version.length, endpoint.bytes,
                            endpoint.length);
    return number;
}

static uint32_t number_endpoint(struct row_adder *adder, struct row_value endpoint,
                                struct row_value version, struct row_value application)
{
    endpoint = cut(endpoint);
    version = cut(version);
    application = cut(application);
    const uint32_t names[3] = {number_name(adder, endpoint),
                               number_same(adder, version, &adder->last_version),
                               number_same(adder, application, &adder->last_application)};
    struct endpoint_of_names *met =
        &adder->met[(names[0] * 5 + names[1] * 3 + names[2]) % ENDPOINTS_MET];
    if (memcmp(met->names, names, sizeof(names)) != 0) {
        memcpy(met->names, names, sizeof(names));
        met->number = number_of_names(adder, names, endpoint, version, application);
    }
    return met->number;
}

/* Adds a request whose group and address were looked for before. */
static void put(struct row_adder *adder, const struct row_request *request,
                struct name_key *group, struct name_key *address)
{
    uint32_t at = adder->count++;
    adder->start_ns[at] = (uint64_t)request->utc_ns;
    adder->duration_ns[at] = request->duration_ns;
    adder->first_byte_ns[at] = request->first_byte_ns;
    adder->view_ns[at] = request->view_ns;
    adder->status[at] = request->status;
    adder->method[at] = request->method;
    adder->endpoint[at] =
        number_endpoint(adder, request->endpoint, request->version, request->application);
    adder->group[at] = number_value(adder, &adder->groups, group, source_map_group);
    adder->address[at] =
        number_value(adder, &adder->addresses, address, source_map_address);
    if (adder->count == BATCH)
        row_adder_flush(adder);
}

void row_adder_put(struct row_adder *adder, const struct row_request *request)
{
    struct name_key group = value_key(&adder->groups, request->group);
    struct name_key address = value_key(&adder->addresses, request->address);
    put(adder, request, &group, &address);
}

/* --- rows ----------------------------------------------------------------------------
 */

static void bad(struct row_adder *adder, enum bad_row why, const struct row_value *value)
{
    rows_bad(adder->rows, adder->chunk, adder->row_count, why, value);
    adder->row_count++;
}

void row_adder_bad(struct row_adder *adder, enum bad_row why)
{
    bad(adder, why, NULL);
}

void row_adder_pass(struct row_adder *adder)
{
    adder->row_count++;
}

/* Where only the end is known, the start is that less the duration. */
static bool convert_start(const struct rows *rows, const struct row *row,
                          struct row_request *request, const struct row_value **value)
{
    const struct row_value *start = &row->of[COLUMN_TIME], *end = &row->of[COLUMN_END];
    *value = start->bytes ? start : end;
    if (start->bytes)
        return convert_time(start->bytes, start->length, rows->map.unit[COLUMN_TIME],
                            &request->utc_ns);
    if (!end->bytes || !convert_time(end->bytes, end->length, rows->map.unit[COLUMN_END],
                                     &request->utc_ns))
        return false;
    uint64_t since_1970 = (uint64_t)request->utc_ns;
    request->utc_ns -=
        (int64_t)(request->duration_ns < since_1970 ? request->duration_ns : since_1970);
    return true;
}

/* A part of the time that some rows have: UINT64_MAX where there is none. */
static uint64_t convert_part(const struct rows *rows, const struct row *row,
                             enum column column)
{
    const struct row_value *value = &row->of[column];
    uint64_t part_ns = UINT64_MAX;
    if (value->bytes)
        convert_duration(value->bytes, value->length, rows->map.unit[column], &part_ns);
    return part_ns;
}

/* The endpoint itself, or what the folded path makes of it in room. */
static bool find_endpoint(const struct row *row, struct row_request *request,
                          char room[FOLDED_BYTES_MAX])
{
    const struct row_value *line = &row->of[COLUMN_REQUEST],
                           *path = &row->of[COLUMN_PATH];
    struct row_value method = row->of[COLUMN_METHOD];
    request->endpoint = row->of[COLUMN_ENDPOINT];
    if (!request->endpoint.bytes && path->length)
        request->endpoint = (struct row_value){
            room, fold_method_path(method.bytes, is_none(&method) ? 0 : method.length,
                                   path->bytes, path->length, room)};
    else if (!request->endpoint.bytes && line->bytes)
        request->endpoint =
            (struct row_value){room, fold_request(line->bytes, line->length, room,
                                                  &method.bytes, &method.length)};
    if (method.length)
        request->method = convert_method(method.bytes, method.length);
    return request->endpoint.length > 0;
}

void row_adder_add(struct row_adder *adder, const struct row *row)
{
    const struct rows *rows = adder->rows;
    const struct row_value *duration = &row->of[COLUMN_DURATION], *time;
    const struct row_value *status = &row->of[COLUMN_STATUS];
    struct row_request request = {0};
    char folded[FOLDED_BYTES_MAX];
    struct name_key group = value_key(&adder->groups, row->of[COLUMN_GROUP]);
    struct name_key address = value_key(&adder->addresses, row->of[COLUMN_ADDRESS]);
    if (!duration->bytes ||
        !convert_duration(duration->bytes, duration->length,
                          rows->map.unit[COLUMN_DURATION], &request.duration_ns)) {
        bad(adder, ROW_NO_DURATION, duration);
        return;
    }
    if (!convert_start(rows, row, &request, &time)) {
        bad(adder, ROW_NO_TIME, time);
        return;
    }
    if (!find_endpoint(row, &request, folded)) {
        bad(adder, ROW_NO_ENDPOINT, NULL);
        return;
    }
    request.first_byte_ns = convert_part(rows, row, COLUMN_FIRST_BYTE);
    request.view_ns = convert_part(rows, row, COLUMN_VIEW);
    request.application = row->of[COLUMN_APPLICATION];
    request.version = row->of[COLUMN_VERSION];
    if (status->bytes)
        request.status = convert_status(status->bytes, status->length);
    put(adder, &request, &group, &address);
    adder->row_count++;
    adder->requests++;
}

void row_adder_take(struct row_adder *adder, struct chunk *chunk)
{
    if (adder->rows != chunk->rows) {
        rows_release(adder->rows);
        adder->rows = chunk->rows;
        adder->rows->holders++;
    }
    adder->chunk = chunk->row_chunk;
    adder->row_count = 0;
    adder->requests = 0;
    row_adder_begin(adder, adder->rows->process, chunk->row_offset);
    adder->rows->format->decode(adder->rows, (const char *)chunk->bytes, chunk->row_bytes,
                                adder);
    row_adder_flush(adder);
    rows_chunk_done(adder->rows, adder->chunk, adder->row_count, adder->requests);
}
