/* SPDX-License-Identifier: GPL-3.0-or-later */
#define _GNU_SOURCE /* memrchr */
#include "csv.h"

#include "marks.h"
#include "row_adder.h"

#include "src/base/mem.h"
#include "src/base/str.h"

#include <stdlib.h>
#include <string.h>

/* --- whole rows ----------------------------------------------------------------------
 */

static bool ends_value(char byte, char separator)
{
    return byte == separator || byte == '\n' || byte == '\r';
}

/* The quote at `open` begins a value. Returns the place behind the closing quote, or size
 * when there is none. */
static size_t quoted_end(const char *bytes, size_t size, size_t open)
{
    for (size_t at = open + 1; at < size;) {
        const char *quote = memchr(bytes + at, '"', size - at);
        if (!quote)
            return size;
        at = (size_t)(quote - bytes) + 1;
        if (at < size && bytes[at] == '"')
            at++;
        else
            return at;
    }
    return size;
}

/* Only from quote to quote: everything between two values' quotes is outside of them. The
 * last line end outside of a quoted value ends the last whole row. */
static size_t csv_whole(const struct rows *rows, const char *bytes, size_t size)
{
    size_t outside = 0, whole = 0; /* [outside, ...) begins outside of quotes */
    while (outside < size) {
        const char *quote = memchr(bytes + outside, '"', size - outside);
        size_t end = quote ? (size_t)(quote - bytes) : size;
        const char *line_end = memrchr(bytes + outside, '\n', end - outside);
        if (line_end)
            whole = (size_t)(line_end - bytes) + 1;
        if (!quote)
            break;
        bool opens = end == 0 || ends_value(bytes[end - 1], rows->delimiter);
        outside = opens ? quoted_end(bytes, size, end) : end + 1;
        if (opens && outside == size)
            break; /* may be open still */
    }
    return whole;
}

/* --- rows ----------------------------------------------------------------------------
 */

/* A chunk that is taken apart. */
struct csv {
    const struct rows *rows;
    struct marks marks;
    const char *bytes;
    size_t size;
    struct waiting_rows *waiting;
    struct row_value *columns[ROW_PLACES_MAX]; /* of waiting, by place, or nowhere */
    struct row_value nowhere[ROWS_AT_ONCE];    /* what is not asked for */
    struct {
        enum column from, to;
    } copies[COLUMNS]; /* columns that are one place of the file */
    size_t copy_count;
    char *unquoted; /* room for values with doubled quotes, of all rows of the chunk */
    size_t unquoted_used;
};

static void csv_init(struct csv *csv, const struct rows *rows, const char *bytes,
                     size_t size, struct waiting_rows *waiting)
{
    enum column of_place[ROW_PLACES_MAX];
    for (size_t i = 0; i < ROW_PLACES_MAX; i++)
        csv->columns[i] = csv->nowhere;
    csv->rows = rows;
    csv->bytes = bytes;
    csv->size = size;
    csv->waiting = waiting;
    csv->copy_count = 0;
    csv->unquoted = NULL;
    csv->unquoted_used = 0;
    for (int c = 0; c < COLUMNS; c++) {
        uint32_t place = rows->map.place[c];
        if (place >= ROW_PLACES_MAX)
            continue;
        if (csv->columns[place] != csv->nowhere) {
            csv->copies[csv->copy_count].from = of_place[place];
            csv->copies[csv->copy_count++].to = (enum column)c;
            continue;
        }
        csv->columns[place] = waiting->of[c];
        of_place[place] = (enum column)c;
    }
    marks_init(&csv->marks, bytes, size, rows->delimiter);
}

static inline void set_value(struct csv *csv, size_t place, const char *bytes,
                             size_t length)
{
    if (place < ROW_PLACES_MAX)
        csv->columns[place][csv->waiting->count] = (struct row_value){bytes, length};
}

/* Of [begin, end) between the quotes: doubled ones become one. */
static void set_quoted(struct csv *csv, size_t place, size_t begin, size_t end)
{
    const char *from = csv->bytes + begin, *stop = csv->bytes + end;
    const char *quote = memchr(from, '"', end - begin);
    if (!quote || place >= ROW_PLACES_MAX || csv->columns[place] == csv->nowhere) {
        set_value(csv, place, from, end - begin);
        return;
    }
    if (!csv->unquoted)
        csv->unquoted = mem_new(csv->size);
    char *begin_copy = csv->unquoted + csv->unquoted_used, *to = begin_copy;
    while (from < stop) {
        if (*from == '"')
            from++; /* the second one is copied */
        if (from < stop)
            *to++ = *from++;
    }
    csv->unquoted_used += (size_t)(to - begin_copy);
    set_value(csv, place, begin_copy, (size_t)(to - begin_copy));
}

/* How a row ended. */
struct row_end {
    size_t places;
    size_t next; /* place of the next row */
    bool bad_quote;
    bool several_lines;
};

static inline size_t without_return(const char *bytes, size_t begin, size_t end)
{
    return end > begin && bytes[end - 1] == '\r' ? end - 1 : end;
}

