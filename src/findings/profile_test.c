/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "testdata/cmocka_tests.h"

#include <math.h>
#include <string.h>

#include "profile.h"
#include "src/summary/made_beside.h"

static const struct made_plan plan = {.seed = 23,
                                      .count = 5000,
                                      .processes = 4,
                                      .endpoints = 2,
                                      .versions = 2,
                                      .groups = 1,
                                      .addresses = 1,
                                      .runs = 1,
                                      .start_utc_ns = MADE_OFFSET_NS,
                                      .length_ns = 60000000000};

static struct summary *summary_of(const struct made_event *events, size_t count)
{
    struct summary *summary = summary_new();
    struct made_request *requests = made_requests(&plan);
    made_add(summary, &plan, requests, plan.count, 100);
    made_add_events(summary, &plan, events, count);
    free(requests);
    return summary;
}

/* --- against something dumb -----------------------------------------------------------
 */

/* Does the sample count for the profile of that endpoint and version? */
static bool counts(const struct made_event *event, uint32_t endpoint, uint32_t version)
{
    uint64_t bits = event->number;
    return event->kind == MADE_SAMPLE && event->endpoint == endpoint &&
           event->version == version && (bits >> 14) % 16 && (bits & 32 || !(bits & 64));
}

static uint64_t interval_of(const struct made_event *event)
{
    return event->number % 3 ? 10000 : 5000;
}

/* Functions on the way from the root to node. */
static unsigned path_of(const struct profile_endpoint *endpoint, size_t node,
                        uint32_t path[MADE_FRAMES])
{
    unsigned depth = endpoint->nodes[node].depth;
    for (unsigned i = depth; i-- > 0; node = endpoint->nodes[node].parent) {
        struct name function = endpoint->nodes[node].function;
        path[i] = (uint32_t)(function.bytes[function.length - 1] - '0');
    }
    return depth;
}

static void assert_node(const struct made_event *events,
                        const struct profile_endpoint *endpoint, uint32_t number,
                        size_t node, uint32_t version)
{
    uint32_t path[MADE_FRAMES];
    unsigned depth = path_of(endpoint, node, path);
    uint64_t self_us = 0, total_us = 0;
    for (size_t i = 0; i < plan.count; i++) {
        if (!counts(&events[i], number, version) || events[i].count < depth ||
            memcmp(events[i].functions, path, depth * sizeof(*path)) != 0)
            continue;
        total_us += interval_of(&events[i]);
        self_us += events[i].count == depth ? interval_of(&events[i]) : 0;
    }
    const struct profile_value *value = profile_value_of(endpoint, node, version);
    assert_int_equal(value->self_us, self_us);
    assert_int_equal(value->total_us, total_us);
}

TEST(times_of_nodes_are_those_of_their_samples)
{
    struct made_event *events = made_beside(&plan);
    struct summary *summary = summary_of(events, plan.count);
    struct profile profile;
    profile_build(&profile, summary, NULL, NULL);
    assert_int_equal(profile.endpoint_count, 2);
    for (size_t e = 0; e < 2; e++) {
        const struct profile_endpoint *endpoint = &profile.endpoints[e];
        uint32_t number = (uint32_t)(endpoint->name.bytes[5] - '0');
        assert_int_equal(endpoint->version_count, 2);
        assert_true(endpoint->node_count > 200);
        for (size_t n = 0; n < endpoint->node_count; n += 1 + n / 50)
            for (uint32_t v = 0; v < 2; v++)
                assert_node(events, endpoint, number, n, v);
    }
    profile_release(&profile);
    summary_free(summary);
    free(events);
}

