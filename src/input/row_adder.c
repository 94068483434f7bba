/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "row_adder.h"

#include "name_numbers.h"
#include "path_folding.h"

#include "src/base/mem.h"
#include "src/summary/events.h"

#include <stdlib.h>
#include <string.h>

/* Outliers are marked by who records at level 2. */
enum { MARKED_LEVEL = 2 };
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
    uint32_t last_version, last_application; /* numbers of names */
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
    uint8_t marks[BATCH]; /* enum event_detail; all 0 unless marked */
    bool marked;
    /* the chunk */
    struct rows *rows;    /* held */
    bool absent[COLUMNS]; /* the file has no such column */
    uint64_t chunk;
    uint32_t row_count; /* so far */
    uint64_t requests;
    struct waiting_rows waiting;
    uint8_t why[ROWS_AT_ONCE]; /* enum bad_row of those; ROW_GOOD: good so far */
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
    adder->last_version = adder->last_application = 0;
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

/* All that is known of outliers is that they are. */
static void add_marks(struct row_adder *adder, const struct events *events)
{
    static const uint64_t times[BATCH];
    static const uint32_t counts[BATCH];
    const struct event_details details = {adder->marks, times,  times,  counts, counts,
                                          counts,       counts, counts, counts};
    summary_add_details(adder->summary, adder->map, events, &details);
    memset(adder->marks, 0, sizeof(adder->marks));
    adder->marked = false;
}

static void add_batch(struct row_adder *adder)
{
    const bool *absent = adder->absent;
    struct events events = {
        .count = adder->count,
        .sequence = adder->sequence,
        .endpoint = adder->endpoint,
        .start_ns = adder->start_ns,
        .duration_ns = adder->duration_ns,
        .first_byte_ns = absent[COLUMN_FIRST_BYTE] ? NULL : adder->first_byte_ns,
        .view_ns = absent[COLUMN_VIEW] ? NULL : adder->view_ns,
        .group = adder->groups.map.count ? adder->group : NULL,
        .address = adder->addresses.map.count ? adder->address : NULL,
        .status = absent[COLUMN_STATUS] ? NULL : adder->status,
        .method = adder->method,
    };
    if (adder->count)
        summary_add(adder->summary, adder->map, &events);
    if (adder->marked)
        add_marks(adder, &events);
    adder->sequence += adder->count;
    adder->count = 0;
    if (names_are_many(adder)) {
        forget_names(adder);
        row_adder_begin(adder, adder->process, adder->sequence);
    }
}

void row_adder_flush(struct row_adder *adder)
{
    row_adder_convert(adder);
    add_batch(adder);
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
    name = cut(name);
    struct name_key key = name_key_of(&adder->names, name.bytes, name.length);
    return name_number(&adder->names, &key);
}

/* Of names that stay the same for many rows. */
static inline uint32_t number_same(struct row_adder *adder, struct row_value name,
                                   uint32_t *last)
{
    if (!name.length)
        return 0;
    const struct map_key *key = *last ? &adder->names.map.keys[*last - 1] : NULL;
    if (!key || key->length != name.length ||
        memcmp(key->bytes, name.bytes, name.length) != 0)
        *last = number_name(adder, name);
    return *last;
}

static void define_endpoint(struct row_adder *adder, uint32_t number,
                            const uint32_t names[3])
{
    struct map_key of[3] = {{0}};
    for (int i = 0; i < 3; i++)
        if (names[i])
            of[i] = adder->names.map.keys[names[i] - 1];
    source_map_endpoint(adder->map, number, of[2].bytes, of[2].length, of[1].bytes,
                        of[1].length, of[0].bytes, of[0].length);
}

/* Of an endpoint that is three numbers of names, by way of the map. */
static uint32_t number_of_names(struct row_adder *adder, const uint32_t names[3])
{
    struct name_key key =
        name_key_of(&adder->endpoints, (const char *)names, 3 * sizeof(*names));
    size_t before = adder->endpoints.map.count;
    uint32_t number = name_number(&adder->endpoints, &key);
    if (adder->endpoints.map.count > before)
        define_endpoint(adder, number, names);
    return number;
}