/* Takes the quoted value that begins at its quote. Returns the mark behind it. */
static size_t take_quoted(struct csv *csv, size_t place, size_t open, struct row_end *row)
{
    size_t close = quoted_end(csv->bytes, csv->size, open), begin = open + 1;
    if (close == begin || csv->bytes[close - 1] != '"') { /* never closed */
        row->bad_quote = true;
        return csv->size;
    }
    if (memchr(csv->bytes + begin, '\n', close - begin))
        row->several_lines = true;
    set_quoted(csv, place, begin, close - 1);
    if (close < csv->size && !ends_value(csv->bytes[close], csv->rows->delimiter))
        row->bad_quote = true;
    marks_move(&csv->marks, close);
    return marks_next(&csv->marks);
}

/* At the mark of a quote: takes the value, if it is one in quotes, and returns the mark
 * that ends it. Quotes inside of other values are ordinary bytes. */
static size_t pass_quotes(struct csv *csv, size_t begin, size_t mark, struct row_end *row,
                          bool *quoted)
{
    *quoted = mark == begin;
    if (*quoted)
        mark = take_quoted(csv, row->places, mark, row);
    while (mark < csv->size && csv->bytes[mark] == '"')
        mark = marks_next(&csv->marks);
    return mark;
}

/* Columns that are one place of the file. */
static void copy_values(struct csv *csv)
{
    struct waiting_rows *waiting = csv->waiting;
    for (size_t i = 0; i < csv->copy_count; i++)
        waiting->of[csv->copies[i].to][waiting->count] =
            waiting->of[csv->copies[i].from][waiting->count];
}

/* A row without quotes and with the wanted number of values, all of whose marks were
 * found: nearly all rows. 0: it is another one, and nothing was taken; else the place of
 * the next row. */
static size_t take_plain_row(struct csv *csv, size_t begin)
{
    const size_t last = csv->rows->places - 1;
    const uint32_t row = csv->waiting->count;
    const char delimiter = csv->rows->delimiter;
    const uint16_t *found = csv->marks.found + csv->marks.next;
    const char *bytes = csv->bytes + csv->marks.base, *value = csv->bytes + begin;
    if (last >= csv->marks.count - csv->marks.next || last >= ROW_PLACES_MAX ||
        bytes[found[last]] != '\n')
        return 0;
    for (size_t place = 0; place < last; place++) {
        const char *mark = bytes + found[place];
        if (*mark != delimiter)
            return 0;
        csv->columns[place][row] = (struct row_value){value, (size_t)(mark - value)};
        value = mark + 1;
    }
    const char *end = bytes + found[last];
    csv->marks.next += (unsigned)last + 1;
    csv->columns[last][row] =
        (struct row_value){value, without_return(value, 0, (size_t)(end - value))};
    copy_values(csv);
    return (size_t)(end - csv->bytes) + 1;
}

/* A row from begin on; its values go to the waiting rows. */
static struct row_end take_row(struct csv *csv, size_t begin)
{
    struct row_end row = {0};
    const char *bytes = csv->bytes;
    for (bool ended = false; !ended; row.places++, begin = row.next) {
        size_t mark = marks_next(&csv->marks);
        bool quoted = false;
        if (mark < csv->size && bytes[mark] == '"')
            mark = pass_quotes(csv, begin, mark, &row, &quoted);
        ended = mark == csv->size || bytes[mark] == '\n';
        size_t end = ended ? without_return(bytes, begin, mark) : mark;
        if (!quoted)
            set_value(csv, row.places, bytes + begin, end - begin);
        row.next = mark < csv->size ? mark + 1 : csv->size;
    }
    copy_values(csv);
    return row;
}

static bool is_empty_line(const struct csv *csv, const struct row_end *row, size_t begin)
{
    const char *bytes = csv->bytes + begin;
    size_t length = row->next - begin;
    return row->places == 1 && (length == 0 || *bytes == '\n' || *bytes == '\r');
}

static enum bad_row judge(const struct rows *rows, const struct row_end *row)
{
    if (row->bad_quote)
        return ROW_BAD_QUOTE;
    if (row->places < rows->places)
        return ROW_TOO_FEW;
    return row->places > rows->places ? ROW_TOO_MANY : ROW_GOOD;
}

/* A row of the wrong form that reaches over several lines: perhaps a quote that was never
 * closed has swallowed good rows. Only its first line is left out. */
static size_t after_bad_row(struct csv *csv, const struct row_end *row, size_t begin)
{
    if (!row->bad_quote && !row->several_lines)
        return row->next;
    const char *end = memchr(csv->bytes + begin, '\n', csv->size - begin);
    size_t next = end ? (size_t)(end - csv->bytes) + 1 : csv->size;
    marks_move(&csv->marks, next);
    return next;
}