TEST(the_order_of_samples_changes_nothing)
{
    struct made_event *events = made_beside(&plan);
    struct summary *summary = summary_of(events, plan.count);
    for (size_t i = 0; i < plan.count / 2; i++) {
        struct made_event swap = events[i];
        events[i] = events[plan.count - 1 - i];
        events[plan.count - 1 - i] = swap;
    }
    struct summary *turned = summary_of(events, plan.count);
    struct profile one, other;
    profile_build(&one, summary, NULL, NULL);
    profile_build(&other, turned, NULL, NULL);
    for (size_t e = 0; e < one.endpoint_count; e++) {
        const struct profile_endpoint *a = &one.endpoints[e], *b = &other.endpoints[e];
        assert_int_equal(a->node_count, b->node_count);
        assert_memory_equal(a->values, b->values,
                            a->node_count * a->version_count * sizeof(*a->values));
        for (size_t n = 0; n < a->node_count; n++) {
            assert_int_equal(a->nodes[n].line, b->nodes[n].line);
            assert_int_equal(a->nodes[n].parent, b->nodes[n].parent);
        }
        assert_memory_equal(a->changes, b->changes,
                            a->change_count * sizeof(*a->changes));
    }
    profile_release(&one);
    profile_release(&other);
    summary_free(turned);
    summary_free(summary);
    free(events);
}

TEST(a_summary_without_samples_has_no_profile)
{
    struct summary *summary = summary_of(NULL, 0);
    struct profile profile;
    profile_build(&profile, summary, NULL, NULL);
    assert_null(profile.beside);
    assert_int_equal(profile.endpoint_count, 0);
    profile_release(&profile);
    summary_free(summary);
}

/* --- intervals ------------------------------------------------------------------------
 */

TEST(wilsons_interval_is_that_of_the_textbook)
{
    /* R 4.2.2: prop.test(15, 148, correct = FALSE)$conf.int and prop.test(0, 20, ...) */
    struct profile_share share = profile_wilson(15.0 / 148, 148, 1.959964);
    struct profile_share none = profile_wilson(0, 20, 1.959964);
    assert_true(fabs(share.low - 0.06238640) < 1e-7);
    assert_true(fabs(share.high - 0.16048724) < 1e-7);
    assert_true(none.low == 0);
    assert_true(fabs(none.high - 0.16112516) < 1e-7);
}

TEST(samples_of_one_request_are_worth_one)
{
    struct sampled_request of_one = {.samples = 40};
    struct sampled_request of_two[2] = {{.samples = 20}, {.samples = 20}};
    const struct beside_cell one = {.sampled = &of_one, .sampled_count = 1};
    const struct beside_cell two = {.sampled = of_two, .sampled_count = 2};
    struct profile_version version = {.samples = 40};
    assert_true(profile_effective_samples(&version) == 40);
    profile_met_add(&version, &one);
    assert_true(profile_effective_samples(&version) == 1);
    version = (struct profile_version){.samples = 40};
    profile_met_add(&version, &two);
    assert_true(profile_effective_samples(&version) == 2);
}

/* --- what explains a difference -------------------------------------------------------
 */

/* A service whose every request spends time in two functions: each is met by samples
 * 10 ms apart, at a random moment. */
struct service {
    const char *version, *endpoint;
    uint64_t parse_ns, query_ns;
    unsigned requests;
};

