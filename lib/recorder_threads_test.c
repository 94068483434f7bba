/* SPDX-License-Identifier: Apache-2.0 */
/* Many threads record at once, come, go and end each other's requests: each comes back.
 */
#define _GNU_SOURCE
#include "recording.h"

#include "lifecycle.h"

#include <pthread.h>
#include <time.h>

struct thread_work {
    unsigned number, requests;
    uint32_t endpoint;
    bool pause; /* now and then, so that nothing is dropped */
};

/* Lets the writer catch up: bursts stay far below what the rings hold. */
static void wait_for_the_writer(void)
{
    struct timespec nap = {0, 1000000};
    struct fmd_stats stats;

    fmd_stats(&stats);
    for (int i = 0;
         stats.issued > stats.recorded + recording_dropped(&stats) + 2000 && i < 5000;
         i++) {
        nanosleep(&nap, NULL);
        fmd_stats(&stats);
    }
}

static void *issue(void *argument)
{
    const struct thread_work *work = argument;
    struct fmd_request request;
    char group[32];

    for (unsigned i = 0; i < work->requests; i++) {
        int length = snprintf(group, sizeof group, "%u-%u", work->number, i);

        errno = 77;
        fmd_begin(&request, work->endpoint);
        fmd_set_group(&request, group, (size_t)length);
        fmd_set_status(&request, i % 600);
        fmd_end(&request);
        if (errno != 77)
            abort();
        if (work->pause && i % 100 == 99)
            wait_for_the_writer();
    }
    return NULL;
}

/* Each of threads x requests marks its place; returns how many came back. */
static uint32_t check_each_once(const struct back *back, unsigned threads,
                                unsigned requests)
{
    uint8_t *seen = calloc(threads * requests, 1);
    uint32_t found = 0;

    for (uint32_t i = 0; i < back->request_count; i++) {
        unsigned thread, number;

        assert_non_null(back->requests[i].group);
        assert_int_equal(
            sscanf(back->requests[i].group->bytes, "%u-%u", &thread, &number), 2);
        assert_true(thread < threads && number < requests);
        assert_int_equal(back->requests[i].status, number % 600);
        assert_int_equal(seen[thread * requests + number]++, 0);
        found++;
    }
    free(seen);
    return found;
}

static void run_threads(unsigned threads, unsigned requests, bool pause)
{
    pthread_t ids[64];
    struct thread_work works[64];

    for (unsigned i = 0; i < threads; i++) {
        works[i] = (struct thread_work){i, requests, fmd_endpoint("GET /"), pause};
        assert_int_equal(pthread_create(&ids[i], NULL, issue, &works[i]), 0);
    }
    for (unsigned i = 0; i < threads; i++)
        pthread_join(ids[i], NULL);
}

TEST(requests_of_many_threads_all_come_back_once)
{
    const char *directory = back_directory();
    struct fmd_stats stats;
    struct back back;

    recording_start(directory);
    run_threads(16, 2000, true);
    stats = recording_stop();
    assert_int_equal(stats.issued, 16 * 2000);
    assert_int_equal(stats.recorded, 16 * 2000);
    back = back_read(directory);
    assert_int_equal(check_each_once(&back, 16, 2000), 16 * 2000);
    back_free(&back);
    back_remove(directory);
}

TEST(under_overload_recorded_and_dropped_add_up_to_issued)
{
    const char *directory = back_directory();
    struct fmd_config config = recording_config(directory);
    struct fmd_stats stats;
    struct back back;

    config.ring_bytes = 4 * 64;
    config.rings = 2;
    assert_int_equal(fmd_start(&config), 0);
    run_threads(8, 20000, false);
    stats = recording_stop();
    assert_int_equal(stats.issued, 8 * 20000);
    assert_int_equal(stats.recorded + recording_dropped(&stats), stats.issued);
    assert_true(stats.dropped[FMD_DROP_RING_FULL] > 0);
    assert_true(stats.recorded > 0);
    back = back_read(directory);
    assert_int_equal(back.request_count, stats.recorded);
    assert_int_equal(back_stream(&back, 0)->stats.issued, stats.issued);
    assert_int_equal(back_stream(&back, 0)->stats.recorded, stats.recorded);
    for (int cause = 0; cause < FMD_DROP_CAUSES; cause++)
        assert_int_equal(back_stream(&back, 0)->stats.dropped[cause],
                         stats.dropped[cause]);
    back_free(&back);
    back_remove(directory);
}

TEST(a_thousand_threads_may_come_and_go)
{
    const char *directory = back_directory();
    struct fmd_stats stats;
    struct back back;

    recording_start(directory);
    for (unsigned round = 0; round < 40; round++)
        run_threads(25, 4, false);
    stats = recording_stop();
    assert_int_equal(stats.issued, 4000);
    assert_int_equal(stats.recorded, 4000);
    back = back_read(directory);
    assert_int_equal(back.request_count, 4000);
    back_free(&back);
    back_remove(directory);
}

TEST(a_burst_far_larger_than_a_ring_takes_other_rings)
{
    const char *directory = back_directory();
    struct fmd_stats stats;
    uint32_t endpoint;

    recording_start(directory);
    endpoint = fmd_endpoint("GET /");
    for (unsigned i = 0; i < 20000;
         i++) /* faster than any writer; a ring has 512 slots */
        recording_add(endpoint, "g", 1);
    stats = recording_stop();
    assert_int_equal(stats.recorded, 20000);
    back_remove(directory);
}

struct crowd {
    pthread_barrier_t together;
    uint64_t drops; /* up to the last round */
    unsigned rounds;
    bool done;
};

