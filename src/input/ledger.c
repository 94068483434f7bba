/* SPDX-License-Identifier: GPL-3.0-or-later */
#define _GNU_SOURCE /* tdestroy */
#include "ledger.h"

#include "wall_clocks.h"
#include "hashed_names.h"

#include "lib/wire/definitions.h"
#include "src/base/mem.h"
#include "src/base/vec.h"

#include <pthread.h>
#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Of all streams together. */
#define NAMES_BYTES_MAX ((size_t)16 << 20)
enum { LOSSES_KEPT = 100000 };

/* A host within a run; hosts and runs are counted from these. */
struct run_host {
    char *run, *host;
    uint64_t processes, requests;
    int64_t first_utc_ns, last_utc_ns; /* of its requests, once there is one */
};

/* Records of a ring below end are in trace files. */
struct ring_end {
    uint32_t ring_id;
    uint64_t end;
};

struct segment_anchors {
    uint64_t segment;
    struct anchor first, last;
};

struct stream {
    uint8_t id[16];
    uint32_t pid;
    bool unknown; /* whose blocks these are was lost: holds one file's */
    struct run_host *where;
    struct spans seen, lost; /* block numbers; a lost one may be seen elsewhere */
    uint64_t requests;       /* in blocks that were claimed */
    uint64_t requests_lost;  /* in blocks whose header tells; known at the end */
    uint64_t vague_losses;   /* damages that do not tell how many; known at the end */
    struct ring_end *rings;  /* by ring_id */
    size_t ring_count, ring_room;
    struct segment_anchors *anchors;
    size_t anchor_count;
    struct hashed_names names;
    struct fmd__stats stats; /* the last ones, by issued */
    uint64_t recovered;
    struct stream *next; /* all streams, in the order they were met */
};

struct ledger {
    pthread_mutex_t lock; /* around all below, and all streams */
    struct notes *notes;
    void *streams_by_id, *run_hosts; /* tsearch trees */
    struct stream *first, **last;
    struct run_host **all_run_hosts;
    size_t run_host_count, run_host_room;
    uint64_t requests, recovered, blocks_skipped;
    size_t names_bytes;
    struct loss *losses; /* file is owned here */
    size_t loss_count, loss_room;
};

struct ledger *ledger_new(void)
{
    struct ledger *ledger = mem_new(sizeof(*ledger));
    pthread_mutex_init(&ledger->lock, NULL);
    ledger->notes = notes_new();
    ledger->last = &ledger->first;
    return ledger;
}

static void stream_free(struct stream *stream)
{
    spans_release(&stream->seen);
    spans_release(&stream->lost);
    free(stream->rings);
    free(stream->anchors);
    hashed_names_release(&stream->names);
    free(stream);
}

static void keep_node(void *node)
{
    (void)node; /* the lists own what the trees point to */
}

void ledger_free(struct ledger *ledger)
{
    if (!ledger)
        return;
    tdestroy(ledger->streams_by_id, keep_node);
    tdestroy(ledger->run_hosts, keep_node);
    for (struct stream *stream = ledger->first, *next; stream; stream = next) {
        next = stream->next;
        stream_free(stream);
    }
    for (size_t i = 0; i < ledger->run_host_count; i++) {
        free(ledger->all_run_hosts[i]->run);
        free(ledger->all_run_hosts[i]->host);
        free(ledger->all_run_hosts[i]);
    }
    free(ledger->all_run_hosts);
    for (size_t i = 0; i < ledger->loss_count; i++)
        free((char *)ledger->losses[i].file);
    free(ledger->losses);
    notes_free(ledger->notes);
    pthread_mutex_destroy(&ledger->lock);
    free(ledger);
}

struct notes *ledger_notes(struct ledger *ledger)
{
    return ledger->notes;
}

/* --- who -----------------------------------------------------------------------------
 */

static int by_run_and_host(const void *left, const void *right)
{
    const struct run_host *a = left, *b = right;
    int order = strcmp(a->run, b->run);
    return order ? order : strcmp(a->host, b->host);
}

