/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One report, whichever way the summary came: from the requests in one pass, from its
 * saved bytes, and from the saved bytes of any parts in any order. Over shapes drawn by a
 * seed.
 */
#include "testdata/cmocka_tests.h"

#include "made_reports.h"

/* A short day, or years whose calendar is of hours or days. */
static int64_t draw_length_ns(uint64_t *random)
{
    static const int64_t lengths_s[] = {0, 20, 3600, 250000, 3000000, 20000000, 90000000};
    return lengths_s[made_below(random, 7)] * INT64_C(1000000000);
}

static uint32_t draw_names(uint64_t *random)
{
    static const uint32_t counts[] = {0, 1, 6, 200, 257, 1100, 5000};
    return counts[made_below(random, 7)];
}

static struct made_plan draw_plan(uint64_t *random)
{
    static const size_t counts[] = {1, 40, 900, 4000, 9000};
    uint32_t versions = 1 + made_below(random, 4);
    return (struct made_plan){.seed = made_random(random),
                              .count = counts[made_below(random, 5)],
                              .processes = versions + made_below(random, 3),
                              .endpoints = 1 + made_below(random, 12),
                              .versions = versions,
                              .groups = draw_names(random),
                              .addresses = draw_names(random),
                              .runs = 1 + made_below(random, 3),
                              .start_utc_ns = MADE_OFFSET_NS,
                              .length_ns = draw_length_ns(random)};
}

/* Somebody with outliers, a version that is slower, or neither; all beside requests, few
 * of it, or none. */
static void vary(struct recorded *recorded, uint64_t *random)
{
    bool slower = made_below(random, 2), slow_customer = made_below(random, 2);
    for (size_t i = 0; i < recorded->request_count; i++) {
        struct made_request *request = &recorded->requests[i];
        if (slower && request->version == 1 && request->endpoint == 1)
            request->duration_ns *= 3;
        if (slow_customer && request->group == 2)
            request->duration_ns *= 40;
    }
    recorded->event_count /= made_below(random, 2) ? 1 : 50;
    recorded->event_count *= made_below(random, 4) > 0;
}

/* Each part saved, loaded and merged to either side. */
static struct summary *dealt_and_saved(const struct recorded *recorded, uint64_t *random)
{
    struct summary *whole = summary_new();
    size_t parts = 2 + made_below(random, 6);
    for (size_t i = 0; i < parts; i++) {
        struct recorded of = part_of(recorded, i, parts);
        struct summary *part = one_pass(&of, NULL), *loaded = saved_and_loaded(part);
        bool into = made_below(random, 2);
        struct summary *to = into ? whole : loaded, *from = into ? loaded : whole;
        summary_merge(to, from);
        summary_free(from);
        summary_free(part);
        whole = to;
    }
    return whole;
}

enum { TEXTS = 8 };

/* What a format prints, also where it refuses: without a stack there is no call tree. */
static char *printed(const struct report *report, const struct report_format *format)
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    int status = format->print(report, out, NULL);
    fprintf(out, "(%s: %d)", format->name, status);
    fclose(out);
    return text;
}

/* NULL ends them. formats: how many of report_formats; the terminal's comes last. */
struct texts {
    size_t formats;
    char *of[TEXTS];
};

static void take_texts(const struct report *report, void *with)
{
    struct texts *texts = with;
    size_t count = 0;
    for (const struct report_format *format = report_formats;
         format->name && count < texts->formats; format++)
        texts->of[count++] = printed(report, format);
    texts->of[count] = text_of(report, as_terminal);
}

static void assert_same_report(const struct texts *wanted, const struct summary *summary,
                               const struct summary *baseline)
{
    struct texts texts = {.formats = wanted->formats};
    with_report(summary, NULL, baseline, take_texts, &texts);
    for (size_t i = 0; i < TEXTS; i++) {
        assert_int_equal(!texts.of[i], !wanted->of[i]);
        if (texts.of[i])
            assert_string_equal(texts.of[i], wanted->of[i]);
        free(texts.of[i]);
    }
}

/* formats: as of struct texts; JSON is the first. */
static void check_shape(uint64_t *random, size_t formats)
{
    struct made_plan plan = draw_plan(random), before = draw_plan(random);
    struct recorded recorded = record(&plan), old = record(&before);
    vary(&recorded, random);
    vary(&old, random);
    bool compared = made_below(random, 2);
    struct summary *once = one_pass(&recorded, NULL), *loaded = saved_and_loaded(once);
    struct summary *baseline = compared ? one_pass(&old, NULL) : NULL;
    struct summary *baseline_loaded = compared ? saved_and_loaded(baseline) : NULL;
    struct texts wanted = {.formats = formats};
    with_report(once, NULL, baseline, take_texts, &wanted);
    assert_same_report(&wanted, loaded, baseline_loaded);
    shuffle(&recorded, random);
    struct summary *merged = dealt_and_saved(&recorded, random);
    assert_saves_the_same(merged, once);
    assert_same_report(&wanted, merged, baseline_loaded);
    for (size_t i = 0; i < TEXTS; i++)
        free(wanted.of[i]);
    summary_free(once);
    summary_free(loaded);
    summary_free(merged);
    summary_free(baseline);
    summary_free(baseline_loaded);
    recorded_release(&recorded);
    recorded_release(&old);
}

TEST(saved_loaded_and_merged_gives_the_same_json_and_text_whatever_was_recorded)
{
    for (uint64_t shape = 0; shape < 30; shape++) {
        uint64_t random = shape;
        check_shape(&random, 1);
    }
}

TEST(and_the_same_in_every_format)
{
    for (uint64_t shape = 100; shape < 106; shape++) {
        uint64_t random = shape;
        check_shape(&random, TEXTS);
    }
}
