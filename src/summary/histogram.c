/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "histogram.h"

#include <stdlib.h>
#include <string.h>

#include "src/base/mem.h"

unsigned histogram_bucket(unsigned bits, uint64_t ns)
{
    return histogram_fine_bucket(ns < HISTOGRAM_MAX_NS ? ns : HISTOGRAM_MAX_NS) >>
           (HISTOGRAM_FINE - bits);
}

uint64_t histogram_low_ns(unsigned bits, unsigned bucket)
{
    uint64_t fine = (uint64_t)bucket << (HISTOGRAM_FINE - bits);
    unsigned page = (unsigned)(fine >> HISTOGRAM_FINE);
    uint64_t within = fine & ((1u << HISTOGRAM_FINE) - 1);
    return page == 0 ? within : (within + (1u << HISTOGRAM_FINE)) << (page - 1);
}

uint64_t histogram_high_ns(unsigned bits, unsigned bucket)
{
    return histogram_low_ns(bits, bucket + 1);
}

void histogram_init(struct histogram *histogram, unsigned bits)
{
    *histogram = (struct histogram){NULL, (uint8_t)bits, 0, 0};
}

void histogram_release(struct histogram *histogram)
{
    free(histogram->counts);
    histogram_init(histogram, histogram->bits);
}

/* Pages are one stretch from the lowest octave seen to the highest. */
void histogram_reserve(struct histogram *histogram, unsigned low, unsigned high)
{
    unsigned first = low >> histogram->bits, last = high >> histogram->bits;
    if (histogram->page_count) {
        unsigned old_last = histogram->first_page + histogram->page_count - 1u;
        if (first >= histogram->first_page && last <= old_last)
            return;
        first = first < histogram->first_page ? first : histogram->first_page;
        last = last > old_last ? last : old_last;
    }
    uint32_t *counts =
        mem_array((size_t)(last - first + 1) << histogram->bits, sizeof(*counts));
    if (histogram->page_count)
        memcpy(counts + ((size_t)(histogram->first_page - first) << histogram->bits),
               histogram->counts,
               ((size_t)histogram->page_count << histogram->bits) * sizeof(*counts));
    free(histogram->counts);
    histogram->counts = counts;
    histogram->first_page = (uint8_t)first;
    histogram->page_count = (uint8_t)(last - first + 1);
}

void histogram_add(struct histogram *histogram, uint64_t ns)
{
    unsigned bucket = histogram_bucket(histogram->bits, ns);
    histogram_reserve(histogram, bucket, bucket);
    histogram_count(&histogram->counts[bucket - histogram_begin(histogram)]);
}

static uint32_t saturating_sum(uint32_t a, uint32_t b)
{
    uint32_t sum;
    return __builtin_add_overflow(a, b, &sum) ? UINT32_MAX : sum;
}

void histogram_merge(struct histogram *histogram, const struct histogram *from)
{
    if (from->page_count == 0)
        return;
    unsigned shift = from->bits - histogram->bits;
    unsigned begin = histogram_begin(from), end = histogram_end(from);
    histogram_reserve(histogram, begin >> shift, (end - 1) >> shift);
    uint32_t *to = histogram->counts;
    unsigned to_begin = histogram_begin(histogram);
    for (unsigned bucket = begin; bucket < end; bucket++) {
        uint32_t *count = &to[(bucket >> shift) - to_begin];
        *count = saturating_sum(*count, from->counts[bucket - begin]);
    }
}

uint64_t histogram_total(const struct histogram *histogram)
{
    return histogram_count_from(histogram, 0);
}

uint64_t histogram_count_from(const struct histogram *histogram, unsigned bucket)
{
    uint64_t total = 0;
    unsigned begin = histogram_begin(histogram), end = histogram_end(histogram);
    for (unsigned i = bucket > begin ? bucket : begin; i < end; i++)
        total += histogram->counts[i - begin];
    return total;
}

unsigned histogram_rank_bucket(const struct histogram *histogram, uint64_t rank,
                               uint64_t *before)
{
    unsigned begin = histogram_begin(histogram), last = begin;
    uint64_t seen = 0;
    *before = 0;
    for (unsigned i = begin; i < histogram_end(histogram); i++) {
        uint32_t count = histogram->counts[i - begin];
        if (count == 0)
            continue;
        *before = seen;
        seen += count;
        last = i;
        if (seen >= rank)
            break;
    }
    return last;
}

/* The i-th of n values in a bucket is taken at the middle of the i-th of n equal parts;
 * the quantile p lies at rank p (n - 1) + 1, as in the common definition of a sample
 * quantile (Hyndman and Fan 1996, type 7). */
double histogram_quantile_ns(const struct histogram *histogram, double p)
{
    uint64_t total = histogram_total(histogram), before;
    if (total == 0)
        return 0;
    double rank = p * (double)(total - 1) + 1;
    unsigned bucket = histogram_rank_bucket(histogram, (uint64_t)rank, &before);
    double low = (double)histogram_low_ns(histogram->bits, bucket);
    double width = (double)histogram_high_ns(histogram->bits, bucket) - low;
    double within = (rank - (double)before - 0.5) / histogram_at(histogram, bucket);
    return low + width * (within < 1 ? within : 1);
}
