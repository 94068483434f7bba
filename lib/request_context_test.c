/* SPDX-License-Identifier: Apache-2.0 */
/* Paths and headers: of outliers only, what the list allows, without secrets, and there
 * after a kill. */
#define _GNU_SOURCE
#include "read_back.h"

#include "fmd-record.h"
#include "request_context.h"
#include "thresholds.h"

#include <signal.h>
#include <sys/wait.h>
#include <time.h>

#define ENOUGH 20 /* requests until there is a threshold */

static void nap_ms(long ms)
{
    struct timespec nap = {ms / 1000, ms % 1000 * 1000000};

    nanosleep(&nap, NULL);
}

static int start_in(const char *directory, int level, const char *headers)
{
    struct fmd_config config;

    fmd_config_init(&config);
    config.directory = directory;
    config.level = level;
    config.headers = headers;
    config.outlier_requests = ENOUGH;
    return fmd_start(&config);
}

static void set_header(struct fmd_request *request, const char *name, const char *value)
{
    fmd_set_header(request, name, value, strlen(value));
}

static void begin(struct fmd_request *request, uint32_t endpoint, const char *path)
{
    fmd_begin(request, endpoint);
    fmd_set_path(request, path, strlen(path));
    set_header(request, "User-Agent", "curl/7.88.1");
    set_header(request, "content_type", "application/json");
    set_header(request, "X-Request-ID", "3f2504e0-4f89-11d3-9a0c-0305e82c3301");
    set_header(request, "Referer", "https://shop.example/from?q=1");
    set_header(request, "Cookie", "session=1");
}

/* Until its endpoint has a threshold. */
static uint32_t warm_up(void)
{
    uint32_t endpoint = fmd_endpoint("GET /cart/<id>");
    struct fmd_request request;

    for (int i = 0; i < ENOUGH; i++) {
        begin(&request, endpoint, "/cart/quick");
        fmd_end(&request);
    }
    assert_int_equal(fmd_snapshot(), 0);
    return endpoint;
}

/* Longer than its threshold by so much. */
static void outlast(uint32_t endpoint, long ms)
{
    assert_true(fmd__threshold_of(endpoint) > 0);
    nap_ms((long)(fmd__threshold_of(endpoint) / 1000000) + ms);
}

static uint32_t count_contexts(const struct back *back)
{
    uint32_t count = 0, at = 0;

    while (back_next_entry(back, FMD__ENTRY_CONTEXT, &at))
        count++;
    return count;
}

/* The last one: on a busy machine requests before it may be outliers too. */
static const struct fmd__journal_entry *last_context(const struct back *back)
{
    const struct fmd__journal_entry *entry, *last = NULL;
    uint32_t at = 0;

    while ((entry = back_next_entry(back, FMD__ENTRY_CONTEXT, &at)))
        last = entry;
    if (!last)
        fail_msg("%s", "no context was told");
    return last;
}

/* Of the last context; "" when it has none. */
static const char *value_of(const struct back *back, const char *name)
{
    const struct fmd__journal_entry *entry = last_context(back);

    for (uint32_t i = 0; i < entry->context.item_count; i++)
        if (strcmp(entry->context.items[i].name.bytes, name) == 0)
            return entry->context.items[i].value.bytes;
    return "";
}

TEST(an_outlier_carries_its_path_and_the_headers_of_the_list)
{
    const char *directory = back_directory();
    struct fmd_request request;
    uint32_t endpoint;
    struct back back;

    assert_int_equal(start_in(directory, 2, NULL), 0);
    endpoint = warm_up();
    begin(&request, endpoint, "/cart/17?coupon=SPRING");
    outlast(endpoint, 30); /* the watcher tells it */
    fmd_end(&request);
    assert_int_equal(fmd_stop(), 0);
    back = back_read(directory);
    assert_string_equal(value_of(&back, ""), "/cart/17");
    assert_string_equal(value_of(&back, "User-Agent"), "curl/7.88.1");
    assert_string_equal(value_of(&back, "Content-Type"), "application/json");
    assert_string_equal(value_of(&back, "Referer"), "/from");
    assert_string_equal(value_of(&back, "X-Request-ID"),
                        "3f2504e0-4f89-11d3-9a0c-0305e82c3301");
    assert_string_equal(value_of(&back, "Cookie"), "");
    assert_int_equal(last_context(&back)->context.request.start_ns,
                     back_request(&back, back.request_count - 1)->start_ns);
    back_free(&back);
    back_remove(directory);
}

/* Its own thread tells it at its end, whoever was first: once. */
TEST(every_outlier_is_told_once)
{
    const char *directory = back_directory();
    struct fmd_request requests[8];
    uint32_t endpoint;
    struct back back;

    assert_int_equal(start_in(directory, 2, NULL), 0);
    endpoint = warm_up();
    for (int i = 0; i < 8; i++)
        begin(&requests[i], endpoint, "/cart/slow");
    for (int i = 0; i < 8; i++) {
        nap_ms(3); /* about the floor of 10 ms: some are seen by the watcher first */
        if (i == 7)
            outlast(endpoint, 1);
        fmd_end(&requests[i]);
    }
    assert_int_equal(fmd_stop(), 0);
    back = back_read(directory);
    uint32_t outliers = 0;
    for (uint32_t i = 0; i < back.request_count; i++)
        outliers += (back_request(&back, i)->detail.what & FMD__DETAIL_OUTLIER) != 0;
    assert_true(outliers >= 1);
    assert_in_range(count_contexts(&back), outliers, back.request_count);
    back_free(&back);
    back_remove(directory);
}

