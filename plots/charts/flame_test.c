/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Flame graphs: goldens, and that widths are times. */
#include "testdata/cmocka_tests.h"

#include "plots/charts/flame.h"
#include "plots/sample_data.h"
#include "plots/scene_golden.h"

static struct flame_node nodes[20000];

static struct flame_data sample(bool compared)
{
    for (size_t i = 0; i < SAMPLE_NODES; i++)
        nodes[i] = (struct flame_node){sample_tree[i].parent, sample_tree[i].name,
                                       sample_tree[i].own, sample_tree[i].older_own};
    return (struct flame_data){.unit = "samples",
                               .nodes = nodes,
                               .node_count = SAMPLE_NODES,
                               .compared = compared};
}

static void check(const struct flame_data *data, bool dark, const char *name)
{
    struct theme theme = dark ? theme_dark() : theme_light();
    struct scene scene;
    const char *why = "";
    assert_int_equal(chart_flame(data, &theme, &scene, &why), 0);
    check_golden(&scene, name);
    scene_release(&scene);
}

TEST(a_shop)
{
    struct flame_data data = sample(false);
    data.title = "sqlite3:Cursor.execute takes 36 % of the time of GET /cart";
    data.subtitle = "Samples of 2.8, callers above what they call";
    check(&data, false, "flame-shop");
    check(&data, true, "flame-shop-dark");
}

TEST(two_versions_of_a_shop)
{
    struct flame_data data = sample(true);
    data.title = "2.8 spends a fifth of its time on taxes, which 2.7 did not know";
    data.subtitle = "2.8 against 2.7";
    check(&data, false, "flame-difference");
    check(&data, true, "flame-difference-dark");
}

TEST(amounts_that_compare_as_they_are)
{
    struct flame_data data = sample(true);
    data.unit = "ms a request";
    data.absolute = true;
    data.title = "2.8 spends 125 ms more a request on taxes";
    check(&data, false, "flame-absolute");
}

TEST(names_of_any_kind_and_a_stack_deeper_than_a_picture)
{
    static char endless[4001];
    memset(endless, 'x', sizeof(endless) - 1);
    static const char *const odd[] = {"סל:חישוב", "カート:合計", "🛒",
                                      "",         NULL,          "\xff:\x01"};
    for (size_t i = 0; i < 100; i++)
        nodes[i] = (struct flame_node){i == 0 ? FLAME_ROOT : i - 1,
                                       i == 3 ? endless : odd[i % 6], 1, 1};
    struct flame_data data = {
        "A hundred calls deep", NULL, "samples", nodes, 100, false, false};
    check(&data, false, "flame-deep");
}

TEST(one_sample_and_none)
{
    struct flame_data data = sample(false);
    data.node_count = 1;
    data.title = "One function";
    check(&data, false, "flame-one");
    nodes[0].own = NAN;
    check(&data, false, "flame-none");
}

/* Room of the frame of a name. */
static struct frame frame_of(const struct scene *scene, const char *name)
{
    for (size_t i = 0; i < scene->count; i++)
        if (scene->shapes[i].data && strcmp(scene->shapes[i].data, name) == 0) {
            const struct point *at = &scene->points[scene->shapes[i].first_point];
            return (struct frame){at[0].x, at[0].y, at[0].x + at[1].x, at[0].y + at[1].y};
        }
    fail_msg("no frame of %s", name);
    return (struct frame){0, 0, 0, 0};
}

TEST(a_frame_is_as_wide_as_its_time_and_stands_below_its_caller)
{
    struct flame_data data = sample(false);
    struct theme theme = theme_light();
    struct scene scene;
    const char *why = "";
    double total = 0;
    for (size_t i = 0; i < SAMPLE_NODES; i++)
        total += nodes[i].own;
    assert_int_equal(chart_flame(&data, &theme, &scene, &why), 0);
    struct frame query = frame_of(&scene, "shop.database:Session.query");
    struct frame execute = frame_of(&scene, "sqlite3:Cursor.execute");
    double room = theme.width_pt - 2.6 * theme.base_pt;
    assert_true(fabs(query.right - query.left - 312 / total * room) < 1);
    assert_true(fabs(execute.right - execute.left - 260 / total * room) < 1);
    assert_true(execute.left >= query.left - 0.1 && execute.right <= query.right + 0.1);
    assert_true(execute.top > query.bottom - 0.1);
    scene_release(&scene);
}

TEST(many_thousand_nodes_are_few_shapes_and_all_are_accounted_for)
{
    uint64_t seed = 1;
    for (size_t i = 0; i < 20000; i++)
        nodes[i] = (struct flame_node){
            i < 3 ? FLAME_ROOT : (size_t)(sample_uniform(&seed) * (double)i),
            "module:function", sample_uniform(&seed), 0};
    struct flame_data data = {"Many", NULL, "samples", nodes, 20000, false, false};
    struct theme theme = theme_light();
    struct scene scene;
    const char *why = "";
    size_t frames = 0, hidden = 0;
    assert_int_equal(chart_flame(&data, &theme, &scene, &why), 0);
    for (size_t i = 0; i < scene.count; i++) {
        const char *said = scene.shapes[i].text ? scene.shapes[i].text : "";
        frames += scene.shapes[i].data != NULL;
        if (strstr(said, "drawn: "))
            hidden = strtoul(strstr(said, "drawn: ") + 7, NULL, 10);
    }
    assert_true(frames > 100 && frames < 5000);
    assert_int_equal(frames - 1 + hidden, 20000);
    scene_release(&scene);
}