static inline uint32_t number_endpoint(struct row_adder *adder, const uint32_t names[3])
{
    struct endpoint_of_names *met =
        &adder->met[(names[0] * 5 + names[1] * 3 + names[2]) % ENDPOINTS_MET];
    if (memcmp(met->names, names, sizeof(met->names)) != 0) {
        memcpy(met->names, names, sizeof(met->names));
        met->number = number_of_names(adder, names);
    }
    return met->number;
}

void row_adder_put(struct row_adder *adder, const struct row_request *request)
{
    struct name_key group = value_key(&adder->groups, request->group);
    struct name_key address = value_key(&adder->addresses, request->address);
    const uint32_t names[3] = {
        number_name(adder, request->endpoint),
        number_same(adder, request->version, &adder->last_version),
        number_same(adder, request->application, &adder->last_application)};
    uint32_t at = adder->count++;
    adder->start_ns[at] = (uint64_t)request->utc_ns;
    adder->duration_ns[at] = request->duration_ns;
    adder->first_byte_ns[at] = request->first_byte_ns;
    adder->view_ns[at] = request->view_ns;
    adder->status[at] = request->status;
    adder->method[at] = request->method;
    if (request->outlier) {
        adder->marks[at] = MARKED_LEVEL | EVENT_DETAIL_OUTLIER;
        adder->marked = true;
    }
    adder->endpoint[at] = number_endpoint(adder, names);
    adder->group[at] = number_value(adder, &adder->groups, &group, source_map_group);
    adder->address[at] =
        number_value(adder, &adder->addresses, &address, source_map_address);
    if (adder->count == BATCH)
        add_batch(adder);
}

/* --- columns -------------------------------------------------------------------------
 * Each takes a column of the waiting rows to its place in the batch, behind `count`.
 */

static void convert_durations(struct row_adder *adder)
{
    const struct row_value *values = adder->waiting.of[COLUMN_DURATION];
    const enum unit unit = adder->rows->map.unit[COLUMN_DURATION];
    uint64_t *duration_ns = adder->duration_ns + adder->count;
    for (uint32_t i = 0; i < adder->waiting.count; i++)
        if (!values[i].bytes ||
            !convert_duration(values[i].bytes, values[i].length, unit, &duration_ns[i]))
            adder->why[i] = ROW_NO_DURATION;
}

/* Where only the end is known, the start is that less the duration. */
static bool convert_end(const struct row_value *end, enum unit unit, uint64_t duration_ns,
                        int64_t *utc_ns)
{
    if (!end->bytes || !convert_time(end->bytes, end->length, unit, utc_ns))
        return false;
    uint64_t since_1970 = (uint64_t)*utc_ns;
    *utc_ns -= (int64_t)(duration_ns < since_1970 ? duration_ns : since_1970);
    return true;
}

static void convert_starts(struct row_adder *adder)
{
    const struct row_value *starts = adder->waiting.of[COLUMN_TIME],
                           *ends = adder->waiting.of[COLUMN_END];
    const enum unit unit = adder->rows->map.unit[COLUMN_TIME],
                    end_unit = adder->rows->map.unit[COLUMN_END];
    const uint64_t *duration_ns = adder->duration_ns + adder->count;
    for (uint32_t i = 0; i < adder->waiting.count; i++) {
        int64_t utc_ns = 0;
        bool good = starts[i].bytes
                        ? convert_time(starts[i].bytes, starts[i].length, unit, &utc_ns)
                        : convert_end(&ends[i], end_unit, duration_ns[i], &utc_ns);
        adder->start_ns[adder->count + i] = (uint64_t)utc_ns;
        if (!good && adder->why[i] == ROW_GOOD)
            adder->why[i] = ROW_NO_TIME;
    }
}

/* A part of the time that some rows have: UINT64_MAX where there is none. */
static void convert_parts(struct row_adder *adder, enum column column, uint64_t *part_ns)
{
    const struct row_value *values = adder->waiting.of[column];
    const enum unit unit = adder->rows->map.unit[column];
    part_ns += adder->count;
    for (uint32_t i = 0; !adder->absent[column] && i < adder->waiting.count; i++) {
        part_ns[i] = UINT64_MAX;
        if (values[i].bytes)
            convert_duration(values[i].bytes, values[i].length, unit, &part_ns[i]);
    }
}

