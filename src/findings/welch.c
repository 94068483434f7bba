/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "welch.h"

#include <math.h>

#include <gsl/gsl_cdf.h>

static double part(struct spread spread)
{
    return spread.df > 0 ? spread.variance * spread.variance / spread.df : 0;
}

struct spread spread_sum(struct spread a, struct spread b)
{
    double variance = a.variance + b.variance, parts = part(a) + part(b);

    return (struct spread){variance,
                           parts > 0 ? variance * variance / parts : a.df + b.df};
}

struct welch welch_test(double difference, struct spread spread)
{
    struct welch welch = {difference, sqrt(spread.variance), spread.df, 1, 1};

    if (!(spread.variance > 0) || !(spread.df > 0))
        return welch;
    double t = difference / welch.error;
    welch.p_greater = gsl_cdf_tdist_Q(t, spread.df);
    welch.p_less = gsl_cdf_tdist_P(t, spread.df);
    return welch;
}

double welch_t(double p, double df)
{
    return gsl_cdf_tdist_Qinv(p, df);
}
