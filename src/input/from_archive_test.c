/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Archives and compressed files made by the real tools: the same requests come out of
 * each, and what is cut, damaged or a bomb is told.
 */
#define _GNU_SOURCE /* mkdtemp, asprintf */
#include "made_traces.h"

#include <stdarg.h>

static void run(const struct folder *folder, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Runs a shell command in the folder. */
static void run(const struct folder *folder, const char *format, ...)
{
    va_list arguments;
    char *command, *whole;
    va_start(arguments, format);
    assert_true(vasprintf(&command, format, arguments) > 0);
    va_end(arguments);
    assert_true(asprintf(&whole, "set -e; cd %s; %s", folder->path, command) > 0);
    int status = system(whole); /* NOLINT(cert-env33-c): the test's own command */
    if (status != 0)
        fail_msg("failed: %s", whole);
    free(command);
    free(whole);
}

/* traces/web-1/a.fmd, traces/web-2/deep/b.fmd and a text: 500 requests. */
static struct folder make_tree(void)
{
    struct folder folder = folder_make();
    struct writer writer;
    run(&folder, "mkdir -p traces/web-1 traces/web-2/deep; echo hello >traces/README");
    for (uint8_t stream = 1; stream <= 2; stream++) {
        writer_init(&writer, stream == 1 ? "web-1" : "web-2", "", stream);
        put_begin(&writer);
        for (int i = 0; i < 4 - stream; i++)
            put_requests(&writer, 100);
        put_end(&writer, true);
        put_trace(&writer, in(&folder, stream == 1 ? "traces/web-1/a.fmd"
                                                   : "traces/web-2/deep/b.fmd"));
        writer_release(&writer);
    }
    return folder;
}

static void assert_tree(struct outcome *outcome)
{
    if (outcome->result != 0)
        fail_msg("%s", outcome->err.message);
    for (size_t i = 0; i < outcome->report.note_count; i++)
        fail_msg("%s", outcome->report.notes[i].sentence);
    assert_int_equal(outcome->requests, 500);
    assert_int_equal(outcome->report.traces, 2);
    assert_int_equal(outcome->report.processes, 2);
    assert_int_equal(outcome->report.host_count, 2);
    assert_int_equal(outcome->report.recorder.issued, 500);
    outcome_release(outcome);
}

static const char *const containers[][2] = {
    {"all.tar", "tar -cf all.tar traces"},
    {"all.tar.gz", "tar -czf all.tar.gz traces"},
    {"all.tar.zst", "tar -c traces | zstd -q >all.tar.zst"},
    {"all.tar.xz", "tar -c traces | xz >all.tar.xz"},
    {"all.tar.bz2", "tar -c traces | bzip2 >all.tar.bz2"},
    {"all.zip", "zip -qr all.zip traces"},
    {"stored.zip", "zip -qr0 stored.zip traces"},
    {"no-name-tells", "tar -czf no-name-tells traces"},
    {"dot.tar", "cd traces; tar -cf ../dot.tar ."},
    {"pax.tar", "tar --format=pax -cf pax.tar traces"},
    {"v7.tar", "tar --format=v7 -cf v7.tar traces"},
    {"two.tar", "tar -cf 1.tar traces/web-1; tar -cf 2.tar traces/web-2; "
                "cat 1.tar 2.tar >two.tar"},
    {"two.gz", "tar -c traces >t; head -c 999 t | gzip >two.gz; "
               "tail -c +1000 t | gzip >>two.gz"},
    {"in.tar.gz", "mkdir in; tar -czf in/1.tar.gz traces/web-1; "
                  "zip -qr in/2.zip traces/web-2; tar -czf in.tar.gz in"},
    {"each.tar", "cp -r traces each; gzip each/web-1/a.fmd; "
                 "zstd -q --rm each/web-2/deep/b.fmd; tar -cf each.tar each"},
    {"folder", "mkdir folder; tar -czf folder/x traces/web-1; cp -r traces/web-2 folder"},
};

TEST(every_container_gives_the_same_requests)
{
    struct folder folder = make_tree();
    for (size_t i = 0; i < sizeof(containers) / sizeof(containers[0]); i++) {
        print_message("# %s\n", containers[i][0]);
        run(&folder, "%s", containers[i][1]);
        struct outcome outcome = analyze_one(in(&folder, containers[i][0]));
        assert_tree(&outcome);
    }
    folder_remove(&folder);
}

TEST(every_container_comes_through_standard_input)
{
    struct folder folder = make_tree();
    int saved = dup(STDIN_FILENO);
    for (size_t i = 0; i + 1 < sizeof(containers) / sizeof(containers[0]); i++) {
        print_message("# %s\n", containers[i][0]);
        run(&folder, "%s", containers[i][1]);
        char *command;
        assert_true(asprintf(&command, "cat %s", in(&folder, containers[i][0])) > 0);
        FILE *pipe = popen(command, "r"); /* NOLINT(cert-env33-c): as above */
        assert_non_null(pipe);
        dup2(fileno(pipe), STDIN_FILENO);
        struct outcome outcome = analyze_one("-");
        assert_tree(&outcome);
        close(STDIN_FILENO);
        pclose(pipe);
        free(command);
    }
    dup2(saved, STDIN_FILENO);
    close(saved);
    folder_remove(&folder);
}

TEST(single_compressed_traces_are_read)
{
    struct folder folder = make_tree();
    run(&folder, "cd traces/web-1; gzip -k a.fmd; zstd -qk a.fmd; xz -k a.fmd; "
                 "bzip2 -k a.fmd");
    static const char *const ends[] = {"gz", "zst", "xz", "bz2"};
    for (int i = 0; i < 4; i++) {
        char name[64];
        snprintf(name, sizeof(name), "traces/web-1/a.fmd.%s", ends[i]);
        struct outcome outcome = analyze_one(in(&folder, name));
        assert_int_equal(outcome.requests, 300);
        assert_int_equal(outcome.report.note_count, 0);
        outcome_release(&outcome);
    }
    folder_remove(&folder);
}

TEST(several_inputs_of_different_kinds_are_one_report)
{
    struct folder folder = make_tree();
    run(&folder, "tar -czf a.tar.gz traces/web-1");
    const char *paths[] = {in(&folder, "a.tar.gz"), in(&folder, "traces/web-2")};
    struct outcome outcome = analyze(paths, 2, 2);
    assert_tree(&outcome);
    folder_remove(&folder);
}

TEST(a_file_and_the_archive_of_it_are_counted_once)
{
    struct folder folder = make_tree();
    run(&folder, "tar -czf a.tar.gz traces");
    struct outcome outcome = analyze_one(folder.path);
    assert_int_equal(outcome.requests, 500);
    assert_int_equal(notes_of(&outcome, INPUT_DUPLICATE), 2);
    outcome_release(&outcome);
    folder_remove(&folder);
}

/* Cuts the file at every size and reads it: no crash, and what is missing is told. */
static uint64_t cut_everywhere(const struct folder *folder, const char *name, size_t step,
                               uint64_t whole_requests)
{
    struct stat status;
    const char *whole = in(folder, name);
    assert_int_equal(stat(whole, &status), 0);
    uint8_t *bytes = malloc((size_t)status.st_size);
    FILE *file = fopen(whole, "rb");
    assert_non_null(bytes);
    assert_non_null(file);
    assert_int_equal(fread(bytes, 1, (size_t)status.st_size, file), status.st_size);
    fclose(file);
    uint64_t most = 0;
    for (size_t size = 1; size < (size_t)status.st_size; size += step) {
        const char *cut = in(folder, "cut");
        put_file(cut, bytes, size);
        struct outcome outcome = analyze_one(cut);
        assert_true(outcome.requests <= whole_requests);
        assert_true(outcome.requests >= most || outcome.result != 0);
        most = outcome.requests > most ? outcome.requests : most;
        if (outcome.result == 0 && !input_report_damaged(&outcome.report))
            assert_int_equal(outcome.requests, whole_requests);
        outcome_release(&outcome);
    }
    free(bytes);
    return most;
}

TEST(an_archive_cut_at_any_byte_gives_what_came_before)
{
    struct folder folder = make_tree();
    run(&folder, "tar -czf all.tar.gz traces; tar -c traces | zstd -q >all.tar.zst; "
                 "tar -c traces | xz >all.tar.xz; tar -cf all.tar traces; "
                 "zip -qr all.zip traces");
    cut_everywhere(&folder, "all.tar.gz", 1, 500);
    cut_everywhere(&folder, "all.tar.zst", 7, 500);
    cut_everywhere(&folder, "all.tar.xz", 7, 500);
    cut_everywhere(&folder, "all.tar", 13, 500);
    cut_everywhere(&folder, "all.zip", 7, 500);
    folder_remove(&folder);
}

/* libarchive loses up to 128 kB before a cut, which is all there is above. */
TEST(a_large_archive_that_is_cut_loses_little_before_the_cut)
{
    struct folder folder = folder_make();
    struct writer writer;
    writer_init(&writer, "web-1", "", 1);
    put_begin(&writer);
    for (int i = 0; i < 200; i++)
        put_requests(&writer, 4096);
    put_end(&writer, true);
    put_trace(&writer, in(&folder, "a.fmd"));
    size_t packed = writer.size;
    run(&folder, "tar -czf a.tar.gz a.fmd; zstd -qk a.fmd; xz -k0 a.fmd; "
                 "zip -q a.zip a.fmd; tar -cf a.tar a.fmd");
    assert_true(packed > 1 << 20);
    static const char *const names[] = {"a.tar.gz", "a.fmd.zst", "a.fmd.xz", "a.zip",
                                        "a.tar"};
    for (int i = 0; i < 5; i++) {
        struct stat status;
        assert_int_equal(stat(in(&folder, names[i]), &status), 0);
        uint64_t most =
            cut_everywhere(&folder, names[i], (size_t)status.st_size / 9 * 2, 200 * 4096);
        assert_true(most > 200 * 4096 * 7 / 10);
    }
    writer_release(&writer);
    folder_remove(&folder);
}

TEST(an_archive_with_any_flipped_bit_never_crashes)
{
    struct folder folder = make_tree();
    run(&folder, "tar -czf all traces");
    FILE *file = fopen(in(&folder, "all"), "r+b");
    assert_non_null(file);
    fseek(file, 0, SEEK_END);
    long size = ftell(file);
    for (long at = 0; at < size; at++) {
        fseek(file, at, SEEK_SET);
        int byte = fgetc(file);
        fseek(file, at, SEEK_SET);
        fputc(byte ^ (1 << at % 8), file);
        fflush(file);
        struct outcome outcome = analyze_one(in(&folder, "all"));
        assert_true(outcome.requests <= 500);
        outcome_release(&outcome);
        fseek(file, at, SEEK_SET);
        fputc(byte, file);
    }
    fclose(file);
    folder_remove(&folder);
}

TEST(a_bomb_is_left_with_what_came_before_it_kept)
{
    struct folder folder = make_tree();
    run(&folder, "truncate -s 400M traces/zeros; tar -cf - traces/web-1 traces/zeros "
                 "traces/web-2 | gzip -1 >bomb.tar.gz; "
                 "head -c 400M /dev/zero | zstd -q >zeros.zst; "
                 "tar -c traces/web-1 traces/zeros | zstd -q >bomb.tar.zst; "
                 "gzip -1 <bomb.tar.zst >twice.gz");
    static const char *const bombs[] = {"bomb.tar.gz", "bomb.tar.zst", "twice.gz"};
    for (int i = 0; i < 3; i++) {
        struct outcome outcome = analyze_one(in(&folder, bombs[i]));
        assert_int_equal(outcome.result, 0);
        assert_int_equal(outcome.requests, 300);
        assert_true(is_told(&outcome, INPUT_DAMAGE, "--max-ratio"));
        assert_true(input_report_damaged(&outcome.report));
        outcome_release(&outcome);
    }
    struct outcome outcome = analyze_one(in(&folder, "zeros.zst"));
    assert_int_equal(outcome.result, -1);
    outcome_release(&outcome);
    folder_remove(&folder);
}

TEST(limits_on_archives_are_options)
{
    struct folder folder = make_tree();
    run(&folder, "truncate -s 100M traces/zeros; tar -cf - traces/web-1 traces/zeros "
                 "traces/web-2 | gzip -1 >all.tar.gz");
    const char *path = in(&folder, "all.tar.gz");
    struct input_options options;
    struct input_report report;
    struct err err = ERR_INIT;
    for (int limited = 0; limited < 2; limited++) {
        struct summary *summary = summary_new();
        input_options_init(&options);
        input_report_init(&report);
        options.threads = 1;
        options.archive_ratio_max = 0;
        if (limited)
            options.archive_bytes_max = 50 << 20;
        assert_int_equal(scale_summarize(&path, 1, &options, summary, &report, &err), 0);
        assert_int_equal(report.requests, limited ? 300 : 500);
        assert_int_equal(input_report_damaged(&report), limited);
        if (limited)
            assert_non_null(strstr(report.notes[0].sentence, "--max-bytes"));
        input_report_release(&report);
        summary_free(summary);
    }
    folder_remove(&folder);
}

TEST(a_link_to_a_ring_in_an_archive_is_told)
{
    struct folder folder = make_tree();
    run(&folder, "ln -s /dev/shm/gone.ring traces/a.ring; tar -cf all.tar traces");
    struct outcome outcome = analyze_one(in(&folder, "all.tar"));
    assert_int_equal(outcome.requests, 500);
    assert_true(is_told(&outcome, INPUT_OTHER, "tar -h"));
    outcome_release(&outcome);
    folder_remove(&folder);
}

TEST(huge_and_odd_names_in_archives_come_through)
{
    struct folder folder = make_tree();
    run(&folder, "mkdir o; long=$(printf 'x%%.0s' $(seq 200)); cd o; "
                 "mkdir -p $long/$long/$long/$long/$long; "
                 "cp ../traces/web-1/a.fmd $long/$long/$long/$long/$long/; "
                 "cp ../traces/web-2/deep/b.fmd \"$(printf 'caf\\351\\n\\033[31m')\"; "
                 "truncate -s 50 caf*; cd ..; tar --format=pax -czf odd.tar.gz o; "
                 "tar --format=gnu -czf odd2.tar.gz o");
    for (int i = 0; i < 2; i++) {
        struct outcome outcome =
            analyze_one(in(&folder, i ? "odd2.tar.gz" : "odd.tar.gz"));
        assert_int_equal(outcome.result, 0);
        assert_int_equal(outcome.requests, 300);
        assert_int_equal(notes_of(&outcome, INPUT_TORN), 1);
        assert_true(is_told(&outcome, INPUT_TORN, "\\x0a\\x1b[31m"));
        outcome_release(&outcome);
    }
    folder_remove(&folder);
}
