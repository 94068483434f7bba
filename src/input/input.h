/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Reads traces from wherever they are (files, directories, archives, standard input) and
 * says what it read and what it could not. scale/ turns it into a summary on several
 * threads.
 */
#ifndef INPUT_INPUT_H
#define INPUT_INPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;

struct input_options {
    const char *columns; /* what columns of foreign files mean (row_columns.h); NULL:
                            their names say it */
    uint64_t
        archive_bytes_max; /* unpacked size of one archive; 0: no limit. Default 1 TiB */
    double archive_ratio_max; /* unpacked / packed; 0: no limit. Default 200 */
    unsigned threads;         /* 0: one a core */
    void (*progress)(void *to, uint64_t bytes_done, uint64_t bytes_total,
                     uint64_t requests);
    void *progress_to; /* called at most 10 times a second, from any thread, one at
                          a time; total 0 when not known */
};

void input_options_init(struct input_options *options);

enum input_note_kind {
    INPUT_DAMAGE,    /* bytes that could not be read: bad checksum, cut archive */
    INPUT_TORN,      /* a killed writer's last block; no damage */
    INPUT_LEFT_RING, /* requests recovered from a ring left behind; no damage */
    INPUT_DUPLICATE, /* the same blocks were given twice; counted once */
    INPUT_CLOCK,     /* clock that jumped, hosts whose clocks disagree */
    INPUT_NEWER,     /* written in a newer format */
    INPUT_OTHER      /* not a trace, empty, unreadable file, live process ... */
};

struct input_note {
    enum input_note_kind kind;
    char *file;        /* as the user would name it: traces.tar.gz/web-1/a.fmd */
    char *sentence;    /* whole, names the next step where there is one */
    uint64_t blocks;   /* skipped, 0 where it does not apply */
    uint64_t requests; /* lost or recovered, as far as known */
};

/* Recorder's own counts, added over all processes (the last stats of each). */
struct input_recorder {
    uint64_t issued, recorded;
    uint64_t dropped[16]; /* by enum fmd_drop */
    uint64_t strings_lost, requests_deleted, segments_deleted, writer_cpu_ns;
};

/* What the processes ran, such as "cpython 3.11"; "" is none. */
struct input_interpreter {
    char name[64];
    uint64_t processes;
};

struct input_host {
    char *name;
    uint64_t processes, requests;
    int64_t first_utc_ns, last_utc_ns; /* of its requests */
};

/* Where requests come from beside traces. */
enum input_source {
    INPUT_TABLES,
    INPUT_JSON_LINES,
    INPUT_ACCESS_LOGS,
    INPUT_DATABASES,
    INPUT_SUMMARIES,
    INPUT_SOURCES
};

struct input_source_counts {
    uint64_t files, requests, bad; /* bad: rows that could not be used */
};

/* What was read. Counts are exact. note_count notes are kept, the first 1000 of all, in
 * the order of the input; notes_by_kind counts all. */
struct input_report {
    uint64_t files, traces, processes, runs, clean_ends;
    uint64_t bytes; /* of traces, unpacked */
    uint64_t blocks, blocks_skipped;
    uint64_t requests, requests_skipped; /* skipped: in damaged blocks, as far as known */
    uint64_t requests_recovered;         /* from rings left behind */
    struct input_source_counts sources[INPUT_SOURCES];
    struct input_recorder recorder;
    struct input_host *hosts;
    size_t host_count;
    struct input_interpreter *interpreters; /* by name */
    size_t interpreter_count, interpreter_room;
    struct input_note *notes;
    size_t note_count, note_room;
    uint64_t notes_by_kind[INPUT_OTHER + 1];
};

void input_report_init(struct input_report *report);
void input_report_release(struct input_report *report);
/* Some bytes could not be read (what --fail-on damage asks). */
bool input_report_damaged(const struct input_report *report);

#endif
