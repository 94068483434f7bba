/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "histogram_coder.h"

#include <stdlib.h>
#include <string.h>

#include "src/base/mem.h"
#include "src/base/str.h"

enum {
    LEVELS = 80, /* of expectation: half octaves from 1/16 on */
    NEIGHBOURS = 3,
    CLASSES = 65,      /* lengths of a number in bits, 0 for 0 */
    LEADING = 2,       /* bits below the highest that are modelled */
    FIELD_LEADING = 3, /* the same of other numbers */
    NUMBERS = 2,       /* numbers of a histogram that are no counts */
    TOP = 1 << 24,
    SPARE_BYTES = 4 /* that a reader looks ahead */
};

/* How likely a bit is 0, in 2^-16: the mean of a quick and a slow average. */
struct bit {
    uint16_t quick, slow;
};

/* A number: its length in bits by unary steps, then bits below the highest. */
struct number_model {
    struct bit length[CLASSES];
    struct bit leading[CLASSES][1 << LEADING];
};

struct field_model {
    struct bit length[CLASSES];
    struct bit leading[CLASSES][1 << FIELD_LEADING];
};

struct counts_coder {
    struct str *out; /* NULL: reads */
    const uint8_t *at, *end;
    bool bad;
    uint64_t low;     /* writing: 33 bits */
    uint64_t pending; /* bytes of 0xff that a carry may turn over, and the one before */
    uint8_t cache;
    uint32_t range, code; /* code: reading */
    unsigned beyond;      /* bytes read behind the end */
    struct bit same_total;
    struct number_model numbers[NUMBERS];
    struct number_model counts[LEVELS][NEIGHBOURS];
    struct number_model fresh[LEVELS][NEIGHBOURS]; /* nothing is expected: by the left */
    uint32_t buckets[HISTOGRAM_FINE_BUCKETS];
    struct field_model *fields[COUNTS_KINDS][COUNTS_CONTEXTS]; /* NULL: not met yet */
};

/* --- bits --- */

static void put_byte(struct counts_coder *coder)
{
    if (coder->low < UINT32_C(0xff000000) || coder->low > UINT32_MAX) {
        uint8_t carry = (uint8_t)(coder->low >> 32);
        for (uint8_t byte = coder->cache; coder->pending > 0; coder->pending--) {
            str_add_byte(coder->out, (char)(byte + carry));
            byte = 0xff;
        }
        coder->cache = (uint8_t)(coder->low >> 24);
    }
    coder->pending++;
    coder->low = (coder->low & 0x00ffffff) << 8;
}

static uint8_t take_byte(struct counts_coder *coder)
{
    if (coder->at < coder->end)
        return *coder->at++;
    coder->beyond++;
    return 0;
}

/* The lower part of the range, up to bound, stands for 0. */
static bool code_part(struct counts_coder *coder, uint32_t bound, bool bit)
{
    if (!coder->out)
        bit = coder->code >= bound;
    if (bit) {
        coder->low += bound;
        coder->code -= bound;
        coder->range -= bound;
    } else {
        coder->range = bound;
    }
    while (coder->range < TOP) {
        coder->range <<= 8;
        if (coder->out)
            put_byte(coder);
        else
            coder->code = coder->code << 8 | take_byte(coder);
    }
    return bit;
}

static bool code_bit(struct counts_coder *coder, struct bit *model, bool bit)
{
    uint32_t zero = ((uint32_t)model->quick + model->slow) / 2;
    zero = zero < 64 ? 64 : zero > 65536 - 64 ? 65536 - 64 : zero;
    bit = code_part(coder, (coder->range >> 16) * zero, bit);
    if (bit) {
        model->quick = (uint16_t)(model->quick - (model->quick >> 4));
        model->slow = (uint16_t)(model->slow - (model->slow >> 7));
    } else {
        model->quick = (uint16_t)(model->quick + ((65535 - model->quick) >> 4));
        model->slow = (uint16_t)(model->slow + ((65535 - model->slow) >> 7));
    }
    return bit;
}

/* --- numbers --- */

static unsigned length_of(uint64_t number)
{
    return number ? 64 - (unsigned)__builtin_clzll(number) : 0;
}

