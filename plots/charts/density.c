/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Densities of log latency: see density.h. */
#include "plots/charts/density.h"

#include "plots/axis.h"
#include "plots/charts/curves.h"
#include "plots/page.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { PLACES = 160 }; /* of a line */

/* Shares per decade of latency at PLACES latencies, equally far apart on the axis. */
struct density {
    double at[PLACES];
};

struct view {
    struct scale latency, density;
    struct frame frame;
};

/* Latencies from low to high, both log10 of ns. */
struct span {
    double low, high;
};

static double place(const struct span *span, size_t i)
{
    return span->low + (span->high - span->low) * (double)i / (PLACES - 1);
}

/* --- smoothing ------------------------------------------------------------------------
 */

/* Silverman's rule of thumb (1986, eq. 3.31) with the quartiles' range instead of the
 * deviation, which a tail would stretch; never below the resolution of the data. */
static double bandwidth(const struct latency_line *line)
{
    double range =
        log10(curves_latency_at(line, 0.75)) - log10(curves_latency_at(line, 0.25));
    double n = line->requests > 1 ? (double)line->requests : 2;
    return fmin(fmax(0.9 * range / 1.34 * pow(n, -0.2), 0.012), 0.3);
}

/* Each step of the distribution as a bell (a Gaussian kernel) as wide as itself and the
 * bandwidth together: a line of few points is no comb. */
static void add_step(struct density *density, const struct span *span, double from,
                     double to, double share, double width)
{
    double middle = (from + to) / 2, own = (to - from) / sqrt(12);
    double wide = sqrt(width * width + own * own);
    double step = (span->high - span->low) / (PLACES - 1);
    long first = lround((middle - 4 * wide - span->low) / step);
    long last = lround((middle + 4 * wide - span->low) / step);
    for (long i = first < 0 ? 0 : first; i <= last && i < PLACES; i++) {
        double away = (place(span, (size_t)i) - middle) / wide;
        density->at[i] += share * exp(-away * away / 2) / (wide * sqrt(2 * M_PI));
    }
}

static void smooth(struct density *density, const struct latency_line *line,
                   const struct span *span)
{
    double width = bandwidth(line), before_share = 0, before = NAN;
    *density = (struct density){{0}};
    for (size_t i = 0; i < line->points; i++) {
        if (!curves_is_point(line, i))
            continue;
        double at = log10(line->latency_ns[i]);
        double share = line->share[i] - before_share;
        if (share > 0)
            add_step(density, span, isnan(before) ? at : fmin(before, at), at, share,
                     width);
        before_share = fmax(before_share, line->share[i]);
        before = at;
    }
}

/* --- drawing --------------------------------------------------------------------------
 */

static struct span span_of(const struct curves *curves)
{
    struct span span = {INFINITY, -INFINITY};
    for (size_t i = 0; i < curves->count; i++) {
        const struct latency_line *line = curves->at[i].line;
        double width = bandwidth(line);
        span.low = fmin(span.low, log10(curves_latency_at(line, 0.001)) - 2.5 * width);
        span.high = fmax(span.high, log10(curves_latency_at(line, 0.999)) + 2.5 * width);
    }
    span.high = fmax(span.high, span.low + 0.1);
    return span;
}

static double most_of(const struct density *densities, size_t count)
{
    double most = 0;
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < PLACES; k++)
            most = fmax(most, densities[i].at[k]);
    return most;
}

static void find_places(const struct view *view, const struct density *density,
                        const struct span *span, struct point points[PLACES])
{
    for (size_t i = 0; i < PLACES; i++)
        points[i] = (struct point){scale_at(&view->latency, pow(10, place(span, i))),
                                   scale_at(&view->density, density->at[i])};
}

/* The area of the newest lies behind all lines. */
static void draw_lines(struct scene *scene, const struct theme *theme,
                       const struct view *view, const struct curves *curves,
                       const struct density *densities, const struct span *span)
{
    struct point points[PLACES], foot[PLACES];
    const struct curve *newest = &curves->at[curves->count - 1];
    find_places(view, &densities[curves->count - 1], span, points);
    for (size_t i = 0; i < PLACES; i++)
        foot[i] = (struct point){points[i].x, view->frame.bottom};
    mark_area(scene, view->frame, points, foot, PLACES,
              color_mix(theme->paper, newest->color, 0.13));
    for (size_t i = 0; i < curves->count; i++) {
        const struct curve *curve = &curves->at[i];
        find_places(view, &densities[i], span, points);
        mark_line(scene, view->frame, points, PLACES,
                  (struct stroke){curve->color, curve->width_pt, false});
    }
}

static size_t peak_of(const struct density *density)
{
    size_t peak = 0;
    for (size_t i = 1; i < PLACES; i++)
        peak = density->at[i] > density->at[peak] ? i : peak;
    return peak;
}

/* Names at the height of the peaks, in a column at the right. */
static void name_lines(struct scene *scene, const struct theme *theme,
                       const struct view *view, const struct curves *curves,
                       const struct density *densities, const struct span *span,
                       double column_pt)
{
    struct side_name names[MOST_NAMED];
    size_t count = 0;
    for (size_t i = 0; i < curves->count; i++) {
        if (!curves->at[i].named)
            continue;
        size_t peak = peak_of(&densities[i]);
        struct point end = {scale_at(&view->latency, pow(10, place(span, peak))),
                            scale_at(&view->density, densities[i].at[peak])};
        names[count++] =
            curves_side_name(curves, i, theme, end, side_names_most(theme, column_pt));
    }
    side_names_draw(scene, theme, view->frame, names, count);
}

