/* SPDX-License-Identifier: Apache-2.0 */
/* The writer's batches: into which segment they go, with which counts, and how a segment
 * begins and ends. When they are written: writer.c. */
#define _GNU_SOURCE
#include "writer_inside.h"

#include <errno.h>
#include <sys/stat.h>

#define SECOND UINT64_C(1000000000)
#define END_BYTES 1024u        /* more than the last counts and the end take */
#define STATS_NS (10 * SECOND) /* without news */
#define STATS_NEWS_NS SECOND   /* with new losses */

/* The same and what only the trace tells. */
static void own_stats(const struct fmd__writer *writer, struct fmd__stats *stats)
{
    fmd__writer_stats(writer, stats);
    stats->segments_deleted = writer->files.limit.segments_deleted;
    stats->requests_deleted = writer->files.limit.requests_deleted;
    stats->others_segments_deleted = writer->files.limit.others_segments_deleted;
    stats->others_requests_deleted = writer->files.limit.others_requests_deleted;
}

/* What was dropped or deleted. */
static uint64_t losses_in(const struct fmd__stats *stats)
{
    uint64_t sum = stats->segments_deleted + stats->others_segments_deleted;

    for (unsigned i = 0; i < FMD__DROP_CAUSES_MAX; i++)
        sum += stats->dropped[i];
    return sum;
}

void fmd__writer_store_state(struct fmd__writer *writer, uint64_t monotonic_ns,
                             int64_t utc_ns)
{
    struct fmd__ring_state state = {.anchor_monotonic_ns = monotonic_ns,
                                    .anchor_utc_ns = utc_ns};

    own_stats(writer, &state.stats);
    fmd__ring_file_store_state(writer->pool->header, &state);
}

static void add_stats(struct fmd__writer *writer, bool clean_end)
{
    struct fmd__stats stats;

    own_stats(writer, &stats);
    fmd__pool_add_counts(writer->pool, &stats);
    stats.recorded += writer->batch->row_count; /* they are in this batch */
    stats.strings_lost += writer->batch->strings_lost;
    stats.clean_end = clean_end;
    fmd__batch_stats(writer->batch, &stats);
    writer->losses_written = losses_in(&stats);
    writer->stats_ns = writer->batch->monotonic_ns;
}

static bool stats_are_due(const struct fmd__writer *writer)
{
    uint64_t age = writer->batch->monotonic_ns - writer->stats_ns;
    struct fmd__stats stats;

    if (age < STATS_NEWS_NS)
        return false;
    own_stats(writer, &stats);
    fmd__pool_add_counts(writer->pool, &stats);
    return age >= STATS_NS || losses_in(&stats) != writer->losses_written;
}

/* What was deleted for these bytes is in the ring file at once: a kill may come now. */
static void make_room(struct fmd__writer *writer, size_t size)
{
    const struct fmd__disk_limit *limit = &writer->files.limit;
    uint64_t before = limit->segments_deleted + limit->others_segments_deleted;

    fmd__trace_files_make_room(&writer->files, size);
    if (limit->segments_deleted + limit->others_segments_deleted != before)
        fmd__writer_store_state(writer, writer->batch->monotonic_ns,
                                writer->batch->utc_ns);
}

static int append_batch(struct fmd__writer *writer)
{
    struct fmd__batch *batch = writer->batch;
    int result = fmd__trace_files_append(&writer->files, batch->out, batch->out_bytes);

    if (result != 0)
        return result;
    writer->sequence = batch->sequence;
    fmd__count_more(&writer->recorded, batch->row_count);
    fmd__count_more(&writer->strings_lost, batch->strings_lost);
    fmd__writer_store_state(writer, batch->monotonic_ns, batch->utc_ns);
    fmd__batch_settle(batch);
    fmd__pool_recycle(writer->pool);
    return 0;
}

