/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Many questions asked at once (Benjamini and Hochberg 1995). */
#ifndef FINDINGS_BENJAMINI_HOCHBERG_H
#define FINDINGS_BENJAMINI_HOCHBERG_H

#include <stddef.h>

/* adjusted[i]: the smallest false discovery rate at which p[i] would be rejected. NAN
 * stays NAN and does not count as a question. Returns how many questions there are.
 * O(count log count). */
size_t benjamini_hochberg(const double *p, size_t count, double *adjusted);

/* The largest p that a rate rejects; rate / questions when none is. */
double benjamini_hochberg_cut(const double *p, size_t count, double rate);

#endif