static void convert_statuses(struct row_adder *adder)
{
    const struct row_value *values = adder->waiting.of[COLUMN_STATUS];
    uint16_t *status = adder->status + adder->count;
    for (uint32_t i = 0; !adder->absent[COLUMN_STATUS] && i < adder->waiting.count; i++)
        status[i] =
            values[i].bytes ? convert_status(values[i].bytes, values[i].length) : 0;
}

/* What the path makes of it, folded in room, where no endpoint is given; sets *method
 * where the path brings one. */
static struct row_value fold_endpoint(const struct waiting_rows *waiting, uint32_t row,
                                      struct row_value *method,
                                      char room[FOLDED_BYTES_MAX])
{
    const struct row_value *line = &waiting->of[COLUMN_REQUEST][row],
                           *path = &waiting->of[COLUMN_PATH][row];
    if (path->length)
        return (struct row_value){
            room, fold_method_path(method->bytes, is_none(method) ? 0 : method->length,
                                   path->bytes, path->length, room)};
    if (line->bytes)
        return (struct row_value){room, fold_request(line->bytes, line->length, room,
                                                     &method->bytes, &method->length)};
    return (struct row_value){NULL, 0};
}

/* Numbers of the endpoints' names. */
static void name_endpoints(struct row_adder *adder, uint32_t names[ROWS_AT_ONCE])
{
    const struct waiting_rows *waiting = &adder->waiting;
    uint8_t *methods = adder->method + adder->count;
    char room[FOLDED_BYTES_MAX];
    for (uint32_t i = 0; i < waiting->count; i++) {
        struct row_value endpoint = waiting->of[COLUMN_ENDPOINT][i];
        struct row_value method = waiting->of[COLUMN_METHOD][i];
        if (!endpoint.bytes)
            endpoint = fold_endpoint(waiting, i, &method, room);
        methods[i] = method.length ? convert_method(method.bytes, method.length) : 0;
        if (!endpoint.length && adder->why[i] == ROW_GOOD)
            adder->why[i] = ROW_NO_ENDPOINT;
        names[i] = number_name(adder, endpoint);
    }
}

/* Numbers of names of a column that stay the same for many rows. */
static void name_same(struct row_adder *adder, enum column column, uint32_t *last,
                      uint32_t names[ROWS_AT_ONCE])
{
    if (adder->absent[column]) {
        memset(names, 0, adder->waiting.count * sizeof(*names));
        return;
    }
    for (uint32_t i = 0; i < adder->waiting.count; i++)
        names[i] = number_same(adder, adder->waiting.of[column][i], last);
}

static void number_endpoints(struct row_adder *adder)
{
    uint32_t endpoints[ROWS_AT_ONCE], versions[ROWS_AT_ONCE], applications[ROWS_AT_ONCE];
    name_endpoints(adder, endpoints);
    name_same(adder, COLUMN_VERSION, &adder->last_version, versions);
    name_same(adder, COLUMN_APPLICATION, &adder->last_application, applications);
    for (uint32_t i = 0; i < adder->waiting.count; i++) {
        const uint32_t names[3] = {endpoints[i], versions[i], applications[i]};
        adder->endpoint[adder->count + i] = number_endpoint(adder, names);
    }
}

/* Groups or addresses. All are looked for before the first is needed: their lines of
 * memory are on their way together. */
static void number_values(struct row_adder *adder, enum column column,
                          struct name_numbers *names, uint32_t *numbers,
                          void (*define)(struct source_map *, uint32_t, const char *,
                                         size_t))
{
    struct name_key keys[ROWS_AT_ONCE];
    uint32_t count = adder->waiting.count;
    if (adder->absent[column]) {
        memset(numbers + adder->count, 0, count * sizeof(*numbers));
        return;
    }
    for (uint32_t i = 0; i < count; i++)
        keys[i] = value_key(names, adder->waiting.of[column][i]);
    for (uint32_t i = 0; i < count; i++)
        numbers[adder->count + i] = number_value(adder, names, &keys[i], define);
}

/* --- rows ----------------------------------------------------------------------------
 */

void row_adder_bad(struct row_adder *adder, enum bad_row why)
{
    rows_bad(adder->rows, adder->chunk, adder->row_count++, why, NULL);
}

void row_adder_pass(struct row_adder *adder)
{
    adder->row_count++;
}

