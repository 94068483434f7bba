/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the ledger holds: for ledger.c, which fills it while traces are read, and
 * ledger_report.c, which judges it at the end.
 */
#ifndef INPUT_LEDGER_INSIDE_H
#define INPUT_LEDGER_INSIDE_H

#include "hashed_names.h"
#include "ledger.h"
#include "ledger_beside.h"

#include <pthread.h>

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

struct counted {
    uint64_t count;
    int64_t last_utc_ns;
};

/* What a process tells beside its requests. */
struct stream_beside {
    struct map codes;   /* definitions of code objects, as they were encoded */
    struct map counted; /* application, version, endpoint: length, bytes, NUL */
    struct counted *of_counted;
    size_t counted_room;
    struct fmd__process process;       /* the largest of each value */
    uint64_t samples_end, entries_end; /* of its journal, in blocks */
};

struct stream_beside *stream_beside_of(struct stream *stream);
void stream_beside_free(struct stream_beside *beside);

struct stream {
    uint8_t id[16];
    uint32_t pid;
    char interpreter[64]; /* "" where it runs none, or was not told */
    bool unknown;         /* whose blocks these are was lost: holds one file's */
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
    struct fmd__stats stats;      /* the last ones, by issued */
    struct stream_beside *beside; /* NULL while it told nothing */
    bool cut_by_others; /* known at the end: a sibling deleted its first files, maybe */
    uint64_t recovered;
    struct stream *next; /* all streams, in the order they were met */
};

/* A file that others wrote, by its bytes. */
struct fingerprint {
    uint64_t bytes, place;
    uint32_t checksum;
    char *file;
};

struct ledger {
    pthread_mutex_t lock; /* around all below, and all streams */
    struct notes *notes;
    void *streams_by_id, *run_hosts; /* tsearch trees */
    struct stream *first, **last;
    struct run_host **all_run_hosts;
    size_t run_host_count, run_host_room;
    uint64_t requests, recovered, blocks_skipped;
    uint64_t traces, blocks, bytes;
    struct input_source_counts sources[INPUT_SOURCES];
    struct fingerprint *fingerprints;
    size_t fingerprint_count, fingerprint_room;
    size_t names_bytes, codes_bytes;
    struct loss *losses; /* file is owned here */
    size_t loss_count, loss_room;
};

/* Was that block of the stream read? */
bool stream_has_seen(const struct stream *stream, uint64_t block);

#endif
