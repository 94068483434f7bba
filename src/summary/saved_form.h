/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The pieces of a saved summary, each written and read by two functions that stand side
 * by side: saved_values.c (names, groups and addresses, visitors), saved_blocks.c (time
 * blocks, calendars), saved_slow.c (slow requests). saving.c and loading.c put them
 * together.
 */
#ifndef SUMMARY_SAVED_FORM_H
#define SUMMARY_SAVED_FORM_H

#include "histogram_coder.h"
#include "inside.h"
#include "packing.h"

/* Kinds of coded numbers. Their order is part of the format: add at the end. */
enum saved_kind {
    KIND_RANK_STEP,
    KIND_VALUE_REQUESTS,
    KIND_VALUE_ERRORS,
    KIND_VALUE_MISSED,
    KIND_VALUE_SUM,
    KIND_BLOCK_REQUESTS,
    KIND_BLOCK_CLIENT_ERRORS,
    KIND_BLOCK_SERVER_ERRORS,
    KIND_BLOCK_LOG2,
    KIND_SLOT_REQUESTS,
    KIND_SLOT_ERRORS,
    KIND_SLOW_DURATION,
    KIND_SLOW_START,
    KIND_SLOW_PROCESS,
    KIND_SLOW_SEQUENCE,
    KIND_SLOW_FIRST_BYTE,
    KIND_SLOW_VIEW,
    KIND_SLOW_VALUE,
    KIND_SLOW_STATUS,
    KIND_SLOW_METHOD,
    KIND_SLOW_FLAGS,
    KIND_SHARE_BUCKET,
    KIND_SHARE_VALUE,
    KIND_SHARE_NEXT_VALUE,
    KIND_COUNT
};
_Static_assert((int)KIND_COUNT <= (int)COUNTS_KINDS,
               "as many kinds as the coder has models");

/* ranks: of each name among those that are saved; names that nobody has are not.
 * processes: of all slow requests, ascending. */
struct saving {
    const struct summary *summary;
    struct str *out;
    uint32_t *ranks[SUMMARY_DIMENSIONS];
    uint64_t *processes;
    size_t process_count;
    struct counts_coder *coder;       /* NULL: everything goes among the numbers */
    struct counts_expected *expected; /* of a sequence of histograms that are alike */
    struct counts_expected *fine;     /* scratch */
};

/* old: formats up to 3, where fewer numbers are coded. */
struct loading {
    struct summary *summary;
    struct unpacking in;
    bool old;
    size_t name_counts[SUMMARY_DIMENSIONS];
    uint64_t *processes;
    uint8_t *process_used;
    size_t process_count;
    uint64_t values_left;       /* of tallies: a short file cannot ask for much memory */
    struct counts_coder *coder; /* NULL: everything is among the numbers */
    struct counts_expected *expected;
    struct counts_expected *fine;
};

/* Numbers that are coded where there is a coder. */
void save_number(const struct saving *saving, enum saved_kind kind, unsigned context,
                 uint64_t number);
void save_difference(const struct saving *saving, enum saved_kind kind, unsigned context,
                     int64_t difference);
/* At most limit; else the file is wrong and 0. */
uint64_t load_number(struct loading *loading, enum saved_kind kind, unsigned context,
                     uint64_t limit);
int64_t load_difference(struct loading *loading, enum saved_kind kind, unsigned context);
/* False when the file is wrong, or was before. */
bool require(struct loading *loading, bool right);

/* Begins a sequence of histograms that are alike. */
void save_expecting_nothing(const struct saving *saving);
void load_expecting_nothing(struct loading *loading);
/* likely: what is known of its total. Loads into an empty one. */
void save_histogram(const struct saving *saving, struct histogram *histogram,
                    uint64_t likely);
void load_histogram(struct loading *loading, struct histogram *histogram,
                    uint64_t likely);

/* Fills saving->ranks. */
void save_names(struct saving *saving, int dimension);
void load_names(struct loading *loading, int dimension);
void save_tally(const struct saving *saving, const struct tally *tally,
                const uint32_t *ranks);
void load_tally(struct loading *loading, struct tally *tally, size_t name_count);
void save_visitors(struct str *out, const struct visitors *visitors);
void load_visitors(struct loading *loading, struct visitors *visitors);

void save_grid(struct str *out, const struct timegrid *grid);
void load_grid(struct loading *loading, struct timegrid *grid);
void save_blocks(const struct saving *saving, struct block *blocks, size_t count);
void load_blocks(struct loading *loading, struct block *blocks, size_t count);
void save_calendar(const struct saving *saving, const struct calendar *calendar);
void load_calendar(struct loading *loading, struct calendar *calendar);
/* count ascending days of int32_t; a new array. */
int64_t *load_days(struct loading *loading, size_t *count);

/* Fills saving->processes. */
void save_processes(struct saving *saving);
void load_processes(struct loading *loading);
/* Whether each process that was loaded has a slow request. */
bool processes_used(const struct loading *loading);
void save_slow(const struct saving *saving, const struct summary_cell *cell);
void load_slow(struct loading *loading, const struct summary_cell *cell);

/* Whether figures agree with each other (saved_checks.c). */
bool block_agrees(const struct block *block);
bool cell_agrees(const struct summary *summary, const struct summary_cell *cell);
bool value_agrees(const struct tally_entry *entry, const struct histogram *histogram);

#endif
