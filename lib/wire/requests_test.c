/* SPDX-License-Identifier: Apache-2.0 */
/* Requests blocks: whatever goes in comes out, and damage is never followed. */
#include "testdata/cmocka_tests.h"

#include "requests.h"

/* xorshift: the same numbers on every machine. */
static uint64_t state_of_random;
static uint64_t next_random(void)
{
    state_of_random ^= state_of_random << 13;
    state_of_random ^= state_of_random >> 7;
    return state_of_random ^= state_of_random << 17;
}

/* One shape of a column; the last is the number of shapes. */
enum shape {
    ZERO,
    ALL_ONES,
    EQUAL,
    SMALL,
    SORTED,
    NEARLY_SORTED,
    FALLING,
    ANY,
    FEW_DISTINCT,
    OUTLIERS,
    EXTREMES,
    ONE_ODD,
    SHAPES
};

static uint64_t value_of(enum shape shape, uint32_t i, uint64_t seed)
{
    switch (shape) {
    case ZERO:
        return 0;
    case ALL_ONES:
        return UINT64_MAX;
    case EQUAL:
        return seed;
    case SMALL:
        return next_random() % 100;
    case SORTED:
        return seed + i * 1000003ull;
    case NEARLY_SORTED:
        return seed + i * 1000003ull + next_random() % 50000000;
    case FALLING:
        return seed - i * 77777ull;
    case ANY:
        return next_random();
    case FEW_DISTINCT:
        return seed * (next_random() % 5);
    case OUTLIERS:
        return next_random() % 50 ? next_random() % 1000000 : next_random();
    case EXTREMES:
        return next_random() & 1 ? UINT64_MAX : 0;
    case ONE_ODD:
        return i == 7 ? seed : 0;
    default:
        return 0;
    }
}

static enum shape some_shape(void)
{
    return (enum shape)(next_random() % SHAPES);
}

static uint32_t some_count(void)
{
    static const uint32_t counts[] = {0, 1, 2, 7, 8, 9, 100, 1025, 4095, 4096};
    return counts[next_random() % (sizeof(counts) / sizeof(counts[0]))];
}

#define FILL(columns, member, type)                                                      \
    do {                                                                                 \
        enum shape shape_ = some_shape();                                                \
        uint64_t seed_ = next_random() >> next_random() % 64;                            \
        for (uint32_t i_ = 0; i_ < (columns)->count; i_++)                               \
            (columns)->member[i_] = (type)value_of(shape_, i_, seed_);                   \
    } while (0)

static void fill(struct fmd__columns *columns)
{
    columns->count = some_count();
    FILL(columns, endpoint, uint32_t);
    FILL(columns, group, uint32_t);
    FILL(columns, address, uint32_t);
    FILL(columns, start_ns, uint64_t);
    FILL(columns, duration_ns, uint64_t);
    FILL(columns, first_byte_ns, uint64_t);
    FILL(columns, view_ns, uint64_t);
    FILL(columns, status, uint16_t);
    FILL(columns, method, uint8_t);
    FILL(columns, flags, uint8_t);
}

#define SAME(a, b, member)                                                               \
    assert_memory_equal((a)->member, (b)->member, (a)->count * sizeof((a)->member[0]))

static void assert_same(const struct fmd__columns *a, const struct fmd__columns *b)
{
    assert_int_equal(a->count, b->count);
    if (a->count == 0)
        return;
    SAME(a, b, endpoint);
    SAME(a, b, group);
    SAME(a, b, address);
    SAME(a, b, start_ns);
    SAME(a, b, duration_ns);
    SAME(a, b, first_byte_ns);
    SAME(a, b, view_ns);
    SAME(a, b, status);
    SAME(a, b, method);
    SAME(a, b, flags);
}

static struct fmd__columns in, out;
static struct fmd__ring_range ranges_in[FMD__RING_RANGES_MAX],
    ranges_out[FMD__RING_RANGES_MAX];
