/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Latency distributions: goldens of ordinary and extreme data, and what lines must do. */
#include "testdata/cmocka_tests.h"

#include "plots/charts/density.h"
#include "plots/charts/latency.h"
#include "plots/sample_data.h"
#include "plots/scene_golden.h"

enum { MOST_LINES = 48 };

struct sample {
    struct latency_line lines[MOST_LINES];
    char names[MOST_LINES][24];
    size_t count;
};

static void add_line(struct sample *sample, const char *name, uint64_t seed, size_t count,
                     double center_ns, double slow_share, double slow_times)
{
    double *latency_ns, *share;
    struct latency_line *line = &sample->lines[sample->count++];
    sample_sorted(seed, count, center_ns, slow_share, slow_times, &latency_ns, &share);
    *line = (struct latency_line){.name = name,
                                  .latency_ns = latency_ns,
                                  .share = share,
                                  .points = count,
                                  .requests = count,
                                  .p50_ns = sample_quantile(latency_ns, count, 0.50),
                                  .p95_ns = sample_quantile(latency_ns, count, 0.95),
                                  .p99_ns = sample_quantile(latency_ns, count, 0.99)};
}

static void free_lines(struct sample *sample)
{
    for (size_t i = 0; i < sample->count; i++) {
        free((double *)sample->lines[i].latency_ns);
        free((double *)sample->lines[i].share);
    }
}

static struct latency_data data_of(const struct sample *sample, const char *title)
{
    return (struct latency_data){title,
                                 "GET /cart/<int:id>, 3 days, times in Europe/Berlin",
                                 sample->lines, sample->count};
}

/* All charts in both themes, as goldens NAME-ecdf, NAME-percentiles, NAME-density (and
 * -dark). */
static void check_all(const struct latency_data *data, const char *name, bool dark_too)
{
    for (int dark = 0; dark < (dark_too ? 2 : 1); dark++) {
        struct theme theme = dark ? theme_dark() : theme_light();
        struct scene scene;
        const char *why = "";
        char golden[128];
        assert_int_equal(chart_latency_ecdf(data, &theme, &scene, &why), 0);
        snprintf(golden, sizeof(golden), "%s-ecdf%s", name, dark ? "-dark" : "");
        check_golden(&scene, golden);
        scene_release(&scene);
        assert_int_equal(chart_latency_density(data, &theme, &scene, &why), 0);
        snprintf(golden, sizeof(golden), "%s-density%s", name, dark ? "-dark" : "");
        check_golden(&scene, golden);
        scene_release(&scene);
        assert_int_equal(chart_latency_percentiles(data, &theme, &scene, &why), 0);
        snprintf(golden, sizeof(golden), "%s-percentiles%s", name, dark ? "-dark" : "");
        check_golden(&scene, golden);
        scene_release(&scene);
    }
}

TEST(two_versions_one_slower_in_its_tail)
{
    struct sample sample = {.count = 0};
    add_line(&sample, "1.0", 1, 20000, 12e6, 0.010, 6);
    add_line(&sample, "1.1", 2, 8000, 13e6, 0.040, 14);
    struct latency_data data = data_of(
        &sample, "1.1 makes the slowest of GET /cart slower: p99 from 43 to 256 ms");
    check_all(&data, "latency-two", true);
    free_lines(&sample);
}

TEST(four_versions_all_have_colours)
{
    struct sample sample = {.count = 0};
    static const char *const names[] = {"2.0.0", "2.0.1", "2.1.0-rc1", "2.1.0"};
    for (size_t i = 0; i < 4; i++)
        add_line(&sample, names[i], 10 + i, 3000, 4e6 * (1 + 0.5 * (double)i), 0.02, 8);
    struct latency_data data = data_of(&sample, "Every release made search slower");
    check_all(&data, "latency-four", false);
    free_lines(&sample);
}

TEST(forty_versions_leave_the_newest_two_readable)
{
    struct sample sample = {.count = 0};
    for (size_t i = 0; i < 40; i++) {
        snprintf(sample.names[i], sizeof(sample.names[i]), "0.%zu.%zu", i / 10, i % 10);
        add_line(&sample, sample.names[i], 100 + i, 150, 8e6 * (1 + 0.4 * sin((double)i)),
                 0.02, 10);
    }
    struct latency_data data =
        data_of(&sample, "0.3.9 is slower than most of the 39 before it");
    check_all(&data, "latency-forty", false);
    free_lines(&sample);
}

