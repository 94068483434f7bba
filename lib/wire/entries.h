/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Entries: single events beside the requests. One encoding in two places: the journal of
 * the ring file (journal.h), where they outlive a kill, and journal blocks of the trace.
 * Samples and definitions are entries of the ring's journal only; the writer makes
 * SAMPLES and DEFINITIONS blocks of them. At most some thousand a second.
 *
 * Strings and frames are borrowed: of the caller when encoding, of the payload and the
 * caller's frame buffer when decoded.
 */
#ifndef FMD_WIRE_ENTRIES_H
#define FMD_WIRE_ENTRIES_H

#include "definitions.h"

#include <stddef.h>
#include <stdint.h>

#define FMD__ENTRY_BYTES_MAX (128u << 10)
#define FMD__STACK_FRAMES_MAX 1024u
#define FMD__CONTEXT_ITEMS_MAX 16u
#define FMD__ENTRY_STRING_BYTES_MAX 2048u /* any string of an entry; longer are cut */

enum fmd__entry_kind {
    FMD__ENTRY_DEFINITION = 1, /* a code object; ring files only */
    FMD__ENTRY_SAMPLE = 2,     /* ring files only; in traces: samples.h */
    FMD__ENTRY_CONTEXT = 3,
    FMD__ENTRY_EXCEPTION = 4,
    FMD__ENTRY_GAUGE = 5,
    FMD__ENTRY_PROCESS = 6,
    FMD__ENTRY_UNFINISHED = 7
};

struct fmd__text {
    const char *bytes; /* any bytes, not terminated */
    uint32_t length;
};

/* Names a request of the same stream, finished or not, by the exact nanosecond of its
 * start. start_ns 0: no request. endpoint is as known when it was written, and may be 0
 * where the request's own record has one. */
struct fmd__request_key {
    uint64_t start_ns;
    uint32_t endpoint;
};

/* A place in code: number of a CODE definition and the instruction's offset in bytes in
 * its bytecode. code 0: a frame that could not be read. */
struct fmd__stack_frame {
    uint32_t code;
    uint32_t offset;
};

enum fmd__sample_why { FMD__SAMPLE_PROFILE = 1, FMD__SAMPLE_OUTLIER = 2 }; /* bits */
enum fmd__sample_state {
    FMD__SAMPLE_STATE_UNKNOWN = 0,
    FMD__SAMPLE_RUNNING = 1, /* holds the interpreter, or is on a processor */
    FMD__SAMPLE_WAITING = 2
};
enum fmd__sample_label {
    FMD__SAMPLE_OK = 0,
    FMD__SAMPLE_TRUNCATED = 1,  /* the outermost frames are missing */
    FMD__SAMPLE_UNSUPPORTED = 2 /* gevent, asyncio: whose stack it is cannot be told */
};

struct fmd__sample {
    uint64_t time_ns; /* monotonic */
    struct fmd__request_key request;
    uint32_t thread;      /* of the operating system; 0: not known */
    uint32_t interval_us; /* of sampling when it was taken: the time it stands for */
    uint8_t why, state, label;
    uint32_t frame_count; /* <= FMD__STACK_FRAMES_MAX; more are left out, label says so */
    const struct fmd__stack_frame *frames; /* outermost first */
};

enum fmd__context_what { FMD__CONTEXT_PATH = 1, FMD__CONTEXT_HEADER = 2 };

/* Where a request came from. The recorder lets pass only what is on its allow-list. */
struct fmd__context {
    struct fmd__request_key request;
    uint32_t item_count;
    struct {
        uint8_t what;           /* enum fmd__context_what; readers skip others */
        struct fmd__text name;  /* header's; empty for the path */
        struct fmd__text value; /* path without its query */
    } items[FMD__CONTEXT_ITEMS_MAX];
};

/* count occurrences since the last entry of the same type, frames and endpoint in this
 * stream; readers add up. Time, request and message are those of one of them. */
