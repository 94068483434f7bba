/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Single things that went wrong: exceptions, grouped over versions; requests that were
 * being served when their process ended; and what is known of one slow request beside its
 * times. Pure: a summary in, plain structs out. Some thousand at most.
 */
#ifndef FINDINGS_INCIDENTS_H
#define FINDINGS_INCIDENTS_H

#include "src/summary/beside.h"

/* Exceptions of one type that came the same way, out of one endpoint. Borrowed from the
 * summary. */
struct incident_exception {
    struct name application, endpoint, type;
    bool handled;      /* the application reported it; else it got out */
    struct name stack; /* stack_frame_next() reads it, outermost first */
    uint64_t count;
    int64_t first_utc_ns, last_utc_ns;
    struct name first_version, last_version; /* of those moments */
    size_t version_count;
    struct name message; /* of the first one */
};

/* A request that never finished. */
struct incident_unfinished {
    const struct beside_unfinished *request;
    struct beside_key where;
    uint64_t elapsed_ns; /* that it is known to have been going on; 0: not known */
    struct name group, address, path; /* length 0: not known */
    struct str *stack;                /* stack_frame_next(); NULL: none was recorded */
    bool waiting;                     /* in that stack */
};

/* Where one request was slow. */
struct incident_detail {
    const struct detailed_request *detail; /* NULL: it was recorded at level 1 */
    struct str *stack;                     /* in its last sample; NULL: there was none */
    bool waiting;
    uint64_t stack_elapsed_ns;
    struct name context; /* context_item_next(); length 0: none */
};

struct incidents {
    struct incident_exception *exceptions; /* most first */
    size_t exception_count;
    uint64_t exceptions_total, unhandled_total;
    struct incident_unfinished *unfinished; /* longest first */
    size_t unfinished_count;
    uint64_t unfinished_more; /* that were not kept */
};

void incidents_build(struct incidents *incidents, const struct summary *summary);
void incidents_release(struct incidents *incidents);

struct slow_request;
/* What is known of a slow request of a cell. Release. */
struct incident_detail incident_detail_of(const struct summary *summary,
                                          const struct summary_cell *cell,
                                          const struct slow_request *request);
void incident_detail_release(struct incident_detail *detail);

/* The innermost frame of a path of frames; false when it has none. */
bool incident_innermost(struct name stack, struct stack_frame *frame);

#endif
