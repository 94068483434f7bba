/* SPDX-License-Identifier: GPL-3.0-or-later */
#define _GNU_SOURCE /* memrchr */
#include "rows.h"

#include "src/base/map.h"
#include "src/base/mem.h"
#include "src/base/vec.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { VALUE_SHOWN = 40 };

struct rows *rows_new(const struct rows_format *format, const struct leaf *leaf,
                      struct ledger *ledger)
{
    struct rows *rows = mem_new(sizeof(*rows));
    rows->holders = 1;
    rows->format = format;
    rows->name = mem_text(leaf->name);
    rows->place = leaf->place;
    rows->process = map_hash(leaf->peek, leaf->peeked);
    rows->ledger = ledger;
    pthread_mutex_init(&rows->lock, NULL);
    return rows;
}

/* --- lines ---------------------------------------------------------------------------
 */

size_t rows_whole_lines(const struct rows *rows, const char *bytes, size_t size)
{
    const char *end = memrchr(bytes, '\n', size);
    (void)rows;
    return end ? (size_t)(end - bytes) + 1 : 0;
}

bool rows_next_line(const char *bytes, size_t size, size_t *at, struct row_value *line)
{
    if (*at >= size)
        return false;
    const char *begin = bytes + *at, *end = memchr(begin, '\n', size - *at);
    if (!end)
        end = bytes + size;
    *at = (size_t)(end - bytes) + 1;
    while (begin < end && is_one_of(*begin, " \t\r"))
        begin++;
    while (begin < end && is_one_of(end[-1], " \t\r"))
        end--;
    *line = (struct row_value){begin, (size_t)(end - begin)};
    return true;
}

/* --- bad rows ------------------------------------------------------------------------
 */

void rows_bad(struct rows *rows, uint64_t chunk, uint64_t row, enum bad_row why,
              const struct row_value *value)
{
    struct bad_place bad = {chunk, row, why, NULL};
    pthread_mutex_lock(&rows->lock);
    rows->bad++;
    size_t at = rows->told_count;
    while (at && (rows->told[at - 1].chunk > chunk ||
                  (rows->told[at - 1].chunk == chunk && rows->told[at - 1].row > row)))
        at--;
    if (at < ROWS_TOLD) {
        if (value && value->bytes)
            bad.value = mem_bytes(
                value->bytes, value->length < VALUE_SHOWN ? value->length : VALUE_SHOWN);
        if (rows->told_count == ROWS_TOLD)
            free(rows->told[--rows->told_count].value);
        vec_hole(rows->told, rows->told_count++, at, sizeof(*rows->told));
        rows->told[at] = bad;
    }
    pthread_mutex_unlock(&rows->lock);
}

void rows_chunk_done(struct rows *rows, uint64_t chunk, uint32_t row_count,
                     uint64_t requests)
{
    pthread_mutex_lock(&rows->lock);
    rows->chunk_rows = vec_room(rows->chunk_rows, &rows->chunk_room, (size_t)chunk + 1,
                                sizeof(*rows->chunk_rows));
    for (; rows->chunk_count <= chunk; rows->chunk_count++)
        rows->chunk_rows[rows->chunk_count] = 0;
    rows->chunk_rows[chunk] = row_count;
    rows->requests += requests;
    pthread_mutex_unlock(&rows->lock);
    ledger_count_rows(rows->ledger, requests);
}

/* What is wrong, and what to do about it. %s is the value. */
static const char *const reasons[ROW_REASONS] = {
    [ROW_GOOD] = "",
    [ROW_NO_TIME] = "the time \"%s\" is none; times are seconds since 1970 (or ms, us, "
                    "ns: --columns time=NAME:ms) or as 2026-11-23T09:04:00Z",
    [ROW_NO_DURATION] = "the duration \"%s\" is no number; write 12.5 or 12.5ms, or name "
                        "another column with --columns duration=NAME:ms",
    [ROW_NO_ENDPOINT] = "there is no endpoint; name its column with --columns "
                        "endpoint=NAME",
    [ROW_TOO_FEW] = "there are fewer values than in the header; quote values that hold "
                    "separators or line ends",
    [ROW_TOO_MANY] = "there are more values than in the header; quote values that hold "
                     "separators",
    [ROW_BAD_QUOTE] = "a quoted value goes on behind its quote; double the quotes that "
                      "belong to a value",
    [ROW_TOO_LONG] = "it is longer than 1 MiB; is a quote never closed?",
    [ROW_NO_JSON] = "it is no JSON object on one line",
    [ROW_NO_LOG_LINE] = "it has not the form of the first lines; give logs of one format",
};

/* The same where there is no value. */
static const char *const reasons_of_none[ROW_REASONS] = {
    [ROW_NO_TIME] = "it has no time; name its column with --columns time=NAME",
    [ROW_NO_DURATION] = "it has no duration; name its column with --columns "
                        "duration=NAME:ms",
};

static const char *reason_of(const struct bad_place *bad)
{
    bool none = !bad->value || !*bad->value;
    return none && reasons_of_none[bad->why] ? reasons_of_none[bad->why]
                                             : reasons[bad->why];
}

static uint64_t row_number(const struct rows *rows, const struct bad_place *bad)
{
    uint64_t number = rows->format->first + bad->row;
    for (size_t i = 0; i < bad->chunk && i < rows->chunk_count; i++)
        number += rows->chunk_rows[i];
    return number;
}

