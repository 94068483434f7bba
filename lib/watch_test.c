/* SPDX-License-Identifier: Apache-2.0 */
/* Levels 2 and 3: what a request took, live outliers, what a kill leaves of those in
 * flight. */
#define _GNU_SOURCE
#include "read_back.h"

#include "fmd-record.h"
#include "lifecycle.h"
#include "thresholds.h"

#include <pthread.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>

#define MS UINT64_C(1000000)

static void nap_us(long us)
{
    struct timespec nap = {us / 1000000, us % 1000000 * 1000};

    nanosleep(&nap, NULL);
}

static uint64_t cpu_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static void burn(uint64_t ns)
{
    uint64_t start = cpu_ns();

    while (cpu_ns() - start < ns)
        ;
}

static void start_at(const char *directory, int level)
{
    struct fmd_config config;

    fmd_config_init(&config);
    config.directory = directory;
    config.level = level;
    config.block_ms = 20;
    assert_int_equal(fmd_start(&config), 0);
}

static void touch_pages(void)
{
    size_t bytes = 64u << 12;
    char *pages =
        mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    assert_true(pages != MAP_FAILED);
    (void)madvise(pages, bytes, MADV_NOHUGEPAGE);
    for (size_t i = 0; i < bytes; i += 4096)
        pages[i] = 1;
    munmap(pages, bytes);
}

TEST(at_level_2_a_request_carries_what_it_took)
{
    const char *directory = back_directory();
    struct fmd_request request;
    uint64_t outside;
    struct back back;

    start_at(directory, 2);
    outside = cpu_ns();
    fmd_begin(&request, 0);
    fmd_set_group(&request, "ada", 3);
    fmd_set_endpoint(&request, fmd_endpoint("GET /burn"));
    burn(5 * MS);
    touch_pages();
    for (int i = 0; i < 3; i++)
        nap_us(1000);
    fmd_end(&request);
    outside = cpu_ns() - outside;
    assert_int_equal(fmd_stop(), 0);
    back = back_read(directory);
    assert_int_equal(back.request_count, 1);
    assert_string_equal(back_request(&back, 0)->group->bytes, "ada");
    assert_int_equal(back_request(&back, 0)->detail.what, 2 | FMD__DETAIL_MEASURED);
    assert_in_range(back_request(&back, 0)->detail.cpu_ns, 5 * MS, outside);
    assert_true(back_request(&back, 0)->detail.voluntary_switches >= 3);
    assert_true(back_request(&back, 0)->detail.minor_faults >= 64);
    back_free(&back);
    back_remove(directory);
}

static void *end_it(void *request)
{
    fmd_end(request);
    return NULL;
}

TEST(a_request_that_ends_on_another_thread_is_not_measured)
{
    const char *directory = back_directory();
    struct fmd_request request;
    struct back back;
    pthread_t thread;

    start_at(directory, 3);
    fmd_begin(&request, fmd_endpoint("GET /async"));
    assert_int_equal(pthread_create(&thread, NULL, end_it, &request), 0);
    pthread_join(thread, NULL);
    assert_int_equal(fmd_stop(), 0);
    back = back_read(directory);
    assert_int_equal(back.request_count, 1);
    assert_int_equal(back_request(&back, 0)->detail.what, 3);
    assert_int_equal(back_request(&back, 0)->detail.cpu_ns, 0);
    back_free(&back);
    back_remove(directory);
}

#define LENT 700 /* more than there are slots */

static void *end_all(void *requests)
{
    for (int i = 0; i < LENT; i++)
        fmd_end((struct fmd_request *)requests + i);
    return NULL;
}

