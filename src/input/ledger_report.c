/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ledger_inside.h"

#include "src/base/mem.h"
#include "src/base/vec.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

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
    return loss->counted && stream_has_seen(loss->stream, loss->first);
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
 * The first ones may be gone for the disk limit, its own process's or another's. */
static uint64_t missing_blocks(const struct stream *stream)
{
    if (!stream->seen.count)
        return 0;
    uint64_t end = stream->seen.at[stream->seen.count - 1].end;
    uint64_t first = stream->seen.at[0].first;
    bool is_cut = stream->cut_by_others || stream->stats.segments_deleted;
    uint64_t begin = stream->unknown || is_cut ? first : 0;
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
    bool alone =
        stream->vague_losses && !missing_blocks(stream) && !stream->cut_by_others;
    return alone ? unexplained_requests(stream) : 0;
}

static void tell_loss(struct ledger *ledger, const struct loss *loss)
{
    const struct stream *stream = loss->stream;
    uint64_t requests = loss->counted ? loss->requests : vague_requests(stream);
    unsigned long long block = loss->place.block, count = requests;
    char *file = notes_shown_name(loss->file), end[128];
    if (is_made_good(loss))
        snprintf(end, sizeof(end), "its requests were read from another copy");
    else if (loss->counted && count == 0)
        snprintf(end, sizeof(end), "it held no requests, but events beside them");
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
    to->requests_deleted += stats->requests_deleted + stats->others_requests_deleted;
    to->segments_deleted += stats->segments_deleted + stats->others_segments_deleted;
    to->writer_cpu_ns += stats->writer_cpu_ns;
}

/* Where one process deleted files of others, any stream's first blocks may be among them.
 */
static void mark_cut_streams(struct ledger *ledger)
{
    uint64_t deleted = 0;
    for (struct stream *stream = ledger->first; stream; stream = stream->next)
        deleted += stream->stats.others_segments_deleted;
    for (struct stream *stream = ledger->first; stream; stream = stream->next)
        stream->cut_by_others =
            deleted > 0 && stream->seen.count > 0 && stream->seen.at[0].first > 0;
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

static int by_bytes(const void *left, const void *right)
{
    const struct fingerprint *a = left, *b = right;
    if (a->bytes != b->bytes)
        return a->bytes < b->bytes ? -1 : 1;
    if (a->checksum != b->checksum)
        return a->checksum < b->checksum ? -1 : 1;
    return a->place < b->place ? -1 : a->place > b->place;
}

/* Known at their end only, when they are counted already. */
static void tell_copies(struct ledger *ledger)
{
    struct fingerprint *all = ledger->fingerprints;
    if (ledger->fingerprint_count)
        qsort(all, ledger->fingerprint_count, sizeof(*all), by_bytes);
    for (size_t i = 1; i < ledger->fingerprint_count; i++) {
        if (all[i].bytes != all[i - 1].bytes || all[i].checksum != all[i - 1].checksum)
            continue;
        char *name = notes_shown_name(all[i].file);
        char *before = notes_shown_name(all[i - 1].file);
        notes_add(ledger->notes, INPUT_DUPLICATE, (struct note_place){all[i].place, 0},
                  all[i].file, 0, 0,
                  "%s holds the same bytes as %s, and its requests are counted twice; "
                  "leave one of them out",
                  name, before);
        free(name);
        free(before);
    }
}

static void finish_sources(const struct ledger *ledger, struct input_report *report)
{
    for (int i = 0; i < INPUT_SOURCES; i++) {
        report->sources[i].files += ledger->sources[i].files;
        report->sources[i].requests += ledger->sources[i].requests;
        report->sources[i].bad += ledger->sources[i].bad;
    }
}

static void count_interpreter(const struct stream *stream, struct input_report *report)
{
    size_t at = 0;
    while (at < report->interpreter_count &&
           strcmp(report->interpreters[at].name, stream->interpreter) < 0)
        at++;
    if (at == report->interpreter_count ||
        strcmp(report->interpreters[at].name, stream->interpreter) != 0) {
        report->interpreters =
            vec_room(report->interpreters, &report->interpreter_room,
                     report->interpreter_count + 1, sizeof(*report->interpreters));
        vec_hole(report->interpreters, report->interpreter_count++, at,
                 sizeof(*report->interpreters));
        report->interpreters[at] = (struct input_interpreter){0};
        memcpy(report->interpreters[at].name, stream->interpreter,
               sizeof(stream->interpreter));
    }
    report->interpreters[at].processes++;
}

void ledger_finish(struct ledger *ledger, struct input_report *report)
{
    mark_cut_streams(ledger);
    tell_copies(ledger);
    finish_sources(ledger, report);
    for (size_t i = 0; i < ledger->loss_count; i++)
        count_loss(&ledger->losses[i]);
    for (size_t i = 0; i < ledger->loss_count; i++)
        if (ledger->losses[i].what)
            tell_loss(ledger, &ledger->losses[i]);
    for (struct stream *stream = ledger->first; stream; stream = stream->next)
        finish_stream(ledger, stream, report);
    for (const struct stream *stream = ledger->first; stream; stream = stream->next)
        count_interpreter(stream, report);
    finish_hosts(ledger, report);
    finish_clocks(ledger, report);
    report->requests += ledger->requests;
    report->traces += ledger->traces;
    report->blocks += ledger->blocks;
    report->bytes += ledger->bytes;
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
