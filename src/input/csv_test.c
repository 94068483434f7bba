/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Tables through the whole reader, against a parser of RFC 4180 that looks at one byte
 * after the other.
 */
#define _GNU_SOURCE /* mkdtemp */
#include "made_traces.h"

#include "src/base/str.h"

#include <stdlib.h>

#define HEADER "user,time,duration,endpoint,note\n"

/* --- the dumb parser -----------------------------------------------------------------
 */

struct counted {
    uint64_t rows, slow; /* all; those of user `"slow",\n` */
};

static struct counted count_rows(const char *bytes, size_t size)
{
    struct counted counted = {0};
    struct str field;
    unsigned fields = 0;
    bool quoted = false, is_slow = false;
    str_init(&field);
    for (size_t i = 0; i < size; i++) {
        char byte = bytes[i];
        if (byte == '"' && quoted && i + 1 < size && bytes[i + 1] == '"') {
            str_add_byte(&field, bytes[i++]);
        } else if (byte == '"') {
            quoted = !quoted;
        } else if (!quoted && (byte == ',' || byte == '\n')) {
            if (fields++ == 0)
                is_slow = strcmp(field.bytes, "\"slow\",\n") == 0;
            str_clear(&field);
            if (byte == '\n') {
                counted.rows += fields == 5;
                counted.slow += fields == 5 && is_slow;
                fields = 0;
            }
        } else {
            str_add_byte(&field, byte);
        }
    }
    str_release(&field);
    return counted;
}

/* --- tables --------------------------------------------------------------------------
 */

/* Random notes with everything in them that quoting is for; now and then a long one. */
static void add_note(struct str *table)
{
    size_t length = (size_t)random() % 20;
    if (random() % 200 == 0)
        length = 5000;
    str_add_byte(table, '"');
    for (size_t i = 0; i < length; i++) {
        char byte = "a,\n\"x;1\r"[random() % 8];
        if (byte == '"')
            str_add_byte(table, byte);
        str_add_byte(table, byte);
    }
    str_add_byte(table, '"');
}

static void make_table(struct str *table, unsigned rows)
{
    str_add_text(table, HEADER);
    for (unsigned i = 0; i < rows; i++) {
        str_add_text(table, random() % 10 ? "anna" : "\"\"\"slow\"\",\n\"");
        str_addf(table, ",%u.%03ld,%ld,GET /%ld,", 1795338000u + i / 10, random() % 1000,
                 1 + random() % 100, random() % 5);
        if (random() % 2)
            add_note(table);
        str_add_byte(table, '\n');
    }
}

static uint64_t requests_of(const struct outcome *outcome, const char *group)
{
    struct summary_value *rows;
    size_t count = summary_values(outcome->summary, SUMMARY_GROUP, NULL, 100, &rows);
    uint64_t requests = 0;
    for (size_t i = 0; i < count; i++)
        if (strcmp(rows[i].name.bytes, group) == 0)
            requests = rows[i].requests;
    summary_values_free(rows, count);
    return requests;
}

TEST(quoted_tables_are_read_as_a_dumb_parser_reads_them)
{
    struct folder folder = folder_make();
    srandom(11);
    for (unsigned round = 0; round < 4; round++) {
        struct str table;
        str_init(&table);
        make_table(&table, round ? 100 * round : 80000); /* the first: several chunks */
        struct counted wanted = count_rows(table.bytes, table.length);
        put_file(in(&folder, "a.csv"), table.bytes, table.length);
        struct outcome outcome = analyze_one(in(&folder, "a.csv"));
        assert_int_equal(outcome.requests, wanted.rows - 1);
        assert_int_equal(requests_of(&outcome, "\"slow\",\n"), wanted.slow);
        assert_int_equal(outcome.report.sources[INPUT_TABLES].bad, 0);
        outcome_release(&outcome);
        str_release(&table);
    }
    folder_remove(&folder);
}

TEST(the_number_of_threads_does_not_change_what_a_table_gives)
{
    struct folder folder = folder_make();
    struct str table, first, again;
    str_init(&table);
    str_init(&first);
    str_init(&again);
    srandom(12);
    make_table(&table, 80000);
    put_file(in(&folder, "a.csv"), table.bytes, table.length);
    for (unsigned threads = 1; threads <= 3; threads++) {
        const char *path = in(&folder, "a.csv");
        struct outcome outcome = analyze(&path, 1, threads);
        str_clear(&again);
        summary_save(outcome.summary, threads == 1 ? &first : &again);
        if (threads > 1) {
            assert_int_equal(first.length, again.length);
            assert_memory_equal(first.bytes, again.bytes, first.length);
        }
        outcome_release(&outcome);
    }
    str_release(&table);
    str_release(&first);
    str_release(&again);
    folder_remove(&folder);
}

