/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Welch's t test from differences and variances that are known already, so that it serves
 * block scores, pairs and runs alike.
 */
#ifndef FINDINGS_WELCH_H
#define FINDINGS_WELCH_H

/* Variance of an estimate, and how well that is known. */
struct spread {
    double variance; /* of the estimate itself, not of a single observation */
    double df;       /* degrees of freedom of the variance */
};

/* One-sided p-values of a difference newer - older. */
struct welch {
    double difference;
    double error; /* its standard error */
    double df;
    double p_greater, p_less; /* against newer <= older, newer >= older */
};

/* Variances add; degrees of freedom by Welch (1947) and Satterthwaite. Without any
 * variance nothing is known: both p are 1. */
struct spread spread_sum(struct spread a, struct spread b);
struct welch welch_test(double difference, struct spread spread);

/* The t that share p of the distribution exceeds. */
double welch_t(double p, double df);

#endif
