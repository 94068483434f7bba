/* SPDX-License-Identifier: Apache-2.0 */
/* The bell, and who rings it: sleeps last an hour here, so what wakes is a ring. */
#define _GNU_SOURCE
#include "read_back.h"

#include "bell.h"
#include "clocks.h"
#include "fmd-record.h"
#include "lifecycle.h"

#include <pthread.h>
#include <time.h>

#define SECOND UINT64_C(1000000000)
#define HOUR (3600 * SECOND)

static void nap_ms(long ms)
{
    struct timespec nap = {ms / 1000, ms % 1000 * 1000000};

    nanosleep(&nap, NULL);
}

/* --- the bell alone ---------------------------------------------------------------- */

static void *sleep_for_an_hour(void *deaf)
{
    bool was_rung = fmd__bell_sleep(fmd__now_ns() + HOUR, deaf != NULL);

    return was_rung ? "rung" : NULL;
}

TEST(a_ring_ends_a_sleep)
{
    pthread_t sleeper;
    void *was_rung = NULL;

    fmd__bell_reset();
    assert_int_equal(pthread_create(&sleeper, NULL, sleep_for_an_hour, NULL), 0);
    nap_ms(5); /* asleep by now, or not yet */
    fmd__bell_ring();
    pthread_join(sleeper, &was_rung);
    assert_non_null(was_rung);
}

TEST(a_ring_before_the_sleep_is_not_lost_and_wakes_once)
{
    fmd__bell_reset();
    fmd__bell_ring();
    fmd__bell_ring();
    assert_true(fmd__bell_sleep(fmd__now_ns() + HOUR, false));
    assert_false(fmd__bell_sleep(fmd__now_ns() + SECOND / 1000, false));
}

TEST(who_is_deaf_sleeps_its_time)
{
    uint64_t until = fmd__now_ns() + SECOND / 100;

    fmd__bell_reset();
    fmd__bell_ring();
    (void)fmd__bell_sleep(until, true);
    assert_true(fmd__now_ns() >= until);
}

TEST(stopping_wakes_everybody_and_no_sleep_follows)
{
    void *deaf[] = {NULL, "deaf"}, *was_rung;
    pthread_t sleeper;

    for (int i = 0; i < 2; i++) {
        fmd__bell_reset();
        assert_int_equal(pthread_create(&sleeper, NULL, sleep_for_an_hour, deaf[i]), 0);
        nap_ms(5);
        fmd__bell_stop();
        pthread_join(sleeper, &was_rung);
        assert_null(was_rung);
        assert_false(fmd__bell_sleep(fmd__now_ns() + HOUR, false));
        fmd__bell_ring();
        assert_false(fmd__bell_sleep(fmd__now_ns() + HOUR, true));
    }
}

/* --- who rings it ------------------------------------------------------------------- */

static bool sleeps_long(void)
{
    struct fmd__writer *writer = &fmd__recorder.writer;
    bool is_long;

    pthread_mutex_lock(&writer->lock);
    is_long = writer->sleep_ns >= HOUR;
    pthread_mutex_unlock(&writer->lock);
    return is_long;
}

/* A recorder whose writer rests: from now on only a ring wakes it. */
static void start_resting(const char *directory)
{
    struct fmd_config config;

    fmd_config_init(&config);
    config.directory = directory;
    config.block_ms = 3600000;
    assert_int_equal(fmd_start(&config), 0);
    fmd__recorder.writer.sleep_max_ns = HOUR;
    fmd_gauge("starts the writer", 1);
    for (int i = 0; i < 10000 && !sleeps_long(); i++)
        nap_ms(1);
    assert_true(sleeps_long());
}

static void record(unsigned count)
{
    struct fmd_request request;

    for (unsigned i = 0; i < count; i++) {
        fmd_begin(&request, 0);
        fmd_end(&request);
    }
}

static bool anything_recorded(void)
{
    struct fmd_stats stats;

    fmd_stats(&stats);
    return stats.recorded > 0;
}

static uint64_t journal_tail;

static bool more_of_the_journal_written(void)
{
    return fmd__ring_journal(fmd__recorder.pool.header)->tail != journal_tail;
}

static void wait_until(bool happened(void))
{
    for (int i = 0; i < 20000 && !happened(); i++)
        nap_ms(1);
    assert_true(happened());
}

TEST(a_burst_after_rest_wakes_the_writer)
{
    const char *directory = back_directory();
    struct back back;

    start_resting(directory);
    record(4096); /* less than a quarter of the rings */
    assert_false(anything_recorded());
    record(8192);
    wait_until(anything_recorded);
    assert_int_equal(fmd_stop(), 0);
    back = back_read(directory);
    assert_int_equal(back.request_count, 4096 + 8192);
    back_free(&back);
    back_remove(directory);
}

static pthread_barrier_t together;

static void *hold_a_ring(void *unused)
{
    record(1);
    pthread_barrier_wait(&together); /* all have one */
    pthread_barrier_wait(&together);
    return unused;
}

TEST(a_half_full_ring_wakes_the_writer_where_few_are_free)
{
    enum { THREADS = 40 }; /* of 64 rings */
    const char *directory = back_directory();
    pthread_t threads[THREADS];

    start_resting(directory);
    pthread_barrier_init(&together, NULL, THREADS + 1);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, hold_a_ring, NULL), 0);
    pthread_barrier_wait(&together);
    record(200); /* of 512 that fit */
    assert_false(anything_recorded());
    record(100);
    wait_until(anything_recorded);
    pthread_barrier_wait(&together);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    pthread_barrier_destroy(&together);
    assert_int_equal(fmd_stop(), 0);
    back_remove(directory);
}

static void set_gauges(void)
{
    char name[120];

    for (unsigned i = 0; i < 250; i++) {
        snprintf(name, sizeof name,
                 "a rather long name, so that they fill the journal, "
                 "of the gauge with the number %u of them all",
                 i);
        fmd_gauge(name, i);
    }
}

TEST(a_journal_that_fills_wakes_the_writer)
{
    const char *directory = back_directory();

    start_resting(directory);
    journal_tail = fmd__ring_journal(fmd__recorder.pool.header)->tail;
    for (int i = 0; i < 50 && !more_of_the_journal_written(); i++) {
        set_gauges();
        nap_ms(100); /* a name writes ten values a second */
    }
    assert_true(more_of_the_journal_written());
    assert_int_equal(fmd_stop(), 0);
    back_remove(directory);
}
