/* SPDX-License-Identifier: GPL-3.0-or-later */
#define _GNU_SOURCE /* CPU_COUNT */
#include "scale.h"

#include "src/base/err.h"
#include "src/base/mem.h"
#include "src/input/reader.h"
#include "src/summary/filter.h"
#include "src/summary/scan.h"

#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { WORKERS_MAX = 256 };

/* All workers of one analysis. Who holds `reading` reads the next chunk, inflating it
 * where it is packed; then it decodes and adds while another reads. So the reading is
 * done by one at a time and never waits for room in a queue. Files on disk are given away
 * whole where there are many. */
struct crew {
    pthread_mutex_t reading; /* around reader and err */
    struct reader *reader;
    struct err *err;
    bool failed;
};

struct worker {
    struct crew *crew;
    struct summary *summary; /* the caller's, or its own */
    pthread_t thread;
};

static bool next_chunk(struct crew *crew, struct own_file *own, struct chunk *chunk)
{
    enum reader_result result = READER_OWN;
    while (result == READER_OWN) {
        if (reader_own(own, chunk))
            return true;
        pthread_mutex_lock(&crew->reading);
        result = crew->failed ? READER_FAILED
                              : reader_next(crew->reader, own, chunk, crew->err);
        crew->failed = result == READER_FAILED;
        pthread_mutex_unlock(&crew->reading);
    }
    return result == READER_CHUNK;
}

static void *work(void *to)
{
    struct worker *worker = to;
    struct own_file own = {0};
    struct chunk chunk;
    struct decoder *decoder =
        decoder_new(reader_ledger(worker->crew->reader), worker->summary);
    chunk_init(&chunk);
    while (next_chunk(worker->crew, &own, &chunk))
        decoder_add(decoder, &chunk);
    chunk_release(&chunk);
    decoder_free(decoder);
    return NULL;
}

static unsigned worker_count(const struct input_options *options)
{
    cpu_set_t cores;
    unsigned count = options->threads;
    if (!count)
        count = sched_getaffinity(0, sizeof(cores), &cores) == 0
                    ? (unsigned)CPU_COUNT(&cores)
                    : 1;
    return count < WORKERS_MAX ? count : WORKERS_MAX;
}

/* The caller's thread is the first worker and adds to the caller's summary; a thread that
 * cannot be started is done without. */
static void run_crew(struct crew *crew, unsigned count, struct summary *summary)
{
    struct worker *workers = mem_array(count, sizeof(*workers));
    unsigned started = 1;
    workers[0] = (struct worker){.crew = crew, .summary = summary};
    for (; started < count; started++) {
        workers[started] =
            (struct worker){.crew = crew, .summary = summary_new_like(summary)};
        if (pthread_create(&workers[started].thread, NULL, work, &workers[started])) {
            summary_free(workers[started].summary);
            break;
        }
    }
    work(&workers[0]);
    for (unsigned i = 1; i < started; i++) {
        pthread_join(workers[i].thread, NULL);
        summary_merge(summary, workers[i].summary);
        summary_free(workers[i].summary);
    }
    free(workers);
}

int scale_summarize(const char *const *paths, size_t path_count,
                    const struct input_options *options, struct summary *summary,
                    struct input_report *report, struct err *err)
{
    struct crew crew = {.err = err};
    unsigned threads = worker_count(options);
    crew.reader = reader_new(paths, path_count, options, threads, err);
    if (!crew.reader)
        return -1;
    if (summary_filters(summary) && !summary_scans(summary))
        reader_refuse_saved(crew.reader);
    pthread_mutex_init(&crew.reading, NULL);
    run_crew(&crew, threads, summary);
    int result = crew.failed ? -1 : reader_finish(crew.reader, summary, report, err);
    pthread_mutex_destroy(&crew.reading);
    reader_free(crew.reader);
    return result;
}

static bool has_pipe(const char *const *paths, size_t path_count)
{
    for (size_t i = 0; i < path_count; i++)
        if (strcmp(paths[i], "-") == 0 && lseek(STDIN_FILENO, 0, SEEK_SET) != 0)
            return true;
    return false;
}

int scale_last_request(const char *const *paths, size_t path_count,
                       const struct input_options *options, int64_t *last_utc_ns,
                       struct err *err)
{
    static const struct filter nothing = {.nothing = true};
    struct input_report report;
    if (has_pipe(paths, path_count))
        return err_set(err, ERR_USAGE,
                       "a time before the last request needs input that can be read "
                       "twice; give a file instead of a pipe, or a date");
    struct summary *summary = summary_new();
    summary_filter(summary, &nothing);
    input_report_init(&report);
    int status = scale_summarize(paths, path_count, options, summary, &report, err);
    struct summary_totals totals = summary_totals(summary);
    *last_utc_ns = totals.left_out ? totals.seen_last_utc_ns : 0;
    input_report_release(&report);
    summary_free(summary);
    return status;
}

struct summary *scale_scan(const char *const *paths, size_t path_count,
                           const struct input_options *options,
                           const struct scan_plan *plan, uint64_t requests)
{
    struct err err = ERR_INIT;
    struct input_report report;
    if (has_pipe(paths, path_count))
        return NULL;
    struct summary *summary = summary_new_scanning(plan);
    input_report_init(&report);
    int status = scale_summarize(paths, path_count, options, summary, &report, &err);
    bool same = status == 0 && report.requests == requests &&
                report.sources[INPUT_SUMMARIES].files == 0;
    input_report_release(&report);
    if (same)
        return summary;
    summary_free(summary);
    return NULL;
}
