/* SPDX-License-Identifier: Apache-2.0 */
/* The recorder as its caller sees it, in one process: what was issued is read back. */
#define _GNU_SOURCE
#include "read_back.h"

#include "fmd-record.h"
#include "lifecycle.h"

#include <pthread.h>
#include <time.h>

static struct fmd_config config_in(const char *directory)
{
    struct fmd_config config;

    fmd_config_init(&config);
    config.directory = directory;
    config.application = "test app";
    config.version = "1.2";
    return config;
}

static void start_in(const char *directory)
{
    struct fmd_config config = config_in(directory);

    assert_int_equal(fmd_start(&config), 0);
}

static struct fmd_stats stop(void)
{
    struct fmd_stats stats;

    assert_int_equal(fmd_stop(), 0);
    fmd_stats(&stats);
    return stats;
}

static uint64_t dropped(const struct fmd_stats *stats)
{
    uint64_t sum = 0;

    for (int cause = 0; cause < FMD_DROP_CAUSES; cause++)
        sum += stats->dropped[cause];
    return sum;
}

static void record_one(uint32_t endpoint, const char *group)
{
    struct fmd_request request;

    fmd_begin(&request, endpoint);
    fmd_set_group(&request, group, strlen(group));
    fmd_end(&request);
}

TEST(a_request_comes_back_with_all_its_fields)
{
    const char *directory = back_directory();
    struct fmd_request request;
    struct back back;
    struct timespec nap = {0, 2000000};

    start_in(directory);
    fmd_begin(&request, fmd_endpoint("GET /cart/<int:id>"));
    fmd_set_method(&request, FMD_METHOD_PATCH);
    fmd_set_status(&request, 418);
    fmd_set_flags(&request, FMD_ABORTED);
    fmd_set_flags(&request, FMD_STREAMED);
    fmd_set_group(&request, "ada", 3);
    fmd_set_address(&request, "2001:db8::1", 11);
    fmd_view_begin(&request);
    nanosleep(&nap, NULL);
    fmd_view_end(&request);
    fmd_first_byte(&request);
    nanosleep(&nap, NULL);
    fmd_first_byte(&request);
    fmd_end(&request);
    fmd_end(&request);
    assert_int_equal(stop().recorded, 1);

    back = back_read(directory);
    assert_int_equal(back.request_count, 1);
    assert_string_equal(back.requests[0].endpoint->bytes, "GET /cart/<int:id>");
    assert_string_equal(back.requests[0].application->bytes, "test app");
    assert_string_equal(back.requests[0].version->bytes, "1.2");
    assert_string_equal(back.requests[0].group->bytes, "ada");
    assert_string_equal(back.requests[0].address->bytes, "2001:db8::1");
    assert_int_equal(back.requests[0].method, FMD_METHOD_PATCH);
    assert_int_equal(back.requests[0].status, 418);
    assert_int_equal(back.requests[0].flags, FMD_ABORTED | FMD_STREAMED);
    assert_in_range(back.requests[0].view_ns, 2000000, back.requests[0].first_byte_ns);
    assert_in_range(back.requests[0].first_byte_ns, 2000000,
                    back.requests[0].duration_ns - 2000000);
    assert_true(back_stream(&back, 0)->ended && back_stream(&back, 0)->stats.clean_end);
    assert_false(back_stream(&back, 0)->gap);
    assert_int_equal(back.damaged + back.torn, 0);
    assert_int_equal(back_count_files(directory, ".ring"), 0);
    back_free(&back);
    back_remove(directory);
}

TEST(what_is_not_set_comes_back_as_unknown)
{
    const char *directory = back_directory();
    struct fmd_request request;
    struct back back;

    start_in(directory);
    fmd_begin(&request, 0);
    fmd_end(&request);
    fmd_begin(&request, 12345); /* a number that nobody gave out */
    fmd_end(&request);
    stop();
    back = back_read(directory);
    assert_int_equal(back.request_count, 2);
    for (int i = 0; i < 2; i++) {
        assert_null(back.requests[i].endpoint);
        assert_null(back.requests[i].group);
        assert_null(back.requests[i].address);
        assert_true(back.requests[i].view_ns == UINT64_MAX);
        assert_true(back.requests[i].first_byte_ns == UINT64_MAX);
    }
    back_free(&back);
    back_remove(directory);
}

