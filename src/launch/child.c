/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Signals are blocked and waited for, so nothing runs in a handler and none is lost
 * between the fork and the wait.
 */
#define _GNU_SOURCE
#include "child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "src/base/err.h"

/* What servers are ordered about with. */
static const int passed_on[] = {SIGINT,  SIGTERM, SIGHUP,  SIGQUIT,
                                SIGUSR1, SIGUSR2, SIGTTIN, SIGTTOU};

static void block(sigset_t *waited, sigset_t *before)
{
    sigemptyset(waited);
    for (size_t i = 0; i < sizeof(passed_on) / sizeof(passed_on[0]); i++)
        sigaddset(waited, passed_on[i]);
    sigaddset(waited, SIGCHLD);
    signal(SIGCHLD, SIG_DFL); /* ignored, it would take the exit status with it */
    sigprocmask(SIG_BLOCK, waited, before);
}

/* In the child. Tells errno through the pipe, which a successful exec closes. */
_Noreturn static void become(const char *file, char *const *argv, const sigset_t *mask,
                             int told)
{
    sigprocmask(SIG_SETMASK, mask, NULL);
    execv(file, argv);
    int error = errno;
    _exit(write(told, &error, sizeof(error)) == sizeof(error) ? 126 : 127);
}

static int start(const char *file, char *const *argv, const sigset_t *mask, pid_t *child,
                 struct err *err)
{
    int pipes[2], error = 0;
    if (pipe2(pipes, O_CLOEXEC) != 0)
        return err_set(err, ERR_INTERNAL, "no pipe: %s", strerror(errno));
    *child = fork();
    if (*child == 0)
        become(file, argv, mask, pipes[1]);
    close(pipes[1]);
    if (*child < 0)
        error = errno;
    else if (read(pipes[0], &error, sizeof(error)) != sizeof(error))
        error = 0;
    else
        waitpid(*child, NULL, 0);
    close(pipes[0]);
    if (error)
        return err_set(err, ERR_USAGE, "%s cannot be run: %s", file, strerror(error));
    return 0;
}

/* Takes in all that have ended; true when child did. Others are what it left behind. */
static bool has_ended(pid_t child, int *child_status)
{
    bool ended = false;
    for (;;) {
        int status;
        pid_t one = waitpid(-1, &status, WNOHANG);
        if (one <= 0)
            return ended;
        if (one == child) {
            *child_status = status;
            ended = true;
        }
    }
}

/* A key at the terminal (SI_KERNEL) has reached the child already: it is in our group. */
static int wait_for(pid_t child, const sigset_t *waited)
{
    int status = 0;
    for (;;) {
        siginfo_t info;
        int number = sigwaitinfo(waited, &info);
        if (number == SIGCHLD && has_ended(child, &status))
            return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
        if (number > 0 && number != SIGCHLD && info.si_code != SI_KERNEL)
            kill(child, number);
    }
}

int child_run(const char *file, char *const *argv, struct err *err)
{
    sigset_t waited, before;
    pid_t child = -1;
    block(&waited, &before);
    prctl(PR_SET_CHILD_SUBREAPER, 1); /* what it leaves behind becomes our child */
    if (start(file, argv, &before, &child, err) != 0) {
        sigprocmask(SIG_SETMASK, &before, NULL);
        return -1;
    }
    return wait_for(child, &waited);
}

size_t child_left_behind(pid_t *one)
{
    size_t count = 0;
    int ignored, pid;
    (void)has_ended(-1, &ignored);
    FILE *children = fopen("/proc/thread-self/children", "re");
    while (children && fscanf(children, "%d", &pid) == 1) {
        *one = pid;
        count++;
    }
    if (children)
        fclose(children);
    return count;
}
