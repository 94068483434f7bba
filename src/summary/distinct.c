/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "distinct.h"

#include <math.h>
#include <stdlib.h>

#include "src/base/mem.h"
#include "src/base/vec.h"

void distinct_init(struct distinct *distinct)
{
    *distinct = (struct distinct){0};
}

void distinct_release(struct distinct *distinct)
{
    free(distinct->hashes);
    free(distinct->registers);
    distinct_init(distinct);
}

/* The first bits choose the register, the others' leading zeros give the rank. */
static void count_rank(uint8_t *registers, uint64_t hash)
{
    uint64_t rest = hash << DISTINCT_BITS;
    int rank = rest ? __builtin_clzll(rest) + 1 : DISTINCT_RANK_MAX;
    uint8_t *at = &registers[hash >> (64 - DISTINCT_BITS)];
    if (rank > *at)
        *at = (uint8_t)rank;
}

static void make_registers(struct distinct *distinct)
{
    if (distinct->registers)
        return;
    distinct->registers = mem_array(DISTINCT_REGISTERS, 1);
    for (size_t i = 0; i < distinct->count; i++)
        count_rank(distinct->registers, distinct->hashes[i]);
    free(distinct->hashes);
    distinct->hashes = NULL;
    distinct->count = distinct->room = 0;
}

void distinct_add(struct distinct *distinct, uint64_t hash)
{
    if (distinct->registers) {
        count_rank(distinct->registers, hash);
        return;
    }
    size_t low = 0, high = distinct->count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (distinct->hashes[middle] < hash)
            low = middle + 1;
        else
            high = middle;
    }
    if (low < distinct->count && distinct->hashes[low] == hash)
        return;
    distinct->hashes = vec_room(distinct->hashes, &distinct->room, distinct->count + 1,
                                sizeof(*distinct->hashes));
    vec_hole(distinct->hashes, distinct->count++, low, sizeof(*distinct->hashes));
    distinct->hashes[low] = hash;
    if (distinct->count > DISTINCT_EXACT)
        make_registers(distinct);
}

void distinct_merge(struct distinct *to, const struct distinct *from)
{
    if (!from->registers) {
        for (size_t i = 0; i < from->count; i++)
            distinct_add(to, from->hashes[i]);
        return;
    }
    make_registers(to);
    for (size_t i = 0; i < DISTINCT_REGISTERS; i++)
        if (from->registers[i] > to->registers[i])
            to->registers[i] = from->registers[i];
}

/* Ertl's sigma: what the empty registers say. */
static double sigma(double x)
{
    double y = 1, sum = x, before = 0;
    if (x == 1)
        return INFINITY;
    for (int i = 0; i < 64 && sum != before; i++) {
        x *= x;
        before = sum;
        sum += x * y;
        y += y;
    }
    return sum;
}

/* Ertl's tau: what the full registers say. */
static double tau(double x)
{
    if (x == 0 || x == 1)
        return 0;
    double y = 1, sum = 1 - x, before = 0;
    for (int i = 0; i < 64 && sum != before; i++) {
        x = sqrt(x);
        before = sum;
        y /= 2;
        sum -= (1 - x) * (1 - x) * y;
    }
    return sum / 3;
}

double distinct_estimate(const struct distinct *distinct, bool *exact)
{
    *exact = !distinct->registers;
    if (*exact)
        return (double)distinct->count;
    const double m = DISTINCT_REGISTERS;
    unsigned ranks[DISTINCT_RANK_MAX + 1] = {0};
    for (size_t i = 0; i < DISTINCT_REGISTERS; i++)
        ranks[distinct->registers[i]]++;
    double z = m * tau(1 - ranks[DISTINCT_RANK_MAX] / m);
    for (int rank = DISTINCT_RANK_MAX - 1; rank >= 1; rank--)
        z = 0.5 * (z + ranks[rank]);
    z += m * sigma(ranks[0] / m);
    return m * m / (2 * log(2) * z);
}

void visitors_release(struct visitors *visitors)
{
    for (size_t i = 0; i < visitors->count; i++)
        for (int dimension = 0; dimension < 2; dimension++)
            distinct_release(&visitors->days[i].values[dimension]);
    free(visitors->days);
    *visitors = (struct visitors){0};
}

/* First day that is not before. */
static size_t lower_bound(const struct visitors *visitors, int32_t day)
{
    size_t low = 0, high = visitors->count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (visitors->days[middle].day < day)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

struct visitors_day *visitors_place(struct visitors *visitors, int32_t day)
{
    size_t at = lower_bound(visitors, day);
    if (at < visitors->count && visitors->days[at].day == day)
        return &visitors->days[at];
    visitors->days = vec_room(visitors->days, &visitors->room, visitors->count + 1,
                              sizeof(*visitors->days));
    vec_hole(visitors->days, visitors->count++, at, sizeof(*visitors->days));
    visitors->days[at] = (struct visitors_day){.day = day};
    return &visitors->days[at];
}

const struct visitors_day *visitors_find(const struct visitors *visitors, int32_t day)
{
    size_t at = lower_bound(visitors, day);
    return at < visitors->count && visitors->days[at].day == day ? &visitors->days[at]
                                                                 : NULL;
}

void visitors_merge(struct visitors *to, const struct visitors *from)
{
    for (size_t i = 0; i < from->count; i++)
        for (int dimension = 0; dimension < 2; dimension++)
            distinct_merge(&visitors_place(to, from->days[i].day)->values[dimension],
                           &from->days[i].values[dimension]);
}
