/* SPDX-License-Identifier: Apache-2.0 */
/* Samples blocks against the plain list of the samples that went in. */
#include "testdata/cmocka_tests.h"

#include "made_entries.h"
#include "samples.h"

#define MANY 6000u
#define DEPTH 40u

static struct fmd__samples_writer writer;
static struct fmd__samples_reader reader;
static uint8_t payload[FMD__SAMPLES_BYTES_MAX];
static struct fmd__stack_frame stacks[MANY][DEPTH];
static struct fmd__sample in[MANY];

/* A service: a few threads, requests that last some samples, stacks that share most of
 * their frames with the one before. */
static void make_samples(uint32_t count)
{
    uint64_t now = 1000000000000u;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t depth = 10 + (uint32_t)(made_random() % (DEPTH - 10)), same = 0;
        if (i > 0 && made_random() % 4)
            same = (uint32_t)(made_random() % depth);
        for (uint32_t f = 0; f < depth; f++)
            stacks[i][f] =
                f < same ? stacks[i - 1][f]
                         : (struct fmd__stack_frame){(uint32_t)(made_random() % 500),
                                                     (uint32_t)(made_random() % 400 * 2)};
        now += made_random() % 10000000;
        in[i] = (struct fmd__sample){
            .time_ns = now,
            .request = {now - now % 50000000, (uint32_t)(made_random() % 3)},
            .thread = (uint32_t)(4000 + made_random() % 4),
            .interval_us = 10000,
            .why = (uint8_t)(1 + made_random() % 3),
            .state = (uint8_t)(made_random() % 3),
            .label = (uint8_t)(made_random() % 3),
            .frame_count = depth,
            .frames = stacks[i]};
        if (made_random() % 10 == 0)
            in[i].request = (struct fmd__request_key){0, 0};
        if (made_random() % 10 == 0)
            in[i].frame_count = 0;
    }
}

TEST(samples_come_back_in_as_many_blocks_as_they_need)
{
    uint32_t done = 0, blocks = 0;
    made_state = 41;
    make_samples(MANY);
    for (; done < MANY; blocks++) {
        struct fmd__sample got;
        uint32_t first = done;
        fmd__samples_begin(&writer, payload);
        while (done < MANY && fmd__samples_add(&writer, &in[done]) == 0)
            done++;
        size_t size = fmd__samples_finish(&writer, 77 + blocks);
        assert_true(done > first && size <= sizeof(payload));
        assert_int_equal(fmd__samples_open(&reader, payload, size), 0);
        assert_int_equal(reader.journal_end, 77 + blocks);
        for (uint32_t i = first; i < done; i++) {
            assert_int_equal(fmd__samples_next(&reader, &got), 1);
            assert_true(same_sample(&in[i], &got));
        }
        assert_int_equal(fmd__samples_next(&reader, &got), 0);
    }
    assert_in_range(blocks, 2, 3);
}

TEST(kept_is_what_two_stacks_share)
{
    struct fmd__sample got;
    uint32_t count = 500;
    made_state = 42;
    make_samples(count);
    fmd__samples_begin(&writer, payload);
    for (uint32_t i = 0; i < count; i++)
        assert_int_equal(fmd__samples_add(&writer, &in[i]), 0);
    size_t size = fmd__samples_finish(&writer, 0);
    assert_int_equal(fmd__samples_open(&reader, payload, size), 0);
    for (uint32_t i = 0; i < count; i++) {
        uint32_t same = 0, before = i ? in[i - 1].frame_count : 0;
        while (same < before && same < in[i].frame_count &&
               stacks[i][same].code == stacks[i - 1][same].code &&
               stacks[i][same].offset == stacks[i - 1][same].offset)
            same++;
        assert_int_equal(fmd__samples_next(&reader, &got), 1);
        assert_int_equal(reader.kept, same);
    }
}