static uint8_t encoded[FMD__REQUESTS_BOUND];

TEST(decoding_gives_back_what_was_encoded)
{
    state_of_random = 42;
    for (int round = 0; round < 3000; round++) {
        uint32_t ranges = 99;
        fill(&in);
        size_t size = fmd__requests_encode(&in, NULL, 0, encoded);
        assert_true(size <= sizeof(encoded));
        assert_int_equal(fmd__requests_decode(encoded, size, &out, NULL, &ranges), 0);
        assert_int_equal(ranges, 0);
        assert_same(&in, &out);
    }
}

/* Decodes from memory of exactly that size, so that a sanitizer sees every step beyond.
 */
static int decode_exactly(const uint8_t *payload, size_t size)
{
    uint32_t ranges;
    uint8_t *exact = malloc(size + !size);
    memcpy(exact, payload, size);
    int result = fmd__requests_decode(exact, size, &out, ranges_out, &ranges);
    free(exact);
    return result;
}

static size_t encode_ordinary(uint32_t count)
{
    in.count = count;
    for (uint32_t i = 0; i < count; i++) {
        uint64_t duration = 1000000 + next_random() % 50000000;
        in.endpoint[i] = (uint32_t)(1 + next_random() % 50);
        in.group[i] = (uint32_t)(next_random() % 10000);
        in.address[i] = 0;
        in.start_ns[i] = 123456789012345ull + i * 1000000ull + next_random() % 1000000;
        in.duration_ns[i] = duration;
        in.first_byte_ns[i] = UINT64_MAX;
        in.view_ns[i] = duration - next_random() % 100000;
        in.status[i] = next_random() % 100 ? 200 : 500;
        in.method[i] = 1;
        in.flags[i] = 0;
    }
    return fmd__requests_encode(&in, NULL, 0, encoded);
}

TEST(ranges_come_back_with_and_without_requests)
{
    state_of_random = 1;
    for (uint32_t i = 0; i < FMD__RING_RANGES_MAX; i++)
        ranges_in[i] = (struct fmd__ring_range){i * 7, next_random() >> 1, 0};
    ranges_in[0].first = UINT64_MAX;
    for (uint32_t i = 0; i < FMD__RING_RANGES_MAX; i++)
        ranges_in[i].last = ranges_in[i].first + (i ? next_random() % 1000 : 0);
    for (uint32_t count = 0; count < 2; count++) {
        uint32_t ranges = 0;
        encode_ordinary(count);
        size_t size = fmd__requests_encode(&in, ranges_in, FMD__RING_RANGES_MAX, encoded);
        assert_int_equal(fmd__requests_decode(encoded, size, &out, ranges_out, &ranges),
                         0);
        assert_int_equal(ranges, FMD__RING_RANGES_MAX);
        for (uint32_t i = 0; i < ranges; i++) {
            assert_int_equal(ranges_out[i].ring_id, ranges_in[i].ring_id);
            assert_true(ranges_out[i].first == ranges_in[i].first);
            assert_true(ranges_out[i].last == ranges_in[i].last);
        }
        assert_same(&in, &out);
        assert_int_equal(fmd__requests_decode(encoded, size, &out, NULL, &ranges), 0);
    }
}

TEST(the_worst_block_fits_the_bound)
{
    state_of_random = 5;
    in.count = FMD__BLOCK_REQUESTS_MAX;
    for (uint32_t i = 0; i < in.count; i++) {
        in.endpoint[i] = (uint32_t)next_random();
        in.group[i] = (uint32_t)next_random();
        in.address[i] = (uint32_t)next_random();
        in.start_ns[i] = next_random();
        in.duration_ns[i] = next_random();
        in.first_byte_ns[i] = next_random();
        in.view_ns[i] = next_random();
        in.status[i] = (uint16_t)next_random();
        in.method[i] = (uint8_t)next_random();
        in.flags[i] = (uint8_t)next_random();
    }
    for (uint32_t i = 0; i < FMD__RING_RANGES_MAX; i++)
        ranges_in[i] = (struct fmd__ring_range){UINT32_MAX, 0, UINT64_MAX};
    size_t size = fmd__requests_encode(&in, ranges_in, FMD__RING_RANGES_MAX, encoded);
    assert_true(size <= FMD__REQUESTS_BOUND);
    assert_int_equal(decode_exactly(encoded, size), 0);
    assert_same(&in, &out);
}

