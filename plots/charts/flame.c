/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Call trees as frames: see flame.h. */
#include "plots/charts/flame.h"

#include "plots/mark.h"
#include "plots/page.h"
#include "plots/units.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_ROWS = 60 };
static const double row_height = 1.5;                 /* multiples of the base size */
static const double visible_pt = 1.2, named_pt = 3.2; /* the second: of the base size */

/* A node with all that it calls. */
struct frame_of {
    double value, older;
    double left; /* share of the width */
    size_t row;  /* 1: a root; above it stands the frame of all */
};

/* A node among those of one parent. */
struct sibling {
    size_t parent, node;
    const char *name;
};

struct tree {
    const struct flame_data *data;
    struct frame_of *frames; /* as nodes */
    struct sibling *order;   /* by parent, then name, then index */
    double total, older_total;
    double most_moved; /* largest change of a share among visible frames */
    size_t rows;       /* drawn, with that of all */
    size_t hidden;     /* frames too narrow or too deep */
    size_t gone;       /* frames of the older version only */
    double gone_share;
};

static double amount(double own)
{
    return own > 0 && own < 1e18 ? own : 0;
}

static bool has_parent(const struct flame_data *data, size_t i)
{
    return data->nodes[i].parent < i; /* FLAME_ROOT is not */
}

/* Values from the leaves to the roots; parents come before what they call. */
static void add_up(struct tree *tree)
{
    const struct flame_data *data = tree->data;
    for (size_t i = 0; i < data->node_count; i++)
        tree->frames[i] = (struct frame_of){
            .value = amount(data->nodes[i].own),
            .older = data->compared ? amount(data->nodes[i].older_own) : 0,
            .row = 1};
    for (size_t i = data->node_count; i-- > 0;) {
        struct frame_of *frame = &tree->frames[i];
        double *up = has_parent(data, i) ? &tree->frames[data->nodes[i].parent].value
                                         : &tree->total;
        double *older = has_parent(data, i) ? &tree->frames[data->nodes[i].parent].older
                                            : &tree->older_total;
        *up += frame->value;
        *older += frame->older;
    }
}

/* --- where frames stand ---------------------------------------------------------------
 */

static int compare_names(const char *a, const char *b)
{
    return strcmp(a ? a : "", b ? b : "");
}

static int by_parent(const void *left, const void *right)
{
    const struct sibling *a = left, *b = right;
    if (a->parent != b->parent)
        return a->parent < b->parent ? -1 : 1;
    int order = compare_names(a->name, b->name);
    return order != 0 ? order : (a->node > b->node) - (a->node < b->node);
}

/* What a node calls stands side by side in the order of names, so that two pictures of
 * one program look alike. Roots are sorted last, but placed first. */
static void place_frames(struct tree *tree)
{
    const struct flame_data *data = tree->data;
    size_t count = data->node_count;
    double at = 0;
    for (size_t i = 0; i < count; i++)
        tree->order[i] = (struct sibling){data->nodes[i].parent, i, data->nodes[i].name};
    qsort(tree->order, count, sizeof(*tree->order), by_parent);
    for (int roots = 1; roots >= 0; roots--)
        for (size_t k = 0; k < count; k++) {
            size_t i = tree->order[k].node;
            const struct flame_node *node = &data->nodes[i];
            size_t before = k > 0 ? tree->order[k - 1].node : i;
            bool first = k == 0 || data->nodes[before].parent != node->parent ||
                         !has_parent(data, before);
            if (has_parent(data, i) == (roots == 1))
                continue;
            if (roots == 0) {
                tree->frames[i].row = tree->frames[node->parent].row + 1;
                at = first ? tree->frames[node->parent].left : at;
            }
            tree->frames[i].left = at;
            at += tree->frames[i].value / tree->total;
        }
}

static double width_of(const struct tree *tree, const struct frame_of *frame,
                       double room_pt)
{
    return frame->value / tree->total * room_pt;
}

static bool is_visible(const struct tree *tree, const struct frame_of *frame,
                       double room_pt)
{
    return width_of(tree, frame, room_pt) >= visible_pt && frame->row < MOST_ROWS;
}

/* What the older side is measured by. */
static double older_total(const struct tree *tree)
{
    return tree->data->absolute ? tree->total : tree->older_total;
}

