/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "reader.h"

#include "access_log.h"
#include "csv.h"
#include "json_lines.h"
#include "ledger_beside.h"
#include "dashboard.h"
#include "leftrings.h"
#include "recognise.h"
#include "saved_inputs.h"
#include "tree.h"

#include "src/base/err.h"
#include "src/base/map.h"
#include "src/base/mem.h"
#include "src/base/str.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define PROGRESS_NS UINT64_C(100000000)

/* A thread that reads a file alone maps its definitions once, where all threads that
 * share one do. But at the end threads must not wait for one that has a large file: no
 * file that is more than this part of a thread's work is given away. */
enum { OWN_PARTS = 8 };

struct reader {
    struct intake intake;
    struct ledger *ledger;
    struct tree *tree;
    struct leftrings *rings;
    struct saved_inputs *saved;
    struct dashboards *dashboards;
    struct columns_wanted columns;
    bool filtered;   /* saved summaries are refused */
    struct map seen; /* files of others, by leaf.identity */
    uint64_t files;
    struct own_file shared; /* read by all threads in turn */
    uint64_t bytes_total;   /* 0: not known */
    uint64_t own_bytes_max; /* files up to this are given to one thread */
    uint64_t progress_ns;   /* when it was told last */
};

static int check_paths(const char *const *paths, size_t path_count, struct err *err)
{
    for (size_t i = 0; i < path_count; i++)
        if (strcmp(paths[i], "-") != 0 && access(paths[i], R_OK) != 0) {
            char *name = notes_shown_name(paths[i]);
            err_set(err, ERR_INPUT,
                    "%s cannot be opened (%s); check the path and its mode", name,
                    strerror(errno));
            free(name);
            return -1;
        }
    return path_count ? 0
                      : err_set(err, ERR_INPUT,
                                "no traces were named; give a directory or an archive");
}

struct reader *reader_new(const char *const *paths, size_t path_count,
                          const struct input_options *options, unsigned threads,
                          struct err *err)
{
    if (check_paths(paths, path_count, err) != 0)
        return NULL;
    struct reader *reader = mem_new(sizeof(*reader));
    if (columns_wanted_parse(&reader->columns, options->columns, err) != 0) {
        columns_wanted_release(&reader->columns);
        free(reader);
        return NULL;
    }
    map_init(&reader->seen);
    reader->ledger = ledger_new();
    reader->intake =
        (struct intake){.options = options, .notes = ledger_notes(reader->ledger)};
    reader->tree = tree_new(&reader->intake, paths, path_count);
    reader->rings = leftrings_new(&reader->intake, reader->ledger);
    reader->saved = saved_inputs_new(reader->ledger);
    reader->dashboards = dashboards_new(reader->ledger);
    reader->bytes_total = tree_bytes(paths, path_count);
    reader->own_bytes_max = reader->bytes_total / OWN_PARTS / threads;
    return reader;
}

void reader_refuse_saved(struct reader *reader)
{
    reader->filtered = true;
}

static void close_file(struct own_file *own)
{
    trace_reader_free(own->trace);
    rows_reader_free(own->rows);
    leaf_free(own->leaf);
    *own = (struct own_file){0};
}

bool reader_own(struct own_file *own, struct chunk *chunk)
{
    if (own->trace && trace_reader_next(own->trace, chunk))
        return true;
    if (own->rows && rows_reader_next(own->rows, chunk))
        return true;
    close_file(own);
    return false;
}

void reader_free(struct reader *reader)
{
    if (!reader)
        return;
    close_file(&reader->shared);
    tree_free(reader->tree);
    leftrings_free(reader->rings);
    saved_inputs_free(reader->saved);
    dashboards_free(reader->dashboards);
    columns_wanted_release(&reader->columns);
    map_release(&reader->seen);
    ledger_free(reader->ledger);
    free(reader);
}

struct ledger *reader_ledger(struct reader *reader)
{
    return reader->ledger;
}