TEST(the_same_endpoint_has_the_same_number_and_others_have_others)
{
    const char *directory = back_directory();
    uint32_t first, other, elsewhere, newer;
    char name[32];

    assert_int_equal(fmd_endpoint("GET /before"), 0);
    start_in(directory);
    first = fmd_endpoint("GET /a");
    other = fmd_endpoint("GET /b");
    elsewhere = fmd_endpoint_of("blog", NULL, "GET /a");
    newer = fmd_endpoint_of("blog", "2", "GET /a");
    assert_true(first >= 1 && other >= 1 && first != other);
    assert_true(elsewhere != first && newer != elsewhere && newer != first);
    for (int i = 0; i < 2000; i++) {
        snprintf(name, sizeof name, "GET /many/%d", i);
        assert_int_not_equal(fmd_endpoint(name), 0);
    }
    assert_int_equal(fmd_endpoint("GET /a"), first);
    assert_int_equal(fmd_endpoint_of("blog", "2", "GET /a"), newer);
    stop();
    start_in(directory);
    assert_int_equal(fmd_endpoint("GET /b"), other);
    stop();
    back_remove(directory);
}

TEST(application_and_version_of_an_endpoint_are_kept)
{
    const char *directory = back_directory();
    struct back back;

    start_in(directory);
    record_one(fmd_endpoint_of("blog", "7", "GET /post"), "g");
    stop();
    back = back_read(directory);
    assert_string_equal(back.requests[0].application->bytes, "blog");
    assert_string_equal(back.requests[0].version->bytes, "7");
    back_free(&back);
    back_remove(directory);
}

TEST(strings_of_any_bytes_and_lengths_come_back_cut_at_255)
{
    const char *directory = back_directory();
    struct fmd_request request;
    struct back back;
    char bytes[600];

    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (char)(i * 7 + 1);
    start_in(directory);
    for (size_t length = 0; length <= sizeof bytes; length++) {
        fmd_begin(&request, 0);
        fmd_set_group(&request, bytes, length);
        fmd_set_address(&request, bytes + 1, length ? length - 1 : 0);
        fmd_set_status(&request, (unsigned)length);
        fmd_end(&request);
    }
    assert_int_equal(stop().strings_lost, 0);
    back = back_read(directory);
    assert_int_equal(back.request_count, sizeof bytes + 1);
    for (uint32_t i = 0; i < back.request_count; i++) {
        const struct back_request *r = &back.requests[i];
        uint32_t group = r->status < 255 ? r->status : 255;
        uint32_t address = r->status == 0 ? 0u : (uint32_t)r->status - 1;

        address = address < 255 ? address : 255;
        assert_int_equal(r->group ? r->group->length : 0, group);
        assert_int_equal(r->address ? r->address->length : 0, address);
        if (group)
            assert_memory_equal(r->group->bytes, bytes, group);
        if (address)
            assert_memory_equal(r->address->bytes, bytes + 1, address);
    }
    back_free(&back);
    back_remove(directory);
}

TEST(an_endpoint_name_is_cut_at_16_kib)
{
    const char *directory = back_directory();
    char *name = malloc(40001);
    struct back back;

    memset(name, 'x', 40000);
    name[40000] = '\0';
    start_in(directory);
    record_one(fmd_endpoint(name), "g");
    assert_int_equal(stop().recorded, 1);
    back = back_read(directory);
    assert_int_equal(back_request(&back, 0)->endpoint->length, FMD__STRING_BYTES_MAX);
    back_free(&back);
    free(name);
    back_remove(directory);
}

