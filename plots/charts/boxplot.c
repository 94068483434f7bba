/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Rows of boxes on a log axis, with columns of numbers at the right: see boxplot.h. */
#include "plots/charts/boxplot.h"

#include "plots/axis.h"
#include "plots/page.h"

#include <math.h>
#include <stdio.h>

/* Multiples of the base size. */
static const double tall_row = 2.4, low_row = 1.5;
static const double box_share = 0.56; /* of a row's height */
static const double column = 6.2;     /* of numbers, at the right */
static const double between = 0.8;
enum { TALL_ROWS = 14 }; /* up to here rows are tall */

/* A row that can be drawn: parts are ascending, or NaN. */
static double at_most(double ns, double bound)
{
    return latency_is_known(ns) ? fmin(ns, bound) : NAN;
}

static double at_least(double ns, double bound)
{
    return latency_is_known(ns) ? fmax(ns, bound) : NAN;
}

static struct boxplot_row in_order(const struct boxplot_row *given)
{
    struct boxplot_row row = *given;
    row.q1_ns = at_most(row.q1_ns, row.median_ns);
    row.q3_ns = at_least(row.q3_ns, row.median_ns);
    row.whisker_low_ns =
        at_most(row.whisker_low_ns, isnan(row.q1_ns) ? row.median_ns : row.q1_ns);
    row.whisker_high_ns =
        at_least(row.whisker_high_ns, isnan(row.q3_ns) ? row.median_ns : row.q3_ns);
    row.p99_ns = at_least(row.p99_ns, row.median_ns);
    row.max_ns = at_least(row.max_ns, row.median_ns);
    return row;
}

/* Rows shown and the latencies that they span. */
struct span {
    size_t rows, drawn;
    double low_ns, high_ns;
};

static struct span find_span(const struct boxplot_data *data)
{
    struct span span = {.low_ns = INFINITY, .high_ns = 0};
    span.rows = data->row_count < BOXPLOT_MAX_ROWS ? data->row_count : BOXPLOT_MAX_ROWS;
    for (size_t i = 0; i < span.rows; i++) {
        if (!latency_is_known(data->rows[i].median_ns))
            continue;
        struct boxplot_row row = in_order(&data->rows[i]);
        span.drawn++;
        /* fmin and fmax pass over NaN */
        span.low_ns =
            fmin(span.low_ns, fmin(row.median_ns, fmin(row.q1_ns, row.whisker_low_ns)));
        span.high_ns = fmax(span.high_ns, fmax(row.median_ns, row.q3_ns));
        span.high_ns =
            fmax(span.high_ns, fmax(row.whisker_high_ns, fmax(row.p99_ns, row.max_ns)));
    }
    return span;
}

/* One line of text in a row, for a name or a number. */
static void row_text(struct scene *scene, const struct theme *theme, const char *text,
                     double x, double y, enum anchor anchor, bool bold, struct color ink)
{
    struct text_style style = {theme->base_pt, bold, CUT_MIDDLE};
    mark_text(scene, text,
              (struct text_mark){.at = {x, y + 0.35 * theme->base_pt},
                                 .anchor = anchor,
                                 .style = style,
                                 .ink = ink,
                                 .max_pt = column * theme->base_pt});
}

static void draw_row_box(struct scene *scene, const struct theme *theme,
                         const struct scale *x, struct frame frame,
                         const struct boxplot_row *row, double middle_y, double row_pt,
                         struct color color)
{
    double high = isnan(row->whisker_high_ns) ? row->median_ns : row->whisker_high_ns;
    struct stroke edge = {color, theme->base_pt * 0.11, false};
#define PLACE(ns) (isnan(ns) ? NAN : scale_at(x, ns))
    struct box_places places = {PLACE(row->whisker_low_ns),  PLACE(row->q1_ns),
                                PLACE(row->median_ns),       PLACE(row->q3_ns),
                                PLACE(row->whisker_high_ns), middle_y,
                                row_pt * box_share};
#undef PLACE
    mark_box(scene, &places, color_mix(theme->paper, color, 0.28), edge);
    double radius = theme->base_pt * 0.22;
    if (!isnan(row->p99_ns))
        mark_dot(scene, frame, (struct point){scale_at(x, row->p99_ns), middle_y}, radius,
                 theme->paper, color);
    if (!isnan(row->max_ns) && row->max_ns > high)
        mark_dot(scene, frame, (struct point){scale_at(x, row->max_ns), middle_y}, radius,
                 color, color);
}

struct layout {
    struct frame frame;   /* of the boxes */
    double median_x, n_x; /* right ends of the columns */
    double row_pt, label_pt;
};

/* "GET /cart: quartiles 12.0 ms, 15.0 ms, 19.0 ms; p99 80.0 ms; slowest 1.20 s". */
static void tip_of_row(struct scene *scene, const struct boxplot_row *row)
{
    char numbers[5][NUMBER_BYTES], rest[6 * NUMBER_BYTES];
    const double values[5] = {row->q1_ns, row->median_ns, row->q3_ns, row->p99_ns,
                              row->max_ns};
    struct label name;
    for (int i = 0; i < 5; i++)
        latency_text(values[i], numbers[i]);
    snprintf(rest, sizeof(rest), ": quartiles %s, %s, %s; p99 %s; slowest %s", numbers[0],
             numbers[1], numbers[2], numbers[3], numbers[4]);
    label_name_with(&name, row->name, rest,
                    (struct text_style){.size_pt = 1, .cut = CUT_MIDDLE}, 110);
    scene_tip(scene, name.text);
}

