/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Adding what comes beside requests. Rare next to requests at level 1: some thousand
 * samples a second at most, and details of requests at levels 2 and 3.
 */
#include "source_map.h"

#include <stdlib.h>

#include "filter.h"
#include "packing.h"
#include "src/base/mem.h"

static struct name name_of(struct event_text text)
{
    return (struct name){text.bytes, text.length};
}

/* NULL where the summary takes none. */
static struct beside *beside_of(struct summary *summary)
{
    if (summary->scan || (summary->filter && summary->filter->nothing))
        return NULL;
    if (!summary->beside)
        summary->beside = beside_new();
    return summary->beside;
}

/* Whether an event at that moment passes the filter; key NULL: it is of no endpoint. */
static bool passes(const struct summary *summary, const struct beside_key *key,
                   int64_t utc_ns)
{
    const struct filter *filter = summary->filter;
    if (!filter)
        return true;
    if (key && (!filter_passes(&filter->endpoints, key->endpoint.bytes) ||
                !filter_passes(&filter->versions, key->version.bytes)))
        return false;
    return (!filter->has_since || utc_ns >= filter->since_utc_ns) &&
           (!filter->has_until || utc_ns < filter->until_utc_ns);
}

/* Of what has neither group nor status it cannot be told whether they were asked for:
 * counts that it was left out. */
static bool cannot_be_told(struct summary *summary)
{
    const struct filter *filter = summary->filter;
    bool asked = filter && (filter->groups.count || filter->status_count);
    summary->beside_left_out += asked;
    return asked;
}

static const struct source_endpoint *endpoint_at(const struct source_map *map,
                                                 uint32_t id)
{
    return &map->endpoints[id < map->slot_room ? map->slots[id] : 0];
}

/* The same by the source's number of the endpoint. */
static bool passes_at(const struct source_map *map, uint32_t id, int64_t utc_ns)
{
    const struct source_endpoint *endpoint = endpoint_at(map, id);
    struct beside_key key = {endpoint->application, endpoint->version_name,
                             endpoint->name};
    return passes(map->summary, &key, utc_ns);
}

/* Number of the cell of one of the source's endpoints. */
static uint32_t cell_of(struct beside *beside, struct source_map *map, uint32_t id)
{
    struct source_endpoint *endpoint = (struct source_endpoint *)endpoint_at(map, id);
    if (!endpoint->beside) {
        struct beside_key key = {endpoint->application, endpoint->version_name,
                                 endpoint->name};
        endpoint->beside = beside_cell_of(beside, &key) + 1;
    }
    return endpoint->beside - 1;
}

static struct request_id id_of(const struct source_map *map, uint64_t start_ns)
{
    return (struct request_id){map->process, start_ns};
}

/* --- details of requests ----------------------------------------------------------- */

static void add_measured(struct beside_cell *cell, const struct detailed_request *request)
{
    cell->measured++;
    cell->cpu_ns += request->cpu_ns;
    cell->duration_ns += request->duration_ns;
    for (int i = 0; i < DETAIL_COUNTS; i++)
        cell->counts[i] += request->counts[i];
}

static struct detailed_request detail_at(const struct source_map *map,
                                         const struct events *events,
                                         const struct event_details *details, uint32_t i)
{
    uint64_t duration_ns = events->duration_ns[i];
    return (struct detailed_request){
        .id = id_of(map, events->start_ns[i]),
        .start_utc_ns = (int64_t)(events->start_ns[i] + (uint64_t)events->utc_offset_ns),
        .sequence = events->sequence + i,
        .duration_ns = duration_ns < HISTOGRAM_MAX_NS ? duration_ns : HISTOGRAM_MAX_NS,
        .cpu_ns = details->cpu_ns[i],
        .threshold_ns = details->threshold_ns[i],
        .counts = {details->voluntary_switches[i], details->involuntary_switches[i],
                   details->minor_faults[i], details->major_faults[i],
                   details->block_reads[i], details->block_writes[i]},
        .level = details->what[i] & EVENT_DETAIL_LEVEL,
        .outlier = details->what[i] & EVENT_DETAIL_OUTLIER,
        .measured = details->what[i] & EVENT_DETAIL_MEASURED};
}