static struct run_host *find_run_host(struct ledger *ledger, const char *run,
                                      const char *host)
{
    struct run_host key = {.run = (char *)run, .host = (char *)host};
    struct run_host **found = tfind(&key, &ledger->run_hosts, by_run_and_host);
    if (found)
        return *found;
    struct run_host *made = mem_new(sizeof(*made));
    made->run = mem_text(run);
    made->host = mem_text(host);
    ledger->all_run_hosts =
        vec_room(ledger->all_run_hosts, &ledger->run_host_room,
                 ledger->run_host_count + 1, sizeof(struct run_host *));
    ledger->all_run_hosts[ledger->run_host_count++] = made;
    tsearch(made, &ledger->run_hosts, by_run_and_host);
    return made;
}

static int by_id(const void *left, const void *right)
{
    const struct stream *a = left, *b = right;
    return memcmp(a->id, b->id, sizeof(a->id));
}

static struct stream *find_stream(struct ledger *ledger,
                                  const struct fmd__segment *segment, bool unknown)
{
    struct stream key;
    memcpy(key.id, segment->stream, sizeof(key.id));
    pthread_mutex_lock(&ledger->lock);
    struct stream **found = tfind(&key, &ledger->streams_by_id, by_id), *stream;
    if (found) {
        stream = *found;
    } else {
        stream = mem_new(sizeof(*stream));
        memcpy(stream->id, segment->stream, sizeof(stream->id));
        stream->pid = segment->pid;
        stream->unknown = unknown;
        stream->where = find_run_host(ledger, segment->run, segment->host);
        stream->where->processes++;
        *ledger->last = stream;
        ledger->last = &stream->next;
        tsearch(stream, &ledger->streams_by_id, by_id);
    }
    pthread_mutex_unlock(&ledger->lock);
    return stream;
}

struct stream *ledger_stream(struct ledger *ledger, const struct fmd__segment *segment)
{
    return find_stream(ledger, segment, false);
}

struct stream *ledger_unknown_stream(struct ledger *ledger,
                                     const struct fmd__block *block)
{
    struct fmd__segment segment = {.host = "(unknown)"};
    uint64_t anchor = (uint64_t)block->anchor_utc_ns ^ block->sequence << 40;
    memcpy(segment.stream, &anchor, sizeof(anchor));
    memcpy(segment.stream + 8, &block->payload_crc32c, sizeof(block->payload_crc32c));
    return find_stream(ledger, &segment, true);
}

const char *stream_host(const struct stream *stream)
{
    return stream->where->host;
}

const char *stream_run(const struct stream *stream)
{
    return stream->where->run;
}

uint64_t stream_process(const struct stream *stream)
{
    uint64_t process = 0;
    for (int i = 0; i < 8; i++)
        process = process << 8 | stream->id[i];
    return process;
}

/* --- what was read -------------------------------------------------------------------
 */

static bool has_seen(const struct stream *stream, uint64_t block)
{
    return block < UINT64_MAX && spans_covered(&stream->seen, block, block + 1);
}

static void see(struct stream *stream, uint64_t block)
{
    if (block < UINT64_MAX)
        spans_add(&stream->seen, block, block + 1);
}

bool ledger_seen(struct ledger *ledger, const struct stream *stream,
                 const struct fmd__block *block)
{
    pthread_mutex_lock(&ledger->lock);
    bool seen = has_seen(stream, block->sequence);
    pthread_mutex_unlock(&ledger->lock);
    return seen;
}

void ledger_met(struct ledger *ledger, struct stream *stream,
                const struct fmd__block *block)
{
    pthread_mutex_lock(&ledger->lock);
    see(stream, block->sequence);
    pthread_mutex_unlock(&ledger->lock);
}

static void ring_consumed(struct stream *stream, uint32_t ring_id, uint64_t last)
{
    size_t at = 0;
    while (at < stream->ring_count && stream->rings[at].ring_id < ring_id)
        at++;
    if (at == stream->ring_count || stream->rings[at].ring_id != ring_id) {
        stream->rings = vec_room(stream->rings, &stream->ring_room,
                                 stream->ring_count + 1, sizeof(*stream->rings));
        vec_hole(stream->rings, stream->ring_count++, at, sizeof(*stream->rings));
        stream->rings[at] = (struct ring_end){ring_id, 0};
    }
    if (last < UINT64_MAX && last + 1 > stream->rings[at].end)
        stream->rings[at].end = last + 1;
}

