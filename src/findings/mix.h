/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * How much of a shift is due to who asked and at what hour, and not to the code: for few
 * endpoints, where what they share cannot be told from what one did.
 */
#ifndef FINDINGS_MIX_H
#define FINDINGS_MIX_H

#include "src/summary/histogram.h"

/* The part of a classification's shift in the share of requests beyond a coarse bucket
 * that comes from the shares of the classes: sum over classes of (newer share - older
 * share) × the mean of the two rates (Kitagawa 1955; the same as raking both sides to
 * their mean shares). A class that one side hardly has (under 5 requests) takes the
 * other's rate. */
double mix_shift(const struct histogram *older, const struct histogram *newer,
                 unsigned count, unsigned bucket);

/* The same for many customers' strata, sorted into 8 classes of about equally many
 * requests by how slow they are on both sides together. At most 64 strata. */
double mix_shift_of_strata(const struct histogram *older, const struct histogram *newer,
                           unsigned count, unsigned bucket);

#endif
