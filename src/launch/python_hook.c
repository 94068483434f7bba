/* SPDX-License-Identifier: GPL-3.0-or-later */
#define _GNU_SOURCE
#include "python_hook.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "src/base/err.h"
#include "src/base/str.h"

/* The folder we are in is not where the package comes from. */
static const char question[] = "import sys; sys.path = [p for p in sys.path if p]\n"
                               "import os, fmd_record\n"
                               "print(os.path.join(os.path.dirname(os.path.abspath("
                               "fmd_record.__file__)), 'launch'))";

/* Runs it and reads what it says, on either stream. Its wait status, or -1. */
static int ask(const char *python, char *answer, size_t size)
{
    int pipes[2], status = -1;
    size_t used = 0;
    ssize_t got = 0;
    if (pipe2(pipes, O_CLOEXEC) != 0)
        return -1;
    pid_t child = fork();
    if (child == 0) {
        dup2(pipes[1], STDOUT_FILENO);
        dup2(pipes[1], STDERR_FILENO);
        execl(python, python, "-c", question, (char *)NULL);
        _exit(127);
    }
    close(pipes[1]);
    while (child > 0 && (got = read(pipes[0], answer + used, size - 1 - used)) > 0) {
        used += (size_t)got;
        if (used > size / 2) { /* only the end is of interest */
            memmove(answer, answer + used - size / 4, size / 4);
            used = size / 4;
        }
    }
    answer[used] = '\0';
    close(pipes[0]);
    if (child < 0 || waitpid(child, &status, 0) != child)
        return -1;
    return status;
}

static const char *last_line(char *text)
{
    size_t length = strlen(text);
    while (length && text[length - 1] == '\n')
        text[--length] = '\0';
    const char *line = strrchr(text, '\n');
    return line ? line + 1 : text;
}

int python_hook_find(const char *python, char folder[PATH_MAX], struct err *err)
{
    char answer[8 * PATH_MAX] = "";
    int status = ask(python, answer, sizeof(answer));
    const char *line = last_line(answer);
    if (status == 0 && line[0] == '/' && access(line, X_OK) == 0) {
        snprintf(folder, PATH_MAX, "%.*s", PATH_MAX - 1, line);
        return 0;
    }
    return err_set(
        err, ERR_USAGE,
        "%s cannot import fmd_record (%.200s); install it, in a clone of fmd: "
        "%s -m pip install --no-build-isolation ./lib/python (where pip refuses, "
        "into an environment: %s -m venv --system-site-packages venv, then "
        "venv/bin/pip)",
        python, line, python, python);
}

void python_hook_set(const char *folder)
{
    const char *before = getenv("PYTHONPATH"); /* NOLINT(concurrency-mt-unsafe) */
    struct str path;
    str_init(&path);
    str_addf(&path, "%s%s%s", folder, before && before[0] ? ":" : "",
             before ? before : "");
    char *text = str_take(&path);
    setenv("PYTHONPATH", text, 1); /* NOLINT(concurrency-mt-unsafe): one thread */
    free(text);
}