static void count_requests(struct ledger *ledger, struct stream *stream, uint64_t count,
                           int64_t first_utc_ns, int64_t last_utc_ns)
{
    struct run_host *where = stream->where;
    if (!count)
        return;
    if (!where->requests || first_utc_ns < where->first_utc_ns)
        where->first_utc_ns = first_utc_ns;
    if (!where->requests || last_utc_ns > where->last_utc_ns)
        where->last_utc_ns = last_utc_ns;
    where->requests += count;
    ledger->requests += count;
}

bool ledger_claim(struct ledger *ledger, struct stream *stream,
                  const struct fmd__block *block, const struct fmd__ring_range *ranges,
                  uint32_t range_count)
{
    struct anchor anchor = {block->anchor_monotonic_ns, block->anchor_utc_ns};
    pthread_mutex_lock(&ledger->lock);
    bool fresh = !has_seen(stream, block->sequence);
    if (fresh) {
        see(stream, block->sequence);
        for (uint32_t i = 0; i < range_count; i++)
            ring_consumed(stream, ranges[i].ring_id, ranges[i].last);
        stream->requests += block->count;
        count_requests(ledger, stream, block->count,
                       anchor_utc(&anchor, block->start_min_ns),
                       anchor_utc(&anchor, block->start_max_ns));
    }
    pthread_mutex_unlock(&ledger->lock);
    return fresh;
}

void ledger_count(struct ledger *ledger, struct stream *stream, uint64_t count,
                  int64_t first_utc_ns, int64_t last_utc_ns)
{
    pthread_mutex_lock(&ledger->lock);
    count_requests(ledger, stream, count, first_utc_ns, last_utc_ns);
    stream->recovered += count;
    ledger->recovered += count;
    pthread_mutex_unlock(&ledger->lock);
}

uint64_t ledger_requests(struct ledger *ledger)
{
    pthread_mutex_lock(&ledger->lock);
    uint64_t requests = ledger->requests;
    pthread_mutex_unlock(&ledger->lock);
    return requests;
}

void ledger_lost(struct ledger *ledger, const struct loss *loss)
{
    pthread_mutex_lock(&ledger->lock);
    ledger->blocks_skipped += loss->what != NULL;
    if (ledger->loss_count < LOSSES_KEPT) {
        ledger->losses = vec_room(ledger->losses, &ledger->loss_room,
                                  ledger->loss_count + 1, sizeof(*ledger->losses));
        ledger->losses[ledger->loss_count] = *loss;
        ledger->losses[ledger->loss_count++].file = mem_text(loss->file);
    } else {
        loss->stream->requests_lost += loss->requests;
    }
    pthread_mutex_unlock(&ledger->lock);
}

void ledger_skipped(struct ledger *ledger)
{
    pthread_mutex_lock(&ledger->lock);
    ledger->blocks_skipped++;
    pthread_mutex_unlock(&ledger->lock);
}

void ledger_stats(struct ledger *ledger, struct stream *stream,
                  const struct fmd__stats *stats)
{
    pthread_mutex_lock(&ledger->lock);
    if (stats->issued > stream->stats.issued ||
        (stats->issued == stream->stats.issued &&
         stats->recorded >= stream->stats.recorded))
        stream->stats = *stats;
    pthread_mutex_unlock(&ledger->lock);
}

void ledger_anchors(struct ledger *ledger, struct stream *stream, uint64_t segment,
                    const struct anchor *first, const struct anchor *last)
{
    pthread_mutex_lock(&ledger->lock);
    stream->anchors = mem_resize(stream->anchors,
                                 (stream->anchor_count + 1) * sizeof(*stream->anchors));
    stream->anchors[stream->anchor_count++] =
        (struct segment_anchors){segment, *first, *last};
    pthread_mutex_unlock(&ledger->lock);
}

/* --- rings left behind ---------------------------------------------------------------
 */