TEST(a_thousand_groups_and_addresses_are_told_apart)
{
    const char *directory = back_directory();
    struct fmd_request request;
    struct back back;
    char text[32];
    uint32_t endpoint;

    start_in(directory);
    endpoint = fmd_endpoint("GET /");
    for (unsigned i = 0; i < 20000; i++) {
        fmd_begin(&request, endpoint);
        fmd_set_group(&request, text,
                      (size_t)snprintf(text, sizeof text, "c%u", i % 1000));
        fmd_set_address(&request, text,
                        (size_t)snprintf(text, sizeof text, "10.0.0.%u", i % 777));
        fmd_set_status(&request, i % 1000);
        fmd_set_method(&request, (enum fmd_method)(i % 777 % FMD_METHODS));
        fmd_end(&request);
        if (i % 4000 == 0)
            assert_int_equal(fmd_snapshot(), 0);
    }
    assert_int_equal(stop().recorded, 20000);
    back = back_read(directory);
    assert_int_equal(back.request_count, 20000);
    for (uint32_t i = 0; i < back.request_count; i++) {
        const struct back_request *r = &back.requests[i];

        assert_int_equal(strtoul(r->group->bytes + 1, NULL, 10), r->status);
        assert_int_equal(strtoul(r->address->bytes + 7, NULL, 10) % FMD_METHODS,
                         r->method);
    }
    back_free(&back);
    back_remove(directory);
}

/* --- threads -------------------------------------------------------------------------
 */

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
    for (int i = 0; stats.issued > stats.recorded + dropped(&stats) + 2000 && i < 5000;
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

    start_in(directory);
    run_threads(16, 2000, true);
    stats = stop();
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
    struct fmd_config config = config_in(directory);
    struct fmd_stats stats;
    struct back back;

    config.ring_bytes = 4 * 64;
    config.rings = 2;
    assert_int_equal(fmd_start(&config), 0);
    run_threads(8, 20000, false);
    stats = stop();
    assert_int_equal(stats.issued, 8 * 20000);
    assert_int_equal(stats.recorded + dropped(&stats), stats.issued);
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

    start_in(directory);
    for (unsigned round = 0; round < 40; round++)
        run_threads(25, 4, false);
    stats = stop();
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

    start_in(directory);
    endpoint = fmd_endpoint("GET /");
    for (unsigned i = 0; i < 20000;
         i++) /* faster than any writer; a ring has 512 slots */
        record_one(endpoint, "g");
    stats = stop();
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
        record_one(0, "crowd");
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
    struct fmd_config config = config_in(directory);
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
    stats = stop();
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

    start_in(directory);
    fmd_begin(&request, fmd_endpoint("GET /async"));
    fmd_set_group(&request, "here", 4);
    assert_int_equal(pthread_create(&thread, NULL, end_it, &request), 0);
    pthread_join(thread, NULL);
    stop();
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

    start_in(directory);
    endpoint = fmd_endpoint("GET /");
    stopping = false;
    for (int i = 0; i < 3; i++)
        pthread_create(&threads[i], NULL, issue_until_stopped, &endpoint);
    for (int round = 0; round < 10; round++) {
        struct timespec nap = {0, 3000000};
        struct fmd_stats stats;

        nanosleep(&nap, NULL);
        stats = stop();
        assert_int_equal(stats.issued, stats.recorded + dropped(&stats));
        recorded += stats.recorded;
        start_in(directory);
    }
    stopping = true;
    for (int i = 0; i < 3; i++)
        pthread_join(threads[i], NULL);
    recorded += stop().recorded;
    back = back_read(directory);
    assert_int_equal(back.request_count, recorded);
    back_free(&back);
    back_remove(directory);
}

/* --- snapshot, start, stop -----------------------------------------------------------
 */

TEST(a_snapshot_makes_all_so_far_readable)
{
    const char *directory = back_directory();
    struct fmd_stats stats;
    struct back back;
    char path[256];

    start_in(directory);
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
    stop();
    back_remove(directory);
}

TEST(without_a_request_there_is_no_trace)
{
    const char *directory = back_directory();

    start_in(directory);
    fmd_endpoint("GET /");
    assert_int_equal(back_count_files(directory, ".ring"), 1);
    assert_int_equal(fmd_snapshot(), 0);
    stop();
    assert_int_equal(back_count_files(directory, ".fmd"), 0);
    assert_int_equal(back_count_files(directory, ".ring"), 0);
    back_remove(directory);
}

