/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Gauges: numbers that an application reports by name (queue length, cache hits), kept as
 * count, smallest, largest, last and exact sum, and the same over at most 64 stretches of
 * time. Sums of floating-point numbers depend on their order, so this one is kept whole:
 * every double is an integer times 2^-1074 (Kulisch's long accumulator). Some hundred
 * names, a few values a second each.
 */
#ifndef SUMMARY_GAUGE_VALUES_H
#define SUMMARY_GAUGE_VALUES_H

#include <stddef.h>
#include <stdint.h>

#include "src/base/map.h"
#include "summary.h"

enum {
    GAUGES_MAX = 1000,      /* names; values of further ones are only counted */
    GAUGE_SLOTS = 64,       /* stretches of time with values */
    GAUGE_SHIFT_FIRST = 30, /* a stretch is 2^shift ns: at first about a second */
    GAUGE_LIMBS = 34        /* 64 bits each: 2098 of a double and 64 for the count */
};

/* Two's complement, least significant limb first. */
struct exact_sum {
    uint64_t limbs[GAUGE_LIMBS];
};
/* value is finite. */
void exact_sum_add(struct exact_sum *sum, double value);
void exact_sum_merge(struct exact_sum *to, const struct exact_sum *from);
/* The sum divided by count, rounded to some 50 bits. */
double exact_sum_mean(const struct exact_sum *sum, uint64_t count);

/* A stretch of time: UTC [id, id + 1) << shift. */
struct gauge_slot {
    int64_t id;
    uint64_t count;
    double min, max;
    double last; /* of the latest moment, of equal moments the largest */
    int64_t last_utc_ns;
};

struct gauge {
    struct gauge_slot all; /* id 0 */
    int64_t first_utc_ns;
    struct exact_sum sum;
    unsigned shift; /* the smallest from GAUGE_SHIFT_FIRST that leaves <= GAUGE_SLOTS */
    struct gauge_slot *slots; /* ascending ids */
    size_t slot_count;
};

struct gauges {
    struct map names;
    struct gauge *gauges; /* by number of the name */
    size_t room;
    uint64_t folded;     /* values of names beyond GAUGES_MAX */
    uint64_t not_finite; /* values that are no numbers: left out */
};

void gauges_init(struct gauges *gauges);
void gauges_release(struct gauges *gauges);
void gauges_add(struct gauges *gauges, struct name name, int64_t utc_ns, double value);
void gauges_merge(struct gauges *to, const struct gauges *from);

struct str;
struct unpacking;
void gauges_pack(const struct gauges *gauges, struct str *out);
void gauges_unpack(struct gauges *gauges, struct unpacking *in);

#endif