/* What the bad row has in the column that it is bad for; NULL: nothing to show. */
static const struct row_value *bad_value(const struct waiting_rows *waiting, uint32_t row,
                                         enum bad_row why)
{
    const struct row_value *time = &waiting->of[COLUMN_TIME][row];
    if (why == ROW_NO_DURATION)
        return &waiting->of[COLUMN_DURATION][row];
    if (why == ROW_NO_TIME)
        return time->bytes ? time : &waiting->of[COLUMN_END][row];
    return NULL;
}

#define MOVE_UP(column) adder->column[to] = adder->column[from]

/* Takes the bad rows out of those behind `count`; returns how many are left. */
static uint32_t leave_out_bad(struct row_adder *adder)
{
    static const uint8_t all_good[ROWS_AT_ONCE] = {ROW_GOOD};
    const struct waiting_rows *waiting = &adder->waiting;
    uint32_t to = adder->count;
    if (memcmp(adder->why, all_good, sizeof(all_good)) == 0)
        return waiting->count;
    for (uint32_t i = 0, from = to; i < waiting->count; i++, from++) {
        if (adder->why[i] != ROW_GOOD) {
            rows_bad(adder->rows, adder->chunk, waiting->number[i],
                     (enum bad_row)adder->why[i],
                     bad_value(waiting, i, (enum bad_row)adder->why[i]));
            continue;
        }
        MOVE_UP(endpoint);
        MOVE_UP(group);
        MOVE_UP(address);
        MOVE_UP(start_ns);
        MOVE_UP(duration_ns);
        MOVE_UP(first_byte_ns);
        MOVE_UP(view_ns);
        MOVE_UP(status);
        MOVE_UP(method);
        to++;
    }
    return to - adder->count;
}

void row_adder_convert(struct row_adder *adder)
{
    if (!adder->waiting.count)
        return;
    memset(adder->why, 0, sizeof(adder->why));
    convert_durations(adder);
    convert_starts(adder);
    convert_parts(adder, COLUMN_FIRST_BYTE, adder->first_byte_ns);
    convert_parts(adder, COLUMN_VIEW, adder->view_ns);
    convert_statuses(adder);
    number_endpoints(adder);
    number_values(adder, COLUMN_GROUP, &adder->groups, adder->group, source_map_group);
    number_values(adder, COLUMN_ADDRESS, &adder->addresses, adder->address,
                  source_map_address);
    uint32_t good = leave_out_bad(adder);
    adder->count += good;
    adder->requests += good;
    adder->waiting.count = 0;
    if (adder->count + ROWS_AT_ONCE > BATCH)
        add_batch(adder);
}

struct waiting_rows *row_adder_waiting(struct row_adder *adder)
{
    return &adder->waiting;
}

void row_adder_written(struct row_adder *adder)
{
    struct waiting_rows *waiting = &adder->waiting;
    waiting->number[waiting->count++] = adder->row_count++;
    if (waiting->count == ROWS_AT_ONCE)
        row_adder_convert(adder);
}

void row_adder_add(struct row_adder *adder, const struct row *row)
{
    for (int c = 0; c < COLUMNS; c++)
        adder->waiting.of[c][adder->waiting.count] = row->of[c];
    row_adder_written(adder);
}

/* From now on the rows are another file's. */
static void hold_rows(struct row_adder *adder, struct rows *rows)
{
    rows_release(adder->rows);
    adder->rows = rows;
    rows->holders++;
    memset(&adder->waiting, 0, sizeof(adder->waiting));
    for (int c = 0; c < COLUMNS; c++)
        adder->absent[c] = rows->map.place[c] == COLUMN_NOWHERE;
}

void row_adder_take(struct row_adder *adder, struct chunk *chunk)
{
    if (adder->rows != chunk->rows)
        hold_rows(adder, chunk->rows);
    adder->chunk = chunk->row_chunk;
    adder->row_count = 0;
    adder->requests = 0;
    row_adder_begin(adder, adder->rows->process, chunk->row_offset);
    adder->rows->format->decode(adder->rows, (const char *)chunk->bytes, chunk->row_bytes,
                                adder);
    row_adder_flush(adder);
    rows_chunk_done(adder->rows, adder->chunk, adder->row_count, adder->requests);
}