void summary_add_details(struct summary *summary, struct source_map *map,
                         const struct events *events, const struct event_details *details)
{
    struct beside *beside = NULL;
    for (uint32_t i = 0; i < events->count; i++) {
        if (!(details->what[i] & (EVENT_DETAIL_OUTLIER | EVENT_DETAIL_MEASURED)))
            continue;
        if (!beside && !(beside = beside_of(summary)))
            return;
        if (summary->filter && !filter_passes_request(map, events, i))
            continue;
        struct detailed_request request = detail_at(map, events, details, i);
        uint32_t number = cell_of(beside, map, kind_of(events, i).endpoint);
        struct beside_cell *cell = &beside->of_cells[number];
        cell->detailed++;
        cell->outliers += request.outlier;
        if (request.measured)
            add_measured(cell, &request);
        beside_keep_detail(cell, &request);
    }
}

/* --- samples ----------------------------------------------------------------------- */

uint32_t source_map_frame(struct source_map *map, struct event_text file,
                          struct event_text function, uint32_t line)
{
    struct beside *beside = beside_of(map->summary);
    struct stack_frame frame = {name_of(file), name_of(function), line};
    return beside ? stacks_frame(&beside->stacks, &frame) : 0;
}

static enum stack_state state_of(const struct event_sample *sample)
{
    return sample->running   ? STACK_RUNNING
           : sample->waiting ? STACK_WAITING
                             : STACK_UNKNOWN;
}

static void add_time(struct beside *beside, const struct source_map *map, uint32_t number,
                     const struct event_sample *sample, uint32_t node)
{
    struct beside_cell *cell = &beside->of_cells[number];
    unsigned whys = (unsigned)sample->profile << STACK_PROFILE | (unsigned)sample->outlier
                                                                     << STACK_OUTLIER;
    stacks_add(&beside->stacks, node, whys, state_of(sample), sample->interval_us);
    if (sample->profile && sample->request.start_ns)
        beside_keep_sampled(cell, request_id_hash(id_of(map, sample->request.start_ns)),
                            1);
}

/* A last stack stays whoever's it is: it is shown with its request, which the filter
 * knows. */
void summary_add_sample(struct summary *summary, struct source_map *map,
                        const struct event_sample *sample)
{
    struct beside *beside = beside_of(summary);
    if (!beside || !passes_at(map, sample->request.endpoint, sample->utc_ns))
        return;
    uint32_t number = cell_of(beside, map, sample->request.endpoint);
    struct beside_cell *cell = &beside->of_cells[number];
    bool told = !cannot_be_told(summary);
    cell->truncated += told && sample->truncated;
    cell->unsupported += told && sample->unsupported;
    if (sample->unsupported)
        return; /* whose stack it is cannot be told */
    uint32_t count =
        sample->frame_count < STACK_FRAMES_MAX ? sample->frame_count : STACK_FRAMES_MAX;
    uint32_t node = stacks_node(&beside->stacks, number, sample->frames, count);
    if (told)
        add_time(beside, map, number, sample, node);
    struct last_stack last = {id_of(map, sample->request.start_ns), sample->elapsed_ns,
                              node, (uint8_t)state_of(sample), sample->truncated};
    if (sample->request.start_ns)
        beside_keep_last(&beside->stacks, cell, &last);
}

/* --- single events ----------------------------------------------------------------- */

static void pack_frames(const struct beside *beside, struct str *key,
                        const uint32_t *frames, uint32_t count)
{
    const struct map_key *keys = beside->stacks.frames.keys;
    for (uint32_t i = 0; i < count; i++)
        pack_name(key, (struct name){keys[frames[i]].bytes, keys[frames[i]].length});
}

void summary_add_exception(struct summary *summary, struct source_map *map,
                           const struct event_exception *exception)
{
    struct beside *beside = beside_of(summary);
    struct str key;
    if (!beside || !passes_at(map, exception->request.endpoint, exception->utc_ns) ||
        cannot_be_told(summary))
        return;
    uint32_t number = cell_of(beside, map, exception->request.endpoint);
    const struct map_key *cell = &beside->cells.keys[number];
    str_init(&key);
    str_add(&key, cell->bytes, cell->length);
    pack_name(&key, name_of(exception->type));
    pack_number(&key, exception->handled);
    pack_frames(beside, &key, exception->frames, exception->frame_count);
    struct beside_exception from = {.count = exception->count,
                                    .first_utc_ns = exception->utc_ns,
                                    .last_utc_ns = exception->utc_ns,
                                    .message = (char *)exception->message.bytes,
                                    .message_length = exception->message.length};
    beside_merge_exception(
        beside_exception_of(beside, (struct name){key.bytes, key.length}), &from);
    str_release(&key);
}

