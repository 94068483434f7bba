/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What traces alone can tell about clocks that are wrong. Only tells: no time is ever
 * shifted. README.md says what is detected and what cannot be.
 */
#ifndef INPUT_WALL_CLOCKS_H
#define INPUT_WALL_CLOCKS_H

#include "input_notes.h"

#include <stddef.h>
#include <stdint.h>

/* One moment on both clocks of a host. */
struct anchor {
    uint64_t monotonic_ns;
    int64_t utc_ns;
};

/* UTC of a moment on the monotonic clock; wraps instead of overflowing. */
int64_t anchor_utc(const struct anchor *anchor, uint64_t monotonic_ns);

/* By how much the wall clock was set between two anchors of one boot, beyond what a clock
 * that is being corrected drifts: ns, 0 for none. */
int64_t clock_step_ns(const struct anchor *before, const struct anchor *after);

/* When the requests of one host came in one recording run. */
struct clock_range {
    const char *run, *host;
    int64_t first_utc_ns, last_utc_ns;
};

/* Notes hosts of one run whose times lie apart as a whole, and times that are still to
 * come. Sorts ranges. */
void clocks_compare(struct clock_range *ranges, size_t count, int64_t now_utc_ns,
                    struct notes *notes);

/* "2026-11-23 09:04:00 UTC" into out. */
enum { CLOCK_TEXT_BYTES = 64 };
const char *clock_text(int64_t utc_ns, char out[CLOCK_TEXT_BYTES]);

#endif
