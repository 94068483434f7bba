/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * fmd-record: runs a command so that what it serves is recorded, and says what is in
 * traces. record() is the order of things: check everything, hand the recorder its
 * settings through the environment, run, collect what killed processes left, tell.
 */
#define _GNU_SOURCE
#include <inttypes.h>
#include <limits.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "lib/leftover_rings.h"
#include "src/base/err.h"
#include "src/cli/screen.h"
#include "src/findings/gsl_errors.h"
#include "src/launch/child.h"
#include "src/launch/command.h"
#include "src/launch/info.h"
#include "src/launch/python_hook.h"
#include "src/launch/record_options.h"
#include "src/launch/trace_directory.h"

/* What is known before the command runs. */
struct launch {
    const char *directory; /* as the user would type it */
    char absolute[PATH_MAX];
    char file[PATH_MAX]; /* of the command */
    struct timespec begin;
    struct err unhooked; /* why Flask applications will not be recorded */
};

static const char *variable(const char *name)
{
    const char *value = getenv(name); /* NOLINT(concurrency-mt-unsafe): one thread */
    return value && value[0] ? value : NULL;
}

/* NULL: leaves it as it is. */
static void set_variable(const char *name, const char *value)
{
    if (value)
        setenv(name, value, 1); /* NOLINT(concurrency-mt-unsafe): one thread */
}

/* Finds the folder that hooks into Python. A command that is no Python program, as far as
 * its first lines tell, may do without: it may be a C program or a script. */
static int hook(struct launch *launch, const struct record_options *options,
                struct err *err)
{
    char python[PATH_MAX], folder[PATH_MAX];
    bool certain = options->python != NULL;
    if (options->python && command_find(options->python, python, err) != 0)
        return -1;
    if (!certain)
        certain = command_python(launch->file, python);
    if (!certain && command_find("python3", python, &launch->unhooked) != 0)
        return 0;
    struct err *whose = certain ? err : &launch->unhooked;
    if (python_hook_find(python, folder, whose) == 0)
        python_hook_set(folder);
    else if (certain)
        return -1;
    return 0;
}

/* Different for every run of every host: "20261123T090400Z-1f2e3d4c". */
static const char *new_run(char out[64])
{
    time_t now = time(NULL);
    struct tm utc;
    uint32_t random = (uint32_t)getpid();
    if (getrandom(&random, sizeof(random), GRND_NONBLOCK) < 0)
        random ^= (uint32_t)now;
    gmtime_r(&now, &utc);
    size_t length = strftime(out, 64, "%Y%m%dT%H%M%SZ-", &utc);
    snprintf(out + length, 64 - length, "%08" PRIx32, random);
    return out;
}

/* What the options say, as the recorder reads it. */
static void set_keys(const struct record_options *options)
{
    char configuration[PATH_MAX];
    for (int key = 0; key < FMD__KEY_COUNT; key++)
        set_variable(fmd__key_rows[key].variable, options->keys[key]);
    set_variable("APP_VERSION", options->keys[FMD__KEY_VERSION]);
    if (options->configuration)
        set_variable("FMD_CONFIG", realpath(options->configuration, configuration));
}

/* Reads it back as the recorder will: a wrong value stops here, not in each worker. */
static int check_keys(struct launch *launch, struct err *err)
{
    static struct fmd__configuration all, environment;
    const struct fmd__value *directory = &all.values[FMD__KEY_DIRECTORY];
    const char *file = variable("FMD_CONFIG");
    char why[PATH_MAX + 256];
    if ((file && fmd__configuration_read_file(&all, file, why, sizeof(why)) != 0) ||
        fmd__configuration_read_environment(&environment, why, sizeof(why)) != 0)
        return err_set(err, ERR_USAGE, "%s; the command was not started", why);
    fmd__configuration_overlay(&all, &environment);
    launch->directory = directory->given ? directory->text : "traces";
    return 0;
}

