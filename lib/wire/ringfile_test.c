/* SPDX-License-Identifier: Apache-2.0 */
/* Ring files: every area comes back, damage is told and costs nothing beside it. */
#include "made_entries.h"
#include "made_ring.h"

#include "details.h"

TEST(the_identity_is_that_of_the_process)
{
    start();
    struct fmd__ringfile *file = open_or_fail();
    assert_int_equal(fmd__ringfile_segment(file)->pid, 4711);
    assert_int_equal(fmd__ringfile_segment(file)->stream[0], 9);
    assert_string_equal(fmd__ringfile_segment(file)->application, "shop");
    fmd__ringfile_close(file);
}

static void count_endpoint(void *to, const struct fmd__definition *d)
{
    uint32_t *count = to;
    assert_int_equal(d->kind, FMD__DEFINE_ENDPOINT);
    assert_int_equal(d->id, ++*count);
    assert_memory_equal(d->bytes, "GET /x", d->length);
    assert_memory_equal(d->version, "1.0", d->version_length);
}

TEST(endpoints_are_kept_until_the_area_is_full)
{
    uint32_t added = 0, found = 0;
    start();
    for (;; added++) {
        struct fmd__definition d = {.kind = FMD__DEFINE_ENDPOINT,
                                    .id = added + 1,
                                    .bytes = "GET /x",
                                    .length = 6,
                                    .application = "shop",
                                    .application_length = 4,
                                    .version = "1.0",
                                    .version_length = 3};
        if (fmd__ring_file_add_endpoint(header, &d) != 0)
            break;
    }
    assert_in_range(added, 50, 200);
    struct fmd__ringfile *file = open_or_fail();
    fmd__ringfile_definitions(file, count_endpoint, &found);
    assert_int_equal(found, added);
    fmd__ringfile_close(file);
}

TEST(anchor_and_counts_are_the_last_published)
{
    struct fmd__stats stats;
    uint64_t monotonic;
    int64_t utc;
    start();
    struct fmd__ringfile *file = open_or_fail();
    fmd__ringfile_anchor(file, &monotonic, &utc);
    assert_int_equal(monotonic, 0);
    fmd__ringfile_close(file);

    header->counts.issued = 1;
    header->counts.dropped[1] = 2;
    fmd__ring_at(header, 0)->counts.issued = 10;
    fmd__ring_at(header, 2)->counts.issued = 20;
    fmd__ring_at(header, 2)->counts.dropped[0] = 3;
    fmd__ring_at(header, 1)->counts.strings_lost = 4;
    for (uint64_t i = 1; i <= 3; i++) {
        struct fmd__ring_state now = {.anchor_monotonic_ns = i,
                                      .anchor_utc_ns = -(int64_t)i,
                                      .stats = {.recorded = 100 * i,
                                                .others_segments_deleted = i,
                                                .others_requests_deleted = 9 * i}};
        fmd__ring_file_store_state(header, &now);
        /* half of the next one */
        memset(header->states[(header->state_published + 1) & 1], 77, 100);
        header->others_deleted[(header->state_published + 1) & 1][1] = 77;
        file = open_or_fail();
        fmd__ringfile_anchor(file, &monotonic, &utc);
        fmd__ringfile_stats(file, &stats);
        assert_true(monotonic == i && utc == -(int64_t)i);
        assert_int_equal(stats.recorded, 100 * i);
        assert_int_equal(stats.others_segments_deleted, i);
        assert_int_equal(stats.others_requests_deleted, 9 * i);
        fmd__ringfile_close(file);
    }
    assert_int_equal(stats.issued, 31);
    assert_int_equal(stats.dropped[0], 3);
    assert_int_equal(stats.dropped[1], 2);
    assert_int_equal(stats.strings_lost, 4);
}

static void fill_all_rings(void)
{
    for (uint32_t r = 0; r < RINGS; r++)
        for (uint32_t i = 0; i < SLOTS; i++) {
            struct fmd__ring *ring = fmd__ring_at(header, r);
            ring->slots[i].request = request_of(1);
            ring->head = i + 1;
        }
}

static uint32_t count_requests(struct fmd__ringfile *file)
{
    struct fmd__slot_request request;
    uint32_t ring, count = 0;
    uint64_t sequence;
    while (fmd__ringfile_next(file, &request, &ring, &sequence))
        count++;
    return count;
}

TEST(a_file_cut_short_gives_the_rings_that_are_whole)
{
    start();
    fill_all_rings();
    for (size_t cut = 0; cut < memory_bytes; cut += 64) {
        const char *why = NULL;
        uint8_t *exact = malloc(cut + !cut);
        memcpy(exact, memory, cut);
        struct fmd__ringfile *file = fmd__ringfile_open(exact, cut, &why);
        if (cut < header->rings_offset) {
            assert_null(file);
            assert_non_null(why);
        } else {
            uint64_t whole = (cut - header->rings_offset) / header->ring_stride;
            assert_non_null(file);
            assert_int_equal(fmd__ringfile_damaged(file), RINGS - whole);
            assert_int_equal(count_requests(file), whole * SLOTS);
        }
        fmd__ringfile_close(file);
        free(exact);
    }
}