void ledger_names(struct ledger *ledger, struct stream *stream, const uint8_t *payload,
                  size_t bytes)
{
    struct fmd__definition definition;
    size_t offset = 0;
    pthread_mutex_lock(&ledger->lock);
    ledger->names_bytes -= hashed_names_size(&stream->names);
    while (ledger->names_bytes + hashed_names_size(&stream->names) < NAMES_BYTES_MAX &&
           fmd__definition_decode(payload, bytes, &offset, &definition) == 1)
        hashed_names_add(&stream->names, definition.hash, definition.bytes,
                         definition.length);
    ledger->names_bytes += hashed_names_size(&stream->names);
    pthread_mutex_unlock(&ledger->lock);
}

const char *ledger_find_name(struct ledger *ledger, const struct stream *stream,
                             uint64_t hash, uint32_t *length)
{
    pthread_mutex_lock(&ledger->lock);
    const char *bytes = hashed_names_find(&stream->names, hash, length);
    pthread_mutex_unlock(&ledger->lock);
    return bytes;
}

void ledger_rings(struct ledger *ledger, const struct stream *stream,
                  void (*give)(void *to, uint32_t ring_id, uint64_t end), void *to)
{
    pthread_mutex_lock(&ledger->lock);
    for (size_t i = 0; i < stream->ring_count; i++)
        give(to, stream->rings[i].ring_id, stream->rings[i].end);
    pthread_mutex_unlock(&ledger->lock);
}

void ledger_recovered(struct ledger *ledger, struct stream *stream, uint32_t ring_id,
                      uint64_t sequence)
{
    pthread_mutex_lock(&ledger->lock);
    ring_consumed(stream, ring_id, sequence);
    pthread_mutex_unlock(&ledger->lock);
}

uint64_t ledger_next_sequence(struct ledger *ledger, const struct stream *stream)
{
    pthread_mutex_lock(&ledger->lock);
    uint64_t next = stream->seen.count ? stream->seen.at[stream->seen.count - 1].end : 0;
    pthread_mutex_unlock(&ledger->lock);
    return next;
}

/* --- the end -------------------------------------------------------------------------
 */

/* The damage reaches from what was read before it to what was read after it. */
static void bound_loss(struct loss *loss)
{
    const struct spans *seen = &loss->stream->seen;
    if (loss->first == UINT64_MAX && loss->end != UINT64_MAX)
        loss->first = spans_end_before(seen, loss->end);
    else if (loss->first != UINT64_MAX && loss->end == UINT64_MAX)
        loss->end = spans_start_from(seen, loss->first);
    if (loss->end == UINT64_MAX || loss->first == UINT64_MAX)
        loss->end = loss->first = 0;
}

/* Another copy of the file was damaged at the same place, or gave the block. */
static bool is_made_good(const struct loss *loss)
{
    return loss->counted && has_seen(loss->stream, loss->first);
}

static void count_loss(struct loss *loss)
{
    struct stream *stream = loss->stream;
    bound_loss(loss);
    if (loss->counted &&
        (is_made_good(loss) || spans_covered(&stream->lost, loss->first, loss->end)))
        loss->requests = 0;
    stream->requests_lost += loss->requests;
    stream->vague_losses += !loss->counted;
    spans_add(&stream->lost, loss->first, loss->end);
}

/* Requests that the process counted as recorded and that nothing above explains. */
static uint64_t unexplained_requests(const struct stream *stream)
{
    const struct fmd__stats *stats = &stream->stats;
    uint64_t known = stream->requests + stream->requests_lost + stats->requests_deleted;
    return stats->recorded > known ? stats->recorded - known : 0;
}

/* Blocks between the first and the last that are neither read nor known to be damaged.
 * The first ones may be gone for the disk limit. */
static uint64_t missing_blocks(const struct stream *stream)
{
    if (!stream->seen.count)
        return 0;
    uint64_t end = stream->seen.at[stream->seen.count - 1].end;
    uint64_t first = stream->seen.at[0].first;
    uint64_t begin = stream->unknown || stream->stats.segments_deleted ? first : 0;
    uint64_t missing = end - begin - spans_covered(&stream->seen, begin, end);
    for (size_t i = 0; i < stream->lost.count; i++) {
        struct span lost = stream->lost.at[i];
        lost.first = lost.first > begin ? lost.first : begin;
        lost.end = lost.end < end ? lost.end : end;
        if (lost.end > lost.first)
            missing -= lost.end - lost.first -
                       spans_covered(&stream->seen, lost.first, lost.end);
    }
    return missing;
}

