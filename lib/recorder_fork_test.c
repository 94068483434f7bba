/* SPDX-License-Identifier: Apache-2.0 */
/* The recorder and fork: prefork servers, forks in the middle of things, ways to end. */
#define _GNU_SOURCE
#include "recording.h"

#include "fmd-record.h"

#include <linux/filter.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

/* Its runtime cannot start threads in a child of a threaded process. */
#ifdef __SANITIZE_THREAD__
#define NOT_UNDER_TSAN() SKIP_TEST("not under tsan")
#else
#define NOT_UNDER_TSAN() (void)0
#endif

/* fork() without the test's buffered output in the child. */
static pid_t fork_quietly(void)
{
    fflush(NULL);
    return fork();
}

static int wait_for(pid_t child)
{
    int status;

    assert_int_equal(waitpid(child, &status, 0), child);
    return status;
}

static uint32_t count_group(const struct back *back, const char *group)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < back->request_count; i++)
        count +=
            back->requests[i].group && strcmp(back->requests[i].group->bytes, group) == 0;
    return count;
}

TEST(an_idle_parent_and_four_children_make_four_files)
{
    NOT_UNDER_TSAN();
    const char *directory = back_directory();
    uint32_t endpoint;
    pid_t children[4];
    struct back back;

    recording_start(directory);
    endpoint = fmd_endpoint("GET /");
    for (int i = 0; i < 4; i++) {
        children[i] = fork_quietly();
        if (children[i] == 0) {
            char group[16];

            snprintf(group, sizeof group, "w%d", i);
            recording_add(endpoint, group, 100);
            exit(0);
        }
    }
    for (int i = 0; i < 4; i++)
        assert_int_equal(wait_for(children[i]), 0);
    assert_int_equal(fmd_stop(), 0);
    back = back_read(directory);
    assert_int_equal(back.files, 4);
    assert_int_equal(back.rings, 0);
    assert_int_equal(back.stream_count, 4);
    assert_int_equal(back.request_count, 400);
    for (uint32_t i = 0; i < 4; i++) {
        char group[16];

        snprintf(group, sizeof group, "w%u", i);
        assert_int_equal(count_group(&back, group), 100);
        assert_true(back_stream(&back, i)->ended);
        assert_int_equal(back_stream(&back, i)->stats.issued, 100);
    }
    back_free(&back);
    back_remove(directory);
}

TEST(what_the_parent_had_recorded_is_not_written_again_by_its_children)
{
    NOT_UNDER_TSAN();
    const char *directory = back_directory();
    uint32_t endpoint;
    struct back back;
    pid_t child;

    recording_start(directory);
    endpoint = fmd_endpoint("GET /");
    recording_add(endpoint, "parent", 50);
    child = fork_quietly();
    if (child == 0) {
        recording_add(endpoint, "child", 7);
        exit(0);
    }
    recording_add(endpoint, "parent", 5);
    assert_int_equal(wait_for(child), 0);
    assert_int_equal(fmd_stop(), 0);
    back = back_read(directory);
    assert_int_equal(back.stream_count, 2);
    assert_int_equal(count_group(&back, "parent"), 55);
    assert_int_equal(count_group(&back, "child"), 7);
    back_free(&back);
    back_remove(directory);
}

TEST(a_child_that_records_nothing_leaves_nothing_and_harms_nothing)
{
    NOT_UNDER_TSAN();
    const char *directory = back_directory();
    struct back back;
    pid_t child;

    recording_start(directory);
    recording_add(fmd_endpoint("GET /"), "parent", 3);
    child = fork_quietly();
    if (child == 0)
        exit(fmd_snapshot() == 0 ? 0 : 1);
    assert_int_equal(wait_for(child), 0);
    assert_int_equal(back_count_files(directory, ".ring"), 1);
    recording_add(0, "parent", 2);
    assert_int_equal(fmd_stop(), 0);
    back = back_read(directory);
    assert_int_equal(back.stream_count, 1);
    assert_int_equal(back.request_count, 5);
    back_free(&back);
    back_remove(directory);
}

