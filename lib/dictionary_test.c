/* SPDX-License-Identifier: Apache-2.0 */
/* The writer's dictionary against an array of everything that was ever added. */
#include "testdata/cmocka_tests.h"

#include "dictionary.h"
#include "keyed_hash.h"
#include "pages.h"

#include <stdio.h>

#define KIND 2

static const struct fmd__hash_key key = {
    {0x243f6a8885a308d3, 0x13198a2e03707344, 0xa4093822299f31d0, 0x082efa98ec4e6c89}};

static uint64_t name(unsigned i, char *text, uint32_t *length)
{
    *length =
        (uint32_t)snprintf(text, 32, "string %u%.*s", i, (int)(i % 13), "aaaaaaaaaaaaa");
    return fmd__keyed_hash(&key, KIND, text, *length);
}

static void expect(struct fmd__dictionary *dictionary, unsigned i)
{
    char text[32];
    uint32_t length;
    struct fmd__entry *entry = fmd__dictionary_find(dictionary, name(i, text, &length));

    assert_non_null(entry);
    assert_int_equal(entry->length, length);
    assert_int_equal(entry->what, KIND);
    assert_memory_equal(fmd__dictionary_bytes(dictionary, entry), text, length);
}

static bool add(struct fmd__dictionary *dictionary, unsigned i)
{
    char text[32];
    uint32_t length;
    uint64_t hash = name(i, text, &length);

    return fmd__dictionary_add(dictionary, hash, KIND, text, length);
}

TEST(what_was_added_is_found_and_nothing_else)
{
    struct fmd__dictionary dictionary = {0};

    assert_null(fmd__dictionary_find(&dictionary, 5));
    for (unsigned i = 0; i < 50000; i++)
        assert_true(add(&dictionary, i));
    for (unsigned i = 0; i < 50000; i++)
        expect(&dictionary, i);
    assert_null(fmd__dictionary_find(&dictionary, 5));
    assert_int_equal(dictionary.current.count, 50000);
    fmd__dictionary_release(&dictionary);
}

TEST(adding_again_changes_nothing)
{
    struct fmd__dictionary dictionary = {0};

    for (unsigned i = 0; i < 1000; i++)
        assert_true(add(&dictionary, i % 10));
    assert_int_equal(dictionary.current.count, 10);
    fmd__dictionary_release(&dictionary);
}

TEST(a_turn_forgets_only_what_was_not_used_for_a_whole_generation)
{
    struct fmd__dictionary dictionary = {0};

    for (unsigned i = 0; i < 100; i++)
        assert_true(add(&dictionary, i));
    fmd__dictionary_turn(&dictionary);
    for (unsigned i = 0; i < 50; i++)
        expect(&dictionary, i); /* used: carried over */
    assert_int_equal(dictionary.current.count, 50);
    fmd__dictionary_turn(&dictionary);
    for (unsigned i = 0; i < 50; i++)
        expect(&dictionary, i);
    for (unsigned i = 50; i < 100; i++) {
        char text[32];
        uint32_t length;

        assert_null(fmd__dictionary_find(&dictionary, name(i, text, &length)));
    }
    fmd__dictionary_release(&dictionary);
}

TEST(it_says_when_it_is_full_and_takes_more_until_it_is_turned)
{
    struct fmd__dictionary dictionary = {0};
    unsigned i = 0;

    while (!fmd__dictionary_full(&dictionary))
        assert_true(add(&dictionary, i++));
    assert_int_equal(i, FMD__DICTIONARY_STRINGS);
    while (add(&dictionary, i))
        i++;
    assert_int_equal(i, FMD__DICTIONARY_STRINGS_MAX);
    expect(&dictionary, 0);
    expect(&dictionary, i - 1);
    fmd__dictionary_release(&dictionary);
}

TEST(without_memory_an_add_fails_and_what_is_there_stays)
{
    for (int n = 1; n < 12; n++) {
        struct fmd__dictionary dictionary = {0};
        unsigned added = 0;

        fmd__pages_fail_at = n;
        while (added < 5000 && add(&dictionary, added))
            added++;
        fmd__pages_fail_at = 0;
        for (unsigned i = 0; i < added; i++)
            expect(&dictionary, i);
        assert_true(add(&dictionary, added));
        fmd__dictionary_release(&dictionary);
    }
}

/* --- the hash ------------------------------------------------------------------------
 */

TEST(the_hash_depends_on_every_byte_on_the_length_the_kind_and_the_key)
{
    struct fmd__hash_key other = key;
    unsigned char bytes[64] = {0};

    for (size_t length = 1; length <= sizeof bytes; length++) {
        uint64_t plain = fmd__keyed_hash(&key, KIND, bytes, length);

        assert_true(plain != 0);
        assert_true(plain != fmd__keyed_hash(&key, KIND, bytes, length - 1));
        assert_true(plain != fmd__keyed_hash(&key, KIND + 1, bytes, length));
        for (size_t at = 0; at < length; at++)
            for (unsigned bit = 0; bit < 8; bit++) {
                bytes[at] ^= (unsigned char)(1 << bit);
                assert_true(plain != fmd__keyed_hash(&key, KIND, bytes, length));
                bytes[at] ^= (unsigned char)(1 << bit);
            }
        for (int word = 0; word < 4; word++) {
            other.words[word] ^= 1;
            assert_true(plain != fmd__keyed_hash(&other, KIND, bytes, length));
            other.words[word] ^= 1;
        }
    }
}

static int by_value(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

    return (x > y) - (x < y);
}

TEST(a_million_similar_strings_have_a_million_hashes_in_even_spread)
{
    static uint64_t hashes[1000000];
    static unsigned sets[1024];
    char text[32];

    for (unsigned i = 0; i < 1000000; i++) {
        size_t length = (size_t)snprintf(text, sizeof text, "10.%u.%u.%u", i / 65536,
                                         i / 256 % 256, i % 256);

        hashes[i] = fmd__keyed_hash(&key, KIND, text, length);
        sets[(hashes[i] >> 32) % 1024]++;
    }
    qsort(hashes, 1000000, sizeof hashes[0], by_value);
    for (unsigned i = 1; i < 1000000; i++)
        assert_true(hashes[i] != hashes[i - 1]);
    for (unsigned i = 0; i < 1024; i++) /* 977 each; 8 standard deviations */
        assert_in_range(sets[i], 727, 1227);
}