/* What the process's own count says about its damages that do not tell: this many
 * requests are in them. Nothing where files are missing too. */
static uint64_t vague_requests(const struct stream *stream)
{
    return stream->vague_losses && !missing_blocks(stream) ? unexplained_requests(stream)
                                                           : 0;
}

static void tell_loss(struct ledger *ledger, const struct loss *loss)
{
    const struct stream *stream = loss->stream;
    uint64_t requests = loss->counted ? loss->requests : vague_requests(stream);
    unsigned long long block = loss->place.block, count = requests;
    char *file = notes_shown_name(loss->file), end[128];
    if (is_made_good(loss))
        snprintf(end, sizeof(end), "its requests were read from another copy");
    else if (loss->counted)
        snprintf(end, sizeof(end), "its %llu requests were skipped", count);
    else if (requests && stream->vague_losses == 1)
        snprintf(end, sizeof(end), "%llu requests were skipped there", count);
    else if (requests)
        snprintf(end, sizeof(end),
                 "it holds some of %llu requests that were skipped in %llu such places",
                 count, (unsigned long long)stream->vague_losses);
    else if (stream->stats.clean_end && !missing_blocks(stream))
        snprintf(end, sizeof(end), "no requests are missing for it");
    else
        snprintf(end, sizeof(end), "how many requests it held, if any, is not known");
    notes_add(ledger->notes, INPUT_DAMAGE, loss->place, loss->file, 1,
              loss->counted || stream->vague_losses == 1 ? requests : 0,
              "block %llu of %s is damaged (%s); %s", block, file, loss->what, end);
    free(file);
}

static int by_segment(const void *left, const void *right)
{
    const struct segment_anchors *a = left, *b = right;
    return a->segment < b->segment ? -1 : a->segment > b->segment;
}

static void tell_clock_steps(struct ledger *ledger, struct stream *stream)
{
    if (stream->anchor_count)
        qsort(stream->anchors, stream->anchor_count, sizeof(*stream->anchors),
              by_segment);
    for (size_t i = 1; i < stream->anchor_count; i++)
        if (stream->anchors[i].segment != stream->anchors[i - 1].segment)
            ledger_clock_step(ledger, stream, (struct note_place){UINT64_MAX, 0},
                              stream->where->host, &stream->anchors[i - 1].last,
                              &stream->anchors[i].first);
}

void ledger_clock_step(struct ledger *ledger, const struct stream *stream,
                       struct note_place place, const char *file,
                       const struct anchor *before, const struct anchor *after)
{
    char text[CLOCK_TEXT_BYTES];
    int64_t step_ns = clock_step_ns(before, after);
    if (!step_ns)
        return;
    notes_add(
        ledger->notes, INPUT_CLOCK, place, file, 0, 0,
        "the clock of host %s was set %s by %.1f s (or the machine slept) before %s; "
        "times were left as recorded, so usage by the hour is off there",
        stream->where->host, step_ns < 0 ? "back" : "forward",
        (step_ns < 0 ? -1 : 1) * (double)step_ns / 1e9, clock_text(after->utc_ns, text));
}

static void tell_missing(struct ledger *ledger, const struct stream *stream)
{
    uint64_t blocks = missing_blocks(stream), requests = unexplained_requests(stream);
    if (!blocks)
        return;
    notes_add(ledger->notes, INPUT_OTHER, (struct note_place){UINT64_MAX, 2},
              stream->where->host, blocks, requests,
              "%llu blocks of process %lu on host %s with %s%llu requests are in none of "
              "the files; give the whole trace directory",
              (unsigned long long)blocks, (unsigned long)stream->pid, stream->where->host,
              requests ? "" : "at least ", (unsigned long long)requests);
}

/* A killed process stored its last counts before its last requests: as many as were found
 * were recorded, and no fewer were issued than recorded and dropped. */
