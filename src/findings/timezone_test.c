/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "timezone.h"

#include "src/base/err.h"

#include <stdio.h>
#include <time.h>

#include "testdata/cmocka_tests.h"

static struct zone loaded(const char *name)
{
    struct zone zone;
    struct err err = ERR_INIT;

    if (zone_load(&zone, name, &err))
        fail_msg("%s: %s", name, err.message);
    return zone;
}

/* testdata/timezones.tsv was computed by Python's zoneinfo: zone, UTC second, offset,
 * local date and time, weekday. */
TEST(local_times_agree_with_another_implementation)
{
    FILE *table = fopen("testdata/timezones.tsv", "r");
    char line[256], name[64] = "", current[64] = "";
    struct zone zone = {0};
    long long utc_s;
    int offset_s, year, month, day, hour, minute, second, weekday, lines = 0;

    assert_non_null(table);
    while (fgets(line, sizeof(line), table)) {
        if (line[0] == '#')
            continue;
        assert_int_equal(9 + 1, sscanf(line, "%63s %lld %d %d-%d-%d %d:%d:%d %d", name,
                                       &utc_s, &offset_s, &year, &month, &day, &hour,
                                       &minute, &second, &weekday));
        if (strcmp(name, current) != 0) {
            zone_release(&zone);
            zone = loaded(name);
            snprintf(current, sizeof(current), "%s", name);
        }
        struct zone_time local = zone_local(&zone, utc_s);
        struct zone_date date = zone_date(local.day);
        if (local.offset_s != offset_s || date.year != year || date.month != month ||
            date.day != day || local.second != hour * 3600 + minute * 60 + second ||
            zone_weekday(local.day) != weekday)
            fail_msg("%s: offset %d, %04d-%02d-%02d, second %d", line, local.offset_s,
                     date.year, date.month, date.day, local.second);
        lines++;
    }
    zone_release(&zone);
    fclose(table);
    assert_true(lines > 1000);
}

TEST(the_calendar_agrees_with_timegm_and_turns_around)
{
    for (int64_t day = -200000; day < 200000; day += 13) {
        struct zone_date date = zone_date(day);
        struct tm tm = {
            .tm_year = date.year - 1900, .tm_mon = date.month - 1, .tm_mday = date.day};
        assert_int_equal(timegm(&tm), day * 86400);
        assert_int_equal((tm.tm_wday + 6) % 7, zone_weekday(day));
        assert_int_equal(zone_day(date.year, date.month, date.day), day);
    }
}

TEST(a_posix_rule_is_a_zone_too)
{
    static const struct {
        const char *rule, *name; /* the same from 2010 to 2024 */
    } same[] = {{"CET-1CEST,M3.5.0,M10.5.0/3", "Europe/Amsterdam"},
                {"EST5EDT", "America/New_York"},
                {"AEST-10AEDT,M10.1.0,M4.1.0/3", "Australia/Sydney"},
                {"<+1030>-10:30<+11>-11,M10.1.0,M4.1.0", "Australia/Lord_Howe"},
                {"IST-1GMT0,M10.5.0,M3.5.0/1", "Europe/Dublin"},
                {"<+0545>-5:45", "Asia/Kathmandu"}};

    for (size_t i = 0; i < sizeof(same) / sizeof(same[0]); i++) {
        struct zone rule = loaded(same[i].rule), name = loaded(same[i].name);
        for (int64_t utc_s = 1262304000; utc_s < 1704067200; utc_s += 1800)
            if (zone_offset_s(&rule, utc_s) != zone_offset_s(&name, utc_s))
                fail_msg("%s at %lld", same[i].rule, (long long)utc_s);
        zone_release(&rule);
        zone_release(&name);
    }
}

TEST(julian_days_count_no_29th_of_february)
{
    struct zone zone = {0};

    /* J60 is 1 March in every year; 59 from zero is 29 February in leap years */
    assert_int_equal(zone_parse_posix(&zone, "AAA0BBB,J60/0,J200/0"), 0);
    assert_int_equal(zone_offset_s(&zone, zone_day(2024, 2, 29) * 86400), 0);
    assert_int_equal(zone_offset_s(&zone, zone_day(2024, 3, 1) * 86400), 3600);
    assert_int_equal(zone_parse_posix(&zone, "AAA0BBB,59/0,200/0"), 0);
    assert_int_equal(zone_offset_s(&zone, zone_day(2024, 2, 29) * 86400), 3600);
    assert_int_equal(zone_offset_s(&zone, zone_day(2023, 2, 28) * 86400), 0);
}

TEST(a_name_that_is_no_zone_is_answered_with_the_nearest)
{
    struct zone zone;
    struct err err = ERR_INIT;

    assert_int_equal(zone_load(&zone, "Europe/Amsterdan", &err), -1);
    assert_int_equal(err.code, ERR_USAGE);
    assert_non_null(strstr(err.message, "did you mean Europe/Amsterdam?"));

    err = (struct err)ERR_INIT;
    assert_int_equal(zone_load(&zone, "kathmandu", &err), -1);
    assert_non_null(strstr(err.message, "Asia/Kathmandu"));
}

TEST(no_name_leaves_the_zone_directory)
{
    static const char *const names[] = {
        "../../../etc/passwd", "Europe//Amsterdam", "Europe/../UTC", "", "Europe",
        "tzdata.zi",           "/etc/passwd",       "/nonexistent"};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        struct zone zone;
        struct err err = ERR_INIT;
        assert_int_equal(zone_load(&zone, names[i], &err), -1);
        assert_true(strlen(err.message) > 20);
    }
}

TEST(the_machines_zone_comes_from_TZ)
{
    struct zone zone;
    struct err err = ERR_INIT;

    setenv("TZ", ":Asia/Kathmandu", 1);
    assert_int_equal(zone_load(&zone, NULL, &err), 0);
    assert_int_equal(zone_offset_s(&zone, 1700000000), 20700);
    assert_string_equal(zone.name, "Asia/Kathmandu");
    zone_release(&zone);
    setenv("TZ", "Mars/Olympus", 1);
    assert_int_equal(zone_load(&zone, NULL, &err), -1);
    assert_non_null(strstr(err.message, "variable TZ"));
    unsetenv("TZ");
    err = (struct err)ERR_INIT;
    assert_int_equal(zone_load(&zone, NULL, &err), 0);
    zone_release(&zone);
}

TEST(cut_and_flipped_zone_files_are_refused_or_read_within_bounds)
{
    FILE *file = fopen("/usr/share/zoneinfo/Europe/Amsterdam", "rb");
    static uint8_t bytes[8192];

    assert_non_null(file);
    size_t size = fread(bytes, 1, sizeof(bytes), file);
    fclose(file);
    for (size_t cut = 0; cut < size; cut++) {
        struct zone zone = {0};
        uint8_t *copy =
            malloc(cut + 1); /* exact size, so that asan sees a step too far */
        memcpy(copy, bytes, cut);
        assert_int_equal(zone_parse(&zone, copy, cut), -1);
        free(copy);
    }
    for (size_t at = 0; at < size; at++) {
        struct zone zone = {0};
        uint8_t *copy = malloc(size);
        memcpy(copy, bytes, size);
        copy[at] ^= 0x81;
        if (zone_parse(&zone, copy, size) == 0) {
            zone_offset_s(&zone, 1700000000);
            zone_release(&zone);
        }
        free(copy);
    }
}