static void tell(const struct rows *rows, const struct bad_place *bad)
{
    char why[512];
    char *name = notes_shown_name(rows->name);
    uint64_t number = row_number(rows, bad);
/* the formats are the literals above */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    snprintf(why, sizeof(why), reason_of(bad), bad->value ? bad->value : "");
#pragma GCC diagnostic pop
    notes_add(ledger_notes(rows->ledger), INPUT_DAMAGE,
              (struct note_place){rows->place, number}, rows->name, 0, 1,
              "%s %s %llu was left out: %s", name, rows->format->unit_name,
              (unsigned long long)number, why);
    free(name);
}

static void tell_all(const struct rows *rows)
{
    for (size_t i = 0; i < rows->told_count; i++)
        tell(rows, &rows->told[i]);
    if (rows->bad <= rows->told_count)
        return;
    char *name = notes_shown_name(rows->name);
    notes_add(ledger_notes(rows->ledger), INPUT_DAMAGE,
              (struct note_place){rows->place, UINT64_MAX}, rows->name, 0,
              rows->bad - rows->told_count, "%s has %llu more bad %ss of %llu", name,
              (unsigned long long)(rows->bad - rows->told_count), rows->format->unit_name,
              (unsigned long long)(rows->bad + rows->requests));
    free(name);
}

void rows_release(struct rows *rows)
{
    if (!rows || --rows->holders)
        return;
    tell_all(rows);
    ledger_file_read(rows->ledger, rows->format->source, rows->requests, rows->bad);
    for (size_t i = 0; i < rows->told_count; i++)
        free(rows->told[i].value);
    pthread_mutex_destroy(&rows->lock);
    free(rows->chunk_rows);
    free(rows->name);
    free(rows);
}

/* --- reading -------------------------------------------------------------------------
 */

/* carry: the beginning of a row that reaches into what follows. */
struct rows_reader {
    struct rows *rows;
    struct leaf *leaf;
    char *carry;
    size_t carried;
    bool at_end;
    bool in_long_row; /* up to the next line end all is left out */
    uint64_t chunks, bytes;
    uint32_t checksum; /* of all bytes */
};

struct rows_reader *rows_reader_new_take(struct rows *rows, struct leaf *leaf)
{
    struct rows_reader *reader = mem_new(sizeof(*reader));
    char *header = mem_new(rows->header_bytes + 1);
    reader->rows = rows;
    reader->leaf = leaf;
    reader->carry = mem_new(ROW_BYTES_MAX);
    reader->bytes = leaf_read(leaf, header, rows->header_bytes);
    reader->checksum = fmd__crc32c(0, header, reader->bytes);
    free(header);
    return reader;
}

void rows_reader_free(struct rows_reader *reader)
{
    if (!reader)
        return;
    if (!reader->leaf->broken)
        ledger_fingerprint(reader->rows->ledger, reader->rows->place, reader->rows->name,
                           reader->bytes, reader->checksum);
    rows_release(reader->rows);
    free(reader->carry);
    free(reader);
}

/* Puts the carried bytes and what follows them into the chunk; returns how many. */
static size_t fill(struct rows_reader *reader, char *to)
{
    size_t size = reader->carried;
    memcpy(to, reader->carry, size);
    if (!reader->at_end) {
        size_t got = leaf_read(reader->leaf, to + size, CHUNK_BYTES - size);
        reader->checksum = fmd__crc32c(reader->checksum, to + size, got);
        reader->bytes += got;
        reader->at_end = got < CHUNK_BYTES - size;
        size += got;
    }
    reader->carried = 0;
    return size;
}

/* Bytes up to and with the first line end, or all. */
static size_t first_line(const char *bytes, size_t size, bool *ended)
{
    const char *end = memchr(bytes, '\n', size);
    *ended = end != NULL;
    return end ? (size_t)(end - bytes) + 1 : size;
}

static void carry(struct rows_reader *reader, const char *bytes, size_t size)
{
    memcpy(reader->carry, bytes, size);
    reader->carried = size;
}

/* No row ends in a whole chunk: its first line is left out, and reading goes on behind
 * it, since a quote that is never closed looks the same. */
static void leave_out_line(struct rows_reader *reader, const char *bytes, size_t size)
{
    bool ended;
    size_t line = first_line(bytes, size, &ended);
    if (!reader->in_long_row) {
        rows_bad(reader->rows, reader->chunks, 0, ROW_TOO_LONG, NULL);
        rows_chunk_done(reader->rows, reader->chunks++, 1, 0);
    }
    reader->in_long_row = !ended;
    carry(reader, bytes + line, size - line);
}

static int give(struct rows_reader *reader, struct chunk *chunk, size_t size,
                uint64_t offset)
{
    chunk->rows = reader->rows;
    chunk->rows->holders++;
    chunk->row_bytes = size;
    chunk->row_chunk = reader->chunks++;
    chunk->row_offset = offset;
    return 1;
}

int rows_reader_next(struct rows_reader *reader, struct chunk *chunk)
{
    char *bytes = (char *)chunk->bytes;
    chunk_clear(chunk);
    for (;;) {
        size_t size = fill(reader, bytes);
        uint64_t offset = reader->bytes - size;
        if (!size)
            return 0;
        /* the last row may lack its line end */
        size_t whole = reader->at_end
                           ? size
                           : reader->rows->format->whole(reader->rows, bytes, size);
        if (!whole || reader->in_long_row) {
            leave_out_line(reader, bytes, size);
            continue;
        }
        carry(reader, bytes + whole, size - whole);
        return give(reader, chunk, whole, offset);
    }
}
