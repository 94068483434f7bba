/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "testdata/cmocka_tests.h"

#include "histogram_coder.h"
#include "made_requests.h"
#include "src/base/str.h"

enum { HISTOGRAMS = 300 };

/* One endpoint's blocks, nearly alike, with empty ones, lone requests and full counts. */
static void fill(struct histogram *histograms, unsigned bits)
{
    uint64_t state = 7;
    for (unsigned i = 0; i < HISTOGRAMS; i++) {
        histogram_init(&histograms[i], bits);
        for (unsigned k = made_below(&state, 8) * (i % 90); k > 0; k--)
            histogram_add(&histograms[i], made_duration(&state, i / 100));
    }
    histogram_add(&histograms[10], 0);
    histogram_add(&histograms[11], HISTOGRAM_MAX_NS);
    histogram_add(&histograms[12], 5000);
    histograms[12]
        .counts[histogram_bucket(bits, 5000) - histogram_begin(&histograms[12])] =
        UINT32_MAX;
}

static uint64_t likely_of(unsigned i, const struct histogram *histogram)
{
    return i % 3 ? histogram_total(histogram) : 17;
}

static void write_all(struct str *bytes, struct histogram *histograms)
{
    struct counts_expected *expected = mem_new(sizeof(*expected));
    struct counts_coder *coder = counts_writer_new(bytes);
    for (unsigned i = 0; i < HISTOGRAMS; i++) {
        if (i % 100 == 0)
            *expected = (struct counts_expected){.total = 0};
        counts_code(coder, &histograms[i], likely_of(i, &histograms[i]), expected);
    }
    counts_finish(coder);
    counts_free(coder);
    free(expected);
}

static void assert_alike(const struct histogram *a, const struct histogram *b)
{
    for (unsigned i = 0; i < (unsigned)HISTOGRAM_PAGES << a->bits; i++)
        assert_int_equal(histogram_at(a, i), histogram_at(b, i));
}

static void read_all(const struct str *bytes, const struct histogram *histograms)
{
    struct counts_expected *expected = mem_new(sizeof(*expected));
    struct counts_coder *coder =
        counts_reader_new((const uint8_t *)bytes->bytes, bytes->length);
    for (unsigned i = 0; i < HISTOGRAMS; i++) {
        struct histogram got;
        if (i % 100 == 0)
            *expected = (struct counts_expected){.total = 0};
        histogram_init(&got, histograms[i].bits);
        counts_code(coder, &got, likely_of(i, &histograms[i]), expected);
        assert_alike(&got, &histograms[i]);
        histogram_release(&got);
    }
    assert_false(counts_bad(coder));
    counts_free(coder);
    free(expected);
}

TEST(what_was_written_is_read_at_every_resolution)
{
    for (unsigned bits = 0; bits <= HISTOGRAM_FINE; bits++) {
        struct histogram histograms[HISTOGRAMS];
        struct str bytes;
        str_init(&bytes);
        fill(histograms, bits);
        write_all(&bytes, histograms);
        read_all(&bytes, histograms);
        for (unsigned i = 0; i < HISTOGRAMS; i++)
            histogram_release(&histograms[i]);
        str_release(&bytes);
    }
}

TEST(alike_histograms_take_few_bytes)
{
    struct histogram histograms[HISTOGRAMS];
    struct str bytes;
    size_t counts = 0;
    str_init(&bytes);
    fill(histograms, HISTOGRAM_COARSE);
    write_all(&bytes, histograms);
    for (unsigned i = 0; i < HISTOGRAMS; i++) {
        for (unsigned b = 0; b < HISTOGRAM_COARSE_BUCKETS; b++)
            counts += histogram_at(&histograms[i], b) > 0;
        histogram_release(&histograms[i]);
    }
    assert_true(bytes.length < counts); /* less than a byte each, zeros and all */
    str_release(&bytes);
}

/* Whatever the bytes: it ends, stays within bounds and is told. */
TEST(reading_any_bytes_ends)
{
    uint64_t seed = 3;
    struct counts_expected *expected = mem_new(sizeof(*expected));
    for (unsigned round = 0; round < 200; round++) {
        uint8_t bytes[100];
        for (size_t i = 0; i < sizeof(bytes); i++)
            bytes[i] = (uint8_t)(made_random(&seed) | (round % 4 == 3 ? 0xf0 : 0));
        *expected = (struct counts_expected){.total = 0};
        struct counts_coder *coder =
            counts_reader_new(bytes, made_below(&seed, sizeof(bytes)));
        for (unsigned i = 0; i < 300; i++) {
            struct histogram got;
            histogram_init(&got, i % 8);
            expected->begin = 0;
            counts_code(coder, &got, i, expected);
            histogram_release(&got);
        }
        assert_true(counts_bad(coder));
        counts_free(coder);
    }
    free(expected);
}
