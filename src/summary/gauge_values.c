/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "gauge_values.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "beside.h"
#include "packing.h"
#include "src/base/mem.h"
#include "src/base/vec.h"

/* --- an exact sum ------------------------------------------------------------------ */

enum { LOWEST_BIT = -1074, MANTISSA_BITS = 53 };

/* Adds magnitude << bit, or takes it away; carries as far as there is a carry. */
static void add_at(struct exact_sum *sum, uint64_t magnitude, unsigned bit, bool negative)
{
    unsigned limb = bit / 64, shift = bit % 64;
    uint64_t parts[2] = {magnitude << shift, shift ? magnitude >> (64 - shift) : 0};
    uint64_t carry = 0;
    for (unsigned i = limb; i < GAUGE_LIMBS && (i < limb + 2 || carry); i++) {
        uint64_t part = i < limb + 2 ? parts[i - limb] : 0, with_carry, result;
        uint64_t over = __builtin_add_overflow(part, carry, &with_carry);
        if (negative)
            over |= __builtin_sub_overflow(sum->limbs[i], with_carry, &result);
        else
            over |= __builtin_add_overflow(sum->limbs[i], with_carry, &result);
        sum->limbs[i] = result;
        carry = over;
    }
}

void exact_sum_add(struct exact_sum *sum, double value)
{
    int exponent;
    double mantissa = frexp(fabs(value), &exponent); /* in [.5, 1), or 0 */
    int bit = exponent - MANTISSA_BITS;
    uint64_t digits = (uint64_t)ldexp(mantissa, MANTISSA_BITS);
    if (bit < LOWEST_BIT) { /* a subnormal number: the digits below are 0 */
        digits >>= LOWEST_BIT - bit;
        bit = LOWEST_BIT;
    }
    add_at(sum, digits, (unsigned)(bit - LOWEST_BIT), value < 0);
}

void exact_sum_merge(struct exact_sum *to, const struct exact_sum *from)
{
    uint64_t carry = 0;
    for (unsigned i = 0; i < GAUGE_LIMBS; i++) {
        uint64_t with_carry;
        uint64_t over = __builtin_add_overflow(from->limbs[i], carry, &with_carry);
        over |= __builtin_add_overflow(to->limbs[i], with_carry, &to->limbs[i]);
        carry = over;
    }
}

static bool is_negative(const struct exact_sum *sum)
{
    return sum->limbs[GAUGE_LIMBS - 1] >> 63;
}

double exact_sum_mean(const struct exact_sum *sum, uint64_t count)
{
    struct exact_sum magnitude = *sum, negated = {{0}};
    double mean = 0;
    if (is_negative(sum)) {
        for (unsigned i = 0; i < GAUGE_LIMBS; i++)
            add_at(&negated, sum->limbs[i], i * 64, true);
        magnitude = negated;
    }
    for (int i = GAUGE_LIMBS; i-- > 0;) /* divided first, so that it cannot overflow */
        mean += ldexp((double)magnitude.limbs[i] / (double)count, i * 64 + LOWEST_BIT);
    return is_negative(sum) ? -mean : mean;
}

/* --- values in time ---------------------------------------------------------------- */

static void merge_slot(struct gauge_slot *to, const struct gauge_slot *from)
{
    if (!from->count)
        return;
    if (!to->count) {
        int64_t id = to->id;
        *to = *from;
        to->id = id;
        return;
    }
    to->count += from->count;
    to->min = from->min < to->min ? from->min : to->min;
    to->max = from->max > to->max ? from->max : to->max;
    if (from->last_utc_ns > to->last_utc_ns ||
        (from->last_utc_ns == to->last_utc_ns && from->last > to->last)) {
        to->last = from->last;
        to->last_utc_ns = from->last_utc_ns;
    }
}

