/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Format "saved summary": what --save-summary wrote, of this format version or an older
 * one, as an input beside traces. Its requests cannot be looked at one by one any more:
 * filters and the second scan need the traces. A few files of at most some 10 MB.
 */
#ifndef INPUT_SAVED_INPUTS_H
#define INPUT_SAVED_INPUTS_H

#include "leaf.h"
#include "ledger.h"

struct err;
struct summary;
struct saved_inputs;

struct saved_inputs *saved_inputs_new(struct ledger *ledger);
void saved_inputs_free(struct saved_inputs *saved);

/* Reads the leaf's summary and keeps what it adds. -1 with *err, a phrase that
 * follows the file's name, when it is damaged or of a newer format. The same bytes again
 * are told and not counted. */
int saved_inputs_add(struct saved_inputs *saved, struct leaf *leaf, struct err *err);

/* Everything else is read: adds all to summary, unless that one scans. */
void saved_inputs_merge(const struct saved_inputs *saved, struct summary *summary);

#endif