static void tell_progress(struct reader *reader, bool last)
{
    const struct input_options *options = reader->intake.options;
    struct timespec now;
    if (!options->progress)
        return;
    clock_gettime(CLOCK_MONOTONIC, &now);
    uint64_t now_ns = (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
    if (!last && now_ns - reader->progress_ns < PROGRESS_NS)
        return;
    reader->progress_ns = now_ns;
    uint64_t done = reader->intake.bytes_done, total = reader->bytes_total;
    if (total && done > total) /* links, and what was looked at twice */
        done = total;
    options->progress(options->progress_to, done, total, ledger_requests(reader->ledger));
}

/* Empty files, and those that hold something else. A name that the user gave must be a
 * trace; among others they are passed by: whole machines get packed. */
static void pass_by(struct reader *reader, const struct leaf *leaf, enum content content,
                    struct err *err)
{
    char *name = notes_shown_name(leaf->name);
    if (content == CONTENT_EMPTY && !leaf->broken) {
        notes_add(reader->intake.notes, INPUT_OTHER, (struct note_place){leaf->place, 0},
                  leaf->name, 0, 0,
                  "%s is empty; its process ended before it wrote a request", name);
    } else if (leaf->named && !leaf->broken) {
        reader->intake.cancelled = true;
        err_set(
            err, ERR_INPUT,
            "%s is no trace, archive (tar, zip; gzip, zstd, xz, bzip2), saved summary, "
            "table with a header, JSON lines, access log or SQLite database; name what "
            "the recorder wrote, or one of these",
            name);
    }
    free(name);
}

/* The same file again, by another path or the same one: told, not read. */
static bool is_known(struct reader *reader, const struct leaf *leaf)
{
    size_t before = reader->seen.count;
    if (!leaf->identity)
        return false;
    map_add(&reader->seen, &leaf->identity, sizeof(leaf->identity));
    if (reader->seen.count > before)
        return false;
    char *name = notes_shown_name(leaf->name);
    notes_add(reader->intake.notes, INPUT_DUPLICATE, (struct note_place){leaf->place, 0},
              leaf->name, 0, 0, "%s was given twice and counted once", name);
    free(name);
    return true;
}

static bool is_rows(enum content content)
{
    return content == CONTENT_TABLE || content == CONTENT_JSON_LINES ||
           content == CONTENT_ACCESS_LOG;
}

/* A table that cannot be read as requests, since columns are missing. A named one is an
 * error; among others it is told where it looks as if it was meant. */
static void refuse_rows(struct reader *reader, const struct leaf *leaf, bool looks_meant,
                        const char *missing, struct err *err)
{
    char *name = notes_shown_name(leaf->name);
    const char *format = "%s has no column for %s; say which it is with --columns, such "
                         "as --columns time=when,duration=took:ms,endpoint=route";
    if (leaf->named) {
        reader->intake.cancelled = true;
        err_set(err, ERR_INPUT, format, name, missing);
    } else if (looks_meant) {
        notes_add(reader->intake.notes, INPUT_OTHER, (struct note_place){leaf->place, 0},
                  leaf->name, 0, 0, format, name, missing);
    }
    free(name);
}

/* The file as rows of its format; NULL: it is left out. */
static struct rows *open_rows(struct reader *reader, struct leaf *leaf,
                              enum content content, struct err *err)
{
    bool looks_meant = false;
    struct str missing;
    str_init(&missing);
    struct rows *rows =
        content == CONTENT_TABLE
            ? csv_open(leaf, reader->ledger, &reader->columns, &looks_meant, &missing)
        : content == CONTENT_JSON_LINES
            ? json_lines_open(leaf, reader->ledger, &reader->columns, &looks_meant,
                              &missing)
            : access_log_open(leaf, reader->ledger, &reader->columns, &looks_meant,
                              &missing);
    if (!rows)
        refuse_rows(reader, leaf, looks_meant, missing.bytes, err);
    str_release(&missing);
    return rows;
}

/* Opens a file of rows as *file; false when it is left out. */
static bool begin_rows(struct reader *reader, struct leaf *leaf, enum content content,
                       struct own_file *file, struct err *err)
{
    if (is_known(reader, leaf)) {
        reader->intake.traces++;
        return false;
    }
    struct rows *rows = open_rows(reader, leaf, content, err);
    if (!rows)
        return false;
    reader->intake.traces++;
    *file = (struct own_file){leaf, NULL, rows_reader_new_take(rows, leaf)};
    return true;
}

/* Why a file of others cannot be used: of a named one an error, else a note where it is a
 * loss. */
static void refuse(struct reader *reader, const struct leaf *leaf, bool is_loss,
                   const char *why, struct err *err)
{
    char *name = notes_shown_name(leaf->name);
    if (leaf->named) {
        reader->intake.cancelled = true;
        err_set(err, ERR_INPUT, "%s %s", name, why);
    } else if (is_loss) {
        notes_add(reader->intake.notes, INPUT_DAMAGE, (struct note_place){leaf->place, 0},
                  leaf->name, 0, 0, "%s %s", name, why);
    }
    free(name);
}

static void keep_database(struct reader *reader, struct leaf *leaf, struct err *err)
{
    const char *why = dashboards_keep(reader->dashboards, leaf);
    reader->intake.traces += !why;
    if (why)
        refuse(reader, leaf, false, why, err);
}

static void keep_summary(struct reader *reader, struct leaf *leaf, struct err *err)
{
    struct err why = ERR_INIT;
    reader->intake.traces++;
    if (reader->filtered) {
        char *name = notes_shown_name(leaf->name);
        reader->intake.cancelled = true;
        err_set(err, ERR_USAGE,
                "%s is a saved summary, which cannot be filtered any more; save it with "
                "the same filter, or give the traces",
                name);
        free(name);
    } else if (saved_inputs_add(reader->saved, leaf, &why) != 0)
        refuse(reader, leaf, true, why.message, err);
}

/* What is read when all traces are. */
static void keep_whole(struct reader *reader, struct leaf *leaf, enum content content,
                       struct err *err)
{
    if (is_known(reader, leaf))
        reader->intake.traces++;
    else if (content == CONTENT_DATABASE)
        keep_database(reader, leaf, err);
    else
        keep_summary(reader, leaf, err);
}

/* Goes on to the next file, which is opened as *file when it is a trace. False at the
 * end. */
static bool next_file(struct reader *reader, struct own_file *file, struct err *err)
{
    const uint8_t *bytes;
    struct leaf *leaf = tree_next(reader->tree, err);
    if (!leaf)
        return false;
    reader->files++;
    size_t size = leaf_peek(leaf, &bytes);
    enum content content = recognise(bytes, size);
    reader->intake.traces += content == CONTENT_TRACE || content == CONTENT_RING;
    if (content == CONTENT_ARCHIVE) {
        tree_enter_take(reader->tree, leaf);
        return true;
    }
    if (content == CONTENT_TRACE) {
        *file = (struct own_file){leaf, trace_reader_new(leaf, reader->ledger), NULL};
        return true;
    }
    if (is_rows(content) && begin_rows(reader, leaf, content, file, err))
        return true;
    if (content == CONTENT_RING)
        leftrings_keep(reader->rings, leaf);
    else if (content == CONTENT_SUMMARY || content == CONTENT_DATABASE)
        keep_whole(reader, leaf, content, err);
    else if (!is_rows(content))
        pass_by(reader, leaf, content, err);
    leaf_free(leaf);
    return !reader->intake.cancelled;
}

enum reader_result reader_next(struct reader *reader, struct own_file *own,
                               struct chunk *chunk, struct err *err)
{
    for (;;) {
        struct own_file file = {0};
        tell_progress(reader, false);
        if (reader_own(&reader->shared, chunk))
            return READER_CHUNK;
        if (!next_file(reader, &file, err))
            return reader->intake.cancelled ? READER_FAILED : READER_END;
        if (file.leaf && file.leaf->path && file.leaf->bytes <= reader->own_bytes_max) {
            *own = file;
            return READER_OWN;
        }
        reader->shared = file;
    }
}

/* Traces were there, but no block could be used: all damaged or of a newer format. One
 * that was killed at its very start is neither. */
static bool all_unusable(const struct input_report *report)
{
    return report->traces == 0 && report->requests == 0 &&
           report->notes_by_kind[INPUT_NEWER] + report->notes_by_kind[INPUT_DAMAGE] > 0;
}

int reader_finish(struct reader *reader, struct summary *summary,
                  struct input_report *report, struct err *err)
{
    char *why = NULL;
    leftrings_recover(reader->rings, summary);
    ledger_add_beside(reader->ledger, summary);
    dashboards_read(reader->dashboards, summary);
    saved_inputs_merge(reader->saved, summary);
    tell_progress(reader, true);
    notes_from(reader->intake.notes, 0, &why);
    report->files += reader->files;
    ledger_finish(reader->ledger, report);
    bool nothing = !reader->intake.traces || all_unusable(report);
    if (nothing)
        err_set(err, ERR_INPUT, "%s",
                why ? why : "no traces were found; name what the recorder wrote");
    free(why);
    return nothing ? -1 : 0;
}