static void csv_decode(const struct rows *rows, const char *bytes, size_t size,
                       struct row_adder *adder)
{
    struct csv csv;
    csv_init(&csv, rows, bytes, size, row_adder_waiting(adder));
    for (size_t begin = 0; begin < size;) {
        size_t next = take_plain_row(&csv, begin), unquoted_before = csv.unquoted_used;
        if (next) {
            row_adder_written(adder);
            begin = next;
            continue;
        }
        struct row_end row = take_row(&csv, begin);
        enum bad_row why = judge(rows, &row);
        if (why == ROW_GOOD) {
            row_adder_written(adder);
            begin = row.next;
            continue;
        }
        bool is_empty = is_empty_line(&csv, &row, begin);
        if (is_empty)
            row_adder_pass(adder);
        else
            row_adder_bad(adder, why);
        begin = is_empty ? row.next : after_bad_row(&csv, &row, begin);
        csv.unquoted_used = unquoted_before;
    }
    row_adder_convert(adder); /* before the values' room goes */
    free(csv.unquoted);
}

const struct rows_format csv_format = {.source = INPUT_TABLES,
                                       .unit_name = "row",
                                       .first = 2,
                                       .whole = csv_whole,
                                       .decode = csv_decode};

/* --- the header ----------------------------------------------------------------------
 */

/* The mark of UTF-8 that some programs write first. */
static size_t byte_order_mark(const char *bytes, size_t size)
{
    return size >= 3 && memcmp(bytes, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
}

/* The separator that stands most often outside of quotes in the first line; 0: none. */
static char find_delimiter(const char *bytes, size_t size)
{
    static const char candidates[] = ",;\t|";
    size_t counts[sizeof(candidates)] = {0}, best = 0;
    bool quoted = false;
    for (size_t i = 0; i < size && (quoted || bytes[i] != '\n'); i++) {
        const char *candidate = bytes[i] ? strchr(candidates, bytes[i]) : NULL;
        quoted ^= bytes[i] == '"';
        if (candidate && !quoted)
            counts[candidate - candidates]++;
    }
    for (size_t i = 1; i < sizeof(candidates) - 1; i++)
        if (counts[i] > counts[best])
            best = i;
    return counts[best] ? candidates[best] : 0;
}

bool csv_recognise(const char *bytes, size_t size)
{
    for (size_t i = 0; i < size && bytes[i] != '\n'; i++)
        if ((unsigned char)bytes[i] < ' ' && bytes[i] != '\t' && bytes[i] != '\r')
            return false;
    return find_delimiter(bytes, size) != 0;
}

static struct row_value trimmed(struct row_value value)
{
    while (value.length && (*value.bytes == ' ' || *value.bytes == '"')) {
        value.bytes++;
        value.length--;
    }
    while (value.length && is_one_of(value.bytes[value.length - 1], " \"\r"))
        value.length--;
    return value;
}

/* Splits the header into names; names with separators in quotes stay whole. Returns how
 * many there are. */
static size_t split_header(const char *header, size_t size, char delimiter,
                           struct column_name names[ROW_PLACES_MAX])
{
    size_t count = 0, begin = 0;
    bool quoted = false;
    for (size_t i = 0; i <= size && count < ROW_PLACES_MAX; i++) {
        if (i < size && header[i] == '"')
            quoted = !quoted;
        if (i < size && (quoted || header[i] != delimiter))
            continue;
        struct row_value name = trimmed((struct row_value){header + begin, i - begin});
        names[count] = (struct column_name){name.bytes, name.length, (unsigned)count};
        count++;
        begin = i + 1;
    }
    return count;
}

/* What --columns names must be there. */
static void add_unfound(const struct columns_wanted *wanted, const struct column_map *map,
                        struct str *why)
{
    for (int c = 0; c < COLUMNS; c++)
        if (wanted->names[c] && map->place[c] == COLUMN_NOWHERE)
            str_addf(why, "%sa column named %s", why->length ? ", " : "",
                     wanted->names[c]);
}

struct rows *csv_open(struct leaf *leaf, struct ledger *ledger,
                      const struct columns_wanted *wanted, bool *names_known,
                      struct str *why)
{
    const uint8_t *peek;
    size_t size = leaf_peek(leaf, &peek);
    const char *bytes = (const char *)peek;
    size_t mark = byte_order_mark(bytes, size);
    const char *end = memchr(bytes + mark, '\n', size - mark);
    size_t header = end ? (size_t)(end - bytes) : size;
    struct column_name *names = mem_array(ROW_PLACES_MAX, sizeof(*names));
    struct column_map map;
    char delimiter = find_delimiter(bytes + mark, header - mark);
    size_t count = split_header(bytes + mark, header - mark, delimiter, names);
    columns_map(&map, wanted, names, count);
    free(names);
    *names_known = columns_any(&map);
    columns_suffice(&map, why);
    add_unfound(wanted, &map, why);
    if (why->length)
        return NULL;
    struct rows *rows = rows_new(&csv_format, leaf, ledger);
    rows->wanted = wanted;
    rows->map = map;
    rows->delimiter = delimiter;
    rows->places = count;
    rows->header_bytes = header + (end != NULL);
    return rows;
}
