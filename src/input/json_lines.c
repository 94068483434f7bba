/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "json_lines.h"

#include "row_adder.h"

#include "src/base/map.h"
#include "src/base/mem.h"
#include "src/base/str.h"

#include <stdlib.h>
#include <string.h>
#include <yajl/yajl_parse.h>

enum { DEPTH_MAX = 16, NAME_ROOM = 256, NAMES_KNOWN = 4096 };

/* What a name means, looked up once. */
struct meaning {
    uint32_t fit[COLUMNS]; /* COLUMN_NOWHERE: nothing */
};

/* Objects that are parsed, one after the other; a row at a time. */
struct json_rows {
    yajl_handle yajl;
    const struct columns_wanted *wanted;
    const struct column_map *map; /* units of the file; NULL: not known yet */
    struct map names;             /* of values; number: into meanings */
    struct meaning meanings[NAMES_KNOWN];
    /* where the parser is */
    int depth;                         /* of objects; 1: in the row's own */
    int arrays;                        /* in so many, whose values are passed by */
    int objects;                       /* of the line, not those inside of others */
    size_t name_length[DEPTH_MAX + 1]; /* of the name up to each object */
    char name[NAME_ROOM];
    uint32_t meant; /* number of the current name, or MAP_NONE */
    /* the row: each column's best value so far. Bytes lie one after the other in text. */
    uint32_t fit[COLUMNS];
    size_t begin[COLUMNS], length[COLUMNS];
    struct str text;
};

/* --- names ---------------------------------------------------------------------------
 */

/* A file has one unit for each column: that of its first line. */
static bool has_unit(const struct column_map *map, int column, enum unit unit)
{
    if (map->place[column] != COLUMN_NOWHERE)
        return unit == map->unit[column];
    return unit == UNIT_NONE || unit == UNIT_MS;
}

static void look_up(struct json_rows *json, uint32_t number, const char *name,
                    size_t length)
{
    struct meaning *meaning = &json->meanings[number];
    for (int c = 0; c < COLUMNS; c++) {
        enum unit unit;
        meaning->fit[c] = column_fit((enum column)c, json->wanted, name, length, &unit);
        if (json->map && !has_unit(json->map, c, unit))
            meaning->fit[c] = COLUMN_NOWHERE;
    }
}

static int take_name(void *to, const unsigned char *bytes, size_t length)
{
    struct json_rows *json = to;
    json->meant = MAP_NONE;
    if (json->arrays || json->depth < 1 || json->depth > DEPTH_MAX)
        return 1;
    size_t before = json->name_length[json->depth - 1];
    size_t dot = before && before < NAME_ROOM;
    if (before + dot + length > NAME_ROOM) {
        json->name_length[json->depth] = NAME_ROOM;
        return 1;
    }
    if (dot)
        json->name[before] = '.';
    memcpy(json->name + before + dot, bytes, length);
    length += before + dot;
    json->name_length[json->depth] = length;
    json->meant = map_find(&json->names, json->name, length);
    if (json->meant == MAP_NONE && json->names.count < NAMES_KNOWN) {
        json->meant = map_add(&json->names, json->name, length);
        look_up(json, json->meant, json->name, length);
    }
    return 1;
}

/* --- values --------------------------------------------------------------------------
 */

static void take_value(struct json_rows *json, const void *bytes, size_t length)
{
    if (json->arrays || json->meant == MAP_NONE || json->depth < 1)
        return;
    const struct meaning *meaning = &json->meanings[json->meant];
    for (int c = 0; c < COLUMNS; c++) {
        if (meaning->fit[c] >= json->fit[c])
            continue;
        json->fit[c] = meaning->fit[c];
        json->begin[c] = json->text.length;
        json->length[c] = length;
        str_add(&json->text, bytes, length);
    }
}

static int take_number(void *to, const char *bytes, size_t length)
{
    take_value(to, bytes, length);
    return 1;
}

static int take_string(void *to, const unsigned char *bytes, size_t length)
{
    take_value(to, bytes, length);
    return 1;
}

static int pass_null(void *to)
{
    (void)to;
    return 1;
}

static int pass_boolean(void *to, int value)
{
    (void)to;
    (void)value;
    return 1;
}

static int begin_object(void *to)
{
    struct json_rows *json = to;
    json->objects += !json->depth;
    json->depth += !json->arrays;
    json->arrays += json->arrays > 0; /* an object in an array */
    return 1;
}

static int end_object(void *to)
{
    struct json_rows *json = to;
    if (json->arrays)
        json->arrays--;
    else
        json->depth--;
    return 1;
}

static int begin_array(void *to)
{
    struct json_rows *json = to;
    json->arrays++;
    return 1;
}

static int end_array(void *to)
{
    struct json_rows *json = to;
    json->arrays--;
    return 1;
}

static const yajl_callbacks callbacks = {.yajl_null = pass_null,
                                         .yajl_boolean = pass_boolean,
                                         .yajl_number = take_number,
                                         .yajl_string = take_string,
                                         .yajl_start_map = begin_object,
                                         .yajl_map_key = take_name,
                                         .yajl_end_map = end_object,
                                         .yajl_start_array = begin_array,
                                         .yajl_end_array = end_array};

