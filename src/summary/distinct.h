/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * How many different values: the exact set of their hashes while there are few, then
 * HyperLogLog (Flajolet et al. 2007) with 2^12 registers, read by Ertl's improved
 * estimator (2017, arXiv:1702.01284, algorithm 6), which needs no bias tables. Standard
 * error 1.6 %. Which form it has depends only on the set, so sets merge exactly.
 */
#ifndef SUMMARY_DISTINCT_H
#define SUMMARY_DISTINCT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    DISTINCT_BITS = 12,
    DISTINCT_REGISTERS = 1 << DISTINCT_BITS,
    DISTINCT_RANK_MAX = 64 - DISTINCT_BITS + 1,
    DISTINCT_EXACT = 512 /* hashes: as large as the registers */
};

/* Of an estimate, relative: 1.04 / sqrt(DISTINCT_REGISTERS). */
#define DISTINCT_STANDARD_ERROR .01625

/* Either ascending hashes, or registers once there were more than DISTINCT_EXACT. */
struct distinct {
    uint64_t *hashes;
    size_t count, room;
    uint8_t *registers; /* NULL while exact */
};

void distinct_init(struct distinct *distinct);
void distinct_release(struct distinct *distinct);
/* hash: map_hash of the value's bytes. */
void distinct_add(struct distinct *distinct, uint64_t hash);
void distinct_merge(struct distinct *to, const struct distinct *from);
double distinct_estimate(const struct distinct *distinct, bool *exact);

/* Distinct users and addresses of each UTC day. */
struct visitors_day {
    int32_t day;
    struct distinct values[2]; /* by enum summary_dimension */
};

/* Days ascend; only those with a user or an address. */
struct visitors {
    struct visitors_day *days;
    size_t count, room;
};

void visitors_release(struct visitors *visitors);
/* The day's, made when there is none. */
struct visitors_day *visitors_place(struct visitors *visitors, int32_t day);
/* NULL when there is none. */
const struct visitors_day *visitors_find(const struct visitors *visitors, int32_t day);
void visitors_merge(struct visitors *to, const struct visitors *from);

#endif
