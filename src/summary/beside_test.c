/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "testdata/cmocka_tests.h"

#include <math.h>

#include "filter.h"
#include "made_beside.h"
#include "saved_bytes.h"
#include "src/base/err.h"

static const struct made_plan plan = {.seed = 11,
                                      .count = 6000,
                                      .processes = 4,
                                      .endpoints = 3,
                                      .versions = 2,
                                      .groups = 5,
                                      .runs = 1};

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

static struct summary *filtered(const struct filter *filter,
                                const struct made_event *events)
{
    struct summary *summary = summary_new();
    summary_filter(summary, filter);
    made_add_events(summary, &plan, events, plan.count);
    return summary;
}

/* By hand, what the filters below ask: of an event of this endpoint (of level 0: 0),
 * version and time; process figures are of whole processes and always stay. */
typedef bool pass_call(uint32_t endpoint, uint32_t version, int64_t utc_ns);

static bool passes_by_hand(const struct made_event *event, pass_call *passes)
{
    bool is_told = event->kind == MADE_EXCEPTION || event->kind == MADE_GAUGE ||
                   event->kind == MADE_COUNTED;
    int64_t utc_ns = is_told ? made_told_utc_ns(event) : made_start_utc_ns(event);
    if (event->kind == MADE_PROCESS)
        return true;
    if (event->kind == MADE_GAUGE ||
        (event->kind == MADE_CONTEXT && event->number % 3 == 0))
        return passes(1, 1, utc_ns); /* of an endpoint that passes: nobody knows */
    if (event->kind == MADE_COUNTED)
        return passes(0, 0, utc_ns);
    return passes(event->endpoint, event->version, utc_ns);
}

static void check_filter(const struct filter *filter, pass_call *passes)
{
    struct made_event *events = made_beside(&plan);
    struct summary *by_filter = filtered(filter, events);
    size_t count = 0;
    for (size_t i = 0; i < plan.count; i++)
        if (passes_by_hand(&events[i], passes))
            events[count++] = events[i];
    assert_in_range(count, 100, plan.count - 100);
    struct summary *by_hand = summary_of(events, count);
    assert_saves_the_same(by_filter, by_hand);
    assert_int_equal(summary_totals(by_filter).beside_left_out, 0);
    summary_free(by_filter);
    summary_free(by_hand);
    free(events);
}

static bool is_of_the_first(uint32_t endpoint, uint32_t version, int64_t utc_ns)
{
    (void)version, (void)utc_ns;
    return endpoint == 1;
}

static bool is_of_the_newer(uint32_t endpoint, uint32_t version, int64_t utc_ns)
{
    (void)endpoint, (void)utc_ns;
    return version == 1;
}

#define SINCE_NS (MADE_OFFSET_NS + INT64_C(3000000000))
#define UNTIL_NS (MADE_OFFSET_NS + INT64_C(7000000000))

static bool is_between(uint32_t endpoint, uint32_t version, int64_t utc_ns)
{
    (void)endpoint, (void)version;
    return utc_ns >= SINCE_NS && utc_ns < UNTIL_NS;
}

static bool is_all_of_it(uint32_t endpoint, uint32_t version, int64_t utc_ns)
{
    return is_of_the_first(endpoint, version, utc_ns) &&
           is_of_the_newer(endpoint, version, utc_ns) &&
           is_between(endpoint, version, utc_ns);
}

TEST(a_filtered_summary_is_that_of_what_passes)
{
    struct filter endpoint = {.endpoints = {{"GET /1"}, 1}},
                  version = {.versions = {{"*.1"}, 1}},
                  times = {.has_since = true,
                           .has_until = true,
                           .since_utc_ns = SINCE_NS,
                           .until_utc_ns = UNTIL_NS},
                  all = times;
    all.endpoints = endpoint.endpoints;
    all.versions = version.versions;
    check_filter(&endpoint, is_of_the_first);
    check_filter(&version, is_of_the_newer);
    check_filter(&times, is_between);
    check_filter(&all, is_all_of_it);
}

TEST(a_filter_that_nothing_passes_leaves_nothing)
{
    struct filter late = {.has_since = true, .since_utc_ns = INT64_MAX};
    struct made_event *events = made_beside(&plan);
    for (size_t i = 0; i < plan.count; i++)
        if (events[i].kind == MADE_PROCESS)
            events[i].kind = MADE_SAMPLE;
    struct summary *none = filtered(&late, events), *empty = summary_new();
    assert_null(summary_beside(none));
    assert_saves_the_same(none, empty);
    summary_merge(empty, none);
    assert_null(summary_beside(empty));
    summary_free(none);
    summary_free(empty);
    free(events);
}

