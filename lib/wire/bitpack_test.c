/* SPDX-License-Identifier: Apache-2.0 */
/* Packed numbers against a reader that takes one bit at a time. */
#include "testdata/cmocka_tests.h"

#include "bitpack.h"

#define MOST 4096u

static uint64_t state_of_random;
static uint64_t next_random(void)
{
    state_of_random ^= state_of_random << 13;
    state_of_random ^= state_of_random >> 7;
    return state_of_random ^= state_of_random << 17;
}

static uint64_t mask_of(unsigned width)
{
    return width == 64 ? UINT64_MAX : (1ull << width) - 1;
}

/* What FORMAT.md says, to the letter. */
static uint64_t number_bit_by_bit(const uint8_t *packed, size_t i, unsigned width)
{
    uint64_t value = 0;
    for (unsigned bit = 0; bit < width; bit++) {
        size_t at = i * width + bit;
        value |= (uint64_t)(packed[at / 8] >> at % 8 & 1) << bit;
    }
    return value;
}

static uint64_t values[MOST], wide[MOST];
static uint32_t narrow[MOST];

/* Packs count random numbers into memory of exactly their size. */
static uint8_t *pack_some(size_t count, unsigned width)
{
    for (size_t i = 0; i < count; i++)
        values[i] = next_random() & mask_of(width);
    size_t size = fmd__bitpack_bytes(count, width);
    uint8_t *packed = malloc(size + !size);
    assert_ptr_equal(fmd__bitpack(values, count, width, packed), packed + size);
    return packed;
}

static void check(size_t count, unsigned width)
{
    uint8_t *packed = pack_some(count, width);
    uint64_t base = next_random();
    for (size_t i = 0; i < count; i++)
        assert_true(number_bit_by_bit(packed, i, width) == values[i]);
    fmd__bitunpack64(packed, count, width, base, wide);
    for (size_t i = 0; i < count; i++)
        assert_true(wide[i] == base + values[i]);
    fmd__bitunpack64_portable(packed, count, width, base, wide);
    for (size_t i = 0; i < count; i++)
        assert_true(wide[i] == base + values[i]);
    if (width <= 32) {
        fmd__bitunpack32(packed, count, width, (uint32_t)base, narrow);
        for (size_t i = 0; i < count; i++)
            assert_true(narrow[i] == (uint32_t)(base + values[i]));
        fmd__bitunpack32_portable(packed, count, width, (uint32_t)base, narrow);
        for (size_t i = 0; i < count; i++)
            assert_true(narrow[i] == (uint32_t)(base + values[i]));
    }
    free(packed);
}

TEST(every_width_comes_back_for_every_small_count)
{
    state_of_random = 3;
    for (unsigned width = 0; width <= 64; width++)
        for (size_t count = 0; count < 150; count++)
            check(count, width);
}

TEST(every_width_comes_back_for_a_whole_block)
{
    state_of_random = 4;
    for (unsigned width = 0; width <= 64; width++) {
        check(MOST, width);
        check(MOST - 1, width);
    }
}

TEST(bits_above_the_width_are_left_out)
{
    uint64_t full[9];
    uint8_t packed[9];
    memset(full, 0xff, sizeof(full));
    fmd__bitpack(full, 9, 3, packed);
    assert_int_equal(packed[3], 0x07);
}

TEST(bits_of_a_number)
{
    assert_int_equal(fmd__bits_of(0), 0);
    assert_int_equal(fmd__bits_of(1), 1);
    assert_int_equal(fmd__bits_of(255), 8);
    assert_int_equal(fmd__bits_of(256), 9);
    assert_int_equal(fmd__bits_of(UINT64_MAX), 64);
}
