/* SPDX-License-Identifier: Apache-2.0 */
/* See batch.h. */
#include "batch_inside.h"

#include "clocks.h"
#include "endpoint_register.h"
#include "levels.h"
#include "pages.h"
#include "wire/counts.h"

#include <string.h>
#include <zstd.h>

#define SEGMENT_STRINGS_MAX 65536u

struct fmd__batch *fmd__batch_new(struct fmd__pool *pool,
                                  struct fmd__dictionary *dictionary,
                                  const char *application, const char *version)
{
    struct fmd__batch *batch = fmd__pages_new(sizeof *batch);

    if (!batch)
        return NULL;
    batch->pool = pool;
    batch->dictionary = dictionary;
    batch->application = application;
    batch->version = version;
    batch->compressor = ZSTD_createCCtx(); /* without memory payloads are stored */
    return batch;
}

void fmd__batch_free(struct fmd__batch *batch)
{
    if (!batch)
        return;
    (void)ZSTD_freeCCtx(batch->compressor);
    fmd__thresholds_release(&batch->thresholds);
    fmd__pages_free(batch->code_segments,
                    batch->code_room * sizeof *batch->code_segments);
    fmd__pages_free(batch->endpoint_segments,
                    batch->endpoint_room * sizeof *batch->endpoint_segments);
    fmd__pages_free(batch, sizeof *batch);
}

void fmd__batch_new_segment(struct fmd__batch *batch)
{
    batch->segment++;
    batch->group_count = batch->address_count = 0;
}

bool fmd__batch_segment_full(const struct fmd__batch *batch)
{
    return batch->group_count + batch->address_count >=
           SEGMENT_STRINGS_MAX - 2 * FMD__BLOCK_REQUESTS_MAX;
}

/* --- blocks ---------------------------------------------------------------------- */

void fmd__batch_begin(struct fmd__batch *batch, uint64_t sequence)
{
    batch->sequence = sequence;
    batch->monotonic_ns = fmd__now_ns();
    batch->utc_ns = (int64_t)fmd__clock_ns(CLOCK_REALTIME);
    batch->row_count = batch->range_count = batch->definition_count = 0;
    batch->strings_lost = 0;
    batch->journal_end = 0;
    batch->slot_count = 0;
    batch->definition_bytes = batch->out_bytes = 0;
}

void fmd__batch_add_block(struct fmd__batch *batch, struct fmd__block *block,
                          const uint8_t *raw, size_t raw_bytes)
{
    block->sequence = batch->sequence++;
    block->anchor_monotonic_ns = batch->monotonic_ns;
    block->anchor_utc_ns = batch->utc_ns;
    batch->out_bytes += fmd__block_write(block, raw, raw_bytes, batch->compressor,
                                         batch->out + batch->out_bytes);
}

void fmd__batch_segment(struct fmd__batch *batch, const struct fmd__segment *segment)
{
    struct fmd__block block = {.type = FMD__BLOCK_SEGMENT};
    uint8_t raw[FMD__SEGMENT_BOUND];

    fmd__batch_add_block(batch, &block, raw, fmd__segment_encode(segment, raw));
}

void fmd__batch_stats(struct fmd__batch *batch, const struct fmd__stats *stats)
{
    struct fmd__block block = {.type = FMD__BLOCK_STATS};
    uint8_t raw[FMD__STATS_BOUND];

    fmd__batch_add_block(batch, &block, raw, fmd__stats_encode(stats, raw));
}

void fmd__batch_end(struct fmd__batch *batch)
{
    struct fmd__block block = {.type = FMD__BLOCK_END};

    fmd__batch_add_block(batch, &block, batch->raw, 0);
}

/* --- definitions ----------------------------------------------------------------- */

void fmd__batch_define(struct fmd__batch *batch, const struct fmd__definition *definition)
{
    batch->definition_bytes +=
        fmd__definition_encode(definition, batch->definitions + batch->definition_bytes);
    batch->definition_count++;
}

void fmd__batch_add_definitions(struct fmd__batch *batch)
{
    struct fmd__block block = {.type = FMD__BLOCK_DEFINITIONS,
                               .count = batch->definition_count};

    if (batch->definition_count > 0)
        fmd__batch_add_block(batch, &block, batch->definitions, batch->definition_bytes);
}

/* The string's number in this segment. */
static uint32_t string_id(struct fmd__batch *batch, struct fmd__entry *entry)
{
    struct fmd__definition definition = {
        .kind = entry->what,
        .hash = entry->hash,
        .bytes = fmd__dictionary_bytes(batch->dictionary, entry),
        .length = entry->length,
        .application = "",
        .version = ""};

    if (entry->segment == batch->segment)
        return entry->id;
    entry->segment = batch->segment;
    entry->id =
        entry->what == FMD__DEFINE_GROUP ? ++batch->group_count : ++batch->address_count;
    definition.id = entry->id;
    fmd__batch_define(batch, &definition);
    return entry->id;
}