static void add_endpoint(struct summary *summary, const struct service *service,
                         uint64_t *random)
{
    const char *version = service->version;
    uint64_t parse_ns = service->parse_ns, duration_ns = parse_ns + service->query_ns;
    struct event_source source = {"", "", made_random(random)};
    struct source_map *map = source_map_new(summary, &source);
    struct event_text file = {"shop.py", 7};
    uint32_t frames[3] = {
        source_map_frame(map, file, (struct event_text){"view", 4}, 3),
        source_map_frame(map, file, (struct event_text){"parse", 5}, 9),
        source_map_frame(map, file, (struct event_text){"query", 5}, 12)};
    uint32_t endpoint = 1;
    uint64_t start_ns = 1000;
    source_map_endpoint(map, 1, "shop", 4, version, strlen(version), service->endpoint,
                        strlen(service->endpoint));
    for (unsigned i = 0; i < service->requests; i++, start_ns += 1000000000) {
        struct events events = {
            .count = 1,
            .utc_offset_ns = MADE_OFFSET_NS + (version[0] - '0') * INT64_C(1000000000000),
            .sequence = i,
            .endpoint = &endpoint,
            .start_ns = &start_ns,
            .duration_ns = &duration_ns};
        summary_add(summary, map, &events);
        for (uint64_t at = made_random(random) % 10000000; at < duration_ns;
             at += 10000000) {
            uint32_t stack[2] = {frames[0], frames[at < parse_ns ? 1 : 2]};
            struct event_sample sample = {.request = {start_ns, 1},
                                          .elapsed_ns = at,
                                          .interval_us = 10000,
                                          .profile = true,
                                          .running = at < parse_ns,
                                          .waiting = at >= parse_ns,
                                          .frames = stack,
                                          .frame_count = 2};
            summary_add_sample(summary, map, &sample);
        }
    }
    source_map_free(map);
}

static void add_service(struct summary *summary, const char *version, uint64_t parse_ns,
                        uint64_t query_ns, unsigned requests, uint64_t *random)
{
    add_endpoint(summary,
                 &(struct service){version, "GET /", parse_ns, query_ns, requests},
                 random);
}

static bool is_called(struct name name, const char *text)
{
    return name.length == strlen(text) && memcmp(name.bytes, text, name.length) == 0;
}

TEST(the_function_that_got_slower_comes_first)
{
    uint64_t random = 77;
    struct summary *summary = summary_new();
    struct profile profile;
    add_service(summary, "1", 4000000, 6000000, 2000, &random);
    add_service(summary, "2", 4000000, 9000000, 2000, &random);
    profile_build(&profile, summary, NULL, NULL);
    const struct profile_endpoint *endpoint = &profile.endpoints[0];
    assert_true(endpoint->compared);
    assert_true(is_called(endpoint->versions[endpoint->newer].name, "2"));
    const struct profile_change *change = &endpoint->changes[0];
    assert_true(is_called(endpoint->nodes[change->node].function, "query"));
    assert_int_equal(endpoint->nodes[change->node].line, 12);
    assert_true(change->real);
    assert_true(change->low_ns < 3e6 && 3e6 < change->high_ns);
    assert_false(endpoint->changes[1].real);
    profile_release(&profile);
    summary_free(summary);
}

/* --version-order and --baseline turn the order of the first requests round. */
TEST(the_versions_are_those_that_regression_compares)
{
    uint64_t random = 78;
    struct summary *summary = summary_new();
    struct regression regression;
    struct regression_options options;
    struct profile profile;
    add_service(summary, "1", 4000000, 6000000, 500, &random);
    add_service(summary, "2", 4000000, 9000000, 500, &random);
    add_service(summary, "3", 4000000, 12000000, 500, &random);
    regression_options_init(&options);
    options.version_order = "3,2,1";
    options.baseline_version = "3";
    assert_int_equal(regression_build(&regression, summary, &options, NULL), 0);
    profile_build(&profile, summary, NULL, &regression);
    const struct profile_endpoint *endpoint = &profile.endpoints[0];
    assert_true(endpoint->compared);
    assert_true(is_called(endpoint->versions[endpoint->newer].name, "1"));
    assert_true(is_called(endpoint->versions[endpoint->older].name, "3"));
    assert_true(endpoint->changes[0].difference_ns < 0);
    profile_release(&profile);
    regression_release(&regression);
    summary_free(summary);
}

/* A profile of what regression compares with those options. */
static void build_compared(struct profile *profile, struct regression *regression,
                           const struct summary *summary,
                           const struct regression_options *options)
{
    assert_int_equal(regression_build(regression, summary, options, NULL), 0);
    profile_build(profile, summary, options->baseline, regression);
    assert_int_equal(profile->endpoint_count, 1);
}