TEST(a_part_longer_than_the_duration_comes_back_too)
{
    static const uint64_t odd[] = {
        0, 1, 2, 1000, 1001, 1002, UINT64_MAX, UINT64_MAX - 1, UINT64_MAX - 2};
    enum { ODD = sizeof(odd) / sizeof(odd[0]) };
    encode_ordinary(ODD * ODD);
    for (uint32_t i = 0; i < in.count; i++) {
        in.duration_ns[i] = odd[i / ODD];
        in.first_byte_ns[i] = in.view_ns[i] = odd[i % ODD];
    }
    size_t size = fmd__requests_encode(&in, NULL, 0, encoded);
    assert_int_equal(decode_exactly(encoded, size), 0);
    assert_same(&in, &out);
}

TEST(columns_that_are_absent_or_constant_take_next_to_nothing)
{
    state_of_random = 6;
    encode_ordinary(4096);
    for (uint32_t i = 0; i < in.count; i++) {
        in.endpoint[i] = 3;
        in.status[i] = 200;
        in.group[i] = 77777;
        in.view_ns[i] = UINT64_MAX;
        in.duration_ns[i] = 5000000;
        in.start_ns[i] = 1000000000ull * i;
    }
    assert_in_range(fmd__requests_encode(&in, NULL, 0, encoded), 1, 100);
}

TEST(few_outliers_do_not_widen_a_column)
{
    state_of_random = 8;
    size_t without = encode_ordinary(4096);
    for (uint32_t i = 0; i < 10; i++)
        in.duration_ns[i * 400] = 3600000000000ull + i;
    size_t with = fmd__requests_encode(&in, NULL, 0, encoded);
    /* the view is stored against the duration: its ten are outliers too */
    assert_in_range(with, without, without + 10 * 2 * 8 + 20);
}

TEST(every_truncation_is_refused_or_ends_between_columns)
{
    state_of_random = 10;
    size_t size = encode_ordinary(300), whole = 0;
    for (size_t cut = 0; cut < size; cut++)
        whole += decode_exactly(encoded, cut) == 0;
    /* a payload may end after any column: checksums and lengths are the block's */
    assert_in_range(whole, 0, 6);
}

TEST(flipped_bits_and_noise_do_no_harm)
{
    state_of_random = 11;
    size_t size = encode_ordinary(300);
    for (size_t bit = 0; bit < size * 8; bit++) {
        encoded[bit / 8] ^= (uint8_t)(1 << bit % 8);
        decode_exactly(encoded, size);
        encoded[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    for (int round = 0; round < 20000; round++) {
        uint8_t noise[64];
        for (size_t i = 0; i < sizeof(noise); i += 8)
            memcpy(noise + i, &(uint64_t){next_random()}, 8);
        noise[0] &= 0x7f;
        noise[1] = 0;
        noise[2] = (uint8_t)(1 + next_random() % 11);
        memset(noise + 4, 0, 3);
        noise[3] = 64 - 7;
        decode_exactly(noise, sizeof(noise));
    }
}

TEST(a_column_of_a_later_version_is_passed_over)
{
    state_of_random = 12;
    size_t size = encode_ordinary(100);
    static const uint8_t later[] = {200, 3, 0, 0, 0, 'n', 'e', 'w'};
    memcpy(encoded + size, later, sizeof(later));
    assert_int_equal(decode_exactly(encoded, size + sizeof(later)), 0);
    assert_same(&in, &out);
}
