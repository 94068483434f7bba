/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ring files: a recorder is played step by step in memory, killed after each step, and
 * what the trace and the ring hold together is compared with the plain list of what was
 * published.
 */
#include "testdata/cmocka_tests.h"

#include "ringlayout.h"

#include "requests.h"

#define RINGS 3u
#define SLOTS 8u
#define ENDPOINTS_ROOM 3000u

static const struct fmd__ring_plan plan = {
    .rings = RINGS, .slots = SLOTS, .endpoints_room = ENDPOINTS_ROOM};

static uint64_t state_of_random;
static uint64_t next_random(void)
{
    state_of_random ^= state_of_random << 13;
    state_of_random ^= state_of_random >> 7;
    return state_of_random ^= state_of_random << 17;
}

/* --- a recorder, played ---------------------------------------------------------- */

#define PUBLISHED_MAX 2000u

/* What happened, as a list that recovery is compared with. */
static struct played {
    struct {
        uint32_t ring;
        uint64_t sequence, duration_ns; /* the latter names the request */
        int in_trace;
    } requests[PUBLISHED_MAX];
    struct {
        uint64_t hash;
        int in_trace;
    } strings[PUBLISHED_MAX];
    struct fmd__ring_range ranges[PUBLISHED_MAX]; /* of the trace's blocks */
    uint32_t request_count, string_count, range_count;
} played;

static uint8_t *memory;
static size_t memory_bytes;
static struct fmd__ring_header *header;

static void start(void)
{
    struct fmd__segment segment = {.pid = 4711, .application = "shop"};
    segment.stream[0] = 9;
    free(memory);
    memory_bytes = fmd__ring_file_bytes(&plan);
    memory = calloc(1, memory_bytes);
    header = (struct fmd__ring_header *)(void *)memory;
    fmd__ring_file_format(header, &segment, &plan);
    memset(&played, 0, sizeof(played));
}

static uint32_t text_of(uint64_t hash, char text[FMD__RING_STRING_BYTES])
{
    uint32_t length = (uint32_t)(hash % (FMD__RING_STRING_BYTES + 1));
    for (uint32_t i = 0; i < length; i++)
        text[i] = (char)(hash >> i % 8);
    return length;
}

/* Kills the recorder here: everything published is in the trace or in the ring, once. */
static void assert_nothing_lost_or_twice(void);

static struct fmd__slot_request request_of(uint64_t name)
{
    return (struct fmd__slot_request){.kind = FMD__SLOT_REQUEST,
                                      .status = 200,
                                      .endpoint = 1,
                                      .start_ns = 5,
                                      .duration_ns = name};
}

static void push_request(uint32_t number)
{
    struct fmd__ring *ring = fmd__ring_at(header, number);
    uint64_t head = ring->head;
    if (head - ring->tail == SLOTS)
        return;
    union fmd__slot *slot = &ring->slots[head & (SLOTS - 1)];
    slot->request = request_of(1000000 + played.request_count);
    assert_nothing_lost_or_twice();
    played.requests[played.request_count].ring = number;
    played.requests[played.request_count].sequence = head;
    played.requests[played.request_count++].duration_ns = slot->request.duration_ns;
    ring->head = head + 1;
    assert_nothing_lost_or_twice();
}

static void push_string(uint32_t number)
{
    struct fmd__ring *ring = fmd__ring_at(header, number);
    uint64_t head = ring->head, hash = next_random() | 1;
    char text[FMD__RING_STRING_BYTES];
    uint32_t length = text_of(hash, text);
    uint32_t slots = fmd__ring_string_slots(length);
    if (head + slots - ring->tail > SLOTS)
        return;
    fmd__ring_put_string(ring, head, SLOTS - 1, FMD__DEFINE_GROUP, hash, text, length);
    assert_nothing_lost_or_twice();
    played.strings[played.string_count++].hash = hash;
    ring->head = head + slots;
    assert_nothing_lost_or_twice();
}