/* How much larger a frame's share is than it was. */
static double moved(const struct tree *tree, const struct frame_of *frame)
{
    double older = older_total(tree) > 0 ? frame->older / older_total(tree) : 0;
    return frame->value / tree->total - older;
}

static void survey(struct tree *tree, double room_pt)
{
    tree->rows = 1;
    for (size_t i = 0; i < tree->data->node_count; i++) {
        const struct frame_of *frame = &tree->frames[i];
        bool top = !has_parent(tree->data, i) ||
                   tree->frames[tree->data->nodes[i].parent].value > 0;
        if (frame->value <= 0 && frame->older > 0 && top) {
            tree->gone++;
            tree->gone_share += frame->older / tree->older_total;
        }
        if (!is_visible(tree, frame, room_pt)) {
            tree->hidden += frame->value > 0;
            continue;
        }
        tree->rows = frame->row + 1 > tree->rows ? frame->row + 1 : tree->rows;
        tree->most_moved = fmax(tree->most_moved, fabs(moved(tree, frame)));
    }
}

/* False when out of memory; to be released either way. */
static bool tree_init(struct tree *tree, const struct flame_data *data, double room_pt)
{
    *tree = (struct tree){.data = data};
    tree->frames = malloc((data->node_count + 1) * sizeof(*tree->frames));
    tree->order = malloc((data->node_count + 1) * sizeof(*tree->order));
    if (!tree->frames || !tree->order)
        return false;
    add_up(tree);
    if (tree->total > 0) {
        place_frames(tree);
        survey(tree, room_pt);
    }
    return true;
}

static void tree_release(struct tree *tree)
{
    free(tree->frames);
    free(tree->order);
}

/* --- drawing --------------------------------------------------------------------------
 */

/* Behind the last ':' (else '/', else '.') of a name: the function without its module. */
static const char *function_of(const char *name)
{
    static const char parts[] = ":/.";
    for (size_t i = 0; parts[i] != '\0'; i++) {
        const char *last = strrchr(name, parts[i]);
        if (last && last[1] != '\0')
            return last + 1;
    }
    return name;
}

/* What a frame belongs to: its name without the function. */
static struct color color_of_module(const struct theme *theme, const char *name)
{
    char module[128];
    const char *names[] = {module}, *whole = name ? name : "";
    ptrdiff_t length = function_of(whole) - whole;
    unsigned char slot;
    snprintf(module, sizeof(module), "%.*s", (int)(length < 120 ? length : 120), whole);
    theme_slots(names, 1, &slot);
    return color_mix(theme->paper, theme->slots[slot], 0.32);
}

/* Square roots, so that small moves show. */
static struct color color_of_move(const struct theme *theme, const struct tree *tree,
                                  const struct frame_of *frame)
{
    double by = moved(tree, frame);
    double strength = tree->most_moved > 0 ? sqrt(fabs(by) / tree->most_moved) : 0;
    struct color none = color_mix(theme->paper, theme->muted, 0.35);
    return color_mix(none, by > 0 ? theme->worse : theme->better,
                     fmin(strength, 1) * 0.7);
}

/* "shop.cart:total: 12.3 % of all, 1 234 samples, 3 % of its own; before 8 %". */
static void tip_of(struct scene *scene, const struct tree *tree, const char *name,
                   const struct frame_of *frame, double own)
{
    char shares[3][NUMBER_BYTES], count[NUMBER_BYTES], before[NUMBER_BYTES + 16] = "";
    char rest[6 * NUMBER_BYTES];
    struct label tip;
    share_text(frame->value / tree->total, shares[0]);
    share_text(own / tree->total, shares[1]);
    count_text(frame->value, count);
    if (tree->data->compared && tree->data->absolute) {
        count_text(frame->older, shares[2]);
        snprintf(before, sizeof(before), "; before %s", shares[2]);
    } else if (tree->data->compared) {
        share_text(tree->older_total > 0 ? frame->older / tree->older_total : 0,
                   shares[2]);
        snprintf(before, sizeof(before), "; before %s", shares[2]);
    }
    snprintf(rest, sizeof(rest), ": %s of all, %s %.30s, %s of its own%s", shares[0],
             count, tree->data->unit ? tree->data->unit : "", shares[1], before);
    label_name_with(&tip, name, rest,
                    (struct text_style){.size_pt = 1, .cut = CUT_MIDDLE}, 150);
    scene_tip(scene, tip.text);
}

