/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Distributions of latency, one line a version: see latency.h. */
#include "plots/charts/latency.h"

#include "plots/axis.h"
#include "plots/charts/curves.h"
#include "plots/page.h"
#include "plots/place.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DOT_CANDIDATES = 11, NAME_CANDIDATES = 72 };

/* --- from data to places --------------------------------------------------------------
 */

/* One of the two charts: which axis carries shares, and how a line becomes points. */
struct view {
    struct scale latency, share;
    struct frame frame;
    bool ecdf;
};

static struct point place_of(const struct view *view, double latency_ns, double share)
{
    double along_latency = scale_at(&view->latency, latency_ns);
    double along_share = scale_at(&view->share, share);
    return view->ecdf ? (struct point){along_latency, along_share}
                      : (struct point){along_share, along_latency};
}

/* Corners of a curve's staircase; points has room for all points of its line and one
 * more. Shares rise at a latency in an ECDF; over percentiles, a latency holds from the
 * share before it to its own. */
static size_t trace(const struct view *view, const struct curve *curve,
                    struct point *points)
{
    const struct latency_line *line = curve->line;
    double before = 0, last_ns = NAN;
    size_t count = 0;
    for (size_t i = 0; i < line->points; i++) {
        if (!curves_is_point(line, i))
            continue;
        double share = fmin(line->share[i], view->ecdf ? 1 : curve->end_share);
        if (view->ecdf && count == 0)
            points[count++] = place_of(view, line->latency_ns[i], 0);
        points[count++] =
            place_of(view, line->latency_ns[i], view->ecdf ? share : before);
        before = fmax(before, share);
        last_ns = line->latency_ns[i];
    }
    if (!view->ecdf)
        points[count++] = place_of(view, last_ns, curve->end_share);
    return count;
}

/* --- labels ---------------------------------------------------------------------------
 */

static struct text_style value_style(const struct theme *theme, const struct curve *curve)
{
    return (struct text_style){theme->base_pt * THEME_SMALL, curve->newest, CUT_END};
}

static void draw_label(struct scene *scene, const struct theme *theme,
                       const struct label *label, const struct candidate *at,
                       struct text_style style, struct color ink)
{
    struct color plate = theme->paper;
    plate.alpha = 200; /* lines show through, faintly */
    mark_label(scene, label,
               (struct text_mark){.at = at->at,
                                  .anchor = at->anchor,
                                  .style = style,
                                  .ink = ink,
                                  .plate = plate,
                                  .max_pt = label->width_pt * 1.25 + theme->base_pt});
}

/* Places around a dot, the best first: above left and below right of a rising curve. */
static void around(struct point dot, double size_pt, struct candidate *candidates)
{
    double x = size_pt * 0.6, y = size_pt * 0.35;
    struct candidate all[DOT_CANDIDATES] = {
        {{dot.x - x, dot.y - y}, ANCHOR_END, 0},
        {{dot.x + x, dot.y + y + size_pt * 0.5}, ANCHOR_START, 0},
        {{dot.x + x, dot.y + y}, ANCHOR_START, 0.5},
        {{dot.x - x, dot.y + y}, ANCHOR_END, 0.5},
        {{dot.x, dot.y - size_pt * 0.7}, ANCHOR_MIDDLE, 1},
        {{dot.x, dot.y + size_pt * 1.4}, ANCHOR_MIDDLE, 1},
        {{dot.x + x, dot.y + size_pt * 1.5}, ANCHOR_START, 2},
        {{dot.x - x, dot.y - size_pt}, ANCHOR_END, 2},
        {{dot.x + x, dot.y + size_pt * 2.2}, ANCHOR_START, 2.5},
        {{dot.x + x, dot.y + size_pt * 3}, ANCHOR_START, 3},
        {{dot.x - x, dot.y - size_pt * 1.7}, ANCHOR_END, 3},
    };
    memcpy(candidates, all, sizeof(all));
}

/* A dot sits on its line, which has fewer points than the quantile was computed from. */
static struct point marked_place(const struct view *view, const struct curve *curve,
                                 size_t i)
{
    return place_of(view, curves_latency_at(curve->line, curves_marked_shares[i]),
                    curves_marked_shares[i]);
}

