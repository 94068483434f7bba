/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The one-pass mergeable summary: everything that findings need, in memory that does not
 * grow with the number of requests. Adding is in events.h; here are making, merging,
 * saving, and reading. Built for 10^9 requests, 200 endpoints x 10 versions, 20,000
 * groups.
 *
 * Promises: merging is commutative and associative; any split and order of the same
 * requests saves to the same bytes, as long as no limit below is passed. Everything that
 * is read comes in an order that does not depend on the order of adding: names by bytes,
 * times ascending.
 *
 * A summary belongs to one thread at a time. What is read is borrowed and valid until the
 * next call that changes the summary. Reading is thread-safe while nobody changes it.
 */
#ifndef SUMMARY_SUMMARY_H
#define SUMMARY_SUMMARY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "calendar.h"
#include "events.h"
#include "histogram.h"
#include "timegrid.h"

struct err;
struct str;

enum {
    SUMMARY_ENDPOINTS_MAX = 10000, /* further names count under "(other)" */
    SUMMARY_VERSIONS_MAX = 256,    /* the same */
    SUMMARY_CELLS_MAX = 32768, /* further endpoint x version: under endpoint "(other)" */
    SUMMARY_BLOCKS = 64,       /* time blocks a version */
    SUMMARY_SERIES_BLOCKS = 256,  /* time blocks of an endpoint's series */
    SUMMARY_RUNS = 64,            /* recording runs; further ones count under "(other)" */
    SUMMARY_STRATA = 64,          /* hash(group) mod 64 */
    SUMMARY_STRATA_ENDPOINTS = 8, /* strata are kept while there are no more endpoints */
    SUMMARY_HOURS = 24,
    SUMMARY_SLOWEST = 100,       /* requests kept a cell */
    SUMMARY_VALUES_MAX = 131072, /* groups (addresses) a version counted exactly */
    SUMMARY_SHARES = 64,         /* most groups told by summary_slow_shares */
    SUMMARY_DAYS = 8192, /* days with requests; further ones count on one that is kept */
    SUMMARY_STATUS_OTHER = 1000 /* status codes from here on count as this one */
};

/* Any bytes; bytes[length] is a NUL that does not count. */
struct name {
    const char *bytes;
    size_t length;
};

/* By bytes, a prefix first: <0, 0, >0. */
int name_compare(struct name a, struct name b);

/* Unsigned, 128 bits: never overflows here. */
typedef unsigned __int128 uint128_t;

struct filter;
struct tally;
struct visitors;
struct slow;

/* One version of one application. */
struct summary_version {
    struct name application, name;
    uint64_t requests;
    int64_t first_utc_ns, last_utc_ns; /* earliest and latest start of a request */
    struct timegrid grid;              /* of its cells' blocks; at most SUMMARY_BLOCKS */
    /* read by summary_values() and summary_distinct() */
    struct tally *tallies[2];
    struct visitors *visitors;
};

/* One endpoint (a name in an application), over all versions. */
struct summary_endpoint {
    struct name application, name;
    struct timegrid grid;        /* of the series; at most SUMMARY_SERIES_BLOCKS */
    struct block *series;        /* grid.count of them */
    struct summary_cell **cells; /* by version name, ascending bytes */
    size_t cell_count, cell_room;
};

/* How often a status code was answered; ascending codes, 0: not known. */
struct status_count {
    uint16_t status;
    uint64_t requests;
};

/* A slow request. */
struct slow_request {
    uint64_t duration_ns; /* at most HISTOGRAM_MAX_NS */
    int64_t start_utc_ns;
    uint64_t process, sequence;
    struct name group, address;      /* length 0, bytes "" when there is none */
    uint64_t first_byte_ns, view_ns; /* UINT64_MAX: not known */
    uint16_t status;
    uint8_t method; /* enum fmd_method */
    uint8_t flags;  /* enum fmd_flag */
};

/* An endpoint in one version. */
struct summary_cell {
    struct summary_endpoint *endpoint;
    struct summary_version *version;
    uint64_t requests;
    uint64_t client_errors;       /* status 400..499 */
    uint64_t server_errors;       /* status >= 500, or an exception */
    uint64_t aborted, exceptions; /* by flag */
    uint64_t clamped;             /* durations beyond HISTOGRAM_MAX_NS, counted as that */
    int64_t first_utc_ns, last_utc_ns;
    uint64_t min_ns, max_ns;
    uint128_t sum_ns; /* of durations */
    uint128_t
        sum_squares_ns; /* of their squares, ns^2; good for 4e10 requests of a day */
    struct histogram histogram;  /* fine */
    struct histogram first_byte; /* coarse; of requests where it is known */
    struct histogram view;       /* coarse; of requests where it is known */
    struct block *blocks;     /* version->grid.count of them; some may have 0 requests */
    struct block *runs;       /* as many as summary_runs(); NULL when there is one only */
    struct histogram *hours;  /* SUMMARY_HOURS, coarse, by UTC hour of start */
    struct histogram *strata; /* SUMMARY_STRATA, coarse; NULL when not kept */
    struct calendar calendar;
    struct status_count *statuses;
    size_t status_count, status_room;
    struct slow *slow; /* read by summary_slowest() and summary_slow_shares() */
};

/* A recording run. */
struct summary_run {
    struct name name; /* "" where the source said none */
    uint64_t requests;
    int64_t first_utc_ns, last_utc_ns;
    size_t index; /* in summary_runs() */
};

