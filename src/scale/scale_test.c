/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The number of threads, and how the requests are split over files, change nothing in the
 * saved bytes.
 */
#define _GNU_SOURCE /* mkdtemp */
#include "src/input/made_traces.h"

#include "src/base/str.h"

/* 20 processes of 500 to 10,000 requests. */
static void put_processes(const struct folder *folder)
{
    char name[32];
    for (uint8_t stream = 1; stream <= 20; stream++) {
        snprintf(name, sizeof(name), "%u.fmd", stream);
        put_whole(folder, name, stream, stream * 5u);
    }
}

static void save(const char *const *paths, size_t count, unsigned threads,
                 struct str *saved)
{
    struct outcome outcome = analyze(paths, count, threads);
    assert_int_equal(outcome.result, 0);
    assert_int_equal(outcome.requests, 105000);
    summary_save(outcome.summary, saved);
    outcome_release(&outcome);
}

static void assert_same_and_clear(struct str *got, const struct str *wanted)
{
    assert_int_equal(got->length, wanted->length);
    assert_memory_equal(got->bytes, wanted->bytes, wanted->length);
    str_clear(got);
}

TEST(the_number_of_threads_does_not_change_the_saved_bytes)
{
    struct folder folder = folder_make();
    struct str first, again;
    const char *paths[] = {folder.path};
    const unsigned threads[] = {2, 3, 8, 0};
    put_processes(&folder);
    str_init(&first);
    str_init(&again);
    save(paths, 1, 1, &first);
    for (int i = 0; i < 4; i++) {
        save(paths, 1, threads[i], &again);
        assert_same_and_clear(&again, &first);
    }
    str_release(&first);
    str_release(&again);
    folder_remove(&folder);
}

TEST(one_file_that_all_threads_share_gives_the_same_bytes_as_many)
{
    struct folder folder = folder_make();
    struct str first, again;
    char command[256];
    put_processes(&folder);
    snprintf(command, sizeof(command),
             "cd %s && mkdir many && mv *.fmd many && "
             "cat many/* >one && tar -cf all.tar many",
             folder.path);
    assert_int_equal(system(command), 0); /* NOLINT(cert-env33-c): a fixed command */
    const char *many = in(&folder, "many"), *one = in(&folder, "one");
    const char *packed = in(&folder, "all.tar");
    str_init(&first);
    str_init(&again);
    save(&many, 1, 2, &first);
    for (unsigned threads = 1; threads <= 3; threads++) {
        save(&one, 1, threads, &again);
        assert_same_and_clear(&again, &first);
        save(&packed, 1, threads, &again);
        assert_same_and_clear(&again, &first);
    }
    str_release(&first);
    str_release(&again);
    folder_remove(&folder);
}

TEST(what_the_summary_held_before_stays_in_it)
{
    struct folder folder = folder_make();
    struct input_options options;
    struct err err = ERR_INIT;
    struct summary *summary = summary_new();
    put_whole(&folder, "a.fmd", 1, 3);
    put_whole(&folder, "b.fmd", 2, 2);
    input_options_init(&options);
    for (int i = 0; i < 2; i++) {
        struct input_report report;
        const char *path = in(&folder, i ? "b.fmd" : "a.fmd");
        input_report_init(&report);
        assert_int_equal(scale_summarize(&path, 1, &options, summary, &report, &err), 0);
        assert_int_equal(report.requests, i ? 200 : 300);
        input_report_release(&report);
    }
    assert_int_equal(summary_totals(summary).requests, 500);
    summary_free(summary);
    folder_remove(&folder);
}

struct told {
    unsigned calls;
    uint64_t bytes_done, bytes_total, requests;
};

static void take_progress(void *to, uint64_t bytes_done, uint64_t bytes_total,
                          uint64_t requests)
{
    struct told *told = to;
    assert_true(bytes_done >= told->bytes_done);
    *told = (struct told){told->calls + 1, bytes_done, bytes_total, requests};
}

TEST(progress_ends_at_all_bytes_and_requests)
{
    struct folder folder = folder_make();
    struct input_options options;
    struct input_report report;
    struct err err = ERR_INIT;
    struct told told = {0};
    struct summary *summary = summary_new();
    const char *path = folder.path;
    put_processes(&folder);
    input_options_init(&options);
    input_report_init(&report);
    options.progress = take_progress;
    options.progress_to = &told;
    assert_int_equal(scale_summarize(&path, 1, &options, summary, &report, &err), 0);
    assert_true(told.calls > 0);
    assert_true(told.bytes_total > 0);
    assert_int_equal(told.bytes_done, told.bytes_total);
    assert_int_equal(told.requests, 105000);
    input_report_release(&report);
    summary_free(summary);
    folder_remove(&folder);
}