static uint32_t id_of_hash(struct fmd__batch *batch, uint64_t hash)
{
    struct fmd__entry *entry =
        hash ? fmd__dictionary_find(batch->dictionary, hash) : NULL;

    if (entry)
        return string_id(batch, entry);
    batch->strings_lost += hash != 0;
    return 0;
}

bool fmd__batch_room_for(uint32_t **segments, uint32_t *room, uint32_t number)
{
    uint32_t needed = *room ? *room : 1024;
    uint32_t *grown;

    while (needed <= number)
        needed *= 2;
    if (needed == *room)
        return true;
    grown = fmd__pages_grow(*segments, *room * sizeof *grown, needed * sizeof *grown);
    if (!grown)
        return false;
    *segments = grown;
    *room = needed;
    return true;
}

uint32_t fmd__batch_endpoint_id(struct fmd__batch *batch, uint32_t number)
{
    struct fmd__definition definition;

    if (!fmd__endpoint_register_get(number) ||
        !fmd__batch_room_for(&batch->endpoint_segments, &batch->endpoint_room, number))
        return 0;
    if (batch->endpoint_segments[number] == batch->segment)
        return number;
    fmd__endpoint_register_describe(number, batch->application, batch->version,
                                    &definition);
    batch->endpoint_segments[number] = batch->segment;
    fmd__batch_define(batch, &definition);
    return number;
}

/* --- rings to rows --------------------------------------------------------------- */

static const union fmd__slot *slot_at(const struct fmd__producer *producer,
                                      uint64_t sequence)
{
    return &producer->ring->slots[sequence & producer->mask];
}

/* The string whose first slot is at sequence. */
static void learn_string(struct fmd__batch *batch, const struct fmd__producer *producer,
                         uint64_t sequence)
{
    const struct fmd__slot_string *string = &slot_at(producer, sequence)->string;
    char bytes[FMD__RING_STRING_BYTES];
    uint32_t length = string->length, done = sizeof string->bytes;

    if (length > sizeof bytes)
        return;
    memcpy(bytes, string->bytes, length < done ? length : done);
    while (done < length) {
        const struct fmd__slot_piece *piece = &slot_at(producer, ++sequence)->piece;
        uint32_t part = length - done;

        part = part < sizeof piece->bytes ? part : (uint32_t)sizeof piece->bytes;
        memcpy(bytes + done, piece->bytes, part);
        done += part;
    }
    /* Without room its requests have an unknown group, and are counted. */
    (void)fmd__dictionary_add(batch->dictionary, string->hash, string->what, bytes,
                              length);
}

/* First all heads, which bound the requests of this batch; then, at later heads, all
 * strings. A string was published before the requests that use it, wherever, so it is
 * below the later head of its ring. */
static void look_at_rings(struct fmd__batch *batch, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        struct fmd__cursor *cursor = &batch->cursors[i];
        struct fmd__ring *ring = fmd__producers[i].ring;

        cursor->head = atomic_load_explicit(&ring->head, memory_order_acquire);
        cursor->taken = atomic_load_explicit(&ring->tail, memory_order_relaxed);
    }
    for (uint32_t i = 0; i < count; i++) {
        struct fmd__cursor *cursor = &batch->cursors[i];
        const struct fmd__producer *producer = &fmd__producers[i];
        uint64_t head = atomic_load_explicit(&producer->ring->head, memory_order_acquire);

        for (; cursor->scanned != head; cursor->scanned++)
            if (slot_at(producer, cursor->scanned)->kind == FMD__SLOT_STRING)
                learn_string(batch, producer, cursor->scanned);
    }
}

static bool definitions_are_full(const struct fmd__batch *batch)
{
    return batch->definition_bytes + 3 * FMD__BATCH_DEFINITION_MAX >
           FMD__BATCH_DEFINITION_BYTES;
}

static bool batch_is_full(const struct fmd__batch *batch)
{
    return batch->row_count == FMD__BLOCK_REQUESTS_MAX || definitions_are_full(batch);
}

static void add_row(struct fmd__batch *batch, const struct fmd__slot_request *request,
                    const struct fmd__slot_detail *detail)
{
    batch->rows[batch->row_count++] =
        (struct fmd__row){request->start_ns,
                          request,
                          detail,
                          fmd__batch_endpoint_id(batch, request->endpoint),
                          id_of_hash(batch, request->group_hash),
                          id_of_hash(batch, request->address_hash)};
}

/* Takes ring's slots up to its cursor's head or until the batch is full. A string is
 * defined in the trace when its slot is given back, used or not: a request in another
 * ring may need it after a kill. */
