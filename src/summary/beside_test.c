/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "testdata/cmocka_tests.h"

#include <math.h>

#include "filter.h"
#include "made_beside.h"
#include "src/base/err.h"
#include "src/base/str.h"

static const struct made_plan plan = {
    .seed = 11, .count = 6000, .processes = 4, .endpoints = 3, .versions = 2, .runs = 1};

static struct str saved(const struct summary *summary)
{
    struct str bytes;
    str_init(&bytes);
    summary_save(summary, &bytes);
    return bytes;
}

static void assert_saves_the_same(const struct summary *a, const struct summary *b)
{
    struct str left = saved(a), right = saved(b);
    assert_int_equal(left.length, right.length);
    assert_memory_equal(left.bytes, right.bytes, left.length);
    str_release(&left);
    str_release(&right);
}

static struct summary *summary_of(const struct made_event *events, size_t count)
{
    struct summary *summary = summary_new();
    made_add_events(summary, &plan, events, count);
    return summary;
}

static void shuffle(struct made_event *events, size_t count, uint64_t *random)
{
    for (size_t i = count; i > 1; i--) {
        size_t other = made_below(random, (uint32_t)i);
        struct made_event swap = events[i - 1];
        events[i - 1] = events[other];
        events[other] = swap;
    }
}

/* Dealt to parts at random, each saved and loaded or not, merged in random order. */
static struct summary *dealt(struct made_event *events, size_t count, uint64_t *random)
{
    struct summary *whole = summary_new();
    for (size_t at = 0, next; at < count; at = next) {
        next = at + 1 + made_below(random, 2000);
        next = next < count ? next : count;
        struct summary *part = summary_of(events + at, next - at);
        if (made_below(random, 2)) {
            struct str bytes = saved(part);
            summary_free(part);
            part = summary_load(bytes.bytes, bytes.length, NULL);
            assert_non_null(part);
            str_release(&bytes);
        }
        if (made_below(random, 2)) {
            summary_merge(part, whole);
            summary_free(whole);
            whole = part;
        } else {
            summary_merge(whole, part);
            summary_free(part);
        }
    }
    return whole;
}

TEST(any_split_and_order_saves_to_the_same_bytes)
{
    struct made_event *events = made_beside(&plan);
    struct summary *once = summary_of(events, plan.count);
    uint64_t random = 5;
    for (int round = 0; round < 6; round++) {
        shuffle(events, plan.count, &random);
        struct summary *parts = dealt(events, plan.count, &random);
        assert_saves_the_same(once, parts);
        summary_free(parts);
    }
    summary_free(once);
    free(events);
}

TEST(a_summary_without_such_events_has_none_of_it)
{
    struct summary *summary = summary_new(), *merged = summary_new();
    struct made_request *requests =
        made_requests(&(struct made_plan){.count = 50,
                                          .processes = 1,
                                          .endpoints = 2,
                                          .versions = 1,
                                          .runs = 1,
                                          .start_utc_ns = MADE_OFFSET_NS});
    made_add(
        summary,
        &(struct made_plan){.processes = 1, .endpoints = 2, .versions = 1, .runs = 1},
        requests, 50, 50);
    assert_null(summary_beside(summary));
    summary_merge(merged, summary);
    assert_null(summary_beside(merged));
    struct str bytes = saved(summary);
    struct summary *loaded = summary_load(bytes.bytes, bytes.length, NULL);
    assert_non_null(loaded);
    assert_null(summary_beside(loaded));
    summary_free(loaded);
    str_release(&bytes);
    summary_free(merged);
    summary_free(summary);
    free(requests);
}

/* --- against something dumb --------------------------------------------------------- */

/* The function in which a sample is, of one endpoint and version; -1: in none. */
static int leaf_of(const struct made_event *event)
{
    return event->count ? (int)event->functions[event->count - 1] : -1;
}

