/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The reading half of an analysis: all paths in, chunks of request blocks out. One thread
 * at a time may ask for the next chunk; whoever asked decodes it (decoder.h) while the
 * next one is asked for by another. Where there are many files on disk, a thread is given
 * a whole one, which it then reads by itself.
 */
#ifndef INPUT_READER_H
#define INPUT_READER_H

#include "decoder.h"
#include "input.h"
#include "rows.h"
#include "trace.h"

struct err;
struct reader;

/* For so many threads. NULL and *err when a path is not there. Paths and options are
 * borrowed. */
struct reader *reader_new(const char *const *paths, size_t path_count,
                          const struct input_options *options, unsigned threads,
                          struct err *err);
void reader_free(struct reader *reader);
/* From now on a saved summary is an error as soon as it is met: it cannot be filtered. */
void reader_refuse_saved(struct reader *reader);

struct ledger *reader_ledger(struct reader *reader);

/* A file that one thread reads by itself. Zeroed memory is none. */
struct own_file {
    struct leaf *leaf;
    struct trace_reader *trace; /* or ... */
    struct rows_reader *rows;
};

/* Fills the chunk from the thread's own file. False when there is none, or no more of it:
 * then it is closed. For any thread at any time. */
bool reader_own(struct own_file *own, struct chunk *chunk);

enum reader_result { READER_END, READER_FAILED, READER_CHUNK, READER_OWN };

/* Fills the chunk, or gives the thread a file of its own. One thread at a time. FAILED:
 * *err says which path cannot be used. */
enum reader_result reader_next(struct reader *reader, struct own_file *own,
                               struct chunk *chunk, struct err *err);

/* All chunks are added: recovers rings into summary and completes the report. -1 with
 * *err when nothing at all could be read. */
int reader_finish(struct reader *reader, struct summary *summary,
                  struct input_report *report, struct err *err);

#endif
