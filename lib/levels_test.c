/* SPDX-License-Identifier: Apache-2.0 */
/* Levels by pattern: from file and environment, followed while running. */
#define _GNU_SOURCE
#include "read_back.h"

#include "fmd-record.h"
#include "levels.h"
#include "thresholds.h"

#include <pthread.h>
#include <sys/wait.h>
#include <time.h>

static void nap_ms(long ms)
{
    struct timespec nap = {ms / 1000, ms % 1000 * 1000000};

    nanosleep(&nap, NULL);
}

/* Whole at once, as an editor replaces it. */
static void write_text(const char *path, const char *text)
{
    char temporary[256];
    FILE *file;

    snprintf(temporary, sizeof temporary, "%s.new", path);
    file = fopen(temporary, "w");
    assert_non_null(file);
    fputs(text, file);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(rename(temporary, path), 0);
}

/* A new directory's configuration file with this text; the traces go beside it. */
static struct fmd_config config_of(const char *text, char path[64])
{
    struct fmd_config config;
    static char traces[80];

    snprintf(path, 64, "%.50s/fmd.ini", back_directory());
    write_text(path, text);
    fmd_config_init(&config);
    snprintf(traces, sizeof traces, "%.*s/traces", (int)(strrchr(path, '/') - path),
             path);
    config.directory = traces;
    config.configuration = path;
    return config;
}

static void remove_beside(char path[64])
{
    *strrchr(path, '/') = '\0';
    back_remove(path);
}

static void serve(uint32_t endpoint, int times)
{
    struct fmd_request request;

    for (int i = 0; i < times; i++) {
        fmd_begin(&request, 0);
        fmd_set_endpoint(&request, endpoint);
        fmd_end(&request);
    }
}

