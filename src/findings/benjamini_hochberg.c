/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "benjamini_hochberg.h"

#include <math.h>
#include <stdlib.h>

#include "src/base/mem.h"

struct ranked {
    double p;
    size_t index;
};

static int compare(const void *left, const void *right)
{
    const struct ranked *a = left, *b = right;

    if (a->p != b->p)
        return a->p < b->p ? -1 : 1;
    return (a->index > b->index) - (a->index < b->index);
}

static size_t rank(const double *p, size_t count, struct ranked *ranked)
{
    size_t known = 0;

    for (size_t i = 0; i < count; i++)
        if (!isnan(p[i]))
            ranked[known++] = (struct ranked){p[i], i};
    qsort(ranked, known, sizeof(*ranked), compare);
    return known;
}

size_t benjamini_hochberg(const double *p, size_t count, double *adjusted)
{
    struct ranked *ranked = mem_array(count, sizeof(*ranked));
    size_t known = rank(p, count, ranked);
    double least = 1;

    for (size_t i = 0; i < count; i++)
        adjusted[i] = NAN;
    for (size_t i = known; i-- > 0;) {
        double here = ranked[i].p * (double)known / (double)(i + 1);
        least = here < least ? here : least;
        adjusted[ranked[i].index] = least;
    }
    free(ranked);
    return known;
}

double benjamini_hochberg_cut(const double *p, size_t count, double rate)
{
    struct ranked *ranked = mem_array(count, sizeof(*ranked));
    size_t known = rank(p, count, ranked);
    double cut = known ? rate / (double)known : rate;

    for (size_t i = known; i-- > 0;)
        if (ranked[i].p <= rate * (double)(i + 1) / (double)known) {
            cut = fmax(cut, ranked[i].p);
            break;
        }
    free(ranked);
    return cut;
}

static double least_of(const double *values, size_t count)
{
    double least = NAN;

    for (size_t i = 0; i < count; i++)
        least = fmin(least, values[i]); /* of a number and NAN the number */
    return least;
}

static size_t count_up_to(const double *values, size_t count, double limit)
{
    size_t below = 0;

    for (size_t i = 0; i < count; i++)
        below += values[i] <= limit;
    return below;
}

/* The least adjusted p of a family is its p by Simes. */
size_t benjamini_bogomolov(const double *p, const size_t *sizes, size_t families,
                           double rate, double *adjusted, double *cuts)
{
    double *combined = mem_array(families, sizeof(*combined));
    double *family = mem_array(families, sizeof(*family));
    size_t questions = 0, at = 0;

    for (size_t f = 0; f < families; at += sizes[f++]) {
        questions += benjamini_hochberg(p + at, sizes[f], adjusted + at);
        combined[f] = least_of(adjusted + at, sizes[f]);
    }
    size_t known = benjamini_hochberg(combined, families, family);
    size_t selected = count_up_to(family, families, rate);
    double share = (double)(selected ? selected : 1) / (double)(known ? known : 1);
    at = 0;
    for (size_t f = 0; f < families; at += sizes[f++]) {
        cuts[f] = benjamini_hochberg_cut(p + at, sizes[f], rate * share);
        for (size_t i = at; i < at + sizes[f]; i++)
            if (!isnan(adjusted[i]))
                adjusted[i] = fmin(fmax(family[f], adjusted[i] / share), 1);
    }
    free(combined);
    free(family);
    return questions;
}
