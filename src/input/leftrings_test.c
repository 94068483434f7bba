/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Rings that a killed process left behind: what is in no trace is read from them, once.
 */
#define _GNU_SOURCE /* mkdtemp, asprintf */
#include "made_traces.h"

#include "lib/wire/ringlayout.h"

#include <fcntl.h>
#include <sys/file.h>

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