/* The first change of the only endpoint, whose older side has so many samples. */
static const struct profile_change *first_change(const struct profile *profile,
                                                 uint64_t samples)
{
    const struct profile_endpoint *endpoint = &profile->endpoints[0];
    assert_true(endpoint->compared);
    assert_int_equal(endpoint->versions[endpoint->older].samples, samples);
    const struct profile_change *change = &endpoint->changes[0];
    assert_true(is_called(endpoint->nodes[change->node].function, "query"));
    assert_true(change->real && change->explains);
    return change;
}

/* Both are called "1", and the baseline has two versions. */
TEST(a_baseline_is_a_side_whatever_its_versions_are_called)
{
    uint64_t random = 79;
    struct summary *summary = summary_new(), *baseline = summary_new();
    struct regression regression;
    struct regression_options options;
    struct profile profile, alone;
    add_service(summary, "1", 4000000, 9000000, 500, &random);
    add_service(baseline, "1", 4000000, 6000000, 500, &random);
    add_service(baseline, "2", 4000000, 6000000, 500, &random);
    regression_options_init(&options);
    options.baseline = baseline;
    build_compared(&profile, &regression, summary, &options);
    const struct profile_change *change = first_change(&profile, 1000);
    assert_true(change->low_ns < 3e6 && 3e6 < change->high_ns);
    const struct profile_endpoint *endpoint = &profile.endpoints[0];
    assert_int_equal(endpoint->version_count, 2);
    assert_true(endpoint->versions[0].older_side && endpoint->versions[0].baseline);
    assert_null(endpoint->versions[0].name.bytes);
    assert_int_equal(endpoint->versions[0].requests, 1000);
    profile_build(&alone, summary, NULL, NULL);
    assert_int_equal(endpoint->us, alone.endpoints[0].us);
    assert_false(alone.endpoints[0].compared);
    profile_release(&alone);
    profile_release(&profile);
    regression_release(&regression);
    summary_free(baseline);
    summary_free(summary);
}

/* The same requests, in one summary or with the older version in a baseline. */
TEST(a_baseline_explains_what_a_version_does)
{
    uint64_t random = 83, again = 83;
    struct summary *both = summary_new(), *newer = summary_new(), *older = summary_new();
    struct regression regression;
    struct regression_options options;
    struct profile within, apart;
    add_service(both, "1", 4000000, 9000000, 500, &random);
    add_service(both, "2", 4000000, 6000000, 500, &random);
    add_service(older, "1", 4000000, 9000000, 500, &again);
    add_service(newer, "2", 4000000, 6000000, 500, &again);
    profile_build(&within, both, NULL, NULL);
    regression_options_init(&options);
    options.baseline = older;
    build_compared(&apart, &regression, newer, &options);
    const struct profile_endpoint *a = &within.endpoints[0], *b = &apart.endpoints[0];
    assert_true(a->compared && b->compared);
    assert_int_equal(a->change_count, b->change_count);
    for (size_t i = 0; i < a->change_count; i++) {
        assert_true(a->changes[i].low_ns == b->changes[i].low_ns);
        assert_true(a->changes[i].difference_ns == b->changes[i].difference_ns);
        assert_true(a->changes[i].high_ns == b->changes[i].high_ns);
    }
    profile_release(&within);
    profile_release(&apart);
    regression_release(&regression);
    summary_free(both);
    summary_free(newer);
    summary_free(older);
}

