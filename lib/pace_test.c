/* SPDX-License-Identifier: Apache-2.0 */
/* The watcher's pace, against a machine of which the costs are known. */
#include "pace.h"
#include "testdata/cmocka_tests.h"

#define US UINT64_C(1000)
#define MS UINT64_C(1000000)
#define SECOND UINT64_C(1000000000)

/* A watcher that has so many flights at level 3, and so many outliers at any level that
 * want to be sampled at every look. */
struct run {
    uint32_t flights, outliers;
    uint64_t tick_cost_ns, sample_cost_ns;
    /* what came of it */
    uint64_t cpu_ns, looks, ticks, profile_samples, outlier_samples;
    double sampled_s; /* samples times what they stand for */
    struct fmd__pace pace;
};

static struct fmd__look look_of(struct run *run, uint64_t now, bool is_tick)
{
    struct fmd__look look = {.now_ns = now,
                             .wake_cpu_ns = run->tick_cost_ns,
                             .flights = run->flights,
                             .is_tick = is_tick,
                             .has_outliers = run->outliers != 0};
    uint32_t may_sample = fmd__pace_of_outliers(&run->pace, &look);

    if (is_tick && run->flights)
        look.profile_samples =
            fmd__pace_of_tick(&run->pace, run->flights, look.has_outliers);
    look.outlier_samples = may_sample < run->outliers ? may_sample : run->outliers;
    look.samples_cpu_ns =
        (look.profile_samples + look.outlier_samples) * run->sample_cost_ns;
    return look;
}

static void count(struct run *run, const struct fmd__look *look)
{
    run->cpu_ns += look->wake_cpu_ns + look->samples_cpu_ns;
    run->looks++;
    run->ticks += look->is_tick;
    run->profile_samples += look->profile_samples;
    run->outlier_samples += look->outlier_samples;
    if (look->profile_samples)
        run->sampled_s += (double)run->pace.interval_ns * run->flights / 1e9;
}

static void run_on(struct run *run, uint64_t seconds)
{
    uint64_t now = 0, tick = run->flights ? run->pace.interval_ns : UINT64_MAX, look_ns;

    while (now < seconds * SECOND) {
        struct fmd__look look = look_of(run, now, now >= tick);

        count(run, &look);
        look_ns = fmd__pace_looked(&run->pace, &look);
        if (look.is_tick)
            tick = now + run->pace.interval_ns;
        if (look_ns < now + 10 * MS)
            look_ns = now + 10 * MS; /* each wants so many samples */
        now = run->outliers && look_ns < tick ? look_ns : tick;
    }
}

static struct run start(uint32_t flights, uint32_t outliers, uint64_t tick_cost_us,
                        uint64_t sample_cost_us)
{
    struct run run = {.flights = flights,
                      .outliers = outliers,
                      .tick_cost_ns = tick_cost_us * US,
                      .sample_cost_ns = sample_cost_us * US};

    fmd__pace_open(&run.pace, 10 * MS, 0);
    return run;
}

static const uint32_t crowds[] = {1, 2, 7, 30, 512};
static const uint64_t costs_us[] = {1, 5, 20, 60, 200};

/* Twenty seconds at 1 % of a core, half a per cent for what was learned first; and the
 * credit of the first second where there are outliers. */
#define MOST_NS (20 * SECOND / 100 + 10 * MS)

TEST(a_profile_takes_one_percent_of_a_core_whatever_is_in_flight)
{
    for (size_t crowd = 0; crowd < sizeof crowds / sizeof *crowds; crowd++)
        for (size_t tick = 0; tick < sizeof costs_us / sizeof *costs_us; tick++)
            for (size_t sample = 0; sample < sizeof costs_us / sizeof *costs_us;
                 sample++) {
                struct run run =
                    start(crowds[crowd], 0, costs_us[tick], costs_us[sample]);

                run_on(&run, 20);
                assert_in_range(run.cpu_ns, 0, MOST_NS);
                assert_in_range(run.ticks, 20 * 10 - 2, 20 * 100 + 1);
            }
}

