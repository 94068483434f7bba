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

/* Such a shift, what part of the whole shift it is, and the standard error of that part.
 * NAN: there is no shift. */
struct mix_part {
    double shift, part, error;
};

/* The error is that of independent requests, by the delta method (A. W. van der Vaart,
 * Asymptotic Statistics, 1998, chapter 3): on each side class and slowness are
 * multinomial, and a request's influence on the part is (its influence on the classes'
 * shift - part × its influence on the whole shift) / the whole shift. Requests that
 * depend on each other make it larger by the square root of their design effect (J. N. K.
 * Rao and A. J. Scott, JASA 76, 1981, the first-order correction). */
struct mix_part mix_part_of_classes(const struct mix_class *classes, unsigned count);

/* The same for many customers' strata, sorted into 8 classes of about equally many
 * requests by how slow they are on both sides together. At most 64 strata. */
struct mix_part mix_part_of_strata(const struct histogram *older,
                                   const struct histogram *newer, unsigned count,
                                   unsigned bucket);

#endif