static void add_recorder(struct input_recorder *to, const struct stream *stream)
{
    const struct fmd__stats *stats = &stream->stats;
    uint64_t dropped = 0, found = stats->requests_deleted + stream->requests;
    for (size_t i = 0; i < sizeof(to->dropped) / sizeof(to->dropped[0]); i++) {
        to->dropped[i] += stats->dropped[i];
        dropped += stats->dropped[i];
    }
    uint64_t recorded =
        (stats->recorded > found ? stats->recorded : found) + stream->recovered;
    to->recorded += recorded;
    to->issued += stats->issued > recorded + dropped ? stats->issued : recorded + dropped;
    to->strings_lost += stats->strings_lost;
    to->requests_deleted += stats->requests_deleted;
    to->segments_deleted += stats->segments_deleted;
    to->writer_cpu_ns += stats->writer_cpu_ns;
}

static void finish_stream(struct ledger *ledger, struct stream *stream,
                          struct input_report *report)
{
    report->requests_skipped += stream->requests_lost + vague_requests(stream);
    tell_clock_steps(ledger, stream);
    tell_missing(ledger, stream);
    add_recorder(&report->recorder, stream);
    report->processes++;
    report->clean_ends += stream->stats.clean_end != 0;
}

static int by_host(const void *left, const void *right)
{
    const struct run_host *const *a = left, *const *b = right;
    return strcmp((*a)->host, (*b)->host);
}

/* The report's entry of that name, which is the last one or a new one. */
static struct input_host *host_entry(struct input_report *report, const char *name)
{
    if (!report->host_count ||
        strcmp(report->hosts[report->host_count - 1].name, name) != 0)
        report->hosts[report->host_count++].name = mem_text(name);
    return &report->hosts[report->host_count - 1];
}

static void finish_hosts(struct ledger *ledger, struct input_report *report)
{
    if (!ledger->run_host_count)
        return;
    qsort(ledger->all_run_hosts, ledger->run_host_count, sizeof(struct run_host *),
          by_host);
    report->hosts = mem_array(ledger->run_host_count, sizeof(*report->hosts));
    for (size_t i = 0; i < ledger->run_host_count; i++) {
        const struct run_host *from = ledger->all_run_hosts[i];
        struct input_host *to = host_entry(report, from->host);
        if (from->requests && (!to->requests || from->first_utc_ns < to->first_utc_ns))
            to->first_utc_ns = from->first_utc_ns;
        if (from->requests && (!to->requests || from->last_utc_ns > to->last_utc_ns))
            to->last_utc_ns = from->last_utc_ns;
        to->requests += from->requests;
        to->processes += from->processes;
    }
}

static void finish_clocks(struct ledger *ledger, struct input_report *report)
{
    struct clock_range *ranges = mem_new((ledger->run_host_count + 1) * sizeof(*ranges));
    size_t count = 0;
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    for (size_t i = 0; i < ledger->run_host_count; i++) {
        const struct run_host *from = ledger->all_run_hosts[i];
        if (from->requests)
            ranges[count++] = (struct clock_range){from->run, from->host,
                                                   from->first_utc_ns, from->last_utc_ns};
    }
    clocks_compare(ranges, count, (int64_t)now.tv_sec * 1000000000 + now.tv_nsec,
                   ledger->notes);
    for (size_t i = 0; i < count; i++)
        report->runs +=
            ranges[i].run[0] && (!i || strcmp(ranges[i].run, ranges[i - 1].run) != 0);
    free(ranges);
}

void ledger_finish(struct ledger *ledger, struct input_report *report)
{
    for (size_t i = 0; i < ledger->loss_count; i++)
        count_loss(&ledger->losses[i]);
    for (size_t i = 0; i < ledger->loss_count; i++)
        if (ledger->losses[i].what)
            tell_loss(ledger, &ledger->losses[i]);
    for (struct stream *stream = ledger->first; stream; stream = stream->next)
        finish_stream(ledger, stream, report);
    finish_hosts(ledger, report);
    finish_clocks(ledger, report);
    report->requests += ledger->requests;
    report->blocks_skipped += ledger->blocks_skipped;
    report->requests_recovered += ledger->recovered;
    if (report->recorder.requests_deleted)
        notes_add(
            ledger->notes, INPUT_OTHER, (struct note_place){UINT64_MAX, 3}, "", 0,
            report->recorder.requests_deleted,
            "%llu requests are gone because the recorder deleted its oldest files at "
            "its disk limit; raise total_bytes to keep more",
            (unsigned long long)report->recorder.requests_deleted);
    notes_finish(ledger->notes, report);
}
