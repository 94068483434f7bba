/* SPDX-License-Identifier: Apache-2.0 */
/* Entries: whatever is written comes back; what is unknown is passed over; damage is
 * seen. */
#include "testdata/cmocka_tests.h"

#include "made_entries.h"
#include "numbers.h"

static struct made_entry made;
static struct fmd__stack_frame frames[FMD__STACK_FRAMES_MAX];
static uint8_t payload[2 * FMD__ENTRY_BYTES_MAX];

static enum fmd__entry_kind any_kind(void)
{
    return FMD__ENTRY_DEFINITION + made_random() % FMD__ENTRY_UNFINISHED;
}

static size_t encode(const struct fmd__journal_entry *entry, uint8_t *out)
{
    size_t bytes = fmd__entry_encode(entry, out);
    assert_true(bytes <= fmd__entry_bound(entry));
    assert_true(bytes <= FMD__ENTRY_BYTES_MAX);
    return bytes;
}

TEST(every_entry_comes_back)
{
    struct fmd__journal_entry got;
    made_state = 31;
    for (int round = 0; round < 3000; round++) {
        make_entry(&made, any_kind());
        size_t size = encode(&made.entry, payload), offset = 0;
        assert_int_equal(fmd__entry_decode(payload, size, &offset, &got, frames), 1);
        assert_true(same_entry(&made.entry, &got));
        assert_int_equal(offset, size);
        assert_int_equal(fmd__entry_decode(payload, size, &offset, &got, frames), 0);
    }
}

TEST(what_is_too_long_is_cut)
{
    static char long_text[FMD__ENTRY_STRING_BYTES_MAX + 100];
    static struct fmd__stack_frame deep[FMD__STACK_FRAMES_MAX + 50];
    struct fmd__journal_entry got, entry = {.kind = FMD__ENTRY_GAUGE};
    size_t offset = 0;
    memset(long_text, 'x', sizeof(long_text));
    entry.gauge.name = (struct fmd__text){long_text, sizeof(long_text)};
    size_t size = encode(&entry, payload);
    assert_int_equal(fmd__entry_decode(payload, size, &offset, &got, frames), 1);
    assert_int_equal(got.gauge.name.length, FMD__ENTRY_STRING_BYTES_MAX);

    entry = (struct fmd__journal_entry){.kind = FMD__ENTRY_SAMPLE};
    entry.sample.frames = deep;
    entry.sample.frame_count = FMD__STACK_FRAMES_MAX + 50;
    size = encode(&entry, payload);
    offset = 0;
    assert_int_equal(fmd__entry_decode(payload, size, &offset, &got, frames), 1);
    assert_int_equal(got.sample.frame_count, FMD__STACK_FRAMES_MAX);
    assert_int_equal(got.sample.label, FMD__SAMPLE_TRUNCATED);
}

TEST(the_longest_entry_of_each_kind_keeps_the_bound)
{
    static char text[FMD__STRING_BYTES_MAX];
    static uint8_t table[FMD__LINE_TABLE_BYTES_MAX];
    struct fmd__journal_entry entry = {.kind = FMD__ENTRY_CONTEXT}, got;
    entry.context.item_count = FMD__CONTEXT_ITEMS_MAX;
    for (uint32_t i = 0; i < FMD__CONTEXT_ITEMS_MAX; i++)
        entry.context.items[i].name = entry.context.items[i].value =
            (struct fmd__text){text, sizeof(text)};
    encode(&entry, payload);
    entry =
        (struct fmd__journal_entry){.kind = FMD__ENTRY_DEFINITION,
                                    .definition = {.kind = FMD__DEFINE_CODE,
                                                   .id = UINT32_MAX,
                                                   .bytes = text,
                                                   .length = sizeof(text),
                                                   .file = text,
                                                   .file_length = sizeof(text),
                                                   .first_line = UINT32_MAX,
                                                   .line_table = table,
                                                   .line_table_bytes = sizeof(table)}};
    size_t size = encode(&entry, payload), offset = 0;
    assert_int_equal(fmd__entry_decode(payload, size, &offset, &got, frames), 1);
    assert_true(same_entry(&entry, &got));
}

/* Entries that can be read in exactly size bytes, or -1 when the last is damaged. */
static int count_exactly(size_t size)
{
    uint8_t *exact = malloc(size + !size);
    struct fmd__journal_entry got;
    size_t offset = 0;
    int count = 0, more;
    memcpy(exact, payload, size);
    while ((more = fmd__entry_decode(exact, size, &offset, &got, frames)) == 1)
        count++;
    free(exact);
    return more == 0 ? count : -1;
}

