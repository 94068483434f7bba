/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common_mode.h"

#include <math.h>
#include <stdlib.h>

#include "src/base/mem.h"

#define CLIP_DEVIATIONS 2
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

/* Centre and reach of the differences that count. */
static void robust_range(const struct shift *shifts, size_t count, size_t without,
                         double *low, double *high)
{
    double *values = mem_array(count, sizeof(*values));
    size_t n = 0;

    for (size_t i = 0; i < count; i++)
        if (i != without)
            values[n++] = shifts[i].difference;
    double centre = median(values, n);
    for (size_t i = 0; i < n; i++)
        values[i] = fabs(values[i] - centre);
    double deviation = 1.4826 * median(values, n);
    n = 0;
    for (size_t i = 0; i < count; i++)
        if (i != without)
            values[n++] = sqrt(shifts[i].variance);
    deviation = fmax(deviation, median(values, n));
    *low = centre - CLIP_DEVIATIONS * deviation;
    *high = centre + CLIP_DEVIATIONS * deviation;
    free(values);
}

/* To sum 1, none above WEIGHT_MOST: what is cut off goes to the others in proportion;
 * that may lift the next above it, twice at most, since three thirds are all. */
static void balance(double *weights, size_t count)
{
    double sum = 0;

    for (size_t i = 0; i < count; i++)
        sum += weights[i];
    for (size_t i = 0; i < count; i++)
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
}

void common_mode(const struct shift *shifts, size_t count, size_t without,
                 double *weights, double *clipped)
{
    double low, high;

    robust_range(shifts, count, without, &low, &high);
    for (size_t i = 0; i < count; i++) {
        weights[i] = i == without ? 0 : 1 / shifts[i].variance;
        clipped[i] = fmin(fmax(shifts[i].difference, low), high);
    }
    balance(weights, count);
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

double common_mode_dispersion(const struct shift *shifts, size_t count, size_t without)
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
