/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The slow end of one cell, exactly: its slowest SLOW_KEPT requests whole, and of nearly
 * SLOW_SHARED who sent them. Both depend only on the set of requests. Nearly every
 * request is turned away by one comparison with floor_ns.
 */
#ifndef SUMMARY_SLOW_H
#define SUMMARY_SLOW_H

#include <stddef.h>
#include <stdint.h>

enum { SLOW_KEPT = 100, SLOW_SHARED = 512 };

/* group, address: number in the summary's names + 1, or 0. */
struct slow_entry {
    uint64_t duration_ns;
    int64_t start_utc_ns;
    uint64_t process, sequence;
    uint64_t first_byte_ns, view_ns; /* UINT64_MAX: not known */
    uint32_t values[2];              /* by enum summary_dimension */
    uint16_t status;
    uint8_t method, flags;
};

struct slow_share {
    uint32_t values[2];
    uint16_t bucket; /* fine */
};

/* kept: slowest first. shared, in no order: all requests in fine buckets > share_floor.
 * slow_share_floor() is the smallest (from -1) that leaves less than SLOW_SHARED, and it
 * depends on nothing but the set of requests; share_floor lags behind it. */
struct slow {
    uint64_t floor_ns; /* shorter requests change nothing */
    struct slow_entry *kept;
    size_t kept_count, kept_room;
    struct slow_share *shared;
    size_t shared_count, shared_room;
    int share_floor;
};

void slow_init(struct slow *slow);
void slow_release(struct slow *slow);
/* Adds a request of at least floor_ns that lies in a fine bucket. */
void slow_add(struct slow *slow, const struct slow_entry *entry, unsigned bucket);
/* new_values[dimension][number] is the number here of from's value; NULL: the same. */
void slow_merge(struct slow *to, const struct slow *from,
                const uint32_t *const new_values[2]);
/* Sets floor_ns after kept or shared were filled by hand. */
void slow_update_floor(struct slow *slow);
/* Who sent what lies above this floor is known. */
int slow_share_floor(const struct slow *slow);
/* Sets marks of all values of a dimension that are here; gives them other numbers. */
void slow_mark(const struct slow *slow, int dimension, uint32_t *marks);
void slow_renumber(struct slow *slow, int dimension, const uint32_t *new_values);
/* Order of kept: negative when a comes first. */
int slow_compare(const struct slow_entry *a, const struct slow_entry *b);

#endif
