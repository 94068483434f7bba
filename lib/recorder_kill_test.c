/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kill -9 at any moment: every request whose fmd_end() had returned is found exactly
 * once, in the trace or in the ring. The child counts what it has ended in shared memory
 * and is killed at random; the parent reads what it left.
 */
#define _GNU_SOURCE
#include "read_back.h"

#include "fmd-record.h"

#include "lifecycle.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>

#define THREADS 3
#define TRIES 60

struct progress {
    _Atomic unsigned ended[THREADS]; /* requests whose end has returned */
};

static struct progress *progress;
static uint32_t endpoint;

static void *issue(void *argument)
{
    unsigned thread = *(unsigned *)argument;

    for (unsigned i = 0;; i++) {
        struct fmd_request request;
        char group[32], address[300];
        int length = snprintf(group, sizeof group, "%u-%u", thread, i);

        fmd_begin(&request, endpoint);
        fmd_set_group(&request, group, (size_t)length);
        if (i % 7 == 0) { /* a long one takes several slots */
            memset(address, 'a' + (int)(i % 26), sizeof address);
            fmd_set_address(&request, address, 60 + i % 190);
        }
        fmd_set_status(&request, i % 500);
        fmd_end(&request);
        atomic_store_explicit(&progress->ended[thread], i + 1, memory_order_release);
        if (i % 256 == 255) {
            struct timespec nap = {0, 3000000};

            nanosleep(&nap, NULL);
        }
    }
    return NULL;
}

/* A thread that finds no ring waits until the writer has made more. */
static void *issue_once_there_is_a_ring(void *argument)
{
    struct timespec nap = {0, 1000000};

    do {
        struct fmd_request request;

        fmd_begin(&request, endpoint);
        fmd_end(&request);
        nanosleep(&nap, NULL);
    } while (!fmd__mine.producer);
    return issue(argument);
}

static void run_until_killed(const char *directory, unsigned try)
{
    struct fmd_config config;
    pthread_t threads[THREADS];
    unsigned numbers[THREADS];

    fmd_config_init(&config);
    config.directory = directory;
    config.block_ms = 1 + try % 20; /* many writes, so that kills fall into them */
    config.segment_bytes = 16384;
    if (try % 4 == 0)
        config.rings = 1; /* the others come with the growth of the file */
    if (fmd_start(&config) != 0)
        _exit(1);
    endpoint = fmd_endpoint("GET /killed");
    for (unsigned i = 0; i < THREADS; i++) {
        numbers[i] = i;
        (void)pthread_create(&threads[i], NULL, issue_once_there_is_a_ring, &numbers[i]);
    }
    for (;;)
        (void)fmd_snapshot();
}

/* All that ended, once; what was just ending may be there or not. A request whose group
 * or address found no room in its ring is recorded without it, and that is counted. */
static void check(const struct back *back, const unsigned ended[THREADS],
                  const struct fmd__stats *stats)
{
    static uint8_t seen[THREADS][100000];
    uint64_t missing = 0, without_address = 0;

    memset(seen, 0, sizeof seen);
    for (uint32_t i = 0; i < back->request_count; i++) {
        const struct back_request *request = &back->requests[i];
        unsigned thread, number;

        assert_string_equal(request->endpoint->bytes, "GET /killed");
        if (!request->group)
            continue; /* of a thread that waited for its ring */
        assert_int_equal(sscanf(request->group->bytes, "%u-%u", &thread, &number), 2);
        assert_true(thread < THREADS && number <= ended[thread]);
        assert_int_equal(seen[thread][number]++, 0);
        assert_int_equal(request->status, number % 500);
        if (number % 7 != 0)
            assert_null(request->address);
        else if (!request->address)
            without_address += number < ended[thread];
        else
            assert_int_equal(request->address->length, 60 + number % 190);
    }
    for (unsigned thread = 0; thread < THREADS; thread++)
        for (unsigned i = 0; i < ended[thread]; i++)
            missing += !seen[thread][i];
    assert_true(missing + without_address <=
                stats->dropped[FMD_DROP_RING_FULL] + stats->strings_lost);
}

TEST(nothing_published_is_lost_or_doubled_by_kill_9)
{
    struct timespec nap = {0, 0};
    uint32_t from_rings = 0, from_traces = 0;

    srandom(1);
    progress = mmap(NULL, sizeof *progress, PROT_READ | PROT_WRITE,
                    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_true(progress != MAP_FAILED);
    for (unsigned try = 0; try < TRIES; try++) {
        const char *directory = back_directory();
        unsigned ended[THREADS];
        struct back back;
        pid_t child;

        memset(progress, 0, sizeof *progress);
        fflush(NULL);
        child = fork();
        if (child == 0)
            run_until_killed(directory, try);
        nap.tv_nsec = 1000000;
        for (int i = 0; i < 5000 && progress->ended[0] == 0; i++)
            nanosleep(&nap, NULL);
        nap.tv_nsec = random() % 40000000;
        nanosleep(&nap, NULL);
        assert_int_equal(kill(child, SIGKILL), 0);
        assert_int_equal(waitpid(child, NULL, 0), child);
        for (unsigned i = 0; i < THREADS; i++)
            ended[i] = progress->ended[i];
        back = back_read(directory);
        assert_int_equal(back.damaged, 0);
        check(&back, ended, &back_stream(&back, 0)->stats);
        for (uint32_t i = 0; i < back.request_count; i++)
            *(back.requests[i].from_ring ? &from_rings : &from_traces) += 1;
        back_free(&back);
        { /* a sibling tidies /dev/shm up */
            struct fmd_config config;

            fmd_config_init(&config);
            config.directory = directory;
            assert_int_equal(fmd_start(&config), 0);
            assert_int_equal(fmd_stop(), 0);
        }
        back_remove(directory);
    }
    /* The test means something only when kills fell on both sides. */
    assert_true(from_rings > 1000 && from_traces > 1000);
    munmap(progress, sizeof *progress);
}
