/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How much is recorded of each endpoint, decided by patterns, changed while running; and
 * the other numbers of the configuration that are.
 *
 *   configuration file ──read──► rules ──match, once an endpoint──► level by number
 *     ^ its time is looked at by the writer        request path: one relaxed load
 *
 * Promises: a change of the file holds for every endpoint within a second, and costs no
 * request; a file that cannot be read or is wrong changes nothing and is told once. What
 * code and environment fixed stays. Inherited by forked children, which read the file
 * again when they open. Built for a few hundred endpoints and rules.
 */
#ifndef FMD_LEVELS_H
#define FMD_LEVELS_H

#include "configuration.h"
#include "endpoint_register.h"

#include <stdatomic.h>

/* Level of each endpoint's number, xor 1, so that numbers that nobody gave out are at
 * level 1. Of 0, the unknown endpoint, it is 0 or 1: without a threshold for it there is
 * nothing to watch. */
extern _Atomic uint8_t fmd__level_table[FMD__ENDPOINTS_MAX + 1];

static inline unsigned fmd__level_of(uint32_t endpoint)
{
    return atomic_load_explicit(
               &fmd__level_table[endpoint <= FMD__ENDPOINTS_MAX ? endpoint : 0],
               memory_order_relaxed) ^
           1;
}

/* Of keys that are followed while running (live in the table). */
extern _Atomic uint64_t fmd__live_numbers[FMD__KEY_COUNT];

static inline uint64_t fmd__live_number(enum fmd__key key)
{
    return atomic_load_explicit(&fmd__live_numbers[key], memory_order_relaxed);
}

/* As set at fmd_start(); numbers, of live keys, that are fixed the file does not change.
 * fixed: what the environment said. file: "" for none; it has been read into *now. */
void fmd__levels_init(const int64_t numbers[FMD__KEY_COUNT],
                      const bool is_fixed[FMD__KEY_COUNT], const char *file,
                      const struct fmd__configuration *fixed,
                      const struct fmd__configuration *now);
/* An endpoint was registered. */
void fmd__levels_add(uint32_t endpoint);
/* Reads the file again if it has changed. now_ns: monotonic; looks twice a second at
 * most. These two under the register's lock. */
void fmd__levels_follow(uint64_t now_ns);
/* It is time for follow to look. Any thread. */
bool fmd__levels_follow_is_due(uint64_t now_ns);
/* Between two looks; UINT64_MAX when there is no file to look at. */
uint64_t fmd__levels_pause_ns(void);

/* Does pattern name this endpoint? The whole name, or, for a pattern that begins with
 * '/', what follows the method ("GET /cart": "/cart"). '*' is any bytes, '?' one. */
bool fmd__level_pattern_matches(const char *pattern, const char *name);

#endif
