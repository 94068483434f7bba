/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Marks, room for labels, and the scene that they fill. */
#include "testdata/cmocka_tests.h"

#include "plots/mark.h"
#include "plots/place.h"
#include "plots/sample_data.h"

#include <stdio.h>

static const struct frame frame = {10, 20, 110, 220};
static const struct stroke stroke = {{0, 0, 0, 255}, 1, false};

static bool is_within(struct point at, struct frame in, double slack)
{
    return at.x >= in.left - slack && at.x <= in.right + slack &&
           at.y >= in.top - slack && at.y <= in.bottom + slack;
}

TEST(no_part_of_a_line_leaves_its_frame)
{
    uint64_t seed = 1;
    for (int i = 0; i < 200; i++) {
        struct point points[50];
        for (size_t k = 0; k < 50; k++)
            points[k] = (struct point){-200 + 600 * sample_uniform(&seed),
                                       -200 + 600 * sample_uniform(&seed)};
        struct scene scene;
        scene_init(&scene, 120, 240);
        mark_line(&scene, frame, points, 50, stroke);
        mark_step(&scene, frame, points, 50, stroke);
        for (size_t k = 0; k < scene.point_count; k++)
            assert_true(is_within(scene.points[k], frame, 1e-6));
        scene_release(&scene);
    }
}

/* Length of a line inside the frame, against a sum over tiny pieces. */
TEST(all_of_a_line_that_is_inside_is_drawn)
{
    uint64_t seed = 2;
    for (int i = 0; i < 50; i++) {
        struct point points[2];
        for (size_t k = 0; k < 2; k++)
            points[k] = (struct point){-100 + 400 * sample_uniform(&seed),
                                       -100 + 400 * sample_uniform(&seed)};
        struct scene scene;
        scene_init(&scene, 120, 240);
        mark_line(&scene, frame, points, 2, stroke);
        double drawn = scene.point_count < 2
                           ? 0
                           : hypot(scene.points[1].x - scene.points[0].x,
                                   scene.points[1].y - scene.points[0].y);
        double dx = points[1].x - points[0].x, dy = points[1].y - points[0].y;
        double expected = 0;
        for (int piece = 0; piece < 10000; piece++) {
            struct point at = {points[0].x + dx * (piece + 0.5) / 10000,
                               points[0].y + dy * (piece + 0.5) / 10000};
            if (is_within(at, frame, 0))
                expected += hypot(dx, dy) / 10000;
        }
        assert_true(fabs(drawn - expected) < 0.2);
        scene_release(&scene);
    }
}

TEST(a_dense_line_becomes_few_points_that_stay_on_it)
{
    enum { MANY = 100000 };
    struct point *points = malloc(MANY * sizeof(*points));
    assert_non_null(points);
    for (size_t i = 0; i < MANY; i++) {
        double x = 10 + 100.0 * (double)i / MANY;
        points[i] = (struct point){x, 120 + 90 * sin(x / 15)};
    }
    struct scene scene;
    scene_init(&scene, 120, 240);
    mark_line(&scene, frame, points, MANY, stroke);
    assert_true(scene.point_count < 2000);
    for (size_t i = 0; i < scene.point_count; i++)
        assert_true(fabs(scene.points[i].y - (120 + 90 * sin(scene.points[i].x / 15))) <
                    1);
    assert_true(scene.points[scene.point_count - 1].x > 109.9);
    scene_release(&scene);
    free(points);
}

TEST(a_staircase_goes_sideways_first)
{
    struct point points[] = {{20, 200}, {50, 100}};
    struct scene scene;
    scene_init(&scene, 120, 240);
    mark_step(&scene, frame, points, 2, stroke);
    assert_int_equal(scene.point_count, 3);
    assert_true(scene.points[1].x == 50 && scene.points[1].y == 200);
    scene_release(&scene);
}

TEST(dots_outside_of_the_frame_are_not_drawn)
{
    struct scene scene;
    scene_init(&scene, 120, 240);
    mark_dot(&scene, frame, (struct point){5, 100}, 3, stroke.color, stroke.color);
    assert_int_equal(scene.count, 0);
    mark_dot(&scene, frame, (struct point){50, 100}, 3, stroke.color, stroke.color);
    assert_int_equal(scene.count, 1);
    scene_release(&scene);
}

TEST(placed_labels_never_overlap_each_other)
{
    struct place *place = malloc(sizeof(*place));
    assert_non_null(place);
    uint64_t seed = 3;
    place_init(place, frame);
    size_t placed = 0;
    for (int i = 0; i < 200; i++) {
        struct candidate candidates[10];
        for (size_t k = 0; k < 10; k++)
            candidates[k] = (struct candidate){
                {120 * sample_uniform(&seed), 240 * sample_uniform(&seed)},
                ANCHOR_START,
                0};
        placed += place_label(place, 30, 10, candidates, 10) < 10;
    }
    assert_true(placed > 5);
    assert_int_equal(placed, place->taken_count);
    for (size_t i = 0; i < place->taken_count; i++) {
        struct frame a = place->taken[i];
        assert_true(is_within((struct point){a.left, a.top}, frame, 0));
        assert_true(is_within((struct point){a.right, a.bottom}, frame, 0));
        for (size_t k = 0; k < i; k++) {
            struct frame b = place->taken[k];
            assert_true(a.right <= b.left || b.right <= a.left || a.bottom <= b.top ||
                        b.bottom <= a.top);
        }
    }
    free(place);
}

TEST(a_label_prefers_the_place_where_no_line_is)
{
    struct place *place = malloc(sizeof(*place));
    assert_non_null(place);
    place_init(place, frame);
    struct point line[] = {{10, 50}, {110, 50}};
    place_avoid(place, line, 2, false);
    struct candidate candidates[] = {{{20, 52}, ANCHOR_START, 0},
                                     {{20, 150}, ANCHOR_START, 1}};
    assert_int_equal(place_label(place, 40, 10, candidates, 2), 1);
    free(place);
}

TEST(a_scene_prints_the_same_whatever_was_rounded_away)
{
    struct scene scene;
    scene_init(&scene, 100, 50);
    struct point points[] = {{-0.01, 0.04}, {12.349, 99.96}};
    mark_line(&scene, (struct frame){-1, -1, 100, 100}, points, 2, stroke);
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    assert_non_null(out);
    assert_int_equal(scene_print(&scene, out), 0);
    fclose(out);
    assert_string_equal(text,
                        "scene 100 50 \"\"\nline 0 0, 12.3 100 stroke #000000 width 1\n");
    free(text);
    scene_release(&scene);
}

TEST(a_full_disk_is_noticed)
{
    struct scene scene;
    scene_init(&scene, 100, 50);
    FILE *full = fopen("/dev/full", "w");
    assert_non_null(full);
    assert_int_equal(scene_print(&scene, full), -1);
    fclose(full);
    scene_release(&scene);
}
