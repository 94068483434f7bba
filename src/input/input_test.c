/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Reads traces that the wire encoder wrote, whole and in every way broken, through
 * scale_summarize(), and compares with what was written. Containers made by the real
 * tools are in input.bats.
 */
#define _GNU_SOURCE /* mkdtemp, asprintf */
#include "made_traces.h"

#include "lib/wire/ringlayout.h"

#include <fcntl.h>
#include <sys/file.h>

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

/* --- damage --------------------------------------------------------------------------
 */

/* 30 requests in blocks of 10, cleanly ended: small enough to break everywhere. */
static void put_small(struct writer *writer)
{
    writer_init(writer, "web-1", "", 1);
    put_begin(writer);
    for (int i = 0; i < 3; i++)
        put_requests(writer, 10);
    put_end(writer, true);
}

TEST(a_trace_cut_at_any_byte_gives_what_came_before)
{
    struct folder folder = folder_make();
    struct writer writer;
    put_small(&writer);
    const char *path = in(&folder, "cut.fmd");
    for (size_t size = 0; size < writer.size; size++) {
        put_file(path, writer.bytes, size);
        struct outcome outcome = analyze_one(path);
        bool at_edge = false;
        uint64_t whole = 0;
        for (size_t b = 0; b < writer.block_count; b++) {
            size_t end =
                b + 1 < writer.block_count ? writer.block_at[b + 1] : writer.size;
            whole += b >= 2 && b < 5 && end <= size ? 10 : 0;
            at_edge |= writer.block_at[b] == size;
        }
        assert_int_equal(outcome.requests, whole);
        assert_int_equal(outcome.result, size ? 0 : -1);
        assert_int_equal(notes_of(&outcome, INPUT_TORN), !at_edge);
        assert_false(input_report_damaged(&outcome.report));
        outcome_release(&outcome);
    }
    writer_release(&writer);
    folder_remove(&folder);
}

TEST(zeros_at_the_end_are_torn_and_no_damage)
{
    struct folder folder = folder_make();
    struct writer writer;
    put_small(&writer);
    size_t kept = writer.block_at[5];
    memset(writer.bytes + kept, 0, writer.size - kept);
    put_trace(&writer, in(&folder, "a.fmd"));
    struct outcome outcome = analyze_one(in(&folder, "a.fmd"));
    assert_int_equal(outcome.requests, 30);
    assert_int_equal(notes_of(&outcome, INPUT_TORN), 1);
    assert_false(input_report_damaged(&outcome.report));
    outcome_release(&outcome);
    writer_release(&writer);
    folder_remove(&folder);
}

/* Whatever bit it is: nothing crashes, it is told, and no request is silently gone: what
 * was skipped is counted, or the sentence says that it is not known. */
TEST(a_flipped_bit_anywhere_is_told_and_counted)
{
    struct folder folder = folder_make();
    struct writer writer;
    put_small(&writer);
    const char *path = in(&folder, "flip.fmd");
    unsigned random = 1;
    for (size_t at = 0; at < writer.size; at++) {
        random = random * 1664525u + 1013904223u;
        writer.bytes[at] ^= (uint8_t)(1u << (random >> 29));
        put_file(path, writer.bytes, writer.size);
        struct outcome outcome = analyze_one(path);
        const struct input_report *report = &outcome.report;
        assert_int_equal(outcome.result, 0);
        assert_true(notes_of(&outcome, INPUT_DAMAGE) + notes_of(&outcome, INPUT_TORN) >
                    0);
        assert_true(report->blocks_skipped > 0 || notes_of(&outcome, INPUT_TORN) > 0);
        assert_int_equal(report->requests + report->requests_skipped, 30);
        writer.bytes[at] ^= (uint8_t)(1u << (random >> 29));
        outcome_release(&outcome);
    }
    writer_release(&writer);
    folder_remove(&folder);
}