/* Counts of endpoints, whole in every segment: older ones may be deleted. */
static void end_with_counts(struct fmd__writer *writer)
{
    int result = fmd__batch_counts_sum(writer->pool) > 0 ? 0 : -ENODATA;

    writer->batch->counts_next = 0;
    while (result == 0) {
        fmd__batch_begin(writer->batch, writer->sequence);
        fmd__batch_counts(writer->batch);
        make_room(writer, writer->batch->out_bytes);
        result = append_batch(writer);
        if (writer->batch->counts_next == 0)
            break;
    }
    writer->batch->counts_next = 0;
}

void fmd__writer_end_segment(struct fmd__writer *writer, bool clean_end)
{
    if (!writer->files.is_open)
        return;
    if (fmd__trace_files_intact(&writer->files))
        end_with_counts(writer);
    fmd__batch_begin(writer->batch, writer->sequence);
    make_room(writer, END_BYTES); /* counted in these stats */
    add_stats(writer, clean_end);
    fmd__batch_end(writer->batch);
    if (fmd__trace_files_intact(&writer->files))
        (void)append_batch(writer);
    fmd__trace_files_close_segment(&writer->files);
}

/* A segment is open when this returns 0, and *is_new says that it is still empty. */
static int open_segment(struct fmd__writer *writer, bool *is_new)
{
    int result;

    if (writer->files.is_open && !fmd__trace_files_intact(&writer->files))
        fmd__trace_files_close_segment(&writer->files); /* removed under our hands */
    if (writer->files.is_open &&
        (writer->files.bytes >= writer->settings->segment_bytes ||
         fmd__batch_segment_full(writer->batch) ||
         fmd__dictionary_full(&writer->dictionary)))
        fmd__writer_end_segment(writer, false);
    *is_new = !writer->files.is_open;
    if (!*is_new)
        return 0;
    result = fmd__trace_files_open(&writer->files);
    if (result == -ENOENT && mkdir(writer->settings->directory, 0700) == 0)
        result = fmd__trace_files_open(&writer->files);
    return result;
}

/* Threads learn that the writer has forgotten, and send their strings again. */
static void turn_dictionary(struct fmd__writer *writer)
{
    if (!fmd__dictionary_full(&writer->dictionary))
        return;
    fmd__dictionary_turn(&writer->dictionary);
    atomic_fetch_add_explicit(&writer->gate->strings_epoch, UINT64_C(0x9e3779b97f4a7c15),
                              memory_order_relaxed);
}

static int make_batch(struct fmd__writer *writer)
{
    if (!writer->batch)
        writer->batch =
            fmd__batch_new(writer->pool, &writer->dictionary,
                           writer->settings->application, writer->settings->version);
    if (!writer->batch)
        return -ENOMEM;
    writer->batch->sampler = &writer->watch->sampler;
    writer->batch->exceptions = writer->exceptions;
    return 0;
}

/* Into the open segment or, as *is_new says then, a new one. */
static int try_batch(struct fmd__writer *writer, fmd__fill_batch *fill, bool *is_new)
{
    const uint32_t counts_next = writer->batch->counts_next;
    int result = open_segment(writer, is_new);

    if (result != 0)
        return result;
    turn_dictionary(writer);
    fmd__batch_begin(writer->batch, writer->sequence);
    if (*is_new) {
        writer->segment.number = writer->files.number;
        fmd__batch_new_segment(writer->batch);
        fmd__batch_segment(writer->batch, &writer->segment);
    }
    fill(writer->batch);
    if (*is_new || stats_are_due(writer))
        add_stats(writer, false);
    make_room(writer, writer->batch->out_bytes);
    result = append_batch(writer);
    if (result != 0) { /* definitions of this batch are not in this segment */
        fmd__trace_files_close_segment(&writer->files);
        writer->batch->counts_next = counts_next;
    }
    return result;
}

int fmd__writer_write_batch(struct fmd__writer *writer, fmd__fill_batch *fill)
{
    bool is_new = false;
    int result = make_batch(writer);

    if (result == 0)
        result = try_batch(writer, fill, &is_new);
    if (result == -EFBIG && !is_new)
        result = try_batch(writer, fill, &is_new);
    return result;
}
