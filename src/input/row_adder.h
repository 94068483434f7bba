/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A worker's half of reading rows: a row's values become numbers, names get numbers of
 * their own, and batches go to the summary. One a thread. Hot: 10^8 rows a run; no
 * allocation once the names are known.
 */
#ifndef INPUT_ROW_ADDER_H
#define INPUT_ROW_ADDER_H

#include "rows.h"

struct summary;
struct row_adder;

struct row_adder *row_adder_new(struct summary *summary);
void row_adder_free(struct row_adder *adder);

/* Adds all rows of the chunk. */
void row_adder_take(struct row_adder *adder, struct chunk *chunk);

/* Good rows that wait to be converted, column by column: a column at a time costs much
 * less than a row at a time. Columns that the file does not have are zeros. */
enum { ROWS_AT_ONCE = 64 };
struct waiting_rows {
    uint32_t count;
    uint32_t number[ROWS_AT_ONCE]; /* of the row in its chunk */
    /* room for some more, so that the columns do not share lines of the cache */
    struct row_value of[COLUMNS][ROWS_AT_ONCE + 4];
};

/* For the formats. Values are borrowed until the chunk is decoded, or converted. */
/* A format that writes values of the next row to of[column][count] itself ... */
struct waiting_rows *row_adder_waiting(struct row_adder *adder);
/* ... and says that they are there. */
void row_adder_written(struct row_adder *adder);
void row_adder_add(struct row_adder *adder, const struct row *row);
/* Converts all that wait. */
void row_adder_convert(struct row_adder *adder);
void row_adder_bad(struct row_adder *adder, enum bad_row why);
/* A line that is none (empty): it only counts for the numbers of those that follow. */
void row_adder_pass(struct row_adder *adder);

/* A row that is known by numbers already (of a database). */
struct row_request {
    int64_t utc_ns;                               /* of its start */
    uint64_t duration_ns, first_byte_ns, view_ns; /* the last two: UINT64_MAX not known */
    struct row_value application, version, endpoint, group, address;
    uint16_t status;
    uint8_t method;
    bool outlier; /* marked as one by who wrote it */
};
/* process stands for the source. Batches are added when they are full and by flush. */
void row_adder_begin(struct row_adder *adder, uint64_t process, uint64_t sequence);
void row_adder_put(struct row_adder *adder, const struct row_request *request);
void row_adder_flush(struct row_adder *adder);

#endif
