/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "from_archive.h"

#include "input.h"

#include "src/base/map.h"
#include "src/base/mem.h"

#include <archive.h>
#include <archive_entry.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PACKED_READ_BYTES = 1 << 17, TAR_RECORD = 512 };

/* Below this no ratio is asked: a small archive of nearly empty rings is no bomb. */
#define RATIO_ASKED_BYTES ((uint64_t)64 << 20)

struct archived {
    struct leaf *leaf; /* the packed bytes; owned */
    struct archive *archive;
    struct archived *outermost; /* this one, or the archive on disk that it lies in */
    uint64_t packed, unpacked;  /* of the outermost: in, and out at all depths */
    bool over;                  /* of the outermost: a limit was passed */
    bool ended;                 /* nothing more can be read from this one */
    bool in_entry;
    uint64_t entries;     /* files met in it so far */
    const uint8_t *piece; /* of the entry: libarchive's memory ... */
    size_t piece_left;    /* ... so many bytes still to be given ... */
    int64_t piece_at, at; /* ... that belong at piece_at; at is given up to here */
    uint8_t buffer[PACKED_READ_BYTES];
    uint8_t last_record[TAR_RECORD]; /* the last packed bytes that were read */
};

/* --- libarchive's callbacks ----------------------------------------------------------
 */

static la_ssize_t give_packed(struct archive *archive, void *to, const void **bytes)
{
    struct archived *archived = to;
    (void)archive;
    size_t got = leaf_read(archived->leaf, archived->buffer, sizeof(archived->buffer));
    if (archived->outermost == archived)
        archived->packed += got;
    if (got >= TAR_RECORD)
        memcpy(archived->last_record, archived->buffer + got - TAR_RECORD, TAR_RECORD);
    else if (got) {
        memmove(archived->last_record, archived->last_record + got, TAR_RECORD - got);
        memcpy(archived->last_record + TAR_RECORD - got, archived->buffer, got);
    }
    *bytes = archived->buffer;
    return (la_ssize_t)got;
}

static la_int64_t seek_packed(struct archive *archive, void *to, la_int64_t offset,
                              int whence)
{
    struct archived *archived = to;
    (void)archive;
    int64_t at = leaf_seek(archived->leaf, offset, whence);
    return at < 0 ? ARCHIVE_FATAL : at;
}

/* --- limits and damage ---------------------------------------------------------------
 */

static struct note_place place_of(const struct archived *archived)
{
    return (struct note_place){archived->leaf->place, 0};
}

static void stop_bomb(struct archived *all, const char *why, const char *option)
{
    char *name = notes_shown_name(all->leaf->name);
    all->over = true;
    notes_add(all->leaf->intake->notes, INPUT_DAMAGE, place_of(all), all->leaf->name, 0,
              0,
              "%s unpacks to more than %s, as an archive bomb does; reading it stopped "
              "after %llu bytes unpacked, and what came before is counted; if it is no "
              "bomb, raise %s",
              name, why, (unsigned long long)all->unpacked, option);
    free(name);
}

/* Counts unpacked bytes; false when a limit is passed. */
static bool may_unpack(struct archived *archived, size_t bytes)
{
    struct archived *all = archived->outermost;
    const struct input_options *options = all->leaf->intake->options;
    char why[128];
    all->unpacked += bytes;
    if (all->over)
        return false;
    if (options->archive_bytes_max && all->unpacked > options->archive_bytes_max) {
        snprintf(why, sizeof(why), "%llu bytes",
                 (unsigned long long)options->archive_bytes_max);
        stop_bomb(all, why, "--max-bytes");
    } else if (options->archive_ratio_max > 0 && all->unpacked > RATIO_ASKED_BYTES &&
               (double)all->unpacked > options->archive_ratio_max * (double)all->packed) {
        snprintf(why, sizeof(why), "%g times its size", options->archive_ratio_max);
        stop_bomb(all, why, "--max-ratio");
    }
    return !all->over;
}

/* libarchive cannot go on: says so once for a chain of archives within archives. */
static void tell_damage(struct archived *archived)
{
    archived->ended = true;
    if (archived->leaf->broken || archived->outermost->over)
        return;
    const char *why = archive_error_string(archived->archive);
    char *name = notes_shown_name(archived->leaf->name);
    notes_add(
        archived->leaf->intake->notes, INPUT_DAMAGE, place_of(archived),
        archived->leaf->name, 0, 0,
        "%s is damaged or cut short (%s); what came before is counted; pack or copy "
        "it again",
        name, why ? why : "no reason given");
    free(name);
    archived->leaf->broken = true;
}

