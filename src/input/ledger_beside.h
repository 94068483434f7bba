/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the ledger keeps of a process beside its requests: of figures that grow from the
 * process's start the last ones, from whichever blocks and rings they come, and what its
 * journal, if it left one, has that no block has.
 */
#ifndef INPUT_LEDGER_BESIDE_H
#define INPUT_LEDGER_BESIDE_H

#include "known_names.h"
#include "ledger.h"

struct summary;

uint32_t stream_pid(const struct stream *stream);

/* The process has counted so many requests without recording them, since its start. */
void ledger_counted(struct ledger *ledger, struct stream *stream,
                    const struct known_endpoint *endpoint, uint64_t count,
                    int64_t last_utc_ns);
/* Figures of the process at some moment. */
void ledger_process(struct ledger *ledger, struct stream *stream,
                    const struct fmd__process *process);

/* A claimed block of that type says that the journal is in the trace up to there;
 * UINT64_MAX: all of it was recovered. */
void ledger_journal(struct ledger *ledger, struct stream *stream, uint8_t type,
                    uint64_t journal_end);
/* How far it is: samples, and all else. */
void ledger_journal_ends(struct ledger *ledger, const struct stream *stream,
                         uint64_t *samples_end, uint64_t *entries_end);

/* Code objects of a payload of definitions, for samples in a ring left behind. Bounded:
 * what does not fit is not known there. */
void ledger_codes(struct ledger *ledger, struct stream *stream, const uint8_t *payload,
                  size_t bytes);
void ledger_known_codes(struct ledger *ledger, const struct stream *stream,
                        struct known_names *known);

/* Everything was read: adds the last figures of all processes. */
void ledger_add_beside(struct ledger *ledger, struct summary *summary);

#endif
