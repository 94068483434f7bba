/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A set of whole numbers as ranges: which sequence numbers of a stream were seen, which
 * were lost, which records of a ring were consumed. Built for numbers that nearly all
 * come in order: one range then, and adding is O(1). Out of order it is O(ranges).
 */
#ifndef INPUT_SPANS_H
#define INPUT_SPANS_H

#include <stddef.h>
#include <stdint.h>

struct span {
    uint64_t first, end; /* first <= n < end */
};

/* Sorted, disjoint, not touching one another, none empty. Zeroed memory is the empty set.
 */
struct spans {
    struct span *at;
    size_t count, room;
};

void spans_release(struct spans *spans);

/* Adds first <= n < end; nothing when end <= first. */
void spans_add(struct spans *spans, uint64_t first, uint64_t end);

/* How many of first <= n < end are in the set. */
uint64_t spans_covered(const struct spans *spans, uint64_t first, uint64_t end);

/* The end of the last range that begins before n, or 0; and the start of the first range
 * at or after n, or UINT64_MAX: the gap around n. */
uint64_t spans_end_before(const struct spans *spans, uint64_t n);
uint64_t spans_start_from(const struct spans *spans, uint64_t n);

#endif