static size_t encode_one_of_each(void)
{
    size_t size = 0;
    for (int kind = FMD__ENTRY_DEFINITION; kind <= FMD__ENTRY_UNFINISHED; kind++) {
        make_entry(&made, kind);
        size += encode(&made.entry, payload + size);
    }
    return size;
}

TEST(every_truncation_is_damage_or_ends_between_two)
{
    made_state = 32;
    size_t size = encode_one_of_each(), whole = 0;
    for (size_t cut = 0; cut < size; cut++)
        whole += count_exactly(cut) >= 0;
    assert_int_equal(whole, FMD__ENTRY_UNFINISHED);
}

TEST(a_field_that_ends_inside_an_entry_is_damage)
{
    struct fmd__journal_entry got;
    made_state = 33;
    for (int kind = FMD__ENTRY_DEFINITION; kind <= FMD__ENTRY_GAUGE; kind++) {
        make_entry(&made, kind);
        size_t size = encode(&made.entry, payload), offset = 0;
        /* the entry says that it is shorter than its fields */
        size_t body = size - 4;
        payload[0] = (uint8_t)(body | 0x80);
        payload[1] = (uint8_t)(body >> 7 | 0x80);
        payload[2] = (uint8_t)(body >> 14);
        assert_int_equal(fmd__entry_decode(payload, size - 1, &offset, &got, frames), -1);
    }
}

TEST(unknown_kinds_and_added_fields_are_passed_over)
{
    static const uint8_t later[] = {4, 77, 'n', 'e', 'w'};
    struct fmd__journal_entry got;
    made_state = 34;
    memcpy(payload, later, sizeof(later));
    make_entry(&made, FMD__ENTRY_EXCEPTION);
    size_t at = sizeof(later);
    size_t bytes = encode(&made.entry, payload + at), body = bytes - 3 + 2, offset = 0;
    payload[at] = (uint8_t)(body | 0x80);
    payload[at + 1] = (uint8_t)(body >> 7 | 0x80);
    payload[at + 2] = (uint8_t)(body >> 14);
    payload[at + bytes] = payload[at + bytes + 1] = 9;
    at += bytes + 2;
    assert_int_equal(fmd__entry_decode(payload, at, &offset, &got, frames), 1);
    assert_true(same_entry(&made.entry, &got));
    assert_int_equal(fmd__entry_decode(payload, at, &offset, &got, frames), 0);
}

TEST(numbers_of_a_process_that_a_later_version_tells_are_passed_over)
{
    struct fmd__journal_entry got, entry = {.kind = FMD__ENTRY_PROCESS};
    entry.process.time_ns = 5;
    entry.process.known = 1u << FMD__PROCESS_THREADS;
    entry.process.values[FMD__PROCESS_THREADS] = 7;
    size_t size = encode(&entry, payload), offset = 0;
    payload[size++] = 100;
    payload[size++] = 3;
    payload[0] = (uint8_t)((size - 3) | 0x80);
    assert_int_equal(fmd__entry_decode(payload, size, &offset, &got, frames), 1);
    assert_true(same_entry(&entry, &got));
}

TEST(flipped_bits_and_noise_do_no_harm)
{
    made_state = 35;
    size_t size = encode_one_of_each();
    size_t bits = size * 8 < 40000 ? size * 8 : 40000;
    for (size_t bit = 0; bit < bits; bit++) {
        payload[bit / 8] ^= (uint8_t)(1 << bit % 8);
        count_exactly(size);
        payload[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    for (int round = 0; round < 20000; round++) {
        for (size_t i = 0; i < 64; i++)
            payload[i] = (uint8_t)made_random();
        payload[0] = 62;
        payload[1] = (uint8_t)(1 + made_random() % 8);
        count_exactly(64);
    }
}

TEST(a_journal_block_says_where_it_ends)
{
    size_t offset = 0;
    uint64_t end = 0;
    fmd__journal_block_begin(0x123456789abcdef0u, payload);
    assert_int_equal(fmd__journal_block_open(payload, 7, &offset, &end), -1);
    assert_int_equal(fmd__journal_block_open(payload, 8, &offset, &end), 0);
    assert_int_equal(offset, FMD__JOURNAL_HEAD_BYTES);
    assert_true(end == 0x123456789abcdef0u);
}
