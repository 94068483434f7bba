/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a process tells beside its requests, from blocks of its trace and from the journal
 * and flights of a ring that it left: into a summary, or into the ledger where only the
 * last of a process counts. A payload is checked whole before anything of it is added.
 */
#ifndef INPUT_SIDE_BLOCKS_H
#define INPUT_SIDE_BLOCKS_H

#include "known_names.h"
#include "ledger.h"

#include "lib/wire/counts.h"
#include "lib/wire/details.h"

/* Whose events, and where they go. All is borrowed. */
struct side_events {
    struct ledger *ledger;
    struct stream *stream;
    struct summary *summary;
    struct source_map *map;
    struct known_names *known;
    struct anchor anchor;
    /* The name of a group or address that an unfinished request has by number (in a
     * trace) or hash (in a ring); kind: enum fmd__definition_kind. */
    struct event_text (*name)(void *to, uint8_t kind, uint32_t id, uint64_t hash);
    void *to;
};

/* Memory for it, some 200 kB. */
struct side_room;
struct side_room *side_room_new(void);
void side_room_free(struct side_room *room);

/* NULL, or what is wrong with the payload of a block of that type (counts, samples,
 * journal). *journal_end: how far it says that the journal is in the trace. */
const char *side_block_check(struct side_room *room, uint8_t type, const uint8_t *payload,
                             size_t size, uint64_t *journal_end);
/* Adds a payload that was checked. */
void side_block_add(struct side_room *room, const struct side_events *events,
                    uint8_t type, const uint8_t *payload, size_t size);

/* One entry. */
void side_entry_add(struct side_room *room, const struct side_events *events,
                    const struct fmd__journal_entry *entry);
void side_unfinished_add(const struct side_events *events,
                         const struct fmd__unfinished *unfinished);
void side_count_add(const struct side_events *events,
                    const struct fmd__endpoint_count *count);

/* What the requests of a batch carry, as the summary takes it. */
struct event_details side_details(const struct fmd__details *details);

#endif
