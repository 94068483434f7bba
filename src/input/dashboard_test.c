/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Stacks of a dashboard's database that testdata/make-dashboard makes, against what it
 * says it put there.
 */
#define _GNU_SOURCE /* mkdtemp */
#include "made_traces.h"

#include "src/base/str.h"
#include "src/summary/beside.h"
#include "src/summary/saving.h"

#include <stdlib.h>

static struct outcome analyze_made(const struct folder *folder, const char *options)
{
    char command[512];
    snprintf(command, sizeof(command), "testdata/make-dashboard %s %s",
             in(folder, "made.db"), options);
    assert_int_equal(system(command), 0); /* NOLINT(cert-env33-c): a fixed command */
    return analyze_one(in(folder, "made.db"));
}

/* Microseconds of samples of this reason whose innermost frame is that function and line.
 */
static uint64_t own_us(const struct outcome *outcome, enum stack_why why,
                       const char *function, uint32_t line)
{
    const struct stacks *stacks = &summary_beside(outcome->summary)->stacks;
    uint64_t us = 0;
    for (uint32_t node = 0; node < stacks->nodes.count; node++) {
        struct stack_link link = stacks_link(stacks, node);
        if (link.parent == STACK_ROOT)
            continue;
        struct stack_frame frame = stacks_frame_at(stacks, link.frame);
        if (frame.line == line && frame.function.length == strlen(function) &&
            memcmp(frame.function.bytes, function, frame.function.length) == 0)
            us += stacks->times[node].us[why][STACK_UNKNOWN];
    }
    return us;
}

TEST(stacks_of_profiler_and_outliers_become_samples_of_their_own_time)
{
    struct folder folder = folder_make();
    struct outcome outcome = analyze_made(&folder, "--stacks --prefix shop_");
    assert_int_equal(outcome.requests, 100);
    assert_int_equal(own_us(&outcome, STACK_PROFILE, "cart", 10), 3000); /* 15 - 12 ms */
    assert_int_equal(own_us(&outcome, STACK_PROFILE, "load", 20), 12000);
    assert_int_equal(own_us(&outcome, STACK_PROFILE, "cart", 11), 5000);
    assert_int_equal(own_us(&outcome, STACK_OUTLIER, "load", 20), 412500); /* all of it */
    assert_int_equal(own_us(&outcome, STACK_OUTLIER, "save", 31), 512500);
    assert_int_equal(own_us(&outcome, STACK_OUTLIER, "cart", 10), 0);
    outcome_release(&outcome);
    folder_remove(&folder);
}

/* An outlier asked for that path and hung in that function. */
static void assert_outlier(const struct beside *beside, uint32_t cell, uint64_t ns,
                           const char *path, const char *function)
{
    const struct beside_cell *of = &beside->of_cells[cell];
    for (size_t i = 0; i < of->kept_count; i++) {
        const struct detailed_request *kept = &of->kept[i];
        if (kept->duration_ns != ns)
            continue;
        struct name context = beside_context(beside, kept->id);
        struct context_item item;
        const struct last_stack *last = beside_last_stack(beside, cell, kept->id);
        assert_true(kept->outlier && !kept->measured);
        assert_true(context_item_next(&context, &item) && !item.header);
        assert_int_equal(item.value.length, strlen(path));
        assert_memory_equal(item.value.bytes, path, item.value.length);
        assert_non_null(last);
        struct stack_link link = stacks_link(&beside->stacks, last->node);
        struct stack_frame frame = stacks_frame_at(&beside->stacks, link.frame);
        assert_memory_equal(frame.function.bytes, function, strlen(function));
        return;
    }
    fail_msg("no outlier of %llu ns", (unsigned long long)ns);
}

static void assert_marks(const char *options)
{
    struct folder folder = folder_make();
    struct outcome outcome = analyze_made(&folder, options);
    const struct beside *beside = summary_beside(outcome.summary);
    const struct beside_key key = {
        .application = {"", 0}, .version = {"1.0", 3}, .endpoint = {"cart", 4}};
    uint32_t cell = beside_find(beside, &key);
    assert_int_not_equal(cell, MAP_NONE);
    assert_int_equal(beside->of_cells[cell].outliers, 2);
    assert_outlier(beside, cell, 412500000, "/cart/2", "load");
    assert_outlier(beside, cell, 512500000, "/cart/4", "save");
    outcome_release(&outcome);
    folder_remove(&folder);
}

TEST(outliers_keep_their_mark_their_path_and_their_stack)
{
    assert_marks("--stacks --requests 9000");
    assert_marks("--stacks --prefix shop_");
}

TEST(outliers_of_one_frozen_time_are_told_apart)
{
    assert_marks("--stacks --frozen --prefix shop_");
}

TEST(nothing_of_headers_and_query_strings_is_kept)
{
    struct folder folder = folder_make();
    struct str saved;
    struct outcome outcome = analyze_made(&folder, "--stacks");
    str_init(&saved);
    summary_pack(outcome.summary, &saved);
    assert_null(memmem(saved.bytes, saved.length, "secret", 6));
    assert_non_null(memmem(saved.bytes, saved.length, "shop/store.py", 13));
    str_release(&saved);
    outcome_release(&outcome);
    folder_remove(&folder);
}

TEST(a_request_begins_its_duration_before_the_time_that_is_stored)
{
    struct folder folder = folder_make();
    struct outcome outcome = analyze_made(&folder, "--requests 1");
    /* 2026-11-20 09:00:07.250, less 6.25 ms */
    assert_int_equal(summary_totals(outcome.summary).first_utc_ns,
                     INT64_C(1795165207250000000) - 6250000);
    outcome_release(&outcome);
    folder_remove(&folder);
}

TEST(a_database_cut_anywhere_is_told_or_read_as_far_as_it_goes)
{
    struct folder folder = folder_make();
    struct outcome whole = analyze_made(&folder, "--stacks --requests 2000");
    for (int part = 1; part < 20; part++) {
        char command[512];
        snprintf(command, sizeof(command),
                 "cd %s && cp made.db cut.db && truncate -s $(($(stat -c %%s made.db) * "
                 "%d / 20)) cut.db",
                 folder.path, part);
        assert_int_equal(system(command), 0); /* NOLINT(cert-env33-c): a fixed command */
        struct outcome cut = analyze_one(in(&folder, "cut.db"));
        assert_true(cut.result != 0 || cut.report.notes_by_kind[INPUT_DAMAGE] > 0);
        assert_true(cut.requests < whole.requests);
        outcome_release(&cut);
    }
    outcome_release(&whole);
    folder_remove(&folder);
}
