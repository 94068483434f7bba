/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Counts by value (group or address) of one version: exact while there are at most
 * TALLY_ROOM values, each with a histogram whose resolution follows from how many there
 * are. Beyond, Space-Saving (Metwally et al. 2005) in batches: at 2 * TALLY_KEEP the
 * smaller half goes, and whoever comes new may have been missed as often as the largest
 * that ever went. Counting is hot (one entry and one row a request), all else is rare.
 */
#ifndef SUMMARY_TALLY_H
#define SUMMARY_TALLY_H

#include <stddef.h>
#include <stdint.h>

#include "histogram.h"

enum { TALLY_KEEP = 65536, TALLY_ROOM = 2 * TALLY_KEEP };

struct tally_entry {
    uint32_t value;    /* number in the summary's names */
    int32_t last_day;  /* counted last among that day's distinct values; a cache */
    uint64_t requests; /* since it is counted */
    uint64_t sum_ns;   /* of durations; stays at UINT64_MAX (584 years) once there */
    uint32_t errors;   /* server errors; stays at UINT32_MAX once there */
    uint32_t missed;   /* requests may be higher by this; 0: exact */
};

#define TALLY_NO_DAY INT32_MIN
#define TALLY_NONE UINT32_MAX

/* rows[entry * row_buckets + bucket - (first_page << bits)], row_buckets = page_count <<
 * bits: one matrix, so that a row is a line or two of cache. */
struct tally {
    struct tally_entry *entries;
    size_t count, room;
    uint32_t *slots; /* of value: entry + 1, or 0; open addressing, at most half full */
    size_t slot_count;
    uint32_t missed_max; /* most requests that a value which is not here can have had */
    uint8_t bits, first_page, page_count;
    uint32_t *rows; /* room rows; NULL while page_count is 0 */
};

void tally_init(struct tally *tally);
void tally_release(struct tally *tally);
/* Entry of a value, made when there is none. */
uint32_t tally_entry(struct tally *tally, uint32_t value);
/* The same, or TALLY_NONE when there is none. */
uint32_t tally_find(const struct tally *tally, uint32_t value);
/* Makes room in all rows for fine buckets low..high. */
void tally_reserve(struct tally *tally, unsigned fine_low, unsigned fine_high);
/* Count of a fine bucket in an entry's row; room for it is there. */
static inline uint32_t *tally_count(const struct tally *tally, uint32_t entry,
                                    unsigned fine_bucket)
{
    unsigned bucket = fine_bucket >> (HISTOGRAM_FINE - tally->bits);
    unsigned within = bucket - ((unsigned)tally->first_page << tally->bits);
    return &tally->rows[entry * ((size_t)tally->page_count << tally->bits) + within];
}
/* Resolution of the histograms of so many values: 4 bits to 256, one less for each 4
 * times as many, so that they stay within some MB a version. */
unsigned tally_bits(size_t count);
/* Adds from; values[v] is the number here of its value v. NULL: the same numbers. */
void tally_merge(struct tally *to, const struct tally *from, const uint32_t *values);
/* Drops the smallest until TALLY_KEEP are left. Entries get other numbers. */
void tally_compact(struct tally *tally);
/* Finds the values again after they got other numbers: new_values[old]. */
void tally_renumber(struct tally *tally, const uint32_t *new_values);
/* flags[i] = 1 for the keep largest of requests, of equal ones the first; else 0. */
void tally_top(const uint64_t *requests, size_t count, size_t keep, uint8_t *flags);
/* Adds to an entry's row; of the tally's resolution. */
void tally_add_histogram(struct tally *tally, uint32_t entry,
                         const struct histogram *histogram);
/* An entry's row as a histogram of its own. */
void tally_histogram(const struct tally *tally, uint32_t entry,
                     struct histogram *histogram);

#endif