/* The writer's lock keeps it from making more rings. */
TEST(a_request_that_ends_on_a_thread_without_a_ring_is_not_in_flight_any_more)
{
    static struct fmd_request requests[LENT];
    const char *directory = back_directory();
    struct fmd_config config;
    struct fmd_request last;
    pthread_t thread;
    struct back back;
    bool found; /* a slot */

    fmd_config_init(&config);
    config.directory = directory;
    config.level = 2;
    config.rings = 1;
    assert_int_equal(fmd_start(&config), 0);
    pthread_mutex_lock(&fmd__recorder.writer.lock);
    for (int i = 0; i < LENT; i++)
        fmd_begin(&requests[i], fmd_endpoint("GET /lent"));
    assert_int_equal(pthread_create(&thread, NULL, end_all, requests), 0);
    pthread_join(thread, NULL);
    fmd_begin(&last, fmd_endpoint("GET /last"));
    found = fmd_wants_context(&last);
    fmd_end(&last);
    pthread_mutex_unlock(&fmd__recorder.writer.lock);
    assert_true(found);
    assert_int_equal(fmd_stop(), 0);
    back = back_read(directory);
    assert_int_equal(back_stream(&back, 0)->stats.dropped[FMD_DROP_NO_RING], LENT);
    assert_int_equal(back.request_count, 1);
    back_free(&back);
    back_remove(directory);
}

static void *begin_it(void *request)
{
    fmd_begin(request, fmd_endpoint("GET /burst"));
    fmd_set_path(request, "/burst/7", 8);
    return fmd_wants_context(request) ? request : NULL;
}

TEST(a_request_that_begins_on_a_thread_without_a_ring_is_in_flight_all_the_same)
{
    const char *directory = back_directory();
    struct fmd_request first, request;
    struct fmd_config config;
    void *watched = NULL;
    pthread_t thread;
    struct back back;

    fmd_config_init(&config);
    config.directory = directory;
    config.level = 2;
    config.rings = 1;
    assert_int_equal(fmd_start(&config), 0);
    pthread_mutex_lock(&fmd__recorder.writer.lock); /* no more rings */
    fmd_begin(&first, fmd_endpoint("GET /first"));
    assert_int_equal(pthread_create(&thread, NULL, begin_it, &request), 0);
    pthread_join(thread, &watched);
    pthread_mutex_unlock(&fmd__recorder.writer.lock);
    assert_ptr_equal(watched, &request);
    fmd_end(&request);
    fmd_end(&first);
    assert_int_equal(fmd_stop(), 0);
    back = back_read(directory);
    assert_int_equal(back.request_count, 2);
    assert_int_equal(back_request(&back, 0)->detail.what & FMD__DETAIL_LEVEL, 2);
    assert_int_equal(back_request(&back, 1)->detail.what & FMD__DETAIL_LEVEL, 2);
    back_free(&back);
    back_remove(directory);
}

/* By the last description of the process. */
static uint64_t told_without_flight(const struct back *back)
{
    const struct fmd__journal_entry *entry;
    uint64_t without = 0;
    uint32_t at = 0;

    while ((entry = back_next_entry(back, FMD__ENTRY_PROCESS, &at)))
        without = entry->process.values[FMD__PROCESS_NO_FLIGHT];
    return without;
}

#define CROWD 2000

TEST(more_requests_in_flight_than_slots_are_recorded_all_the_same)
{
    static struct fmd_request requests[CROWD];
    const char *directory = back_directory();
    uint32_t endpoint, watched = 0;
    struct back back;

    start_at(directory, 2);
    endpoint = fmd_endpoint("GET /crowd");
    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < CROWD; i++)
            fmd_begin(&requests[i], endpoint);
        for (int i = 0; i < CROWD; i++)
            fmd_end(&requests[i]);
        assert_int_equal(fmd_snapshot(), 0);
    }
    assert_int_equal(fmd_stop(), 0);
    back = back_read(directory);
    assert_int_equal(back.request_count, 2 * CROWD);
    for (uint32_t i = 0; i < back.request_count; i++)
        watched += back_request(&back, i)->detail.what != 0;
    assert_int_equal(watched, 2 * 512);
    assert_int_equal(told_without_flight(&back), 2 * (CROWD - 512));
    back_free(&back);
    back_remove(directory);
}