TEST(patterns_name_endpoints)
{
    static const struct {
        const char *pattern, *name;
        bool matches;
    } cases[] = {
        {"GET /cart", "GET /cart", true},
        {"GET /cart", "GET /cart/1", false},
        {"GET /cart", "POST /cart", false},
        {"/cart", "GET /cart", true},
        {"/cart", "GET,POST /cart", true},
        {"/cart", "/cart", true},
        {"/cart", "GET /v1/cart", false},
        {"/static/*", "GET /static/<path:filename>", true},
        {"/static/*", "GET /statics", false},
        {"*", "anything", true},
        {"*", "", true},
        {"", "a", false},
        {"/cart/<int:id>", "GET /cart/<int:id>", true},
        {"/a/*/b", "GET /a/x/y/b", true},
        {"/a/*/b", "GET /a/x/y/c", false},
        {"/a?c", "GET /abc", true},
        {"/a?c", "GET /ac", false},
        {"/[id]", "GET /[id]", true},
        {"shop.*", "shop.cart", true},
        {"*a*a*a*a*b", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", false},
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        if (fmd__level_pattern_matches(cases[i].pattern, cases[i].name) !=
            cases[i].matches)
            fail_msg("'%s' and '%s'", cases[i].pattern, cases[i].name);
}

TEST(the_last_pattern_that_matches_says_the_level)
{
    char path[64];
    struct fmd_config config = config_of("# comment\n"
                                         "[recorder]\n"
                                         "run = nightly\n"
                                         "[levels]\n"
                                         "  /static/* = 0   ; counted only\n"
                                         "  /cart/* = off\n"
                                         "GET /cart/<int:id> = 1\n"
                                         "/a=b/<x:y> = 0",
                                         path);
    struct back back;

    assert_int_equal(fmd_start(&config), 0);
    serve(fmd_endpoint("GET /static/<path:filename>"), 3);
    serve(fmd_endpoint("GET /cart/<int:id>"), 4);
    serve(fmd_endpoint("POST /cart/<int:id>"), 5);
    serve(fmd_endpoint("GET /other"), 6);
    serve(fmd_endpoint("PUT /a=b/<x:y>"), 7);
    assert_int_equal(fmd_stop(), 0);
    back = back_read(config.directory);
    assert_int_equal(back.request_count, 10);
    assert_int_equal(back_counted(&back, "GET /static/<path:filename>"), 3);
    assert_int_equal(back_counted(&back, "POST /cart/<int:id>"), 0);
    assert_int_equal(back_counted(&back, "PUT /a=b/<x:y>"), 7);
    assert_string_equal(back_stream(&back, 0)->segment.run, "nightly");
    back_free(&back);
    remove_beside(path);
}

TEST(the_caller_goes_before_the_environment_and_that_before_the_file)
{
    char path[64];
    struct fmd_config config = config_of("[recorder]\nrun = file\nlevel = 0\n"
                                         "application = shop\n[levels]\n/b = 1\n",
                                         path);
    struct back back;

    setenv("FMD_RUN", "environment", 1);
    setenv("FMD_APP_VERSION", "7.1", 1);
    setenv("FMD_LEVELS", "/c = 1, GET /b=0", 1);
    config.version = "8";
    assert_int_equal(fmd_start(&config), 0);
    serve(fmd_endpoint("GET /a"), 1);
    serve(fmd_endpoint("GET /b"), 2);
    serve(fmd_endpoint("GET /c"), 3);
    assert_int_equal(fmd_stop(), 0);
    unsetenv("FMD_RUN");
    unsetenv("FMD_APP_VERSION");
    unsetenv("FMD_LEVELS");
    back = back_read(config.directory);
    assert_int_equal(back.request_count, 3);
    assert_int_equal(back_counted(&back, "GET /a"), 1);
    assert_int_equal(back_counted(&back, "GET /b"), 2);
    assert_string_equal(back_stream(&back, 0)->segment.run, "environment");
    assert_string_equal(back_stream(&back, 0)->segment.version, "8");
    assert_string_equal(back_stream(&back, 0)->segment.application, "shop");
    back_free(&back);
    remove_beside(path);
}

TEST(every_key_is_a_variable_and_is_in_the_table_once)
{
    for (int i = 0; i < FMD__KEY_COUNT; i++) {
        assert_int_equal(strncmp(fmd__key_rows[i].variable, "FMD_", 4), 0);
        for (int k = 0; k < i; k++) {
            assert_string_not_equal(fmd__key_rows[i].name, fmd__key_rows[k].name);
            assert_string_not_equal(fmd__key_rows[i].variable, fmd__key_rows[k].variable);
        }
    }
}

TEST(what_is_wrong_in_a_file_is_told_by_its_line)
{
    static const struct {
        const char *text, *why;
    } cases[] = {
        {"[recorder]\nlevle = 1\n",
         "line 2: there is no key 'levle'; keys are directory,"},
        {"[recorder]\nheaders = Accept, Cookie\n",
         "line 2: headers: 'Cookie' holds secrets and is never recorded; take it out"},
        {"[recorder]\nsampling_hz = 0\n", "line 2: sampling_hz = 0 must be a whole"},
        {"[recorder]\n\nlevel = 4\n", "line 3: level = 4 must be a whole number"},
        {"[recorder]\nlevel = 1x\n", "line 2: level = 1x must be"},
        {"[levels]\n/a = 7\n", "line 2: the level of /a is 7; it must be 0, 1, 2, 3"},
        {"[levels]\n/a:3\n", "line 2: '/a:3' is not 'pattern = level'"},
        {"[nonsense]\na = b\n", "line 2: section [nonsense] is neither"},
        {"[recorder]\nhello\n", "line 2: this is neither"},
        {"level = 1\n", "line 1: the line is in no section; put it below [recorder]"},
    };
    static struct fmd__configuration read;
    char path[64], why[512], long_line[400];

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        (void)config_of(cases[i].text, path);
        memset(&read, 0, sizeof read);
        assert_int_equal(fmd__configuration_read_file(&read, path, why, sizeof why),
                         -EINVAL);
        if (!strstr(why, cases[i].why))
            fail_msg("'%s' does not say '%s'", why, cases[i].why);
        remove_beside(path);
    }
    memset(long_line, 'x', sizeof long_line);
    long_line[sizeof long_line - 1] = '\0';
    (void)config_of(long_line, path);
    assert_int_equal(fmd__configuration_read_file(&read, path, why, sizeof why), -EINVAL);
    assert_non_null(strstr(why, "line 1: the line is longer than 198 bytes"));
    remove_beside(path);
}

TEST(start_refuses_a_wrong_configuration)
{
    char path[64];
    struct fmd_config config = config_of("[levels]\n/a = 9\n", path);

    assert_int_equal(fmd_start(&config), -EINVAL);
    config.configuration = "/nowhere/fmd.ini";
    assert_int_equal(fmd_start(&config), -ENOENT);
    setenv("FMD_BLOCK_MS", "soon", 1);
    config.configuration = NULL;
    assert_int_equal(fmd_start(&config), -EINVAL);
    unsetenv("FMD_BLOCK_MS");
    remove_beside(path);
}

/* Serves until a byte can be read from stop; tells how many that were. */
static uint64_t serve_until(int stop)
{
    uint32_t endpoint = fmd_endpoint("GET /cart");
    uint64_t served = 0;
    char byte;

    while (read(stop, &byte, 1) != 1) {
        serve(endpoint, 10);
        served += 10;
        nap_ms(1);
    }
    return served;
}

struct worker {
    pid_t pid;
    int stop, told;
};

static struct worker start_worker(void)
{
    int stop[2], told[2];
    struct worker worker;

    assert_int_equal(pipe2(stop, O_NONBLOCK), 0);
    assert_int_equal(pipe(told), 0);
    worker.stop = stop[1];
    worker.told = told[0];
    worker.pid = fork();
    if (worker.pid == 0) {
        uint64_t served = serve_until(stop[0]);
        struct fmd_stats stats;
        bool told_all = write(told[1], &served, sizeof served) == sizeof served;

        (void)fmd_stop();
        fmd_stats(&stats);
        _exit(!told_all || stats.issued != stats.recorded);
    }
    close(stop[0]);
    close(told[1]);
    return worker;
}

static uint64_t end_worker(const struct worker *worker)
{
    uint64_t served = 0;
    int status;

    assert_int_equal(write(worker->stop, "", 1), 1);
    assert_int_equal(read(worker->told, &served, sizeof served), sizeof served);
    assert_int_equal(waitpid(worker->pid, &status, 0), worker->pid);
    assert_int_equal(status, 0);
    close(worker->stop);
    close(worker->told);
    return served;
}

/* How many workers' last request of the snapshot so far is younger than since_ns. */
static uint32_t streams_that_recorded_since(const char *directory, uint64_t since_ns)
{
    struct back back = back_read(directory);
    uint32_t streams = 0;

    for (uint32_t stream = 0; stream < back.stream_count; stream++) {
        bool found = false;

        for (uint32_t i = 0; i < back.request_count; i++)
            found |=
                back.requests[i].stream == stream && back.requests[i].start_ns > since_ns;
        streams += found;
    }
    back_free(&back);
    return streams;
}

static uint64_t now_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

#define WORKERS 3

/* 1, then 0, then 1: every request is recorded or counted, none twice. */
TEST(every_worker_follows_the_file_and_loses_no_request)
{
    char path[64];
    struct fmd_config config = config_of("[recorder]\nlevel = 1\n", path);
    struct worker workers[WORKERS];
    uint64_t served = 0, quiet_from, loud_from;
    struct back back;

    config.block_ms = 50;
    assert_int_equal(fmd_start(&config), 0);
    for (int i = 0; i < WORKERS; i++)
        workers[i] = start_worker();
    nap_ms(300);
    write_text(path, "[levels]\n/cart = 0\n");
    nap_ms(1200);
    quiet_from = now_ns();
    nap_ms(400);
    assert_int_equal(streams_that_recorded_since(config.directory, quiet_from), 0);
    write_text(path, "[levels]\n/cart = nonsense\n"); /* changes nothing */
    nap_ms(700);
    write_text(path, "[levels]\n/cart = 1\n");
    nap_ms(1200);
    loud_from = now_ns();
    nap_ms(500);
    for (int i = 0; i < WORKERS; i++)
        served += end_worker(&workers[i]);
    assert_int_equal(streams_that_recorded_since(config.directory, loud_from), WORKERS);
    assert_int_equal(fmd_stop(), 0);
    back = back_read(config.directory);
    assert_int_equal(back.request_count + back_counted(&back, "GET /cart"), served);
    assert_true(back_counted(&back, "GET /cart") > 0);
    for (uint32_t i = 0; i < back.request_count; i++)
        assert_false(back.requests[i].start_ns > quiet_from &&
                     back.requests[i].start_ns < quiet_from + 400000000);
    back_free(&back);
    remove_beside(path);
}

/* The last that was told of the process. */
static uint64_t told(const struct back *back, enum fmd__process_value what)
{
    const struct fmd__journal_entry *entry;
    uint64_t value = 0;
    uint32_t at = 0;

    while ((entry = back_next_entry(back, FMD__ENTRY_PROCESS, &at)))
        value = entry->process.values[what];
    return value;
}

TEST(numbers_that_are_live_follow_the_file_and_others_do_not)
{
    char path[64];
    struct fmd_config config = config_of("[recorder]\nlevel = 3\nsampling_hz = 20\n"
                                         "outlier_requests = 20\nblock_ms = 40\n"
                                         "outlier_floor_ms = 5000\n",
                                         path);
    struct fmd_request request;
    uint32_t endpoint;
    struct back back;

    setenv("FMD_OUTLIER_REQUESTS", "30", 1);
    assert_int_equal(fmd_start(&config), 0);
    unsetenv("FMD_OUTLIER_REQUESTS");
    endpoint = fmd_endpoint("GET /cart");
    serve(endpoint, 100);
    assert_int_equal(fmd_snapshot(), 0);
    assert_int_equal(fmd__threshold_of(endpoint), UINT64_C(5000000000));
    fmd_begin(&request, endpoint);
    nap_ms(100); /* the watcher ticks at 20 Hz */
    write_text(path, "[recorder]\nlevel = 3\nsampling_hz = 100\nblock_ms = 9000\n"
                     "outlier_requests = 40\noutlier_floor_ms = 7\n");
    nap_ms(2200);
    assert_int_equal(fmd__live_number(FMD__KEY_OUTLIER_REQUESTS), 30); /* fixed */
    assert_int_equal(fmd__live_number(FMD__KEY_OUTLIER_FLOOR_MS), 7);
    fmd_end(&request);
    serve(endpoint, 300);
    assert_int_equal(fmd_snapshot(), 0);
    assert_in_range(fmd__threshold_of(endpoint), 7000000, 4999999999);
    assert_int_equal(fmd_stop(), 0);
    back = back_read(config.directory);
    assert_in_range(told(&back, FMD__PROCESS_INTERVAL_US), 10000, 49999);
    back_free(&back);
    remove_beside(path);
}

TEST(counts_outlive_a_kill)
{
    char path[64];
    struct fmd_config config = config_of("[recorder]\nlevel = 0\n", path);
    struct back back;
    pid_t child;
    int status;

    assert_int_equal(fmd_start(&config), 0);
    child = fork();
    if (child == 0) {
        serve(fmd_endpoint("GET /cart"), 77);
        (void)raise(SIGKILL);
        _exit(1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status));
    back = back_read(config.directory);
    assert_int_equal(back_counted(&back, "GET /cart"), 77);
    back_free(&back);
    assert_int_equal(fmd_stop(), 0);
    nap_ms(1);
    assert_int_equal(fmd_start(&config), 0); /* takes the ring in from shared memory */
    assert_int_equal(fmd_stop(), 0);
    remove_beside(path);
}
