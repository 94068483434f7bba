/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Reads traces that the wire encoder wrote, whole and in every way broken, through
 * scale_summarize(), and compares with what was written. Containers made by the real
 * tools are in input.bats.
 */
#define _GNU_SOURCE /* mkdtemp, asprintf */
#include "made_traces.h"

#include <fcntl.h>

/* --- whole traces --------------------------------------------------------------------
 */

TEST(a_plain_file_is_read_whole)
{
    struct folder folder = folder_make();
    put_whole(&folder, "a.fmd", 1, 3);
    struct outcome outcome = analyze_one(in(&folder, "a.fmd"));
    assert_int_equal(outcome.result, 0);
    assert_int_equal(outcome.requests, 300);
    assert_int_equal(outcome.report.traces, 1);
    assert_int_equal(outcome.report.processes, 1);
    assert_int_equal(outcome.report.runs, 1);
    assert_int_equal(outcome.report.clean_ends, 1);
    assert_int_equal(outcome.report.blocks, 7);
    assert_int_equal(outcome.report.note_count, 0);
    assert_int_equal(outcome.report.recorder.issued, 300);
    assert_int_equal(outcome.report.recorder.recorded, 300);
    assert_int_equal(outcome.report.host_count, 1);
    assert_string_equal(outcome.report.hosts[0].name, "web-1");
    assert_int_equal(outcome.report.hosts[0].requests, 300);
    assert_int_equal(outcome.report.hosts[0].first_utc_ns, BEGIN_UTC_NS + SECOND_NS);
    assert_false(input_report_damaged(&outcome.report));
    outcome_release(&outcome);
    folder_remove(&folder);
}

TEST(a_nested_directory_is_read_and_other_files_are_passed_by)
{
    struct folder folder = folder_make();
    assert_int_equal(mkdir(in(&folder, "deep"), 0700), 0);
    assert_int_equal(mkdir(in(&folder, "deep/er"), 0700), 0);
    put_whole(&folder, "a.fmd", 1, 3);
    put_whole(&folder, "deep/er/b", 2, 2);
    put_file(in(&folder, "deep/notes.txt"), "hello", 5);
    struct outcome outcome = analyze_one(folder.path);
    assert_int_equal(outcome.result, 0);
    assert_int_equal(outcome.requests, 500);
    assert_int_equal(outcome.report.files, 3);
    assert_int_equal(outcome.report.traces, 2);
    assert_int_equal(outcome.report.host_count, 2);
    assert_int_equal(outcome.report.note_count, 0);
    outcome_release(&outcome);
    folder_remove(&folder);
}

TEST(traces_one_behind_the_other_are_read_as_several)
{
    struct folder folder = folder_make();
    put_whole(&folder, "a.fmd", 1, 3);
    put_whole(&folder, "b.fmd", 2, 4);
    char *command;
    assert_true(asprintf(&command, "cd %s && cat a.fmd b.fmd > c && rm a.fmd b.fmd",
                         folder.path) > 0);
    assert_int_equal(system(command), 0); /* NOLINT(cert-env33-c): a fixed command */
    free(command);
    struct outcome outcome = analyze_one(in(&folder, "c"));
    assert_int_equal(outcome.requests, 700);
    assert_int_equal(outcome.report.traces, 2);
    assert_int_equal(outcome.report.processes, 2);
    outcome_release(&outcome);
    folder_remove(&folder);
}

TEST(a_trace_with_no_requests_is_read)
{
    struct folder folder = folder_make();
    put_whole(&folder, "a.fmd", 1, 0);
    struct outcome outcome = analyze_one(in(&folder, "a.fmd"));
    assert_int_equal(outcome.result, 0);
    assert_int_equal(outcome.requests, 0);
    assert_int_equal(outcome.report.traces, 1);
    assert_int_equal(outcome.report.note_count, 0);
    outcome_release(&outcome);
    folder_remove(&folder);
}

/* --- exactly once --------------------------------------------------------------------
 */