TEST(a_bad_payload_is_skipped_with_a_sentence_that_counts)
{
    struct folder folder = folder_make();
    struct writer writer;
    put_small(&writer);
    writer.bytes[writer.block_at[4] - 1] ^= 1;
    put_trace(&writer, in(&folder, "web-3.fmd"));
    struct outcome outcome = analyze_one(in(&folder, "web-3.fmd"));
    assert_int_equal(outcome.requests, 20);
    assert_int_equal(outcome.report.requests_skipped, 10);
    assert_int_equal(outcome.report.blocks_skipped, 1);
    assert_true(is_told(&outcome, INPUT_DAMAGE, "block 4 of "));
    assert_true(is_told(&outcome, INPUT_DAMAGE,
                        "web-3.fmd is damaged (bad checksum); its 10 requests were "
                        "skipped"));
    assert_true(input_report_damaged(&outcome.report));
    outcome_release(&outcome);
    writer_release(&writer);
    folder_remove(&folder);
}

TEST(a_bad_header_costs_its_block_only)
{
    struct folder folder = folder_make();
    struct writer writer;
    put_small(&writer);
    writer.bytes[writer.block_at[3] + 20] ^= 1;
    put_trace(&writer, in(&folder, "a.fmd"));
    struct outcome outcome = analyze_one(in(&folder, "a.fmd"));
    assert_int_equal(outcome.requests, 20);
    assert_int_equal(outcome.report.requests_skipped, 10);
    assert_true(
        is_told(&outcome, INPUT_DAMAGE, "(bad header); 10 requests were skipped there"));
    outcome_release(&outcome);
    writer_release(&writer);
    folder_remove(&folder);
}

TEST(lost_definitions_put_requests_under_undefined)
{
    struct folder folder = folder_make();
    struct writer writer;
    put_small(&writer);
    writer.bytes[writer.block_at[2] - 1] ^= 1;
    put_trace(&writer, in(&folder, "a.fmd"));
    struct outcome outcome = analyze_one(in(&folder, "a.fmd"));
    assert_int_equal(outcome.requests, 30);
    assert_int_equal(summary_totals(outcome.summary).undefined, 30);
    assert_true(is_told(&outcome, INPUT_DAMAGE, "(undefined)"));
    outcome_release(&outcome);
    writer_release(&writer);
    folder_remove(&folder);
}

TEST(a_newer_format_is_told_with_what_to_do)
{
    struct folder folder = folder_make();
    struct writer writer;
    writer_init(&writer, "web-1", "", 1);
    put_begin(&writer);
    put_requests(&writer, 10);
    writer.format_above = 1;
    put_requests(&writer, 10);
    put_end(&writer, true);
    put_trace(&writer, in(&folder, "a.fmd"));
    struct outcome outcome = analyze_one(in(&folder, "a.fmd"));
    assert_int_equal(outcome.requests, 10);
    assert_int_equal(notes_of(&outcome, INPUT_NEWER), 1);
    assert_true(is_told(&outcome, INPUT_NEWER, "install a newer fmd-analyze"));
    assert_int_equal(outcome.report.blocks_skipped, 3);
    assert_true(input_report_damaged(&outcome.report));
    outcome_release(&outcome);
    writer_release(&writer);
    folder_remove(&folder);
}

TEST(a_clock_that_jumps_is_told_and_nothing_is_shifted)
{
    struct folder folder = folder_make();
    struct writer writer;
    writer_init(&writer, "web-1", "", 1);
    put_begin(&writer);
    put_requests(&writer, 10);
    writer.utc_offset_ns -= 3600 * (int64_t)SECOND_NS;
    put_requests(&writer, 10);
    put_end(&writer, true);
    put_trace(&writer, in(&folder, "a.fmd"));
    struct outcome outcome = analyze_one(in(&folder, "a.fmd"));
    assert_int_equal(outcome.requests, 20);
    assert_int_equal(notes_of(&outcome, INPUT_CLOCK), 1);
    assert_true(is_told(&outcome, INPUT_CLOCK, "set back by 3600.0 s"));
    assert_int_equal(outcome.report.hosts[0].first_utc_ns,
                     BEGIN_UTC_NS - 3600 * (int64_t)SECOND_NS + 11 * (int64_t)SECOND_NS);
    outcome_release(&outcome);
    writer_release(&writer);
    folder_remove(&folder);
}

