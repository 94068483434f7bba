/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A recorder is played step by step in memory and killed after each step; what the trace
 * and the ring file hold together is compared with the plain list of what was published.
 */
#include "made_ring.h"
#include "requests.h"

static uint64_t state_of_random;
static uint64_t next_random(void)
{
    state_of_random ^= state_of_random << 13;
    state_of_random ^= state_of_random >> 7;
    return state_of_random ^= state_of_random << 17;
}

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

static uint32_t text_of(uint64_t hash, char text[FMD__RING_STRING_BYTES])
{
    uint32_t length = (uint32_t)(hash % (FMD__RING_STRING_BYTES + 1));
    for (uint32_t i = 0; i < length; i++)
        text[i] = (char)(hash >> i % 8);
    return length;
}

/* Kills the recorder here: everything published is in the trace or in the ring, once. */
static void assert_nothing_lost_or_twice(void);

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
    struct fmd__ringfile *file = open_or_fail();
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
    memset(&played, 0, sizeof(played));
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
