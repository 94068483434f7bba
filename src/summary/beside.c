/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "beside_inside.h"

#include <stdlib.h>
#include <string.h>

#include "inside.h"
#include "packing.h"
#include "src/base/mem.h"
#include "src/base/vec.h"

#define ORDER(a, b) (((a) > (b)) - ((a) < (b)))

static int id_order(struct request_id a, struct request_id b)
{
    int order = ORDER(a.process, b.process);
    return order ? order : ORDER(a.start_ns, b.start_ns);
}

/* --- life -------------------------------------------------------------------------- */

struct beside *beside_new(void)
{
    struct beside *beside = mem_new(sizeof(*beside));
    map_init(&beside->cells);
    map_init(&beside->exceptions);
    map_init(&beside->contexts);
    stacks_init(&beside->stacks);
    gauges_init(&beside->gauges);
    return beside;
}

void beside_free(struct beside *beside)
{
    if (!beside)
        return;
    for (size_t i = 0; i < beside->cells.count; i++) {
        free(beside->of_cells[i].kept);
        free(beside->of_cells[i].last);
        free(beside->of_cells[i].sampled);
    }
    for (size_t i = 0; i < beside->exceptions.count; i++)
        free(beside->of_exceptions[i].message);
    for (size_t i = 0; i < beside->contexts.count; i++)
        free(beside->of_contexts[i].items);
    for (size_t i = 0; i < beside->unfinished_count; i++)
        free(beside->unfinished[i].texts);
    free(beside->of_cells);
    free(beside->of_exceptions);
    free(beside->of_contexts);
    free(beside->unfinished);
    map_release(&beside->cells);
    map_release(&beside->exceptions);
    map_release(&beside->contexts);
    stacks_release(&beside->stacks);
    gauges_release(&beside->gauges);
    free(beside);
}

bool beside_is_empty(const struct beside *beside)
{
    return !beside ||
           (beside->cells.count + beside->exceptions.count + beside->contexts.count +
                    beside->unfinished_count + beside->gauges.names.count ==
                0 &&
            beside->gauges.not_finite + beside->processes.processes == 0);
}

/* --- cells ------------------------------------------------------------------------- */

static const struct beside_key other_key = {
    {"(other)", 7}, {"(other)", 7}, {"(other)", 7}};

static void pack_key(struct str *out, const struct beside_key *key)
{
    pack_name(out, key->application);
    pack_name(out, key->version);
    pack_name(out, key->endpoint);
}

uint32_t beside_find(const struct beside *beside, const struct beside_key *key)
{
    struct str packed;
    str_init(&packed);
    pack_key(&packed, key);
    uint32_t cell = map_find(&beside->cells, packed.bytes, packed.length);
    str_release(&packed);
    return cell;
}

static struct beside_cell *cell_at(struct beside *beside, uint32_t number)
{
    return &beside->of_cells[number];
}

static uint32_t add_cell(struct beside *beside, const void *key, size_t length)
{
    size_t before = beside->cells.count;
    uint32_t number = map_add(&beside->cells, key, length);
    if (beside->cells.count > before) {
        beside->of_cells = vec_room(beside->of_cells, &beside->cell_room,
                                    beside->cells.count, sizeof(*beside->of_cells));
        *cell_at(beside, number) = (struct beside_cell){.counted_last_utc_ns = INT64_MIN};
    }
    return number;
}

/* Whether count things, "(other)" apart, are as many as may be. */
static bool is_full(size_t count, bool has_other, size_t limit)
{
    return count - has_other >= limit;
}

uint32_t beside_cell_of(struct beside *beside, const struct beside_key *key)
{
    struct str packed;
    uint32_t number = beside_find(beside, key);
    if (number != MAP_NONE)
        return number;
    bool full = beside->cells.count >= SUMMARY_CELLS_MAX &&
                is_full(beside->cells.count, beside_find(beside, &other_key) != MAP_NONE,
                        SUMMARY_CELLS_MAX);
    str_init(&packed);
    pack_key(&packed, full ? &other_key : key);
    number = add_cell(beside, packed.bytes, packed.length);
    str_release(&packed);
    return number;
}

/* --- the slowest with details ------------------------------------------------------ */

/* That of the slow list, so that every request there that has details has them here. */
static int detail_order(const struct detailed_request *a,
                        const struct detailed_request *b)
{
    int order = ORDER(b->duration_ns, a->duration_ns);
    order = order ? order : ORDER(a->start_utc_ns, b->start_utc_ns);
    order = order ? order : ORDER(a->id.process, b->id.process);
    return order ? order : ORDER(a->sequence, b->sequence);
}

