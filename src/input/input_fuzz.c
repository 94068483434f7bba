/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Any bytes as a file, through the whole reader: recognising, archives, blocks, columns,
 * rings. Property: no crash; what is reported as read is what the summary holds; the same
 * bytes twice count once.
 */
#define _GNU_SOURCE /* memfd_create */
#include "input.h"

#include "src/base/err.h"
#include "src/scale/scale.h"
#include "src/summary/summary.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint64_t read_all(const char *const *paths, size_t count)
{
    struct input_options options;
    struct input_report report;
    struct err err = ERR_INIT;
    struct summary *summary = summary_new();
    input_options_init(&options);
    input_report_init(&report);
    options.threads = 1;
    options.archive_bytes_max = 8 << 20;
    int result = scale_summarize(paths, count, &options, summary, &report, &err);
    uint64_t requests = summary_totals(summary).requests;
    if (result == 0 ? report.requests != requests : err.code == ERR_NONE)
        abort();
    input_report_release(&report);
    summary_free(summary);
    return result == 0 ? requests : 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char path[64];
    int fd = memfd_create("input_fuzz", MFD_CLOEXEC);
    if (fd < 0 || write(fd, data, size) != (ssize_t)size)
        abort();
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    const char *paths[] = {path, path};
    if (read_all(paths, 1) != read_all(paths, 2))
        abort();
    close(fd);
    return 0;
}
