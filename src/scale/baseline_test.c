/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Summaries of every earlier format are read, and say what their traces say. */
#include "testdata/cmocka_tests.h"

#include <stdlib.h>

#include "baseline.h"
#include "src/base/err.h"
#include "src/base/str.h"
#include "src/summary/filter.h"
#include "src/summary/summary.h"

static struct summary *read_path(const char *path)
{
    static const struct filter no_filter;
    struct input_options options;
    struct err err = ERR_INIT;
    input_options_init(&options);
    options.threads = 1;
    struct summary *summary = baseline_read(path, &options, &no_filter, &err);
    if (!summary)
        fail_msg("%s: %s", path, err.message);
    return summary;
}

static void assert_blocks_alike(const struct block *a, const struct block *b,
                                size_t count)
{
    for (size_t i = 0; i < count; i++)
        assert_true(block_is(&a[i], &b[i]));
}

static void assert_cells_alike(const struct summary_cell *a, const struct summary_cell *b)
{
    assert_string_equal(a->version->name.bytes, b->version->name.bytes);
    assert_int_equal(a->requests, b->requests);
    assert_true(a->sum_ns == b->sum_ns && a->sum_squares_ns == b->sum_squares_ns);
    for (unsigned i = 0; i < HISTOGRAM_FINE_BUCKETS; i++)
        assert_int_equal(histogram_at(&a->histogram, i), histogram_at(&b->histogram, i));
    assert_int_equal(a->version->grid.count, b->version->grid.count);
    assert_blocks_alike(a->blocks, b->blocks, a->version->grid.count);
    assert_int_equal(a->calendar.count, b->calendar.count);
    for (unsigned i = 0; i < SUMMARY_HOURS; i++)
        assert_int_equal(histogram_total(&a->hours[i]), histogram_total(&b->hours[i]));
}

static void assert_alike(const struct summary *a, const struct summary *b)
{
    struct summary_endpoint *const *of_a, *const *of_b;
    size_t count = summary_endpoints(a, &of_a);
    assert_int_equal(summary_endpoints(b, &of_b), count);
    for (size_t e = 0; e < count; e++) {
        assert_string_equal(of_a[e]->name.bytes, of_b[e]->name.bytes);
        assert_int_equal(of_a[e]->cell_count, of_b[e]->cell_count);
        assert_int_equal(of_a[e]->grid.count, of_b[e]->grid.count);
        assert_blocks_alike(of_a[e]->series, of_b[e]->series, of_a[e]->grid.count);
        for (size_t c = 0; c < of_a[e]->cell_count; c++)
            assert_cells_alike(of_a[e]->cells[c], of_b[e]->cells[c]);
    }
}

static void assert_says_what_the_trace_says(const char *saved, const char *trace)
{
    struct summary *old = read_path(saved), *now = read_path(trace);
    struct str bytes;
    str_init(&bytes);
    assert_alike(old, now);
    summary_save(old, &bytes);
    struct summary *again = summary_load(bytes.bytes, bytes.length, NULL);
    assert_non_null(again);
    assert_alike(again, now);
    summary_free(again);
    summary_free(old);
    summary_free(now);
    str_release(&bytes);
}

TEST(summaries_of_earlier_formats_say_what_their_traces_say)
{
    assert_says_what_the_trace_says("testdata/summaries/format-1.fmds",
                                    "testdata/traces/v1-generated.fmd");
    assert_says_what_the_trace_says("testdata/summaries/format-2.fmds",
                                    "testdata/traces/v1-levels.fmd");
    assert_says_what_the_trace_says("testdata/summaries/format-3-generated.fmds",
                                    "testdata/traces/v1-generated.fmd");
    assert_says_what_the_trace_says("testdata/summaries/format-3-levels.fmds",
                                    "testdata/traces/v1-levels.fmd");
}
