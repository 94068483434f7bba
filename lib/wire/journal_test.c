/* SPDX-License-Identifier: Apache-2.0 */
/* The journal against the plain list of what was put into it, step by step and with a
 * reader in another thread. */
#include "testdata/cmocka_tests.h"

#include "journal.h"
#include "made_entries.h"

#include <pthread.h>

#define ROOM 4096u

static struct fmd__journal *journal;

static void start(void)
{
    free(journal);
    journal = aligned_alloc(128, sizeof(*journal) + ROOM);
    memset(journal, 0, sizeof(*journal));
    memset(journal->bytes, 0xaa, ROOM); /* what is not written is not read */
}

/* The n-th entry: its length and bytes follow from n. */
static uint32_t entry_of(uint32_t n, uint8_t *bytes)
{
    uint32_t length = 1 + n * 2654435761u % (n % 7 ? 60 : ROOM / 2 - 12);
    for (uint32_t i = 0; i < length; i++)
        bytes[i] = (uint8_t)(n + i);
    return length;
}

static void assert_entry(uint32_t n, const uint8_t *entry, uint32_t length)
{
    uint8_t expected[ROOM];
    assert_int_equal(length, entry_of(n, expected));
    assert_memory_equal(entry, expected, length);
}

/* Entries first .. end - 1 are what is there. */
static void assert_holds(uint32_t first, uint32_t end)
{
    const uint8_t *entry;
    uint32_t length;
    uint64_t position = journal->tail;
    for (uint32_t n = first; n < end; n++) {
        assert_int_equal(fmd__journal_next(journal->bytes, ROOM, journal->head, &position,
                                           &entry, &length),
                         1);
        assert_entry(n, entry, length);
    }
    assert_int_equal(fmd__journal_next(journal->bytes, ROOM, journal->head, &position,
                                       &entry, &length),
                     0);
}

TEST(what_is_published_is_there_at_every_step)
{
    uint8_t bytes[ROOM];
    uint32_t first = 0, end = 0, full = 0;
    start();
    made_state = 61;
    for (int step = 0; step < 5000; step++) {
        if (made_random() % 3) {
            uint32_t length = entry_of(end, bytes);
            if (fmd__journal_put(journal, ROOM, bytes, length) == 0)
                end++;
            else
                full++;
        } else if (first < end) {
            const uint8_t *entry;
            uint32_t length;
            uint64_t position = journal->tail;
            fmd__journal_next(journal->bytes, ROOM, journal->head, &position, &entry,
                              &length);
            journal->tail = position;
            first++;
        }
        assert_holds(first, end);
    }
    assert_true(full > 100 && end > 1000);
    assert_int_equal(journal->dropped, full);
}

TEST(an_entry_of_more_than_half_the_room_is_refused)
{
    uint8_t bytes[ROOM] = {1};
    start();
    assert_int_equal(fmd__journal_put(journal, ROOM, bytes, ROOM / 2 - 3), -1);
    assert_int_equal(fmd__journal_put(journal, ROOM, bytes, 0), -1);
    assert_int_equal(fmd__journal_put(journal, ROOM, bytes, ROOM / 2 - 4), 0);
    assert_int_equal(journal->dropped, 2);
}

#define PASSED 20000u

static void *produce(void *nothing)
{
    uint8_t bytes[ROOM];
    for (uint32_t n = 0; n < PASSED;)
        if (fmd__journal_put(journal, ROOM, bytes, entry_of(n, bytes)) == 0)
            n++;
        else
            sched_yield();
    return nothing;
}

TEST(a_reader_in_another_thread_sees_whole_entries)
{
    pthread_t producer;
    start();
    assert_int_equal(pthread_create(&producer, NULL, produce, NULL), 0);
    for (uint32_t n = 0; n < PASSED;) {
        const uint8_t *entry;
        uint32_t length;
        uint64_t position = journal->tail;
        uint64_t head = atomic_load_explicit(&journal->head, memory_order_acquire);
        if (position == head)
            sched_yield();
        for (; fmd__journal_next(journal->bytes, ROOM, head, &position, &entry,
                                 &length) == 1;
             n++)
            assert_entry(n, entry, length);
        atomic_store_explicit(&journal->tail, position, memory_order_release);
    }
    pthread_join(producer, NULL);
}

TEST(any_bytes_are_read_safely_and_to_an_end)
{
    start();
    made_state = 62;
    uint8_t *area = malloc(ROOM); /* exact, for the sanitizer */
    for (int round = 0; round < 3000; round++) {
        const uint8_t *entry;
        uint32_t length, steps = 0;
        uint64_t position = made_random() & (round % 2 ? ~7ull : ~0ull);
        uint64_t head = position + (made_random() % (2 * ROOM) & ~7ull);
        for (uint32_t i = 0; i < ROOM; i++)
            area[i] = (uint8_t)(made_random() % 5 ? 0 : made_random() % 64);
        while (fmd__journal_next(area, ROOM, head, &position, &entry, &length) == 1) {
            assert_true(entry >= area && length <= ROOM && entry + length <= area + ROOM);
            assert_true(++steps <= ROOM / 8);
        }
    }
    free(area);
}