TEST(below_level_2_nothing_is_kept)
{
    const char *directory = back_directory();
    struct fmd_request request;
    struct back back;

    assert_int_equal(start_in(directory, 1, NULL), 0);
    begin(&request, warm_up(), "/cart/17");
    assert_int_equal(fmd_wants_context(&request), 0);
    nap_ms(20);
    fmd_end(&request);
    assert_int_equal(fmd_stop(), 0);
    fmd_set_path(&request, "/late", 5); /* nothing */
    back = back_read(directory);
    assert_int_equal(count_contexts(&back), 0);
    back_free(&back);
    back_remove(directory);
}

TEST(the_list_says_which_headers_and_never_lets_secrets_pass)
{
    const char *directory = back_directory();
    struct fmd_request request;
    uint32_t endpoint;
    struct back back;

    assert_int_equal(start_in(directory, 2, "Host, Cookie"), -EINVAL);
    assert_int_equal(start_in(directory, 2, "X-Api-Key"), -EINVAL);
    assert_int_equal(start_in(directory, 2, "Us er"), -EINVAL);
    assert_int_equal(start_in(directory, 2, "none"), 0);
    assert_null(fmd_header(0));
    assert_int_equal(fmd_stop(), 0);
    assert_int_equal(start_in(directory, 2, " X-Tenant ,,accept, ACCEPT"), 0);
    assert_string_equal(fmd_header(0), "X-Tenant");
    assert_string_equal(fmd_header(1), "accept");
    assert_null(fmd_header(2));
    endpoint = warm_up();
    begin(&request, endpoint, "/cart/bob@shop.example/x");
    set_header(&request, "X-Tenant", "for alice@shop.example, token=abc");
    outlast(endpoint, 30);
    fmd_end(&request);
    assert_int_equal(fmd_stop(), 0);
    back = back_read(directory);
    assert_string_equal(value_of(&back, ""), "/cart/***/x");
    assert_string_equal(value_of(&back, "X-Tenant"), "for ***, token=***");
    assert_string_equal(value_of(&back, "User-Agent"), "");
    back_free(&back);
    back_remove(directory);
}

static void serve_and_die(uint32_t endpoint, bool late)
{
    struct fmd_request request;

    begin(&request, endpoint, "/cart/where-it-hung?token=1");
    if (late)
        outlast(endpoint, 50);
    (void)kill(getpid(), SIGKILL);
}

TEST(a_kill_leaves_the_path_and_of_an_outlier_the_headers)
{
    for (int late = 0; late <= 1; late++) {
        const char *directory = back_directory();
        struct back back;
        int status;
        pid_t child = fork();

        assert_true(child >= 0);
        if (child == 0) {
            if (start_in(directory, 2, NULL) == 0)
                serve_and_die(warm_up(), late);
            _exit(1);
        }
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
        back = back_read(directory);
        assert_int_equal(back.unfinished_count, 1);
        assert_string_equal(back_unfinished(&back, 0)->path->bytes,
                            "/cart/where-it-hung");
        assert_true(count_contexts(&back) >= (uint32_t)late);
        if (late)
            assert_string_equal(value_of(&back, "User-Agent"), "curl/7.88.1");
        back_free(&back);
        assert_int_equal(start_in(directory, 2, NULL), 0); /* takes the ring in */
        assert_int_equal(fmd_stop(), 0);
        back_remove(directory);
    }
}

/* Many requests on few flights, told while they are replaced. */
TEST(contexts_are_never_mixed)
{
    const char *directory = back_directory();
    const struct fmd__journal_entry *entry;
    uint32_t endpoint, at = 0, seen = 0;
    struct fmd_request request;
    char path[32], agent[32];
    struct back back;

    assert_int_equal(start_in(directory, 2, "User-Agent"), 0);
    endpoint = warm_up();
    for (int i = 0; i < 60; i++) {
        (void)snprintf(path, sizeof path, "/cart/%d", i);
        (void)snprintf(agent, sizeof agent, "agent %d", i);
        fmd_begin(&request, endpoint);
        fmd_set_path(&request, path, strlen(path));
        set_header(&request, "User-Agent", agent);
        if (i < 59)
            nap_ms(9 + i % 4); /* about the floor */
        else
            outlast(endpoint, 50);
        fmd_end(&request);
    }
    assert_int_equal(fmd_stop(), 0);
    back = back_read(directory);
    while ((entry = back_next_entry(&back, FMD__ENTRY_CONTEXT, &at))) {
        if (strcmp(entry->context.items[0].value.bytes, "/cart/quick") == 0)
            continue; /* on a busy machine */
        assert_int_equal(entry->context.item_count, 2);
        assert_string_equal(entry->context.items[0].value.bytes + strlen("/cart/"),
                            entry->context.items[1].value.bytes + strlen("agent "));
        seen++;
    }
    assert_true(seen > 0);
    back_free(&back);
    back_remove(directory);
}