TEST(a_flipped_bit_in_the_fixed_header_is_refused)
{
    start();
    size_t fixed = offsetof(struct fmd__ring_header, header_crc32c) + 4;
    for (size_t bit = 0; bit < fixed * 8; bit++) {
        const char *why = NULL;
        memory[bit / 8] ^= (uint8_t)(1 << bit % 8);
        assert_null(fmd__ringfile_open(memory, memory_bytes, &why));
        assert_non_null(why);
        memory[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
}

TEST(a_file_that_was_never_finished_is_no_ring_file)
{
    const char *why;
    start();
    memset(header->magic, 0, sizeof(header->magic));
    assert_null(fmd__ringfile_open(memory, memory_bytes, &why));
    assert_string_equal(why, "it is no ring file");
    assert_null(fmd__ringfile_open(memory, 0, &why));
}

TEST(counters_that_no_recorder_writes_are_told)
{
    start();
    fill_all_rings();
    fmd__ring_at(header, 1)->head = SLOTS + 1;
    struct fmd__ringfile *file = open_or_fail();
    assert_int_equal(fmd__ringfile_damaged(file), 1);
    assert_int_equal(count_requests(file), 2 * SLOTS);
    fmd__ringfile_close(file);
}

TEST(ranges_of_other_rings_and_from_beyond_do_no_harm)
{
    start();
    fill_all_rings();
    struct fmd__ringfile *file = open_or_fail();
    fmd__ringfile_consumed(file, 99, 0, 5);
    fmd__ringfile_consumed(file, 0, 0, UINT64_MAX);
    fmd__ringfile_consumed(file, 1, 3, 2);
    fmd__ringfile_consumed(file, 2, 0, 5);
    fmd__ringfile_consumed(file, 2, 0, 3);
    assert_int_equal(count_requests(file), SLOTS + SLOTS - 6);
    fmd__ringfile_close(file);
}

TEST(sixty_four_rings_are_whole_pages)
{
    for (uint32_t slots = 1; slots <= 1u << 16; slots *= 2)
        assert_int_equal(64 * fmd__ring_stride(slots) % 4096, 0);
    assert_int_equal(
        fmd__ring_file_rings_offset(&(struct fmd__ring_plan){.endpoints_room = 0}), 4096);
    assert_int_equal(
        fmd__ring_file_rings_offset(&(struct fmd__ring_plan){.endpoints_room = 1}), 8192);
}

/* --- details, flights, counts, journal ------------------------------------------- */

/* With all areas. */
static void start_whole(void)
{
    made_ring_start(&(struct fmd__ring_plan){.rings = RINGS,
                                             .slots = SLOTS,
                                             .endpoints_room = ENDPOINTS_ROOM,
                                             .count_room = 10,
                                             .flight_count = 5,
                                             .journal_room = FMD__JOURNAL_ROOM_MIN});
}

TEST(areas_lie_one_after_the_other)
{
    start_whole();
    uint8_t *counts = (uint8_t *)fmd__ring_counts_area(header),
            *flights = (uint8_t *)fmd__ring_flights(header),
            *areas_end = (uint8_t *)fmd__ring_at(header, 0);
    struct fmd__journal *journal = fmd__ring_journal(header);
    assert_true(memory + header->endpoints_offset + ENDPOINTS_ROOM <= counts);
    assert_true(counts + 10 * sizeof(struct fmd__ring_endpoint_count) <= flights);
    assert_true(flights + 5 * sizeof(struct fmd__flight) <= (uint8_t *)journal);
    assert_true(journal->bytes + header->journal_room <= areas_end);
    start();
    assert_null(fmd__ring_counts_area(header));
    assert_null(fmd__ring_flights(header));
    assert_null(fmd__ring_journal(header));
}

/* A request with its detail, as their thread publishes them. */
static void push_detailed(uint32_t number, uint64_t name)
{
    struct fmd__ring *ring = fmd__ring_at(header, number);
    uint64_t head = ring->head;
    ring->slots[head & (SLOTS - 1)].detail = (struct fmd__slot_detail){
        .kind = FMD__SLOT_DETAIL, .what = FMD__DETAIL_OUTLIER | 2, .cpu_ns = name};
    ring->slots[(head + 1) & (SLOTS - 1)].request = request_of(name);
    ring->head = head + 2;
}

static void push_plain(uint32_t number, uint64_t name)
{
    struct fmd__ring *ring = fmd__ring_at(header, number);
    ring->slots[ring->head & (SLOTS - 1)].request = request_of(name);
    ring->head++;
}

TEST(a_detail_is_that_of_the_request_behind_it)
{
    struct fmd__slot_request request;
    struct fmd__slot_detail detail;
    uint32_t ring, found = 0;
    uint64_t sequence;
    start_whole();
    push_plain(0, 1);
    push_detailed(0, 100);
    push_plain(0, 2);
    push_detailed(0, 101);
    push_detailed(1, 102);
    struct fmd__ringfile *file = open_or_fail();
    for (; fmd__ringfile_next(file, &request, &ring, &sequence); found++) {
        fmd__ringfile_detail(file, &detail);
        if (request.duration_ns >= 100) {
            assert_int_equal(detail.kind, FMD__SLOT_DETAIL);
            assert_int_equal(detail.cpu_ns, request.duration_ns);
        } else {
            assert_int_equal(detail.kind, 0);
        }
    }
    assert_int_equal(found, 5);
    fmd__ringfile_close(file);
}

static void fly(uint32_t slot, uint64_t start_ns, const char *path)
{
    struct fmd__flight *flight = fmd__ring_flights(header) + slot;
    fmd__flight_write_begin(flight);
    flight->start_ns = start_ns;
    flight->thread = 77;
    flight->deadline_ns = start_ns + 1000;
    flight->endpoint = 3;
    flight->group_hash = 5;
    flight->address_hash = 6;
    flight->about =
        fmd__flight_about(2, 4, fmd__flight_set_path(flight, path, strlen(path)));
    fmd__flight_write_end(flight);
}

TEST(requests_in_flight_are_found_after_a_kill)
{
    char long_path[FMD__FLIGHT_PATH_BYTES + 30], path[FMD__FLIGHT_PATH_BYTES];
    struct fmd__unfinished unfinished;
    uint32_t slot = 0;
    start_whole();
    memset(long_path, 'p', sizeof(long_path));
    long_path[sizeof(long_path) - 1] = 0;
    fly(1, 1000, "/cart/17");
    fly(4, 2000, long_path);
    fmd__ring_flights(header)[4].outlier_start_ns = 2000;
    fly(3, 3000, "");
    fmd__flight_write_begin(fmd__ring_flights(header) + 3); /* killed while it wrote */
    fly(2, 5, "");
    push_plain(2, 1); /* it had just been published: request_of() starts at 5 */

    struct fmd__ringfile *file = open_or_fail();
    assert_int_equal(fmd__ringfile_unfinished(file, &slot, &unfinished, path), 1);
    assert_int_equal(unfinished.request.start_ns, 1000);
    assert_int_equal(unfinished.request.endpoint, 3);
    assert_int_equal(unfinished.threshold_ns, 1000);
    assert_int_equal(unfinished.thread, 77);
    assert_int_equal(unfinished.group_hash, 5);
    assert_int_equal(unfinished.address_hash, 6);
    assert_int_equal(unfinished.level, 2);
    assert_int_equal(unfinished.method, 4);
    assert_int_equal(unfinished.outlier, 0);
    assert_int_equal(unfinished.path.length, 8);
    assert_memory_equal(unfinished.path.bytes, "/cart/17", 8);
    assert_int_equal(fmd__ringfile_unfinished(file, &slot, &unfinished, path), 1);
    assert_int_equal(unfinished.request.start_ns, 2000);
    assert_int_equal(unfinished.outlier, 1);
    assert_int_equal(unfinished.path.length, FMD__FLIGHT_PATH_BYTES);
    assert_memory_equal(unfinished.path.bytes, long_path, FMD__FLIGHT_PATH_BYTES);
    assert_int_equal(fmd__ringfile_unfinished(file, &slot, &unfinished, path), 0);
    fmd__ringfile_close(file);
}

TEST(a_reader_knows_that_a_flight_changed_under_it)
{
    start_whole();
    struct fmd__flight *flight = fmd__ring_flights(header);
    uint32_t lock = fmd__flight_read_begin(flight);
    assert_true(fmd__flight_read_end(flight, lock));
    fly(0, 1, "/");
    assert_false(fmd__flight_read_end(flight, lock));
    fmd__flight_write_begin(flight);
    lock = fmd__flight_read_begin(flight);
    assert_false(fmd__flight_read_end(flight, lock));
}

TEST(counted_requests_are_found_after_a_kill)
{
    struct fmd__endpoint_count count;
    uint32_t endpoint = 0;
    start_whole();
    fmd__ring_counts_area(header)[0].count = 12;
    fmd__ring_counts_area(header)[9].count = 34;
    fmd__ring_counts_area(header)[9].last_ns = 56;
    struct fmd__ringfile *file = open_or_fail();
    assert_int_equal(fmd__ringfile_count(file, &endpoint, &count), 1);
    assert_true(count.endpoint == 1 && count.count == 12 && count.last_ns == 0);
    assert_int_equal(fmd__ringfile_count(file, &endpoint, &count), 1);
    assert_true(count.endpoint == 10 && count.count == 34 && count.last_ns == 56);
    assert_int_equal(fmd__ringfile_count(file, &endpoint, &count), 0);
    fmd__ringfile_close(file);
}

static struct made_entry put[200];
static uint64_t put_at[200];

/* Fills the journal with entries of all kinds; returns how many. */
static uint32_t fill_journal(void)
{
    static uint8_t bytes[FMD__ENTRY_BYTES_MAX];
    struct fmd__journal *journal = fmd__ring_journal(header);
    uint32_t count = 0;
    made_state = 71;
    for (; count < 200; count++) {
        make_entry(&put[count], FMD__ENTRY_DEFINITION + count % FMD__ENTRY_UNFINISHED);
        assert_true(fmd__entry_bound(&put[count].entry) <= sizeof(bytes));
        size_t size = fmd__entry_encode(&put[count].entry, bytes);
        put_at[count] = journal->head;
        if (fmd__journal_put(journal, header->journal_room, bytes, size) != 0)
            break;
    }
    return count;
}

static void assert_journal(uint32_t count, uint64_t samples_end, uint64_t entries_end)
{
    static struct fmd__stack_frame frames[FMD__STACK_FRAMES_MAX];
    struct fmd__journal_entry entry;
    struct fmd__ringfile *file = open_or_fail();
    fmd__ringfile_journal_consumed(file, samples_end, entries_end);
    for (uint32_t i = 0; i < count; i++) {
        uint8_t kind = put[i].entry.kind;
        if (kind != FMD__ENTRY_DEFINITION &&
            put_at[i] < (kind == FMD__ENTRY_SAMPLE ? samples_end : entries_end))
            continue;
        assert_int_equal(fmd__ringfile_entry(file, &entry, frames), 1);
        assert_true(same_entry(&put[i].entry, &entry));
    }
    assert_int_equal(fmd__ringfile_entry(file, &entry, frames), 0);
    assert_int_equal(fmd__ringfile_damaged(file), 0);
    fmd__ringfile_close(file);
}

TEST(entries_that_no_block_has_are_found_after_a_kill)
{
    start_whole();
    uint32_t count = fill_journal();
    assert_in_range(count, 20, 200);
    assert_journal(count, 0, 0);
    for (uint32_t i = 0; i < count; i++)
        assert_journal(count, put_at[i], put_at[(i * 7) % count]);
    assert_journal(count, UINT64_MAX, UINT64_MAX);
}

static void read_everything(struct fmd__ringfile *file)
{
    static struct fmd__stack_frame frames[FMD__STACK_FRAMES_MAX];
    struct fmd__journal_entry entry;
    struct fmd__unfinished unfinished;
    struct fmd__endpoint_count count;
    char path[FMD__FLIGHT_PATH_BYTES];
    uint32_t at = 0, endpoint = 0;
    while (fmd__ringfile_entry(file, &entry, frames))
        assert_in_range(entry.kind, FMD__ENTRY_DEFINITION, FMD__ENTRY_UNFINISHED);
    while (fmd__ringfile_unfinished(file, &at, &unfinished, path))
        assert_true(unfinished.path.length <= sizeof(path));
    while (fmd__ringfile_count(file, &endpoint, &count))
        assert_int_equal(count.endpoint, endpoint);
}

TEST(damaged_areas_cost_no_request)
{
    const size_t from = offsetof(struct fmd__ring_header, areas_crc32c),
                 to = offsetof(struct fmd__ring_header, ring_count);
    start_whole();
    push_plain(0, 1);
    for (size_t bit = from * 8; bit < to * 8; bit++) {
        memory[bit / 8] ^= (uint8_t)(1 << bit % 8);
        struct fmd__ringfile *file = open_or_fail();
        assert_int_equal(fmd__ringfile_damaged(file), bit / 8 < from + 44);
        read_everything(file);
        assert_int_equal(count_requests(file), 1);
        fmd__ringfile_close(file);
        memory[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
}

TEST(flipped_bits_in_the_journal_and_flights_do_no_harm)
{
    start_whole();
    fill_journal();
    fly(1, 1000, "/cart/17");
    for (uint64_t at = header->flights_offset; at < header->rings_offset; at += 5) {
        memory[at] ^= (uint8_t)(1 << at % 8);
        struct fmd__ringfile *file = open_or_fail();
        read_everything(file);
        fmd__ringfile_close(file);
        memory[at] ^= (uint8_t)(1 << at % 8);
    }
}