TEST(a_request_in_flight_at_the_fork_is_the_parents)
{
    NOT_UNDER_TSAN();
    const char *directory = back_directory();
    struct fmd_request request;
    struct fmd_stats stats;
    struct back back;
    pid_t child;

    recording_start(directory);
    fmd_begin(&request, fmd_endpoint("GET /forks"));
    child = fork_quietly();
    if (child == 0) {
        fmd_end(&request);
        fmd_stats(&stats);
        if (stats.issued != 1 || stats.dropped[FMD_DROP_FORKED] != 1)
            _exit(1);
        recording_add(0, "child", 1);
        fmd_begin(&request, 0); /* the same memory is the child's own now */
        fmd_end(&request);
        if (fmd_snapshot() != 0)
            _exit(2);
        fmd_stats(&stats);
        exit(stats.issued == 3 && stats.recorded == 2 &&
                     stats.dropped[FMD_DROP_FORKED] == 1
                 ? 0
                 : 3);
    }
    assert_int_equal(wait_for(child), 0);
    fmd_end(&request);
    assert_int_equal(fmd_stop(), 0);
    back = back_read(directory);
    assert_int_equal(back.request_count, 3);
    back_free(&back);
    back_remove(directory);
}

TEST(a_child_made_without_the_c_library_records_for_itself)
{
    NOT_UNDER_TSAN();
    const char *directory = back_directory();
    struct back back;
    pid_t child;

    recording_start(directory);
    recording_add(fmd_endpoint("GET /"), "parent", 3);
    fflush(NULL);
    child = (pid_t)syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0); /* no atfork handlers run */
    if (child == 0) {
        recording_add(0, "child", 4);
        _exit(fmd_snapshot() == 0 ? 0 : 1);
    }
    assert_int_equal(wait_for(child), 0);
    recording_add(0, "parent", 1);
    assert_int_equal(fmd_stop(), 0);
    back = back_read(directory);
    assert_int_equal(count_group(&back, "parent"), 4);
    assert_int_equal(count_group(&back, "child"), 4);
    back_free(&back);
    recording_start(directory); /* takes the child's ring in */
    assert_int_equal(fmd_stop(), 0);
    back_remove(directory);
}

TEST(a_grandchild_has_a_file_of_its_own)
{
    NOT_UNDER_TSAN();
    const char *directory = back_directory();
    struct back back;
    pid_t child;

    recording_start(directory);
    recording_add(0, "one", 1);
    child = fork_quietly();
    if (child == 0) {
        recording_add(0, "two", 2);
        child = fork_quietly();
        if (child == 0) {
            recording_add(0, "three", 3);
            exit(0);
        }
        exit(wait_for(child) != 0);
    }
    assert_int_equal(wait_for(child), 0);
    assert_int_equal(fmd_stop(), 0);
    back = back_read(directory);
    assert_int_equal(back.stream_count, 3);
    assert_int_equal(count_group(&back, "one"), 1);
    assert_int_equal(count_group(&back, "two"), 2);
    assert_int_equal(count_group(&back, "three"), 3);
    back_free(&back);
    back_remove(directory);
}

/* As on an old kernel or in a tight sandbox: madvise and membarrier are refused. */
static bool take_the_kernels_help_away(void)
{
    struct sock_filter filter[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_madvise, 1, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_membarrier, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EINVAL),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
    struct sock_fprog program = {sizeof filter / sizeof filter[0], filter};

    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
           prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

/* In a program of its own, where the recorder has not been started before. */
static int fork_without_help(const char *directory)
{
    pid_t child;
    int status;

    if (!take_the_kernels_help_away())
        return 77;
    recording_start(directory);
    recording_add(fmd_endpoint("GET /"), "parent", 3);
    child = fork_quietly();
    if (child == 0) {
        recording_add(0, "child", 4);
        exit(fmd_snapshot() == 0 ? 0 : 1);
    }
    recording_add(0, "parent", 5);
    if (waitpid(child, &status, 0) != child || status != 0)
        return 1;
    return fmd_stop() == 0 ? 0 : 2;
}

TEST(forks_are_noticed_without_the_kernels_help)
{
    NOT_UNDER_TSAN();
    const char *directory = back_directory();
    char *const arguments[] = {"recorder_fork_test", "--without-help", (char *)directory,
                               NULL};
    struct back back;
    pid_t child = fork_quietly();
    int status;

    if (child == 0) {
        (void)execv("/proc/self/exe", arguments);
        _exit(9);
    }
    status = wait_for(child);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
        SKIP_TEST("not possible here (its own line says why)");
    assert_int_equal(status, 0);
    back = back_read(directory);
    assert_int_equal(back.stream_count, 2);
    assert_int_equal(count_group(&back, "parent"), 8);
    assert_int_equal(count_group(&back, "child"), 4);
    back_free(&back);
    back_remove(directory);
}

/* Runs before main(), which is cmocka's. */
__attribute__((constructor)) static void run_without_help(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], "--without-help") == 0)
        exit(fork_without_help(argv[2]));
}

