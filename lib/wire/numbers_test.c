/* SPDX-License-Identifier: Apache-2.0 */
/* Words and variable-length integers as bytes. */
#include "testdata/cmocka_tests.h"

#include "numbers.h"

static const uint64_t interesting[] = {
    0,          1,          127,        128,        16383,          16384,     1u << 31,
    UINT32_MAX, 1ull << 32, 1ull << 62, 1ull << 63, UINT64_MAX - 1, UINT64_MAX};
#define INTERESTING (sizeof(interesting) / sizeof(interesting[0]))

TEST(varints_come_back)
{
    for (size_t i = 0; i < INTERESTING; i++) {
        uint8_t bytes[FMD__VARINT_BYTES_MAX];
        uint64_t value = 1;
        uint8_t *end = fmd__put_varint(bytes, interesting[i]);
        assert_ptr_equal(fmd__get_varint(bytes, end, &value), end);
        assert_true(value == interesting[i]);
    }
}

TEST(a_varint_cut_short_is_refused)
{
    for (size_t i = 0; i < INTERESTING; i++) {
        uint8_t bytes[FMD__VARINT_BYTES_MAX];
        uint64_t value;
        uint8_t *end = fmd__put_varint(bytes, interesting[i]);
        for (uint8_t *cut = bytes; cut < end; cut++)
            assert_null(fmd__get_varint(bytes, cut, &value));
    }
}

TEST(a_varint_of_more_than_64_bits_is_refused)
{
    uint64_t value;
    uint8_t bytes[11] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02, 0};
    assert_null(fmd__get_varint(bytes, bytes + 10, &value));
    bytes[9] = 0x81;
    assert_null(fmd__get_varint(bytes, bytes + 11, &value));
    bytes[9] = 0x01;
    assert_ptr_equal(fmd__get_varint(bytes, bytes + 11, &value), bytes + 10);
    assert_true(value == UINT64_MAX);
}

TEST(a_bounded_number_above_its_bound_is_refused)
{
    uint8_t bytes[FMD__VARINT_BYTES_MAX];
    uint32_t value = 0;
    uint8_t *end = fmd__put_varint(bytes, 4096);
    assert_non_null(fmd__get_bounded(bytes, end, 4096, &value));
    assert_int_equal(value, 4096);
    assert_null(fmd__get_bounded(bytes, end, 4095, &value));
}

TEST(words_are_little_endian)
{
    uint8_t bytes[8];
    static const uint8_t expected[8] = {8, 7, 6, 5, 4, 3, 2, 1};
    fmd__store64(bytes, 0x0102030405060708u);
    assert_memory_equal(bytes, expected, 8);
    assert_true(fmd__load64(bytes) == 0x0102030405060708u);
    assert_int_equal(fmd__load32(bytes), 0x05060708);
    assert_int_equal(fmd__load16(bytes), 0x0708);
}