TEST(times_of_functions_are_those_of_their_samples)
{
    struct made_event *events = made_beside(&plan);
    struct summary *summary = summary_of(events, plan.count);
    const struct beside *beside = summary_beside(summary);
    uint64_t dumb_us[MADE_FUNCTIONS] = {0}, got_us[MADE_FUNCTIONS] = {0};
    for (size_t i = 0; i < plan.count; i++) {
        uint64_t bits = events[i].number;
        if (events[i].kind == MADE_SAMPLE && leaf_of(&events[i]) >= 0 &&
            (bits >> 14) % 16 != 0 && (bits & 32 || !(bits & 64)))
            dumb_us[leaf_of(&events[i])] += bits % 3 ? 10000 : 5000;
    }
    for (uint32_t node = 0; node < beside->stacks.nodes.count; node++) {
        struct stack_link link = stacks_link(&beside->stacks, node);
        if (link.parent == STACK_ROOT)
            continue;
        struct stack_frame frame = stacks_frame_at(&beside->stacks, link.frame);
        int function = frame.function.bytes[frame.function.length - 1] - '0';
        for (int kind = 0; kind < STACK_STATES; kind++)
            got_us[function] += beside->stacks.times[node].us[STACK_PROFILE][kind];
    }
    assert_memory_equal(dumb_us, got_us, sizeof(dumb_us));
    summary_free(summary);
    free(events);
}

TEST(the_last_stack_of_a_long_request_is_that_of_its_last_sample)
{
    struct made_event *events = made_beside(&plan);
    struct summary *summary = summary_of(events, plan.count);
    const struct beside *beside = summary_beside(summary);
    unsigned checked = 0;
    for (uint32_t cell = 0; cell < beside->cells.count; cell++)
        for (size_t i = 0; i < beside->of_cells[cell].last_count; i++) {
            const struct last_stack *last = &beside->of_cells[cell].last[i];
            uint64_t longest_ns = 0;
            for (size_t k = 0; k < plan.count; k++) {
                const struct made_event *event = &events[k];
                uint64_t elapsed_ns = event->duration_ns >> (event->number >> 20 & 3);
                if (event->kind == MADE_SAMPLE && event->number % 16 &&
                    (event->number >> 14) % 16 && event->process == last->id.process &&
                    event->start_ns == last->id.start_ns && elapsed_ns > longest_ns)
                    longest_ns = elapsed_ns;
            }
            assert_int_equal(last->elapsed_ns, longest_ns);
            checked++;
        }
    assert_true(checked > 100);
    summary_free(summary);
    free(events);
}

TEST(sums_of_gauges_are_exact)
{
    struct summary *summary = summary_new();
    const double values[] = {1e300, 1, -1e300, 0x1p-1074, 3, -0.5, 0x1p-1074, 1e-9};
    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++)
        summary_add_gauge(summary, (struct event_text){"queue", 5}, 1000 - (int64_t)i,
                          values[i]);
    const struct gauge *gauge = &summary_beside(summary)->gauges.gauges[0];
    assert_true(fabs(exact_sum_mean(&gauge->sum, 8) - (3.5 + 1e-9) / 8) < 1e-15);
    assert_true(gauge->all.min == -1e300 && gauge->all.max == 1e300);
    assert_true(gauge->all.last == 1e300); /* the first one is the latest */
    summary_add_gauge(summary, (struct event_text){"queue", 5}, 0, -8);
    assert_true(fabs(exact_sum_mean(&gauge->sum, 9) - (-4.5 + 1e-9) / 9) < 1e-15);
    summary_add_gauge(summary, (struct event_text){"queue", 5}, 0, NAN);
    assert_int_equal(gauge->all.count, 9);
    assert_int_equal(summary_beside(summary)->gauges.not_finite, 1);
    summary_free(summary);
}

TEST(what_saving_would_not_write_does_not_load)
{
    struct made_plan few = plan;
    few.count = 120;
    struct made_event *events = made_beside(&few);
    struct summary *summary = summary_of(events, few.count);
    struct str bytes = saved(summary);
    for (size_t length = 0; length < bytes.length; length++)
        assert_null(summary_load(bytes.bytes, length, NULL));
    struct summary *loaded = summary_load(bytes.bytes, bytes.length, NULL);
    assert_non_null(loaded);
    assert_saves_the_same(summary, loaded);
    summary_free(loaded);
    str_release(&bytes);
    summary_free(summary);
    free(events);
}

/* --- filters -------------------------------------------------------------------------
 */

