/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What comes beside requests, read from the kept trace of levels 0 to 3 and from the ring
 * of its killed process (testdata/levels-trace.c says what is in them).
 */
#define _GNU_SOURCE /* mkdtemp, asprintf */
#include "made_traces.h"

#include "src/base/mem.h"
#include "src/base/str.h"
#include "src/summary/beside.h"

#define TRACE "testdata/traces/v1-levels.fmd"
#define RING "testdata/traces/v1-levels.ring"
#define MS_NS UINT64_C(1000000)
#define FIRST_NS UINT64_C(5000000000000)
#define FIRST_UTC_NS INT64_C(1793599200000000000)
enum { SAMPLES = 300, LEFT_SAMPLES = 305, LEFT_FIRST = 301 };

static struct outcome read_both(void)
{
    const char *paths[] = {TRACE, RING};
    return analyze(paths, 2, 1);
}

static const struct beside_cell *cell_of(const struct beside *beside,
                                         const char *endpoint)
{
    struct beside_key key = {{"shop", 4}, {"1.0", 3}, {endpoint, strlen(endpoint)}};
    uint32_t cell = beside_find(beside, &key);
    assert_true(cell != MAP_NONE);
    return &beside->of_cells[cell];
}

/* --- samples -------------------------------------------------------------------------
 */

static bool is_unsupported(unsigned sample)
{
    return sample % 50 == 0 && sample / 50 % 2 == 1;
}

/* Adds what a sample stands for, in µs, by why and state. */
static void count_sample(unsigned sample, uint64_t us[STACK_WHYS][STACK_STATES])
{
    unsigned why = 1 + sample % 3;
    if (is_unsupported(sample))
        return;
    for (unsigned w = 0; w < STACK_WHYS; w++)
        us[w][sample % 3] += why & 1u << w ? (sample < 200 ? 10000 : 20000) : 0;
}

static void assert_times(const struct beside *beside,
                         uint64_t dumb[STACK_WHYS][STACK_STATES])
{
    uint64_t us[STACK_WHYS][STACK_STATES] = {{0}};
    for (size_t node = 0; node < beside->stacks.nodes.count; node++)
        for (int why = 0; why < STACK_WHYS; why++)
            for (int kind = 0; kind < STACK_STATES; kind++)
                us[why][kind] += beside->stacks.times[node].us[why][kind];
    assert_memory_equal(us, dumb, sizeof(us));
}

TEST(samples_stand_for_their_intervals)
{
    uint64_t dumb[STACK_WHYS][STACK_STATES] = {{0}};
    struct outcome outcome = analyze_one(TRACE);
    const struct beside *beside = summary_beside(outcome.summary);
    for (unsigned i = 0; i < SAMPLES; i++)
        count_sample(i, dumb);
    assert_non_null(beside);
    assert_times(beside, dumb);
    outcome_release(&outcome);
}

TEST(samples_that_only_the_ring_has_are_added_once)
{
    uint64_t dumb[STACK_WHYS][STACK_STATES] = {{0}};
    struct outcome outcome = read_both();
    for (unsigned i = 0; i < LEFT_SAMPLES; i++)
        if (i < SAMPLES || i >= LEFT_FIRST)
            count_sample(i, dumb);
    assert_times(summary_beside(outcome.summary), dumb);
    outcome_release(&outcome);
}

TEST(frames_are_places_in_files)
{
    struct outcome outcome = analyze_one(TRACE);
    const struct stacks *stacks = &summary_beside(outcome.summary)->stacks;
    unsigned lines[4] = {0}; /* after the first of the function */
    for (uint32_t node = 0; node < stacks->nodes.count; node++) {
        struct stack_link link = stacks_link(stacks, node);
        if (link.parent == STACK_ROOT)
            continue;
        struct stack_frame frame = stacks_frame_at(stacks, link.frame);
        char *function = mem_bytes(frame.function.bytes, frame.function.length);
        unsigned number;
        assert_int_equal(sscanf(function, "Cart.step_%u", &number), 1);
        assert_int_equal(frame.file.length, strlen("/srv/shop/cart.py"));
        assert_memory_equal(frame.file.bytes, "/srv/shop/cart.py", frame.file.length);
        assert_in_range(frame.line, 10 * number, 10 * number + 1);
        lines[frame.line - 10 * number]++;
        free(function);
    }
    assert_true(lines[0] > 0 && lines[1] > 0);
    outcome_release(&outcome);
}