/* What a group's or a status' filter leaves, of all cells. */
struct left {
    uint64_t us, last, detailed, unfinished, exceptions, counted, gauges;
};

static struct left left_in(const struct summary *summary)
{
    const struct beside *beside = summary_beside(summary);
    struct left left = {.unfinished = beside->unfinished_count};
    for (size_t node = 0; node < beside->stacks.nodes.count; node++)
        for (int kind = 0; kind < STACK_STATES; kind++)
            left.us += beside->stacks.times[node].us[STACK_PROFILE][kind];
    for (size_t i = 0; i < beside->cells.count; i++) {
        left.last += beside->of_cells[i].last_count;
        left.detailed += beside->of_cells[i].detailed;
        left.counted += beside->of_cells[i].counted;
    }
    for (size_t i = 0; i < beside->exceptions.count; i++)
        left.exceptions += beside->of_exceptions[i].count;
    for (size_t i = 0; i < beside->gauges.names.count; i++)
        left.gauges += beside->gauges.gauges[i].all.count;
    return left;
}

/* Events of that kind by hand; group 0, status 0: of any. */
static uint64_t count_kind(const struct made_event *events, int kind, uint32_t group,
                           unsigned status)
{
    uint64_t count = 0;
    for (size_t i = 0; i < plan.count; i++)
        count += (int)events[i].kind == kind &&
                 (kind != MADE_DETAIL || events[i].number % 32 > 7) &&
                 (group == 0 || made_group(&events[i]) == group) &&
                 (status == 0 || made_status(&events[i]) == status);
    return count;
}

static uint64_t count_without_owner(const struct made_event *events)
{
    return count_kind(events, MADE_SAMPLE, 0, 0) +
           count_kind(events, MADE_EXCEPTION, 0, 0) +
           count_kind(events, MADE_COUNTED, 0, 0);
}

TEST(a_groups_filter_keeps_what_is_known_to_be_the_groups)
{
    struct filter group = {.groups = {{"customer-2"}, 1}};
    struct made_event *events = made_beside(&plan);
    struct summary *all = summary_of(events, plan.count),
                   *summary = filtered(&group, events);
    struct left before = left_in(all), left = left_in(summary);
    const struct beside *beside = summary_beside(summary);
    assert_int_equal(left.detailed, count_kind(events, MADE_DETAIL, 2, 0));
    assert_in_range(left.unfinished, 1, before.unfinished - 1);
    for (size_t i = 0; i < beside->unfinished_count; i++)
        assert_string_equal(beside_unfinished_texts(&beside->unfinished[i]).group.bytes,
                            "customer-2");
    assert_true(before.us > 0 && before.exceptions > 0 && before.counted > 0);
    assert_int_equal(left.us + left.exceptions + left.counted, 0);
    assert_int_equal(left.last, before.last); /* shown with their requests only */
    assert_int_equal(left.gauges, before.gauges);
    assert_int_equal(summary_totals(summary).beside_left_out,
                     count_without_owner(events));
    summary_free(all);
    summary_free(summary);
    free(events);
}

TEST(a_status_filter_leaves_out_what_was_never_answered)
{
    struct filter failed = {.statuses = {{500, 599}}, .status_count = 1};
    struct made_event *events = made_beside(&plan);
    struct summary *summary = filtered(&failed, events);
    struct left left = left_in(summary);
    assert_int_equal(left.detailed, count_kind(events, MADE_DETAIL, 0, 500));
    assert_int_equal(left.unfinished, 0);
    assert_int_equal(left.us + left.exceptions + left.counted, 0);
    assert_int_equal(summary_totals(summary).beside_left_out,
                     count_without_owner(events));
    summary_free(summary);
    free(events);
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

TEST(of_too_many_contexts_those_are_read_that_are_saved)
{
    enum { REQUESTS = BESIDE_CONTEXTS + 1000 };
    struct summary *summary = summary_new();
    struct source_map *map = source_map_new(summary, &(struct event_source){"", "", 1});
    struct event_context_item path = {false, {"", 0}, {"/cart", 5}};
    for (unsigned i = 1; i <= REQUESTS; i++)
        summary_add_context(summary, map, (struct event_request){i, 1}, i, &path, 1);
    source_map_free(map);
    struct str bytes = saved(summary);
    struct summary *loaded = summary_load(bytes.bytes, bytes.length, NULL);
    size_t known = 0;
    for (unsigned i = 1; i <= REQUESTS; i++) {
        struct request_id id = {1, i};
        size_t length = beside_context(summary_beside(summary), id).length;
        assert_int_equal(length, beside_context(summary_beside(loaded), id).length);
        known += length > 0;
    }
    assert_int_equal(known, BESIDE_CONTEXTS);
    str_release(&bytes);
    summary_free(loaded);
    summary_free(summary);
}
