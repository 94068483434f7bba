/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fmd-record: writes what requests an application served, and how long each took, into
 * compressed trace files that fmd-analyze reads.
 *
 * The whole interface. One recorder a process. Calls on the request path (begin, set_*,
 * end) never block, take no lock, allocate nothing and keep errno; up to level 1 they
 * make no system call but one that wakes the writer when a burst has used up its room, at
 * most a thousand times a second: when the recorder cannot keep up it drops the request
 * and counts it, so that recorded + dropped = issued, always. Only the first request of a
 * process and of a thread does a little more (35 us to start the writer, 1 ms in a forked
 * child, which opens rings of its own). Built for 10 to 10^6 requests a second a process,
 * a few hundred endpoints, and threads and forks that come and go. No call may be made
 * from a signal handler.
 */
#ifndef FMD_RECORD_H
#define FMD_RECORD_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define FMD_API __attribute__((visibility("default")))

/* Levels, of each endpoint:
 *   0    counted, and when it was last requested: nothing a request
 *   1    every request
 *   2    and what it took (processor, switches, faults, block I/O), whether it was an
 *        outlier, and that it was in flight when the process was killed
 *        From its threshold on an outlier's Python stack is sampled until it ends
 *   3    and the Python stack of every request, 100 times a second at most
 *   off  not even counted
 * From level 2 on a request costs two system calls at its begin and two at its end
 * (about 2 us together): getrusage and the thread's processor clock.
 *
 * The configuration file says more than the caller, and to the operator:
 *   [recorder]
 *   level = 1
 *   [levels]
 *   /static* = 0
 *   GET /health = off
 * A pattern names endpoints whole, or, when it begins with '/', what follows the method;
 * '*' is any bytes, '?' one; the last that matches counts. Keys of [recorder] are level
 * and the fields below (version is app_version); each is an environment variable too:
 * FMD_LEVEL, FMD_RUN, FMD_RINGS ..., but FMD_DIR, FMD_RING_DIR, and FMD_LEVELS for
 * patterns ("/static*=0, GET /health=off"). What the caller set to other than the
 * default goes before the environment, that before the file. level, outlier_floor_ms,
 * outlier_requests, sampling_hz and [levels] are followed while running: a second after
 * the file was changed it holds in every process. The others are read at the start.
 */

/* What to record and where. Set by fmd_config_init() to the defaults, then changed by
 * name. Strings are borrowed during fmd_start() only. */
struct fmd_config {
    size_t
        struct_bytes; /* set by fmd_config_init(); tells which fields the caller knows */
    const char *directory;   /* where traces go; made 0700 if missing. Default "traces" */
    const char *application; /* name in every report. Default: the program's name */
    const char *version;     /* of the application. Default "" (unknown) */
    const char *run;         /* id of this recording run. Default $FMD_RUN, else "" */
    const char *ring_directory; /* default $FMD_RING_DIR, else /dev/shm, else directory */
    int level;         /* of endpoints that no pattern names, see below. Default 1 */
    unsigned rings;    /* rings made at start, grown by the writer. Default 64 */
    size_t ring_bytes; /* of each ring, a power of two. Default 32768 */
    uint64_t
        segment_bytes;    /* a trace file is closed and the next begun. Default 16 MiB */
    uint64_t total_bytes; /* of the application's files in directory, dead processes' too;
                             the oldest go beyond it. Default 1 GiB */
    unsigned block_ms;    /* longest time a request waits in memory. Default 1000 */
    const char *configuration; /* INI file, see below. Default $FMD_CONFIG, else none */
    const char *headers;       /* of outliers, see fmd_set_header(). Default "Accept,
                                  Content-Length, Content-Type, Referer, User-Agent,
                                  X-Request-ID" */
    unsigned outlier_floor_ms; /* no request that is quicker is an outlier. Default 10 */
    unsigned outlier_requests; /* of an endpoint before it has outliers. Default 100 */
    unsigned sampling_hz;      /* stacks a second at level 3, at most. Default 100 */
};

/* Why a request is not in the trace; index of fmd_stats.dropped. */
enum fmd_drop {
    FMD_DROP_RING_FULL,    /* the writer did not keep up */
    FMD_DROP_NO_RING,      /* the thread found no free ring */
    FMD_DROP_WRITE_FAILED, /* disk full, removed directory, I/O error */
    FMD_DROP_FORKED,       /* the process forked inside the request; the parent has it */
    FMD_DROP_CAUSES
};

/* Requests since fmd_start(), of this process. issued = recorded + all dropped once
 * nothing is in flight and fmd_snapshot() has returned 0, or fmd_stop() has returned. */
struct fmd_stats {
    uint64_t issued;   /* fmd_end() calls at level >= 1 */
    uint64_t recorded; /* of these, written to the trace */
    uint64_t dropped[FMD_DROP_CAUSES];
    uint64_t strings_lost;  /* groups or addresses recorded as unknown: no room to define
                               them */
    uint64_t writer_cpu_ns; /* CPU time of the recorder's own thread */
};

enum fmd_method {
    FMD_METHOD_OTHER,
    FMD_METHOD_GET,
    FMD_METHOD_HEAD,
    FMD_METHOD_POST,
    FMD_METHOD_PUT,
    FMD_METHOD_PATCH,
    FMD_METHOD_DELETE,
    FMD_METHOD_OPTIONS,
    FMD_METHOD_TRACE,
    FMD_METHOD_CONNECT,
    FMD_METHODS
};

