/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A worker's half of reading: chunks of request blocks in, events into one summary out.
 * Checks payloads, decodes columns, leaves out what was counted before. The hottest code
 * of the analyzer: everything it touches for a block fits the second-level cache.
 */
#ifndef INPUT_DECODER_H
#define INPUT_DECODER_H

#include "ledger.h"
#include "trace.h"

struct summary;
struct decoder;

/* One a thread; adds to summary. */
struct decoder *decoder_new(struct ledger *ledger, struct summary *summary);
/* Adds the chunk's requests. */
void decoder_add(struct decoder *decoder, struct chunk *chunk);
void decoder_free(struct decoder *decoder);

#endif