/* --- forks while everything is in motion ----------------------------------------------
 */

static _Atomic bool stopping;

static void *keep_busy(void *unused)
{
    char name[32];

    (void)unused;
    for (unsigned i = 0; !stopping; i++) {
        snprintf(name, sizeof name, "GET /%u", i % 5000);
        recording_add(fmd_endpoint(name), name, 1);
        if (i % 64 == 0)
            (void)fmd_snapshot();
    }
    return NULL;
}

TEST(forking_while_threads_record_register_and_write_never_hangs)
{
    NOT_UNDER_TSAN();
    const char *directory = back_directory();
    pthread_t threads[3];
    struct back back;

    recording_start(directory);
    stopping = false;
    for (int i = 0; i < 3; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, keep_busy, NULL), 0);
    for (int i = 0; i < 60; i++) {
        pid_t child = fork_quietly();

        if (child == 0) {
            alarm(20); /* a hang is a failure, not a wait */
            recording_add(fmd_endpoint("GET /child"), "child", 3);
            _exit(fmd_stop() == 0 ? 0 : 1);
        }
        assert_int_equal(wait_for(child), 0);
    }
    stopping = true;
    for (int i = 0; i < 3; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(fmd_stop(), 0);
    back = back_read(directory);
    assert_int_equal(count_group(&back, "child"), 180);
    back_free(&back);
    back_remove(directory);
}

/* --- ways to end ----------------------------------------------------------------------
 */

static void *record_in_thread(void *unused)
{
    (void)unused;
    recording_add(0, "thread", 5);
    exit(0); /* from a thread, while main waits */
}

static void end_by(int way)
{
    char *const arguments[] = {"true", NULL};
    pthread_t thread;
    pid_t spawned;

    recording_add(0, "main", 10);
    switch (way) {
    case 0:
        exit(0);
    case 1:
        _exit(0);
    case 2:
        (void)execv("/bin/true", arguments);
        break;
    case 3:
        raise(SIGTERM);
        break;
    case 4:
        raise(SIGKILL);
        break;
    case 5:
        (void)pthread_create(&thread, NULL, record_in_thread, NULL);
        (void)pthread_join(thread, NULL);
        break;
    case 6: /* spawning is no end and does no harm */
        (void)posix_spawn(&spawned, "/bin/true", NULL, NULL, arguments, NULL);
        (void)waitpid(spawned, NULL, 0);
        recording_add(0, "main", 1);
        exit(0);
    default: /* quick_exit runs no exit handlers */
        quick_exit(0);
    }
    _exit(9);
}

TEST(however_a_process_ends_its_requests_are_in_the_trace_or_the_ring)
{
    NOT_UNDER_TSAN();
    static const unsigned expected[] = {10, 10, 10, 10, 10, 15, 11, 10};
    static const bool clean[] = {true, false, false, false, false, true, true, false};

    for (int way = 0; way < 8; way++) {
        const char *directory = back_directory();
        struct back back;
        pid_t child = fork_quietly();

        if (child == 0) {
            recording_start(directory);
            end_by(way);
        }
        (void)wait_for(child);
        back = back_read(directory);
        assert_int_equal(back.request_count, expected[way]);
        assert_int_equal(back_stream(&back, 0)->ended, clean[way]);
        assert_int_equal(back.rings, clean[way] ? 0 : 1);
        assert_int_equal(back_stream(&back, 0)->stats.issued, expected[way]);
        back_free(&back);

        /* The next one to start moves what is left beside the traces, where it counts
         * the same. */
        recording_start(directory);
        assert_int_equal(fmd_stop(), 0);
        back = back_read(directory);
        assert_int_equal(back.request_count, expected[way]);
        assert_int_equal(back.rings, clean[way] ? 0 : 1);
        back_free(&back);
        back_remove(directory);
    }
}