/* A simple generator (SplitMix64): the same numbers everywhere. */
static uint64_t next_random(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

static int by_value(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

    return (x > y) - (x < y);
}

TEST(the_fence_is_that_of_the_sorted_latencies)
{
    static uint64_t all[20000];
    struct fmd__thresholds thresholds = {0};
    uint64_t random = 7, count = sizeof all / sizeof *all;
    const size_t third_quartile = 15000, ninth_decile = 18000; /* of 20,000 */
    double q75, q90, ratio, expected;

    for (uint64_t i = 0; i < count; i++) {
        uint64_t ns = 2 * MS;

        for (int k = 0; k < 8; k++) /* about log-normal */
            ns = ns * (900 + next_random(&random) % 250) / 1000;
        all[i] = ns;
        fmd__thresholds_add(&thresholds, 9, ns, 100, 0);
        assert_int_equal(fmd__threshold_of(9) != 0, i >= 99);
    }
    qsort(all, count, sizeof *all, by_value);
    q75 = (double)all[third_quartile];
    q90 = (double)all[ninth_decile];
    ratio = q90 / q75;
    expected = q90 * ratio * ratio * ratio * ratio;
    assert_in_range(fmd__thresholds_fence(thresholds.of[9]), (uint64_t)(expected * 0.97),
                    (uint64_t)(expected * 1.03));
    fmd__thresholds_add(&thresholds, 0, 1, 1, 0);
    fmd__thresholds_add(&thresholds, UINT32_MAX, 1, 1, 0);
    fmd__thresholds_release(&thresholds);
}

/* 100 latencies; the first of them make Q75, the others Q90. */
static uint64_t fence_of(uint64_t most_ns, uint64_t some_ns)
{
    struct fmd__thresholds thresholds = {0};
    uint64_t fence;

    for (int i = 0; i < 100; i++)
        fmd__thresholds_add(&thresholds, 9, i < 80 ? most_ns : some_ns, 100, 0);
    fence = fmd__thresholds_fence(thresholds.of[9]);
    fmd__thresholds_release(&thresholds);
    return fence;
}

TEST(a_long_tail_does_not_move_the_fence_beyond_a_second_or_ten_times_its_ninth_decile)
{
    assert_int_equal(fence_of(3 * MS / 10, 3 * MS), 1000 * MS); /* else half a minute */
    assert_int_equal(fence_of(2 * MS, 20 * MS), 1000 * MS);
    assert_in_range(fence_of(200 * MS, 2000 * MS), 19400 * MS, 20600 * MS);
    assert_in_range(fence_of(10 * MS, 12 * MS), 20 * MS, 30 * MS); /* no long tail */
}

static void serve(uint32_t endpoint, long us)
{
    struct fmd_request request;

    fmd_begin(&request, endpoint);
    nap_us(us);
    fmd_end(&request);
}

TEST(a_slow_request_is_an_outlier_once_there_were_enough_others)
{
    const char *directory = back_directory();
    uint32_t endpoint, outliers = 0;
    uint64_t slow_ns;
    struct back back;

    start_at(directory, 2);
    endpoint = fmd_endpoint("GET /slow sometimes");
    serve(endpoint, 60000); /* the first of all is none */
    for (int i = 0; i < 150; i++)
        serve(endpoint, 300);
    assert_int_equal(fmd_snapshot(), 0);
    slow_ns = fmd__threshold_of(endpoint) + 70 * MS; /* high on a busy machine */
    serve(endpoint, (long)(slow_ns / 1000));
    assert_int_equal(fmd_stop(), 0);
    back = back_read(directory);
    assert_int_equal(back.request_count, 152);
    for (uint32_t i = 0; i < back.request_count; i++) {
        const struct back_request *request = back_request(&back, i);

        if (!(request->detail.what & FMD__DETAIL_OUTLIER))
            continue;
        outliers += request->duration_ns >= slow_ns;
        assert_true(request->duration_ns >= request->detail.threshold_ns);
        assert_true(request->detail.threshold_ns >= 10 * MS); /* the floor */
    }
    assert_int_equal(outliers, 1);
    back_free(&back);
    back_remove(directory);
}

TEST(a_kill_leaves_the_requests_that_were_in_flight)
{
    const char *directory = back_directory();
    struct back back;
    pid_t child;
    int status;

    start_at(directory, 2);
    child = fork();
    if (child == 0) {
        struct fmd_request done, hung;

        fmd_begin(&done, fmd_endpoint("GET /done"));
        fmd_begin(&hung, 0);
        fmd_set_method(&hung, FMD_METHOD_PUT);
        fmd_set_endpoint(&hung, fmd_endpoint("PUT /hung"));
        fmd_set_group(&hung, "ada", 3);
        fmd_end(&done);
        (void)raise(SIGKILL);
        _exit(1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status));
    back = back_read(directory);
    assert_int_equal(back.request_count, 1);
    assert_string_equal(back_request(&back, 0)->endpoint->bytes, "GET /done");
    assert_int_equal(back.unfinished_count, 1);
    assert_string_equal(back_unfinished(&back, 0)->endpoint->bytes, "PUT /hung");
    assert_string_equal(back_unfinished(&back, 0)->group->bytes, "ada");
    assert_int_equal(back_unfinished(&back, 0)->all.method, FMD_METHOD_PUT);
    assert_int_equal(back_unfinished(&back, 0)->all.thread, child);
    back_free(&back);
    assert_int_equal(fmd_stop(), 0);
    start_at(directory, 2); /* takes the ring in from shared memory */
    assert_int_equal(fmd_stop(), 0);
    back_remove(directory);
}

/* How often a thread of this process went to sleep. */
static unsigned long sleeps_of(int thread)
{
    unsigned long sleeps = 0;
    char path[64], line[128];
    FILE *status;

    snprintf(path, sizeof path, "/proc/self/task/%d/status", thread);
    status = fopen(path, "re");
    assert_non_null(status);
    while (fgets(line, sizeof line, status))
        (void)sscanf(line, "voluntary_ctxt_switches: %lu", &sleeps);
    fclose(status);
    return sleeps;
}

/* The youngest thread: numbers grow, but for a wrap-around. */
static int last_thread(void)
{
    DIR *tasks = opendir("/proc/self/task");
    struct dirent *task;
    int last = 0;

    assert_non_null(tasks);
    while ((task = readdir(tasks)))
        last = atoi(task->d_name) > last ? atoi(task->d_name) : last;
    closedir(tasks);
    return last;
}

static int thread_count(void)
{
    DIR *tasks = opendir("/proc/self/task");
    struct dirent *task;
    int count = 0;

    assert_non_null(tasks);
    while ((task = readdir(tasks)))
        count += task->d_name[0] != '.';
    closedir(tasks);
    return count;
}

TEST(hundreds_in_flight_at_level_3_take_two_threads_however_many_they_are)
{
    static struct fmd_request requests[500];
    const char *directory = back_directory();
    int before = thread_count();

    start_at(directory, 3);
    assert_int_equal(thread_count(), before); /* none before the first request */
    for (int i = 0; i < 500; i++)
        fmd_begin(&requests[i], fmd_endpoint("GET /long"));
    assert_int_equal(thread_count(), before + 2);
    nap_us(100000);
    assert_int_equal(thread_count(), before + 2);
    for (int i = 0; i < 500; i++)
        fmd_end(&requests[i]);
    assert_int_equal(fmd_stop(), 0);
    assert_int_equal(thread_count(), before);
    back_remove(directory);
}

TEST(while_nothing_is_in_flight_the_watcher_does_not_wake_and_the_writer_seldom)
{
    const char *directory = back_directory();
    struct fmd_request request;
    int writer, watcher;
    unsigned long before, writers_before;

    start_at(directory, 3);
    fmd_gauge("starts the writer", 1);
    writer = last_thread();
    fmd_begin(&request, fmd_endpoint("GET /"));
    nap_us(300000);
    watcher = last_thread();
    assert_true(watcher != writer && writer != getpid());
    assert_true(sleeps_of(watcher) >= 5); /* at 100 Hz, on a busy machine */
    fmd_end(&request);
    nap_us(50000); /* the tick that finds nothing */
    before = sleeps_of(watcher);
    writers_before = sleeps_of(writer);
    nap_us(1000000);
    assert_int_equal(sleeps_of(watcher), before);
    assert_in_range(sleeps_of(writer) - writers_before, 0, 60); /* block_ms is 20 */
    assert_int_equal(fmd_stop(), 0);
    back_remove(directory);
}