TEST(what_is_given_twice_is_counted_once_and_told)
{
    struct folder folder = folder_make();
    put_whole(&folder, "a.fmd", 1, 3);
    put_whole(&folder, "copy.fmd", 1, 3);
    for (unsigned threads = 1; threads <= 3; threads++) {
        const char *paths[] = {in(&folder, "a.fmd"), folder.path};
        struct outcome outcome = analyze(paths, 2, threads);
        assert_int_equal(outcome.requests, 300);
        assert_int_equal(outcome.report.processes, 1);
        assert_true(notes_of(&outcome, INPUT_DUPLICATE) > 0);
        assert_false(input_report_damaged(&outcome.report));
        uint64_t twice = 0;
        for (size_t i = 0; i < outcome.report.note_count; i++)
            twice += outcome.report.notes[i].requests;
        assert_int_equal(twice, 600);
        outcome_release(&outcome);
    }
    folder_remove(&folder);
}

TEST(a_block_damaged_in_one_copy_is_read_from_the_other)
{
    struct folder folder = folder_make();
    struct writer writer;
    writer_init(&writer, "web-1", "", 1);
    put_begin(&writer);
    for (int i = 0; i < 3; i++)
        put_requests(&writer, 100);
    put_end(&writer, true);
    put_trace(&writer, in(&folder, "b.fmd"));
    writer.bytes[writer.block_at[3] + 150] ^= 4;
    put_trace(&writer, in(&folder, "a.fmd"));
    struct outcome outcome = analyze_one(folder.path);
    assert_int_equal(outcome.requests, 300);
    assert_int_equal(outcome.report.requests_skipped, 0);
    assert_true(is_told(&outcome, INPUT_DAMAGE, "read from another copy"));
    outcome_release(&outcome);
    writer_release(&writer);
    folder_remove(&folder);
}

/* Three files of one process; the middle one is not there. */
static void put_gap(const struct folder *folder, bool deleted)
{
    struct writer writer;
    writer_init(&writer, "web-1", "", 1);
    for (int file = 0; file < 3; file++) {
        char name[32];
        snprintf(name, sizeof(name), "%d.fmd", file);
        put_begin(&writer);
        put_requests(&writer, 100);
        if (deleted && file == 2) {
            writer.stats.segments_deleted = 2;
            writer.stats.requests_deleted = 200;
        }
        put_end(&writer, file == 2);
        if (deleted ? file == 2 : file != 1)
            put_trace(&writer, in(folder, name));
    }
    writer_release(&writer);
}

TEST(a_missing_file_of_a_process_is_told_with_its_requests)
{
    struct folder folder = folder_make();
    put_gap(&folder, false);
    struct outcome outcome = analyze_one(folder.path);
    assert_int_equal(outcome.requests, 200);
    assert_true(is_told(&outcome, INPUT_OTHER,
                        "5 blocks of process 1001 on host web-1 with 100 requests"));
    assert_false(input_report_damaged(&outcome.report));
    outcome_release(&outcome);
    folder_remove(&folder);
}

TEST(files_deleted_by_the_disk_limit_are_told_as_such)
{
    struct folder folder = folder_make();
    put_gap(&folder, true);
    struct outcome outcome = analyze_one(folder.path);
    assert_int_equal(outcome.requests, 100);
    assert_int_equal(outcome.report.recorder.requests_deleted, 200);
    assert_int_equal(notes_of(&outcome, INPUT_OTHER), 1);
    assert_true(is_told(&outcome, INPUT_OTHER, "200 requests are gone"));
    outcome_release(&outcome);
    folder_remove(&folder);
}

TEST(files_deleted_by_another_process_are_told_as_such)
{
    struct folder folder = folder_make();
    struct writer living, ended;
    writer_init(&living, "web-1", "", 1);
    writer_init(&ended, "web-1", "", 2);
    put_begin(&ended); /* its first file is gone */
    put_requests(&ended, 100);
    put_end(&ended, false);
    put_begin(&ended);
    put_requests(&ended, 50);
    put_end(&ended, true);
    put_trace(&ended, in(&folder, "ended.fmd"));
    put_begin(&living);
    put_requests(&living, 10);
    living.stats.others_segments_deleted = 3;
    living.stats.others_requests_deleted = 250;
    put_end(&living, true);
    put_trace(&living, in(&folder, "living.fmd"));
    struct outcome outcome = analyze_one(folder.path);
    assert_int_equal(outcome.requests, 60);
    assert_int_equal(outcome.report.recorder.segments_deleted, 3);
    assert_int_equal(notes_of(&outcome, INPUT_OTHER), 1);
    assert_true(is_told(&outcome, INPUT_OTHER, "250 requests are gone"));
    outcome_release(&outcome);
    writer_release(&living);
    writer_release(&ended);
    folder_remove(&folder);
}