TEST(a_baseline_without_stacks_is_not_compared)
{
    uint64_t random = 80;
    struct summary *summary = summary_new(), *baseline = summary_new();
    struct regression regression;
    struct regression_options options;
    struct profile profile;
    add_service(summary, "1", 4000000, 6000000, 500, &random);
    add_service(summary, "2", 4000000, 9000000, 500, &random);
    add_service(baseline, "1", 4000000, 0, 0, &random);
    struct made_request *requests = made_requests(&plan);
    made_add(baseline, &plan, requests, plan.count, 100);
    regression_options_init(&options);
    options.baseline = baseline;
    build_compared(&profile, &regression, summary, &options);
    assert_false(profile.endpoints[0].compared);
    profile_release(&profile);
    regression_release(&regression);
    free(requests);
    summary_free(baseline);
    summary_free(summary);
}

static const struct profile_endpoint *endpoint_called(const struct profile *profile,
                                                      const char *name)
{
    for (size_t i = 0; i < profile->endpoint_count; i++)
        if (is_called(profile->endpoints[i].name, name))
            return &profile->endpoints[i];
    fail_msg("%s has no profile", name);
    return NULL;
}

TEST(a_renamed_endpoint_is_compared_with_the_one_it_was)
{
    uint64_t random = 81;
    struct summary *summary = summary_new();
    struct regression regression;
    struct regression_options options;
    struct profile profile;
    const struct regression_rename rename = {"GET /old", "GET /new"};
    add_endpoint(summary, &(struct service){"1", "GET /old", 4000000, 6000000, 500},
                 &random);
    add_endpoint(summary, &(struct service){"2", "GET /new", 4000000, 9000000, 500},
                 &random);
    regression_options_init(&options);
    options.renames = &rename;
    options.rename_count = 1;
    assert_int_equal(regression_build(&regression, summary, &options, NULL), 0);
    profile_build(&profile, summary, NULL, &regression);
    assert_int_equal(profile.endpoint_count, 2);
    const struct profile_endpoint *old = endpoint_called(&profile, "GET /old");
    const struct profile_endpoint *new = endpoint_called(&profile, "GET /new");
    assert_true(new->compared);
    assert_false(old->compared);
    assert_true(is_called(new->versions[new->older].renamed_from, "GET /old"));
    assert_int_equal(new->versions[new->older].us, old->us);
    assert_true(is_called(new->nodes[new->changes[0].node].function, "query"));
    assert_true(new->changes[0].real);
    profile_release(&profile);
    regression_release(&regression);
    summary_free(summary);
}

/* parse gained 5 ms and query lost 3 ms: parse explains why it got slower. */
TEST(what_goes_the_other_way_comes_after_what_explains)
{
    uint64_t random = 82;
    struct summary *summary = summary_new();
    struct profile profile;
    add_service(summary, "1", 4000000, 9000000, 3000, &random);
    add_service(summary, "2", 9000000, 6000000, 3000, &random);
    profile_build(&profile, summary, NULL, NULL);
    const struct profile_endpoint *endpoint = &profile.endpoints[0];
    double sum_ns = 0;
    for (size_t i = 0; i < endpoint->change_count; i++)
        sum_ns += endpoint->changes[i].difference_ns;
    assert_true(fabs(sum_ns - profile_difference_ns(endpoint)) < 1);
    assert_true(is_called(endpoint->nodes[endpoint->changes[0].node].function, "parse"));
    assert_true(endpoint->changes[0].explains && endpoint->changes[1].real);
    assert_false(endpoint->changes[1].explains);
    profile_release(&profile);
    summary_free(summary);
}

TEST(versions_that_are_the_same_rarely_differ)
{
    unsigned wrong = 0;
    for (uint64_t seed = 1; seed <= 60; seed++) {
        uint64_t random = seed * 1000;
        struct summary *summary = summary_new();
        struct profile profile;
        add_service(summary, "1", 14000000, 26000000, 100, &random);
        add_service(summary, "2", 14000000, 26000000, 100, &random);
        profile_build(&profile, summary, NULL, NULL);
        wrong += profile.endpoints[0].changes[0].real;
        profile_release(&profile);
        summary_free(summary);
    }
    assert_true(wrong <= 6); /* 3 are expected at most */
}
