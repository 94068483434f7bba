/* SPDX-License-Identifier: Apache-2.0 */
/* Exceptions against a plain count of each kind: what is told through the journal adds up
 * to what was thrown, whatever the writer does meanwhile. */
#include "testdata/cmocka_tests.h"

#include "exceptions.h"
#include "wire/journal.h"

#include <pthread.h>
#include <stdio.h>

enum { KINDS = 3000, OTHERS = KINDS }; /* more than there is room for */

static const struct fmd__ring_plan plan = {.rings = 1,
                                           .slots = 64,
                                           .endpoints_room = 4096,
                                           .journal_room = FMD__JOURNAL_ROOM_MIN};
static struct fmd__ring_header *header;
static struct fmd__exceptions *exceptions;
static uint64_t thrown[KINDS], told[KINDS + 1], entries;

static void start(void)
{
    const struct fmd__hash_key key = {{1, 2, 3, 4}};
    struct fmd__segment segment = {.pid = 4711, .application = "shop"};
    size_t bytes = (fmd__ring_file_bytes(&plan) + 4095) / 4096 * 4096;

    free(header);
    header = aligned_alloc(4096, bytes);
    assert_non_null(header);
    memset(header, 0, bytes);
    fmd__ring_file_format(header, &segment, &plan);
    fmd__exceptions_free(exceptions);
    exceptions = fmd__exceptions_new(&key);
    assert_non_null(exceptions);
    memset(thrown, 0, sizeof thrown);
    memset(told, 0, sizeof told);
    entries = 0;
}

/* As a binding does. The kind's type is its number. */
static void throw(uint32_t kind, uint64_t time_ns)
{
    const struct fmd__stack_frame frame = {7 + kind, 2 * kind};
    char type[16], message[] = "what it said";
    int length = snprintf(type, sizeof type, "%u", kind);
    struct fmd__exception exception = {.time_ns = time_ns,
                                       .request = {time_ns, kind % 10},
                                       .type = {type, (uint32_t)length},
                                       .message = {"", 0},
                                       .frame_count = 1,
                                       .frames = &frame};

    thrown[kind]++;
    if (fmd__exceptions_count(exceptions, header, &exception))
        return;
    exception.message = (struct fmd__text){message, sizeof message - 1};
    fmd__exceptions_add(exceptions, header, &exception);
}

static void read_entry(const uint8_t *bytes, uint32_t length)
{
    static struct fmd__stack_frame frames[FMD__STACK_FRAMES_MAX];
    struct fmd__journal_entry entry;
    const struct fmd__exception *exception = &entry.exception;
    size_t offset = 0;
    char type[16] = "";
    unsigned long kind;

    assert_int_equal(fmd__entry_decode(bytes, length, &offset, &entry, frames), 1);
    assert_int_equal(entry.kind, FMD__ENTRY_EXCEPTION);
    entries++;
    if (exception->type.bytes[0] == '(') {
        told[OTHERS] += exception->count;
        return;
    }
    memcpy(type, exception->type.bytes, exception->type.length);
    kind = strtoul(type, NULL, 10);
    assert_true(kind < KINDS);
    told[kind] += exception->count;
    assert_int_equal(exception->request.endpoint, kind % 10);
    assert_int_equal(exception->request.start_ns, exception->time_ns); /* of one moment */
    assert_int_equal(exception->frames[0].code, 7 + kind);
    assert_int_equal(exception->message.length, sizeof "what it said" - 1);
}

/* What the journal holds, as the writer takes it. */
static void drain(void)
{
    struct fmd__journal *journal = fmd__ring_journal(header);
    uint64_t position = atomic_load_explicit(&journal->tail, memory_order_relaxed);
    uint64_t head = atomic_load_explicit(&journal->head, memory_order_acquire);
    const uint8_t *entry;
    uint32_t length;

    while (fmd__journal_next(journal->bytes, plan.journal_room, head, &position, &entry,
                             &length) == 1)
        read_entry(entry, length);
    atomic_store_explicit(&journal->tail, position, memory_order_release);
}

static void tell_all(void)
{
    bool all = false;

    for (int round = 0; round < 100 && !all; round++) {
        all = fmd__exceptions_tell(exceptions, header);
        drain();
    }
    assert_true(all);
}

static void assert_all_told(void)
{
    uint64_t missing = 0;

    for (uint32_t kind = 0; kind < KINDS; kind++) {
        assert_true(told[kind] <= thrown[kind]);
        missing += thrown[kind] - told[kind];
    }
    assert_int_equal(missing, told[OTHERS]);
}