/* "2.8, p95: 30.0 ms", for a reader who points at it. */
static void tip_of_dot(struct scene *scene, const struct curve *curve, size_t i)
{
    char value[NUMBER_BYTES], rest[NUMBER_BYTES + 8];
    struct label name;
    latency_text(curve->marked_ns[i], value);
    snprintf(rest, sizeof(rest), ", %s: %s", curves_marked_names[i], value);
    label_name_with(&name, curve->line->name, rest,
                    (struct text_style){.size_pt = 1, .cut = CUT_MIDDLE}, 60);
    scene_tip(scene, name.text);
}

static void draw_dots(struct scene *scene, const struct theme *theme,
                      const struct view *view, const struct curve *curve)
{
    double radius = theme->base_pt * (curve->newest ? 0.32 : 0.26);
    for (size_t i = 0; i < MARKED; i++)
        if (curves_is_marked(curve, i)) {
            tip_of_dot(scene, curve, i);
            mark_dot(scene, view->frame, marked_place(view, curve, i), radius,
                     curve->color, theme->paper);
        }
    scene_tip(scene, NULL);
}

/* Where the dots of all coloured curves are. */
struct dots {
    struct point at[MOST_COLORED * MARKED];
    size_t count;
};

static void find_dots(struct dots *dots, const struct view *view,
                      const struct curves *curves)
{
    dots->count = 0;
    for (size_t i = 0; i < curves->count; i++) {
        const struct curve *curve = &curves->at[i];
        for (size_t k = 0; curve->colored && k < MARKED; k++)
            if (curves_is_marked(curve, k))
                dots->at[dots->count++] = marked_place(view, curve, k);
    }
}

static double distance(struct frame room, struct point from)
{
    double dx = fmax(fmax(room.left - from.x, from.x - room.right), 0);
    double dy = fmax(fmax(room.top - from.y, from.y - room.bottom), 0);
    return hypot(dx, dy);
}

/* What it costs that a label at a candidate is as near to another dot as to its own, and
 * so may be taken for that dot's. */
static double mistaken(const struct dots *dots, struct point own, struct frame room)
{
    const double clearly_pt = 3, cost = 40;
    double nearest = INFINITY;
    for (size_t i = 0; i < dots->count; i++)
        if (dots->at[i].x != own.x || dots->at[i].y != own.y)
            nearest = fmin(nearest, distance(room, dots->at[i]));
    return nearest < distance(room, own) + clearly_pt ? cost : 0;
}

static void name_dots(struct scene *scene, const struct theme *theme,

                      const struct view *view, const struct curve *curve,
                      const struct dots *dots, struct place *place)
{
    struct text_style style = value_style(theme, curve);
    for (size_t i = 0; i < MARKED; i++) {
        if (!curves_is_marked(curve, i))
            continue;
        char value[NUMBER_BYTES], text[NUMBER_BYTES + 8];
        latency_text(curve->marked_ns[i], value);
        snprintf(text, sizeof(text), "%s %s", curves_marked_names[i], value);
        struct label label;
        label_fit(&label, text, style, 200);
        struct candidate candidates[DOT_CANDIDATES];

        struct point dot = marked_place(view, curve, i);
        around(dot, style.size_pt, candidates);
        for (size_t k = 0; k < DOT_CANDIDATES; k++)
            candidates[k].penalty += mistaken(
                dots, dot, place_room(candidates[k], label.width_pt, style.size_pt));
        size_t best =
            place_label(place, label.width_pt, style.size_pt, candidates, DOT_CANDIDATES);
        if (best < DOT_CANDIDATES)
            draw_label(scene, theme, &label, &candidates[best], style, curve->name_color);
    }
}

/* ECDF: a name beside its line, at whatever height there is room, joined by a short rule.
 */
