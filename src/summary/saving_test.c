/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Merging and saving: any parts in any order, saved or not, are the whole. */
#include "testdata/cmocka_tests.h"

#include <pthread.h>
#include <stdio.h>

#include "kept_answers.h"
#include "made_requests.h"
#include "saved_bytes.h"
#include "saving.h"
#include "src/base/err.h"
#include "src/base/str.h"

static void shuffle(struct made_request *requests, size_t count, uint64_t *state)
{
    for (size_t i = count; i > 1; i--) {
        size_t k = made_below(state, (uint32_t)i);
        struct made_request swapped = requests[k];
        requests[k] = requests[i - 1];
        requests[i - 1] = swapped;
    }
}

/* Deals the requests to parts at random (whole stretches of them, or one by one when
 * shuffled), adds each part to a summary of its own and merges them in random order. */
static struct summary *merged_in_parts(const struct made_plan *plan, uint64_t seed,
                                       int shuffled)
{
    enum { PARTS = 5 };
    uint64_t state = seed;
    struct made_request *requests = made_requests(plan);
    struct summary *parts[PARTS];
    if (shuffled)
        shuffle(requests, plan->count, &state);
    size_t at = 0;
    for (int i = 0; i < PARTS; i++) {
        parts[i] = summary_new();
        size_t left = plan->count - at;
        size_t count = i == PARTS - 1 ? left : made_below(&state, (uint32_t)left / 2 + 1);
        made_add(parts[i], plan, requests + at, count, 1 + made_below(&state, 3000));
        at += count;
    }
    for (int left = PARTS; left > 1; left--) {
        uint32_t to = made_below(&state, (uint32_t)left);
        uint32_t from =
            (to + 1 + made_below(&state, (uint32_t)left - 1)) % (uint32_t)left;
        summary_merge(parts[to], parts[from]);
        summary_free(parts[from]);
        parts[from] = parts[left - 1];
        if (to == (uint32_t)left - 1)
            parts[from] = parts[to];
    }
    free(requests);
    return parts[0];
}

static void check_merging(struct made_plan plan)
{
    struct summary *whole = made_whole(&plan);
    for (uint64_t seed = 1; seed <= 4; seed++) {
        struct summary *parts = merged_in_parts(&plan, seed, (int)(seed % 2));
        assert_saves_the_same(whole, parts);
        summary_free(parts);
    }
    summary_free(whole);
}

TEST(parts_merged_in_any_order_save_the_same_bytes_as_one_pass)
{
    check_merging(made_small);
}

struct part {
    struct made_plan plan;
    struct made_request *requests;
    size_t count;
    struct summary *summary;
};

static void *add_part_of(void *with)
{
    struct part *part = with;
    part->summary = summary_new();
    made_add(part->summary, &part->plan, part->requests, part->count, MADE_BATCH);
    return NULL;
}

TEST(so_do_two_threads_with_a_summary_each)
{
    struct summary *whole = made_whole(&made_small);
    struct made_request *requests = made_requests(&made_small);
    size_t half = made_small.count / 3;
    struct part parts[2] = {{made_small, requests, half, NULL},
                            {made_small, requests + half, made_small.count - half, NULL}};
    pthread_t threads[2];
    for (int i = 0; i < 2; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, add_part_of, &parts[i]), 0);
    for (int i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
    summary_merge(parts[1].summary, parts[0].summary);
    assert_saves_the_same(whole, parts[1].summary);
    summary_free(parts[0].summary);
    summary_free(parts[1].summary);
    summary_free(whole);
    free(requests);
}

TEST(so_do_few_endpoints_with_strata)
{
    struct made_plan plan = made_small;
    plan.endpoints = 3;
    plan.count = 8000;
    check_merging(plan);
}

TEST(so_do_several_recording_runs)
{
    struct made_plan plan = made_small;
    plan.runs = 4;
    plan.length_ns = MADE_DAY_NS / 1000;
    check_merging(plan);
}

TEST(so_do_years_whose_calendar_is_hourly_or_daily)
{
    struct made_plan plan = made_small;
    plan.length_ns = 200 * MADE_DAY_NS;
    check_merging(plan);
    plan.length_ns = 2000 * MADE_DAY_NS;
    check_merging(plan);
}

TEST(so_do_more_values_than_have_fine_histograms)
{
    struct made_plan plan = made_small;
    plan.groups = 5000;
    plan.addresses = 20000;
    check_merging(plan);
}