void beside_keep_detail(struct beside_cell *cell, const struct detailed_request *request)
{
    size_t at = cell->kept_count;
    while (at > 0 && detail_order(request, &cell->kept[at - 1]) < 0)
        at--;
    if (at == BESIDE_KEPT)
        return;
    if (!cell->kept)
        cell->kept = mem_array(BESIDE_KEPT, sizeof(*cell->kept));
    cell->kept_count -= cell->kept_count == BESIDE_KEPT;
    vec_hole(cell->kept, cell->kept_count++, at, sizeof(*cell->kept));
    cell->kept[at] = *request;
}

/* --- last stacks ------------------------------------------------------------------- */

static int last_order(const struct last_stack *a, const struct last_stack *b)
{
    int order = ORDER(b->elapsed_ns, a->elapsed_ns);
    return order ? order : id_order(a->id, b->id);
}

/* Of two samples at the same moment of a request: the smaller one, in bytes. */
static bool is_smaller(const struct stacks *stacks, const struct last_stack *a,
                       const struct last_stack *b)
{
    struct str path_a, path_b;
    str_init(&path_a);
    str_init(&path_b);
    stacks_path(stacks, a->node, &path_a);
    stacks_path(stacks, b->node, &path_b);
    int order = str_compare(path_a.bytes, path_a.length, path_b.bytes, path_b.length);
    order = order ? order : ORDER(a->state, b->state);
    order = order ? order : ORDER(a->label, b->label);
    str_release(&path_a);
    str_release(&path_b);
    return order < 0;
}

/* A request has one entry, so an earlier sample of it makes room. */
void beside_keep_last(const struct stacks *stacks, struct beside_cell *cell,
                      const struct last_stack *last)
{
    size_t at = 0;
    if (cell->last_count == BESIDE_KEPT &&
        last_order(&cell->last[BESIDE_KEPT - 1], last) < 0)
        return;
    while (at < cell->last_count && id_order(cell->last[at].id, last->id) != 0)
        at++;
    if (at < cell->last_count) {
        int order = last_order(last, &cell->last[at]);
        if (order > 0 || (order == 0 && !is_smaller(stacks, last, &cell->last[at])))
            return;
    } else if (cell->last_count < BESIDE_KEPT) {
        if (!cell->last)
            cell->last = mem_array(BESIDE_KEPT, sizeof(*cell->last));
        cell->last_count++;
    } else {
        at = BESIDE_KEPT - 1;
    }
    for (; at > 0 && last_order(last, &cell->last[at - 1]) < 0; at--)
        cell->last[at] = cell->last[at - 1];
    cell->last[at] = *last;
}

/* --- sampled requests -------------------------------------------------------------- */

uint64_t request_id_hash(struct request_id id)
{
    return map_hash(&id, sizeof(id));
}

void beside_keep_sampled(struct beside_cell *cell, uint64_t hash, uint64_t samples)
{
    size_t low = 0, high = cell->sampled_count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (cell->sampled[middle].hash < hash)
            low = middle + 1;
        else
            high = middle;
    }
    if (low < cell->sampled_count && cell->sampled[low].hash == hash) {
        cell->sampled[low].samples += samples;
        return;
    }
    cell->sampled_full |= cell->sampled_count == BESIDE_SAMPLED;
    if (low == BESIDE_SAMPLED)
        return;
    if (!cell->sampled)
        cell->sampled = mem_array(BESIDE_SAMPLED, sizeof(*cell->sampled));
    cell->sampled_count -= cell->sampled_count == BESIDE_SAMPLED;
    vec_hole(cell->sampled, cell->sampled_count++, low, sizeof(*cell->sampled));
    cell->sampled[low] = (struct sampled_request){hash, samples};
}

/* --- contexts ---------------------------------------------------------------------- */

static int by_hash(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return ORDER(x, y);
}

uint64_t beside_context_limit(const struct map *contexts)
{
    if (contexts->count <= BESIDE_CONTEXTS)
        return UINT64_MAX;
    uint64_t *hashes = mem_array(contexts->count, sizeof(*hashes));
    for (size_t i = 0; i < contexts->count; i++)
        hashes[i] = contexts->keys[i].hash;
    qsort(hashes, contexts->count, sizeof(*hashes), by_hash);
    uint64_t limit = hashes[BESIDE_CONTEXTS - 1];
    free(hashes);
    return limit;
}