/* Stretches twice as long, two becoming one. */
static void coarsen(struct gauge *gauge)
{
    size_t kept = 0;
    gauge->shift++;
    for (size_t i = 0; i < gauge->slot_count; i++) {
        struct gauge_slot slot = gauge->slots[i];
        slot.id >>= 1; /* floor, also of negative ids */
        if (kept && gauge->slots[kept - 1].id == slot.id)
            merge_slot(&gauge->slots[kept - 1], &slot);
        else
            gauge->slots[kept++] = slot;
    }
    gauge->slot_count = kept;
}

/* One room more than is kept, for the one that makes it too many. */
static void add_slot(struct gauge *gauge, const struct gauge_slot *slot)
{
    size_t at = 0;
    while (at < gauge->slot_count && gauge->slots[at].id < slot->id)
        at++;
    if (at < gauge->slot_count && gauge->slots[at].id == slot->id) {
        merge_slot(&gauge->slots[at], slot);
        return;
    }
    vec_hole(gauge->slots, gauge->slot_count++, at, sizeof(*slot));
    gauge->slots[at] = *slot;
    while (gauge->slot_count > GAUGE_SLOTS)
        coarsen(gauge);
}

static struct gauge *gauge_of(struct gauges *gauges, struct name name)
{
    if (gauges->names.count >= GAUGES_MAX &&
        map_find(&gauges->names, name.bytes, name.length) == MAP_NONE)
        return NULL;
    size_t before = gauges->names.count;
    uint32_t number = map_add(&gauges->names, name.bytes, name.length);
    gauges->gauges = vec_room(gauges->gauges, &gauges->room, gauges->names.count,
                              sizeof(*gauges->gauges));
    struct gauge *gauge = &gauges->gauges[number];
    if (gauges->names.count > before) {
        *gauge = (struct gauge){.first_utc_ns = INT64_MAX, .shift = GAUGE_SHIFT_FIRST};
        gauge->slots = mem_array(GAUGE_SLOTS + 1, sizeof(*gauge->slots));
    }
    return gauge;
}

void gauges_init(struct gauges *gauges)
{
    *gauges = (struct gauges){0};
    map_init(&gauges->names);
}

void gauges_release(struct gauges *gauges)
{
    for (size_t i = 0; i < gauges->names.count; i++)
        free(gauges->gauges[i].slots);
    free(gauges->gauges);
    map_release(&gauges->names);
}

void gauges_add(struct gauges *gauges, struct name name, int64_t utc_ns, double value)
{
    if (!isfinite(value)) {
        gauges->not_finite++;
        return;
    }
    struct gauge *gauge = gauge_of(gauges, name);
    if (!gauge) {
        gauges->folded++;
        return;
    }
    value += 0.0; /* no negative zero */
    struct gauge_slot slot = {0, 1, value, value, value, utc_ns};
    merge_slot(&gauge->all, &slot);
    exact_sum_add(&gauge->sum, value);
    gauge->first_utc_ns = utc_ns < gauge->first_utc_ns ? utc_ns : gauge->first_utc_ns;
    slot.id = utc_ns >> gauge->shift;
    add_slot(gauge, &slot);
}

static void merge_gauge(struct gauge *to, const struct gauge *from)
{
    merge_slot(&to->all, &from->all);
    exact_sum_merge(&to->sum, &from->sum);
    to->first_utc_ns =
        from->first_utc_ns < to->first_utc_ns ? from->first_utc_ns : to->first_utc_ns;
    while (to->shift < from->shift)
        coarsen(to);
    for (size_t i = 0; i < from->slot_count; i++) {
        struct gauge_slot slot = from->slots[i];
        slot.id >>= to->shift - from->shift;
        add_slot(to, &slot);
    }
}

void gauges_merge(struct gauges *to, const struct gauges *from)
{
    for (size_t i = 0; i < from->names.count; i++) {
        const struct map_key *key = &from->names.keys[i];
        struct gauge *gauge = gauge_of(to, (struct name){key->bytes, key->length});
        if (gauge)
            merge_gauge(gauge, &from->gauges[i]);
        else
            to->folded += from->gauges[i].all.count;
    }
    to->folded += from->folded;
    to->not_finite += from->not_finite;
}