static int prepare(struct launch *launch, const struct record_options *options,
                   struct err *err)
{
    char run[64];
    if (options->configuration && access(options->configuration, R_OK) != 0)
        return err_set(err, ERR_USAGE, "%s cannot be read; name the file with --config",
                       options->configuration);
    set_keys(options);
    if (check_keys(launch, err) != 0 ||
        command_find(options->command[0], launch->file, err) != 0 ||
        trace_directory_prepare(launch->directory, launch->absolute, err) != 0 ||
        hook(launch, options, err) != 0)
        return -1;
    set_variable("FMD_DIR", launch->absolute);
    if (!variable("FMD_RUN"))
        set_variable("FMD_RUN", new_run(run));
    return 0;
}

/* As a shell reads it back. */
static void put_quoted(const char *text, FILE *to)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                "0123456789_-+=./:,@%";
    if (text[0] && text[strspn(text, plain)] == '\0') {
        fprintf(to, "%s%s", text[0] == '-' ? "./" : "", text);
        return;
    }
    fputc('\'', to);
    for (; *text; text++)
        if (*text == '\'')
            fputs("'\\''", to);
        else
            fputc(*text, to);
    fputc('\'', to);
}

/* The last line is the command to run next. */
static void tell_command(const struct launch *launch)
{
    fputs("  fmd-analyze ", stderr);
    put_quoted(launch->directory, stderr);
    fputc('\n', stderr);
}

static void tell_left_behind(const struct launch *launch, size_t count, pid_t one)
{
    fprintf(stderr,
            "fmd-record: the command goes on in the background (%s%d) and is recorded "
            "as run %s until it ends; the report:\n",
            count == 1 ? "process " : "processes, one is ", (int)one,
            variable("FMD_RUN"));
    tell_command(launch);
}

static void tell(const struct launch *launch)
{
    size_t written = trace_directory_written(launch->absolute, launch->begin);
    pid_t one = 0;
    size_t left = child_left_behind(&one);
    if (left > 0) {
        tell_left_behind(launch, left, one);
        return;
    }
    if (written == 0) {
        fprintf(stderr, "fmd-record: nothing was recorded: the command made no Flask "
                        "application and did not use the recorder library");
        if (launch->unhooked.code != ERR_NONE)
            fprintf(stderr,
                    "; to record Flask applications name their Python with --python: %s",
                    launch->unhooked.message);
        fputc('\n', stderr);
        return;
    }
    fprintf(stderr, "fmd-record: %zu trace%s of run %s; the report:\n", written,
            written == 1 ? "" : "s", variable("FMD_RUN"));
    tell_command(launch);
}

/* The exit status. */
static int record(const struct record_options *options, struct err *err)
{
    struct launch launch = {.unhooked = ERR_INIT};
    if (prepare(&launch, options, err) != 0)
        return -1;
    clock_gettime(CLOCK_REALTIME_COARSE, &launch.begin);
    int status = child_run(launch.file, options->command, err);
    if (status < 0)
        return -1;
    fmd__leftover_rings_take_in(launch.absolute);
    if (!options->quiet)
        tell(&launch);
    return status;
}

/* Every path is tried; the first error is told. */
static void info(const struct record_options *options, struct err *err)
{
    for (size_t i = 0; i < options->path_count; i++) {
        struct err here = ERR_INIT;
        if (info_print(options->paths[i], stdout, &here) != 0)
            err_set(err, here.code, "%s", here.message);
    }
}

static int run(const struct record_options *options, struct err *err)
{
    if (record_options_answer(options))
        return 0;
    if (!options->info)
        return record(options, err);
    screen_survive_closed_pipes();
    gsl_errors_become_statuses();
    info(options, err);
    return 0;
}

int main(int argc, char **argv)
{
    struct err err = ERR_INIT;
    struct record_options options;
    int status = 0;
    setlocale(LC_CTYPE, "");
    if (record_options_parse(&options, argc, argv, &err) == 0)
        status = run(&options, &err);
    screen_close(stdout, "standard output", &err);
    if (err.code == ERR_NONE)
        return status;
    fprintf(stderr, "fmd-record: %s: %s\n", err_heading(err.code), err.message);
    return err_exit_status(err.code);
}
