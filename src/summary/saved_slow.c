/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The slow requests of a cell in a saved summary: the slowest, and whose the slow ones
 * are. */
#include <stdlib.h>

#include "saved_form.h"
#include "src/base/mem.h"
#include "src/base/vec.h"

/* --- processes --------------------------------------------------------------------- */

static int process_order(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

/* Those of all slow requests, ascending, in a new array. */
static uint64_t *list_processes(const struct summary *summary, size_t *count)
{
    uint64_t *processes = NULL;
    size_t room = 0, all = 0, different = 0;
    for (size_t e = 0; e < summary->endpoint_count; e++)
        for (size_t c = 0; c < summary->endpoints[e]->cell_count; c++) {
            const struct slow *slow = summary->endpoints[e]->cells[c]->slow;
            processes =
                vec_room(processes, &room, all + slow->kept_count, sizeof(*processes));
            for (size_t i = 0; i < slow->kept_count; i++)
                processes[all++] = slow->kept[i].process;
        }
    if (all)
        qsort(processes, all, sizeof(*processes), process_order);
    for (size_t i = 0; i < all; i++)
        if (i == 0 || processes[i] != processes[different - 1])
            processes[different++] = processes[i];
    *count = different;
    return processes;
}

void save_processes(struct saving *saving)
{
    saving->processes = list_processes(saving->summary, &saving->process_count);
    pack_number(saving->out, saving->process_count);
    for (size_t i = 0; i < saving->process_count; i++)
        pack_fixed(saving->out, saving->processes[i]);
}

void load_processes(struct loading *loading)
{
    struct unpacking *in = &loading->in;
    loading->process_count = unpack_count(in, SIZE_MAX);
    loading->processes = mem_array(loading->process_count, sizeof(*loading->processes));
    loading->process_used = mem_array(loading->process_count, 1);
    for (size_t i = 0; i < loading->process_count; i++) {
        loading->processes[i] = unpack_fixed(in);
        require(loading, i == 0 || loading->processes[i] > loading->processes[i - 1]);
    }
}

bool processes_used(const struct loading *loading)
{
    for (size_t i = 0; i < loading->process_count; i++)
        if (!loading->process_used[i])
            return false;
    return true;
}

static size_t process_index(const struct saving *saving, uint64_t process)
{
    size_t low = 0, high = saving->process_count;
    while (high - low > 1) {
        size_t middle = (low + high) / 2;
        if (saving->processes[middle] <= process)
            low = middle;
        else
            high = middle;
    }
    return low;
}

/* --- the slowest ------------------------------------------------------------------- */

/* 0: no value. */
static uint64_t rank_of(const struct saving *saving, int d, uint32_t value)
{
    return value ? saving->ranks[d][value - 1] + UINT64_C(1) : 0;
}

/* A part of a duration: 0 where it is not known, else 1 and by how much it is shorter. */
static void save_part(const struct saving *saving, enum saved_kind kind,
                      uint64_t duration_ns, uint64_t part_ns)
{
    bool known = part_ns != UINT64_MAX;
    save_number(saving, kind, 0, known);
    if (known)
        save_difference(saving, kind, 1, (int64_t)(duration_ns - part_ns));
}

static uint64_t load_part(struct loading *loading, enum saved_kind kind,
                          uint64_t duration_ns)
{
    if (!load_number(loading, kind, 0, 1))
        return UINT64_MAX;
    uint64_t part_ns = duration_ns - (uint64_t)load_difference(loading, kind, 1);
    require(loading, part_ns != UINT64_MAX);
    return part_ns;
}

/* longest_ns: no request from here on is longer. */
static void save_request(const struct saving *saving, const struct summary_cell *cell,
                         const struct slow_entry *entry, uint64_t longest_ns)
{
    save_number(saving, KIND_SLOW_DURATION, 0, longest_ns - entry->duration_ns);
    save_number(saving, KIND_SLOW_START, 0,
                (uint64_t)entry->start_utc_ns - (uint64_t)cell->first_utc_ns);
    save_number(saving, KIND_SLOW_PROCESS, 0, process_index(saving, entry->process));
    save_number(saving, KIND_SLOW_SEQUENCE, 0, entry->sequence);
    save_part(saving, KIND_SLOW_FIRST_BYTE, entry->duration_ns, entry->first_byte_ns);
    save_part(saving, KIND_SLOW_VIEW, entry->duration_ns, entry->view_ns);
    for (unsigned d = 0; d < SUMMARY_DIMENSIONS; d++)
        save_number(saving, KIND_SLOW_VALUE, d,
                    rank_of(saving, (int)d, entry->values[d]));
    save_number(saving, KIND_SLOW_STATUS, 0, entry->status);
    save_number(saving, KIND_SLOW_METHOD, 0, entry->method);
    save_number(saving, KIND_SLOW_FLAGS, 0, entry->flags);
}

static void load_request(struct loading *loading, const struct summary_cell *cell,
                         struct slow_entry *entry, uint64_t longest_ns)
{
    *entry = (struct slow_entry){0};
    entry->duration_ns =
        longest_ns - load_number(loading, KIND_SLOW_DURATION, 0, UINT64_MAX);
    entry->start_utc_ns = (int64_t)((uint64_t)cell->first_utc_ns +
                                    load_number(loading, KIND_SLOW_START, 0, UINT64_MAX));
    uint64_t process = load_number(loading, KIND_SLOW_PROCESS, 0, UINT64_MAX);
    if (!require(loading, process < loading->process_count))
        return;
    entry->process = loading->processes[process];
    loading->process_used[process] = 1;
    entry->sequence = load_number(loading, KIND_SLOW_SEQUENCE, 0, UINT64_MAX);
    entry->first_byte_ns = load_part(loading, KIND_SLOW_FIRST_BYTE, entry->duration_ns);
    entry->view_ns = load_part(loading, KIND_SLOW_VIEW, entry->duration_ns);
    for (unsigned d = 0; d < SUMMARY_DIMENSIONS; d++)
        entry->values[d] =
            (uint32_t)load_number(loading, KIND_SLOW_VALUE, d, loading->name_counts[d]);
    entry->status = (uint16_t)load_number(loading, KIND_SLOW_STATUS, 0, UINT16_MAX);
    entry->method = (uint8_t)load_number(loading, KIND_SLOW_METHOD, 0, UINT8_MAX);
    entry->flags = (uint8_t)load_number(loading, KIND_SLOW_FLAGS, 0, UINT8_MAX);
}

static void load_old_request(struct loading *loading, struct slow_entry *entry)
{
    struct unpacking *in = &loading->in;
    entry->duration_ns = unpack_limited(in, HISTOGRAM_MAX_NS);
    entry->start_utc_ns = unpack_signed(in);
    entry->process = unpack_fixed(in);
    entry->sequence = unpack_number(in);
    entry->first_byte_ns = unpack_number(in) - 1;
    entry->view_ns = unpack_number(in) - 1;
    for (int d = 0; d < SUMMARY_DIMENSIONS; d++)
        entry->values[d] = (uint32_t)unpack_limited(in, loading->name_counts[d]);
    entry->status = (uint16_t)unpack_limited(in, UINT16_MAX);
    entry->method = (uint8_t)unpack_limited(in, UINT8_MAX);
    entry->flags = (uint8_t)unpack_limited(in, UINT8_MAX);
}

/* --- whose the slow ones are ------------------------------------------------------- */

/* By bucket, then by rank of group and of address. */
struct shared {
    uint64_t bucket, ranks[SUMMARY_DIMENSIONS];
};

static int shared_order(const void *a, const void *b)
{
    const struct shared *x = a, *y = b;
    if (x->bucket != y->bucket)
        return x->bucket < y->bucket ? -1 : 1;
    if (x->ranks[0] != y->ranks[0])
        return x->ranks[0] < y->ranks[0] ? -1 : 1;
    return (x->ranks[1] > y->ranks[1]) - (x->ranks[1] < y->ranks[1]);
}

static const struct shared no_share = {HISTOGRAM_FINE_BUCKETS, {0, 0}};

/* Of equal buckets, and then of equal groups, ranks ascend. */
static bool is_next(const struct shared *before, uint64_t bucket, const uint64_t *ranks,
                    unsigned dimension)
{
    return before->bucket == bucket && (dimension == 0 || before->ranks[0] == ranks[0]);
}

static void save_share(const struct saving *saving, const struct shared *share,
                       const struct shared *before)
{
    for (unsigned d = 0; d < SUMMARY_DIMENSIONS; d++)
        if (is_next(before, share->bucket, share->ranks, d))
            save_number(saving, KIND_SHARE_NEXT_VALUE, d,
                        share->ranks[d] - before->ranks[d]);
        else
            save_number(saving, KIND_SHARE_VALUE, d, share->ranks[d]);
}

static void load_share(struct loading *loading, struct shared *share,
                       const struct shared *before)
{
    for (unsigned d = 0; d < SUMMARY_DIMENSIONS; d++) {
        uint64_t most = loading->name_counts[d];
        bool next = is_next(before, share->bucket, share->ranks, d);
        uint64_t from = next ? before->ranks[d] : 0;
        share->ranks[d] =
            from + load_number(loading, next ? KIND_SHARE_NEXT_VALUE : KIND_SHARE_VALUE,
                               d, most - from);
    }
}

/* Above the floor, in order, in a new array. */
static struct shared *list_shared(const struct saving *saving, const struct slow *slow,
                                  int floor, size_t *count)
{
    struct shared *shared = mem_array(slow->shared_count, sizeof(*shared));
    *count = 0;
    for (size_t i = 0; i < slow->shared_count; i++)
        if (slow->shared[i].bucket > floor) {
            struct shared *one = &shared[(*count)++];
            one->bucket = slow->shared[i].bucket;
            for (int d = 0; d < SUMMARY_DIMENSIONS; d++)
                one->ranks[d] = rank_of(saving, d, slow->shared[i].values[d]);
        }
    if (*count)
        qsort(shared, *count, sizeof(*shared), shared_order);
    return shared;
}

static void save_shared(const struct saving *saving, const struct slow *slow)
{
    size_t count;
    int floor = slow_share_floor(slow);
    struct shared *shared = list_shared(saving, slow, floor, &count);
    struct shared before = no_share;
    uint64_t bucket = (uint64_t)floor + 1; /* from -1 */
    pack_number(saving->out, bucket);
    pack_number(saving->out, count);
    for (size_t i = 0; i < count; i++) {
        save_number(saving, KIND_SHARE_BUCKET, 0, shared[i].bucket - bucket);
        save_share(saving, &shared[i], &before);
        before = shared[i];
        bucket = before.bucket;
    }
    free(shared);
}

static void load_shared(struct loading *loading, struct slow *slow)
{
    struct shared before = no_share;
    uint64_t bucket = unpack_limited(&loading->in, HISTOGRAM_FINE_BUCKETS);
    slow->share_floor = (int)bucket - 1;
    size_t count = (size_t)unpack_limited(&loading->in, SLOW_SHARED - 1);
    slow->shared = vec_room(NULL, &slow->shared_room, count, sizeof(*slow->shared));
    while (slow->shared_count < count) {
        bucket += load_number(loading, KIND_SHARE_BUCKET, 0, HISTOGRAM_FINE_BUCKETS);
        struct shared share = {bucket, {0, 0}};
        if (!require(loading, bucket < HISTOGRAM_FINE_BUCKETS))
            return;
        load_share(loading, &share, &before);
        slow->shared[slow->shared_count++] = (struct slow_share){
            {(uint32_t)share.ranks[0], (uint32_t)share.ranks[1]}, (uint16_t)bucket};
        before = share;
    }
}

static void load_old_shared(struct loading *loading, struct slow *slow)
{
    struct unpacking *in = &loading->in;
    uint64_t bucket = unpack_limited(in, HISTOGRAM_FINE_BUCKETS);
    slow->share_floor = (int)bucket - 1;
    slow->shared_count = unpack_count(in, SLOW_SHARED - 1);
    slow->shared =
        vec_room(NULL, &slow->shared_room, slow->shared_count, sizeof(*slow->shared));
    struct slow_share before = {{0, 0}, 0};
    for (size_t i = 0; i < slow->shared_count; i++) {
        bucket += unpack_limited(in, HISTOGRAM_FINE_BUCKETS);
        require(loading, bucket < HISTOGRAM_FINE_BUCKETS);
        struct slow_share *one = &slow->shared[i];
        one->bucket = (uint16_t)bucket;
        for (int d = 0; d < SUMMARY_DIMENSIONS; d++)
            one->values[d] = (uint32_t)unpack_limited(in, loading->name_counts[d]);
        if (i > 0 && one->bucket == before.bucket)
            require(loading, before.values[0] < one->values[0] ||
                                 (before.values[0] == one->values[0] &&
                                  before.values[1] <= one->values[1]));
        before = *one;
    }
}

/* --- both --------------------------------------------------------------------------- */

void save_slow(const struct saving *saving, const struct summary_cell *cell)
{
    const struct slow *slow = cell->slow;
    uint64_t longest_ns = cell->max_ns;
    pack_number(saving->out, slow->kept_count);
    for (size_t i = 0; i < slow->kept_count; i++) {
        save_request(saving, cell, &slow->kept[i], longest_ns);
        longest_ns = slow->kept[i].duration_ns;
    }
    save_shared(saving, slow);
}

void load_slow(struct loading *loading, const struct summary_cell *cell)
{
    struct slow *slow = cell->slow;
    uint64_t longest_ns = cell->max_ns;
    slow->kept_count = (size_t)unpack_limited(&loading->in, SLOW_KEPT);
    slow->kept = vec_room(NULL, &slow->kept_room, slow->kept_count, sizeof(*slow->kept));
    for (size_t i = 0; i < slow->kept_count; i++) {
        if (loading->old)
            load_old_request(loading, &slow->kept[i]);
        else
            load_request(loading, cell, &slow->kept[i], longest_ns);
        longest_ns = slow->kept[i].duration_ns;
        require(loading, longest_ns <= HISTOGRAM_MAX_NS);
        require(loading, i == 0 || slow_compare(&slow->kept[i - 1], &slow->kept[i]) <= 0);
    }
    if (loading->old)
        load_old_shared(loading, slow);
    else
        load_shared(loading, slow);
    slow_update_floor(slow);
}
