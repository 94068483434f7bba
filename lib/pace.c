/* SPDX-License-Identifier: Apache-2.0 */
/* See pace.h. */
#include "pace.h"

#define US UINT64_C(1000)
#define MS UINT64_C(1000000)
#define SECOND UINT64_C(1000000000)
#define PARTS 100u /* of a core: one of them */
#define INTERVAL_MAX_NS (100 * MS)
#define FIRST_GUESS_NS (40 * US)        /* of a tick, of a sample */
#define CREDIT_MAX_NS INT64_C(10000000) /* that of a second */
#define REST_NS (50 * MS)               /* when the credit is used up */

/* A mean of the last eight or so. The first samples of a process meet pages and code
 * objects that no later one does, so no value counts for more than four times the mean.
 */
static void follow(uint64_t *mean, uint64_t value)
{
    if (value > 4 * *mean)
        value = 4 * *mean;
    *mean = (7 * *mean + value) / 8 + 1;
}

void fmd__pace_open(struct fmd__pace *pace, uint64_t wanted_ns, uint64_t now_ns)
{
    *pace = (struct fmd__pace){.wanted_ns = wanted_ns,
                               .interval_ns = wanted_ns,
                               .tick_ns = FIRST_GUESS_NS,
                               .sample_ns = FIRST_GUESS_NS,
                               .crowd = 1,
                               .credit_ns = CREDIT_MAX_NS,
                               .credited_ns = now_ns,
                               .random = now_ns};
}

static uint64_t parts(bool has_outliers)
{
    return has_outliers ? 2 * PARTS : PARTS;
}

static void plan(struct fmd__pace *pace, bool has_outliers)
{
    uint64_t least = pace->wanted_ns;
    uint64_t most = least > INTERVAL_MAX_NS ? least : INTERVAL_MAX_NS;
    uint64_t fair = (pace->tick_ns + pace->crowd * pace->sample_ns) * parts(has_outliers);

    pace->interval_ns = fair < least ? least : fair > most ? most : fair;
}

void fmd__pace_want(struct fmd__pace *pace, uint64_t wanted_ns)
{
    if (wanted_ns == pace->wanted_ns)
        return;
    pace->wanted_ns = wanted_ns;
    plan(pace, false);
}

uint32_t fmd__pace_of_tick(const struct fmd__pace *pace, uint32_t flights,
                           bool has_outliers)
{
    uint64_t budget = pace->interval_ns / parts(has_outliers), affordable = 1;

    if (budget > pace->tick_ns + pace->sample_ns)
        affordable = (budget - pace->tick_ns) / pace->sample_ns;
    return affordable < flights ? (uint32_t)affordable : flights;
}

uint32_t fmd__pace_of_outliers(struct fmd__pace *pace, const struct fmd__look *look)
{
    pace->credit_ns +=
        (int64_t)((look->now_ns - pace->credited_ns) / parts(look->flights != 0));
    pace->credited_ns = look->now_ns;
    if (pace->credit_ns > CREDIT_MAX_NS)
        pace->credit_ns = CREDIT_MAX_NS;
    return pace->credit_ns > 0 ? (uint32_t)((uint64_t)pace->credit_ns / pace->sample_ns)
                               : 0;
}

/* SplitMix64. */
static uint64_t next_random(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

void fmd__pace_draw(struct fmd__pace *pace, uint16_t *of, uint32_t count, uint32_t wanted)
{
    for (uint32_t i = 0; i < wanted && i + 1 < count; i++) {
        uint32_t chosen = i + (uint32_t)(next_random(&pace->random) % (count - i));
        uint16_t moved = of[i];

        of[i] = of[chosen];
        of[chosen] = moved;
    }
}

/* What a look took for outliers, or for deadlines where no tick was due. */
static uint64_t taken(const struct fmd__look *look)
{
    uint32_t samples = look->profile_samples + look->outlier_samples;
    bool between = !look->is_tick && (look->has_outliers || !look->flights);
    uint64_t wake = between ? look->wake_cpu_ns : 0;

    if (samples)
        return wake + look->samples_cpu_ns * look->outlier_samples / samples;
    return between ? wake + look->samples_cpu_ns : 0;
}

static void count_flights(struct fmd__pace *pace, const struct fmd__look *look)
{
    if (look->flights == 0)
        return;
    if (pace->ticks == 0)
        pace->since_ns = look->now_ns;
    pace->ticks++;
    pace->flights += look->flights;
    if (look->now_ns < pace->since_ns + SECOND)
        return;
    pace->crowd = (pace->flights + pace->ticks / 2) / pace->ticks;
    pace->ticks = pace->flights = 0;
}

uint64_t fmd__pace_looked(struct fmd__pace *pace, const struct fmd__look *look)
{
    uint32_t samples = look->profile_samples + look->outlier_samples;

    pace->credit_ns -= (int64_t)taken(look);
    if (samples)
        follow(&pace->sample_ns, look->samples_cpu_ns / samples);
    if (look->is_tick) {
        follow(&pace->tick_ns, pace->waking_ns + look->wake_cpu_ns +
                                   (samples ? 0 : look->samples_cpu_ns));
        pace->waking_ns = 0;
        count_flights(pace, look);
        plan(pace, look->has_outliers);
    } else if (look->flights && !look->has_outliers) {
        pace->waking_ns += look->wake_cpu_ns + look->samples_cpu_ns;
    }
    return look->now_ns + (pace->credit_ns < (int64_t)pace->sample_ns ? REST_NS : 0);
}
