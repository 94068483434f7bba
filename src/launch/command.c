/* SPDX-License-Identifier: GPL-3.0-or-later */
#define _GNU_SOURCE
#include "command.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "src/base/err.h"

static bool is_program(const char *file)
{
    struct stat status;
    return stat(file, &status) == 0 && S_ISREG(status.st_mode) && access(file, X_OK) == 0;
}

/* Looks through PATH. */
static bool search(const char *name, char file[PATH_MAX])
{
    const char *at = getenv("PATH"); /* NOLINT(concurrency-mt-unsafe): one thread */
    for (at = at ? at : "/usr/bin:/bin"; at; at = strchr(at, ':')) {
        at += *at == ':';
        int length = (int)strcspn(at, ":");
        int used =
            snprintf(file, PATH_MAX, "%.*s%s%s", length, at, length ? "/" : "./", name);
        if (used > 0 && used < PATH_MAX && is_program(file))
            return true;
    }
    return false;
}

int command_find(const char *name, char file[PATH_MAX], struct err *err)
{
    if (!strchr(name, '/')) {
        if (name[0] && search(name, file))
            return 0;
        return err_set(err, ERR_USAGE,
                       "there is no command \"%s\" on PATH; is its environment active? "
                       "Else write its path: fmd-record -- venv/bin/%s",
                       name, name);
    }
    if ((size_t)snprintf(file, PATH_MAX, "%s", name) >= PATH_MAX)
        return err_set(err, ERR_USAGE, "the path of the command is too long");
    if (access(name, F_OK) != 0)
        return err_set(err, ERR_USAGE, "there is no %s: %s", name, strerror(errno));
    if (!is_program(name))
        return err_set(err, ERR_USAGE,
                       "%s is no program that may be run; a Python file is run by "
                       "python3: fmd-record -- python3 %s",
                       name, name);
    return 0;
}

static bool is_python(const char *file)
{
    const char *slash = strrchr(file, '/');
    const char *name = slash ? slash + 1 : file;
    return strncmp(name, "python", 6) == 0 && !strchr(name, '-');
}

/* The words of a script's first line, "#!" left out; words of -options too. */
static size_t split(char *line, char *words[4])
{
    size_t count = 0;
    char *rest = NULL;
    for (char *word = strtok_r(line, " \t\"", &rest); word && count < 4;
         word = strtok_r(NULL, " \t\"", &rest))
        words[count++] = word;
    return count;
}

/* #!/venv/bin/python, #!/usr/bin/env [-S] python3, and what pip writes where the path is
 * too long for the kernel: #!/bin/sh, then '''exec' "/venv/bin/python" "$0" "$@" */
static bool python_of_lines(char *first, char *second, char python[PATH_MAX])
{
    struct err none = ERR_INIT;
    char *words[4];
    size_t count = split(first + 2, words), i = 0;
    if (strncmp(second, "'''exec' ", 9) == 0) {
        count = split(second + 9, words);
    } else if (count && strcmp(words[0], "/usr/bin/env") == 0) {
        for (i = 1; i < count && words[i][0] == '-';)
            i++;
    }
    return i < count && is_python(words[i]) && command_find(words[i], python, &none) == 0;
}

bool command_python(const char *file, char python[PATH_MAX])
{
    char first[PATH_MAX] = "", second[PATH_MAX] = "";
    if (is_python(file))
        return snprintf(python, PATH_MAX, "%s", file) < PATH_MAX;
    FILE *script = fopen(file, "re");
    if (!script)
        return false;
    if (fgets(first, sizeof(first), script) && strncmp(first, "#!", 2) == 0 &&
        !fgets(second, sizeof(second), script))
        second[0] = '\0';
    fclose(script);
    first[strcspn(first, "\n")] = second[strcspn(second, "\n")] = '\0';
    return strncmp(first, "#!", 2) == 0 && python_of_lines(first, second, python);
}
