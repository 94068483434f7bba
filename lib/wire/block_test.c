/* SPDX-License-Identifier: Apache-2.0 */
/* Blocks: come back whole, and no damage to any of their bits goes unseen. */
#include "testdata/cmocka_tests.h"

#include "block.h"
#include "numbers.h"

#include <zstd.h>

#define RAW_BYTES 3000u

static uint8_t raw[RAW_BYTES], bytes[RAW_BYTES + 4096], scratch[FMD__PAYLOAD_BYTES_MAX];

enum content { COMPRESSIBLE, NOISE };

static size_t write_some(enum content content, struct fmd__block *block)
{
    uint32_t state = 99;
    for (size_t i = 0; i < RAW_BYTES; i++) {
        state = state * 1664525 + 1013904223;
        raw[i] = content == NOISE ? (uint8_t)(state >> 24) : (uint8_t)("abcdef"[i % 6]);
    }
    *block = (struct fmd__block){.type = FMD__BLOCK_DEFINITIONS,
                                 .count = 17,
                                 .sequence = 1ull << 40,
                                 .start_min_ns = 1,
                                 .start_max_ns = UINT64_MAX,
                                 .duration_min_ns = 3,
                                 .duration_max_ns = 4,
                                 .anchor_monotonic_ns = 5,
                                 .anchor_utc_ns = -6};
    ZSTD_CCtx *context = ZSTD_createCCtx();
    size_t size = fmd__block_write(block, raw, RAW_BYTES, context, bytes);
    ZSTD_freeCCtx(context);
    assert_true(size <= fmd__block_bound(RAW_BYTES));
    return size;
}

static void assert_comes_back(enum content content, unsigned codec)
{
    struct fmd__block wrote, got;
    size_t size = write_some(content, &wrote);
    assert_int_equal(fmd__block_read(bytes, size, &got), FMD__BLOCK_OK);
    assert_int_equal(got.codec, codec);
    assert_memory_equal(&got, &wrote, sizeof(got));
    assert_int_equal(got.header_bytes + got.payload_bytes, size);
    const uint8_t *payload = fmd__block_payload(&got, bytes, NULL, scratch);
    assert_non_null(payload);
    assert_memory_equal(payload, raw, RAW_BYTES);
}

TEST(a_compressible_block_is_compressed_and_comes_back)
{
    assert_comes_back(COMPRESSIBLE, 1);
}

TEST(noise_is_stored_and_comes_back)
{
    assert_comes_back(NOISE, 0);
}

TEST(an_empty_payload_is_a_block_too)
{
    struct fmd__block block = {.type = FMD__BLOCK_END}, got;
    size_t size = fmd__block_write(&block, raw, 0, NULL, bytes);
    assert_int_equal(fmd__block_read(bytes, size, &got), FMD__BLOCK_OK);
    assert_non_null(fmd__block_payload(&got, bytes, NULL, scratch));
    assert_int_equal(got.raw_bytes, 0);
}

TEST(a_context_gives_the_same_bytes_as_none)
{
    struct fmd__block block;
    write_some(COMPRESSIBLE, &block);
    ZSTD_DCtx *context = ZSTD_createDCtx();
    const uint8_t *payload = fmd__block_payload(&block, bytes, context, scratch);
    assert_non_null(payload);
    assert_memory_equal(payload, raw, RAW_BYTES);
    ZSTD_freeDCtx(context);
}

TEST(every_truncation_asks_for_more)
{
    struct fmd__block block, got;
    size_t size = write_some(COMPRESSIBLE, &block);
    for (size_t cut = 0; cut < size; cut++) {
        uint8_t *exact = malloc(cut + !cut);
        memcpy(exact, bytes, cut);
        assert_int_equal(fmd__block_read(exact, cut, &got), FMD__BLOCK_MORE);
        free(exact);
    }
}

