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