static void name_beside(struct scene *scene, const struct theme *theme,
                        const struct view *view, const struct curve *curve,
                        struct place *place)
{
    static const double away_pt[] = {8, 30, 70};
    struct text_style style = curves_name_style(theme, curve);
    struct label label;
    curves_name(&label, curve, style, (view->frame.right - view->frame.left) * 0.24);
    struct candidate candidates[NAME_CANDIDATES];
    struct point on_line[NAME_CANDIDATES];
    size_t count = 0;
    for (int step = 0; step < 12; step++) {
        double share = 0.86 - 0.07 * step;

        struct point at = place_of(view, curves_latency_at(curve->line, share), share);
        if (at.x < view->frame.left || at.x > view->frame.right)
            continue;

        for (int i = 0; i < 6; i++) {
            double away = away_pt[i / 2] * (i % 2 ? -1 : 1);
            /* what the rule crosses on its way, beyond the line itself */
            struct frame rule = {at.x + fmin(away, 0) + 3, at.y - 2,
                                 at.x + fmax(away, 0) - 3, at.y + 2};
            on_line[count] = at;
            candidates[count++] =
                (struct candidate){.at = {at.x + away, at.y + 0.35 * style.size_pt},
                                   .anchor = away > 0 ? ANCHOR_START : ANCHOR_END,
                                   .penalty = 0.02 * fabs(away) + fabs(share - 0.6) +
                                              2 * place_covered(place, rule)};
        }
    }
    size_t best = place_label(place, label.width_pt, style.size_pt, candidates, count);
    if (best == count)
        return;
    struct point end = {candidates[best].at.x +
                            (candidates[best].anchor == ANCHOR_START ? -2 : 2),
                        on_line[best].y};
    mark_rule(scene, on_line[best], end, (struct stroke){curve->color, 0.75, false});
    draw_label(scene, theme, &label, &candidates[best], style, curve->name_color);
}

/* Percentiles: names stand where the lines end. */
static void name_ends(struct scene *scene, const struct theme *theme,
                      const struct view *view, const struct curves *curves,
                      double column_pt)
{
    struct side_name names[MOST_NAMED];
    size_t count = 0;
    for (size_t i = 0; i < curves->count; i++) {
        const struct curve *curve = &curves->at[i];
        if (!curve->named)
            continue;
        double end_ns = curves_latency_at(curve->line, curve->end_share);
        names[count++] =
            curves_side_name(curves, i, theme, place_of(view, end_ns, curve->end_share),
                             side_names_most(theme, column_pt));
    }
    side_names_draw(scene, theme, view->frame, names, count);
}

/* Which versions are not drawn, and how far the slowest run on. */
static void write_note(char *note, size_t size, const struct curves *curves,
                       double beyond_ns)
{
    FILE *out = fmemopen(note, size, "w");
    if (!out)
        return;
    curves_note(out, curves);
    if (beyond_ns > 0) {
        char latency[NUMBER_BYTES];
        latency_text(beyond_ns, latency);
        fprintf(out, "The slowest 0.1 %% run on to %s, beyond the right edge. ", latency);
    }
    fclose(out);
}

/* --- the charts -----------------------------------------------------------------------
 */

static void draw_curves(struct scene *scene, const struct theme *theme,
                        const struct view *view, const struct curves *curves,
                        double column_pt)
{
    struct point *points = malloc((curves->most_points + 1) * sizeof(*points));
    struct place *place = malloc(sizeof(*place));
    if (!points || !place) {
        scene->failed = true;
        goto free_both;
    }
    place_init(place, view->frame);
    for (size_t i = 0; i < curves->count; i++) {
        const struct curve *curve = &curves->at[i];
        size_t count = trace(view, curve, points);
        place_avoid(place, points, count, true);
        mark_step(scene, view->frame, points, count,
                  (struct stroke){curve->color, curve->width_pt, false});
    }

    for (size_t i = 0; i < curves->count; i++)
        if (curves->at[i].colored)
            draw_dots(scene, theme, view, &curves->at[i]);

    struct dots dots;
    find_dots(&dots, view, curves);
    for (size_t age = 0; age < 2 && age < curves->count; age++)
        name_dots(scene, theme, view, &curves->at[curves->count - 1 - age], &dots, place);
    if (view->ecdf) {
        for (size_t i = curves->count; i-- > 0;)
            if (curves->at[i].named)
                name_beside(scene, theme, view, &curves->at[i], place);
    } else {
        name_ends(scene, theme, view, curves, column_pt);
    }
free_both:
    free(points);
    free(place);
}

static void span_of(const struct curves *curves, bool ecdf, double *low_ns,
                    double *high_ns, double *most_ns)
{
    *low_ns = INFINITY;
    *high_ns = *most_ns = 0;
    for (size_t i = 0; i < curves->count; i++) {
        const struct curve *curve = &curves->at[i];
        double end = ecdf ? 0.999 : curve->end_share;
        *low_ns = fmin(*low_ns, curves_latency_at(curve->line, ecdf ? 0.001 : 0.01));
        *high_ns = fmax(*high_ns, curves_latency_at(curve->line, end));
        *most_ns = fmax(*most_ns, curves_latency_at(curve->line, 1));
        for (size_t k = 0; k < MARKED; k++)

            if (curves_is_marked(curve, k))
                *high_ns = fmax(*high_ns, curve->marked_ns[k]);
    }
}