static void draw_row(struct scene *scene, const struct theme *theme,
                     const struct scale *x, const struct layout *at,
                     const struct boxplot_row *given, size_t i, struct color color)
{
    double y = at->frame.top + ((double)i + 0.5) * at->row_pt;
    struct text_style style = {theme->base_pt, false, CUT_MIDDLE};
    struct label name;
    label_name(&name, given->name, style, at->label_pt);
    mark_label(scene, &name,
               (struct text_mark){.at = {at->frame.left - between * theme->base_pt,
                                         y + 0.35 * theme->base_pt},
                                  .anchor = ANCHOR_END,
                                  .style = style,
                                  .ink = theme->ink,
                                  .max_pt = at->label_pt});
    char number[NUMBER_BYTES];
    count_text((double)given->requests, number);
    row_text(scene, theme, number, at->n_x, y, ANCHOR_END, false, theme->faint);
    if (!latency_is_known(given->median_ns)) {
        row_text(scene, theme, "no data", at->frame.left + between * theme->base_pt, y,
                 ANCHOR_START, false, theme->faint);
        return;
    }
    latency_text(given->median_ns, number);
    row_text(scene, theme, number, at->median_x, y, ANCHOR_END, true, theme->ink);
    struct boxplot_row row = in_order(given);
    tip_of_row(scene, &row);
    draw_row_box(scene, theme, x, at->frame, &row, y, at->row_pt, color);
    scene_tip(scene, NULL);
}

static void draw_rows(struct scene *scene, const struct theme *theme,
                      const struct boxplot_data *data, const struct scale *x,
                      const struct layout *at, size_t rows)
{
    const char *names[BOXPLOT_MAX_ROWS];
    unsigned char slots[BOXPLOT_MAX_ROWS] = {0};
    for (size_t i = 0; i < rows; i++)
        names[i] = data->rows[i].name ? data->rows[i].name : "";
    if (rows <= THEME_SLOTS)
        theme_slots(names, rows, slots);
    for (size_t i = 0; i < rows; i++)
        draw_row(scene, theme, x, at, &data->rows[i], i, theme->slots[slots[i]]);
}

static void explain(char *note, size_t size, const struct boxplot_data *data,
                    const struct span *span)
{
    double left_out = 0, all = 0;
    for (size_t i = 0; i < data->row_count; i++) {
        all += (double)data->rows[i].requests;
        left_out += i < span->rows ? 0 : (double)data->rows[i].requests;
    }
    snprintf(note, size,
             "Box: the middle half, with the median. Whiskers: the last value "
             "within 1.5 boxes. ○ p99  ● slowest.");
    page_left_out(note, size, data->row_count - span->rows, data->what, left_out, all);
}

static double widest_name(const struct boxplot_data *data, const struct theme *theme,
                          size_t rows)
{
    double widest = 0, most = theme->width_pt * 0.34;
    for (size_t i = 0; i < rows; i++) {
        struct label name;
        struct text_style style = {theme->base_pt, false, CUT_MIDDLE};
        label_name(&name, data->rows[i].name, style, most);
        widest = fmax(widest, name.width_pt);
    }
    /* names in scripts whose widths are guessed get some slack */
    return fmin(widest * 1.04 + 1, most);
}

static void draw_boxes(struct scene *scene, const struct theme *theme,
                       const struct boxplot_data *data, const struct span *span,
                       struct frame inside, double row_pt)
{
    double base = theme->base_pt;
    struct layout at = {.row_pt = row_pt, .n_x = inside.right};
    at.label_pt = widest_name(data, theme, span->rows);
    at.median_x = inside.right - column * base;
    at.frame = (struct frame){inside.left + at.label_pt + between * base,
                              inside.top + 1.6 * base, at.median_x - column * base,
                              inside.top + 1.6 * base + row_pt * (double)span->rows};
    struct scale x = scale_log(span->low_ns / 1.15, span->high_ns * 1.15, at.frame.left,
                               at.frame.right);
    struct axis axis;
    axis_init(&axis, theme, x, SIDE_BOTTOM, latency_tick_text);
    axis.title = "latency, log scale";
    axis_draw(scene, theme, &axis, at.frame);
    double head_y = at.frame.top - 0.9 * base;
    row_text(scene, theme, "median", at.median_x, head_y, ANCHOR_END, false,
             theme->faint);
    row_text(scene, theme, "requests", at.n_x, head_y, ANCHOR_END, false, theme->faint);
    draw_rows(scene, theme, data, &x, &at, span->rows);
}

int chart_boxplot(const struct boxplot_data *data, const struct theme *theme,
                  struct scene *scene, const char **why)
{
    struct span span = find_span(data);
    double base = theme->base_pt;
    double row_pt = base * (span.rows <= TALL_ROWS ? tall_row : low_row);
    double head = page_head_pt(theme, data->title, data->subtitle);
    char note[512];
    explain(note, sizeof(note), data, &span);
    struct frame width = {0, 0, theme->width_pt - 2.6 * base, 0};
    double height = head + row_pt * (double)span.rows + 5.5 * base +
                    page_note_pt(theme, &width, note);
    if (span.drawn == 0)
        height = head + 9 * base;
    struct frame inside = page_open(scene, theme, height, data->title, data->subtitle);
    if (span.drawn == 0) {
        page_empty(scene, theme, inside, "No requests with a latency: nothing to draw");
        return scene_ok(scene, why);
    }
    page_note(scene, theme, &inside, note);
    draw_boxes(scene, theme, data, &span, inside, row_pt);
    return scene_ok(scene, why);
}