TEST(requests_in_flight_at_a_stop_are_not_recorded)
{
    const char *directory = back_directory();
    struct fmd_request request;
    struct fmd_stats stats;

    start_in(directory);
    fmd_begin(&request, 0);
    stop();
    fmd_end(&request);
    start_in(directory);
    fmd_begin(&request, 0);
    stop();
    start_in(directory);
    fmd_end(&request);
    stats = stop();
    assert_int_equal(stats.issued, 0);
    back_remove(directory);
}

TEST(start_refuses_what_it_cannot_do)
{
    const char *directory = back_directory();
    struct fmd_config config = config_in(directory);
    struct fmd_request request;

    config.ring_bytes = 1000;
    assert_int_equal(fmd_start(&config), -EINVAL);
    config = config_in(directory);
    config.level = 9;
    assert_int_equal(fmd_start(&config), -EINVAL);
    config = config_in("/proc/nowhere");
    assert_true(fmd_start(&config) < 0);
    config = config_in("/dev/null");
    assert_int_equal(fmd_start(&config), -ENOTDIR);
    fmd_begin(&request, 1);
    fmd_set_group(&request, "g", 1);
    fmd_end(&request);
    assert_int_equal(fmd_stop(), 0);
    config = config_in(directory);
    assert_int_equal(fmd_start(&config), 0);
    assert_int_equal(fmd_start(&config), -EALREADY);
    stop();
    back_remove(directory);
}

TEST(a_caller_built_against_a_shorter_config_gets_the_defaults)
{
    const char *directory = back_directory();
    struct fmd_config config = config_in(directory);
    struct back back;

    config.struct_bytes = offsetof(struct fmd_config, segment_bytes);
    config.segment_bytes = 1; /* not his to set: out of range if it were read */
    config.block_ms = 0;
    assert_int_equal(fmd_start(&config), 0);
    record_one(fmd_endpoint("GET /"), "g");
    assert_int_equal(stop().recorded, 1);
    back = back_read(directory);
    assert_int_equal(back.request_count, 1);
    back_free(&back);
    back_remove(directory);
}

TEST(level_0_records_no_request_but_how_many_there_were)
{
    const char *directory = back_directory();
    struct fmd_config config = config_in(directory);
    uint32_t endpoint;
    struct back back;

    config.level = 0;
    assert_int_equal(fmd_start(&config), 0);
    endpoint = fmd_endpoint("GET /");
    for (int i = 0; i < 3; i++)
        record_one(endpoint, "g");
    assert_int_equal(fmd_snapshot(), 0);
    record_one(endpoint, "g");
    assert_int_equal(stop().issued, 0);
    back = back_read(directory);
    assert_int_equal(back.request_count, 0);
    assert_int_equal(back.count_count, 2); /* at the snapshot, at the end */
    assert_int_equal(back.counts[0].count, 3);
    assert_int_equal(back_counted(&back, "GET /"), 4);
    assert_true(back.counts[1].last_ns > back.counts[0].last_ns);
    back_free(&back);
    back_remove(directory);
}