static void draw_ecdf(struct scene *scene, const struct theme *theme,
                      const struct curves *curves, struct frame inside, double low_ns,
                      double high_ns)
{
    double base = theme->base_pt;
    struct view view = {.ecdf = true};
    struct axis share, latency;
    view.frame = (struct frame){inside.left, inside.top + 1.6 * base, inside.right - base,
                                inside.bottom};
    axis_init(&latency, theme, scale_log(low_ns / 1.1, high_ns * 1.15, 0, 600),
              SIDE_BOTTOM, latency_tick_text);
    latency.title = "latency, log scale";
    view.frame.bottom -= axis_room(&latency, theme);
    /* some head room for the names of the dots at p99 */
    view.share = scale_linear(0, 1, view.frame.bottom, view.frame.top + 1.4 * base);
    axis_init(&share, theme, view.share, SIDE_LEFT, percent_text);
    share.title = "share of requests that took at most this long";
    view.frame.left += axis_room(&share, theme);
    view.latency =
        scale_log(low_ns / 1.1, high_ns * 1.15, view.frame.left, view.frame.right);
    axis_init(&latency, theme, view.latency, SIDE_BOTTOM, latency_tick_text);
    latency.title = "latency, log scale";
    axis_draw(scene, theme, &latency, view.frame);
    axis_draw(scene, theme, &share, view.frame);
    draw_curves(scene, theme, &view, curves, 0);
}

static void draw_percentiles(struct scene *scene, const struct theme *theme,
                             const struct curves *curves, struct frame inside,
                             double low_ns, double high_ns)
{
    double base = theme->base_pt, end_share = 0.99;
    double column =
        side_names_room(theme, curves_widest_name(curves, theme, theme->width_pt * 0.28));
    struct view view = {.ecdf = false};
    struct axis share, latency;
    for (size_t i = 0; i < curves->count; i++)
        end_share = fmax(end_share, curves->at[i].end_share);
    view.frame = (struct frame){inside.left, inside.top + 1.6 * base,
                                inside.right - column, inside.bottom};
    axis_init(&share, theme, scale_nines(end_share, 0, 1), SIDE_BOTTOM, percent_text);
    share.title = "percentile of requests";
    view.frame.bottom -= axis_room(&share, theme);
    view.latency =
        scale_log(low_ns / 1.1, high_ns * 1.15, view.frame.bottom, view.frame.top);
    axis_init(&latency, theme, view.latency, SIDE_LEFT, latency_tick_text);
    latency.title = "latency, log scale";
    view.frame.left += axis_room(&latency, theme);
    view.share = scale_nines(end_share, view.frame.left, view.frame.right);
    axis_init(&share, theme, view.share, SIDE_BOTTOM, percent_text);
    share.title = "percentile of requests";
    axis_draw(scene, theme, &share, view.frame);
    axis_draw(scene, theme, &latency, view.frame);
    draw_curves(scene, theme, &view, curves, column);
}

static int draw(const struct latency_data *data, const struct theme *theme,
                struct scene *scene, bool ecdf, const char **why)
{
    struct curves curves;
    curves_choose(&curves, data, theme);
    double low_ns, high_ns, most_ns;
    span_of(&curves, ecdf, &low_ns, &high_ns, &most_ns);
    struct frame inside =
        page_open(scene, theme, theme->height_pt, data->title, data->subtitle);
    char note[1024] = "";
    write_note(note, sizeof(note), &curves,
               ecdf && most_ns > high_ns * 1.15 ? most_ns : 0);
    page_note(scene, theme, &inside, note);
    if (curves.count == 0)
        page_empty(scene, theme, inside, "No requests with a latency: nothing to draw");
    else if (ecdf)
        draw_ecdf(scene, theme, &curves, inside, low_ns, high_ns);
    else
        draw_percentiles(scene, theme, &curves, inside, low_ns, high_ns);
    return scene_ok(scene, why);
}

int chart_latency_ecdf(const struct latency_data *data, const struct theme *theme,
                       struct scene *scene, const char **why)
{
    return draw(data, theme, scene, true, why);
}

int chart_latency_percentiles(const struct latency_data *data, const struct theme *theme,
                              struct scene *scene, const char **why)
{
    return draw(data, theme, scene, false, why);
}
