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
    assert_int_equal(own_us(&outcome, STACK_OUTLIER, "load", 20), 7250); /* its request */
    assert_int_equal(own_us(&outcome, STACK_OUTLIER, "cart", 10), 0);
    outcome_release(&outcome);
    folder_remove(&folder);
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
