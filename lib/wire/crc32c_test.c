/* SPDX-License-Identifier: Apache-2.0 */
/* Checksums against published values, and the instruction against the table. */
#include "testdata/cmocka_tests.h"

#include "block.h"
#include "crc32c.h"

static void assert_both(const void *bytes, size_t size, uint32_t expected)
{
    assert_int_equal(fmd__crc32c(0, bytes, size), expected);
    assert_int_equal(fmd__crc32c_table(0, bytes, size), expected);
}

TEST(the_check_value_of_the_catalogue_of_crcs)
{
    assert_both("123456789", 9, 0xe3069283);
    assert_both("", 0, 0);
}

/* RFC 3720, appendix B.4. */
TEST(the_values_of_the_iscsi_standard)
{
    uint8_t bytes[32];
    memset(bytes, 0, 32);
    assert_both(bytes, 32, 0x8a9136aa);
    memset(bytes, 0xff, 32);
    assert_both(bytes, 32, 0x62a8ab43);
    for (uint8_t i = 0; i < 32; i++)
        bytes[i] = i;
    assert_both(bytes, 32, 0x46dd794e);
    for (uint8_t i = 0; i < 32; i++)
        bytes[i] = (uint8_t)(31 - i);
    assert_both(bytes, 32, 0x113fdb5c);
}

static uint8_t noise[20000];

static void fill_noise(void)
{
    uint32_t state = 7;
    for (size_t i = 0; i < sizeof(noise); i++)
        noise[i] = (uint8_t)((state = state * 1664525 + 1013904223) >> 24);
}

TEST(instruction_and_table_agree_on_every_length)
{
    fill_noise();
    for (size_t size = 0; size < 7000; size++)
        assert_int_equal(fmd__crc32c(5, noise + size % 9, size),
                         fmd__crc32c_table(5, noise + size % 9, size));
    assert_int_equal(fmd__crc32c(0, noise, sizeof(noise)),
                     fmd__crc32c_table(0, noise, sizeof(noise)));
}

TEST(a_checksum_goes_on_where_the_last_one_ended)
{
    fill_noise();
    uint32_t whole = fmd__crc32c(0, noise, sizeof(noise));
    for (size_t cut = 0; cut <= sizeof(noise); cut += 97) {
        uint32_t part = fmd__crc32c(0, noise, cut);
        assert_int_equal(fmd__crc32c(part, noise + cut, sizeof(noise) - cut), whole);
    }
}