TEST(equal_versions_do_not_stack_their_labels)
{
    struct sample sample = {.count = 0};
    for (size_t i = 0; i < 3; i++) {
        snprintf(sample.names[i], sizeof(sample.names[i]), "3.%zu", i);
        add_line(&sample, sample.names[i], 7, 2000, 2e6, 0.01, 5);
    }
    struct latency_data data = data_of(&sample, "Nothing changed between 3.0 and 3.2");
    check_all(&data, "latency-equal", false);
    free_lines(&sample);
}

TEST(names_in_any_script_and_of_any_length_fit)
{
    struct sample sample = {.count = 0};
    static char endless[10001];
    memset(endless, 'v', sizeof(endless) - 1);
    add_line(&sample, endless, 1, 500, 1e6, 0.02, 5);
    add_line(&sample, "גרסה 2.4 \xff\xfe", 2, 500, 2e6, 0.02, 5);
    add_line(&sample, "版本二 🚀 الإصدار", 3, 500, 4e6, 0.02, 5);
    add_line(&sample, "\n\t", 4, 500, 9e6, 0.02, 5);
    struct latency_data data = data_of(
        &sample,
        "A title that goes on and on: the newest version has no name, the one "
        "before it has a name in two scripts with a rocket between them, and the "
        "oldest is called v ten thousand times, which nobody wants to read in full");
    check_all(&data, "latency-names", false);
    free_lines(&sample);
}

TEST(no_data_is_said)
{
    struct latency_line empty = {
        .name = "1.0", .p50_ns = NAN, .p95_ns = NAN, .p99_ns = NAN};
    struct latency_data none = {"No requests reached GET /cart", NULL, NULL, 0};
    struct latency_data one = {"No requests reached GET /cart", "", &empty, 1};
    check_all(&none, "latency-none", false);
    check_all(&one, "latency-empty-line", false);
}

TEST(one_request_is_a_point)
{
    double latency_ns = 2.5e9, share = 1;
    struct latency_line line = {"1.0", &latency_ns, &share, 1, 1, 2.5e9, NAN, NAN};
    struct latency_data data = {"One request took 2.5 s", NULL, &line, 1};
    check_all(&data, "latency-one", false);
}

TEST(nonsense_values_are_left_out)
{
    double latency_ns[] = {-5, 0, NAN, 1e6, INFINITY, 2e6, 3e6};
    double share[] = {0.1, 0.2, 0.3, 0.4, NAN, 0.9, 1};
    struct latency_line line = {"1.0", latency_ns, share, 7, 7, -1, INFINITY, 0};
    struct latency_data data = {"Three requests of seven make sense", NULL, &line, 1};
    check_all(&data, "latency-nonsense", false);
}

/* Where a dot of a scene stands, or fails. */
static struct point dot_of(const struct scene *scene, size_t which)
{
    for (size_t i = 0; i < scene->count; i++)
        if (scene->shapes[i].kind == SHAPE_DOTS && which-- == 0)
            return scene->points[scene->shapes[i].first_point];
    fail_msg("the scene has no such dot");
    return (struct point){0, 0};
}

static bool same_color(struct color a, struct color b)
{
    return a.red == b.red && a.green == b.green && a.blue == b.blue;
}

/* The p50 dot stands where the line passes 50 %: compared with every segment of the line.
 */
TEST(markers_stand_on_their_line)
{
    struct sample sample = {.count = 0};
    add_line(&sample, "1.0", 5, 5000, 12e6, 0.010, 6);
    struct latency_data data = data_of(&sample, "");
    struct theme theme = theme_light();
    for (int ecdf = 0; ecdf < 2; ecdf++) {
        struct scene scene;
        const char *why = "";
        assert_int_equal(ecdf ? chart_latency_ecdf(&data, &theme, &scene, &why)
                              : chart_latency_percentiles(&data, &theme, &scene, &why),
                         0);
        for (size_t which = 0; which < 3; which++) {
            struct point dot = dot_of(&scene, which);
            double nearest = INFINITY;
            for (size_t i = 0; i < scene.count; i++) {
                const struct shape *shape = &scene.shapes[i];
                if (shape->kind != SHAPE_LINE || shape->stroke_pt < 2)
                    continue;
                const struct point *at = &scene.points[shape->first_point];
                for (size_t k = 0; k < shape->point_count; k++)
                    nearest = fmin(nearest, hypot(at[k].x - dot.x, at[k].y - dot.y));
            }
            assert_true(nearest < 2);
        }
        scene_release(&scene);
    }
    free_lines(&sample);
}

