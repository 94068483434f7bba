/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "access_log.h"

#include "row_adder.h"

#include "src/base/str.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

/* A line's values by their place; extra ones follow. */
enum {
    LOG_ADDRESS,
    LOG_USER,
    LOG_TIME,
    LOG_REQUEST,
    LOG_STATUS,
    LOG_HOST,
    LOG_EXTRA,
    LOG_EXTRAS_MAX = 24,
    LOG_PLACES = LOG_EXTRA + LOG_EXTRAS_MAX,
    LOG_LINES_ASKED = 200 /* before it is decided what the extra values are */
};

struct log_line {
    struct row_value values[LOG_PLACES];
    struct row_value keys[LOG_EXTRAS_MAX]; /* of "rt=0.004" */
    size_t extra_count;
};

/* --- one line ------------------------------------------------------------------------
 */

struct cursor {
    const char *at, *end;
};

static void pass_blanks(struct cursor *cursor)
{
    while (cursor->at < cursor->end && *cursor->at == ' ')
        cursor->at++;
}

static struct row_value take_word(struct cursor *cursor)
{
    pass_blanks(cursor);
    const char *begin = cursor->at;
    while (cursor->at < cursor->end && *cursor->at != ' ')
        cursor->at++;
    return (struct row_value){begin, (size_t)(cursor->at - begin)};
}

/* What stands between this byte, which is next, and the closing one; a backslash before
 * it (Apache) makes it an ordinary byte. */
static bool take_between(struct cursor *cursor, char open, char close,
                         struct row_value *value)
{
    pass_blanks(cursor);
    if (cursor->at == cursor->end || *cursor->at != open)
        return false;
    const char *begin = ++cursor->at;
    while (cursor->at < cursor->end && *cursor->at != close)
        cursor->at += *cursor->at == '\\' && cursor->end - cursor->at > 1 ? 2 : 1;
    if (cursor->at == cursor->end)
        return false;
    *value = (struct row_value){begin, (size_t)(cursor->at++ - begin)};
    return true;
}

/* "host address ident user" before the time; the host may lack, a user hold blanks. */
static bool take_who(struct cursor *cursor, struct log_line *line)
{
    const char *bracket = memchr(cursor->at, '[', (size_t)(cursor->end - cursor->at));
    if (!bracket)
        return false;
    struct cursor who = {cursor->at, bracket};
    struct row_value words[5];
    size_t count = 0;
    while (count < 5 && (words[count] = take_word(&who)).length)
        count++;
    cursor->at = bracket;
    if (count < 3)
        return false;
    size_t first = count == 4;
    if (first)
        line->values[LOG_HOST] = words[0];
    line->values[LOG_ADDRESS] = words[first];
    line->values[LOG_USER] = words[first + 2];
    return true;
}

static bool is_key_byte(char byte)
{
    return isalnum((unsigned char)byte) || byte == '_';
}

/* A value, quoted or not, perhaps with a key before it. */
static void take_extra(struct cursor *cursor, struct log_line *line)
{
    struct row_value *value = &line->values[LOG_EXTRA + line->extra_count];
    struct row_value *key = &line->keys[line->extra_count++];
    const char *begin = cursor->at, *at = begin;
    while (at < cursor->end && is_key_byte(*at))
        at++;
    *key = (struct row_value){NULL, 0};
    if (at > begin && at < cursor->end && (*at == '=' || *at == ':')) {
        *key = (struct row_value){begin, (size_t)(at - begin)};
        cursor->at = at + 1;
    }
    if (!take_between(cursor, '"', '"', value))
        *value = take_word(cursor);
    while (value->length && is_one_of(value->bytes[value->length - 1], ",;"))
        value->length--; /* the first of several upstreams */
    const char *comma = value->length ? memchr(value->bytes, ',', value->length) : NULL;
    if (comma)
        value->length = (size_t)(comma - value->bytes);
}

static bool is_quoted(struct cursor *cursor)
{
    pass_blanks(cursor);
    return cursor->at < cursor->end && *cursor->at == '"';
}

static bool parse_line(struct row_value text, struct log_line *line)
{
    struct cursor cursor = {text.bytes, text.bytes + text.length};
    struct row_value unused;
    memset(line->values, 0, sizeof(line->values));
    line->extra_count = 0;
    if (!take_who(&cursor, line) ||
        !take_between(&cursor, '[', ']', &line->values[LOG_TIME]) ||
        !take_between(&cursor, '"', '"', &line->values[LOG_REQUEST]))
        return false;
    line->values[LOG_STATUS] = take_word(&cursor);
    if (!take_word(&cursor).length) /* bytes sent */
        return false;
    for (int i = 0; i < 2 && is_quoted(&cursor); i++) /* referer, user agent */
        if (!take_between(&cursor, '"', '"', &unused))
            return false;
    for (pass_blanks(&cursor); cursor.at < cursor.end; pass_blanks(&cursor)) {
        if (line->extra_count == LOG_EXTRAS_MAX)
            return false;
        take_extra(&cursor, line);
    }
    return true;
}

static void log_decode(const struct rows *rows, const char *bytes, size_t size,
                       struct row_adder *adder)
{
    struct row_value text;
    struct log_line line;
    for (size_t at = 0; rows_next_line(bytes, size, &at, &text);) {
        struct row row = {0};
        if (!text.length) {
            row_adder_pass(adder);
        } else if (!parse_line(text, &line)) {
            row_adder_bad(adder, ROW_NO_LOG_LINE);
        } else {
            for (int c = 0; c < COLUMNS; c++)
                if (rows->map.place[c] != COLUMN_NOWHERE)
                    row.of[c] = line.values[rows->map.place[c]];
            row_adder_add(adder, &row);
        }
    }
}

