/* SPDX-License-Identifier: GPL-3.0-or-later */
/* struct beside for the files of this folder: its life, merging and saved bytes. */
#ifndef SUMMARY_BESIDE_INSIDE_H
#define SUMMARY_BESIDE_INSIDE_H

#include "beside.h"

struct str;
struct unpacking;

struct beside *beside_new(void);
void beside_free(struct beside *beside); /* NULL is fine */
/* Is there nothing that would be saved? NULL is fine. */
bool beside_is_empty(const struct beside *beside);
void beside_merge(struct beside *to, const struct beside *from);

/* Find or make. Beyond SUMMARY_CELLS_MAX cells: that of "(other)". */
uint32_t beside_cell_of(struct beside *beside, const struct beside_key *key);

void beside_keep_detail(struct beside_cell *cell, const struct detailed_request *request);
void beside_keep_last(const struct stacks *stacks, struct beside_cell *cell,
                      const struct last_stack *last);
void beside_keep_sampled(struct beside_cell *cell, uint64_t hash, uint64_t samples);
void beside_keep_context(struct beside *beside, struct request_id id, struct name items);
/* Takes request->texts. */
void beside_keep_unfinished_take(struct beside *beside,
                                 const struct beside_unfinished *request);
struct beside_exception *beside_exception_of(struct beside *beside, struct name key);
/* Merges what is known of the same group of exceptions; copies the message. */
void beside_merge_exception(struct beside_exception *to,
                            const struct beside_exception *from);
void beside_merge_processes(struct beside_processes *to,
                            const struct beside_processes *from);
uint64_t request_id_hash(struct request_id id);

/* Contexts with a larger hash than this are too many. */
uint64_t beside_context_limit(const struct map *contexts);

/* Appends the saved bytes. */
void beside_pack(const struct beside *beside, struct str *out);
/* NULL, and in->bad, when the bytes up to in->end are not what beside_pack() writes. */
struct beside *beside_unpack(struct unpacking *in);

#endif