TEST(a_file_older_than_what_it_holds_is_told)
{
    struct folder folder = folder_make();
    put_whole(&folder, "a.fmd", 1, 1);
    struct timespec times[2] = {{.tv_sec = BEGIN_UTC_NS / (int64_t)SECOND_NS - 7200},
                                {.tv_sec = BEGIN_UTC_NS / (int64_t)SECOND_NS - 7200}};
    assert_int_equal(utimensat(AT_FDCWD, in(&folder, "a.fmd"), times, 0), 0);
    struct outcome outcome = analyze_one(folder.path);
    assert_true(is_told(&outcome, INPUT_CLOCK, "was last written at"));
    outcome_release(&outcome);
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

/* --- rings left behind ---------------------------------------------------------------
 */

enum { RING_SLOTS = 16, ENDPOINTS_ROOM = 1024 };

/* The ring file of writer's process: one ring whose records 0 .. written - 1 are in the
 * trace as far as the writer knows, and all up to published are there. Record written is
 * the string "carol", the others are requests. */
static void put_ring(const struct writer *writer, const char *path, uint64_t written,
                     uint64_t published)
{
    struct fmd__ring_plan plan = {
        .rings = 1, .slots = RING_SLOTS, .endpoints_room = ENDPOINTS_ROOM};
    size_t size = fmd__ring_file_bytes(&plan);
    struct fmd__ring_header *header = aligned_alloc(4096, (size + 4095) / 4096 * 4096);
    assert_non_null(header);
    memset(header, 0, size);
    fmd__ring_file_format(header, &writer->segment, &plan);
    struct fmd__definition endpoint = {.kind = FMD__DEFINE_ENDPOINT,
                                       .id = 1,
                                       .bytes = "GET /",
                                       .length = 5,
                                       .application = "shop",
                                       .application_length = 4,
                                       .version = "1.0",
                                       .version_length = 3};
    assert_int_equal(fmd__ring_file_add_endpoint(header, &endpoint), 0);
    struct fmd__ring_state state = {.anchor_monotonic_ns = writer->now_ns,
                                    .anchor_utc_ns =
                                        writer->utc_offset_ns + (int64_t)writer->now_ns,
                                    .stats = writer->stats};
    fmd__ring_file_store_state(header, &state);
    struct fmd__ring *ring = fmd__ring_at(header, 0);
    fmd__ring_put_string(ring, written, RING_SLOTS - 1, FMD__DEFINE_GROUP, 0xca401,
                         "carol", 5);
    for (uint64_t n = written + 1; n < published; n++)
        ring->slots[n & (RING_SLOTS - 1)].request = (struct fmd__slot_request){
            .kind = FMD__SLOT_REQUEST,
            .status = 200,
            .endpoint = 1,
            .start_ns = writer->now_ns + n,
            .duration_ns = 1000000,
            .first_byte_ns = UINT64_MAX,
            .view_ns = UINT64_MAX,
            .group_hash = n % 2 ? 0xca401 : 0xa11ce /* in the ring, in the trace */};
    ring->counts.issued = writer->stats.issued ? 0 : published - 1;
    ring->head = published;
    ring->tail = written;
    put_file(path, header, size);
    free(header);
}

/* 10 requests in the trace, of which 4 were also in the ring as records 1 .. 4. */
static void put_killed(struct writer *writer, const char *path)
{
    writer_init(writer, "web-1", "", 7);
    put_begin(writer);
    writer->range = (struct fmd__ring_range){0, 0, 4};
    writer->has_range = true;
    put_requests(writer, 10);
    put_trace(writer, path);
}

TEST(a_ring_left_behind_gives_what_is_in_no_trace_once)
{
    struct folder folder = folder_make();
    struct writer writer;
    put_killed(&writer, in(&folder, "z.fmd"));
    put_ring(&writer, in(&folder, "a.ring"), 1, 9); /* 5 .. 8 are new */
    put_ring(&writer, in(&folder, "copy.ring"), 1, 9);
    struct outcome outcome = analyze_one(folder.path);
    assert_int_equal(outcome.requests, 14);
    assert_int_equal(outcome.report.requests_recovered, 4);
    assert_int_equal(outcome.report.processes, 1);
    assert_int_equal(notes_of(&outcome, INPUT_LEFT_RING), 1);
    assert_true(is_told(&outcome, INPUT_LEFT_RING, "its last 4 requests were recovered"));
    assert_false(input_report_damaged(&outcome.report));
    struct summary_value *rows;
    size_t count = summary_values(outcome.summary, SUMMARY_GROUP, NULL, 100, &rows);
    uint64_t carol = 0, alice = 0;
    for (size_t i = 0; i < count; i++) {
        carol += strcmp(rows[i].name.bytes, "carol") == 0 ? rows[i].requests : 0;
        alice += strcmp(rows[i].name.bytes, "alice") == 0 ? rows[i].requests : 0;
    }
    assert_int_equal(carol, 2);
    assert_int_equal(alice, 3 + 2);
    summary_values_free(rows, count);
    outcome_release(&outcome);
    writer_release(&writer);
    folder_remove(&folder);
}

TEST(a_ring_without_a_trace_is_read_alone)
{
    struct folder folder = folder_make();
    struct writer writer;
    writer_init(&writer, "web-1", "", 9);
    put_ring(&writer, in(&folder, "a.ring"), 0, 6);
    struct outcome outcome = analyze_one(in(&folder, "a.ring"));
    assert_int_equal(outcome.result, 0);
    assert_int_equal(outcome.requests, 5);
    assert_int_equal(outcome.report.recorder.issued, 5);
    assert_int_equal(outcome.report.recorder.recorded, 5);
    assert_int_equal(outcome.report.processes, 1);
    assert_int_equal(summary_totals(outcome.summary).undefined, 0);
    outcome_release(&outcome);
    folder_remove(&folder);
}

TEST(a_link_to_a_ring_is_followed_and_one_to_nowhere_is_told)
{
    struct folder folder = folder_make(), memory = folder_make();
    struct writer writer;
    put_killed(&writer, in(&folder, "z.fmd"));
    put_ring(&writer, in(&memory, "ring"), 1, 9);
    assert_int_equal(symlink(in(&memory, "ring"), in(&folder, "a.ring")), 0);
    assert_int_equal(symlink(in(&memory, "gone"), in(&folder, "b.ring")), 0);
    struct outcome outcome = analyze_one(folder.path);
    assert_int_equal(outcome.requests, 14);
    assert_true(is_told(&outcome, INPUT_OTHER, "gone, which is not there"));
    outcome_release(&outcome);
    writer_release(&writer);
    folder_remove(&folder);
    folder_remove(&memory);
}

TEST(the_ring_of_a_living_process_is_left_alone)
{
    struct folder folder = folder_make();
    struct writer writer;
    put_killed(&writer, in(&folder, "z.fmd"));
    put_ring(&writer, in(&folder, "a.ring"), 1, 9);
    int fd = open(in(&folder, "a.ring"), O_RDONLY | O_CLOEXEC);
    assert_int_equal(flock(fd, LOCK_EX), 0);
    struct outcome outcome = analyze_one(folder.path);
    assert_int_equal(outcome.requests, 10);
    assert_true(is_told(&outcome, INPUT_OTHER, "still recording"));
    outcome_release(&outcome);
    close(fd);
    writer_release(&writer);
    folder_remove(&folder);
}

TEST(a_ring_with_any_flipped_byte_never_crashes)
{
    struct folder folder = folder_make();
    struct writer writer;
    put_killed(&writer, in(&folder, "z.fmd"));
    put_ring(&writer, in(&folder, "a.ring"), 1, 9);
    FILE *file = fopen(in(&folder, "a.ring"), "r+b");
    assert_non_null(file);
    fseek(file, 0, SEEK_END);
    long size = ftell(file);
    for (long at = 8; at < size; at += at < 1024 ? 7 : 61) {
        fseek(file, at, SEEK_SET);
        int byte = fgetc(file);
        fseek(file, at, SEEK_SET);
        fputc(byte ^ 0x55, file);
        fflush(file);
        struct outcome outcome = analyze_one(folder.path);
        assert_int_equal(outcome.result, 0);
        assert_true(outcome.requests >= 10 && outcome.requests <= 10 + RING_SLOTS);
        outcome_release(&outcome);
        fseek(file, at, SEEK_SET);
        fputc(byte, file);
        fflush(file);
    }
    fclose(file);
    writer_release(&writer);
    folder_remove(&folder);
}
