/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The limit on what an application's traces take of a directory, with processes that
 * come and go: it holds, the oldest go first, and what went is counted.
 */
#define _GNU_SOURCE
#include "read_back.h"

#include "fmd-record.h"

#include <sys/wait.h>

#define LIMIT_BYTES 131072u

static void start_in(const char *directory, const char *application)
{
    struct fmd_config config;

    fmd_config_init(&config);
    config.directory = directory;
    config.application = application;
    config.segment_bytes = 8192;
    config.total_bytes = LIMIT_BYTES;
    assert_int_equal(fmd_start(&config), 0);
}

/* With groups that do not compress. */
static void record(unsigned count, unsigned seed)
{
    char group[16];
    struct fmd_request request;

    for (unsigned i = 0; i < count; i++) {
        fmd_begin(&request, 0);
        snprintf(group, sizeof group, "%u", (seed * 77777 + i) * 2654435761u);
        fmd_set_group(&request, group, strlen(group));
        fmd_end(&request);
        if (i % 500 == 499)
            assert_int_equal(fmd_snapshot(), 0);
    }
}

/* Records in a process of its own, which ends in order or by a kill. */
static void record_in_child(unsigned count, unsigned seed, bool killed)
{
    int status;
    pid_t child;

    fflush(NULL);
    child = fork();
    if (child == 0) {
        record(count, seed);
        if (killed)
            (void)raise(SIGKILL);
        _exit(fmd_stop() == 0 ? 0 : 1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(killed ? WIFSIGNALED(status) : status == 0);
}

/* Bytes of the traces and of rings beside them, which are mostly holes. */
static uint64_t bytes_in(const char *directory)
{
    struct dirent *entry;
    DIR *entries = opendir(directory);
    uint64_t sum = 0;

    while ((entry = readdir(entries))) {
        struct stat status;

        if (fstatat(dirfd(entries), entry->d_name, &status, AT_SYMLINK_NOFOLLOW) != 0 ||
            !S_ISREG(status.st_mode))
            continue;
        sum += back_ends_with(entry->d_name, ".ring") ? (uint64_t)status.st_blocks * 512
                                                      : (uint64_t)status.st_size;
    }
    closedir(entries);
    return sum;
}

/* Requests that the streams still there say were deleted, theirs and others'. */
static uint64_t deleted_in(const struct back *back)
{
    uint64_t sum = 0;

    for (uint32_t i = 0; i < back->stream_count; i++)
        sum += back_stream(back, i)->stats.requests_deleted +
               back_stream(back, i)->stats.others_requests_deleted;
    return sum;
}

TEST(the_limit_holds_over_processes_that_come_and_go)
{
    const char *directory = back_directory();
    struct back back;

    start_in(directory, "recycled");
    for (unsigned worker = 0; worker < 60; worker++) {
        record_in_child(1700, worker, false);
        assert_in_range(bytes_in(directory), 1, LIMIT_BYTES);
    }
    assert_int_equal(fmd_stop(), 0);
    back = back_read(directory);
    assert_true(deleted_in(&back) > 30000);
    assert_int_equal(back.request_count + deleted_in(&back), 60 * 1700);
    assert_true(back.stream_count >= 3); /* the last ones, as whole as can be */
    back_free(&back);
    back_remove(directory);
}

TEST(of_living_siblings_old_segments_go_and_open_ones_stay)
{
    const char *directory = back_directory();
    int go[2], done[2], status;
    struct back back;
    pid_t child;

    assert_int_equal(pipe(go) | pipe(done), 0);
    start_in(directory, "siblings");
    record_in_child(500, 1, false);
    fflush(NULL);
    child = fork();
    if (child == 0) { /* idle while the other one fills the directory */
        char byte;

        record(4000, 2);
        _exit(write(done[1], "", 1) == 1 && read(go[0], &byte, 1) == 1 && fmd_stop() == 0
                  ? 0
                  : 1);
    }
    assert_int_equal(read(done[0], &(char){0}, 1), 1);
    record(30000, 3);
    assert_in_range(bytes_in(directory), 1, LIMIT_BYTES);
    assert_int_equal(write(go[1], "", 1), 1);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_int_equal(fmd_stop(), 0);
    back = back_read(directory);
    assert_int_equal(back.request_count + deleted_in(&back), 34500);
    assert_int_equal(back.stream_count, 2);
    for (uint32_t i = 0; i < back.stream_count; i++)
        assert_true(back_stream(&back, i)->ended && !back_stream(&back, i)->gap);
    back_free(&back);
    back_remove(directory);
}

static void put_file(const char *directory, const char *name, size_t bytes)
{
    char path[512];
    int file;

    snprintf(path, sizeof path, "%s/%s", directory, name);
    file = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    assert_int_equal(ftruncate(file, (off_t)bytes), 0);
    close(file);
}

TEST(files_that_are_not_the_applications_are_neither_counted_nor_deleted)
{
    static const char *const names[] = {
        "mine2-7-0123abcd-000000.fmd", "mine-7-0123ABCD-000000.fmd",
        "mine-7-0123abcd-000000.fmd.gz", "mine-7-0123abcd.fmd", "mine-notes.txt"};
    const char *directory = back_directory();
    char path[512];

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        put_file(directory, names[i], LIMIT_BYTES);
    start_in(directory, "mine");
    record(30000, 1);
    assert_int_equal(fmd_stop(), 0);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        snprintf(path, sizeof path, "%s/%s", directory, names[i]);
        assert_int_equal(access(path, F_OK), 0);
    }
    assert_in_range(bytes_in(directory), 5 * LIMIT_BYTES + LIMIT_BYTES / 2,
                    6 * LIMIT_BYTES);
    back_remove(directory);
}

TEST(rings_of_killed_processes_go_too_with_what_is_in_them)
{
    const char *directory = back_directory();
    struct back back;
    uint64_t sum;

    for (unsigned round = 0; round < 4; round++) { /* a start takes dead rings in */
        start_in(directory, "killed");
        record_in_child(1700, round, true);
        assert_int_equal(fmd_stop(), 0);
    }
    start_in(directory, "killed");
    record(20000, 9);
    assert_int_equal(back_count_files(directory, ".ring"), 1);
    assert_int_equal(fmd_stop(), 0);
    assert_in_range(bytes_in(directory), 1, LIMIT_BYTES);
    back = back_read(directory);
    sum = back.request_count + deleted_in(&back);
    assert_int_equal(sum, 20000 + 4 * 1700);
    back_free(&back);
    back_remove(directory);
}
