/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Format "ring": what a killed process had recorded and not yet written. Rings are kept
 * until all traces are read, since only then it is known which of their records are in a
 * trace already; then the rest is added. A few rings of a few MB, mostly empty.
 */
#ifndef INPUT_LEFTRINGS_H
#define INPUT_LEFTRINGS_H

#include "leaf.h"
#include "ledger.h"

struct summary;
struct leftrings;

struct leftrings *leftrings_new(struct intake *intake, struct ledger *ledger);
void leftrings_free(struct leftrings *rings);

/* Keeps the leaf's ring: where it lies, or its bytes when it cannot be opened again. */
void leftrings_keep(struct leftrings *rings, struct leaf *leaf);

/* All traces are read: adds what only the rings hold. */
void leftrings_recover(struct leftrings *rings, struct summary *summary);

#endif
