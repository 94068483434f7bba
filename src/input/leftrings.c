/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "leftrings.h"

#include "hashed_names.h"
#include "ledger_beside.h"
#include "side_blocks.h"

#include "lib/wire/ringfile.h"
#include "src/base/map.h"
#include "src/base/mem.h"
#include "src/base/vec.h"
#include "src/summary/events.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PAGE = 4096 };
#define RING_BYTES_MAX ((size_t)256 << 20) /* of one file */
#define KEPT_BYTES_MAX ((size_t)24 << 20)  /* of all that lie in pipes and archives */

/* Pages that are not all zeros; a ring file is mostly zeros. */
struct kept_page {
    size_t at; /* in the file */
    uint8_t bytes[PAGE];
};

struct left {
    char *name, *path; /* path or pages */
    uint64_t place;
    size_t size;
    struct kept_page *pages;
    size_t page_count, page_room;
};

struct leftrings {
    struct intake *intake;
    struct ledger *ledger;
    struct left *left;
    size_t count, room;
    size_t kept_bytes;
};

struct leftrings *leftrings_new(struct intake *intake, struct ledger *ledger)
{
    struct leftrings *rings = mem_new(sizeof(*rings));
    rings->intake = intake;
    rings->ledger = ledger;
    return rings;
}

void leftrings_free(struct leftrings *rings)
{
    if (!rings)
        return;
    for (size_t i = 0; i < rings->count; i++) {
        free(rings->left[i].name);
        free(rings->left[i].path);
        free(rings->left[i].pages);
    }
    free(rings->left);
    free(rings);
}

static void say(struct leftrings *rings, const struct left *left,
                enum input_note_kind kind, uint64_t requests, const char *format,
                const char *detail)
{
    char *name = notes_shown_name(left->name);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    notes_add(rings->intake->notes, kind, (struct note_place){left->place, 0}, left->name,
              0, requests, format, name, detail);
#pragma GCC diagnostic pop
    free(name);
}

/* --- keeping -------------------------------------------------------------------------
 */

/* False when all kept rings together take too much. */
static bool keep_pages(struct leftrings *rings, struct left *left, struct leaf *leaf)
{
    static const uint8_t zeros[PAGE];
    uint8_t page[PAGE];
    for (size_t got; (got = leaf_read(leaf, page, PAGE)) > 0; left->size += got) {
        memset(page + got, 0, PAGE - got);
        if (memcmp(page, zeros, PAGE) == 0)
            continue;
        if ((rings->kept_bytes += PAGE) > KEPT_BYTES_MAX)
            return false;
        left->pages = vec_room(left->pages, &left->page_room, left->page_count + 1,
                               sizeof(*left->pages));
        left->pages[left->page_count].at = left->size;
        memcpy(left->pages[left->page_count++].bytes, page, PAGE);
    }
    return left->size <= RING_BYTES_MAX;
}

void leftrings_keep(struct leftrings *rings, struct leaf *leaf)
{
    rings->left =
        vec_room(rings->left, &rings->room, rings->count + 1, sizeof(*rings->left));
    struct left *left = &rings->left[rings->count++];
    *left = (struct left){.name = mem_text(leaf->name), .place = leaf->place};
    if (leaf->path) {
        left->path = mem_text(leaf->path);
    } else if (!keep_pages(rings, left, leaf)) {
        say(rings, left, INPUT_OTHER, 0,
            "%s is one ring too many to keep in memory%s; unpack the archive and name "
            "the "
            "directory instead",
            "");
        free(left->pages);
        left->pages = NULL;
        left->size = left->page_count = 0;
    }
}

/* --- bytes of one ring ---------------------------------------------------------------
 */

static uint8_t *unkeep(const struct left *left, size_t *size)
{
    uint8_t *bytes = mem_new(left->size + PAGE);
    for (size_t i = 0; i < left->page_count; i++)
        memcpy(bytes + left->pages[i].at, left->pages[i].bytes, PAGE);
    *size = left->size;
    return bytes;
}

static uint8_t *read_whole(int fd, size_t *size)
{
    struct stat status;
    if (fstat(fd, &status) != 0 || status.st_size < 0 ||
        (uint64_t)status.st_size > RING_BYTES_MAX) {
        errno = EFBIG;
        return NULL;
    }
    uint8_t *bytes = mem_new((size_t)status.st_size + 1);
    *size = 0;
    for (ssize_t got; *size < (size_t)status.st_size; *size += (size_t)got)
        if ((got = pread(fd, bytes + *size, (size_t)status.st_size - *size,
                         (off_t)*size)) <= 0)
            break;
    return bytes;
}

