/* SPDX-License-Identifier: Apache-2.0 */
/* Details behind a block of requests: they come back, and those who do not ask for them
 * read the same requests. */
#include "testdata/cmocka_tests.h"

#include "details.h"
#include "made_entries.h"

static struct fmd__columns columns, columns_back;
static struct fmd__details in, out;
static uint8_t payload[FMD__REQUESTS_BOUND + FMD__DETAILS_BOUND];

static void make(uint32_t count, bool extreme)
{
    columns.count = in.count = count;
    for (uint32_t i = 0; i < count; i++) {
        columns.start_ns[i] = 1000 * i;
        columns.duration_ns[i] = made_random() % 5000000;
        columns.first_byte_ns[i] = columns.view_ns[i] = UINT64_MAX;
        columns.endpoint[i] = (uint32_t)(made_random() % 20);
        in.what[i] = (uint8_t)(2 | FMD__DETAIL_MEASURED);
        in.cpu_ns[i] = extreme ? made_random() : made_random() % 3000000;
        in.threshold_ns[i] = made_random() % 10 == 0 ? 90000000 : 0;
        in.voluntary_switches[i] =
            (uint32_t)(extreme ? made_random() : made_random() % 5);
        in.involuntary_switches[i] = (uint32_t)(extreme ? made_random() : 0);
        in.minor_faults[i] = (uint32_t)(extreme ? made_random() : made_random() % 3);
        in.major_faults[i] = (uint32_t)(extreme ? made_random() : 0);
        in.block_reads[i] = (uint32_t)(extreme ? made_random() : 0);
        in.block_writes[i] = (uint32_t)(extreme ? made_random() : made_random() % 2);
        if (in.threshold_ns[i])
            in.what[i] |= FMD__DETAIL_OUTLIER;
    }
}

/* The payload; *requests_end is where those who wrote no details would have ended. */
static size_t encode(size_t *requests_end)
{
    size_t size = fmd__requests_encode(&columns, NULL, 0, payload);
    assert_true(size <= FMD__REQUESTS_BOUND);
    *requests_end = size;
    size_t more = fmd__details_encode(&in, payload + size);
    assert_true(more <= FMD__DETAILS_BOUND);
    return size + more;
}

#define SAME(member) assert_memory_equal(in.member, out.member, n * sizeof(in.member[0]))

static void assert_same_details(void)
{
    uint32_t n = in.count;
    assert_int_equal(out.count, n);
    SAME(what);
    SAME(cpu_ns);
    SAME(threshold_ns);
    SAME(voluntary_switches);
    SAME(involuntary_switches);
    SAME(minor_faults);
    SAME(major_faults);
    SAME(block_reads);
    SAME(block_writes);
}

TEST(details_come_back)
{
    static const uint32_t counts[] = {1, 2, 100, FMD__BLOCK_REQUESTS_MAX};
    size_t ignored;
    made_state = 51;
    for (int extreme = 0; extreme < 2; extreme++)
        for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
            make(counts[i], extreme);
            size_t size = encode(&ignored);
            assert_int_equal(fmd__details_decode(payload, size, &out), 1);
            assert_same_details();
        }
}

TEST(the_requests_are_read_as_if_there_were_no_details)
{
    uint32_t ranges = 0;
    size_t requests_end;
    made_state = 52;
    make(1000, false);
    size_t size = encode(&requests_end);
    assert_true(size > requests_end);
    assert_int_equal(fmd__requests_decode(payload, size, &columns_back, NULL, &ranges),
                     0);
    assert_int_equal(columns_back.count, 1000);
    assert_memory_equal(columns.start_ns, columns_back.start_ns, 8000);
    assert_memory_equal(columns.duration_ns, columns_back.duration_ns, 8000);
    assert_memory_equal(columns.endpoint, columns_back.endpoint, 4000);
}

TEST(without_details_all_are_0)
{
    size_t requests_end;
    made_state = 53;
    make(100, true);
    encode(&requests_end);
    memset(&out, 0xee, sizeof(out));
    assert_int_equal(fmd__details_decode(payload, requests_end, &out), 0);
    memset(&in, 0, sizeof(in));
    in.count = 100;
    assert_same_details();
    assert_int_equal(fmd__details_encode(&in, payload), 0);
}

static int decode_exactly(size_t size)
{
    uint8_t *exact = malloc(size + !size);
    memcpy(exact, payload, size);
    int got = fmd__details_decode(exact, size, &out);
    free(exact);
    return got;
}

TEST(a_cut_between_columns_is_all_that_passes)
{
    size_t requests_end, whole = 0;
    made_state = 54;
    make(60, true);
    size_t size = encode(&requests_end);
    for (size_t cut = requests_end; cut < size; cut++)
        whole += decode_exactly(cut) >= 0;
    assert_int_equal(whole, 9);
}

TEST(flipped_bits_do_no_harm)
{
    size_t requests_end;
    made_state = 55;
    make(60, true);
    size_t size = encode(&requests_end);
    for (size_t bit = 0; bit < size * 8; bit++) {
        payload[bit / 8] ^= (uint8_t)(1 << bit % 8);
        decode_exactly(size);
        payload[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
}