/* Between two barriers: by one thread while the others wait. */
static void look_at_drops(struct crowd *crowd)
{
    struct timespec nap = {0, 5000000};
    struct fmd_stats stats;

    fmd_stats(&stats);
    crowd->rounds++;
    crowd->done =
        (crowd->rounds > 1 && stats.dropped[FMD_DROP_NO_RING] == crowd->drops) ||
        crowd->rounds == 1000;
    crowd->drops = stats.dropped[FMD_DROP_NO_RING];
    nanosleep(&nap, NULL);
}

static void *be_in_a_crowd(void *argument)
{
    struct crowd *crowd = argument;
    int chosen;
    bool done;

    do {
        recording_add(0, "crowd", 1);
        chosen = pthread_barrier_wait(&crowd->together);
        if (chosen == PTHREAD_BARRIER_SERIAL_THREAD)
            look_at_drops(crowd);
        pthread_barrier_wait(&crowd->together);
        done = crowd->done;
        pthread_barrier_wait(&crowd->together);
    } while (!done);
    return NULL;
}

TEST(more_threads_than_rings_drop_only_until_there_are_more_rings)
{
    enum { CROWD = 150 };
    const char *directory = back_directory();
    struct fmd_config config = recording_config(directory);
    struct fmd_stats stats;
    struct crowd crowd = {0};
    struct timespec nap = {0, 1000000};
    pthread_t threads[CROWD];
    struct back back;

    config.rings = 8;
    pthread_barrier_init(&crowd.together, NULL, CROWD);
    assert_int_equal(fmd_start(&config), 0);
    pthread_mutex_lock(&fmd__recorder.writer.lock); /* it makes none meanwhile */
    for (int i = 0; i < CROWD; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, be_in_a_crowd, &crowd), 0);
    do
        fmd_stats(&stats);
    while (stats.issued < CROWD && nanosleep(&nap, NULL) == 0);
    pthread_mutex_unlock(&fmd__recorder.writer.lock);
    for (int i = 0; i < CROWD; i++)
        pthread_join(threads[i], NULL);
    stats = recording_stop();
    assert_true(stats.dropped[FMD_DROP_NO_RING] > 0);
    assert_int_equal(stats.dropped[FMD_DROP_NO_RING] + stats.recorded, stats.issued);
    assert_int_equal(stats.issued, crowd.rounds * CROWD);
    assert_true(crowd.rounds < 1000); /* it ended because nothing was dropped */
    back = back_read(directory);
    assert_int_equal(back.request_count, stats.recorded);
    back_free(&back);
    back_remove(directory);
}

static void *end_it(void *request)
{
    fmd_set_address(request, "there", 5);
    fmd_end(request);
    return NULL;
}

TEST(a_request_may_end_on_another_thread)
{
    const char *directory = back_directory();
    struct fmd_request request;
    struct back back;
    pthread_t thread;

    recording_start(directory);
    fmd_begin(&request, fmd_endpoint("GET /async"));
    fmd_set_group(&request, "here", 4);
    assert_int_equal(pthread_create(&thread, NULL, end_it, &request), 0);
    pthread_join(thread, NULL);
    recording_stop();
    back = back_read(directory);
    assert_int_equal(back.request_count, 1);
    assert_string_equal(back.requests[0].group->bytes, "here");
    assert_string_equal(back.requests[0].address->bytes, "there");
    back_free(&back);
    back_remove(directory);
}

static _Atomic bool stopping;

static void *issue_until_stopped(void *endpoint)
{
    struct fmd_request request;

    while (!stopping) {
        fmd_begin(&request, *(uint32_t *)endpoint);
        fmd_set_group(&request, "g", 1);
        fmd_end(&request);
    }
    return NULL;
}

TEST(stop_and_start_while_threads_record_lose_count_of_nothing)
{
    const char *directory = back_directory();
    uint64_t recorded = 0;
    pthread_t threads[3];
    uint32_t endpoint;
    struct back back;

    recording_start(directory);
    endpoint = fmd_endpoint("GET /");
    stopping = false;
    for (int i = 0; i < 3; i++)
        pthread_create(&threads[i], NULL, issue_until_stopped, &endpoint);
    for (int round = 0; round < 10; round++) {
        struct timespec nap = {0, 3000000};
        struct fmd_stats stats;

        nanosleep(&nap, NULL);
        stats = recording_stop();
        assert_int_equal(stats.issued, stats.recorded + recording_dropped(&stats));
        recorded += stats.recorded;
        recording_start(directory);
    }
    stopping = true;
    for (int i = 0; i < 3; i++)
        pthread_join(threads[i], NULL);
    recorded += recording_stop().recorded;
    back = back_read(directory);
    assert_int_equal(back.request_count, recorded);
    back_free(&back);
    back_remove(directory);
}

TEST(a_snapshot_makes_all_so_far_readable)
{
    const char *directory = back_directory();
    struct fmd_stats stats;
    struct back back;
    char path[256];

    recording_start(directory);
    assert_true(fmd_trace_path(path, sizeof path) > 0);
    for (unsigned round = 1; round <= 5; round++) {
        run_threads(3, 100, false);
        assert_int_equal(fmd_snapshot(), 0);
        fmd_stats(&stats);
        assert_int_equal(stats.issued, 300 * round);
        assert_int_equal(stats.recorded, 300 * round);
        assert_int_equal(access(path, R_OK), 0);
        back = back_read(directory);
        assert_int_equal(back.request_count, 300 * round);
        assert_false(back_stream(&back, 0)->ended);
        back_free(&back);
    }
    recording_stop();
    back_remove(directory);
}