/* Dots where p50, p95 and p99 are, on their line, with tips. */
static void draw_quantiles(struct scene *scene, const struct theme *theme,
                           const struct view *view, const struct curve *curve,
                           const struct density *density, const struct span *span)
{
    for (size_t k = 0; curve->colored && k < MARKED; k++) {
        double at = (log10(curve->marked_ns[k]) - span->low) / (span->high - span->low) *
                    (PLACES - 1);
        char value[NUMBER_BYTES], rest[NUMBER_BYTES + 8];
        struct label tip;
        if (!curves_is_marked(curve, k) || !(at >= 0 && at < PLACES - 1))
            continue;
        size_t i = (size_t)at;
        double here =
            density->at[i] + (density->at[i + 1] - density->at[i]) * (at - (double)i);
        latency_text(curve->marked_ns[k], value);
        snprintf(rest, sizeof(rest), ", %s: %s", curves_marked_names[k], value);
        label_name_with(&tip, curve->line->name, rest,
                        (struct text_style){.size_pt = 1, .cut = CUT_MIDDLE}, 60);
        scene_tip(scene, tip.text);
        mark_dot(scene, view->frame,
                 (struct point){scale_at(&view->latency, curve->marked_ns[k]),
                                scale_at(&view->density, here)},
                 theme->base_pt * (curve->newest ? 0.32 : 0.26), curve->color,
                 theme->paper);
        scene_tip(scene, NULL);
    }
}

/* Of 10 of a decade, or of 100 where more than all requests would lie in one of those. */
static double parts_of_a_decade(const struct density *densities, size_t count)
{
    return most_of(densities, count) > 10 ? 100 : 10;
}

static void draw_densities(struct scene *scene, const struct theme *theme,
                           const struct curves *curves, struct frame inside,
                           const struct density *densities, const struct span *span,
                           double parts)
{
    double base = theme->base_pt;
    double column =
        side_names_room(theme, curves_widest_name(curves, theme, theme->width_pt * 0.28));
    struct view view;
    struct axis latency, density;
    view.frame = (struct frame){inside.left, inside.top + 1.6 * base,
                                inside.right - column, inside.bottom - 3.1 * base};
    view.density = scale_linear(0, most_of(densities, curves->count) * 1.08,
                                view.frame.bottom, view.frame.top);
    axis_init(&density, theme, view.density, SIDE_LEFT, percent_text);
    density.title = parts > 10 ? "share of requests in a hundredth of a decade of latency"
                               : "share of requests in a tenth of a decade of latency";
    view.frame.left += axis_room(&density, theme);
    view.latency = scale_log(pow(10, span->low), pow(10, span->high), view.frame.left,
                             view.frame.right);
    axis_init(&latency, theme, view.latency, SIDE_BOTTOM, latency_tick_text);
    latency.title = "latency, log scale; dots: p50, p95, p99";
    axis_draw(scene, theme, &density, view.frame);
    axis_draw(scene, theme, &latency, view.frame);
    draw_lines(scene, theme, &view, curves, densities, span);
    for (size_t i = 0; i < curves->count; i++)
        draw_quantiles(scene, theme, &view, &curves->at[i], &densities[i], span);
    name_lines(scene, theme, &view, curves, densities, span, column);
}

static void write_note(char *note, size_t size, const struct curves *curves)
{
    FILE *out = fmemopen(note, size, "w");
    if (!out)
        return;
    curves_note(out, curves);
    if (curves->count > 0) {
        double width = bandwidth(curves->at[curves->count - 1].line);
        fprintf(out, "Smoothed over ±%.2g %% of the latency. ",
                (pow(10, width) - 1) * 100);
    }
    fclose(out);
}

int chart_latency_density(const struct latency_data *data, const struct theme *theme,
                          struct scene *scene, const char **why)
{
    struct curves curves;
    curves_choose(&curves, data, theme);
    struct frame inside =
        page_open(scene, theme, theme->height_pt, data->title, data->subtitle);
    char note[1024] = "";
    write_note(note, sizeof(note), &curves);
    page_note(scene, theme, &inside, note);
    if (curves.count == 0) {
        page_empty(scene, theme, inside, "No requests with a latency: nothing to draw");
        return scene_ok(scene, why);
    }
    struct span span = span_of(&curves);
    struct density *densities = malloc(curves.count * sizeof(*densities));
    if (!densities) {
        scene->failed = true;
        return scene_ok(scene, why);
    }
    for (size_t i = 0; i < curves.count; i++)
        smooth(&densities[i], curves.at[i].line, &span);
    double parts = parts_of_a_decade(densities, curves.count);
    for (size_t i = 0; i < curves.count; i++)
        for (size_t k = 0; k < PLACES; k++)
            densities[i].at[k] /= parts;
    draw_densities(scene, theme, &curves, inside, densities, &span, parts);
    free(densities);
    return scene_ok(scene, why);
}