/* Good rows with bad ones of each kind between them; adds up what the good ones of
 * each user must give. */
static void make_table_with_bad_rows(struct str *table, unsigned rows,
                                     struct summary_value wanted[10])
{
    static const char *const between[] = {"u1,1795338000,x,a,500\n",
                                          "u1,now,5,a,500\n",
                                          "u1,1795338000,5,,500\n",
                                          "u1,1795338000,5,a\n",
                                          "\n",
                                          "u1,1,5,a,500,7\n"};
    str_add_text(table, "user,time,duration,endpoint,status\n");
    for (unsigned i = 0; i < rows; i++) {
        unsigned user = (unsigned)random() % 10, ms = (unsigned)random() % 1000;
        bool fails = random() % 4 == 0;
        const char *quote = random() % 2 ? "\"" : "";
        str_addf(table, "u%u,%u,%u.5,%sGET /%u%s,%d\n", user, 1795338000u + i, ms, quote,
                 user, quote, fails ? 500 : 200);
        wanted[user].requests++;
        wanted[user].server_errors += fails;
        wanted[user].sum_ns += ms * UINT64_C(1000000) + 500000;
        if (random() % 2)
            str_add_text(table, between[random() % 6]);
    }
}

TEST(bad_rows_between_good_ones_change_nothing_of_those)
{
    struct folder folder = folder_make();
    struct summary_value wanted[10] = {0}, *values;
    struct str table;
    str_init(&table);
    srandom(13);
    make_table_with_bad_rows(&table, 40000, wanted);
    put_file(in(&folder, "a.csv"), table.bytes, table.length);
    struct outcome outcome = analyze_one(in(&folder, "a.csv"));
    assert_int_equal(outcome.requests, 40000);
    size_t count = summary_values(outcome.summary, SUMMARY_GROUP, NULL, 100, &values);
    assert_int_equal(count, 10);
    for (size_t i = 0; i < count; i++) {
        const struct summary_value *want = &wanted[values[i].name.bytes[1] - '0'];
        assert_int_equal(values[i].requests, want->requests);
        assert_int_equal(values[i].server_errors, want->server_errors);
        assert_int_equal(values[i].sum_ns, want->sum_ns);
    }
    summary_values_free(values, count);
    outcome_release(&outcome);
    str_release(&table);
    folder_remove(&folder);
}

static struct outcome analyze_text(const struct folder *folder, const char *text,
                                   size_t length)
{
    put_file(in(folder, "a.csv"), text, length);
    return analyze_one(in(folder, "a.csv"));
}

TEST(a_quote_that_is_never_closed_costs_its_line_only)
{
    struct folder folder = folder_make();
    const char text[] = "time,duration,endpoint\n1795338000,1,a\n1795338000,1,\"b\n"
                        "1795338000,1,c\n1795338000,1,d\n";
    struct outcome outcome = analyze_text(&folder, text, strlen(text));
    assert_int_equal(outcome.requests, 3);
    assert_int_equal(outcome.report.sources[INPUT_TABLES].bad, 1);
    assert_true(is_told(&outcome, INPUT_DAMAGE, "row 3 was left out"));
    outcome_release(&outcome);
    folder_remove(&folder);
}

TEST(a_quote_inside_of_a_value_is_an_ordinary_byte)
{
    struct folder folder = folder_make();
    const char text[] = "time,duration,endpoint\n1795338000,1,5\" pipe\n"
                        "1795338000,1,6\" \"pipe\"\n";
    struct outcome outcome = analyze_text(&folder, text, strlen(text));
    assert_int_equal(outcome.requests, 2);
    outcome_release(&outcome);
    folder_remove(&folder);
}

TEST(a_row_longer_than_a_chunk_is_left_out_and_those_behind_it_are_read)
{
    struct folder folder = folder_make();
    struct str table;
    str_init(&table);
    str_add_text(&table, "time,duration,endpoint\n1795338000,1,a\n1795338000,1,");
    for (int i = 0; i < 3000000; i++)
        str_add_byte(&table, 'x');
    str_add_text(&table, "\n1795338000,1,b\n1795338000,1,\"");
    for (int i = 0; i < 3000000; i++)
        str_add_text(&table, "x\n");
    str_add_text(&table, "\"\n1795338000,1,c\n");
    struct outcome outcome = analyze_text(&folder, table.bytes, table.length);
    assert_true(is_told(&outcome, INPUT_DAMAGE, "row 3 was left out: it is longer"));
    assert_int_equal(outcome.requests, 3);
    outcome_release(&outcome);
    str_release(&table);
    folder_remove(&folder);
}
