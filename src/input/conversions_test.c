/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "conversions.h"

#include "path_folding.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "testdata/cmocka_tests.h"

static uint64_t duration_of(const char *text, enum unit unit)
{
    uint64_t ns = 0;
    return convert_duration(text, strlen(text), unit, &ns) ? ns : UINT64_MAX;
}

static int64_t time_of(const char *text, enum unit unit)
{
    int64_t ns = 0;
    return convert_time(text, strlen(text), unit, &ns) ? ns : -1;
}

TEST(durations_are_exact_in_every_unit)
{
    assert_int_equal(duration_of("12.5", UNIT_NONE), 12500000);
    assert_int_equal(duration_of("0.1", UNIT_S), 100000000);
    assert_int_equal(duration_of(".000000001", UNIT_S), 1);
    assert_int_equal(duration_of("7", UNIT_US), 7000);
    assert_int_equal(duration_of(" 9 ", UNIT_NS), 9);
    assert_int_equal(duration_of("12.5ms", UNIT_S), 12500000);
    assert_int_equal(duration_of("80\xc2\xb5s", UNIT_S), 80000);
    assert_int_equal(duration_of("1.5 s", UNIT_MS), 1500000000);
    assert_int_equal(duration_of("1.2e-05", UNIT_S), 12000);
    assert_int_equal(duration_of("0.1234567890123456789", UNIT_S), 123456789);
    assert_int_equal(duration_of("99999999999999999999999", UNIT_S), UINT64_C(1) << 63);
}

TEST(what_is_no_duration_is_refused)
{
    const char *const wrong[] = {"",    "-",   "-1", "abc", "1,5",  "1.5x",  ".",
                                 "1 2", "nan", "1e", "inf", "0x10", "1.2.3", "1e400"};
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        assert_int_equal(duration_of(wrong[i], UNIT_MS), UINT64_MAX);
}

TEST(random_decimals_agree_with_strtod)
{
    srandom(1);
    for (int i = 0; i < 100000; i++) {
        char text[64];
        snprintf(text, sizeof(text), "%ld.%0*ld", random() % 100000,
                 1 + (int)(random() % 12), random() % 10);
        double wanted = strtod(text, NULL) * 1e6;
        assert_true(fabs((double)duration_of(text, UNIT_MS) - wanted) <= 1);
    }
}

/* One byte after the other; UINT64_MAX: no number. */
static uint64_t dumb_ns_of_ms(const char *text)
{
    unsigned __int128 ns = 0;
    unsigned digits = 0, points = 0, fraction_digits = 0;
    for (; *text; text++) {
        points += *text == '.';
        if (*text == '.')
            continue;
        digits++;
        if (points && ++fraction_digits > 6) /* of 10^-6 ms */ {
            ns += fraction_digits == 7 && *text >= '5'; /* rounded */
            continue;
        }
        ns = ns * 10 + (unsigned)(*text - '0');
    }
    for (; fraction_digits < 6; fraction_digits++)
        ns *= 10;
    if (!digits || points > 1)
        return UINT64_MAX;
    return ns < UINT64_C(1) << 63 ? (uint64_t)ns : UINT64_C(1) << 63;
}

TEST(decimals_of_any_length_agree_with_a_dumb_reader)
{
    srandom(4);
    for (int i = 0; i < 200000; i++) {
        char text[20];
        for (size_t b = 0; b < sizeof(text); b++)
            text[b] = (char)('0' + random() % 10);
        for (long points = random() % 3; points > 0; points--)
            text[(size_t)random() % sizeof(text)] = '.';
        text[1 + (size_t)random() % (sizeof(text) - 1)] = 0;
        assert_int_equal(duration_of(text, UNIT_MS), dumb_ns_of_ms(text));
    }
}

TEST(a_byte_that_is_no_digit_is_found_at_any_place)
{
    for (size_t length = 1; length <= 16; length++)
        for (size_t at = 0; at < length; at++)
            for (int byte = 1; byte < 256; byte++) {
                char text[20] = "5555555555555555";
                text[length] = 0;
                text[at] = (char)byte;
                bool digit = byte >= '0' && byte <= '9';
                bool point = byte == '.' && length > 1;
                if (!strchr(" \tsEe", byte)) /* these may mean something */
                    assert_int_equal(duration_of(text, UNIT_MS) != UINT64_MAX,
                                     digit || point);
            }
}