static void take_ring(struct fmd__batch *batch, uint32_t index)
{
    struct fmd__cursor *cursor = &batch->cursors[index];
    const struct fmd__producer *producer = &fmd__producers[index];
    uint64_t first = cursor->taken;

    for (; cursor->taken != cursor->head && !batch_is_full(batch); cursor->taken++) {
        const union fmd__slot *slot = slot_at(producer, cursor->taken);

        if (slot->kind == FMD__SLOT_REQUEST) {
            add_row(batch, &slot->request, NULL);
        } else if (slot->kind == FMD__SLOT_DETAIL && cursor->taken + 1 != cursor->head) {
            cursor->taken++; /* the two are one record */
            add_row(batch, &slot_at(producer, cursor->taken)->request, &slot->detail);
        } else if (slot->kind == FMD__SLOT_STRING) {
            struct fmd__entry *entry =
                fmd__dictionary_find(batch->dictionary, slot->string.hash);

            if (entry)
                (void)string_id(batch, entry);
        }
    }
    if (cursor->taken != first)
        batch->ranges[batch->range_count++] =
            (struct fmd__ring_range){index, first, cursor->taken - 1};
    batch->slot_count += cursor->taken - first;
}

/* --- rows to columns ------------------------------------------------------------- */

/* Merges neighbouring runs rows[from..middle) and rows[middle..to) into out. */
static void merge_runs(const struct fmd__row *rows, uint32_t from, uint32_t middle,
                       uint32_t to, struct fmd__row *out)
{
    uint32_t a = from, b = middle;

    for (uint32_t i = from; i < to; i++)
        out[i] = b == to || (a < middle && rows[a].start_ns <= rows[b].start_ns)
                     ? rows[a++]
                     : rows[b++];
}

static uint32_t run_end(const struct fmd__row *rows, uint32_t from, uint32_t count)
{
    uint32_t end = from + 1;

    while (end < count && rows[end - 1].start_ns <= rows[end].start_ns)
        end++;
    return end;
}

/* Natural merge sort: each ring is sorted already but for requests that overlap. */
static struct fmd__row *sorted_rows(struct fmd__batch *batch)
{
    struct fmd__row *rows = batch->rows, *out = batch->spare, *swap;
    uint32_t count = batch->row_count, runs;

    do {
        runs = 0;
        for (uint32_t from = 0, middle, to; from < count; from = to, runs++) {
            middle = to = run_end(rows, from, count);
            if (middle < count)
                to = run_end(rows, middle, count);
            merge_runs(rows, from, middle, to, out);
        }
        swap = rows;
        rows = out;
        out = swap;
    } while (runs > 1);
    return rows;
}

static void fill_column(struct fmd__columns *columns, uint32_t i,
                        const struct fmd__row *row)
{
    const struct fmd__slot_request *request = row->request;

    columns->endpoint[i] = row->endpoint;
    columns->group[i] = row->group;
    columns->address[i] = row->address;
    columns->start_ns[i] = request->start_ns;
    columns->duration_ns[i] = request->duration_ns;
    columns->first_byte_ns[i] = request->first_byte_ns;
    columns->view_ns[i] = request->view_ns;
    columns->status[i] = request->status;
    columns->method[i] = request->method;
    columns->flags[i] = request->flags;
}

static void fill_detail(struct fmd__details *details, uint32_t i,
                        const struct fmd__slot_detail *detail)
{
    static const struct fmd__slot_detail none;

    detail = detail ? detail : &none;
    details->what[i] = detail->what;
    details->cpu_ns[i] = detail->cpu_ns;
    details->threshold_ns[i] = detail->threshold_ns;
    details->voluntary_switches[i] = detail->voluntary_switches;
    details->involuntary_switches[i] = detail->involuntary_switches;
    details->minor_faults[i] = detail->minor_faults;
    details->major_faults[i] = detail->major_faults;
    details->block_reads[i] = detail->block_reads;
    details->block_writes[i] = detail->block_writes;
}

/* Appends the details of rows to the raw payload; none where no row has some. */
static size_t encode_details(struct fmd__batch *batch, const struct fmd__row *rows,
                             uint8_t *out)
{
    bool any = false;

    for (uint32_t i = 0; i < batch->row_count; i++)
        any |= rows[i].detail != NULL;
    if (!any)
        return 0;
    batch->details.count = batch->row_count;
    for (uint32_t i = 0; i < batch->row_count; i++)
        fill_detail(&batch->details, i, rows[i].detail);
    return fmd__details_encode(&batch->details, out);
}