/* --- single events -------------------------------------------------------------------
 */

TEST(an_exception_is_told_with_its_stack)
{
    struct outcome outcome = read_both();
    const struct beside *beside = summary_beside(outcome.summary);
    struct beside_exception_key key = beside_exception_key_of(beside, 0);
    const struct beside_exception *exception = &beside->of_exceptions[0];
    struct stack_frame frame = {0};
    unsigned depth = 0;
    assert_int_equal(beside->exceptions.count, 1);
    assert_int_equal(exception->count, 3 + 3); /* of the trace and of the ring */
    assert_int_equal(exception->first_utc_ns, FIRST_UTC_NS + 160 * (int64_t)MS_NS);
    assert_string_equal(exception->message, "'sku-\xc3\xa9'");
    assert_memory_equal(key.type.bytes, "KeyError", key.type.length);
    assert_memory_equal(key.cell.endpoint.bytes, "GET /cart", key.cell.endpoint.length);
    for (; stack_frame_next(&key.stack, &frame); depth++)
        ;
    assert_int_equal(depth, 3);
    assert_int_equal(frame.line, 31); /* instruction 6 of step 3 */
    outcome_release(&outcome);
}

/* A gauge by its name. */
static const struct gauge *gauge_of(const struct beside *beside, const char *name)
{
    uint32_t number = map_find(&beside->gauges.names, name, strlen(name));
    assert_int_not_equal(number, MAP_NONE);
    return &beside->gauges.gauges[number];
}

TEST(gauges_and_figures_of_processes_are_kept)
{
    struct outcome outcome = read_both();
    const struct beside *beside = summary_beside(outcome.summary);
    assert_int_equal(beside->gauges.names.count, 1 + 2);
    assert_true(gauge_of(beside, "queue length")->all.min == -12.5);
    assert_int_equal(gauge_of(beside, "queue length")->all.count, 2);
    assert_true(gauge_of(beside, EVENT_GAUGE_MEMORY)->all.last == 1000 / 1e6);
    assert_true(gauge_of(beside, EVENT_GAUGE_LOAD)->all.last == 2000 / 1e3);
    assert_int_equal(beside->processes.processes, 1);
    assert_int_equal(beside->processes.resident_max_bytes, 1000);
    assert_int_equal(beside->processes.cpu_ns, 3000);
    assert_int_equal(beside->processes.late_ticks, 7000);
    assert_int_equal(beside->processes.rejected_samples, 9000);
    outcome_release(&outcome);
}

TEST(the_last_count_of_each_endpoint_counts)
{
    struct outcome trace = analyze_one(TRACE), both = read_both();
    const struct beside *beside = summary_beside(trace.summary);
    assert_int_equal(cell_of(beside, "GET /")->counted, 1000);
    assert_int_equal(cell_of(beside, "GET /cart")->counted, 20);
    assert_int_equal(cell_of(beside, "GET /cart")->counted_last_utc_ns, FIRST_UTC_NS + 6);
    beside = summary_beside(both.summary);
    assert_int_equal(cell_of(beside, "GET /")->counted, 1001);
    assert_int_equal(cell_of(beside, "GET /")->counted_last_utc_ns, FIRST_UTC_NS + 8);
    assert_int_equal(cell_of(beside, "POST /order")->counted, 1);
    outcome_release(&trace);
    outcome_release(&both);
}

/* --- requests ------------------------------------------------------------------------
 */

TEST(requests_in_flight_are_those_of_the_journal_and_of_the_flights)
{
    struct outcome outcome = read_both();
    const struct beside *beside = summary_beside(outcome.summary);
    assert_int_equal(beside->unfinished_count, 3);
    const struct beside_unfinished *first = &beside->unfinished[0];
    assert_int_equal(first->id.start_ns, FIRST_NS + 7980 * MS_NS + 1);
    assert_int_equal(first->pid, 1234);
    assert_int_equal(first->elapsed_ns, (8200 - 7980) * MS_NS - 1);
    assert_int_equal(first->threshold_ns, 90 * MS_NS);
    struct unfinished_texts texts = beside_unfinished_texts(&beside->unfinished[1]);
    assert_memory_equal(texts.path.bytes, "/cart/18", texts.path.length);
    outcome_release(&outcome);
}

