/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A log-linear histogram of durations: exact counts in buckets of a fixed relative width,
 * whatever was added in whatever order. Resolutions nest: fine bucket b lies in bucket
 * b >> 3 of a coarse histogram. Built for some 10^5 of them in memory at once, so pages
 * are allocated an octave at a time; adding is hot, reading is rare.
 *
 * Layout at `bits` sub-bucket bits: below 128 ns page 0, linear (1 ns wide at 7 bits, 8
 * ns at 4); then page e - 6 for durations in [2^e, 2^(e+1)), e = 7..46; 2^bits equal
 * buckets a page. Bucket = page << bits | sub-bucket.
 */
#ifndef SUMMARY_HISTOGRAM_H
#define SUMMARY_HISTOGRAM_H

#include <stddef.h>
#include <stdint.h>

enum {
    HISTOGRAM_FINE = 7,   /* relative bucket width 2^-7 */
    HISTOGRAM_COARSE = 4, /* 2^-4 */
    HISTOGRAM_PAGES = 41,
    HISTOGRAM_FINE_BUCKETS = HISTOGRAM_PAGES << HISTOGRAM_FINE,
    HISTOGRAM_COARSE_BUCKETS = HISTOGRAM_PAGES << HISTOGRAM_COARSE
};

/* Longer durations count as this one (a day). */
#define HISTOGRAM_MAX_NS UINT64_C(86400000000000)

/* counts[i] is of bucket (first_page << bits) + i; every bucket outside is 0. A count
 * stays at UINT32_MAX once there. counts NULL and page_count 0: nothing was added. */
struct histogram {
    uint32_t *counts;
    uint8_t bits; /* 0..7; HISTOGRAM_FINE, HISTOGRAM_COARSE, fewer for groups */
    uint8_t first_page;
    uint8_t page_count;
};

/* Fine bucket of a duration of at most HISTOGRAM_MAX_NS. Below 256 ns shift is 0 and the
 * bucket is ns itself; else the leading one adds the page. */
static inline unsigned histogram_fine_bucket(uint64_t ns)
{
    unsigned shift = 56u - (unsigned)__builtin_clzll(ns | 128u);
    return (shift << HISTOGRAM_FINE) + (unsigned)(ns >> shift);
}

/* Bucket of ns at a resolution; longer than HISTOGRAM_MAX_NS is that. */
unsigned histogram_bucket(unsigned bits, uint64_t ns);
/* Edges of a bucket: it holds low <= ns < high; high(b) = low(b + 1). */
uint64_t histogram_low_ns(unsigned bits, unsigned bucket);
uint64_t histogram_high_ns(unsigned bits, unsigned bucket);

void histogram_init(struct histogram *histogram, unsigned bits);
void histogram_release(struct histogram *histogram);

/* Adds one duration (clamped to HISTOGRAM_MAX_NS). */
void histogram_add(struct histogram *histogram, uint64_t ns);
/* Adds all of from, of the same or a finer resolution. */
void histogram_merge(struct histogram *histogram, const struct histogram *from);
/* Makes room for buckets low..high, so that histogram_count() may be called on them. */
void histogram_reserve(struct histogram *histogram, unsigned low, unsigned high);

/* First bucket that is in memory and the one past the last; equal when empty. */
static inline unsigned histogram_begin(const struct histogram *histogram)
{
    return (unsigned)histogram->first_page << histogram->bits;
}
static inline unsigned histogram_end(const struct histogram *histogram)
{
    return ((unsigned)histogram->first_page + histogram->page_count) << histogram->bits;
}
/* Count in any bucket. */
static inline uint32_t histogram_at(const struct histogram *histogram, unsigned bucket)
{
    return bucket >= histogram_begin(histogram) && bucket < histogram_end(histogram)
               ? histogram->counts[bucket - histogram_begin(histogram)]
               : 0;
}
/* Adds one to a count, up to UINT32_MAX. */
static inline void histogram_count(uint32_t *count)
{
    *count += *count != UINT32_MAX;
}

/* Sum of all counts: O(buckets). */
uint64_t histogram_total(const struct histogram *histogram);
/* Sum of the counts in buckets >= bucket: what took at least histogram_low_ns(bucket). */
uint64_t histogram_count_from(const struct histogram *histogram, unsigned bucket);
/* The bucket of the value with a rank (1 .. total, ascending; beyond is the nearest), and
 * in *before the number of values in the buckets before it. Not of an empty histogram. */
unsigned histogram_rank_bucket(const struct histogram *histogram, uint64_t rank,
                               uint64_t *before);
/* The quantile of share p (0..1), interpolated inside its bucket as if the bucket's
 * values were spread evenly; 0 when empty. Error at n = 10^5 with 7 bits: p50 .05 %, p99
 * .15 %. */
double histogram_quantile_ns(const struct histogram *histogram, double p);

#endif