/* --- what is no trace ----------------------------------------------------------------
 */

static void assert_refused(const char *path, const char *words)
{
    struct outcome outcome = analyze_one(path);
    assert_int_equal(outcome.result, -1);
    assert_int_equal(outcome.err.code, ERR_INPUT);
    if (!strstr(outcome.err.message, words))
        fail_msg("\"%s\" does not say \"%s\"", outcome.err.message, words);
    outcome_release(&outcome);
}

TEST(what_cannot_be_used_is_named_with_the_next_step)
{
    struct folder folder = folder_make();
    put_file(in(&folder, "empty"), "", 0);
    assert_refused(in(&folder, "nowhere"), "nowhere cannot be opened (No such file");
    assert_refused(in(&folder, "empty"), "empty is empty");
    put_file(in(&folder, "text"), "hello", 5);
    assert_refused(in(&folder, "text"), "is no trace");
    assert_int_equal(unlink(in(&folder, "empty")), 0);
    assert_refused(folder.path, "holds no traces (1 file was looked at)");
    folder_remove(&folder);
}

TEST(links_in_circles_pipes_and_devices_are_passed_by)
{
    struct folder folder = folder_make();
    put_whole(&folder, "a.fmd", 1, 1);
    assert_int_equal(symlink(folder.path, in(&folder, "self")), 0);
    assert_int_equal(symlink("loop", in(&folder, "loop")), 0);
    assert_int_equal(mkfifo(in(&folder, "pipe"), 0600), 0);
    assert_int_equal(symlink("pipe", in(&folder, "to-pipe")), 0);
    assert_int_equal(symlink("/dev/zero", in(&folder, "zero")), 0);
    assert_int_equal(symlink("a.fmd", in(&folder, "again")), 0);
    struct outcome outcome = analyze_one(folder.path);
    assert_int_equal(outcome.result, 0);
    assert_int_equal(outcome.requests, 100);
    assert_true(is_told(&outcome, INPUT_OTHER, "self is a link to a directory"));
    assert_true(is_told(&outcome, INPUT_OTHER, "loop is a link to loop, which is not"));
    outcome_release(&outcome);
    folder_remove(&folder);
}

TEST(names_of_any_bytes_come_through)
{
    struct folder folder = folder_make();
    struct writer writer;
    static char name[10000];
    static uint8_t payload[20000];
    memset(name, 'x', sizeof(name));
    writer_init(&writer, "web-1", "", 1);
    put_begin(&writer);
    size_t size = define(payload, FMD__DEFINE_ENDPOINT, 1, "GET /\xff\n\0x", 8, 0);
    size += define(payload + size, FMD__DEFINE_ENDPOINT, 2, name, sizeof(name), 0);
    put_block(&writer, FMD__BLOCK_DEFINITIONS, 2, payload, size);
    put_requests(&writer, 10);
    put_end(&writer, true);
    put_trace(&writer, in(&folder, "a.fmd"));
    struct outcome outcome = analyze_one(in(&folder, "a.fmd"));
    struct summary_endpoint *const *endpoints;
    assert_int_equal(outcome.requests, 10);
    assert_int_equal(summary_endpoints(outcome.summary, &endpoints), 2);
    assert_int_equal(endpoints[0]->name.length, 8);
    assert_memory_equal(endpoints[0]->name.bytes, "GET /\xff\n\0x", 8);
    assert_int_equal(endpoints[1]->name.length, sizeof(name));
    outcome_release(&outcome);
    writer_release(&writer);
    folder_remove(&folder);
}