/* NULL, and a note, when the ring is no longer there or its process lives: the recorder
 * holds a lock on the file as long as it does. */
static uint8_t *open_again(struct leftrings *rings, const struct left *left, size_t *size)
{
    uint8_t *bytes = NULL;
    int fd = open(left->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd >= 0 && flock(fd, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK) {
        say(rings, left, INPUT_OTHER, 0,
            "%s belongs to a process that is still recording%s; its last second is not "
            "in "
            "the report: call fmd_snapshot() or stop it to have all",
            "");
        close(fd);
        return NULL;
    }
    if (fd >= 0)
        bytes = read_whole(fd, size);
    if (!bytes)
        say(rings, left, INPUT_OTHER, 0, "%s cannot be read (%s)", strerror(errno));
    if (fd >= 0)
        close(fd);
    return bytes;
}

/* --- recovery ------------------------------------------------------------------------
 */

/* One ring on its way into the summary. Groups and addresses get numbers when they are
 * first met. */
struct recovery {
    struct leftrings *rings;
    struct stream *stream;
    struct fmd__ringfile *file;
    struct summary *summary;
    struct source_map *map;
    struct anchor anchor;
    struct hashed_names names; /* of this ring */
    struct map numbers;        /* (kind, hash) to number - 1 */
    struct fmd__columns columns;
    struct fmd__details details; /* of the same rows */
    struct known_names known;
    struct side_room *room;
    struct fmd__stack_frame stack[FMD__STACK_FRAMES_MAX];
    uint64_t recovered, unfinished;
};

static void take_consumed(void *to, uint32_t ring_id, uint64_t end)
{
    struct recovery *recovery = to;
    if (end)
        fmd__ringfile_consumed(recovery->file, ring_id, 0, end - 1);
}

static void take_definition(void *to, const struct fmd__definition *definition)
{
    struct recovery *recovery = to;
    known_names_define(&recovery->known, definition);
    if (definition->kind == FMD__DEFINE_ENDPOINT)
        source_map_endpoint(recovery->map, definition->id, definition->application,
                            definition->application_length, definition->version,
                            definition->version_length, definition->bytes,
                            definition->length);
    else if (definition->kind == FMD__DEFINE_GROUP ||
             definition->kind == FMD__DEFINE_ADDRESS)
        hashed_names_add(&recovery->names, definition->hash, definition->bytes,
                         definition->length);
}

/* bytes NULL when nobody has it. */
static struct event_text name_of(struct recovery *recovery, uint64_t hash)
{
    uint32_t length = 0;
    const char *bytes = hashed_names_find(&recovery->names, hash, &length);
    if (!bytes)
        bytes =
            ledger_find_name(recovery->rings->ledger, recovery->stream, hash, &length);
    return (struct event_text){bytes, length};
}

static uint32_t number_of(struct recovery *recovery, uint8_t kind, uint64_t hash)
{
    uint8_t key[1 + sizeof(hash)] = {kind};
    if (!hash)
        return 0;
    memcpy(key + 1, &hash, sizeof(hash));
    size_t before = recovery->numbers.count;
    uint32_t number = map_add(&recovery->numbers, key, sizeof(key)) + 1;
    if (recovery->numbers.count == before)
        return number;
    struct event_text name = name_of(recovery, hash);
    if (name.bytes && kind == FMD__DEFINE_GROUP)
        source_map_group(recovery->map, number, name.bytes, name.length);
    else if (name.bytes)
        source_map_address(recovery->map, number, name.bytes, name.length);
    return number;
}

static void add_detail(struct recovery *recovery, uint32_t row)
{
    struct fmd__details *details = &recovery->details;
    struct fmd__slot_detail detail;
    fmd__ringfile_detail(recovery->file, &detail);
    details->what[row] = detail.what;
    details->cpu_ns[row] = detail.cpu_ns;
    details->threshold_ns[row] = detail.threshold_ns;
    details->voluntary_switches[row] = detail.voluntary_switches;
    details->involuntary_switches[row] = detail.involuntary_switches;
    details->minor_faults[row] = detail.minor_faults;
    details->major_faults[row] = detail.major_faults;
    details->block_reads[row] = detail.block_reads;
    details->block_writes[row] = detail.block_writes;
}

static void add_row(struct recovery *recovery, const struct fmd__slot_request *request)
{
    struct fmd__columns *columns = &recovery->columns;
    uint32_t row = columns->count++;
    add_detail(recovery, row);
    columns->endpoint[row] = request->endpoint;
    columns->group[row] = number_of(recovery, FMD__DEFINE_GROUP, request->group_hash);
    columns->address[row] =
        number_of(recovery, FMD__DEFINE_ADDRESS, request->address_hash);
    columns->start_ns[row] = request->start_ns;
    columns->duration_ns[row] = request->duration_ns;
    columns->first_byte_ns[row] = request->first_byte_ns;
    columns->view_ns[row] = request->view_ns;
    columns->status[row] = request->status;
    columns->method[row] = request->method;
    columns->flags[row] = request->flags;
}

static void flush_rows(struct recovery *recovery)
{
    struct fmd__columns *columns = &recovery->columns;
    if (!columns->count)
        return;
    uint64_t first = UINT64_MAX, last = 0;
    for (uint32_t row = 0; row < columns->count; row++) {
        first = columns->start_ns[row] < first ? columns->start_ns[row] : first;
        last = columns->start_ns[row] > last ? columns->start_ns[row] : last;
    }
    struct events events = {
        .count = columns->count,
        .utc_offset_ns = anchor_utc(&recovery->anchor, 0),
        .sequence = (ledger_next_sequence(recovery->rings->ledger, recovery->stream) *
                     FMD__BLOCK_REQUESTS_MAX) +
                    recovery->recovered,
        .endpoint = columns->endpoint,
        .start_ns = columns->start_ns,
        .duration_ns = columns->duration_ns,
        .first_byte_ns = columns->first_byte_ns,
        .view_ns = columns->view_ns,
        .group = columns->group,
        .address = columns->address,
        .status = columns->status,
        .method = columns->method,
        .flags = columns->flags,
    };
    struct event_details details = side_details(&recovery->details);
    summary_add(recovery->summary, recovery->map, &events);
    summary_add_details(recovery->summary, recovery->map, &events, &details);
    ledger_count(recovery->rings->ledger, recovery->stream, columns->count,
                 anchor_utc(&recovery->anchor, first),
                 anchor_utc(&recovery->anchor, last));
    recovery->recovered += columns->count;
    columns->count = 0;
}

/* Adds what no trace holds, and marks it so for a copy of the same ring. */
static void recover_requests(struct recovery *recovery)
{
    struct fmd__slot_request request;
    uint32_t ring_id;
    uint64_t sequence;
    while (fmd__ringfile_next(recovery->file, &request, &ring_id, &sequence) == 1) {
        add_row(recovery, &request);
        ledger_recovered(recovery->rings->ledger, recovery->stream, ring_id, sequence);
        if (recovery->columns.count == FMD__BLOCK_REQUESTS_MAX)
            flush_rows(recovery);
    }
    flush_rows(recovery);
}

/* --- what comes beside requests ------------------------------------------------------
 */

static struct event_text find_name(void *to, uint8_t kind, uint32_t id, uint64_t hash)
{
    struct recovery *recovery = to;
    struct event_text name = {NULL, 0};
    (void)kind, (void)id; /* rings have hashes */
    if (hash)
        name = name_of(recovery, hash);
    return name.bytes ? name : (struct event_text){"", 0};
}

static void recover_journal(struct recovery *recovery, const struct side_events *events)
{
    struct fmd__journal_entry entry;
    uint64_t samples_end, entries_end;
    ledger_journal_ends(events->ledger, events->stream, &samples_end, &entries_end);
    fmd__ringfile_journal_consumed(recovery->file, samples_end, entries_end);
    ledger_known_codes(events->ledger, events->stream, &recovery->known);
    while (fmd__ringfile_entry(recovery->file, &entry, recovery->stack) == 1)
        side_entry_add(recovery->room, events, &entry);
    ledger_journal(events->ledger, events->stream, FMD__BLOCK_SAMPLES, UINT64_MAX);
    ledger_journal(events->ledger, events->stream, FMD__BLOCK_JOURNAL, UINT64_MAX);
}

static void recover_beside(struct recovery *recovery)
{
    struct side_events events = {.ledger = recovery->rings->ledger,
                                 .stream = recovery->stream,
                                 .summary = recovery->summary,
                                 .map = recovery->map,
                                 .known = &recovery->known,
                                 .anchor = recovery->anchor,
                                 .name = find_name,
                                 .to = recovery};
    char path[FMD__FLIGHT_PATH_BYTES];
    struct fmd__unfinished unfinished;
    struct fmd__endpoint_count count;
    recovery->room = side_room_new();
    recover_journal(recovery, &events);
    for (uint32_t slot = 0;
         fmd__ringfile_unfinished(recovery->file, &slot, &unfinished, path) == 1;
         recovery->unfinished++)
        side_unfinished_add(&events, &unfinished);
    for (uint32_t endpoint = 0;
         fmd__ringfile_count(recovery->file, &endpoint, &count) == 1;)
        side_count_add(&events, &count);
    side_room_free(recovery->room);
}

static void take_clock_and_counts(struct recovery *recovery)
{
    const struct fmd__segment *segment = fmd__ringfile_segment(recovery->file);
    struct fmd__stats stats = {0};
    fmd__ringfile_anchor(recovery->file, &recovery->anchor.monotonic_ns,
                         &recovery->anchor.utc_ns);
    if (!recovery->anchor.utc_ns)
        recovery->anchor =
            (struct anchor){segment->started_monotonic_ns, segment->started_utc_ns};
    fmd__ringfile_stats(recovery->file, &stats);
    ledger_stats(recovery->rings->ledger, recovery->stream, &stats);
}

static void tell(struct leftrings *rings, const struct left *left,
                 const struct recovery *recovery)
{
    char detail[160];
    const struct fmd__segment *segment = fmd__ringfile_segment(recovery->file);
    if (recovery->recovered) {
        snprintf(detail, sizeof(detail),
                 "process %lu, which was killed; its last %llu requests were recovered",
                 (unsigned long)segment->pid, (unsigned long long)recovery->recovered);
        say(rings, left, INPUT_LEFT_RING, recovery->recovered,
            "%s was left behind by %s from it", detail);
    }
    if (fmd__ringfile_damaged(recovery->file)) {
        snprintf(detail, sizeof(detail), "%lu",
                 (unsigned long)fmd__ringfile_damaged(recovery->file));
        say(rings, left, INPUT_DAMAGE, 0,
            "%s is damaged or cut short: %s of its rings cannot be read", detail);
    }
}

static void recover(struct leftrings *rings, const struct left *left,
                    struct summary *summary, const uint8_t *bytes, size_t size)
{
    const char *why = NULL;
    struct fmd__ringfile *file = fmd__ringfile_open(bytes, size, &why);
    if (!file) {
        say(rings, left, INPUT_DAMAGE, 0, "%s cannot be used: %s", why ? why : "");
        return;
    }
    struct recovery *recovery = mem_new(sizeof(*recovery));
    recovery->rings = rings;
    recovery->file = file;
    recovery->summary = summary;
    recovery->stream = ledger_stream(rings->ledger, fmd__ringfile_segment(file));
    map_init(&recovery->numbers);
    known_names_init(&recovery->known);
    struct event_source source = {.host = stream_host(recovery->stream),
                                  .run = stream_run(recovery->stream),
                                  .process = stream_process(recovery->stream)};
    recovery->map = source_map_new(summary, &source);
    ledger_rings(rings->ledger, recovery->stream, take_consumed, recovery);
    take_clock_and_counts(recovery);
    fmd__ringfile_definitions(file, take_definition, recovery);
    recover_requests(recovery);
    recover_beside(recovery);
    tell(rings, left, recovery);
    source_map_free(recovery->map);
    map_release(&recovery->numbers);
    known_names_release(&recovery->known);
    hashed_names_release(&recovery->names);
    free(recovery);
    fmd__ringfile_close(file);
}

void leftrings_recover(struct leftrings *rings, struct summary *summary)
{
    for (size_t i = 0; i < rings->count; i++) {
        const struct left *left = &rings->left[i];
        size_t size = 0;
        uint8_t *bytes = left->path         ? open_again(rings, left, &size)
                         : left->page_count ? unkeep(left, &size)
                                            : NULL;
        if (bytes)
            recover(rings, left, summary, bytes, size);
        free(bytes);
    }
}