static void note_ranges(struct fmd__block *block, const struct fmd__columns *columns)
{
    block->count = columns->count;
    if (columns->count == 0)
        return;
    block->start_min_ns = block->duration_min_ns = UINT64_MAX;
    for (uint32_t i = 0; i < columns->count; i++) {
        uint64_t start = columns->start_ns[i], duration = columns->duration_ns[i];

        block->start_min_ns = start < block->start_min_ns ? start : block->start_min_ns;
        block->start_max_ns = start > block->start_max_ns ? start : block->start_max_ns;
        block->duration_min_ns =
            duration < block->duration_min_ns ? duration : block->duration_min_ns;
        block->duration_max_ns =
            duration > block->duration_max_ns ? duration : block->duration_max_ns;
    }
}

void fmd__batch_requests(struct fmd__batch *batch)
{
    uint32_t rings = atomic_load_explicit(&batch->pool->count, memory_order_acquire);
    struct fmd__block requests = {.type = FMD__BLOCK_REQUESTS};
    struct fmd__row *rows;
    size_t raw_bytes;

    look_at_rings(batch, rings);
    for (uint32_t i = 0; i < rings; i++)
        take_ring(batch, (batch->first_ring + i) % rings);
    if (batch->range_count == 0)
        return;
    batch->first_ring++;
    rows = sorted_rows(batch);
    batch->columns.count = batch->row_count;
    for (uint32_t i = 0; i < batch->row_count; i++)
        fill_column(&batch->columns, i, &rows[i]);
    fmd__batch_add_definitions(batch);
    note_ranges(&requests, &batch->columns);
    raw_bytes = fmd__requests_encode(&batch->columns, batch->ranges, batch->range_count,
                                     batch->raw);
    raw_bytes += encode_details(batch, rows, batch->raw + raw_bytes);
    fmd__batch_add_block(batch, &requests, batch->raw, raw_bytes);
}

/* --- counts of endpoints --------------------------------------------------------- */

static uint32_t counted_endpoints(const struct fmd__pool *pool)
{
    uint32_t known = fmd__endpoint_register_count();

    return known < pool->header->count_room ? known : pool->header->count_room;
}

uint64_t fmd__batch_counts_sum(const struct fmd__pool *pool)
{
    struct fmd__ring_endpoint_count *counts = fmd__ring_counts_area(pool->header);
    uint32_t endpoints = counted_endpoints(pool);
    uint64_t sum = 0;

    for (uint32_t i = 0; i < endpoints; i++)
        sum += atomic_load_explicit(&counts[i].count, memory_order_relaxed);
    return sum;
}

void fmd__batch_counts(struct fmd__batch *batch)
{
    struct fmd__ring_endpoint_count *counts = fmd__ring_counts_area(batch->pool->header);
    struct fmd__block block = {.type = FMD__BLOCK_COUNTS};
    struct fmd__endpoint_count told[FMD__BLOCK_COUNTS_MAX];
    uint32_t endpoints = counted_endpoints(batch->pool), i = batch->counts_next;

    for (; i < endpoints && block.count < FMD__BLOCK_COUNTS_MAX &&
           !definitions_are_full(batch);
         i++) {
        uint64_t count = atomic_load_explicit(&counts[i].count, memory_order_relaxed);
        uint64_t last = atomic_load_explicit(&counts[i].last_ns, memory_order_relaxed);

        if (count > 0 && fmd__batch_endpoint_id(batch, i + 1))
            told[block.count++] = (struct fmd__endpoint_count){i + 1, count, last};
    }
    batch->counts_next = i < endpoints ? i : 0;
    if (block.count == 0)
        return;
    fmd__batch_add_definitions(batch);
    fmd__batch_add_block(batch, &block, batch->raw,
                         fmd__counts_encode(told, block.count, batch->raw));
}

/* Here, not as rows are taken: a batch that cannot be written is taken again. */
static void add_to_thresholds(struct fmd__batch *batch)
{
    uint32_t after = (uint32_t)fmd__live_number(FMD__KEY_OUTLIER_REQUESTS);
    uint64_t floor_ns = fmd__live_number(FMD__KEY_OUTLIER_FLOOR_MS) * 1000000;

    for (uint32_t i = 0; i < batch->row_count; i++)
        if (batch->rows[i].detail)
            fmd__thresholds_add(&batch->thresholds, batch->rows[i].request->endpoint,
                                batch->rows[i].request->duration_ns, after, floor_ns);
}

void fmd__batch_settle(struct fmd__batch *batch)
{
    add_to_thresholds(batch); /* its rows are in the rings until their tails move */
    for (uint32_t i = 0; i < batch->range_count; i++)
        atomic_store_explicit(&fmd__producers[batch->ranges[i].ring_id].ring->tail,
                              batch->ranges[i].last + 1, memory_order_release);
    batch->range_count = 0;
    if (batch->journal_end)
        atomic_store_explicit(&fmd__ring_journal(batch->pool->header)->tail,
                              batch->journal_end, memory_order_release);
    batch->journal_end = 0;
}
