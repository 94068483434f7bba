/* SPDX-License-Identifier: Apache-2.0 */
/* A process reads its own memory: what is not there is no crash, what is forbidden is
 * done in another way or told. */
#define _GNU_SOURCE
#include "testdata/cmocka_tests.h"

#include "own_memory.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static void reads_what_is_there_and_no_more(void)
{
    struct fmd__own_memory own;
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    char *pages =
        mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    char copy[3][16];

    assert_ptr_not_equal(pages, MAP_FAILED);
    munmap(pages + page, page);
    memset(pages + page - 16, 0x5a, 16);
    assert_int_equal(fmd__own_memory_init(&own), 0);
    const struct fmd__piece pieces[] = {{(uintptr_t)pages + page - 16, copy[0], 16},
                                        {(uintptr_t)pages + page - 8, copy[1], 16},
                                        {(uintptr_t)pages + page - 16, copy[2], 16}};
    assert_int_equal(fmd__own_memory_read(&own, pieces, 3), 1);
    assert_memory_equal(copy[0], pages + page - 16, 16);
    assert_int_equal(fmd__own_memory_read(&own, &pieces[1], 1), 0);
    assert_int_equal(fmd__own_memory_read(&own, (struct fmd__piece[]){{8, copy, 8}}, 1),
                     0);
    fmd__own_memory_release(&own);
    munmap(pages, page);
}

/* From now on this process may not call that. */
static int forbid(long call)
{
    struct sock_filter rules[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)call, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
    const struct sock_fprog program = {4, rules};

    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        return -1;
    return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

/* The application has closed our descriptor and opened a file that got its number. */
static int descriptor_taken(struct fmd__own_memory *own)
{
    char bytes[8] = "mine";
    const int other = (int)syscall(SYS_memfd_create, "application's", 0u);

    if (write(other, "theirs!", 8) != 8 || dup2(other, own->file) != own->file)
        return 5;
    if (fmd__own_memory_read(own, (struct fmd__piece[]){{(uintptr_t)bytes, bytes, 8}},
                             1) != -ENOTSUP)
        return 6;
    return pread(other, bytes, 8, 0) == 8 && strcmp(bytes, "theirs!") == 0 ? 0 : 7;
}

TEST(memory_that_is_not_there_is_no_crash)
{
    reads_what_is_there_and_no_more();
}

TEST(where_process_vm_readv_is_forbidden_a_file_in_memory_does)
{
    int status;
    const pid_t child = fork();

    if (child == 0) {
        struct fmd__own_memory own;
        if (forbid(SYS_process_vm_readv) != 0)
            _exit(1);
        reads_what_is_there_and_no_more(); /* fails by abort in a child */
        if (fmd__own_memory_init(&own) != 0 || own.file < 0)
            _exit(2);
        const int taken = descriptor_taken(&own);
        if (taken || forbid(SYS_memfd_create) != 0)
            _exit(taken ? taken : 3);
        _exit(fmd__own_memory_init(&own) == -ENOTSUP ? 0 : 4);
    }
    waitpid(child, &status, 0);
    assert_int_equal(status, 0);
}