TEST(the_directory_is_private_and_so_are_its_files)
{
    const char *directory = back_directory();
    char below[128], path[256];
    struct stat status;

    snprintf(below, sizeof below, "%s/new", directory);
    start_in(below);
    record_one(0, "g");
    assert_int_equal(fmd_snapshot(), 0);
    assert_true(fmd_trace_path(path, sizeof path) < sizeof path);
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
    assert_int_equal(stat(below, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0700);
    stop();
    back_remove(directory);
}

TEST(a_relative_directory_stays_where_it_was_at_start)
{
    const char *directory = back_directory();
    char here[4096];

    assert_non_null(getcwd(here, sizeof here));
    assert_int_equal(chdir(directory), 0);
    start_in("traces");
    assert_int_equal(chdir("/"), 0);
    record_one(0, "g");
    stop();
    assert_int_equal(chdir(directory), 0);
    assert_int_equal(back_count_files("traces", ".fmd"), 1);
    assert_int_equal(chdir(here), 0);
    back_remove(directory);
}

/* --- segments ------------------------------------------------------------------------
 */

TEST(segments_rotate_and_each_reads_alone)
{
    const char *directory = back_directory();
    struct fmd_config config = config_in(directory);
    char text[16];
    uint32_t endpoint;
    struct back back;

    config.segment_bytes = 4096;
    assert_int_equal(fmd_start(&config), 0);
    endpoint = fmd_endpoint("GET /");
    for (unsigned i = 0; i < 30000; i++) {
        snprintf(text, sizeof text, "customer %u", i % 50);
        record_one(endpoint, text);
        if (i % 1000 == 999)
            assert_int_equal(fmd_snapshot(), 0);
    }
    assert_int_equal(stop().recorded, 30000);
    assert_true(back_count_files(directory, ".fmd") > 3);
    back = back_read(directory); /* it forgets definitions at each file */
    assert_int_equal(back.request_count, 30000);
    assert_int_equal(back.stream_count, 1);
    assert_false(back_stream(&back, 0)->gap);
    back_free(&back);
    back_remove(directory);
}

static uint64_t bytes_in(const char *directory)
{
    struct dirent *entry;
    DIR *entries = opendir(directory);
    uint64_t sum = 0;

    while ((entry = readdir(entries))) {
        struct stat status;

        if (fstatat(dirfd(entries), entry->d_name, &status, 0) == 0 &&
            S_ISREG(status.st_mode) && back_ends_with(entry->d_name, ".fmd"))
            sum += (uint64_t)status.st_size;
    }
    closedir(entries);
    return sum;
}

TEST(the_total_limit_holds_and_what_was_deleted_is_counted)
{
    const char *directory = back_directory();
    struct fmd_config config = config_in(directory);
    struct fmd_stats stats;
    struct back back;
    char text[16];

    config.segment_bytes = 8192;
    config.total_bytes = 65536;
    assert_int_equal(fmd_start(&config), 0);
    for (unsigned i = 0; i < 40000; i++) {
        snprintf(text, sizeof text, "%u", i * 2654435761u % 1000003);
        record_one(0, text);
        if (i % 500 == 499) {
            assert_int_equal(fmd_snapshot(), 0);
            assert_true(bytes_in(directory) <= 65536);
        }
    }
    stats = stop();
    assert_int_equal(stats.recorded, 40000);
    back = back_read(directory);
    assert_true(back_stream(&back, 0)->stats.segments_deleted > 0);
    assert_int_equal(back.request_count + back_stream(&back, 0)->stats.requests_deleted,
                     40000);
    back_free(&back);
    back_remove(directory);
}

TEST(more_strings_than_a_segment_may_have_all_come_back)
{
    const char *directory = back_directory();
    struct back back;
    char text[32];

    start_in(directory);
    for (unsigned i = 0; i < 150000; i++) {
        snprintf(text, sizeof text, "visitor %u", i / 2 * 7 % 150000);
        record_one(0, text);
        if (i % 5000 == 4999)
            assert_int_equal(fmd_snapshot(), 0);
    }
    assert_int_equal(stop().strings_lost, 0);
    back = back_read(directory);
    assert_int_equal(back.request_count, 150000);
    for (uint32_t i = 0; i < back.request_count; i++)
        assert_non_null(back.requests[i].group);
    assert_true(back.files > 1);
    back_free(&back);
    back_remove(directory);
}

TEST(start_and_stop_many_times_leaves_nothing_open_or_mapped)
{
    const char *directory = back_directory();
    long before = 0, pages = 0;

    for (int i = 0; i < 60; i++) {
        FILE *file;

        start_in(directory);
        record_one(fmd_endpoint("GET /"), "g");
        stop();
        file = fopen("/proc/self/statm", "r");
        assert_int_equal(fscanf(file, "%ld", &pages), 1);
        fclose(file);
        if (i == 10)
            before = pages;
    }
    assert_true(pages <= before + 256);
    assert_int_equal(back_count_files("/proc/self/fd", "9"), 0); /* no number 9 or 19 */
    back_remove(directory);
}