const struct rows_format access_log_format = {.source = INPUT_ACCESS_LOGS,
                                              .unit_name = "line",
                                              .first = 1,
                                              .whole = rows_whole_lines,
                                              .decode = log_decode};

/* --- what the extra values are -------------------------------------------------------
 */

enum extra_kind { EXTRA_OTHER, EXTRA_INTEGER, EXTRA_DECIMAL };

static enum extra_kind kind_of(struct row_value value)
{
    size_t digits = 0, points = 0;
    for (size_t i = 0; i < value.length; i++) {
        digits += value.bytes[i] >= '0' && value.bytes[i] <= '9';
        points += value.bytes[i] == '.';
    }
    if (!digits || points > 1 || digits + points != value.length)
        return EXTRA_OTHER;
    return points ? EXTRA_DECIMAL : EXTRA_INTEGER;
}

/* What the first lines tell: of each extra value its kind, and its key. */
struct log_form {
    enum extra_kind kinds[LOG_EXTRAS_MAX];
    struct row_value keys[LOG_EXTRAS_MAX];
    size_t extra_count;
    bool has_host;
};

static void ask_lines(struct log_form *form, const char *bytes, size_t size)
{
    struct row_value text;
    struct log_line line;
    size_t at = 0;
    for (int n = 0; n < LOG_LINES_ASKED && rows_next_line(bytes, size, &at, &text); n++) {
        if (at > size || !parse_line(text, &line)) /* cut, or no line */
            continue;
        form->has_host |= line.values[LOG_HOST].bytes != NULL;
        for (size_t i = 0; i < line.extra_count; i++) {
            enum extra_kind kind = kind_of(line.values[LOG_EXTRA + i]);
            if (kind > form->kinds[i])
                form->kinds[i] = kind;
            form->keys[i] = line.keys[i];
        }
        if (line.extra_count > form->extra_count)
            form->extra_count = line.extra_count;
    }
}

struct log_names {
    struct column_name names[LOG_PLACES + 2 * LOG_EXTRAS_MAX];
    size_t count;
    char numbered[LOG_EXTRAS_MAX][32];
};

static void add_name(struct log_names *names, const char *bytes, size_t length,
                     unsigned place)
{
    names->names[names->count++] = (struct column_name){bytes, length, place};
}

static void add_text(struct log_names *names, const char *text, unsigned place)
{
    add_name(names, text, strlen(text), place);
}

/* nginx writes seconds with a point: the request's, then the upstream's. A whole number
 * is Apache's %D, in microseconds; Apache tells when a request began, nginx when it
 * ended. */
static void name_extras(struct log_names *names, const struct log_form *form)
{
    static const char *const decimals[] = {"request_time", "upstream_response_time"};
    size_t decimal_count = 0, integer = SIZE_MAX;
    bool keyed = false;
    for (size_t i = 0; i < form->extra_count; i++) {
        unsigned place = (unsigned)(LOG_EXTRA + i);
        snprintf(names->numbered[i], sizeof(names->numbered[i]), "extra%zu", i + 1);
        add_text(names, names->numbered[i], place);
        if (form->keys[i].bytes) {
            add_name(names, form->keys[i].bytes, form->keys[i].length, place);
            keyed = true;
        } else if (form->kinds[i] == EXTRA_DECIMAL && decimal_count < 2) {
            add_text(names, decimals[decimal_count++], place);
        } else if (form->kinds[i] == EXTRA_INTEGER && integer == SIZE_MAX) {
            integer = place;
        }
    }
    bool apache = !decimal_count && !keyed && integer != SIZE_MAX;
    if (apache)
        add_text(names, "duration_us", (unsigned)integer);
    add_text(names, apache ? "time" : "time_local", LOG_TIME);
}

bool access_log_recognise(const char *bytes, size_t size)
{
    struct row_value text = {bytes, 0};
    struct log_line line;
    int64_t utc_ns;
    size_t at = 0;
    while (!text.length && rows_next_line(bytes, size, &at, &text))
        ;
    return text.length && parse_line(text, &line) &&
           convert_time(line.values[LOG_TIME].bytes, line.values[LOG_TIME].length,
                        UNIT_NONE, &utc_ns);
}

struct rows *access_log_open(struct leaf *leaf, struct ledger *ledger,
                             const struct columns_wanted *wanted, bool *names_known,
                             struct str *why)
{
    const uint8_t *peek;
    size_t size = leaf_peek(leaf, &peek);
    struct log_form form = {0};
    struct log_names names = {0};
    struct column_map map;
    ask_lines(&form, (const char *)peek, size);
    add_text(&names, "remote_addr", LOG_ADDRESS);
    add_text(&names, "remote_user", LOG_USER);
    add_text(&names, "request", LOG_REQUEST);
    add_text(&names, "status", LOG_STATUS);
    if (form.has_host)
        add_text(&names, "application", LOG_HOST);
    name_extras(&names, &form);
    columns_map(&map, wanted, names.names, names.count);
    *names_known = true;
    if (map.place[COLUMN_DURATION] == COLUMN_NOWHERE)
        str_add_text(why, "how long a request took (log $request_time in nginx, %D in "
                          "Apache, at the end of the line)");
    if (why->length)
        return NULL;
    struct rows *rows = rows_new(&access_log_format, leaf, ledger);
    rows->wanted = wanted;
    rows->map = map;
    return rows;
}
