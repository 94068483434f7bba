/* SPDX-License-Identifier: Apache-2.0 */
/* The recorder where threads cannot be had, and later can. */
#define _GNU_SOURCE
#include "read_back.h"

#include "fmd-record.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

static _Atomic bool is_scarce;
static _Atomic unsigned tries; /* to create a thread while they are scarce */

typedef int create_thread(pthread_t *thread, const pthread_attr_t *attributes,
                          void *(*run)(void *), void *argument);

/* In place of the C library's. */
__attribute__((visibility("default"))) int
pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *),
               void *argument)
{
    create_thread *real = (create_thread *)dlsym(RTLD_NEXT, "pthread_create");

    if (!is_scarce)
        return real(thread, attributes, run, argument);
    tries++;
    return EAGAIN;
}

static void record(unsigned count, uint32_t endpoint)
{
    struct fmd_request request;

    for (unsigned i = 0; i < count; i++) {
        fmd_begin(&request, endpoint);
        fmd_end(&request);
    }
}

static uint64_t now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static uint64_t recorded(void)
{
    struct fmd_stats stats;

    fmd_stats(&stats);
    return stats.recorded;
}

TEST(where_no_thread_can_be_had_that_is_tried_now_and_then_until_there_is_one)
{
    const char *directory = back_directory();
    struct timespec nap = {0, 10000000};
    struct fmd_config config;
    struct back back;
    uint64_t start;

    fmd_config_init(&config);
    config.directory = directory;
    config.level = 3; /* wants the watcher too */
    config.block_ms = 20;
    is_scarce = true;
    start = now_ms();
    assert_int_equal(fmd_start(&config), 0);
    record(3000, fmd_endpoint("GET /"));
    assert_in_range(tries, 2, 2 + 2 * ((now_ms() - start) / 1000));
    assert_int_equal(recorded(), 0);
    is_scarce = false;
    for (int i = 0; i < 1000 && recorded() == 0; i++) {
        record(20, fmd_endpoint("GET /")); /* until a ring is full */
        nanosleep(&nap, NULL);
    }
    assert_true(recorded() > 0);
    assert_int_equal(fmd_stop(), 0);
    back = back_read(directory);
    assert_int_equal(back.request_count, back_stream(&back, 0)->stats.issued);
    back_free(&back);
    back_remove(directory);
}