/* Keeps the BESIDE_CONTEXTS of lowest hash: which those are depends on the set only. */
static void sweep_contexts(struct beside *beside)
{
    size_t count = beside->contexts.count, room = 0;
    uint64_t limit = beside_context_limit(&beside->contexts);
    struct map kept;
    struct beside_context *of_kept = NULL;
    map_init(&kept);
    for (size_t i = 0; i < count; i++) {
        const struct map_key *key = &beside->contexts.keys[i];
        if (key->hash > limit) {
            free(beside->of_contexts[i].items);
            continue;
        }
        of_kept = vec_room(of_kept, &room, kept.count + 1, sizeof(*of_kept));
        of_kept[map_add(&kept, key->bytes, key->length)] = beside->of_contexts[i];
    }
    map_release(&beside->contexts);
    free(beside->of_contexts);
    beside->contexts = kept;
    beside->of_contexts = of_kept;
    beside->context_room = room;
}

/* Twice the number is let in before it is halved. Of two contexts of one request the
 * larger one stays, in bytes. */
void beside_keep_context(struct beside *beside, struct request_id id, struct name items)
{
    size_t before = beside->contexts.count;
    uint32_t number = map_add(&beside->contexts, &id, sizeof(id));
    beside->of_contexts = vec_room(beside->of_contexts, &beside->context_room,
                                   beside->contexts.count, sizeof(*beside->of_contexts));
    struct beside_context *context = &beside->of_contexts[number];
    if (beside->contexts.count > before)
        *context = (struct beside_context){0};
    else if (str_compare(context->items, context->length, items.bytes, items.length) >= 0)
        return;
    free(context->items);
    *context =
        (struct beside_context){mem_bytes(items.bytes, items.length), items.length};
    if (beside->contexts.count >= 2 * (size_t)BESIDE_CONTEXTS)
        sweep_contexts(beside);
}

/* --- exceptions -------------------------------------------------------------------- */

/* The key of the group that takes what is too much: of no cell, type "(other)". */
static void pack_other_exception(struct str *key)
{
    pack_key(key, &other_key);
    pack_name(key, (struct name){"(other)", 7});
    pack_number(key, 0);
}

struct beside_exception *beside_exception_of(struct beside *beside, struct name key)
{
    const struct map *groups = &beside->exceptions;
    struct str other;
    size_t before = groups->count;
    str_init(&other);
    pack_other_exception(&other);
    if (before >= BESIDE_EXCEPTIONS &&
        map_find(groups, key.bytes, key.length) == MAP_NONE &&
        is_full(before, map_find(groups, other.bytes, other.length) != MAP_NONE,
                BESIDE_EXCEPTIONS))
        key = (struct name){other.bytes, other.length};
    uint32_t number = map_add(&beside->exceptions, key.bytes, key.length);
    str_release(&other);
    beside->of_exceptions =
        vec_room(beside->of_exceptions, &beside->exception_room, beside->exceptions.count,
                 sizeof(*beside->of_exceptions));
    struct beside_exception *exception = &beside->of_exceptions[number];
    if (beside->exceptions.count > before)
        *exception = (struct beside_exception){.first_utc_ns = INT64_MAX,
                                               .last_utc_ns = INT64_MIN};
    return exception;
}

void beside_merge_exception(struct beside_exception *to,
                            const struct beside_exception *from)
{
    int order = ORDER(from->first_utc_ns, to->first_utc_ns);
    if (order == 0)
        order = str_compare(from->message, from->message_length, to->message,
                            to->message_length);
    if (order < 0 || !to->message) {
        free(to->message);
        to->message = mem_bytes(from->message, from->message_length);
        to->message_length = from->message_length;
        to->first_utc_ns = from->first_utc_ns;
    }
    to->last_utc_ns =
        from->last_utc_ns > to->last_utc_ns ? from->last_utc_ns : to->last_utc_ns;
    to->count += from->count;
}

/* --- requests that never finished -------------------------------------------------- */

/* Told twice of one request, by its journal and by who found its ring: what was known
 * later stays. */
static void update_unfinished(struct beside_unfinished *known,
                              const struct beside_unfinished *request)
{
    int order = ORDER(known->elapsed_ns, request->elapsed_ns);
    if (order == 0)
        order = str_compare(known->texts, known->texts_length, request->texts,
                            request->texts_length);
    if (order < 0) {
        free(known->texts);
        *known = *request;
    } else {
        free(request->texts);
    }
}

