/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How often the watcher may look: it takes 1 % of a core at most, whatever is in flight.
 * From what ticks and samples took of the processor lately follow the profile's rate, how
 * many of a crowd a tick samples, and how many samples of outliers there may be between
 * ticks. Where both are wanted each has half.
 *
 * Of a crowd first the rate falls, to ten ticks a second (below that a spike would be
 * missed), then a tick samples some requests, drawn by lot, for all. The rate follows the
 * mean of a second: if it followed the moment, what came after a crowd would be left out.
 *
 * Workload: one thread, 10 to 1000 looks a second.
 */
#ifndef FMD_PACE_H
#define FMD_PACE_H

#include <stdbool.h>
#include <stdint.h>

struct fmd__pace {
    uint64_t wanted_ns, interval_ns; /* of ticks: as configured, as it is now */
    uint64_t tick_ns, sample_ns; /* processor time: of a tick but for samples; of one */
    uint64_t waking_ns;          /* of looks since the tick that were for the next one */
    uint64_t since_ns, ticks, flights; /* of this second: ticks that found flights */
    uint64_t crowd;                    /* flights at a tick, mean of the last second */
    int64_t credit_ns; /* processor time that looks between ticks may take */
    uint64_t credited_ns;
    uint64_t random;
};

/* What a look was. Processor times are of the watcher's thread. */
struct fmd__look {
    uint64_t now_ns;
    uint64_t wake_cpu_ns;    /* from the end of the look before to the first sample */
    uint64_t samples_cpu_ns; /* from there to the end of this one */
    uint32_t flights;        /* at level 3 */
    uint32_t profile_samples, outlier_samples;
    bool is_tick, has_outliers; /* has: as far as the last look saw */
};

void fmd__pace_open(struct fmd__pace *pace, uint64_t wanted_ns, uint64_t now_ns);
/* It may have been configured anew. */
void fmd__pace_want(struct fmd__pace *pace, uint64_t wanted_ns);
/* How many of so many flights this tick samples: one at least. */
uint32_t fmd__pace_of_tick(const struct fmd__pace *pace, uint32_t flights,
                           bool has_outliers);
/* How many outliers this look may sample. */
uint32_t fmd__pace_of_outliers(struct fmd__pace *pace, const struct fmd__look *look);
/* Moves a random choice of so many to the front. */
void fmd__pace_draw(struct fmd__pace *pace, uint16_t *of, uint32_t count,
                    uint32_t wanted);
/* After each look. Returns when the next may be, but for ticks: now, unless the credit is
 * used up. */
uint64_t fmd__pace_looked(struct fmd__pace *pace, const struct fmd__look *look);

#endif
