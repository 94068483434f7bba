/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * How much of a shift is due to who asked and at what hour, and not to the code: for few
 * endpoints, where what they share cannot be told from what one did.
 */
#ifndef FINDINGS_MIX_H
#define FINDINGS_MIX_H

#include "src/summary/histogram.h"

enum {
    MIX_REQUESTS_LEAST = 20, /* a class and side on average, or classes are luck */
    MIX_CLASSES_LEAST = 16   /* fewer explain little */
};

/* Requests, and those that are slow, of one class of customers on both sides. */
struct mix_class {
    double older, older_beyond, newer, newer_beyond;
};

void mix_class_add(struct mix_class *to, const struct mix_class *from);

/* The part of a classification's shift in the share of slow requests (beyond a coarse
 * bucket) that comes from the shares of the classes: sum over classes of (newer share -
 * older share) × the mean of the two rates (Kitagawa 1955; the same as raking both sides
 * to their mean shares). A class that one side hardly has (under 5 requests) takes the
 * other's rate. */
double mix_shift_of_classes(const struct mix_class *classes, unsigned count);
double mix_shift(const struct histogram *older, const struct histogram *newer,
                 unsigned count, unsigned bucket);

/* The same for many customers' strata, sorted into 8 classes of about equally many
 * requests by how slow they are on both sides together. At most 64 strata. */
double mix_shift_of_strata(const struct histogram *older, const struct histogram *newer,
                           unsigned count, unsigned bucket);

#endif