struct summary_totals {
    uint64_t requests;
    uint64_t clamped;   /* durations beyond a day, counted as a day */
    uint64_t undefined; /* requests of endpoints that the source never defined */
    uint64_t other;     /* requests folded under "(other)" beyond the limits above */
    int64_t first_utc_ns, last_utc_ns;
    uint64_t left_out; /* by the filter, and counted nowhere else */
    /* samples, exceptions and endpoints' counts at level 0, left out as it is not known
     * whether they are of the groups or statuses asked for */
    uint64_t beside_left_out;
    int64_t seen_first_utc_ns, seen_last_utc_ns; /* with those left out; of a filter */
    uint32_t slot_s; /* length of a calendar slot: 900, 3600 or 86400 */
};

enum summary_dimension { SUMMARY_GROUP, SUMMARY_ADDRESS, SUMMARY_DIMENSIONS };

/* What is known of a group or an address. */
struct summary_value {
    struct name name;
    uint64_t requests;       /* counted; the true number is at most ... */
    uint64_t requests_error; /* ... this much higher. 0: exact */
    uint64_t server_errors;  /* of those counted */
    uint64_t sum_ns;         /* of durations of those counted */
    /* Resolution by how many values there are: 4 bits to 256, one less for each 4 times
     * as many. Holds all its requests, unless it came from a saved summary of a format up
     * to 3 where it was not among the 256 most frequent: then histogram_total() says how
     * many. Owned by the rows (summary_values_free). */
    struct histogram histogram;
    uint32_t entry; /* the summary's own */
};

struct summary *summary_new(void);
/* From now on only requests that pass count; filter is borrowed for the summary's life.
 * What was filtered is not saved with the summary. */
void summary_filter(struct summary *summary, const struct filter *filter);
bool summary_filters(const struct summary *summary);
/* An empty one that does the same with what is added: filters, adds up or scans (scan.h).
 */
struct summary *summary_new_like(const struct summary *summary);
void summary_free(struct summary *summary);

/* Adds all of from, which stays as it is. No source_map of `to` may be between its new
 * and free. */
void summary_merge(struct summary *to, const struct summary *from);

/* Appends the saved bytes. Equal content gives equal bytes. */
void summary_save(const struct summary *summary, struct str *out);
/* Reads saved bytes of this or an older format version. NULL and *err when they are no
 * summary, damaged or of a newer version; never crashes, whatever the bytes. */
struct summary *summary_load(const void *bytes, size_t size, struct err *err);

/* --- reading --- */
struct summary_totals summary_totals(const struct summary *summary);
/* By application, then name. */
size_t summary_endpoints(const struct summary *summary,
                         struct summary_endpoint *const **endpoints);
size_t summary_versions(const struct summary *summary,
                        struct summary_version *const **versions);
/* By name. The order of summary_cell.runs. */
size_t summary_runs(const struct summary *summary, struct summary_run *const **runs);
/* The cell, or NULL when it has no request. */
const struct summary_cell *summary_find_cell(const struct summary_endpoint *endpoint,
                                             const struct summary_version *version);
/* The slowest requests of a cell, slowest first; equal ones by start, process, sequence.
 * Writes at most SUMMARY_SLOWEST; returns how many. */
size_t summary_slowest(const struct summary *summary, const struct summary_cell *cell,
                       struct slow_request out[SUMMARY_SLOWEST]);
/* The most frequent groups or addresses of a version (NULL: of all versions together),
 * most requests first, equal ones by bytes; at most limit rows in a new array *rows.
 * Returns how many. */
size_t summary_values(const struct summary *summary, enum summary_dimension dimension,
                      const struct summary_version *version, size_t limit,
                      struct summary_value **rows);
void summary_values_free(struct summary_value *rows, size_t count);
/* Does its histogram hold all of its requests, so that quantiles are of them? */
bool summary_value_is_whole(const struct summary_value *value);
/* What is known of one group or address in a version. False when it was not counted
 * there; else *value, whose histogram is the caller's to release. */
bool summary_value_in(const struct summary *summary, enum summary_dimension dimension,
                      const struct summary_version *version, struct name name,
                      struct summary_value *value);
/* How many values were counted apart, and whether all counts are exact. */
size_t summary_value_count(const struct summary *summary,
                           enum summary_dimension dimension,
                           const struct summary_version *version, bool *exact);

/* How many of a cell's slow requests came from a group or an address. */
struct summary_share {
    struct name name;
    uint64_t slow;
};
/* Whose are the requests of a cell that took at least *from_ns? Known, exactly, for
 * nearly the 512 slowest of a cell: *from_ns is moved up to where it is known, to an edge
 * of a fine bucket. *slow_total gets all such requests of the cell, also those without a
 * value. Writes the at most SUMMARY_SHARES largest, most first, and returns how many. */
size_t summary_slow_shares(const struct summary *summary, const struct summary_cell *cell,
                           enum summary_dimension dimension, uint64_t *from_ns,
                           uint64_t *slow_total,
                           struct summary_share out[SUMMARY_SHARES]);

/* UTC days with requests, ascending, days since 1970-01-01. */
size_t summary_days(const struct summary *summary, const int32_t **days);
/* Distinct values of a dimension on one day (index into summary_days; SUMMARY_ALL_DAYS:
 * over everything), in one version (NULL: all). *exact: it is a count; else an estimate
 * with a standard error of 1.6 % (HyperLogLog, 2^12 registers). */
#define SUMMARY_ALL_DAYS SIZE_MAX
double summary_distinct(const struct summary *summary, enum summary_dimension dimension,
                        const struct summary_version *version, size_t day, bool *exact);
/* The same over days first .. first + count - 1: a week, a month. */
double summary_distinct_days(const struct summary *summary,
                             enum summary_dimension dimension,
                             const struct summary_version *version, size_t first,
                             size_t count, bool *exact);

#endif
