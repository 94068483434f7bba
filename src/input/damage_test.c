/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Traces that are broken in every way: what came before and after the damage is read,
 * what was skipped is told with its count, and clocks that jump shift nothing.
 */
#define _GNU_SOURCE /* mkdtemp, asprintf */
#include "made_traces.h"

#include <fcntl.h>

/* 30 requests in blocks of 10, cleanly ended: small enough to break everywhere. */
static void put_small(struct writer *writer)
{
    writer_init(writer, "web-1", "", 1);
    put_begin(writer);
    for (int i = 0; i < 3; i++)
        put_requests(writer, 10);
    put_end(writer, true);
}

static struct outcome read_written(const struct folder *folder, struct writer *writer)
{
    put_trace(writer, in(folder, "a.fmd"));
    return analyze_one(in(folder, "a.fmd"));
}

static void release(struct folder *folder, struct writer *writer, struct outcome *outcome)
{
    outcome_release(outcome);
    writer_release(writer);
    folder_remove(folder);
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
    struct outcome outcome = read_written(&folder, &writer);
    assert_int_equal(outcome.requests, 30);
    assert_int_equal(notes_of(&outcome, INPUT_TORN), 1);
    assert_false(input_report_damaged(&outcome.report));
    release(&folder, &writer, &outcome);
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
    struct outcome outcome = read_written(&folder, &writer);
    assert_int_equal(outcome.requests, 20);
    assert_int_equal(outcome.report.requests_skipped, 10);
    assert_int_equal(outcome.report.blocks_skipped, 1);
    assert_true(is_told(&outcome, INPUT_DAMAGE, "block 4 of "));
    assert_true(is_told(&outcome, INPUT_DAMAGE,
                        "a.fmd is damaged (bad checksum); its 10 requests were "
                        "skipped"));
    assert_true(input_report_damaged(&outcome.report));
    release(&folder, &writer, &outcome);
}

TEST(a_bad_header_costs_its_block_only)
{
    struct folder folder = folder_make();
    struct writer writer;
    put_small(&writer);
    writer.bytes[writer.block_at[3] + 20] ^= 1;
    struct outcome outcome = read_written(&folder, &writer);
    assert_int_equal(outcome.requests, 20);
    assert_int_equal(outcome.report.requests_skipped, 10);
    assert_true(
        is_told(&outcome, INPUT_DAMAGE, "(bad header); 10 requests were skipped there"));
    release(&folder, &writer, &outcome);
}

TEST(lost_definitions_put_requests_under_undefined)
{
    struct folder folder = folder_make();
    struct writer writer;
    put_small(&writer);
    writer.bytes[writer.block_at[2] - 1] ^= 1;
    struct outcome outcome = read_written(&folder, &writer);
    assert_int_equal(outcome.requests, 30);
    assert_int_equal(summary_totals(outcome.summary).undefined, 30);
    assert_true(is_told(&outcome, INPUT_DAMAGE, "(undefined)"));
    release(&folder, &writer, &outcome);
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
    struct outcome outcome = read_written(&folder, &writer);
    assert_int_equal(outcome.requests, 10);
    assert_int_equal(notes_of(&outcome, INPUT_NEWER), 1);
    assert_true(is_told(&outcome, INPUT_NEWER, "install a newer fmd-analyze"));
    assert_int_equal(outcome.report.blocks_skipped, 3);
    assert_true(input_report_damaged(&outcome.report));
    release(&folder, &writer, &outcome);
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
    struct outcome outcome = read_written(&folder, &writer);
    assert_int_equal(outcome.requests, 20);
    assert_int_equal(notes_of(&outcome, INPUT_CLOCK), 1);
    assert_true(is_told(&outcome, INPUT_CLOCK, "set back by 3600.0 s"));
    assert_int_equal(outcome.report.hosts[0].first_utc_ns,
                     BEGIN_UTC_NS - 3600 * (int64_t)SECOND_NS + 11 * (int64_t)SECOND_NS);
    release(&folder, &writer, &outcome);
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