TEST(so_do_times_before_1970_and_across_centuries)
{
    struct made_plan plan = made_small;
    plan.count = 3000;
    plan.start_utc_ns = -9 * INT64_C(1000000000000000000);
    plan.length_ns = INT64_C(9000000000000000000);
    check_merging(plan);
}

TEST(a_saved_summary_loads_and_saves_to_the_same_bytes)
{
    struct summary *summary = made_whole(&made_small);
    struct str bytes = saved(summary);
    struct err err = ERR_INIT;
    struct summary *loaded = summary_load(bytes.bytes, bytes.length, &err);
    assert_non_null(loaded);
    assert_saves_the_same(summary, loaded);
    summary_free(loaded);
    summary_free(summary);
    str_release(&bytes);
}

TEST(loading_says_what_is_wrong)
{
    struct summary *summary = made_whole(&(struct made_plan){.seed = 1,
                                                             .count = 50,
                                                             .processes = 1,
                                                             .endpoints = 2,
                                                             .versions = 1,
                                                             .runs = 1});
    struct str bytes = saved(summary);
    struct err none = ERR_INIT, newer = ERR_INIT, cut = ERR_INIT, flipped = ERR_INIT;
    assert_null(summary_load("FMD", 3, &none));
    assert_int_equal(none.code, ERR_INPUT);
    assert_null(summary_load(bytes.bytes, bytes.length - 1, &cut));
    assert_int_equal(cut.code, ERR_DAMAGE);
    bytes.bytes[bytes.length - 3] ^= 4;
    assert_null(summary_load(bytes.bytes, bytes.length, &flipped));
    assert_int_equal(flipped.code, ERR_DAMAGE);
    bytes.bytes[8] = SAVED_FORMAT + 1;
    assert_null(summary_load(bytes.bytes, bytes.length, &newer));
    assert_non_null(strstr(newer.message, "newer"));
    str_release(&bytes);
    summary_free(summary);
}

TEST(a_summary_cut_at_any_byte_does_not_load)
{
    struct made_plan plan = made_small;
    plan.count = 40;
    struct summary *summary = made_whole(&plan);
    struct str bytes = saved(summary);
    for (size_t length = 0; length < bytes.length; length++)
        assert_null(summary_load(bytes.bytes, length, NULL));
    str_release(&bytes);
    summary_free(summary);
}

TEST(merging_into_an_empty_summary_copies_it)
{
    struct summary *summary = made_whole(&made_small), *copy = summary_new();
    summary_merge(copy, summary);
    assert_saves_the_same(summary, copy);
    summary_free(copy);
    summary_free(summary);
}

TEST(a_loaded_summary_merges_as_the_one_that_was_saved)
{
    struct made_plan plan = made_small, more = made_small;
    plan.groups = plan.addresses = more.groups = more.addresses = 100;
    more.seed = 2;
    more.runs = 2;
    more.start_utc_ns += MADE_DAY_NS;
    struct summary *a = made_whole(&plan), *b = made_whole(&more);
    struct str bytes = saved(a);
    struct summary *loaded = summary_load(bytes.bytes, bytes.length, NULL);
    summary_merge(loaded, b);
    summary_merge(b, a);
    assert_saves_the_same(loaded, b);
    str_release(&bytes);
    summary_free(a);
    summary_free(b);
    summary_free(loaded);
}

static struct name answer_of(const struct summary *summary)
{
    return summary_kept_answer(summary, 7);
}

TEST(answers_are_saved_and_stay_until_other_requests_come)
{
    struct made_plan plan = made_small;
    plan.count = 100;
    struct summary *summary = made_whole(&plan), *copy = summary_new();
    summary_keep_answer(summary, 9, (struct name){"other", 5});
    summary_keep_answer(summary, 7, (struct name){"before", 6});
    summary_keep_answer(summary, 7, (struct name){"answer", 6});
    struct str bytes = saved(summary);
    struct summary *loaded = summary_load(bytes.bytes, bytes.length, NULL);
    assert_saves_the_same(summary, loaded);
    assert_int_equal(name_compare(answer_of(loaded), (struct name){"answer", 6}), 0);
    summary_merge(copy, loaded);
    assert_saves_the_same(summary, copy);
    summary_merge(copy, loaded);
    assert_null(answer_of(copy).bytes);
    made_add(loaded, &plan, NULL, 0, 1);
    assert_non_null(answer_of(loaded).bytes);
    struct made_request *requests = made_requests(&plan);
    made_add(loaded, &plan, requests, 1, 1);
    assert_null(answer_of(loaded).bytes);
    free(requests);
    str_release(&bytes);
    summary_free(copy);
    summary_free(loaded);
    summary_free(summary);
}
