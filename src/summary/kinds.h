/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Requests by kind: what an endpoint, a status, a method and flags are together. A batch
 * has some hundred kinds, so what depends on nothing else is done once a kind, and a
 * batch that is sorted by kind has one run of requests of each.
 */
#ifndef SUMMARY_KINDS_H
#define SUMMARY_KINDS_H

#include "events.h"
#include "lib/fmd-record.h"

struct made_kinds;
void made_kinds_free(struct made_kinds *made);
/* The same events by kind; kinds are made in *made where the source gave columns. At most
 * SOURCE_BATCH requests. */
struct events kinds_of(const struct events *events, struct made_kinds **made);

/* Kind of a request, whichever way the source gave it. */
static inline struct event_kind kind_of(const struct events *events, uint32_t i)
{
    if (events->kind)
        return events->kinds[events->kind[i]];
    return (struct event_kind){.endpoint = events->endpoint[i],
                               .status = events->status ? events->status[i] : 0,
                               .method = events->method ? events->method[i]
                                                        : (uint8_t)FMD_METHOD_OTHER,
                               .flags = events->flags ? events->flags[i] : 0};
}

#endif