TEST(details_add_up_and_stay_with_the_slowest)
{
    uint64_t dumb_ns = 0, got_ns = 0, measured = 0, outliers = 0, dumb_outliers = 0;
    struct outcome outcome = read_both();
    const struct beside *beside = summary_beside(outcome.summary);
    for (uint64_t request = 1; request < 400; request += 2) {
        dumb_ns += (1 + request * 37 % 100) * MS_NS / 3;
        dumb_outliers += 1 + request * 37 % 100 > 90;
    }
    dumb_ns += (12 + 14 + 16) * MS_NS; /* of the ring */
    for (size_t i = 0; i < beside->cells.count; i++) {
        const struct beside_cell *cell = &beside->of_cells[i];
        got_ns += (uint64_t)cell->cpu_ns;
        measured += cell->measured;
        outliers += cell->outliers;
        for (size_t k = 1; k < cell->kept_count; k++)
            assert_true(cell->kept[k - 1].duration_ns >= cell->kept[k].duration_ns);
    }
    assert_int_equal(got_ns, dumb_ns);
    assert_int_equal(measured, 203);
    assert_int_equal(outliers, dumb_outliers);
    outcome_release(&outcome);
}

TEST(the_context_of_a_request_is_found_by_its_start)
{
    struct outcome outcome = analyze_one(TRACE);
    const struct beside *beside = summary_beside(outcome.summary);
    const struct beside_unfinished *any = &beside->unfinished[0];
    struct request_id id = {any->id.process, FIRST_NS + 140 * MS_NS};
    struct name context = beside_context(beside, id);
    struct context_item item;
    assert_true(context_item_next(&context, &item));
    assert_memory_equal(item.value.bytes, "/cart/17", item.value.length);
    assert_true(context_item_next(&context, &item));
    assert_true(item.header);
    assert_memory_equal(item.value.bytes, "curl/7.88.1", item.value.length);
    assert_false(context_item_next(&context, &item));
    outcome_release(&outcome);
}

/* --- exactly once --------------------------------------------------------------------
 */

static struct str saved(const struct outcome *outcome)
{
    struct str bytes;
    str_init(&bytes);
    summary_save(outcome->summary, &bytes);
    return bytes;
}

TEST(what_is_given_twice_counts_once)
{
    const char *paths[] = {RING, TRACE, TRACE, RING};
    struct outcome once = read_both(), twice = analyze(paths, 4, 2);
    struct str left = saved(&once), right = saved(&twice);
    assert_int_equal(left.length, right.length);
    assert_memory_equal(left.bytes, right.bytes, left.length);
    assert_int_equal(notes_of(&twice, INPUT_DAMAGE), 0);
    str_release(&left);
    str_release(&right);
    outcome_release(&once);
    outcome_release(&twice);
}

TEST(a_damaged_block_loses_its_events_and_says_so)
{
    static const uint8_t samples[] = {0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 9, 9};
    struct folder folder = folder_make();
    struct writer writer;
    writer_init(&writer, "web-1", "", 1);
    put_begin(&writer);
    put_requests(&writer, 10);
    put_block(&writer, FMD__BLOCK_SAMPLES, 0, samples, sizeof(samples));
    put_end(&writer, true);
    put_trace(&writer, in(&folder, "a.fmd"));
    struct outcome outcome = analyze_one(in(&folder, "a.fmd"));
    assert_int_equal(outcome.requests, 10);
    assert_true(is_told(&outcome, INPUT_DAMAGE, "held no requests"));
    assert_true(!summary_beside(outcome.summary) ||
                summary_beside(outcome.summary)->stacks.nodes.count == 0);
    writer_release(&writer);
    outcome_release(&outcome);
    folder_remove(&folder);
}
