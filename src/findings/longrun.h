/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The variance of a sum of neighbours that resemble each other: slow minutes, bursts,
 * days. Scores of at most some hundred contiguous time blocks in, in order.
 */
#ifndef FINDINGS_LONGRUN_H
#define FINDINGS_LONGRUN_H

/* Variance of the sum of count scores with mean 0 that do not depend on each other:
 * count / (count - 1) * sum of squares. 0 below two. */
double longrun_block_variance(const double *scores, unsigned count);

/* The same for scores that depend on their neighbours: the equal-weighted cosine
 * estimator (Müller 2004, Long-run variance; Lazarus, Lewis, Stock and Watson 2018, HAR
 * inference, equation 6). Degrees of freedom: cosines. Needs count > cosines; else 0. */
double longrun_cosine_variance(const double *scores, unsigned count, unsigned cosines);

#endif
