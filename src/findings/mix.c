/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "mix.h"

#include <math.h>
#include <stdlib.h>

enum { CLASSES = 8, STRATA_MOST = 64, RATE_LEAST = 5 };

static struct mix_class class_of(const struct histogram *older,
                                 const struct histogram *newer, unsigned bucket)
{
    return (struct mix_class){
        (double)histogram_total(older), (double)histogram_count_from(older, bucket),
        (double)histogram_total(newer), (double)histogram_count_from(newer, bucket)};
}

void mix_class_add(struct mix_class *to, const struct mix_class *from)
{
    to->older += from->older;
    to->older_beyond += from->older_beyond;
    to->newer += from->newer;
    to->newer_beyond += from->newer_beyond;
}

/* What the formulas speak of: of side v and class c. */
struct rates {
    double share[2], rate[2];
    double weight[2]; /* of each side's rate in the mean of both */
    double mean;
};

static double rate(double beyond, double requests)
{
    return requests > 0 ? beyond / requests : 0;
}

static struct rates rates_of(const struct mix_class *c, const struct mix_class *all)
{
    struct rates rates = {
        {rate(c->older, all->older), rate(c->newer, all->newer)},
        {rate(c->older_beyond, c->older), rate(c->newer_beyond, c->newer)},
        {c->older >= RATE_LEAST, c->newer >= RATE_LEAST},
        0};
    double known = rates.weight[0] + rates.weight[1];

    for (unsigned v = 0; known > 0 && v < 2; v++) {
        rates.weight[v] /= known;
        rates.mean += rates.weight[v] * rates.rate[v];
    }
    return rates;
}

static struct mix_class sum_of(const struct mix_class *classes, unsigned count)
{
    struct mix_class all = {0};

    for (unsigned i = 0; i < count; i++)
        mix_class_add(&all, &classes[i]);
    return all;
}

double mix_shift_of_classes(const struct mix_class *classes, unsigned count)
{
    struct mix_class all = sum_of(classes, count);
    double shift = 0;

    if (all.older == 0 || all.newer == 0)
        return 0;
    for (unsigned i = 0; i < count; i++) {
        struct rates rates = rates_of(&classes[i], &all);
        shift += (rates.share[1] - rates.share[0]) * rates.mean;
    }
    return shift;
}

/* Variance of the part from one side's requests: the mean square of their influence. */
static double variance_of_side(const struct mix_class *classes, unsigned count,
                               const struct mix_class *all, unsigned v, double part)
{
    double sign = v ? 1 : -1, mean = 0, square = 0;
    double whole =
        v ? rate(all->newer_beyond, all->newer) : rate(all->older_beyond, all->older);

    for (unsigned i = 0; i < count; i++) {
        struct rates rates = rates_of(&classes[i], all);
        mean += rates.share[v] * rates.mean;
    }
    for (unsigned i = 0; i < count; i++) {
        struct rates rates = rates_of(&classes[i], all);
        double r = rates.rate[v];
        for (int slow = 0; rates.share[v] > 0 && slow < 2; slow++) {
            double influence = sign * (rates.mean - mean) +
                               (rates.share[1] - rates.share[0]) * rates.weight[v] *
                                   (slow - r) / rates.share[v] -
                               part * sign * (slow - whole);
            square += rates.share[v] * (slow ? r : 1 - r) * influence * influence;
        }
    }
    return square / (v ? all->newer : all->older);
}

struct mix_part mix_part_of_classes(const struct mix_class *classes, unsigned count)
{
    struct mix_class all = sum_of(classes, count);
    struct mix_part part = {mix_shift_of_classes(classes, count), NAN, NAN};
    double whole = rate(all.newer_beyond, all.newer) - rate(all.older_beyond, all.older);

    if (all.older == 0 || all.newer == 0 || whole == 0)
        return part;
    part.part = part.shift / whole;
    part.error = sqrt(variance_of_side(classes, count, &all, 0, part.part) +
                      variance_of_side(classes, count, &all, 1, part.part)) /
                 fabs(whole);
    return part;
}

double mix_shift(const struct histogram *older, const struct histogram *newer,
                 unsigned count, unsigned bucket)
{
    struct mix_class classes[STRATA_MOST];

    for (unsigned i = 0; i < count; i++)
        classes[i] = class_of(&older[i], &newer[i], bucket);
    return mix_shift_of_classes(classes, count);
}

static double rate_of(const struct mix_class *c)
{
    double requests = c->older + c->newer;
    return requests > 0 ? (c->older_beyond + c->newer_beyond) / requests : 0;
}

static int compare_rates(const void *left, const void *right)
{
    double a = rate_of(left), b = rate_of(right);

    return (a > b) - (a < b);
}

struct mix_part mix_part_of_strata(const struct histogram *older,
                                   const struct histogram *newer, unsigned count,
                                   unsigned bucket)
{
    struct mix_class strata[STRATA_MOST] = {{0}}, classes[CLASSES] = {{0}};
    double total = 0, before = 0;

    for (unsigned i = 0; i < count; i++) {
        strata[i] = class_of(&older[i], &newer[i], bucket);
        total += strata[i].older + strata[i].newer;
    }
    qsort(strata, count, sizeof(*strata), compare_rates);
    for (unsigned i = 0; total > 0 && i < count; i++) {
        double here = strata[i].older + strata[i].newer;
        unsigned class = (unsigned)((before + here / 2) / total * CLASSES);
        mix_class_add(&classes[class < CLASSES ? class : CLASSES - 1], &strata[i]);
        before += here;
    }
    return mix_part_of_classes(classes, CLASSES);
}
