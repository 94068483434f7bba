/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "baseline.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "scale.h"
#include "src/base/err.h"
#include "src/base/mem.h"
#include "src/base/str.h"
#include "src/summary/filter.h"
#include "src/summary/saving.h"
#include "src/summary/summary.h"

static bool begins_as_saved(FILE *file)
{
    char magic[SAVED_MAGIC_BYTES];
    return fread(magic, 1, sizeof(magic), file) == sizeof(magic) &&
           memcmp(magic, SAVED_MAGIC, SAVED_MAGIC_BYTES) == 0;
}

static struct summary *load(const char *path, FILE *file, struct err *err)
{
    char buffer[65536];
    struct str bytes;
    size_t got;
    struct err why = ERR_INIT;

    str_init(&bytes);
    str_add(&bytes, SAVED_MAGIC, SAVED_MAGIC_BYTES);
    while ((got = fread(buffer, 1, sizeof(buffer), file)) > 0)
        str_add(&bytes, buffer, got);
    struct summary *summary = summary_load(bytes.bytes, bytes.length, &why);
    if (!summary)
        err_set(err, ERR_INPUT, "baseline %s: %s", path, why.message);
    str_release(&bytes);
    return summary;
}

static struct summary *read_trace(const char *path, const struct input_options *options,
                                  const struct filter *filter, struct err *err)
{
    struct summary *summary = summary_new();
    struct input_report report;

    summary_filter(summary, filter);
    input_report_init(&report);
    int status = scale_summarize(&path, 1, options, summary, &report, err);
    if (status == 0 && summary_totals(summary).requests == 0)
        status =
            err_set(err, ERR_INPUT, "baseline %s holds no request%s", path,
                    summary_totals(summary).left_out ? " that passes the filter" : "");
    input_report_release(&report);
    if (status == 0)
        return summary;
    summary_free(summary);
    return NULL;
}

struct summary *baseline_read(const char *path, const struct input_options *options,
                              const struct filter *filter, struct err *err)
{
    FILE *file = fopen(path, "rb");

    if (!file) {
        err_set(err, ERR_INPUT, "baseline %s cannot be opened: %s", path,
                strerror(errno));
        return NULL;
    }
    struct summary *summary = NULL;
    bool saved = begins_as_saved(file);
    if (saved && filter_is_set(filter))
        err_set(err, ERR_USAGE,
                "baseline %s is a saved summary, which cannot be filtered any more; save "
                "it with the same --endpoint, --group and --status, or give the traces",
                path);
    else if (saved)
        summary = load(path, file, err);
    fclose(file);
    return saved ? summary : read_trace(path, options, filter, err);
}

static int write_bytes(const struct str *bytes, const char *path)
{
    FILE *file = fopen(path, "wb");

    if (!file)
        return -1;
    size_t written = fwrite(bytes->bytes, 1, bytes->length, file);
    return fclose(file) == 0 && written == bytes->length ? 0 : -1;
}

static bool is_directory(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

int baseline_check_write(const char *path, struct err *err)
{
    const char *slash = strrchr(path, '/');
    size_t length = slash ? (size_t)(slash - path) + (slash == path) : 0;
    char *directory = length ? mem_bytes(path, length) : mem_text(".");
    int result = 0;
    if (is_directory(path))
        result = err_set(err, ERR_USAGE,
                         "--save-summary names %s, which is a directory; name a file, "
                         "such as baseline.fmds in it",
                         path);
    else if (!is_directory(directory))
        result = err_set(err, ERR_OUTPUT,
                         "--save-summary cannot write to %s: there is no directory %s; "
                         "make it, or name a file elsewhere",
                         path, directory);
    else if (access(directory, W_OK | X_OK) != 0)
        result = err_set(err, ERR_OUTPUT,
                         "--save-summary cannot write to %s: %s; make %s writable, or "
                         "name a file elsewhere",
                         path, strerror(errno), directory);
    free(directory);
    return result;
}

int baseline_write(const struct summary *summary, const char *path, struct err *err)
{
    struct str bytes, part;
    int status = 0;

    str_init(&bytes);
    str_init(&part);
    summary_save(summary, &bytes);
    str_addf(&part, "%s.part", path);
    if (write_bytes(&bytes, part.bytes) != 0 || rename(part.bytes, path) != 0) {
        status = err_set(err, ERR_OUTPUT, "the summary could not be written to %s: %s",
                         path, strerror(errno));
        remove(part.bytes);
    }
    str_release(&part);
    str_release(&bytes);
    return status;
}
