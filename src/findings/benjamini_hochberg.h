/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Many questions asked at once (Benjamini and Hochberg 1995). NAN: not asked. */
#ifndef FINDINGS_BENJAMINI_HOCHBERG_H
#define FINDINGS_BENJAMINI_HOCHBERG_H

#include <stddef.h>

/* adjusted[i]: the smallest false discovery rate at which p[i] would be rejected. NAN
 * stays NAN and does not count as a question. Returns how many questions there are.
 * O(count log count). */
size_t benjamini_hochberg(const double *p, size_t count, double *adjusted);

/* The largest p that a rate rejects; rate / questions when none is. */
double benjamini_hochberg_cut(const double *p, size_t count, double rate);

/* Questions that come in families (all of an endpoint), so that the many answers of one
 * that changed do not make it easier for others (Benjamini and Bogomolov 2014): a family
 * is rejected by its combined p (Simes 1986) among families, its questions among each
 * other at the rate times the share of families that are. adjusted[i] <= rate where
 * question i is rejected; its size otherwise says how far from it. cuts[f]: the largest p
 * of family f that is rejected, or the first one's limit. p: family after family.
 * Returns how many questions there are. */
size_t benjamini_bogomolov(const double *p, const size_t *sizes, size_t families,
                           double rate, double *adjusted, double *cuts);

#endif
