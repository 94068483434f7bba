/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "reader.h"

#include "leftrings.h"
#include "recognise.h"
#include "tree.h"

#include "src/base/err.h"
#include "src/base/mem.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define PROGRESS_NS UINT64_C(100000000)

struct reader {
    struct intake intake;
    struct ledger *ledger;
    struct tree *tree;
    struct leftrings *rings;
    struct input_report *report;
    struct leaf *leaf;          /* that trace reads, or NULL */
    struct trace_reader *trace; /* or NULL */
    uint64_t bytes_total;       /* 0: not known */
    uint64_t progress_ns;       /* when it was told last */
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
                          const struct input_options *options,
                          struct input_report *report, struct err *err)
{
    if (check_paths(paths, path_count, err) != 0)
        return NULL;
    struct reader *reader = mem_new(sizeof(*reader));
    reader->ledger = ledger_new();
    reader->intake =
        (struct intake){.options = options, .notes = ledger_notes(reader->ledger)};
    reader->tree = tree_new(&reader->intake, paths, path_count);
    reader->rings = leftrings_new(&reader->intake, reader->ledger);
    reader->report = report;
    if (options->progress)
        reader->bytes_total = tree_bytes(paths, path_count);
    return reader;
}

static void leave_trace(struct reader *reader)
{
    trace_reader_free(reader->trace);
    leaf_free(reader->leaf);
    reader->trace = NULL;
    reader->leaf = NULL;
}

void reader_free(struct reader *reader)
{
    if (!reader)
        return;
    leave_trace(reader);
    tree_free(reader->tree);
    leftrings_free(reader->rings);
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
    options->progress(options->progress_to, reader->intake.bytes_done,
                      reader->bytes_total, ledger_requests(reader->ledger));
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
            "%s is no trace and no archive that can be read (tar, zip; gzip, zstd, xz, "
            "bzip2); name what the recorder wrote",
            name);
    }
    free(name);
}

/* Goes on to the next file. False at the end. */
static bool next_file(struct reader *reader, struct err *err)
{
    const uint8_t *bytes;
    struct leaf *leaf = tree_next(reader->tree, err);
    if (!leaf)
        return false;
    reader->report->files++;
    size_t size = leaf_peek(leaf, &bytes);
    enum content content = recognise(bytes, size);
    reader->intake.traces += content == CONTENT_TRACE || content == CONTENT_RING;
    if (content == CONTENT_ARCHIVE) {
        tree_enter_take(reader->tree, leaf);
        return true;
    }
    if (content == CONTENT_TRACE) {
        reader->leaf = leaf;
        reader->trace = trace_reader_new(leaf, reader->ledger, reader->report);
        return true;
    }
    if (content == CONTENT_RING)
        leftrings_keep(reader->rings, leaf);
    else
        pass_by(reader, leaf, content, err);
    leaf_free(leaf);
    return !reader->intake.cancelled;
}

int reader_next(struct reader *reader, struct chunk *chunk, struct err *err)
{
    for (;;) {
        tell_progress(reader, false);
        if (reader->trace && trace_reader_next(reader->trace, chunk))
            return 1;
        leave_trace(reader);
        if (!next_file(reader, err))
            return reader->intake.cancelled ? -1 : 0;
    }
}

/* Traces were there, but no block could be used: all damaged or of a newer format. One
 * that was killed at its very start is neither. */
static bool all_unusable(const struct input_report *report)
{
    return report->traces == 0 && report->requests == 0 &&
           report->notes_by_kind[INPUT_NEWER] + report->notes_by_kind[INPUT_DAMAGE] > 0;
}

int reader_finish(struct reader *reader, struct summary *summary, struct err *err)
{
    char *why = NULL;
    leave_trace(reader);
    leftrings_recover(reader->rings, summary);
    tell_progress(reader, true);
    notes_from(reader->intake.notes, 0, &why);
    ledger_finish(reader->ledger, reader->report);
    bool nothing = !reader->intake.traces || all_unusable(reader->report);
    if (nothing)
        err_set(err, ERR_INPUT, "%s",
                why ? why : "no traces were found; name what the recorder wrote");
    free(why);
    return nothing ? -1 : 0;
}