/* --- saving ------------------------------------------------------------------------ */

static void pack_double(struct str *out, double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof(bits));
    pack_fixed(out, bits);
}

static double unpack_double(struct unpacking *in)
{
    uint64_t bits = unpack_fixed(in);
    double value;
    memcpy(&value, &bits, sizeof(value));
    if (!isfinite(value))
        unpack_fail(in);
    return value;
}

static void pack_slot(struct str *out, const struct gauge_slot *slot)
{
    pack_signed(out, slot->id);
    pack_number(out, slot->count);
    pack_double(out, slot->min);
    pack_double(out, slot->max);
    pack_double(out, slot->last);
    pack_signed(out, slot->last_utc_ns);
}

static struct gauge_slot unpack_slot(struct unpacking *in)
{
    struct gauge_slot slot;
    slot.id = unpack_signed(in);
    slot.count = unpack_number(in);
    slot.min = unpack_double(in);
    slot.max = unpack_double(in);
    slot.last = unpack_double(in);
    slot.last_utc_ns = unpack_signed(in);
    return slot;
}

static void pack_gauge(struct str *out, const struct gauge *gauge)
{
    pack_slot(out, &gauge->all);
    pack_signed(out, gauge->first_utc_ns);
    for (unsigned i = 0; i < GAUGE_LIMBS; i++)
        pack_number(out,
                    gauge->sum.limbs[i] ^ (is_negative(&gauge->sum) ? UINT64_MAX : 0));
    pack_number(out, is_negative(&gauge->sum));
    pack_number(out, gauge->shift);
    pack_number(out, gauge->slot_count);
    for (size_t i = 0; i < gauge->slot_count; i++)
        pack_slot(out, &gauge->slots[i]);
}

static void unpack_gauge(struct gauge *gauge, struct unpacking *in)
{
    gauge->all = unpack_slot(in);
    gauge->first_utc_ns = unpack_signed(in);
    for (unsigned i = 0; i < GAUGE_LIMBS; i++)
        gauge->sum.limbs[i] = unpack_number(in);
    bool negative = unpack_limited(in, 1) == 1;
    for (unsigned i = 0; negative && i < GAUGE_LIMBS; i++)
        gauge->sum.limbs[i] = ~gauge->sum.limbs[i];
    gauge->shift = (unsigned)unpack_limited(in, 63);
    gauge->slot_count = unpack_count(in, GAUGE_SLOTS);
    for (size_t i = 0; i < gauge->slot_count; i++)
        gauge->slots[i] = unpack_slot(in);
    if (gauge->all.count == 0 || gauge->shift < GAUGE_SHIFT_FIRST)
        unpack_fail(in);
    for (size_t i = 1; i < gauge->slot_count; i++)
        if (gauge->slots[i].id <= gauge->slots[i - 1].id)
            unpack_fail(in);
    for (size_t i = 0; i < gauge->slot_count; i++)
        if (gauge->slots[i].count == 0)
            unpack_fail(in);
}

void gauges_pack(const struct gauges *gauges, struct str *out)
{
    uint32_t *order = beside_order(&gauges->names);
    pack_number(out, gauges->folded);
    pack_number(out, gauges->not_finite);
    pack_number(out, gauges->names.count);
    for (size_t i = 0; i < gauges->names.count; i++) {
        const struct map_key *key = &gauges->names.keys[order[i]];
        pack_name(out, (struct name){key->bytes, key->length});
        pack_gauge(out, &gauges->gauges[order[i]]);
    }
    free(order);
}

void gauges_unpack(struct gauges *gauges, struct unpacking *in)
{
    gauges->folded = unpack_number(in);
    gauges->not_finite = unpack_number(in);
    size_t count = unpack_count(in, GAUGES_MAX);
    for (size_t i = 0; i < count && !in->bad; i++) {
        struct name name = unpack_name(in);
        struct gauge *gauge = in->bad ? NULL : gauge_of(gauges, name);
        if (gauge)
            unpack_gauge(gauge, in);
    }
}
