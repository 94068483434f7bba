/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "testdata/cmocka_tests.h"

#include <math.h>

#include "histogram.h"
#include "src/base/mem.h"

static uint64_t seed;

static double uniform(void)
{
    seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return ((double)(seed >> 11) + 0.5) / 9007199254740992.0;
}

static double normal(void)
{
    return sqrt(-2 * log(uniform())) * cos(2 * 3.14159265358979 * uniform());
}

/* Durations in ms of 20 kinds of endpoint. */
static double shaped_ms(int shape)
{
    double u = uniform();
    switch (shape) {
    case 0:
        return exp(normal() * 0.1) * 5;
    case 1:
        return exp(normal() * 0.5) * 5;
    case 2:
        return exp(normal()) * 5;
    case 3:
        return exp(normal() * 2) * 5;
    case 4:
        return -log(u) * 20;
    case 5:
        return pow(u, -1 / 1.5); /* Pareto */
    case 6:
        return pow(u, -1 / 3.0);
    case 7:
        return 1 + u; /* uniform */
    case 8:
        return u * 1000;
    case 9:
        return u < 0.5 ? exp(normal() * 0.2) * 2 : exp(normal() * 0.2) * 80;
    case 10:
        return u < 0.9 ? exp(normal() * 0.3) : exp(normal() * 0.3) * 30;
    case 11:
        return u < 0.99 ? exp(normal() * 0.2) * 4 : exp(normal() * 0.4) * 400;
    case 12:
        return 50 + fabs(normal()) * 3; /* a fixed wait and some work */
    case 13:
        return u < 0.3 ? 0.02 + uniform() * 0.001 : exp(normal()) * 10; /* cached */
    case 14:
        return pow(-log(u), 2) * 5; /* Weibull, 1/2 */
    case 15:
        return pow(-log(u), 1 / 3.0) * 5;
    case 16:
        return exp(normal() * 0.05) * 1e-3; /* microseconds */
    case 17:
        return exp(normal() * 0.8) * 30000; /* half a minute */
    case 18:
        return exp(normal() * 0.3) * 2 * (1 + 9 * (u < 0.05));
    default:
        return (-log(uniform()) - log(uniform()) - log(uniform())) * 7; /* Erlang */
    }
}

