/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Texts of foreign files to numbers: times, durations, status codes, methods. In integers
 * throughout, so that 0.1 s is 100000000 ns. Hot: once or twice a row, 10^8 rows.
 */
#ifndef INPUT_CONVERSIONS_H
#define INPUT_CONVERSIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum unit { UNIT_NONE, UNIT_S, UNIT_MS, UNIT_US, UNIT_NS };

/* Nanoseconds since 1970 UTC of a number in the unit (NONE: by its size, s below 10^11,
 * then ms, us, ns), of ISO 8601 ("2026-11-23T09:04:00.5+01:00", also with a blank instead
 * of T; without a zone it is UTC) or of a log's "23/Nov/2026:09:04:00 +0100". Years 1970
 * to 2261. False when it is none of them. */
bool convert_time(const char *text, size_t length, enum unit unit, int64_t *utc_ns);

/* Nanoseconds of a decimal number, not negative, in the unit (NONE: ms), or with its own:
 * "12.5ms", "1.5s", "80us", "80µs", "9ns". Exponents too (1.2e-05). False when it is
 * none; more than 2^63 ns are 2^63. */
bool convert_duration(const char *text, size_t length, enum unit unit,
                      uint64_t *duration_ns);

/* 100 to 999, else 0: not known. */
uint16_t convert_status(const char *text, size_t length);

/* enum fmd_method of lib/fmd-record.h; 0 for a method that it does not have. */
uint8_t convert_method(const char *text, size_t length);

#endif
