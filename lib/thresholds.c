/* SPDX-License-Identifier: Apache-2.0 */
/* See thresholds.h. */
#include "thresholds.h"

#include "pages.h"

#define SUB_BITS 5u /* 32 bins an octave: 3 % wide */
#define LOWEST 10u  /* 2^10 ns is the end of the first bin */
#define HALVE_AT 65536u
#define POINTER_BYTES sizeof(void *)
#define CEILING_NS 1e9
#define CEILING_RATIO 10.0

_Atomic uint64_t fmd__threshold_table[FMD__ENDPOINTS_MAX + 1];

static uint32_t bin_of(uint64_t ns)
{
    uint32_t octave, bin;

    if (ns < UINT64_C(1) << LOWEST)
        return 0;
    octave = 63u - (uint32_t)__builtin_clzll(ns);
    bin = ((octave - LOWEST) << SUB_BITS) +
          (uint32_t)((ns >> (octave - SUB_BITS)) & ((1u << SUB_BITS) - 1));
    return bin < FMD__THRESHOLD_BINS ? bin : FMD__THRESHOLD_BINS - 1;
}

static double bin_start(uint32_t bin)
{
    uint32_t octave = (bin >> SUB_BITS) + LOWEST;
    uint64_t mantissa = (1u << SUB_BITS) + (bin & ((1u << SUB_BITS) - 1));

    return (double)(mantissa << (octave - SUB_BITS));
}

/* Interpolated within its bin. */
static double quantile(const struct fmd__latencies *latencies, double q)
{
    double rank = q * latencies->total, below = 0;
    uint32_t bin = 0;

    while (bin + 1 < FMD__THRESHOLD_BINS && below + latencies->bins[bin] < rank)
        below += latencies->bins[bin++];
    if (latencies->bins[bin] == 0)
        return bin_start(bin);
    return bin_start(bin) +
           (bin_start(bin + 1) - bin_start(bin)) * (rank - below) / latencies->bins[bin];
}

/* exp(log Q90 + 4.015 (log Q90 - log Q75)) is Q90 times the fourth power of their ratio,
 * times its 0.015th, which is near 1: log r is 2 (r - 1) / (r + 1) there. Of a quick
 * endpoint with a long tail that is minutes: a request that hangs until its worker is
 * killed is one long before. */
uint64_t fmd__thresholds_fence(const struct fmd__latencies *latencies)
{
    double q90 = quantile(latencies, 0.90), ratio = q90 / quantile(latencies, 0.75);
    double fence =
        q90 * ratio * ratio * ratio * ratio * (1 + 0.03 * (ratio - 1) / (ratio + 1));
    double ceiling = q90 * CEILING_RATIO > CEILING_NS ? q90 * CEILING_RATIO : CEILING_NS;

    return (uint64_t)(fence < ceiling ? fence : ceiling);
}

static void halve(struct fmd__latencies *latencies)
{
    latencies->total = 0;
    for (uint32_t bin = 0; bin < FMD__THRESHOLD_BINS; bin++) {
        latencies->bins[bin] /= 2;
        latencies->total += latencies->bins[bin];
    }
}

static struct fmd__latencies *latencies_of(struct fmd__thresholds *thresholds,
                                           uint32_t endpoint)
{
    uint32_t room = thresholds->room ? thresholds->room : 512;

    while (room <= endpoint)
        room *= 2;
    if (room != thresholds->room) {
        struct fmd__latencies **grown = fmd__pages_grow(
            thresholds->of, thresholds->room * POINTER_BYTES, room * POINTER_BYTES);

        if (!grown)
            return NULL;
        thresholds->of = grown;
        thresholds->room = room;
    }
    if (!thresholds->of[endpoint])
        thresholds->of[endpoint] = fmd__pages_new(sizeof(struct fmd__latencies));
    return thresholds->of[endpoint];
}

void fmd__thresholds_add(struct fmd__thresholds *thresholds, uint32_t endpoint,
                         uint64_t duration_ns, uint32_t after, uint64_t floor_ns)
{
    struct fmd__latencies *latencies = endpoint > 0 && endpoint <= FMD__ENDPOINTS_MAX
                                           ? latencies_of(thresholds, endpoint)
                                           : NULL;
    uint64_t fence;

    if (!latencies)
        return;
    latencies->bins[bin_of(duration_ns)]++;
    latencies->total++;
    latencies->since++;
    if (latencies->total < after || latencies->since <= latencies->total / 16)
        return;
    fence = fmd__thresholds_fence(latencies);
    atomic_store_explicit(&fmd__threshold_table[endpoint],
                          fence > floor_ns ? fence : floor_ns, memory_order_relaxed);
    latencies->since = 0;
    if (latencies->total >= HALVE_AT)
        halve(latencies);
}

void fmd__thresholds_release(struct fmd__thresholds *thresholds)
{
    for (uint32_t i = 0; i < thresholds->room; i++)
        fmd__pages_free(thresholds->of[i], sizeof(struct fmd__latencies));
    fmd__pages_free(thresholds->of, thresholds->room * POINTER_BYTES);
    thresholds->of = NULL;
    thresholds->room = 0;
}
