/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Files of rows that others wrote: tables, JSON, access logs. The reader cuts them into
 * chunks of whole rows, under the reading lock and so at the speed of memchr; a worker
 * takes a chunk apart (row_adder.h). Bad rows are counted, the first of a file are told.
 * Workload: some 10^8 rows of about 100 bytes.
 */
#ifndef INPUT_ROWS_H
#define INPUT_ROWS_H

#include "row_columns.h"
#include "leaf.h"
#include "ledger.h"
#include "trace.h"

#include <pthread.h>
#include <string.h>

enum {
    ROW_BYTES_MAX = CHUNK_BYTES, /* longer rows are left out */
    ROW_PLACES_MAX = 1024,       /* values in a row; further ones are not looked at */
    ROWS_TOLD = 3                /* bad rows of a file */
};

/* Why a row cannot be used. */
enum bad_row {
    ROW_GOOD,
    ROW_NO_TIME,
    ROW_NO_DURATION,
    ROW_NO_ENDPOINT,
    ROW_TOO_FEW,  /* values */
    ROW_TOO_MANY, /* values */
    ROW_BAD_QUOTE,
    ROW_TOO_LONG,
    ROW_NO_JSON,
    ROW_NO_LOG_LINE,
    ROW_REASONS
};

/* A value, borrowed; bytes NULL: there is none. */
struct row_value {
    const char *bytes;
    size_t length;
};

/* A row's values by their meaning. */
struct row {
    struct row_value of[COLUMNS];
};

struct rows;
struct row_adder;

/* A format of rows. */
struct rows_format {
    enum input_source source;
    const char *unit_name; /* "row", "line" */
    uint64_t first;        /* number of the first row after what open took */
    /* How many of the bytes, which begin with a row, are whole rows; 0: not one. */
    size_t (*whole)(const struct rows *rows, const char *bytes, size_t size);
    /* Takes whole rows apart. May read 64 bytes beyond the end. */
    void (*decode)(const struct rows *rows, const char *bytes, size_t size,
                   struct row_adder *adder);
};

/* A file, held by its reader, each chunk of it and each worker at it. */
struct rows {
    _Atomic unsigned holders;
    const struct rows_format *format;
    const struct columns_wanted *wanted;
    struct column_map map;
    size_t header_bytes; /* to skip at the beginning of the file */
    size_t places;       /* values in a row of a table */
    char delimiter;
    char *name;
    uint64_t place;   /* of the file in the input */
    uint64_t process; /* stands for it: a hash of its beginning */
    struct ledger *ledger;
    pthread_mutex_t lock; /* around all below */
    uint32_t *chunk_rows; /* how many rows each chunk had */
    size_t chunk_room, chunk_count;
    uint64_t requests, bad;
    struct bad_place {
        uint64_t chunk, row;
        enum bad_row why;
        char *value;   /* what stands there; NULL: nothing to show */
    } told[ROWS_TOLD]; /* the first ones, in order */
    size_t told_count;
};

static inline bool is_one_of(char byte, const char *bytes)
{
    return byte && strchr(bytes, byte);
}

/* For formats of lines: whole(), and the next line from *at on without blanks around it
 * and its end. False when there is none. */
size_t rows_whole_lines(const struct rows *rows, const char *bytes, size_t size);
bool rows_next_line(const char *bytes, size_t size, size_t *at, struct row_value *line);

/* A file of that format, with one holder. Its columns are the caller's to fill. */
struct rows *rows_new(const struct rows_format *format, const struct leaf *leaf,
                      struct ledger *ledger);
/* The last holder tells the bad rows. NULL is fine. */
void rows_release(struct rows *rows);

/* Row number row (from 0) of the chunk is bad; value may be NULL. Thread safe. */
void rows_bad(struct rows *rows, uint64_t chunk, uint64_t row, enum bad_row why,
              const struct row_value *value);
/* The chunk had so many rows, of which so many requests were added. Thread safe. */
void rows_chunk_done(struct rows *rows, uint64_t chunk, uint32_t row_count,
                     uint64_t requests);

/* What a worker gets: whole rows. */
struct rows_reader;
/* Takes over rows, borrows the leaf. */
struct rows_reader *rows_reader_new_take(struct rows *rows, struct leaf *leaf);
/* Fills the chunk: 1, or 0 at the end. */
int rows_reader_next(struct rows_reader *reader, struct chunk *chunk);
void rows_reader_free(struct rows_reader *reader);

#endif
