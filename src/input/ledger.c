/* SPDX-License-Identifier: GPL-3.0-or-later */
#define _GNU_SOURCE /* tdestroy */
#include "ledger_inside.h"

#include "lib/wire/definitions.h"
#include "src/base/mem.h"
#include "src/base/vec.h"

#include <search.h>
#include <stdlib.h>
#include <string.h>

/* Of all streams together. */
#define NAMES_BYTES_MAX ((size_t)16 << 20)
enum { LOSSES_KEPT = 100000, FINGERPRINTS_KEPT = 10000 };

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
    stream_beside_free(stream->beside);
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
    for (size_t i = 0; i < ledger->fingerprint_count; i++)
        free(ledger->fingerprints[i].file);
    free(ledger->fingerprints);
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
        memcpy(stream->interpreter, segment->interpreter,
               sizeof(stream->interpreter) - 1); /* cut; the last byte stays 0 */
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

bool stream_has_seen(const struct stream *stream, uint64_t block)
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
    bool seen = stream_has_seen(stream, block->sequence);
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
    bool fresh = !stream_has_seen(stream, block->sequence);
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

void ledger_read(struct ledger *ledger, uint64_t traces, uint64_t blocks, uint64_t bytes)
{
    pthread_mutex_lock(&ledger->lock);
    ledger->traces += traces;
    ledger->blocks += blocks;
    ledger->bytes += bytes;
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

/* --- files of others -----------------------------------------------------------------
 */

void ledger_count_rows(struct ledger *ledger, uint64_t requests)
{
    pthread_mutex_lock(&ledger->lock);
    ledger->requests += requests;
    pthread_mutex_unlock(&ledger->lock);
}

void ledger_file_read(struct ledger *ledger, enum input_source source, uint64_t requests,
                      uint64_t bad)
{
    pthread_mutex_lock(&ledger->lock);
    ledger->sources[source].files++;
    ledger->sources[source].requests += requests;
    ledger->sources[source].bad += bad;
    pthread_mutex_unlock(&ledger->lock);
}

void ledger_fingerprint(struct ledger *ledger, uint64_t place, const char *file,
                        uint64_t bytes, uint32_t checksum)
{
    pthread_mutex_lock(&ledger->lock);
    if (ledger->fingerprint_count < FINGERPRINTS_KEPT) {
        ledger->fingerprints =
            vec_room(ledger->fingerprints, &ledger->fingerprint_room,
                     ledger->fingerprint_count + 1, sizeof(*ledger->fingerprints));
        ledger->fingerprints[ledger->fingerprint_count++] =
            (struct fingerprint){bytes, place, checksum, mem_text(file)};
    }
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