/* --- lines ---------------------------------------------------------------------------
 */

static void begin_parser(struct json_rows *json)
{
    if (json->yajl)
        yajl_free(json->yajl);
    json->yajl = yajl_alloc(&callbacks, NULL, json);
    if (!json->yajl)
        abort();
    yajl_config(json->yajl, yajl_allow_multiple_values, 1);
    yajl_config(json->yajl, yajl_dont_validate_strings, 1); /* paths hold any bytes */
    json->depth = json->arrays = 0;
}

static struct json_rows *json_new(const struct columns_wanted *wanted,
                                  const struct column_map *map)
{
    struct json_rows *json = mem_new(sizeof(*json));
    json->wanted = wanted;
    json->map = map;
    map_init(&json->names);
    str_init(&json->text);
    begin_parser(json);
    return json;
}

static void json_free(struct json_rows *json)
{
    yajl_free(json->yajl);
    map_release(&json->names);
    str_release(&json->text);
    free(json);
}

/* One line, without its end; true: it was one object. */
static bool parse_line(struct json_rows *json, const char *line, size_t length)
{
    static const unsigned char line_end = '\n';
    memset(json->fit, 0xff, sizeof(json->fit)); /* COLUMN_NOWHERE */
    str_clear(&json->text);
    json->objects = 0;
    bool good =
        length && *line == '{' &&
        yajl_parse(json->yajl, (const unsigned char *)line, length) == yajl_status_ok &&
        yajl_parse(json->yajl, &line_end, 1) == yajl_status_ok && json->depth == 0 &&
        json->arrays == 0 && json->objects == 1;
    if (!good)
        begin_parser(json);
    return good;
}

static void fill_row(const struct json_rows *json, struct row *row)
{
    memset(row, 0, sizeof(*row));
    for (int c = 0; c < COLUMNS; c++)
        if (json->fit[c] != COLUMN_NOWHERE)
            row->of[c] =
                (struct row_value){json->text.bytes + json->begin[c], json->length[c]};
}

static void json_decode(const struct rows *rows, const char *bytes, size_t size,
                        struct row_adder *adder)
{
    struct json_rows *json = json_new(rows->wanted, &rows->map);
    struct row row;
    struct row_value line;
    for (size_t at = 0; rows_next_line(bytes, size, &at, &line);) {
        if (!line.length) {
            row_adder_pass(adder);
        } else if (parse_line(json, line.bytes, line.length)) {
            fill_row(json, &row);
            row_adder_add(adder, &row);
            row_adder_convert(adder); /* the next line takes the room of its texts */
        } else {
            row_adder_bad(adder, ROW_NO_JSON);
        }
    }
    json_free(json);
}

const struct rows_format json_lines_format = {.source = INPUT_JSON_LINES,
                                              .unit_name = "line",
                                              .first = 1,
                                              .whole = rows_whole_lines,
                                              .decode = json_decode};

/* --- the first line ------------------------------------------------------------------
 */

static size_t byte_order_mark(const char *bytes, size_t size)
{
    return size >= 3 && memcmp(bytes, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
}

/* The first line that is not empty. */
static struct row_value first_line(const char *bytes, size_t size)
{
    struct row_value line = {bytes, 0};
    size_t at = byte_order_mark(bytes, size);
    while (!line.length && rows_next_line(bytes, size, &at, &line))
        ;
    return line;
}

bool json_lines_recognise(const char *bytes, size_t size)
{
    struct row_value line = first_line(bytes, size);
    return line.length >= 2 && line.bytes[0] == '{' && is_one_of(line.bytes[1], "\" \t}");
}

/* Maps the names of an object. */
static void map_names(const struct json_rows *json, struct column_map *map)
{
    struct column_name *names = mem_array(json->names.count, sizeof(*names));
    for (size_t i = 0; i < json->names.count; i++)
        names[i] = (struct column_name){json->names.keys[i].bytes,
                                        json->names.keys[i].length, (unsigned)i};
    columns_map(map, json->wanted, names, json->names.count);
    free(names);
}

struct rows *json_lines_open(struct leaf *leaf, struct ledger *ledger,
                             const struct columns_wanted *wanted, bool *names_known,
                             struct str *why)
{
    const uint8_t *peek;
    size_t size = leaf_peek(leaf, &peek);
    struct row_value line = first_line((const char *)peek, size);
    struct json_rows *json = json_new(wanted, NULL);
    struct column_map map;
    parse_line(json, line.bytes, line.length);
    map_names(json, &map);
    json_free(json);
    *names_known = columns_any(&map);
    if (!columns_suffice(&map, why))
        return NULL;
    struct rows *rows = rows_new(&json_lines_format, leaf, ledger);
    rows->wanted = wanted;
    rows->map = map;
    rows->header_bytes = byte_order_mark((const char *)peek, size);
    return rows;
}