void beside_keep_unfinished_take(struct beside *beside,
                                 const struct beside_unfinished *request)
{
    size_t at = 0;
    while (at < beside->unfinished_count &&
           id_order(beside->unfinished[at].id, request->id) < 0)
        at++;
    if (at < beside->unfinished_count &&
        id_order(beside->unfinished[at].id, request->id) == 0) {
        update_unfinished(&beside->unfinished[at], request);
        return;
    }
    if (at == BESIDE_UNFINISHED) {
        beside->unfinished_more++;
        free(request->texts);
        return;
    }
    if (!beside->unfinished)
        beside->unfinished = mem_array(BESIDE_UNFINISHED, sizeof(*beside->unfinished));
    if (beside->unfinished_count == BESIDE_UNFINISHED) {
        free(beside->unfinished[--beside->unfinished_count].texts);
        beside->unfinished_more++;
    }
    vec_hole(beside->unfinished, beside->unfinished_count++, at,
             sizeof(*beside->unfinished));
    beside->unfinished[at] = *request;
}

/* --- merging ----------------------------------------------------------------------- */

static uint64_t larger(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

void beside_merge_processes(struct beside_processes *to,
                            const struct beside_processes *from)
{
    to->processes += from->processes;
    to->resident_max_bytes = larger(to->resident_max_bytes, from->resident_max_bytes);
    to->threads_max = larger(to->threads_max, from->threads_max);
    to->interval_max_us = larger(to->interval_max_us, from->interval_max_us);
    to->cpu_ns += from->cpu_ns;
    to->writer_cpu_ns += from->writer_cpu_ns;
    to->sampler_cpu_ns += from->sampler_cpu_ns;
    to->ticks += from->ticks;
    to->late_ticks += from->late_ticks;
    to->samples += from->samples;
    to->rejected_samples += from->rejected_samples;
    to->entries_dropped += from->entries_dropped;
    to->no_flight += from->no_flight;
}

static void merge_cell(struct beside *beside, struct beside_cell *to,
                       const struct beside_cell *from, const uint32_t *nodes)
{
    to->detailed += from->detailed;
    to->outliers += from->outliers;
    to->measured += from->measured;
    to->cpu_ns += from->cpu_ns;
    to->duration_ns += from->duration_ns;
    for (int i = 0; i < DETAIL_COUNTS; i++)
        to->counts[i] += from->counts[i];
    for (size_t i = 0; i < from->kept_count; i++)
        beside_keep_detail(to, &from->kept[i]);
    for (size_t i = 0; i < from->last_count; i++) {
        struct last_stack last = from->last[i];
        last.node = nodes[last.node];
        beside_keep_last(&beside->stacks, to, &last);
    }
    for (size_t i = 0; i < from->sampled_count; i++)
        beside_keep_sampled(to, from->sampled[i].hash, from->sampled[i].samples);
    to->sampled_full |= from->sampled_full;
    to->truncated += from->truncated;
    to->unsupported += from->unsupported;
    to->counted += from->counted;
    if (from->counted_last_utc_ns > to->counted_last_utc_ns)
        to->counted_last_utc_ns = from->counted_last_utc_ns;
}

static void merge_lists(struct beside *to, const struct beside *from,
                        const uint32_t *cells)
{
    for (size_t i = 0; i < from->exceptions.count; i++) {
        const struct map_key *key = &from->exceptions.keys[i];
        beside_merge_exception(
            beside_exception_of(to, (struct name){key->bytes, key->length}),
            &from->of_exceptions[i]);
    }
    for (size_t i = 0; i < from->contexts.count; i++) {
        struct request_id id;
        memcpy(&id, from->contexts.keys[i].bytes, sizeof(id));
        beside_keep_context(
            to, id,
            (struct name){from->of_contexts[i].items, from->of_contexts[i].length});
    }
    for (size_t i = 0; i < from->unfinished_count; i++) {
        struct beside_unfinished request = from->unfinished[i];
        request.cell = cells[request.cell];
        request.texts = mem_bytes(request.texts, request.texts_length);
        beside_keep_unfinished_take(to, &request);
    }
    to->unfinished_more += from->unfinished_more;
}

void beside_merge(struct beside *to, const struct beside *from)
{
    uint32_t *cells = mem_array(from->cells.count, sizeof(*cells));
    for (uint32_t i = 0; i < from->cells.count; i++) {
        struct beside_key key = beside_key_of(from, i);
        cells[i] = beside_cell_of(to, &key);
    }
    uint32_t *nodes = stacks_merge(&to->stacks, &from->stacks, cells);
    for (uint32_t i = 0; i < from->cells.count; i++)
        merge_cell(to, cell_at(to, cells[i]), &from->of_cells[i], nodes);
    merge_lists(to, from, cells);
    gauges_merge(&to->gauges, &from->gauges);
    beside_merge_processes(&to->processes, &from->processes);
    free(nodes);
    free(cells);
}
