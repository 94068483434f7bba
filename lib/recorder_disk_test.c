/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The recorder on disks that are full, gone or not allowed, and without memory or
 * threads: the application goes on, and what was lost is counted.
 */
#define _GNU_SOURCE
#include "recording.h"

#include "fmd-record.h"
#include "pages.h"
#include "thresholds.h"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

static struct fmd_config config_in(const char *directory)
{
    struct fmd_config config = recording_config(directory);

    config.block_ms = 20;
    return config;
}

/* Runs one body in a child, whose limits and mounts are its own; 0 is success, 77 means
 * that this machine does not permit the experiment. */
static void in_child(int (*body)(const char *directory))
{
    const char *directory = back_directory();
    int status;
    pid_t child;

    fflush(NULL);
    child = fork();
    if (child == 0) {
        alarm(60);
        _exit(body(directory));
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    back_remove(directory);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
        SKIP_TEST("not possible here (its own line says why)");
    assert_int_equal(status, 0);
}

#define NEED(condition)                                                                  \
    do {                                                                                 \
        if (!(condition)) {                                                              \
            printf("# line %d: %s\n", __LINE__, #condition), fflush(stdout);             \
            return 1;                                                                    \
        }                                                                                \
    } while (0)

static void quiet_stderr(const char *directory)
{
    char path[256];

    snprintf(path, sizeof path, "%s.stderr", directory);
    (void)!freopen(path, "w+", stderr);
    unlink(path);
}

static int lines_on_stderr(void)
{
    int lines = 0, c;

    fflush(stderr);
    rewind(stderr);
    while ((c = getc(stderr)) != EOF)
        lines += c == '\n';
    return lines;
}

/* A file system of its own with so many bytes. */
static bool mount_small(const char *directory, const char *size)
{
    char options[64];

    snprintf(options, sizeof options, "size=%s,mode=0700", size);
    return unshare(CLONE_NEWNS) == 0 &&
           mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
           mount("fmd", directory, "tmpfs", 0, options) == 0;
}

/* Fills what is left. */
static void fill_up(const char *directory, const char *name)
{
    char path[256];
    int file;

    snprintf(path, sizeof path, "%s/%s", directory, name);
    file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    for (size_t size = 65536; size > 0;) {
        static const char zeros[65536];

        if (write(file, zeros, size) < (ssize_t)size)
            size /= 2;
    }
    close(file);
}

static int full_disk(const char *directory)
{
    struct fmd_config config = config_in(directory);
    struct fmd_stats stats;
    struct back back;
    char filler[256];

    if (!mount_small(directory, "512k"))
        return 77;
    quiet_stderr(directory);
    NEED(fmd_start(&config) == 0);
    recording_add(0, "group", 100);
    NEED(fmd_snapshot() == 0);
    fill_up(directory, "filler");
    for (unsigned i = 0; i < 20; i++) { /* far more than the rings hold */
        recording_add(0, "group", 5000);
        NEED(fmd_snapshot() < 0 || i < 2); /* the last page of a file has room */
    }
    fmd_stats(&stats);
    NEED(stats.issued == 100100 && stats.dropped[FMD_DROP_WRITE_FAILED] > 20000);
    NEED(lines_on_stderr() == 1);

    snprintf(filler, sizeof filler, "%s/filler", directory);
    NEED(unlink(filler) == 0); /* somebody made room: it goes on by itself */
    NEED(fmd_snapshot() == 0);
    recording_add(0, "group", 100);
    NEED(fmd_stop() == 0);
    fmd_stats(&stats);
    NEED(stats.issued == 100200 &&
         stats.recorded + recording_dropped(&stats) == stats.issued);
    back = back_read(directory);
    NEED(back.request_count == stats.recorded && back.damaged + back.torn == 0);
    NEED(back_stream(&back, 0)->ended &&
         back_stream(&back, 0)->stats.dropped[FMD_DROP_WRITE_FAILED] ==
             stats.dropped[FMD_DROP_WRITE_FAILED]);
    NEED(!back_stream(&back, 0)->gap);
    return 0;
}

TEST(a_full_disk_loses_requests_but_not_their_count_and_recovers)
{
    in_child(full_disk);
}

/* What waits for room is looked at once a second, and still counts once. */
static int full_disk_and_thresholds(const char *directory)
{
    struct fmd_config config = config_in(directory);
    struct fmd_request request;
    uint32_t endpoint;

    if (!mount_small(directory, "64k"))
        return 77;
    quiet_stderr(directory);
    config.level = 2;
    config.outlier_requests = 100;
    NEED(fmd_start(&config) == 0);
    endpoint = fmd_endpoint("GET /waits");
    fill_up(directory, "filler");
    for (unsigned i = 0; i < 60; i++) {
        fmd_begin(&request, endpoint);
        fmd_end(&request);
    }
    for (unsigned i = 0; i < 5; i++)
        NEED(fmd_snapshot() == -ENOSPC);
    NEED(fmd__threshold_of(endpoint) == 0);
    NEED(fmd_stop() == -ENOSPC);
    return 0;
}

TEST(requests_that_wait_for_room_make_no_threshold)
{
    in_child(full_disk_and_thresholds);
}

static int full_at_stop(const char *directory)
{
    struct fmd_config config = config_in(directory);
    struct fmd_stats stats;

    if (!mount_small(directory, "64k"))
        return 77;
    quiet_stderr(directory);
    NEED(fmd_start(&config) == 0);
    fill_up(directory, "filler");
    recording_add(0, "group", 100);
    NEED(fmd_stop() == -ENOSPC);
    fmd_stats(&stats);
    NEED(stats.issued == 100 && stats.dropped[FMD_DROP_WRITE_FAILED] == 100);
    return 0;
}

TEST(what_cannot_be_written_at_the_end_is_counted_as_dropped)
{
    in_child(full_at_stop);
}

static int file_size_limit(const char *directory)
{
    struct fmd_config config = config_in(directory);
    struct rlimit limit = {20000, 20000};
    struct fmd_stats stats;
    struct back back;
    char group[32];
    struct fmd_request request;

    quiet_stderr(directory);
    NEED(setrlimit(RLIMIT_FSIZE, &limit) == 0); /* SIGXFSZ would kill us */
    NEED(fmd_start(&config) == 0);
    for (unsigned i = 0; i < 30000; i++) {
        int length = snprintf(group, sizeof group, "%u", i * 2654435761u);

        fmd_begin(&request, 0);
        fmd_set_group(&request, group, (size_t)length);
        fmd_end(&request);
        if (i % 300 == 0)
            NEED(fmd_snapshot() == 0);
    }
    (void)fmd_stop();
    fmd_stats(&stats);
    NEED(stats.recorded == 30000 &&
         recording_dropped(&stats) == 0); /* the next segment takes it */
    NEED(lines_on_stderr() == 0);
    back = back_read(directory);
    NEED(back.request_count == 30000 && back.damaged + back.torn == 0);
    return 0;
}

/* A last batch that no file may hold: at least its loss is in the trace. */
static int file_size_limit_at_the_end(const char *directory)
{
    struct fmd_config config = config_in(directory);
    struct rlimit limit = {16384, 16384};
    struct fmd_stats stats;
    struct back back;

    quiet_stderr(directory);
    config.block_ms = 3600000;
    NEED(setrlimit(RLIMIT_FSIZE, &limit) == 0);
    NEED(fmd_start(&config) == 0);
    for (unsigned i = 0; i < 3000; i++) {
        struct fmd_request request;
        char group[32];

        fmd_begin(&request, 0);
        snprintf(group, sizeof group, "%u", i * 2654435761u);
        fmd_set_group(&request, group, strlen(group));
        fmd_end(&request);
    }
    NEED(fmd_stop() == -EFBIG);
    fmd_stats(&stats);
    NEED(stats.issued == 3000 && stats.dropped[FMD_DROP_WRITE_FAILED] == 3000);
    back = back_read(directory);
    NEED(back.stream_count == 1 && back.request_count == 0);
    NEED(back_stream(&back, 0)->ended && back_stream(&back, 0)->stats.issued == 3000);
    NEED(back_stream(&back, 0)->stats.dropped[FMD_DROP_WRITE_FAILED] == 3000);
    return 0;
}

TEST(a_loss_at_the_end_is_told_where_there_is_room_for_that)
{
    in_child(file_size_limit_at_the_end);
}

TEST(a_file_size_limit_kills_nobody)
{
    in_child(file_size_limit);
}

static int no_shared_memory(const char *directory)
{
    struct fmd_config config = config_in(directory);
    struct fmd_stats stats;
    struct back back;
    struct stat status;
    DIR *entries;
    struct dirent *entry;
    bool beside = false;

    if (!mount_small("/dev/shm", "64k"))
        return 77;
    NEED(fmd_start(&config) == 0); /* the rings take 2 MB */
    NEED(back_count_files("/dev/shm", ".ring") == 0);
    entries = opendir(directory);
    while ((entry = readdir(entries)))
        if (back_ends_with(entry->d_name, ".ring"))
            beside = fstatat(dirfd(entries), entry->d_name, &status,
                             AT_SYMLINK_NOFOLLOW) == 0 &&
                     S_ISREG(status.st_mode);
    closedir(entries);
    NEED(beside);
    recording_add(0, "group", 100);
    NEED(fmd_stop() == 0);
    fmd_stats(&stats);
    NEED(stats.recorded == 100);
    NEED(back_count_files(directory, ".ring") == 0);
    back = back_read(directory);
    NEED(back.request_count == 100);
    return 0;
}

TEST(where_shared_memory_is_full_the_rings_lie_beside_the_traces)
{
    in_child(no_shared_memory);
}

static int no_place_at_all(const char *directory)
{
    struct fmd_config config = config_in(directory);
    struct back back;

    if (!mount_small("/dev/shm", "64k") || !mount_small(directory, "256k"))
        return 77;
    NEED(fmd_start(&config) == 0);
    NEED(back_count_files(directory, ".ring") == 0);
    recording_add(0, "group", 100);
    NEED(fmd_stop() == 0);
    back = back_read(directory);
    NEED(back.request_count == 100);
    return 0;
}

TEST(with_no_place_for_a_ring_file_plain_memory_serves)
{
    in_child(no_place_at_all);
}

static int chosen_ring_directory(const char *directory)
{
    struct fmd_config config = config_in(directory);
    char rings[256];

    snprintf(rings, sizeof rings, "%s/rings", directory);
    NEED(mkdir(rings, 0700) == 0);
    NEED(setenv("FMD_RING_DIR", rings, 1) == 0);
    NEED(fmd_start(&config) == 0);
    NEED(back_count_files(rings, ".ring") == 1);
    recording_add(0, "group", 1);
    NEED(fmd_stop() == 0);
    NEED(back_count_files(rings, ".ring") == 0);
    return 0;
}

TEST(the_ring_directory_can_be_chosen)
{
    in_child(chosen_ring_directory);
}

static int removed_directory(const char *directory)
{
    struct fmd_config config = config_in(directory);
    char below[256], path[512];
    struct fmd_stats stats;
    struct back back;

    snprintf(below, sizeof below, "%s/traces", directory);
    config.directory = below;
    NEED(fmd_start(&config) == 0);
    recording_add(0, "group", 10);
    NEED(fmd_snapshot() == 0);
    back_remove(below); /* rm -r under a running server */
    recording_add(0, "group", 20);
    NEED(fmd_snapshot() == 0);
    fmd_trace_path(path, sizeof path);
    NEED(unlink(path) == 0); /* and the file alone */
    recording_add(0, "group", 30);
    NEED(fmd_stop() == 0);
    fmd_stats(&stats);
    NEED(stats.recorded == 60);
    back = back_read(below);
    NEED(back.request_count == 30);
    return 0;
}

TEST(a_removed_directory_is_made_again)
{
    in_child(removed_directory);
}

static int forbidden_directory(const char *directory)
{
    struct fmd_config config = config_in(directory);
    struct fmd_stats stats;

    if (!mount_small(directory, "1m"))
        return 77;
    quiet_stderr(directory);
    NEED(fmd_start(&config) == 0);
    NEED(mount(NULL, directory, NULL, MS_REMOUNT | MS_RDONLY, NULL) == 0);
    recording_add(0, "group", 10);
    NEED(fmd_snapshot() == -EROFS);
    NEED(fmd_stop() == -EROFS);
    fmd_stats(&stats);
    NEED(stats.recorded == 0 && stats.dropped[FMD_DROP_WRITE_FAILED] == 10);
    NEED(fmd_start(&config) == -EROFS); /* and says so at once the next time */
    return 0;
}

TEST(a_read_only_directory_is_an_error_at_start_and_a_count_later)
{
    in_child(forbidden_directory);
}

/* --- threads and memory ----------------------------------------------------------------
 */

static int no_threads(const char *directory)
{
    struct fmd_config config = config_in(directory);
    struct rlimit none = {0, 0};
    struct fmd_stats stats;

    NEED(setrlimit(RLIMIT_NPROC, &none) == 0);
    if (setuid(65534) != 0 || chdir("/") != 0) /* root has no such limit */
        return 77;
    NEED(fmd_start(&config) == 0);
    recording_add(0, "group", 100);
    fmd_stats(&stats);
    NEED(stats.issued == 100 && stats.recorded == 0);
    NEED(fmd_snapshot() == 0);
    recording_add(0, "group", 200);
    NEED(fmd_stop() == 0);
    fmd_stats(&stats);
    NEED(stats.recorded == 300);
    return 0;
}

static int no_threads_as_nobody(const char *directory)
{
    if (getuid() != 0 || chown(directory, 65534, 65534) != 0)
        return 77;
    return no_threads(directory);
}

TEST(where_no_thread_can_be_made_snapshots_write)
{
    in_child(no_threads_as_nobody);
}

TEST(whichever_allocation_fails_the_counts_add_up)
{
    const char *directory = back_directory();
    struct fmd_config config = config_in(directory);
    bool failed = true;
    int succeeded = 0;

    for (int n = 1; failed && n < 200; n++) {
        struct fmd_stats stats;
        char group[32];
        int result;

        fmd__pages_fail_at = n;
        result = fmd_start(&config);
        if (result == 0) {
            for (unsigned i = 0; i < 1000; i++) {
                struct fmd_request request;

                fmd_begin(&request, fmd_endpoint("GET /"));
                fmd_set_group(&request, group,
                              (size_t)snprintf(group, sizeof group, "%u", i));
                fmd_end(&request);
            }
            result = fmd_stop();
            fmd_stats(&stats);
            assert_int_equal(stats.issued, 1000);
            assert_int_equal(stats.recorded + recording_dropped(&stats), 1000);
            succeeded += result == 0;
        } else {
            assert_int_equal(result, -ENOMEM);
        }
        failed = fmd__pages_fail_at == 1;
        fmd__pages_fail_at = 0;
    }
    assert_false(failed);
    assert_true(succeeded > 0);
    back_remove(directory);
}

/* --- the request path
 * ------------------------------------------------------------------- */

/* From here on any system call of this thread but exit and one other ends the process.
 * (Seccomp's strict mode will not do: it takes the clock away.) */
static bool forbid_system_calls(uint32_t but)
{
    struct sock_filter filter[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, but, 1, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_exit, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS)};
    struct sock_fprog program = {sizeof filter / sizeof filter[0], filter};

    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
           prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

struct strictness {
    uint32_t endpoint, but; /* the system call that is allowed */
    unsigned requests;
};

static void *record_without_system_calls(void *argument)
{
    const struct strictness *strictness = argument;
    char group[32];

    recording_add(0, "group", 1); /* the first takes a ring */
    if (!forbid_system_calls(strictness->but))
        _exit(77);
    for (unsigned i = 0; i < strictness->requests; i++) {
        struct fmd_request request;

        fmd_begin(&request, strictness->endpoint);
        fmd_set_method(&request, FMD_METHOD_GET);
        fmd_set_status(&request, 200);
        for (unsigned at = 0; at < sizeof group; at++)
            group[at] = (char)(i >> at % 16);
        fmd_set_group(&request, group, sizeof group);
        fmd_set_address(&request, group, i % sizeof group);
        fmd_view_begin(&request);
        fmd_view_end(&request);
        fmd_first_byte(&request);
        fmd_end(&request);
    }
    syscall(SYS_exit, 0); /* this thread alone */
    return NULL;
}

static int strict(const char *directory, unsigned requests, uint32_t but)
{
    struct strictness strictness = {.but = but, .requests = requests};
    struct fmd_config config = config_in(directory);
    struct fmd_stats stats;
    pthread_t thread;

    NEED(fmd_start(&config) == 0);
    strictness.endpoint = fmd_endpoint("GET /strict");
    NEED(pthread_create(&thread, NULL, record_without_system_calls, &strictness) == 0);
    for (int i = 0; i < 4000; i++) { /* a system call would have killed it */
        struct timespec nap = {0, 1000000};

        nanosleep(&nap, NULL);
        fmd_stats(&stats);
        if (stats.issued == requests + 1)
            break;
    }
    NEED(stats.issued == requests + 1);
    NEED(fmd_snapshot() == 0);
    fmd_stats(&stats);
    NEED(stats.recorded + recording_dropped(&stats) == requests + 1 &&
         stats.recorded > 0);
    NEED(fmd_stop() == 0);
    return 0;
}

static int strict_with_room(const char *directory)
{
    return strict(directory, 1000, SYS_exit);
}

static int strict_without_room(const char *directory)
{
    return strict(directory, 20000, SYS_futex); /* past full rings */
}

TEST(the_request_path_makes_no_system_call_but_to_wake_the_writer_when_rings_run_short)
{
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    SKIP_TEST("the sanitizer's runtime makes some");
#endif
    in_child(strict_with_room);
    in_child(strict_without_room);
}