/* A plain tar that was cut between two files reads as a whole one, but for its end. */
static void check_tar_end(struct archived *archived)
{
    static const uint8_t zeros[TAR_RECORD];
    if ((archive_format(archived->archive) & ARCHIVE_FORMAT_BASE_MASK) !=
            ARCHIVE_FORMAT_TAR ||
        archive_filter_code(archived->archive, 0) != ARCHIVE_FILTER_NONE ||
        memcmp(archived->last_record, zeros, TAR_RECORD) == 0 || archived->leaf->broken)
        return;
    char *name = notes_shown_name(archived->leaf->name);
    notes_add(
        archived->leaf->intake->notes, INPUT_DAMAGE, place_of(archived),
        archived->leaf->name, 0, 0,
        "%s lacks the zeros at the end of every tar, so it may be cut short; what it "
        "holds is counted; pack or copy it again",
        name);
    free(name);
}

/* --- open, next, close ---------------------------------------------------------------
 */

struct archived *archived_open_take(struct leaf *leaf)
{
    struct archived *archived = mem_new(sizeof(*archived));
    struct archive *archive = archive_read_new();
    if (!archive)
        abort();
    archived->leaf = leaf;
    archived->archive = archive;
    archived->outermost = leaf->archived ? leaf->archived->outermost : archived;
    memset(archived->last_record, 1, TAR_RECORD);
    archive_read_support_filter_gzip(archive);
    archive_read_support_filter_zstd(archive);
    archive_read_support_filter_xz(archive);
    archive_read_support_filter_bzip2(archive);
    archive_read_support_format_tar(archive);
    archive_read_support_format_zip(archive);
    archive_read_support_format_raw(archive);
    archive_read_support_format_empty(archive);
    archive_read_set_format_option(archive, "tar", "read_concatenated_archives", "1");
    archive_read_set_read_callback(archive, give_packed);
    if (leaf->path)
        archive_read_set_seek_callback(archive, seek_packed);
    archive_read_set_callback_data(archive, archived);
    if (archive_read_open1(archive) != ARCHIVE_OK)
        tell_damage(archived);
    return archived;
}

void archived_close(struct archived *archived)
{
    if (!archived)
        return;
    archive_read_free(archived->archive);
    leaf_free(archived->leaf);
    free(archived);
}

uint64_t archived_identity(const struct archived *archived)
{
    uint64_t who[2] = {archived->leaf->identity, archived->entries};
    return who[0] ? map_hash(who, sizeof(who)) | 1 : 0;
}

const struct leaf *archived_leaf(const struct archived *archived)
{
    return archived->leaf;
}

/* Reads over the rest of the entry under the limits. libarchive does it by itself, but a
 * bomb would keep it busy for ever; where nothing is inflated it may. */
static void pass_entry(struct archived *archived)
{
    const void *bytes;
    size_t size;
    la_int64_t offset;
    int result;
    if (!archived->in_entry ||
        archive_filter_code(archived->archive, 0) == ARCHIVE_FILTER_NONE)
        return;
    while ((result = archive_read_data_block(archived->archive, &bytes, &size,
                                             &offset)) >= ARCHIVE_WARN &&
           result != ARCHIVE_EOF)
        if (!may_unpack(archived, size) || (size == 0 && archived->leaf->broken))
            return;
    if (result == ARCHIVE_FATAL)
        tell_damage(archived);
}

static char *entry_name(const struct archived *archived, struct archive_entry *entry)
{
    const char *outer = archived->leaf->name;
    if (archive_format(archived->archive) == ARCHIVE_FORMAT_RAW)
        return mem_text(outer);
    const char *inner = archive_entry_pathname(entry);
    if (!inner)
        inner = archive_entry_pathname_utf8(entry);
    if (!inner)
        inner = "(a name that cannot be shown)";
    while (inner[0] == '/' || (inner[0] == '.' && inner[1] == '/'))
        inner++;
    size_t room = strlen(outer) + strlen(inner) + 2;
    char *name = mem_new(room);
    snprintf(name, room, "%s/%s", outer, inner);
    return name;
}

static bool ends_in(const char *text, const char *end)
{
    size_t length = strlen(text), end_length = strlen(end);
    return length >= end_length && strcmp(text + length - end_length, end) == 0;
}