/* Samples and exceptions in a summary of the same events with that filter. */
static struct beside_totals {
    uint64_t us, other_us, exceptions;
} totals_with(const struct filter *filter)
{
    struct made_event *events = made_beside(&plan);
    struct summary *summary = summary_new();
    struct beside_totals totals = {0};
    summary_filter(summary, filter);
    made_add_events(summary, &plan, events, plan.count);
    const struct beside *beside = summary_beside(summary);
    for (uint32_t node = 0; beside && node < beside->stacks.nodes.count; node++) {
        uint32_t root = node;
        struct stack_link link;
        while ((link = stacks_link(&beside->stacks, root)).parent != STACK_ROOT)
            root = link.parent;
        bool first = beside_key_of(beside, link.frame).endpoint.bytes[5] == '1';
        for (int kind = 0; kind < STACK_STATES; kind++)
            *(first ? &totals.us : &totals.other_us) +=
                beside->stacks.times[node].us[STACK_PROFILE][kind];
    }
    for (size_t i = 0; beside && i < beside->exceptions.count; i++)
        totals.exceptions += beside->of_exceptions[i].count;
    summary_free(summary);
    free(events);
    return totals;
}

TEST(a_filter_leaves_out_other_endpoints_and_times)
{
    struct filter none = {0}, endpoint = {0}, late = {.has_since = true}, group = {0};
    endpoint.endpoints.globs[endpoint.endpoints.count++] = "GET /1";
    late.since_utc_ns = MADE_OFFSET_NS + INT64_C(1000000000000); /* after all */
    group.groups.globs[group.groups.count++] = "customer-1";
    struct beside_totals all = totals_with(&none), one = totals_with(&endpoint);
    assert_true(all.other_us > 0);
    assert_int_equal(one.us, all.us);
    assert_int_equal(one.other_us, 0);
    assert_true(one.exceptions > 0 && one.exceptions < all.exceptions);
    assert_int_equal(totals_with(&late).exceptions, 0);
    assert_int_equal(totals_with(&group).us, 0); /* whose samples are is not known */
}

/* --- beyond the limits -------------------------------------------------------------- */

TEST(more_exceptions_than_are_kept_apart_count_as_other)
{
    struct summary *summary = summary_new();
    struct event_source source = {"", "", 1};
    struct source_map *map = source_map_new(summary, &source);
    uint64_t count = 0;
    for (unsigned i = 0; i < BESIDE_EXCEPTIONS + 100; i++) {
        char type[48];
        struct event_exception exception = {
            .utc_ns = i, .count = 1, .type = made_text(type, "Error%u", i)};
        summary_add_exception(summary, map, &exception);
    }
    const struct beside *beside = summary_beside(summary);
    assert_int_equal(beside->exceptions.count, BESIDE_EXCEPTIONS + 1);
    for (size_t i = 0; i < beside->exceptions.count; i++)
        count += beside->of_exceptions[i].count;
    assert_int_equal(count, BESIDE_EXCEPTIONS + 100);
    struct str bytes = saved(summary);
    struct summary *loaded = summary_load(bytes.bytes, bytes.length, NULL);
    assert_non_null(loaded);
    summary_free(loaded);
    str_release(&bytes);
    source_map_free(map);
    summary_free(summary);
}

TEST(more_stacks_than_are_kept_apart_count_under_other)
{
    struct summary *summary = summary_new();
    struct event_source source = {"", "", 1};
    struct source_map *map = source_map_new(summary, &source);
    enum { WIDE = 1100, SAMPLES = 1200 };
    uint32_t frames[WIDE];
    char text[48];
    for (unsigned i = 0; i < WIDE; i++)
        frames[i] = source_map_frame(map, (struct event_text){"a.py", 4},
                                     made_text(text, "f%u", i), 1);
    for (unsigned i = 0; i < SAMPLES; i++) {
        uint32_t first = frames[0];
        frames[0] = source_map_frame(map, (struct event_text){"a.py", 4},
                                     made_text(text, "g%u", i), 1);
        struct event_sample sample = {
            .interval_us = 10, .profile = true, .frames = frames, .frame_count = WIDE};
        summary_add_sample(summary, map, &sample);
        frames[0] = first;
    }
    const struct stacks *stacks = &summary_beside(summary)->stacks;
    uint64_t us = 0;
    assert_true(stacks->nodes.count <= STACK_NODES_MAX + 1);
    assert_true(stacks->folded > 0);
    for (size_t i = 0; i < stacks->nodes.count; i++)
        us += stacks->times[i].us[STACK_PROFILE][STACK_UNKNOWN];
    assert_int_equal(us, SAMPLES * 10);
    struct summary *merged = summary_new();
    summary_merge(merged, summary);
    assert_saves_the_same(summary, merged);
    summary_free(merged);
    source_map_free(map);
    summary_free(summary);
}
