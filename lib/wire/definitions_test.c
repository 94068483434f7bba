/* SPDX-License-Identifier: Apache-2.0 */
/* Definitions: any bytes come back, unknown ones are passed over, damage is seen. */
#include "testdata/cmocka_tests.h"

#include "definitions.h"
#include "numbers.h"

static char long_name[FMD__STRING_BYTES_MAX];

static const struct fmd__definition examples[] = {
    {.kind = FMD__DEFINE_ENDPOINT,
     .id = 1,
     .bytes = "GET /cart/<int:id>",
     .length = 18,
     .application = "shop",
     .application_length = 4,
     .version = "1.1",
     .version_length = 3},
    {.kind = FMD__DEFINE_ENDPOINT,
     .id = UINT32_MAX,
     .bytes = "",
     .application = "",
     .version = ""},
    {.kind = FMD__DEFINE_ENDPOINT,
     .id = 2,
     .bytes = long_name,
     .length = sizeof(long_name),
     .application = "a",
     .application_length = 1,
     .version = ""},
    {.kind = FMD__DEFINE_GROUP,
     .id = 7,
     .hash = 0xfedcba9876543210u,
     .bytes = "not \xff utf-8 \0 at all",
     .length = 20},
    {.kind = FMD__DEFINE_ADDRESS, .id = 8, .hash = 1, .bytes = "::1", .length = 3},
    {.kind = FMD__DEFINE_CODE,
     .id = 9,
     .hash = 2,
     .bytes = "Cart.total.<locals>.<lambda>",
     .length = 28,
     .file = "/srv/shop/cart.py",
     .file_length = 17,
     .first_line = 1234567,
     .line_table_kind = FMD__LINE_TABLE_CPYTHON_311,
     .line_table = (const uint8_t *)long_name,
     .line_table_bytes = sizeof(long_name)},
    {.kind = FMD__DEFINE_CODE, .id = 10, .bytes = "", .file = ""}};
#define EXAMPLES (sizeof(examples) / sizeof(examples[0]))

static uint8_t payload[2 * FMD__STRING_BYTES_MAX + 4096];

static size_t encode_all(void)
{
    size_t size = 0;
    memset(long_name, 'x', sizeof(long_name));
    for (size_t i = 0; i < EXAMPLES; i++) {
        size_t bytes = fmd__definition_encode(&examples[i], payload + size);
        assert_true(bytes <= fmd__definition_bound(&examples[i]));
        size += bytes;
    }
    return size;
}

static void assert_same_code(const struct fmd__definition *a,
                             const struct fmd__definition *b)
{
    assert_int_equal(a->file_length, b->file_length);
    assert_memory_equal(a->file, b->file, a->file_length);
    assert_int_equal(a->first_line, b->first_line);
    assert_int_equal(a->line_table_kind, b->line_table_kind);
    assert_int_equal(a->line_table_bytes, b->line_table_bytes);
    if (a->line_table_bytes)
        assert_memory_equal(a->line_table, b->line_table, a->line_table_bytes);
}

static void assert_same(const struct fmd__definition *a, const struct fmd__definition *b)
{
    assert_int_equal(a->kind, b->kind);
    assert_int_equal(a->id, b->id);
    assert_true(a->hash == b->hash);
    assert_int_equal(a->length, b->length);
    assert_memory_equal(a->bytes, b->bytes, a->length);
    if (a->kind == FMD__DEFINE_CODE)
        assert_same_code(a, b);
    if (a->kind != FMD__DEFINE_ENDPOINT)
        return;
    assert_int_equal(a->application_length, b->application_length);
    assert_memory_equal(a->application, b->application, a->application_length);
    assert_int_equal(a->version_length, b->version_length);
    assert_memory_equal(a->version, b->version, a->version_length);
}

TEST(definitions_come_back_in_order)
{
    size_t size = encode_all(), offset = 0;
    struct fmd__definition got;
    for (size_t i = 0; i < EXAMPLES; i++) {
        assert_int_equal(fmd__definition_decode(payload, size, &offset, &got), 1);
        assert_same(&examples[i], &got);
    }
    assert_int_equal(fmd__definition_decode(payload, size, &offset, &got), 0);
    assert_int_equal(offset, size);
}

/* The number of definitions in the first size bytes, or -1. */
static int count_exactly(size_t size)
{
    uint8_t *exact = malloc(size + !size);
    size_t offset = 0;
    struct fmd__definition got;
    int count = 0, more;
    memcpy(exact, payload, size);
    while ((more = fmd__definition_decode(exact, size, &offset, &got)) == 1)
        count++;
    free(exact);
    return more == 0 ? count : -1;
}

TEST(every_truncation_is_damage_or_ends_between_two)
{
    size_t size = encode_all();
    int whole = 0;
    for (size_t cut = 0; cut < size; cut++)
        whole += count_exactly(cut) >= 0;
    assert_int_equal(whole, EXAMPLES);
}

TEST(unknown_kinds_and_added_fields_are_passed_over)
{
    static const uint8_t unknown[] = {4, 99, 'n', 'e', 'w'};
    memcpy(payload, unknown, sizeof(unknown));
    size_t at = sizeof(unknown), body = at;
    at += fmd__definition_encode(&examples[4], payload + at);
    payload[body] = (uint8_t)(payload[body] + 2); /* two bytes more in the body */
    payload[at++] = 1;
    payload[at++] = 2;
    at += fmd__definition_encode(&examples[3], payload + at);
    size_t offset = 0;
    struct fmd__definition got;
    assert_int_equal(fmd__definition_decode(payload, at, &offset, &got), 1);
    assert_same(&examples[4], &got);
    assert_int_equal(fmd__definition_decode(payload, at, &offset, &got), 1);
    assert_same(&examples[3], &got);
    assert_int_equal(fmd__definition_decode(payload, at, &offset, &got), 0);
}

TEST(lengths_that_do_not_fit_are_damage)
{
    struct fmd__definition got;
    size_t offset = 0;
    static const uint8_t empty_body[] = {0};
    assert_int_equal(fmd__definition_decode(empty_body, 1, &offset, &got), -1);
    offset = 0;
    uint8_t too_long[32] = {31, FMD__DEFINE_GROUP, 1, 0, 0, 0, 0, 0, 0, 0, 0};
    fmd__put_varint(too_long + 11, FMD__STRING_BYTES_MAX + 1);
    assert_int_equal(fmd__definition_decode(too_long, 32, &offset, &got), -1);
}

TEST(flipped_bits_do_no_harm)
{
    size_t size = encode_all();
    for (size_t bit = 0; bit < 100 * 8; bit++) {
        payload[bit / 8] ^= (uint8_t)(1 << bit % 8);
        count_exactly(size);
        payload[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
}
