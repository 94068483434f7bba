/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common_mode.h"

#include <math.h>
#include <stdlib.h>

#include "src/base/mem.h"

#define BISQUARE 4.685 /* deviations */
enum { ROUNDS = 3 };
#define WEIGHT_MOST (1.0 / 3)
#define SQUARE_MEDIAN .45494 /* of a squared standard normal */

static int compare(const void *left, const void *right)
{
    double a = *(const double *)left, b = *(const double *)right;

    return (a > b) - (a < b);
}

/* Of values, which it sorts. */
static double median(double *values, size_t count)
{
    qsort(values, count, sizeof(*values), compare);
    return (values[(count - 1) / 2] + values[count / 2]) / 2;
}

/* To sum 1, none above WEIGHT_MOST where three or more count: what is cut off goes to the
 * others in proportion; that may lift the next above it, twice at most, since three
 * thirds are all. */
static void balance(double *weights, size_t count)
{
    double sum = 0;

    for (size_t i = 0; i < count; i++)
        sum += weights[i];
    for (size_t i = 0; sum > 0 && i < count; i++)
        weights[i] /= sum;
    for (unsigned round = 0; round < 3; round++) {
        double excess = 0, room = 0;
        for (size_t i = 0; i < count; i++) {
            excess += fmax(weights[i] - WEIGHT_MOST, 0);
            weights[i] = fmin(weights[i], WEIGHT_MOST);
            room += weights[i] < WEIGHT_MOST ? weights[i] : 0;
        }
        for (size_t i = 0; room > 0 && i < count; i++)
            if (weights[i] < WEIGHT_MOST)
                weights[i] *= 1 + excess / room;
    }
    sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += weights[i];
    for (size_t i = 0; sum > 0 && i < count; i++)
        weights[i] /= sum;
}

/* Median over the others of (difference - centre)^2 / (variance + excess). */
static double median_square(const struct shift *shifts, size_t count, size_t without,
                            double centre, double excess, double *values)
{
    size_t n = 0;

    for (size_t i = 0; i < count; i++) {
        double off = shifts[i].difference - centre;
        if (i != without)
            values[n++] = off * off / (shifts[i].variance + excess);
    }
    return median(values, n);
}

static double dispersion_of(const struct shift *shifts, size_t count, size_t without)
{
    double *values = mem_array(count, sizeof(*values)), low = 0, high = 0;
    size_t n = 0;

    for (size_t i = 0; i < count; i++)
        if (i != without)
            values[n++] = shifts[i].difference;
    double centre = median(values, n);
    for (size_t i = 0; i < count; i++) {
        double off = shifts[i].difference - centre;
        high = fmax(high, off * off / SQUARE_MEDIAN);
    }
    if (median_square(shifts, count, without, centre, 0, values) <= SQUARE_MEDIAN)
        high = 0;
    for (unsigned step = 0; step < 50 && high > 0; step++) {
        double middle = (low + high) / 2;
        if (median_square(shifts, count, without, centre, middle, values) > SQUARE_MEDIAN)
            low = middle;
        else
            high = middle;
    }
    free(values);
    return high;
}

/* The median of the others, and how far that may be off: of n normals 1.57 / n. */
static struct shift begin_at(const struct shift *shifts, size_t count, size_t without,
                             double dispersion)
{
    double *values = mem_array(count, sizeof(*values));
    size_t n = 0;

    for (size_t i = 0; i < count; i++)
        if (i != without)
            values[n++] = shifts[i].difference;
    struct shift centre = {median(values, n), 0, 1};
    n = 0;
    for (size_t i = 0; i < count; i++)
        if (i != without)
            values[n++] = shifts[i].variance;
    centre.variance = M_PI_2 * (median(values, n) + dispersion) / (double)n;
    free(values);
    return centre;
}

/* 1 at the centre, 0 from BISQUARE deviations on (Beaton and Tukey 1974). */
static double bisquare(const struct shift *shift, const struct shift *centre,
                       double dispersion)
{
    double off = shift->difference - centre->difference;
    double square = off * off / (shift->variance + dispersion + centre->variance);
    double left = 1 - square / (BISQUARE * BISQUARE);

    return left > 0 ? left * left : 0;
}

static void weigh(const struct shift *shifts, size_t count, size_t without,
                  const struct shift *centre, double dispersion, double *weights)
{
    for (size_t i = 0; i < count; i++)
        weights[i] = i == without
                         ? 0
                         : shifts[i].trust * bisquare(&shifts[i], centre, dispersion) /
                               (shifts[i].variance + dispersion);
    balance(weights, count);
}

static struct shift weighted_mean(const struct shift *shifts, size_t count,
                                  double dispersion, const double *weights)
{
    struct shift mean = {0, 0, 1};

    for (size_t i = 0; i < count; i++) {
        mean.difference += weights[i] * shifts[i].difference;
        mean.variance += weights[i] * weights[i] * (shifts[i].variance + dispersion);
    }
    return mean;
}

/* The robust variance of a weighted mean, as far as it is above that of its parts. */
static void find_excess(struct common_mode *common, const struct shift *shifts,
                        size_t count, const double *weights)
{
    double found = 0, expected = 0, squares = 0;

    for (size_t i = 0; i < count; i++) {
        double square = weights[i] * weights[i];
        double off = shifts[i].difference - common->difference;
        found += square * off * off / (1 - weights[i]);
        expected += square * shifts[i].variance;
        squares += square;
    }
    common->excess = fmax(found - expected, 0);
    common->excess_df = squares > 0 ? fmax(1 / squares - 1, 1) : 1;
}

struct common_mode common_mode(const struct shift *shifts, size_t count, size_t without,
                               double *weights)
{
    struct common_mode common = {.dispersion = dispersion_of(shifts, count, without)};
    struct shift centre = begin_at(shifts, count, without, common.dispersion);

    for (unsigned round = 0; round < ROUNDS; round++) {
        weigh(shifts, count, without, &centre, common.dispersion, weights);
        centre = weighted_mean(shifts, count, common.dispersion, weights);
    }
    common.difference = centre.difference;
    find_excess(&common, shifts, count, weights);
    return common;
}

void common_mode_distrust(struct shift *shifts, size_t count)
{
    double *weights = mem_array(count, sizeof(*weights));
    double *trusts = mem_array(count, sizeof(*trusts));

    for (size_t i = 0; i < count; i++) {
        struct common_mode common = common_mode(shifts, count, i, weights);
        struct shift centre = weighted_mean(shifts, count, common.dispersion, weights);
        trusts[i] = bisquare(&shifts[i], &centre, common.dispersion);
    }
    for (size_t i = 0; i < count; i++)
        shifts[i].trust = fmin(shifts[i].trust, trusts[i]);
    free(trusts);
    free(weights);
}
