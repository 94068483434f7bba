/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "testdata/cmocka_tests.h"

#include <stdio.h>

#include "mem.h"
#include "arena.h"
#include "err.h"
#include "map.h"
#include "str.h"
#include "vec.h"

TEST(the_first_error_wins)
{
    struct err err = ERR_INIT;
    assert_int_equal(err_set(&err, ERR_INPUT, "no file %s; look again", "a.fmd"), -1);
    assert_int_equal(err_set(&err, ERR_USAGE, "second"), -1);
    assert_int_equal(err.code, ERR_INPUT);
    assert_string_equal(err.message, "no file a.fmd; look again");
    assert_int_equal(err_set(NULL, ERR_USAGE, "nowhere"), -1);
}

TEST(an_error_names_its_exit_status_and_heading)
{
    assert_int_equal(err_exit_status(ERR_NONE), 0);
    assert_int_equal(err_exit_status(ERR_GATE), 1);
    assert_int_equal(err_exit_status(ERR_USAGE), 2);
    assert_int_equal(err_exit_status(ERR_DAMAGE), 3);
    assert_int_equal(err_exit_status(ERR_INTERNAL), 4);
    assert_string_equal(err_heading(ERR_OUTPUT), "cannot write");
}

TEST(unprintable_bytes_of_a_name_are_escaped)
{
    struct err err = ERR_INIT;
    err_set(&err, ERR_INPUT, "%s", "a\n\x1b[31m\xc3\xa9\xff\xc0\x80\xe2\x82\xac\xc2\x9b");
    assert_string_equal(err.message,
                        "a\\x0a\\x1b[31m\xc3\xa9\\xff\\xc0\\x80\xe2\x82\xac\\xc2\\x9b");
}

TEST(a_long_message_is_cut_between_characters)
{
    struct err err = ERR_INIT;
    char name[3001];
    memset(name, 0xff, sizeof(name) - 1);
    name[sizeof(name) - 1] = '\0';
    err_set(&err, ERR_INPUT, "%s", name);
    assert_int_equal(strlen(err.message) % 4, 0);
    assert_true(strlen(err.message) > sizeof(err.message) - 6);
}

TEST(a_string_grows_and_keeps_its_bytes)
{
    struct str str;
    str_init(&str);
    char expected[5000] = "";
    size_t length = 0;
    for (int i = 0; i < 500; i++) {
        str_addf(&str, "%d,", i);
        length += (size_t)sprintf(expected + length, "%d,", i);
    }
    assert_string_equal(str.bytes, expected);
    assert_int_equal(str.length, length);
    str_add(&str, "\0x", 2);
    assert_int_equal(str.length, length + 2);
    char *taken = str_take(&str);
    assert_int_equal(str.length, 0);
    str_add_text(&str, "again");
    str_add_byte(&str, '!');
    assert_string_equal(str.bytes, "again!");
    assert_string_equal(taken, expected);
    free(taken);
    str_release(&str);
}

TEST(bytes_are_compared_as_unsigned_and_a_prefix_is_smaller)
{
    assert_true(str_compare("a", 1, "ab", 2) < 0);
    assert_true(str_compare("\xff", 1, "a", 1) > 0);
    assert_true(str_compare("", 0, "", 0) == 0);
    assert_true(str_compare("b", 1, "ab", 2) > 0);
}

TEST(arena_copies_stay_where_they_are)
{
    struct arena arena;
    arena_init(&arena);
    char *copies[3000];
    char text[400];
    for (int i = 0; i < 3000; i++) {
        memset(text, 'a' + i % 26, sizeof(text));
        copies[i] = arena_copy(&arena, text, (size_t)(i % 400));
    }
    char *zeros = mem_new(1 << 20);
    assert_memory_equal(arena_copy(&arena, zeros, 1 << 20), zeros, 1 << 20);
    free(zeros);
    for (int i = 0; i < 3000; i++) {
        assert_int_equal(strlen(copies[i]), i % 400);
        for (int k = 0; k < i % 400; k++)
            assert_int_equal(copies[i][k], 'a' + i % 26);
    }
    arena_release(&arena);
}

TEST(a_map_numbers_strings_in_the_order_of_their_first_coming)
{
    struct map map;
    map_init(&map);
    char text[32];
    assert_int_equal(map_find(&map, "0", 1), MAP_NONE);
    for (int round = 0; round < 2; round++)
        for (uint32_t i = 0; i < 20000; i++) {
            int length = sprintf(text, "%u", i * 7919u);
            assert_int_equal(map_add(&map, text, (size_t)length), i);
        }
    for (uint32_t i = 0; i < 20000; i++) {
        int length = sprintf(text, "%u", i * 7919u);
        assert_int_equal(map_find(&map, text, (size_t)length), i);
        assert_string_equal(map.keys[i].bytes, text);
    }
    assert_int_equal(map_find(&map, "no number", 9), MAP_NONE);
    assert_int_equal(map_add(&map, "", 0), 20000);
    assert_int_equal(map_find(&map, "", 0), 20000);
    assert_int_equal(map_add(&map, "\0", 1), 20001);
    assert_int_equal(map.count, 20002);
    map_release(&map);
}

/* 2^16 strings fall on 64 strata as even as throws of a die: each bin within 5 standard
 * deviations of its mean. */
TEST(hashes_are_even_in_their_low_and_high_bits)
{
    unsigned low[64] = {0}, high[64] = {0};
    char text[32];
    for (unsigned i = 0; i < 65536; i++) {
        uint64_t hash = map_hash(text, (size_t)sprintf(text, "customer-%u", i));
        low[hash & 63]++;
        high[hash >> 58]++;
    }
    for (int i = 0; i < 64; i++) {
        assert_in_range(low[i], 1024 - 160, 1024 + 160);
        assert_in_range(high[i], 1024 - 160, 1024 + 160);
    }
}

TEST(a_vec_grows_and_opens_holes)
{
    int *items = NULL;
    size_t room = 0;
    for (size_t i = 0; i < 1000; i++) {
        items = vec_room(items, &room, i + 1, sizeof(*items));
        vec_hole(items, i, 0, sizeof(*items));
        items[0] = (int)i;
    }
    for (size_t i = 0; i < 1000; i++)
        assert_int_equal(items[i], 999 - (int)i);
    assert_true(room >= 1000 && room < 2000);
    free(items);
}
