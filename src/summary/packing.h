/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Numbers and strings as bytes: little-endian base-128 numbers, each in its shortest
 * form, so that a content has one form only. The reader never reads beyond its end: after
 * the first byte that is wrong everything reads as 0 and `bad` says so.
 */
#ifndef SUMMARY_PACKING_H
#define SUMMARY_PACKING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "src/base/str.h"
#include "summary.h"

void pack_number(struct str *out, uint64_t number);
void pack_signed(struct str *out, int64_t number); /* zigzag: small when near 0 */
void pack_wide(struct str *out, uint128_t number);
void pack_fixed(struct str *out, uint64_t number); /* 8 bytes, little endian */
void pack_name(struct str *out, struct name name);
void pack_histogram(struct str *out, const struct histogram *histogram);
/* Strictly ascending numbers, as differences. */
void pack_ascending(struct str *out, const int64_t *numbers, size_t count);

struct unpacking {
    const uint8_t *at, *end;
    bool bad;
};

uint64_t unpack_number(struct unpacking *in);
/* At most limit; else bad and 0. */
uint64_t unpack_limited(struct unpacking *in, uint64_t limit);
/* A count of things of at least one byte each, at most limit. */
size_t unpack_count(struct unpacking *in, size_t limit);
int64_t unpack_signed(struct unpacking *in);
uint128_t unpack_wide(struct unpacking *in);
uint64_t unpack_fixed(struct unpacking *in);
/* Borrowed from the bytes, not terminated. */
struct name unpack_name(struct unpacking *in);
/* Into an empty histogram of the resolution that was packed. */
void unpack_histogram(struct unpacking *in, struct histogram *histogram);
void unpack_ascending(struct unpacking *in, int64_t *numbers, size_t count);
/* Says that the bytes are wrong. */
void unpack_fail(struct unpacking *in);

#endif
