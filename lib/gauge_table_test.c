/* SPDX-License-Identifier: Apache-2.0 */
/* Gauges and what is told of the process: every value is in the trace or counted,
 * whatever the level, the load and the way the process ends. */
#define _GNU_SOURCE
#include "read_back.h"

#include "fmd-record.h"
#include "gauge_table.h"

#include <math.h>
#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>
#include <time.h>

static void start_in(const char *directory, int level)
{
    struct fmd_config config;

    fmd_config_init(&config);
    config.directory = directory;
    config.level = level;
    assert_int_equal(fmd_start(&config), 0);
}

static void nap_ms(long ms)
{
    struct timespec nap = {ms / 1000, ms % 1000 * 1000000};

    nanosleep(&nap, NULL);
}

static bool is_named(const struct fmd__gauge *gauge, const char *name)
{
    return gauge->name.length == strlen(name) &&
           memcmp(gauge->name.bytes, name, gauge->name.length) == 0;
}

/* How many values a name has; *last is the last of them. */
static uint32_t values_of(const struct back *back, const char *name, double *last)
{
    const struct fmd__journal_entry *entry;
    uint32_t count = 0, at = 0;

    while ((entry = back_next_entry(back, FMD__ENTRY_GAUGE, &at)))
        if (is_named(&entry->gauge, name)) {
            *last = entry->gauge.value;
            count++;
        }
    return count;
}

/* The last that was told of the process. */
static uint64_t told(const struct back *back, enum fmd__process_value what)
{
    const struct fmd__journal_entry *entry, *last = NULL;
    uint32_t at = 0;

    while ((entry = back_next_entry(back, FMD__ENTRY_PROCESS, &at)))
        last = entry;
    assert_non_null(last);
    assert_true(last->process.known >> what & 1);
    return last->process.values[what];
}

TEST(slow_gauges_are_all_written_at_any_level)
{
    for (int level = 0; level <= 3; level++) {
        const char *directory = back_directory();
        struct back back;
        double last = 0;

        start_in(directory, level);
        for (int i = 1; i <= 3; i++) {
            fmd_gauge("queue length", i);
            fmd_gauge("temperature", -273.15);
            nap_ms(110);
        }
        assert_int_equal(fmd_stop(), 0);
        back = back_read(directory);
        assert_int_equal(values_of(&back, "queue length", &last), 3);
        assert_true(last == 3);
        assert_int_equal(values_of(&back, "temperature", &last), 3);
        assert_true(last == -273.15);
        assert_int_equal(told(&back, FMD__PROCESS_GAUGES_COALESCED), 0);
        back_free(&back);
        back_remove(directory);
    }
}

#define SETTERS 4
#define SETS 100000

static void *set_many(void *name)
{
    for (int i = 1; i <= SETS; i++) {
        fmd_gauge(name, i);
        fmd_gauge("shared", i);
    }
    return NULL;
}

TEST(values_that_come_too_fast_are_written_or_counted_and_the_last_is_there)
{
    static char names[SETTERS][8] = {"a", "b", "c", "d"};
    const char *directory = back_directory();
    pthread_t threads[SETTERS];
    uint32_t written = 0;
    struct back back;
    double last = 0;

    start_in(directory, 1);
    for (int i = 0; i < SETTERS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, set_many, names[i]), 0);
    for (int i = 0; i < SETTERS; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(fmd_stop(), 0);
    back = back_read(directory);
    for (int i = 0; i < SETTERS; i++) {
        uint32_t values = values_of(&back, names[i], &last);

        assert_true(values >= 1 && last == SETS);
        written += values;
    }
    written += values_of(&back, "shared", &last);
    assert_true(last == SETS);
    assert_int_equal(written + told(&back, FMD__PROCESS_GAUGES_COALESCED),
                     2 * SETTERS * SETS);
    assert_int_equal(told(&back, FMD__PROCESS_GAUGES_LOST), 0);
    assert_int_equal(told(&back, FMD__PROCESS_ENTRIES_DROPPED), 0);
    back_free(&back);
    back_remove(directory);
}