TEST(times_are_read_in_all_their_forms)
{
    const int64_t nine = INT64_C(1795338000) * 1000000000;
    assert_int_equal(time_of("2026-11-22T09:00:00Z", UNIT_NONE), nine);
    assert_int_equal(time_of("2026-11-22 09:00:00", UNIT_NONE), nine);
    assert_int_equal(time_of("2026-11-22T10:30:00+01:30", UNIT_NONE), nine);
    assert_int_equal(time_of("2026-11-22T05:00:00-0400", UNIT_NONE), nine);
    assert_int_equal(time_of("2026-11-22T09:00:00.123456789Z", UNIT_NONE),
                     nine + 123456789);
    assert_int_equal(time_of("2026-11-22 09:00:00,5 UTC", UNIT_NONE), nine + 500000000);
    assert_int_equal(time_of("22/Nov/2026:10:00:00 +0100", UNIT_NONE), nine);
    assert_int_equal(time_of("1795338000", UNIT_NONE), nine);
    assert_int_equal(time_of("1795338000.25", UNIT_NONE), nine + 250000000);
    assert_int_equal(time_of("1795338000000", UNIT_NONE), nine);
    assert_int_equal(time_of("1795338000000000", UNIT_NONE), nine);
    assert_int_equal(time_of("1795338000000000000", UNIT_NONE), nine);
    assert_int_equal(time_of("5000", UNIT_MS), INT64_C(5000000000));
}

TEST(what_is_no_time_is_refused)
{
    const char *const wrong[] = {"",
                                 "now",
                                 "2026-11-22",
                                 "2026-13-22T09:00:00Z",
                                 "2026-02-29T09:00:00Z",
                                 "2026-11-22T24:00:00Z",
                                 "1969-11-22T09:00:00Z",
                                 "2026-11-22T09:00:00X",
                                 "2026-11-22T09:00:00+99:00",
                                 "2026/11-22T09:00:00",
                                 "22/Nix/2026:10:00:00 +0100",
                                 "-5",
                                 "99999999999999999999"};
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        assert_int_equal(time_of(wrong[i], UNIT_NONE), -1);
}

TEST(dates_agree_with_the_c_library)
{
    srandom(2);
    for (int i = 0; i < 20000; i++) {
        time_t seconds = (time_t)(random() * 4L % 9000000000L);
        struct tm parts;
        char text[64];
        gmtime_r(&seconds, &parts);
        strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &parts);
        assert_int_equal(time_of(text, UNIT_NONE), (int64_t)seconds * 1000000000);
    }
}

static const char *folded(const char *line)
{
    static char out[FOLDED_BYTES_MAX + 1];
    const char *method;
    size_t method_length;
    out[fold_request(line, strlen(line), out, &method, &method_length)] = 0;
    return out;
}

TEST(segments_that_name_one_thing_of_many_are_folded)
{
    assert_string_equal(folded("GET /cart/17?x=1 HTTP/1.1"), "GET /cart/{n}");
    assert_string_equal(folded("GET / HTTP/1.1"), "GET /");
    assert_string_equal(folded("GET /v2/api/2026-11-22/1.2.3 HTTP/1.1"),
                        "GET /v2/api/{n}/{n}");
    assert_string_equal(folded("POST /u/3F2504E0-4f89-11d3-9a0c-0305e82c3301/x HTTP/2"),
                        "POST /u/{uuid}/x");
    assert_string_equal(
        folded("GET /blob/da39a3ee5e6b4b0d3255bfef95601890afd80709 HTTP/1"),
        "GET /blob/{hex}");
    assert_string_equal(folded("GET /s/eyJhbGciOiJIUzI1NiJ9x0A HTTP/1.1"),
                        "GET /s/{token}");
    assert_string_equal(folded("GET http://shop.example/a/5 HTTP/1.1"), "GET /a/{n}");
    assert_string_equal(folded("GET //a//5/ HTTP/1.1"), "GET //a//{n}/");
    assert_string_equal(folded("GET /checkout/face/beef HTTP/1.1"),
                        "GET /checkout/face/beef");
    assert_string_equal(folded("BREW /a HTTP/1.1"), "(other) /a");
    assert_string_equal(folded("\\x16\\x03"), "(no request)");
    assert_string_equal(folded("-"), "(no request)");
    assert_string_equal(folded(""), "(no request)");
    assert_string_equal(folded("GET /a/b/c/d/e/f/g/h/i/j/k/l/m/n/o HTTP/1.1"),
                        "GET /a/b/c/d/e/f/g/h/i/j/k/l/...");
}

TEST(a_folded_path_is_short_and_folds_to_itself)
{
    srandom(3);
    for (int i = 0; i < 20000; i++) {
        char path[1200], once[FOLDED_BYTES_MAX], again[FOLDED_BYTES_MAX];
        size_t length = (size_t)random() % sizeof(path);
        for (size_t b = 0; b < length; b++)
            path[b] = "/0a9f-.zZ_%"[random() % 11];
        size_t first = fold_path(path, length, once);
        assert_in_range(first, 1, FOLDED_BYTES_MAX);
        if (first == FOLDED_BYTES_MAX)
            continue; /* cut inside a segment */
        assert_int_equal(fold_path(once, first, again), first);
        assert_memory_equal(once, again, first);
    }
}
