/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "mix.h"

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

double mix_shift_of_classes(const struct mix_class *classes, unsigned count)
{
    struct mix_class all = {0};
    double shift = 0;

    for (unsigned i = 0; i < count; i++)
        mix_class_add(&all, &classes[i]);
    if (all.older == 0 || all.newer == 0)
        return 0;
    for (unsigned i = 0; i < count; i++) {
        const struct mix_class *c = &classes[i];
        double rates = 0;
        unsigned known = 0;
        if (c->older >= RATE_LEAST && ++known)
            rates += c->older_beyond / c->older;
        if (c->newer >= RATE_LEAST && ++known)
            rates += c->newer_beyond / c->newer;
        if (known)
            shift += (c->newer / all.newer - c->older / all.older) * rates / known;
    }
    return shift;
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

double mix_shift_of_strata(const struct histogram *older, const struct histogram *newer,
                           unsigned count, unsigned bucket)
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
    return mix_shift_of_classes(classes, CLASSES);
}