static void draw_frame(struct scene *scene, const struct theme *theme, const char *name,
                       struct frame at, struct color fill)
{
    struct text_style style = {theme->base_pt * THEME_SMALL, false, CUT_END};
    double base = theme->base_pt, room = at.right - at.left - 0.5 * base;
    struct label label;
    label_name(&label, name, style, 4000);
    if (label.width_pt > room) /* the module goes first */
        label_name(&label, function_of(name ? name : ""), style, room);
    bool named = at.right - at.left >= named_pt * base && label.width_pt <= room;
    mark_frame(scene, at, fill, name, named ? &label : NULL,
               (struct text_mark){
                   .at = {at.left + 0.3 * base, (at.top + at.bottom) / 2 + 0.32 * base},
                   .style = style,
                   .ink = theme->ink,
                   .max_pt = room});
}

static void draw_all(struct scene *scene, const struct theme *theme,
                     const struct tree *tree, struct frame inside)
{
    double row_pt = row_height * theme->base_pt, room = inside.right - inside.left;
    char count[NUMBER_BYTES], all[2 * NUMBER_BYTES];
    struct frame_of whole = {tree->total, tree->older_total, 0, 0};
    count_text(tree->total, count);
    snprintf(all, sizeof(all), "all: %s %.30s", count,
             tree->data->unit ? tree->data->unit : "");
    tip_of(scene, tree, "all", &whole, 0);
    draw_frame(
        scene, theme, all,
        (struct frame){inside.left, inside.top, inside.right, inside.top + row_pt - 1},
        color_mix(theme->paper, theme->muted, 0.35));
    for (size_t i = 0; i < tree->data->node_count; i++) {
        const struct frame_of *frame = &tree->frames[i];
        const struct flame_node *node = &tree->data->nodes[i];
        if (!is_visible(tree, frame, room))
            continue;
        double left = inside.left + frame->left * room;
        double top = inside.top + (double)frame->row * row_pt;
        double gap = width_of(tree, frame, room) > 3 ? 0.6 : 0.2;
        tip_of(scene, tree, node->name, frame, amount(node->own));
        draw_frame(scene, theme, node->name,
                   (struct frame){left, top, left + width_of(tree, frame, room) - gap,
                                  top + row_pt - 1},
                   tree->data->compared ? color_of_move(theme, tree, frame)
                                        : color_of_module(theme, node->name));
    }
    scene_tip(scene, NULL);
}

static void explain(char *note, size_t size, const struct tree *tree)
{
    char share[NUMBER_BYTES];
    FILE *out = fmemopen(note, size, "w");
    if (!out)
        return;
    const char *more = tree->data->absolute ? "more" : "a larger share";
    if (tree->data->compared)
        fprintf(out,
                "Width: the newer version's time. Orange: %s than before, blue: %s. ",
                more, tree->data->absolute ? "less" : "a smaller one");
    else
        fputs(
            "Width: time, with what is called, which stands below. Colour: the module. ",
            out);
    if (tree->gone > 0) {
        share_text(tree->gone_share, share);
        fprintf(out, "%zu frame%s of before %s gone (%s). ", tree->gone,
                tree->gone == 1 ? "" : "s", tree->gone == 1 ? "is" : "are", share);
    }
    if (tree->hidden > 0)
        fprintf(out, "Too narrow or too deep to be drawn: %zu. ", tree->hidden);
    fclose(out);
}

int chart_flame(const struct flame_data *data, const struct theme *theme,
                struct scene *scene, const char **why)
{
    double base = theme->base_pt, head = page_head_pt(theme, data->title, data->subtitle);
    struct frame width = {0, 0, theme->width_pt - 2.6 * base, 0};
    struct tree tree;
    char note[512] = "";
    bool made = tree_init(&tree, data, width.right);
    bool any = made && tree.total > 0;
    if (any)
        explain(note, sizeof(note), &tree);
    double height = any ? head + ((double)tree.rows * row_height + 0.8) * base +
                              page_note_pt(theme, &width, note)
                        : head + 9 * base;
    struct frame inside = page_open(scene, theme, height, data->title, data->subtitle);
    scene->failed |= !made;
    if (any) {
        page_note(scene, theme, &inside, note);
        draw_all(scene, theme, &tree, inside);
    } else {
        page_empty(scene, theme, inside, "No samples: nothing to draw");
    }
    tree_release(&tree);
    return scene_ok(scene, why);
}
