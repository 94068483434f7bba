/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A coder for histograms that resemble each other, as those of one endpoint's time blocks
 * do, and for the numbers between them: an adaptive binary range coder (Martin 1979; the
 * carry as in 7-Zip's LZMA), whose contexts are how large a count is to be expected from
 * the histograms before it. A summary is some 10^4 histograms of some dozens of counts,
 * most of them below 10: a general compressor spends two bytes where the counts hold five
 * bits.
 *
 * One walk serves both directions, so that they cannot disagree. Reading any bytes is
 * safe and ends.
 */
#ifndef SUMMARY_HISTOGRAM_CODER_H
#define SUMMARY_HISTOGRAM_CODER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "histogram.h"

struct str;

/* The sum of the histograms so far, of one resolution, and where the last one began. */
struct counts_expected {
    uint64_t counts[HISTOGRAM_FINE_BUCKETS];
    uint64_t total;
    unsigned begin;
};

/* Writes, or reads. */
struct counts_coder;

/* Appends to out, which has to live on; counts_finish() writes what is still to come. */
struct counts_coder *counts_writer_new(struct str *out);
void counts_finish(struct counts_coder *coder);
/* Bytes are borrowed for its life. */
struct counts_coder *counts_reader_new(const uint8_t *bytes, size_t size);
void counts_free(struct counts_coder *coder);

/* Writes the histogram, or fills an empty one. likely: what its total is probably, known
 * to both sides. Adds it to *expected. */
void counts_code(struct counts_coder *coder, struct histogram *histogram, uint64_t likely,
                 struct counts_expected *expected);

/* Numbers are coded by their kind, and by what else is known of them (the context), since
 * those of one kind and context resemble each other. */
enum { COUNTS_KINDS = 32, COUNTS_CONTEXTS = 24 };
/* Writes a number, or reads one; 0 once there is nothing left to read. */
uint64_t counts_number(struct counts_coder *coder, unsigned kind, unsigned context,
                       uint64_t number);
/* The same of one that is near 0. */
int64_t counts_difference(struct counts_coder *coder, unsigned kind, unsigned context,
                          int64_t difference);
/* About how large a number is, in half octaves up to 2^11, as a context. */
unsigned counts_context(uint64_t number);

/* There was nothing left to read, or it cannot have been written. */
bool counts_over(const struct counts_coder *coder);
/* What was read cannot have been written, or there was too little or too much of it; ask
 * at the end. */
bool counts_bad(const struct counts_coder *coder);

/* The same expectation for a fine histogram. */
void counts_refine(struct counts_expected *fine, const struct counts_expected *coarse);

#endif