void summary_add_context(struct summary *summary, struct source_map *map,
                         struct event_request request, int64_t start_utc_ns,
                         const struct event_context_item *items, size_t count)
{
    struct beside *beside = beside_of(summary);
    struct str packed;
    bool passed = request.endpoint ? passes_at(map, request.endpoint, start_utc_ns)
                                   : passes(summary, NULL, start_utc_ns);
    if (!beside || !count || !passed)
        return;
    str_init(&packed);
    for (size_t i = 0; i < count; i++) {
        pack_number(&packed, items[i].header);
        pack_name(&packed, name_of(items[i].name));
        pack_name(&packed, name_of(items[i].value));
    }
    beside_keep_context(beside, id_of(map, request.start_ns),
                        (struct name){packed.bytes, packed.length});
    str_release(&packed);
}

void summary_add_gauge(struct summary *summary, struct event_text name, int64_t utc_ns,
                       double value)
{
    struct beside *beside = beside_of(summary);
    if (beside && passes(summary, NULL, utc_ns))
        gauges_add(&beside->gauges, name_of(name), utc_ns, value);
}

static bool group_passes(const struct filter *filter, struct event_text group)
{
    char *text = mem_bytes(group.bytes, group.length);
    bool passed = filter->groups.count == 0 ||
                  (group.length && filter_passes(&filter->groups, text));
    free(text);
    return passed;
}

/* It was never answered: as a request without a status it passes no filter for one. */
static bool unfinished_passes(const struct source_map *map,
                              const struct event_unfinished *unfinished)
{
    const struct filter *filter = map->summary->filter;
    return passes_at(map, unfinished->request.endpoint, unfinished->start_utc_ns) &&
           (!filter ||
            (filter->status_count == 0 && group_passes(filter, unfinished->group)));
}

void summary_add_unfinished(struct summary *summary, struct source_map *map,
                            const struct event_unfinished *unfinished)
{
    struct beside *beside = beside_of(summary);
    struct str texts;
    if (!beside || !unfinished_passes(map, unfinished))
        return;
    str_init(&texts);
    pack_name(&texts, name_of(unfinished->group));
    pack_name(&texts, name_of(unfinished->address));
    pack_name(&texts, name_of(unfinished->path));
    struct beside_unfinished request = {
        .id = id_of(map, unfinished->request.start_ns),
        .cell = cell_of(beside, map, unfinished->request.endpoint),
        .start_utc_ns = unfinished->start_utc_ns,
        .elapsed_ns = unfinished->elapsed_ns,
        .threshold_ns = unfinished->threshold_ns,
        .thread = unfinished->thread,
        .method = unfinished->method,
        .level = unfinished->level,
        .outlier = unfinished->outlier,
        .pid = unfinished->pid,
        .texts_length = texts.length};
    request.texts = str_take(&texts);
    beside_keep_unfinished_take(beside, &request);
}

void summary_add_counted(struct summary *summary, struct event_text application,
                         struct event_text version, struct event_text endpoint,
                         uint64_t count, int64_t last_utc_ns)
{
    struct beside *beside = beside_of(summary);
    struct beside_key key = {name_of(application), name_of(version), name_of(endpoint)};
    if (!beside || !passes(summary, &key, last_utc_ns) || cannot_be_told(summary))
        return;
    uint32_t number = beside_cell_of(beside, &key);
    struct beside_cell *cell = &beside->of_cells[number];
    cell->counted += count;
    if (last_utc_ns > cell->counted_last_utc_ns)
        cell->counted_last_utc_ns = last_utc_ns;
}

void summary_add_processes(struct summary *summary,
                           const struct beside_processes *processes)
{
    struct beside *beside = beside_of(summary);
    if (beside)
        beside_merge_processes(&beside->processes, processes);
}