static int ascending(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

/* Type 7 of Hyndman and Fan (1996), from the sorted values. */
static double sorted_quantile(const uint64_t *sorted, size_t count, double p)
{
    double rank = p * (double)(count - 1);
    size_t low = (size_t)rank;
    double next = (double)sorted[low + 1 < count ? low + 1 : low];
    return (double)sorted[low] + (rank - (double)low) * (next - (double)sorted[low]);
}

/* Mean relative error of a quantile over the 20 shapes, and the largest in *largest. */
static double mean_error(unsigned bits, double p, double *largest)
{
    enum { COUNT = 100000 };
    uint64_t *values = mem_array(COUNT, sizeof(*values));
    double sum = 0;
    *largest = 0;
    for (int shape = 0; shape < 20; shape++) {
        struct histogram histogram;
        histogram_init(&histogram, bits);
        seed = (uint64_t)shape + 1;
        for (int i = 0; i < COUNT; i++) {
            values[i] = (uint64_t)(shaped_ms(shape) * 1e6);
            histogram_add(&histogram, values[i]);
        }
        qsort(values, COUNT, sizeof(*values), ascending);
        double exact = sorted_quantile(values, COUNT, p);
        double error = fabs(histogram_quantile_ns(&histogram, p) / exact - 1);
        sum += error;
        *largest = error > *largest ? error : *largest;
        histogram_release(&histogram);
    }
    free(values);
    return sum / 20;
}

TEST(fine_quantiles_of_20_shapes_are_as_near_to_sorting_as_promised)
{
    double largest;
    assert_true(mean_error(HISTOGRAM_FINE, 0.50, &largest) < 0.0005);
    assert_true(largest < 1 / 128.0);
    assert_true(mean_error(HISTOGRAM_FINE, 0.99, &largest) < 0.0015);
    assert_true(largest < 1 / 128.0);
    assert_true(mean_error(HISTOGRAM_FINE, 0.999, &largest) < 0.0055);
    assert_true(largest < 0.02); /* neighbours of a rank can lie that far apart */
}

TEST(coarse_quantiles_too)
{
    double largest;
    assert_true(mean_error(HISTOGRAM_COARSE, 0.50, &largest) < 0.003);
    assert_true(largest < 1 / 16.0);
    assert_true(mean_error(HISTOGRAM_COARSE, 0.99, &largest) < 0.0072);
    assert_true(largest < 1 / 16.0);
    assert_true(mean_error(HISTOGRAM_COARSE, 0.999, &largest) < 0.013);
    assert_true(largest < 1 / 16.0);
}

TEST(every_duration_lies_between_the_edges_of_its_bucket)
{
    for (unsigned bits = 0; bits <= 7; bits++)
        for (uint64_t base = 1; base <= HISTOGRAM_MAX_NS; base *= 2)
            for (int64_t off = -2; off <= 2; off++) {
                uint64_t ns = base + (uint64_t)off;
                if (ns > HISTOGRAM_MAX_NS)
                    continue;
                unsigned bucket = histogram_bucket(bits, ns);
                assert_true(histogram_low_ns(bits, bucket) <= ns);
                assert_true(ns < histogram_high_ns(bits, bucket));
            }
}

TEST(buckets_follow_each_other_without_a_gap_and_are_narrow)
{
    for (unsigned bits = 0; bits <= 7; bits++)
        for (unsigned bucket = 0; bucket < (unsigned)HISTOGRAM_PAGES << bits; bucket++) {
            uint64_t low = histogram_low_ns(bits, bucket);
            uint64_t high = histogram_high_ns(bits, bucket);
            assert_true(low < high);
            if (low > HISTOGRAM_MAX_NS)
                continue;
            assert_int_equal(histogram_bucket(bits, low), bucket);
            if (bucket >> bits && high <= HISTOGRAM_MAX_NS) {
                assert_int_equal(histogram_bucket(bits, high - 1), bucket);
                assert_true((high - low) << bits <= low);
            }
        }
}

TEST(coarse_buckets_hold_whole_fine_buckets)
{
    struct histogram fine, coarse, merged;
    histogram_init(&fine, HISTOGRAM_FINE);
    histogram_init(&coarse, HISTOGRAM_COARSE);
    histogram_init(&merged, HISTOGRAM_COARSE);
    seed = 5;
    for (int i = 0; i < 10000; i++) {
        uint64_t ns = (uint64_t)exp(uniform() * 33);
        histogram_add(&fine, ns);
        histogram_add(&coarse, ns);
    }
    histogram_merge(&merged, &fine);
    for (unsigned i = 0; i < HISTOGRAM_COARSE_BUCKETS; i++)
        assert_int_equal(histogram_at(&merged, i), histogram_at(&coarse, i));
    histogram_release(&fine);
    histogram_release(&coarse);
    histogram_release(&merged);
}

TEST(ranks_and_counts_from_a_bucket_agree_with_the_sum)
{
    struct histogram histogram;
    histogram_init(&histogram, HISTOGRAM_FINE);
    seed = 9;
    for (int i = 0; i < 5000; i++)
        histogram_add(&histogram, (uint64_t)(shaped_ms(2) * 1e6));
    assert_int_equal(histogram_total(&histogram), 5000);
    for (uint64_t rank = 1; rank <= 5000; rank += 7) {
        uint64_t before;
        unsigned bucket = histogram_rank_bucket(&histogram, rank, &before);
        assert_true(before < rank);
        assert_true(before + histogram_at(&histogram, bucket) >= rank);
        assert_int_equal(histogram_count_from(&histogram, bucket), 5000 - before);
    }
    histogram_release(&histogram);
}

TEST(an_empty_histogram_has_no_quantile_and_no_memory)
{
    struct histogram histogram;
    histogram_init(&histogram, HISTOGRAM_FINE);
    assert_true(histogram_quantile_ns(&histogram, 0.5) == 0);
    assert_int_equal(histogram_total(&histogram), 0);
    assert_int_equal(histogram_at(&histogram, 100), 0);
    assert_null(histogram.counts);
}

TEST(durations_of_0_and_of_more_than_a_day_have_buckets)
{
    struct histogram histogram;
    histogram_init(&histogram, HISTOGRAM_FINE);
    histogram_add(&histogram, 0);
    histogram_add(&histogram, UINT64_MAX);
    assert_int_equal(histogram_at(&histogram, 0), 1);
    assert_int_equal(
        histogram_at(&histogram, histogram_bucket(HISTOGRAM_FINE, HISTOGRAM_MAX_NS)), 1);
    assert_true(histogram_bucket(HISTOGRAM_FINE, UINT64_MAX) < HISTOGRAM_FINE_BUCKETS);
    histogram_release(&histogram);
}

TEST(a_count_stays_at_its_largest)
{
    struct histogram a, b;
    histogram_init(&a, HISTOGRAM_COARSE);
    histogram_init(&b, HISTOGRAM_COARSE);
    histogram_add(&a, 1000);
    histogram_add(&b, 1000);
    unsigned bucket = histogram_bucket(HISTOGRAM_COARSE, 1000);
    a.counts[bucket - histogram_begin(&a)] = UINT32_MAX - 1;
    histogram_add(&a, 1000);
    histogram_add(&a, 1000);
    histogram_merge(&b, &a);
    assert_int_equal(histogram_at(&a, bucket), UINT32_MAX);
    assert_int_equal(histogram_at(&b, bucket), UINT32_MAX);
    histogram_release(&a);
    histogram_release(&b);
}