TEST(a_cheap_profile_keeps_its_rate_and_leaves_nobody_out)
{
    struct run run = start(4, 0, 20, 15); /* 80 us of 100 */

    run_on(&run, 20);
    assert_in_range(run.ticks, 1995, 2001);
    assert_in_range(run.profile_samples, 4 * run.ticks - 200, 4 * run.ticks);
}

TEST(of_a_crowd_ten_ticks_a_second_sample_some_for_all)
{
    struct run run = start(500, 0, 40, 20);

    run_on(&run, 20);
    assert_in_range(run.ticks, 19 * 10, 19 * 10 + 110); /* 100 in the first second */
    assert_in_range(run.profile_samples, 19 * 10 * 40, 19 * 10 * 48 + 500);
    assert_true(run.sampled_s > 0.98 * 500 * 20 && run.sampled_s < 1.02 * 500 * 20);
}

TEST(outliers_take_one_percent_of_a_core_however_many_there_are)
{
    for (size_t crowd = 0; crowd < sizeof crowds / sizeof *crowds; crowd++)
        for (size_t cost = 0; cost < sizeof costs_us / sizeof *costs_us; cost++) {
            struct run run = start(0, crowds[crowd], 40, costs_us[cost]);

            run_on(&run, 20);
            assert_in_range(run.cpu_ns, 0, MOST_NS);
            assert_true(run.outlier_samples >= 20 * 10); /* and are not forgotten */
        }
}

TEST(profile_and_outliers_together_take_one_percent)
{
    for (size_t crowd = 0; crowd < sizeof crowds / sizeof *crowds; crowd++) {
        struct run run = start(512, crowds[crowd], 40, 20);

        run_on(&run, 20);
        assert_in_range(run.cpu_ns, 0, MOST_NS);
        assert_true(run.profile_samples >= 20 * 10);
        assert_true(run.outlier_samples >= 20 * 10);
    }
}

TEST(the_first_outliers_are_sampled_at_once)
{
    struct run run = start(0, 200, 40, 40);
    struct fmd__look look = look_of(&run, SECOND, false);

    assert_int_equal(look.outlier_samples, 200);
}

TEST(a_crowd_of_a_moment_does_not_change_the_rate)
{
    struct run run = start(1, 0, 20, 15);

    run_on(&run, 5);
    run.flights = 512;
    for (uint64_t i = 0; i < 3; i++) {
        struct fmd__look look = look_of(&run, 5 * SECOND + i * 10 * MS, true);

        fmd__pace_looked(&run.pace, &look);
        assert_in_range(look.profile_samples, 1, 6);
        assert_int_equal(run.pace.interval_ns, 10 * MS);
    }
}

TEST(a_rate_that_is_configured_anew_holds_at_once)
{
    struct run run = start(1, 0, 20, 15);

    fmd__pace_want(&run.pace, 200 * MS);
    assert_int_equal(run.pace.interval_ns, 200 * MS); /* slower than ten a second */
    fmd__pace_want(&run.pace, MS);                    /* but it cannot be had */
    assert_in_range(run.pace.interval_ns, 5 * MS, 10 * MS);
    run_on(&run, 20);
    assert_in_range(run.pace.interval_ns, 3 * MS, 4 * MS);
}

TEST(everybody_in_a_crowd_is_drawn_as_often)
{
    enum { CROWD = 40, DRAWN = 7, DRAWS = 40000 };
    uint32_t times[CROWD] = {0};
    struct fmd__pace pace;

    fmd__pace_open(&pace, 10 * MS, 12345);
    for (int draw = 0; draw < DRAWS; draw++) {
        bool seen[CROWD] = {false};
        uint16_t of[CROWD];

        for (int i = 0; i < CROWD; i++)
            of[i] = (uint16_t)i;
        fmd__pace_draw(&pace, of, CROWD, DRAWN);
        for (int i = 0; i < CROWD; i++)
            seen[of[i]] = true;
        for (int i = 0; i < CROWD; i++)
            assert_true(seen[i]); /* a permutation */
        for (int i = 0; i < DRAWN; i++)
            times[of[i]]++;
    }
    for (int i = 0; i < CROWD; i++) /* 7000 each; five standard deviations are 380 */
        assert_in_range(times[i], 6620, 7380);
}