static void assert_every_flip_is_seen(enum content content)
{
    struct fmd__block block, got;
    size_t size = write_some(content, &block);
    for (size_t bit = 0; bit < size * 8; bit++) {
        bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
        enum fmd__block_result result = fmd__block_read(bytes, size, &got);
        if (bit / 8 < block.header_bytes)
            assert_true(result == FMD__BLOCK_DAMAGED || result == FMD__BLOCK_MORE);
        else {
            assert_int_equal(result, FMD__BLOCK_OK);
            assert_null(fmd__block_payload(&got, bytes, NULL, scratch));
        }
        bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
}

TEST(every_flipped_bit_is_seen)
{
    assert_every_flip_is_seen(COMPRESSIBLE);
    assert_every_flip_is_seen(NOISE);
}

/* Makes the header's checksum right again after a change. */
static void seal(void)
{
    fmd__store32(bytes + 8, fmd__crc32c(0, bytes + 12, fmd__load16(bytes + 12) - 12u));
}

TEST(a_newer_format_is_told_and_can_be_stepped_over)
{
    struct fmd__block block, got;
    size_t size = write_some(NOISE, &block);
    fmd__store16(bytes + 14, FMD__FORMAT_VERSION + 1);
    memset(bytes + 28, 0xee, 68); /* means something else then */
    seal();
    assert_int_equal(fmd__block_read(bytes, size, &got), FMD__BLOCK_NEWER);
    assert_int_equal(got.header_bytes + got.payload_bytes, size);
    assert_int_equal(got.format_version, FMD__FORMAT_VERSION + 1);
    assert_int_equal(fmd__block_read(bytes, size - 1, &got), FMD__BLOCK_MORE);
}

TEST(a_longer_header_of_the_same_format_is_read)
{
    struct fmd__block block, got;
    size_t size = write_some(NOISE, &block);
    memmove(bytes + 104, bytes + 96, size - 96);
    memset(bytes + 96, 0x55, 8);
    fmd__store16(bytes + 12, 104);
    seal();
    assert_int_equal(fmd__block_read(bytes, size + 8, &got), FMD__BLOCK_OK);
    assert_int_equal(got.count, 17);
    const uint8_t *payload = fmd__block_payload(&got, bytes, NULL, scratch);
    assert_non_null(payload);
    assert_memory_equal(payload, raw, RAW_BYTES);
}

TEST(an_unknown_type_is_read_like_any_other)
{
    struct fmd__block block = {.type = 200}, got;
    size_t size = fmd__block_write(&block, raw, 10, NULL, bytes);
    assert_int_equal(fmd__block_read(bytes, size, &got), FMD__BLOCK_OK);
    assert_int_equal(got.type, 200);
}

TEST(lengths_out_of_bounds_are_damage_even_with_a_good_checksum)
{
    static const struct {
        size_t at;
        uint32_t value;
    } wrong[] = {{20, FMD__PAYLOAD_BYTES_MAX + 1}, {28, FMD__PAYLOAD_BYTES_MAX + 1}};
    struct fmd__block block, got;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        size_t size = write_some(NOISE, &block);
        fmd__store32(bytes + wrong[i].at, wrong[i].value);
        seal();
        assert_int_equal(fmd__block_read(bytes, size, &got), FMD__BLOCK_DAMAGED);
    }
    size_t size = write_some(NOISE, &block);
    bytes[28] ^= 1; /* raw_bytes of a stored payload */
    seal();
    assert_int_equal(fmd__block_read(bytes, size, &got), FMD__BLOCK_OK);
    assert_null(fmd__block_payload(&got, bytes, NULL, scratch));
}

TEST(an_unknown_codec_is_damage)
{
    struct fmd__block block, got;
    size_t size = write_some(NOISE, &block);
    bytes[17] = 9;
    seal();
    assert_int_equal(fmd__block_read(bytes, size, &got), FMD__BLOCK_OK);
    assert_null(fmd__block_payload(&got, bytes, NULL, scratch));
}

TEST(the_next_block_is_found_after_damage)
{
    struct fmd__block block;
    uint8_t file[9000] = {0};
    size_t size = write_some(NOISE, &block);
    memcpy(file, bytes, size);
    memcpy(file + size, bytes, size);
    file[3] ^= 1;
    size_t end = 2 * size;
    assert_int_equal(fmd__block_find_sync(file, end, 0), size);
    assert_int_equal(fmd__block_find_sync(file, end, size), size);
    assert_int_equal(fmd__block_find_sync(file, end, size + 1), end);
    assert_int_equal(fmd__block_find_sync(file, end, end), end);
    assert_int_equal(fmd__block_find_sync(file, size + 7, 1), size + 7);
    assert_int_equal(fmd__block_find_sync(file, size + 8, 1), size);
}