/* A link to a ring that did not come along. */
static void tell_link(struct archived *archived, struct archive_entry *entry)
{
    char *name = entry_name(archived, entry);
    if (ends_in(name, ".ring")) {
        char *shown = notes_shown_name(name);
        notes_add(archived->leaf->intake->notes, INPUT_OTHER, place_of(archived), name, 0,
                  0,
                  "%s is a link to a ring that is not in the archive, so the last second "
                  "of a killed process may be missing; pack with tar -h, or analyze the "
                  "directory where it was recorded",
                  shown);
        free(shown);
    }
    free(name);
}

static struct leaf *leaf_of(struct archived *archived, struct archive_entry *entry)
{
    char *name = entry_name(archived, entry);
    archived->entries++;
    struct leaf *leaf = leaf_of_entry(archived->leaf->intake, archived, name);
    int format = archive_format(archived->archive) & ARCHIVE_FORMAT_BASE_MASK;
    free(name);
    leaf->named = archived->leaf->named && format == ARCHIVE_FORMAT_RAW;
    if (format == ARCHIVE_FORMAT_TAR && archive_entry_mtime_is_set(entry)) {
        leaf->has_mtime = true;
        leaf->mtime_utc_ns =
            (int64_t)((uint64_t)archive_entry_mtime(entry) * 1000000000u +
                      (uint64_t)archive_entry_mtime_nsec(entry));
    }
    archived->in_entry = true;
    archived->piece_left = 0;
    archived->piece_at = archived->at = 0;
    return leaf;
}

struct leaf *archived_next(struct archived *archived)
{
    struct archive_entry *entry;
    for (;;) {
        pass_entry(archived);
        archived->in_entry = false;
        if (archived->ended || archived->outermost->over)
            return NULL;
        int result = archive_read_next_header(archived->archive, &entry);
        if (result == ARCHIVE_RETRY)
            continue;
        if (result == ARCHIVE_EOF) {
            archived->ended = true;
            check_tar_end(archived);
            return NULL;
        }
        if (result == ARCHIVE_FATAL || result == ARCHIVE_FAILED) {
            tell_damage(archived);
            return NULL;
        }
        if (archive_entry_filetype(entry) == AE_IFLNK)
            tell_link(archived, entry);
        else if (!archive_entry_hardlink(entry) &&
                 (archive_entry_filetype(entry) == AE_IFREG ||
                  archive_format(archived->archive) == ARCHIVE_FORMAT_RAW))
            return leaf_of(archived, entry);
    }
}

/* Moves on to the entry's next piece; false at its end and after a failure. */
static bool next_piece(struct archived *archived, struct leaf *leaf)
{
    const void *bytes;
    la_int64_t offset;
    for (int warnings = 0; warnings < 100; warnings++) {
        int result = archive_read_data_block(archived->archive, &bytes,
                                             &archived->piece_left, &offset);
        archived->piece = bytes;
        archived->piece_at = offset;
        if (result == ARCHIVE_OK)
            return true;
        archived->piece_left = 0;
        if (result == ARCHIVE_EOF)
            return false;
        if (result < ARCHIVE_WARN)
            break;
    }
    tell_damage(archived);
    leaf->broken = true;
    return false;
}

/* Holes of sparse files are given as the zeros they stand for. */
static size_t take_piece(struct archived *archived, uint8_t *to, size_t size)
{
    if (archived->at < archived->piece_at) {
        uint64_t hole = (uint64_t)(archived->piece_at - archived->at);
        size_t take = hole < size ? (size_t)hole : size;
        memset(to, 0, take);
        archived->at += (int64_t)take;
        return take;
    }
    size_t take = archived->piece_left < size ? archived->piece_left : size;
    if (!take)
        return 0;
    memcpy(to, archived->piece, take);
    archived->piece += take;
    archived->piece_left -= take;
    archived->piece_at += (int64_t)take;
    archived->at += (int64_t)take;
    return take;
}

size_t archived_read(struct archived *archived, struct leaf *leaf, void *to, size_t size)
{
    size_t got = 0;
    while (got < size && !leaf->broken) {
        size_t take = take_piece(archived, (uint8_t *)to + got, size - got);
        got += take;
        if (take && !may_unpack(archived, take))
            leaf->broken = true;
        else if (!take && !next_piece(archived, leaf))
            break;
    }
    return got;
}