/* How a request ended; bits of fmd_set_flags(). */
enum fmd_flag {
    FMD_ABORTED = 1,   /* the client went away before the body's end */
    FMD_EXCEPTION = 2, /* the application let an exception out */
    FMD_STREAMED = 4   /* the body was produced while it was sent */
};

/* A request in flight. The caller's memory (stack or heap), usable from one thread at a
 * time, from any thread; its fields are the recorder's. From level 2 on it has one of 512
 * places in flight until fmd_end(): a request that is never ended keeps its place until
 * fmd_stop(), and is told as unfinished after a kill. Requests that find none are
 * recorded as at level 1, and their number is told (requests_without_flight in the
 * report). */
struct fmd_request {
    uint64_t fields[16];
};

/* Fills *config with the defaults above. */
FMD_API void fmd_config_init(struct fmd_config *config);

/* Starts recording; the writer thread starts with the first request. config NULL:
 * defaults. 0, or a negative errno: -EALREADY when it runs, -EINVAL for a field out of
 * range or a wrong configuration (with one line on stderr that names the place), or what
 * directory or file answered. After an error every other call is a cheap
 * no-op. Not thread-safe. */
FMD_API int fmd_start(const struct fmd_config *config);

/* Writes everything, marks a clean end and frees. Requests in flight are not recorded;
 * other threads may go on calling. Runs by itself at exit(). 0, or a negative errno when
 * not all could be written: the rest is counted as FMD_DROP_WRITE_FAILED. 0 when nothing
 * was started. */
FMD_API int fmd_stop(void);

/* Makes all requests ended so far readable in the trace directory without stopping.
 * Blocks for the write (milliseconds). Thread-safe. 0, or a negative errno when it could
 * not be written: the requests stay in memory and are tried again. */
FMD_API int fmd_snapshot(void);

/* Registers an endpoint by its name ("GET /cart/<int:id>"); the same name gives the same
 * number. Takes a lock: call once an endpoint, not a request. A name longer than 16 KiB
 * is cut. Bytes are kept as they are. Number >= 1, or 0 when not started or out of
 * memory: 0 is safe to use. Endpoints live on through stop, start and fork. Thread-safe.
 */
FMD_API uint32_t fmd_endpoint(const char *name);

/* The same for an application and version of its own (several applications in one
 * process). NULL means the configured one. */
FMD_API uint32_t fmd_endpoint_of(const char *application, const char *version,
                                 const char *name);

/* Begins a request now; two clock reads a request are nearly all it costs. endpoint may
 * be 0 and set later, by the end at the latest. */
FMD_API void fmd_begin(struct fmd_request *request, uint32_t endpoint);
FMD_API void fmd_set_endpoint(struct fmd_request *request, uint32_t endpoint);
/* HTTP status as the client got it, 0 for none. */
FMD_API void fmd_set_status(struct fmd_request *request, unsigned status);
FMD_API void fmd_set_method(struct fmd_request *request, enum fmd_method method);
/* Adds bits of enum fmd_flag. */
FMD_API void fmd_set_flags(struct fmd_request *request, unsigned flags);
/* The customer, tenant or user, and the client's address: any bytes, cut at 255. Copied.
 */
FMD_API void fmd_set_group(struct fmd_request *request, const char *bytes, size_t length);
FMD_API void fmd_set_address(struct fmd_request *request, const char *bytes,
                             size_t length);
/* Where it came from, for outliers and for requests that a kill ends: call these when the
 * endpoint is set. Below level 2 they do nothing (fmd_wants_context() says so), else they
 * take some 0.2 us each. What is written is scrubbed: e-mail addresses, tokens, card
 * numbers and what follows a name like "password" become asterisks. Cut at 255 bytes.
 * The path of the URL; from '?' or '#' on it is left out. The first call counts. */
FMD_API void fmd_set_path(struct fmd_request *request, const char *bytes, size_t length);
/* A header of the request, if it is on the allow-list (key headers), which never lets
 * Authorization, Cookie and their like pass. Of Referer the path alone. */
FMD_API void fmd_set_header(struct fmd_request *request, const char *name,
                            const char *value, size_t length);
/* Not 0: a path or header would be kept. */
FMD_API int fmd_wants_context(const struct fmd_request *request);
/* The allow-list's names, from 0 on; NULL beyond the last. Fixed by fmd_start(). */
FMD_API const char *fmd_header(unsigned index);
/* Around the application's own handler, without middleware and body: adds to the view
 * time. */
FMD_API void fmd_view_begin(struct fmd_request *request);
FMD_API void fmd_view_end(struct fmd_request *request);
/* When the first byte of the body left. The first call counts. */
FMD_API void fmd_first_byte(struct fmd_request *request);
/* Ends and records it. A second end of the same request does nothing. */
FMD_API void fmd_end(struct fmd_request *request);

/* A number that the application tells about itself (the length of a queue, free slots of
 * a pool), at any level. A name writes ten values a second at most, and the last one; of
 * what comes faster the values between are counted and left out. 40 ns a call. A name is
 * cut at 120 bytes; it is recorded as it is, so it should be no customer's. Without a
 * name, beyond 256 names, and for what is no finite number nothing is written but a
 * count. Before fmd_start() nothing happens; a forked child writes into its own trace.
 * Thread-safe. */
FMD_API void fmd_gauge(const char *name, double value);

/* Copies the counts; cheap, thread-safe, any time. */
FMD_API void fmd_stats(struct fmd_stats *stats);

/* The path of the trace file that is written now into buffer (cut, always terminated).
 * Length as snprintf gives it, 0 when not recording. */
FMD_API size_t fmd_trace_path(char *buffer, size_t size);

#ifdef __cplusplus
}
#endif
#endif