TEST(lines_stay_inside_the_picture)
{
    struct sample sample = {.count = 0};
    add_line(&sample, "1.0", 5, 5000, 12e6, 0.3, 1000);
    add_line(&sample, "1.1", 6, 5, 12e3, 0.3, 1000);
    struct latency_data data = data_of(&sample, "");
    struct theme theme = theme_light();
    for (int ecdf = 0; ecdf < 2; ecdf++) {
        struct scene scene;
        const char *why = "";
        assert_int_equal(ecdf ? chart_latency_ecdf(&data, &theme, &scene, &why)
                              : chart_latency_percentiles(&data, &theme, &scene, &why),
                         0);
        for (size_t i = 0; i < scene.count; i++) {
            const struct shape *shape = &scene.shapes[i];
            for (size_t k = 0; shape->kind == SHAPE_LINE && k < shape->point_count; k++) {
                struct point at = scene.points[shape->first_point + k];
                assert_true(at.x >= 0 && at.x <= scene.width_pt);
                assert_true(at.y >= 0 && at.y <= scene.height_pt);
            }
        }
        scene_release(&scene);
    }
    free_lines(&sample);
}

TEST(a_version_keeps_its_colour_when_another_one_joins)
{
    struct sample sample = {.count = 0};
    add_line(&sample, "1.0", 5, 500, 12e6, 0.01, 6);
    add_line(&sample, "1.1", 6, 500, 12e6, 0.01, 6);
    struct theme theme = theme_light();
    struct color dots[2];
    for (size_t lines = 1; lines <= 2; lines++) {
        struct latency_data data = {"", "", sample.lines + 2 - lines, lines};
        struct scene scene;
        const char *why = "";
        assert_int_equal(chart_latency_ecdf(&data, &theme, &scene, &why), 0);

        for (size_t i = 0; i < scene.count; i++)
            if (scene.shapes[i].kind == SHAPE_DOTS)
                dots[lines - 1] = scene.shapes[i].fill; /* the newest's are drawn last */

        scene_release(&scene);
    }
    assert_true(same_color(dots[0], dots[1]));
    free_lines(&sample);
}

/* Gauss's area of the newest line, which is filled: all requests, whatever the smoothing.
 */
TEST(a_density_holds_all_requests)
{
    struct sample sample = {.count = 0};
    struct theme theme = theme_light();
    struct scene scene;
    const char *why = "";
    add_line(&sample, "1.0", 1, 2000, 9e6, 0, 1);
    struct latency_data data = data_of(&sample, "");
    assert_int_equal(chart_latency_density(&data, &theme, &scene, &why), 0);
    double sum = 0, decade = 0, tenth = 0, zero = 0;
    for (size_t i = 0; i < scene.count; i++) {
        const struct shape *shape = &scene.shapes[i];
        const struct point *at = &scene.points[shape->first_point];
        for (size_t k = 0;
             shape->fill.alpha && shape->kind == SHAPE_LINE && k < shape->point_count;
             k++) {
            struct point next = at[(k + 1) % shape->point_count];
            sum += (at[k].x * next.y - next.x * at[k].y) / 2;
        }
        if (shape->kind != SHAPE_TEXT)
            continue;
        if (strcmp(shape->text, "5 ms") == 0)
            decade -= at->x;
        if (strcmp(shape->text, "10 ms") == 0)
            decade += at->x;
        if (strcmp(shape->text, "0 %") == 0)
            zero = at->y;
        if (strcmp(shape->text, "10 %") == 0)
            tenth = at->y;
    }
    assert_true(decade > 0 && tenth > 0 && zero > tenth);
    decade /= log10(2);
    double share = fabs(sum) / (decade / 10) / ((zero - tenth) / 0.1);
    assert_true(fabs(share - 1) < 0.02);
    scene_release(&scene);
    free_lines(&sample);
}