TEST(any_numbers_come_back)
{
    static struct made_entry made;
    struct fmd__sample got;
    made_state = 43;
    for (int round = 0; round < 1000; round++) {
        fmd__samples_begin(&writer, payload);
        make_entry(&made, FMD__ENTRY_SAMPLE);
        /* no request has no endpoint */
        if (made.entry.sample.request.start_ns == 0)
            made.entry.sample.request.endpoint = 0;
        assert_int_equal(fmd__samples_add(&writer, &in[0]), 0);
        assert_int_equal(fmd__samples_add(&writer, &made.entry.sample), 0);
        size_t size = fmd__samples_finish(&writer, 0);
        assert_int_equal(fmd__samples_open(&reader, payload, size), 0);
        assert_int_equal(fmd__samples_next(&reader, &got), 1);
        assert_int_equal(fmd__samples_next(&reader, &got), 1);
        assert_true(same_sample(&made.entry.sample, &got));
    }
}

TEST(a_sample_of_a_running_service_takes_few_bytes)
{
    /* one request, a loop in its view: the innermost frame moves */
    fmd__samples_begin(&writer, payload);
    for (uint32_t i = 0; i < 1000; i++) {
        struct fmd__stack_frame stack[30];
        for (uint32_t f = 0; f < 30; f++)
            stack[f] = (struct fmd__stack_frame){100 + f, 20 * f};
        stack[29].offset += i % 7 * 2;
        struct fmd__sample sample = {.time_ns = 5000000000000u + i * 10000123u,
                                     .request = {5000000000000u, 3},
                                     .thread = 12345,
                                     .interval_us = 10000,
                                     .why = FMD__SAMPLE_PROFILE,
                                     .frame_count = 30,
                                     .frames = stack};
        assert_int_equal(fmd__samples_add(&writer, &sample), 0);
    }
    assert_in_range(fmd__samples_finish(&writer, 0), 5000, 13000);
}

/* Samples in exactly size bytes, -1 when damaged. */
static int count_exactly(size_t size)
{
    uint8_t *exact = malloc(size + !size);
    struct fmd__sample got;
    int count = 0, more = -1;
    memcpy(exact, payload, size);
    if (fmd__samples_open(&reader, exact, size) == 0)
        while ((more = fmd__samples_next(&reader, &got)) == 1) {
            assert_true(got.frame_count <= FMD__STACK_FRAMES_MAX);
            count++;
        }
    free(exact);
    return more == 0 ? count : -1;
}

static size_t encode_few(void)
{
    make_samples(40);
    fmd__samples_begin(&writer, payload);
    for (uint32_t i = 0; i < 40; i++)
        assert_int_equal(fmd__samples_add(&writer, &in[i]), 0);
    return fmd__samples_finish(&writer, 0);
}

TEST(every_truncation_is_damage_or_ends_between_two)
{
    made_state = 44;
    size_t size = encode_few(), whole = 0;
    for (size_t cut = 0; cut < size; cut++)
        whole += count_exactly(cut) >= 0;
    assert_int_equal(whole, 40);
}

TEST(flipped_bits_and_noise_do_no_harm)
{
    made_state = 45;
    size_t size = encode_few();
    for (size_t bit = 0; bit < size * 8; bit++) {
        payload[bit / 8] ^= (uint8_t)(1 << bit % 8);
        count_exactly(size);
        payload[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    for (int round = 0; round < 20000; round++) {
        for (size_t i = 0; i < 64; i++)
            payload[i] = (uint8_t)(made_random() & (made_random() % 2 ? 255 : 7));
        count_exactly(64);
    }
}

TEST(more_samples_than_a_block_may_hold_are_damage)
{
    memset(payload, 0, sizeof(payload));
    /* what, time, request, keep, push */
    assert_int_equal(count_exactly(8 + 5 * FMD__BLOCK_SAMPLES_MAX),
                     FMD__BLOCK_SAMPLES_MAX);
    assert_int_equal(count_exactly(8 + 5 * (FMD__BLOCK_SAMPLES_MAX + 1)), -1);
}
