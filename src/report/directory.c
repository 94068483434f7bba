/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A report as a directory: report.SUFFIX of every format, and charts/. Every file
 * appears whole or not at all (written beside its place, then renamed). What is removed
 * is only what an earlier report wrote: charts of a known name.
 */
#include "charts.h"

#include "src/base/err.h"
#include "src/base/str.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char *joined(const char *directory, const char *name)
{
    struct str path;
    size_t length = strlen(directory);

    str_init(&path);
    str_addf(&path, "%s%s%s", directory,
             length && directory[length - 1] == '/' ? "" : "/", name);
    return str_take(&path);
}

/* --- whose directory it is --- */

static bool ends_with(const char *name, const char *end)
{
    size_t length = strlen(name), end_length = strlen(end);

    return length >= end_length && strcmp(name + length - end_length, end) == 0;
}

/* A file of charts/ that a report wrote, or one that it did not finish. */
static bool is_chart_file(const char *name)
{
    if (!ends_with(name, ".svg") && !ends_with(name, ".png") &&
        !ends_with(name, ".svg.part") && !ends_with(name, ".png.part"))
        return false;
    for (size_t i = 0; i < REPORT_CHART_KINDS; i++) {
        size_t length = strlen(chart_kinds[i].prefix);
        if (strncmp(name, chart_kinds[i].prefix, length) == 0 &&
            strchr("-.@", name[length]))
            return true;
    }
    return false;
}

/* report.SUFFIX of any format, or one that was not finished. */
static bool is_report_entry(const char *name)
{
    static const char start[] = "report.", unfinished[] = ".part";

    if (strcmp(name, "charts") == 0)
        return true;
    if (strncmp(name, start, strlen(start)) != 0)
        return false;
    name += strlen(start);
    for (const struct report_format *format = report_formats; format->name; format++) {
        size_t length = format->suffix ? strlen(format->suffix) : 0;
        if (!length)
            continue;
        if (strncmp(name, format->suffix, length) == 0 &&
            (name[length] == '\0' || strcmp(name + length, unfinished) == 0))
            return true;
    }
    return false;
}

static bool is_dots(const char *name)
{
    return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

/* Copies the first entry that ours() does not know into foreign; empty: there is none. 0,
 * or -1 when the directory cannot be read. */
static int find_foreign(const char *directory, bool (*ours)(const char *name),
                        char *foreign, size_t size)
{
    DIR *dir = opendir(directory);

    foreign[0] = '\0';
    if (!dir)
        return -1;
    for (struct dirent *entry; (entry = readdir(dir));)
        if (!is_dots(entry->d_name) && !ours(entry->d_name)) {
            snprintf(foreign, size, "%s", entry->d_name);
            break;
        }
    closedir(dir);
    return 0;
}

int report_check_directory(const char *directory, bool force, struct err *err)
{
    char foreign[256];
    struct stat status;

    if (stat(directory, &status)) {
        if (errno == ENOENT)
            return 0;
        return err_set(err, ERR_OUTPUT, "%s cannot be used for the report: %s", directory,
                       strerror(errno));
    }
    if (!S_ISDIR(status.st_mode))
        return err_set(err, ERR_OUTPUT,
                       "%s is a file; -o names the directory that the report is written "
                       "into",
                       directory);
    if (force)
        return 0;
    if (find_foreign(directory, is_report_entry, foreign, sizeof(foreign)))
        return err_set(err, ERR_OUTPUT, "the directory %s cannot be read: %s", directory,
                       strerror(errno));
    if (!*foreign) {
        char *charts = joined(directory, "charts");
        find_foreign(charts, is_chart_file, foreign, sizeof(foreign));
        free(charts);
    }
    if (*foreign)
        return err_set(err, ERR_USAGE,
                       "%s holds something else than a report (%s); name another "
                       "directory, or add --force to write into it all the same",
                       directory, foreign);
    return 0;
}

/* --- writing --- */

/* Prints into NAME.part, which becomes NAME when it is whole. */
static int write_file(const struct report *report, const struct report_format *format,
                      const char *directory, struct err *err)
{
    struct str name;

    str_init(&name);
    str_addf(&name, "report.%s", format->suffix);
    char *path = joined(directory, name.bytes);
    str_add_text(&name, ".part");
    char *part = joined(directory, name.bytes);
    FILE *file = fopen(part, "we");
    int failed;

    if (!file) {
        failed =
            err_set(err, ERR_OUTPUT, "%s cannot be written: %s", part, strerror(errno));
    } else {
        failed = format->print(report, file, err);
        if (fclose(file) && !failed)
            failed = err_set(err, ERR_OUTPUT, "%s could not be written: %s", part,
                             strerror(errno));
        if (!failed && rename(part, path))
            failed = err_set(err, ERR_OUTPUT, "%s could not be written: %s", path,
                             strerror(errno));
        if (failed)
            unlink(part);
    }
    str_release(&name);
    free(path);
    free(part);
    return failed ? -1 : 0;
}

/* Removes the charts of an earlier report. */
static void remove_charts(const char *charts)
{
    DIR *dir = opendir(charts);

    if (!dir)
        return;
    for (struct dirent *entry; (entry = readdir(dir));)
        if (is_chart_file(entry->d_name))
            unlinkat(dirfd(dir), entry->d_name, 0);
    closedir(dir);
}

static int make_directory(const char *path, struct err *err)
{
    if (mkdir(path, 0777) == 0 || errno == EEXIST)
        return 0;
    return err_set(err, ERR_OUTPUT,
                   "the directory %s cannot be made: %s; make the one above it first, or "
                   "name another",
                   path, strerror(errno));
}

static int write_charts(struct report *report, const char *directory, struct err *err)
{
    char *charts = joined(directory, "charts");
    int failed = 0;

    remove_charts(charts);
    if (report->chart_count > 0)
        failed = make_directory(charts, err) || report_charts(report, charts, err);
    else
        rmdir(charts);
    free(charts);
    return failed ? -1 : 0;
}

int report_write_directory(struct report *report, const char *directory, bool force,
                           struct err *err)
{
    if (report_check_directory(directory, force, err) || make_directory(directory, err) ||
        write_charts(report, directory, err))
        return -1;
    for (const struct report_format *format = report_formats; format->name; format++)
        if (format->suffix && write_file(report, format, directory, err))
            return -1;
    return 0;
}