/* lengths: CLASSES of them; leading: 2^leading_bits for each. */
static uint64_t code_bits(struct counts_coder *coder, struct bit *lengths,
                          struct bit *leading, unsigned leading_bits, uint64_t number)
{
    unsigned length = 0, wanted = length_of(number), node = 1;
    while (length < CLASSES - 1 && !code_bit(coder, &lengths[length], length == wanted))
        length++;
    if (length < 2)
        return length;
    uint64_t value = 1;
    for (unsigned below = length - 1; below-- > 0;) {
        bool bit = number >> below & 1;
        if (length - 2 - below < leading_bits) {
            bit = code_bit(coder, &leading[(length << leading_bits) + node], bit);
            node = node << 1 | bit;
        } else {
            bit = code_part(coder, coder->range >> 1, bit);
        }
        value = value << 1 | bit;
    }
    return value;
}

static uint64_t code_number(struct counts_coder *coder, struct number_model *model,
                            uint64_t number)
{
    return code_bits(coder, model->length, model->leading[0], LEADING, number);
}

static uint64_t fold(int64_t difference)
{
    return ((uint64_t)difference << 1) ^ (difference < 0 ? UINT64_MAX : 0);
}

static int64_t unfold(uint64_t folded)
{
    return (int64_t)(folded >> 1) ^ -(int64_t)(folded & 1);
}

static int64_t code_difference(struct counts_coder *coder, struct number_model *model,
                               int64_t difference)
{
    return unfold(code_number(coder, model, fold(difference)));
}

static void forget(struct bit *bits, size_t count)
{
    for (size_t i = 0; i < count; i++)
        bits[i] = (struct bit){32768, 32768};
}

uint64_t counts_number(struct counts_coder *coder, unsigned kind, unsigned context,
                       uint64_t number)
{
    struct field_model **model = &coder->fields[kind][context];
    if (!*model) {
        *model = mem_new(sizeof(**model));
        forget((*model)->length, sizeof(**model) / sizeof(struct bit));
    }
    number =
        code_bits(coder, (*model)->length, (*model)->leading[0], FIELD_LEADING, number);
    coder->bad = coder->bad || coder->beyond > SPARE_BYTES;
    return coder->bad ? 0 : number;
}

int64_t counts_difference(struct counts_coder *coder, unsigned kind, unsigned context,
                          int64_t difference)
{
    return unfold(counts_number(coder, kind, context, fold(difference)));
}

/* --- histograms --- */

/* Half octaves of sixteenths: 0 for nothing. */
static unsigned level_of(uint64_t sixteenths)
{
    if (sixteenths == 0)
        return 0;
    unsigned length = length_of(sixteenths);
    unsigned half = length > 1 && (sixteenths >> (length - 2) & 1);
    unsigned level = 2 * length - 1 + half;
    return level < LEVELS ? level : LEVELS - 1;
}

unsigned counts_context(uint64_t number)
{
    unsigned level = level_of(number);
    return level < COUNTS_CONTEXTS ? level : COUNTS_CONTEXTS - 1;
}

/* 1: about as many as another number, 0 fewer, 2 more. */
static unsigned compared(uint64_t sixteenths, uint64_t to)
{
    return sixteenths * 4 < to * 3 ? 0 : sixteenths * 4 > to * 5 ? 2 : 1;
}

/* In 1/16: what is left of the histogram, shared out as what was before. */
static uint64_t expect(const struct counts_expected *expected, unsigned bucket,
                       uint64_t left, uint64_t left_before)
{
    if (left_before == 0)
        return 0;
    return (uint64_t)((unsigned __int128)expected->counts[bucket] * left * 16 /
                      left_before);
}

/* Counts from bucket begin on until nothing is left of total. Returns the end. */
static unsigned code_buckets(struct counts_coder *coder, unsigned limit, unsigned begin,
                             uint64_t total, const struct counts_expected *expected)
{
    uint64_t left_before = expected->total, before = 0, before_expected = 0;
    for (unsigned i = 0; i < begin; i++)
        left_before -= expected->counts[i];
    unsigned bucket = begin;
    for (uint64_t left = total; left > 0; bucket++) {
        if (bucket == limit || coder->beyond > SPARE_BYTES) {
            coder->bad = true;
            return begin;
        }
        uint64_t about = expect(expected, bucket, left, left_before);
        unsigned beside = compared(before * 16, before_expected);
        struct number_model *model = expected->total
                                         ? &coder->counts[level_of(about)][beside]
                                         : &coder->fresh[level_of(before * 16)][beside];
        /* the first one is not 0 */
        uint64_t first = bucket == begin;
        uint64_t count =
            code_number(coder, model, coder->buckets[bucket] - first) + first;
        if (count > left || count > UINT32_MAX) {
            coder->bad = true;
            return begin;
        }
        coder->buckets[bucket] = (uint32_t)count;
        left -= count;
        left_before -= expected->counts[bucket];
        before_expected = expected->total ? about : before * 16;
        before = count;
    }
    return bucket;
}

