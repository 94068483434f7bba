/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "longrun.h"

#include <math.h>

double longrun_block_variance(const double *scores, unsigned count)
{
    double squares = 0;

    for (unsigned k = 0; k < count; k++)
        squares += scores[k] * scores[k];
    return count < 2 ? 0 : squares * count / (count - 1);
}

/* cos(pi j (k + 1/2) / count) for k = 0, 1, ... by Chebyshev's recurrence: one cosine
 * call a frequency. Good to 1e-13 over 64 steps. */
static double weight_on_cosine(const double *scores, unsigned count, unsigned j)
{
    double step = M_PI * j / count, twice = 2 * cos(step);
    double before = cos(-step / 2), now = cos(step / 2), sum = 0;

    for (unsigned k = 0; k < count; k++) {
        double next = twice * now - before;
        sum += scores[k] * now;
        before = now;
        now = next;
    }
    return sum * sqrt(2.0 / count);
}

double longrun_cosine_variance(const double *scores, unsigned count, unsigned cosines)
{
    double squares = 0;

    if (count <= cosines)
        return 0;
    for (unsigned j = 1; j <= cosines; j++) {
        double weight = weight_on_cosine(scores, count, j);
        squares += weight * weight;
    }
    return count * squares / cosines;
}
