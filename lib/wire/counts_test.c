/* SPDX-License-Identifier: Apache-2.0 */
/* Counts blocks: what is written comes back, damage is seen. */
#include "testdata/cmocka_tests.h"

#include "counts.h"

static struct fmd__endpoint_count in[FMD__BLOCK_COUNTS_MAX];
static uint8_t payload[FMD__COUNTS_BOUND];

static size_t encode(uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        in[i] = (struct fmd__endpoint_count){i % 2 ? UINT32_MAX - i : i + 1,
                                             UINT64_MAX >> i % 64, UINT64_MAX << i % 64};
    size_t size = fmd__counts_encode(in, count, payload);
    assert_true(size <= sizeof(payload));
    return size;
}

TEST(counts_come_back)
{
    struct fmd__endpoint_count got;
    size_t size = encode(FMD__BLOCK_COUNTS_MAX), offset = 0;
    for (uint32_t i = 0; i < FMD__BLOCK_COUNTS_MAX; i++) {
        assert_int_equal(fmd__counts_decode(payload, size, &offset, &got), 1);
        assert_int_equal(got.endpoint, in[i].endpoint);
        assert_true(got.count == in[i].count && got.last_ns == in[i].last_ns);
    }
    assert_int_equal(fmd__counts_decode(payload, size, &offset, &got), 0);
}

/* Triples in exactly size bytes, -1 when damaged. */
static int count_exactly(size_t size)
{
    uint8_t *exact = malloc(size + !size);
    struct fmd__endpoint_count got;
    size_t offset = 0;
    int count = 0, more;
    memcpy(exact, payload, size);
    while ((more = fmd__counts_decode(exact, size, &offset, &got)) == 1)
        count++;
    free(exact);
    return more == 0 ? count : -1;
}

TEST(every_truncation_is_damage_or_ends_between_two)
{
    size_t size = encode(100), whole = 0;
    for (size_t cut = 0; cut < size; cut++)
        whole += count_exactly(cut) >= 0;
    assert_int_equal(whole, 100);
}

TEST(flipped_bits_do_no_harm)
{
    size_t size = encode(50);
    for (size_t bit = 0; bit < size * 8; bit++) {
        payload[bit / 8] ^= (uint8_t)(1 << bit % 8);
        count_exactly(size);
        payload[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
}

TEST(an_endpoint_of_number_0_is_damage)
{
    memset(payload, 0, 3);
    assert_int_equal(count_exactly(3), -1);
}
