/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Property: any bytes are refused, or give a zone whose offsets at any moment are those
 * that looking through its changes one by one gives, and whose local time is UTC plus
 * that offset. What does not begin as TZif is read as a POSIX rule.
 */
#include "timezone.h"

#include <stdlib.h>
#include <string.h>

/* The last change at or before; true when one of them decides. */
static int scanned_offset(const struct zone *zone, int64_t utc_s, int32_t *offset_s)
{
    size_t at = 0;

    while (at < zone->change_count && zone->changes_utc_s[at] <= utc_s)
        at++;
    *offset_s = at ? zone->offsets_s[at - 1] : zone->first_offset_s;
    return at < zone->change_count || !zone->has_rule;
}

static void check(const struct zone *zone, int64_t utc_s)
{
    int32_t expected_s, offset_s = zone_offset_s(zone, utc_s);
    struct zone_time local = zone_local(zone, utc_s);
    struct zone_date date = zone_date(local.day);

    if (scanned_offset(zone, utc_s, &expected_s) && offset_s != expected_s)
        abort();
    if (local.day * 86400 + local.second != utc_s + offset_s || local.second < 0 ||
        local.second >= 86400)
        abort();
    if (zone_day(date.year, date.month, date.day) != local.day)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct zone zone = {0};
    char rule[256];
    int failed;

    if (size >= 4 && memcmp(data, "TZif", 4) == 0) {
        failed = zone_parse(&zone, data, size);
    } else {
        size_t length = size < sizeof(rule) ? size : sizeof(rule) - 1;
        memcpy(rule, data, length);
        rule[length] = '\0';
        failed = zone_parse_posix(&zone, rule);
    }
    if (!failed) {
        for (int64_t utc_s = -4000000000; utc_s < 8000000000; utc_s += 12345678)
            check(&zone, utc_s);
        for (size_t i = 0; i < zone.change_count && i < 1000; i++) {
            int64_t utc_s = zone.changes_utc_s[i];
            if (utc_s > -1000000000000 && utc_s < 1000000000000) {
                check(&zone, utc_s - 1);
                check(&zone, utc_s);
            }
        }
    }
    zone_release(&zone);
    return 0;
}