TEST(the_first_of_a_kind_is_in_the_journal_at_once)
{
    start();
    throw(5, 1000);
    drain();
    assert_int_equal(told[5], 1);
    for (uint64_t i = 0; i < 100000; i++)
        throw(5, 2000 + i);
    drain();
    assert_int_equal(entries, 1);
    tell_all();
    assert_int_equal(entries, 2);
    assert_int_equal(told[5], 100001);
    tell_all();
    assert_int_equal(entries, 2);
}

TEST(those_that_come_again_are_in_the_journal_ten_times_a_second)
{
    const uint64_t ms = 1000000;

    start();
    for (uint64_t i = 0; i < 8; i++) { /* seldom: a kill would lose none */
        throw(5, i * 100 * ms);
        drain();
        assert_int_equal(told[5], i + 1);
    }
    entries = told[5] = thrown[5] = 0;
    for (uint64_t i = 0; i < 100000; i++) /* a storm of a second: a tenth of it */
        throw(5, 10000 * ms + i * ms / 100);
    drain();
    assert_int_equal(entries, 10);
    assert_int_equal(told[5], 90001);
    tell_all();
    assert_int_equal(told[5], 100000);
}

TEST(of_more_kinds_than_there_is_room_for_the_number_is_told)
{
    start();
    for (uint32_t round = 0; round < 3; round++)
        for (uint32_t kind = 0; kind < KINDS; kind++)
            throw(kind, 1 + round);
    tell_all();
    assert_all_told();
    assert_true(told[OTHERS] > 0 && entries > 200);
}

TEST(later_kinds_take_the_places_of_those_that_are_not_seen_any_more)
{
    start();
    for (uint32_t kind = 0; kind < KINDS; kind++) {
        throw(kind, 1 + kind);
        if (kind % 100 == 99)
            tell_all();
    }
    assert_int_equal(told[OTHERS], 0);
    assert_all_told();
}

TEST(a_full_journal_loses_none)
{
    start();
    for (uint32_t round = 0; round < 40; round++) {
        for (uint32_t kind = 0; kind < 40; kind++)
            throw(kind + 40 * (round % 2), 1 + round);
        (void)fmd__exceptions_tell(exceptions, header); /* nobody drains it */
    }
    tell_all();
    assert_all_told();
    assert_int_equal(told[OTHERS], 0);
}

static _Atomic bool done;

static void *write_all_the_time(void *unused)
{
    while (!atomic_load(&done)) {
        (void)fmd__exceptions_tell(exceptions, header);
        drain();
    }
    return unused;
}

TEST(the_writer_tells_while_they_are_thrown)
{
    uint32_t random = 1;
    pthread_t writer;

    start();
    atomic_store(&done, false);
    assert_int_equal(pthread_create(&writer, NULL, write_all_the_time, NULL), 0);
    for (uint64_t i = 0; i < 300000; i++) {
        random = random * 1664525u + 1013904223u;
        throw((random >> 16) % (random % 64 ? 20 : KINDS), 1 + i);
    }
    atomic_store(&done, true);
    pthread_join(writer, NULL);
    tell_all();
    assert_all_told();
}

TEST(code_objects_have_numbers_of_their_own_and_are_described_before_use)
{
    const struct fmd__code_identity first = {.address = 1}, again = {.address = 2};
    const struct fmd__python_code code = {.filename = "shop.py",
                                          .filename_length = 7,
                                          .qualname = "Cart.add",
                                          .qualname_length = 8,
                                          .linetable = (const uint8_t *)"lines",
                                          .linetable_size = 5,
                                          .first_line = 9};
    struct fmd__journal *journal;
    uint32_t number, other;

    start();
    journal = fmd__ring_journal(header);
    assert_false(fmd__exceptions_find_code(exceptions, &first, &number));
    number = fmd__exceptions_add_code(exceptions, header, &first, &code);
    assert_true(number > FMD__CODES_MAX);
    assert_true(journal->head > 0);
    assert_true(fmd__exceptions_find_code(exceptions, &first, &other));
    assert_int_equal(other, number);
    assert_int_equal(fmd__exceptions_add_code(exceptions, header, &again, &code), number);
    assert_memory_equal(fmd__exceptions_code(exceptions, number)->qualname, "Cart.add",
                        8);
    assert_null(fmd__exceptions_code(exceptions, number + 1));
    assert_null(fmd__exceptions_code(exceptions, number - FMD__CODES_MAX));
}

TEST(text_is_cut_between_characters)
{
    const char text[] = "a\xc3\xa9\xe2\x82\xac";

    assert_int_equal(fmd__text_cut(text, 6, 9), 6);
    assert_int_equal(fmd__text_cut(text, 6, 5), 3);
    assert_int_equal(fmd__text_cut(text, 6, 2), 1);
    assert_int_equal(fmd__text_cut(text, 6, 0), 0);
}