TEST(a_living_sibling_takes_in_the_ring_of_a_killed_one)
{
    NOT_UNDER_TSAN();
    const char *directory = back_directory();
    struct timespec nap = {0, 20000000};
    struct stat status;
    struct back back;
    char path[512] = "";
    struct dirent *entry;
    DIR *entries;
    pid_t child = fork_quietly();

    if (child == 0) {
        recording_start(directory);
        recording_add(0, "killed", 10);
        raise(SIGKILL);
    }
    (void)wait_for(child);
    entries = opendir(directory);
    while ((entry = readdir(entries)))
        if (back_ends_with(entry->d_name, ".ring"))
            snprintf(path, sizeof path, "%s/%s", directory, entry->d_name);
    closedir(entries);
    assert_int_equal(lstat(path, &status), 0);
    assert_true(S_ISLNK(status.st_mode));

    child = fork_quietly();
    if (child == 0) { /* a sibling that has been there all the time */
        recording_start("/tmp");
        (void)fmd_stop();
        recording_start(directory);
        recording_add(0, "living", 1);
        for (int i = 0; i < 500; i++) {
            nanosleep(&nap, NULL);
            if (lstat(path, &status) == 0 && S_ISREG(status.st_mode))
                exit(0);
        }
        exit(1);
    }
    assert_int_equal(wait_for(child), 0);
    back = back_read(directory);
    assert_int_equal(count_group(&back, "killed"), 10);
    assert_int_equal(count_group(&back, "living"), 1);
    back_free(&back);
    back_remove(directory);
}

TEST(a_sleeping_child_does_not_hold_its_dead_parents_ring)
{
    NOT_UNDER_TSAN();
    const char *directory = back_directory();
    int pipe_ends[2], ready[2];
    struct back back;
    pid_t parent, grandchild;
    char byte;

    assert_int_equal(pipe(pipe_ends), 0);
    assert_int_equal(pipe(ready), 0);
    parent = fork_quietly();
    if (parent == 0) {
        recording_start(directory);
        recording_add(0, "parent", 3);
        grandchild = fork();
        if (grandchild == 0) {
            close(pipe_ends[1]);
            (void)!write(ready[1], "x", 1);
            _exit(read(pipe_ends[0], &byte, 1) == 0 ? 0 : 1); /* until the test closes */
        }
        (void)!read(ready[0], &byte, 1);
        raise(SIGKILL);
    }
    close(pipe_ends[0]);
    close(ready[0]);
    close(ready[1]);
    (void)wait_for(parent);
    recording_start(directory); /* takes the ring in although the grandchild lives */
    assert_int_equal(fmd_stop(), 0);
    {
        DIR *entries = opendir(directory);
        struct dirent *entry;

        while ((entry = readdir(entries))) {
            struct stat status;

            if (!back_ends_with(entry->d_name, ".ring"))
                continue;
            fstatat(dirfd(entries), entry->d_name, &status, AT_SYMLINK_NOFOLLOW);
            assert_true(S_ISREG(status.st_mode));
        }
        closedir(entries);
    }
    close(pipe_ends[1]);
    back = back_read(directory);
    assert_int_equal(back.request_count, 3);
    back_free(&back);
    back_remove(directory);
}

TEST(an_application_that_closes_all_descriptors_is_not_written_into)
{
    NOT_UNDER_TSAN();
    const char *directory = back_directory();
    char victim[512];
    struct stat status;
    struct back back;
    pid_t child;

    snprintf(victim, sizeof victim, "%s/precious", directory);
    child = fork_quietly();
    if (child == 0) {
        recording_start(directory);
        recording_add(0, "before", 10);
        if (fmd_snapshot() != 0)
            _exit(1);
        for (int file = 3; file < 64; file++)
            close(file);
        for (int file = 3; file < 64; file++) /* the numbers are theirs now */
            if (open(victim, O_RDWR | O_CREAT | O_CLOEXEC, 0600) < 0)
                _exit(2);
        recording_add(0, "after", 10);
        if (fmd_snapshot() != 0)
            _exit(3);
        if (fmd_stop() != 0)
            _exit(4);
        for (int file = 3; file < 64; file++)
            if (fcntl(file, F_GETFD) < 0)
                _exit(5);
        _exit(0);
    }
    assert_int_equal(wait_for(child), 0);
    assert_int_equal(stat(victim, &status), 0);
    assert_int_equal(status.st_size, 0);
    back = back_read(directory);
    assert_int_equal(count_group(&back, "before"), 10);
    assert_int_equal(count_group(&back, "after"), 10);
    back_free(&back);
    back_remove(directory);
}