/* The writer: one block with all that is in the rings, then the tails one by one. */
static void drain(void)
{
    uint64_t heads[RINGS];
    for (uint32_t r = 0; r < RINGS; r++) {
        struct fmd__ring *ring = fmd__ring_at(header, r);
        heads[r] = ring->head;
        if (ring->head != ring->tail)
            played.ranges[played.range_count++] =
                (struct fmd__ring_range){r, ring->tail, ring->head - 1};
    }
    for (uint32_t i = 0; i < played.request_count; i++)
        played.requests[i].in_trace = 1;
    for (uint32_t i = 0; i < played.string_count; i++)
        played.strings[i].in_trace = 1;
    assert_nothing_lost_or_twice();
    for (uint32_t r = 0; r < RINGS; r++) {
        fmd__ring_at(header, r)->tail = heads[r];
        assert_nothing_lost_or_twice();
    }
}

/* --- recovery -------------------------------------------------------------------- */

static uint32_t strings_found;

static void take_string(void *to, const struct fmd__definition *d)
{
    char text[FMD__RING_STRING_BYTES];
    assert_null(to);
    assert_int_equal(d->kind, FMD__DEFINE_GROUP);
    assert_int_equal(d->length, text_of(d->hash, text));
    assert_memory_equal(d->bytes, text, d->length);
    for (uint32_t i = 0; i < played.string_count; i++)
        strings_found += played.strings[i].hash == d->hash && !played.strings[i].in_trace;
}

static void assert_strings(struct fmd__ringfile *file)
{
    uint32_t missing = 0;
    for (uint32_t i = 0; i < played.string_count; i++)
        missing += !played.strings[i].in_trace;
    strings_found = 0;
    fmd__ringfile_definitions(file, take_string, NULL);
    assert_int_equal(strings_found, missing);
}

static void assert_requests(struct fmd__ringfile *file)
{
    struct fmd__slot_request request;
    uint32_t ring, found = 0, missing = 0;
    uint64_t sequence;
    for (uint32_t i = 0; i < played.request_count; i++)
        missing += !played.requests[i].in_trace;
    for (; fmd__ringfile_next(file, &request, &ring, &sequence); found++) {
        uint64_t i = request.duration_ns - 1000000;
        assert_in_range(i, 0, played.request_count - 1);
        assert_false(played.requests[i].in_trace);
        assert_int_equal(played.requests[i].ring, ring);
        assert_true(played.requests[i].sequence == sequence);
    }
    assert_int_equal(found, missing); /* all names differ, so none came twice */
}

static void assert_nothing_lost_or_twice(void)
{
    const char *why;
    struct fmd__ringfile *file = fmd__ringfile_open(memory, memory_bytes, &why);
    assert_non_null(file);
    assert_int_equal(fmd__ringfile_damaged(file), 0);
    for (uint32_t i = 0; i < played.range_count; i++)
        fmd__ringfile_consumed(file, played.ranges[i].ring_id, played.ranges[i].first,
                               played.ranges[i].last);
    assert_strings(file);
    assert_requests(file);
    fmd__ringfile_close(file);
}

TEST(a_kill_at_any_step_loses_nothing_and_counts_nothing_twice)
{
    state_of_random = 21;
    start();
    assert_nothing_lost_or_twice();
    for (int step = 0; step < 600; step++) {
        uint32_t ring = (uint32_t)(next_random() % RINGS);
        uint64_t what = next_random() % 12;
        if (what < 7)
            push_request(ring);
        else if (what < 11)
            push_string(ring);
        else
            drain();
    }
    assert_in_range(played.request_count, 200, PUBLISHED_MAX);
}

/* --- the rest of the file -------------------------------------------------------- */

static struct fmd__ringfile *open_or_fail(void)
{
    const char *why;
    struct fmd__ringfile *file = fmd__ringfile_open(memory, memory_bytes, &why);
    assert_non_null(file);
    assert_null(why);
    return file;
}

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
                                      .stats = {.recorded = 100 * i}};
        fmd__ring_file_store_state(header, &now);
        /* half of the next one */
        header->states[(header->state_published + 1) & 1].stats.recorded = 77;
        file = open_or_fail();
        fmd__ringfile_anchor(file, &monotonic, &utc);
        fmd__ringfile_stats(file, &stats);
        assert_true(monotonic == i && utc == -(int64_t)i);
        assert_int_equal(stats.recorded, 100 * i);
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