static void get_buckets(struct counts_coder *coder, const struct histogram *histogram,
                        unsigned *begin, uint64_t *total)
{
    unsigned end = histogram_end(histogram);
    *begin = histogram_begin(histogram);
    while (*begin < end && histogram_at(histogram, *begin) == 0)
        ++*begin;
    for (unsigned i = *begin; i < end; i++)
        *total += coder->buckets[i] = histogram_at(histogram, i);
}

static void put_buckets(const struct counts_coder *coder, struct histogram *histogram,
                        unsigned begin, unsigned end)
{
    histogram_reserve(histogram, begin, end - 1);
    memcpy(&histogram->counts[begin - histogram_begin(histogram)], &coder->buckets[begin],
           (end - begin) * sizeof(*coder->buckets));
}

void counts_code(struct counts_coder *coder, struct histogram *histogram, uint64_t likely,
                 struct counts_expected *expected)
{
    unsigned begin = 0, limit = HISTOGRAM_PAGES << histogram->bits;
    uint64_t total = 0;
    if (coder->bad)
        return;
    if (coder->out)
        get_buckets(coder, histogram, &begin, &total);
    if (code_bit(coder, &coder->same_total, total != likely))
        total = code_number(coder, &coder->numbers[0], total);
    else
        total = likely;
    if (total == 0)
        return;
    int64_t moved = code_difference(coder, &coder->numbers[1],
                                    (int64_t)begin - (int64_t)expected->begin);
    if (moved < -(int64_t)expected->begin ||
        moved >= (int64_t)limit - (int64_t)expected->begin) {
        coder->bad = true;
        return;
    }
    begin = (unsigned)((int64_t)expected->begin + moved);
    unsigned end = code_buckets(coder, limit, begin, total, expected);
    if (coder->bad)
        return;
    if (!coder->out)
        put_buckets(coder, histogram, begin, end);
    for (unsigned i = begin; i < end; i++)
        expected->counts[i] += coder->buckets[i];
    expected->total += total;
    expected->begin = begin;
}

void counts_refine(struct counts_expected *fine, const struct counts_expected *coarse)
{
    const unsigned width = 1u << (HISTOGRAM_FINE - HISTOGRAM_COARSE);
    for (unsigned i = 0; i < HISTOGRAM_FINE_BUCKETS; i++)
        fine->counts[i] = coarse->counts[i / width];
    fine->total = coarse->total * width;
    fine->begin = coarse->begin * width;
}

/* --- life --- */

static struct counts_coder *new_coder(void)
{
    struct counts_coder *coder = mem_new(sizeof(*coder));
    coder->range = UINT32_MAX;
    coder->pending = 1;
    struct bit *bits = (struct bit *)coder->numbers;
    forget(&coder->same_total, 1);
    forget(bits, (sizeof(coder->numbers) + sizeof(coder->counts) + sizeof(coder->fresh)) /
                     sizeof(*bits));
    return coder;
}

struct counts_coder *counts_writer_new(struct str *out)
{
    struct counts_coder *coder = new_coder();
    coder->out = out;
    return coder;
}

void counts_finish(struct counts_coder *coder)
{
    for (int i = 0; i < 5; i++)
        put_byte(coder);
}

struct counts_coder *counts_reader_new(const uint8_t *bytes, size_t size)
{
    struct counts_coder *coder = new_coder();
    coder->at = bytes;
    coder->end = bytes + size;
    for (int i = 0; i < 5; i++)
        coder->code = coder->code << 8 | take_byte(coder);
    return coder;
}

void counts_free(struct counts_coder *coder)
{
    for (size_t i = 0; coder && i < COUNTS_KINDS * COUNTS_CONTEXTS; i++)
        free(coder->fields[i / COUNTS_CONTEXTS][i % COUNTS_CONTEXTS]);
    free(coder);
}

bool counts_over(const struct counts_coder *coder)
{
    return coder->bad;
}

bool counts_bad(const struct counts_coder *coder)
{
    return coder->bad || coder->beyond > 0 || coder->at != coder->end;
}
