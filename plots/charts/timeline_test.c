/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Latency over time: goldens, and where lines break and marks stand. */
#include "testdata/cmocka_tests.h"

#include "plots/charts/timeline.h"
#include "plots/sample_data.h"
#include "plots/scene_golden.h"

enum { MOST_BLOCKS = 120 };

static const double start_s = 1774738800; /* 2026-03-28 23:00 UTC, midnight in Berlin */

/* Berlin in 2026: summer time from 29 March, 01:00 UTC, to 25 October. */
static long long berlin(long long utc_s, const void *zone)
{
    (void)zone;
    return utc_s >= 1774746000 && utc_s < 1792890000 ? 7200 : 3600;
}

static const struct wall_clock in_berlin = {"Europe/Berlin", berlin, NULL};

/* Latency that doubles at the given block. */
static void fill(struct timeline_block *blocks, size_t count, double from_s,
                 double length_s, size_t slower_from)
{
    uint64_t seed = 7;
    for (size_t i = 0; i < count; i++) {
        double factor = i >= slower_from ? 1.9 : 1;
        double wobble = exp(0.06 * sample_normal(&seed));
        blocks[i] = (struct timeline_block){
            from_s + (double)i * length_s,         from_s + (double)(i + 1) * length_s,
            round(8e6 * wobble * factor),          round(3e7 * wobble * factor),
            round(9e7 * wobble * wobble * factor), 1000 + i};
    }
}

static void check(const struct timeline_data *data, bool dark, const char *name)
{
    struct theme theme = dark ? theme_dark() : theme_light();
    struct scene scene;
    const char *why = "";
    assert_int_equal(chart_timeline(data, &theme, &scene, &why), 0);
    check_golden(&scene, name);
    scene_release(&scene);
}

TEST(two_days_across_a_dst_change_with_a_version_and_a_change)
{
    struct timeline_block blocks[MOST_BLOCKS];
    fill(blocks, 96, start_s, 1800, 60);
    blocks[20].p50_ns = blocks[20].p95_ns = blocks[20].p99_ns = NAN;
    for (size_t i = 70; i < 80; i++)
        blocks[i].p99_ns = NAN;
    struct time_mark marks[] = {
        {start_s + 10, TIME_MARK_VERSION, "2.7", NULL},
        {start_s + 20 * 3600, TIME_MARK_VERSION, "2.8", "2.8: first request"},
        {start_s + 30 * 3600, TIME_MARK_WORSE, "+90 %", "+90 % without a new version"}};
    struct timeline_data data = {"GET /cart got slower on Monday morning, without a "
                                 "new version",
                                 "Latency over time, all versions",
                                 in_berlin,
                                 blocks,
                                 96,
                                 marks,
                                 3};
    check(&data, false, "timeline-dst");
    check(&data, true, "timeline-dst-dark");
}

TEST(six_weeks_across_a_new_year_with_more_versions_than_room)
{
    struct timeline_block blocks[MOST_BLOCKS];
    struct time_mark marks[40];
    static char names[40][24];
    double from_s = 1796083200; /* 2026-12-01 */
    fill(blocks, 84, from_s, 43200, 200);
    for (size_t i = 0; i < 40; i++) {
        snprintf(names[i], sizeof(names[i]), "release-2026.%zu", i);
        marks[i] = (struct time_mark){from_s + (double)i * 86400, TIME_MARK_VERSION,
                                      names[i], NULL};
    }
    struct timeline_data data = {"Latency has been the same through forty releases",
                                 NULL,
                                 {"UTC", NULL, NULL},
                                 blocks,
                                 84,
                                 marks,
                                 40};
    check(&data, false, "timeline-new-year");
}

TEST(one_block_is_a_short_line)
{
    struct timeline_block block = {start_s, start_s + 2, 5e6, 9e6, NAN, 40};
    struct timeline_data data = {
        "Forty requests in two seconds", NULL, in_berlin, &block, 1, NULL, 0};
    check(&data, false, "timeline-one");
}

TEST(nothing_that_is_known_is_said)
{
    struct timeline_block block = {start_s, start_s + 60, NAN, NAN, NAN, 3};
    struct timeline_data data = {"Three requests", NULL, in_berlin, &block, 1, NULL, 0};
    check(&data, false, "timeline-unknown");
    data.block_count = 0;
    check(&data, false, "timeline-none");
}

TEST(names_of_marks_in_any_script_fit)
{
    struct timeline_block blocks[MOST_BLOCKS];
    static char endless[5001];
    memset(endless, 'x', sizeof(endless) - 1);
    fill(blocks, 24, start_s, 60, 12);
    struct time_mark marks[] = {{start_s + 60, TIME_MARK_VERSION, "גרסה 2", NULL},
                                {start_s + 400, TIME_MARK_VERSION, "🚀 v3", NULL},
                                {start_s + 700, TIME_MARK_BETTER, "\xff\x01", NULL},
                                {start_s + 1400, TIME_MARK_VERSION, endless, NULL},
                                {start_s + 1420, TIME_MARK_WORSE, endless, NULL},
                                {start_s + 9000, TIME_MARK_WORSE, "outside", NULL}};
    struct timeline_data data = {
        "Versions are called what one likes", NULL, in_berlin, blocks, 24, marks, 6};
    check(&data, false, "timeline-names");
}

/* Points of all lines of a colour. */
static size_t points_of(const struct scene *scene, struct color color)
{
    size_t count = 0;
    for (size_t i = 0; i < scene->count; i++)
        if (scene->shapes[i].kind == SHAPE_LINE &&
            memcmp(&scene->shapes[i].stroke, &color, sizeof(color)) == 0)
            count += scene->shapes[i].point_count;
    return count;
}

TEST(a_line_passes_through_each_known_block_and_none_else)
{
    struct timeline_block blocks[MOST_BLOCKS];
    fill(blocks, 20, start_s, 3600, 5);
    for (size_t i = 8; i < 12; i++)
        blocks[i].p50_ns = NAN;
    struct timeline_data data = {"", NULL, in_berlin, blocks, 20, NULL, 0};
    struct theme theme = theme_light();
    struct scene scene;
    const char *why = "";
    assert_int_equal(chart_timeline(&data, &theme, &scene, &why), 0);
    /* two for the rules that lead to the name */
    assert_int_equal(points_of(&scene, theme.steps[7]), 16 + 4);
    scene_release(&scene);
}