struct fmd__exception {
    uint64_t time_ns;
    struct fmd__request_key request;
    uint64_t count;
    uint8_t handled; /* 1: given to capture(); 0: it left the application */
    struct fmd__text type;
    struct fmd__text message; /* scrubbed and cut: an example */
    uint32_t frame_count;
    const struct fmd__stack_frame *frames; /* outermost first; offset of tb_lasti */
};

struct fmd__gauge {
    uint64_t time_ns;
    double value;
    struct fmd__text name;
};

/* Numbers about the process at a time. Those that count do so since the stream's start.
 * New ones are added before FMD__PROCESS_VALUES. */
enum fmd__process_value {
    FMD__PROCESS_RESIDENT_BYTES = 1,
    FMD__PROCESS_LOAD_MILLI, /* load average of the last minute times 1000 */
    FMD__PROCESS_CPU_NS,     /* of the whole process */
    FMD__PROCESS_WRITER_CPU_NS,
    FMD__PROCESS_SAMPLER_CPU_NS,
    FMD__PROCESS_SAMPLER_TICKS,
    FMD__PROCESS_SAMPLER_LATE_TICKS,
    FMD__PROCESS_SAMPLES, /* taken */
    FMD__PROCESS_SAMPLES_REJECTED,
    FMD__PROCESS_ENTRIES_DROPPED, /* journal full */
    FMD__PROCESS_NO_FLIGHT,       /* requests for which no in-flight slot was free */
    FMD__PROCESS_THREADS,
    FMD__PROCESS_INTERVAL_US,      /* of sampling, now */
    FMD__PROCESS_GAUGES_COALESCED, /* values set and not written: a later one was */
    FMD__PROCESS_GAUGES_LOST,      /* no finite number, no name, too many names */
    FMD__PROCESS_VALUES
};

struct fmd__process {
    uint64_t time_ns;
    uint32_t known; /* bit v: values[v] was told */
    uint64_t values[FMD__PROCESS_VALUES];
};

/* A request that was in flight when the stream ended. */
struct fmd__unfinished {
    struct fmd__request_key request;
    uint64_t seen_ns;      /* when it was last known to be in flight; 0: not known */
    uint64_t threshold_ns; /* 0: none was in force */
    uint32_t thread;
    uint32_t group, address;           /* numbers of the segment; 0 from a ring file */
    uint64_t group_hash, address_hash; /* from a ring file; not written to traces */
    uint8_t method, level, outlier;
    struct fmd__text path;
};

struct fmd__journal_entry {
    uint8_t kind;
    union {
        struct fmd__definition definition;
        struct fmd__sample sample;
        struct fmd__context context;
        struct fmd__exception exception;
        struct fmd__gauge gauge;
        struct fmd__process process;
        struct fmd__unfinished unfinished;
    };
};

/* Room for one entry. */
size_t fmd__entry_bound(const struct fmd__journal_entry *entry);
/* Writes one entry at out; returns the bytes, never more than FMD__ENTRY_BYTES_MAX. */
size_t fmd__entry_encode(const struct fmd__journal_entry *entry, uint8_t *out);
/* Reads the next entry of a known kind at *offset and moves on. frames has room for
 * FMD__STACK_FRAMES_MAX. 1, 0 at the end, -1 when damaged. Safe on any input. */
int fmd__entry_decode(const uint8_t *payload, size_t size, size_t *offset,
                      struct fmd__journal_entry *entry, struct fmd__stack_frame *frames);

/* A journal block's payload: where in the ring file's journal its entries end (0: they
 * are from none), then entries. Begin writes FMD__JOURNAL_HEAD_BYTES at out, open reads
 * them (0, or -1 when damaged) and sets *offset to the first entry. */
#define FMD__JOURNAL_HEAD_BYTES 8u
void fmd__journal_block_begin(uint64_t end, uint8_t *out);
int fmd__journal_block_open(const uint8_t *payload, size_t size, size_t *offset,
                            uint64_t *end);

#endif
