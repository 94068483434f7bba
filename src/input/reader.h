/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The reading half of an analysis: all paths in, chunks of request blocks out. One thread
 * at a time may ask for the next chunk; whoever asked decodes it (decoder.h) while the
 * next one is asked for by another.
 */
#ifndef INPUT_READER_H
#define INPUT_READER_H

#include "decoder.h"
#include "input.h"
#include "trace.h"

struct err;
struct reader;

/* NULL and *err when a path is not there. Paths and options are borrowed. */
struct reader *reader_new(const char *const *paths, size_t path_count,
                          const struct input_options *options,
                          struct input_report *report, struct err *err);
void reader_free(struct reader *reader);

struct ledger *reader_ledger(struct reader *reader);

/* Fills the chunk: 1; 0 at the end; -1 with *err when a path cannot be used. */
int reader_next(struct reader *reader, struct chunk *chunk, struct err *err);

/* All chunks are added: recovers rings into summary and completes the report. -1 with
 * *err when nothing at all could be read. */
int reader_finish(struct reader *reader, struct summary *summary, struct err *err);

#endif
