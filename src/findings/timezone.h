/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A time zone as numbers: UTC seconds to local civil time, right across every change of
 * the offset. Read once from the system's zoneinfo (TZif, RFC 8536) into plain arrays, so
 * that any number of zones and threads work at once; localtime() knows only one zone a
 * process. Workload: some 10^5 conversions a report.
 */
#ifndef FINDINGS_TIMEZONE_H
#define FINDINGS_TIMEZONE_H

#include <stddef.h>
#include <stdint.h>

struct err;

/* One end of daylight-saving time as POSIX TZ rules give it. */
struct zone_rule {
    enum zone_rule_kind { ZONE_RULE_MONTH, ZONE_RULE_JULIAN, ZONE_RULE_DAY } kind;
    int month, week, weekday; /* MONTH: week 5 is the last; Sunday is 0 */
    int day;                  /* JULIAN: 1..365, no 29 February; DAY: 0..365 */
    int32_t time_s;           /* local time of the day, may be beyond it */
};

struct zone {
    char name[256];
    size_t change_count;
    int64_t *changes_utc_s; /* ascending; from then on ... */
    int32_t *offsets_s;     /* ... local = UTC + offset */
    int32_t first_offset_s; /* before the first change */
    /* after the last change: the footer's rule */
    int32_t standard_offset_s, summer_offset_s;
    int has_rule, has_summer;
    struct zone_rule summer_begin, summer_end;
};

/* Loads a zone by its IANA name ("Europe/Amsterdam"), a POSIX TZ string
 * ("CET-1CEST,M3.5.0,M10.5.0/3") or "UTC". NULL: this machine's own, from $TZ, else
 * /etc/localtime, else UTC. 0; -1 with *err, whose sentence suggests names. */
int zone_load(struct zone *zone, const char *name, struct err *err);
void zone_release(struct zone *zone);

/* Parses TZif bytes, or a POSIX TZ string. 0, or -1 when they are none. */
int zone_parse(struct zone *zone, const uint8_t *bytes, size_t size);
int zone_parse_posix(struct zone *zone, const char *rule);

/* Seconds to add to UTC at that moment. */
int32_t zone_offset_s(const struct zone *zone, int64_t utc_s);

struct zone_time {
    int64_t day;    /* civil days since 1970-01-01 */
    int32_t second; /* of the day, 0..86399 */
    int32_t offset_s;
};
struct zone_time zone_local(const struct zone *zone, int64_t utc_s);

/* The proleptic Gregorian calendar. */
struct zone_date {
    int year, month, day; /* month and day from 1 */
};
struct zone_date zone_date(int64_t day);
int64_t zone_day(int year, int month, int day);
/* 0 is Monday. */
int zone_weekday(int64_t day);

#endif
