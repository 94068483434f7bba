/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Lists of what comes beside requests, as bytes: each packed and unpacked. What is read
 * goes into the struct as if it was told; in->bad where it is wrong.
 */
#ifndef SUMMARY_BESIDE_LISTS_H
#define SUMMARY_BESIDE_LISTS_H

#include "beside_inside.h"

/* Numbers as they are saved: of each cell, frame and node. */
struct beside_numbering {
    const struct beside *beside;
    struct str *out;
    uint32_t *cells, *frames, *nodes;
};

void beside_pack_cell(const struct beside_numbering *numbering,
                      const struct beside_cell *cell);
void beside_unpack_cell(struct unpacking *in, const struct stacks *stacks,
                        struct beside_cell *cell);
void beside_pack_exceptions(struct str *out, const struct beside *beside);
void beside_unpack_exceptions(struct unpacking *in, struct beside *beside);
void beside_pack_contexts(struct str *out, const struct beside *beside);
void beside_unpack_contexts(struct unpacking *in, struct beside *beside);
void beside_pack_unfinished(const struct beside_numbering *numbering,
                            const struct beside_unfinished *request);
void beside_unpack_unfinished(struct unpacking *in, struct beside *beside);
void beside_pack_processes(struct str *out, const struct beside_processes *processes);
void beside_unpack_processes(struct unpacking *in, struct beside_processes *processes);

#endif