TEST(what_cannot_be_written_is_counted)
{
    const char *directory = back_directory();
    char name[300];
    struct back back;
    double last = 0;

    fmd_gauge("before the start", 1);
    start_in(directory, 1);
    fmd_gauge("nan", NAN);
    fmd_gauge("infinite", -INFINITY);
    fmd_gauge("", 1);
    fmd_gauge(NULL, 1);
    memset(name, 'x', sizeof name);
    name[sizeof name - 1] = '\0';
    fmd_gauge(name, 7);
    name[FMD__GAUGE_NAME_BYTES] = '\0';
    for (unsigned i = 1; i < FMD__GAUGES + 10; i++) {
        char other[16];

        (void)snprintf(other, sizeof other, "n%u", i);
        fmd_gauge(other, i);
    }
    assert_int_equal(fmd_stop(), 0);
    fmd_gauge("after the stop", 1);
    back = back_read(directory);
    assert_int_equal(values_of(&back, "before the start", &last), 0);
    assert_int_equal(values_of(&back, "nan", &last), 0);
    assert_int_equal(values_of(&back, name, &last), 1);
    assert_true(last == 7);
    assert_int_equal(values_of(&back, "n255", &last), 1);
    assert_int_equal(values_of(&back, "n256", &last), 0);
    assert_int_equal(told(&back, FMD__PROCESS_GAUGES_LOST), 3 + 10);
    back_free(&back);
    back_remove(directory);
}

/* The child writes into its own trace; what it has set outlives its kill. */
TEST(a_forked_child_has_its_own_gauges_and_a_kill_leaves_them)
{
    const char *directory = back_directory();
    struct back back;
    double last = 0;
    pid_t child;

    start_in(directory, 1);
    fmd_gauge("parent", 1);
    child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        fmd_gauge("child", 2);
        (void)kill(getpid(), SIGKILL);
    }
    assert_int_equal(waitpid(child, NULL, 0), child);
    fmd_gauge("parent", 3);
    assert_int_equal(fmd_stop(), 0);
    back = back_read(directory);
    assert_int_equal(back.stream_count, 2);
    assert_int_equal(values_of(&back, "child", &last), 1);
    assert_true(last == 2);
    assert_int_equal(values_of(&back, "parent", &last), 2);
    assert_true(last == 3);
    back_free(&back);
    start_in(directory, 1); /* takes the ring in from shared memory */
    assert_int_equal(fmd_stop(), 0);
    back_remove(directory);
}

static uint32_t count_process_entries(const struct back *back)
{
    uint32_t count = 0, at = 0;

    while (back_next_entry(back, FMD__ENTRY_PROCESS, &at))
        count++;
    return count;
}

TEST(the_process_is_told_of_once_a_second_while_there_is_traffic)
{
    const char *directory = back_directory();
    struct fmd_request request;
    uint32_t endpoint;
    struct back back;

    start_in(directory, 1);
    endpoint = fmd_endpoint("GET /");
    for (int i = 0; i < 13; i++) {
        fmd_begin(&request, endpoint);
        fmd_end(&request);
        nap_ms(100);
    }
    nap_ms(1500); /* nothing happens: after the rest nothing more is told */
    assert_int_equal(fmd_stop(), 0);
    back = back_read(directory);
    assert_in_range(count_process_entries(&back), 1, 3);
    assert_in_range(told(&back, FMD__PROCESS_RESIDENT_BYTES), 100 << 10, 1 << 30);
    assert_true(told(&back, FMD__PROCESS_CPU_NS) >
                told(&back, FMD__PROCESS_WRITER_CPU_NS));
    assert_in_range(told(&back, FMD__PROCESS_WRITER_CPU_NS), 1, 1000000000);
    assert_in_range(told(&back, FMD__PROCESS_THREADS), 2, 3); /* tsan has one */
    assert_int_equal(told(&back, FMD__PROCESS_SAMPLES), 0);
    assert_int_equal(told(&back, FMD__PROCESS_NO_FLIGHT), 0);
    assert_in_range(told(&back, FMD__PROCESS_LOAD_MILLI), 0, 10000000);
    assert_int_equal(told(&back, FMD__PROCESS_INTERVAL_US), 10000);
    back_free(&back);
    back_remove(directory);
}

TEST(a_process_that_records_nothing_leaves_no_file)
{
    const char *directory = back_directory();

    start_in(directory, 1);
    assert_int_equal(fmd_stop(), 0);
    assert_int_equal(back_count_files(directory, ".fmd"), 0);
    back_remove(directory);
}
